//! The pod of a workload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_runtime::Fault;
use radii_runtime::platform::{Check, Container, EnvValue, Probe, Protocol, Pull, Volume, Workload};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::{patch, vault};

/// Returns the pod's specification, with `runtimes.kubernetes.pod` merged over it.
pub fn spec(workload: &Workload) -> Result<Json, Fault> {
    let secret = workload.resource.name.to_lowercase();
    let render = |container: &Container| render_container(workload, container, &secret);
    let (inits, others): (Vec<&Container>, Vec<&Container>) =
        workload.containers.iter().partition(|container| container.init);
    let mut spec = json!({
        "serviceAccountName": secret,
        "enableServiceLinks": false,
        "containers": others.into_iter().map(render).collect::<Result<Vec<_>, _>>()?,
    });
    if !inits.is_empty() {
        spec["initContainers"] = inits.into_iter().map(render).collect::<Result<Vec<_>, _>>()?.into();
    }
    if !workload.volumes.is_empty() {
        let render = |(name, source): (&String, &Volume)| volume(workload, name, source);
        spec["volumes"] = workload.volumes.iter().map(render).collect();
    }
    punch_through(workload, &mut spec)?;
    Ok(spec)
}

fn punch_through(workload: &Workload, spec: &mut Json) -> Result<(), Fault> {
    let at = |fault: Fault| fault.target(&workload.resource.id);
    for (key, value) in &workload.punch_through {
        match key.as_str() {
            "pod" => patch::merge(spec, value).map_err(|message| {
                at(Fault::bad_request(format!("`runtimes.kubernetes.pod` cannot be merged: {message}")))
            })?,
            // Merged when all objects are rendered.
            "base" | "scale" => {}
            _ => {
                let message = format!("`runtimes.kubernetes` knows no `{key}`; it may have `base`, `pod` and `scale`");
                return Err(at(Fault::bad_request(message)));
            }
        }
    }
    Ok(())
}

fn render_container(workload: &Workload, container: &Container, secret: &str) -> Result<Json, Fault> {
    let mut rendered = Map::new();
    rendered.insert("name".to_owned(), json!(container.name.to_lowercase()));
    rendered.insert("image".to_owned(), json!(container.image));
    if let Some(policy) = pull(container.pull) {
        rendered.insert("imagePullPolicy".to_owned(), json!(policy));
    }
    let lists = [
        ("command", json!(container.command)),
        ("args", json!(container.args)),
        ("env", json!(env(container, secret))),
    ];
    let ports = container
        .ports
        .iter()
        .map(|port| json!({ "containerPort": port.container_port, "protocol": protocol(port.protocol) }))
        .collect();
    for (field, list) in lists.into_iter().chain([("ports", ports), ("volumeMounts", mounts(workload, container)?)]) {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            rendered.insert(field.to_owned(), list);
        }
    }
    if let Some(directory) = &container.working_dir {
        rendered.insert("workingDir".to_owned(), json!(directory));
    }
    let mut resources = Map::new();
    let amounts =
        [("limits", container.cpu, container.memory), ("requests", container.cpu_request, container.memory_request)];
    for (which, cpu, memory) in amounts {
        let amounts = self::amounts(cpu, memory);
        if !amounts.is_empty() {
            resources.insert(which.to_owned(), Json::Object(amounts));
        }
    }
    if !resources.is_empty() {
        rendered.insert("resources".to_owned(), Json::Object(resources));
    }
    for (field, check) in [("readinessProbe", &container.readiness), ("livenessProbe", &container.liveness)] {
        if let Some(check) = check {
            rendered.insert(field.to_owned(), probe(check));
        }
    }
    Ok(Json::Object(rendered))
}

fn amounts(cpu: Option<f64>, memory: Option<u64>) -> Map<String, Json> {
    let mut amounts = Map::new();
    if let Some(cores) = cpu {
        amounts.insert("cpu".to_owned(), json!(format!("{}m", (cores * 1000.0).ceil())));
    }
    if let Some(bytes) = memory {
        amounts.insert("memory".to_owned(), json!(quantity(bytes)));
    }
    amounts
}

/// Returns variables sorted by name, as Radius does; of several with one name the last.
fn env(container: &Container, secret: &str) -> Vec<Json> {
    let mut latest: Vec<(&String, &EnvValue)> = Vec::new();
    for (name, value) in &container.env {
        latest.retain(|(other, _)| *other != name);
        latest.push((name, value));
    }
    latest.sort_by_key(|(name, _)| name.as_str());
    let reference = |name: &str, key: &str| json!({ "secretKeyRef": { "name": name, "key": key } });
    latest
        .into_iter()
        .map(|(name, value)| match value {
            EnvValue::Plain(text) => json!({ "name": name, "value": text }),
            EnvValue::Secret(_) => json!({ "name": name, "valueFrom": reference(secret, name) }),
            EnvValue::SecretRef { secret, key } => json!({ "name": name, "valueFrom": reference(secret, key) }),
        })
        .collect()
}

/// Returns the data of the workload's Secret: its secret variables.
pub fn secret_data(workload: &Workload) -> Map<String, Json> {
    secrets(workload).map(|(name, value)| (name.to_owned(), json!(STANDARD.encode(value)))).collect()
}

/// Returns a digest of the secret variables.
pub fn secret_hash(workload: &Workload) -> String {
    let mut entries: Vec<(&str, &str)> = secrets(workload).collect();
    entries.sort_unstable();
    let digest = entries.iter().fold(Sha256::new(), |hash, (name, value)| {
        hash.chain_update(name.len().to_be_bytes())
            .chain_update(name)
            .chain_update(value.len().to_be_bytes())
            .chain_update(value)
    });
    digest.finalize().iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

fn secrets(workload: &Workload) -> impl Iterator<Item = (&str, &str)> {
    workload.containers.iter().flat_map(|container| &container.env).filter_map(|(name, value)| match value {
        EnvValue::Secret(text) => Some((name.as_str(), text.as_str())),
        _ => None,
    })
}

fn mounts(workload: &Workload, container: &Container) -> Result<Json, Fault> {
    let mut mounts = Vec::new();
    for mount in &container.mounts {
        if !workload.volumes.contains_key(&mount.volume) {
            let message = format!(
                "container `{}` mounts volume `{}`, which the workload does not declare; add it to `volumes`",
                container.name, mount.volume
            );
            return Err(Fault::bad_request(message).target(&workload.resource.id));
        }
        let mut rendered = json!({ "name": mount.volume, "mountPath": mount.path });
        // Nothing can be written to a vault.
        if mount.read_only || matches!(workload.volumes.get(&mount.volume), Some(Volume::Vault(_))) {
            rendered["readOnly"] = json!(true);
        }
        mounts.push(rendered);
    }
    Ok(Json::Array(mounts))
}

fn volume(workload: &Workload, name: &str, source: &Volume) -> Json {
    match source {
        Volume::Ephemeral { memory: false } => json!({ "name": name, "emptyDir": {} }),
        Volume::Ephemeral { memory: true } => json!({ "name": name, "emptyDir": { "medium": "Memory" } }),
        Volume::Persistent { source } => json!({ "name": name, "persistentVolumeClaim": { "claimName": source } }),
        Volume::Secret { secret } => json!({ "name": name, "secret": { "secretName": secret } }),
        Volume::Vault(vault) => json!({
            "name": name,
            "csi": {
                "driver": "secrets-store.csi.k8s.io",
                "readOnly": true,
                "volumeAttributes": { "secretProviderClass": vault::class_name(workload, vault) },
            },
        }),
    }
}

fn probe(probe: &Probe) -> Json {
    let mut rendered = match &probe.check {
        Check::Http { port, path, headers, tls } => {
            let mut get = json!({ "path": path, "port": port });
            if *tls {
                get["scheme"] = json!("HTTPS");
            }
            if !headers.is_empty() {
                get["httpHeaders"] =
                    headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            }
            json!({ "httpGet": get })
        }
        Check::Tcp { port } => json!({ "tcpSocket": { "port": port } }),
        Check::Exec { command } => json!({ "exec": { "command": command } }),
    };
    // The API counts whole seconds; a fraction is cut off, as Radius does, but never to nothing.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what the API takes")]
    let seconds = |number: f64, least: f64| number.floor().clamp(least, f64::from(i32::MAX)) as i64;
    rendered["initialDelaySeconds"] = json!(seconds(probe.initial_delay, 0.0));
    rendered["periodSeconds"] = json!(seconds(probe.period, 1.0));
    rendered["timeoutSeconds"] = json!(seconds(probe.timeout, 1.0));
    rendered["failureThreshold"] = json!(probe.failures.max(1));
    if let Some(successes) = probe.successes {
        rendered["successThreshold"] = json!(successes.max(1));
    }
    if let Some(grace) = probe.grace {
        rendered["terminationGracePeriodSeconds"] = json!(grace);
    }
    rendered
}

fn pull(pull: Pull) -> Option<&'static str> {
    match pull {
        Pull::Usual => None,
        Pull::Always => Some("Always"),
        Pull::IfNotPresent => Some("IfNotPresent"),
        Pull::Never => Some("Never"),
    }
}

/// The API's word for a transport protocol.
pub fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

/// Writes bytes as people do: `64Mi`.
fn quantity(bytes: u64) -> String {
    const MEBI: u64 = 1 << 20;
    if bytes > 0 && bytes.is_multiple_of(MEBI) { format!("{}Mi", bytes / MEBI) } else { bytes.to_string() }
}
