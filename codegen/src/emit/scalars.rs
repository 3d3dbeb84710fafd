//! Schemas of scalars.

use serde_json::{Map, Value as Json, json};
use typespec::Program;
use typespec::program::TypeId;

use super::Dialect;
use super::facts;

/// Returns the schema of a scalar with the constraints of all that it extends; `None` when it extends no known one.
pub(crate) fn schema(program: &Program, scalar: TypeId, dialect: Dialect) -> Option<Map<String, Json>> {
    let it = program.scalar(scalar)?;
    if program.is_standard_namespace(it.namespace) {
        return standard(&it.name, dialect);
    }
    let mut schema = schema(program, it.base?, dialect)?;
    if dialect != Dialect::JsonSchema {
        encode(program, scalar, dialect, &mut schema);
    }
    overlay(&mut schema, facts::constraints(program, scalar, dialect), dialect);
    Some(schema)
}

/// Puts keywords over those that are there; in OpenAPI 3.1 an exclusive bound takes the place of an inclusive one.
pub(crate) fn overlay(schema: &mut Map<String, Json>, keywords: Map<String, Json>, dialect: Dialect) {
    for (keyword, value) in keywords {
        match keyword.as_str() {
            "exclusiveMinimum" if dialect == Dialect::OpenApi31 => {
                schema.shift_remove("minimum");
            }
            "exclusiveMaximum" if dialect == Dialect::OpenApi31 => {
                schema.shift_remove("maximum");
            }
            _ => {}
        }
        schema.insert(keyword, value);
    }
}

/// Whether a type is a scalar of the standard library.
pub(crate) fn is_standard(program: &Program, scalar: TypeId) -> bool {
    program.scalar(scalar).is_some_and(|it| program.is_standard_namespace(it.namespace))
}

/// Applies `@encode` on a scalar or property to the schema of what is encoded.
pub(crate) fn encode(program: &Program, target: TypeId, dialect: Dialect, schema: &mut Map<String, Json>) {
    let Some((name, scalar)) = facts::encoding(program, target) else { return };
    let written = match scalar {
        Some(scalar) => self::schema(program, scalar, dialect).unwrap_or_default(),
        None => standard("string", dialect).unwrap_or_default(),
    };
    let bytes = dialect == Dialect::OpenApi31 && schema.contains_key("contentEncoding");
    let keyword = if bytes { "contentEncoding" } else { "format" };
    let present = schema.shift_remove(keyword);
    let present = present.as_ref().and_then(Json::as_str);
    schema.shift_remove("items");
    if let Some(kind) = written.get("type") {
        schema.insert("type".to_owned(), kind.clone());
    }
    let given = || written.get("format").and_then(Json::as_str).map(str::to_owned);
    let format = match (present, name.as_deref()) {
        (Some("date-time"), Some("rfc3339")) => Some("date-time".to_owned()),
        (Some("date-time"), Some("unixTimestamp")) => Some("unixtime".to_owned()),
        (Some("date-time"), Some("rfc7231")) => Some("http-date".to_owned()),
        (Some("date-time"), name) => name.map(str::to_owned).or_else(given),
        (Some("duration"), Some("ISO8601")) => Some("duration".to_owned()),
        (Some("duration") | None, name) => given().or_else(|| name.map(str::to_owned)),
        (Some(present), name) => given().or_else(|| name.map(str::to_owned)).or_else(|| Some(present.to_owned())),
    };
    if let Some(format) = format {
        schema.insert(keyword.to_owned(), format.into());
    }
}

fn standard(name: &str, dialect: Dialect) -> Option<Map<String, Json>> {
    let schema = if dialect == Dialect::JsonSchema { in_json_schema(name) } else { in_openapi(name, dialect) };
    match schema {
        Some(Json::Object(schema)) => Some(schema),
        _ => None,
    }
}

fn in_openapi(name: &str, dialect: Dialect) -> Option<Json> {
    Some(match name {
        "bytes" if dialect == Dialect::OpenApi31 => json!({"type": "string", "contentEncoding": "base64"}),
        "bytes" => json!({"type": "string", "format": "byte"}),
        "integer" => json!({"type": "integer"}),
        "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => {
            json!({"type": "integer", "format": name})
        }
        "safeint" => json!({"type": "integer", "format": "int64"}),
        "float32" => json!({"type": "number", "format": "float"}),
        "float64" => json!({"type": "number", "format": "double"}),
        "decimal" | "decimal128" => json!({"type": "number", "format": name}),
        "unixTimestamp32" => json!({"type": "integer", "format": "int32"}),
        _ => return shared(name),
    })
}

fn in_json_schema(name: &str) -> Option<Json> {
    let bounded = |minimum: i64, maximum: i64| json!({"type": "integer", "minimum": minimum, "maximum": maximum});
    Some(match name {
        "bytes" => json!({"type": "string", "contentEncoding": "base64"}),
        "int8" => bounded(-128, 127),
        "int16" => bounded(-32_768, 32_767),
        "int32" | "unixTimestamp32" => bounded(i32::MIN.into(), i32::MAX.into()),
        "uint8" => bounded(0, 255),
        "uint16" => bounded(0, 65_535),
        "uint32" => bounded(0, u32::MAX.into()),
        "int64" | "uint64" | "decimal" | "decimal128" => json!({"type": "string"}),
        "integer" | "safeint" => json!({"type": "integer"}),
        "float32" | "float64" => json!({"type": "number"}),
        _ => return shared(name),
    })
}

fn shared(name: &str) -> Option<Json> {
    Some(match name {
        "string" => json!({"type": "string"}),
        "boolean" => json!({"type": "boolean"}),
        "numeric" | "float" => json!({"type": "number"}),
        "plainDate" => json!({"type": "string", "format": "date"}),
        "plainTime" => json!({"type": "string", "format": "time"}),
        "utcDateTime" | "offsetDateTime" => json!({"type": "string", "format": "date-time"}),
        "duration" => json!({"type": "string", "format": "duration"}),
        "url" => json!({"type": "string", "format": "uri"}),
        _ => return None,
    })
}
