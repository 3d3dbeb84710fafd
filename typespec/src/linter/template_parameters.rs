//! `@typespec/compiler/unused-template-parameter`

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::ast::NodeId;
use crate::checker::{identifier, name_node};
use crate::program::Program;
use crate::syntax::NodeKind;

/// Warns of parameters of templates that nothing in the template names.
pub(super) fn unused(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for file in &program.files {
        let mut open = vec![file.root];
        while let Some(node) = open.pop() {
            if program.ast.kind(node) == NodeKind::TemplateParameters
                && super::is_linted(program, program.ast.span(node))
            {
                check(program, node, &mut found);
            }
            open.extend(program.ast.children(node));
        }
    }
    found.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| (label.span.file.0, label.span.start)));
    found
}

fn check(program: &Program, list: NodeId, found: &mut Vec<Diagnostic>) {
    let Some(template) = program.ast.parent(list) else { return };
    let parameters: Vec<NodeId> = program.ast.children(list).collect();
    for (at, parameter) in parameters.iter().enumerate() {
        let Some(name) = name_node(program, *parameter) else { continue };
        let text = identifier(&program.ast, name).into_owned();
        if is_named(program, template, name, &text) {
            continue;
        }
        let owner = name_node(program, template).map(|name| identifier(&program.ast, name).into_owned());
        let message = format!(
            "Templates should use all specified parameters, and parameter '{text}' does not exist in type '{}'. Consider removing this parameter.",
            owner.unwrap_or_default()
        );
        let code = Code::new("@typespec/compiler/unused-template-parameter");
        let span = program.ast.span(*parameter);
        // With its comma; a list of one goes as a whole.
        let removed = match (at.checked_sub(1).map(|before| parameters[before]), parameters.get(at + 1)) {
            (Some(before), _) => Span { start: program.ast.span(before).end, ..span },
            (None, Some(next)) => Span { end: program.ast.span(*next).start, ..span },
            (None, None) => program.ast.span(list),
        };
        let fix = Fix { title: format!("remove `{text}`"), span: removed, replacement: String::new(), sure: false };
        found.push(Diagnostic::warning(code, message).at(span).help(fix.title.clone()).fix(fix));
    }
}

/// Whether anything but the parameter itself names it in the template.
fn is_named(program: &Program, template: NodeId, own: NodeId, text: &str) -> bool {
    let mut open = vec![template];
    while let Some(node) = open.pop() {
        let is_name = program.ast.kind(node) == NodeKind::Identifier && node != own;
        if is_name && is_head(program, node) && identifier(&program.ast, node) == text {
            return true;
        }
        open.extend(program.ast.children(node));
    }
    false
}

/// Whether a name stands first in a reference: not behind a dot, and not as the name of a declaration.
pub(super) fn is_head(program: &Program, node: NodeId) -> bool {
    let Some(parent) = program.ast.parent(node) else { return false };
    let is_first = program.ast.children(parent).next() == Some(node);
    match program.ast.kind(parent) {
        NodeKind::MemberAccess => is_first,
        NodeKind::Reference | NodeKind::Call | NodeKind::Decorator | NodeKind::AugmentDecorator => true,
        _ => false,
    }
}
