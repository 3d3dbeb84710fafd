//! Nodes that are not there: pods are called running, proxies valid and Gateways programmed, as nodes and controllers would.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::api::{Api, MERGE_PATCH};

/// How often pods are looked after.
const PACE: Duration = Duration::from_millis(60);
const NODE: &str = "/api/v1/nodes/stand-in";

/// The states that pods and proxies with certain names are in; all others are well.
#[derive(Clone, Default)]
pub struct States {
    by_prefix: Arc<Mutex<Vec<(String, Json)>>>,
}

impl States {
    /// Puts every pod and proxy whose name begins with `prefix` into a state; null makes them well again.
    pub fn set(&self, prefix: &str, state: Json) {
        let mut states = self.by_prefix.lock().expect("no holder of the lock panics");
        states.retain(|(other, _)| other != prefix);
        if !state.is_null() {
            states.push((prefix.to_owned(), state));
        }
    }

    fn of(&self, name: &str) -> Option<Json> {
        let states = self.by_prefix.lock().expect("no holder of the lock panics");
        states.iter().rev().find(|(prefix, _)| name.starts_with(prefix.as_str())).map(|(_, state)| state.clone())
    }
}

/// Looks after pods and proxies until `ended` says so.
pub fn run(api: &Api, states: &States, ended: &AtomicBool) {
    // Without a scheduler pods run all the same; with one they need somewhere to be put.
    let _ = add_node(api);
    while !ended.load(Ordering::Relaxed) {
        // An API server that is away comes back, or the run ends.
        let _ = look_after_pods(api, states);
        let _ = look_after_proxies(api, states);
        let _ = look_after_entrances(api, states);
        std::thread::sleep(PACE);
    }
}

fn add_node(api: &Api) -> anyhow::Result<()> {
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "stand-in" } });
    api.send("POST", "/api/v1/nodes", "application/json", Some(&node))?;
    let room = json!({ "cpu": "1000", "memory": "1000Gi", "pods": "10000", "ephemeral-storage": "1000Gi" });
    let ready = json!({ "type": "Ready", "status": "True", "reason": "KubeletReady" });
    let status = json!({ "status": { "capacity": room, "allocatable": room, "conditions": [ready] } });
    api.write("PATCH", &format!("{NODE}/status"), MERGE_PATCH, &status)?;
    api.write("PATCH", NODE, MERGE_PATCH, &json!({ "spec": { "taints": [] } }))?;
    Ok(())
}

fn look_after_pods(api: &Api, states: &States) -> anyhow::Result<()> {
    let pods = api.get("/api/v1/pods")?;
    for pod in pods["items"].as_array().into_iter().flatten() {
        let text = |pointer: &str| pod.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
        let path = format!("/api/v1/namespaces/{}/pods/{}", text("/metadata/namespace"), text("/metadata/name"));
        if pod.pointer("/metadata/deletionTimestamp").is_some() {
            let now = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": pod["metadata"]["uid"] } });
            api.send("DELETE", &path, "application/json", Some(&now))?;
            continue;
        }
        let wanted = pod_status(pod, states.of(&text("/metadata/name")).as_ref());
        if !agrees(&pod["status"], &wanted) {
            let patch = json!({ "status": wanted });
            api.send("PATCH", &format!("{path}/status"), MERGE_PATCH, Some(&patch))?;
        }
    }
    Ok(())
}

/// What a node says of a pod in a state; without one all its containers run.
fn pod_status(pod: &Json, state: Option<&Json>) -> Json {
    let well = json!({ "running": { "startedAt": "2024-01-01T00:00:00Z" } });
    let unschedulable = state.filter(|state| state.get("unschedulable").is_some());
    let condition = |kind: &str, holds: bool| json!({ "type": kind, "status": if holds { "True" } else { "False" }, "lastTransitionTime": "2024-01-01T00:00:00Z" });
    if let Some(state) = unschedulable {
        let mut scheduled = condition("PodScheduled", false);
        scheduled["reason"] = json!("Unschedulable");
        scheduled["message"] = state["unschedulable"].clone();
        return json!({ "phase": "Pending", "conditions": [scheduled], "containerStatuses": null });
    }
    let statuses = |list: &str, state: &Json, ready: bool| -> Json {
        let containers = pod["spec"][list].as_array().cloned().unwrap_or_default();
        let one = |container: &Json| {
            json!({
                "name": container["name"], "image": container["image"], "imageID": "", "ready": ready,
                "restartCount": 0, "started": ready, "state": state,
            })
        };
        containers.iter().map(one).collect()
    };
    let is_well = state.is_none();
    let conditions = [("Initialized", true), ("Ready", is_well), ("ContainersReady", is_well), ("PodScheduled", true)]
        .map(|(kind, holds)| condition(kind, holds));
    let done = json!({ "terminated": { "exitCode": 0, "reason": "Completed", "startedAt": null, "finishedAt": null } });
    let mut status = json!({
        "phase": if is_well { "Running" } else { "Pending" },
        "conditions": conditions,
        "containerStatuses": statuses("containers", state.unwrap_or(&well), is_well),
    });
    if pod["spec"]["initContainers"].is_array() {
        status["initContainerStatuses"] = statuses("initContainers", &done, true);
    }
    status
}

/// Whether a status says what is wanted, as far as rollouts look at it.
fn agrees(current: &Json, wanted: &Json) -> bool {
    let gist = |status: &Json| {
        let of = |list: &str, members: &[&str]| -> Vec<String> {
            let items = status[list].as_array().cloned().unwrap_or_default();
            let mut items: Vec<String> = items
                .iter()
                .map(|item| members.iter().map(|member| item[*member].to_string()).collect::<Vec<_>>().join(" "))
                .collect();
            items.sort();
            items
        };
        let states = status["containerStatuses"].as_array().cloned().unwrap_or_default();
        let reasons: Vec<Json> = states
            .iter()
            .map(|status| {
                let state = &status["state"];
                let kind = ["waiting", "terminated", "running"].into_iter().find(|kind| !state[*kind].is_null());
                json!([kind, kind.map(|kind| state[kind]["reason"].clone())])
            })
            .collect();
        json!([
            status["phase"],
            of("conditions", &["type", "status"]),
            of("containerStatuses", &["name", "image", "ready"]),
            reasons
        ])
    };
    gist(current) == gist(wanted)
}

fn look_after_proxies(api: &Api, states: &States) -> anyhow::Result<()> {
    let answer = api.send("GET", "/apis/projectcontour.io/v1/httpproxies", "", None)?;
    for proxy in answer.json()["items"].as_array().into_iter().flatten() {
        let text = |name: &str| proxy["metadata"][name].as_str().unwrap_or_default();
        let state = states.of(text("name")).and_then(|state| state.get("proxy").cloned());
        let valid = json!({ "currentStatus": "valid", "description": "Valid HTTPProxy" });
        let mut wanted = state.unwrap_or(valid);
        if proxy["status"]["currentStatus"] == wanted["currentStatus"] {
            continue;
        }
        if wanted.get("conditions").is_none() {
            wanted["conditions"] = Json::Null;
        }
        complete_conditions(&mut wanted);
        let path =
            format!("/apis/projectcontour.io/v1/namespaces/{}/httpproxies/{}/status", text("namespace"), text("name"));
        api.send("PATCH", &path, MERGE_PATCH, Some(&json!({ "status": wanted })))?;
    }
    Ok(())
}

/// Takes Gateways and routes of the Gateway API, unless a check says how they are.
fn look_after_entrances(api: &Api, states: &States) -> anyhow::Result<()> {
    let accepted = |kind: &str| json!({ "type": kind, "status": "True" });
    for plural in ["gateways", "httproutes", "tlsroutes"] {
        let answer = api.send("GET", &format!("/apis/gateway.networking.k8s.io/v1/{plural}"), "", None)?;
        for object in answer.json()["items"].as_array().into_iter().flatten() {
            let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
            let given = states.of(text("name")).and_then(|state| state.get("gateway").cloned()).unwrap_or(json!({}));
            let usual = if plural == "gateways" { ["Accepted", "Programmed"] } else { ["Accepted", "ResolvedRefs"] };
            let conditions = given.get("conditions").cloned().unwrap_or_else(|| json!(usual.map(accepted)));
            let mut wanted = json!({ "conditions": conditions });
            complete_conditions(&mut wanted);
            if plural == "gateways" {
                wanted["addresses"] = given["addresses"].clone();
            } else {
                let parents = object["spec"]["parentRefs"].as_array().cloned().unwrap_or_default();
                let taken = |parent: &Json| json!({ "controllerName": "example.com/radii", "parentRef": parent, "conditions": wanted["conditions"] });
                wanted = json!({ "parents": parents.iter().map(taken).collect::<Vec<_>>() });
            }
            let said = |status: &Json| json!([status["conditions"], status["addresses"], status["parents"]]);
            if said(&object["status"]) == said(&wanted) {
                continue;
            }
            let path = format!(
                "/apis/gateway.networking.k8s.io/v1/namespaces/{}/{plural}/{}/status",
                text("namespace"),
                text("name")
            );
            api.send("PATCH", &path, MERGE_PATCH, Some(&json!({ "status": wanted })))?;
        }
    }
    Ok(())
}

/// Conditions have a moment since which they hold.
fn complete_conditions(status: &mut Json) {
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        if let Json::Object(members) = condition {
            members.entry("lastTransitionTime").or_insert_with(|| json!("2024-01-01T00:00:00Z"));
            // API servers built from Debian's sources take no empty texts in objects of definitions.
            for (name, default) in [("reason", "Unknown"), ("message", "said by the stand-in")] {
                members.entry(name).or_insert_with(|| json!(default));
            }
        }
    }
}
