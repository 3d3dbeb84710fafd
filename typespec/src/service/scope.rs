//! Which names can be written at a place, the nearest first.

use std::collections::HashSet;
use std::sync::Arc;

use super::Service;
use crate::ast::NodeId;
use crate::checker::identifier;
use crate::program::{SymbolId, SymbolKind};
use crate::syntax::NodeKind;

/// What a visible name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visible {
    /// A declared name.
    Symbol(SymbolId),
    /// A parameter of the template around the place.
    Parameter(NodeId),
}

impl Service<'_> {
    /// Every name that is visible at a node; a name that hides another one comes alone.
    pub(super) fn visible(&self, at: NodeId) -> Vec<(Arc<str>, Visible)> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        for (name, parameter) in self.template_parameters(at) {
            if seen.insert(name.clone()) {
                found.push((name, Visible::Parameter(parameter)));
            }
        }
        for scope in self.scopes(at) {
            for symbol in &self.program[scope].order {
                let own = &self.program[*symbol];
                if !own.name.is_empty() && self.may_use(*symbol, at) && seen.insert(own.name.clone()) {
                    found.push((own.name.clone(), Visible::Symbol(*symbol)));
                }
            }
        }
        found
    }

    /// Returns what a name stands for at a node; decorators' names start with `@`.
    pub(super) fn find_visible(&self, at: NodeId, name: &str) -> Option<Visible> {
        let parameter = self.template_parameters(at).into_iter().find(|(known, _)| &**known == name);
        if let Some((_, parameter)) = parameter {
            return Some(Visible::Parameter(parameter));
        }
        let found = self.scopes(at).into_iter().find_map(|scope| self.program[scope].exports.get(name).copied());
        found.map(Visible::Symbol)
    }

    /// Whether a declaration may be used from a node: internal ones belong to their package.
    pub(super) fn may_use(&self, symbol: SymbolId, at: NodeId) -> bool {
        let own = &self.program[symbol];
        let package = |node: NodeId| self.program.file(self.program.ast.node(node).file).map(|file| file.package);
        !own.is_internal || own.declarations.first().is_some_and(|node| package(*node) == package(at))
    }

    fn template_parameters(&self, at: NodeId) -> Vec<(Arc<str>, NodeId)> {
        let ast = &self.program.ast;
        let lists = ast.ancestors(at).filter_map(|node| ast.find(node, NodeKind::TemplateParameters));
        let parameters = lists.flat_map(|list| ast.children(list));
        parameters.filter_map(|parameter| Some((identifier(ast, ast.part(parameter, 0)?).into(), parameter))).collect()
    }

    /// The namespaces whose names are visible, the innermost first, the standard library's last.
    fn scopes(&self, at: NodeId) -> Vec<SymbolId> {
        let program = self.program;
        let mut scopes: Vec<SymbolId> = Vec::new();
        let mut add = |symbol: SymbolId| {
            if !scopes.contains(&symbol) {
                scopes.push(symbol);
            }
        };
        for node in program.ast.ancestors(at).filter(|node| program.ast.kind(*node) == NodeKind::Namespace) {
            let mut current = program.bindings.symbol_of.get(&node).copied();
            while let Some(symbol) = current.filter(|symbol| program[*symbol].parent.is_some()) {
                add(symbol);
                current = program[symbol].parent;
            }
            program.bindings.usings.get(&node).into_iter().flatten().for_each(|(symbol, _)| add(*symbol));
        }
        let file = program.ast.node(at).file;
        let mut current = program.bindings.file_namespace.get(&file).map(|(symbol, _)| *symbol);
        while let Some(symbol) = current.filter(|symbol| program[*symbol].parent.is_some()) {
            add(symbol);
            current = program[symbol].parent;
        }
        add(program.global);
        if let Some(root) = program.ast.file(file).map(|file| file.root) {
            program.bindings.usings.get(&root).into_iter().flatten().for_each(|(symbol, _)| add(*symbol));
        }
        program.standard.namespace.into_iter().for_each(&mut add);
        scopes
    }

    /// The namespaces below a namespace, with itself, that are meant for authors.
    pub(super) fn namespaces_below(&self, symbol: SymbolId) -> Vec<SymbolId> {
        let mut found = Vec::new();
        let mut open = vec![symbol];
        while let Some(current) = open.pop() {
            found.push(current);
            let inner = self.program[current].order.iter().copied();
            open.extend(inner.filter(|inner| {
                let own = &self.program[*inner];
                own.kind == SymbolKind::Namespace && !matches!(&*own.name, "Private" | "Prototypes")
            }));
        }
        found
    }
}
