//! Connections: named dependencies on other resources, and the variables that they become.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use radii_model::ResourceId;
use radii_model::base::BASIC_PROPERTIES;
use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::environment::{absent, load_resource};
use crate::fault::code;
use crate::host::Host;
use crate::imperative;
use crate::platform::{ComputeKind, EnvValue};
use crate::sensitive;
use crate::store::{Record, State};
use crate::told;
use crate::validate::Validator;

/// Properties that say something about a resource and are no values of it. Of the author's own types only the state is
/// none: what tells of the recipe is a property as any other there.
const METADATA: [&str; 4] = ["provisioningState", "recipe", "resourceProvisioning", "resources"];

/// What describes a Dapr component; applications reach it by its name.
const COMPONENT: [&str; 4] = ["auth", "metadata", "type", "version"];

/// How a platform gives a container the values of a connected resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// As plain variables.
    Plain,
    /// Through the platform's secrets.
    Secret,
}

impl Carrier {
    /// Returns the usual way of a platform.
    pub(crate) fn of(kind: ComputeKind) -> Self {
        match kind {
            ComputeKind::Kubernetes | ComputeKind::Knative => Carrier::Secret,
            _ => Carrier::Plain,
        }
    }

    fn carry(self, text: String) -> EnvValue {
        match self {
            Carrier::Plain => EnvValue::Plain(text),
            Carrier::Secret => EnvValue::Secret(text),
        }
    }
}

/// One entry of `connections`.
pub(crate) struct Connection<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// A resource id or a URL.
    pub(crate) source: &'a str,
    /// `disableDefaultEnvVars: true`.
    pub(crate) silent: bool,
}

/// Returns the connections of a resource, in the order of their names' first appearance.
pub(crate) fn of(properties: &Map<String, Json>) -> impl Iterator<Item = Connection<'_>> {
    let entries = properties.get("connections").and_then(Json::as_object).into_iter().flatten();
    entries.map(|(name, entry)| Connection {
        name,
        source: entry.get("source").and_then(Json::as_str).unwrap_or_default(),
        silent: entry.get("disableDefaultEnvVars").and_then(Json::as_bool).unwrap_or(false),
    })
}

/// Returns the `connections` of a recipe's context, and the same without what is sensitive: every source must be the
/// id of a resource that is there.
pub(crate) async fn context(
    host: &Host,
    properties: &Map<String, Json>,
) -> Result<(Map<String, Json>, Map<String, Json>), Fault> {
    let (mut context, mut shown) = (Map::new(), Map::new());
    for connection in of(properties) {
        let Connection { name, source, .. } = connection;
        if !source.starts_with('/') {
            return Err(Fault::internal(format!(
                "failed to get connected resource IDs: invalid resource ID in connection {name}: \
                 '{source}' is not a valid resource id"
            )));
        }
        let record = visible(host, load_connected(host, &connection).await?);
        let entry = |properties: Map<String, Json>| {
            json!({
                "id": record.id.to_string(),
                "name": record.id.name(),
                "type": record.type_name,
                "properties": properties,
            })
        };
        let (whole, redacted) = told::connected(&record);
        context.insert(name.to_owned(), entry(whole));
        shown.insert(name.to_owned(), entry(redacted));
    }
    Ok((context, shown))
}

/// Returns the variables that a container gets for its connections (contract `platforms.md`, part 2.4).
///
/// A property whose author named its variable has that one, all others one that begins with the connection's name.
///
/// # Errors
/// Names the connection whose source is neither a URL nor the id of a resource that is there and can be read, and two
/// connections that give the same variable.
pub(crate) async fn variables(
    host: &Host,
    properties: &Map<String, Json>,
    carrier: Carrier,
) -> Result<BTreeMap<String, EnvValue>, Fault> {
    let mut variables: BTreeMap<String, (&str, EnvValue)> = BTreeMap::new();
    for connection in of(properties) {
        let mut schema = None;
        let found = if is_foreign(connection.source) {
            // What stands in a cloud has no values that this server knows.
            Vec::new()
        } else if connection.source.starts_with('/') {
            let record = find_connected(host, &connection).await?;
            if record.state == State::Failed {
                // What it holds may be half made.
                continue;
            }
            schema = stored_schema(host, &record);
            let hidden = sensitive_names(host, &record);
            let record = visible(host, record);
            let secrets = secrets_of(&record);
            let mut found = values(&record, carrier);
            found.retain(|(name, _)| !hidden.contains(name) && !secrets.iter().any(|(known, _)| known == name));
            found.extend(secrets);
            found
        } else {
            url_values(connection.source)?
        };
        if connection.silent {
            continue;
        }
        for (name, value) in found {
            let chosen = schema.as_ref().and_then(|schema| schema.env_name(&name));
            let usual = || format!("CONNECTION_{}_{}", variable_part(connection.name), variable_part(&name));
            match variables.entry(chosen.map_or_else(usual, str::to_owned)) {
                Entry::Vacant(free) => drop(free.insert((connection.name, value))),
                Entry::Occupied(taken) if taken.get().0 != connection.name => {
                    return Err(twice(taken.key(), taken.get().0, connection.name));
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    Ok(variables.into_iter().map(|(variable, (_, value))| (variable, value)).collect())
}

fn twice(variable: &str, one: &str, other: &str) -> Fault {
    Fault::bad_request(format!(
        "the connections `{one}` and `{other}` both give the variable `{variable}`; rename one of them, or set \
         `disableDefaultEnvVars: true` on one and pass its values in `env`"
    ))
}

/// Returns the compiled schema of the version that a connected resource is stored in, if it has one.
fn stored_schema(host: &Host, record: &Record) -> Option<Arc<Validator>> {
    let mut settled = record.clone();
    host.settled(&mut settled);
    host.validator(&settled.id, settled.api_version.as_ref()?).ok().flatten()
}

/// Whether a source is the id of something in a cloud.
pub(crate) fn is_foreign(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    lower.starts_with("/subscriptions/")
        || lower.strip_prefix("/planes/").is_some_and(|rest| !rest.starts_with("radius/"))
}

/// Loads what a container is connected to.
///
/// # Errors
/// 400 in the words of Radius when it is not there; those of [`read_elsewhere`].
async fn find_connected(host: &Host, connection: &Connection<'_>) -> Result<Record, Fault> {
    let source = connection.source;
    let absent = || Fault::bad_request(format!("resource \"{source}\" does not exist"));
    if let Some(id) = elsewhere(host, source) {
        return read_elsewhere(host, connection, &id).await?.ok_or_else(absent);
    }
    load_resource(host, source).await.map_err(|fault| match fault.message.ends_with("was not found") {
        true => absent(),
        false => fault,
    })
}

/// Loads what a recipe's resource is connected to.
///
/// # Errors
/// What is not there, in the words of Radius; those of [`read_elsewhere`].
async fn load_connected(host: &Host, connection: &Connection<'_>) -> Result<Record, Fault> {
    let source = connection.source;
    let found = match elsewhere(host, source) {
        Some(id) => read_elsewhere(host, connection, &id).await?.ok_or_else(|| absent(source)),
        None => load_resource(host, source).await,
    };
    found.map_err(|fault| {
        let message = format!("connected resource {source} not found: {}", fault.message);
        Fault { message, ..fault }
    })
}

/// Returns the id that a source is, if an imperative provider keeps what it names.
fn elsewhere(host: &Host, source: &str) -> Option<ResourceId> {
    let id = source.parse::<ResourceId>().ok().filter(ResourceId::is_resource)?;
    host.address_of(&id).map(|_| id)
}

/// Reads what an imperative provider keeps; `None` when there is no such thing.
///
/// # Errors
/// Names the connection and its source; a provider that does not answer, or cannot at the moment, is 503: whoever
/// deploys tries again.
async fn read_elsewhere(host: &Host, connection: &Connection<'_>, id: &ResourceId) -> Result<Option<Record>, Fault> {
    match host.record_elsewhere(id).await {
        Ok(record) => Ok(Some(record)),
        Err(fault) if fault.status == 404 => Ok(None),
        Err(fault) => {
            let Connection { name, source, .. } = connection;
            let message = format!("connection `{name}`: its source \"{source}\" cannot be read: {}", fault.message);
            let status = if imperative::is_passing(fault.status) { 503 } else { fault.status };
            Err(Fault { status, message, ..fault })
        }
    }
}

/// Returns the record in the version that its type is stored in, without sensitive values.
fn visible(host: &Host, mut record: Record) -> Record {
    host.redact(&mut record);
    host.settled(&mut record);
    host.redact(&mut record);
    record
}

/// Names of the properties that are hidden as a whole: a variable would only say `null`.
fn sensitive_names(host: &Host, record: &Record) -> Vec<String> {
    let mut probe = record.clone();
    probe.properties.values_mut().for_each(|value| *value = "any".into());
    host.redact(&mut probe);
    let hidden = probe.properties.into_iter().filter(|(_, value)| value.is_null());
    hidden.map(|(name, _)| name).collect()
}

/// Returns what a connected resource offers: its own properties, and the values its recipe computed.
fn values(record: &Record, carrier: Carrier) -> Vec<(String, EnvValue)> {
    let computed = record.properties.get("status").and_then(|status| status.get("computedValues"));
    let computed = computed.and_then(Json::as_object).into_iter().flatten();
    let own = record.properties.iter().filter(|_| !is_container(&record.type_name));
    let offered = offered(&record.type_name);
    let metadata = if is_built_in(&record.type_name) { &METADATA[..] } else { &METADATA[..1] };
    let basic = |name: &str| BASIC_PROPERTIES.contains(&name) || metadata.contains(&name) || !offered(name);
    let mut found: Vec<(String, EnvValue)> = Vec::new();
    for (name, value) in computed.chain(own.filter(|(name, _)| !basic(name))) {
        let text = match is_built_in(&record.type_name) {
            true => text(value).filter(|text| !text.is_empty() || !is_portable(&record.type_name)),
            // Values of any shape, as their author wrote them.
            false => Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        };
        if let (Some(text), false) = (text, found.iter().any(|(known, _)| known == name)) {
            found.push((name.clone(), carrier.carry(text)));
        }
    }
    found
}

/// Returns which properties of a type are values for others; most of what built-in types have describes them alone.
fn offered(type_name: &str) -> fn(&str) -> bool {
    match type_name.to_ascii_lowercase().as_str() {
        dapr if dapr.starts_with("applications.dapr/") => |name| !COMPONENT.contains(&name),
        "applications.core/gateways" => |name| name == "url",
        "applications.core/extenders" => |_| true,
        own if own.starts_with("applications.core/") || own.starts_with("radius.core/") => |_| false,
        _ => |_| true,
    }
}

/// Returns the secrets of a resource, through the platform's secrets wherever it has them: those that a portable one
/// lists, and the sensitive properties of a user-defined one.
fn secrets_of(record: &Record) -> Vec<(String, EnvValue)> {
    if !is_portable(&record.type_name) {
        let whole = sensitive::whole(record).into_iter().filter(|(name, _)| sensitive::is_kept(record, name));
        return whole.filter_map(|(name, value)| Some((name, EnvValue::Secret(text(&value)?)))).collect();
    }
    let listed = crate::kinds::secrets::list(record);
    let texts = listed.as_object().into_iter().flatten();
    let given = texts.filter_map(|(name, value)| Some((name.clone(), text(value).filter(|text| !text.is_empty())?)));
    given.map(|(name, text)| (name, EnvValue::Secret(text))).collect()
}

/// Whether a type keeps its secrets apart from its properties.
fn is_portable(type_name: &str) -> bool {
    let lower = type_name.to_ascii_lowercase();
    ["applications.datastores/", "applications.messaging/", "applications.core/extenders"]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
}

/// Whether a type is one of Radius' own; all others are their authors'.
fn is_built_in(type_name: &str) -> bool {
    type_name.to_ascii_lowercase().starts_with("applications.")
}

/// Containers are reached through their network name; they have no values of their own.
fn is_container(type_name: &str) -> bool {
    ["Applications.Core/containers", "Radius.Compute/containers"]
        .iter()
        .any(|container| container.eq_ignore_ascii_case(type_name))
}

/// The text of a value: strings as they are, everything else as JSON; null has none.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Upper-cases a name and replaces what a variable's name cannot hold.
fn variable_part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Splits a URL into scheme, host name and port; the port follows from the scheme where it is not given.
fn url_values(source: &str) -> Result<Vec<(String, EnvValue)>, Fault> {
    let refuse = |why: &str| {
        let message = format!("invalid source: {source}. Must be either a URL or a valid resourceID{why}");
        Fault::new(400, code::BAD_REQUEST, message)
    };
    let (scheme, rest) = match source.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("", source.trim_start_matches("//")),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (hostname, port) = match authority.rsplit_once(':') {
        Some((hostname, port)) if !port.contains(']') => (hostname, port.to_owned()),
        _ => (authority, default_port(scheme).map_or_else(String::new, |port| port.to_string())),
    };
    if hostname.is_empty() || (scheme.is_empty() && !authority.contains(':')) {
        return Err(refuse(""));
    }
    if port.parse::<u16>().is_err() {
        return Err(refuse("; the URL lacks a port that the scheme does not imply: write `scheme://host:port`"));
    }
    let value = |name: &str, text: &str| (name.to_owned(), EnvValue::Plain(text.to_owned()));
    Ok(vec![value("SCHEME", scheme), value("HOSTNAME", hostname), value("PORT", &port)])
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "redis" => Some(6379),
        "postgres" | "postgresql" => Some(5432),
        "mysql" => Some(3306),
        "mongodb" => Some(27017),
        "amqp" => Some(5672),
        "amqps" => Some(5671),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(values: Vec<(String, EnvValue)>) -> Vec<String> {
        let show = |(name, value): (String, EnvValue)| match value {
            EnvValue::Plain(text) => format!("{name}={text}"),
            other => format!("{name}={other:?}"),
        };
        values.into_iter().map(show).collect()
    }

    #[test]
    fn a_url_gives_scheme_host_and_port() {
        let values = plain(url_values("http://backend:3000/path?x=1").unwrap());
        assert_eq!(values, ["SCHEME=http", "HOSTNAME=backend", "PORT=3000"]);
        let values = plain(url_values("https://user:pw@example.com/path").unwrap());
        assert_eq!(values, ["SCHEME=https", "HOSTNAME=example.com", "PORT=443"]);
        let values = plain(url_values("backend:80").unwrap());
        assert_eq!(values, ["SCHEME=", "HOSTNAME=backend", "PORT=80"]);
    }

    #[test]
    fn what_only_describes_a_built_in_resource_is_no_value_for_others() {
        let offers = |type_name: &str, names: [&str; 3]| names.map(offered(type_name));
        let component = offers("Applications.Dapr/pubSubBrokers", ["componentName", "auth", "metadata"]);
        assert_eq!(component, [true, false, false]);
        assert_eq!(offers("Applications.Core/gateways", ["url", "routes", "tls"]), [true, false, false]);
        assert_eq!(offers("Applications.Core/secretStores", ["data", "resource", "type"]), [false; 3]);
        assert_eq!(offers("Applications.Core/extenders", ["data", "url", "anything"]), [true; 3]);
        assert_eq!(offers("Contoso.Data/notes", ["data", "auth", "url"]), [true; 3]);
    }

    #[test]
    fn what_is_no_url_is_refused_with_its_name() {
        for source in ["backend", "", "tcp://backend", "http://:80"] {
            let fault = url_values(source).unwrap_err();
            assert!(fault.message.starts_with(&format!("invalid source: {source}. Must be")), "{}", fault.message);
        }
    }

    #[test]
    fn values_become_text_as_the_contract_says() {
        assert_eq!(text(&json!("a b")).as_deref(), Some("a b"));
        assert_eq!(text(&json!(0.1)).as_deref(), Some("0.1"));
        assert_eq!(text(&json!([1, 2])).as_deref(), Some("[1,2]"));
        assert_eq!(text(&json!({"a": true})).as_deref(), Some("{\"a\":true}"));
        assert_eq!(text(&json!(null)), None);
    }

    #[test]
    fn names_are_cleaned_for_variables() {
        assert_eq!(variable_part("my-cache.x"), "MY_CACHE_X");
        assert_eq!(variable_part("connectionString"), "CONNECTIONSTRING");
    }
}
