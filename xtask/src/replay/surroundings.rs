//! What happens beside the server: the cluster that it deploys to.

use serde_json::{Map, Value as Json, json};

use super::wire;

/// Operators that the cluster of the protocol's recordings lacked.
const OPERATORS: [&str; 3] = ["dapr.io", "projectcontour.io", "secrets-store.csi.x-k8s.io"];
/// Namespaces that it had.
const NAMESPACES: [&str; 8] =
    ["rec-r360", "rec-r360b", "rec-r361", "rec-r362", "rec-r363", "rec-r364", "rec-r364b", "rec-r364s"];

/// The Kubernetes API of a cluster in memory.
pub struct Surroundings {
    authority: String,
}

/// Why something could not be done to the surroundings.
pub enum Trouble {
    /// What was found is not what was recorded.
    Different(Vec<String>),
    /// It cannot be played here.
    Unplayable(String),
}

impl Surroundings {
    /// Returns the cluster behind `host:port`.
    pub fn at(authority: String) -> Self {
        Self { authority }
    }

    fn add_namespace(&self, name: &str) -> anyhow::Result<()> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }).to_string();
        wire::send(&self.authority, "POST", "/api/v1/namespaces", &headers, Some(body.as_bytes()))?;
        Ok(())
    }

    /// Makes the cluster what it was when the protocol was recorded: without the operators' definitions, and with
    /// the namespaces that the README of the recordings names.
    ///
    /// # Errors
    /// When the cluster cannot be reached.
    pub fn strip(&self) -> anyhow::Result<()> {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        for group in OPERATORS {
            let body = json!({ "group": group }).to_string();
            wire::send(&self.authority, "POST", "/memory/removed-definitions", &headers, Some(body.as_bytes()))?;
        }
        for namespace in NAMESPACES {
            self.add_namespace(namespace)?;
        }
        Ok(())
    }

    /// Does one recorded action.
    pub fn play(&self, action: &Json) -> Result<(), Trouble> {
        let text = |name: &str| action[name].as_str().unwrap_or_default();
        let expected = action["status"].as_u64().unwrap_or(200);
        match text("action") {
            "create" => self.send("POST", text("path"), "application/json", &action["object"], expected),
            "delete" => self.send("DELETE", text("path"), "", &Json::Null, expected),
            "mergePatch" => {
                self.send("PATCH", text("path"), "application/merge-patch+json", &action["object"], expected)
            }
            "podStatus" => {
                let body = json!({ "prefix": action["prefix"], "state": action["state"] });
                self.send("POST", "/memory/states", "application/json", &body, 200)
            }
            "removeCRD" => {
                let body = json!({ "group": "dapr.io" });
                self.send("POST", "/memory/removed-definitions", "application/json", &body, 200)
            }
            "stopApiServer" | "startApiServer" => {
                let body = json!({ "down": action["action"] == "stopApiServer" });
                self.send("POST", "/memory/outage", "application/json", &body, 200)
            }
            other => Err(Trouble::Unplayable(format!("`{other}` cannot be played with a cluster in memory"))),
        }
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &Json, expected: u64) -> Result<(), Trouble> {
        let headers = if kind.is_empty() { vec![] } else { vec![("content-type".to_owned(), kind.to_owned())] };
        let bytes = if body.is_null() { None } else { Some(body.to_string().into_bytes()) };
        // A namespace that the recorder knew is made where nobody has made it yet.
        let made = path.strip_prefix("/api/v1/namespaces/").filter(|_| method == "POST").and_then(|rest| {
            let (namespace, _) = rest.split_once('/')?;
            Some(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }))
        });
        if let Some(namespace) = made.filter(|namespace| namespace["metadata"]["name"] == "radius-system") {
            let bytes = namespace.to_string().into_bytes();
            let headers = [("content-type".to_owned(), "application/json".to_owned())];
            // It may be there already.
            let _ = wire::send(&self.authority, "POST", "/api/v1/namespaces", &headers, Some(&bytes));
        }
        match wire::send(&self.authority, method, path, &headers, bytes.as_deref()) {
            Ok(answer) if u64::from(answer.status) == expected => Ok(()),
            Ok(answer) => {
                let shown = format!("the cluster answered {} instead of {expected}: {}", answer.status, answer.body);
                Err(Trouble::Different(vec![shown]))
            }
            Err(error) => Err(Trouble::Different(vec![format!("{error:#}")])),
        }
    }

    /// Returns the objects of a scenario, as the recorder shows them.
    pub fn objects(&self, number: u32) -> Result<Vec<Json>, String> {
        let answer = wire::send(&self.authority, "GET", "/memory/objects", &[], None);
        let answer = answer.map_err(|error| format!("{error:#}"))?;
        let list: Json = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
        let own = format!("s{number}");
        let is_own = |name: &str| name == own || name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('-'));
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let shown = items.into_iter().filter(|object| {
            let metadata = &object["metadata"];
            let place = if object["kind"] == "Namespace" { &metadata["name"] } else { &metadata["namespace"] };
            is_own(place.as_str().unwrap_or_default()) && metadata.get("ownerReferences").is_none()
        });
        Ok(shown.map(show).collect())
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
