//! Provider summaries: what clients use to look types up (Radius HTTP contract, part 2.6).

use radii_runtime::catalog::{Provider, Type};
use serde_json::{Map, Value as Json, json};

use super::icon;

/// Whether a summary holds the icons themselves beside their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icons {
    /// Yes, of the types that have one.
    Included,
    /// No.
    LeftOut,
}

/// Returns the summary of a registered provider.
pub fn summarize(provider: &Provider, icons: Icons) -> Json {
    let locations: Map<String, Json> = provider.locations.keys().map(|name| (name.clone(), json!({}))).collect();
    let types: Map<String, Json> =
        provider.types.iter().map(|(name, kind)| (name.clone(), summarize_type(kind, icons))).collect();
    json!({ "name": provider.namespace, "locations": locations, "resourceTypes": types })
}

fn summarize_type(kind: &Type, icons: Icons) -> Json {
    let versions: Map<String, Json> = kind
        .api_versions
        .iter()
        .map(|(version, schema)| {
            let entry = if schema.is_empty() { json!({}) } else { json!({ "schema": *schema.json() }) };
            (version.to_string(), entry)
        })
        .collect();
    let mut summary = Map::new();
    summary.insert("apiVersions".into(), Json::Object(versions));
    summary.insert("capabilities".into(), json!(kind.capabilities));
    if let Some(version) = &kind.default_api_version {
        summary.insert("defaultApiVersion".into(), version.clone().into());
    }
    if let Some(description) = &kind.description {
        summary.insert("description".into(), description.clone().into());
    }
    let hash = kind.icon.as_deref().map_or_else(|| icon::DEFAULT_HASH.to_owned(), icon::hash);
    summary.insert("iconHash".into(), hash.into());
    if let (Some(icon), Icons::Included) = (&kind.icon, icons) {
        summary.insert("icon".into(), Json::from(&**icon));
    }
    Json::Object(summary)
}
