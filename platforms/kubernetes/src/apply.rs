//! How one object is applied, whatever stands in its way.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use radii_runtime::platform::Object;

use crate::cluster::{Address, Cluster, Error, KindName, Ownership};

/// How long a namespace that is being deleted is waited for.
const ENDING: Duration = Duration::from_secs(120);
/// How often it is looked at when nothing announces a change.
const LOOK: Duration = Duration::from_secs(2);
/// How often an apply that met another writer is tried.
const TRIES: usize = 5;

/// Applies one object and returns it as it stands then; a namespace that went meanwhile is made again, and probes that go are taken out first.
///
/// # Errors
/// What the API server refuses.
pub async fn put(cluster: &dyn Cluster, object: &Object, ownership: Ownership) -> Result<Json, Error> {
    let mut body = object.body.clone();
    let mut tried = 0;
    loop {
        tried += 1;
        keep_scaled(cluster, object, &mut body).await;
        match cluster.apply(&body, ownership).await {
            Ok(applied) => return Ok(applied),
            Err(error) if tried >= TRIES => return Err(error),
            Err(error) if is_missing_namespace(&error) => {
                make_namespace(cluster, &object.reference.namespace, Marked::Ours).await?;
            }
            Err(error) if is_ending_namespace(&error) => {
                wait_for_end(cluster, &object.reference.namespace).await?;
                make_namespace(cluster, &object.reference.namespace, Marked::Ours).await?;
            }
            Err(Error::Refused { status: 422, .. }) if drop_probes(cluster, object).await => {}
            // Somebody wrote between the API server's reading and writing; that is no conflict of owners.
            Err(Error::Conflict { message }) if message.contains("the object has been modified") => {}
            // A scaler changed its number between our reading and writing.
            Err(Error::Conflict { message }) if is_scaled(object, &body) && message.contains(".spec.replicas") => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns the object as it stands and as applying would leave it, and changes nothing.
///
/// # Errors
/// What the API server refuses.
pub async fn rehearse(
    cluster: &dyn Cluster,
    object: &Object,
    ownership: Ownership,
) -> Result<(Option<Json>, Json), Error> {
    let mut body = object.body.clone();
    keep_scaled(cluster, object, &mut body).await;
    let before = cluster.get(&Address::of_reference(&object.reference)).await?;
    Ok((before, cluster.rehearse(&body, ownership).await?))
}

/// Whether a number of replicas was filled in that is a scaler's.
fn is_scaled(object: &Object, body: &Json) -> bool {
    object.body["spec"].get("replicas").is_none() && body["spec"].get("replicas").is_some()
}

/// Fills in the number of replicas that a scaler has chosen: a field that we do not say any more would fall back
/// to one.
async fn keep_scaled(cluster: &dyn Cluster, object: &Object, body: &mut Json) {
    if object.body["kind"] != "Deployment" || object.body["spec"].get("replicas").is_some() {
        return;
    }
    let address = Address::of_reference(&object.reference);
    for (group, kind) in [("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject")] {
        let scaler = Address::new(KindName::new(group, kind), &address.namespace, &address.name);
        // Who may not read scalers has none.
        let Ok(Some(_)) = cluster.get(&scaler).await else { continue };
        if let Ok(Some(live)) = cluster.get(&address).await {
            body["spec"]["replicas"] = live["spec"]["replicas"].clone();
        }
        return;
    }
}

/// Whether a namespace bears the mark that Radii made it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// It does.
    Ours,
    /// It does not, and one that is there stays as it is.
    Not,
}

/// Makes a namespace where there is none.
///
/// # Errors
/// What the API server refuses, but for a mark that is somebody else's.
pub async fn make_namespace(cluster: &dyn Cluster, name: &str, marked: Marked) -> Result<(), Error> {
    let mut body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    if marked == Marked::Ours {
        body["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "radius-rp" });
    } else if cluster.get(&namespace(name)).await?.is_some() {
        return Ok(());
    }
    match cluster.apply(&body, Ownership::Respect).await {
        // Somebody marked it otherwise: it is there, and theirs.
        Err(Error::Conflict { .. }) => Ok(()),
        result => result.map(drop),
    }
}

fn namespace(name: &str) -> Address {
    Address::new(KindName::new("", "Namespace"), "", name)
}

fn is_missing_namespace(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 404, message, .. } if message.starts_with("namespaces "))
}

fn is_ending_namespace(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 403, message, .. } if message.contains("because it is being terminated"))
}

/// Waits until a namespace that is being deleted is gone.
async fn wait_for_end(cluster: &dyn Cluster, name: &str) -> Result<(), Error> {
    let kind = KindName::new("", "Namespace");
    let patience = Instant::now() + ENDING;
    while Instant::now() < patience {
        let version = cluster.list(&kind, "", "").await?.version;
        match cluster.get(&namespace(name)).await? {
            Some(found) if found.pointer("/metadata/deletionTimestamp").is_some() => {}
            _ => return Ok(()),
        }
        cluster.changed(&kind, "", "", &version, LOOK).await;
    }
    let message = format!("namespace `{name}` is still being deleted after {} s", ENDING.as_secs());
    Err(Error::Refused { status: 409, reason: "Terminating".to_owned(), message })
}

/// Removes probes that are no longer wanted: what an API server filled into them has no owner, stays behind
/// when ours goes, and is invalid alone. Returns whether there were any.
async fn drop_probes(cluster: &dyn Cluster, object: &Object) -> bool {
    let address = Address::of_reference(&object.reference);
    let Ok(Some(live)) = cluster.get(&address).await else { return false };
    let containers = |object: &Json| {
        object.pointer("/spec/template/spec/containers").and_then(Json::as_array).cloned().unwrap_or_default()
    };
    let mut patches = Vec::new();
    for wanted in containers(&object.body) {
        let Some(old) = containers(&live).into_iter().find(|old| old["name"] == wanted["name"]) else { continue };
        let mut patch = json!({ "name": wanted["name"] });
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let is_other_kind = ["httpGet", "tcpSocket", "exec", "grpc"]
                .iter()
                .any(|kind| old[probe].get(kind).is_some() && wanted[probe].get(kind).is_none());
            if old.get(probe).is_some() && (wanted.get(probe).is_none() || is_other_kind) {
                patch[probe] = Json::Null;
            }
        }
        if patch.as_object().is_some_and(|patch| patch.len() > 1) {
            patches.push(patch);
        }
    }
    if patches.is_empty() {
        return false;
    }
    let patch = json!({ "spec": { "template": { "spec": { "containers": patches } } } });
    cluster.patch(&address, &patch).await.is_ok()
}
