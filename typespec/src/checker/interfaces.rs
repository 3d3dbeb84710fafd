//! Interfaces and operations.

use std::sync::Arc;

use super::{Checker, Pending, Scope};
use crate::ast::NodeId;
use crate::program::{Interface, Model, Operation, TypeId, TypeKind};
use crate::syntax::NodeKind;

impl Checker<'_> {
    pub(super) fn interface(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let interface =
            Interface { name: self.declared_name(node), namespace: self.namespace_type(node), ..Interface::default() };
        let id = self.begin(scope, node, TypeKind::Interface(interface));
        self.in_body(|checker| checker.interface_body(scope, node, id));
        id
    }

    fn interface_body(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let own = self.own_operations(node);
        if let Some(list) = self.program.ast.find(node, NodeKind::Heritage) {
            for parent in self.program.ast.children(list) {
                self.extend_interface(scope, parent, id, &own);
            }
        }
        if let Some(members) = self.program.ast.find(node, NodeKind::Members) {
            let mut seen: Vec<Arc<str>> = Vec::new();
            for member in self.program.ast.children(members) {
                if self.program.ast.kind(member) != NodeKind::Operation {
                    continue;
                }
                let name = self.declared_name(member);
                if seen.contains(&name) {
                    let message = format!("Interface already has a member named {name}");
                    self.error_at("interface-duplicate", message, member);
                    continue;
                }
                seen.push(name.clone());
                self.check_shadowing(member);
                let inner = Scope { mapper: scope.mapper, in_template: scope.in_template || self.is_template(member) };
                let operation = self.operation(inner, member, Some(id));
                if let Some(interface) = self.program.interface_mut(id) {
                    interface.operations.insert(name, operation);
                }
            }
        }
        let decorators = self.decorator_applications(scope, node, id);
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    fn own_operations(&self, node: NodeId) -> Vec<Arc<str>> {
        let members = self.program.ast.find(node, NodeKind::Members);
        members.into_iter().flat_map(|it| self.program.ast.children(it)).map(|it| self.declared_name(it)).collect()
    }

    fn extend_interface(&mut self, scope: Scope, parent: NodeId, id: TypeId, own: &[Arc<str>]) {
        let source = self.type_of(scope, parent);
        if self.program.is_error(source) || self.is_unbound(source) {
            return;
        }
        let Some(operations) = self.program.interface(source).map(|it| it.operations.clone()) else {
            return self.error_at("extends-interface", "Interfaces can only extend other interfaces", parent);
        };
        if let Some(interface) = self.program.interface_mut(id) {
            interface.sources.push(source);
        }
        for (name, operation) in operations.iter() {
            let taken = self.program.interface(id).is_some_and(|it| it.operations.contains(name));
            if taken {
                let message =
                    format!("Interface extends cannot have duplicate members. The duplicate member is named {name}");
                self.error_at("extends-interface-duplicate", message, parent);
                continue;
            }
            if own.contains(name) {
                // The own operation takes the place of the one that it stands for.
                if let Some(interface) = self.program.interface_mut(id) {
                    interface.operations.insert(name.clone(), operation);
                }
                continue;
            }
            let copied = self.copy_operation(scope, operation, Some(id));
            if let Some(interface) = self.program.interface_mut(id) {
                interface.operations.insert(name.clone(), copied);
            }
        }
    }

    fn copy_operation(&mut self, scope: Scope, source: TypeId, interface: Option<TypeId>) -> TypeId {
        let mut ty = self.program[source].clone();
        ty.is_finished = false;
        if let TypeKind::Operation(operation) = &mut ty.kind {
            operation.interface = interface;
        }
        let id = self.program.add_type(ty);
        let parameters = self.program.operation(source).map(|it| it.parameters);
        if let Some(parameters) = parameters {
            let copied = self.copy_parameters(scope, parameters);
            if let Some(operation) = self.program.operation_mut(id) {
                operation.parameters = copied;
            }
        }
        self.finish(scope, id);
        id
    }

    fn copy_parameters(&mut self, scope: Scope, source: TypeId) -> TypeId {
        let namespace = self.program.model(source).and_then(|it| it.namespace);
        let node = self.program[source].node;
        let model = Model { namespace, ..Model::default() };
        let id = self.new_type(TypeKind::Model(model), None, scope.mapper);
        self.program[id].node = node;
        for property in self.all_properties(source) {
            let copied = self.copy_property(scope, property, id, None);
            self.add_property(id, copied);
        }
        self.finish(scope, id);
        id
    }

    pub(super) fn operation(&mut self, scope: Scope, node: NodeId, interface: Option<TypeId>) -> TypeId {
        if let Some(known) = self.declared.get(&(node, scope.mapper)) {
            return *known;
        }
        let interface = interface.or_else(|| self.interface_of(scope, node));
        let namespace = if interface.is_none() { self.namespace_type(node) } else { None };
        let name = self.declared_name(node);
        if self.program.ast.find(node, NodeKind::IsClause).is_some() {
            return self.operation_reference(scope, node, name, interface, namespace);
        }
        let error = self.error();
        let operation = Operation { name, namespace, interface, parameters: error, return_type: error, source: None };
        let id = self.begin(scope, node, TypeKind::Operation(operation));
        self.in_body(|checker| {
            let list = checker.program.ast.find(node, NodeKind::OperationParameters);
            let parameters = list.map_or(error, |list| checker.model_expression(scope, list));
            let returns = checker.program.ast.parts(node).last().filter(|last| Some(*last) != list);
            let return_type = returns.map_or(error, |returns| checker.type_of(scope, returns));
            if let Some(operation) = checker.program.operation_mut(id) {
                operation.parameters = parameters;
                operation.return_type = return_type;
            }
            checker.finish_operation(scope, node, id, Vec::new());
        });
        id
    }

    fn finish_operation(
        &mut self,
        scope: Scope,
        node: NodeId,
        id: TypeId,
        inherited: Vec<crate::program::Application>,
    ) {
        self.check_directives(node);
        let mut decorators = inherited;
        decorators.extend(self.member_decorators(scope, node, id));
        self.program[id].decorators = decorators;
        self.finish(scope, id);
    }

    /// `op a is b`
    fn operation_reference(
        &mut self,
        scope: Scope,
        node: NodeId,
        name: Arc<str>,
        interface: Option<TypeId>,
        namespace: Option<TypeId>,
    ) -> TypeId {
        if !self.start(Pending::Signature, node, scope.mapper) {
            let message = format!("Operation '{name}' recursively references itself.");
            self.error_at("circular-op-signature", message, node);
            return self.error();
        }
        let clause = self.program.ast.find(node, NodeKind::IsClause);
        let target = clause.and_then(|clause| self.program.ast.children(clause).next());
        let named = target.and_then(|target| self.static_target(target, 0));
        if let Some(named) = named.filter(|named| self.is_pending(Pending::Signature, *named, None)) {
            let name = self.declared_name(named);
            let message = format!("Operation '{name}' recursively references itself.");
            self.error_at("circular-op-signature", message, target.unwrap_or(node));
            self.stop(Pending::Signature, node, scope.mapper);
            return self.error();
        }
        let source = target.map_or(self.error(), |target| self.type_of(scope, target));
        self.stop(Pending::Signature, node, scope.mapper);
        let error = self.error();
        let mut operation =
            Operation { name, namespace, interface, parameters: error, return_type: error, source: None };
        let from = self.program.operation(source).cloned();
        if from.is_none() && !self.program.is_error(source) && !self.is_unbound(source) {
            let message = "Operation can only reuse the signature of another operation.";
            self.error_at("is-operation", message, target.unwrap_or(node));
        }
        if let Some(known) = self.declared.get(&(node, scope.mapper)) {
            return *known;
        }
        let mut inherited = Vec::new();
        if let Some(from) = from {
            operation.source = Some(source);
            operation.return_type = from.return_type;
            operation.parameters = self.copy_parameters(scope, from.parameters);
            inherited = self.program[source].decorators.clone();
        }
        let id = self.begin(scope, node, TypeKind::Operation(operation));
        self.finish_operation(scope, node, id, inherited);
        id
    }

    /// The interface around an operation that is reached on its own.
    fn interface_of(&mut self, scope: Scope, node: NodeId) -> Option<TypeId> {
        let holder = self.program.ast.parent(self.program.ast.parent(node)?)?;
        if self.program.ast.kind(holder) != NodeKind::Interface {
            return None;
        }
        let mut mapper = scope.mapper;
        while let Some(id) = mapper.filter(|id| self.program[*id].declaration != holder) {
            mapper = self.program[id].parent;
        }
        self.declared.get(&(holder, mapper)).copied()
    }
}
