//! What stands before a place in the text, as tokens: enough to know what may come next.

use radii_diagnostics::FileId;

use crate::syntax::scanner::{Scanner, Token};
use crate::syntax::{Keyword, KeywordClass, TokenKind};

/// The text before a place.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// The tokens before the word at the place, without trivia.
    tokens: Vec<Token>,
    /// Where the word at the place begins; the place itself if there is none.
    pub word: u32,
    /// What surrounds the place.
    pub inside: Inside,
}

/// What surrounds a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Ordinary text.
    Code,
    /// A comment.
    Comment,
    /// A string; its content begins at the offset.
    String(usize),
}

/// What kind of brackets a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A file or a namespace: statements.
    Statements,
    /// The body of a model, an interface, an enum, …: members.
    Members(Option<Keyword>),
    /// `#{`: properties of a value.
    Object,
    /// Parentheses, angle or square brackets: types and values.
    List,
}

impl<'a> Cursor<'a> {
    /// Looks at the text before an offset.
    pub(super) fn new(text: &'a str, offset: usize) -> Self {
        let mut cursor = Self { text, tokens: Vec::new(), word: offset as u32, inside: Inside::Code };
        let mut templates: Vec<(usize, bool)> = Vec::new();
        let mut depth = 0;
        let mut scanner = Scanner::new(FileId(0), text);
        loop {
            let start = scanner.position();
            let mut token = scanner.next_token();
            if token.kind == TokenKind::EndOfFile || token.start >= offset {
                break;
            }
            if token.kind == TokenKind::CloseBrace && templates.last().is_some_and(|(level, _)| *level == depth) {
                let triple = templates.last().is_some_and(|(_, triple)| *triple);
                token = scanner.rescan_template(token.start, triple);
            }
            match token.kind {
                TokenKind::OpenBrace | TokenKind::HashBrace => depth += 1,
                TokenKind::CloseBrace => depth = depth.saturating_sub(1),
                TokenKind::StringTemplateHead => templates.push((depth, text[token.start..].starts_with("\"\"\""))),
                TokenKind::StringTemplateTail => drop(templates.pop()),
                _ => {}
            }
            cursor.take(token, offset);
            // A scanner that stands still would never end.
            if scanner.position() <= start {
                break;
            }
        }
        cursor
    }

    fn take(&mut self, token: Token, offset: usize) {
        let reaches = token.end > offset || (token.end == offset && token.unterminated);
        match token.kind {
            TokenKind::SingleLineComment if token.end >= offset => self.inside = Inside::Comment,
            TokenKind::MultiLineComment if reaches => self.inside = Inside::Comment,
            TokenKind::StringLiteral
            | TokenKind::StringTemplateHead
            | TokenKind::StringTemplateMiddle
            | TokenKind::StringTemplateTail
                if reaches =>
            {
                self.inside = Inside::String(token.start + 1);
            }
            TokenKind::Identifier | TokenKind::Keyword(_) if token.end >= offset => self.word = token.start as u32,
            kind if kind.is_trivia() => {}
            _ => self.tokens.push(token),
        }
    }

    /// The kind of a token before the word, counted backwards from 0.
    pub(super) fn back(&self, steps: usize) -> Option<TokenKind> {
        self.tokens.iter().rev().nth(steps).map(|token| token.kind)
    }

    /// The names before the dot at the place, and whether an `@` stands before them.
    pub(super) fn path(&self) -> (Vec<String>, bool) {
        let mut names = Vec::new();
        let mut rest = self.tokens.as_slice();
        while let [before @ .., name, dot] = rest
            && dot.kind == TokenKind::Dot
            && matches!(name.kind, TokenKind::Identifier | TokenKind::Keyword(_))
        {
            names.push(self.text[name.start..name.end].trim_matches('`').to_owned());
            rest = before;
        }
        names.reverse();
        let decorates = rest.last().is_some_and(|token| matches!(token.kind, TokenKind::At | TokenKind::AtAt));
        (names, decorates)
    }

    /// The innermost brackets around the place.
    pub(super) fn block(&self) -> Block {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().rev() {
            match token.kind {
                TokenKind::CloseBrace | TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::GreaterThan => {
                    depth += 1;
                }
                TokenKind::OpenBrace
                | TokenKind::HashBrace
                | TokenKind::OpenParen
                | TokenKind::OpenBracket
                | TokenKind::HashBracket
                | TokenKind::LessThan
                    if depth > 0 =>
                {
                    depth -= 1;
                }
                TokenKind::HashBrace => return Block::Object,
                TokenKind::OpenBrace => return self.block_opened_at(at),
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::HashBracket | TokenKind::LessThan => {
                    return Block::List;
                }
                _ => {}
            }
        }
        Block::Statements
    }

    /// What a brace opens, by the keyword that its statement begins with.
    fn block_opened_at(&self, at: usize) -> Block {
        for token in self.tokens[..at].iter().rev() {
            match token.kind {
                TokenKind::Keyword(Keyword::Namespace) => return Block::Statements,
                TokenKind::Keyword(Keyword::Is) => {}
                TokenKind::Keyword(word) if word.class() == KeywordClass::Statement => {
                    return Block::Members(Some(word));
                }
                TokenKind::Semicolon | TokenKind::OpenBrace | TokenKind::CloseBrace | TokenKind::Colon => break,
                _ => {}
            }
        }
        Block::Members(None)
    }
}
