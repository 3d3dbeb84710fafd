//! Secrets that recipes return: they become a `Radius.Security/secrets` resource of their own, whose recipe puts
//! them where the platform keeps secrets. They never stand on the resource.

use std::time::Duration;

use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::outputs;
use super::provision::Made;
use crate::Fault;
use crate::host::{Delete, Host, Preconditions, Put};
use crate::store::Record;

/// The property that names the resource of the secrets.
pub(super) const PROPERTY: &str = "secrets";
/// Where a record keeps the id of that resource.
const ID: &str = "managedSecret";
/// The version through which the resource is written.
const VERSION: &str = "2025-08-01-preview";
/// Longest part of the owner's name in the name of the resource.
const NAME_PART: usize = 46;
/// How often a resource that is being changed is tried again.
const TRIES: usize = 20;

/// Whether secrets of a resource are kept.
pub(super) fn has(record: &Record) -> bool {
    record.private.data.contains_key(ID)
}

/// Keeps the secrets that a recipe returned, and removes those that it returned before and no more.
///
/// Where they cannot be kept, the status says so, and why.
pub(super) async fn keep(host: &Host, record: &mut Record, made: &Made) -> Result<(), Fault> {
    let secrets = &made.outcome.secrets;
    if secrets.is_empty() {
        return forget(host, record).await;
    }
    if !declares_secrets(host, record) {
        let why = format!("the schema of `{}` declares no object `secrets`; declare it", record.type_name);
        degrade(record, made, &why);
        return forget(host, record).await;
    }
    match put(host, record, secrets).await {
        Ok(id) => {
            record.properties.insert(PROPERTY.into(), json!({ "name": id.name() }));
            record.private.data.insert(ID.into(), id.to_string().into());
        }
        Err(fault) => degrade(record, made, &fault.message),
    }
    Ok(())
}

/// Removes the resource that keeps the secrets, if there is one.
pub(super) async fn forget(host: &Host, record: &mut Record) -> Result<(), Fault> {
    let Some(id) = record.private.data.get(ID).and_then(Json::as_str).and_then(|id| id.parse().ok()) else {
        return Ok(());
    };
    let api_version: ApiVersion = VERSION.parse().map_err(|error| Fault::internal(format!("{error}")))?;
    host.delete(Delete { id, api_version, preconditions: Preconditions::default(), force: true }).await?;
    record.private.data.shift_remove(ID);
    record.properties.shift_remove(PROPERTY);
    Ok(())
}

fn declares_secrets(host: &Host, record: &Record) -> bool {
    let Some(version) = &record.api_version else { return false };
    let schema = host.registered(&record.id).ok().and_then(|(_, kind)| Some(kind.api_versions.get(version)?.json()));
    schema.is_some_and(|schema| schema["properties"].get(PROPERTY).is_some())
}

/// Returns the id of the resource that keeps the secrets of another one.
pub(super) fn id_for(owner: &ResourceId) -> ResourceId {
    let digest = Sha256::digest(owner.to_string().to_ascii_lowercase());
    let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name: String = owner.name().unwrap_or_default().chars().take(NAME_PART).collect();
    owner.scope().resource(&TypeName::new("Radius.Security", "secrets"), &format!("{name}-{hash}-secrets"))
}

async fn put(host: &Host, record: &Record, secrets: &Map<String, Json>) -> Result<ResourceId, Fault> {
    let id = id_for(&record.id);
    let data: Map<String, Json> =
        secrets.iter().map(|(name, value)| (name.clone(), json!({ "value": text(value) }))).collect();
    let mut properties = json!({ "data": data });
    for name in ["environment", "application"] {
        if let Some(value) = record.properties.get(name).filter(|value| value.as_str() != Some("")) {
            properties[name] = value.clone();
        }
    }
    let Json::Object(body) = json!({ "location": "global", "properties": properties }) else { unreachable!() };
    let mut tries = 0;
    loop {
        let resolved = host.resolve(&id, Some(VERSION)).await?;
        let request = Put {
            id: id.clone(),
            api_version: resolved.api_version,
            body: body.clone(),
            preconditions: Preconditions::default(),
        };
        match host.put(request).await {
            Err(fault) if fault.status == 409 && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            other => return other.map(|_| id),
        }
    }
}

/// Secrets are texts; other values are kept as JSON.
fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says on the status that secrets are lost, by name.
fn degrade(record: &mut Record, made: &Made, why: &str) {
    let names: Vec<_> = made.outcome.secrets.keys().cloned().collect();
    let recipe = &made.snapshot.recipe.name;
    let message = format!("the secrets `{}` of the recipe `{recipe}` are not kept: {why}", names.join("`, `"));
    let status = record.properties.entry("status").or_insert_with(|| json!({}));
    outputs::degrade(status, "RecipeSecretsNotKept", &message);
}
