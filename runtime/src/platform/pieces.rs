//! What applications have beside containers: gateways, secrets, Dapr components.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Marks, Named};

/// Something that a platform renders by itself, from a resource of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// An entrance from outside.
    Gateway(Gateway),
    /// Values that must not be seen.
    Secret(Secret),
    /// A building block for Dapr sidecars.
    Component(Component),
}

/// `Applications.Core/gateways`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Id and name of the resource.
    pub resource: Named,
    /// The name under which it is reached.
    pub hostname: String,
    /// Where requests go, by path.
    pub routes: Vec<Route>,
    /// Whether encrypted connections are passed on as they are.
    pub passthrough: bool,
    /// The certificate that it shows.
    pub tls: Option<Tls>,
    /// What application and environment mark everything with.
    pub shared: Marks,
}

/// One route of a [`Gateway`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Prefix of the paths; `/` for all.
    pub path: String,
    /// The service that answers.
    pub service: String,
    /// Its port.
    pub port: u16,
    /// What replaces the prefix; empty to keep it.
    pub replace_prefix: String,
    /// Whether connections may become web sockets.
    pub websockets: bool,
    /// How long an answer may take.
    pub timeout: Option<String>,
}

/// The certificate of a [`Gateway`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// Namespace and name of the platform's secret: `NS/NAME`.
    pub secret: String,
    /// `1.2` or `1.3`.
    pub minimum: String,
}

/// The secret behind an `Applications.Core/secretStores`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Id of the resource, and the secret's name.
    pub resource: Named,
    /// Whether it holds `tls.crt` and `tls.key`.
    pub is_certificate: bool,
    /// Values by key, decoded.
    pub data: BTreeMap<String, Vec<u8>>,
}

/// `Applications.Dapr/*`, described by its author.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Id of the resource, and the component's name.
    pub resource: Named,
    /// Dapr's type, such as `state.redis`; `None` for a configuration.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// Name → `{ value }` or `{ secretKeyRef }`.
    pub metadata: BTreeMap<String, Json>,
    /// Name of the Dapr secret store that references mean; empty for none.
    pub secret_store: String,
}
