//! JSON straight into values, for bodies that come in masses: no places, and no words about what is wrong.
//!
//! What this reads, [`super::json`] reads to the same value; whatever is not plainly right is left to that one, which
//! says why. So nothing is refused here.

use serde_json::{Map, Number, Value};

use super::Limits;

/// Returns the value of a text that is plainly right.
pub(super) fn parse(text: &str, limits: Limits) -> Option<Value> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, depth: limits.depth, nodes: limits.nodes };
    parser.skip_space();
    let value = parser.value()?;
    parser.skip_space();
    (parser.at == text.len()).then_some(value)
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// So many more levels may be opened.
    depth: usize,
    /// So many more values may come.
    nodes: usize,
}

impl Parser<'_> {
    fn value(&mut self) -> Option<Value> {
        self.nodes = self.nodes.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.string().map(Value::String),
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth = self.depth.checked_sub(1)?;
        self.at += 1;
        self.skip_space();
        let value = read(self)?;
        self.depth += 1;
        Some(value)
    }

    fn object(&mut self) -> Option<Value> {
        let mut members = Map::new();
        if self.eat(b'}') {
            return Some(Value::Object(members));
        }
        loop {
            let key = self.string()?;
            self.skip_space();
            self.eat(b':').then_some(())?;
            self.skip_space();
            let value = self.value()?;
            if members.insert(key, value).is_some() {
                return None;
            }
            self.skip_space();
            if self.eat(b'}') {
                return Some(Value::Object(members));
            }
            self.eat(b',').then_some(())?;
            self.skip_space();
        }
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        if self.eat(b']') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.eat(b']') {
                return Some(Value::Array(items));
            }
            self.eat(b',').then_some(())?;
            self.skip_space();
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        let rest = self.bytes[self.at..].strip_prefix(word.as_bytes())?;
        if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    /// Reads a number as [`super::json`] does; integers that are exact, and nothing that is written oddly.
    fn number(&mut self) -> Option<Number> {
        let start = self.at;
        let is_negative = self.eat(b'-');
        let first = self.peek()?;
        let whole = self.digits();
        if whole == 0 || whole > 1 && first == b'0' {
            return None;
        }
        let mut is_whole = true;
        if self.eat(b'.') {
            is_whole = false;
            (self.digits() > 0).then_some(())?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            is_whole = false;
            let _sign = self.eat(b'+') || self.eat(b'-');
            (self.digits() > 0).then_some(())?;
        }
        let text = &self.text[start..self.at];
        match (is_whole, is_negative) {
            (true, false) => text.parse::<u64>().ok().map(Number::from),
            (true, true) => text.parse::<i64>().ok().filter(|number| *number != 0).map(Number::from),
            (false, _) => text.parse().ok().and_then(Number::from_f64),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.eat(b'"').then_some(())?;
        let mut has_escapes = false;
        loop {
            match self.peek()? {
                b'"' => break,
                0..=0x1F => return None,
                b'\\' => {
                    has_escapes = true;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        self.at += 1;
        // Both ends are quotes, and so at the edges of characters.
        match has_escapes {
            false => Some(self.text[start + 1..self.at - 1].to_owned()),
            true => serde_json::from_str(&self.text[start..self.at]).ok(),
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use radii_diagnostics::FileId;

    use super::*;

    fn both(text: &str) -> (Option<Value>, Option<Value>) {
        let whole = super::super::json::parse(FileId(0), text, Limits::default());
        (parse(text, Limits::default()), whole.ok().map(|node| node.to_json()))
    }

    #[test]
    fn what_is_plainly_right_is_read_here() {
        for text in [
            r#"{"a": [1, -2, 3.5, 1e3, 18446744073709551615], "b": {"c": null, "d": true}, "e": "x\n\u00e9 é"}"#,
            " [ ] ",
            "{}",
            "\"text\"",
            "0",
            "-9223372036854775808",
        ] {
            let (plainly, whole) = both(text);
            assert!(plainly.is_some(), "{text}");
            assert_eq!(plainly, whole, "{text}");
        }
    }

    #[test]
    fn what_is_odd_is_left_to_whoever_can_say_why() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in [
            r#"{"a": 1, "a": 2}"#,
            "{\"a\": 1,}",
            "[1,]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "-0",
            "1e999",
            "18446744073709551616",
            "nul",
            "nullx",
            "\"a",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"a\nb\"",
            "\"\\",
            "{a: 1}",
            "{\"a\" 1}",
            "[1] 2",
            "",
            "\u{feff}{}",
            "é",
            &deep,
        ] {
            assert_eq!(parse(text, Limits::default()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_read_differently_than_with_places(text in "[-{}\\[\\]:,\"\\\\a-en0-9.eE u\n]{0,24}") {
            let (plainly, whole) = both(&text);
            prop_assert!(plainly.is_none() || plainly == whole, "{text:?}: {plainly:?} {whole:?}");
        }
    }
}
