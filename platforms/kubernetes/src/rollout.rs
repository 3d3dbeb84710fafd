//! Whether what was applied works: read from conditions, pods and events.

use std::collections::BTreeMap;

use radii_runtime::platform::{Health, Observed};
use serde_json::Value as Json;

use crate::cluster::{Address, Cluster, Error, KindName};

/// Reasons for waiting that nobody has to wait out: they do not end by themselves.
const HOPELESS: [&str; 4] = ["CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"];
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const HASH: &str = "/metadata/labels/pod-template-hash";

/// Looks at an object as it stands.
///
/// # Errors
/// When the cluster does not answer.
pub async fn observe(cluster: &dyn Cluster, address: &Address) -> Result<Observed, Error> {
    let object = match cluster.get(address).await {
        Ok(Some(object)) => object,
        Ok(None) | Err(Error::NoSuchKind { .. }) => return Ok(seen(Health::Absent, "it is not there")),
        Err(error) => return Err(error),
    };
    if object.pointer("/metadata/deletionTimestamp").is_some() {
        return Ok(seen(Health::Progressing, "it is being deleted"));
    }
    match address.kind.kind.as_str() {
        "Deployment" => deployment(cluster, address, &object).await,
        "HTTPProxy" => Ok(proxy(&object)),
        "Gateway" => Ok(entrance(&object)),
        "HTTPRoute" | "TLSRoute" => Ok(route(&object)),
        "PersistentVolumeClaim" if object["status"]["phase"] == "Lost" => {
            Ok(seen(Health::Failed, "the volume of the claim is lost"))
        }
        _ => Ok(seen(Health::Ready, "it is there")),
    }
}

fn seen(health: Health, message: impl Into<String>) -> Observed {
    Observed { health, message: message.into(), endpoints: BTreeMap::new() }
}

fn condition<'a>(object: &'a Json, kind: &str) -> Option<&'a Json> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

async fn deployment(cluster: &dyn Cluster, address: &Address, object: &Json) -> Result<Observed, Error> {
    if object["status"]["observedGeneration"].as_i64() < object["metadata"]["generation"].as_i64() {
        return Ok(seen(Health::Progressing, "the controller has not seen it yet"));
    }
    let pods = current_pods(cluster, address, object).await?;
    if let Some(reason) = pods.iter().find_map(failure) {
        return Ok(seen(Health::Failed, reason));
    }
    let progress = condition(object, "Progressing");
    if progress.is_some_and(|progress| progress["reason"] == "ProgressDeadlineExceeded") {
        let why = explain_waiting(cluster, address, object, &pods).await;
        return Ok(seen(Health::Failed, format!("the rollout made no progress in time: {why}")));
    }
    let rolled_out =
        progress.is_some_and(|progress| progress["reason"] == "NewReplicaSetAvailable" && progress["status"] == "True");
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let updated = object["status"]["updatedReplicas"].as_i64().unwrap_or(0);
    if rolled_out && updated >= wanted && pods.iter().all(is_ready) {
        return Ok(seen(Health::Ready, format!("{wanted} of {wanted} pods are ready")));
    }
    Ok(seen(Health::Progressing, explain_waiting(cluster, address, object, &pods).await))
}

/// Returns the pods that the newest pod template made.
async fn current_pods(cluster: &dyn Cluster, address: &Address, object: &Json) -> Result<Vec<Json>, Error> {
    let labels = selector(object);
    let revision = object.pointer(REVISION);
    let sets = cluster.list(&KindName::new("apps", "ReplicaSet"), &address.namespace, &labels).await?;
    let owned = |set: &&Json| {
        set.pointer("/metadata/ownerReferences/0/name").is_some_and(|name| *name == address.name.as_str())
    };
    let current = sets.items.iter().filter(owned).find(|set| set.pointer(REVISION) == revision);
    let hash = current.and_then(|set| set.pointer(HASH)).cloned();
    let pods = cluster.list(&KindName::new("", "Pod"), &address.namespace, &labels).await?;
    let is_current = |pod: &Json| hash.is_some() && pod.pointer(HASH) == hash.as_ref();
    Ok(pods
        .items
        .into_iter()
        .filter(is_current)
        .filter(|pod| pod.pointer("/metadata/deletionTimestamp").is_none())
        .collect())
}

/// The selector of an object as the API takes it: `a=b,c=d`.
pub fn selector(object: &Json) -> String {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Json::as_object);
    let parts =
        labels.into_iter().flatten().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    parts.collect::<Vec<_>>().join(",")
}

fn is_ready(pod: &Json) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")
}

fn container_states(pod: &Json) -> impl Iterator<Item = (&'static str, &Json)> {
    let lists = [("initContainerStatuses", "Init container"), ("containerStatuses", "Container")];
    lists
        .into_iter()
        .flat_map(|(list, word)| pod["status"][list].as_array().into_iter().flatten().map(move |status| (word, status)))
}

/// Why a pod will not become ready by itself.
fn failure(pod: &Json) -> Option<String> {
    container_states(pod).find_map(|(word, status)| {
        let state = &status["state"];
        if let Some(waiting) = state.get("waiting") {
            let is_hopeless = HOPELESS.contains(&text(waiting, "reason"));
            return is_hopeless.then(|| say(word, "Waiting", waiting) + &last_end(status));
        }
        let terminated = state.get("terminated")?;
        let is_done = word == "Init container" && terminated["exitCode"] == 0;
        let code = match text(terminated, "message") {
            "" => format!("it ended with exit code {}", terminated["exitCode"]),
            _ => String::new(),
        };
        (!is_done).then(|| say(word, "Terminated", terminated) + &code)
    })
}

fn say(word: &str, state: &str, detail: &Json) -> String {
    format!("{word} state is '{state}' Reason: {}, Message: {}", text(detail, "reason"), text(detail, "message"))
}

/// How a container ended before it was started again: a back-off does not say why there is one.
fn last_end(status: &Json) -> String {
    let Some(ended) = status["lastState"].get("terminated") else { return String::new() };
    let words = match text(ended, "message").trim() {
        "" => String::new(),
        message => format!(": {message}"),
    };
    format!("; it ended with exit code {} ({}){words}", ended["exitCode"], text(ended, "reason"))
}

/// What a rollout waits for, as far as the cluster says.
async fn explain_waiting(cluster: &dyn Cluster, address: &Address, object: &Json, pods: &[Json]) -> String {
    if let Some(failed) = condition(object, "ReplicaFailure").filter(|failed| failed["status"] == "True") {
        return text(failed, "message").to_owned();
    }
    for pod in pods.iter().filter(|pod| !is_ready(pod)) {
        if let Some(scheduled) = condition(pod, "PodScheduled").filter(|scheduled| scheduled["status"] == "False") {
            return format!("{}: {}", text(scheduled, "reason"), text(scheduled, "message"));
        }
        let waiting = container_states(pod)
            .find_map(|(word, status)| Some(say(word, "Waiting", status["state"].get("waiting")?)));
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(warning) = newest_warning(cluster, &address.namespace, name).await {
            return waiting.map_or_else(|| warning.clone(), |waiting| format!("{waiting}; {warning}"));
        }
        if let Some(waiting) = waiting {
            return waiting;
        }
    }
    format!("{} of {} pods are ready", pods.iter().filter(|pod| is_ready(pod)).count(), object["spec"]["replicas"])
}

/// The newest warning about a pod.
async fn newest_warning(cluster: &dyn Cluster, namespace: &str, pod: &str) -> Option<String> {
    let events = cluster.list(&KindName::new("", "Event"), namespace, "").await.ok()?;
    let about = |event: &&Json| event["type"] == "Warning" && event["involvedObject"]["name"] == pod;
    let moment = |event: &&Json| {
        let times = ["lastTimestamp", "eventTime"].map(|name| text(event, name).to_owned());
        times.into_iter().find(|time| !time.is_empty()).unwrap_or_default()
    };
    let newest = events.items.iter().filter(about).max_by_key(moment)?;
    Some(format!("{}: {}", text(newest, "reason"), text(newest, "message")))
}

fn proxy(object: &Json) -> Observed {
    let status = &object["status"];
    match text(status, "currentStatus") {
        "valid" => seen(Health::Ready, "the proxy is valid"),
        "" | "NotReconciled" => {
            seen(Health::Progressing, "no controller has looked at the proxy yet: is Contour installed?")
        }
        "orphaned" => seen(Health::Progressing, "no root proxy includes it yet"),
        _ => seen(Health::Failed, proxy_failure(status)),
    }
}

/// Why a proxy is not valid: the errors of its conditions, a line each.
fn proxy_failure(status: &Json) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let errors: Vec<String> = conditions
        .flat_map(|condition| condition["errors"].as_array().into_iter().flatten())
        .map(|error| {
            format!(
                "Error - Type: {}, Status: {}, Reason: {}, Message: {}\n",
                text(error, "type"),
                text(error, "status"),
                text(error, "reason"),
                text(error, "message")
            )
        })
        .collect();
    if errors.is_empty() { text(status, "description").to_owned() } else { errors.concat() }
}

/// A Gateway works when its controller has programmed it.
fn entrance(object: &Json) -> Observed {
    let says = |kind: &str, status: &str| {
        condition(object, kind).filter(|condition| condition["status"] == status && is_current(object, condition))
    };
    if let Some(refused) = says("Accepted", "False") {
        return seen(Health::Failed, explain(refused));
    }
    match says("Programmed", "True") {
        Some(_) => seen(Health::Ready, "the Gateway is programmed"),
        None => match says("Programmed", "False") {
            Some(waiting) => seen(Health::Progressing, explain(waiting)),
            None => {
                let class = text(&object["spec"], "gatewayClassName");
                let message =
                    format!("no controller has looked at the Gateway yet: is one of the class `{class}` installed?");
                seen(Health::Progressing, message)
            }
        },
    }
}

/// A route works when every Gateway that it names has taken it and found its services.
fn route(object: &Json) -> Observed {
    let parents = object["status"]["parents"].as_array().map_or(&[][..], Vec::as_slice);
    let wanted = object["spec"]["parentRefs"].as_array().map_or(0, Vec::len);
    let conditions = |kind: &'static str| {
        parents.iter().filter_map(move |parent| {
            let conditions = parent["conditions"].as_array()?;
            conditions.iter().find(|condition| condition["type"] == kind && is_current(object, condition))
        })
    };
    for kind in ["Accepted", "ResolvedRefs"] {
        if let Some(refused) = conditions(kind).find(|condition| condition["status"] == "False") {
            return seen(Health::Failed, explain(refused));
        }
    }
    match conditions("Accepted").filter(|condition| condition["status"] == "True").count() >= wanted.max(1) {
        true => seen(Health::Ready, "the route is accepted"),
        false => seen(
            Health::Progressing,
            "no controller has looked at the route yet: is there the Gateway that it names, and a controller of its class?",
        ),
    }
}

/// Whether a condition is about the object as it is now.
fn is_current(object: &Json, condition: &Json) -> bool {
    condition["observedGeneration"].as_u64() >= object["metadata"]["generation"].as_u64()
        || condition.get("observedGeneration").is_none()
}

fn explain(condition: &Json) -> String {
    format!("{}: {}", text(condition, "reason"), text(condition, "message"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_that_is_held_back_tells_how_it_ended() {
        let pod = |last: Json| {
            let state = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s" } });
            json!({ "status": { "containerStatuses": [{ "name": "a", "state": state, "lastState": last }] } })
        };
        let held_back = "Container state is 'Waiting' Reason: CrashLoopBackOff, Message: back-off 10s";
        assert_eq!(failure(&pod(json!({}))).as_deref(), Some(held_back));
        let silent = json!({ "terminated": { "reason": "Error", "exitCode": 3 } });
        assert_eq!(failure(&pod(silent)), Some(format!("{held_back}; it ended with exit code 3 (Error)")));
        let ended = json!({ "terminated": { "reason": "Error", "exitCode": 3 } });
        let pod_that_ended = json!({ "status": { "containerStatuses": [{ "name": "a", "state": ended }] } });
        let told = "Container state is 'Terminated' Reason: Error, Message: it ended with exit code 3";
        assert_eq!(failure(&pod_that_ended).as_deref(), Some(told));
        let spoken =
            json!({ "terminated": { "reason": "StartError", "exitCode": 128, "message": "no such program\n" } });
        let told = format!("{held_back}; it ended with exit code 128 (StartError): no such program");
        assert_eq!(failure(&pod(spoken)), Some(told));
    }
}
