//! A good TypeSpec text whose tokens know what they stand in.

use radii_diagnostics::FileId;
use typespec::syntax::scanner::{Token, tokens};
use typespec::syntax::{Node, NodeKind, TokenKind};

use super::Slip;

/// A node, flat.
pub struct Spot {
    pub kind: NodeKind,
    pub start: usize,
    pub end: usize,
    parent: Option<usize>,
}

pub struct Source {
    pub text: String,
    /// Without trivia.
    pub tokens: Vec<Token>,
    pub spots: Vec<Spot>,
    /// The innermost node of each token.
    holders: Vec<usize>,
}

impl Source {
    pub fn new(text: String) -> Self {
        let parse = typespec::parse(FileId(0), &text);
        let mut spots = Vec::new();
        flatten(&parse.root, None, &mut spots);
        let tokens = tokens(&text);
        let holder = |token: &Token| {
            let around = spots.iter().enumerate().filter(|(_, it)| it.start <= token.start && token.end <= it.end);
            around.map(|(at, _)| at).next_back().unwrap_or(0)
        };
        let holders = tokens.iter().map(holder).collect();
        Self { text, tokens, spots, holders }
    }

    pub fn own(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &self.text[token.start..token.end])
    }

    pub fn place(&self, at: usize) -> (usize, usize) {
        (self.tokens[at].start, self.tokens[at].end)
    }

    /// What a token stands in, the innermost first.
    pub fn around(&self, at: usize) -> impl Iterator<Item = &Spot> {
        let mut next = Some(self.holders[at]);
        std::iter::from_fn(move || {
            let spot = &self.spots[next?];
            next = spot.parent;
            Some(spot)
        })
    }

    pub fn is_in(&self, at: usize, kind: NodeKind) -> bool {
        self.around(at).any(|spot| spot.kind == kind)
    }

    /// The innermost node of a token that is no mere name or link of one.
    pub fn role(&self, at: usize) -> NodeKind {
        let is_link = |kind| matches!(kind, NodeKind::Identifier | NodeKind::MemberAccess | NodeKind::Reference);
        self.around(at).find(|spot| !is_link(spot.kind)).map_or(NodeKind::Script, |spot| spot.kind)
    }

    pub fn is_identifier(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::Identifier)
    }

    pub fn is_text(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::StringLiteral) && !self.own(at).starts_with("\"\"\"")
    }

    /// Whether a token is (a part of) a reference, no declaration.
    pub fn is_reference(&self, at: usize) -> bool {
        self.is_identifier(at) && self.is_in(at, NodeKind::Reference)
    }

    /// Names of types that stand alone.
    pub fn type_names(&self) -> impl Iterator<Item = usize> {
        self.all().filter(|at| {
            let is_alone = self.own(at + 1) != "." && (*at == 0 || self.own(at - 1) != ".");
            self.is_reference(*at) && is_alone && !self.is_in(*at, NodeKind::Arguments)
        })
    }

    pub fn all(&self) -> std::ops::Range<usize> {
        0..self.tokens.len()
    }

    /// The tokens with a text.
    pub fn with(&self, text: &str) -> impl Iterator<Item = usize> {
        self.all().filter(move |at| self.own(*at) == text)
    }

    /// Nodes of a kind.
    pub fn nodes(&self, kind: NodeKind) -> impl Iterator<Item = &Spot> {
        self.spots.iter().filter(move |spot| spot.kind == kind)
    }

    /// The first token of a node.
    pub fn first_of(&self, spot: &Spot) -> usize {
        self.tokens.partition_point(|token| token.start < spot.start)
    }

    /// The last token of a node.
    pub fn last_of(&self, spot: &Spot) -> usize {
        self.tokens.partition_point(|token| token.end <= spot.end) - 1
    }

    pub fn is_first_of_line(&self, at: usize) -> bool {
        at == 0 || self.text[self.tokens[at - 1].end..self.tokens[at].start].contains('\n')
    }

    /// Another text in a token's place.
    pub fn replaced(&self, at: usize, text: impl Into<String>) -> Slip {
        Slip::new(&self.text, self.place(at), text)
    }

    /// Another text in the place of several tokens.
    pub fn replaced_all(&self, first: usize, last: usize, text: impl Into<String>) -> Slip {
        Slip::new(&self.text, (self.tokens[first].start, self.tokens[last].end), text)
    }

    /// A sign that is left out: what is underlined is the character behind the token before.
    pub fn missing(&self, at: usize) -> Slip {
        let (start, end) = self.place(at);
        let before = if at == 0 { 0 } else { self.tokens[at - 1].end };
        let slip = Slip::new(&self.text, (start, end), "");
        let text = slip.apply(&self.text);
        let width = text[before..].chars().next().map_or(1, char::len_utf8);
        slip.at(before, before + width)
    }

    /// Something too much behind a token.
    pub fn extra(&self, at: usize, text: &str) -> Slip {
        let end = self.tokens[at].end;
        Slip::new(&self.text, (end, end), text).meaning([format!("remove `{}`", text.trim())])
    }

    /// The line of a token, with its break.
    pub fn line(&self, at: usize) -> (usize, usize) {
        let start = self.text[..self.tokens[at].start].rfind('\n').map_or(0, |end| end + 1);
        let end = self.text[start..].find('\n').map_or(self.text.len(), |length| start + length + 1);
        (start, end)
    }

    /// The token that closes what a token opens.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.tokens.len()).find(|at| {
            match self.own(*at) {
                "{" | "(" | "[" | "<" | "#{" | "#[" => depth += 1,
                "}" | ")" | "]" | ">" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }
}

fn flatten(node: &Node, parent: Option<usize>, spots: &mut Vec<Spot>) {
    let own = spots.len();
    spots.push(Spot { kind: node.kind, start: node.start, end: node.end, parent });
    node.nodes().for_each(|inner| flatten(inner, Some(own), spots));
}
