//! Checks objects against the schema that Kubernetes publishes.

use jsonschema::Validator;
use radii_runtime::platform::Object;
use serde_json::{Value as Json, json};

/// Checks that the API would take every object, and knows every member.
#[track_caller]
pub fn check(objects: &[Object]) {
    for object in objects {
        let body = &object.body;
        let kind = body["kind"].as_str().unwrap();
        let group = match body["apiVersion"].as_str().unwrap() {
            "v1" => "core.v1".to_owned(),
            other => other.replace(".authorization.k8s.io", "").replace('/', "."),
        };
        let errors: Vec<String> = validator(&format!("io.k8s.api.{group}.{kind}"))
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{kind} {}: {errors:#?}", object.reference.name);
    }
}

fn validator(definition: &str) -> Validator {
    let schema: Json = serde_json::from_str(include_str!("../schema/objects.json")).unwrap();
    assert!(schema["definitions"].get(definition).is_some(), "no schema for {definition}");
    let root = json!({ "$ref": format!("#/definitions/{definition}"), "definitions": schema["definitions"] });
    jsonschema::draft7::new(&root).unwrap()
}

#[test]
#[should_panic(expected = "replica")]
fn the_schema_knows_every_member() {
    let mut objects = crate::render::render(&crate::render::plain()).unwrap();
    let deployment = objects.iter_mut().find(|object| object.reference.kind == "apps/Deployment").unwrap();
    deployment.body["spec"]["replica"] = json!(1);
    check(&objects);
}
