//! `Radius.Compute/containers`: one or several containers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Draft, Entries, invalid, last_name, named_variable, port_number, read, restart};
use crate::Fault;
use crate::platform::{Check, Container, EnvValue, Goal, Metric, Mount, Port, Probe, Protocol, Scaling, Volume};
use crate::store::Record;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    #[serde(default)]
    init_container: bool,
    image: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: Entries<GivenEnv>,
    working_dir: Option<String>,
    #[serde(default)]
    resources: Resources,
    #[serde(default)]
    ports: Entries<GivenPort>,
    #[serde(default)]
    volume_mounts: Vec<GivenMount>,
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
    secret_key_ref: Option<SecretKeyRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretKeyRef {
    #[serde(default)]
    secret_name: String,
    #[serde(default)]
    key: String,
}

#[derive(Default, Deserialize)]
struct Resources {
    requests: Option<Amounts>,
    limits: Option<Amounts>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amounts {
    cpu: Option<String>,
    memory_in_mib: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenPort {
    container_port: i64,
    protocol: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenMount {
    volume_name: String,
    mount_path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenProbe {
    exec: Option<Exec>,
    http_get: Option<HttpGet>,
    tcp_socket: Option<TcpSocket>,
    #[serde(default)]
    initial_delay_seconds: f64,
    period_seconds: Option<f64>,
    timeout_seconds: Option<f64>,
    failure_threshold: Option<u32>,
    success_threshold: Option<u32>,
    termination_grace_period_seconds: Option<u32>,
}

#[derive(Deserialize)]
struct Exec {
    command: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpGet {
    path: String,
    port: i64,
    scheme: Option<String>,
    #[serde(default)]
    http_headers: Vec<Json>,
}

#[derive(Deserialize)]
struct TcpSocket {
    port: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenVolume {
    persistent_volume: Option<PersistentVolume>,
    secret_name: Option<String>,
    empty_dir: Option<EmptyDir>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistentVolume {
    #[serde(default)]
    resource_id: String,
    access_mode: Option<String>,
}

#[derive(Deserialize)]
struct EmptyDir {
    medium: Option<String>,
}

pub(super) fn parse(record: &Record) -> Result<Draft, Fault> {
    let mut draft = Draft::empty(record);
    let properties = &record.properties;
    draft.restart = restart(properties.get("restartPolicy").and_then(Json::as_str));
    if let Some(replicas) = properties.get("replicas").filter(|replicas| !replicas.is_null()) {
        let replicas = replicas.as_u64().and_then(|replicas| u32::try_from(replicas).ok());
        let replicas = replicas.ok_or_else(|| invalid("replicas", "must be a whole number that is not negative"))?;
        draft.replicas = Some(replicas);
    }
    if let Some(given) = properties.get("autoScaling").filter(|given| !given.is_null()) {
        let scaling = scaling(given, draft.replicas)?;
        draft.scaling = Some(scaling);
    }
    if let Some(sidecar) = properties.get("extensions").and_then(|extensions| extensions.get("daprSidecar")) {
        draft.dapr = Some(super::classic::dapr(sidecar)?);
    }
    draft.options = "platformOptions";
    for block in ["platformOptions", "runtimes"] {
        draft.runtimes.extend(properties.get(block).and_then(Json::as_object).cloned().unwrap_or_default());
    }
    let read_only = volumes(&mut draft, properties.get("volumes"))?;
    let given: Entries<Given> = read(properties.get("containers").unwrap_or(&Json::Null), "containers")?;
    let mut inits = BTreeMap::new();
    for (name, given) in given {
        let container = given.read(&name, &read_only, &mut draft)?;
        match container.init {
            // Init containers run in the order of their names.
            true => drop(inits.insert(name, container)),
            false => draft.containers.push(container),
        }
    }
    if draft.containers.is_empty() {
        return Err(invalid("containers", "needs at least one container that is no init container"));
    }
    draft.containers.extend(inits.into_values());
    Ok(draft)
}

/// As many as a scaler may reach when its author does not say.
const USUAL_MOST: u32 = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoScaling {
    max_replicas: Option<u32>,
    metrics: Vec<GivenMetric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenMetric {
    kind: String,
    custom_metric: Option<String>,
    target: GivenGoal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenGoal {
    average_utilization: Option<u32>,
    average_value: Option<u64>,
    value: Option<u64>,
}

/// Reads `autoScaling`; `replicas` is the least number then.
fn scaling(given: &Json, replicas: Option<u32>) -> Result<Scaling, Fault> {
    let given: AutoScaling = read(given, "autoScaling")?;
    let least = replicas.unwrap_or(1);
    let most = given.max_replicas.unwrap_or_else(|| USUAL_MOST.max(least));
    if most < least {
        let message = format!("{most} is less than the {least} `replicas` that there are at least");
        return Err(invalid("autoScaling.maxReplicas", message));
    }
    if given.metrics.is_empty() {
        return Err(invalid("autoScaling.metrics", "needs at least one measure"));
    }
    let metrics =
        given.metrics.into_iter().enumerate().map(|(at, metric)| metric.read(at)).collect::<Result<_, _>>()?;
    Ok(Scaling { least, most, metrics })
}

impl GivenMetric {
    fn read(self, at: usize) -> Result<Metric, Fault> {
        let pointer = format!("autoScaling.metrics.{at}");
        let custom = self.kind == "custom";
        let GivenGoal { average_utilization, average_value, value } = self.target;
        let goal = match (average_utilization, average_value, value) {
            (Some(_), None, None) if custom => {
                let message = "a measure of the application's own has no utilization; give `averageValue`";
                return Err(invalid(&format!("{pointer}.target"), message));
            }
            (Some(percent), None, None) if percent > 0 => Goal::Utilization(percent),
            (None, Some(number), None) | (None, None, Some(number)) if number > 0 => Goal::Average(number),
            _ => {
                let message = "needs exactly one of `averageUtilization`, `averageValue` and `value`, above 0";
                return Err(invalid(&format!("{pointer}.target"), message));
            }
        };
        let name = match custom {
            false => self.kind,
            true => self
                .custom_metric
                .filter(|name| !name.is_empty())
                .ok_or_else(|| invalid(&format!("{pointer}.customMetric"), "is required where `kind` is custom"))?,
        };
        Ok(Metric { name, custom, goal })
    }
}

/// Reads the volumes; returns the names of those that may only be read.
fn volumes(draft: &mut Draft, given: Option<&Json>) -> Result<Vec<String>, Fault> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(Vec::new()) };
    let mut read_only = Vec::new();
    for (name, given) in read::<Entries<GivenVolume>>(given, "volumes")? {
        let volume = match given {
            GivenVolume { persistent_volume: Some(volume), .. } => {
                if volume.access_mode.as_deref() == Some("ReadOnlyMany") {
                    read_only.push(name.clone());
                }
                Volume::Persistent { source: last_name(&volume.resource_id) }
            }
            GivenVolume { secret_name: Some(secret), .. } => Volume::Secret { secret },
            GivenVolume { empty_dir: Some(EmptyDir { medium }), .. } => {
                Volume::Ephemeral { memory: medium.as_deref() == Some("memory") }
            }
            _ => {
                let message = "needs one of `persistentVolume`, `secretName` and `emptyDir`";
                return Err(invalid(&format!("volumes.{name}"), message));
            }
        };
        draft.volumes.insert(name, volume);
    }
    Ok(read_only)
}

impl Given {
    fn read(self, name: &str, read_only: &[String], draft: &mut Draft) -> Result<Container, Fault> {
        let pointer = format!("containers.{name}");
        let mut container = Container {
            name: name.to_owned(),
            init: self.init_container,
            image: self.image,
            command: self.command,
            args: self.args,
            working_dir: self.working_dir.filter(|directory| !directory.is_empty()),
            ..Container::default()
        };
        let Resources { requests, limits } = self.resources;
        let (requests, limits) = (requests.unwrap_or_default(), limits.unwrap_or_default());
        let read = |text: Option<&str>, which: &str| {
            text.map(|text| cores(text, &format!("{pointer}.resources.{which}.cpu"))).transpose()
        };
        container.cpu = read(limits.cpu.as_deref(), "limits")?;
        container.cpu_request = read(requests.cpu.as_deref(), "requests")?;
        container.memory = limits.memory_in_mib.map(|mib| mib << 20);
        container.memory_request = requests.memory_in_mib.map(|mib| mib << 20);
        check_order(&container, &pointer)?;
        for (name, entry) in self.env {
            named_variable(&name, &format!("{pointer}.env"))?;
            container.env.push((name.clone(), entry.read(&format!("{pointer}.env.{name}"))?));
        }
        for (name, port) in self.ports {
            let number = port_number(port.container_port, &format!("{pointer}.ports.{name}.containerPort"))?;
            let protocol = if port.protocol.as_deref() == Some("UDP") { Protocol::Udp } else { Protocol::Tcp };
            container.ports.push(Port { name, container_port: number, port: number, protocol });
        }
        for mount in self.volume_mounts {
            if !draft.volumes.contains_key(&mount.volume_name) {
                let message = format!("the volume `{}` is not in `volumes`; declare it there", mount.volume_name);
                return Err(invalid(&format!("{pointer}.volumeMounts"), message));
            }
            let read_only = read_only.contains(&mount.volume_name);
            container.mounts.push(Mount { volume: mount.volume_name, path: mount.mount_path, read_only });
        }
        for (property, probe) in [("readinessProbe", self.readiness_probe), ("livenessProbe", self.liveness_probe)] {
            let Some(probe) = probe else { continue };
            let probe = probe.read(&format!("{pointer}.{property}"))?;
            match property {
                "readinessProbe" => container.readiness = Some(probe),
                _ => container.liveness = Some(probe),
            }
        }
        Ok(container)
    }
}

impl GivenEnv {
    fn read(self, pointer: &str) -> Result<EnvValue, Fault> {
        match (self.value, self.value_from.and_then(|from| from.secret_key_ref)) {
            (Some(value), None) => Ok(EnvValue::Plain(value)),
            (None, Some(SecretKeyRef { secret_name, key })) => Ok(EnvValue::SecretRef { secret: secret_name, key }),
            _ => Err(invalid(pointer, "needs either `value` or `valueFrom.secretKeyRef`")),
        }
    }
}

impl GivenProbe {
    fn read(self, pointer: &str) -> Result<Probe, Fault> {
        let check = match (self.http_get, self.tcp_socket, self.exec) {
            (Some(http), None, None) => http.read(pointer)?,
            (None, Some(tcp), None) => {
                Check::Tcp { port: port_number(tcp.port, &format!("{pointer}.tcpSocket.port"))? }
            }
            (None, None, Some(exec)) => Check::Exec { command: exec.command },
            _ => return Err(invalid(pointer, "needs exactly one of `httpGet`, `tcpSocket` and `exec`")),
        };
        Ok(Probe {
            check,
            initial_delay: self.initial_delay_seconds,
            period: self.period_seconds.unwrap_or(10.0),
            timeout: self.timeout_seconds.unwrap_or(1.0),
            failures: self.failure_threshold.unwrap_or(3).max(1),
            successes: self.success_threshold,
            grace: self.termination_grace_period_seconds,
        })
    }
}

impl HttpGet {
    fn read(self, pointer: &str) -> Result<Check, Fault> {
        let tls = self.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let mut headers = BTreeMap::new();
        for header in &self.http_headers {
            let text = |key: &str| header.get(key).and_then(Json::as_str);
            match (text("name"), text("value")) {
                (Some(name), Some(value)) => drop(headers.insert(name.to_owned(), value.to_owned())),
                _ => return Err(invalid(&format!("{pointer}.httpGet.httpHeaders"), "each needs `name` and `value`")),
            }
        }
        let path = if self.path.starts_with('/') { self.path } else { format!("/{}", self.path) };
        Ok(Check::Http { port: port_number(self.port, &format!("{pointer}.httpGet.port"))?, path, headers, tls })
    }
}

/// Refuses to keep more for a container than it may use.
fn check_order(container: &Container, pointer: &str) -> Result<(), Fault> {
    let is_more = container.cpu_request.zip(container.cpu).is_some_and(|(request, limit)| request > limit)
        || container.memory_request.zip(container.memory).is_some_and(|(request, limit)| request > limit);
    if is_more {
        return Err(invalid(&format!("{pointer}.resources"), "requests are more than limits"));
    }
    Ok(())
}

/// Reads `0.5`, `500m` or `2`.
fn cores(text: &str, pointer: &str) -> Result<f64, Fault> {
    let number = match text.strip_suffix('m') {
        Some(milli) => milli.parse::<f64>().map(|milli| milli / 1000.0),
        None => text.parse::<f64>(),
    };
    let number = number.ok().filter(|cores| cores.is_finite() && *cores > 0.0);
    number.ok_or_else(|| invalid(pointer, format!("`{text}` is no amount of cpu; write `0.5` or `500m`")))
}
