//! What bodies of the built-in types look like, checked before anything else is.

use std::sync::LazyLock;

use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::described::{member, mistyped, unlisted};
use crate::fault::code;
use crate::store::Record;

/// Shapes by type: JSON Schema reduced to `type`, `format`, `required`, `properties`, `additionalProperties`, `items`, `enum`.
static SHAPES: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    let shapes: Json = serde_json::from_str(include_str!("../../../manifests/native/bodies.json"))
        .expect("`bodies.json` is JSON, as a test shows");
    let Json::Object(shapes) = shapes else { return Map::new() };
    shapes
});

/// Properties that answers carry and clients send back, although the descriptions call them read-only.
const SENT_BACK: [&str; 1] = ["referencedBy"];
/// What those properties hold.
static LIST_OF_TEXTS: LazyLock<Json> =
    LazyLock::new(|| serde_json::json!({ "type": "array", "items": { "type": "string" } }));
/// Properties that the descriptions do not have, and this server does, with their types.
const OURS: [(&str, &str); 1] = [("radius.core/terraformsettings", "backend")];
/// Longest name of a resource.
const NAME_LIMIT: usize = 63;

fn shape_of(type_name: &TypeName) -> Option<&'static Json> {
    let key = type_name.key();
    SHAPES.iter().find(|(name, _)| name.to_ascii_lowercase() == key).map(|(_, shape)| shape)
}

/// Removes properties that the description does not know: they are accepted and have no effect.
pub(super) fn strip(record: &mut Record) {
    let shape = record.id.resource_type().and_then(|type_name| shape_of(&type_name));
    let Some(shape) = shape.and_then(|shape| shape.get("properties")?.get("properties")) else { return };
    let Some(known) = shape.get("properties").filter(|_| shape.get("additionalProperties").is_none()) else { return };
    let key = record.type_name.to_ascii_lowercase();
    let is_ours = |name: &str| OURS.contains(&(key.as_str(), name));
    record
        .properties
        .retain(|name, _| known.get(name).is_some() || SENT_BACK.contains(&name.as_str()) || is_ours(name));
}

/// Checks the name of a resource against the description's pattern.
///
/// # Errors
/// 400 naming the path parameter.
pub(super) fn check_name(id: &ResourceId) -> Result<(), Fault> {
    let Some(type_name) = id.resource_type() else { return Ok(()) };
    let Some(parameter) = shape_of(&type_name).and_then(|shape| shape.get("$name")?.as_str()) else { return Ok(()) };
    let name = id.name().unwrap_or_default();
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let ends = name.ends_with(|c: char| c.is_ascii_alphanumeric());
    let message = if !starts || !ends || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        format!("{parameter} in path should match '^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$'")
    } else if name.len() > NAME_LIMIT {
        format!("{parameter} in path should be at most {NAME_LIMIT} chars long")
    } else {
        return Ok(());
    };
    Err(refusal(&type_name, vec![Fault::new(400, code::INVALID_CONTENT, message)]))
}

/// Checks a body against the shape of its type.
///
/// # Errors
/// 400 with one detail per violation, in the words of the Radius HTTP contract, part 4.
pub(super) fn check(type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
    let Some(shape) = shape_of(type_name) else { return Ok(()) };
    let mut details = Vec::new();
    check_object(shape, body, "$", &mut details);
    let properties = body.get("properties").and_then(Json::as_object);
    for (name, sent) in SENT_BACK.iter().filter_map(|name| Some((name, properties?.get(*name)?))) {
        check_value(&LIST_OF_TEXTS, sent, &member("$.properties", name), &mut details);
    }
    if details.is_empty() {
        return Ok(());
    }
    let details = details.into_iter().map(|message| Fault::new(400, code::INVALID_PROPERTIES, message)).collect();
    Err(refusal(type_name, details))
}

/// The fault of a body that breaks its description.
pub(super) fn refusal(type_name: &TypeName, details: Vec<Fault>) -> Fault {
    let message = "HTTP request payload failed validation against API specification with one or more errors. \
                   Please see details for more information.";
    Fault::new(400, code::SPEC_VALIDATION, message).target(type_name.key()).details(details)
}

fn check_value(shape: &Json, value: &Json, path: &str, found: &mut Vec<String>) {
    let wrong = mistyped(shape, value);
    let is_wrong = wrong.is_some();
    found.extend(wrong.into_iter().chain(unlisted(shape, value)).map(|wrong| format!("{path} in body {wrong}")));
    if is_wrong {
        return;
    }
    match value {
        Json::Object(members) => check_object(shape, members, path, found),
        Json::Array(items) => {
            let Some(shape) = shape.get("items") else { return };
            // The validator names the list, not the place in it.
            items.iter().for_each(|item| check_value(shape, item, path, found));
        }
        _ => {}
    }
}

fn check_object(shape: &Json, members: &Map<String, Json>, path: &str, found: &mut Vec<String>) {
    for name in shape.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        if !members.contains_key(name) {
            found.push(format!("{} in body is required", member(path, name)));
        }
    }
    for (name, value) in members {
        let known = shape.get("properties").and_then(|properties| properties.get(name));
        if let Some(shape) = known.or_else(|| shape.get("additionalProperties")) {
            check_value(shape, value, &member(path, name), found);
        }
    }
}

/// Fills in what answers always show of marks: labels and annotations, given or not.
pub(super) fn complete_marks(properties: &mut Map<String, Json>) {
    let extensions = properties.get_mut("extensions").and_then(Json::as_array_mut).into_iter().flatten();
    for extension in extensions.filter(|extension| extension["kind"] == "kubernetesMetadata") {
        let Some(members) = extension.as_object_mut() else { continue };
        for name in ["annotations", "labels"] {
            members.entry(name).or_insert_with(|| json!({}));
        }
    }
}

#[cfg(test)]
mod tests {
    use radii_diagnostics::SourceMap;
    use radii_model::manifest;

    use super::*;

    fn details(type_name: &str, body: Json) -> Vec<String> {
        let fault = check(&type_name.parse().unwrap(), body.as_object().unwrap());
        fault.err().map_or_else(Vec::new, |fault| fault.details.into_iter().map(|detail| detail.message).collect())
    }

    #[test]
    fn every_violation_has_a_detail_in_the_words_of_the_contract() {
        let body = json!({ "location": 1, "properties": { "application": "/a", "resourceProvisioning": "x",
            "container": { "image": 1, "imagePullPolicy": "x", "ports": { "w": { "containerPort": "1" }, "v": {} } } } });
        let expected = [
            "$.location in body must be of type string: \"number\"",
            "$.properties.$Provisioning in body should be one of [internal manual]",
            "$.properties.container.image in body must be of type string: \"number\"",
            "$.properties.container.imagePullPolicy in body should be one of [Always IfNotPresent Never]",
            "$.properties.container.ports.w.containerPort in body must be of type integer: \"string\"",
            "$.properties.container.ports.v.containerPort in body is required",
        ];
        assert_eq!(details("Applications.Core/containers", body), expected);
    }

    #[test]
    fn items_bear_the_path_of_their_list() {
        let body = json!({ "location": "global", "properties": { "recipePacks": ["a", 5] } });
        let expected = ["$.properties.recipePacks in body must be of type string: \"number\""];
        assert_eq!(details("Radius.Core/environments", body), expected);
    }

    #[test]
    fn a_wrong_type_is_none_of_the_listed_values_either() {
        let body = json!({ "location": "global", "properties": { "application": "/a", "data": {}, "type": 5 } });
        let expected = [
            "$.properties.type in body must be of type string: \"number\"",
            "$.properties.type in body should be one of [generic certificate basicAuthentication azureWorkloadIdentity awsIRSA]",
        ];
        assert_eq!(details("Applications.Core/secretStores", body), expected);
    }

    #[test]
    fn what_clients_send_back_has_its_type() {
        let body = json!({ "location": "global", "properties": { "referencedBy": ["/e", 5] } });
        let expected = ["$.properties.referencedBy in body must be of type string: \"number\""];
        assert_eq!(details("Radius.Core/terraformSettings", body), expected);
    }

    #[test]
    fn location_and_properties_are_required_in_any_casing_of_the_type() {
        let expected = ["$.location in body is required", "$.properties in body is required"];
        assert_eq!(details("applications.core/ENVIRONMENTS", json!({})), expected);
    }

    #[test]
    fn every_built_in_type_is_described_by_the_schema_it_is_registered_with_or_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests/builtin");
        let (mut sources, mut undescribed, mut types) = (SourceMap::new(), Vec::new(), 0);
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_none_or(|kind| kind != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let manifest = manifest::parse(sources.add("built-in.yaml", text.as_str()), &text).0.unwrap();
            for (name, kind) in &manifest.types {
                types += 1;
                let name = TypeName::new(manifest.namespace.value.as_str(), name);
                let has_schema = kind.api_versions.values().all(|version| !version.schema.properties.is_empty());
                if !has_schema && shape_of(&name).is_none() {
                    undescribed.push(name.to_string());
                }
            }
        }
        assert!(types > 30, "only {types} types were read");
        // What a deployment holds is a template, which has a checker of its own.
        assert_eq!(undescribed, ["Microsoft.Resources/deployments"]);
    }

    #[test]
    fn types_without_a_shape_are_not_checked_here() {
        assert_eq!(details("Contoso.Data/postgres", json!({ "properties": 5 })), Vec::<String>::new());
    }
}
