//! Codes of what can be wrong with a text before its meaning is looked at.

use radii_diagnostics::Code;

/// The bytes are not UTF-8.
pub const NOT_UTF8: Code = Code::new("radii/not-utf8");
/// The text is no YAML.
pub const YAML_SYNTAX: Code = Code::new("radii/yaml-syntax");
/// A text holds documents that are not read.
pub const SEVERAL_DOCUMENTS: Code = Code::new("radii/several-documents");
/// The text is no JSON.
pub const JSON_SYNTAX: Code = Code::new("radii/json-syntax");
/// A mapping has a key twice.
pub const DUPLICATE_KEY: Code = Code::new("radii/duplicate-key");
/// A mapping has a key that is no scalar.
pub const COMPLEX_KEY: Code = Code::new("radii/complex-key");
/// Mappings and lists are nested too deep.
pub const NESTING_TOO_DEEP: Code = Code::new("radii/nesting-too-deep");
/// The text has too many bytes or values.
pub const DOCUMENT_TOO_LARGE: Code = Code::new("radii/document-too-large");
/// Aliases repeat each other until the document would be too large.
pub const ALIAS_EXPLOSION: Code = Code::new("radii/alias-explosion");
/// An alias names no anchor, or one that it stands in.
pub const UNKNOWN_ALIAS: Code = Code::new("radii/unknown-alias");
/// A merge key (`<<`) has a value that is neither mapping nor list of mappings.
pub const MERGE_KEY: Code = Code::new("radii/merge-key");
/// A tag that is none of YAML's core schema, or that the value does not fit.
pub const YAML_TAG: Code = Code::new("radii/yaml-tag");
/// A number that cannot be kept exactly.
pub const NUMBER_RANGE: Code = Code::new("radii/number-range");
