//! `Applications.Core/containers`: one container.

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Draft, Entries, invalid, last_name, named_variable, port_number, pull, read, restart};
use crate::Fault;
use crate::platform::{Check, Container, DaprSidecar, EnvValue, Marks, Mount, Port, Probe, Protocol, Volume};
use crate::store::Record;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    image: String,
    image_pull_policy: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    working_dir: Option<String>,
    #[serde(default)]
    env: Entries<GivenEnv>,
    #[serde(default)]
    ports: Entries<GivenPort>,
    #[serde(default)]
    volumes: Entries<GivenVolume>,
    readiness_probe: Option<GivenProbe>,
    liveness_probe: Option<GivenProbe>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenEnv {
    value: Option<String>,
    value_from: Option<ValueFrom>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValueFrom {
    secret_ref: SecretRef,
}

#[derive(Deserialize)]
struct SecretRef {
    source: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenPort {
    container_port: i64,
    port: Option<i64>,
    protocol: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenVolume {
    kind: String,
    #[serde(default)]
    mount_path: String,
    managed_store: Option<String>,
    source: Option<String>,
    permission: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenProbe {
    kind: String,
    container_port: Option<i64>,
    path: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    command: Option<String>,
    #[serde(default)]
    initial_delay_seconds: f64,
    failure_threshold: Option<f64>,
    period_seconds: Option<f64>,
    timeout_seconds: Option<f64>,
}

pub(super) fn parse(record: &Record) -> Result<Draft, Fault> {
    let mut draft = Draft::empty(record);
    let properties = &record.properties;
    if properties.get("identity").is_some_and(|identity| !identity.is_null()) {
        return Err(Fault::bad_request("User-defined identity in Applications.Core/containers is not supported."));
    }
    let given: Given = read(properties.get("container").unwrap_or(&Json::Null), "container")?;
    draft.restart = restart(properties.get("restartPolicy").and_then(Json::as_str));
    draft.runtimes = properties.get("runtimes").and_then(Json::as_object).cloned().unwrap_or_default();
    for extension in properties.get("extensions").and_then(Json::as_array).into_iter().flatten() {
        extend(&mut draft, extension)?;
    }
    let mut container = Container {
        name: draft.resource.name.to_ascii_lowercase(),
        image: given.image,
        pull: pull(given.image_pull_policy.as_deref()),
        command: given.command,
        args: given.args,
        working_dir: given.working_dir.filter(|directory| !directory.is_empty()),
        readiness: given.readiness_probe.map(|probe| probe.read("container.readinessProbe")).transpose()?,
        liveness: given.liveness_probe.map(|probe| probe.read("container.livenessProbe")).transpose()?,
        ..Container::default()
    };
    for (name, entry) in given.env {
        named_variable(&name, "container.env")?;
        container.env.push((name.clone(), entry.read(&name)?));
    }
    for (name, port) in given.ports {
        let port = port.read(name)?;
        check_beside(&port, &container.ports)?;
        container.ports.push(port);
    }
    for (name, volume) in given.volumes {
        let (mount, volume) = volume.read(&name)?;
        if let Some(other) = container.mounts.iter().find(|other| other.path == mount.path) {
            let message =
                format!("`{}` is where the volume `{}` is mounted; choose another path", mount.path, other.volume);
            return Err(invalid(&format!("container.volumes.{name}.mountPath"), message));
        }
        container.mounts.push(mount);
        draft.volumes.insert(name, volume);
    }
    draft.containers.push(container);
    Ok(draft)
}

fn extend(draft: &mut Draft, extension: &Json) -> Result<(), Fault> {
    match extension.get("kind").and_then(Json::as_str).unwrap_or_default() {
        "manualScaling" => {
            if draft.replicas.is_some() {
                return Err(invalid(
                    "extensions",
                    "`manualScaling` stands there twice; say once how many replicas run",
                ));
            }
            let replicas = extension.get("replicas").and_then(Json::as_i64);
            let replicas = replicas.and_then(|replicas| u32::try_from(replicas).ok());
            draft.replicas = Some(replicas.ok_or_else(|| {
                invalid("extensions[manualScaling].replicas", "must be a whole number that is not negative")
            })?);
        }
        "kubernetesMetadata" => draft.marks.overlay(&marks(extension)),
        "daprSidecar" => draft.dapr = Some(dapr(extension)?),
        // Extensions named after a platform mean nothing elsewhere.
        "kubernetesNamespace" | "aci" => {}
        other => {
            draft.degrade("/properties/extensions", &format!("the extension `{other}` is not known and has no effect"));
        }
    }
    Ok(())
}

/// Reads the labels and annotations of a `kubernetesMetadata` extension, without those that are ours alone.
pub(crate) fn marks(extension: &Json) -> Marks {
    let read = |name: &str| {
        let given = extension.get(name).and_then(Json::as_object).into_iter().flatten();
        let own = given.filter(|(key, _)| !key.starts_with("radapp.io/"));
        own.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    };
    Marks { labels: read("labels"), annotations: read("annotations") }
}

pub(super) fn dapr(extension: &Json) -> Result<DaprSidecar, Fault> {
    let text = |name: &str| extension.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let app_port = match extension.get("appPort").and_then(Json::as_i64) {
        // Clients that read and write back send the 0 of an unset port.
        None | Some(0) => None,
        Some(port) => Some(port_number(port, "extensions[daprSidecar].appPort")?),
    };
    let protocol = Some(text("protocol")).filter(|protocol| !protocol.is_empty());
    let protocol = protocol.unwrap_or_else(|| "http".to_owned());
    Ok(DaprSidecar { app_id: text("appId"), app_port, config: text("config"), protocol })
}

impl GivenEnv {
    fn read(self, name: &str) -> Result<EnvValue, Fault> {
        match (self.value, self.value_from) {
            (Some(value), None) => Ok(EnvValue::Plain(value)),
            (None, Some(ValueFrom { secret_ref: SecretRef { source, key } })) => {
                Ok(EnvValue::SecretRef { secret: source, key })
            }
            _ => Err(invalid(&format!("container.env.{name}"), "needs either `value` or `valueFrom`")),
        }
    }
}

impl GivenPort {
    fn read(self, name: String) -> Result<Port, Fault> {
        let container_port = port_number(self.container_port, &format!("container.ports.{name}.containerPort"))?;
        let port = match self.port {
            // Clients that read and write back send the 0 of an unset port.
            None | Some(0) => container_port,
            Some(port) => port_number(port, &format!("container.ports.{name}.port"))?,
        };
        let protocol = if self.protocol.as_deref() == Some("UDP") { Protocol::Udp } else { Protocol::Tcp };
        Ok(Port { name, container_port, port, protocol })
    }
}

/// Refuses a second port under one number of the container's network name: only one of them would be reached.
fn check_beside(port: &Port, others: &[Port]) -> Result<(), Fault> {
    // The same number of the container twice is told apart by the platform, which has words of its own for it.
    let is_taken = |other: &&Port| {
        other.port == port.port && other.protocol == port.protocol && other.container_port != port.container_port
    };
    let Some(other) = others.iter().find(is_taken) else { return Ok(()) };
    let message = format!("{} is the port `{}` already; choose another number", port.port, other.name);
    Err(invalid(&format!("container.ports.{}.port", port.name), message))
}

impl GivenVolume {
    fn read(self, name: &str) -> Result<(Mount, Volume), Fault> {
        let pointer = format!("container.volumes.{name}");
        if self.mount_path.is_empty() {
            return Err(invalid(&format!("{pointer}.mountPath"), "is required"));
        }
        let volume = match self.kind.as_str() {
            "ephemeral" => match self.managed_store.as_deref() {
                Some("memory") => Volume::Ephemeral { memory: true },
                Some("disk") => Volume::Ephemeral { memory: false },
                other => {
                    let given = other.unwrap_or_default();
                    let message = format!("`{given}` is neither memory nor disk");
                    return Err(invalid(&format!("{pointer}.managedStore"), message));
                }
            },
            "persistent" => {
                let source = self.source.ok_or_else(|| invalid(&format!("{pointer}.source"), "is required"))?;
                Volume::Persistent { source: last_name(&source) }
            }
            other => {
                return Err(invalid(
                    &format!("{pointer}.kind"),
                    format!("`{other}` is neither ephemeral nor persistent"),
                ));
            }
        };
        if let Some(given) = self.permission.as_deref().filter(|given| !matches!(*given, "" | "read" | "write")) {
            return Err(invalid(&format!("{pointer}.permission"), format!("`{given}` is neither read nor write")));
        }
        // Persistent volumes are read-only unless the author asks to write.
        let read_only = self.kind == "persistent" && self.permission.as_deref() != Some("write");
        Ok((Mount { volume: name.to_owned(), path: self.mount_path, read_only }, volume))
    }
}

impl GivenProbe {
    fn read(self, pointer: &str) -> Result<Probe, Fault> {
        let port = || match self.container_port {
            Some(port) => port_number(port, &format!("{pointer}.containerPort")),
            None => Err(invalid(&format!("{pointer}.containerPort"), "is required")),
        };
        let check = match self.kind.as_str() {
            "httpGet" => {
                let path = self.path.clone().unwrap_or_default();
                let path = if path.starts_with('/') { path } else { format!("/{path}") };
                Check::Http { port: port()?, path, headers: self.headers.clone(), tls: false }
            }
            "tcp" => Check::Tcp { port: port()? },
            "exec" => {
                let command = self.command.as_deref().unwrap_or_default();
                if command.is_empty() {
                    return Err(invalid(
                        &format!("{pointer}.command"),
                        "is required: it says whether the container is well",
                    ));
                }
                Check::Exec { command: command.split(' ').map(str::to_owned).collect() }
            }
            other => {
                return Err(invalid(&format!("{pointer}.kind"), format!("`{other}` is none of httpGet, tcp, exec")));
            }
        };
        for (name, number) in [
            ("initialDelaySeconds", Some(self.initial_delay_seconds)),
            ("periodSeconds", self.period_seconds),
            ("timeoutSeconds", self.timeout_seconds),
            ("failureThreshold", self.failure_threshold),
        ] {
            if let Some(number) = number.filter(|number| *number < 0.0) {
                return Err(invalid(
                    &format!("{pointer}.{name}"),
                    format!("{number} is negative; leave it out, or count up"),
                ));
            }
        }
        Ok(Probe {
            check,
            initial_delay: self.initial_delay_seconds,
            // Nothing, or what is cut to nothing, is what is usual.
            period: self.period_seconds.filter(|period| *period >= 1.0).unwrap_or(10.0),
            timeout: self.timeout_seconds.unwrap_or(5.0),
            failures: failures(self.failure_threshold),
            successes: None,
            grace: None,
        })
    }
}

/// Three failures decide unless the author says otherwise.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of the type")]
fn failures(given: Option<f64>) -> u32 {
    given.filter(|given| *given >= 1.0).map_or(3, |given| given.min(f64::from(u32::MAX)) as u32)
}
