//! The names of keywords, and what to say about those that OpenAPI 3.0 does not have.

use super::Kind;

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

/// The formats that have a meaning.
pub(super) const FORMATS: [&str; 22] = [
    "int32",
    "int64",
    "uint32",
    "uint64",
    "float",
    "double",
    "byte",
    "binary",
    "date",
    "date-time",
    "time",
    "duration",
    "password",
    "email",
    "uuid",
    "uri",
    "uri-reference",
    "url",
    "hostname",
    "ipv4",
    "ipv6",
    "base64url",
];

/// Returns the format that is called otherwise elsewhere.
pub(super) fn format_called_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "int" | "integer" | "int32_t" | "i32" => "int32",
        "long" | "i64" | "bigint" => "int64",
        "float32" | "f32" | "single" => "float",
        "float64" | "f64" | "decimal" => "double",
        "datetime" | "timestamp" | "date_time" | "rfc3339" | "iso8601" => "date-time",
        "base64" => "byte",
        "guid" => "uuid",
        "mail" | "e-mail" => "email",
        "href" | "link" => "uri",
        "ip" | "ipaddress" => "ipv4",
        "host" => "hostname",
        _ => return None,
    })
}

/// Whether a format is one of numbers, not of texts.
pub(super) fn is_format_of_numbers(format: &str) -> bool {
    matches!(format, "int32" | "int64" | "uint32" | "uint64" | "float" | "double")
}

/// Whether an extension is the mark of sensitive values, misspelt.
pub(super) fn is_nearly_sensitive(name: &str) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_'], "");
    crate::suggest::closest(name, [SENSITIVE]).is_some()
        || matches!(
            plain(name).as_str(),
            "xradiussensitive" | "xsensitive" | "xradiussecret" | "xradiisensitive" | "xsecret"
        )
}

/// Returns the type that a keyword is for, and its twin for `kind`, if it says nothing about values of that.
pub(super) fn meant_for(keyword: &str, kind: Kind) -> Option<(&'static str, Option<&'static str>)> {
    let (own, at) = match keyword {
        "minLength" => ("string", Some(0)),
        "maxLength" => ("string", Some(1)),
        "minItems" => ("array", Some(0)),
        "maxItems" => ("array", Some(1)),
        "minProperties" => ("object", Some(0)),
        "maxProperties" => ("object", Some(1)),
        "minimum" => ("number", Some(0)),
        "maximum" => ("number", Some(1)),
        "pattern" => ("string", None),
        "items" | "uniqueItems" => ("array", None),
        "multipleOf" => ("number", None),
        _ => return None,
    };
    let (name, twins) = match kind {
        Kind::String => ("string", Some(["minLength", "maxLength"])),
        Kind::Array => ("array", Some(["minItems", "maxItems"])),
        Kind::Object => ("object", Some(["minProperties", "maxProperties"])),
        Kind::Number | Kind::Integer => ("number", Some(["minimum", "maximum"])),
        Kind::Boolean => ("boolean", None),
        Kind::Any => return None,
    };
    (own != name).then(|| (own, at.and_then(|at: usize| twins.map(|twins| twins[at]))))
}

/// Returns the keyword that other formats, or authors in a hurry, call by another name; `kind` is the schema's type.
pub(super) fn called_elsewhere(name: &str, kind: Option<&str>) -> Option<&'static str> {
    let of_length = |text: &'static str, list: &'static str, number: &'static str| match kind {
        Some("string") => text,
        Some("array") => list,
        _ => number,
    };
    Some(match name.to_ascii_lowercase().as_str() {
        "property" | "props" | "prop" | "fields" | "members" | "attributes" => "properties",
        "values" | "options" | "allowed" | "allowedvalues" | "oneofvalues" | "choices" | "enumeration" => "enum",
        "min" | "minvalue" | "from" => of_length("minLength", "minItems", "minimum"),
        "max" | "maxvalue" | "upto" => of_length("maxLength", "maxItems", "maximum"),
        "minlen" | "min_length" | "minsize" => of_length("minLength", "minItems", "minLength"),
        "maxlen" | "max_length" | "maxsize" => of_length("maxLength", "maxItems", "maxLength"),
        "desc" | "doc" | "docs" | "help" => "description",
        "regex" | "regexp" | "match" | "matches" => "pattern",
        "sensitive" | "secret" | "issensitive" => SENSITIVE,
        "read_only" | "read-only" | "computed" | "output" => "readOnly",
        "write_only" | "write-only" => "writeOnly",
        "element" | "elements" | "itemtype" => "items",
        "kind" | "datatype" => "type",
        "defaultvalue" => "default",
        "unique" => "uniqueItems",
        "optional" => return None,
        "$reference" | "ref" => "$ref",
        _ => return None,
    })
}

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
