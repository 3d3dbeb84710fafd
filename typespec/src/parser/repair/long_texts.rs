//! Texts in triple quotes whose lines do not stand where they have to.

use radii_diagnostics::{Diagnostic, Fix, Span};

const QUOTES: &str = "\"\"\"";

/// Proposes where the lines of a text in triple quotes go.
pub(super) fn explain(diagnostics: &mut [Diagnostic], text: &str) {
    for diagnostic in diagnostics.iter_mut().filter(|it| it.fixes.is_empty()) {
        let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { continue };
        let Some(own) = text.get(span.start as usize..span.end as usize).filter(|own| is_whole(own)) else { continue };
        let (title, start, end, replacement) = match diagnostic.code.as_str() {
            "no-new-line-start-triple-quote" => opened(own),
            "no-new-line-end-triple-quote" => closed(own),
            "triple-quote-indent" => indented(own),
            _ => continue,
        };
        let place = Span { start: span.start + start as u32, end: span.start + end as u32, ..span };
        let fix = Fix { title: title.to_owned(), span: place, replacement, sure: false };
        *diagnostic = diagnostic.clone().help(title).fix(fix);
    }
}

fn is_whole(own: &str) -> bool {
    own.len() > 6 && own.starts_with(QUOTES) && own.ends_with(QUOTES) && own.contains('\n')
}

/// The white space that a line begins with.
fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The white space before the closing quotes; that of the first line that has any where they end a line of words.
fn wanted(own: &str) -> &str {
    let body = &own[3..own.len() - 3];
    let last = body.rsplit('\n').next().unwrap_or_default();
    if last.trim().is_empty() {
        return last;
    }
    body.split('\n').skip(1).find(|line| !line.trim().is_empty()).map_or("", indentation)
}

/// A text that begins beside its quotes goes to the next line.
fn opened(own: &str) -> (&'static str, usize, usize, String) {
    let gap = indentation(&own[3..]).len();
    ("begin a new line behind the quotes", 3, 3 + gap, format!("\n{}", wanted(own)))
}

/// Quotes that end a line of words go to the next one.
fn closed(own: &str) -> (&'static str, usize, usize, String) {
    let end = own.len() - 3;
    let start = own[..end].trim_end_matches([' ', '\t']).len();
    ("put the closing quotes on a line of their own", start, end, format!("\n{}", wanted(own)))
}

/// Lines that are indented less than the closing quotes, or quotes that are indented more than every line.
fn indented(own: &str) -> (&'static str, usize, usize, String) {
    let indent = wanted(own);
    let body = own.len() - 3;
    let lines: Vec<&str> = own[..body].split('\n').skip(1).filter(|line| !line.trim().is_empty()).collect();
    let shared = lines.iter().map(|line| indentation(line)).min_by_key(|it| it.len()).unwrap_or_default();
    let is_quotes_fault = lines.len() > 1 && lines.iter().all(|line| !line.starts_with(indent));
    if is_quotes_fault && lines.iter().all(|line| line.starts_with(shared)) {
        let start = own[..body].rfind('\n').map_or(body, |at| at + 1);
        return ("indent the closing quotes as the lines are", start, body, shared.to_owned());
    }
    let mended: Vec<String> = own
        .split('\n')
        .enumerate()
        .map(|(at, line)| match at == 0 || line.trim().is_empty() || line.starts_with(indent) {
            true => line.to_owned(),
            false => format!("{indent}{}", line.trim_start_matches([' ', '\t'])),
        })
        .collect();
    ("indent the lines as the closing quotes are", 0, own.len(), mended.join("\n"))
}
