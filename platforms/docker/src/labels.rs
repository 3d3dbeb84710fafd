//! Marks on the engine's objects: whose they are, and what they were made from.

use std::collections::BTreeMap;

use radii_runtime::platform::{Named, Target};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// On everything that Radii made.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`].
pub const RADII: &str = "radii";
/// Full id of the resource that owns the object.
pub const RESOURCE_ID: &str = "radapp.io/resource-id";
/// Digest of the workload that a container was made from.
pub const RENDERED_HASH: &str = "radapp.io/rendered-hash";
/// `main`, `init` or `sidecar`.
pub const ROLE: &str = "radapp.io/role";
/// The container whose network name space a sidecar shares.
pub const SHARES: &str = "radapp.io/shares-network-of";
/// Prefix of one label per named port; the value is `scheme:8080/tcp`.
pub const PORT: &str = "radapp.io/port.";
/// On volumes that outlive their owner.
pub const RETAIN: &str = "radapp.io/retain";

/// Returns the marks of an environment's or application's own objects, such as its network.
pub fn of_target(target: &Target) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (MANAGED_BY.to_owned(), RADII.to_owned()),
        ("radapp.io/environment".to_owned(), target.environment.name.clone()),
    ]);
    if let Some(application) = &target.application {
        labels.insert("radapp.io/application".to_owned(), application.name.clone());
        labels.insert("app.kubernetes.io/part-of".to_owned(), application.name.clone());
    }
    labels
}

/// Returns the marks of a resource's objects.
pub fn of_resource(target: &Target, resource: &Named) -> BTreeMap<String, String> {
    let mut labels = of_target(target);
    labels.insert("radapp.io/resource".to_owned(), resource.name.clone());
    labels.insert("app.kubernetes.io/name".to_owned(), resource.name.clone());
    labels.insert(RESOURCE_ID.to_owned(), resource.id.to_ascii_lowercase());
    if let Some(kind) = type_of(&resource.id) {
        labels.insert("radapp.io/resource-type".to_owned(), kind);
    }
    labels
}

/// Returns the type in an id as a label value: `applications.core-containers`.
fn type_of(id: &str) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    let (_, provider) = lower.rsplit_once("/providers/")?;
    let mut segments = provider.split('/');
    let mut parts = vec![segments.next()?];
    parts.extend(segments.step_by(2));
    Some(parts.join("-"))
}

/// Returns the digest of documents, in which the order of members plays no part.
pub fn digest(documents: &[Json]) -> String {
    let mut hasher = Sha256::new();
    for document in documents {
        hasher.update(sorted(document).to_string());
        hasher.update([0]);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let ordered: BTreeMap<&String, Json> = members.iter().map(|(key, value)| (key, sorted(value))).collect();
            Json::Object(ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
