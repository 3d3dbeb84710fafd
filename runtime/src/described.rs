//! What the published descriptions of the API say of single values, in the words of their validator
//! (Radius HTTP contract, part 4).

use serde_json::Value as Json;

/// Returns what is wrong with a value that has not the type of its schema.
pub fn mistyped(schema: &Json, value: &Json) -> Option<String> {
    let wanted = schema.get("type").and_then(Json::as_str).filter(|wanted| !has_type(value, wanted))?;
    let format = schema.get("format").and_then(Json::as_str);
    Some(match (format, value) {
        // Where there is a format, the validator names it instead of the type; not so for texts, lists and null.
        (Some(format), Json::Number(_)) => format!("must be of type {format}: \"float64\""),
        (Some(format), Json::Bool(_) | Json::Object(_)) => format!("must be of type {format}: \"\""),
        _ => format!("must be of type {wanted}: \"{}\"", type_of(value)),
    })
}

/// Returns what is wrong with a value that is none of those that its schema lists.
pub fn unlisted(schema: &Json, value: &Json) -> Option<String> {
    let listed = schema.get("enum").and_then(Json::as_array).filter(|listed| !listed.contains(value))?;
    let names: Vec<_> = listed.iter().map(|entry| entry.as_str().unwrap_or_default()).collect();
    Some(format!("should be one of [{}]", names.join(" ")))
}

/// Returns the path of a member; the validator swallows `resource` at the beginning of a name.
pub fn member(path: &str, name: &str) -> String {
    match name.strip_prefix("resource") {
        Some(rest) => format!("{path}.${rest}"),
        None => format!("{path}.{name}"),
    }
}

fn has_type(value: &Json, wanted: &str) -> bool {
    match wanted {
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => type_of(value) == wanted,
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_format_is_named_instead_of_the_type() {
        let password = json!({ "type": "string", "format": "password" });
        assert_eq!(mistyped(&password, &json!(5)).unwrap(), "must be of type password: \"float64\"");
        assert_eq!(mistyped(&password, &json!(true)).unwrap(), "must be of type password: \"\"");
        assert_eq!(mistyped(&password, &json!(null)).unwrap(), "must be of type string: \"null\"");
        let port = json!({ "type": "integer", "format": "int32" });
        assert_eq!(mistyped(&port, &json!("80")).unwrap(), "must be of type integer: \"string\"");
        assert_eq!(mistyped(&port, &json!(1.5)).unwrap(), "must be of type int32: \"float64\"");
        assert_eq!(mistyped(&port, &json!(80)), None);
        assert_eq!(mistyped(&port, &json!(80.0)), None);
    }

    #[test]
    fn the_type_is_named_where_there_is_no_format() {
        assert_eq!(mistyped(&json!({ "type": "object" }), &json!([])).unwrap(), "must be of type object: \"array\"");
        assert_eq!(mistyped(&json!({}), &json!([])), None);
    }
}
