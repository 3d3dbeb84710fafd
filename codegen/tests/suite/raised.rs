//! Manifests as TypeSpec, and back.

use std::collections::BTreeMap;

use radii_codegen::{lower, raise};
use radii_diagnostics::{Diagnostic, FileId};
use radii_model::manifest::{self, Manifest};
use serde_json::Value as Json;
use typespec::{Options, compile};

use crate::{builtin_manifests, crate_path, read};

fn lowered(text: &str) -> (Vec<Manifest>, Vec<Diagnostic>) {
    let world = BTreeMap::from([("main.tsp".to_owned(), text.to_owned())]);
    let mut compilation = compile(&world, "main.tsp", &Options::default(), &lower::registry());
    if compilation.has_errors() {
        return (Vec::new(), compilation.diagnostics);
    }
    let lowered = lower::lower(&mut compilation.program);
    (lowered.manifests, lowered.diagnostics)
}

/// A manifest as JSON, without differences that mean nothing.
fn meaning(manifest: &Manifest) -> Json {
    let types = manifest.types.iter().map(|(name, resource_type)| {
        let versions: serde_json::Map<String, Json> = (resource_type.api_versions.iter())
            .map(|(version, entry)| (version.to_string(), plain(&entry.schema.to_openapi())))
            .collect();
        let capabilities: Vec<&str> = resource_type.capabilities.iter().map(|it| it.value.as_str()).collect();
        let described = serde_json::json!({
            "description": resource_type.description.as_deref().map(words),
            "capabilities": capabilities,
            "default": resource_type.default_api_version.as_ref().map(|it| it.value.as_str()),
            "versions": versions,
        });
        (name.clone(), described)
    });
    let types: serde_json::Map<String, Json> = types.collect();
    serde_json::json!({"namespace": manifest.namespace.value, "locations": manifest.locations, "types": types})
}

/// A description without blanks at the ends of its lines: the formatter takes them away.
fn words(text: &str) -> String {
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn plain(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(members) => (members.iter())
            .filter(|(name, value)| {
                !(*name == "properties" && value.as_object().is_some_and(serde_json::Map::is_empty))
            })
            .map(|(name, value)| match (name.as_str(), value) {
                ("description", Json::String(text)) => (name.clone(), words(text).into()),
                ("required", Json::Array(names)) => {
                    let mut names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
                    names.sort_unstable();
                    (name.clone(), names.into())
                }
                _ => (name.clone(), plain(value)),
            })
            .collect(),
        other => other.clone(),
    }
}

/// Fails at the first difference, with its path.
fn similar(before: &Json, after: &Json, path: &str, text: &str) {
    let (Some(a), Some(b)) = (before.as_object(), after.as_object()) else {
        return assert_eq!(before, after, "{path}\n{text}");
    };
    for name in a.keys().chain(b.keys()) {
        let at = |members: &serde_json::Map<String, Json>| members.get(name).cloned().unwrap_or_default();
        similar(&at(a), &at(b), &format!("{path}/{name}"), text);
    }
}

fn assert_round_trip(manifest: &Manifest) {
    let raised = raise::raise(manifest);
    assert!(raised.diagnostics.is_empty(), "{}\n{:?}", raised.text, raised.diagnostics);
    assert_eq!(typespec::format(FileId::default(), &raised.text).as_deref(), Ok(raised.text.as_str()));
    let (manifests, diagnostics) = lowered(&raised.text);
    let messages: Vec<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic| {
            let at = diagnostic
                .primary
                .as_ref()
                .map(|label| &raised.text[label.span.start as usize..label.span.end as usize]);
            format!("{}: {at:?}", diagnostic.message)
        })
        .collect();
    assert!(messages.is_empty(), "{}\n{messages:#?}", raised.text);
    assert_eq!(manifests.len(), 1, "{}", raised.text);
    let (before, after) = (meaning(manifest), meaning(&manifests[0]));
    similar(&before, &after, "", &raised.text);
    assert_eq!(before, after);
}

#[test]
fn the_built_in_manifests_survive_the_way_to_typespec_and_back() {
    for manifest in builtin_manifests() {
        assert_round_trip(&manifest);
    }
}

#[test]
fn a_manifest_with_everything_survives_the_way_to_typespec_and_back() {
    let text = read(&crate_path("tests/fixtures/everything.yaml"));
    let (manifest, diagnostics) = manifest::parse(FileId::default(), &text);
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
    let manifest = manifest.unwrap();
    insta::assert_snapshot!("everything", raise::raise(&manifest).text);
    assert_round_trip(&manifest);
}
