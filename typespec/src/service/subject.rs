//! What a name in the text is about.

use radii_diagnostics::{FileId, Span};

use super::Service;
use crate::ast::NodeId;
use crate::checker::{identifier, name_node, place};
use crate::program::SymbolId;
use crate::syntax::NodeKind;

/// What a name is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A declaration or a member, by its node.
    Declaration(NodeId),
    /// A namespace, which may be declared in many places.
    Namespace(SymbolId),
    /// A file that an import loads.
    File(FileId),
}

impl Service<'_> {
    /// Returns the name at an offset, and what it is about.
    pub(super) fn subject_at(&self, file: FileId, offset: u32) -> Option<(NodeId, Subject)> {
        let offset = self.clamp(file, offset);
        // Behind the last character of a name still is on the name.
        [Some(offset), offset.checked_sub(1)].into_iter().flatten().find_map(|offset| {
            let node = self.program.ast.node_at(file, offset)?;
            Some((node, self.subject_of(node)?))
        })
    }

    /// What a name's node is about; `None` for what is no name, or one that stands for nothing.
    pub(super) fn subject_of(&self, node: NodeId) -> Option<Subject> {
        let ast = &self.program.ast;
        if !matches!(ast.kind(node), NodeKind::Identifier | NodeKind::StringLiteral) {
            return None;
        }
        if let Some(declaration) = self.program.definitions.get(&node) {
            return self.declared(*declaration, node);
        }
        let parent = ast.parent(node)?;
        match ast.kind(parent) {
            NodeKind::Import => self.program.imports.get(&parent).map(|file| Subject::File(*file)),
            NodeKind::Namespace => self.declared(parent, node),
            NodeKind::UnionVariant if ast.parts(parent).count() < 2 => None,
            _ => self.declares(parent, node).then_some(Subject::Declaration(parent)),
        }
    }

    fn declares(&self, declaration: NodeId, name: NodeId) -> bool {
        is_declaration(self.program.ast.kind(declaration)) && name_node(self.program, declaration) == Some(name)
    }

    /// What a name stands for whose declaration is known: `namespace A.B` declares two of them.
    fn declared(&self, declaration: NodeId, name: NodeId) -> Option<Subject> {
        if self.program.ast.kind(declaration) != NodeKind::Namespace {
            return Some(Subject::Declaration(declaration));
        }
        let text = identifier(&self.program.ast, name);
        let mut symbol = self.program.bindings.symbol_of.get(&declaration).copied();
        while let Some(current) = symbol {
            if *self.program[current].name == *text {
                return Some(Subject::Namespace(current));
            }
            symbol = self.program[current].parent;
        }
        None
    }

    /// Where a subject is declared: the names.
    pub(super) fn declarations(&self, subject: Subject) -> Vec<Span> {
        match subject {
            Subject::File(file) => vec![Span { file, start: 0, end: 0 }],
            Subject::Declaration(node) => vec![place(self.program, node)],
            Subject::Namespace(symbol) => self.namespace_names(symbol),
        }
    }

    fn namespace_names(&self, symbol: SymbolId) -> Vec<Span> {
        let ast = &self.program.ast;
        let mut spans = Vec::new();
        for declaration in &self.program[symbol].declarations {
            let names = ast.parts(*declaration).take_while(|part| ast.kind(*part) == NodeKind::Identifier);
            let name =
                names.into_iter().find(|name| self.declared(*declaration, *name) == Some(Subject::Namespace(symbol)));
            spans.extend(name.map(|name| ast.span(name)));
        }
        spans
    }

    /// Where the name at an offset is declared.
    pub fn definition(&self, file: FileId, offset: u32) -> Vec<Span> {
        self.subject_at(file, offset).map(|(_, subject)| self.declarations(subject)).unwrap_or_default()
    }
}

/// Whether a kind of node gives something a name.
pub(super) fn is_declaration(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Namespace
            | NodeKind::Model
            | NodeKind::ModelProperty
            | NodeKind::Scalar
            | NodeKind::ScalarConstructor
            | NodeKind::Interface
            | NodeKind::Operation
            | NodeKind::Union
            | NodeKind::UnionVariant
            | NodeKind::Enum
            | NodeKind::EnumMember
            | NodeKind::Alias
            | NodeKind::Const
            | NodeKind::DecoratorDeclaration
            | NodeKind::FunctionDeclaration
            | NodeKind::FunctionParameter
            | NodeKind::TemplateParameter
    )
}
