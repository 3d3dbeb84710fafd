//! Which type is asked for at a place: what completion inside values goes by.

use super::Service;
use crate::ast::NodeId;
use crate::checker::{identifier, name_node};
use crate::program::TypeId;
use crate::syntax::NodeKind;

impl Service<'_> {
    /// The type that a value at a node must have, where its surroundings say so.
    pub(super) fn expected_type(&self, node: NodeId) -> Option<TypeId> {
        let ast = &self.program.ast;
        let parent = ast.parent(node)?;
        match ast.kind(parent) {
            NodeKind::Arguments => self.parameter_type(parent, node),
            NodeKind::ObjectProperty => {
                let name = identifier(ast, name_node(self.program, parent)?);
                let object = self.expected_type(ast.parent(parent)?)?;
                Some(self.program.property(self.program.find_property(object, &name)?)?.ty)
            }
            NodeKind::ArrayLiteral => {
                let array = self.expected_type(parent)?;
                Some(self.program.model(array)?.indexer?.value)
            }
            NodeKind::ModelProperty => Some(self.program.property(self.program.type_of_node(parent)?)?.ty),
            NodeKind::Parenthesized => self.expected_type(parent),
            _ => None,
        }
    }

    /// The type that a decorator wants for one of its arguments.
    fn parameter_type(&self, list: NodeId, argument: NodeId) -> Option<TypeId> {
        let at = self.program.ast.children(list).position(|child| child == argument)?;
        self.parameter_type_at(list, at)
    }

    /// The type that a decorator wants for its argument of a number; the augmented thing is none.
    pub(super) fn parameter_type_at(&self, list: NodeId, at: usize) -> Option<TypeId> {
        let ast = &self.program.ast;
        let decorator = ast.parent(list)?;
        let skipped = usize::from(ast.kind(decorator) == NodeKind::AugmentDecorator);
        let head = ast.children(decorator).next()?;
        let name = ast.children(head).nth(1).unwrap_or(head);
        let declaration = self.program.definitions.get(&name)?;
        let own = self.program.decorator(self.program.type_of_node(*declaration)?)?;
        let parameter = own.parameters.get(at.checked_sub(skipped)?).or(own.parameters.last())?;
        let constraint = self.program.parameter(*parameter)?.constraint;
        constraint.value.or(constraint.ty)
    }
}
