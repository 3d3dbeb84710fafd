//! Diagnostics for people: source excerpt, carets, property path and help.

use std::ops::Range;

use annotate_snippets::renderer::Renderer;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Snippet, normalize_untrusted_str};

use super::Colour;
use crate::{Diagnostic, FileId, Fix, Label, Severity, SourceFile, SourceMap, Span};

pub(super) fn render(diagnostics: &[Diagnostic], sources: &SourceMap, colour: Colour) -> String {
    let renderer = match colour {
        Colour::On => Renderer::styled(),
        Colour::Off => Renderer::plain(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&report(diagnostic, sources)));
        text.push('\n');
    }
    text
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Group<'a>> {
    let title = level(diagnostic.severity).primary_title(&*diagnostic.message).id(diagnostic.code.as_str());
    let mut group = Group::with_title(title).elements(excerpts(diagnostic, sources));
    if let Some(path) = &diagnostic.path {
        let level = Level::NOTE.with_name("property");
        group = group.element(level.message(normalize_untrusted_str(path)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    let mut groups = vec![group];
    groups.extend(diagnostic.fixes.iter().filter_map(|fix| suggestion(fix, sources)));
    groups
}

/// One excerpt per file: that of the primary place first, others in the order of their labels.
fn excerpts<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Snippet<'a, Annotation<'a>>> {
    let primary = diagnostic.primary.iter().map(|label| (AnnotationKind::Primary, label));
    let secondary = diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label));
    let mut files: Vec<(FileId, Vec<(AnnotationKind, &Label)>)> = Vec::new();
    for (kind, label) in primary.chain(secondary) {
        match files.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push((kind, label)),
            None => files.push((label.span.file, vec![(kind, label)])),
        }
    }
    let excerpt = |(id, labels): (FileId, Vec<(AnnotationKind, &'a Label)>)| {
        let file = sources.file(id)?;
        let spans: Vec<Span> = labels.iter().map(|(_, label)| label.span).collect();
        let window = Window::around(file, &spans);
        let annotation = |(kind, label): (AnnotationKind, &'a Label)| {
            let annotation = kind.span(window.range(label.span));
            if label.message.is_empty() { annotation } else { annotation.label(&*label.message) }
        };
        let snippet = Snippet::source(window.text).line_start(window.line).path(file.path());
        Some(snippet.annotations(labels.into_iter().map(annotation)))
    };
    files.into_iter().filter_map(excerpt).collect()
}

fn suggestion<'a>(fix: &'a Fix, sources: &'a SourceMap) -> Option<Group<'a>> {
    let file = sources.file(fix.span.file)?;
    let window = Window::around(file, &[fix.span]);
    let patch = Patch::new(window.range(fix.span), &*fix.replacement);
    let snippet = Snippet::source(window.text).line_start(window.line).path(file.path()).patch(patch);
    Some(Level::HELP.secondary_title(&*fix.title).element(snippet))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

/// The lines of a file that an excerpt needs. Files have megabytes, and each excerpt is scanned whole.
struct Window<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
}

impl<'a> Window<'a> {
    fn around(file: &'a SourceFile, spans: &[Span]) -> Self {
        let text = file.text();
        let start = spans.iter().map(|span| span.start as usize).min().unwrap_or_default();
        let end = spans.iter().map(|span| span.end as usize).max().unwrap_or_default();
        let (start, end) = (floor(text, start), floor(text, end));
        let offset = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let until = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let line = file.line_column(offset as u32).line;
        Self { text: &text[offset..until], offset, line }
    }

    fn range(&self, span: Span) -> Range<usize> {
        let place = |at: u32| floor(self.text, (at as usize).saturating_sub(self.offset));
        place(span.start)..place(span.end.max(span.start))
    }
}

/// Returns the start of the character that an offset falls into; offsets past the end mean the end.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
