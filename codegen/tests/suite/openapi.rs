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

#[test]
fn a_document_of_3_1_says_what_that_of_3_0_says_in_the_words_of_json_schema() {
    let mut manifests = builtin_manifests();
    manifests.push(manifest(&crate_path("tests/fixtures/everything.yaml")));
    let options = Options { openapi: radii_codegen::emit::Revision::V31, ..Options::default() };
    let output = generator(Target::OpenApi, &options).generate(&Input::new(&manifests));
    let older = generator(Target::OpenApi, &Options::default()).generate(&Input::new(&manifests));
    assert_eq!(output.artifacts.len(), older.artifacts.len());
    for (path, content) in output.artifacts.iter() {
        let document: Json = serde_json::from_slice(content).unwrap();
        assert_eq!(document["openapi"], "3.1.0", "{path}");
        let before: Json = serde_json::from_slice(older.artifacts.get(path).unwrap()).unwrap();
        assert_eq!(document["paths"], before["paths"], "{path}");
        walk(&document["components"]["schemas"], &mut |schema| {
            assert!(!schema.contains_key("nullable"), "{path}: {schema:?}");
            let exclusive = ["exclusiveMinimum", "exclusiveMaximum"].into_iter().filter_map(|key| schema.get(key));
            exclusive.for_each(|bound| assert!(!bound.is_boolean(), "{path}: {schema:?}"));
        });
    }
}

fn walk(value: &Json, seen: &mut impl FnMut(&serde_json::Map<String, Json>)) {
    match value {
        Json::Object(members) => {
            if members.contains_key("type") {
                seen(members);
            }
            members.values().for_each(|member| walk(member, seen));
        }
        Json::Array(items) => items.iter().for_each(|item| walk(item, seen)),
        _ => {}
    }
}

#[test]
fn the_addresses_that_long_operations_answer_with_are_described() {
    let output = generate();
    let content = output.artifacts.get("Contoso.Shop/2025-01-01/openapi.json").unwrap();
    let document: Json = serde_json::from_slice(content).unwrap();
    let base = "/planes/radius/{planeName}/providers/Contoso.Shop/locations/{location}";
    let status = &document["paths"][format!("{base}/operationStatuses/{{operationId}}")]["get"];
    let schema = &status["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/OperationStatus");
    let result = &document["paths"][format!("{base}/operationResults/{{operationId}}")]["get"];
    assert!(result["responses"].get("202").is_some() && result["responses"].get("204").is_some());
}
