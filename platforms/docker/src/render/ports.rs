//! Which ports a workload has, and how the host reaches them.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::platform::{Protocol, Workload};
use serde_json::{Map, Value as Json, json};

use super::host::{Publish, Settings};
use crate::document::Port;
use crate::labels;

/// Returns the named ports of all containers that share the main one's network name space.
///
/// # Errors
/// Two containers that listen on one port.
pub fn of(workload: &Workload) -> Result<BTreeMap<String, Port>, Fault> {
    let mut ports: BTreeMap<String, Port> = BTreeMap::new();
    let mut listeners: BTreeMap<String, &str> = BTreeMap::new();
    for container in workload.containers.iter().filter(|container| !container.init) {
        for port in &container.ports {
            let document = Port {
                container_port: port.container_port,
                protocol: port.protocol,
                scheme: scheme(&port.name, port.protocol, port.container_port).to_owned(),
            };
            if let Some(other) = listeners.insert(document.key(), &container.name)
                && other != container.name
            {
                let message = format!(
                    "containers `{other}` and `{}` both listen on port {}: containers of one resource share their network; change one of the ports",
                    container.name,
                    document.key()
                );
                return Err(Fault::bad_request(message).target(&workload.resource.id));
            }
            let name = if ports.contains_key(&port.name) {
                format!("{}-{}", container.name, port.name)
            } else {
                port.name.clone()
            };
            ports.insert(name, document);
        }
    }
    Ok(ports)
}

/// Returns the scheme that people most likely speak on a port; a port's declaration does not say.
pub fn scheme(name: &str, protocol: Protocol, number: u16) -> &'static str {
    const WEB: [u16; 9] = [80, 3000, 4000, 5000, 8000, 8080, 8081, 8888, 9000];
    let name = name.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    match protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp if starts(&["https"]) || number == 443 || number == 8443 => "https",
        Protocol::Tcp if starts(&["http", "web", "ui", "api"]) || WEB.contains(&number) => "http",
        Protocol::Tcp => "tcp",
    }
}

/// Returns one label per named port, from which endpoints are found again.
pub fn labels(ports: &BTreeMap<String, Port>) -> BTreeMap<String, String> {
    ports
        .iter()
        .map(|(name, port)| (format!("{}{name}", labels::PORT), format!("{}:{}", port.scheme, port.key())))
        .collect()
}

/// Publishes ports, and those that only probes ask, on the loopback address.
pub fn publish(
    workload: &Workload,
    settings: &Settings,
    ports: &BTreeMap<String, Port>,
    probed: impl Iterator<Item = u16>,
    create: &mut Map<String, Json>,
    host: &mut Map<String, Json>,
) -> Result<(), Fault> {
    let mut exposed: BTreeMap<String, Json> = ports.values().map(|port| (port.key(), json!({}))).collect();
    let mut bindings: BTreeMap<String, Json> = BTreeMap::new();
    let bind = |port: String| json!([{ "HostIp": "127.0.0.1", "HostPort": port }]);
    if settings.publish != Publish::Nothing {
        // An empty host port lets the engine choose one that is free.
        bindings.extend(ports.values().map(|port| (port.key(), bind(String::new()))));
        for key in probed.map(|port| format!("{port}/tcp")) {
            exposed.entry(key.clone()).or_insert_with(|| json!({}));
            bindings.entry(key).or_insert_with(|| bind(String::new()));
        }
    }
    if let Publish::At(asked) = &settings.publish {
        for (name, number) in asked {
            let Some(port) = ports.get(name) else {
                let known: Vec<&str> = ports.keys().map(String::as_str).collect();
                let message = format!(
                    "`runtimes.docker.publish` names port `{name}`, which no container has; ports are: {}",
                    known.join(", ")
                );
                return Err(Fault::bad_request(message).target(&workload.resource.id));
            };
            if let Some(replicas) = workload.replicas.filter(|replicas| *replicas > 1) {
                let message = format!(
                    "host port {number} cannot serve {replicas} replicas; remove `{name}` from `runtimes.docker.publish`"
                );
                return Err(Fault::bad_request(message).target(&workload.resource.id));
            }
            bindings.insert(port.key(), bind(number.to_string()));
        }
    }
    for (field, map, into) in [("ExposedPorts", exposed, &mut *create), ("PortBindings", bindings, host)] {
        if !map.is_empty() {
            into.insert(field.to_owned(), Json::Object(map.into_iter().collect()));
        }
    }
    Ok(())
}
