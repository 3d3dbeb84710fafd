//! Where a problem was found, and what stands around it.

use radii_diagnostics::{Diagnostic, Span};

use crate::ast::{Ast, NodeId};
use crate::program::{Origin, Program};
use crate::syntax::NodeKind;

/// The place of one report.
pub(super) struct Place<'a> {
    pub(super) program: &'a Program,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    /// What is said about it already.
    pub(super) help: Option<&'a str>,
    pub(super) span: Span,
    /// The innermost node with exactly this span; else the innermost one that covers it.
    pub(super) node: NodeId,
}

impl<'a> Place<'a> {
    pub(super) fn of(program: &'a Program, diagnostic: &'a Diagnostic) -> Option<Self> {
        let span = diagnostic.primary.as_ref()?.span;
        program.ast.file(span.file)?;
        let node = node_of(&program.ast, span)?;
        let (code, help) = (diagnostic.code.as_str(), diagnostic.help.as_deref());
        Some(Self { program, code, message: &diagnostic.message, help, span, node })
    }

    pub(super) fn ast(&self) -> &'a Ast {
        &self.program.ast
    }

    /// What is underlined.
    pub(super) fn text(&self) -> &'a str {
        self.program.ast.text_at(self.span)
    }

    /// The whole text of the file.
    pub(super) fn file_text(&self) -> &'a str {
        self.program.ast.file(self.span.file).map_or("", |file| &file.text)
    }

    /// The root of the file.
    pub(super) fn root(&self) -> Option<NodeId> {
        self.program.ast.file(self.span.file).map(|file| file.root)
    }

    /// A span of the same file.
    pub(super) fn between(&self, start: u32, end: u32) -> Span {
        Span { start, end, ..self.span }
    }

    /// The nearest node around, itself included, of a kind.
    pub(super) fn around(&self, kind: NodeKind) -> Option<NodeId> {
        self.program.ast.ancestors(self.node).find(|node| self.program.ast.kind(*node) == kind)
    }

    /// The words of the message between two others.
    pub(super) fn told(&self, before: &str, after: &str) -> Option<&'a str> {
        let (_, rest) = self.message.split_once(before)?;
        Some(if after.is_empty() { rest } else { rest.split_once(after)?.0 })
    }

    /// A span with the separator behind it, and the line with it if nothing else stands there.
    pub(super) fn with_line(&self, span: Span) -> Span {
        let text = self.file_text();
        let (start, mut end) = (span.start as usize, span.end as usize);
        if text[end..].trim_start_matches([' ', '\t']).starts_with([';', ',']) {
            end += text[end..].find([';', ',']).map_or(0, |at| at + 1);
        }
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        if text[from..start].trim().is_empty() && text[end..to].trim().is_empty() {
            return self.between(from as u32, to as u32);
        }
        self.between(start as u32, end as u32)
    }

    /// The names of a decorator's parameters, without its target.
    pub(super) fn parameters_of(&self, decorator: &str) -> Option<Vec<&'a str>> {
        let ast = self.ast();
        for file in &self.program.files {
            let mut open = vec![file.root];
            while let Some(node) = open.pop() {
                match ast.kind(node) {
                    NodeKind::Script | NodeKind::Members | NodeKind::Namespace => open.extend(ast.children(node).rev()),
                    NodeKind::DecoratorDeclaration
                        if ast.parts(node).next().is_some_and(|name| ast.text(name) == decorator) =>
                    {
                        let mut below: Vec<NodeId> = ast.children(node).collect();
                        below.extend(ast.children(node).flat_map(|it| ast.children(it)));
                        let parameters = below.into_iter().filter(|it| ast.kind(*it) == NodeKind::FunctionParameter);
                        return Some(parameters.skip(1).filter_map(|it| Some(ast.text(ast.part(it, 0)?))).collect());
                    }
                    _ => {}
                }
            }
        }
        None
    }

    /// The first declaration of a name, the author's own before those of libraries.
    pub(super) fn declaration(&self, name: &str) -> Option<NodeId> {
        let ast = self.ast();
        let is_own = |origin: Origin| origin != Origin::Embedded;
        let own = self.program.files.iter().filter(|file| is_own(file.origin));
        let other = self.program.files.iter().filter(|file| !is_own(file.origin));
        own.chain(other).find_map(|file| declared_below(ast, file.root, name))
    }
}

fn node_of(ast: &Ast, span: Span) -> Option<NodeId> {
    let innermost = ast.node_at(span.file, span.start)?;
    let is_exact = |node: &NodeId| ast.span(*node) == span;
    let covers = |node: &NodeId| ast.span(*node).start <= span.start && ast.span(*node).end >= span.end;
    ast.ancestors(innermost).find(is_exact).or_else(|| ast.ancestors(innermost).find(covers))
}

pub(crate) fn declared_below(ast: &Ast, root: NodeId, name: &str) -> Option<NodeId> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match ast.kind(node) {
            NodeKind::Script | NodeKind::Members => open.extend(ast.children(node).rev()),
            NodeKind::Namespace => open.extend(ast.children(node).rev()),
            kind if is_declaration(kind) && ast.parts(node).next().is_some_and(|it| ast.text(it) == name) => {
                return Some(node);
            }
            _ => {}
        }
    }
    None
}

fn is_declaration(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Model
            | NodeKind::Enum
            | NodeKind::Union
            | NodeKind::Scalar
            | NodeKind::Interface
            | NodeKind::Operation
            | NodeKind::Alias
            | NodeKind::Const
    )
}

/// What a kind of declaration is called.
pub(super) fn word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Model => "a model",
        NodeKind::Enum => "an enum",
        NodeKind::Union => "a union",
        NodeKind::Scalar => "a scalar",
        NodeKind::Interface => "an interface",
        NodeKind::Operation => "an operation",
        NodeKind::Alias => "an alias",
        NodeKind::Const => "a constant",
        _ => "something else",
    }
}
