//! The containers that connect to a resource, deployed again when somebody asks: they receive its values as they are now.

use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::{Answer, Host, Preconditions, Put};
use crate::Fault;
use crate::store::{ListQuery, Record};

/// The action, on any resource.
pub(super) const ACTION: &str = "redeployDependents";
/// Types that receive values of what they connect to, with the version that they are written in when none is kept.
const TYPES: [(&str, &str, &str); 2] =
    [("Applications.Core", "containers", "2023-10-01-preview"), ("Radius.Compute", "containers", "2025-08-01-preview")];
/// What is not the author's to write.
const OURS: [&str; 3] = ["provisioningState", "status", "hosts"];

/// Writes every container that connects to a resource once more, as it stands; the answer names their operations.
///
/// # Errors
/// When the resource is not there. A container that cannot be written just now is named with the reason.
pub(super) async fn redeploy(host: &Host, id: &ResourceId) -> Result<Json, Fault> {
    let source = host.get(id).await?;
    let mut entries = Vec::new();
    for (namespace, kind, version) in TYPES {
        let query = ListQuery {
            scope: plane(id),
            recursive: true,
            kind: Some(TypeName::new(namespace, kind)),
            after: None,
            limit: None,
        };
        for record in host.parts.store.list(&query).await?.records {
            if connects(&record, &source) {
                entries.push(again(host, record, version).await?);
            }
        }
    }
    Ok(json!({ "value": entries }))
}

fn plane(id: &ResourceId) -> Option<ResourceId> {
    let (kind, name) = id.plane()?;
    format!("/planes/{kind}/{name}").parse().ok()
}

/// Whether a container's connections name the resource, by its id or, in the same application, by its host name.
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

async fn again(host: &Host, record: Record, version: &str) -> Result<Json, Fault> {
    let id = record.id.clone();
    let kept = record.api_version.clone();
    let api_version = match kept {
        Some(version) => version,
        None => version.parse().map_err(|error| Fault::internal(format!("{error}")))?,
    };
    let seen = host.seen(&record, &api_version);
    let mut properties = seen.properties;
    properties.retain(|name, _| !OURS.contains(&name.as_str()));
    let body = json!({ "location": seen.location.unwrap_or_else(|| "global".into()), "tags": seen.tags, "properties": properties });
    let Json::Object(mut body) = body else { unreachable!("an object was made just now") };
    body.retain(|_, value| !value.is_null());
    let request = Put { id: id.clone(), api_version, body, preconditions: Preconditions::default() };
    Ok(match host.put(request).await {
        Ok(Answer::Accepted { operation, .. }) => json!({ "id": id.to_string(), "operation": operation.to_string() }),
        Ok(Answer::Done(_) | Answer::Absent) => json!({ "id": id.to_string() }),
        Err(fault) => json!({ "id": id.to_string(), "error": fault }),
    })
}
