//! Where the bytes of a mended text come from.

use radii_diagnostics::{Diagnostic, Span};

use crate::syntax::scanner::Token;
use crate::syntax::{Child, Node, TokenKind};

/// For each byte of the mended text the range of the original that it stands for; empty for what was added.
pub(super) struct Origin {
    bytes: Vec<(u32, u32)>,
    length: usize,
    /// Places of the mended text where something was changed.
    changes: Vec<usize>,
}

impl Origin {
    pub fn of(text: &str) -> Self {
        let bytes = (0..text.len() as u32).map(|at| (at, at + 1)).collect();
        Self { bytes, length: text.len(), changes: Vec::new() }
    }

    /// Takes note of a replacement.
    pub fn replace(&mut self, start: usize, end: usize, length: usize) {
        let range = if start == end {
            let at = self.end(start);
            (at as u32, at as u32)
        } else {
            (self.start(start) as u32, self.end(end) as u32)
        };
        self.bytes.splice(start..end, std::iter::repeat_n(range, length));
        for change in &mut self.changes {
            if *change >= end {
                *change = *change + length - (end - start);
            }
        }
        self.changes.push(start);
    }

    /// Where what starts at a place starts in the original.
    fn start(&self, at: usize) -> usize {
        self.bytes.get(at).map_or(self.length, |(start, _)| *start as usize)
    }

    /// Where what ends at a place ends in the original.
    fn end(&self, at: usize) -> usize {
        match at.checked_sub(1) {
            Some(before) => self.bytes.get(before).map_or(self.length, |(_, end)| *end as usize),
            None => 0,
        }
    }

    /// A range of the mended text as one of the original.
    pub fn range(&self, start: usize, end: usize) -> (usize, usize) {
        let (from, to) = (self.start(start), self.end(end));
        if start == end {
            let at = self.end(start);
            return (at, at);
        }
        (from, to.max(from))
    }

    fn span(&self, span: Span) -> Span {
        let (start, end) = self.range(span.start as usize, span.end as usize);
        Span { file: span.file, start: start as u32, end: end as u32 }
    }

    pub fn map(&self, diagnostic: &mut Diagnostic) {
        diagnostic
            .primary
            .iter_mut()
            .chain(&mut diagnostic.secondary)
            .for_each(|label| label.span = self.span(label.span));
        diagnostic.fixes.iter_mut().for_each(|fix| fix.span = self.span(fix.span));
    }

    /// Moves a tree of the mended text to where it stands in the original.
    ///
    /// Nodes around a change are marked: what is wrong in them may follow from it.
    pub fn map_tree(&self, node: &mut Node) {
        node.has_error |= self.changes.iter().any(|at| node.start <= *at && *at <= node.end);
        (node.start, node.end) = self.node_range(node.start, node.end);
        for child in &mut node.children {
            match child {
                Child::Node(inner) => self.map_tree(inner),
                Child::Token(token) => self.map_token(token),
            }
        }
    }

    /// What has no width stands where the next token does.
    fn node_range(&self, start: usize, end: usize) -> (usize, usize) {
        if start == end {
            let at = self.start(start);
            return (at, at);
        }
        self.range(start, end)
    }

    fn map_token(&self, token: &mut Token) {
        let is_string = matches!(
            token.kind,
            TokenKind::StringLiteral | TokenKind::StringTemplateTail | TokenKind::MultiLineComment
        );
        let closes = token.end > token.start && self.bytes.get(token.end - 1).is_some_and(|(from, to)| from == to);
        token.unterminated |= is_string && closes;
        (token.start, token.end) = self.node_range(token.start, token.end);
    }
}
