//! `runtimes.kubernetes.base`: the author's own manifests, which rendered objects are laid over.

use radii_runtime::Fault;
use radii_runtime::platform::{ComputeKind, Object, ObjectRef, Target, Workload};
use serde_json::{Map, Value as Json, json};

use crate::{known, patch};

/// Kinds whose object must be the container's own: at most one, under its name.
const OWN: [&str; 3] = ["Deployment", "Service", "ServiceAccount"];
/// Kinds that come along beside it.
const BESIDE: [&str; 2] = ["ConfigMap", "Secret"];

/// Lays the rendered objects of a workload over its base, and adds what the base brings along.
pub fn merge(target: &Target, workload: &Workload, objects: &mut Vec<Object>) -> Result<(), Fault> {
    let Some(text) = workload.punch_through.get("base").and_then(Json::as_str) else { return Ok(()) };
    let mut beside = Vec::new();
    for document in parse(text, &workload.resource.name)? {
        let kind = document["kind"].as_str().unwrap_or_default().to_owned();
        if BESIDE.contains(&kind.as_str()) {
            beside.push(alongside(target, &kind, document));
            continue;
        }
        match objects.iter_mut().find(|object| object.body["kind"] == kind.as_str()) {
            Some(object) => lay_over(object, document, workload)?,
            None => objects.push(alone(target, workload, &kind, document)),
        }
    }
    let before = objects.iter().position(|object| object.body["kind"] == "Deployment").unwrap_or(objects.len());
    objects.splice(before..before, beside);
    Ok(())
}

/// Reads a base's documents and checks that each may stand in it.
///
/// # Errors
/// 400 with one detail per document that may not, in the words of Radius.
pub fn parse(text: &str, resource: &str) -> Result<Vec<Json>, Fault> {
    const TARGET: &str = "$.properties.runtimes.kubernetes.base";
    const CODE: &str = "InvalidRequestContent";
    let documents: Vec<Json> = serde_saphyr::from_multiple(text).map_err(|error| {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default();
        Fault::new(400, CODE, format!("error converting YAML to JSON: yaml: {first}")).target(TARGET)
    })?;
    let documents: Vec<Json> = documents.into_iter().filter(|document| !document.is_null()).collect();
    let detail = |message: String| Fault::new(400, CODE, message).target(TARGET);
    let mut details = Vec::new();
    for kind in OWN {
        let of_kind: Vec<&Json> = documents.iter().filter(|document| document["kind"] == kind).collect();
        if of_kind.len() > 1 {
            let message = format!("only one {kind} is allowed, but the manifest includes {} resources.", of_kind.len());
            details.push(detail(message));
        }
        if let Some(first) = of_kind.first() {
            let name = first["metadata"]["name"].as_str().unwrap_or_default();
            if !name.eq_ignore_ascii_case(resource) {
                let message = format!("{kind} name {name} in manifest does not match resource name {resource}.");
                details.push(detail(message));
            }
        }
    }
    for document in &documents {
        let kind = document["kind"].as_str().unwrap_or_default();
        if !OWN.contains(&kind) && !BESIDE.contains(&kind) {
            let version = document["apiVersion"].as_str().unwrap_or_default();
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            details.push(detail(format!("{group}/{version}, Kind={kind} is not supported.")));
        }
        // What an API server would refuse, and Radius drops, is said before anything is made.
        if let Err(why) = known::check_manifest(document) {
            let name = document["metadata"]["name"].as_str().unwrap_or_default();
            details.push(detail(format!("{kind} {name}: {why}.")));
        }
        if let Some(namespace) = document["metadata"]["namespace"].as_str() {
            details.push(detail(format!("namespace is not allowed in resources: {namespace}.")));
        }
    }
    if details.is_empty() {
        return Ok(documents);
    }
    Err(Fault::new(400, CODE, "The manifest includes invalid resources.").target(TARGET).details(details))
}

/// Puts a rendered object over the author's: what we say wins, what only the author says stays.
fn lay_over(object: &mut Object, mut base: Json, workload: &Workload) -> Result<(), Fault> {
    if base["kind"] == "Deployment" {
        name_main_container(&mut base, workload);
        keep_order(&mut base, &object.body);
        // Without an author's number the base's stays.
        if let Some(number) = base["spec"]["replicas"].as_u64().filter(|_| workload.replicas.is_none()) {
            object.body["spec"]["replicas"] = json!(number);
        }
    }
    if base["kind"] == "Service" {
        complete_ports(&mut base);
        // The author chooses how the Service is published.
        if let Some(kind) = base["spec"].get("type").cloned() {
            object.body["spec"]["type"] = kind;
        }
    }
    let mut over = std::mem::replace(&mut object.body, base);
    if over["kind"] == "Service" {
        // Ports of a Service have another key than those of containers, so they are merged here.
        upsert_ports(&mut object.body, &over);
        if let Some(spec) = over["spec"].as_object_mut() {
            spec.shift_remove("ports");
        }
    }
    let ports = object.body.pointer("/spec/ports").cloned().filter(|_| over["kind"] == "Service");
    patch::lay_over(&mut object.body, &over).map_err(|message| {
        let message = format!("`runtimes.kubernetes.base` cannot be merged: {message}");
        Fault::bad_request(message).target(&workload.resource.id)
    })?;
    if let Some(ports) = ports {
        object.body["spec"]["ports"] = ports;
    }
    Ok(())
}

/// Checks what an author says for Kubernetes alone, before it is known where the container goes.
///
/// # Errors
/// 400 in the words of Radius.
pub fn check(resource: &str, punch_through: &Map<String, Json>) -> Result<(), Fault> {
    if let Some(text) = punch_through.get("base").and_then(Json::as_str) {
        parse(text, resource)?;
    }
    let target = "$.properties.runtimes.kubernetes.pod";
    let Some(pod) = punch_through.get("pod").filter(|pod| !pod.is_null()) else { return Ok(()) };
    let refuse = |why: String| {
        let message = format!("Invalid PodSpec for patching: {why}.");
        Err(Fault::new(400, "InvalidRequestContent", message).target(target))
    };
    let Some(members) = pod.as_object() else { return refuse("it must be an object".to_owned()) };
    for list in ["containers", "initContainers", "volumes", "tolerations", "imagePullSecrets"] {
        if members.get(list).is_some_and(|value| !value.is_array() && !value.is_null()) {
            return refuse(format!("`{list}` must be a list"));
        }
    }
    // What an API server would refuse, and Radius drops, is said before anything is made.
    known::check_pod(members).or_else(refuse)
}

/// Gives the author's main container the name of ours, whatever its casing.
fn name_main_container(base: &mut Json, workload: &Workload) {
    let Some(main) = workload.containers.iter().find(|container| !container.init) else { return };
    let name = main.name.to_lowercase();
    let containers = base.pointer_mut("/spec/template/spec/containers").and_then(Json::as_array_mut);
    for container in containers.into_iter().flatten() {
        if container["name"].as_str().is_some_and(|given| given.eq_ignore_ascii_case(&name)) {
            container["name"] = json!(name);
        }
    }
}

/// Adds our variables to the author's in their order, so that merging changes values only.
fn keep_order(base: &mut Json, over: &Json) {
    let containers = |object: &Json| object.pointer("/spec/template/spec/containers").cloned().unwrap_or_default();
    let ours = containers(over);
    let theirs = base.pointer_mut("/spec/template/spec/containers").and_then(Json::as_array_mut);
    for container in theirs.into_iter().flatten() {
        let own = ours.as_array().into_iter().flatten().find(|own| own["name"] == container["name"]);
        let Some(own) = own else { continue };
        for list in ["env", "ports", "volumeMounts"] {
            let key = match list {
                "env" => "name",
                "ports" => "containerPort",
                _ => "mountPath",
            };
            let more = own[list].as_array().cloned().unwrap_or_default();
            let Some(known) = container.get_mut(list).and_then(Json::as_array_mut) else { continue };
            for item in more {
                if !known.iter().any(|one| one[key] == item[key]) {
                    known.push(item);
                }
            }
        }
    }
}

fn complete_ports(base: &mut Json) {
    for port in base.pointer_mut("/spec/ports").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Json::Object(port) = port {
            port.entry("protocol").or_insert_with(|| json!("TCP"));
        }
    }
}

/// Ports of the two are one where name, port or target agree; the others stand side by side.
fn upsert_ports(base: &mut Json, over: &Json) {
    let ours = over.pointer("/spec/ports").and_then(Json::as_array).cloned().unwrap_or_default();
    let Some(theirs) = base.pointer_mut("/spec/ports").and_then(Json::as_array_mut) else { return };
    for port in ours {
        let same = |one: &&mut Json| ["name", "port", "targetPort"].iter().any(|member| one[*member] == port[*member]);
        match theirs.iter_mut().find(same) {
            Some(one) => *one = port,
            None => theirs.push(port),
        }
    }
}

/// An object of the base that comes along: a ConfigMap or Secret.
fn alongside(target: &Target, kind: &str, mut body: Json) -> Object {
    body["metadata"]["namespace"] = json!(target.namespace);
    let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    Object { reference: reference(target, kind, name), body }
}

/// An object of the base that we would not have made: a Service of a container without ports.
fn alone(target: &Target, workload: &Workload, kind: &str, mut body: Json) -> Object {
    let name = workload.resource.name.to_lowercase();
    body["metadata"]["name"] = json!(name);
    body["metadata"]["namespace"] = json!(target.namespace);
    let labels = crate::labels::of_resource(target, &workload.resource);
    if !body["metadata"]["labels"].is_object() {
        body["metadata"]["labels"] = Json::Object(Map::new());
    }
    if let Json::Object(own) = &mut body["metadata"]["labels"] {
        own.extend(labels);
    }
    complete_ports(&mut body);
    if let Some(spec) = body.get_mut("spec").and_then(Json::as_object_mut) {
        spec.insert("selector".to_owned(), Json::Object(crate::labels::selector(target, &workload.resource)));
    }
    Object { reference: reference(target, kind, name), body }
}

fn reference(target: &Target, kind: &str, name: String) -> ObjectRef {
    ObjectRef {
        platform: ComputeKind::Kubernetes,
        kind: format!("core/{kind}"),
        namespace: target.namespace.clone(),
        name,
        cluster: target.cluster().map(str::to_owned),
    }
}
