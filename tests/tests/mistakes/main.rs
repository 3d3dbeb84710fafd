//! Mistakes that authors make, and how well they are explained.
//!
//! Each case is a text with one mistake; `«…»` marks what an expert would underline. Three figures are
//! printed for each kind: exact span and code, the wanted fix, and one diagnostic only.
#![expect(clippy::print_stdout, reason = "figures are printed")]

mod blind;
mod cases;
mod codes;
mod disorder;
mod mutations;
mod slips;

use std::collections::BTreeMap;
use std::path::Path;

use radii_diagnostics::{Diagnostic, FileId};
use radii_model::document::{Limits, parse_yaml};
use radii_model::{body, manifest};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    code: String,
    /// What the first fix writes; without it, words are enough.
    #[serde(default)]
    fix: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bodies {
    definition: String,
    cases: Vec<Case>,
}

/// What is demanded of a kind of texts, in percent.
struct Level {
    exact: usize,
    fixed: usize,
    single: usize,
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("mistakes").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the text without its marks, and what they enclose.
fn unmarked(case: &Case) -> (String, u32, u32) {
    let start = case.text.find('«').unwrap_or_else(|| panic!("`{}` marks nothing", case.name));
    let text = case.text.replacen('«', "", 1);
    let end = text.find('»').unwrap_or_else(|| panic!("`{}` does not end its mark", case.name));
    let text = text.replacen('»', "", 1);
    (text, u32::try_from(start).unwrap(), u32::try_from(end).unwrap())
}

fn measure(kind: &str, cases: &[Case], level: &Level, check: impl Fn(&str) -> Vec<Diagnostic>) {
    let (mut exact, mut fixed, mut single) = (0, 0, 0);
    for case in cases {
        let (text, start, end) = unmarked(case);
        let found = check(&text);
        let first = found.iter().find(|diagnostic| diagnostic.code.as_str() == case.code);
        let span = first.and_then(|diagnostic| diagnostic.primary.as_ref()).map(|label| label.span);
        let is_exact = span.is_some_and(|span| (span.start, span.end) == (start, end));
        let is_fixed = first.is_some_and(|diagnostic| match &case.fix {
            Some(fix) => diagnostic.fixes.first().is_some_and(|own| own.replacement == *fix),
            None => diagnostic.help.is_some(),
        });
        exact += usize::from(is_exact);
        fixed += usize::from(is_fixed);
        single += usize::from(found.len() == 1);
        if !(is_exact && is_fixed && found.len() == 1) {
            println!("{kind}: {}: exact {is_exact}, fix {is_fixed}, {} diagnostics", case.name, found.len());
            for diagnostic in &found {
                let span = diagnostic.primary.as_ref().map(|label| label.span);
                let at = span.map(|span| &text[span.start as usize..span.end as usize]);
                println!("    {} {} at {at:?}, fixes {:?}", diagnostic.code, diagnostic.message, diagnostic.fixes);
            }
        }
    }
    let total = cases.len();
    println!("{kind}: {total} mistakes: exact span {exact}, fix {fixed}, without cascade {single}");
    for (what, reached, demanded) in [
        ("exact spans", exact, level.exact),
        ("fixes", fixed, level.fixed),
        ("single diagnostics", single, level.single),
    ] {
        assert!(reached * 100 >= demanded * total, "{kind}: {what}: {reached} of {total}, {demanded} % are demanded");
    }
}

#[test]
fn mistakes_in_manifests_are_underlined_exactly_and_mended() {
    let cases: Vec<Case> = read("manifests.yaml");
    measure("manifests", &cases, &Level { exact: 98, fixed: 98, single: 98 }, |text| {
        manifest::parse(FileId(0), text).1
    });
}

#[test]
fn mistakes_in_bodies_are_underlined_exactly_and_mended() {
    let Bodies { definition, cases } = read("bodies.yaml");
    let (manifest, diagnostics) = manifest::parse(FileId(0), &definition);
    assert_eq!(diagnostics, [], "the definition is right");
    let manifest = manifest.unwrap();
    let schema = &manifest.types["databases"].api_versions[0].schema;
    measure("bodies", &cases, &Level { exact: 98, fixed: 98, single: 98 }, |text| {
        let document = parse_yaml(FileId(1), text, Limits::default()).unwrap();
        body::check(schema, &document, text)
    });
}

#[test]
fn mistakes_in_typespec_are_underlined_exactly_and_mended() {
    let cases: Vec<Case> = read("typespec.yaml");
    let registry = radii_codegen::lower::registry();
    measure("typespec", &cases, &Level { exact: 95, fixed: 95, single: 95 }, |text| {
        let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
        typespec::compile(&world, "main.tsp", &typespec::Options::default(), &registry).diagnostics
    });
}

#[test]
fn slips_in_typespec_are_underlined_exactly_and_told_once() {
    let cases: Vec<Case> = read("typespec-slips.yaml");
    let registry = radii_codegen::lower::registry();
    measure("slips", &cases, &Level { exact: 98, fixed: 98, single: 98 }, |text| {
        let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
        typespec::compile(&world, "main.tsp", &typespec::Options::default(), &registry).diagnostics
    });
}

#[test]
fn mistakes_in_rules_are_underlined_inside_their_text() {
    let Bodies { definition, cases } = read("rules.yaml");
    let registry = radii_codegen::lower::registry();
    let (before, after) = definition.split_once("RULE").expect("the definition has a place for the rule");
    measure("rules", &cases, &Level { exact: 98, fixed: 98, single: 98 }, |text| {
        let world = BTreeMap::from([("main.tsp".to_owned(), format!("{before}{text}{after}"))]);
        let mut compiled = typespec::compile(&world, "main.tsp", &typespec::Options::default(), &registry);
        let mut found = compiled.diagnostics.clone();
        found.extend(radii_codegen::lower::lower(&mut compiled.program).diagnostics);
        let start = u32::try_from(before.len()).unwrap();
        for label in found.iter_mut().filter_map(|diagnostic| diagnostic.primary.as_mut()) {
            label.span.start = label.span.start.saturating_sub(start).min(text.len() as u32);
            label.span.end = label.span.end.saturating_sub(start).min(text.len() as u32);
        }
        found
    });
}
