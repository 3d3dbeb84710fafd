//! Statements: each declaration leads to the rule of its kind.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Checker, Pending, Scope, name_node, place};
use crate::ast::{Mark, NodeId};
use crate::checker::literals::identifier;
use crate::program::{
    Constraint, DecoratorDeclaration, Entity, FunctionDeclaration, FunctionParameter, Symbol, SymbolId, SymbolKind,
    TypeId, TypeKind,
};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// Checks the statements of a file or block.
    pub(super) fn check_statements(&mut self, holder: NodeId) {
        for node in self.program.ast.children(holder) {
            match self.program.ast.kind(node) {
                NodeKind::Namespace => {
                    self.check_modifiers(node);
                    self.check_statements(node);
                }
                kind if is_declaration(kind) => self.check_statement(node),
                NodeKind::AugmentDecorator => self.check_augment(node),
                _ => {}
            }
        }
    }

    fn check_statement(&mut self, node: NodeId) {
        self.check_modifiers(node);
        self.check_directives(node);
        match self.program.ast.kind(node) {
            NodeKind::Alias => {
                self.check_shadowing(node);
                self.alias(self.declaration_scope(node), node);
            }
            NodeKind::Const => {
                self.constant(node);
            }
            _ => {
                self.check_shadowing(node);
                let id = self.check_declaration(self.declaration_scope(node), node);
                self.ensure(id);
            }
        }
    }

    /// The scope of a declaration on its own: for templates with unbound parameters.
    pub(super) fn declaration_scope(&self, node: NodeId) -> Scope {
        Scope { mapper: None, in_template: self.is_template(node) }
    }

    pub(super) fn is_template(&self, node: NodeId) -> bool {
        self.program.ast.find(node, NodeKind::TemplateParameters).is_some()
    }

    /// The type of a declared name; for templates that with unbound parameters.
    pub(super) fn declared_type(&mut self, symbol: SymbolId) -> TypeId {
        if let Some(known) = self.program[symbol].declared {
            return known;
        }
        let Some(node) = self.program[symbol].declarations.first().copied() else { return self.error() };
        let ty = self.check_declaration(self.declaration_scope(node), node);
        self.program[symbol].declared = Some(ty);
        ty
    }

    /// The type of a declaration under a scope; checked once.
    pub(super) fn check_declaration(&mut self, scope: Scope, node: NodeId) -> TypeId {
        if let Some(known) = self.declared.get(&(node, scope.mapper)) {
            return *known;
        }
        let refused = self.error();
        self.deeper(node, refused, |checker| match checker.program.ast.kind(node) {
            NodeKind::Model => checker.model(scope, node),
            NodeKind::Scalar => checker.scalar(scope, node),
            NodeKind::Enum => checker.enumeration(scope, node),
            NodeKind::Union => checker.union(scope, node),
            NodeKind::Interface => checker.interface(scope, node),
            NodeKind::Operation => checker.operation(scope, node, None),
            NodeKind::DecoratorDeclaration => checker.decorator_declaration(node),
            NodeKind::FunctionDeclaration => checker.function_declaration(node),
            _ => checker.error(),
        })
    }

    /// Makes the type of a declaration known before its body is checked, so that the body may name it.
    pub(super) fn begin(&mut self, scope: Scope, node: NodeId, kind: TypeKind) -> TypeId {
        let id = self.new_type(kind, Some(node), scope.mapper);
        self.declared.insert((node, scope.mapper), id);
        id
    }

    pub(super) fn declared_name(&self, node: NodeId) -> Arc<str> {
        match name_node(self.program, node) {
            Some(name) if self.program.ast.kind(name) != NodeKind::MissingIdentifier => {
                identifier(&self.program.ast, name).into()
            }
            _ => "".into(),
        }
    }

    /// What an alias stands for.
    pub(super) fn alias(&mut self, scope: Scope, node: NodeId) -> Entity {
        let key = (node, scope.mapper);
        if let Some(known) = self.entities.get(&key) {
            return *known;
        }
        let Some(value) = self.program.ast.parts(node).last() else { return self.error_entity() };
        if !self.start(Pending::Alias, node, scope.mapper) {
            let name = self.declared_name(node);
            self.error_at("circular-alias-type", format!("Alias type '{name}' recursively references itself."), node);
            self.entities.insert(key, self.error_entity());
            return self.error_entity();
        }
        let refused = self.error();
        let ty = self.deeper(node, refused, |checker| checker.type_of(scope, value));
        self.stop(Pending::Alias, node, scope.mapper);
        let entity = Entity::Type(ty);
        // A body in between may have found it already.
        *self.entities.entry(key).or_insert(entity)
    }

    /// Takes aliases off the list of what is being found out while a body that may name them is checked.
    pub(super) fn in_body<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        let set_aside: Vec<_> = self
            .pending
            .iter()
            .filter(|(what, ..)| matches!(what, Pending::Alias | Pending::Base | Pending::Signature))
            .copied()
            .collect();
        for pending in &set_aside {
            self.pending.remove(pending);
        }
        let result = body(self);
        self.pending.extend(set_aside);
        result
    }

    fn decorator_declaration(&mut self, node: NodeId) -> TypeId {
        let name = self.declared_name(node);
        let declaration = DecoratorDeclaration {
            name,
            namespace: self.namespace_type(node),
            target: self.error(),
            parameters: Vec::new(),
            is_auto: self.program.ast.has(node, Mark::Auto),
        };
        let id = self.begin(Scope::PLAIN, node, TypeKind::Decorator(declaration));
        let mut parameters = self.function_parameters(Scope::PLAIN, node);
        if parameters.is_empty() {
            self.program[id].is_finished = true;
            return id;
        }
        let first = parameters.remove(0);
        let unknown = self.unknown_constraint();
        let target = self.program.parameter(first).map_or(unknown, |it| it.constraint);
        if let Some(declaration) = self.program.decorator_mut(id) {
            declaration.parameters = parameters;
            declaration.target = target.ty.unwrap_or(declaration.target);
        }
        self.program[id].is_finished = true;
        self.check_implementation(node, id);
        id
    }

    fn function_declaration(&mut self, node: NodeId) -> TypeId {
        let name = self.declared_name(node);
        let declaration = FunctionDeclaration {
            name,
            namespace: self.namespace_type(node),
            parameters: Vec::new(),
            returns: self.unknown_constraint(),
        };
        let id = self.begin(Scope::PLAIN, node, TypeKind::Function(declaration));
        self.function_signature(Scope::PLAIN, node, id);
        self.program[id].is_finished = true;
        self.check_implementation(node, id);
        id
    }

    /// `fn (a: A) => R`
    pub(super) fn function_type(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let declaration = FunctionDeclaration {
            name: "".into(),
            namespace: None,
            parameters: Vec::new(),
            returns: self.unknown_constraint(),
        };
        let id = self.new_type(TypeKind::Function(declaration), Some(node), scope.mapper);
        self.function_signature(scope, node, id);
        self.program[id].is_finished = !scope.in_template;
        id
    }

    fn function_signature(&mut self, scope: Scope, node: NodeId, id: TypeId) {
        let parameters = self.function_parameters(scope, node);
        let returns =
            self.program.ast.parts(node).skip_while(|part| self.program.ast.kind(*part) != NodeKind::Arguments).nth(1);
        let returns = returns.map(|returns| self.constraint(scope, returns));
        if let Some(function) = self.program.function_mut(id) {
            function.parameters = parameters;
            function.returns = returns.unwrap_or(function.returns);
        }
    }

    /// The parameters of `dec`, `fn` and `init`.
    pub(super) fn function_parameters(&mut self, scope: Scope, node: NodeId) -> Vec<TypeId> {
        let Some(list) = self.program.ast.find(node, NodeKind::Arguments) else { return Vec::new() };
        self.program.ast.children(list).map(|parameter| self.function_parameter(scope, parameter)).collect()
    }

    fn function_parameter(&mut self, scope: Scope, node: NodeId) -> TypeId {
        let rest = self.program.ast.has(node, Mark::Ellipsis);
        let constraint = match self.program.ast.part(node, 1) {
            Some(ty) => self.constraint(scope, ty),
            None => self.unknown_constraint(),
        };
        let constraint = if rest { self.element_constraint(constraint) } else { constraint };
        let parameter = FunctionParameter {
            name: self.declared_name(node),
            constraint,
            optional: self.program.ast.has(node, Mark::Question),
            rest,
        };
        let id = self.new_type(TypeKind::FunctionParameter(parameter), Some(node), scope.mapper);
        self.program[id].is_finished = true;
        self.program.apply_doc_comment(id);
        id
    }

    /// What each argument of a rest parameter must be.
    fn element_constraint(&self, list: Constraint) -> Constraint {
        let element = |ty: TypeId| {
            let indexer = self.program.model(ty).and_then(|model| model.indexer);
            indexer.map_or(ty, |indexer| indexer.value)
        };
        Constraint { ty: list.ty.map(element), value: list.value.map(element) }
    }

    /// A declaration needs a Rust implementation, unless a script next to it may have one.
    fn check_implementation(&mut self, node: NodeId, id: TypeId) {
        let is_extern = self.program.ast.has(node, Mark::Extern) || !self.program.ast.has(node, Mark::Auto);
        let name = self.program.full_name(id);
        let known = self.registry.find_decorator(&name).is_some() || self.registry.find_function(&name).is_some();
        if !is_extern || known || !self.program.is_from_project(id) || self.imports_script(node) {
            return;
        }
        let message = "Extern declaration must have an implementation in JS file.";
        let span = place(self.program, node);
        self.error_help("missing-implementation", message, span, "import the script that implements it");
    }

    fn imports_script(&self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let Some(file) = ast.file(ast.node(node).file) else { return false };
        ast.children(file.root).any(|import| {
            ast.kind(import) == NodeKind::Import
                && ast.find(import, NodeKind::StringLiteral).is_some_and(|path| {
                    let path = super::string_literal(ast, path);
                    path.ends_with(".js") || path.ends_with(".mjs")
                })
        })
    }

    /// Decorators of namespaces, before anything else is checked.
    ///
    /// Returns each namespace's place: in the order of the source, but behind those that its decorators speak of.
    pub(super) fn check_namespace_decorators(&mut self) -> HashMap<TypeId, usize> {
        let mut places = HashMap::new();
        let mut open = vec![self.program.global];
        while let Some(symbol) = open.pop() {
            let own = self.program[symbol].clone();
            let inner = own.order.iter().rev().filter(|inner| self.program[**inner].kind == SymbolKind::Namespace);
            open.extend(inner);
            let before = self.program.type_count();
            self.finish_namespace(&own);
            for made in before..self.program.type_count() {
                let mut around = self.program.namespace_of(TypeId(made as u32));
                while let Some(namespace) = around.filter(|it| own.declared != Some(*it)) {
                    let place = places.len();
                    places.entry(namespace).or_insert(place);
                    around = self.program.namespace_of(namespace);
                }
            }
            let place = places.len();
            if let Some(id) = own.declared {
                places.entry(id).or_insert(place);
            }
        }
        places
    }

    fn finish_namespace(&mut self, symbol: &Symbol) {
        let Some(id) = symbol.declared else { return };
        let mut applications = Vec::new();
        for node in &symbol.declarations {
            let is_last = self.program.bindings.symbol_of.get(node).and_then(|own| self.program[*own].declared);
            if is_last == Some(id) {
                self.check_directives(*node);
                applications.extend(self.decorator_applications(Scope::PLAIN, *node, id));
            }
        }
        self.program[id].decorators = applications;
        self.finish(Scope::PLAIN, id);
    }

    /// Fills the lists of a namespace in the order of the source, and those below it; namespaces have their places.
    pub(super) fn fill_namespaces(&mut self, symbol: SymbolId, places: &HashMap<TypeId, usize>) {
        let Some(id) = self.program[symbol].declared else { return };
        for member in self.program[symbol].order.clone() {
            let node = self.program[member].declarations.first().copied();
            let ty = self.program[member]
                .declared
                .or_else(|| node.and_then(|node| self.declared.get(&(node, None)).copied()));
            let Some(ty) = ty else { continue };
            self.program[member].declared = Some(ty);
            let kind = self.program[member].kind;
            let Some(namespace) = self.program.namespace_mut(id) else { continue };
            let list = match kind {
                SymbolKind::Namespace => &mut namespace.namespaces,
                SymbolKind::Model => &mut namespace.models,
                SymbolKind::Scalar => &mut namespace.scalars,
                SymbolKind::Enum => &mut namespace.enums,
                SymbolKind::Union => &mut namespace.unions,
                SymbolKind::Interface => &mut namespace.interfaces,
                SymbolKind::Operation => &mut namespace.operations,
                SymbolKind::Decorator => &mut namespace.decorator_declarations,
                SymbolKind::Function => &mut namespace.function_declarations,
                SymbolKind::Alias | SymbolKind::Const => continue,
            };
            list.push(ty);
            if kind == SymbolKind::Namespace {
                self.fill_namespaces(member, places);
            }
        }
        if let Some(namespace) = self.program.namespace_mut(id) {
            namespace.namespaces.sort_by_key(|inner| places.get(inner).copied());
        }
    }
}

fn is_declaration(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Model
            | NodeKind::Scalar
            | NodeKind::Enum
            | NodeKind::Union
            | NodeKind::Interface
            | NodeKind::Operation
            | NodeKind::Alias
            | NodeKind::Const
            | NodeKind::DecoratorDeclaration
            | NodeKind::FunctionDeclaration
    )
}
