//! Scalars and their constructors.

use super::{Checker, Scope};
use crate::ast::NodeId;
use crate::program::{Scalar, ScalarConstructor, TypeId, TypeKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    pub(super) fn scalar(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let scalar =
            Scalar { name: self.declared_name(node), namespace: self.namespace_type(node), ..Scalar::default() };
        let id = self.begin(scope, node, TypeKind::Scalar(scalar));
        self.note_standard(node, id);
        self.scalar_body(scope, node, id);
        id
    }

    /// Scalars of the standard library are known by name as soon as they exist.
    fn note_standard(&mut self, node: NodeId, id: TypeId) {
        let Some(symbol) = self.program.bindings.symbol_of.get(&node) else { return };
        let symbol = &self.program[*symbol];
        if symbol.parent.is_some() && symbol.parent == self.program.standard.namespace {
            let name = symbol.name.clone();
            self.program.standard.scalars.insert(name, id);
        }
    }

    fn scalar_body(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let clause = self.program.ast.find(node, NodeKind::ExtendsClause);
        if let Some(base) = clause.and_then(|clause| self.scalar_base(scope, node, clause)) {
            let inherited = self.program.scalar(base).map(|base| base.constructors.clone()).unwrap_or_default();
            if let Some(scalar) = self.program.scalar_mut(id) {
                scalar.base = Some(base);
                scalar.constructors = inherited;
            }
            if !scope.in_template
                && let Some(base) = self.program.scalar_mut(base)
            {
                base.derived.push(id);
            }
        }
        if let Some(members) = self.program.ast.find(node, NodeKind::Members) {
            self.constructors(scope, members, id);
        }
        let decorators = self.decorator_applications(scope, node, id);
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    fn scalar_base(&mut self, scope: Scope, node: NodeId, clause: NodeId) -> Option<TypeId> {
        let expression = self.program.ast.children(clause).next()?;
        let base = self.heritage(scope, node, expression)?;
        if self.program.is_error(base) || self.is_unbound(base) {
            return None;
        }
        if self.program.scalar(base).is_none() {
            let span = self.program.ast.span(expression);
            // The reference compiler gives this code for scalars too.
            let message = "Models must extend other models.";
            self.error_help("extend-model", message, span, "a scalar extends another scalar, such as `string`");
            return None;
        }
        Some(base)
    }

    fn constructors(&mut self, scope: Scope, members: NodeId, id: TypeId) {
        let mut own: Vec<std::sync::Arc<str>> = Vec::new();
        for node in self.program.ast.children(members) {
            if self.program.ast.kind(node) != NodeKind::ScalarConstructor {
                continue;
            }
            let name = self.declared_name(node);
            if own.contains(&name) {
                let message = format!("A constructor already exists with name {name}");
                self.error_at("constructor-duplicate", message, node);
                continue;
            }
            let constructor = ScalarConstructor { name: name.clone(), scalar: id, parameters: Vec::new() };
            let constructor = self.begin(scope, node, TypeKind::ScalarConstructor(constructor));
            let parameters = self.function_parameters(scope, node);
            if let Some(constructor) = self.program.constructor_mut(constructor) {
                constructor.parameters = parameters;
            }
            self.finish(scope, constructor);
            own.push(name.clone());
            if let Some(scalar) = self.program.scalar_mut(id) {
                scalar.constructors.insert(name, constructor);
            }
        }
    }
}
