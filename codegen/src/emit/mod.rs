//! Documents straight from a checked TypeSpec program, as the reference emitters write them.
//!
//! These are for specs of models, with or without a resource provider. What a provider's types mean to the registry
//! goes another way: through [`crate::lower`] into a manifest.

pub(crate) mod facts;
mod http;
mod json_schema;
mod openapi;
pub(crate) mod scalars;
pub(crate) mod values;

use std::collections::BTreeMap;

use radii_diagnostics::{Code, Diagnostic};
use serde_json::Value as Json;
use typespec::Program;
use typespec::program::TypeId;

pub use json_schema::json_schema;
pub use openapi::openapi;

/// What a schema is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAPI 3.0
    OpenApi30,
    /// OpenAPI 3.1
    OpenApi31,
    /// JSON Schema 2020-12
    JsonSchema,
}

/// The versions of OpenAPI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revision {
    /// 3.0.0
    #[default]
    V30,
    /// 3.1.0
    V31,
}

impl Revision {
    /// The version, as documents name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Revision::V30 => "3.0.0",
            Revision::V31 => "3.1.0",
        }
    }

    fn dialect(self) -> Dialect {
        match self {
            Revision::V30 => Dialect::OpenApi30,
            Revision::V31 => Dialect::OpenApi31,
        }
    }
}

/// Documents by file name, with what was to be said about them.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// The documents; none when a diagnostic is an error that forbids them.
    pub files: BTreeMap<String, Json>,
    /// What the format cannot express.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reports a problem at a type.
fn report(program: &Program, target: TypeId, code: &'static str, message: String) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::new(code), message);
    match program.span_of(target) {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}
