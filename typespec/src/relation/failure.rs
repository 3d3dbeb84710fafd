//! Why something is not assignable, and where to say so.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::ast::NodeId;
use crate::checker::place;
use crate::program::Program;
use crate::syntax::NodeKind;

use super::hints::Hint;

/// Why something is not assignable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationFailure {
    /// The code of the reason: `unassignable`, `missing-property`, …
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// The part of the source that is to blame, where it is smaller than the whole: a nested value or a key.
    pub node: Option<NodeId>,
    /// The reasons behind it.
    pub causes: Vec<RelationFailure>,
    /// What may have been meant.
    pub hint: Option<Box<Hint>>,
}

impl RelationFailure {
    /// Returns a failure without reasons behind it.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Code::new(code), message: message.into(), node: None, causes: Vec::new(), hint: None }
    }

    /// Says which part of the source is to blame.
    #[must_use]
    pub fn at(mut self, node: Option<NodeId>) -> Self {
        self.node = node;
        self
    }

    /// Adds the reasons behind it.
    #[must_use]
    pub fn because(mut self, causes: Vec<RelationFailure>) -> Self {
        self.causes = causes;
        self
    }

    /// Says what may have been meant.
    #[must_use]
    pub fn meaning(mut self, hint: Hint) -> Self {
        self.hint = (hint != Hint::default()).then(|| Box::new(hint));
        self
    }

    /// The message followed by the first reason and its first reason, one a line, two more spaces per level.
    pub fn full_message(&self) -> String {
        let mut text = self.message.clone();
        let mut indent = String::from("  ");
        let mut cause = self.causes.first();
        while let Some(failure) = cause {
            for line in failure.message.lines() {
                text.push_str(&format!("\n{indent}{line}"));
            }
            indent.push_str("  ");
            cause = failure.causes.first();
        }
        text
    }

    /// Errors for a failure that showed at `whole`: each reason at the part of `whole` that is to blame for it,
    /// and one error with all reasons where the blame lies elsewhere.
    pub fn diagnostics(&self, program: &Program, whole: NodeId) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        self.place(program, whole, whole, &mut found);
        let diagnostics = found.into_iter().map(|(failure, at)| {
            let span = place(program, at);
            let diagnostic = Diagnostic::error(failure.code.clone(), failure.full_message()).at(span);
            failure.advise(program, diagnostic, at)
        });
        diagnostics.collect()
    }

    /// The innermost reason that a part of `whole` is to blame for, and that part; the first, if there are several.
    pub fn innermost(&self, program: &Program, whole: NodeId) -> (&RelationFailure, Span) {
        let mut found = Vec::new();
        self.place(program, whole, whole, &mut found);
        match found.first() {
            Some((failure, at)) => (failure, place(program, *at)),
            None => (self, place(program, whole)),
        }
    }

    /// Adds to an error for a failure that showed at `whole` what to write instead.
    pub fn advised(&self, program: &Program, whole: NodeId, diagnostic: Diagnostic) -> Diagnostic {
        let mut found = Vec::new();
        self.place(program, whole, whole, &mut found);
        match found.first() {
            Some((failure, at)) => failure.advise(program, diagnostic, *at),
            None => diagnostic,
        }
    }

    fn place<'f>(
        &'f self,
        program: &Program,
        whole: NodeId,
        within: NodeId,
        found: &mut Vec<(&'f RelationFailure, NodeId)>,
    ) {
        let blamed = self.node.unwrap_or(whole);
        let is_inside = program.ast.ancestors(blamed).any(|node| node == within);
        if is_inside && !self.causes.is_empty() {
            for cause in &self.causes {
                cause.place(program, whole, blamed, found);
            }
            return;
        }
        found.push((self, if is_inside { blamed } else { within }));
    }

    fn advise(&self, program: &Program, mut diagnostic: Diagnostic, at: NodeId) -> Diagnostic {
        let Some(hint) = self.deepest_hint() else { return diagnostic };
        if let Some(help) = &hint.help {
            diagnostic = diagnostic.help(help.clone());
        }
        let Some(replacement) = &hint.replacement else { return diagnostic };
        let Some(span) = replaced_span(program, at, self.code.as_str() == "unexpected-property") else {
            return diagnostic;
        };
        let title = hint.help.clone().unwrap_or_else(|| format!("write `{replacement}`"));
        diagnostic.fix(Fix { title, span, replacement: replacement.clone(), sure: true })
    }

    fn deepest_hint(&self) -> Option<&Hint> {
        let mut failure = self;
        while let Some(cause) = failure.causes.first() {
            failure = cause;
        }
        failure.hint.as_deref()
    }
}

/// What a replacement stands for: the literal at a node or behind a key, or the key itself.
fn replaced_span(program: &Program, at: NodeId, is_key: bool) -> Option<Span> {
    let ast = &program.ast;
    if is_key {
        return Some(place(program, at));
    }
    let value = match ast.kind(at) {
        NodeKind::ObjectProperty => ast.parts(at).nth(1)?,
        _ => at,
    };
    let is_written = matches!(
        ast.kind(value),
        NodeKind::StringLiteral
            | NodeKind::NumericLiteral
            | NodeKind::BooleanLiteral
            | NodeKind::Reference
            | NodeKind::MemberAccess
            | NodeKind::UnionExpression
            | NodeKind::ArrayLiteral
            | NodeKind::TupleExpression
    );
    is_written.then(|| ast.span(value))
}
