//! Registering providers and types from a manifest (Radius HTTP contract, parts 2.5 and 6).

use radii_model::base::with_base_properties;
use radii_model::manifest::{Manifest, ResourceType};
use serde_json::{Map, Value as Json, json};

use crate::client::{Client, NATIVE_VERSION};
use crate::error::Error;
use crate::registry::PLANE;

/// The path of a provider's registration.
pub fn provider_path(namespace: &str) -> String {
    format!("{PLANE}/providers/System.Resources/resourceproviders/{namespace}")
}

/// The path of a type's registration.
pub fn type_path(namespace: &str, name: &str) -> String {
    format!("{}/resourcetypes/{name}", provider_path(namespace))
}

/// Registers a provider with all types of its manifest; the location serves exactly these afterwards.
pub async fn provider(client: &Client, manifest: &Manifest) -> Result<Json, Error> {
    let path = provider_path(&manifest.namespace.value);
    client.put(&path, NATIVE_VERSION, &json!({"location": "global", "properties": {}})).await?;
    for (name, resource_type) in &manifest.types {
        put_type(client, manifest, name, resource_type, None).await?;
    }
    let (location, address) = manifest.location();
    let types = manifest.types.iter().map(|(name, resource_type)| (name.clone(), table_entry(resource_type))).collect();
    put_location(client, &format!("{path}/locations/{location}"), address, types).await?;
    Ok(client.get(&path, NATIVE_VERSION).await?)
}

/// Registers some types of a manifest, and their provider when it is absent or only half there.
pub async fn types(client: &Client, manifest: &Manifest, names: &[&str], icon: Option<&str>) -> Result<(), Error> {
    let path = provider_path(&manifest.namespace.value);
    let (location, address) = manifest.location();
    let location = format!("{path}/locations/{location}");
    if client.find(&path, NATIVE_VERSION).await?.is_none() {
        client.put(&path, NATIVE_VERSION, &json!({"location": "global", "properties": {}})).await?;
    }
    let known = client.find(&location, NATIVE_VERSION).await?;
    if known.is_none() {
        put_location(client, &location, address, Map::new()).await?;
    }
    for name in names {
        put_type(client, manifest, name, &manifest.types[*name], icon).await?;
    }
    // Read only now: somebody else may have added types in the meantime.
    let mut body = client.get(&location, NATIVE_VERSION).await?;
    let table = &mut body["properties"]["resourceTypes"];
    if !table.is_object() {
        *table = json!({});
    }
    for name in names {
        table[*name] = table_entry(&manifest.types[*name]);
    }
    client.put(&location, NATIVE_VERSION, &body).await?;
    Ok(())
}

async fn put_type(
    client: &Client,
    manifest: &Manifest,
    name: &str,
    resource_type: &ResourceType,
    icon: Option<&str>,
) -> Result<(), Error> {
    let path = type_path(&manifest.namespace.value, name);
    client.put(&path, NATIVE_VERSION, &json!({"properties": type_properties(resource_type, icon)})).await?;
    for (version, entry) in &resource_type.api_versions {
        let schema = with_base_properties(&entry.schema).to_openapi();
        let body = json!({"properties": {"schema": schema}});
        client.put(&format!("{path}/apiversions/{version}"), NATIVE_VERSION, &body).await?;
    }
    Ok(())
}

fn type_properties(resource_type: &ResourceType, icon: Option<&str>) -> Json {
    let capabilities: Vec<&str> =
        resource_type.capabilities.iter().map(|capability| capability.value.as_str()).collect();
    let mut properties = json!({"capabilities": capabilities});
    let default_version = resource_type.default_api_version.as_ref().map(|version| version.value.as_str());
    for (key, value) in
        [("defaultApiVersion", default_version), ("description", resource_type.description.as_deref()), ("icon", icon)]
    {
        if let Some(value) = value {
            properties[key] = value.into();
        }
    }
    properties
}

/// Returns a type's entry in the table of a location.
fn table_entry(resource_type: &ResourceType) -> Json {
    let versions: Map<String, Json> =
        resource_type.api_versions.keys().map(|version| (version.to_string(), json!({}))).collect();
    json!({"apiVersions": versions})
}

async fn put_location(
    client: &Client,
    path: &str,
    address: Option<&str>,
    types: Map<String, Json>,
) -> Result<(), Error> {
    let mut properties = json!({"resourceTypes": types});
    if let Some(address) = address {
        properties["address"] = address.into();
    }
    client.put(path, NATIVE_VERSION, &json!({"properties": properties})).await?;
    Ok(())
}
