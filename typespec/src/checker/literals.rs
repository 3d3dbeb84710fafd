//! Values of literals in the syntax.

use crate::ast::{Ast, Mark, NodeId, TemplatePart};
use crate::syntax::NodeKind;
use crate::syntax::literal::{self, Shape};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The value of a string literal; what is wrong with it was reported by the parser.
pub(crate) fn string_literal(ast: &Ast, node: NodeId) -> String {
    let text = ast.text(node);
    if !text.starts_with(['"', '\'']) {
        // The quotes were forgotten, and told to be.
        return text.to_owned();
    }
    let triple = text.starts_with("\"\"\"");
    if !triple && !text.contains('\\') && !ast.has(node, Mark::Unterminated) {
        return text.get(1..text.len() - 1).unwrap_or("").to_owned();
    }
    let shape = Shape { triple, opens: true, closes: true, unterminated: ast.has(node, Mark::Unterminated) };
    let (value, _) =
        literal::string_value(ast.node(node).file, text, (0, text.len()), shape, literal::indentation(text));
    value
}

/// The texts of a string template's parts.
pub(crate) fn template_texts(ast: &Ast, node: NodeId) -> Vec<String> {
    let parts = ast.template_parts(node);
    let file = ast.node(node).file;
    let Some(source) = ast.file(file).map(|file| file.text.clone()) else { return Vec::new() };
    let triple = ast.text(node).starts_with("\"\"\"");
    let indentation = match parts.last() {
        Some(tail) if triple => literal::indentation(&source[tail.start as usize..tail.end as usize]),
        _ => "",
    };
    let last = parts.len().saturating_sub(1);
    let value = |(at, part): (usize, &TemplatePart)| {
        let shape = Shape { triple, opens: at == 0, closes: at == last, unterminated: part.unterminated };
        literal::string_value(file, &source, (part.start as usize, part.end as usize), shape, indentation).0
    };
    parts.iter().enumerate().map(value).collect()
}

/// The name that an identifier or a string names a member with.
pub(crate) fn identifier(ast: &Ast, node: NodeId) -> Cow<'_, str> {
    if ast.kind(node) == NodeKind::StringLiteral {
        return Cow::Owned(string_literal(ast, node));
    }
    let text = ast.text(node);
    let name = match text.strip_prefix('`') {
        Some(inner) => {
            let inner = inner.strip_suffix('`').unwrap_or(inner);
            Cow::Owned(literal::unescape(ast.node(node).file, inner, 0, &mut Vec::new()))
        }
        None => Cow::Borrowed(text),
    };
    if name.is_ascii() || is_nfc(&name) { name } else { Cow::Owned(name.nfc().collect()) }
}
