//! A registered schema as a table of properties.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::markdown;

/// Deeper levels are left to the schema itself.
const DEPTH: usize = 8;

/// One property.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct Row {
    /// Path from `properties`, `[]` for the items of an array and `.*` for the values of a map.
    path: String,
    /// Its type in words.
    kind: String,
    /// What else is to be known, in a word each.
    notes: Vec<String>,
    /// Its description as HTML.
    description: String,
}

/// Returns the properties of an object's schema, each followed by its own.
pub(super) fn rows(schema: &Json) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(schema, "", 0, &mut rows);
    rows
}

fn collect(schema: &Json, prefix: &str, depth: usize, rows: &mut Vec<Row>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    for (name, property) in properties {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        rows.push(Row {
            kind: kind(property),
            notes: notes(property, required.contains(&name.as_str())),
            description: property["description"].as_str().map(markdown::render).unwrap_or_default(),
            path: path.clone(),
        });
        if depth < DEPTH {
            collect(property, &path, depth + 1, rows);
            collect(&property["items"], &format!("{path}[]"), depth + 1, rows);
            collect(&property["additionalProperties"], &format!("{path}.*"), depth + 1, rows);
        }
    }
}

fn kind(schema: &Json) -> String {
    let name = schema["type"].as_str().unwrap_or("any");
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(Json::to_string).collect();
        return values.join(" | ");
    }
    match (name, &schema["items"], &schema["additionalProperties"]) {
        ("array", items @ Json::Object(_), _) => format!("array of {}", kind(items)),
        ("object", _, values @ Json::Object(_)) => format!("map of {}", kind(values)),
        _ => schema["format"].as_str().map_or_else(|| name.to_owned(), |format| format!("{name} ({format})")),
    }
}

fn notes(schema: &Json, required: bool) -> Vec<String> {
    let empty = Map::new();
    let members = schema.as_object().unwrap_or(&empty);
    let marks = [
        (required, "required"),
        (members.get("readOnly") == Some(&Json::Bool(true)), "read-only"),
        (members.get("x-radius-sensitive") == Some(&Json::Bool(true)), "sensitive"),
    ];
    let mut notes: Vec<String> = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| (*mark).to_owned()).collect();
    let limits = ["default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern"];
    notes.extend(limits.iter().filter_map(|limit| members.get(*limit).map(|value| format!("{limit}: {value}"))));
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_properties_follow_their_owner_with_their_path() {
        let schema = json!({ "type": "object", "required": ["size"], "properties": {
            "size": { "enum": ["S", "M"], "default": "S" },
            "users": { "type": "array", "items": { "type": "object", "properties": {
                "password": { "type": "string", "x-radius-sensitive": true } } } },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        } });
        let shown: Vec<_> = rows(&schema).into_iter().map(|row| (row.path, row.kind, row.notes.join(", "))).collect();
        let expected = [
            ("size", "\"S\" | \"M\"", "required, default: \"S\""),
            ("users", "array of object", ""),
            ("users[].password", "string", "sensitive"),
            ("labels", "map of string", ""),
        ];
        assert_eq!(shown, expected.map(|(path, kind, notes)| (path.into(), kind.into(), notes.into())));
    }
}
