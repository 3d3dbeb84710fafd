//! What connects to a resource, deployed again when somebody asks: containers and recipes receive its values as they
//! are now.

use radii_model::{ApiVersion, ResourceId};
use serde_json::{Map, Value as Json, json};

use super::{Answer, Host, Preconditions, Put};
use crate::Fault;
use crate::store::{ListQuery, Record};

/// The action that deploys again what connects to a resource; every resource has it.
pub const ACTION: &str = "redeployDependents";
/// Versions in which containers are written when none is kept.
const VERSIONS: [(&str, &str); 2] =
    [("applications.core/containers", "2023-10-01-preview"), ("radius.compute/containers", "2025-08-01-preview")];
/// What is not the author's to write.
const OURS: [&str; 3] = ["provisioningState", "status", "hosts"];

/// Writes everything that connects to a resource once more, as it stands; the answer names their operations.
///
/// # Errors
/// When the resource is not there, or the provider that keeps it does not say so. What cannot be written just now is
/// named with the reason.
pub(super) async fn redeploy(host: &Host, id: &ResourceId) -> Result<Json, Fault> {
    let source = match host.address_of(id) {
        Some(_) => host.record_elsewhere(id).await?,
        None => host.get(id).await?,
    };
    let mut entries = Vec::new();
    let query = ListQuery { scope: plane(id), recursive: true, kind: None, after: None, limit: None };
    for record in host.parts.store.list(&query).await?.records {
        if record.id.key() != source.id.key() && connects(&record, &source) {
            entries.push(again(host, record).await);
        }
    }
    Ok(json!({ "value": entries }))
}

fn plane(id: &ResourceId) -> Option<ResourceId> {
    let (kind, name) = id.plane()?;
    format!("/planes/{kind}/{name}").parse().ok()
}

/// Whether a resource's connections name the source, by its id or, in the same application, by its host name.
fn connects(record: &Record, source: &Record) -> bool {
    let text = |record: &Record, name: &str| {
        record.properties.get(name).and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase()
    };
    let is_sibling = text(record, "application") == text(source, "application");
    let name = source.id.name().unwrap_or_default();
    let connections = record.properties.get("connections").and_then(Json::as_object);
    connections.into_iter().flat_map(Map::values).filter_map(|connection| connection["source"].as_str()).any(|given| {
        match given.parse::<ResourceId>() {
            Ok(id) => id.key() == source.id.key(),
            Err(_) => is_sibling && host_of(given).is_some_and(|host| host == name),
        }
    })
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split([':', '/']).next().filter(|host| !host.is_empty())
}

async fn again(host: &Host, record: Record) -> Json {
    let id = record.id.to_string();
    match put_again(host, record).await {
        Ok((version, Answer::Accepted { operation, .. })) => {
            json!({ "id": id, "operation": operation.to_string(), "apiVersion": version })
        }
        Ok((version, Answer::Done(_) | Answer::Absent)) => json!({ "id": id, "apiVersion": version }),
        Err(fault) => json!({ "id": id, "error": fault }),
    }
}

/// The version that a resource is written in: its own, or the one that its type has.
fn version_of(record: &Record) -> Result<ApiVersion, Fault> {
    if let Some(version) = &record.api_version {
        return Ok(version.clone());
    }
    let key = record.type_name.to_ascii_lowercase();
    let usual = VERSIONS.iter().find(|(name, _)| *name == key).map_or("", |(_, version)| version);
    usual.parse().map_err(|_| Fault::bad_request(format!("nothing says in which version `{}` is written", record.id)))
}

async fn put_again(host: &Host, record: Record) -> Result<(String, Answer), Fault> {
    let id = record.id.clone();
    let api_version = version_of(&record)?;
    let seen = host.seen(&record, &api_version);
    let mut properties = seen.properties;
    properties.retain(|name, _| !OURS.contains(&name.as_str()));
    // What a recipe said is said anew.
    let outputs = host.validator(&id, &api_version)?.map(|validator| validator.outputs()).unwrap_or_default();
    outputs.iter().for_each(|name| drop(properties.shift_remove(name)));
    if record.private.recipe.is_some() {
        properties.get_mut("recipe").and_then(Json::as_object_mut).map(|recipe| recipe.shift_remove("recipeStatus"));
        if properties.get("secrets").is_some_and(|secrets| secrets.get("name").is_some()) {
            properties.shift_remove("secrets");
        }
    }
    let body = json!({ "location": seen.location.unwrap_or_else(|| "global".into()), "tags": seen.tags, "properties": properties });
    let Json::Object(mut body) = body else { unreachable!("an object was made just now") };
    body.retain(|_, value| !value.is_null());
    let version = api_version.to_string();
    let request = Put { id, api_version, body, preconditions: Preconditions::default() };
    Ok((version, host.put(request).await?))
}
