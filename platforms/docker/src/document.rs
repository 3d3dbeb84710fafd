//! The documents of this platform: what an [`Object`](radii_runtime::platform::Object) has as its body.
//!
//! A container's document is the engine's own create body, plus what the Engine API has no place for:
//! pull policy, probes, the names of ports, and the variables that nobody may see.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::platform::{self, ObjectRef, Protocol, Pull};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The body of an object of this platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Document {
    /// A bridge network with name resolution.
    Network(Network),
    /// A named volume.
    Volume(Volume),
    /// A container.
    Container(Box<Container>),
}

/// A bridge network with name resolution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Network {
    /// The engine's name for it.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A named volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// The engine's name for it.
    pub name: String,
    /// Its labels; `radapp.io/retain` keeps it when its owner is deleted.
    pub labels: BTreeMap<String, String>,
}

/// A container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    /// The engine's name for it.
    pub name: String,
    /// What part it plays.
    pub role: Role,
    /// When the image is pulled.
    pub pull: Pull,
    /// The network it is in, made first where it is missing.
    pub network: Network,
    /// Its named ports, reachable from the host when they are published.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub ports: BTreeMap<String, Port>,
    /// Variables whose values are shown nowhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub secret_env: BTreeMap<String, String>,
    /// Whether it is ready for traffic.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub readiness: Option<Probe>,
    /// Whether it still works.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub liveness: Option<Probe>,
    /// The create body of the Engine API.
    pub create: Map<String, Json>,
}

/// What part a container plays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// It owns the workload's network name space.
    Main,
    /// It ends with 0 before the others start.
    Init,
    /// It shares the network name space of the named container.
    SidecarOf(String),
}

/// A named port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Port {
    /// Where the container listens.
    pub container_port: u16,
    /// Its transport.
    #[serde(default)]
    pub protocol: Protocol,
    /// The scheme under which people reach it.
    pub scheme: String,
}

impl Port {
    /// The Engine API's key for the port: `8080/tcp`.
    pub fn key(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        format!("{}/{protocol}", self.container_port)
    }
}

/// A check of a container's health; exactly one of the three questions is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// An HTTP GET that answers 200 to 399.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http_get: Option<HttpGet>,
    /// A TCP connection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tcp_socket: Option<TcpSocket>,
    /// A command that ends with 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exec: Option<Exec>,
    /// Seconds before the first one.
    #[serde(default)]
    pub initial_delay_seconds: f64,
    /// Seconds between two.
    #[serde(default = "ten")]
    pub period_seconds: f64,
    /// Seconds until one counts as failed.
    #[serde(default = "five")]
    pub timeout_seconds: f64,
    /// So many failures in a row decide.
    #[serde(default = "three")]
    pub failure_threshold: u32,
}

fn ten() -> f64 {
    10.0
}

fn five() -> f64 {
    5.0
}

fn three() -> u32 {
    3
}

/// An HTTP GET.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpGet {
    /// Container port.
    pub port: u16,
    /// Path, with a leading slash.
    #[serde(default = "slash")]
    pub path: String,
    /// Request headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub headers: BTreeMap<String, String>,
}

fn slash() -> String {
    "/".to_owned()
}

/// A TCP connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcpSocket {
    /// Container port.
    pub port: u16,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exec {
    /// Program and arguments.
    pub command: Vec<String>,
}

impl Probe {
    /// The container port that is asked, if one is.
    pub fn port(&self) -> Option<u16> {
        self.http_get.as_ref().map(|get| get.port).or(self.tcp_socket.as_ref().map(|tcp| tcp.port))
    }
}

impl From<&platform::Probe> for Probe {
    fn from(probe: &platform::Probe) -> Self {
        let mut document = Probe {
            http_get: None,
            tcp_socket: None,
            exec: None,
            initial_delay_seconds: probe.initial_delay,
            period_seconds: probe.period,
            timeout_seconds: probe.timeout,
            failure_threshold: probe.failures,
        };
        match &probe.check {
            platform::Check::Http { port, path, headers, .. } => {
                document.http_get = Some(HttpGet { port: *port, path: path.clone(), headers: headers.clone() });
            }
            platform::Check::Tcp { port } => document.tcp_socket = Some(TcpSocket { port: *port }),
            platform::Check::Exec { command } => document.exec = Some(Exec { command: command.clone() }),
        }
        document
    }
}

/// Returns the engine's name for an object.
///
/// Networks have the name of their namespace; everything else is prefixed by it, since an engine has one
/// name space for all environments.
pub fn native_name(reference: &ObjectRef) -> String {
    match reference.kind.as_str() {
        "network" => reference.name.clone(),
        _ => format!("{}-{}", reference.namespace, reference.name),
    }
}

/// Checks that the engine's description knows every field of a create body.
///
/// # Errors
/// A field that is unknown, or of another type: the engine's client would drop it in silence.
pub fn check_create_body(body: &Map<String, Json>) -> Result<(), Fault> {
    let original = Json::Object(body.clone());
    let typed: bollard::models::ContainerCreateBody = serde_json::from_value(original.clone())
        .map_err(|error| Fault::bad_request(format!("the container's create body is not the Engine API's: {error}")))?;
    let known = serde_json::to_value(typed)
        .map_err(|error| Fault::internal(format!("the create body cannot be written: {error}")))?;
    match first_lost(&original, &known) {
        None => Ok(()),
        Some(path) => Err(Fault::bad_request(format!(
            "the Engine API knows no field `{path}` in a container's create body; check its spelling, which is case-sensitive"
        ))),
    }
}

/// Returns the path of the first member of `original` that `known` lacks.
fn first_lost(original: &Json, known: &Json) -> Option<String> {
    match (original, known) {
        (Json::Object(original), Json::Object(known)) => {
            original.iter().find_map(|(key, value)| match known.get(key) {
                None if value.is_null() => None,
                None => Some(key.clone()),
                Some(kept) => first_lost(value, kept).map(|rest| format!("{key}.{rest}")),
            })
        }
        (Json::Array(original), Json::Array(known)) => original
            .iter()
            .zip(known)
            .enumerate()
            .find_map(|(index, (value, kept))| first_lost(value, kept).map(|rest| format!("{index}.{rest}"))),
        _ => None,
    }
}
