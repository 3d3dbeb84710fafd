//! Checks objects against the schemas that Kubernetes, and those who extend it, publish.

use std::path::Path;

use jsonschema::Validator;
use radii_runtime::platform::Object;
use serde_json::{Value as Json, json};

/// Checks that the API would take every object, and knows every member.
#[track_caller]
pub fn check(objects: &[Object]) {
    for object in objects {
        let body = &object.body;
        let kind = body["kind"].as_str().unwrap();
        let version = body["apiVersion"].as_str().unwrap();
        let group = match version {
            "v1" => "core.v1".to_owned(),
            other => other.replace(".authorization.k8s.io", "").replace('/', "."),
        };
        let validator = match defined(version, kind) {
            // OpenAPI 3.0 has bounds as the fourth draft has them.
            Some(schema) => jsonschema::draft4::new(&schema).unwrap(),
            None => validator(&format!("io.k8s.api.{group}.{kind}")),
        };
        let errors: Vec<String> =
            validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{kind} {}: {errors:#?}", object.reference.name);
    }
}

/// Returns the schema of a kind that a definition brings, where no member is allowed that it does not name.
fn defined(version: &str, kind: &str) -> Option<Json> {
    let (group, version) = version.split_once('/')?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kubernetes/definitions");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let definition: Json = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let spec = &definition["spec"];
        if spec["group"] != group || spec["names"]["kind"] != kind {
            continue;
        }
        let versions = spec["versions"].as_array().unwrap();
        let found = versions.iter().find(|entry| entry["name"] == version);
        let mut schema =
            found.unwrap_or_else(|| panic!("{kind} has no version {version}"))["schema"]["openAPIV3Schema"].clone();
        close(&mut schema);
        // Every object has metadata, which definitions leave to Kubernetes.
        schema["properties"]["metadata"] = json!({ "type": "object" });
        return Some(schema);
    }
    None
}

fn close(schema: &mut Json) {
    if let Json::Object(members) = schema {
        let is_open = members.contains_key("additionalProperties")
            || members.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
        if members.get("properties").is_some_and(Json::is_object)
            && members.get("type") == Some(&json!("object"))
            && !is_open
        {
            members.insert("additionalProperties".to_owned(), json!(false));
        }
        members.values_mut().for_each(close);
    } else if let Json::Array(items) = schema {
        items.iter_mut().for_each(close);
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
