//! What happens beside the server: the cluster that it deploys to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use super::wire;
use crate::kubernetes::api::MERGE_PATCH;
use crate::kubernetes::cluster::{self, Cluster};

/// Operators that the cluster of the protocol's recordings lacked.
const OPERATORS: [&str; 3] = ["dapr.io", "projectcontour.io", "secrets-store.csi.x-k8s.io"];
/// Namespaces that it had.
const NAMESPACES: [&str; 8] =
    ["rec-r360", "rec-r360b", "rec-r361", "rec-r362", "rec-r363", "rec-r364", "rec-r364b", "rec-r364s"];
/// The namespace that upstream's control plane runs in; the recordings put objects there.
const SYSTEM: &str = "radius-system";
/// How long a real cluster may take to remove what was deleted.
const REMOVAL: Duration = Duration::from_secs(30);

/// The cluster beside a server.
pub struct Surroundings {
    backend: Backend,
}

enum Backend {
    /// The Kubernetes API of a cluster in memory, at `host:port`.
    Memory(String),
    /// A real one, which other scenarios use after this one.
    Real { cluster: Arc<Cluster>, lacks_definitions: AtomicBool },
}

/// Why something could not be done to the surroundings.
pub enum Trouble {
    /// What was found is not what was recorded.
    Different(Vec<String>),
    /// It cannot be played here.
    Unplayable(String),
}

impl Surroundings {
    /// Returns the cluster in memory behind `host:port`.
    pub fn at(authority: String) -> Self {
        Self { backend: Backend::Memory(authority) }
    }

    /// Returns a real cluster.
    pub fn on(cluster: Arc<Cluster>) -> Self {
        Self { backend: Backend::Real { cluster, lacks_definitions: AtomicBool::new(false) } }
    }

    /// Sends a request to the API server; returns status and body.
    fn call(&self, method: &str, path: &str, kind: &str, body: &Json) -> anyhow::Result<(u64, String)> {
        let body = Some(body).filter(|body| !body.is_null());
        match &self.backend {
            Backend::Memory(authority) => {
                let headers = if kind.is_empty() { vec![] } else { vec![("content-type".to_owned(), kind.to_owned())] };
                let bytes = body.map(|body| body.to_string().into_bytes());
                let answer = wire::send(authority, method, path, &headers, bytes.as_deref())?;
                Ok((answer.status.into(), answer.body))
            }
            Backend::Real { cluster, .. } => {
                let answer = cluster.api.send(method, path, kind, body)?;
                Ok((answer.status.into(), answer.body))
            }
        }
    }

    fn add_namespace(&self, name: &str) -> anyhow::Result<()> {
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
        self.call("POST", "/api/v1/namespaces", "application/json", &body).map(drop)
    }

    /// Makes the cluster what it was when the protocol was recorded: without the operators' definitions, and with
    /// the namespaces that the README of the recordings names.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn strip(&self) -> anyhow::Result<()> {
        for group in OPERATORS {
            self.remove_definitions(group)?;
        }
        for namespace in NAMESPACES {
            self.add_namespace(namespace)?;
        }
        Ok(())
    }

    fn remove_definitions(&self, group: &str) -> anyhow::Result<(u64, String)> {
        match &self.backend {
            Backend::Memory(_) => {
                let body = json!({ "group": group });
                self.call("POST", "/memory/removed-definitions", "application/json", &body)
            }
            Backend::Real { cluster, lacks_definitions } => {
                lacks_definitions.store(true, Ordering::Relaxed);
                cluster.remove_definitions(group)?;
                Ok((200, String::new()))
            }
        }
    }

    fn set_state(&self, prefix: &Json, state: &Json) -> anyhow::Result<(u64, String)> {
        match &self.backend {
            Backend::Memory(_) => {
                let body = json!({ "prefix": prefix, "state": state });
                self.call("POST", "/memory/states", "application/json", &body)
            }
            Backend::Real { cluster, .. } => {
                cluster.states.set(prefix.as_str().unwrap_or_default(), state.clone());
                Ok((200, String::new()))
            }
        }
    }

    /// Does one recorded action.
    pub fn play(&self, action: &Json) -> Result<(), Trouble> {
        let text = |name: &str| action[name].as_str().unwrap_or_default();
        let answered = match text("action") {
            "create" => self.create(text("path"), &action["object"]),
            "delete" => self.call("DELETE", text("path"), "", &Json::Null),
            "mergePatch" => self.call("PATCH", text("path"), MERGE_PATCH, &action["object"]),
            "podStatus" => self.set_state(&action["prefix"], &action["state"]),
            "removeCRD" => self.remove_definitions("dapr.io"),
            "stopApiServer" | "startApiServer" if matches!(self.backend, Backend::Memory(_)) => {
                let body = json!({ "down": action["action"] == "stopApiServer" });
                self.call("POST", "/memory/outage", "application/json", &body)
            }
            other => return Err(Trouble::Unplayable(format!("`{other}` cannot be played with this cluster"))),
        };
        let expected = action["status"].as_u64().unwrap_or(200);
        match answered {
            Ok((status, _)) if status == expected => Ok(()),
            Ok((status, body)) => {
                Err(Trouble::Different(vec![format!("the cluster answered {status} instead of {expected}: {body}")]))
            }
            Err(error) => Err(Trouble::Different(vec![format!("{error:#}")])),
        }
    }

    /// Creates an object; the namespace that the recorder knew is made where nobody has made it yet.
    fn create(&self, path: &str, object: &Json) -> anyhow::Result<(u64, String)> {
        let place = path.strip_prefix("/api/v1/namespaces/").and_then(|rest| rest.split_once('/'));
        if place.is_some_and(|(namespace, _)| namespace == SYSTEM) {
            self.add_namespace(SYSTEM)?;
        }
        self.call("POST", path, "application/json", object)
    }

    /// Returns the objects of a scenario, as the recorder shows them.
    pub fn objects(&self, number: u32) -> Result<Vec<Json>, String> {
        let all = match &self.backend {
            Backend::Memory(_) => self.call("GET", "/memory/objects", "", &Json::Null).and_then(|(_, body)| {
                let list: Json = serde_json::from_str(&body)?;
                Ok(list["items"].as_array().cloned().unwrap_or_default())
            }),
            Backend::Real { cluster, .. } => settled_objects(cluster, number),
        };
        let shown = all.map_err(|error| format!("{error:#}"))?.into_iter();
        let shown = shown.filter(|object| is_of(object, number) && object["metadata"].get("ownerReferences").is_none());
        Ok(shown.map(show).collect())
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        let Backend::Real { cluster, lacks_definitions } = &self.backend else { return };
        let restored = if lacks_definitions.load(Ordering::Relaxed) { cluster.restore() } else { Ok(()) };
        if let Err(error) = restored.and_then(|()| cluster.clear(|namespace| namespace == SYSTEM)) {
            eprintln!("the cluster is not as it was before the scenario: {error:#}");
        }
    }
}

/// Whether a namespace is one that a recorded scenario uses: `s101`, `s101-app`.
pub fn is_recorded(namespace: &str) -> bool {
    let number = namespace.strip_prefix('s').map(|rest| rest.split('-').next().unwrap_or_default());
    namespace == SYSTEM
        || number.is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether an object stands in a namespace of the scenario, or is that namespace.
fn is_of(object: &Json, number: u32) -> bool {
    let own = format!("s{number}");
    let metadata = &object["metadata"];
    let place = if object["kind"] == "Namespace" { &metadata["name"] } else { &metadata["namespace"] };
    let place = place.as_str().unwrap_or_default();
    place == own || place.strip_prefix(&own).is_some_and(|rest| rest.starts_with('-'))
}

/// The objects of a real cluster, once what was deleted in the scenario's namespaces is gone.
fn settled_objects(cluster: &Cluster, number: u32) -> anyhow::Result<Vec<Json>> {
    let patience = Instant::now() + REMOVAL;
    loop {
        let all = cluster::objects(&cluster.api)?;
        let goes = |object: &&Json| is_of(object, number) && object["metadata"].get("deletionTimestamp").is_some();
        if all.iter().find(goes).is_none() || Instant::now() > patience {
            return Ok(all);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// An object without what differs with every run.
fn show(mut object: Json) -> Json {
    if let Json::Object(members) = &mut object {
        members.shift_remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for name in ["managedFields", "uid", "resourceVersion", "creationTimestamp", "generation"] {
            metadata.shift_remove(name);
        }
        metadata.retain(|_, value| !value.as_object().is_some_and(Map::is_empty));
    }
    object
}

/// Kind, namespace and name.
pub fn name_of(object: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
}

/// Objects with their lists in one order, where the order means nothing; state and locks of Terraform left out, which
/// our server keeps itself.
pub fn sorted(objects: &[Json]) -> Vec<Json> {
    let is_state = |object: &Json| object["metadata"]["labels"]["tfstate"] == "true";
    // What the recorder put into the cluster itself is not listed.
    let is_listed = |object: &&Json| !is_state(object) && object["kind"] != "ResourceQuota";
    let mut objects: Vec<Json> = objects.iter().filter(is_listed).cloned().collect();
    objects.iter_mut().for_each(|object| sort(object, ""));
    objects.sort_by_key(name_of);
    objects
}

fn sort(value: &mut Json, name: &str) {
    match value {
        Json::Object(members) => members.iter_mut().for_each(|(name, value)| sort(value, name)),
        Json::Array(items) => {
            items.iter_mut().for_each(|item| sort(item, ""));
            if matches!(name, "ports" | "volumes" | "volumeMounts" | "verbs") {
                items.sort_by_key(|item| {
                    let part = |name: &str| item[name].to_string();
                    (part("containerPort"), part("name"), part("port"), item.as_str().map(str::to_owned))
                });
            }
        }
        _ => {}
    }
}
