//! The words of the language, by where they may stand.

/// What begins a statement.
pub(super) const STATEMENTS: &[&str] = &[
    "import",
    "using",
    "namespace",
    "model",
    "scalar",
    "enum",
    "union",
    "interface",
    "op",
    "alias",
    "const",
    "extern",
    "dec",
    "fn",
];

/// What stands where a type or a value is asked for.
pub(super) const EXPRESSIONS: &[&str] = &["void", "never", "unknown", "null", "true", "false", "valueof", "typeof"];
