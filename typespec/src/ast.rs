//! All syntax of a program in one table: nodes are numbers, know their parent, and can be kept and compared.
//!
//! The parser's tree owns its nodes; the checker needs to point at them from types, symbols and diagnostics.
//! Flattening is one pass without recursion, after which the parser's tree can go.

use std::collections::HashMap;
use std::sync::Arc;

use radii_diagnostics::{FileId, Span};

use crate::syntax::{Child, Keyword, Node, NodeKind, TokenKind};

/// A node of a program's syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// What is known of a node.
#[derive(Clone, Debug)]
pub struct AstNode {
    /// What it is.
    pub kind: NodeKind,
    /// The file it stands in.
    pub file: FileId,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset just past its last byte.
    pub end: u32,
    /// The node that holds it; a file's root holds itself.
    pub parent: NodeId,
    /// Whether the parser complained about it or about what it holds.
    pub has_error: bool,
    marks: u16,
    first_child: u32,
    child_count: u32,
}

/// A token whose presence means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Mark {
    /// `?`
    Question = 1,
    /// `...`
    Ellipsis = 1 << 1,
    /// `=`
    Equals = 1 << 2,
    /// `:`
    Colon = 1 << 3,
    /// `::`
    ColonColon = 1 << 4,
    /// `extern`
    Extern = 1 << 5,
    /// `internal`
    Internal = 1 << 6,
    /// `auto`
    Auto = 1 << 7,
    /// `{`
    OpenBrace = 1 << 8,
    /// The end of a string is missing.
    Unterminated = 1 << 9,
    /// `true`
    True = 1 << 10,
    /// `=>`
    Arrow = 1 << 11,
    /// `(`
    OpenParen = 1 << 12,
}

/// A file of the program.
#[derive(Clone, Debug)]
pub struct AstFile {
    /// Its text.
    pub text: Arc<str>,
    /// Its root node.
    pub root: NodeId,
}

/// A part of a string template: its token's range, and whether its end is missing.
#[derive(Clone, Copy, Debug)]
pub struct TemplatePart {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
    /// Whether the end is missing.
    pub unterminated: bool,
}

/// The syntax of all files of a program.
#[derive(Clone, Debug, Default)]
pub struct Ast {
    nodes: Vec<AstNode>,
    files: HashMap<FileId, AstFile>,
    docs: HashMap<NodeId, Vec<(u32, u32)>>,
    templates: HashMap<NodeId, Vec<TemplatePart>>,
}

impl Ast {
    /// Takes a file's tree; returns its root.
    pub fn add(&mut self, file: FileId, text: Arc<str>, root: &Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("programs have less than 4 billion nodes"));
        self.push(file, root, id);
        let mut open = vec![(root, id)];
        while let Some((node, id)) = open.pop() {
            self.add_children(file, &text, node, id, &mut open);
        }
        self.files.insert(file, AstFile { text, root: id });
        id
    }

    fn push(&mut self, file: FileId, node: &Node, parent: NodeId) {
        self.nodes.push(AstNode {
            kind: node.kind,
            file,
            start: node.start as u32,
            end: node.end as u32,
            parent,
            has_error: node.has_error,
            marks: marks(node),
            first_child: 0,
            child_count: 0,
        });
    }

    fn add_children<'n>(
        &mut self,
        file: FileId,
        text: &str,
        node: &'n Node,
        id: NodeId,
        open: &mut Vec<(&'n Node, NodeId)>,
    ) {
        let first = self.nodes.len() as u32;
        let mut docs = Vec::new();
        let mut own_docs = Vec::new();
        let mut in_annotations = true;
        for child in &node.children {
            match child {
                Child::Node(inner) => {
                    let inner_id = NodeId(self.nodes.len() as u32);
                    self.push(file, inner, id);
                    open.push((inner, inner_id));
                    if matches!(inner.kind, NodeKind::Decorator | NodeKind::Directive) {
                        continue;
                    }
                    if in_annotations {
                        own_docs.append(&mut docs);
                        in_annotations = false;
                    } else if !docs.is_empty() {
                        self.docs.entry(inner_id).or_default().append(&mut docs);
                    }
                }
                Child::Token(token) if is_doc_comment(text, token.kind, token.start, token.end) => {
                    docs.push((token.start as u32, token.end as u32));
                }
                Child::Token(token) if !token.kind.is_trivia() => {
                    if in_annotations {
                        own_docs.append(&mut docs);
                    }
                    in_annotations = false;
                    docs.clear();
                    self.note_token(id, node.kind, token);
                }
                Child::Token(_) => {}
            }
        }
        let count = self.nodes.len() as u32 - first;
        let entry = &mut self.nodes[id.0 as usize];
        (entry.first_child, entry.child_count) = (first, count);
        self.keep_leading_docs(node, id, first, own_docs);
    }

    /// Comments inside a node before its keyword are its own, unless it is a list: then they are its first element's.
    fn keep_leading_docs(&mut self, node: &Node, id: NodeId, first: u32, mut docs: Vec<(u32, u32)>) {
        if docs.is_empty() {
            return;
        }
        let holds_items = matches!(node.kind, NodeKind::Script | NodeKind::Members);
        let target = if holds_items { NodeId(first) } else { id };
        let known = self.docs.entry(target).or_default();
        docs.retain(|doc| !known.contains(doc));
        known.extend(docs);
    }

    fn note_token(&mut self, id: NodeId, kind: NodeKind, token: &crate::syntax::scanner::Token) {
        if kind == NodeKind::StringTemplate {
            let part =
                TemplatePart { start: token.start as u32, end: token.end as u32, unterminated: token.unterminated };
            self.templates.entry(id).or_default().push(part);
        }
    }

    /// Returns a node.
    pub fn node(&self, id: NodeId) -> &AstNode {
        &self.nodes[id.0 as usize]
    }

    /// What a node is.
    pub fn kind(&self, id: NodeId) -> NodeKind {
        self.node(id).kind
    }

    /// Returns the node that holds another; `None` for a file's root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        let parent = self.node(id).parent;
        (parent != id).then_some(parent)
    }

    /// The nodes below a node, in order.
    pub fn children(&self, id: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        let node = self.node(id);
        (node.first_child..node.first_child + node.child_count).map(NodeId)
    }

    /// The nodes below a node that are no decorators, directives or modifiers.
    pub fn parts(&self, id: NodeId) -> impl DoubleEndedIterator<Item = NodeId> + use<'_> {
        self.children(id).filter(|child| {
            !matches!(self.kind(*child), NodeKind::Decorator | NodeKind::Directive | NodeKind::Modifiers)
        })
    }

    /// Returns one of the nodes that [`Ast::parts`] gives.
    pub fn part(&self, id: NodeId, at: usize) -> Option<NodeId> {
        self.parts(id).nth(at)
    }

    /// Returns the first node below of a kind.
    pub fn find(&self, id: NodeId, kind: NodeKind) -> Option<NodeId> {
        self.children(id).find(|child| self.kind(*child) == kind)
    }

    /// Whether a token of interest is among the node's own.
    pub fn has(&self, id: NodeId, mark: Mark) -> bool {
        self.node(id).marks & mark as u16 != 0
    }

    /// Where a node stands.
    pub fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span { file: node.file, start: node.start, end: node.end }
    }

    /// The text of a node.
    pub fn text(&self, id: NodeId) -> &str {
        let node = self.node(id);
        &self.files[&node.file].text[node.start as usize..node.end as usize]
    }

    /// The text of a span.
    pub fn text_at(&self, span: Span) -> &str {
        self.files[&span.file].text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Returns a file by its id.
    pub fn file(&self, id: FileId) -> Option<&AstFile> {
        self.files.get(&id)
    }

    /// Ranges of the doc comments before a declaration or member.
    pub fn doc_comments(&self, id: NodeId) -> &[(u32, u32)] {
        self.docs.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The string parts of a string template.
    pub fn template_parts(&self, id: NodeId) -> &[TemplatePart] {
        self.templates.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The nodes that hold a node, from the inside out, itself first.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<'_> {
        std::iter::successors(Some(id), |node| self.parent(*node))
    }

    /// Returns the innermost node that covers an offset of a file; its end counts as inside.
    pub fn node_at(&self, file: FileId, offset: u32) -> Option<NodeId> {
        let mut current = self.files.get(&file)?.root;
        loop {
            let mut covering = self.children(current).filter(|child| {
                let node = self.node(*child);
                node.start <= offset && offset <= node.end
            });
            // Of two neighbours that touch at the offset, the one that starts there is meant.
            match covering.next_back() {
                Some(child) => current = child,
                None => return Some(current),
            }
        }
    }
}

fn is_doc_comment(text: &str, kind: TokenKind, start: usize, end: usize) -> bool {
    kind == TokenKind::MultiLineComment && end - start > 4 && text[start..end].starts_with("/**")
}

fn marks(node: &Node) -> u16 {
    let mut marks = 0;
    for token in node.tokens() {
        if token.unterminated {
            marks |= Mark::Unterminated as u16;
        }
        marks |= match token.kind {
            TokenKind::Question => Mark::Question as u16,
            TokenKind::Ellipsis => Mark::Ellipsis as u16,
            TokenKind::Equals => Mark::Equals as u16,
            TokenKind::Colon => Mark::Colon as u16,
            TokenKind::ColonColon => Mark::ColonColon as u16,
            TokenKind::OpenBrace => Mark::OpenBrace as u16,
            TokenKind::OpenParen => Mark::OpenParen as u16,
            TokenKind::EqualsGreaterThan => Mark::Arrow as u16,
            TokenKind::Keyword(Keyword::Extern) => Mark::Extern as u16,
            TokenKind::Keyword(Keyword::Internal) => Mark::Internal as u16,
            TokenKind::Keyword(Keyword::Auto) => Mark::Auto as u16,
            TokenKind::Keyword(Keyword::True) => Mark::True as u16,
            _ => 0,
        };
    }
    if let Some(modifiers) = node.find(NodeKind::Modifiers) {
        marks |= self::marks(modifiers);
    }
    marks
}
