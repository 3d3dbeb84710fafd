//! Highlighting and folding as the protocol has them.

use gen_lsp_types::Position;
use radii_diagnostics::Span;
use serde_json::{Value as Json, json};
use typespec::service::{Fold, FoldKind, Role, Word};

use super::positions::Lines;

/// The kinds of words, in the order of their numbers.
const KINDS: [&str; 18] = [
    "comment",
    "keyword",
    "string",
    "number",
    "operator",
    "namespace",
    "struct",
    "type",
    "enum",
    "enumMember",
    "interface",
    "method",
    "function",
    "property",
    "parameter",
    "typeParameter",
    "variable",
    "decorator",
];

/// What the editor is told about words at the start.
pub fn legend() -> Json {
    json!({ "tokenTypes": KINDS, "tokenModifiers": ["declaration", "readonly"] })
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Comment => "comment",
        Role::Keyword => "keyword",
        Role::Text => "string",
        Role::Number => "number",
        Role::Operator => "operator",
        Role::Namespace => "namespace",
        Role::Model => "struct",
        Role::Scalar | Role::Alias => "type",
        Role::Union | Role::Enum => "enum",
        Role::EnumMember => "enumMember",
        Role::Interface => "interface",
        Role::Operation => "method",
        Role::Function => "function",
        Role::Property => "property",
        Role::Parameter => "parameter",
        Role::TypeParameter => "typeParameter",
        Role::Constant => "variable",
        Role::Decorator => "decorator",
    }
}

/// Words as numbers: lines and columns count from the word before, and no word goes over a line's end.
pub fn encode(words: &[Word], text: &str, wanted: Option<Span>) -> Vec<u32> {
    let lines = Lines::new(text);
    let mut data = Vec::with_capacity(words.len() * 5);
    let mut last = Position { line: 0, character: 0 };
    let is_wanted =
        |word: &&Word| wanted.is_none_or(|wanted| word.span.start < wanted.end && wanted.start < word.span.end);
    for word in words.iter().filter(is_wanted) {
        let number = KINDS.iter().position(|known| *known == kind(word.role)).unwrap_or_default() as u32;
        let modifiers = u32::from(word.is_declaration) | u32::from(word.role == Role::Constant) << 1;
        let mut start = word.span.start as usize;
        for line in text[start..word.span.end as usize].split_inclusive('\n') {
            let length = line.trim_end_matches(['\n', '\r']).encode_utf16().count() as u32;
            if length > 0 {
                let at = lines.position(start);
                let column = if at.line == last.line { at.character - last.character } else { at.character };
                data.extend([at.line - last.line, column, length, number, modifiers]);
                last = at;
            }
            start += line.len();
        }
    }
    data
}

/// Folds as the editor wants them; the line with the closing bracket stays.
pub fn folding(folds: &[Fold], text: &str) -> Json {
    let lines = Lines::new(text);
    let ranges = folds.iter().filter_map(|fold| {
        let (start, end) = (lines.position(fold.span.start as usize).line, lines.position(fold.span.end as usize).line);
        let end = if fold.kind == FoldKind::Block { end.saturating_sub(1) } else { end };
        let mut range = json!({ "startLine": start, "endLine": end });
        match fold.kind {
            FoldKind::Block => {}
            FoldKind::Comment => range["kind"] = "comment".into(),
            FoldKind::Imports => range["kind"] = "imports".into(),
        }
        (end > start).then_some(range)
    });
    ranges.collect()
}
