//! JSON by RFC 8259, with places.

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, FileId, Span};
use serde_json::Number;

use super::scalar::{self, BadNumber};
use super::steps::{Duplicates, Step};
use super::{Limits, Node, Value, code};

pub(super) fn parse(file: FileId, text: &str, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    // A parser may ignore a byte order mark (RFC 8259, section 8.1); editors write one unasked.
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { file, text, at, limits, nodes: 0, steps: Vec::new(), duplicates: Duplicates::default() };
    match parser.document() {
        Ok(root) => parser.duplicates.accept(root),
        Err(problem) => Err(parser.duplicates.before(*problem)),
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    limits: Limits,
    nodes: usize,
    steps: Vec<OwnedStep>,
    duplicates: Duplicates,
}

enum OwnedStep {
    Key(String),
    Index(usize),
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Node> {
        self.skip_space();
        let root = self.value()?;
        self.skip_space();
        match self.peek() {
            None => Ok(root),
            Some(_) => Err(self.unexpected("the end of the text", "a JSON text holds one value")),
        }
    }

    fn value(&mut self) -> Parsed<Node> {
        let start = self.at;
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.limits.too_many_nodes(self.here()).into());
        }
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(byte) if byte.is_ascii_alphabetic() => self.word()?,
            _ => {
                return Err(
                    self.unexpected("a value", "values are objects, arrays, strings, numbers, true, false and null")
                );
            }
        };
        Ok(Node { span: Span::new(self.file, start, self.at), value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        if self.steps.len() >= self.limits.depth {
            return Err(self.limits.too_deep(self.here()).into());
        }
        self.at += 1;
        self.skip_space();
        self.steps.push(OwnedStep::Index(0));
        let value = read(self);
        self.steps.pop();
        value
    }

    fn object(&mut self) -> Parsed<Value> {
        let mut members = IndexMap::new();
        if self.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.member(&mut members)?;
            if self.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `}`", "members of an object are separated by commas"));
            }
            self.skip_space();
            if self.peek() == Some(b'}') {
                return Err(self.unexpected("a member", "remove the comma before `}`"));
            }
        }
    }

    fn member(&mut self, members: &mut IndexMap<String, super::Entry>) -> Parsed<()> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes", "keys of objects are strings"));
        }
        let key = self.string()?;
        let key_span = Span::new(self.file, start, self.at);
        self.skip_space();
        if !self.eat(b':') {
            return Err(self.unexpected("`:`", "a key is followed by a colon and its value"));
        }
        self.skip_space();
        if let Some(step) = self.steps.last_mut() {
            *step = OwnedStep::Key(key.clone());
        }
        let node = self.value()?;
        self.skip_space();
        let parents = &self.steps[..self.steps.len() - 1];
        self.duplicates.insert(members, (key, key_span), node, || parents.iter().map(OwnedStep::borrow).collect());
        Ok(())
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            if let Some(step) = self.steps.last_mut() {
                *step = OwnedStep::Index(items.len());
            }
            items.push(self.value()?);
            self.skip_space();
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.unexpected("`,` or `]`", "items of an array are separated by commas"));
            }
            self.skip_space();
            if self.peek() == Some(b']') {
                return Err(self.unexpected("an item", "remove the comma before `]`"));
            }
        }
    }

    fn word(&mut self) -> Parsed<Value> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let value = match &rest[..length] {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            word => {
                let shown: String = word.chars().take(40).collect();
                let span = Span::new(self.file, self.at, self.at + length);
                let message = format!("`{shown}` is no JSON value");
                let help = "text stands in double quotes; the only words are true, false and null";
                return Err(Diagnostic::error(code::JSON_SYNTAX, message).at(span).help(help).into());
            }
        };
        self.at += length;
        Ok(value)
    }

    fn number(&mut self) -> Parsed<Number> {
        let start = self.at;
        self.eat(b'-');
        match self.digits() {
            0 => return Err(self.unexpected("a digit", "a number has digits before and after its point")),
            1 => {}
            _ if self.text[start..].trim_start_matches('-').starts_with('0') => {
                self.at = start;
                return Err(self.unexpected("a number without leading zeros", "remove the zeros"));
            }
            _ => {}
        }
        let mut whole = true;
        if self.eat(b'.') {
            whole = false;
            if self.digits() == 0 {
                return Err(self.unexpected("a digit", "a number has digits before and after its point"));
            }
        }
        if self.eat(b'e') || self.eat(b'E') {
            whole = false;
            let _sign = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return Err(self.unexpected("a digit", "an exponent has digits"));
            }
        }
        let text = &self.text[start..self.at];
        let number = match whole {
            true => scalar::integer(text),
            false => text.parse().ok().and_then(Number::from_f64).ok_or(BadNumber::NotFinite),
        };
        number.map_err(|bad| {
            let (message, help) = bad.explain(text);
            let span = Span::new(self.file, start, self.at);
            Diagnostic::error(code::NUMBER_RANGE, message).at(span).help(help).into()
        })
    }

    fn digits(&mut self) -> usize {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F)).count();
            value.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some(b'\\') => value.push(self.escape()?),
                Some(b'\n' | b'\r') | None => {
                    let span = Span::new(self.file, start, self.at);
                    let problem = Diagnostic::error(code::JSON_SYNTAX, "a string is not closed on its line").at(span);
                    return Err(problem.help("close it with `\"`; write a line break as `\\n`").into());
                }
                Some(byte) => {
                    let message = format!("control character 0x{byte:02x} stands bare in a string");
                    let problem = Diagnostic::error(code::JSON_SYNTAX, message).at(self.here());
                    return Err(problem.help(format!("write it as `\\u{byte:04x}`")).into());
                }
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 2;
        let simple = match self.text.as_bytes().get(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => {
                self.at = start;
                let help = "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX";
                return Err(self.bad_escape(start, start + 1, "unknown escape in a string", help));
            }
        };
        Ok(simple)
    }

    fn unicode_escape(&mut self, start: usize) -> Parsed<char> {
        let first = self.hex4(start)?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let lone = "half of a surrogate pair stands alone";
        let help = "characters past U+FFFF are written as a high (\\uD800–\\uDBFF) and a low (\\uDC00–\\uDFFF) half";
        if first >= 0xDC00 || !self.text[self.at..].starts_with("\\u") {
            return Err(self.bad_escape(start, self.at, lone, help));
        }
        let second_start = self.at;
        self.at += 2;
        let second = self.hex4(second_start)?;
        if !(0xDC00..=0xDFFF).contains(&second) {
            return Err(self.bad_escape(start, self.at, lone, help));
        }
        let point = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        Ok(char::from_u32(point).expect("a pair of surrogates is a character"))
    }

    fn hex4(&mut self, start: usize) -> Parsed<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.bad_escape(
                start,
                start + 2,
                "`\\u` lacks its four hexadecimal digits",
                "write `\\u0041` for `A`",
            ));
        }
        let value =
            digits.iter().fold(0, |value, digit| value * 16 + (*digit as char).to_digit(16).unwrap_or_default());
        self.at += 4;
        Ok(value)
    }

    fn bad_escape(&self, start: usize, end: usize, message: &str, help: &str) -> Box<Diagnostic> {
        let span = Span::new(self.file, start, end);
        Diagnostic::error(code::JSON_SYNTAX, message).at(span).help(help).into()
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn here(&self) -> Span {
        let width = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        Span::new(self.file, self.at, self.at + width)
    }

    fn unexpected(&self, expected: &str, help: &str) -> Box<Diagnostic> {
        let found = match self.text[self.at..].chars().next() {
            Some(character) => format!("`{}`", character.escape_debug()),
            None => "the text ends".to_owned(),
        };
        let message = format!("expected {expected}, but found {found}").replace("found the text ends", "the text ends");
        Diagnostic::error(code::JSON_SYNTAX, message).at(self.here()).help(help).into()
    }
}

impl OwnedStep {
    fn borrow(&self) -> Step<'_> {
        match self {
            OwnedStep::Key(key) => Step::Key(key),
            OwnedStep::Index(at) => Step::Index(*at),
        }
    }
}
