//! The properties that every resource of a user-defined type has.
//!
//! Source: Radius HTTP contract, part 5.2, and the manifest `base/base.yaml` of Radius.

use crate::schema::Schema;

/// Names that are never treated as recipe outputs or connection values.
pub const BASIC_PROPERTIES: [&str; 6] =
    ["application", "environment", "status", "connections", "codeReference", "secrets"];

/// Returns the schema with `application`, `environment` (required), `connections` and `codeReference` added.
///
/// A property that the type declares itself wins over the base one.
pub fn with_base_properties(_schema: &Schema) -> Schema {
    todo!()
}
