//! From text to [`Expr`].

use serde_json::Value as Json;

use super::Expr;

/// Longest expression, in characters; the format's own limit.
const LENGTH: usize = 24_576;
/// Deepest nesting of calls and indexes.
const DEPTH: usize = 100;

/// Parses an expression without its outer brackets.
///
/// # Errors
/// Says what is wrong and at which character.
pub(in crate::deployment) fn parse(text: &str) -> Result<Expr, String> {
    if text.len() > LENGTH {
        return Err(format!("the expression has {} characters; at most {LENGTH} are allowed", text.len()));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expr = parser.expression()?;
    parser.skip_space();
    if parser.at < text.len() { Err(parser.unexpected("the end of the expression")) } else { Ok(expr) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("the expression is nested more than {DEPTH} deep"));
        }
        self.skip_space();
        let mut expr = match self.peek() {
            Some('\'') => Expr::Literal(self.string()?.into()),
            Some(c) if c.is_ascii_digit() || c == '-' || c == '+' => self.integer()?,
            Some(c) if is_name_start(c) => self.call()?,
            _ => return Err(self.unexpected("a function call, a string or an integer")),
        };
        loop {
            self.skip_space();
            let key = match self.peek() {
                Some('.') => {
                    self.at += 1;
                    self.skip_space();
                    Expr::Literal(self.name("a property name")?.into())
                }
                Some('[') => {
                    self.at += 1;
                    let key = self.expression()?;
                    self.expect(']')?;
                    key
                }
                _ => break,
            };
            expr = Expr::Member { of: Box::new(expr), key: Box::new(key) };
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn call(&mut self) -> Result<Expr, String> {
        let mut name = self.name("a function name")?;
        if self.peek() == Some('.') {
            self.at += 1;
            name = format!("{name}.{}", self.name("a function name")?);
        }
        self.skip_space();
        if self.peek() != Some('(') {
            return Err(format!("`{name}` is not followed by `(`; text stands in single quotes"));
        }
        self.at += 1;
        let mut args = Vec::new();
        self.skip_space();
        if self.peek() == Some(')') {
            self.at += 1;
            return Ok(Expr::Call { name, args });
        }
        loop {
            args.push(self.expression()?);
            self.skip_space();
            if self.peek() != Some(',') {
                break;
            }
            self.at += 1;
        }
        self.expect(')')?;
        Ok(Expr::Call { name, args })
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(quote) = rest.find('\'') else {
                return Err(format!("the string that begins at character {} is not closed", self.position(start)));
            };
            value.push_str(&rest[..quote]);
            self.at += quote + 1;
            if self.peek() != Some('\'') {
                return Ok(value);
            }
            value.push('\'');
            self.at += 1;
        }
    }

    fn integer(&mut self) -> Result<Expr, String> {
        let rest = &self.text[self.at..];
        let length = rest.char_indices().take_while(|(at, c)| c.is_ascii_digit() || *at == 0).count();
        let text = &rest[..length];
        let value: i64 = text.parse().map_err(|_| format!("`{text}` is not an integer of 64 bits"))?;
        self.at += length;
        Ok(Expr::Literal(Json::from(value)))
    }

    fn name(&mut self, what: &str) -> Result<String, String> {
        let rest = &self.text[self.at..];
        let length = rest.chars().take_while(|c| is_name(*c)).map(char::len_utf8).sum::<usize>();
        if length == 0 {
            return Err(self.unexpected(what));
        }
        self.at += length;
        Ok(rest[..length].to_owned())
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        self.skip_space();
        if self.peek() == Some(wanted) {
            self.at += wanted.len_utf8();
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{wanted}`")))
        }
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn position(&self, at: usize) -> usize {
        self.text[..at].chars().count() + 1
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(found) => format!("expected {wanted} at character {}, but found `{found}`", self.position(self.at)),
            None => format!("expected {wanted}, but the expression ends"),
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(name: &str, args: Vec<Expr>) -> Expr {
        Expr::Call { name: name.into(), args }
    }

    fn literal(value: impl Into<Json>) -> Expr {
        Expr::Literal(value.into())
    }

    #[test]
    fn calls_strings_integers_and_members_are_understood() {
        let text = " reference( 'db' ).properties['it''s'][ -1 ] ";
        let mut expected = call("reference", vec![literal("db")]);
        for key in [literal("properties"), literal("it's"), literal(-1)] {
            expected = Expr::Member { of: Box::new(expected), key: Box::new(key) };
        }
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("__bicep.nm(1, f())"), Ok(call("__bicep.nm", vec![literal(1), call("f", vec![])])));
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("", "expected a function call, a string or an integer, but the expression ends"),
            ("parameters", "`parameters` is not followed by `(`; text stands in single quotes"),
            ("f('a'", "expected `)`, but the expression ends"),
            ("f('a)", "the string that begins at character 3 is not closed"),
            ("f(1) + 2", "expected the end of the expression at character 6, but found `+`"),
            ("f(1,)", "expected a function call, a string or an integer at character 5, but found `)`"),
            ("99999999999999999999", "`99999999999999999999` is not an integer of 64 bits"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn deep_and_long_expressions_are_refused() {
        assert!(parse(&"f(".repeat(5_000)).unwrap_err().contains("nested more than 100 deep"));
        assert!(parse(&"x".repeat(30_000)).unwrap_err().contains("at most 24576"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_panic(text in any::<String>(), dense in "[a-f(),.'\\[\\]0-9 -]{0,40}") {
            let _ = parse(&text);
            let _ = parse(&dense);
        }
    }
}
