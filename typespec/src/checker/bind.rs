//! Binding: which names each file declares, merged over all files.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Mark, NodeId};
use crate::checker::literals::identifier;
use crate::program::{File, Program, Symbol, SymbolId, SymbolKind};
use crate::syntax::NodeKind;

/// Declares the names of all files.
pub(super) fn bind(program: &mut Program) {
    for file in program.files.clone() {
        bind_file(program, &file);
    }
}

fn bind_file(program: &mut Program, file: &File) {
    let mut current = program.global;
    for statement in program.ast.children(file.root) {
        let blockless =
            program.ast.kind(statement) == NodeKind::Namespace && !program.ast.has(statement, Mark::OpenBrace);
        let found = bind_statement(program, current, statement);
        if blockless && let Some(namespace) = found {
            current = namespace;
            program.bindings.file_namespace.entry(file.id).or_insert((namespace, statement));
        }
    }
}

fn bind_statement(program: &mut Program, current: SymbolId, node: NodeId) -> Option<SymbolId> {
    if program.ast.kind(node) == NodeKind::Namespace {
        return Some(bind_namespace(program, current, node));
    }
    let kind = symbol_kind(program.ast.kind(node))?;
    let name_node = name_node(program, node)?;
    if program.ast.kind(name_node) == NodeKind::MissingIdentifier {
        return None;
    }
    let name = identifier(&program.ast, name_node);
    let name: Arc<str> = if kind == SymbolKind::Decorator { format!("@{name}").into() } else { name.into() };
    let symbol = declare(program, current, name, kind, node);
    if program.ast.has(node, Mark::Internal) {
        program[symbol].is_internal = true;
    }
    Some(symbol)
}

fn bind_namespace(program: &mut Program, current: SymbolId, node: NodeId) -> SymbolId {
    let names: Vec<NodeId> = program.ast.parts(node).take_while(|part| is_name(program.ast.kind(*part))).collect();
    let mut namespace = current;
    for name in &names {
        if program.ast.kind(*name) == NodeKind::Identifier {
            let text: Arc<str> = identifier(&program.ast, *name).into();
            namespace = declare(program, namespace, text, SymbolKind::Namespace, node);
        }
    }
    program.bindings.symbol_of.insert(node, namespace);
    let statements: Vec<NodeId> = program.ast.parts(node).skip(names.len()).collect();
    for statement in statements {
        bind_statement(program, namespace, statement);
    }
    namespace
}

fn is_name(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Identifier | NodeKind::MissingIdentifier)
}

/// The node of a declaration's or member's name.
pub(crate) fn name_node(program: &Program, node: NodeId) -> Option<NodeId> {
    let named = |part: &NodeId| {
        let kind = program.ast.kind(*part);
        is_name(kind) || kind == NodeKind::StringLiteral
    };
    match program.ast.kind(node) {
        // `A.B` is named after its last part.
        NodeKind::Namespace => program.ast.parts(node).take_while(named).last(),
        _ => program.ast.parts(node).next().filter(named),
    }
}

fn symbol_kind(kind: NodeKind) -> Option<SymbolKind> {
    Some(match kind {
        NodeKind::Model => SymbolKind::Model,
        NodeKind::Scalar => SymbolKind::Scalar,
        NodeKind::Enum => SymbolKind::Enum,
        NodeKind::Union => SymbolKind::Union,
        NodeKind::Interface => SymbolKind::Interface,
        NodeKind::Operation => SymbolKind::Operation,
        NodeKind::Alias => SymbolKind::Alias,
        NodeKind::Const => SymbolKind::Const,
        NodeKind::DecoratorDeclaration => SymbolKind::Decorator,
        NodeKind::FunctionDeclaration => SymbolKind::Function,
        _ => return None,
    })
}

/// Declares a name; a second declaration gets a symbol of its own, which no name leads to.
fn declare(program: &mut Program, parent: SymbolId, name: Arc<str>, kind: SymbolKind, node: NodeId) -> SymbolId {
    let existing = program[parent].exports.get(&name).copied();
    if let Some(known) = existing {
        if kind == SymbolKind::Namespace && program[known].kind == SymbolKind::Namespace {
            program[known].declarations.push(node);
            program.bindings.symbol_of.insert(node, known);
            return known;
        }
        let first = program[known].declarations.first().copied();
        program.bindings.duplicates.extend(first);
        program.bindings.duplicates.push(node);
    }
    let mut symbol = Symbol::new(name.clone(), kind, Some(parent));
    symbol.declarations.push(node);
    let id = program.add_symbol(symbol);
    program.bindings.symbol_of.insert(node, id);
    if existing.is_none() {
        program[parent].exports.insert(name, id);
    }
    program[parent].order.push(id);
    id
}

/// The full name of a symbol, `global.` before what no namespace holds.
pub(super) fn full_name(program: &Program, symbol: SymbolId) -> String {
    let own = &program[symbol];
    match own.parent {
        None => "global".to_owned(),
        Some(parent) => {
            let above = full_name(program, parent);
            let nested = above.strip_prefix("global.").unwrap_or(&above);
            format!("{nested}.{}", own.name)
        }
    }
}

/// Members of a declaration by name, for those that can be named without checking anything.
pub(super) fn find_member_node(program: &Program, owner: NodeId, name: &str) -> Option<NodeId> {
    let list = match program.ast.kind(owner) {
        NodeKind::ModelExpression | NodeKind::OperationParameters | NodeKind::Members => owner,
        _ => program.ast.find(owner, NodeKind::Members)?,
    };
    program.ast.children(list).find(|member| {
        program.ast.kind(*member) != NodeKind::Spread
            && name_node(program, *member).is_some_and(|node| identifier(&program.ast, node) == name)
    })
}

/// Names that a namespace exports, for suggestions.
pub(super) fn exported_names(exports: &HashMap<Arc<str>, SymbolId>) -> impl Iterator<Item = &str> {
    exports.keys().map(|name| &**name)
}
