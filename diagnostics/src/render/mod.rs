//! Diagnostics as text: for people, and for programs.

mod github;
mod human;
mod json;
mod sarif;

use crate::{Diagnostic, LineColumn, Severity, SourceMap, Span};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Source excerpt with caret and help.
    Human,
    /// One JSON object per line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub Actions workflow commands.
    Github,
}

/// Whether escape codes may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape codes for colour.
    On,
    /// Plain text.
    Off,
}

/// Returns all diagnostics as text in the given format, in the order given.
///
/// The text ends with a line break, or is empty when there is nothing to say; SARIF is a whole
/// document even then. Colour matters to people only.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, format: Format, colour: Colour) -> String {
    match format {
        Format::Human => human::render(diagnostics, sources, colour),
        Format::Json => json::render(diagnostics, sources),
        Format::Sarif => sarif::render(diagnostics, sources),
        Format::Github => github::render(diagnostics, sources),
    }
}

/// A span as programs want it: path, and both ends as lines and columns.
struct Region<'a> {
    file: &'a str,
    start: LineColumn,
    end: LineColumn,
}

impl<'a> Region<'a> {
    /// Returns where a span is; `None` for spans of files that the map does not have.
    fn of(span: Span, sources: &'a SourceMap) -> Option<Self> {
        let file = sources.file(span.file)?;
        Some(Self { file: file.path(), start: file.line_column(span.start), end: file.line_column(span.end) })
    }
}

/// The word for a severity in JSON.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
