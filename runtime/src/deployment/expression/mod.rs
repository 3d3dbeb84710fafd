//! Template expressions: `[format('{0}-db', parameters('name'))]`.
//!
//! The language has function calls, strings, integers, member and index access, and nothing else
//! (Bicep contract, part 4.5).

mod evaluate;
mod parse;

use std::borrow::Cow;

use serde_json::Value as Json;

pub(super) use evaluate::{Evaluator, Need, Phase, Resources, Scope, Stop, count_of, is_copy, kind_of, within};
pub(super) use parse::parse;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    /// A string or an integer.
    Literal(Json),
    /// A function call; the name may contain one dot.
    Call {
        /// The name as written.
        name: String,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `of.key` and `of[key]`.
    Member {
        /// What is looked into.
        of: Box<Expr>,
        /// Property name or index.
        key: Box<Expr>,
    },
}

impl Expr {
    /// Returns the text of a string literal.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Expr::Literal(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Calls `visit` for this expression and every one inside it.
    pub(super) fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        match self {
            Expr::Literal(_) => {}
            Expr::Call { args, .. } => args.iter().for_each(|arg| arg.walk(visit)),
            Expr::Member { of, key } => {
                of.walk(visit);
                key.walk(visit);
            }
        }
    }
}

/// What a string of a template is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text<'a> {
    /// Text as it stands, or without the bracket that escaped it.
    Plain(Cow<'a, str>),
    /// An expression, without its brackets.
    Expression(&'a str),
}

impl<'a> Text<'a> {
    /// Tells expressions from plain text: `[…]` is an expression, `[[…]` the text `[…]`.
    pub(super) fn of(text: &'a str) -> Self {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match inner {
            Some(inner) if inner.starts_with('[') => Text::Plain(Cow::Borrowed(&text[1..])),
            Some(inner) => Text::Expression(inner),
            None => Text::Plain(Cow::Borrowed(text)),
        }
    }
}
