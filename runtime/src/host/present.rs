//! Resources as the wire shows them.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::store::Record;
use crate::versions::KEPT_ASIDE;

/// Returns a resource as the wire shows it: `id`, `name`, `type`, `location`, `tags`, `systemData`, `properties`.
///
/// `tags` and `systemData` belong to tracked resources; those of user-defined types carry `tags` only
/// when they were given, and no `systemData` (Radius HTTP contract, part 2).
pub fn present(record: &Record) -> Map<String, Json> {
    let mut body = Map::new();
    body.insert("id".into(), record.id.to_string().into());
    body.insert("name".into(), record.id.name().unwrap_or_default().into());
    body.insert("type".into(), record.type_name.clone().into());
    if let Some(location) = &record.location {
        body.insert("location".into(), location.clone().into());
    }
    let tracked = is_tracked(&record.type_name);
    match &record.tags {
        Some(tags) => drop(body.insert("tags".into(), Json::Object(tags.clone()))),
        None if tracked => drop(body.insert("tags".into(), json!({}))),
        None => {}
    }
    if tracked {
        body.insert("systemData".into(), system_data(record));
    }
    if !record.type_name.eq_ignore_ascii_case("System.Resources/resourceGroups") {
        let mut properties = record.properties.clone();
        properties.insert("provisioningState".into(), record.state.as_str().into());
        body.insert("properties".into(), Json::Object(properties));
    }
    body
}

/// Whether a type is one of those that always show `tags` and `systemData`.
fn is_tracked(type_name: &str) -> bool {
    let lower = type_name.to_ascii_lowercase();
    lower.starts_with("applications.") || lower.starts_with("radius.core/")
}

fn system_data(record: &Record) -> Json {
    json!({
        "createdBy": "",
        "createdByType": "",
        "createdAt": record.created_at.to_string(),
        "lastModifiedBy": "",
        "lastModifiedByType": "",
        "lastModifiedAt": record.updated_at.to_string(),
    })
}

/// Returns the `ETag` of a record: length and SHA-256 of its content, so that equal content has the equal tag.
pub fn etag(record: &Record) -> String {
    let mut content = vec![
        json!(record.id.to_string()),
        json!(record.type_name),
        json!(record.api_version),
        json!(record.location),
        json!(record.tags),
        json!(record.properties),
        json!(record.state),
    ];
    // Other versions show it.
    content.extend(record.private.data.get(KEPT_ASIDE).cloned());
    let content = Json::Array(content).to_string();
    let digest = Sha256::digest(content.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}", content.len())
}
