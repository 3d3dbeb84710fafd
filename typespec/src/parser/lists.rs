//! Lists: one algorithm for everything that is repeated, so that recovery is the same everywhere.

use super::Parser;
use crate::syntax::{Keyword, TokenKind};

/// How a list is written.
pub(super) struct ListKind {
    /// What opens and closes it; `None` for a list without brackets.
    pub brackets: Option<(TokenKind, TokenKind)>,
    /// What stands between two elements.
    pub delimiter: TokenKind,
    /// What is understood instead, and whether without complaint.
    pub tolerated: Option<(TokenKind, bool)>,
    /// Whether it may be empty.
    pub may_be_empty: bool,
    /// What annotations are complained about as; `None` where elements may have them.
    pub unannotated: Option<&'static str>,
    /// Statement keywords that start elements.
    pub starters: &'static [Keyword],
}

const BRACES: Option<(TokenKind, TokenKind)> = Some((TokenKind::OpenBrace, TokenKind::CloseBrace));
const PARENS: Option<(TokenKind, TokenKind)> = Some((TokenKind::OpenParen, TokenKind::CloseParen));
const ANGLES: Option<(TokenKind, TokenKind)> = Some((TokenKind::LessThan, TokenKind::GreaterThan));
const COMMA_OR_SEMICOLON: Option<(TokenKind, bool)> = Some((TokenKind::Semicolon, true));
const DECLARATIONS: &[Keyword] = &[Keyword::Model, Keyword::Enum, Keyword::Union, Keyword::Scalar];

const fn list(brackets: Option<(TokenKind, TokenKind)>, delimiter: TokenKind) -> ListKind {
    ListKind { brackets, delimiter, tolerated: None, may_be_empty: true, unannotated: None, starters: &[] }
}

/// `{ a: string; ...B }`
pub(super) const PROPERTIES: ListKind =
    ListKind { tolerated: Some((TokenKind::Comma, true)), ..list(BRACES, TokenKind::Semicolon) };
/// `(a: string, ...B)` of operations.
pub(super) const OPERATION_PARAMETERS: ListKind =
    ListKind { tolerated: COMMA_OR_SEMICOLON, ..list(PARENS, TokenKind::Comma) };
/// Members of interfaces.
pub(super) const INTERFACE_MEMBERS: ListKind = ListKind {
    tolerated: Some((TokenKind::Comma, false)),
    starters: &[Keyword::Op],
    ..list(BRACES, TokenKind::Semicolon)
};
/// Members of scalars.
pub(super) const SCALAR_MEMBERS: ListKind = ListKind {
    tolerated: Some((TokenKind::Comma, false)),
    starters: &[Keyword::Init],
    ..list(BRACES, TokenKind::Semicolon)
};
/// Variants of unions.
pub(super) const UNION_VARIANTS: ListKind =
    ListKind { tolerated: Some((TokenKind::Comma, true)), ..list(BRACES, TokenKind::Semicolon) };
/// Members of enums.
pub(super) const ENUM_MEMBERS: ListKind = ListKind { tolerated: COMMA_OR_SEMICOLON, ..list(BRACES, TokenKind::Comma) };
/// `<T extends string = "a">`
pub(super) const TEMPLATE_PARAMETERS: ListKind = ListKind {
    tolerated: Some((TokenKind::Semicolon, false)),
    may_be_empty: false,
    unannotated: Some("template parameter"),
    ..list(ANGLES, TokenKind::Comma)
};
/// `<string, T = int32>`
pub(super) const TEMPLATE_ARGUMENTS: ListKind = ListKind {
    tolerated: Some((TokenKind::Semicolon, false)),
    may_be_empty: false,
    unannotated: Some("expression"),
    starters: DECLARATIONS,
    ..list(ANGLES, TokenKind::Comma)
};
/// Arguments of decorators and calls.
pub(super) const ARGUMENTS: ListKind = ListKind {
    tolerated: COMMA_OR_SEMICOLON,
    unannotated: Some("expression"),
    starters: DECLARATIONS,
    ..list(PARENS, TokenKind::Comma)
};
/// Parameters of `dec`, `fn` and `init`.
pub(super) const FUNCTION_PARAMETERS: ListKind = ListKind {
    tolerated: Some((TokenKind::Semicolon, false)),
    unannotated: Some("expression"),
    ..list(PARENS, TokenKind::Comma)
};
/// `[a, b]`
pub(super) const TUPLE: ListKind = ListKind {
    tolerated: Some((TokenKind::Semicolon, false)),
    unannotated: Some("expression"),
    starters: DECLARATIONS,
    ..list(Some((TokenKind::OpenBracket, TokenKind::CloseBracket)), TokenKind::Comma)
};
/// `#[a, b]`
pub(super) const ARRAY_LITERAL: ListKind = ListKind {
    tolerated: Some((TokenKind::Semicolon, false)),
    unannotated: Some("expression"),
    starters: DECLARATIONS,
    ..list(Some((TokenKind::HashBracket, TokenKind::CloseBracket)), TokenKind::Comma)
};
/// `#{a: 1, ...b}`
pub(super) const OBJECT_LITERAL: ListKind = list(Some((TokenKind::HashBrace, TokenKind::CloseBrace)), TokenKind::Comma);
/// `A, B` behind `extends`.
pub(super) const HERITAGE: ListKind = ListKind { may_be_empty: false, ..list(None, TokenKind::Comma) };

impl Parser<'_> {
    /// Parses a list; `element` gets the checkpoint before the element's annotations.
    pub(super) fn list(&mut self, kind: &ListKind, element: impl Fn(&mut Self, super::Checkpoint)) {
        if let Some((open, close)) = kind.brackets {
            self.expect(open);
            if kind.may_be_empty && self.eat(close) {
                return;
            }
        }
        loop {
            let position = self.token.start;
            let from = self.checkpoint();
            let annotations = self.annotations(kind.unannotated.is_none());
            if let Some(what) = kind.unannotated {
                self.refuse_annotations(&annotations, what);
            }
            if annotations.is_bare() && self.at_end_with_error(kind) {
                self.close_list(kind);
                break;
            }
            element(self, from);
            if self.delimiter(kind) {
                if kind.brackets.is_some_and(|(_, close)| self.eat(close)) {
                    break;
                }
                continue;
            }
            let Some((_, close)) = kind.brackets else { break };
            if self.eat(close) {
                break;
            }
            if self.at_end_with_error(kind) {
                self.expect(close);
                break;
            }
            self.expect(kind.delimiter);
            if position == self.token.start {
                // Nothing was taken: whatever stands here is no element.
                self.expect(close);
                self.bump();
                break;
            }
        }
    }

    fn close_list(&mut self, kind: &ListKind) {
        if let Some((_, close)) = kind.brackets {
            self.expect(close);
        }
    }

    fn delimiter(&mut self, kind: &ListKind) -> bool {
        if self.eat(kind.delimiter) {
            return true;
        }
        match kind.tolerated {
            Some((tolerated, valid)) if self.at(tolerated) => {
                if !valid {
                    self.expect(kind.delimiter);
                }
                self.bump();
                true
            }
            _ => false,
        }
    }

    fn at_end_with_error(&self, kind: &ListKind) -> bool {
        let starts_element = matches!(self.token.kind, TokenKind::Keyword(word) if kind.starters.contains(&word));
        self.at(TokenKind::EndOfFile) || (self.token.kind.is_statement_keyword() && !starts_element)
    }
}
