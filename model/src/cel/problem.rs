//! What is wrong with a rule, at a place in its text.

use std::ops::Range;

use radii_diagnostics::{Code, Severity};

use super::code;

/// A place in a rule's text, in bytes.
pub type At = Range<usize>;

/// One thing that is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its stable code.
    pub code: Code,
    /// Whether the rule can be used nevertheless.
    pub severity: Severity,
    /// Where in the rule's text.
    pub at: At,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What to write instead, where that is known.
    pub mend: Option<Box<Mend>>,
}

/// A replacement in a rule's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// The text to be replaced.
    pub at: At,
    /// What is to stand there.
    pub replacement: String,
    /// Whether every author would write that.
    pub sure: bool,
}

impl Problem {
    /// An error: the rule cannot be used.
    pub fn error(code: Code, at: At, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, at, message: message.into(), help: help.into(), mend: None }
    }

    /// A mistake in the grammar.
    pub(super) fn syntax(at: At, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::error(code::RULE_SYNTAX, at, message, help)
    }

    /// Something that is allowed and likely not meant.
    pub(super) fn warning(code: Code, at: At, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message, help) }
    }

    /// What every author would write in place of what the problem is about.
    pub(super) fn surely(self, replacement: impl Into<String>) -> Self {
        let at = self.at.clone();
        self.mended(at, replacement, true)
    }

    /// What was likely meant.
    pub(super) fn perhaps(self, replacement: impl Into<String>) -> Self {
        let at = self.at.clone();
        self.mended(at, replacement, false)
    }

    pub(super) fn mended(mut self, at: At, replacement: impl Into<String>, sure: bool) -> Self {
        self.mend = Some(Box::new(Mend { at, replacement: replacement.into(), sure }));
        self
    }

    /// Whether the rule cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
