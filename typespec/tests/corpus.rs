//! Every snippet of the corpus: same verdict, same codes, same places.

use radii_diagnostics::FileId;
use serde_json::Value as Json;

fn rows(text: &str) -> Vec<Json> {
    // A lone surrogate is no text in Rust; the replacement character stands for it, no identifier either.
    let text = text.replace(r"\ud800", r"\ufffd");
    text.lines().map(|line| serde_json::from_str(line).expect("every row is JSON")).collect()
}

/// Offset in UTF-16 code units, as the reference counts.
fn utf16(text: &str, offset: usize) -> u64 {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[..offset].encode_utf16().count() as u64
}

/// What we say of a snippet: code, start and end.
fn ours(source: &str) -> Vec<(String, u64, u64)> {
    let parse = typespec::parse(FileId(0), source);
    let place = |span: radii_diagnostics::Span| {
        let past_end = u64::from(span.end).saturating_sub(source.len() as u64);
        (utf16(source, span.start as usize), utf16(source, span.end as usize) + past_end)
    };
    parse
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let (start, end) = place(diagnostic.primary.as_ref().expect("parse errors have a place").span);
            (diagnostic.code.to_string(), start, end)
        })
        .collect()
}

fn reference(row: &Json) -> Vec<(String, u64, u64)> {
    let diagnostics = row["diagnostics"].as_array().cloned().unwrap_or_default();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let number = |key: &str| diagnostic[key].as_u64().expect("positions are numbers");
            (diagnostic["code"].as_str().expect("codes are text").to_owned(), number("pos"), number("end"))
        })
        .collect()
}

#[test]
fn snippets_that_the_reference_accepts_have_no_errors() {
    let rows = rows(include_str!("corpus/parse-ok.jsonl"));
    let mut failed = Vec::new();
    for row in &rows {
        let source = row["source"].as_str().expect("a row has a source");
        let diagnostics = ours(source);
        if !diagnostics.is_empty() {
            failed.push(format!("{} {source:?}: {diagnostics:?}", row["id"]));
        }
    }
    println!("parse-ok: {}/{}", rows.len() - failed.len(), rows.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn snippets_with_errors_get_the_codes_and_places_of_the_reference() {
    let rows = rows(include_str!("corpus/parse-err.jsonl"));
    let mut failed = Vec::new();
    for row in &rows {
        let source = row["source"].as_str().expect("a row has a source");
        let (ours, reference) = (ours(source), reference(row));
        if ours != reference {
            failed.push(format!("{} {source:?}\n  reference {reference:?}\n  ours      {ours:?}", row["id"]));
        }
    }
    println!("parse-err: {}/{}", rows.len() - failed.len(), rows.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
