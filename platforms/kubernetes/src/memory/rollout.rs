//! What controllers and a scheduler would do: ReplicaSets and pods of Deployments, and their status.

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::fields::object;
use super::{Entry, State};
use crate::cluster::{Address, KindName};

const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";
const CONTROLLER: &str = "kube-controller-manager";

/// Brings pods and status of every Deployment, and the status of everything that gateways are made of, up to what is
/// wanted.
pub fn settle(state: &mut State) {
    for address in state.addresses(&KindName::new("apps", "Deployment")) {
        roll_out(state, &address);
    }
    for address in state.addresses(&KindName::new("projectcontour.io", "HTTPProxy")) {
        check_proxy(state, &address);
    }
    for kind in ["Gateway", "HTTPRoute", "TLSRoute"] {
        for address in state.addresses(&KindName::new("gateway.networking.k8s.io", kind)) {
            accept(state, &address);
        }
    }
}

fn roll_out(state: &mut State, address: &Address) {
    let Some(entry) = state.objects.get_mut(address) else { return };
    let revision = revise(entry);
    let deployment = entry.body.clone();
    let hash = hash_of(&deployment["spec"]["template"]);
    let set = format!("{}-{hash}", address.name);
    let wanted = usize::try_from(deployment["spec"]["replicas"].as_u64().unwrap_or(1)).unwrap_or(usize::MAX).min(100);
    make_replica_set(state, address, &set, &hash, &revision, &deployment);
    let account = deployment["spec"]["template"]["spec"]["serviceAccountName"].as_str().unwrap_or("default").to_owned();
    let accounts = KindName::new("", "ServiceAccount");
    let has_account =
        account == "default" || state.objects.contains_key(&Address::new(accounts, &address.namespace, &account));
    let names: Vec<String> = match has_account {
        true => (0..wanted).map(|number| format!("{set}-{number}")).collect(),
        false => Vec::new(),
    };
    keep_pods(state, address, &set, &names, &hash, &deployment);
    let ready = names.iter().filter(|name| is_ready(state, &address.namespace, name)).count();
    let refusal = (!has_account).then(|| {
        format!(
            "pods \"{set}-\" is forbidden: error looking up service account {}/{account}: serviceaccount \"{account}\" not found",
            address.namespace
        )
    });
    if let Some(entry) = state.objects.get_mut(address) {
        let generation = entry.body["metadata"]["generation"].clone();
        entry.body["status"] = status(&generation, wanted, names.len(), ready, &set, refusal.as_deref());
    }
}

/// Counts a changed pod template as a new revision; returns the revision.
fn revise(entry: &mut Entry) -> String {
    let hash = hash_of(&entry.body["spec"]["template"]);
    let before = entry.template.replace(hash.clone());
    if before.as_ref() != Some(&hash) {
        entry.revision += 1;
    }
    let revision = entry.revision.to_string();
    let annotations = object(&mut entry.body["metadata"]["annotations"]);
    annotations.insert(REVISION.to_owned(), revision.clone().into());
    let path = vec![".metadata".to_owned(), ".annotations".to_owned(), format!(".{REVISION}")];
    entry.owners.own(CONTROLLER, path);
    revision
}

fn hash_of(template: &Json) -> String {
    Sha256::digest(template.to_string()).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

fn owner(kind: &str, name: &str) -> Json {
    json!([{ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": format!("{kind}-{name}"), "controller": true }])
}

fn make_replica_set(state: &mut State, of: &Address, set: &str, hash: &str, revision: &str, deployment: &Json) {
    let mut labels = deployment["spec"]["template"]["metadata"]["labels"].clone();
    object(&mut labels).insert(HASH.to_owned(), hash.into());
    let body = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": set,
            "namespace": of.namespace,
            "labels": labels,
            "annotations": { REVISION: revision },
            "ownerReferences": owner("Deployment", &of.name),
        },
        "spec": { "replicas": deployment["spec"]["replicas"], "template": deployment["spec"]["template"] },
    });
    state.keep(Address::new(KindName::new("apps", "ReplicaSet"), &of.namespace, set), body);
}

/// Keeps exactly the pods with the given names among those of a Deployment.
fn keep_pods(state: &mut State, of: &Address, set: &str, names: &[String], hash: &str, deployment: &Json) {
    let pods = KindName::new("", "Pod");
    let prefix = format!("{}-", of.name);
    let stale: Vec<Address> = state
        .objects
        .iter()
        .filter(|(address, entry)| {
            address.kind == pods
                && address.namespace == of.namespace
                && entry.body.pointer("/metadata/ownerReferences/0/name").and_then(Json::as_str).is_some_and(|owner| {
                    owner.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('-'))
                        && !names.contains(&address.name)
                })
        })
        .map(|(address, _)| address.clone())
        .collect();
    for address in stale {
        state.objects.remove(&address);
    }
    let template = &deployment["spec"]["template"];
    for name in names {
        let mut labels = template["metadata"]["labels"].clone();
        object(&mut labels).insert(HASH.to_owned(), hash.into());
        let containers = template["spec"]["containers"].as_array().cloned().unwrap_or_default();
        let body = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": of.namespace,
                "labels": labels,
                "annotations": template["metadata"]["annotations"],
                "ownerReferences": owner("ReplicaSet", set),
            },
            "spec": template["spec"],
            "status": pod_status(state.state_of(name), &containers),
        });
        state.keep(Address::new(pods.clone(), &of.namespace, name), body);
    }
}

fn pod_status(given: Option<&Json>, containers: &[Json]) -> Json {
    let ready = given.is_none();
    let running = json!({ "running": {} });
    let state = given.unwrap_or(&running);
    let one = |container: &Json| json!({ "name": container["name"], "ready": ready, "restartCount": 0, "image": container["image"], "state": state });
    let condition = |kind: &str| json!({ "type": kind, "status": if ready { "True" } else { "False" } });
    json!({
        "phase": if ready { "Running" } else { "Pending" },
        "conditions": [condition("Ready"), condition("ContainersReady")],
        "containerStatuses": containers.iter().map(one).collect::<Vec<_>>(),
    })
}

fn is_ready(state: &State, namespace: &str, pod: &str) -> bool {
    let address = Address::new(KindName::new("", "Pod"), namespace, pod);
    state.objects.get(&address).is_some_and(|entry| entry.body["status"]["phase"] == "Running")
}

fn status(generation: &Json, wanted: usize, made: usize, ready: usize, set: &str, refusal: Option<&str>) -> Json {
    let all = ready >= wanted;
    let condition = |kind: &str, status: &str, reason: &str, message: String| json!({ "type": kind, "status": status, "reason": reason, "message": message });
    let mut conditions = vec![
        match all {
            true => condition(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.".into(),
            ),
            false => condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.".into(),
            ),
        },
        match all {
            true => condition(
                "Progressing",
                "True",
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{set}\" has successfully progressed."),
            ),
            false => {
                condition("Progressing", "True", "ReplicaSetUpdated", format!("ReplicaSet \"{set}\" is progressing."))
            }
        },
    ];
    if let Some(refusal) = refusal {
        conditions.push(condition("ReplicaFailure", "True", "FailedCreate", refusal.to_owned()));
    }
    json!({
        "observedGeneration": generation,
        "replicas": made,
        "updatedReplicas": made,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": wanted.saturating_sub(ready),
        "conditions": conditions,
    })
}

fn check_proxy(state: &mut State, address: &Address) {
    let given = state.state_of(&address.name).and_then(|state| state.get("proxy")).cloned();
    let Some(entry) = state.objects.get_mut(address) else { return };
    entry.body["status"] = given.unwrap_or_else(|| {
        json!({
            "currentStatus": "valid",
            "description": "Valid HTTPProxy",
            "conditions": [{ "type": "Valid", "status": "True", "reason": "Valid", "message": "Valid HTTPProxy" }],
        })
    });
}

/// Takes a Gateway or a route of the Gateway API, unless the cluster's owner says how it is.
fn accept(state: &mut State, address: &Address) {
    let given = state.state_of(&address.name).and_then(|state| state.get("gateway")).cloned();
    let Some(entry) = state.objects.get_mut(address) else { return };
    let condition = |kind: &str| json!({ "type": kind, "status": "True", "reason": kind, "message": "" });
    entry.body["status"] = given.unwrap_or_else(|| match address.kind.kind.as_str() {
        "Gateway" => json!({ "conditions": [condition("Accepted"), condition("Programmed")] }),
        _ => {
            let parents = entry.body["spec"]["parentRefs"].as_array().cloned().unwrap_or_default();
            let taken = |parent: &Json| json!({ "parentRef": parent, "conditions": [condition("Accepted"), condition("ResolvedRefs")] });
            json!({ "parents": parents.iter().map(taken).collect::<Vec<_>>() })
        }
    });
}
