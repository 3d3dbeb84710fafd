//! Diagnostics as text: for people, and for programs.

use crate::{Diagnostic, SourceMap};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Source excerpt with caret and help.
    Human,
    /// One JSON object per line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub Actions workflow commands.
    Github,
}

/// Whether escape codes may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Escape codes for colour.
    On,
    /// Plain text.
    Off,
}

/// Returns all diagnostics as text in the given format.
pub fn render(_diagnostics: &[Diagnostic], _sources: &SourceMap, _format: Format, _colour: Colour) -> String {
    todo!("written by the diagnostics owner")
}
