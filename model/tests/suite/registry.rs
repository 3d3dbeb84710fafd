//! What the registry accepts: everything that Radius can execute, and nothing that it cannot.

use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::rules::{Strictness, check_schema};
use radii_model::schema::Schema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::fixtures;

#[derive(Deserialize)]
struct Recorded {
    scenario: String,
    /// Whether Radius refuses every body of the schema, or the schema itself.
    refused: bool,
    schema: Json,
}

fn errors(schema: &Json) -> Vec<String> {
    let (schema, mut diagnostics) = Schema::from_node(&Node::from_json(schema, Span::default()), "schema");
    diagnostics.extend(check_schema(&schema, "schema", Strictness::Registry));
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors
        .map(|error| {
            let help = error.help.as_deref().expect("every error has a remedy");
            format!("{}: {}; {help}", error.path.as_deref().expect("every error has a path"), error.message)
        })
        .collect()
}

#[test]
fn every_recorded_schema_gets_its_verdict() {
    let recorded: Vec<Recorded> = serde_json::from_str(&fixtures::read("registry-schemas.json")).unwrap();
    let mut wrong = Vec::new();
    for Recorded { scenario, refused, schema } in &recorded {
        let errors = errors(schema);
        if errors.is_empty() == *refused {
            wrong.push(format!("{scenario}: {schema}: {errors:?}"));
        }
    }
    println!("{} of {} schemas as recorded", recorded.len() - wrong.len(), recorded.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn composition_references_and_loose_maps_are_accepted() {
    for schema in [
        json!({"oneOf": [{"type": "object"}, {"type": "string"}], "discriminator": {"propertyName": "kind"}}),
        json!({"allOf": [{"type": "object"}], "not": {"required": ["a"]}}),
        json!({"anyOf": [{"type": "object", "properties": {"a": {"$ref": "#/anyOf/1"}}}, {"type": "string"}]}),
        json!({"type": "object", "additionalProperties": true, "properties": {"a": {}}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}),
        json!({"properties": {"status": {"type": "integer"}, "child": {"$ref": "#"}}}),
        json!({"properties": {"n": {"type": "integer", "x-radius-sensitive": "yes", "exclusiveMinimum": 3}}}),
    ] {
        assert_eq!(errors(&schema), Vec::<String>::new(), "{schema}");
    }
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let messages: Vec<String> = [
        json!({"properties": {"a": {"type": "array"}}}),
        json!({"properties": {"a": {"$ref": "#/definitions/d"}}}),
        json!({"properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}}),
        json!({"properties": {"a": {"$ref": "https://example.com/a.json"}}}),
        json!({"oneOf": [{"type": "text"}]}),
        json!({"not": {"pattern": "^(?=x)"}}),
        json!({"if": {"type": "object"}}),
        json!({"properties": {"a": {"type": "integer", "default": "text"}}}),
        json!({"type": "any"}),
    ]
    .iter()
    .map(|schema| errors(schema).join("\n"))
    .collect();
    insta::assert_snapshot!(messages.join("\n"));
}
