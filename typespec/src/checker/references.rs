//! References: names, members of what they stand for, and template arguments.

use std::sync::Arc;

use radii_diagnostics::Fix;

use super::resolve::Found;
use super::{Checker, Pending, Scope, bind, suggest};
use crate::ast::{Mark, NodeId};
use crate::checker::literals::identifier;
use crate::program::{Entity, Intrinsic, MapperId, SymbolId, SymbolKind, TypeId, TypeKind, Value, ValueKind};
use crate::syntax::NodeKind;

/// What a name stands for before template arguments are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A declaration.
    Symbol(SymbolId),
    /// A parameter of an enclosing template.
    Parameter(NodeId),
    /// An operation of an interface, with the arguments of that.
    Operation(NodeId, Option<MapperId>),
    /// Something that is known already.
    Entity(Entity),
}

impl Checker<'_> {
    /// What a reference stands for; an error type after a report.
    pub(super) fn reference(&mut self, scope: Scope, node: NodeId) -> Entity {
        let mut parts = self.program.ast.children(node);
        let (Some(head), list) = (parts.next(), parts.next()) else { return self.error_entity() };
        match self.target(scope, head) {
            Some(target) => self.instance(scope, target, list, node),
            None => self.error_entity(),
        }
    }

    /// Resolves a name or a chain of members; `None` after a report.
    pub(super) fn target(&mut self, scope: Scope, node: NodeId) -> Option<Target> {
        match self.program.ast.kind(node) {
            NodeKind::Identifier => self.identifier_target(node),
            NodeKind::MemberAccess => self.member_target(scope, node),
            NodeKind::Reference => {
                let entity = self.reference(scope, node);
                Some(Target::Entity(entity))
            }
            _ => None,
        }
    }

    fn identifier_target(&mut self, node: NodeId) -> Option<Target> {
        let name: Arc<str> = identifier(&self.program.ast, node).into();
        match self.find_name(node, &name) {
            Found::Symbol(symbol) => self.use_symbol(symbol, node),
            Found::Parameter(parameter) => {
                self.define(node, parameter);
                Some(Target::Parameter(parameter))
            }
            Found::Null => Some(Target::Entity(Entity::Indeterminate(self.program.intrinsic(Intrinsic::Null)))),
            Found::Ambiguous => None,
            Found::Nothing if &*name == "global" => Some(Target::Symbol(self.program.global)),
            Found::Nothing => {
                self.unknown_identifier(node, &name);
                None
            }
        }
    }

    /// Remembers what a name at a place stands for.
    pub(super) fn define(&mut self, name: NodeId, declaration: NodeId) {
        self.program.definitions.insert(name, declaration);
    }

    pub(super) fn use_symbol(&mut self, symbol: SymbolId, node: NodeId) -> Option<Target> {
        let own = &self.program[symbol];
        let (is_internal, declaration) = (own.is_internal, own.declarations.first().copied());
        if let Some(declaration) = declaration {
            self.define(node, declaration);
        }
        // What no file declares belongs to the compiler.
        let home = match declaration {
            Some(declaration) => self.package_of(declaration),
            None => self.program.files.first().map(|file| file.package),
        };
        if is_internal && home != self.package_of(node) {
            let name = self.program[symbol].name.clone();
            let message =
                format!("Symbol '{name}' is internal and can only be accessed from within its declaring package.");
            self.error_at("invalid-ref", message, node);
            return None;
        }
        Some(Target::Symbol(symbol))
    }

    fn package_of(&self, node: NodeId) -> Option<u32> {
        self.program.file(self.program.ast.node(node).file).map(|file| file.package)
    }

    fn member_target(&mut self, scope: Scope, node: NodeId) -> Option<Target> {
        let mut parts = self.program.ast.children(node);
        let (base, member) = (parts.next()?, parts.next()?);
        let target = self.target(scope, base)?;
        if self.program.ast.kind(member) == NodeKind::MissingIdentifier {
            return None;
        }
        let name: Arc<str> = identifier(&self.program.ast, member).into();
        if self.program.ast.has(node, Mark::ColonColon) {
            let entity = self.instance(scope, target, None, base);
            let owner = entity.as_type()?;
            let found = self.meta_member(owner, &name, member)?;
            self.check_named_type(owner, &name, node, member);
            return Some(Target::Entity(Entity::Type(found)));
        }
        if let Target::Symbol(symbol) = target
            && self.program[symbol].kind == SymbolKind::Namespace
        {
            return self.namespace_member(symbol, &name, member);
        }
        let owner = match target {
            Target::Symbol(symbol) => self.owner_entity(scope, symbol, base),
            other => self.instance(scope, other, None, base),
        };
        let owner = match owner {
            Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
            Entity::Value(_) => {
                self.error_at("invalid-ref", format!("Value doesn't have member {name}"), member);
                return None;
            }
        };
        if let TypeKind::Namespace(_) = self.program[owner].kind {
            let symbol = self.symbol_of_namespace(owner)?;
            return self.namespace_member(symbol, &name, member);
        }
        self.type_member(scope, owner, &name, member)
    }

    fn symbol_of_namespace(&self, id: TypeId) -> Option<SymbolId> {
        self.program.symbol_of_namespace(id)
    }

    fn namespace_member(&mut self, namespace: SymbolId, name: &str, member: NodeId) -> Option<Target> {
        match self.program[namespace].exports.get(name).copied() {
            Some(symbol) => self.use_symbol(symbol, member),
            None => {
                self.unknown_in_namespace(namespace, member, name);
                None
            }
        }
    }

    /// What a name before a dot stands for. A declaration that is being checked right now will do.
    fn owner_entity(&mut self, scope: Scope, symbol: SymbolId, node: NodeId) -> Entity {
        let declaration = self.program[symbol].declarations.first().copied();
        if let Some(declaration) = declaration
            && !self.is_template(declaration)
            && let Some(known) = self.declared.get(&(declaration, None))
        {
            return Entity::Type(*known);
        }
        self.instance(scope, Target::Symbol(symbol), None, node)
    }

    /// A member of a type by name.
    fn type_member(&mut self, scope: Scope, owner: TypeId, name: &str, node: NodeId) -> Option<Target> {
        if self.program.is_error(owner) {
            return None;
        }
        let known = self.deferred.contains_key(&owner).then(|| self.find_unchecked_member(owner, name)).flatten();
        if let Some(found) = known {
            if let Some(declaration) = self.program[found].node {
                self.define(node, declaration);
            }
            return Some(Target::Entity(Entity::Type(found)));
        }
        self.ensure(owner);
        if self.is_unbound(owner) {
            return self.constraint_member(scope, owner, name, node);
        }
        if let Some(found) = self.find_member(owner, name) {
            if let Some(declaration) = self.program[found].node {
                self.define(node, declaration);
            }
            if let (Some(operation), true) = (self.program[found].node, self.program.operation(found).is_some())
                && self.is_template(operation)
            {
                return Some(Target::Operation(operation, self.program[owner].mapper));
            }
            return Some(Target::Entity(Entity::Type(found)));
        }
        self.unknown_member(owner, name, node);
        None
    }

    /// `T.name`, where `T` has no argument yet: what its constraint promises.
    fn constraint_member(&mut self, scope: Scope, parameter: TypeId, name: &str, node: NodeId) -> Option<Target> {
        let constraint = self.bound_of(parameter);
        constraint.ty.into_iter().for_each(|ty| self.ensure(ty));
        let known = constraint.ty.filter(|ty| self.find_member(*ty, name).is_some());
        match known {
            Some(ty) => self.type_member(scope, ty, name, node),
            None => {
                let ty = constraint.ty.unwrap_or(parameter);
                self.unknown_member(ty, name, node);
                None
            }
        }
    }

    fn unknown_member(&mut self, owner: TypeId, name: &str, node: NodeId) {
        if self.is_inside_error(node) || self.lacks_base(owner) {
            return;
        }
        let known = self.member_names(owner);
        let hint = suggest::similar(name, known.iter().map(|name| &**name));
        let kind = match &self.program[owner].kind {
            kind @ (TypeKind::Model(_)
            | TypeKind::Enum(_)
            | TypeKind::Union(_)
            | TypeKind::Interface(_)
            | TypeKind::Scalar(_)
            | TypeKind::Operation(_)
            | TypeKind::ModelProperty(_)) => kind.name(),
            _ => "Type",
        };
        let span = self.program.ast.span(node);
        let message = format!("{kind} doesn't have member {name}");
        if hint.is_none()
            && let Some(guess) = suggest::part(name, known.iter().map(|name| &**name))
        {
            return self.error_with_guess(message, span, node, guess);
        }
        if hint.is_none() && !known.is_empty() && known.len() <= 12 {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let help = format!("there are {}", known.join(", "));
            return self.error_help("invalid-ref", message, span, &help);
        }
        self.error_with_hint("invalid-ref", message, span, node, hint);
    }

    /// Whether a model extends something that was refused, and which may have had any member.
    fn lacks_base(&self, owner: TypeId) -> bool {
        let is_clause = |node| matches!(self.program.ast.kind(node), NodeKind::ExtendsClause);
        let has_clause = self.program[owner].node.is_some_and(|node| self.program.ast.children(node).any(is_clause));
        has_clause && self.program.model(owner).is_some_and(|model| model.base.is_none())
    }

    fn member_names(&self, owner: TypeId) -> Vec<Arc<str>> {
        match &self.program[owner].kind {
            TypeKind::Model(_) => {
                let properties = self.program.effective_properties(owner);
                properties.iter().filter_map(|id| self.program.name_of(*id).cloned()).collect()
            }
            TypeKind::Enum(it) => it.members.iter().map(|(name, _)| name.clone()).collect(),
            TypeKind::Interface(it) => it.operations.iter().map(|(name, _)| name.clone()).collect(),
            TypeKind::Scalar(it) => it.constructors.iter().map(|(name, _)| name.clone()).collect(),
            TypeKind::Union(it) => {
                it.variants.iter().filter_map(|id| self.program.variant(*id)?.name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn find_member(&mut self, owner: TypeId, name: &str) -> Option<TypeId> {
        let found = match &self.program[owner].kind {
            TypeKind::Model(_) => self.program.find_property(owner, name),
            TypeKind::Enum(it) => it.members.get(name),
            TypeKind::Interface(it) => it.operations.get(name),
            TypeKind::Scalar(it) => it.constructors.get(name),
            TypeKind::Union(it) => it
                .variants
                .iter()
                .copied()
                .find(|id| self.program.variant(*id).is_some_and(|it| it.name.as_deref() == Some(name))),
            TypeKind::ModelProperty(it) => {
                let ty = it.ty;
                self.ensure(ty);
                let is_anonymous = self.program.model(ty).is_some_and(|model| model.name.is_empty());
                return if is_anonymous { self.find_member(ty, name) } else { None };
            }
            _ => None,
        };
        found.or_else(|| self.find_unchecked_member(owner, name))
    }

    /// A property of a model that is being checked right now and has not come to it.
    fn find_unchecked_member(&mut self, owner: TypeId, name: &str) -> Option<TypeId> {
        if self.program[owner].is_finished {
            return None;
        }
        let node = self.program[owner].node?;
        if self.program.model(owner).is_some() {
            let member = bind::find_member_node(self.program, node, name)?;
            let mapper = self.program[owner].mapper;
            let scope = match mapper {
                Some(_) => Scope::of(mapper),
                None => self.declaration_scope(node),
            };
            return Some(self.property(scope, member, owner));
        }
        None
    }

    /// Applies template arguments to what a name stands for.
    pub(super) fn instance(&mut self, scope: Scope, target: Target, list: Option<NodeId>, node: NodeId) -> Entity {
        match target {
            Target::Entity(entity) => {
                self.refuse_arguments(list, node);
                self.check_deprecated_type(entity, node);
                entity
            }
            Target::Parameter(parameter) => {
                self.refuse_arguments(list, node);
                self.template_parameter_entity(scope, parameter, node)
            }
            Target::Operation(declaration, outer) => match self.instance_scope(scope, declaration, outer, list, node) {
                Some(bound) => Entity::Type(self.check_declaration(bound, declaration)),
                None => self.error_entity(),
            },
            Target::Symbol(symbol) => {
                let Some(declaration) = self.program[symbol].declarations.first().copied() else {
                    return self.program[symbol].declared.map_or(self.error_entity(), Entity::Type);
                };
                self.check_deprecated(declaration, node);
                self.symbol_entity(scope, symbol, declaration, list, node)
            }
        }
    }

    fn template_parameter_entity(&mut self, scope: Scope, parameter: NodeId, node: NodeId) -> Entity {
        let pending = self.is_pending(Pending::Constraint, parameter, None);
        let circular = self.pending.iter().any(|(what, other, _)| *what == Pending::Constraint && *other != parameter)
            && self.closes_constraint_circle(parameter);
        if pending || circular {
            let holder = self.pending_constraint().unwrap_or(parameter);
            let shown = self.declared_name(holder);
            let message = format!("Type parameter '{shown}' has a circular constraint.");
            self.error_at("circular-constraint", message, node);
            return self.error_entity();
        }
        self.parameter_entity(scope, parameter)
    }

    fn pending_constraint(&self) -> Option<NodeId> {
        self.pending.iter().find(|(what, ..)| *what == Pending::Constraint).map(|(_, node, _)| *node)
    }

    /// Whether a parameter's constraint is another parameter whose own constraint is being found out.
    fn closes_constraint_circle(&mut self, parameter: NodeId) -> bool {
        let mut current = parameter;
        for _ in 0..64 {
            let parts: Vec<NodeId> = self.program.ast.parts(current).collect();
            let Some(bound) = parts.get(1).copied() else { return false };
            if self.program.ast.kind(bound) != NodeKind::Reference {
                return false;
            }
            let Some(head) = self.program.ast.children(bound).next() else { return false };
            if self.program.ast.kind(head) != NodeKind::Identifier {
                return false;
            }
            let name = identifier(&self.program.ast, head).into_owned();
            let Found::Parameter(next) = self.find_name(head, &name) else { return false };
            if self.is_pending(Pending::Constraint, next, None) {
                return true;
            }
            current = next;
        }
        true
    }

    fn refuse_arguments(&mut self, list: Option<NodeId>, node: NodeId) {
        let Some(list) = list else { return };
        let message = "Can't pass template arguments to non-templated type".to_owned();
        let (span, list_span) = (self.program.ast.span(node), self.program.ast.span(list));
        let title = "remove the `<…>`".to_owned();
        let fix = Fix { title, span: list_span, replacement: String::new(), sure: false };
        self.error_fix("invalid-template-args", message, span, fix);
    }

    fn symbol_entity(
        &mut self,
        scope: Scope,
        symbol: SymbolId,
        declaration: NodeId,
        list: Option<NodeId>,
        node: NodeId,
    ) -> Entity {
        let kind = self.program[symbol].kind;
        match kind {
            SymbolKind::Namespace => {
                self.refuse_arguments(list, node);
                return self.program[symbol].declared.map_or(self.error_entity(), Entity::Type);
            }
            SymbolKind::Const => {
                self.refuse_arguments(list, node);
                return self.constant(declaration).map_or(self.error_entity(), Entity::Value);
            }
            SymbolKind::Decorator => {
                self.error_at("invalid-type-ref", "Can't put a decorator in a type", node);
                return self.error_entity();
            }
            SymbolKind::Function => {
                self.refuse_arguments(list, node);
                let function = self.declared_type(symbol);
                let kind = ValueKind::Function(function);
                return Entity::Value(self.program.add_value(Value { kind, ty: function, node: Some(node) }));
            }
            _ => {}
        }
        let bound = if self.is_template(declaration) {
            match self.instance_scope(scope, declaration, None, list, node) {
                Some(bound) => bound,
                None => return self.error_entity(),
            }
        } else {
            self.refuse_arguments(list, node);
            Scope::PLAIN
        };
        if kind == SymbolKind::Alias {
            return self.alias(bound, declaration);
        }
        let ty = self.check_declaration(bound, declaration);
        if bound.mapper.is_none() {
            self.program[symbol].declared = Some(ty);
        }
        Entity::Type(ty)
    }

    /// The declaration that an expression names, followed through aliases, without checking anything.
    pub(super) fn static_target(&mut self, node: NodeId, depth: usize) -> Option<NodeId> {
        if depth > 64 {
            return None;
        }
        match self.program.ast.kind(node) {
            NodeKind::Parenthesized | NodeKind::Reference => {
                let inner = self.program.ast.children(node).next()?;
                self.static_target(inner, depth + 1)
            }
            NodeKind::Identifier | NodeKind::MemberAccess => {
                let symbol = self.static_symbol(node)?;
                let declaration = self.program[symbol].declarations.first().copied()?;
                if self.program[symbol].kind != SymbolKind::Alias {
                    return Some(declaration);
                }
                let value = self.program.ast.parts(declaration).last()?;
                self.static_target(value, depth + 1)
            }
            _ => None,
        }
    }

    /// The symbol that a dotted name leads to; silent where it leads nowhere.
    pub(super) fn static_symbol(&mut self, node: NodeId) -> Option<SymbolId> {
        match self.program.ast.kind(node) {
            NodeKind::Identifier => {
                let name = identifier(&self.program.ast, node).into_owned();
                match self.find_name(node, &name) {
                    Found::Symbol(symbol) => Some(symbol),
                    Found::Nothing if name == "global" => Some(self.program.global),
                    _ => None,
                }
            }
            NodeKind::MemberAccess => {
                let mut parts = self.program.ast.children(node);
                let (base, member) = (parts.next()?, parts.next()?);
                let base = self.static_symbol(base)?;
                let name = identifier(&self.program.ast, member).into_owned();
                self.program[base].exports.get(&*name).copied()
            }
            _ => None,
        }
    }
}
