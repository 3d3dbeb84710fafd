//! Workflow commands of GitHub Actions: they become annotations of a pull request.

use super::Region;
use crate::{Diagnostic, Severity, SourceMap};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let name = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(region) = diagnostic.primary.as_ref().and_then(|label| Region::of(label.span, sources)) {
        properties.push(format!("file={}", property(region.file)));
        properties.push(format!("line={},endLine={}", region.start.line, region.end.line));
        // Columns are shown for a place on one line only.
        if region.start.line == region.end.line {
            properties.push(format!("col={},endColumn={}", region.start.column, region.end.column));
        }
    }
    properties.push(format!("title={}", property(diagnostic.code.as_str())));
    format!("::{name} {}::{}\n", properties.join(","), data(&message(diagnostic)))
}

fn message(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    let notes = [("property", &diagnostic.path), ("help", &diagnostic.help)];
    for (name, note) in notes {
        if let Some(note) = note {
            text.push_str(&format!("\n{name}: {note}"));
        }
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
