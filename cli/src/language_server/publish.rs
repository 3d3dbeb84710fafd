//! Diagnostics for editors.

use std::collections::BTreeMap;

use gen_lsp_types::{Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, Range};
use radii_diagnostics::{Severity, SourceMap, Span};
use radii_model::manifest;
use typespec::Compilation;

use super::positions::{Lines, uri_of};

/// Diagnostics by the path of the file that they are about.
pub type ByPath = BTreeMap<String, Vec<Diagnostic>>;

/// What a compilation said, for each of its files; what is about no place is said in `document`.
pub fn of_program(compilation: &Compilation, document: &str) -> ByPath {
    let own = compilation.program.files.iter().filter(|file| file.origin == typespec::program::Origin::Project);
    let mut found: ByPath = own.map(|file| (file.path.to_string(), Vec::new())).collect();
    add(&compilation.diagnostics, &compilation.sources, document, &mut found);
    found
}

/// What is wrong with a manifest.
pub fn of_manifest(path: &str, text: &str) -> ByPath {
    let mut sources = SourceMap::new();
    let file = sources.add(path, text);
    let (_, diagnostics) = manifest::parse(file, text);
    let mut found = ByPath::from([(path.to_owned(), Vec::new())]);
    add(&diagnostics, &sources, path, &mut found);
    found
}

fn add(diagnostics: &[radii_diagnostics::Diagnostic], sources: &SourceMap, document: &str, found: &mut ByPath) {
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().and_then(|label| sources.file(label.span.file));
        let path = place.map_or(document, |file| file.path());
        // Embedded libraries and installed packages are somebody else's.
        if path.starts_with("library:") || path.contains("/node_modules/") {
            continue;
        }
        found.entry(path.to_owned()).or_default().push(convert(diagnostic, sources));
    }
}

/// A diagnostic as editors show it.
pub fn convert(diagnostic: &radii_diagnostics::Diagnostic, sources: &SourceMap) -> Diagnostic {
    let primary = diagnostic.primary.as_ref();
    let range = primary.and_then(|label| range_of(sources, label.span)).unwrap_or_default();
    let mut message = diagnostic.message.clone();
    for detail in
        primary.map(|label| &label.message).into_iter().chain(&diagnostic.help).filter(|text| !text.is_empty())
    {
        message.push('\n');
        message.push_str(detail);
    }
    let related: Vec<DiagnosticRelatedInformation> = diagnostic
        .secondary
        .iter()
        .filter_map(|label| {
            let file = sources.file(label.span.file).filter(|file| file.path().starts_with('/'))?;
            let location = Location { uri: uri_of(file.path()), range: range_of(sources, label.span)? };
            Some(DiagnosticRelatedInformation { location, message: label.message.clone() })
        })
        .collect();
    Diagnostic {
        range,
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
            Severity::Note => DiagnosticSeverity::Information,
        }),
        code: Some(Code::String(diagnostic.code.to_string())),
        source: Some("rad".to_owned()),
        message: Message::String(message),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}

fn range_of(sources: &SourceMap, span: Span) -> Option<Range> {
    Some(Lines::new(sources.file(span.file)?.text()).range(span))
}
