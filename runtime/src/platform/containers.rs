//! What the containers of a workload are, said once for all platforms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A Dapr sidecar (`daprSidecar`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaprSidecar {
    /// The application's id for Dapr; empty where the author gives none.
    pub app_id: String,
    /// Where the application listens.
    pub app_port: Option<u16>,
    /// Name of a Dapr configuration; empty for none.
    pub config: String,
    /// `http` or `grpc`.
    pub protocol: String,
}

/// One container of a [`Workload`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name inside the workload.
    pub name: String,
    /// Whether it must end before the others start.
    pub init: bool,
    /// The image reference.
    pub image: String,
    /// When the image is pulled.
    pub pull: Pull,
    /// Overrides the image's entry point.
    pub command: Vec<String>,
    /// Overrides the image's arguments.
    pub args: Vec<String>,
    /// Overrides the image's working directory.
    pub working_dir: Option<String>,
    /// Environment, in the order it is rendered: connections first, own variables after.
    pub env: Vec<(String, EnvValue)>,
    /// Ports by name.
    pub ports: Vec<Port>,
    /// Volume name → mount.
    pub mounts: Vec<Mount>,
    /// Whether it is ready for traffic.
    pub readiness: Option<Probe>,
    /// Whether it must be restarted.
    pub liveness: Option<Probe>,
    /// Limit in cores.
    pub cpu: Option<f64>,
    /// Limit in bytes.
    pub memory: Option<u64>,
    /// Cores that are kept for it; the limit, or what the platform gives, when not said.
    pub cpu_request: Option<f64>,
    /// Bytes that are kept for it; the limit, or what the platform gives, when not said.
    pub memory_request: Option<u64>,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pull {
    /// As the platform does by itself.
    #[default]
    Usual,
    /// Before every start.
    Always,
    /// When it is not at hand.
    IfNotPresent,
    /// Never.
    Never,
}

/// What happens when a container ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Restart {
    /// It is started again.
    #[default]
    Always,
    /// It is started again after a failure.
    OnFailure,
    /// Nothing.
    Never,
}

/// The value of an environment variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EnvValue {
    /// Text.
    Plain(String),
    /// Text that must not be seen: platforms pass it through their secret mechanism.
    Secret(String),
    /// The key of a secret that the platform holds.
    SecretRef {
        /// Name of the platform's secret.
        secret: String,
        /// Key inside it.
        key: String,
    },
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Where the container listens.
    pub container_port: u16,
    /// Where others reach it; the container port by default.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: Protocol,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP
    #[default]
    Tcp,
    /// UDP
    Udp,
}

/// Where a volume appears in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Name of the volume.
    pub volume: String,
    /// Path in the container.
    pub path: String,
    /// Whether writing is refused.
    pub read_only: bool,
}

/// A volume of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Volume {
    /// Gone with the workload.
    Ephemeral {
        /// In memory instead of on disk.
        memory: bool,
    },
    /// Kept: the name that the platform knows it by.
    Persistent {
        /// Volume, claim or share name.
        source: String,
    },
    /// Files from a secret that the platform holds.
    Secret {
        /// Name of the platform's secret.
        secret: String,
    },
    /// Files from a key vault.
    Vault(Vault),
}

/// A key vault whose objects are mounted as files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vault {
    /// Name of the volume resource.
    pub volume: String,
    /// Name of the vault.
    pub vault: String,
    /// What is read from it.
    pub objects: Vec<VaultObject>,
}

/// One object of a key vault.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VaultObject {
    /// Its name in the vault.
    pub name: String,
    /// The file's name; empty for the object's.
    pub alias: String,
    /// `secret`, `key` or `cert`.
    pub kind: String,
    /// Its version; empty for the newest.
    pub version: String,
    /// How the file is encoded; empty where that means nothing.
    pub encoding: String,
    /// `pem` or `pfx`; empty where that means nothing.
    pub format: String,
}

/// Who a workload is to a cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The identity's client id.
    pub client: String,
    /// The tenant that knows it.
    pub tenant: String,
}

/// How the number of replicas follows the load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    /// Never fewer; where a platform cannot do with none, one.
    pub least: u32,
    /// Never more.
    pub most: u32,
    /// What is measured, and where it shall stay.
    pub metrics: Vec<Metric>,
}

/// A measure that replicas follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    /// `cpu`, `memory`, the name of a measure that the application exposes, or `keda:TYPE` for a trigger of KEDA.
    pub name: String,
    /// Whether it is one of the application's own.
    pub custom: bool,
    /// Where it shall stay.
    pub goal: Goal,
}

/// Where a measure shall stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// Percent of what is requested.
    Utilization(u32),
    /// An average over the replicas.
    Average(u64),
}

/// A check of a container's health.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What is asked.
    pub check: Check,
    /// Seconds before the first one.
    pub initial_delay: f64,
    /// Seconds between two.
    pub period: f64,
    /// Seconds until one counts as failed.
    pub timeout: f64,
    /// So many failures in a row decide.
    pub failures: u32,
    /// So many successes in a row decide; one when not said.
    pub successes: Option<u32>,
    /// Seconds that a container has to end when it failed; those of its pod when not said.
    pub grace: Option<u32>,
}

/// What a [`Probe`] asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Check {
    /// An HTTP GET that answers 200 to 399.
    Http {
        /// Container port.
        port: u16,
        /// Path, with a leading slash.
        path: String,
        /// Request headers.
        headers: BTreeMap<String, String>,
        /// Whether it speaks TLS.
        tls: bool,
    },
    /// A TCP connection.
    Tcp {
        /// Container port.
        port: u16,
    },
    /// A command that ends with 0.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
}
