//! Gateways as objects of the Gateway API (`gateway.networking.k8s.io`).

use std::time::Duration;

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{Gateway, Named, Object, Route, Target, Tls, duration};
use serde_json::{Value as Json, json};

use super::invalid;
use crate::cluster::{Address, KindName};
use crate::pieces::object;

const GROUP: &str = "gateway.networking.k8s.io";
const VERSION: &str = "gateway.networking.k8s.io/v1";
/// Version of the kind that says which namespaces may refer to each other: the one that clusters have had longest.
const GRANTS: &str = "gateway.networking.k8s.io/v1beta1";

/// Where requests come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// A Gateway that somebody else keeps, for all gateways of the environment.
    Shared {
        /// Its namespace; that of the routes when not given.
        namespace: Option<String>,
        /// Its name.
        name: String,
        /// The listener that is meant; all of them when not given.
        section: Option<String>,
    },
    /// A Gateway of this class for each gateway.
    Own(String),
}

impl Entrance {
    /// Reads a `parentRef`: `{ name, namespace?, sectionName? }`.
    ///
    /// # Errors
    /// 400 naming the member.
    pub fn shared(member: &str, parent: &Json) -> Result<Self, Fault> {
        const MEMBERS: [&str; 3] = ["name", "namespace", "sectionName"];
        let wrong = || {
            invalid(
                member,
                "must be an object with the `name` of a Gateway, and perhaps its `namespace` and `sectionName`",
            )
        };
        let members = parent.as_object().ok_or_else(wrong)?;
        if members.keys().any(|key| !MEMBERS.contains(&key.as_str())) {
            return Err(wrong());
        }
        let text = |key: &str| match members.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(wrong()),
        };
        let name = text("name")?.ok_or_else(wrong)?;
        Ok(Self::Shared { namespace: text("namespace")?, name, section: text("sectionName")? })
    }

    /// Returns the Gateway that a gateway is reached through.
    pub fn gateway(&self, target: &Target, gateway: &Named) -> Address {
        let kind = KindName::new(GROUP, "Gateway");
        match self {
            Self::Shared { namespace, name, .. } => {
                Address::new(kind, namespace.as_deref().unwrap_or(&target.namespace), name)
            }
            Self::Own(_) => Address::new(kind, &target.namespace, &gateway.name.to_lowercase()),
        }
    }

    fn parent(&self, gateway: &Named) -> Json {
        match self {
            Self::Shared { namespace, name, section } => {
                let mut parent = json!({ "group": GROUP, "kind": "Gateway", "name": name });
                for (member, value) in [("namespace", namespace), ("sectionName", section)] {
                    if let Some(value) = value {
                        parent[member] = json!(value);
                    }
                }
                parent
            }
            Self::Own(_) => json!({ "group": GROUP, "kind": "Gateway", "name": gateway.name.to_lowercase() }),
        }
    }
}

/// Returns the objects of a gateway: its own Gateway where the environment shares none, and the routes.
///
/// # Errors
/// What the Gateway API, or a Gateway of others, cannot do.
pub fn render(target: &Target, gateway: &Gateway, entrance: &Entrance) -> Result<Vec<Object>, Fault> {
    check(gateway, entrance)?;
    let mut objects = Vec::new();
    if let Entrance::Own(class) = entrance {
        objects.extend(gateway.tls.as_ref().and_then(|tls| grant(target, gateway, tls)));
        objects.push(own(target, gateway, class));
    }
    let mut spec = json!({ "parentRefs": [entrance.parent(&gateway.resource)] });
    if let Some(hostname) = &gateway.hostname {
        spec["hostnames"] = json!([hostname]);
    }
    let (kind, rules) = match gateway.passthrough {
        true => ("TLSRoute", gateway.routes.iter().map(|route| json!({ "backendRefs": [backend(route)] })).collect()),
        false => ("HTTPRoute", gateway.routes.iter().map(rule).collect::<Vec<_>>()),
    };
    spec["rules"] = Json::Array(rules);
    objects.push(object(target, VERSION, kind, &gateway.resource, &gateway.shared, json!({ "spec": spec })));
    Ok(objects)
}

fn check(gateway: &Gateway, entrance: &Entrance) -> Result<(), Fault> {
    let unsupported =
        |message: String| Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&gateway.resource.id));
    if let (Some(_), Entrance::Shared { name, .. }) = (&gateway.tls, entrance) {
        return unsupported(format!(
            "a certificate of the gateway's own is not supported behind the Gateway `{name}` of the environment \
             (/properties/tls/certificateFrom): its listeners show the certificates. Put the certificate there and leave `tls` out; \
             or use an environment whose `compute.gatewayClass` gives each gateway a Gateway of its own"
        ));
    }
    if gateway.tls.as_ref().is_some_and(|tls| tls.minimum != "1.2") {
        return unsupported(
            "a least version of TLS is not supported by the Gateway API (/properties/tls/minimumProtocolVersion): its \
             controllers settle it. Leave `minimumProtocolVersion` out; or use an environment whose `compute.ingress` is `contour`"
                .to_owned(),
        );
    }
    // TLSRoutes find their service by the name that clients ask for.
    if gateway.passthrough && gateway.hostname.is_none() {
        return unsupported(
            "`sslPassthrough` without a name is not supported by the Gateway API (/properties/hostname): encrypted connections \
             are told apart by the name alone. Set `hostname.fullyQualifiedHostname`"
                .to_owned(),
        );
    }
    Ok(())
}

/// The Gateway of one gateway, with the listener that it needs.
fn own(target: &Target, gateway: &Gateway, class: &str) -> Object {
    let (name, protocol, port) = match (&gateway.tls, gateway.passthrough) {
        (_, true) => ("tls", "TLS", 443),
        (Some(_), _) => ("https", "HTTPS", 443),
        (None, _) => ("http", "HTTP", 80),
    };
    let mut listener = json!({
        "name": name,
        "protocol": protocol,
        "port": port,
        "allowedRoutes": { "namespaces": { "from": "Same" } },
    });
    if let Some(hostname) = &gateway.hostname {
        listener["hostname"] = json!(hostname);
    }
    if gateway.passthrough {
        listener["tls"] = json!({ "mode": "Passthrough" });
    } else if let Some(tls) = &gateway.tls {
        let (namespace, secret) = place(target, tls);
        let reference = json!({ "namespace": namespace, "name": secret });
        listener["tls"] = json!({ "mode": "Terminate", "certificateRefs": [reference] });
    }
    let spec = json!({ "gatewayClassName": class, "listeners": [listener] });
    object(target, VERSION, "Gateway", &gateway.resource, &gateway.shared, json!({ "spec": spec }))
}

/// Lets the gateway's Gateway read a certificate of another namespace.
fn grant(target: &Target, gateway: &Gateway, tls: &Tls) -> Option<Object> {
    let (namespace, secret) = place(target, tls);
    if namespace == target.namespace {
        return None;
    }
    let spec = json!({
        "from": [{ "group": GROUP, "kind": "Gateway", "namespace": target.namespace }],
        "to": [{ "group": "", "kind": "Secret", "name": secret }],
    });
    // Gateways of other namespaces may have the same name.
    let name = format!("{}-{}", target.namespace, gateway.resource.name.to_lowercase());
    let there = Target { namespace: namespace.to_owned(), ..target.clone() };
    let mut grant =
        object(&there, GRANTS, "ReferenceGrant", &gateway.resource, &gateway.shared, json!({ "spec": spec }));
    grant.body["metadata"]["name"] = json!(name);
    grant.reference.name = name;
    Some(grant)
}

/// Namespace and name of a certificate's Secret.
fn place<'a>(target: &'a Target, tls: &'a Tls) -> (&'a str, &'a str) {
    tls.secret.split_once('/').unwrap_or((&target.namespace, &tls.secret))
}

fn backend(route: &Route) -> Json {
    json!({ "name": route.service, "port": route.port })
}

fn rule(route: &Route) -> Json {
    let path = json!({ "type": "PathPrefix", "value": route.path });
    let mut rule = json!({ "matches": [{ "path": path }], "backendRefs": [backend(route)] });
    if !route.replace_prefix.is_empty() {
        let path = json!({ "type": "ReplacePrefixMatch", "replacePrefixMatch": route.replace_prefix });
        rule["filters"] = json!([{ "type": "URLRewrite", "urlRewrite": { "path": path } }]);
    }
    for (member, given) in [("request", &route.request_timeout), ("backendRequest", &route.backend_timeout)] {
        if let Some(time) = given.as_deref().and_then(duration) {
            rule["timeouts"][member] = json!(written(time));
        }
    }
    rule
}

/// A duration as the Gateway API writes it (GEP-2257): whole numbers of hours, minutes, seconds and milliseconds.
fn written(time: Duration) -> String {
    // A time that rounds to nothing would mean that there is no limit.
    let least = u128::from(!time.is_zero());
    let mut rest = time.as_millis().max(least);
    let mut text = String::new();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_in_whole_numbers() {
        for (given, wanted) in [("1.5s", "1s500ms"), ("90m", "1h30m"), ("1us", "1ms"), ("0s", "0s"), ("15s", "15s")] {
            assert_eq!(written(duration(given).unwrap()), wanted, "{given}");
        }
    }
}
