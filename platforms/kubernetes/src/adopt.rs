//! Objects of recipes.

use radii_runtime::Fault;
use radii_runtime::platform::{ComputeKind, Object, ObjectRef, Target};
use serde_json::{Map, Value as Json, json};

/// Kinds that stand in no namespace; recipes belong to one application's.
const CLUSTER_WIDE: [&str; 8] = [
    "Namespace",
    "ClusterRole",
    "ClusterRoleBinding",
    "PersistentVolume",
    "StorageClass",
    "CustomResourceDefinition",
    "Node",
    "PriorityClass",
];

/// Returns a recipe's object in the target's namespace.
pub fn object(target: &Target, mut body: Json) -> Result<Object, Fault> {
    let api_version = text(&body, "/apiVersion").ok_or_else(|| lacks("apiVersion"))?;
    let kind = text(&body, "/kind").ok_or_else(|| lacks("kind"))?;
    let name = text(&body, "/metadata/name").ok_or_else(|| lacks("metadata.name"))?;
    if CLUSTER_WIDE.contains(&kind.as_str()) {
        return Err(Fault::bad_request(format!(
            "a recipe may not make a {kind}: it belongs to the whole cluster, and the recipe to one application; make it by other means"
        )));
    }
    match text(&body, "/metadata/namespace") {
        Some(namespace) if namespace != target.namespace => {
            return Err(Fault::bad_request(format!(
                "the {kind} `{name}` names namespace `{namespace}`, but the recipe runs in `{}`; remove `metadata.namespace`",
                target.namespace
            )));
        }
        _ => body["metadata"]["namespace"] = json!(target.namespace),
    }
    let labels =
        body["metadata"].as_object_mut().map(|metadata| metadata.entry("labels").or_insert_with(|| Map::new().into()));
    if let Some(Json::Object(labels)) = labels {
        labels.insert("app.kubernetes.io/managed-by".to_owned(), json!("radius-rp"));
        if let Some(application) = &target.application {
            labels.insert("app.kubernetes.io/part-of".to_owned(), json!(application.name));
            labels.insert("radapp.io/application".to_owned(), json!(application.name));
        }
    }
    let group = api_version.rsplit_once('/').map_or("core", |(group, _)| group);
    let reference = ObjectRef {
        platform: ComputeKind::Kubernetes,
        kind: format!("{group}/{kind}"),
        namespace: target.namespace.clone(),
        name,
        cluster: target.cluster().map(str::to_owned),
    };
    Ok(Object { reference, body })
}

fn text(body: &Json, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn lacks(member: &str) -> Fault {
    Fault::bad_request(format!("a recipe's object for Kubernetes lacks `{member}` as text"))
}
