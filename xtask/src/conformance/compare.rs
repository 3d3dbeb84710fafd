//! What a call printed against what was recorded.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use super::scenario::Step;

/// By which measure a call is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{(traceid|stack|n|time|tmp|docs|bicep-releases|proxy|closed|base-host|(?:uuid|etag|token|host|help|builtin-summary|builtin-type|text|icon):[^{}]*)\}")
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
    let mut found = exit(step, ran, |code| step.exit == code);
    if step.tty {
        let shown = plain(&ran.stdout);
        let missing = step.screen.iter().filter(|line| !shown.contains(line.trim()));
        found.extend(missing.map(|line| format!("the screen does not show {line:?}")));
        return found;
    }
    for (what, wanted, got) in [("stdout", &step.stdout, &ran.stdout), ("stderr", &step.stderr, &ran.stderr)] {
        if !same_text(&fill(wanted), got) {
            found.push(format!("{what}, recorded:\n{wanted}\n{what}, now:\n{got}"));
        }
    }
    found
}

fn ours(step: &Step, ran: &Ran, fill: &dyn Fn(&str) -> String) -> Vec<String> {
    // A crash that exits with 0 is no success.
    let succeeded = step.exit == 0 && !step.crashed();
    let mut found = exit(step, ran, |code| (code == 0) == succeeded);
    if !succeeded || step.tty || !found.is_empty() {
        return found;
    }
    let (recorded, now) = (fill(&step.stdout), ran.stdout.as_str());
    match (documents(&recorded), documents(now)) {
        (Some(recorded), Some(now)) if wants_json(step) => {
            let (recorded, now): (Vec<_>, Vec<_>) =
                (recorded.iter().map(shape).collect(), now.iter().map(shape).collect());
            if recorded != now {
                found.push(format!("fields, recorded: {recorded:?}\nfields, now:      {now:?}"));
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

fn exit(step: &Step, ran: &Ran, fits: impl Fn(i32) -> bool) -> Vec<String> {
    let holds = match (step.exit == "timeout", ran.exit) {
        (true, _) => ran.timed_out,
        (false, Some(code)) => fits(code),
        (false, None) => false,
    };
    if holds {
        return Vec::new();
    }
    vec![format!("exit, recorded {}, now {:?}\n{}{}", step.exit, ran.exit, ran.stdout, ran.stderr)]
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
        let kind = found.as_str().trim_matches(['{', '}']).split(':').next().unwrap_or_default();
        pattern.push_str(match kind {
            "traceid" => "[0-9a-f]{32}",
            "n" => r"\d+",
            "uuid" => "[0-9a-fA-F-]{36}",
            "time" => r"[-0-9T:.+Z]+",
            "stack" | "help" | "builtin-summary" | "builtin-type" | "text" | "icon" => ".*",
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

/// The names and kinds of all that a document holds; times and order are of no importance.
fn shape(value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let mut names: Vec<String> = members
                .iter()
                .filter(|(name, _)| *name != "systemData")
                .map(|(name, value)| format!("{name}:{}", shape(value)))
                .collect();
            names.sort();
            format!("{{{}}}", names.join(","))
        }
        Json::Array(items) => {
            let mut items: Vec<String> = items.iter().map(shape).collect();
            items.sort();
            format!("[{}]", items.join(","))
        }
        Json::String(_) => "text".into(),
        Json::Number(_) => "number".into(),
        Json::Bool(_) => "flag".into(),
        Json::Null => "null".into(),
    }
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

/// What a terminal showed, without control sequences.
fn plain(text: &str) -> String {
    static CONTROL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r").expect("the expression is valid"));
    CONTROL.replace_all(text, "").into_owned()
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
    fn a_crash_that_exits_with_0_was_no_success() {
        let crashed = step("rad x", 0.into(), "panic\n{stack}");
        assert!(!differs(&crashed, &ran(1, "error"), Judge::Ours));
    }
}
