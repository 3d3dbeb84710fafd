//! Whose an object is, in labels.

use std::collections::BTreeMap;

use radii_runtime::platform::{Marks, Named, Target, Workload};
use serde_json::{Map, Value as Json, json};

const APPLICATION: &str = "radapp.io/application";
const RESOURCE: &str = "radapp.io/resource";

/// Returns the labels of a resource's objects, in the spelling of Radius.
pub fn of_resource(target: &Target, resource: &Named) -> Map<String, Json> {
    let mut labels = Map::new();
    labels.insert("app.kubernetes.io/managed-by".to_owned(), json!("radius-rp"));
    labels.insert("app.kubernetes.io/name".to_owned(), json!(resource.name.to_lowercase()));
    labels.insert("app.kubernetes.io/part-of".to_owned(), json!(application_of(target)));
    labels.extend(selector(target, resource));
    if let Some(kind) = type_of(&resource.id) {
        labels.insert("radapp.io/resource-type".to_owned(), json!(kind));
    }
    labels
}

/// The application's name; empty for what belongs to the environment itself.
fn application_of(target: &Target) -> &str {
    target.application.as_ref().map_or("", |application| application.name.as_str())
}

/// Returns the labels by which a workload's pods are found. They can never change: selectors are immutable.
pub fn selector(target: &Target, resource: &Named) -> Map<String, Json> {
    let mut selector = Map::new();
    selector.insert(APPLICATION.to_owned(), json!(application_of(target)));
    selector.insert(RESOURCE.to_owned(), json!(resource.name.to_lowercase()));
    selector
}

/// Returns `metadata` members: our labels with an author's over them, and the author's annotations.
pub fn marked(target: &Target, workload: &Workload, marks: &Marks) -> Map<String, Json> {
    let mut labels = of_resource(target, &workload.resource);
    labels.extend(json_of(&marks.labels));
    // What finds the pods is not the author's to change.
    labels.extend(selector(target, &workload.resource));
    let mut metadata = Map::new();
    metadata.insert("labels".to_owned(), Json::Object(labels));
    if !marks.annotations.is_empty() {
        metadata.insert("annotations".to_owned(), Json::Object(json_of(&marks.annotations)));
    }
    metadata
}

fn json_of(texts: &BTreeMap<String, String>) -> Map<String, Json> {
    texts.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
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
