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
    for (scope, usings) in &program.bindings.usings {
        for (namespace, using) in usings {
            let span = program.ast.span(*using);
            if super::is_linted(program, span) && !used.contains(&(*scope, *namespace)) {
                found.push(warning(program, *using, span));
            }
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
    let mut used = HashSet::new();
    for (name, declaration) in &program.definitions {
        if !is_head(program, *name) {
            continue;
        }
        let Some(symbol) = program.bindings.symbol_of.get(declaration).map(|symbol| &program[*symbol]) else {
            continue;
        };
        let Some(home) = symbol.parent else { continue };
        if *identifier(&program.ast, *name) != *symbol.name.trim_start_matches('@') || is_inside(program, *name, home) {
            continue;
        }
        let scopes = program.ast.ancestors(*name).filter(|scope| program.bindings.usings.contains_key(scope));
        // The innermost one that brings the namespace is the one that is needed.
        let mut brings = scopes.filter(|scope| program.bindings.usings[scope].iter().any(|(known, _)| *known == home));
        used.extend(brings.next().map(|scope| (scope, home)));
    }
    used
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
