//! Source files, spans and diagnostics: what every other crate of Radii reports problems with.
//!
//! A [`Diagnostic`] is data: a stable [`Code`], a [`Severity`], a message, the place it is about and
//! what to do. Rendering (human, JSON, SARIF, GitHub) lives in [`render`] and never in the crate
//! that found the problem.

mod diagnostic;
mod fixes;
pub mod render;
mod source;

pub use diagnostic::{Code, Diagnostic, Fix, Label, Severity};
pub use fixes::{Fixed, apply_sure_fixes};
pub use source::{FileId, LineColumn, SourceFile, SourceMap, Span};
