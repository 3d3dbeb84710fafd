//! The values of string tokens: escapes, and the indentation of triple-quoted strings.

use radii_diagnostics::{Code, Diagnostic, FileId, Fix, Span};

/// Which part of a string, quoted how, a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Whether the string has triple quotes.
    pub triple: bool,
    /// Whether the part starts with the opening quotes (else with `}`).
    pub opens: bool,
    /// Whether the part ends with the closing quotes (else with `${`).
    pub closes: bool,
    /// Whether the end is missing.
    pub unterminated: bool,
}

/// Returns the value of the string part `start..end` of `text`, with what is wrong with it.
///
/// `indentation` is the white space before the closing quotes, which every line of a triple-quoted
/// string starts with; see [`indentation`].
pub fn string_value(
    file: FileId,
    text: &str,
    (start, end): (usize, usize),
    shape: Shape,
    indentation: &str,
) -> (String, Vec<Diagnostic>) {
    let quotes = if shape.triple { "\"\"\"" } else { "\"" };
    // A sign that was missing, and was put in to read on, does not stand there.
    let own = &text[start..end];
    let opening = if shape.opens { quotes } else { "}" };
    let inner = own.strip_prefix(opening).unwrap_or(own);
    let from = end - inner.len();
    let closing = if shape.closes { quotes } else { "${" };
    let body = inner.strip_suffix(closing).filter(|_| !shape.unterminated).unwrap_or(inner);
    let mut diagnostics = Vec::new();
    if !shape.triple {
        let value = unescape(file, body, from, &mut diagnostics);
        return (value, diagnostics);
    }
    let span = Span::new(file, start, end);
    check_triple_quotes(body, shape, span, &mut diagnostics);
    let mut lines = body_lines(body, shape);
    // A part that follows an interpolation starts in the middle of a line.
    let whole_lines = usize::from(!shape.opens);
    let mut value = String::new();
    let mut complained = false;
    for (at, (offset, line)) in lines.drain(..).enumerate() {
        let blank = is_blank(line);
        let (offset, line) = match line.strip_prefix(indentation) {
            _ if at < whole_lines => (offset, line),
            Some(rest) => (offset + indentation.len(), rest),
            None if blank => (offset, ""),
            None => {
                if !complained {
                    complained = true;
                    let message = "All lines in triple-quoted string lines must have the same indentation as closing triple quotes.";
                    diagnostics.push(Diagnostic::error(Code::new("triple-quote-indent"), message).at(span));
                }
                (offset, line)
            }
        };
        if at > 0 {
            value.push('\n');
        }
        value.push_str(&unescape(file, line, from + offset, &mut diagnostics));
    }
    (value, diagnostics)
}

/// Checks that opening and closing triple quotes have their lines for themselves.
fn check_triple_quotes(body: &str, shape: Shape, span: Span, diagnostics: &mut Vec<Diagnostic>) {
    let first = body.split(['\r', '\n']).next().unwrap_or_default();
    let last = body.rsplit(['\r', '\n']).next().unwrap_or_default();
    let has_break = body.contains(['\r', '\n']);
    if shape.opens && !(is_blank(first) && (has_break || shape.unterminated)) {
        let message = "String content in triple quotes must begin on a new line.";
        let mut diagnostic = Diagnostic::error(Code::new("no-new-line-start-triple-quote"), message).at(span);
        if shape.closes && !shape.unterminated && !has_break {
            let title = "write the text in single double quotes".to_owned();
            let replacement = format!("\"{}\"", body.replace('"', "\\\""));
            let fix = Fix { title: title.clone(), span, replacement, sure: true };
            diagnostic = diagnostic.help(title).fix(fix);
        } else {
            diagnostic = diagnostic.help("begin a new line behind the quotes");
        }
        diagnostics.push(diagnostic);
    }
    if shape.closes && (shape.unterminated || !(has_break && is_blank(last))) {
        let message = "Closing triple quotes must begin on a new line.";
        diagnostics.push(Diagnostic::error(Code::new("no-new-line-end-triple-quote"), message).at(span));
    }
}

/// Returns the lines of a part with their offsets, without the lines that belong to the quotes.
fn body_lines(body: &str, shape: Shape) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut offset = 0;
    loop {
        let rest = &body[offset..];
        let Some(at) = rest.find(['\r', '\n']) else {
            lines.push((offset, rest));
            break;
        };
        lines.push((offset, &rest[..at]));
        offset += at + if rest[at..].starts_with("\r\n") { 2 } else { 1 };
    }
    if shape.opens && lines.len() > 1 && is_blank(lines[0].1) {
        lines.remove(0);
    }
    if shape.closes && lines.last().is_some_and(|(_, line)| is_blank(line)) {
        lines.pop();
    }
    lines
}

fn is_blank(line: &str) -> bool {
    line.chars().all(char::is_whitespace)
}

/// Returns the white space before the closing quotes of a triple-quoted string whose last part is `part`.
pub fn indentation(part: &str) -> &str {
    let body = part.strip_suffix("\"\"\"").unwrap_or(part);
    let line = body.rfind(['\r', '\n']).map_or(body, |at| &body[at + 1..]);
    if line.trim_matches([' ', '\t']).is_empty() { line } else { "" }
}

/// Replaces escapes; what is no escape is reported and kept without its backslash.
pub fn unescape(file: FileId, text: &str, offset: usize, diagnostics: &mut Vec<Diagnostic>) -> String {
    let mut value = String::with_capacity(text.len());
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some((_, 'r')) => value.push('\r'),
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, escaped @ ('"' | '\\' | '$' | '@' | '`'))) => value.push(escaped),
            other => {
                // A backslash at the very end has no pair to underline.
                let length = other.map_or(0, |(_, escaped)| 1 + escaped.len_utf8());
                let span = Span::new(file, offset + at, offset + at + length);
                let diagnostic = Diagnostic::error(Code::new("invalid-escape-sequence"), "Invalid escape sequence.");
                let help = "write `\\\\` for a backslash; the escapes are \\r \\n \\t \\\" \\\\ \\$ \\@ \\`";
                let fix = Fix {
                    title: "write the backslash itself".to_owned(),
                    span: Span::new(file, offset + at, offset + at + 1),
                    replacement: "\\\\".to_owned(),
                    sure: false,
                };
                diagnostics.push(diagnostic.at(span).help(help).fix(fix));
                value.extend(other.map(|(_, escaped)| escaped));
            }
        }
    }
    value
}
