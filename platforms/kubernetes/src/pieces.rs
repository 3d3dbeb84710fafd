//! Secrets and Dapr components as objects; gateways are those of the environment's [`ingress`](crate::ingress).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_runtime::platform::{Component, ComputeKind, Marks, Named, Object, ObjectRef, Piece, Secret, Target};
use serde_json::{Map, Value as Json, json};

use radii_runtime::Fault;

use crate::{ingress, labels};

/// Returns the objects of a piece, in the order in which they are to be applied.
///
/// # Errors
/// What the environment's ingress cannot do for a gateway.
pub fn render(target: &Target, piece: &Piece) -> Result<Vec<Object>, Fault> {
    Ok(match piece {
        Piece::Gateway(gateway) => ingress::render(target, gateway)?,
        Piece::Secret(secret) => vec![self::secret(target, secret)],
        Piece::Component(component) => vec![self::component(target, component)],
    })
}

/// Returns an object of `owner` under its name, with the labels of all that Radii makes.
pub fn object(target: &Target, api_version: &str, kind: &str, owner: &Named, marks: &Marks, members: Json) -> Object {
    let name = owner.name.to_lowercase();
    let mut own = labels::of_resource(target, owner);
    own.extend(marks.labels.iter().map(|(key, value)| (key.clone(), json!(value))));
    let mut metadata = json!({ "name": name, "namespace": target.namespace, "labels": own });
    if !marks.annotations.is_empty() {
        metadata["annotations"] = json!(marks.annotations);
    }
    let mut body = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    if let (Json::Object(body), Json::Object(members)) = (&mut body, members) {
        body.extend(members);
    }
    let group = api_version.split_once('/').map_or("core", |(group, _)| group);
    let reference = ObjectRef {
        platform: ComputeKind::Kubernetes,
        kind: format!("{group}/{kind}"),
        namespace: target.namespace.clone(),
        name,
        cluster: target.cluster().map(str::to_owned),
    };
    Object { reference, body }
}

fn secret(target: &Target, secret: &Secret) -> Object {
    let data: Map<String, Json> =
        secret.data.iter().map(|(key, value)| (key.clone(), json!(STANDARD.encode(value)))).collect();
    let kind = if secret.is_certificate { "kubernetes.io/tls" } else { "Opaque" };
    object(target, "v1", "Secret", &secret.resource, &Marks::default(), json!({ "type": kind, "data": data }))
}

fn component(target: &Target, component: &Component) -> Object {
    let metadata: Vec<Json> = component
        .metadata
        .iter()
        .map(|(name, entry)| {
            let mut item = json!({ "name": name });
            match entry.get("secretKeyRef").filter(|reference| !reference.is_null()) {
                Some(reference) => item["secretKeyRef"] = reference.clone(),
                None => item["value"] = entry.get("value").cloned().unwrap_or_default(),
            }
            item
        })
        .collect();
    let spec = json!({ "type": component.kind, "version": component.version, "metadata": metadata });
    let mut members = json!({ "spec": spec });
    if !component.secret_store.is_empty() {
        members["auth"] = json!({ "secretStore": component.secret_store });
    }
    object(target, "dapr.io/v1alpha1", "Component", &component.resource, &Marks::default(), members)
}
