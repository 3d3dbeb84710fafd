//! What is said of a token that cannot stand where it does.

use super::super::ast::Expr;
use super::super::problem::Problem;
use super::super::scan::Token;
use super::Parser;

impl Parser<'_> {
    /// Where a value should stand and does not.
    pub(super) fn missing(&self) -> Problem {
        let at = self.at();
        let before = self.next.checked_sub(1).map(|before| &self.spots[before]);
        if let (Token::End | Token::Sign(")" | "]" | "," | ":"), Some(before)) = (self.token(), before) {
            let shown = &self.text[before.at.clone()];
            let message = format!("nothing follows `{shown}`");
            let help = match &before.token {
                Token::Sign("(" | "[" | "," | ":") => "write a value there",
                _ => "write what it is applied to, or remove it",
            };
            return Problem::syntax(before.at.clone(), message, help);
        }
        Problem::syntax(at, format!("{} is no value", self.shown()), "write a value here, such as `self.name`")
    }

    /// What stands behind a whole expression.
    pub(super) fn unexpected_after(&self, expr: &Expr) -> Problem {
        let at = self.at();
        let foreign = match self.token() {
            Token::Name(name) => match name.to_ascii_lowercase().as_str() {
                "and" => Some(("&&", "`and`")),
                "or" => Some(("||", "`or`")),
                "is" | "eq" => Some(("==", "equality")),
                "ne" => Some(("!=", "inequality")),
                "lt" => Some(("<", "`less`")),
                "gt" => Some((">", "`greater`")),
                "le" => Some(("<=", "`at most`")),
                "ge" => Some((">=", "`at least`")),
                "mod" => Some(("%", "the remainder")),
                _ => None,
            },
            _ => None,
        };
        if let Some((sign, what)) = foreign {
            let message = format!("{} is no operator of rules", self.shown());
            return Problem::syntax(at, message, format!("{what} is written `{sign}`")).surely(sign);
        }
        if self.is_name("not") {
            let help = "write `!(x in list)`";
            return Problem::syntax(at, "`not` is no operator of rules", help);
        }
        if self.is("?") || self.is(":") {
            return Problem::syntax(
                at,
                format!("{} cannot stand here", self.shown()),
                "put the condition in parentheses",
            );
        }
        if self.is(")") || self.is("]") || self.is("}") {
            let message = format!("{} closes nothing", self.shown());
            return Problem::syntax(at, message, "remove it, or open it further left").surely("");
        }
        let message = format!("{} cannot follow `{}`", self.shown(), brief(&self.text[expr.at.clone()]));
        Problem::syntax(at, message, "join two values by an operator, such as `&&`, `==` or `+`")
    }
}

fn brief(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(37).chain("...".chars()).collect() }
}
