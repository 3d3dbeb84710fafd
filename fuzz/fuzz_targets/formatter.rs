//! Formatting twice changes nothing more, and formatting never changes the program.
#![no_main]

use libfuzzer_sys::fuzz_target;
use radii_diagnostics::FileId;
use typespec::syntax::{Child, Node, NodeKind, TokenKind};

/// What a program says: its nodes, and the words and signs that mean something.
///
/// `around` is what the node stands in, parentheses aside.
fn meaning(node: &Node, around: NodeKind, text: &str, said: &mut Vec<String>) {
    // Parentheses are set where they are needed, empty statements and bodies go, and annotations get an order of their own.
    let is_empty = node.kind == NodeKind::Members && node.nodes().next().is_none();
    // Unions of unions, and intersections of intersections, are one: their parentheses go.
    let is_chained = matches!(node.kind, NodeKind::UnionExpression | NodeKind::IntersectionExpression);
    let is_parenthesized = node.kind == NodeKind::Parenthesized;
    let is_silent = is_empty || is_parenthesized || node.kind == NodeKind::EmptyStatement;
    if !is_silent && !(is_chained && node.kind == around) {
        said.push(format!("{:?}", node.kind));
    }
    let rank = |kind: NodeKind| match kind {
        NodeKind::Directive => 0,
        NodeKind::Decorator => 1,
        _ => 2,
    };
    // No modifier may stand on a namespace; the reference's formatter leaves it out, and so do we.
    let is_kept = |inner: &Node| node.kind != NodeKind::Namespace || inner.kind != NodeKind::Modifiers;
    let mut nodes: Vec<&Node> = node.nodes().filter(|inner| is_kept(inner)).collect();
    nodes.sort_by_key(|node| rank(node.kind));
    for token in node.children.iter().filter_map(|child| match child {
        Child::Token(token) => Some(token),
        Child::Node(_) => None,
    }) {
        let own = &text[token.start..token.end];
        match token.kind {
            // Operations of interfaces need no `op`.
            TokenKind::Keyword(_) if own == "op" => {}
            TokenKind::NumericLiteral | TokenKind::Keyword(_) | TokenKind::Ellipsis | TokenKind::Question => {
                said.push(own.to_owned());
            }
            _ => {}
        }
    }
    // A member's name in quotes becomes an identifier.
    let is_named = match node.kind {
        NodeKind::ModelProperty | NodeKind::EnumMember => true,
        NodeKind::UnionVariant => node.has_token(TokenKind::Colon),
        _ => false,
    };
    let name = if is_named { nodes.iter().position(|inner| rank(inner.kind) == 2) } else { None };
    let others = nodes.into_iter().enumerate().filter(|(at, _)| Some(*at) != name);
    let around = if is_parenthesized { around } else { node.kind };
    others.for_each(|(_, inner)| meaning(inner, around, text, said));
}

fn said(text: &str) -> Vec<String> {
    let mut said = Vec::new();
    meaning(&typespec::parse(FileId(0), text).root, NodeKind::Script, text, &mut said);
    said
}

fuzz_target!(|text: &str| {
    let Ok(once) = typespec::format(FileId(0), text) else { return };
    let twice = typespec::format(FileId(0), &once).expect("what was formatted can be formatted");
    assert_eq!(once, twice, "formatting twice changes nothing");
    if typespec::parse(FileId(0), text).diagnostics.is_empty() {
        assert_eq!(said(text), said(&once), "formatting keeps the program");
    }
});
