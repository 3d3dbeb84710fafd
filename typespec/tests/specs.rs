//! Whole specs: what the parser says of their entry files, against what the reference's parser said.

use std::fs;

use radii_diagnostics::{FileId, SourceFile};

use crate::formatting::specs;

/// Codes that only the scanner and the parser give; the checker gives `augment-decorator-target` as well.
const SYNTAX: &[&str] = &[
    "binary-digit-expected",
    "blockless-namespace-first",
    "conflict-marker",
    "decorator-decl-target",
    "default-required",
    "digit-expected",
    "doc-invalid-identifier",
    "hex-digit-expected",
    "import-first",
    "invalid-character",
    "invalid-decorator-location",
    "invalid-directive-location",
    "invalid-escape-sequence",
    "invalid-template-argument-name",
    "multiple-blockless-namespace",
    "no-new-line-end-triple-quote",
    "no-new-line-start-triple-quote",
    "required-parameter-first",
    "reserved-identifier",
    "rest-parameter-array",
    "rest-parameter-last",
    "rest-parameter-required",
    "templated-declaration-in-expression",
    "token-expected",
    "triple-quote-indent",
    "unknown-directive",
    "unterminated",
];

#[test]
fn entry_files_get_the_syntax_errors_of_the_reference() {
    let specs = specs();
    let known = include_str!("known-differences.txt");
    let mut failed = Vec::new();
    for (name, path, golden) in &specs {
        let text = fs::read_to_string(path).expect("the corpus can be read");
        let source = SourceFile::new("main.tsp", text.as_str());
        let mut ours: Vec<(String, u64)> = typespec::parse(FileId(0), &text)
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let start = diagnostic.primary.as_ref().expect("parse errors have a place").span.start;
                (diagnostic.code.to_string(), source.line_column(start).line as u64)
            })
            .filter(|(code, _)| SYNTAX.contains(&code.as_str()))
            .collect();
        let entry = path.file_name().expect("files have names").to_string_lossy();
        let diagnostics = golden["diagnostics"].as_array().cloned().unwrap_or_default();
        let mut reference: Vec<(String, u64)> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic["file"].as_str() == Some(&*entry))
            .filter_map(|diagnostic| Some((diagnostic["code"].as_str()?.to_owned(), diagnostic["line"].as_u64()?)))
            .filter(|(code, _)| SYNTAX.contains(&code.as_str()))
            .collect();
        // What only follows from another mistake is not told; see the list of differences.
        reference.retain(|(code, line)| {
            let number = name.split('/').next_back().and_then(|own| own.split('-').next()).unwrap_or_default();
            ours.contains(&(code.clone(), *line)) || !known.contains(&format!("follows {number} {code} {line} "))
        });
        ours.sort();
        reference.sort();
        if ours != reference {
            failed.push(format!("{name}\n  reference {reference:?}\n  ours      {ours:?}"));
        }
    }
    println!("syntax of whole specs: {}/{}", specs.len() - failed.len(), specs.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
