//! What a call printed against what was recorded.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use super::lines;
use super::scenario::Step;
use super::terminal;

/// By which measure a call is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// The recorded program: exit code and every character.
    Upstream,
    /// Ours: the same success, the same data, the same columns.
    Ours,
}

/// What a call did.
#[derive(Debug, Default)]
pub struct Ran {
    /// Exit code; none when a signal ended it.
    pub exit: Option<i32>,
    /// Whether it was ended because it took too long.
    pub timed_out: bool,
    /// Standard output, or what the terminal showed.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// All that was printed as one text: exit code, standard output, standard error.
    pub fn transcript(&self) -> String {
        let exit = self.exit.map_or_else(|| "timeout".to_owned(), |code| code.to_string());
        format!("exit {exit}\n{}{}", self.stdout, self.stderr)
    }
}

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""\{builtin-(?:summary|type):[^{}]*\}"|\{(traceid|stack|n|time|tmp|docs|bicep-releases|proxy|closed|base-host|(?:uuid|etag|token|host|help|builtin-summary|builtin-type|text|icon):[^{}]*|[a-z]+(?: [A-Za-z]+)+)\}"#)
        .expect("the expression is valid")
});

/// Compares a call with the recording; `fill` replaces what stands for places of this run.
pub fn compare(step: &Step, ran: &Ran, judge: Judge, fill: &dyn Fn(&str) -> String) -> Vec<String> {
    match judge {
        Judge::Upstream => upstream(step, ran, fill),
        Judge::Ours => ours(step, ran, fill),
    }
}

fn upstream(step: &Step, ran: &Ran, fill: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut found = exit(step, ran, Judge::Upstream);
    if step.tty {
        let shown = terminal::plain(&ran.stdout);
        let is_shown = |line: &str| {
            let wanted = fill(line.trim());
            let is_line = |now: &str| pattern(&wanted).is_some_and(|pattern| pattern.is_match(now.trim()));
            shown.contains(&wanted) || shown.lines().any(is_line)
        };
        let missing = step.screen.iter().filter(|line| !is_shown(line));
        found.extend(missing.map(|line| format!("the screen does not show {line:?}")));
        return found;
    }
    let without_descriptions = step.argv.get(1).is_some_and(|word| word == "__complete");
    for (what, wanted, got) in [("stdout", &step.stdout, &ran.stdout), ("stderr", &step.stderr, &ran.stderr)] {
        let got = if without_descriptions { &completions(got) } else { got };
        let wanted = fill(wanted);
        if !same_text(&wanted, got) {
            found.push(lines::difference(what, &wanted, got));
        }
    }
    found
}

/// What shells are told to complete, without the descriptions, which were not recorded.
fn completions(text: &str) -> String {
    text.lines()
        .map(|line| line.split('\t').next().unwrap_or_default())
        .fold(String::new(), |text, line| text + line + "\n")
}

fn ours(step: &Step, ran: &Ran, fill: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut found = exit(step, ran, Judge::Ours);
    if step.exit != 0 || step.crashed() || step.tty || !found.is_empty() {
        return found;
    }
    let (recorded, now) = (fill(&step.stdout), ran.stdout.as_str());
    match (documents(&recorded), documents(now)) {
        (Some(recorded), Some(now)) if wants_json(step) => {
            let known = built_in(&recorded);
            let shapes = |documents: &[Json]| documents.iter().map(|one| shape(one, &known)).collect::<Vec<_>>();
            let (recorded, now) = (shapes(&recorded), shapes(&now));
            if recorded != now {
                found.push(lines::difference("fields", &recorded.join("\n"), &now.join("\n")));
            }
        }
        (Some(_), None) if wants_json(step) => found.push(format!("no JSON: {now}")),
        _ => {
            if let Some(columns) = columns(&recorded)
                && Some(&columns) != columns_of(now).as_ref()
            {
                found.push(format!("columns {columns:?} are missing in:\n{now}"));
            }
        }
    }
    found
}

/// Whether a call ended as it was recorded; of our own program only success or failure counts.
pub fn ends_alike(step: &Step, ran: &Ran, judge: Judge) -> bool {
    match (step.exit == "timeout", ran.exit) {
        (true, _) => ran.timed_out,
        // Where the recorded program crashed, ours may do what was asked, or say why not.
        (false, Some(_)) if judge == Judge::Ours && step.crashed() => true,
        (false, Some(code)) if judge == Judge::Ours => (code == 0) == (step.exit == 0),
        (false, Some(code)) => step.exit == code,
        (false, None) => false,
    }
}

fn exit(step: &Step, ran: &Ran, judge: Judge) -> Vec<String> {
    if ends_alike(step, ran, judge) {
        return Vec::new();
    }
    let exit = ran.exit.map_or_else(|| "none in time".to_owned(), |code| code.to_string());
    vec![format!("exit, recorded {}, now {exit}\n{}{}", step.exit, terminal::plain(&ran.stdout), ran.stderr)]
}

fn wants_json(step: &Step) -> bool {
    let joined = step.argv.join(" ");
    ["-o json", "--output json", "-o=json", "--output=json", "-ojson"].iter().any(|flag| joined.contains(flag))
}

/// Whether a text is the recorded one, its lines in any order: maps have none.
fn same_text(recorded: &str, now: &str) -> bool {
    if pattern(recorded).is_some_and(|pattern| pattern.is_match(now)) {
        return true;
    }
    let sorted = |text: &str| {
        let mut lines: Vec<&str> = text.lines().map(|line| line.trim_end().trim_end_matches(',')).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    pattern(&sorted(recorded)).is_some_and(|pattern| pattern.is_match(&sorted(now)))
}

fn pattern(recorded: &str) -> Option<Regex> {
    let mut pattern = String::from("(?s)^");
    let mut from = 0;
    for found in PLACEHOLDER.find_iter(recorded) {
        pattern.push_str(&regex::escape(&recorded[from..found.start()]));
        let kind = found.as_str().trim_matches(['"', '{', '}']).split(':').next().unwrap_or_default();
        pattern.push_str(match kind {
            "traceid" => "[0-9a-f]{32}",
            "n" => r"\d+",
            "uuid" => "[0-9a-fA-F-]{36}",
            "time" => r"[-0-9T:.+Z]+",
            "stack" | "help" | "builtin-summary" | "builtin-type" | "text" | "icon" => ".*",
            // A description of what stood there, such as `{bash completion script}`.
            words if words.contains(' ') => ".*",
            _ => r"\S+?",
        });
        from = found.end();
    }
    pattern.push_str(&regex::escape(&recorded[from..]));
    pattern.push_str(r"\s*$");
    regex::RegexBuilder::new(&pattern).size_limit(64 << 20).build().ok()
}

/// Reads the JSON documents of a text; lines before the first are notes of the recorded program.
fn documents(text: &str) -> Option<Vec<Json>> {
    let text = &text[text.find(['{', '['])?..];
    let found: Result<Vec<Json>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    found.ok().filter(|found| !found.is_empty())
}

/// The names of built-in types and providers that a recording stands for with a placeholder each.
fn built_in(recorded: &[Json]) -> BTreeSet<String> {
    let items = recorded.iter().filter_map(Json::as_array).flatten();
    items.filter_map(Json::as_str).filter_map(built_in_name).map(str::to_owned).collect()
}

fn built_in_name(text: &str) -> Option<&str> {
    let entry = text.strip_prefix("{builtin-")?.strip_suffix('}')?;
    entry.strip_prefix("type:").or_else(|| entry.strip_prefix("summary:"))
}

/// The names and kinds of all that a document holds, a line each; times and order are of no importance.
fn shape(value: &Json, built_in: &BTreeSet<String>) -> String {
    let mut lines = Vec::new();
    list_shape(value, "", built_in, &mut lines);
    lines.sort();
    lines.join("\n")
}

fn list_shape(value: &Json, path: &str, built_in: &BTreeSet<String>, lines: &mut Vec<String>) {
    let name = value.get("Name").or_else(|| value.get("name")).and_then(Json::as_str);
    if let Some(name) = value.as_str().and_then(built_in_name).or(name).filter(|name| built_in.contains(*name)) {
        lines.push(format!("{path}: the built-in {name}"));
        return;
    }
    let kind = match value {
        Json::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| *name != "systemData") {
                list_shape(value, &format!("{path}/{name}"), built_in, lines);
            }
            "object"
        }
        Json::Array(items) => {
            for item in items {
                list_shape(item, &format!("{path}/*"), built_in, lines);
            }
            "list"
        }
        Json::String(_) => "text",
        Json::Number(_) => "number",
        Json::Bool(_) => "flag",
        Json::Null => "null",
    };
    lines.push(format!("{path}: {kind}"));
}

/// The columns of a recorded table; none when the text is none.
fn columns(text: &str) -> Option<Vec<String>> {
    let header = text.lines().find(|line| !line.trim().is_empty())?;
    let is_header = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '-' | '_'));
    let words: Vec<String> = header.split_whitespace().map(str::to_owned).collect();
    (words.iter().all(|word| is_header(word)) && words.len() > 1).then_some(words)
}

fn columns_of(text: &str) -> Option<Vec<String>> {
    text.lines().find_map(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(argv: &str, exit: Json, stdout: &str) -> Step {
        let argv: Vec<&str> = argv.split(' ').collect();
        serde_json::from_value(serde_json::json!({ "argv": argv, "stdin": null, "exit": exit, "stdout": stdout }))
            .unwrap()
    }

    fn ran(exit: i32, stdout: &str) -> Ran {
        Ran { exit: Some(exit), stdout: stdout.into(), ..Ran::default() }
    }

    fn differs(step: &Step, ran: &Ran, judge: Judge) -> bool {
        !compare(step, ran, judge, &str::to_owned).is_empty()
    }

    #[test]
    fn upstreams_program_is_held_to_every_character() {
        let step = step("rad x", 1.into(), "Error: no\n\nTraceId:  {traceid}\n");
        let now = format!("Error: no\n\nTraceId:  {}\n", "0a".repeat(16));
        assert!(!differs(&step, &ran(1, &now), Judge::Upstream));
        assert!(differs(&step, &ran(0, &now), Judge::Upstream));
        assert!(differs(&step, &ran(1, "Error: yes"), Judge::Upstream));
    }

    #[test]
    fn ours_may_word_errors_better_and_keeps_fields_and_columns() {
        let failed = step("rad x", 1.into(), "Error: no\n");
        assert!(!differs(&failed, &ran(2, "better"), Judge::Ours));
        let json = step("rad x -o json", 0.into(), "note\n{\"a\": 1, \"b\": []}\n");
        assert!(!differs(&json, &ran(0, "{\"b\": [], \"a\": 2}"), Judge::Ours));
        assert!(differs(&json, &ran(0, "{\"a\": 1}"), Judge::Ours));
        let table = step("rad x", 0.into(), "RESOURCE  TYPE\none  t\n");
        assert!(!differs(&table, &ran(0, "RESOURCE   TYPE\ntwo   t\n"), Judge::Ours));
        assert!(differs(&table, &ran(0, "RESOURCE\ntwo\n"), Judge::Ours));
    }

    #[test]
    fn a_placeholder_stands_for_the_built_in_type_of_its_name() {
        let list = step("rad x -o json", 0.into(), "[\"{builtin-type:A.B/ones}\"]");
        assert!(!differs(&list, &ran(0, "[{\"Name\": \"A.B/ones\", \"more\": 1}]"), Judge::Ours));
        assert!(differs(&list, &ran(0, "[{\"Name\": \"A.B/twos\", \"more\": 1}]"), Judge::Ours));
        assert!(differs(&list, &ran(0, "[]"), Judge::Ours));
    }

    #[test]
    fn a_crash_that_exits_with_0_was_no_success() {
        let crashed = step("rad x", 0.into(), "panic\n{stack}");
        assert!(!differs(&crashed, &ran(1, "error"), Judge::Ours));
    }
}
