//! Text to tokens (TypeSpec reference, parts 1.1 and 1.2).

use radii_diagnostics::{Code, Diagnostic, FileId, Span};

use super::identifier::is_identifier_character;
use super::token::{Keyword, TokenKind};

/// A token: its kind and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset just past its last byte.
    pub end: usize,
    /// Whether its end is missing.
    pub unterminated: bool,
}

/// Returns the tokens of a text without trivia, as they are read without a parser, which alone knows where a template
/// goes on behind a `}`.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut scanner = Scanner::new(FileId(0), text);
    let mut tokens = Vec::new();
    loop {
        let token = scanner.next_token();
        match token.kind {
            TokenKind::EndOfFile => return tokens,
            kind if kind.is_trivia() => {}
            _ => tokens.push(token),
        }
    }
}

/// Reads one token after the other.
pub struct Scanner<'a> {
    text: &'a str,
    file: FileId,
    position: usize,
    /// Everything that was wrong so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the end of a string part was.
enum StringEnd {
    Quote,
    Interpolation,
    Missing,
}

impl<'a> Scanner<'a> {
    /// Returns a scanner of `text`; a leading byte order mark is skipped.
    pub fn new(file: FileId, text: &'a str) -> Self {
        let position = if text.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        Self { text, file, position, diagnostics: Vec::new() }
    }

    /// Where the next token starts.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Goes on from another position, which must be a character's boundary.
    pub fn seek(&mut self, position: usize) {
        self.position = position;
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.position + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    fn error(&mut self, code: &'static str, message: &str, start: usize, end: usize) {
        let span = Span::new(self.file, start, end);
        self.diagnostics.push(Diagnostic::error(Code::new(code), message).at(span));
    }

    fn finish(&mut self, kind: TokenKind, start: usize, length: usize) -> Token {
        self.position += length;
        Token { kind, start, end: self.position, unterminated: false }
    }

    /// Returns the next token, trivia included.
    pub fn next_token(&mut self) -> Token {
        let start = self.position;
        let Some(character) = self.rest().chars().next() else {
            return Token { kind: TokenKind::EndOfFile, start, end: start, unterminated: false };
        };
        if self.at_conflict_marker() {
            return self.conflict_marker();
        }
        match character {
            '\r' => {
                let length = if self.peek(1) == b'\n' { 2 } else { 1 };
                self.finish(TokenKind::NewLine, start, length)
            }
            '\n' => self.finish(TokenKind::NewLine, start, 1),
            character if is_white_space(character) => self.white_space(),
            '/' if self.peek(1) == b'/' => self.single_line_comment(),
            '/' if self.peek(1) == b'*' => self.multi_line_comment(),
            '0'..='9' => self.number(start),
            '+' | '-' if self.peek(1).is_ascii_digit() => {
                self.position += 1;
                self.number(start)
            }
            '"' => self.string_start(),
            '`' => self.back_ticked(),
            character if is_identifier_start(character) => self.word(),
            _ => self.punctuation(character),
        }
    }

    fn white_space(&mut self) -> Token {
        let start = self.position;
        let rest = self.rest();
        let length = rest.find(|character| !is_white_space(character)).unwrap_or(rest.len());
        self.finish(TokenKind::Whitespace, start, length)
    }

    fn single_line_comment(&mut self) -> Token {
        let start = self.position;
        let rest = self.rest();
        let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
        self.finish(TokenKind::SingleLineComment, start, length)
    }

    fn multi_line_comment(&mut self) -> Token {
        let start = self.position;
        match self.rest()[2..].find("*/") {
            Some(at) => self.finish(TokenKind::MultiLineComment, start, at + 4),
            None => {
                let length = self.rest().len();
                self.error("unterminated", "Unterminated multi-line comment.", start, start + length);
                let token = self.finish(TokenKind::MultiLineComment, start, length);
                Token { unterminated: true, ..token }
            }
        }
    }

    /// Whether seven markers of one kind stand at the start of a line.
    fn at_conflict_marker(&self) -> bool {
        let bytes = self.text.as_bytes();
        let at_line_start = self.position == 0 || matches!(bytes[self.position - 1], b'\n' | b'\r');
        let marker = self.peek(0);
        at_line_start
            && matches!(marker, b'<' | b'|' | b'=' | b'>')
            && (1..7).all(|ahead| self.peek(ahead) == marker)
            && self.position + 7 < bytes.len()
            && (marker == b'=' || self.peek(7) == b' ')
    }

    fn conflict_marker(&mut self) -> Token {
        let start = self.position;
        let marker = self.peek(0);
        self.error("conflict-marker", "Conflict marker encountered.", start, start + 7);
        if matches!(marker, b'<' | b'>') {
            let rest = self.rest();
            let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
            return self.finish(TokenKind::ConflictMarker, start, length);
        }
        // One side of the merge is enough to go on with: the other is skipped up to the next marker.
        self.position += 7;
        while self.position < self.text.len() {
            let next = self.peek(0);
            if self.at_conflict_marker() && next != marker && matches!(next, b'=' | b'>') {
                break;
            }
            self.position += self.rest().chars().next().map_or(1, char::len_utf8);
        }
        Token { kind: TokenKind::ConflictMarker, start, end: self.position, unterminated: false }
    }

    fn word(&mut self) -> Token {
        let start = self.position;
        let rest = self.rest();
        let is_part = |character: char| is_identifier_start(character) || character.is_ascii_digit();
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let kind = Keyword::find(&rest[..length]).map_or(TokenKind::Identifier, TokenKind::Keyword);
        self.finish(kind, start, length)
    }

    fn back_ticked(&mut self) -> Token {
        let start = self.position;
        self.position += 1;
        while let Some(character) = self.rest().chars().next() {
            match character {
                '`' => return self.finish(TokenKind::Identifier, start, 1),
                '\r' | '\n' => break,
                '\\' => self.position += 1 + self.rest()[1..].chars().next().map_or(0, char::len_utf8),
                _ => self.position += character.len_utf8(),
            }
        }
        self.error("unterminated", "Unterminated identifier.", start, self.position);
        Token { kind: TokenKind::Identifier, start, end: self.position, unterminated: true }
    }

    fn number(&mut self, start: usize) -> Token {
        let signed = self.position > start;
        if !signed && self.peek(0) == b'0' {
            match self.peek(1) {
                b'x' => {
                    return self.radix(start, "hex-digit-expected", "Hexadecimal digit expected.", |byte| {
                        byte.is_ascii_hexdigit()
                    });
                }
                b'b' => {
                    return self.radix(start, "binary-digit-expected", "Binary digit expected.", |byte| {
                        matches!(byte, b'0' | b'1')
                    });
                }
                _ => {}
            }
        }
        self.digits();
        if self.peek(0) == b'.' {
            self.position += 1;
            self.known_digits(start);
        }
        if self.peek(0) == b'e' {
            self.position += 1;
            if matches!(self.peek(0), b'+' | b'-') {
                self.position += 1;
            }
            self.known_digits(start);
        }
        self.finish(TokenKind::NumericLiteral, start, 0)
    }

    fn digits(&mut self) {
        while self.peek(0).is_ascii_digit() {
            self.position += 1;
        }
    }

    fn known_digits(&mut self, start: usize) {
        if self.peek(0).is_ascii_digit() {
            self.digits();
        } else {
            self.error("digit-expected", "Digit expected.", start, self.position);
        }
    }

    fn radix(&mut self, start: usize, code: &'static str, message: &str, is_digit: fn(u8) -> bool) -> Token {
        self.position += 2;
        if !is_digit(self.peek(0)) {
            self.error(code, message, start, self.position);
        }
        while is_digit(self.peek(0)) {
            self.position += 1;
        }
        self.finish(TokenKind::NumericLiteral, start, 0)
    }

    fn string_start(&mut self) -> Token {
        let start = self.position;
        let triple = self.rest().starts_with("\"\"\"");
        self.position += if triple { 3 } else { 1 };
        let (kind, end_name) = match self.string_part(triple) {
            StringEnd::Quote => (TokenKind::StringLiteral, None),
            StringEnd::Interpolation => (TokenKind::StringTemplateHead, None),
            StringEnd::Missing => (TokenKind::StringLiteral, Some("string literal")),
        };
        self.finish_string(kind, start, end_name)
    }

    /// Reads on behind the expression of a string template, whose `}` starts at `start`.
    pub fn rescan_template(&mut self, start: usize, triple: bool) -> Token {
        self.position = start + 1;
        let (kind, end_name) = match self.string_part(triple) {
            StringEnd::Quote => (TokenKind::StringTemplateTail, None),
            StringEnd::Interpolation => (TokenKind::StringTemplateMiddle, None),
            StringEnd::Missing => (TokenKind::StringTemplateTail, Some("string template tail")),
        };
        self.finish_string(kind, start, end_name)
    }

    fn finish_string(&mut self, kind: TokenKind, start: usize, missing: Option<&str>) -> Token {
        if let Some(name) = missing {
            self.error("unterminated", &format!("Unterminated {name}."), start, self.position);
        }
        Token { kind, start, end: self.position, unterminated: missing.is_some() }
    }

    /// Moves behind the quotes or the `${` that end this part of a string.
    fn string_part(&mut self, triple: bool) -> StringEnd {
        while let Some(character) = self.rest().chars().next() {
            match character {
                '\\' => {
                    let escaped = self.rest()[1..].chars().next();
                    // An escaped line break does not continue a line string.
                    let skipped = escaped.filter(|next| triple || !matches!(next, '\r' | '\n'));
                    self.position += 1 + skipped.map_or(0, char::len_utf8);
                }
                '$' if self.peek(1) == b'{' => {
                    self.position += 2;
                    return StringEnd::Interpolation;
                }
                '"' if !triple => {
                    self.position += 1;
                    return StringEnd::Quote;
                }
                '"' if self.rest().starts_with("\"\"\"") => {
                    self.position += 3;
                    return StringEnd::Quote;
                }
                '\r' | '\n' if !triple => return StringEnd::Missing,
                _ => self.position += character.len_utf8(),
            }
        }
        StringEnd::Missing
    }

    fn punctuation(&mut self, character: char) -> Token {
        use TokenKind as T;
        let start = self.position;
        let (kind, length) = match (character, self.peek(1), self.peek(2)) {
            ('.', b'.', b'.') => (T::Ellipsis, 3),
            ('.', ..) => (T::Dot, 1),
            (':', b':', _) => (T::ColonColon, 2),
            (':', ..) => (T::Colon, 1),
            ('@', b'@', _) => (T::AtAt, 2),
            ('@', ..) => (T::At, 1),
            ('#', b'{', _) => (T::HashBrace, 2),
            ('#', b'[', _) => (T::HashBracket, 2),
            ('#', ..) => (T::Hash, 1),
            ('<', b'=', _) => (T::LessThanEquals, 2),
            ('<', ..) => (T::LessThan, 1),
            ('>', b'=', _) => (T::GreaterThanEquals, 2),
            ('>', ..) => (T::GreaterThan, 1),
            ('&', b'&', _) => (T::AmpersandAmpersand, 2),
            ('&', ..) => (T::Ampersand, 1),
            ('|', b'|', _) => (T::BarBar, 2),
            ('|', ..) => (T::Bar, 1),
            ('=', b'=', _) => (T::EqualsEquals, 2),
            ('=', b'>', _) => (T::EqualsGreaterThan, 2),
            ('=', ..) => (T::Equals, 1),
            ('!', b'=', _) => (T::ExclamationEquals, 2),
            ('!', ..) => (T::Exclamation, 1),
            ('{', ..) => (T::OpenBrace, 1),
            ('}', ..) => (T::CloseBrace, 1),
            ('(', ..) => (T::OpenParen, 1),
            (')', ..) => (T::CloseParen, 1),
            ('[', ..) => (T::OpenBracket, 1),
            (']', ..) => (T::CloseBracket, 1),
            (';', ..) => (T::Semicolon, 1),
            (',', ..) => (T::Comma, 1),
            ('?', ..) => (T::Question, 1),
            ('*', ..) => (T::Star, 1),
            ('/', ..) => (T::ForwardSlash, 1),
            ('+', ..) => (T::Plus, 1),
            ('-', ..) => (T::Hyphen, 1),
            _ => {
                let length = character.len_utf8();
                self.error("invalid-character", "Invalid character.", start, start + length);
                (T::Invalid, length)
            }
        };
        self.finish(kind, start, length)
    }
}

/// White space that is no line break.
fn is_white_space(character: char) -> bool {
    matches!(character, '\t' | '\u{B}' | '\u{C}' | ' ' | '\u{85}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}')
}

fn is_identifier_start(character: char) -> bool {
    character.is_ascii_alphabetic()
        || matches!(character, '$' | '_')
        || (!character.is_ascii() && is_identifier_character(character))
}
