//! `@typespec/compiler/unused-using`

use std::collections::HashSet;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::template_parameters::is_head;
use crate::ast::NodeId;
use crate::checker::identifier;
use crate::program::{Program, SymbolId};
use crate::syntax::NodeKind;

/// Warns of `using`s through which no name is found.
pub(super) fn unused(program: &Program) -> Vec<Diagnostic> {
    let used = used_scopes(program);
    let mut found = Vec::new();
    let all = program.bindings.usings.iter();
    for (scope, namespace, using) in
        all.flat_map(|(scope, all)| all.iter().map(move |(name, node)| (scope, name, node)))
    {
        let span = program.ast.span(*using);
        if super::is_linted(program, span) && !used.contains(&(*scope, *namespace)) {
            found.push(warning(program, *using, span));
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| (label.span.file.0, label.span.start)));
    found
}

fn warning(program: &Program, using: NodeId, span: Span) -> Diagnostic {
    let name = program.ast.part(using, 0).map_or("", |name| program.ast.text(name));
    let message = format!("'using {name}' is declared but never used.");
    let fix = Fix { title: "remove the `using`".to_owned(), span, replacement: String::new(), sure: true };
    let code = Code::new("@typespec/compiler/unused-using");
    Diagnostic::warning(code, message).at(span).help(fix.title.clone()).fix(fix)
}

/// Every block or file in which a name comes from a namespace, with that namespace.
fn used_scopes(program: &Program) -> HashSet<(NodeId, SymbolId)> {
    let definitions = program.definitions.iter().filter(|(name, _)| is_head(program, **name));
    definitions.filter_map(|(name, declaration)| used_scope(program, *name, *declaration)).collect()
}

/// The innermost block or file that brings a name from a namespace, with that.
fn used_scope(program: &Program, name: NodeId, declaration: NodeId) -> Option<(NodeId, SymbolId)> {
    let symbol = &program[*program.bindings.symbol_of.get(&declaration)?];
    let home = symbol.parent?;
    if *identifier(&program.ast, name) != *symbol.name.trim_start_matches('@') || is_inside(program, name, home) {
        return None;
    }
    let brings = |scope: &NodeId| {
        program.bindings.usings.get(scope).is_some_and(|all| all.iter().any(|(known, _)| *known == home))
    };
    program.ast.ancestors(name).find(brings).map(|scope| (scope, home))
}

/// Whether a name stands in a namespace, or in one below it, and finds what that exports without any `using`.
fn is_inside(program: &Program, name: NodeId, namespace: SymbolId) -> bool {
    let blocks = program.ast.ancestors(name).skip(1).filter(|node| program.ast.kind(*node) == NodeKind::Namespace);
    let block = blocks.filter_map(|block| program.bindings.symbol_of.get(&block).copied()).next();
    let file = program.bindings.file_namespace.get(&program.ast.node(name).file).map(|(symbol, _)| *symbol);
    let mut current = block.or(file);
    while let Some(symbol) = current {
        if symbol == namespace {
            return true;
        }
        current = program[symbol].parent;
    }
    false
}
