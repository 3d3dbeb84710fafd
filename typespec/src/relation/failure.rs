//! Why something is not assignable, and where to say so.

use radii_diagnostics::{Code, Diagnostic};

use crate::ast::NodeId;
use crate::program::Program;

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
}

impl RelationFailure {
    /// Returns a failure without reasons behind it.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Code::new(code), message: message.into(), node: None, causes: Vec::new() }
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
        found
    }

    fn place(&self, program: &Program, whole: NodeId, within: NodeId, found: &mut Vec<Diagnostic>) {
        let blamed = self.node.unwrap_or(whole);
        let is_inside = program.ast.ancestors(blamed).any(|node| node == within);
        if is_inside && !self.causes.is_empty() {
            for cause in &self.causes {
                cause.place(program, whole, blamed, found);
            }
            return;
        }
        let span = crate::checker::place(program, if is_inside { blamed } else { within });
        found.push(Diagnostic::error(self.code.clone(), self.full_message()).at(span));
    }
}
