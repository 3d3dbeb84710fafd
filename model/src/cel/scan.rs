//! The scanner: a rule's text as tokens.

use super::problem::{At, Problem};

/// A word of the language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name; whether it is a keyword is the parser's to know.
    Name(String),
    /// A name in backticks, for properties that are no identifiers.
    Quoted(String),
    /// `12`, `0x1f`: without sign.
    Int(u64),
    /// `12u`.
    Uint(u64),
    /// `1.5`, `1e3`.
    Double(f64),
    /// Text of any quotes.
    Text(String),
    /// `b'…'`.
    Bytes(Vec<u8>),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) token: Token,
    pub(super) at: At,
}

/// The longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}",
];

/// What people write for operators in other languages.
const FOREIGN: [(&str, &str, &str); 8] = [
    ("===", "==", "equality is written `==`"),
    ("!==", "!=", "inequality is written `!=`"),
    ("<>", "!=", "inequality is written `!=`"),
    ("=>", ">=", "`at least` is written `>=`"),
    ("=<", "<=", "`at most` is written `<=`"),
    ("=", "==", "equality is written `==`; rules assign nothing"),
    ("&", "&&", "`and` is written `&&`"),
    ("|", "||", "`or` is written `||`"),
];

/// Splits a rule into tokens; the last one is [`Token::End`].
///
/// # Errors
/// The first character that begins no token.
pub(super) fn scan(text: &str) -> Result<Vec<Spot>, Problem> {
    let mut scanner = Scanner { text, place: 0 };
    let mut spots = Vec::new();
    loop {
        scanner.skip_space();
        let start = scanner.place;
        let token = scanner.token()?;
        let is_end = token == Token::End;
        spots.push(Spot { token, at: start..scanner.place });
        if is_end {
            return Ok(spots);
        }
    }
}

struct Scanner<'t> {
    text: &'t str,
    place: usize,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.place..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !holds(c)).unwrap_or(rest.len());
        self.place += length;
        &rest[..length]
    }

    fn skip_space(&mut self) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}'));
            if !self.rest().starts_with("//") {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn token(&mut self) -> Result<Token, Problem> {
        let rest = self.rest();
        let Some(first) = self.peek() else { return Ok(Token::End) };
        if let Some(prefix) = text_prefix(rest) {
            return self.quoted(prefix);
        }
        let next_is_digit = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        if first.is_ascii_digit() || first == '.' && next_is_digit {
            return self.number();
        }
        if first == '_' || first.is_ascii_alphabetic() {
            return Ok(Token::Name(self.take_while(|c| c == '_' || c.is_ascii_alphanumeric()).to_owned()));
        }
        if first == '`' {
            return self.backticks();
        }
        if let Some((wrong, right, help)) = FOREIGN.into_iter().find(|(wrong, ..)| self.is_foreign(wrong)) {
            let at = self.place..self.place + wrong.len();
            return Err(Problem::syntax(at, format!("`{wrong}` is no operator of rules"), help).surely(right));
        }
        if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            self.place += sign.len();
            return Ok(Token::Sign(sign));
        }
        Err(self.stray(first))
    }

    /// Whether a foreign operator stands here, and not one of ours that begins like it.
    fn is_foreign(&self, wrong: &str) -> bool {
        let rest = self.rest();
        rest.starts_with(wrong)
            && match wrong {
                "=" | "=>" | "=<" => !rest.starts_with("=="),
                "&" => !rest.starts_with("&&"),
                "|" => !rest.starts_with("||"),
                _ => true,
            }
    }

    fn stray(&self, first: char) -> Problem {
        let at = self.place..self.place + first.len_utf8();
        match first {
            '‘' | '’' | '“' | '”' | '„' | '´' => {
                let help = "write text in plain quotes: `'…'`";
                Problem::syntax(at, format!("`{first}` is no quote of rules"), help).surely("'")
            }
            '≤' | '≥' | '≠' => {
                let sign = match first {
                    '≤' => "<=",
                    '≥' => ">=",
                    _ => "!=",
                };
                Problem::syntax(at, format!("`{first}` is no operator of rules"), format!("write `{sign}`"))
                    .surely(sign)
            }
            _ => {
                let help = "write an expression over `self`, such as `self.min <= self.max`";
                Problem::syntax(at, format!("`{}` means nothing in a rule", first.escape_debug()), help)
            }
        }
    }

    fn backticks(&mut self) -> Result<Token, Problem> {
        let start = self.place;
        self.place += 1;
        let name = self.take_while(|c| c == '_' || c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | ' '));
        if self.peek() != Some('`') || name.is_empty() {
            let help = "write the property's name between two backticks, or text between `'` and `'`";
            return Err(Problem::syntax(start..self.place, "the name in backticks does not end", help));
        }
        self.place += 1;
        Ok(Token::Quoted(name.to_owned()))
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.place;
        let rest = self.rest();
        let is_hex = rest.starts_with("0x") || rest.starts_with("0X");
        let digits = if is_hex {
            self.place += 2;
            self.take_while(|c| c.is_ascii_hexdigit())
        } else {
            self.take_while(|c| c.is_ascii_digit())
        };
        let is_double = !is_hex && self.fraction();
        let text = &self.text[start..self.place];
        let too_large = |at: At| {
            let help = "whole numbers reach from -9223372036854775808 to 9223372036854775807";
            Problem::syntax(at, "the number is too large", help)
        };
        let token = if is_double {
            Token::Double(text.parse().map_err(|_| too_large(start..self.place))?)
        } else {
            let radix = if is_hex { 16 } else { 10 };
            let value = u64::from_str_radix(digits, radix).map_err(|_| too_large(start..self.place))?;
            if self.rest().starts_with(['u', 'U']) {
                self.place += 1;
                Token::Uint(value)
            } else {
                Token::Int(value)
            }
        };
        if self.rest().starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric()) {
            self.take_while(|c| c == '_' || c.is_ascii_alphanumeric());
            let message = format!("`{}` is no number", &self.text[start..self.place]);
            return Err(Problem::syntax(start..self.place, message, "write digits, such as `10`, `1.5` or `0x1f`"));
        }
        Ok(token)
    }

    /// Takes what makes a number a fraction; returns whether there is anything of it.
    fn fraction(&mut self) -> bool {
        let mut found = false;
        let mut after = self.rest().chars();
        if after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit()) {
            self.place += 1;
            self.take_while(|c| c.is_ascii_digit());
            found = true;
        }
        let rest = self.rest();
        let exponent = rest.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if exponent.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit())) {
            self.place += rest.len() - exponent.map_or(0, str::len);
            self.take_while(|c| c.is_ascii_digit());
            found = true;
        }
        found
    }

    fn quoted(&mut self, prefix: Prefix) -> Result<Token, Problem> {
        let start = self.place;
        self.place += prefix.length + prefix.quote.len();
        let mut out = Vec::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(prefix.quote) {
                self.place += prefix.quote.len();
                break;
            }
            match self.peek() {
                Some('\\') if !prefix.is_raw => self.escape(&prefix, &mut out)?,
                Some(c) if prefix.quote.len() == 3 || !matches!(c, '\n' | '\r') => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    self.place += c.len_utf8();
                }
                _ => {
                    let help = format!("close it with `{}`", prefix.quote);
                    return Err(Problem::syntax(start..self.place, "the text does not end", help));
                }
            }
        }
        if prefix.is_bytes {
            return Ok(Token::Bytes(out));
        }
        let wrong = |_| Problem::syntax(start..self.place, "the text is not Unicode", "write bytes as `b'…'`");
        String::from_utf8(out).map(Token::Text).map_err(wrong)
    }

    fn escape(&mut self, prefix: &Prefix, out: &mut Vec<u8>) -> Result<(), Problem> {
        let start = self.place;
        self.place += 1;
        let kind = self.peek();
        self.place += kind.map_or(0, char::len_utf8);
        let simple = match kind {
            Some('a') => 7,
            Some('b') => 8,
            Some('f') => 12,
            Some('n') => b'\n',
            Some('r') => b'\r',
            Some('t') => b'\t',
            Some('v') => 11,
            Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => c as u8,
            _ => 0,
        };
        if simple != 0 {
            out.push(simple);
            return Ok(());
        }
        let (radix, digits) = match kind {
            Some('x' | 'X') => (16, 2),
            Some('u') if !prefix.is_bytes => (16, 4),
            Some('U') if !prefix.is_bytes => (16, 8),
            Some('0'..='3') => {
                self.place -= 1;
                (8, 3)
            }
            _ => return Err(self.bad_escape(start)),
        };
        let text = self.rest().get(..digits).unwrap_or_default();
        let is_whole = !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
        let value = u32::from_str_radix(text, radix).ok().filter(|_| is_whole);
        self.place += if value.is_some() { digits } else { 0 };
        match value {
            Some(value) if prefix.is_bytes => out.push(value as u8),
            value => {
                let c = value.and_then(char::from_u32).ok_or_else(|| self.bad_escape(start))?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        Ok(())
    }

    fn bad_escape(&self, start: usize) -> Problem {
        let at = start..self.place;
        let message = format!("`{}` is no escape", self.text[at.clone()].escape_debug());
        let help = "write a backslash as `\\\\`, or the whole text raw: `r'…'`";
        Problem::syntax(at, message, help).mended(start..start + 1, "\\\\", false)
    }
}

/// How a text begins.
struct Prefix {
    is_raw: bool,
    is_bytes: bool,
    length: usize,
    quote: &'static str,
}

fn text_prefix(rest: &str) -> Option<Prefix> {
    let letters = rest.find(['\'', '"']).filter(|length| *length <= 2)?;
    let (prefix, quoted) = rest.split_at(letters);
    let (is_raw, is_bytes) = match prefix.to_ascii_lowercase().as_str() {
        "" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "rb" | "br" => (true, true),
        _ => return None,
    };
    let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|quote| quoted.starts_with(quote))?;
    Some(Prefix { is_raw, is_bytes, length: letters, quote })
}
