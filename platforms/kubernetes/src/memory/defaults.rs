//! What an API server fills in: the fields that stored objects show although nobody gave them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::fields::object;

/// Fills in what the API server fills in for the kind of `body`; `number` makes addresses differ.
pub fn fill(body: &mut Json, number: u64) {
    match body["kind"].as_str().unwrap_or_default() {
        "Namespace" => set(&mut body["spec"], "finalizers", json!(["kubernetes"])),
        "Secret" => secret(body),
        "Service" => service(&mut body["spec"], number),
        "Deployment" => deployment(&mut body["spec"]),
        "RoleBinding" => role_binding(body),
        _ => {}
    }
}

fn set(value: &mut Json, name: &str, default: Json) {
    object(value).entry(name).or_insert(default);
}

fn secret(body: &mut Json) {
    let given = object(body).shift_remove("stringData");
    for (name, value) in given.as_ref().and_then(Json::as_object).into_iter().flatten() {
        let value = STANDARD.encode(value.as_str().unwrap_or_default());
        object(&mut body["data"]).insert(name.clone(), value.into());
    }
    if body["data"].is_null() {
        object(body).shift_remove("data");
    }
    set(body, "type", json!("Opaque"));
}

fn role_binding(body: &mut Json) {
    set(&mut body["roleRef"], "apiGroup", json!("rbac.authorization.k8s.io"));
}

fn service(spec: &mut Json, number: u64) {
    set(spec, "type", json!("ClusterIP"));
    set(spec, "sessionAffinity", json!("None"));
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        let address = format!("10.96.{}.{}", number / 250 % 250, number % 250 + 1);
        set(spec, "clusterIP", json!(address));
        let address = spec["clusterIP"].clone();
        set(spec, "clusterIPs", json!([address]));
    }
    let is_published = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    if is_published {
        set(spec, "externalTrafficPolicy", json!("Cluster"));
    }
    for (at, port) in (0_u64..).zip(spec["ports"].as_array_mut().into_iter().flatten()) {
        set(port, "protocol", json!("TCP"));
        let number_of_port = port["port"].clone();
        set(port, "targetPort", number_of_port);
        if is_published {
            set(port, "nodePort", json!(30000 + (number * 7 + at) % 2768));
        }
    }
}

fn deployment(spec: &mut Json) {
    set(spec, "replicas", json!(1));
    set(spec, "revisionHistoryLimit", json!(10));
    set(spec, "progressDeadlineSeconds", json!(600));
    set(spec, "strategy", json!({ "type": "RollingUpdate" }));
    if spec["strategy"]["type"] == "RollingUpdate" {
        let rolling = json!({ "maxUnavailable": "25%", "maxSurge": "25%" });
        set(&mut spec["strategy"], "rollingUpdate", rolling);
    }
    set(&mut spec["template"]["metadata"], "creationTimestamp", Json::Null);
    pod(&mut spec["template"]["spec"]);
}

/// The members of a pod's specification; an API server drops all others.
#[rustfmt::skip]
const POD: [&str; 42] = [
    "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy",
    "enableServiceLinks", "ephemeralContainers", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers",
    "hostname", "hostnameOverride", "imagePullSecrets", "initContainers", "nodeName", "nodeSelector", "os",
    "overhead", "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "resourceClaims",
    "resources", "restartPolicy", "runtimeClassName", "schedulerName", "schedulingGates", "schedulingGroup",
    "securityContext", "serviceAccount", "serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace",
    "subdomain", "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "volumes",
];

fn pod(spec: &mut Json) {
    object(spec).retain(|name, _| POD.contains(&name.as_str()));
    for (name, default) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
    ] {
        set(spec, name, default);
    }
    if let Some(account) = spec.get("serviceAccountName").cloned() {
        object(spec).insert("serviceAccount".to_owned(), account);
    } else {
        object(spec).shift_remove("serviceAccount");
    }
    for list in ["containers", "initContainers"] {
        spec.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten().for_each(container);
    }
    spec.get_mut("volumes").and_then(Json::as_array_mut).into_iter().flatten().for_each(volume);
}

fn container(container: &mut Json) {
    let image = container["image"].as_str().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let is_latest = !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    for (name, default) in [
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
        ("imagePullPolicy", json!(if is_latest { "Always" } else { "IfNotPresent" })),
    ] {
        set(container, name, default);
    }
    for port in container.get_mut("ports").and_then(Json::as_array_mut).into_iter().flatten() {
        set(port, "protocol", json!("TCP"));
    }
    for variable in container.get_mut("env").and_then(Json::as_array_mut).into_iter().flatten() {
        if variable["value"] == "" {
            object(variable).shift_remove("value");
        }
        if let Some(field) = variable.pointer_mut("/valueFrom/fieldRef") {
            set(field, "apiVersion", json!("v1"));
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(found) = container.get_mut(name) {
            probe(found);
        }
    }
}

fn probe(probe: &mut Json) {
    for (name, default) in
        [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
    {
        if probe[name].as_i64().unwrap_or(0) == 0 {
            object(probe).insert(name.to_owned(), json!(default));
        }
    }
    if probe["initialDelaySeconds"].as_i64() == Some(0) || probe["initialDelaySeconds"].is_null() {
        object(probe).shift_remove("initialDelaySeconds");
    }
    if let Some(get) = probe.get_mut("httpGet") {
        set(get, "scheme", json!("HTTP"));
        set(get, "path", json!("/"));
    }
}

fn volume(volume: &mut Json) {
    for name in ["secret", "configMap", "projected"] {
        if let Some(source) = volume.get_mut(name) {
            set(source, "defaultMode", json!(420));
        }
    }
    if let Some(host) = volume.get_mut("hostPath") {
        set(host, "type", json!(""));
    }
}
