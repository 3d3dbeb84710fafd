//! One problem, as data.

use std::borrow::Cow;
use std::fmt;

use crate::Span;

/// A stable identifier of a kind of problem, such as `radii/unknown-property`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// Returns a code known at compile time.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// Returns a code that comes from data.
    pub fn owned(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is accepted, and probably not what was meant.
    Warning,
    /// Something worth knowing.
    Note,
}

/// A place with a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there; empty when the place says enough.
    pub message: String,
}

/// A replacement of text that mends the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the fix does, as an imperative: "rename to `size`".
    pub title: String,
    /// The text to be replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
    /// Whether `rad check --fix` may apply it without asking.
    pub sure: bool,
}

/// One problem: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable identifier.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence in lower case without full stop; things in backticks.
    pub message: String,
    /// The place it is about; `None` when it is about no place (a missing file, say).
    pub primary: Option<Label>,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// Path of the property concerned, such as `types.postgres.apiVersions['2025-01-01'].schema`.
    pub path: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// Replacements that mend it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// Returns an error without place or help.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// Returns a warning without place or help.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Returns a diagnostic without place or help.
    pub fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            path: None,
            help: None,
            fixes: Vec::new(),
        }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        self.labelled(span, "")
    }

    /// Sets the place and what is to be seen there.
    #[must_use]
    pub fn labelled(mut self, span: Span, message: impl Into<String>) -> Self {
        self.primary = Some(Label { span, message: message.into() });
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: message.into() });
        self
    }

    /// Sets the property path.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a replacement that mends the problem.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// Whether the input is refused because of this.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
