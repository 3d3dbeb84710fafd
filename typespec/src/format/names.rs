//! Names: back-ticks only where they are needed.

use crate::syntax::scanner::Scanner;
use crate::syntax::{Keyword, KeywordClass, TokenKind};
use radii_diagnostics::FileId;

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Members may be called like modifiers and words kept for later.
    Member,
    /// Everything else may not.
    Other,
}

/// Returns a name as it is to be written; `raw` is an identifier, with back-ticks or without, or a string.
pub(crate) fn name(raw: &str, position: Position) -> String {
    use unicode_normalization::UnicodeNormalization;
    let quoted = raw.strip_prefix(['`', '"']).and_then(|rest| rest.strip_suffix(['`', '"']));
    // Escapes mean the same between quotes and between back-ticks, but for the delimiter itself.
    let value: String = match quoted {
        Some(inner) if raw.starts_with('"') => inner.replace("\\\"", "\"").replace('`', "\\`"),
        Some(inner) => inner.to_owned(),
        None => raw.to_owned(),
    };
    let value: String = value.nfc().collect();
    if needs_back_ticks(&value, position, quoted.is_some()) { format!("`{value}`") } else { value }
}

fn needs_back_ticks(value: &str, position: Position, quoted: bool) -> bool {
    if let Some(word) = Keyword::find(value) {
        return match word.class() {
            // The reference takes this one for a keyword of today.
            _ if word == Keyword::Sub => true,
            KeywordClass::Modifier | KeywordClass::Reserved => position == Position::Other,
            KeywordClass::Statement | KeywordClass::Other => true,
        };
    }
    quoted && !is_identifier(value)
}

fn is_identifier(value: &str) -> bool {
    let mut scanner = Scanner::new(FileId(0), value);
    let token = scanner.next_token();
    token.kind == TokenKind::Identifier && token.end == value.len() && !value.starts_with('`')
}
