//! The structural rules of manifests and schemas (Radius HTTP contract, part 6), as diagnostics with stable codes.

pub mod code;
mod manifest;
mod schema;

use radii_diagnostics::Diagnostic;

use crate::cel;
use crate::manifest::Manifest;
use crate::schema::Schema;

/// Which rules a schema has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// What an author may write in a manifest: structural schemas without composition.
    Manifest,
    /// What the registry can execute: any valid OpenAPI 3.0 schema.
    Registry,
}

/// Checks every rule of a manifest.
pub fn check_manifest(manifest: &Manifest) -> Vec<Diagnostic> {
    manifest::check(manifest)
}

/// Checks one schema; `path` is put before the paths of the diagnostics.
pub fn check_schema(schema: &Schema, path: &str, strictness: Strictness) -> Vec<Diagnostic> {
    let mut found = schema::check(schema, path, strictness);
    found.extend(cel::check(schema, path));
    found
}

/// Checks only that every `$ref` leads somewhere, and nowhere back to itself without a step into the value.
///
/// A schema that passes can be walked beside any value without running in circles.
pub fn check_references(schema: &Schema, path: &str) -> Vec<Diagnostic> {
    schema::check_references(schema, path)
}
