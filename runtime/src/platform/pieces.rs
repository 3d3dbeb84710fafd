//! What applications have beside containers: gateways, secrets, Dapr components.

use std::collections::BTreeMap;
use std::time::Duration;

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
    /// The name under which it is reached, where one is known.
    pub hostname: Option<String>,
    /// Whether it is for those inside only.
    pub internal: bool,
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
    /// How long a request may take in all: `30s`, `1m30s`.
    pub request_timeout: Option<String>,
    /// How long the service may take for it.
    pub backend_timeout: Option<String>,
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

/// Reads a duration such as `1m30s` or `1.5h`: numbers, each with `ns`, `us`, `ms`, `s`, `m` or `h` behind it.
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_alphabetic() || c == 'µ')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_their_pattern_allows() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5s500ms"), Some(Duration::from_secs(2)));
        assert_eq!(duration("soon"), None);
    }
}
