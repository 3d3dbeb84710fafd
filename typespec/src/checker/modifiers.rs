//! `extern`, `internal` and `auto`.

use radii_diagnostics::Span;

use super::{Checker, place};
use crate::ast::{Mark, NodeId};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// Checks the modifiers of a declaration.
    pub(super) fn check_modifiers(&mut self, node: NodeId) {
        let kind = self.program.ast.kind(node);
        let (name, allowed): (_, &[Mark]) = match kind {
            NodeKind::Namespace => ("namespace", &[]),
            NodeKind::Model => ("model", &[Mark::Internal]),
            NodeKind::Scalar => ("scalar", &[Mark::Internal]),
            NodeKind::Interface => ("interface", &[Mark::Internal]),
            NodeKind::Union => ("union", &[Mark::Internal]),
            NodeKind::Operation => ("op", &[Mark::Internal]),
            NodeKind::Enum => ("enum", &[Mark::Internal]),
            NodeKind::Alias => ("alias", &[Mark::Internal]),
            NodeKind::Const => ("const", &[Mark::Internal]),
            NodeKind::DecoratorDeclaration => ("dec", &[Mark::Internal, Mark::Extern, Mark::Auto]),
            NodeKind::FunctionDeclaration => ("function", &[Mark::Internal, Mark::Extern]),
            _ => return,
        };
        for (mark, word) in [(Mark::Extern, "extern"), (Mark::Internal, "internal"), (Mark::Auto, "auto")] {
            if self.program.ast.has(node, mark) && !allowed.contains(&mark) {
                let message = format!("Modifier '{word}' cannot be used on declarations of type '{name}'.");
                let span = self.modifier_span(node, word);
                self.error_help("invalid-modifier", message, span, &format!("remove `{word}`"));
            }
        }
        match kind {
            NodeKind::DecoratorDeclaration => self.check_decorator_modifiers(node),
            NodeKind::FunctionDeclaration => self.check_function_modifiers(node),
            _ => {}
        }
    }

    fn modifier_span(&self, node: NodeId, word: &str) -> Span {
        let Some(list) = self.program.ast.find(node, NodeKind::Modifiers) else { return self.program.ast.span(node) };
        let span = self.program.ast.span(list);
        let at = self.program.ast.text(list).find(word).unwrap_or(0) as u32;
        Span { start: span.start + at, end: span.start + at + word.len() as u32, ..span }
    }

    fn check_decorator_modifiers(&mut self, node: NodeId) {
        let (is_extern, is_auto) = (self.program.ast.has(node, Mark::Extern), self.program.ast.has(node, Mark::Auto));
        let span = place(self.program, node);
        if is_extern && is_auto {
            self.error_span("invalid-modifier", "Modifiers 'extern' and 'auto' cannot be used together.", span);
        } else if !is_extern && !is_auto {
            let message = "Declaration of type 'dec' is missing one of the required modifiers: 'extern' or 'auto'.";
            self.error_help("invalid-modifier", message, span, "write `extern dec`");
        }
        if is_auto && !self.is_enabled("auto-decorators") {
            let message = "Auto decorator declarations require the 'auto-decorators' feature to be enabled. Add 'auto-decorators' to the 'features' list in your tspconfig.yaml.";
            self.error_span("auto-decorator-disabled", message, span);
        }
    }

    fn check_function_modifiers(&mut self, node: NodeId) {
        let span = place(self.program, node);
        if !self.program.ast.has(node, Mark::Extern) {
            let message = "Declaration of type 'function' is missing required modifier 'extern'.";
            self.error_help("invalid-modifier", message, span, "write `extern fn`");
        }
        if !self.is_enabled("function-declarations") {
            let message = "Function declarations are an experimental feature that may change in the future. Use with caution and consider providing feedback to the TypeSpec team.";
            self.warn_at("experimental-feature", message, span);
        }
    }
}
