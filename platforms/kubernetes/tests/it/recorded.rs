//! Whatever we render stands in what the real Radius was recorded to make.

use radii_runtime::platform::{EnvValue, Port, Protocol, Workload};
use serde_json::Value as Json;

use crate::render::{plain, render_in};

/// Checks that every member of `ours` is in `theirs`; `path` is for messages.
fn contained(ours: &Json, theirs: &Json, path: &str) -> Vec<String> {
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => ours
            .iter()
            .flat_map(|(key, value)| match theirs.get(key) {
                Some(other) => contained(value, other, &format!("{path}.{key}")),
                None => vec![format!("{path}.{key} is not recorded")],
            })
            .collect(),
        (Json::Array(ours), Json::Array(theirs)) if ours.len() == theirs.len() => ours
            .iter()
            .zip(theirs)
            .enumerate()
            .flat_map(|(index, (value, other))| contained(value, other, &format!("{path}[{index}]")))
            .collect(),
        _ if ours == theirs => Vec::new(),
        _ => vec![format!("{path}: {ours} instead of {theirs}")],
    }
}

/// Renders for a namespace and compares with a recording; `wanted` are differences that Radii means.
#[track_caller]
fn compare(recording: &str, namespace: &str, workload: &Workload, wanted: &[&str]) {
    let recorded: Vec<Json> = serde_json::from_str(recording).unwrap();
    let objects = render_in(namespace, workload).unwrap();
    let mut differences = Vec::new();
    for object in &objects {
        let body = &object.body;
        let same =
            |other: &&Json| other["kind"] == body["kind"] && other["metadata"]["name"] == body["metadata"]["name"];
        match recorded.iter().find(same) {
            Some(other) => differences.extend(contained(body, other, &object.reference.kind)),
            None => differences.push(format!("{} is not recorded", object.reference.kind)),
        }
    }
    let kinds: Vec<&Json> = recorded.iter().map(|object| &object["kind"]).collect();
    let missing = kinds.iter().filter(|kind| !objects.iter().any(|object| object.body["kind"] == ***kind));
    differences.extend(missing.map(|kind| format!("{kind} is missing")));
    assert_eq!(differences, wanted);
}

#[test]
fn ports_are_as_recorded_but_udp_stays_udp() {
    let mut workload = plain();
    let port =
        |name: &str, container_port, port, protocol| Port { name: name.to_owned(), container_port, port, protocol };
    workload.containers[0].ports = vec![
        port("dns", 53, 53, Protocol::Udp),
        port("web", 3000, 3000, Protocol::Tcp),
        port("old", 7000, 7000, Protocol::Tcp),
        port("admin", 9000, 90, Protocol::Tcp),
    ];
    // The recording sorts a Service's ports by name and a container's by number.
    let mut by_name = workload.clone();
    by_name.containers[0].ports.sort_by(|a, b| a.name.cmp(&b.name));
    let recording = include_str!("../recorded/103-container-ports.json");
    let udp = r#"apps/Deployment.spec.template.spec.containers[0].ports[0].protocol: "UDP" instead of "TCP""#;
    let recorded: Vec<Json> = serde_json::from_str(recording).unwrap();
    let deployment = |objects: &[radii_runtime::platform::Object]| objects[3].body.clone();
    let service = render_in("s103-app", &by_name).unwrap()[4].body.clone();
    let recorded_service = recorded.iter().find(|object| object["kind"] == "Service").unwrap();
    assert_eq!(contained(&service, recorded_service, ""), [r#".spec.ports[1].protocol: "UDP" instead of "TCP""#]);
    let recorded_deployment = recorded.iter().find(|object| object["kind"] == "Deployment").unwrap();
    let ours = deployment(&render_in("s103-app", &workload).unwrap());
    assert_eq!(contained(&ours, recorded_deployment, "apps/Deployment"), [udp]);
}

#[test]
fn replicas_and_identity_are_as_recorded() {
    let mut workload = plain();
    workload.replicas = Some(3);
    compare(include_str!("../recorded/120-container-manual-scaling.json"), "s120-app", &workload, &[]);
}

#[test]
fn variables_of_a_connection_are_as_recorded() {
    let mut workload = plain();
    let secret = |name: &str, value: &str| (format!("CONNECTION_CACHE_{name}"), EnvValue::Secret(value.to_owned()));
    workload.containers[0].env = vec![
        secret("CONNECTIONSTRING", "r.example.com:6379,abortConnect=False,password=pw"),
        secret("PASSWORD", "pw"),
        secret("PORT", "6379"),
        secret("TLS", "false"),
        secret("URL", "redis://:pw@r.example.com:6379/0?"),
        ("CONNECTION_CACHE_HOST".to_owned(), EnvValue::Plain("mine".to_owned())),
        ("OTHER".to_owned(), EnvValue::Plain("o".to_owned())),
    ];
    let objects = render_in("s112-app", &workload).unwrap();
    let recorded: Vec<Json> = serde_json::from_str(include_str!("../recorded/112-connection-redis.json")).unwrap();
    let find = |kind: &str| recorded.iter().find(|object| object["kind"] == kind).unwrap();
    assert_eq!(contained(&objects[3].body, find("Secret"), ""), Vec::<String>::new());
    let deployment = &objects[4].body;
    let differences = contained(deployment, find("Deployment"), "");
    // The digest is ours: nobody but its writer compares it.
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences[0].contains("radapp.io/secret-hash"), "{differences:?}");
}
