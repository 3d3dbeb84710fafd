//! Texts with several slips at once, made at random: whatever is said of them, it is said, and points into the text.
//!
//! `ROUNDS` asks for more texts of each kind than an ordinary run tries.

use radii_diagnostics::{Diagnostic, FileId};
use radii_model::document::{Limits, parse_json, parse_yaml};
use radii_model::{body, manifest};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::blind::{check_typespec, definition, read};
use crate::cases;

const ROUNDS: usize = 40;

const SIGNS: [&str; 32] = [
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    ":",
    ";",
    ",",
    "=",
    "|",
    "&&",
    "#{",
    "@",
    "/*",
    "${",
    "\t",
    "\n",
    " ",
    "é",
    "“",
    "漢",
    "-",
    "...",
    "%",
    "null",
    "model ",
    "type: string",
];

fn rounds() -> usize {
    std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// A text with one to five changes.
fn disturbed(text: &str, random: &mut StdRng) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..signs.len());
        let end = (at + random.random_range(1..7)).min(signs.len());
        match random.random_range(0..4) {
            0 => drop(signs.drain(at..end)),
            1 => signs.swap(at, end - 1),
            2 => {
                let copy: Vec<char> = signs[at..end].to_vec();
                signs.splice(at..at, copy);
            }
            _ => drop(signs.splice(at..at, SIGNS[random.random_range(0..SIGNS.len())].chars())),
        }
    }
    signs.into_iter().collect()
}

/// Every place that is spoken of lies in the text, between two characters, and every fix can be made.
fn assert_points_into(text: &str, said: &[Diagnostic], file: FileId) {
    for diagnostic in said {
        let own = diagnostic.primary.iter().map(|label| label.span);
        for span in own.chain(diagnostic.fixes.iter().map(|fix| fix.span)).filter(|span| span.file == file) {
            // What is missing at the end of a text is told one place behind it.
            let end = (span.end as usize).min(text.len());
            assert!(text.get(span.start as usize..end).is_some(), "{diagnostic:?} of\n{text}");
        }
    }
}

fn try_all(seed: u64, bases: &[String], file: FileId, check: impl Fn(&str) -> Vec<Diagnostic>) {
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..rounds() {
        let text = disturbed(&bases[round % bases.len()], &mut random);
        assert_points_into(&text, &check(&text), file);
    }
}

#[test]
fn disordered_typespec_is_told_of() {
    let bases =
        ["typespec-third.txt", "typespec-fifth.txt", "typespec-sixth.txt"].map(|name| cases::read(&read(name)).0);
    let mut random = StdRng::seed_from_u64(1);
    for round in 0..rounds() {
        let text = disturbed(&bases[round % bases.len()], &mut random);
        // Places may lie in libraries, too; those that the parser speaks of lie in the text.
        assert!(check_typespec(&text).iter().all(|said| !said.message.is_empty()));
        let parsed = typespec::parse(FileId(0), &text);
        assert_points_into(&text, &parsed.diagnostics, FileId(0));
    }
}

#[test]
fn disordered_manifests_are_told_of() {
    let bases = ["manifests.txt", "manifests-fifth.txt"].map(|name| cases::read(&read(name)).0);
    try_all(2, &bases, FileId(0), |text| manifest::parse(FileId(0), text).1);
}

#[test]
fn disordered_bodies_are_told_of() {
    let (of, cases) = definition(&read("bodies-fourth.txt"));
    let schema = &of.types[0].api_versions[0].schema;
    let bases = [cases::read(&cases).0, cases::read(&read("bodies-fifth.txt")).0];
    try_all(3, &bases, FileId(1), |text| {
        let parse = if text.trim_start().starts_with('{') { parse_json } else { parse_yaml };
        match parse(FileId(1), text, Limits::default()) {
            Ok(document) => body::check(schema, &document, text),
            Err(said) => said,
        }
    });
}
