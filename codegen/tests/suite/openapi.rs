//! OpenAPI documents, read by another's parser.

use radii_codegen::{Input, Options, Output, Target, generator};
use serde_json::Value as Json;

use crate::{builtin_manifests, crate_path, manifest};

fn generate() -> Output {
    let mut manifests = builtin_manifests();
    manifests.push(manifest(&crate_path("tests/fixtures/shop.yaml")));
    generator(Target::OpenApi, &Options::default()).generate(&Input::new(&manifests))
}

#[test]
fn every_document_is_valid_and_its_references_resolve() {
    let output = generate();
    assert!(output.artifacts.len() >= 10, "{}", output.artifacts.len());
    for (path, content) in output.artifacts.iter() {
        let document: openapiv3::OpenAPI =
            serde_json::from_slice(content).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(document.openapi.starts_with("3.0."));
        let json: Json = serde_json::from_slice(content).unwrap();
        references(&json, &mut |reference| {
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{path}: {reference}"));
            assert!(json.pointer(pointer).is_some(), "{path}: {reference} leads nowhere");
        });
    }
}

fn references(value: &Json, found: &mut impl FnMut(&str)) {
    match value {
        Json::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Json::as_str) {
                found(reference);
            }
            members.values().for_each(|member| references(member, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn each_operation_has_a_name_of_its_own_and_declares_the_parameters_of_its_path() {
    for (path, content) in generate().artifacts.iter() {
        let document: openapiv3::OpenAPI = serde_json::from_slice(content).unwrap();
        let json: Json = serde_json::from_slice(content).unwrap();
        let mut names: Vec<String> = document.operations().filter_map(|(_, _, op)| op.operation_id.clone()).collect();
        let all = names.len();
        assert_eq!(all, document.operations().count(), "{path}: an operation has no name");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{path}: two operations share a name");
        for (template, item) in json["paths"].as_object().unwrap() {
            let declared: Vec<&str> = item["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .map(|parameter| parameter["$ref"].as_str().unwrap().rsplit('/').next().unwrap())
                .collect();
            let named: Vec<&str> = template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
            assert_eq!(declared, named, "{path}: {template}");
        }
    }
}

#[test]
fn a_document_holds_the_operations_of_its_version_only() {
    let output = generate();
    let paths = |version: &str| {
        let content = output.artifacts.get(format!("Contoso.Shop/{version}/openapi.json")).unwrap();
        let document: Json = serde_json::from_slice(content).unwrap();
        let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
            let methods = ["get", "put", "delete"].into_iter().filter(|method| item.get(method).is_some());
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        });
        operations.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(format!(
        "2024-06-01-preview:\n{}\n\n2025-01-01:\n{}",
        paths("2024-06-01-preview"),
        paths("2025-01-01")
    ));
}
