//! Registering whole manifests: what is built in, at start-up.

use radii_model::base::with_base_properties;
use radii_model::manifest::{Manifest, ResourceType};
use radii_model::{ApiVersion, ResourceId};
use radii_runtime::Fault;
use radii_runtime::store::{Expect, Record, Write};
use serde_json::{Map, Value as Json, json};

use super::REGISTRATIONS;
use super::record::{self, Draft};
use crate::AppState;

/// Registers all types of a manifest in a plane (`local`); what is not given stays.
///
/// The base properties are added to every schema, as the command line does for manifests of users.
///
/// # Errors
/// When the plane is absent, or the store fails.
pub async fn register_manifest(state: &AppState, plane: &str, manifest: &Manifest) -> Result<(), Fault> {
    let _guard = REGISTRATIONS.lock().await;
    super::find(state, &parse(&format!("/planes/radius/{plane}"))?).await?;
    let namespace = &manifest.namespace.value;
    let provider = format!("/planes/radius/{plane}/providers/System.Resources/resourceProviders/{namespace}");
    let mut drafts =
        vec![Draft { location: Some("global".to_owned()), tags: Some(Map::new()), ..child(&provider, Map::new())? }];
    let mut table = Map::new();
    for (name, kind) in &manifest.types {
        drafts.extend(type_drafts(&provider, name, kind)?);
        let versions: Map<String, Json> =
            kind.api_versions.keys().map(|version| (version.to_string(), json!({}))).collect();
        table.insert(name.clone(), json!({ "apiVersions": versions }));
    }
    let (location, address) = manifest.location();
    let mut properties = Map::from_iter([("resourceTypes".to_owned(), Json::Object(table))]);
    if let Some(address) = address {
        properties.insert("address".into(), address.into());
    }
    drafts.push(child(&format!("{provider}/locations/{location}"), properties)?);
    store_changes(state, &drafts).await?;
    let parts = &state.host.parts;
    parts.catalog.refresh(&*parts.store, plane, namespace).await?;
    Ok(())
}

fn type_drafts(provider: &str, name: &str, kind: &ResourceType) -> Result<Vec<Draft>, Fault> {
    let id = format!("{provider}/resourceTypes/{name}");
    let capabilities: Vec<_> = kind.capabilities.iter().map(|capability| capability.value.clone()).collect();
    let mut properties = Map::from_iter([("capabilities".to_owned(), json!(capabilities))]);
    if let Some(version) = &kind.default_api_version {
        properties.insert("defaultApiVersion".into(), version.value.clone().into());
    }
    if let Some(description) = &kind.description {
        properties.insert("description".into(), description.clone().into());
    }
    let mut drafts = vec![child(&id, properties)?];
    for (version, entry) in &kind.api_versions {
        drafts.push(version_draft(&id, version, with_base_properties(&entry.schema).to_openapi())?);
    }
    Ok(drafts)
}

fn version_draft(type_id: &str, version: &ApiVersion, schema: Json) -> Result<Draft, Fault> {
    child(&format!("{type_id}/apiVersions/{version}"), Map::from_iter([("schema".to_owned(), schema)]))
}

fn child(id: &str, properties: Map<String, Json>) -> Result<Draft, Fault> {
    let id = parse(id)?;
    let type_name = id.resource_type().map(|name| name.to_string()).unwrap_or_default();
    Ok(Draft { id, type_name, location: None, tags: None, properties, secrets: Map::new() })
}

fn parse(id: &str) -> Result<ResourceId, Fault> {
    id.parse().map_err(|error: radii_model::InvalidResourceId| Fault::bad_request(error.to_string()))
}

/// Writes what is new or different, in one batch, so that a start without changes writes nothing.
async fn store_changes(state: &AppState, drafts: &[Draft]) -> Result<(), Fault> {
    let store = &state.host.parts.store;
    let mut batch = Vec::new();
    for draft in drafts {
        let old = store.find(&draft.id).await?;
        let mut record = record::record(state, draft, old.as_ref());
        if let Some(old) = &old {
            keep_what_is_not_given(&mut record, old);
            if record.properties == old.properties && record.tags == old.tags {
                continue;
            }
        }
        let expect = old.map_or(Expect::Absent, |old| Expect::Revision(old.revision));
        batch.push(Write::Put { record: Box::new(record), expect });
    }
    if !batch.is_empty() {
        store.commit(batch).await?;
    }
    Ok(())
}

fn keep_what_is_not_given(record: &mut Record, old: &Record) {
    if record.tags.as_ref().is_some_and(Map::is_empty) {
        record.tags = old.tags.clone();
    }
    for (name, value) in &old.properties {
        match (record.properties.get_mut(name), value) {
            (None, value) => drop(record.properties.insert(name.clone(), value.clone())),
            (Some(Json::Object(types)), Json::Object(old)) if name == "resourceTypes" => {
                for (name, entry) in old {
                    types.entry(name.clone()).or_insert_with(|| entry.clone());
                }
            }
            _ => {}
        }
    }
}
