//! Codes of the rules. They are stable: users filter by them and look them up.

use radii_diagnostics::Code;

/// The document holds nothing.
pub const EMPTY_MANIFEST: Code = Code::new("radii/empty-manifest");
/// A value has another JSON type than the format wants.
pub const WRONG_TYPE: Code = Code::new("radii/wrong-type");
/// A key of the manifest format is missing.
pub const MISSING_FIELD: Code = Code::new("radii/missing-field");
/// A key that the manifest format does not have.
pub const UNKNOWN_FIELD: Code = Code::new("radii/unknown-field");
/// The namespace is not two PascalCase segments.
pub const INVALID_NAMESPACE: Code = Code::new("radii/invalid-namespace");
/// The type's name is not camelCase.
pub const INVALID_TYPE_NAME: Code = Code::new("radii/invalid-type-name");
/// The API version is no date.
pub const INVALID_API_VERSION: Code = Code::new("radii/invalid-api-version");
/// The capability is not PascalCase.
pub const INVALID_CAPABILITY: Code = Code::new("radii/invalid-capability");
/// The registry knows no such capability.
pub const UNKNOWN_CAPABILITY: Code = Code::new("radii/unknown-capability");
/// `defaultApiVersion` names a version that the type does not have.
pub const DEFAULT_VERSION_MISSING: Code = Code::new("radii/default-version-missing");
/// Only the first location is used.
pub const SEVERAL_LOCATIONS: Code = Code::new("radii/several-locations");

/// A keyword that no schema has.
pub const UNKNOWN_KEYWORD: Code = Code::new("radii/unknown-keyword");
/// A keyword of OpenAPI 3.1 or JSON Schema.
pub const NEWER_KEYWORD: Code = Code::new("radii/newer-keyword");
/// A `type` that does not exist.
pub const UNKNOWN_TYPE: Code = Code::new("radii/unknown-type");
/// `allOf`, `anyOf`, `oneOf`, `not` or `discriminator` in a manifest.
pub const COMPOSITION: Code = Code::new("radii/composition");
/// A `$ref` that leads nowhere, or out of the document.
pub const UNRESOLVED_REFERENCE: Code = Code::new("radii/unresolved-reference");
/// `additionalProperties: true` in a manifest.
pub const ADDITIONAL_PROPERTIES_TRUE: Code = Code::new("radii/additional-properties-true");
/// `properties` and a schema for additional properties on one object.
pub const PROPERTIES_AND_MAP: Code = Code::new("radii/properties-and-map");
/// A map of anything outside `platformOptions`.
pub const ANY_OUTSIDE_PLATFORM_OPTIONS: Code = Code::new("radii/any-outside-platform-options");
/// An array that does not say what it holds.
pub const MISSING_ITEMS: Code = Code::new("radii/missing-items");
/// A property's name that Radius keeps for itself.
pub const RESERVED_PROPERTY: Code = Code::new("radii/reserved-property");
/// A base property with another shape.
pub const BASE_PROPERTY: Code = Code::new("radii/base-property");
/// A sensitive property that is neither string nor object, or a mark that is no boolean.
pub const INVALID_SENSITIVE: Code = Code::new("radii/invalid-sensitive");
/// A regular expression that RE2 cannot read.
pub const INVALID_PATTERN: Code = Code::new("radii/invalid-pattern");
/// A regular expression that stands between slashes, which belong to what is matched here.
pub const ODD_PATTERN: Code = Code::new("radii/odd-pattern");
/// A default that its own schema refuses.
pub const INVALID_DEFAULT: Code = Code::new("radii/invalid-default");
/// An example that its own schema refuses.
pub const INVALID_EXAMPLE: Code = Code::new("radii/invalid-example");
/// A name that stands twice in `required`.
pub const DUPLICATE_REQUIRED: Code = Code::new("radii/duplicate-required");
/// Dates or an address of a deprecation that are none.
pub const INVALID_DEPRECATION: Code = Code::new("radii/invalid-deprecation");
/// An extension of ours that does not say what it can say, or stands where it is not read.
pub const INVALID_EXTENSION: Code = Code::new("radii/invalid-extension");
/// What a connection's variable is to be called is no variable.
pub const INVALID_ENV_NAME: Code = Code::new("radii/invalid-env-name");
/// What a property refers to is no resource type.
pub const INVALID_RESOURCE_REFERENCE: Code = Code::new("radii/invalid-resource-reference");
/// `readOnly` together with `writeOnly`.
pub const READ_AND_WRITE_ONLY: Code = Code::new("radii/read-and-write-only");

/// A keyword that says nothing about values of the schema's type.
pub const IDLE_KEYWORD: Code = Code::new("radii/idle-keyword");
/// A format that is nearly called like a known one.
pub const MISSPELT_FORMAT: Code = Code::new("radii/misspelt-format");
/// `required` names a property that is not declared.
pub const REQUIRED_UNDECLARED: Code = Code::new("radii/required-undeclared");
/// `enum` is empty, holds a value twice, or values of another type.
pub const ODD_ENUM: Code = Code::new("radii/odd-enum");
/// A lower bound above the upper one: no value is valid.
pub const CONTRADICTING_BOUNDS: Code = Code::new("radii/contradicting-bounds");
/// The schema of a resource is not an object.
pub const ROOT_NOT_OBJECT: Code = Code::new("radii/root-not-object");
/// A `secrets` property that recipes cannot fill.
pub const SECRETS_BLOCK: Code = Code::new("radii/secrets-block");
