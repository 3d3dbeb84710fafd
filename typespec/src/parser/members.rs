//! Declarations with members: models, scalars, interfaces, operations, unions and enums.

use super::{Checkpoint, Parser, lists};
use crate::syntax::{Keyword, NodeKind, TokenKind};

use Keyword as K;
use TokenKind as T;

/// What the rules about parameter lists look at.
pub(super) struct Parameter {
    pub optional: bool,
}

impl Parser<'_> {
    pub(super) fn model(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.template_parameters();
        self.model_rest();
        self.finish(NodeKind::Model, from);
    }

    /// Parses what follows a model's name.
    pub(super) fn model_rest(&mut self) {
        self.expect_one_of(&[T::OpenBrace, T::Equals, T::Keyword(K::Extends), T::Keyword(K::Is)]);
        let clause = self.checkpoint();
        if self.eat(T::Keyword(K::Extends)) {
            self.expression();
            self.finish(NodeKind::ExtendsClause, clause);
        } else if self.eat(T::Keyword(K::Is)) {
            self.expression();
            self.finish(NodeKind::IsClause, clause);
            if self.expect_one_of(&[T::Semicolon, T::OpenBrace]) && self.eat(T::Semicolon) {
                return;
            }
        }
        self.members(&lists::PROPERTIES, Parser::property_or_spread);
    }

    fn members(&mut self, kind: &lists::ListKind, element: impl Fn(&mut Self, Checkpoint)) {
        let from = self.checkpoint();
        self.list(kind, element);
        self.finish(NodeKind::Members, from);
    }

    /// `{ … }` as an expression.
    pub(super) fn model_expression(&mut self) {
        let from = self.checkpoint();
        self.list(&lists::PROPERTIES, Parser::property_or_spread);
        self.finish(NodeKind::ModelExpression, from);
    }

    fn property_or_spread(&mut self, from: Checkpoint) {
        if self.at(T::Ellipsis) {
            return self.spread(from);
        }
        self.member_name("Property expected.");
        self.eat(T::Question);
        self.expect(T::Colon);
        self.expression();
        if self.eat(T::Equals) {
            self.expression();
        }
        self.finish(NodeKind::ModelProperty, from);
    }

    /// `...Name`, which no decorator may precede.
    pub(super) fn spread(&mut self, from: Checkpoint) {
        self.refuse_finished_decorators(from, "spread property");
        self.bump();
        self.reference("Identifier expected.");
        self.finish(NodeKind::Spread, from);
    }

    /// Complains about the decorators that were parsed since the checkpoint.
    pub(super) fn refuse_finished_decorators(&mut self, from: Checkpoint, what: &str) {
        let spans: Vec<_> = self.children[from.child..]
            .iter()
            .filter_map(|child| match child {
                crate::syntax::Child::Node(node) if node.kind == NodeKind::Decorator => Some((node.start, node.end)),
                _ => None,
            })
            .collect();
        for (start, end) in spans {
            self.error_at("invalid-decorator-location", &format!("Cannot decorate {what}."), start, end);
        }
    }

    pub(super) fn scalar(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.template_parameters();
        self.scalar_rest();
        if !self.at(T::OpenBrace) {
            self.expect(T::Semicolon);
        } else {
            self.members(&lists::SCALAR_MEMBERS, Parser::scalar_member);
        }
        self.finish(NodeKind::Scalar, from);
    }

    pub(super) fn scalar_rest(&mut self) {
        let clause = self.checkpoint();
        if self.eat(T::Keyword(K::Extends)) {
            self.reference("Identifier expected.");
            self.finish(NodeKind::ExtendsClause, clause);
        }
    }

    fn scalar_member(&mut self, from: Checkpoint) {
        self.refuse_finished_decorators(from, "scalar member");
        self.expect(T::Keyword(K::Init));
        self.identifier("Identifier expected.");
        self.function_parameters();
        self.finish(NodeKind::ScalarConstructor, from);
    }

    pub(super) fn interface(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.template_parameters();
        let clause = self.checkpoint();
        if self.eat(T::Keyword(K::Extends)) {
            self.list(&lists::HERITAGE, |parser, _| parser.reference("Identifier expected."));
            self.finish(NodeKind::Heritage, clause);
        }
        self.members(&lists::INTERFACE_MEMBERS, |parser, from| {
            parser.eat(T::Keyword(K::Op));
            parser.operation_rest(from);
        });
        self.finish(NodeKind::Interface, from);
    }

    pub(super) fn operation_statement(&mut self, from: Checkpoint) {
        self.bump();
        self.operation_rest(from);
        let Some(crate::syntax::Child::Node(operation)) = self.children.pop() else { return };
        // The semicolon belongs to the statement, not to an interface's member.
        self.children.extend(operation.children);
        self.expect(T::Semicolon);
        self.finish(NodeKind::Operation, from);
    }

    fn operation_rest(&mut self, from: Checkpoint) {
        self.identifier("Identifier expected.");
        self.template_parameters();
        if self.expect_one_of(&[T::OpenParen, T::Keyword(K::Is)]) && self.at(T::OpenParen) {
            let parameters = self.checkpoint();
            self.list(&lists::OPERATION_PARAMETERS, Parser::property_or_spread);
            self.finish(NodeKind::OperationParameters, parameters);
            self.expect(T::Colon);
            self.expression();
        } else {
            let clause = self.checkpoint();
            self.expect(T::Keyword(K::Is));
            self.reference("Identifier expected.");
            self.finish(NodeKind::IsClause, clause);
        }
        self.finish(NodeKind::Operation, from);
    }

    pub(super) fn union(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.template_parameters();
        self.union_rest();
        self.finish(NodeKind::Union, from);
    }

    pub(super) fn union_rest(&mut self) {
        let clause = self.checkpoint();
        if self.eat(T::Keyword(K::Extends)) {
            self.expression();
            self.finish(NodeKind::ExtendsClause, clause);
        }
        self.members(&lists::UNION_VARIANTS, Parser::union_variant);
    }

    /// An expression; before `:` it must be a plain name or a string, and is the variant's name.
    fn union_variant(&mut self, from: Checkpoint) {
        if self.token.kind.is_modifier() || self.token.kind.is_reserved_keyword() {
            self.member_name("Identifier expected.");
            self.expect(T::Colon);
            self.expression();
            return self.finish(NodeKind::UnionVariant, from);
        }
        let (start, child) = (self.token.start, self.children.len());
        self.expression();
        if self.at(T::Colon) {
            let is_name = match self.children.get(child) {
                Some(crate::syntax::Child::Node(node)) => is_plain_name(node),
                _ => false,
            };
            if !is_name {
                self.error_at("token-expected", "Identifier expected.", start, self.previous_end);
            }
            self.bump();
            self.expression();
        }
        self.finish(NodeKind::UnionVariant, from);
    }

    pub(super) fn enumeration(&mut self, from: Checkpoint) {
        self.bump();
        self.identifier("Identifier expected.");
        self.members(&lists::ENUM_MEMBERS, Parser::enum_member);
        self.finish(NodeKind::Enum, from);
    }

    pub(super) fn enum_members(&mut self) {
        self.members(&lists::ENUM_MEMBERS, Parser::enum_member);
    }

    fn enum_member(&mut self, from: Checkpoint) {
        if self.at(T::Ellipsis) {
            self.refuse_finished_decorators(from, "spread enum");
            self.bump();
            self.reference("Identifier expected.");
            return self.finish(NodeKind::Spread, from);
        }
        self.member_name("Enum member expected.");
        if self.eat(T::Colon) {
            let (start, child) = (self.token.start, self.children.len());
            self.expression();
            let is_literal = self.children[child..].iter().any(|child| match child {
                crate::syntax::Child::Node(node) => {
                    matches!(node.kind, NodeKind::StringLiteral | NodeKind::NumericLiteral)
                }
                crate::syntax::Child::Token(_) => false,
            });
            if !is_literal {
                self.error_at("token-expected", "Expected numeric or string literal.", start, self.previous_end);
            }
        }
        self.finish(NodeKind::EnumMember, from);
    }

    pub(super) fn template_parameters(&mut self) {
        if !self.at(T::LessThan) {
            return;
        }
        let from = self.checkpoint();
        self.list(&lists::TEMPLATE_PARAMETERS, |parser, from| {
            parser.identifier("Identifier expected.");
            if parser.eat(T::Keyword(K::Extends)) {
                parser.mixed_expression();
            }
            if parser.eat(T::Equals) {
                parser.expression();
            }
            parser.finish(NodeKind::TemplateParameter, from);
        });
        self.check_template_defaults(from);
        self.finish(NodeKind::TemplateParameters, from);
    }

    /// A parameter without default may not follow one with a default.
    fn check_template_defaults(&mut self, from: Checkpoint) {
        let mut seen_default = false;
        let mut missing = Vec::new();
        for child in &self.children[from.child..] {
            let crate::syntax::Child::Node(node) = child else { continue };
            let has_default = node.has_token(T::Equals);
            if seen_default && !has_default {
                missing.push((node.start, node.nodes().next().map_or(node.end, |name| name.end)));
            }
            seen_default |= has_default;
        }
        for (start, end) in missing {
            let message = "Required template parameters must not follow optional template parameters.";
            self.error_at("default-required", message, start, end);
        }
    }

    pub(super) fn function_parameters(&mut self) -> Vec<Parameter> {
        let from = self.checkpoint();
        self.list(&lists::FUNCTION_PARAMETERS, |parser, from| {
            parser.eat(T::Ellipsis);
            parser.member_name("Identifier expected.");
            parser.eat(T::Question);
            if parser.eat(T::Colon) {
                parser.mixed_expression();
            }
            parser.finish(NodeKind::FunctionParameter, from);
        });
        let parameters = self.check_parameters(from);
        self.finish(NodeKind::Arguments, from);
        parameters
    }

    fn check_parameters(&mut self, from: Checkpoint) -> Vec<Parameter> {
        let nodes: Vec<_> = self.children[from.child..]
            .iter()
            .filter_map(|child| match child {
                crate::syntax::Child::Node(node) => {
                    let rest = node.has_token(T::Ellipsis);
                    let array = node.nodes().last().is_some_and(|kind| is_array_type(kind, self.text));
                    Some((node.start, node.end, node.has_token(T::Question), rest, array || !node.has_token(T::Colon)))
                }
                crate::syntax::Child::Token(_) => None,
            })
            .collect();
        let count = nodes.len();
        let mut seen_optional = false;
        for (at, (start, end, optional, rest, array)) in nodes.iter().copied().enumerate() {
            if !optional && seen_optional {
                let message = "A required parameter cannot follow an optional parameter.";
                self.error_at("required-parameter-first", message, start, end);
            }
            if rest && optional {
                self.error_at("rest-parameter-required", "A rest parameter cannot be optional.", start, end);
            }
            if rest && at + 1 < count {
                self.error_at("rest-parameter-last", "A rest parameter must be last in a parameter list.", start, end);
            }
            if rest && !array {
                self.error_at("rest-parameter-array", "A rest parameter must be of an array type.", start, end);
            }
            seen_optional |= optional;
        }
        nodes.iter().map(|(_, _, optional, ..)| Parameter { optional: *optional }).collect()
    }
}

/// Whether a rest parameter may have this type.
fn is_array_type(node: &crate::syntax::Node, text: &str) -> bool {
    match node.kind {
        NodeKind::ArrayExpression => true,
        NodeKind::ValueOf | NodeKind::Parenthesized => {
            node.nodes().next().is_some_and(|inner| is_array_type(inner, text))
        }
        NodeKind::Reference => text[node.start..node.end].starts_with("Array<"),
        _ => false,
    }
}

fn is_plain_name(node: &crate::syntax::Node) -> bool {
    match node.kind {
        NodeKind::StringLiteral => true,
        NodeKind::Reference => {
            let mut parts = node.nodes();
            parts.next().is_some_and(|first| first.kind == NodeKind::Identifier) && parts.next().is_none()
        }
        _ => false,
    }
}
