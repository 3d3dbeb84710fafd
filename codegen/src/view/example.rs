//! Examples made up from a schema: what an author has to write at least.

use radii_model::schema::{Additional, Kind, Schema};
use serde_json::{Map, Value as Json, json};

/// Deepest object that an example goes into; a schema may nest much further.
const DEPTH: usize = 8;

/// Returns the body of a PUT.
pub(super) fn json(schema: &Schema) -> String {
    let mut properties = required_properties(schema, 0);
    if let Some(environment) = properties.get_mut("environment") {
        let id = "/planes/radius/local/resourceGroups/default/providers/Radius.Core/environments/default";
        *environment = id.into();
    }
    let body = json!({"location": "global", "properties": properties});
    serde_json::to_string_pretty(&body).expect("an example holds nothing that JSON cannot")
}

/// Returns a resource in Bicep, preceded by the parameters that it needs.
pub(super) fn bicep(type_name: &str, full_name: &str, schema: &Schema) -> String {
    let properties = required_properties(schema, 0);
    let mut text = String::new();
    let is_parameter = |name: &str| {
        let secret = schema.properties.get(name).is_some_and(|property| property.schema.sensitive);
        name == "environment" || (secret && properties.get(name).is_some_and(Json::is_string))
    };
    let parameters: Vec<&String> = properties.keys().filter(|name| is_parameter(name)).collect();
    for name in &parameters {
        let secure = if name.as_str() == "environment" { "" } else { "@secure()\n" };
        text.push_str(&format!("{secure}param {name} string\n\n"));
    }
    text.push_str(&format!("resource {} '{full_name}' = {{\n  name: 'example'\n  properties: {{\n", symbol(type_name)));
    for (name, value) in &properties {
        text.push_str(&format!("    {}: ", key(name)));
        if parameters.contains(&name) {
            text.push_str(name);
        } else {
            expression(value, 4, &mut text);
        }
        text.push('\n');
    }
    text.push_str("  }\n}");
    text
}

/// Turns the name of a type, which is a plural, into that of one resource.
fn symbol(type_name: &str) -> &str {
    type_name.strip_suffix('s').filter(|singular| !singular.ends_with('s')).unwrap_or(type_name)
}

fn required_properties(schema: &Schema, depth: usize) -> Map<String, Json> {
    let mut properties = Map::new();
    for (name, property) in &schema.properties {
        let wanted = schema.required.contains(name) || property.schema.example.is_some();
        if wanted && !property.schema.read_only {
            properties.insert(name.clone(), value(name, &property.schema, depth + 1));
        }
    }
    properties
}

fn value(name: &str, schema: &Schema, depth: usize) -> Json {
    let first = schema.enumeration.as_ref().and_then(|values| values.first());
    if let Some(given) = schema.example.as_ref().or(schema.default.as_ref()).or(first) {
        return given.clone();
    }
    let kind = schema.kind.or(schema.has_properties.then_some(Kind::Object));
    match kind {
        Some(Kind::Integer | Kind::Number) => {
            let bound = schema.number.minimum.as_ref().or(schema.number.maximum.as_ref());
            bound.map_or_else(|| 1.into(), |bound| bound.clone().into())
        }
        Some(Kind::Boolean) => true.into(),
        Some(Kind::Array) => match &schema.items {
            Some(items) if depth < DEPTH => json!([value(name, items, depth + 1)]),
            _ => json!([]),
        },
        Some(Kind::Object) if depth < DEPTH => match &schema.additional {
            Additional::Schema(values) if schema.properties.is_empty() => {
                json!({"example": value(name, values, depth + 1)})
            }
            _ => required_properties(schema, depth).into(),
        },
        Some(Kind::Object | Kind::Any) | None => json!({}),
        Some(Kind::String) => format!("<{name}>").into(),
    }
}

fn expression(value: &Json, indent: usize, text: &mut String) {
    let inner = indent + 2;
    match value {
        Json::Object(members) if members.is_empty() => text.push_str("{}"),
        Json::Array(items) if items.is_empty() => text.push_str("[]"),
        Json::Object(members) => {
            text.push('{');
            for (name, value) in members {
                text.push_str(&format!("\n{:inner$}{}: ", "", key(name)));
                expression(value, inner, text);
            }
            text.push_str(&format!("\n{:indent$}}}", ""));
        }
        Json::Array(items) => {
            text.push('[');
            for item in items {
                text.push_str(&format!("\n{:inner$}", ""));
                expression(item, inner, text);
            }
            text.push_str(&format!("\n{:indent$}]", ""));
        }
        Json::String(string) => text.push_str(&quoted(string)),
        // Bicep has no literal with a fraction.
        Json::Number(number) if !(number.is_i64() || number.is_u64()) => text.push_str(&format!("json('{number}')")),
        other => text.push_str(&other.to_string()),
    }
}

fn key(name: &str) -> String {
    let is_identifier = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if is_identifier { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace("${", "\\${");
    let escaped = escaped.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    format!("'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bicep_literals_are_escaped() {
        let mut text = String::new();
        expression(&json!({"a-b": "it's ${x}\n", "n": 1.5, "l": [1, true, null]}), 0, &mut text);
        let expected = "{\n  'a-b': 'it\\'s \\${x}\\n'\n  n: json('1.5')\n  l: [\n    1\n    true\n    null\n  ]\n}";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_resource_is_named_in_the_singular() {
        assert_eq!([symbol("databases"), symbol("kafka"), symbol("access")], ["database", "kafka", "access"]);
    }
}
