//! Doc comments: so far only what the parser has to complain about.

use super::Parser;
use crate::syntax::TokenKind;

impl Parser<'_> {
    /// Checks the tags of the doc comments before the token at hand.
    pub(super) fn docs(&mut self) {
        let mut comments = Vec::new();
        for child in self.children.iter().rev() {
            match child {
                crate::syntax::Child::Token(token) if token.kind.is_trivia() => comments.push(*token),
                _ => break,
            }
        }
        for token in comments.into_iter().rev() {
            let text = &self.text[token.start..token.end];
            let is_doc = token.kind == TokenKind::MultiLineComment && text.starts_with("/**") && text.len() > 4;
            if is_doc && !token.unterminated {
                self.check_tags(token.start + 3, token.end - 2);
            }
        }
    }

    fn check_tags(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut fence: Option<usize> = None;
        while at < end {
            let ticks = bytes[at..end].iter().take_while(|byte| **byte == b'`').count();
            if ticks > 0 {
                // Code spans and fences hide tags until as many back-ticks close them.
                fence = match fence {
                    None => Some(ticks),
                    Some(open) if open == ticks => None,
                    open => open,
                };
                at += ticks;
            } else if bytes[at] == b'\\' {
                at += 2;
            } else if bytes[at] == b'@' && fence.is_none() {
                at = self.check_tag(at + 1, end);
            } else {
                if fence == Some(1) && bytes[at] == b'\n' {
                    fence = None;
                }
                at += 1;
            }
        }
    }

    /// Checks one tag, whose name starts at `at`; returns where to go on.
    fn check_tag(&mut self, at: usize, end: usize) -> usize {
        let name = self.doc_word(at, end);
        if name == at {
            let message = "Invalid tag name. Use backticks around code if this was not meant to be a tag.";
            let missing = (at..end).find(|at| !self.text.as_bytes()[*at].is_ascii_whitespace()).unwrap_or(end);
            let place = if missing == end { (at, self.behind(at)) } else { (missing, self.behind(missing)) };
            self.warn("doc-invalid-identifier", message, place.0, place.1);
            return at;
        }
        let message = match &self.text[at..name] {
            "param" => "Invalid parameter name.",
            "template" => "Invalid template parameter name.",
            "prop" => "Invalid property name.",
            _ => return name,
        };
        let blank = self.text.as_bytes()[name..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let from = name + blank;
        if self.text.as_bytes().get(from) == Some(&b'`') && from < end {
            let close = self.text[from + 1..end].find('`').map_or(end, |at| from + at + 2);
            return close;
        }
        let word = self.doc_word(from, end);
        if word == from {
            self.warn("doc-invalid-identifier", message, from, from);
        }
        word
    }

    /// Returns the end of the identifier that starts at an offset.
    fn doc_word(&self, from: usize, end: usize) -> usize {
        let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
        let text = &self.text[from..end];
        from + text.find(|character| !is_part(character)).unwrap_or(text.len())
    }
}
