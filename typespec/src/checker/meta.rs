//! `::`: members of declarations that are no members of types (TypeSpec reference, part 2.2).

use radii_diagnostics::{Fix, Span};

use super::Checker;
use crate::ast::{Mark, NodeId};
use crate::program::{TypeId, TypeKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// `Type::member`
    pub(super) fn meta_member(&mut self, owner: TypeId, name: &str, node: NodeId) -> Option<TypeId> {
        if self.program.is_error(owner) {
            return None;
        }
        let found = match (&self.program[owner].kind, name) {
            (TypeKind::ModelProperty(property), "type") => Some(property.ty),
            (TypeKind::Operation(operation), "parameters") => Some(operation.parameters),
            (TypeKind::Operation(operation), "returnType") => Some(operation.return_type),
            (TypeKind::TemplateParameter(_), _) => return None,
            _ => None,
        };
        if found.is_none() {
            let kind = self.program[owner].kind.name();
            if self.find_member(owner, name).is_some() {
                return self.dot_for_colons(kind, name, node);
            }
            self.error_at("invalid-ref", format!("{kind} doesn't have meta property {name}"), node);
        }
        found
    }

    /// `Enum::member` of other languages.
    fn dot_for_colons(&mut self, kind: &str, name: &str, node: NodeId) -> Option<TypeId> {
        let own = self.program.ast.span(node);
        let access = self.program.ast.parent(node)?;
        let before = self.program.ast.children(access).next().map(|base| self.program.ast.span(base).end)?;
        let span = Span { start: before, end: own.start, ..own };
        let message = format!("{kind} doesn't have meta property {name}");
        let fix = Fix { title: "write `.`".to_owned(), span, replacement: ".".to_owned(), sure: true };
        self.error_fix("invalid-ref", message, span, fix);
        None
    }

    /// `Model.property::type` follows the name that the property's type is written as, without its arguments: the
    /// reference refuses what is no name, and templates that want arguments.
    pub(super) fn check_named_type(&mut self, owner: TypeId, name: &str, reference: NodeId, member: NodeId) {
        let is_property = name == "type" && self.program.property(owner).is_some();
        let Some(declaration) = self.program[owner].node.filter(|_| is_property) else { return };
        let Some(written) = self.program.ast.parts(declaration).nth(1) else { return };
        let help = "name the type with `alias`, and write that name in both places";
        match self.program.ast.kind(self.inside_parentheses(written)) {
            NodeKind::ModelExpression | NodeKind::IntersectionExpression => {}
            NodeKind::Reference => {
                if let Some(missing) = self.required_parameter(written) {
                    let message = format!("Template argument '{missing}' is required and not specified.");
                    let span = self.program.ast.span(reference);
                    self.error_help("invalid-template-args", message, span, help);
                }
            }
            _ => {
                let message = "Cannot resolve 'type' in node ModelProperty since it has no members. Did you mean to use \"::\" instead of \".\"?";
                let span = self.program.ast.span(member);
                self.error_help("invalid-ref", message, span, help);
            }
        }
    }

    fn inside_parentheses(&self, node: NodeId) -> NodeId {
        let mut node = node;
        while self.program.ast.kind(node) == NodeKind::Parenthesized
            && let Some(inner) = self.program.ast.children(node).next()
        {
            node = inner;
        }
        node
    }

    /// The first parameter without default of the template that an expression names.
    fn required_parameter(&mut self, node: NodeId) -> Option<std::sync::Arc<str>> {
        let target = self.static_target(node, 0)?;
        let parameters = self.template_parameters(target);
        let required = parameters.into_iter().find(|parameter| !self.program.ast.has(*parameter, Mark::Equals))?;
        Some(self.declared_name(required))
    }
}
