//! The checker: from syntax and names to types and values (TypeSpec reference, part 2).

mod arguments;
mod augments;
mod bind;
mod decorators;
mod directives;
mod expressions;
mod functions;
mod growth;
mod heritage;
mod homes;
mod interfaces;
mod literals;
mod merge;
mod meta;
mod modifiers;
mod properties;
mod references;
mod report;
mod resolve;
mod scalars;
mod statements;
mod suggest;
mod templates;
mod unions;
mod values;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::ast::NodeId;
use crate::compile::Options;
use crate::program::{
    Constraint, Entity, MapperId, Origin, Program, Symbol, SymbolId, SymbolKind, Type, TypeId, TypeKind,
};
use crate::registry::{self, Registry};
use crate::syntax::NodeKind;

pub(crate) use bind::name_node;
pub(crate) use directives::suppress;
pub(crate) use literals::{identifier, string_literal};
pub(crate) use merge::{merge, without_echoes, without_follow_ups};
pub(crate) use suggest::similar;

/// How deep declarations may lead into each other before the checker gives up.
const MAX_DEPTH: u32 = 6_000;

/// Under which template arguments something is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(super) struct Scope {
    /// The arguments in force.
    mapper: Option<MapperId>,
    /// Whether parameters of an enclosing template have no arguments.
    in_template: bool,
}

impl Scope {
    const PLAIN: Scope = Scope { mapper: None, in_template: false };

    fn of(mapper: Option<MapperId>) -> Self {
        Self { mapper, in_template: false }
    }
}

/// What is being found out, so that circles are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Pending {
    Base,
    Alias,
    Const,
    Property,
    Signature,
    Constraint,
}

/// A name in a scope, and everything that declares it.
type Duplicates = ((Option<SymbolId>, Arc<str>), Vec<Span>);

/// Checks a loaded program.
pub(crate) fn check(program: &mut Program, registry: &Registry, options: &Options) {
    bind::bind(program);
    let mut checker = Checker {
        program,
        registry,
        options,
        declared: HashMap::new(),
        entities: HashMap::new(),
        mappers: HashMap::new(),
        pending: HashSet::new(),
        reported: HashSet::new(),
        deprecated: HashMap::new(),
        runaway: HashSet::new(),
        deep_instances: HashMap::new(),
        depth: 0,
        proposals: 0,
        value_wanted: None,
        copies: HashMap::new(),
        literals: HashSet::new(),
        literal_arguments: HashMap::new(),
        valued_instances: HashMap::new(),
        value_sizes: HashMap::new(),
        hides_names: false,
        deferred: HashMap::new(),
        queue: VecDeque::new(),
        building: Vec::new(),
    };
    checker.run();
}

struct Checker<'a> {
    program: &'a mut Program,
    registry: &'a Registry,
    options: &'a Options,
    /// Types of declarations, per template arguments.
    declared: HashMap<(NodeId, Option<MapperId>), TypeId>,
    /// What aliases and constants stand for, per template arguments.
    entities: HashMap<(NodeId, Option<MapperId>), Entity>,
    /// Mappers by declaration, arguments and enclosing mapper, so that equal instances are one.
    mappers: HashMap<(NodeId, Vec<Entity>, Option<MapperId>), MapperId>,
    pending: HashSet<(Pending, NodeId, Option<MapperId>)>,
    /// Problems that were reported, by code and place.
    reported: HashSet<(&'static str, Option<Span>)>,
    /// Messages of `#deprecated` by declaration.
    deprecated: HashMap<NodeId, Option<Arc<str>>>,
    /// Templates that instantiate themselves without end.
    runaway: HashSet<NodeId>,
    /// How many deep instances each template has.
    deep_instances: HashMap<NodeId, u32>,
    depth: u32,
    /// How many names were unknown so far.
    proposals: u32,
    /// The expression that is being looked at, and the type of the value that it should be.
    value_wanted: Option<(NodeId, TypeId)>,
    /// Values of constants that were given a declared type.
    copies: HashMap<NodeId, crate::program::ValueId>,
    /// Values that stand for literals among the arguments of templates: beside constants these count as types.
    literals: HashSet<crate::program::ValueId>,
    /// The values that literals became as arguments, by the literal's type and what was wanted.
    literal_arguments: HashMap<(TypeId, TypeId), crate::program::ValueId>,
    /// How many instances each template has that take values.
    valued_instances: HashMap<NodeId, u32>,
    /// How many values an object or array value holds, with itself and those inside of it.
    value_sizes: HashMap<crate::program::ValueId, usize>,
    /// Whether something that was refused already may have declared names that nothing is called now.
    hides_names: bool,
    /// Models whose bodies are still to be checked.
    deferred: HashMap<TypeId, (Scope, NodeId)>,
    /// The same in the order in which they were met.
    queue: VecDeque<TypeId>,
    /// Models whose members are being checked right now.
    building: Vec<TypeId>,
}

impl Checker<'_> {
    fn run(&mut self) {
        self.find_standard_library();
        self.make_namespaces(self.program.global, None);
        self.report_duplicates();
        self.resolve_usings();
        self.hides_names = self.may_hide_names();
        self.collect_augments();
        self.check_standard_scalars();
        let files = self.program.files.clone();
        let places = self.check_namespace_decorators();
        for file in &files {
            if file.origin != Origin::Embedded {
                self.check_statements(file.root);
            }
        }
        self.drain();
        self.fill_namespaces(self.program.global, &places);
    }

    fn find_standard_library(&mut self) {
        let export = |program: &Program, parent: SymbolId, name: &str| program[parent].exports.get(name).copied();
        let Some(namespace) = export(self.program, self.program.global, "TypeSpec") else { return };
        self.program.standard.namespace = Some(namespace);
        self.program.standard.reflection = export(self.program, namespace, "Reflection");
        self.declare_indexer(namespace);
        self.program.standard.array = export(self.program, namespace, "Array");
        self.program.standard.record = export(self.program, namespace, "Record");
    }

    /// `@indexer` is what makes `Array` and `Record` what they are; no file declares it.
    fn declare_indexer(&mut self, namespace: SymbolId) {
        let mut symbol = Symbol::new("@indexer".into(), SymbolKind::Decorator, Some(namespace));
        symbol.is_internal = true;
        symbol.declared = Some(self.error());
        let symbol = self.program.add_symbol(symbol);
        self.program[namespace].exports.entry("@indexer".into()).or_insert(symbol);
    }

    /// Makes the type of a namespace and of all below it.
    fn make_namespaces(&mut self, symbol: SymbolId, parent: Option<TypeId>) {
        let name = self.program[symbol].name.clone();
        let node = self.program[symbol].declarations.first().copied();
        let namespace = crate::program::Namespace { name, namespace: parent, ..Default::default() };
        let ty = self.new_type(TypeKind::Namespace(Box::new(namespace)), node, None);
        self.program[symbol].declared = Some(ty);
        for inner in self.program[symbol].order.clone() {
            if self.program[inner].kind == SymbolKind::Namespace {
                self.make_namespaces(inner, Some(ty));
            }
        }
    }

    /// The scalars of the standard library are needed before anything else.
    fn check_standard_scalars(&mut self) {
        let Some(namespace) = self.program.standard.namespace else { return };
        for symbol in self.program[namespace].order.clone() {
            if self.program[symbol].kind == SymbolKind::Scalar {
                self.declared_type(symbol);
            }
        }
    }

    fn report_duplicates(&mut self) {
        let mut nodes = std::mem::take(&mut self.program.bindings.duplicates);
        nodes.sort_unstable();
        nodes.dedup();
        let mut groups: Vec<Duplicates> = Vec::new();
        for node in &nodes {
            let (Some(name), Some(symbol)) =
                (name_node(self.program, *node), self.program.bindings.symbol_of.get(node).copied())
            else {
                continue;
            };
            let key = (self.program[symbol].parent, self.program[symbol].name.clone());
            let span = self.program.ast.span(name);
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, places)) => places.push(span),
                None => groups.push((key, vec![span])),
            }
        }
        for ((_, name), places) in groups {
            // The first one may well be right: the one that came later is told, with the others.
            let at = places.get(1).or(places.first()).copied();
            let Some(at) = at else { continue };
            let name = name.trim_start_matches('@');
            let diagnostic =
                Diagnostic::error(Code::new("duplicate-symbol"), format!("Duplicate name: \"{name}\"")).at(at);
            let others = places.into_iter().filter(|place| *place != at);
            let diagnostic =
                others.fold(diagnostic, |diagnostic, other| diagnostic.also(other, "it is declared here, too"));
            self.program.report(diagnostic.help("give one of them another name, or remove it"));
        }
        self.program.bindings.duplicates = nodes;
    }

    fn resolve_usings(&mut self) {
        for file in self.program.files.clone() {
            let mut open = vec![file.root];
            while let Some(scope) = open.pop() {
                for node in self.program.ast.children(scope) {
                    match self.program.ast.kind(node) {
                        NodeKind::Using => self.resolve_using(scope, node),
                        NodeKind::Namespace => open.push(node),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Whether an import leads nowhere, a `using` names nothing, or something that the parser gave up on is no
    /// declaration or has no name.
    fn may_hide_names(&self) -> bool {
        let ast = &self.program.ast;
        let imports = ["import-not-found", "library-invalid", "invalid-import"];
        let leads_nowhere = self.program.diagnostics.iter().any(|it| imports.contains(&it.code.as_str()));
        leads_nowhere
            || self.program.files.iter().filter(|file| file.origin == Origin::Project).any(|file| {
                let mut open = vec![file.root];
                while let Some(scope) = open.pop() {
                    for node in ast.children(scope) {
                        let hides = match ast.kind(node) {
                            NodeKind::InvalidStatement => true,
                            NodeKind::Import => ast.find(node, NodeKind::StringLiteral).is_none(),
                            NodeKind::Using => !self
                                .program
                                .bindings
                                .usings
                                .get(&scope)
                                .is_some_and(|known| known.iter().any(|(_, using)| *using == node)),
                            NodeKind::Namespace => {
                                open.push(node);
                                false
                            }
                            _ => bind::name_node(self.program, node)
                                .is_some_and(|name| ast.kind(name) == NodeKind::MissingIdentifier),
                        };
                        if hides {
                            return true;
                        }
                    }
                }
                false
            })
    }

    fn resolve_using(&mut self, scope: NodeId, node: NodeId) {
        let Some(name) = self.program.ast.part(node, 0) else { return };
        let Some(namespace) = self.resolve_namespace(name) else { return };
        let known = self.program.bindings.usings.entry(scope).or_default();
        let first = known.iter().find(|(symbol, _)| *symbol == namespace).map(|(_, first)| *first);
        known.push((namespace, node));
        if let Some(first) = first {
            let shown = self.program.ast.text(name).to_owned();
            let message = format!("duplicate using of \"{shown}\" namespace");
            let (span, first) = (self.program.ast.span(node), self.program.ast.span(first));
            let title = "remove one of the two".to_owned();
            let fix = Fix { title: title.clone(), span, replacement: String::new(), sure: true };
            let diagnostic = Diagnostic::error(Code::new("duplicate-using"), message).at(span);
            self.report_once("duplicate-using", diagnostic.also(first, "it stands here, too").help(title).fix(fix));
        }
    }

    /// Adds a type and remembers it as that of its node, if it has no arguments.
    fn new_type(&mut self, kind: TypeKind, node: Option<NodeId>, mapper: Option<MapperId>) -> TypeId {
        let ty = Type { kind, node, decorators: Vec::new(), mapper, is_finished: false };
        let id = self.program.add_type(ty);
        if let Some(node) = node {
            if mapper.is_none() {
                self.program.type_of_node.entry(node).or_insert(id);
            }
            if let Some(message) = self.deprecation_of(node) {
                self.program.deprecations.insert(id, message);
            }
        }
        id
    }

    /// The type of the namespace that a declaration stands in.
    fn namespace_type(&self, node: NodeId) -> Option<TypeId> {
        if let Some(symbol) = self.program.bindings.symbol_of.get(&node) {
            return self.program[self.program[*symbol].parent?].declared;
        }
        let holder = self.program.ast.ancestors(node).skip(1).find_map(|ancestor| {
            let symbol = self.program.bindings.symbol_of.get(&ancestor)?;
            let own = &self.program[*symbol];
            if own.kind == SymbolKind::Namespace { own.declared } else { self.program[own.parent?].declared }
        });
        holder.or(self.program[self.program.global].declared)
    }

    /// Runs the decorators of a type, unless it is the declaration of a template.
    fn finish(&mut self, scope: Scope, id: TypeId) {
        if scope.in_template {
            self.program.apply_doc_comment(id);
            return;
        }
        self.program.apply_doc_comment(id);
        for application in self.program[id].decorators.clone() {
            registry::apply(self.program, self.registry, id, application);
        }
        self.program[id].is_finished = true;
    }

    fn is_enabled(&self, feature: &str) -> bool {
        self.options.features.iter().any(|known| known == feature)
    }

    fn error(&self) -> TypeId {
        self.program.error_type()
    }

    fn error_entity(&self) -> Entity {
        Entity::Type(self.program.error_type())
    }

    fn start(&mut self, what: Pending, node: NodeId, mapper: Option<MapperId>) -> bool {
        self.pending.insert((what, node, mapper))
    }

    fn stop(&mut self, what: Pending, node: NodeId, mapper: Option<MapperId>) {
        self.pending.remove(&(what, node, mapper));
    }

    fn is_pending(&self, what: Pending, node: NodeId, mapper: Option<MapperId>) -> bool {
        self.pending.contains(&(what, node, mapper))
    }

    /// Runs a step that leads into another declaration; too deep a chain is refused.
    fn deeper<T>(&mut self, node: NodeId, refused: T, step: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= MAX_DEPTH {
            let message = format!("Declarations lead into each other more than {MAX_DEPTH} times; shorten the chain.");
            self.error_at("nesting-too-deep", message, node);
            return refused;
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    /// What a template's parameter wants, as one bound on types.
    fn unknown_constraint(&self) -> Constraint {
        Constraint::of_type(self.program.intrinsic(crate::program::Intrinsic::Unknown))
    }
}

/// Where messages about a node point: at its name, if it declares one.
pub(crate) fn place(program: &Program, node: NodeId) -> Span {
    let named = matches!(
        program.ast.kind(node),
        NodeKind::Namespace
            | NodeKind::Model
            | NodeKind::ModelProperty
            | NodeKind::Scalar
            | NodeKind::ScalarConstructor
            | NodeKind::Interface
            | NodeKind::Operation
            | NodeKind::Union
            | NodeKind::Enum
            | NodeKind::EnumMember
            | NodeKind::Alias
            | NodeKind::Const
            | NodeKind::DecoratorDeclaration
            | NodeKind::FunctionDeclaration
            | NodeKind::FunctionParameter
            | NodeKind::TemplateParameter
            | NodeKind::ObjectProperty
    );
    let is_named_variant = program.ast.kind(node) == NodeKind::UnionVariant && program.ast.parts(node).count() > 1;
    match name_node(program, node) {
        Some(name) if named || is_named_variant => program.ast.span(name),
        _ => program.ast.span(node),
    }
}
