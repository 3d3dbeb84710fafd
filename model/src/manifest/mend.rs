//! Fixes that only the text around a problem shows: a line that can go, an item of a list, a line that is missing.

use radii_diagnostics::{Diagnostic, Fix, Span};

use crate::pattern;
use crate::rules::code::{
    DUPLICATE_REQUIRED, INVALID_PATTERN, MISSING_ITEMS, ODD_ENUM, ODD_PATTERN, READ_AND_WRITE_ONLY,
};

/// Adds them to the problems that have no fix yet.
pub(super) fn with_text(text: &str, diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics.iter_mut().filter(|it| it.fixes.is_empty()) {
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        let Some(own) = text.get(span.start as usize..span.end as usize) else { continue };
        let code = &diagnostic.code;
        let found = match () {
            () if *code == DUPLICATE_REQUIRED => without_item(text, span).map(|fix| ("remove this one", fix)),
            () if *code == ODD_ENUM && diagnostic.message.contains("twice") => {
                without_item(text, span).map(|fix| ("remove this one", fix))
            }
            () if *code == READ_AND_WRITE_ONLY => {
                whole_line(text, span).map(|span| ("remove `writeOnly`", (span, String::new())))
            }
            () if *code == MISSING_ITEMS => items(text, span).map(|fix| ("say what it holds: `items`", fix)),
            () if *code == INVALID_PATTERN => pattern::closed(own).map(|closed| ("close what is open", (span, closed))),
            () if *code == ODD_PATTERN => {
                pattern::written_between_slashes(own).map(|plain| ("remove the slashes", (span, plain)))
            }
            () => None,
        };
        if let Some((title, (span, replacement))) = found {
            diagnostic.fixes.push(Fix { title: title.to_owned(), span, replacement, sure: false });
        }
    }
}

/// The line of a span with its end, if it stands in a block of lines.
fn whole_line(text: &str, span: Span) -> Option<Span> {
    let (start, end) = (span.start as usize, span.end as usize);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let to = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let before = text[from..start].trim_start();
    let is_alone = before.starts_with("- ") || !before.contains(['{', '[', ',']);
    let is_block = is_alone && !text[end..to].contains([',', '}', ']']);
    is_block.then_some(Span { start: from as u32, end: to as u32, ..span })
}

/// The removal of an item from a list.
fn without_item(text: &str, span: Span) -> Option<(Span, String)> {
    let (start, end) = (span.start as usize, span.end as usize);
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    if text[from..start].trim() == "-" {
        return Some((whole_line(text, span)?, String::new()));
    }
    let before = text[..start].trim_end();
    let comma = before.strip_suffix(',')?.len();
    Some((Span { start: comma as u32, end: end as u32, ..span }, String::new()))
}

/// The line `items` behind that of `type: array`.
fn items(text: &str, span: Span) -> Option<(Span, String)> {
    let start = span.start as usize;
    let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[from..start - text[from..start].trim_start_matches(' ').len()];
    if text[from..start].trim() != "type:" {
        return None;
    }
    let own = text.get(start..span.end as usize)?;
    Some((span, format!("{own}\n{indent}items:\n{indent}  type: string")))
}
