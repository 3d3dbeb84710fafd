//! One JSON object per line. The members are a contract: they are added to, never renamed.

use serde::Serialize;

use super::{Region, word};
use crate::{Diagnostic, Fix, Label, SourceMap, Span};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Labelled<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
struct Labelled<'a> {
    message: &'a str,
    primary: bool,
    #[serde(flatten)]
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Replacement<'a> {
    title: &'a str,
    replacement: &'a str,
    sure: bool,
    #[serde(flatten)]
    place: Option<Place<'a>>,
}

pub(super) fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let line = serde_json::to_string(&line(diagnostic, sources)).expect("strings and numbers are always JSON");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn line<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Line<'a> {
    // The primary label is listed only when it says something: its place stands on the line itself.
    let primary = diagnostic.primary.iter().filter(|label| !label.message.is_empty());
    let primary = primary.map(|label| labelled(label, true, sources));
    let secondary = diagnostic.secondary.iter().map(|label| labelled(label, false, sources));
    Line {
        code: diagnostic.code.as_str(),
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        path: diagnostic.path.as_deref(),
        place: diagnostic.primary.as_ref().and_then(|label| place(label.span, sources)),
        help: diagnostic.help.as_deref(),
        labels: primary.chain(secondary).collect(),
        fixes: diagnostic.fixes.iter().map(|fix| replacement(fix, sources)).collect(),
    }
}

fn labelled<'a>(label: &'a Label, primary: bool, sources: &'a SourceMap) -> Labelled<'a> {
    Labelled { message: &label.message, primary, place: place(label.span, sources) }
}

fn replacement<'a>(fix: &'a Fix, sources: &'a SourceMap) -> Replacement<'a> {
    Replacement { title: &fix.title, replacement: &fix.replacement, sure: fix.sure, place: place(fix.span, sources) }
}

fn place(span: Span, sources: &SourceMap) -> Option<Place<'_>> {
    let Region { file, start, end } = Region::of(span, sources)?;
    Some(Place { file, line: start.line, column: start.column, end_line: end.line, end_column: end.column })
}
