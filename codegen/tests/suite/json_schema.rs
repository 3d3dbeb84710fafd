//! JSON Schema, judged by the meta-schema and by what it accepts.

use radii_codegen::{Input, Options, Output, Target, generator};
use serde_json::{Value as Json, json};

use crate::{builtin_manifests, crate_path, manifest};

fn generate(manifests: &[radii_model::manifest::Manifest]) -> Output {
    generator(Target::JsonSchema, &Options::default()).generate(&Input::new(manifests))
}

fn shop() -> Output {
    generate(&[manifest(&crate_path("tests/fixtures/shop.yaml"))])
}

fn document(output: &Output, path: &str) -> Json {
    serde_json::from_slice(output.artifacts.get(path).unwrap_or_else(|| panic!("there is no `{path}`"))).unwrap()
}

#[test]
fn every_document_keeps_to_the_meta_schema() {
    let mut manifests = builtin_manifests();
    manifests.push(manifest(&crate_path("tests/fixtures/shop.yaml")));
    let output = generate(&manifests);
    assert!(output.artifacts.len() > 40, "{}", output.artifacts.len());
    for (path, content) in output.artifacts.iter() {
        let schema: Json = serde_json::from_slice(content).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{path}: {error}"));
        jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

fn cart(change: impl FnOnce(&mut Json)) -> Json {
    let mut properties = json!({
        "environment": "/planes/radius/local/resourceGroups/g/providers/Radius.Core/environments/e",
        "title": "books",
        "note": null,
        "password": "x",
        "outer": {"config": {"deep": "y"}}
    });
    change(&mut properties);
    json!({"location": "global", "properties": properties})
}

#[test]
fn bodies_are_judged_as_the_manifest_says() {
    let schema = document(&shop(), "Contoso.Shop/carts/2025-01-01.json");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let accepts = |change: &dyn Fn(&mut Json)| validator.is_valid(&cart(change));
    assert!(accepts(&|_| ()), "{:?}", validator.iter_errors(&cart(|_| ())).map(|e| e.to_string()).collect::<Vec<_>>());
    assert!(accepts(&|body| body["free"] = json!({"any": ["thing"]})), "a bare object is open");
    assert!(accepts(&|body| body["platformOptions"] = json!({"kubernetes": {"a": 1}})));
    assert!(accepts(&|body| body["recipe"] = json!({"name": "small", "parameters": {"a": 1}})));
    assert!(accepts(&|body| body["tags"] = json!(["a", null])));
    assert!(accepts(&|body| body["items"] = json!(98)));
    assert!(!accepts(&|body| body["items"] = json!(99)), "the maximum is exclusive");
    assert!(!accepts(&|body| body["size"] = json!("XL")));
    assert!(!accepts(&|body| body["title"] = json!("Books")), "the pattern is kept");
    assert!(!accepts(&|body| body["colour"] = json!("red")), "unknown properties are refused");
    assert!(!accepts(&|body| body["tags"] = json!(["a", "a"])));
    assert!(!accepts(&|body| drop(body.as_object_mut().unwrap().remove("note"))), "null is a value, absence is none");
}

#[test]
fn a_schema_that_says_nothing_accepts_everything() {
    let schema = document(&shop(), "Contoso.Shop/vouchers/2025-01-01.json");
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&json!({"properties": {"environment": "e", "any": {"thing": 1}}})));
    assert!(!validator.is_valid(&json!({"properties": {}})), "every type of the registry's own has an environment");
}

#[test]
fn a_pattern_that_means_something_else_to_other_engines_is_left_out_with_a_note() {
    let output = shop();
    let note = output.diagnostics.iter().find(|note| note.message.contains("pattern")).unwrap();
    assert_eq!(note.path.as_deref(), Some("types.carts.apiVersions['2025-01-01'].schema.properties.legacyTitle"));
    let schema = document(&output, "Contoso.Shop/carts/2025-01-01.json");
    let title = &schema["$defs"]["properties"]["properties"]["legacyTitle"];
    assert_eq!(*title, json!({"type": "string", "deprecated": true}));
}

#[test]
fn a_document_reads_as_its_author_would_expect() {
    let output = shop();
    let text = String::from_utf8(output.artifacts.get("Contoso.Shop/carts/2024-06-01-preview.json").unwrap().to_vec());
    insta::assert_snapshot!(text.unwrap());
}
