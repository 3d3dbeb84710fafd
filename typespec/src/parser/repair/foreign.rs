//! Signs that mean something else in other languages, where the parser goes on as if nothing was.

use radii_diagnostics::{Diagnostic, Fix, Span};

/// Explains comments that begin with `#`, decorators that begin with `#`, and texts in triple quotes on one line.
pub(super) fn explain(diagnostics: &mut Vec<Diagnostic>, text: &str) {
    explain_conflicts(diagnostics, text);
    super::long_texts::explain(diagnostics, text);
    let mut told: Vec<(usize, usize)> = Vec::new();
    for diagnostic in diagnostics.iter_mut().filter(|it| it.code.as_str() == "unknown-directive") {
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        let start = span.start as usize;
        let rest = text.get(start + 1..).unwrap_or_default();
        let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        let name = line.bytes().take_while(|it| it.is_ascii_alphanumeric() || *it == b'_').count();
        let (sign, message) = match () {
            () if line.starts_with([' ', '\t', '#', '!']) => ("//", "Comments begin with `//`."),
            () if line[name..].starts_with('(') => ("@", "Decorators begin with `@`."),
            () if name > 3 && line[name..].trim().is_empty() && !is_directive(&line[..name]) => {
                ("@", "Decorators begin with `@`.")
            }
            () => {
                let known = ["deprecated", "suppress"].into_iter();
                let place = Span { start: span.start + 1, end: span.start + 1 + name as u32, ..span };
                if let Some(meant) = crate::checker::similar(&line[..name], known.clone()) {
                    let title = format!("rename to `{meant}`");
                    let fix = Fix { title, span: place, replacement: meant.clone(), sure: true };
                    *diagnostic = diagnostic.clone().at(place).help(format!("did you mean `{meant}`?")).fix(fix);
                } else {
                    diagnostic.help = Some("the directives are `#deprecated` and `#suppress`".to_owned());
                }
                continue;
            }
        };
        let place = Span { end: span.start + 1, ..span };
        let title = format!("write `{sign}`");
        let fix = Fix { title: title.clone(), span: place, replacement: sign.to_owned(), sure: true };
        message.clone_into(&mut diagnostic.message);
        *diagnostic = diagnostic.clone().at(place).help(title).fix(fix);
        told.push((start, start + 1 + line.len()));
    }
    for diagnostic in diagnostics.iter_mut().filter(|it| it.code.as_str() == "digit-expected") {
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        let own = text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let plain = own.trim_end_matches(|it: char| !it.is_ascii_digit());
        if !plain.is_empty() {
            let title = format!("write `{plain}`");
            let fix = Fix { title: title.clone(), span, replacement: plain.to_owned(), sure: false };
            *diagnostic = diagnostic.clone().help(title).fix(fix);
        }
    }
    for diagnostic in diagnostics.iter_mut() {
        let (sign, digits) = match diagnostic.code.as_str() {
            "hex-digit-expected" => ("0x", "`0` to `9` and `a` to `f`"),
            "binary-digit-expected" => ("0b", "`0` and `1`"),
            _ => continue,
        };
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        let title = format!("write digits behind `{sign}`, {digits}; or `0` alone");
        let fix = Fix { title: title.clone(), span, replacement: "0".to_owned(), sure: false };
        *diagnostic = diagnostic.clone().help(title).fix(fix);
    }
    let triple: Vec<Span> = diagnostics
        .iter()
        .filter(|it| it.code.as_str() == "no-new-line-start-triple-quote" && !it.fixes.is_empty())
        .filter_map(|it| Some(it.primary.as_ref()?.span))
        .collect();
    diagnostics.retain(|diagnostic| {
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { return true };
        let follows = told.iter().any(|(start, end)| (start + 1..*end).contains(&(span.start as usize)));
        let follows_quotes = matches!(diagnostic.code.as_str(), "no-new-line-end-triple-quote" | "triple-quote-indent");
        let is_twice = follows_quotes && triple.contains(&span);
        !follows && !is_twice
    });
}

fn is_directive(name: &str) -> bool {
    crate::checker::similar(name, ["deprecated", "suppress"].into_iter()).is_some()
}

/// A merge that was not resolved is one mistake, at its first marker: one of the two sides goes, with the markers.
fn explain_conflicts(diagnostics: &mut Vec<Diagnostic>, text: &str) {
    let mut region: Option<Span> = None;
    diagnostics.retain_mut(|diagnostic| {
        let is_marker = diagnostic.code.as_str() == "conflict-marker";
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span).filter(|_| is_marker) else { return true };
        if region.is_some_and(|region| region.start <= span.start && span.start < region.end) {
            return false;
        }
        let help =
            "resolve the merge: keep one of the two sides, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`";
        *diagnostic = diagnostic.clone().help(help);
        if let Some((end, kept)) = own_side(text, span.start as usize) {
            let whole = Span { end: end as u32, ..span };
            region = Some(whole);
            let title = "keep the first side".to_owned();
            diagnostic.fixes.push(Fix { title, span: whole, replacement: kept, sure: false });
        } else {
            // A marker without the others was left over.
            let rest = text.get(span.start as usize..).unwrap_or_default();
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let line = Span { end: span.start + length as u32, ..span };
            let title = "remove the marker".to_owned();
            diagnostic.fixes.push(Fix { title, span: line, replacement: String::new(), sure: false });
        }
        true
    });
}

/// Where a conflict that begins at a marker ends, and the text of its first side.
fn own_side(text: &str, start: usize) -> Option<(usize, String)> {
    let rest = text.get(start..).filter(|rest| rest.starts_with("<<<<<<<"))?;
    let (mut end, mut kept, mut is_first) = (start, String::new(), true);
    for (at, line) in rest.split_inclusive('\n').enumerate() {
        end += line.len();
        if line.starts_with(">>>>>>>") {
            return Some((end, kept));
        }
        is_first &= !line.starts_with("=======") && !line.starts_with("|||||||");
        if is_first && at > 0 {
            kept += line;
        }
    }
    None
}
