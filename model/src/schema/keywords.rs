//! The names of keywords, and what to say about those that OpenAPI 3.0 does not have.

/// Marks values that are encrypted at rest and redacted in answers.
pub(crate) const SENSITIVE: &str = "x-radius-sensitive";

/// Every keyword of an OpenAPI 3.0 schema object, and Radius' own.
pub(super) const KNOWN: [&str; 38] = [
    "type",
    "format",
    "title",
    "description",
    "default",
    "example",
    "enum",
    "nullable",
    "readOnly",
    "writeOnly",
    "deprecated",
    SENSITIVE,
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "discriminator",
    "$ref",
    "xml",
    "externalDocs",
    "allowEmptyValue",
];

/// Returns what to write instead of a keyword of OpenAPI 3.1 or JSON Schema.
pub(super) fn newer(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "const" => "write `enum` with the one value",
        "if" | "then" | "else" => "describe the condition in `description`; schemas of resource types have none",
        "dependentRequired" | "dependentSchemas" | "dependencies" => {
            "describe the dependency in `description`; schemas of resource types have none"
        }
        "patternProperties" | "propertyNames" | "unevaluatedProperties" => {
            "write `additionalProperties` with the schema of the values"
        }
        "prefixItems" | "contains" | "minContains" | "maxContains" | "unevaluatedItems" | "additionalItems" => {
            "write `items` with one schema for all items"
        }
        "$defs" | "definitions" => "write the schema in the places that use it",
        "examples" => "write one `example`",
        "contentEncoding" | "contentMediaType" | "contentSchema" => "write `format: byte` for base64, or leave it out",
        "$schema" | "$id" | "id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor" | "$vocabulary" => "leave it out",
        "$comment" => "write a comment (`# …`), or an extension (`x-comment`)",
        _ => return None,
    })
}
