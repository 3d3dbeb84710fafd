//! The syntax tree: every character of the text is in it, so it prints back exactly.

use super::scanner::Token;
use super::token::TokenKind;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after the constructs of the language")]
pub enum NodeKind {
    Script,
    Import,
    Using,
    Namespace,
    Model,
    ModelProperty,
    Spread,
    Scalar,
    ScalarConstructor,
    Interface,
    Operation,
    OperationParameters,
    Union,
    UnionVariant,
    Enum,
    EnumMember,
    Alias,
    Const,
    DecoratorDeclaration,
    FunctionDeclaration,
    FunctionParameter,
    AugmentDecorator,
    EmptyStatement,
    InvalidStatement,
    Modifiers,
    Decorator,
    Directive,
    TemplateParameters,
    TemplateParameter,
    TemplateArguments,
    TemplateArgument,
    Arguments,
    Heritage,
    ExtendsClause,
    IsClause,
    Members,
    Identifier,
    MissingIdentifier,
    MemberAccess,
    Reference,
    Call,
    StringLiteral,
    NumericLiteral,
    BooleanLiteral,
    StringTemplate,
    ModelExpression,
    TupleExpression,
    ObjectLiteral,
    ObjectProperty,
    ArrayLiteral,
    Parenthesized,
    UnionExpression,
    IntersectionExpression,
    ArrayExpression,
    ValueOf,
    TypeOf,
    FunctionType,
    VoidKeyword,
    NeverKeyword,
    UnknownKeyword,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Offset of its first byte, without leading trivia.
    pub start: usize,
    /// Offset just past its last byte, without trailing trivia.
    pub end: usize,
    /// Whether the parser complained about it or about what it holds.
    pub has_error: bool,
    /// Nodes and tokens in the order of the text, trivia included.
    pub children: Vec<Child>,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Child {
    /// A node.
    Node(Node),
    /// A token or trivia.
    Token(Token),
}

impl Node {
    /// The nodes below, without tokens.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(|child| match child {
            Child::Node(node) => Some(node),
            Child::Token(_) => None,
        })
    }

    /// Returns the first node below of a kind.
    pub fn find(&self, kind: NodeKind) -> Option<&Node> {
        self.nodes().find(|node| node.kind == kind)
    }

    /// The tokens of this node itself, without trivia.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.children.iter().filter_map(|child| match child {
            Child::Token(token) if !token.kind.is_trivia() => Some(token),
            _ => None,
        })
    }

    /// Whether a token of a kind is among this node's own.
    pub fn has_token(&self, kind: TokenKind) -> bool {
        self.tokens().any(|token| token.kind == kind)
    }

    /// Appends the text of every token below, in order.
    pub fn write_text(&self, source: &str, text: &mut String) {
        for child in &self.children {
            match child {
                Child::Node(node) => node.write_text(source, text),
                Child::Token(token) => text.push_str(&source[token.start..token.end]),
            }
        }
    }
}
