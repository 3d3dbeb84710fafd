//! Comments: which element they belong to, and how they are printed.

use super::document::{Doc, Line, concat, hard, text};
use crate::syntax::scanner::Token;
use crate::syntax::{Child, Node, TokenKind};

/// An element of a list with the comments that belong to it.
pub(super) struct Element<'t> {
    /// The element.
    pub node: &'t Node,
    /// Comments on lines of their own before it, doc comments included.
    pub leading: Vec<Token>,
    /// Comments behind it on its last line, or on own lines when nothing follows.
    pub trailing: Vec<Token>,
}

/// Splits a list's children into elements; the second result are comments of a list without elements.
pub(super) fn elements<'t>(
    children: &'t [Child],
    source: &str,
    is_element: impl Fn(&Node) -> bool,
) -> (Vec<Element<'t>>, Vec<Token>) {
    let mut elements: Vec<Element<'t>> = Vec::new();
    let mut pending: Vec<Token> = Vec::new();
    let mut line_open = false;
    for child in children {
        match child {
            Child::Node(node) if is_element(node) => {
                elements.push(Element { node, leading: std::mem::take(&mut pending), trailing: Vec::new() });
                line_open = true;
            }
            Child::Node(_) => {}
            Child::Token(token) if token.kind == TokenKind::NewLine => line_open = false,
            Child::Token(token) if is_comment(token.kind) => match elements.last_mut() {
                Some(last) if line_open => {
                    last.trailing.push(*token);
                    line_open = !source[token.start..token.end].contains('\n');
                }
                _ => pending.push(*token),
            },
            Child::Token(_) => {}
        }
    }
    match elements.last_mut() {
        Some(last) => {
            last.trailing.append(&mut pending);
            (elements, Vec::new())
        }
        None => (elements, pending),
    }
}

pub(super) fn is_comment(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::SingleLineComment | TokenKind::MultiLineComment)
}

/// Comments before an element, each with its line break.
pub(super) fn leading(comments: &[Token], source: &str) -> Doc {
    leading_before(comments, source, Blank::Kept)
}

/// What becomes of a blank line between the last comment and the element.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// It stays.
    Kept,
    /// The element brings its own.
    Dropped,
}

/// As [`leading`], before an element that may start with a line break.
pub(super) fn leading_before(comments: &[Token], source: &str, blank: Blank) -> Doc {
    let mut parts = Vec::new();
    for (at, comment) in comments.iter().enumerate() {
        let is_last = at + 1 == comments.len();
        parts.push(comment_doc(comment, source));
        let same_line = comment.kind == TokenKind::MultiLineComment && !has_line_break_after(source, comment.end);
        if same_line {
            parts.push(text(" "));
            continue;
        }
        parts.push(hard());
        if is_next_line_empty(source, comment.end) && !(is_last && blank == Blank::Dropped) {
            parts.push(hard());
        }
    }
    concat(parts)
}

/// Comments behind an element.
pub(super) fn trailing(comments: &[Token], source: &str) -> Doc {
    let mut parts = Vec::new();
    for comment in comments {
        let doc = comment_doc(comment, source);
        let own_line = source[..comment.start].trim_end_matches([' ', '\t']).ends_with(['\n', '\r']);
        if own_line {
            let blank = is_line_before_empty(source, comment.start);
            let breaks = if blank { concat([hard(), hard()]) } else { hard() };
            parts.push(Doc::LineSuffix(Box::new(concat([breaks, doc]))));
        } else if comment.kind == TokenKind::SingleLineComment {
            parts.push(Doc::LineSuffix(Box::new(concat([text(" "), doc]))));
            parts.push(Doc::BreakParent);
        } else {
            parts.push(concat([text(" "), doc]));
        }
    }
    concat(parts)
}

/// Comments of an empty block, each on its own line.
pub(super) fn dangling(comments: &[Token], source: &str) -> Doc {
    let mut parts = Vec::new();
    for (at, comment) in comments.iter().enumerate() {
        if at > 0 {
            parts.push(hard());
            if is_line_before_empty(source, comment.start) {
                parts.push(hard());
            }
        }
        parts.push(comment_doc(comment, source));
    }
    concat(parts)
}

/// A comment; block comments whose lines all start with `*` are aligned anew.
pub(super) fn comment_doc(comment: &Token, source: &str) -> Doc {
    let raw = source[comment.start..comment.end].trim_end();
    let lines: Vec<&str> = raw.lines().collect();
    let aligned = lines.len() > 1 && lines[1..].iter().all(|line| line.trim_start().starts_with('*'));
    let mut parts = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            parts.push(if aligned { hard() } else { concat([Doc::Line(Line::Literal), Doc::BreakParent]) });
        }
        match (aligned, at) {
            (true, 0) => parts.push(text(line.trim_end())),
            (true, _) => parts.push(text(format!(" {}", line.trim()))),
            (false, _) => parts.push(text(*line)),
        }
    }
    concat(parts)
}

fn has_line_break_after(source: &str, end: usize) -> bool {
    source[end..].trim_start_matches([' ', '\t']).starts_with(['\n', '\r'])
}

/// Whether the line before the one at `start` is blank.
fn is_line_before_empty(source: &str, start: usize) -> bool {
    let before = source[..start].trim_end_matches([' ', '\t']);
    let Some(before) = before.strip_suffix('\n').or_else(|| before.strip_suffix('\r')) else { return false };
    before.trim_end_matches([' ', '\t', '\r']).ends_with('\n')
}

/// Whether a blank line follows the line that holds `end`.
pub(super) fn is_next_line_empty(source: &str, end: usize) -> bool {
    let mut rest = source[end..].trim_start_matches([' ', '\t', ',', ';']);
    while let Some(comment) = rest.strip_prefix("/*") {
        let Some(close) = comment.find("*/") else { return false };
        if comment[..close].contains('\n') {
            break;
        }
        rest = comment[close + 2..].trim_start_matches([' ', '\t', ',', ';']);
    }
    if rest.starts_with("//") {
        rest = rest.find('\n').map_or("", |at| &rest[at..]);
    }
    let Some(rest) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])) else { return false };
    rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}
