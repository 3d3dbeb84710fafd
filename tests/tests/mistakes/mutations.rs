//! Single slips made by rule: every line of real manifests and every member of a body, each with one thing wrong.
//!
//! A slip should give one diagnostic, on its line or beside it, and a fix that is offered should leave no error.
//! `SHOW=1` prints what falls short.

use std::collections::BTreeMap;
use std::path::Path;

use radii_diagnostics::{Diagnostic, FileId};
use radii_model::document::{Limits, parse_json};
use radii_model::{body, manifest};

use crate::blind::mended;

/// Of how many lines one gets its slips in an ordinary run; `SHOW=1` takes every one.
const STRIDE: usize = 5;

/// The slips of one kind, and how they were told.
#[derive(Default)]
struct Figures {
    all: usize,
    unnoticed: usize,
    single: usize,
    near: usize,
    offered: usize,
    fixed: usize,
    fell_short: Vec<String>,
}

/// What is demanded of those that are noticed, in percent.
struct Level {
    single: usize,
    near: usize,
    fixed: usize,
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count()
}

impl Figures {
    fn add(&mut self, what: &str, text: &str, line: usize, check: &dyn Fn(&str) -> Vec<Diagnostic>) {
        self.all += 1;
        let found = check(text);
        let Some(first) = found.first() else {
            self.unnoticed += 1;
            return;
        };
        let place = first.primary.as_ref().map(|label| label.span);
        let is_near = place.is_some_and(|span| {
            let lines = line_of(text, span.start as usize)..=line_of(text, span.end as usize);
            (line.saturating_sub(1)..=line + 1).any(|near| lines.contains(&near))
        });
        let changed = mended(text, first);
        let is_fixed = changed.as_ref().is_none_or(|changed| !check(changed).iter().any(Diagnostic::is_error));
        self.single += usize::from(found.len() == 1);
        self.near += usize::from(is_near);
        self.offered += usize::from(changed.is_some());
        self.fixed += usize::from(changed.is_some() && is_fixed);
        if found.len() > 1 || !is_near || !is_fixed {
            let said: Vec<String> = found.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
            let fix = first.fixes.first().map(|fix| fix.replacement.as_str());
            let own = text.lines().nth(line).unwrap_or_default().trim();
            self.fell_short.push(format!("    {what}, line {} `{own}`: {said:?}, fix {fix:?}", line + 1));
        }
    }
}

fn show(kind: &str, figures: &BTreeMap<&str, Figures>, level: &Level) {
    let (mut noticed, mut single, mut near, mut offered, mut fixed) = (0, 0, 0, 0, 0);
    for (slip, own) in figures {
        let said = own.all - own.unnoticed;
        println!(
            "{kind}, {slip}: {} slips, {} unnoticed; of {said} one diagnostic {}, near {}, fix {} of {} offered",
            own.all, own.unnoticed, own.single, own.near, own.fixed, own.offered
        );
        if std::env::var_os("SHOW").is_some() {
            own.fell_short.iter().for_each(|line| println!("{line}"));
        }
        noticed += said;
        single += own.single;
        near += own.near;
        offered += own.offered;
        fixed += own.fixed;
    }
    println!("{kind}: {noticed} noticed: one diagnostic {single}, near {near}, fix {fixed} of {offered}");
    for (what, reached, of, demanded) in [
        ("single diagnostics", single, noticed, level.single),
        ("places", near, noticed, level.near),
        ("fixes", fixed, offered, level.fixed),
    ] {
        assert!(reached * 100 >= demanded * of, "{kind}: {what}: {reached} of {of}, {demanded} % are demanded");
    }
}

/// A line of YAML with one thing wrong; the name of the slip comes first.
fn yaml_slips(line: &str) -> Vec<(&'static str, String)> {
    let own = line.trim_start();
    let indent = &line[..line.len() - own.len()];
    let mut slips = vec![("a space too many", format!(" {line}")), ("a line twice", format!("{line}\n{line}"))];
    let Some((key, value)) = own.split_once(':').filter(|(key, _)| key.chars().all(|it| it.is_ascii_alphanumeric()))
    else {
        return slips;
    };
    slips.push(("no colon", format!("{indent}{key}{value}")));
    if key.len() > 3 {
        slips.push(("a letter of the key missing", format!("{indent}{}{}:{value}", &key[..1], &key[2..])));
        let upper = key[..1].to_ascii_uppercase();
        slips.push(("a key with a capital", format!("{indent}{upper}{}:{value}", &key[1..])));
    }
    let value = value.trim();
    let is_plain = value.parse::<f64>().is_ok() || matches!(value, "true" | "false");
    if is_plain {
        slips.push(("a value in quotes", format!("{indent}{key}: \"{value}\"")));
    }
    if key == "type" && value.len() > 3 {
        slips.push(("a letter of the type missing", format!("{indent}{key}: {}{}", &value[..1], &value[2..])));
    }
    if !value.is_empty() && value.chars().all(|it| it.is_ascii_alphanumeric()) {
        slips.push(("a quote not closed", format!("{indent}{key}: \"{value}")));
    }
    slips
}

fn real_manifests() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/builtin");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let texts = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let texts = texts.map(|path| std::fs::read_to_string(path).unwrap());
    texts.filter(|text| (500..9_000).contains(&text.len())).collect()
}

#[test]
fn each_slip_in_a_real_manifest_is_told_once_and_beside_it() {
    let check = |text: &str| manifest::parse(FileId(0), text).1;
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    for text in real_manifests().into_iter().filter(|text| check(text).is_empty()) {
        let lines: Vec<&str> = text.lines().collect();
        let code = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let stride = if std::env::var_os("SHOW").is_some() { 1 } else { STRIDE };
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| code(line)).step_by(stride) {
            for (slip, changed) in yaml_slips(line) {
                let mut lines: Vec<&str> = lines.clone();
                lines[at] = &changed;
                let text = lines.join("\n") + "\n";
                figures.entry(slip).or_default().add(slip, &text, at, &check);
            }
        }
    }
    show("manifests by rule", &figures, &Level { single: 97, near: 94, fixed: 88 });
}

/// A line of JSON with one thing wrong.
fn json_slips(line: &str) -> Vec<(&'static str, String)> {
    let mut slips = Vec::new();
    let Some((key, value)) = line.split_once(':') else { return slips };
    let (indent, name) = (&key[..key.len() - key.trim_start().len()], key.trim().trim_matches('"'));
    let (value, comma) = match value.trim().strip_suffix(',') {
        Some(value) => (value, ","),
        None => (value.trim(), ""),
    };
    let mut slip = |what, key: &str, value: &str| slips.push((what, format!("{indent}\"{key}\": {value}{comma}")));
    if matches!(value, "{" | "[") {
        slip("a letter of the key missing", &format!("{}{}", &name[..1], &name[2..]), value);
        return slips;
    }
    if name.len() > 3 {
        slip("a letter of the key missing", &format!("{}{}", &name[..1], &name[2..]), value);
        slip("a key with a capital", &format!("{}{}", name[..1].to_ascii_uppercase(), &name[1..]), value);
    }
    slip("null", name, "null");
    slip("a list around the value", name, &format!("[{value}]"));
    slip("an object for the value", name, "{\"value\": 1}");
    if value.starts_with('"') {
        slip("no quotes", name, value.trim_matches('"'));
        slip("a quote missing", name, value.trim_end_matches('"'));
    } else {
        slip("quotes around the value", name, &format!("\"{}\"", value.replace('"', "'")));
    }
    slips.push(("no colon", format!("{indent}\"{name}\" {value}{comma}")));
    if comma.is_empty() {
        slips.push(("a comma too many", format!("{line},")));
    } else {
        slips.push(("no comma", line.trim_end_matches(',').to_owned()));
    }
    slips
}

#[test]
fn each_slip_in_a_body_is_told_once_and_beside_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes/blind/bodies.txt");
    let file = std::fs::read_to_string(path).unwrap();
    let mut sections = file.split("=== ").skip(1).map(|section| section.split_once('\n').unwrap().1);
    let (definition, base) = (sections.next().unwrap(), sections.next().unwrap());
    let definition = manifest::parse(FileId(0), definition).0.expect("the definition is right");
    let schema = &definition.types["databases"].api_versions[0].schema;
    let check = |text: &str| match parse_json(FileId(1), text, Limits::default()) {
        Ok(document) => body::check(schema, &document, text),
        Err(said) => said,
    };
    assert_eq!(check(base), []);
    let mut figures: BTreeMap<&str, Figures> = BTreeMap::new();
    let lines: Vec<&str> = base.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        for (slip, changed) in json_slips(line) {
            let mut lines = lines.clone();
            lines[at] = &changed;
            figures.entry(slip).or_default().add(slip, &(lines.join("\n") + "\n"), at, &check);
        }
    }
    show("bodies by rule", &figures, &Level { single: 97, near: 97, fixed: 94 });
}
