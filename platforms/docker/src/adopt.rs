//! Objects of recipes: a shorter form of the documents, in which names are below the target's namespace.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::platform::{Object, Protocol, Pull, Target};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::document::{self, Document, Port, Probe, Role};
use crate::labels;
use crate::render;

/// What recipes may write.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Wish {
    Network(Plain),
    Volume(Plain),
    Container(Box<Container>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plain {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Whether a volume outlives its owner.
    #[serde(default)]
    retain: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Container {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Names in the application's network, beside its own.
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    pull: Pull,
    /// Variables that may be seen.
    #[serde(default)]
    env: BTreeMap<String, Json>,
    /// Variables that may not.
    #[serde(default)]
    secret_env: BTreeMap<String, Json>,
    /// Port number by name.
    #[serde(default)]
    ports: BTreeMap<String, u16>,
    /// Whether the host reaches the ports.
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    mounts: Vec<Mount>,
    #[serde(default)]
    readiness: Option<Probe>,
    #[serde(default)]
    liveness: Option<Probe>,
    /// The Engine API's create body, for all else.
    #[serde(default)]
    create: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Mount {
    /// Name of a volume of the same recipe.
    volume: String,
    path: String,
    #[serde(default)]
    read_only: bool,
}

/// Returns a recipe's object with the reference it will have.
pub fn object(target: &Target, body: Json) -> Result<Object, Fault> {
    let wish: Wish = serde_json::from_value(body).map_err(|error| {
        Fault::bad_request(format!(
            "a recipe's object for Docker cannot be read: {error}; it needs `kind` (container, network or volume) and `name`"
        ))
    })?;
    match wish {
        Wish::Network(wish) => {
            check_name(&wish.name)?;
            let name = format!("{}-{}", target.namespace, wish.name);
            let labels = labelled(target, wish.labels);
            Ok(render::object(target, &name.clone(), Document::Network(document::Network { name, labels })))
        }
        Wish::Volume(wish) => {
            check_name(&wish.name)?;
            let mut labels = labelled(target, wish.labels);
            if wish.retain {
                labels.insert(labels::RETAIN.to_owned(), "true".to_owned());
            }
            let volume = document::Volume { name: format!("{}-{}", target.namespace, wish.name), labels };
            Ok(render::object(target, &wish.name, Document::Volume(volume)))
        }
        Wish::Container(wish) => {
            check_name(&wish.name)?;
            let short = wish.name.clone();
            let container = container(target, *wish)?;
            Ok(render::object(target, &short, Document::Container(Box::new(container))))
        }
    }
}

fn check_name(name: &str) -> Result<(), Fault> {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphanumeric());
    if first && characters.all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Ok(());
    }
    Err(Fault::new(
        400,
        "PlatformNameInvalid",
        format!(
            "`{name}` cannot name an object of Docker: a letter or digit comes first, then letters, digits, `_`, `.` and `-`"
        ),
    ))
}

fn labelled(target: &Target, given: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = given;
    all.extend(labels::of_target(target));
    all
}

fn container(target: &Target, wish: Container) -> Result<document::Container, Fault> {
    let network = render::network(target);
    let ports: BTreeMap<String, Port> = wish
        .ports
        .iter()
        .map(|(name, number)| {
            let scheme = render::scheme(name, Protocol::Tcp, *number).to_owned();
            (name.clone(), Port { container_port: *number, protocol: Protocol::Tcp, scheme })
        })
        .collect();
    let mut container = document::Container {
        name: format!("{}-{}", target.namespace, wish.name),
        role: Role::Main,
        pull: render::usual(wish.pull),
        network,
        secret_env: wish.secret_env.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        create: Map::new(),
        readiness: wish.readiness.clone(),
        liveness: wish.liveness.clone(),
        ports: if wish.publish { ports.clone() } else { BTreeMap::new() },
    };
    container.create = create_body(target, wish, &ports, &container.network.name)?;
    document::check_create_body(&container.create)?;
    let body = serde_json::to_value(&container).expect("documents are plain data with text keys");
    render::set_label(&mut container.create, labels::RENDERED_HASH, &labels::digest(&[body]));
    Ok(container)
}

fn create_body(
    target: &Target,
    wish: Container,
    ports: &BTreeMap<String, Port>,
    network: &str,
) -> Result<Map<String, Json>, Fault> {
    let mut create = wish.create;
    let mut host = match create.remove("HostConfig") {
        None => Map::new(),
        Some(Json::Object(host)) => host,
        Some(_) => return Err(Fault::bad_request("`create.HostConfig` must be an object")),
    };
    render::check_protected(&host, false).map_err(|message| Fault::new(400, "PlatformProtectedField", message))?;
    if create.contains_key("NetworkingConfig") {
        let message =
            "`create.NetworkingConfig` is Radii's: recipes' containers are in the application's network. Use `aliases`";
        return Err(Fault::new(400, "PlatformProtectedField", message));
    }
    if !wish.env.is_empty() {
        let env = create.entry("Env").or_insert_with(|| json!([]));
        let Json::Array(env) = env else {
            return Err(Fault::bad_request(
                "`create.Env` must be a list of `NAME=value`; or use `env`, which is a map",
            ));
        };
        env.extend(wish.env.iter().map(|(name, value)| json!(format!("{name}={}", text(value)))));
    }
    let mut labels = labelled(target, wish.labels);
    labels.insert(labels::ROLE.to_owned(), "main".to_owned());
    if wish.publish {
        labels.extend(render::port_labels(ports));
    }
    for (key, value) in &labels {
        render::set_label(&mut create, key, value);
    }
    let probed = [&wish.readiness, &wish.liveness]
        .into_iter()
        .flatten()
        .filter_map(Probe::port)
        .map(|port| format!("{port}/tcp"));
    let published = ports.values().filter(|_| wish.publish).map(Port::key).chain(probed);
    publish(published, &mut create, &mut host);
    host.entry("RestartPolicy").or_insert_with(|| json!({ "Name": "always" }));
    host.insert("NetworkMode".to_owned(), json!(network));
    mount(target, &wish.mounts, &mut host);
    create.insert("HostConfig".to_owned(), Json::Object(host));
    let mut aliases = vec![wish.name];
    aliases.extend(wish.aliases);
    aliases.dedup();
    create.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": { network: { "Aliases": aliases } } }));
    Ok(create)
}

/// Publishes ports on the loopback address, where the engine finds room.
fn publish(keys: impl Iterator<Item = String>, create: &mut Map<String, Json>, host: &mut Map<String, Json>) {
    for key in keys {
        for (field, map, value) in [
            ("ExposedPorts", &mut *create, json!({})),
            ("PortBindings", &mut *host, json!([{ "HostIp": "127.0.0.1", "HostPort": "" }])),
        ] {
            if let Json::Object(entries) = map.entry(field).or_insert_with(|| json!({})) {
                entries.entry(key.clone()).or_insert(value);
            }
        }
    }
}

fn mount(target: &Target, mounts: &[Mount], host: &mut Map<String, Json>) {
    if mounts.is_empty() {
        return;
    }
    if let Json::Array(list) = host.entry("Mounts").or_insert_with(|| json!([])) {
        list.extend(mounts.iter().map(|mount| {
            let source = format!("{}-{}", target.namespace, mount.volume);
            json!({ "Type": "volume", "Source": source, "Target": mount.path, "ReadOnly": mount.read_only })
        }));
    }
}

/// Returns a value as the text of a variable.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
