//! Reporting: once per place, with the part of the source that is to blame.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::{Checker, place};
use crate::ast::NodeId;
use crate::program::{Constraint, Entity, TypeId, TypeKind};
use crate::relation::{self, RelationFailure};
use crate::syntax::NodeKind;

impl Checker<'_> {
    /// Reports an error at a node: at its name, if it declares one.
    pub(super) fn error_at(&mut self, code: &'static str, message: impl Into<String>, node: NodeId) {
        let span = place(self.program, node);
        self.error_span(code, message, span);
    }

    pub(super) fn error_span(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        let diagnostic = Diagnostic::error(Code::new(code), message).at(span);
        self.report_once(code, diagnostic);
    }

    pub(super) fn warn_at(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        self.report_once(code, Diagnostic::warning(Code::new(code), message).at(span));
    }

    /// Reports an error with help.
    pub(super) fn error_help(&mut self, code: &'static str, message: impl Into<String>, span: Span, help: &str) {
        self.report_once(code, Diagnostic::error(Code::new(code), message).at(span).help(help));
    }

    /// Reports a misspelt name, with the name that was meant, if that can be guessed.
    pub(super) fn error_with_hint(
        &mut self,
        code: &'static str,
        message: String,
        span: Span,
        node: NodeId,
        hint: Option<String>,
    ) {
        let mut diagnostic = Diagnostic::error(Code::new(code), message).at(span);
        if let Some(name) = hint {
            let fix = Fix {
                title: format!("rename to `{name}`"),
                span: self.program.ast.span(node),
                replacement: name.clone(),
                sure: true,
            };
            diagnostic = diagnostic.help(format!("did you mean `{name}`?")).fix(fix);
        } else if code == "invalid-ref" {
            let help = "declare it, or import what declares it and add the `using` of its namespace";
            diagnostic = diagnostic.help(help);
        }
        self.report_once(code, diagnostic);
    }

    /// Reports a name with one that may have been meant.
    pub(super) fn error_with_guess(&mut self, message: String, span: Span, node: NodeId, guess: String) {
        let title = format!("rename to `{guess}`");
        let help = format!("did you mean `{guess}`?");
        let fix = Fix { title, span: self.program.ast.span(node), replacement: guess, sure: false };
        let diagnostic = Diagnostic::error(Code::new("invalid-ref"), message).at(span).help(help).fix(fix);
        self.report_once("invalid-ref", diagnostic);
    }

    /// Reports a problem with a replacement that mends it.
    pub(super) fn error_fix(&mut self, code: &'static str, message: String, span: Span, fix: Fix) {
        let help = fix.title.clone();
        self.report_once(code, Diagnostic::error(Code::new(code), message).at(span).help(help).fix(fix));
    }

    /// A template is checked for every instance: the same problem at the same place is told once.
    pub(super) fn report_once(&mut self, code: &'static str, diagnostic: Diagnostic) {
        let span = diagnostic.primary.as_ref().map(|label| label.span);
        if self.reported.insert((code, span)) {
            self.program.report(diagnostic);
        }
    }

    /// Whether the parser complained about a node or about what holds it, up to the member that it is in.
    pub(super) fn is_inside_error(&self, node: NodeId) -> bool {
        let ast = &self.program.ast;
        let is_part = |node: &NodeId| {
            matches!(
                ast.kind(*node),
                NodeKind::Reference
                    | NodeKind::MemberAccess
                    | NodeKind::Decorator
                    | NodeKind::ArrayExpression
                    | NodeKind::ModelProperty
            )
        };
        let holders = ast.ancestors(node).skip(1).take_while(is_part);
        ast.has(node, crate::ast::Mark::Unterminated)
            || std::iter::once(node).chain(holders).any(|node| ast.node(node).has_error)
    }

    /// Checks assignability and reports failure at a node: at the nested part that is to blame, if there is one.
    pub(super) fn check_assignable(&mut self, source: Entity, target: Constraint, node: NodeId) -> bool {
        match self.assignable(source, target) {
            Ok(()) => true,
            Err(failure) => {
                self.report_failure(&failure, node);
                false
            }
        }
    }

    /// Reports each reason at the part of a node that is to blame for it.
    pub(super) fn report_failure(&mut self, failure: &RelationFailure, node: NodeId) {
        for diagnostic in failure.diagnostics(self.program, node) {
            let known = self
                .program
                .diagnostics
                .iter()
                .any(|other| other.code == diagnostic.code && other.primary == diagnostic.primary);
            if !known {
                self.program.report(diagnostic);
            }
        }
    }

    /// Reports an argument that does not fit, at the part of it that is to blame, with what was meant.
    pub(super) fn report_refused(&mut self, message: String, failure: &RelationFailure, node: NodeId) {
        let (reason, span) = failure.innermost(self.program, node);
        let mut diagnostic = Diagnostic::error(Code::new("invalid-argument"), message).at(span);
        let is_nested = !failure.causes.is_empty();
        if is_nested {
            diagnostic = diagnostic.help(reason.full_message());
        }
        let mut diagnostic = failure.advised(self.program, node, diagnostic);
        if diagnostic.help.is_none() {
            diagnostic = diagnostic.help("write something of the type that is wanted, or change what wants it");
        }
        self.report_once("invalid-argument", diagnostic);
    }

    /// Says whether one type is assignable to another, once all that this depends on is checked.
    pub(super) fn type_assignable(&mut self, source: TypeId, target: TypeId) -> Result<(), RelationFailure> {
        self.settle(Entity::Type(source), Constraint::of_type(target));
        relation::is_type_assignable(self.program, source, target)
    }

    /// Says whether something satisfies a constraint, once all that this depends on is checked.
    pub(super) fn assignable(&mut self, source: Entity, target: Constraint) -> Result<(), RelationFailure> {
        self.settle(source, target);
        relation::is_assignable(self.program, source, target)
    }

    /// Checks the bodies that were put off, if an answer about these types may depend on them.
    fn settle(&mut self, source: Entity, target: Constraint) {
        if self.deferred.is_empty() {
            return;
        }
        let source = match source {
            Entity::Type(ty) | Entity::Indeterminate(ty) => ty,
            Entity::Value(value) => self.program[value].ty,
        };
        let wanted = [target.ty, target.value].into_iter().flatten().any(|ty| self.may_hold_models(ty));
        if wanted && self.may_hold_models(source) {
            self.drain();
        }
    }

    fn may_hold_models(&self, ty: TypeId) -> bool {
        match &self.program[ty].kind {
            TypeKind::Model(_) => !self.is_reflection(ty),
            TypeKind::Union(union) => union.variants.iter().filter_map(|it| self.program.variant(*it)).any(|it| {
                it.ty == ty || matches!(self.program[it.ty].kind, TypeKind::Union(_)) || self.may_hold_models(it.ty)
            }),
            TypeKind::Tuple(_) | TypeKind::UnionVariant(_) | TypeKind::TemplateParameter(_) | TypeKind::Function(_) => {
                true
            }
            _ => false,
        }
    }
}
