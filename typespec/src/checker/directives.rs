//! `#deprecated` and `#suppress`.

use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Severity};

use super::{Checker, place};
use crate::ast::NodeId;
use crate::checker::literals::string_literal;
use crate::program::{Entity, Program};
use crate::syntax::NodeKind;

/// A directive: its word, and its arguments.
fn directive(program: &Program, node: NodeId) -> (&str, Vec<NodeId>) {
    let mut parts = program.ast.children(node);
    let name = parts.next().map_or("", |name| program.ast.text(name));
    (name, parts.collect())
}

fn directives(program: &Program, node: NodeId, word: &str) -> Vec<(NodeId, Vec<NodeId>)> {
    program
        .ast
        .children(node)
        .filter(|child| program.ast.kind(*child) == NodeKind::Directive)
        .filter_map(|child| {
            let (name, arguments) = directive(program, child);
            (name == word).then_some((child, arguments))
        })
        .collect()
}

impl Checker<'_> {
    /// The message of `#deprecated` on a declaration.
    pub(super) fn deprecation_of(&mut self, node: NodeId) -> Option<Arc<str>> {
        let has_directive =
            self.program.ast.children(node).any(|child| self.program.ast.kind(child) == NodeKind::Directive);
        if !has_directive {
            return None;
        }
        if let Some(known) = self.deprecated.get(&node) {
            return known.clone();
        }
        let message = directives(self.program, node, "deprecated").first().and_then(|(_, arguments)| {
            let literal = arguments.first().filter(|it| self.program.ast.kind(**it) == NodeKind::StringLiteral)?;
            Some(string_literal(&self.program.ast, *literal).into())
        });
        self.deprecated.insert(node, message.clone());
        message
    }

    /// Checks the directives of a declaration or member.
    pub(super) fn check_directives(&mut self, node: NodeId) {
        let found = directives(self.program, node, "deprecated");
        let mut has_message = false;
        for (directive, arguments) in &found {
            let is_literal = arguments.first().is_some_and(|it| self.program.ast.kind(*it) == NodeKind::StringLiteral);
            if has_message && is_literal {
                let message = "The #deprecated directive cannot be used more than once on the same declaration.";
                let span = place(self.program, node);
                self.warn_at("duplicate-deprecation", message, span);
                continue;
            }
            match arguments.first() {
                None => {
                    let message = "#deprecation directive is expecting a message argument but none was provided.";
                    let span = self.program.ast.span(*directive);
                    self.error_help("invalid-deprecation-argument", message, span, "say in quotes what to use instead");
                }
                Some(argument) if self.program.ast.kind(*argument) != NodeKind::StringLiteral => {
                    let kind = format!("{:?}", self.program.ast.kind(*argument));
                    let message = format!(
                        "#deprecation directive is expecting a string literal as the message but got a \"{kind}\""
                    );
                    let span = self.program.ast.span(*argument);
                    self.error_help("invalid-deprecation-argument", message, span, "put the message in quotes");
                }
                Some(_) => has_message = true,
            }
        }
    }

    /// Warns of a name whose declaration is deprecated.
    pub(super) fn check_deprecated(&mut self, declaration: NodeId, node: NodeId) {
        let Some(message) = self.deprecation_of(declaration) else { return };
        self.warn_deprecated(&message, node);
    }

    /// Warns of a member that is deprecated.
    pub(super) fn check_deprecated_type(&mut self, entity: Entity, node: NodeId) {
        let Some(ty) = entity.as_type() else { return };
        let Some(message) = self.program.deprecations.get(&ty).cloned() else { return };
        self.warn_deprecated(&message, node);
    }

    fn warn_deprecated(&mut self, message: &str, node: NodeId) {
        let holders: Vec<NodeId> = self.program.ast.ancestors(node).collect();
        if holders.into_iter().any(|holder| self.deprecation_of(holder).is_some()) {
            return;
        }
        let is_own = self
            .program
            .file(self.program.ast.node(node).file)
            .is_some_and(|file| file.origin != crate::program::Origin::Embedded);
        if is_own {
            let span = self.program.ast.span(node);
            self.warn_at("deprecated", format!("Deprecated: {message}"), span);
        }
    }
}

/// Takes out the warnings that `#suppress` hides, and reports directives that would hide errors.
pub(crate) fn suppress(program: &Program, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    let mut seen = Vec::new();
    let mut notes = Vec::new();
    for file in &program.files {
        collect_suppressions(program, file.root, &mut all);
    }
    for (holder, node, code) in &all {
        if seen.contains(&(holder, code)) {
            let message = format!("Diagnostic \"{code}\" is already suppressed on this node.");
            let diagnostic = Diagnostic::warning(Code::new("duplicate-suppression"), message);
            notes.push(diagnostic.at(program.ast.span(*node)));
        }
        seen.push((holder, code));
    }
    let mut kept = Vec::new();
    for diagnostic in diagnostics {
        let hidden = all.iter().find(|(holder, _, code)| covers(program, *holder, code, &diagnostic));
        match hidden {
            Some(_) if diagnostic.severity != Severity::Error => {}
            Some((_, node, _)) => {
                let code = Code::new("suppress-error");
                notes.push(Diagnostic::error(code, "Errors cannot be suppressed.").at(program.ast.span(*node)));
                kept.push(diagnostic);
            }
            None => kept.push(diagnostic),
        }
    }
    notes.dedup();
    kept.extend(notes);
    kept
}

fn covers(program: &Program, holder: NodeId, code: &str, diagnostic: &Diagnostic) -> bool {
    let known = diagnostic.code.as_str();
    if known != code && known.strip_prefix("@typespec/") != Some(code) {
        return false;
    }
    let Some(label) = &diagnostic.primary else { return false };
    let span = program.ast.span(holder);
    span.file == label.span.file && span.start <= label.span.start && label.span.end <= span.end.max(label.span.start)
}

fn collect_suppressions(program: &Program, root: NodeId, all: &mut Vec<(NodeId, NodeId, String)>) {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        for (found, arguments) in directives(program, node, "suppress") {
            if let Some(code) = arguments.first() {
                let code = match program.ast.kind(*code) {
                    NodeKind::StringLiteral => string_literal(&program.ast, *code),
                    _ => program.ast.text(*code).to_owned(),
                };
                all.push((node, found, code));
            }
        }
        // Nothing below a type expression or a decorator carries directives.
        let below = program.ast.children(node).filter(|child| {
            !matches!(program.ast.kind(*child), NodeKind::Directive | NodeKind::Decorator | NodeKind::Reference)
        });
        open.extend(below);
    }
}
