//! What bodies of the built-in types look like, checked before anything else is.

use std::sync::LazyLock;

use radii_model::TypeName;
use serde_json::{Map, Value as Json};

use crate::Fault;
use crate::fault::code;

/// Shapes by type: JSON Schema reduced to `type`, `required`, `properties`, `additionalProperties`, `items`, `enum`.
static SHAPES: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    let shapes: Json =
        serde_json::from_str(include_str!("shapes.json")).expect("`shapes.json` is JSON, as a test shows");
    let Json::Object(shapes) = shapes else { return Map::new() };
    shapes
});

/// Checks a body against the shape of its type.
///
/// # Errors
/// 400 with one detail per violation, in the words of the Radius HTTP contract, part 4.
pub(super) fn check(type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
    let key = type_name.key();
    let Some((_, shape)) = SHAPES.iter().find(|(name, _)| name.to_ascii_lowercase() == key) else { return Ok(()) };
    let mut details = Vec::new();
    check_object(shape, body, "$", &mut details);
    if details.is_empty() {
        return Ok(());
    }
    let details = details.into_iter().map(|message| Fault::new(400, code::INVALID_PROPERTIES, message)).collect();
    let message = "HTTP request payload failed validation against API specification with one or more errors. \
                   Please see details for more information.";
    Err(Fault::new(400, code::SPEC_VALIDATION, message).target(key).details(details))
}

fn check_value(shape: &Json, value: &Json, path: &str, found: &mut Vec<String>) {
    let wanted = shape.get("type").and_then(Json::as_str);
    if let Some(wanted) = wanted.filter(|wanted| !has_type(value, wanted)) {
        return found.push(format!("{path} in body must be of type {wanted}: \"{}\"", type_of(value)));
    }
    let choices = shape.get("enum").and_then(Json::as_array);
    if let Some(choices) = choices.filter(|choices| !choices.contains(value)) {
        let choices: Vec<_> = choices.iter().filter_map(Json::as_str).collect();
        found.push(format!("{path} in body should be one of [{}]", choices.join(" ")));
    }
    match value {
        Json::Object(members) => check_object(shape, members, path, found),
        Json::Array(items) => {
            let Some(shape) = shape.get("items") else { return };
            for (at, item) in items.iter().enumerate() {
                check_value(shape, item, &format!("{path}.{at}"), found);
            }
        }
        _ => {}
    }
}

fn check_object(shape: &Json, members: &Map<String, Json>, path: &str, found: &mut Vec<String>) {
    for name in shape.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{} in body is required", member(path, name)));
        }
    }
    for (name, value) in members {
        let known = shape.get("properties").and_then(|properties| properties.get(name));
        if let Some(shape) = known.or_else(|| shape.get("additionalProperties")) {
            check_value(shape, value, &member(path, name), found);
        }
    }
}

/// The path of a member; clients know it without the leading `resource` of a name (contract, part 4).
fn member(path: &str, name: &str) -> String {
    match name.strip_prefix("resource") {
        Some(rest) => format!("{path}.${rest}"),
        None => format!("{path}.{name}"),
    }
}

fn has_type(value: &Json, wanted: &str) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
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

    fn details(type_name: &str, body: Json) -> Vec<String> {
        let fault = check(&type_name.parse().unwrap(), body.as_object().unwrap());
        fault.err().map_or_else(Vec::new, |fault| fault.details.into_iter().map(|detail| detail.message).collect())
    }

    #[test]
    fn every_violation_has_a_detail_in_the_words_of_the_contract() {
        let body = json!({ "location": 1, "properties": { "application": "/a", "resourceProvisioning": "x",
            "container": { "image": 1, "imagePullPolicy": "x", "ports": { "w": { "containerPort": "1" }, "v": {} } } } });
        let expected = [
            "$.location in body must be of type string: \"number\"",
            "$.properties.$Provisioning in body should be one of [internal manual]",
            "$.properties.container.image in body must be of type string: \"number\"",
            "$.properties.container.imagePullPolicy in body should be one of [Always IfNotPresent Never]",
            "$.properties.container.ports.w.containerPort in body must be of type integer: \"string\"",
            "$.properties.container.ports.v.containerPort in body is required",
        ];
        assert_eq!(details("Applications.Core/containers", body), expected);
    }

    #[test]
    fn location_and_properties_are_required_in_any_casing_of_the_type() {
        let expected = ["$.location in body is required", "$.properties in body is required"];
        assert_eq!(details("applications.core/ENVIRONMENTS", json!({})), expected);
    }

    #[test]
    fn types_without_a_shape_are_not_checked_here() {
        assert_eq!(details("Contoso.Data/postgres", json!({ "properties": 5 })), Vec::<String>::new());
    }
}
