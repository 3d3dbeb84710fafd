//! How schema objects are read.

use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::schema::Schema;
use serde_json::{Value as Json, json};

fn read(document: Json) -> Schema {
    let (schema, diagnostics) = Schema::from_node(&Node::from_json(&document, Span::default()), "schema");
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    schema
}

#[test]
fn numeric_exclusive_bounds_become_bounds_with_a_flag() {
    for (document, expected) in [
        (json!({"exclusiveMinimum": 5}), json!({"minimum": 5, "exclusiveMinimum": true})),
        (json!({"exclusiveMinimum": 3, "minimum": 5}), json!({"minimum": 5})),
        (json!({"minimum": 5, "exclusiveMinimum": 3}), json!({"minimum": 5})),
        (json!({"minimum": 5, "exclusiveMinimum": 7}), json!({"minimum": 7, "exclusiveMinimum": true})),
        (json!({"exclusiveMinimum": true, "minimum": 5}), json!({"minimum": 5, "exclusiveMinimum": true})),
        (json!({"maximum": 5, "exclusiveMaximum": 5}), json!({"maximum": 5, "exclusiveMaximum": true})),
        (json!({"exclusiveMaximum": 9, "maximum": 5}), json!({"maximum": 5})),
    ] {
        assert_eq!(read(document.clone()).to_openapi(), expected, "{document}");
    }
}

#[test]
fn keywords_that_are_null_count_as_absent() {
    let schema = read(json!({"type": null, "items": null, "minimum": null, "required": null, "default": null}));
    assert_eq!(schema.to_openapi(), json!({}));
    assert!(schema.is_unrestricted());
}

#[test]
fn annotations_restrict_nothing_and_are_kept() {
    let document = json!({"title": "t", "description": "d", "x-note": {"a": [1]}, "externalDocs": {"url": "u"}});
    let schema = read(document.clone());
    assert!(schema.is_unrestricted());
    assert_eq!(schema.to_openapi(), document);
}

#[test]
fn references_name_places_of_the_schema() {
    let schema = read(json!({
        "properties": {"a/b": {"type": "array", "items": {"title": "here"}}},
        "oneOf": [{"title": "first"}],
    }));
    let title = |reference: &str| schema.resolve(reference).and_then(|target| target.title.clone());
    assert_eq!(title("#/properties/a~1b/items").as_deref(), Some("here"));
    assert_eq!(title("#/oneOf/0").as_deref(), Some("first"));
    assert_eq!(schema.resolve("#"), Some(&schema));
    for nowhere in ["#/oneOf/1", "#/oneOf", "#/properties", "#/definitions/a", "#/properties/a", "other#/oneOf/0", "#x"]
    {
        assert_eq!(schema.resolve(nowhere), None, "{nowhere}");
    }
}

#[test]
fn schemas_are_found_by_property_names() {
    let schema = read(json!({"properties": {"m": {"additionalProperties": {"items": {"title": "here"}}}}}));
    assert_eq!(schema.at(&["m", "*", "[]"]).and_then(|found| found.title.as_deref()), Some("here"));
    assert_eq!(schema.at(&["m", "[]"]), None);
}
