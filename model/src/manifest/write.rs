//! From a manifest to YAML.

use serde_json::{Map, Value as Json, json};

use super::{Manifest, ResourceType};

/// Returns the manifest's text; keys stand in a fixed order, types and versions in the manifest's own.
pub(super) fn yaml(manifest: &Manifest) -> String {
    let mut out = Map::new();
    out.insert("namespace".to_owned(), manifest.namespace.value.as_str().into());
    if !manifest.locations.is_empty() {
        let location = |(name, address): (&String, &Option<String>)| (name.clone(), address.as_deref().into());
        out.insert("location".to_owned(), Json::Object(manifest.locations.iter().map(location).collect()));
    }
    let types = manifest.types.iter().map(|(name, resource_type)| (name.clone(), document(resource_type)));
    out.insert("types".to_owned(), Json::Object(types.collect()));
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        // Folded text is hard to edit; long lines stay lines.
        folded_wrap_chars: usize::MAX,
    };
    serde_saphyr::to_string_with_options(&Json::Object(out), options)
        .expect("JSON values can always be written as YAML")
}

fn document(resource_type: &ResourceType) -> Json {
    let mut out = Map::new();
    if let Some(description) = &resource_type.description {
        out.insert("description".to_owned(), description.as_str().into());
    }
    if !resource_type.capabilities.is_empty() {
        let names = resource_type.capabilities.iter().map(|capability| Json::from(capability.value.as_str()));
        out.insert("capabilities".to_owned(), names.collect());
    }
    if let Some(version) = &resource_type.default_api_version {
        out.insert("defaultApiVersion".to_owned(), version.value.as_str().into());
    }
    let versions = resource_type.api_versions.iter();
    let versions = versions.map(|(name, entry)| (name.to_string(), json!({"schema": entry.schema.to_openapi()})));
    out.insert("apiVersions".to_owned(), Json::Object(versions.collect()));
    Json::Object(out)
}
