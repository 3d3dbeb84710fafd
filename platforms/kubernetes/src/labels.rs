//! Whose an object is, in labels.

use radii_runtime::platform::{Target, Workload};
use serde_json::{Map, Value as Json, json};

const APPLICATION: &str = "radapp.io/application";
const RESOURCE: &str = "radapp.io/resource";

/// Returns the labels of a workload's objects, in the spelling of Radius.
pub fn of_workload(target: &Target, workload: &Workload) -> Map<String, Json> {
    let mut labels: Map<String, Json> =
        workload.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    labels.insert("app.kubernetes.io/managed-by".to_owned(), json!("radius-rp"));
    labels.insert("app.kubernetes.io/name".to_owned(), json!(workload.resource.name.to_lowercase()));
    if let Some(application) = &target.application {
        labels.insert("app.kubernetes.io/part-of".to_owned(), json!(application.name));
    }
    labels.extend(selector(target, workload));
    if let Some(kind) = type_of(&workload.resource.id) {
        labels.insert("radapp.io/resource-type".to_owned(), json!(kind));
    }
    labels
}

/// Returns the labels by which a workload's pods are found. They can never change: selectors are immutable.
pub fn selector(target: &Target, workload: &Workload) -> Map<String, Json> {
    let mut selector = Map::new();
    if let Some(application) = &target.application {
        selector.insert(APPLICATION.to_owned(), json!(application.name));
    }
    selector.insert(RESOURCE.to_owned(), json!(workload.resource.name));
    selector
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
