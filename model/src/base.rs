//! The properties that every resource of a user-defined type has.
//!
//! Source: Radius HTTP contract, part 5.2, and the manifest `base/base.yaml` of Radius.

use std::sync::LazyLock;

use radii_diagnostics::Span;

use crate::document::Node;
use crate::schema::{Additional, Schema};

/// Names that are never treated as recipe outputs or connection values.
pub const BASIC_PROPERTIES: [&str; 6] =
    ["application", "environment", "status", "connections", "codeReference", "secrets"];

/// Properties that the control plane writes; no type may declare the last two.
pub const SERVER_PROPERTIES: [&str; 3] = ["provisioningState", "status", "recipe"];

static BASE: LazyLock<Schema> = LazyLock::new(|| {
    let text = include_str!("../base/base.yaml");
    let value: serde_json::Value = serde_saphyr::from_str(text).expect("`base.yaml` is YAML, as a test shows");
    let (schema, diagnostics) = Schema::from_node(&Node::from_json(&value, Span::default()), "base");
    assert!(diagnostics.is_empty(), "`base.yaml` is a schema, as a test shows: {diagnostics:?}");
    schema
});

/// Returns the base properties alone: `application`, `environment` (required), `connections` and `codeReference`.
pub fn base_schema() -> &'static Schema {
    &BASE
}

/// Returns the schema with `application`, `environment` (required), `connections` and `codeReference` added.
///
/// A property that the type declares itself wins over the base one; the others follow the type's own.
pub fn with_base_properties(schema: &Schema) -> Schema {
    let mut merged = schema.clone();
    merged.has_properties = true;
    for (name, property) in &BASE.properties {
        if !merged.properties.contains_key(name) {
            merged.properties.insert(name.clone(), property.clone());
        }
    }
    for name in &BASE.required {
        if !merged.required.contains(name) {
            merged.required.push(name.clone());
        }
    }
    merged
}

/// Declares the properties that every resource may have, so that a schema that allows no others does not refuse them.
///
/// Their values are the control plane's business; a type's schema restricts them only where it declares them itself.
pub fn declare_base_properties(schema: &mut Schema) {
    declare(schema, base_schema().properties.keys().map(String::as_str).chain(SERVER_PROPERTIES));
}

/// Declares the properties that the control plane writes, so that a schema that allows no others does not refuse what
/// a client read and sends back.
pub fn declare_server_properties(schema: &mut Schema) {
    declare(schema, SERVER_PROPERTIES);
}

fn declare<'n>(schema: &mut Schema, names: impl IntoIterator<Item = &'n str>) {
    if matches!(schema.additional, Additional::Allowed(false, _) | Additional::Schema(_)) {
        for name in names {
            schema.properties.entry(name.to_owned()).or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(text: &str) -> Schema {
        let (schema, diagnostics) =
            Schema::from_node(&Node::from_json(&serde_json::from_str(text).unwrap(), Span::default()), "");
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        schema
    }

    #[test]
    fn base_properties_follow_the_types_own_and_environment_is_required() {
        let merged =
            with_base_properties(&schema(r#"{"properties": {"size": {"type": "string"}}, "required": ["size"]}"#));
        let names: Vec<_> = merged.properties.keys().map(String::as_str).collect();
        assert_eq!(names, ["size", "application", "environment", "connections", "codeReference"]);
        assert_eq!(merged.required, ["size", "environment"]);
        assert_eq!(
            merged.at(&["connections", "*", "source"]).and_then(|source| source.kind),
            Some(crate::schema::Kind::String)
        );
    }

    #[test]
    fn a_base_property_that_the_type_declares_itself_is_kept() {
        let own =
            r#"{"properties": {"environment": {"type": "string", "description": "own"}}, "required": ["environment"]}"#;
        let merged = with_base_properties(&schema(own));
        assert_eq!(merged.properties["environment"].schema.description.as_deref(), Some("own"));
        assert_eq!(merged.required, ["environment"]);
    }
}
