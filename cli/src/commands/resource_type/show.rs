//! A resource type as text: its description and the properties of each version.

use std::collections::VecDeque;
use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::output::text;
use crate::registry::RegisteredType;
use crate::table::Table;

/// Returns the type for people.
pub fn render(registered: &RegisteredType) -> String {
    let mut head = Table::new(["TYPE", "NAMESPACE"]);
    head.row([&registered.name.to_string(), registered.name.namespace()]);
    let mut out = format!("{}\nDESCRIPTION:\n{}\n", head.render(), text(&registered.entry, "/description"));
    for version in registered.api_versions() {
        let _ = writeln!(out, "API VERSION: {version}\n\nTOP-LEVEL PROPERTIES:\n");
        if let Some(schema) = registered.entry["apiVersions"][version.as_str()].get("schema") {
            write_version(&mut out, schema);
        }
    }
    out
}

fn write_version(out: &mut String, schema: &Json) {
    out.push_str(&table(schema).render());
    let mut open: VecDeque<(String, &Json)> = objects_of("", schema).collect();
    if !open.is_empty() {
        out.push_str("\nOBJECT PROPERTIES:\n");
    }
    while let Some((path, object)) = open.pop_front() {
        let _ = write!(out, "\n{path}\n\n{}", table(object).render());
        open.extend(objects_of(&path, object));
    }
    out.push('\n');
}

fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    let mut properties: Vec<_> = schema.get("properties").and_then(Json::as_object).into_iter().flatten().collect();
    properties.sort_by_key(|(name, _)| name.as_str());
    properties.into_iter()
}

/// Returns the objects among the properties of a schema, those in maps and lists included.
fn objects_of<'a>(path: &str, schema: &'a Json) -> impl Iterator<Item = (String, &'a Json)> {
    let path = path.to_owned();
    properties(schema).filter_map(move |(name, property)| {
        let mut object = property;
        // A map or a list of objects is shown as the object that it is made of.
        while object.get("properties").is_none() {
            object =
                object.get("additionalProperties").or_else(|| object.get("items")).filter(|next| next.is_object())?;
        }
        Some((if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, object))
    })
}

fn table(schema: &Json) -> Table {
    let mut table = Table::new(["NAME", "TYPE", "REQUIRED", "READ-ONLY", "DESCRIPTION"]);
    let required = schema.get("required").and_then(Json::as_array);
    for (name, property) in properties(schema) {
        let is_required = required.is_some_and(|names| names.iter().any(|required| required == name.as_str()));
        let read_only = property.get("readOnly").and_then(Json::as_bool).unwrap_or_default();
        table.row([
            name,
            text(property, "/type"),
            &is_required.to_string(),
            &read_only.to_string(),
            text(property, "/description"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use radii_model::TypeName;
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_in_maps_get_a_table_of_their_own() {
        let schema = json!({"type": "object", "required": ["size"], "properties": {
            "size": {"type": "string", "description": "the size"},
            "users": {"type": "object", "additionalProperties": {"type": "object", "properties": {
                "name": {"type": "string", "readOnly": true}}}}}});
        let entry = json!({"description": "A box", "apiVersions": {"2025-01-01": {"schema": schema}}});
        let text = render(&RegisteredType { name: TypeName::new("Contoso.A", "boxes"), entry });
        let expected = "\
TYPE             NAMESPACE
Contoso.A/boxes  Contoso.A

DESCRIPTION:
A box
API VERSION: 2025-01-01

TOP-LEVEL PROPERTIES:

NAME      TYPE      REQUIRED  READ-ONLY  DESCRIPTION
size      string    true      false      the size
users     object    false     false

OBJECT PROPERTIES:

users

NAME      TYPE      REQUIRED  READ-ONLY  DESCRIPTION
name      string    false     true

";
        assert_eq!(text, expected);
    }
}
