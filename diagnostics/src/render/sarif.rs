//! SARIF 2.1.0, the format that code scanning services read.

use serde_json::{Value as Json, json};

use super::{Region, word};
use crate::{Diagnostic, Fix, Label, SourceMap, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut codes: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<Json> = diagnostics.iter().map(|diagnostic| result(diagnostic, &codes, sources)).collect();
    let rules: Vec<Json> = codes.iter().map(|code| json!({ "id": code })).collect();
    let driver = json!({ "name": "rad", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    let log = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] });
    let mut text = serde_json::to_string_pretty(&log).expect("strings and numbers are always JSON");
    text.push('\n');
    text
}

fn result(diagnostic: &Diagnostic, codes: &[&str], sources: &SourceMap) -> Json {
    let code = diagnostic.code.as_str();
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message.push_str("; ");
        message.push_str(help);
    }
    let mut result = json!({
        "ruleId": code,
        "ruleIndex": codes.binary_search(&code).unwrap_or_default(),
        "level": word(diagnostic.severity),
        "message": { "text": message },
    });
    let physical = diagnostic.primary.as_ref().and_then(|label| physical(label.span, sources));
    let logical = diagnostic.path.as_ref().map(|path| json!([{ "fullyQualifiedName": path }]));
    if physical.is_some() || logical.is_some() {
        let mut location = json!({});
        set(&mut location, "physicalLocation", physical);
        set(&mut location, "logicalLocations", logical);
        result["locations"] = json!([location]);
    }
    let related: Vec<Json> = diagnostic.secondary.iter().filter_map(|label| related(label, sources)).collect();
    set(&mut result, "relatedLocations", (!related.is_empty()).then(|| related.into()));
    let fixes: Vec<Json> = diagnostic.fixes.iter().filter_map(|fix| replacement(fix, sources)).collect();
    set(&mut result, "fixes", (!fixes.is_empty()).then(|| fixes.into()));
    result
}

fn set(object: &mut Json, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        object[name] = value;
    }
}

fn physical(span: Span, sources: &SourceMap) -> Option<Json> {
    let region = Region::of(span, sources)?;
    Some(json!({ "artifactLocation": { "uri": uri(region.file) }, "region": lines(&region) }))
}

fn related(label: &Label, sources: &SourceMap) -> Option<Json> {
    Some(json!({ "physicalLocation": physical(label.span, sources)?, "message": { "text": label.message } }))
}

fn replacement(fix: &Fix, sources: &SourceMap) -> Option<Json> {
    let region = Region::of(fix.span, sources)?;
    let change = json!({
        "artifactLocation": { "uri": uri(region.file) },
        "replacements": [{ "deletedRegion": lines(&region), "insertedContent": { "text": fix.replacement } }],
    });
    Some(json!({ "description": { "text": fix.title }, "artifactChanges": [change] }))
}

fn lines(region: &Region<'_>) -> Json {
    json!({
        "startLine": region.start.line,
        "startColumn": region.start.column,
        "endLine": region.end.line,
        "endColumn": region.end.column,
    })
}

/// Returns a path as a URI reference: slashes, and everything else that a URI cannot hold escaped.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let prefix = match path.as_bytes() {
        [b'/', ..] => "file://",
        [drive, b':', b'/', ..] if drive.is_ascii_alphabetic() => "file:///",
        _ => "",
    };
    let mut text = prefix.to_owned();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => text.push(byte as char),
            b':' if !prefix.is_empty() => text.push(':'),
            byte if byte.is_ascii_alphanumeric() => text.push(byte as char),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
