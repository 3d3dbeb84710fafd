//! Expressions: types and values alike.

use super::{Checkpoint, Parser, lists};
use crate::syntax::literal::{self, Shape};
use crate::syntax::{Child, Keyword, Node, NodeKind, TokenKind};

use Keyword as K;
use TokenKind as T;

impl Parser<'_> {
    pub(super) fn expression(&mut self) {
        self.deeper(Parser::union_expression);
    }

    fn union_expression(&mut self) {
        self.binary(T::Bar, NodeKind::UnionExpression, |parser| {
            parser.binary(T::Ampersand, NodeKind::IntersectionExpression, Parser::array_expression);
        });
    }

    /// Operands between operators; a leading operator is allowed.
    fn binary(&mut self, operator: TokenKind, kind: NodeKind, operand: impl Fn(&mut Self)) {
        let from = self.checkpoint();
        let mut found = self.eat(operator);
        operand(self);
        while self.eat(operator) {
            found = true;
            operand(self);
        }
        if found {
            self.finish(kind, from);
        }
    }

    fn array_expression(&mut self) {
        let from = self.checkpoint();
        self.primary();
        let mut links = 0;
        while self.at(T::OpenBracket) && self.may_go_on(&mut links) {
            self.bump();
            self.expect(T::CloseBracket);
            self.finish(NodeKind::ArrayExpression, from);
        }
    }

    /// A constraint: expressions, of which some may be `valueof`.
    pub(super) fn mixed_expression(&mut self) {
        self.deeper(|parser| parser.binary(T::Bar, NodeKind::UnionExpression, Parser::mixed_term));
    }

    fn mixed_term(&mut self) {
        let from = self.checkpoint();
        match self.token.kind {
            T::Keyword(K::ValueOf) => {
                self.bump();
                self.expression();
                self.finish(NodeKind::ValueOf, from);
            }
            T::OpenParen => {
                self.bump();
                self.mixed_expression();
                self.expect(T::CloseParen);
                self.finish(NodeKind::Parenthesized, from);
            }
            _ => self.binary(T::Ampersand, NodeKind::IntersectionExpression, Parser::array_expression),
        }
    }

    fn primary(&mut self) {
        loop {
            let from = self.checkpoint();
            let annotations = match self.token.kind {
                T::At | T::Hash => self.annotations(false),
                _ => return self.bare_primary(from),
            };
            if self.at_declaration() {
                return self.bare_primary(from);
            }
            self.refuse_annotations(&annotations, "expression");
        }
    }

    fn at_declaration(&self) -> bool {
        matches!(self.token.kind, T::Keyword(K::Model | K::Enum | K::Union | K::Scalar))
    }

    fn bare_primary(&mut self, from: Checkpoint) {
        match self.token.kind {
            T::Keyword(K::TypeOf) => {
                self.bump();
                self.type_of_target();
                self.finish(NodeKind::TypeOf, from);
            }
            T::Keyword(K::Fn) => self.function_type(from),
            T::Keyword(K::Void) => self.word(NodeKind::VoidKeyword, from),
            T::Keyword(K::Never) => self.word(NodeKind::NeverKeyword, from),
            T::Keyword(K::Unknown) => self.word(NodeKind::UnknownKeyword, from),
            T::OpenBrace => self.model_expression(),
            T::OpenBracket => {
                self.list(&lists::TUPLE, |parser, _| parser.expression());
                self.finish(NodeKind::TupleExpression, from);
            }
            T::OpenParen => {
                self.bump();
                self.expression();
                self.expect(T::CloseParen);
                self.finish(NodeKind::Parenthesized, from);
            }
            T::HashBrace => {
                self.list(&lists::OBJECT_LITERAL, Parser::object_property);
                self.finish(NodeKind::ObjectLiteral, from);
            }
            T::HashBracket => {
                self.list(&lists::ARRAY_LITERAL, |parser, _| parser.expression());
                self.finish(NodeKind::ArrayLiteral, from);
            }
            _ if self.at_declaration() => self.declaration_expression(from),
            _ => self.literal_or_reference(from, "Expression expected."),
        }
    }

    fn word(&mut self, kind: NodeKind, from: Checkpoint) {
        self.bump();
        self.finish(kind, from);
    }

    fn literal_or_reference(&mut self, from: Checkpoint, message: &str) {
        match self.token.kind {
            T::StringLiteral => self.string_literal(),
            T::StringTemplateHead => self.string_template(from),
            T::NumericLiteral => self.word(NodeKind::NumericLiteral, from),
            T::Keyword(K::True | K::False) => self.word(NodeKind::BooleanLiteral, from),
            _ => self.call_or_reference(from, message),
        }
    }

    fn call_or_reference(&mut self, from: Checkpoint, message: &str) {
        self.member_reference(message, false);
        if self.at(T::OpenParen) {
            let arguments = self.checkpoint();
            self.list(&lists::ARGUMENTS, Parser::argument);
            self.finish(NodeKind::Arguments, arguments);
            return self.finish(NodeKind::Call, from);
        }
        self.template_arguments();
        self.finish(NodeKind::Reference, from);
    }

    /// A reference with optional template arguments, and nothing else.
    pub(super) fn reference(&mut self, message: &str) {
        let from = self.checkpoint();
        self.member_reference(message, false);
        self.template_arguments();
        self.finish(NodeKind::Reference, from);
    }

    fn template_arguments(&mut self) {
        if !self.at(T::LessThan) {
            return;
        }
        let from = self.checkpoint();
        self.list(&lists::TEMPLATE_ARGUMENTS, Parser::template_argument);
        self.finish(NodeKind::TemplateArguments, from);
    }

    fn template_argument(&mut self, from: Checkpoint) {
        let (start, child) = (self.token.start, self.children.len());
        self.expression();
        if self.at(T::Equals) {
            let is_name = match self.children.get(child) {
                Some(Child::Node(node)) => is_bare_name(node),
                _ => false,
            };
            if !is_name {
                let message = "Template parameter argument names must be valid, bare identifiers.";
                self.error_at("invalid-template-argument-name", message, start, self.previous_end);
            }
            self.bump();
            self.expression();
        }
        self.finish(NodeKind::TemplateArgument, from);
    }

    pub(super) fn argument(&mut self, _from: Checkpoint) {
        self.expression();
    }

    /// Names joined by `.` and `::`; `of_decorator` allows reserved words as the first one.
    pub(super) fn member_reference(&mut self, message: &str, of_decorator: bool) {
        let from = self.checkpoint();
        if of_decorator {
            self.member_name(message);
        } else {
            self.identifier(message);
        }
        let mut links = 0;
        while self.at_any(&[T::Dot, T::ColonColon]) && self.may_go_on(&mut links) {
            if self.eat(T::Dot) {
                self.member_name("Identifier expected.");
            } else if self.eat(T::ColonColon) {
                self.identifier("Identifier expected.");
            }
            self.finish(NodeKind::MemberAccess, from);
        }
    }

    /// A name that no reserved word may be; returns its text.
    pub(super) fn identifier(&mut self, message: &str) -> String {
        let kind = self.token.kind;
        if kind.is_keyword() {
            self.error_here("reserved-identifier", "Keyword cannot be used as identifier.");
            return self.missing_identifier();
        }
        if let T::Keyword(word) = kind {
            self.error_here("reserved-identifier", &format!("{} is a reserved keyword", word.text()));
        } else if kind != T::Identifier {
            self.error_here("token-expected", message);
            return self.missing_identifier();
        }
        self.take_identifier()
    }

    /// A member's name: strings, modifiers and words kept for later are allowed.
    pub(super) fn member_name(&mut self, message: &str) {
        match self.token.kind {
            T::StringLiteral => self.string_literal(),
            kind if kind.is_modifier() || kind.is_reserved_keyword() => {
                self.take_identifier();
            }
            _ => {
                self.identifier(message);
            }
        }
    }

    fn take_identifier(&mut self) -> String {
        let from = self.checkpoint();
        let text = self.text[self.token.start..self.token.end].to_owned();
        if text.starts_with('`') {
            let inner = text.trim_matches('`').to_owned();
            let mut diagnostics = Vec::new();
            literal::unescape(self.file, &inner, self.token.start + 1, &mut diagnostics);
            self.errors += diagnostics.len();
            self.diagnostics.append(&mut diagnostics);
        }
        self.bump();
        self.finish(NodeKind::Identifier, from);
        text
    }

    fn object_property(&mut self, from: Checkpoint) {
        self.refuse_finished_decorators(from, "object literal property");
        if self.at(T::Ellipsis) {
            self.bump();
            self.reference("Identifier expected.");
            return self.finish(NodeKind::Spread, from);
        }
        match self.token.kind {
            kind if kind.is_modifier() || kind.is_reserved_keyword() => {
                self.take_identifier();
            }
            _ => {
                self.identifier("Property expected.");
            }
        }
        self.expect(T::Colon);
        self.expression();
        self.finish(NodeKind::ObjectProperty, from);
    }

    fn string_template(&mut self, from: Checkpoint) {
        let triple = self.text[self.token.start..].starts_with("\"\"\"");
        let indentation = if triple { self.template_indentation() } else { String::new() };
        let shape = Shape { triple, opens: true, closes: false, unterminated: false };
        self.string_part(shape, &indentation);
        loop {
            self.expression();
            if !self.at(T::CloseBrace) {
                let message = "string template tail expected.";
                self.error_here("token-expected", message);
                break;
            }
            self.token = self.scanner.rescan_template(self.token.start, triple);
            self.take_scanner_errors();
            let closes = self.at(T::StringTemplateTail);
            let shape = Shape { triple, opens: false, closes, unterminated: self.token.unterminated };
            self.string_part(shape, &indentation);
            if closes {
                break;
            }
        }
        self.finish(NodeKind::StringTemplate, from);
    }

    /// The indentation of a triple-quoted template is that of its tail, which is read ahead.
    fn template_indentation(&self) -> String {
        let mut ahead = super::Scanner::new(self.file, self.text);
        ahead.seek(self.token.end);
        let mut depth = 0_usize;
        loop {
            let token = ahead.next_token();
            match token.kind {
                T::EndOfFile => return String::new(),
                T::OpenBrace | T::HashBrace | T::StringTemplateHead => depth += 1,
                T::CloseBrace if depth > 0 => depth -= 1,
                T::CloseBrace => {
                    let part = ahead.rescan_template(token.start, true);
                    if part.kind == T::StringTemplateTail {
                        return literal::indentation(&self.text[part.start..part.end]).to_owned();
                    }
                }
                _ => {}
            }
        }
    }

    fn type_of_target(&mut self) {
        self.deeper(|parser| {
            let from = parser.checkpoint();
            match parser.token.kind {
                T::Keyword(K::TypeOf) => {
                    parser.bump();
                    parser.type_of_target();
                    parser.finish(NodeKind::TypeOf, from);
                }
                T::OpenParen => {
                    parser.bump();
                    parser.type_of_target();
                    parser.expect(T::CloseParen);
                    parser.finish(NodeKind::Parenthesized, from);
                }
                _ => parser.literal_or_reference(from, "Typeof expects a value literal or value reference."),
            }
        });
    }

    fn function_type(&mut self, from: Checkpoint) {
        self.bump();
        self.function_parameters();
        if self.eat(T::EqualsGreaterThan) {
            self.mixed_expression();
        }
        self.finish(NodeKind::FunctionType, from);
    }

    /// A model, enum, union or scalar written where it is used; its name is optional.
    fn declaration_expression(&mut self, from: Checkpoint) {
        let kind = self.token.kind;
        self.bump();
        if self.at(T::Identifier) {
            self.identifier("Identifier expected.");
        }
        if self.at(T::LessThan) {
            let start = self.token.start;
            self.template_parameters();
            let message = "Declarations in expressions cannot be templates.";
            self.error_at("templated-declaration-in-expression", message, start, self.previous_end);
        }
        let kind = match kind {
            T::Keyword(K::Model) => {
                self.model_rest();
                NodeKind::Model
            }
            T::Keyword(K::Enum) => {
                self.enum_members();
                NodeKind::Enum
            }
            T::Keyword(K::Union) => {
                self.union_rest();
                NodeKind::Union
            }
            _ => {
                self.scalar_rest();
                NodeKind::Scalar
            }
        };
        self.finish(kind, from);
    }
}

/// Whether an expression is one identifier; parentheses around it do not count.
fn is_bare_name(node: &Node) -> bool {
    match node.kind {
        NodeKind::Parenthesized => node.nodes().next().is_some_and(is_bare_name),
        kind => kind == NodeKind::Reference && node.nodes().count() == 1,
    }
}
