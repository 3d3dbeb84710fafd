//! The checker against the reference compiler: verdicts, diagnostics, checked types.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use radii_diagnostics::Severity;
use serde_json::Value as Json;
use typespec::{Compilation, Options, Registry, World};

use crate::formatting::specs;
use crate::graph;

/// Differences that are known, each with its reason: `part name reason`.
const KNOWN: &str = include_str!("known-differences.txt");

/// The disk, read only.
struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(path).ok()
    }

    fn is_file(&self, path: &str) -> bool {
        Path::new(path).is_file()
    }

    fn is_directory(&self, path: &str) -> bool {
        Path::new(path).is_dir()
    }
}

pub fn compile(path: &Path) -> Compilation {
    typespec::compile(&Disk, &path.to_string_lossy(), &Options::default(), &Registry::standard())
}

/// A diagnostic by what is compared: code, file, line and column.
type Place = (String, String, u64, u64);

/// What we say. Where the reference underlines more than the mistake, a label of ours that names its place counts:
/// the mistake itself is underlined more tightly.
fn ours(compilation: &Compilation, folder: &Path, theirs: &[Place]) -> (Vec<Place>, Vec<Place>) {
    let at = |code: &str, label: &radii_diagnostics::Label| {
        let file = compilation.sources.file(label.span.file).expect("spans name files");
        let position = file.line_column(label.span.start);
        let path = PathBuf::from(file.path());
        let shown = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        (code.to_owned(), shown, position.line as u64, position.column as u64)
    };
    let place = |diagnostic: &radii_diagnostics::Diagnostic| {
        let code = diagnostic.code.as_str();
        let Some(primary) = &diagnostic.primary else { return (code.to_owned(), String::new(), 0, 0) };
        let mut places = std::iter::once(primary).chain(&diagnostic.secondary).map(|label| at(code, label));
        let shared =
            places.find(|own| theirs.iter().any(|their| (&their.0, &their.1, their.2) == (&own.0, &own.1, own.2)));
        shared.unwrap_or_else(|| at(code, primary))
    };
    let told = compilation.diagnostics.iter().filter(|diagnostic| diagnostic.severity != Severity::Note);
    let chosen = told.clone().map(place).collect();
    let all = told.flat_map(|diagnostic| {
        let labels = diagnostic.primary.iter().chain(&diagnostic.secondary);
        labels.map(|label| at(diagnostic.code.as_str(), label))
    });
    (chosen, all.collect())
}

/// What the reference says. Where it points into a library of its own, the place counts as unknown: the libraries
/// here are other texts, and the argument in the spec is the better place.
fn theirs(golden: &Json) -> Vec<Place> {
    let place = |diagnostic: &Json| {
        let text = |key: &str| diagnostic[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| diagnostic[key].as_u64().unwrap_or_default();
        if text("file").starts_with("@typespec/") {
            return (text("code"), String::new(), 0, 0);
        }
        (text("code"), text("file"), number("line"), number("column"))
    };
    golden["diagnostics"].as_array().into_iter().flatten().map(place).collect()
}

/// What one spec comes to.
#[derive(Default)]
struct Outcome {
    /// Whether the verdict is the same.
    verdict: bool,
    /// Mistakes: places where the reference says something, by line.
    mistakes: usize,
    /// Mistakes whose first code stands at the same place.
    same: usize,
    /// Codes that are missing at the place of a mistake.
    missing: Vec<Place>,
    /// Codes left out that stand alone on their line, but follow from a mistake on another one.
    consequences: Vec<(String, u64)>,
    /// Diagnostics of the reference that only follow from others and that we leave out.
    fewer: usize,
    /// Diagnostics at places where the reference says nothing of the kind.
    extra: Vec<Place>,
}

fn compare(name: &str, (ours, all): (&[Place], &[Place]), theirs: &[Place], verdict: bool) -> Outcome {
    let consequences = consequences();
    let mut outcome = Outcome { verdict, ..Outcome::default() };
    let mut lines: BTreeMap<(&str, u64), Vec<&Place>> = BTreeMap::new();
    for place in theirs {
        lines.entry((&place.1, place.2)).or_default().push(place);
    }
    let on_line = |code: &str, file: &str, line: u64| {
        let mut said = ours.iter().chain(all);
        said.any(|own| own.0 == code && (own.1 == file || file.is_empty()) && (own.2 == line || file.is_empty()))
    };
    for ((file, line), places) in &lines {
        outcome.mistakes += 1;
        let first = places[0];
        if ours.contains(first) || (file.is_empty() && on_line(&first.0, "", 0)) {
            outcome.same += 1;
        }
        let found = places.iter().any(|place| on_line(&place.0, file, *line));
        if !on_line(&first.0, file, *line) && !found {
            let follows = consequences.iter().any(|(of, code, at)| (*of, *code, *at) == (name, &*first.0, *line));
            if follows {
                outcome.consequences.push((first.0.clone(), *line));
            } else {
                outcome.missing.push(first.clone());
            }
        }
        outcome.fewer += places.iter().filter(|place| !on_line(&place.0, file, *line)).count();
    }
    for own in ours {
        let known =
            theirs.iter().any(|place| place.0 == own.0 && (place.1 == own.1 && place.2 == own.2 || place.1.is_empty()));
        if !known {
            outcome.extra.push(own.clone());
        }
    }
    outcome
}

/// Lines on which the reference reports what only follows from a mistake elsewhere: `follows name code line reason`.
fn consequences() -> Vec<(&'static str, &'static str, u64)> {
    let rows = KNOWN.lines().filter_map(|line| line.strip_prefix("follows "));
    let row = |row: &'static str| {
        let words: Vec<&str> = row.splitn(4, ' ').collect();
        let [name, code, line, reason] = words[..] else { panic!("`{row}` is no consequence") };
        assert!(reason.len() > 10, "`{row}` says no reason");
        (name, code, line.parse().expect("lines are numbers"))
    };
    rows.map(row).collect()
}

fn known(part: &str) -> BTreeSet<&'static str> {
    let rows = KNOWN.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut names = BTreeSet::new();
    for row in rows {
        let mut words = row.splitn(3, ' ');
        let (of, name, reason) = (words.next(), words.next(), words.next());
        assert!(reason.is_some_and(|reason| reason.len() > 10), "`{row}` says no reason");
        if of == Some(part) {
            names.extend(name);
        }
    }
    names
}

/// Fails on a difference that is not known, and on a known one that is gone.
#[expect(clippy::print_stdout, reason = "the suite prints its figures")]
fn settle(part: &str, total: usize, failed: &BTreeMap<String, String>) {
    let known = known(part);
    let new: Vec<&String> =
        failed.iter().filter(|(name, _)| !known.contains(&*short(name))).map(|(_, text)| text).collect();
    let gone: Vec<&&str> = known.iter().filter(|name| !failed.keys().any(|failed| short(failed) == **name)).collect();
    println!("{part}: {}/{total}", total - failed.len());
    if std::env::var_os("SHOW").is_some() {
        failed.values().for_each(|text| println!("{text}"));
    }
    assert!(new.is_empty(), "{part}: {} new differences\n{}", new.len(), join(&new));
    assert!(gone.is_empty(), "{part}: strike off {gone:?}");
}

fn join(texts: &[&String]) -> String {
    texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n")
}

/// `check/011-models.tsp` is known as `011`.
fn short(name: &str) -> String {
    let (part, file) = name.split_once('/').unwrap_or(("", name));
    let number = file.split('-').next().unwrap_or(file);
    if part == "check" { number.to_owned() } else { format!("r{number}") }
}

fn outcomes() -> Vec<(String, Outcome)> {
    let mut all = Vec::new();
    for (name, path, golden) in specs() {
        let compilation = compile(&path);
        let ok = golden["ok"].as_bool().expect("goldens have a verdict");
        let folder = path.parent().expect("specs stand in folders");
        let wanted = theirs(&golden);
        let (said, all_places) = ours(&compilation, folder, &wanted);
        let outcome = compare(&short(&name), (&said, &all_places), &wanted, ok != compilation.has_errors());
        all.push((name, outcome));
    }
    all
}

#[test]
fn specs_get_the_verdict_and_the_diagnostics_of_the_reference() {
    let all = outcomes();
    let total = all.len();
    let (mistakes, same, fewer): (usize, usize, usize) =
        all.iter().fold((0, 0, 0), |sums, (_, it)| (sums.0 + it.mistakes, sums.1 + it.same, sums.2 + it.fewer));
    println!("mistakes: {mistakes}, same first code at the same place: {same}, left out as mere consequences: {fewer}");
    let followed: usize = all.iter().map(|(_, outcome)| outcome.consequences.len()).sum();
    assert_eq!(followed, consequences().len(), "strike off the consequences that are told or gone");
    let pick = |choose: &dyn Fn(&Outcome) -> Option<String>| -> BTreeMap<String, String> {
        all.iter().filter_map(|(name, it)| choose(it).map(|text| (name.clone(), format!("{name}: {text}")))).collect()
    };
    let list = |places: &[Place]| (!places.is_empty()).then(|| format!("{places:?}"));
    let parts = [
        ("missing", pick(&|it| list(&it.missing))),
        ("extra", pick(&|it| list(&it.extra))),
        ("verdict", pick(&|it| (!it.verdict).then(|| "another verdict".to_owned()))),
    ];
    let failures: Vec<String> = parts
        .iter()
        .filter_map(|(part, failed)| {
            std::panic::catch_unwind(|| settle(part, total, failed)).err().map(|_| (*part).to_owned())
        })
        .collect();
    assert!(failures.is_empty(), "see above: {failures:?}");
}

#[test]
fn checked_types_equal_those_of_the_reference() {
    let mut failed = BTreeMap::new();
    let mut total = 0;
    for (name, path, golden) in specs() {
        let Some(expected) = golden.get("graph") else { continue };
        total += 1;
        let compilation = compile(&path);
        let differences = graph::differences(&compilation.program, expected);
        if !differences.is_empty() {
            failed.insert(name.clone(), format!("{name}:\n  {}", differences.join("\n  ")));
        }
    }
    settle("graph", total, &failed);
}
