//! What a file declares, as a tree.

use radii_diagnostics::{FileId, Span};

use super::Service;
use crate::ast::{Mark, NodeId};
use crate::checker::{identifier, name_node};
use crate::syntax::NodeKind;

/// What is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the declarations of the language")]
pub enum OutlineKind {
    Namespace,
    Model,
    Property,
    Scalar,
    Constructor,
    Interface,
    Operation,
    Union,
    Variant,
    Enum,
    EnumMember,
    Alias,
    Const,
    Decorator,
    Function,
}

/// A declaration with those inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineItem {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutlineKind,
    /// The whole declaration.
    pub span: Span,
    /// The name's place, within the declaration.
    pub name_span: Span,
    /// What it holds.
    pub children: Vec<OutlineItem>,
}

impl Service<'_> {
    /// The declarations of a file.
    pub fn outline(&self, file: FileId) -> Vec<OutlineItem> {
        let Some(root) = self.program.ast.file(file).map(|file| file.root) else { return Vec::new() };
        let mut items = self.items(root);
        self.nest_blockless(root, &mut items);
        items
    }

    fn items(&self, holder: NodeId) -> Vec<OutlineItem> {
        let ast = &self.program.ast;
        let mut items = Vec::new();
        for node in ast.children(holder) {
            match ast.kind(node) {
                NodeKind::Members | NodeKind::ModelExpression => items.extend(self.items(node)),
                _ => items.extend(self.item(node)),
            }
        }
        items
    }

    fn item(&self, node: NodeId) -> Option<OutlineItem> {
        let ast = &self.program.ast;
        let kind = outline_kind(ast.kind(node))?;
        let name = name_node(self.program, node).filter(|name| ast.kind(*name) != NodeKind::MissingIdentifier);
        let name = match name {
            Some(name) => name,
            None if kind == OutlineKind::Variant => ast.part(node, 0)?,
            None => return None,
        };
        let text = match ast.kind(name) {
            NodeKind::Identifier | NodeKind::StringLiteral if kind != OutlineKind::Namespace => {
                identifier(ast, name).into_owned()
            }
            _ if kind == OutlineKind::Namespace => self.written_path(node),
            _ => ast.text(name).to_owned(),
        };
        let children = if kind == OutlineKind::Operation { Vec::new() } else { self.items(node) };
        // Editors refuse items without a name.
        let text = if text.is_empty() { "\"\"".to_owned() } else { text };
        Some(OutlineItem { name: text, kind, span: ast.span(node), name_span: ast.span(name), children })
    }

    /// The name of a namespace as it is written: `A.B`.
    fn written_path(&self, node: NodeId) -> String {
        let ast = &self.program.ast;
        let names = ast.parts(node).take_while(|part| ast.kind(*part) == NodeKind::Identifier);
        names.map(|name| identifier(ast, name).into_owned()).collect::<Vec<_>>().join(".")
    }

    /// What follows `namespace A;` is inside it.
    fn nest_blockless(&self, root: NodeId, items: &mut Vec<OutlineItem>) {
        let ast = &self.program.ast;
        let blockless =
            ast.children(root).find(|node| ast.kind(*node) == NodeKind::Namespace && !ast.has(*node, Mark::OpenBrace));
        let Some(start) = blockless.map(|node| ast.node(node).start) else { return };
        let Some(at) = items.iter().position(|item| item.span.start == start) else { return };
        let inside = items.split_off(at + 1);
        if let (Some(last), Some(namespace)) = (inside.last(), items.get_mut(at)) {
            namespace.span.end = last.span.end;
            namespace.children.extend(inside);
        }
    }
}

fn outline_kind(kind: NodeKind) -> Option<OutlineKind> {
    Some(match kind {
        NodeKind::Namespace => OutlineKind::Namespace,
        NodeKind::Model => OutlineKind::Model,
        NodeKind::ModelProperty => OutlineKind::Property,
        NodeKind::Scalar => OutlineKind::Scalar,
        NodeKind::ScalarConstructor => OutlineKind::Constructor,
        NodeKind::Interface => OutlineKind::Interface,
        NodeKind::Operation => OutlineKind::Operation,
        NodeKind::Union => OutlineKind::Union,
        NodeKind::UnionVariant => OutlineKind::Variant,
        NodeKind::Enum => OutlineKind::Enum,
        NodeKind::EnumMember => OutlineKind::EnumMember,
        NodeKind::Alias => OutlineKind::Alias,
        NodeKind::Const => OutlineKind::Const,
        NodeKind::DecoratorDeclaration => OutlineKind::Decorator,
        NodeKind::FunctionDeclaration => OutlineKind::Function,
        _ => return None,
    })
}
