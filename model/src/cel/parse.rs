//! The parser: a rule's tokens as a tree, by precedence.

mod unexpected;

use super::ast::{Expr, Fold, Kind, Literal, Operator};
use super::problem::{At, Problem};
use super::scan::{Spot, Token, scan};

/// Expressions inside expressions; what is deeper is nobody's rule.
const DEEPEST: usize = 120;
/// Bytes of a rule.
const LONGEST: usize = 10_000;

/// Names that the language keeps for itself.
const RESERVED: [&str; 16] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "while",
];

/// Parses a rule.
///
/// # Errors
/// The first mistake.
pub(super) fn parse(text: &str) -> Result<Expr, Problem> {
    if text.len() > LONGEST {
        let message = format!("the rule has {} bytes; at most {LONGEST} are read", text.len());
        return Err(Problem::syntax(0..0, message, "split it into several rules"));
    }
    let mut parser = Parser { text, spots: scan(text)?, next: 0, open: 0 };
    if parser.token() == &Token::End {
        let help = "write an expression over `self`, such as `self.min <= self.max`";
        return Err(Problem::syntax(0..text.len(), "the rule is empty", help));
    }
    let expr = parser.expression()?;
    match parser.token() {
        Token::End => Ok(expr),
        _ => Err(parser.unexpected_after(&expr)),
    }
}

struct Parser<'t> {
    text: &'t str,
    spots: Vec<Spot>,
    next: usize,
    /// Expressions that are being read.
    open: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.spots[self.next].token
    }

    fn at(&self) -> At {
        self.spots[self.next].at.clone()
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.token(), Token::Sign(own) if *own == sign)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.token(), Token::Name(own) if own == name)
    }

    /// Goes on; the end stays where it is.
    fn advance(&mut self) -> Spot {
        let spot = self.spots[self.next].clone();
        self.next = (self.next + 1).min(self.spots.len() - 1);
        spot
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.is(sign);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &'static str, open: &At, what: &str) -> Result<At, Problem> {
        if self.is(sign) {
            return Ok(self.advance().at);
        }
        if self.token() == &Token::End {
            let help = format!("close it with `{sign}`");
            return Err(Problem::syntax(open.clone(), format!("{what} does not end"), help));
        }
        let message = format!("{} cannot stand here", self.shown());
        Err(Problem::syntax(self.at(), message, format!("{what} goes on with `,` or ends with `{sign}`")))
    }

    /// The token in words.
    fn shown(&self) -> String {
        match self.token() {
            Token::End => "the end of the rule".to_owned(),
            _ => format!("`{}`", &self.text[self.at()]),
        }
    }

    fn node(&self, kind: Kind, at: At, deepest: usize) -> Result<Expr, Problem> {
        if deepest >= DEEPEST {
            let message = format!("more than {DEEPEST} expressions stand inside each other");
            return Err(Problem::syntax(at, message, "split the rule into several"));
        }
        Ok(Expr { kind, at, depth: deepest + 1 })
    }

    fn leaf(&self, kind: Kind, at: At) -> Expr {
        Expr { kind, at, depth: 1 }
    }

    fn expression(&mut self) -> Result<Expr, Problem> {
        self.open += 1;
        if self.open > DEEPEST {
            let message = format!("more than {DEEPEST} expressions stand inside each other");
            return Err(Problem::syntax(self.at(), message, "split the rule into several"));
        }
        let expr = self.ternary();
        self.open -= 1;
        expr
    }

    fn ternary(&mut self) -> Result<Expr, Problem> {
        let condition = self.binary(0)?;
        if !self.is("?") {
            return Ok(condition);
        }
        let question = self.advance().at;
        let then = self.expression()?;
        if !self.eat(":") {
            let help = "write `condition ? value : other`";
            return Err(Problem::syntax(question, "the condition has no `:` with the other value", help));
        }
        let otherwise = self.expression()?;
        let at = condition.at.start..otherwise.at.end;
        let deepest = condition.depth.max(then.depth).max(otherwise.depth);
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        self.node(Kind::If { condition, then, otherwise }, at, deepest)
    }

    fn operator(&self) -> Option<Operator> {
        Some(match self.token() {
            Token::Name(name) if name == "in" => Operator::In,
            Token::Sign(sign) => match *sign {
                "||" => Operator::Or,
                "&&" => Operator::And,
                "<" => Operator::Less,
                "<=" => Operator::LessEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterEqual,
                "==" => Operator::Equal,
                "!=" => Operator::NotEqual,
                "+" => Operator::Add,
                "-" => Operator::Subtract,
                "*" => Operator::Multiply,
                "/" => Operator::Divide,
                "%" => Operator::Remainder,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Operators that bind tighter than `weakest`, from left to right.
    fn binary(&mut self, weakest: u8) -> Result<Expr, Problem> {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator().filter(|operator| operator.strength() > weakest) {
            self.advance();
            let right = self.binary(operator.strength())?;
            let (at, deepest) = (left.at.start..right.at.end, left.depth.max(right.depth));
            let (from, to) = (Box::new(left), Box::new(right));
            left = self.node(Kind::Binary { operator, left: from, right: to }, at, deepest)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Problem> {
        let mut signs = Vec::new();
        while self.is("!") || self.is("-") {
            signs.push(self.advance());
        }
        // A minus belongs to the number behind it, or the smallest one could not be written.
        let negated = match (signs.last().map(|spot| &spot.token), self.token()) {
            (Some(Token::Sign("-")), Token::Int(value)) if *value <= i64::MAX as u64 + 1 => {
                Some(Literal::Int((*value).wrapping_neg() as i64))
            }
            (Some(Token::Sign("-")), Token::Double(value)) => Some(Literal::Double(-value)),
            _ => None,
        };
        let mut expr = match negated {
            Some(literal) => {
                let start = signs.pop().map_or(0, |spot| spot.at.start);
                let end = self.advance().at.end;
                let literal = self.leaf(Kind::Literal(literal), start..end);
                self.members(literal)?
            }
            None => {
                let first = self.primary()?;
                self.members(first)?
            }
        };
        for spot in signs.into_iter().rev() {
            let (at, depth) = (spot.at.start..expr.at.end, expr.depth);
            let of = Box::new(expr);
            let kind = if spot.token == Token::Sign("!") { Kind::Not(of) } else { Kind::Negate(of) };
            expr = self.node(kind, at, depth)?;
        }
        Ok(expr)
    }

    /// What follows a value: `.field`, `.call()`, `[index]`.
    fn members(&mut self, mut expr: Expr) -> Result<Expr, Problem> {
        loop {
            if self.is(".") {
                let dot = self.advance().at;
                let (field, field_at, is_plain) = self.field(dot)?;
                expr = if is_plain && self.is("(") {
                    self.call(Some(expr), field, field_at)?
                } else {
                    let (at, depth) = (expr.at.start..field_at.end, expr.depth);
                    self.node(Kind::Select { of: Box::new(expr), field, field_at }, at, depth)?
                };
            } else if self.is("[") {
                let open = self.advance().at;
                let by = self.expression()?;
                let close = self.expect("]", &open, "the index")?;
                let (at, deepest) = (expr.at.start..close.end, expr.depth.max(by.depth));
                expr = self.node(Kind::Index { of: Box::new(expr), by: Box::new(by) }, at, deepest)?;
            } else if self.is("{") {
                let help = "compare properties one by one; objects are not made in rules";
                return Err(Problem::syntax(self.at(), "`{` cannot follow a value", help));
            } else {
                return Ok(expr);
            }
        }
    }

    fn field(&mut self, dot: At) -> Result<(String, At, bool), Problem> {
        let at = self.at();
        match self.token().clone() {
            Token::Name(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                self.advance();
                Ok((name, at, true))
            }
            Token::Quoted(name) => {
                self.advance();
                Ok((name, at, false))
            }
            Token::Sign("?") => {
                let help = "ask with `has(…)` whether the property is there";
                Err(Problem::syntax(dot.start..at.end, "`.?` is no operator of rules", help))
            }
            Token::End => Err(Problem::syntax(dot, "no name follows the dot", "write the property's name after it")),
            _ => {
                let message = format!("{} is no property's name", self.shown());
                Err(Problem::syntax(at, message, "write a name after the dot, or `` `any-name` `` in backticks"))
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Problem> {
        let at = self.at();
        let literal = match self.token().clone() {
            Token::Int(value) => match i64::try_from(value) {
                Ok(value) => Literal::Int(value),
                Err(_) => {
                    let help = "whole numbers reach to 9223372036854775807; write `u` behind it for an unsigned one";
                    return Err(Problem::syntax(at, "the number is too large", help));
                }
            },
            Token::Uint(value) => Literal::Uint(value),
            Token::Double(value) => Literal::Double(value),
            Token::Text(text) => Literal::Text(text),
            Token::Bytes(bytes) => Literal::Bytes(bytes),
            Token::Name(name) => return self.name(name, at),
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                let close = self.expect(")", &at, "the parenthesis")?;
                return Ok(Expr { at: at.start..close.end, ..inner });
            }
            Token::Sign("[") => return self.list(),
            Token::Sign("{") => return self.map(),
            Token::Sign(".") => {
                self.advance();
                return self.primary();
            }
            _ => return Err(self.missing()),
        };
        self.advance();
        Ok(self.leaf(Kind::Literal(literal), at))
    }

    fn name(&mut self, name: String, at: At) -> Result<Expr, Problem> {
        let literal = match name.as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => None,
        };
        if let Some(literal) = literal {
            self.advance();
            return Ok(self.leaf(Kind::Literal(literal), at));
        }
        if name == "in" {
            return Err(self.missing());
        }
        if name == "not" {
            return Err(Problem::syntax(at, "`not` is no operator of rules", "`not` is written `!`").perhaps("!"));
        }
        if RESERVED.contains(&name.as_str()) {
            let help = match name.as_str() {
                "if" | "else" => "a condition is written `condition ? value : other`",
                "for" | "while" | "loop" => "lists are walked by `all`, `exists`, `filter` and `map`",
                "function" => "rules call functions and declare none",
                _ => "a property of this name is `self.` and the name",
            };
            return Err(Problem::syntax(at, format!("`{name}` cannot be used as a name"), help));
        }
        self.advance();
        if self.is("(") {
            return self.call(None, name, at);
        }
        Ok(self.leaf(Kind::Name(name), at))
    }

    fn items(&mut self, close: &'static str, open: &At, what: &str) -> Result<(Vec<Expr>, usize), Problem> {
        let mut items = Vec::new();
        while !self.is(close) {
            items.push(self.expression()?);
            if !self.eat(",") {
                break;
            }
            if self.is(close) && close == ")" {
                return Err(self.missing());
            }
        }
        let end = self.expect(close, open, what)?.end;
        Ok((items, end))
    }

    fn list(&mut self) -> Result<Expr, Problem> {
        let open = self.advance().at;
        let (items, end) = self.items("]", &open, "the list")?;
        let deepest = items.iter().map(|item| item.depth).max().unwrap_or(0);
        self.node(Kind::List(items), open.start..end, deepest)
    }

    fn map(&mut self) -> Result<Expr, Problem> {
        let open = self.advance().at;
        let mut entries = Vec::new();
        while !self.is("}") {
            let key = self.expression()?;
            if !self.eat(":") {
                let help = "write each entry as `key: value`";
                return Err(Problem::syntax(key.at, "the entry has no value", help));
            }
            entries.push((key, self.expression()?));
            if !self.eat(",") {
                break;
            }
        }
        let end = self.expect("}", &open, "the map")?.end;
        let deepest = entries.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or(0);
        self.node(Kind::Map(entries), open.start..end, deepest)
    }

    fn call(&mut self, receiver: Option<Expr>, name: String, name_at: At) -> Result<Expr, Problem> {
        let open = self.advance().at;
        let (mut arguments, end) = self.items(")", &open, "the call")?;
        let start = receiver.as_ref().map_or(name_at.start, |receiver| receiver.at.start);
        let at = start..end;
        let deepest = arguments.iter().chain(&receiver).map(|expr| expr.depth).max().unwrap_or(0);
        if receiver.is_none() && name == "has" {
            let [of] = arguments.as_mut_slice() else {
                let help = "write `has(self.name)`";
                return Err(Problem::syntax(at, "`has` asks for one property", help));
            };
            let of = std::mem::replace(of, self.leaf(Kind::List(Vec::new()), 0..0));
            let Kind::Select { of, field, field_at } = of.kind else {
                let help = "write `has(self.name)`; whether a map has a key is asked by `key in map`";
                return Err(Problem::syntax(of.at, "`has` asks for a property of something", help));
            };
            return self.node(Kind::Has { of, field, field_at }, at, deepest);
        }
        if let Some(fold) = receiver.is_some().then(|| Fold::of(&name)).flatten() {
            let receiver = receiver.expect("looked at just now");
            return self.fold(fold, receiver, arguments, (name, name_at), at, deepest);
        }
        let receiver = receiver.map(Box::new);
        self.node(Kind::Call { receiver, name, name_at, arguments }, at, deepest)
    }

    fn fold(
        &mut self,
        fold: Fold,
        over: Expr,
        arguments: Vec<Expr>,
        (name, name_at): (String, At),
        at: At,
        deepest: usize,
    ) -> Result<Expr, Problem> {
        let mut arguments = arguments.into_iter();
        let (variable, second, third, more) =
            (arguments.next(), arguments.next(), arguments.next(), arguments.next().is_some());
        let example = match fold {
            Fold::Map => format!("write `list.{name}(item, item.size)`"),
            _ => format!("write `list.{name}(item, item > 0)`"),
        };
        let counted = !more && (third.is_none() || fold == Fold::Map);
        let (Some(variable), Some(second), true) = (variable, second, counted) else {
            return Err(Problem::syntax(name_at, format!("`{name}` wants a name and an expression"), example));
        };
        let Kind::Name(variable_name) = variable.kind else {
            return Err(Problem::syntax(variable.at, format!("`{name}` wants a name for the item here"), example));
        };
        if matches!(variable_name.as_str(), "self" | "oldSelf") {
            let message = format!("`{variable_name}` cannot be the name of an item");
            return Err(Problem::syntax(variable.at, message, "choose another name, such as `item`"));
        }
        let (condition, result) = match (fold, third) {
            (Fold::Map, Some(third)) => (Some(second), Some(third)),
            (Fold::Map, None) => (None, Some(second)),
            _ => (Some(second), None),
        };
        let (condition, result) = (condition.map(Box::new), result.map(Box::new));
        self.node(Kind::Fold { fold, over: Box::new(over), variable: variable_name, condition, result }, at, deepest)
    }
}
