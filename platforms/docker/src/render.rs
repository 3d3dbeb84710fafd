//! Rendering: a workload becomes a network, volumes and containers. Nothing outside is asked.

use std::collections::BTreeMap;

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{
    Check, ComputeKind, Container, EnvValue, Object, ObjectRef, Pull, Restart, Target, Volume, Workload,
};
use serde_json::{Map, Value as Json, json};

use crate::document::{self, Document, Port, Probe, Role};
use crate::labels;

mod host;
mod ports;

pub use host::check_protected;
pub use ports::{labels as port_labels, scheme};

/// Returns the objects that make a workload, in the order in which they are applied.
pub fn workload(target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault> {
    let settings = host::Settings::read(workload)?;
    let Some(main) = workload.containers.iter().position(|container| !container.init) else {
        return Err(refuse(
            workload,
            "a workload of init containers only",
            "nothing would keep running",
            "add a container that is no init container",
        ));
    };
    if workload.dapr.is_some() {
        let fault = refuse(
            workload,
            "a Dapr sidecar",
            "there is no Dapr control plane",
            "remove the extension `daprSidecar`, or use an environment on Kubernetes with Dapr installed",
        );
        return Err(Fault { code: "DaprNotSupported".into(), ..fault });
    }
    let network = network(target);
    let mut objects = vec![object(target, &network.name, Document::Network(network.clone()))];
    let resource = workload.resource.name.to_ascii_lowercase();
    let names = match workload.replicas.unwrap_or(1) {
        // Without replicas there is nothing to connect.
        0 => return Ok(Vec::new()),
        1 => vec![resource],
        count => (1..=count).map(|number| format!("{resource}-{number}")).collect(),
    };
    for name in names {
        let replica = Replica { target, workload, network: &network, settings: &settings, main, name };
        objects.extend(replica.objects()?);
    }
    Ok(objects)
}

/// Returns the network that a target's containers share.
pub fn network(target: &Target) -> document::Network {
    let name = target.compute.get("network").and_then(Json::as_str).unwrap_or(&target.namespace);
    document::Network { name: name.to_owned(), labels: labels::of_target(target) }
}

/// Wraps a document; `name` is its name below the target's namespace.
pub fn object(target: &Target, name: &str, document: Document) -> Object {
    let kind = match &document {
        Document::Network(_) => "network",
        Document::Volume(_) => "volume",
        Document::Container(_) => "container",
    };
    let body = serde_json::to_value(&document).expect("documents are plain data with text keys");
    Object {
        reference: ObjectRef {
            platform: ComputeKind::Docker,
            kind: kind.to_owned(),
            namespace: target.namespace.clone(),
            name: name.to_owned(),
            cluster: None,
        },
        body,
    }
}

/// When an image is pulled, where the author leaves it to the platform: when it is not at hand.
pub fn usual(pull: Pull) -> Pull {
    if pull == Pull::Usual { Pull::IfNotPresent } else { pull }
}

/// Refuses what the platform cannot do: `what` is not supported, because of `why`; do `instead`.
fn refuse(workload: &Workload, what: &str, why: &str, instead: &str) -> Fault {
    let message =
        format!("{what} is not supported on Docker: {why}. To deploy `{}`, {instead}.", workload.resource.name);
    Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&workload.resource.id)
}

/// One of a workload's equal copies.
struct Replica<'a> {
    target: &'a Target,
    workload: &'a Workload,
    network: &'a document::Network,
    settings: &'a host::Settings,
    /// Index of the container that owns the network name space.
    main: usize,
    /// Its name below the namespace: `demo`, or `demo-2` where there are several.
    name: String,
}

impl Replica<'_> {
    fn objects(&self) -> Result<Vec<Object>, Fault> {
        let mut objects = self.volumes()?;
        let mut containers = Vec::new();
        let (inits, others): (Vec<_>, Vec<_>) =
            self.workload.containers.iter().enumerate().partition(|(_, container)| container.init);
        // The main container first: sidecars live in its network name space.
        let main = others.iter().filter(|(index, _)| *index == self.main);
        let sidecars = others.iter().filter(|(index, _)| *index != self.main);
        for (index, container) in inits.iter().chain(main).chain(sidecars) {
            containers.push((self.short_name(*index, container), self.container(*index, container)?));
        }
        self.seal(&mut containers)?;
        objects.extend(
            containers
                .into_iter()
                .map(|(name, container)| object(self.target, &name, Document::Container(Box::new(container)))),
        );
        Ok(objects)
    }

    /// Marks all containers with one digest: a change of any is a change of all, as in a pod.
    fn seal(&self, containers: &mut [(String, document::Container)]) -> Result<(), Fault> {
        let bodies: Vec<Json> = containers
            .iter()
            .map(|(_, container)| serde_json::to_value(container).expect("documents are plain data with text keys"))
            .collect();
        let digest = labels::digest(&bodies);
        for (_, container) in containers {
            document::check_create_body(&container.create).map_err(|fault| fault.target(&self.workload.resource.id))?;
            set_label(&mut container.create, labels::RENDERED_HASH, &digest);
        }
        Ok(())
    }

    fn short_name(&self, index: usize, container: &Container) -> String {
        if index == self.main {
            self.name.clone()
        } else {
            format!("{}-{}", self.name, container.name.to_ascii_lowercase())
        }
    }

    fn native(&self, name: &str) -> String {
        format!("{}-{name}", self.target.namespace)
    }

    /// Returns the volumes that live and die with the replica.
    fn volumes(&self) -> Result<Vec<Object>, Fault> {
        let mounts = |name: &str| {
            let containers = self.workload.containers.iter();
            containers.filter(|container| container.mounts.iter().any(|mount| mount.volume == name)).count()
        };
        let mut objects = Vec::new();
        for (name, volume) in &self.workload.volumes {
            match volume {
                Volume::Ephemeral { memory: true } if mounts(name) > 1 => {
                    return Err(refuse(
                        self.workload,
                        &format!("volume `{name}`, in memory and mounted by several containers,"),
                        "memory is not shared between containers",
                        "keep the volume on disk, or mount it once",
                    ));
                }
                Volume::Ephemeral { memory: false } if mounts(name) > 0 => {
                    let short = format!("{}-{}", self.name, name.to_ascii_lowercase());
                    let labels = labels::of_resource(self.target, &self.workload.resource);
                    let volume = document::Volume { name: self.native(&short), labels };
                    objects.push(object(self.target, &short, Document::Volume(volume)));
                }
                Volume::Secret { .. } => {
                    return Err(refuse(
                        self.workload,
                        &format!("volume `{name}` with the files of a secret"),
                        "the engine keeps no secrets",
                        "pass the values through `env`, or use an environment whose compute is Kubernetes",
                    ));
                }
                Volume::Vault(_) => {
                    return Err(refuse(
                        self.workload,
                        &format!("volume `{name}` of a key vault"),
                        "the engine reads no vaults",
                        "pass the values through a secret store, or use an environment whose compute is Kubernetes",
                    ));
                }
                Volume::Ephemeral { .. } | Volume::Persistent { .. } => {}
            }
        }
        Ok(objects)
    }

    fn container(&self, index: usize, container: &Container) -> Result<document::Container, Fault> {
        let is_main = index == self.main;
        let ports = if is_main { ports::of(self.workload)? } else { BTreeMap::new() };
        let (plain, secret_env) = self.environment(container)?;
        let role = match (container.init, is_main) {
            (true, _) => Role::Init,
            (false, true) => Role::Main,
            (false, false) => Role::SidecarOf(self.native(&self.name)),
        };
        let create = self.create_body(container, &role, &ports, plain)?;
        Ok(document::Container {
            name: self.native(&self.short_name(index, container)),
            role,
            pull: usual(container.pull),
            network: self.network.clone(),
            ports,
            secret_env,
            readiness: self.probe(container.readiness.as_ref())?,
            liveness: self.probe(container.liveness.as_ref())?,
            create,
        })
    }

    fn create_body(
        &self,
        container: &Container,
        role: &Role,
        ports: &BTreeMap<String, Port>,
        env: Vec<String>,
    ) -> Result<Map<String, Json>, Fault> {
        let mut create = Map::new();
        create.insert("Image".to_owned(), json!(container.image));
        for (field, list) in [("Entrypoint", &container.command), ("Cmd", &container.args), ("Env", &env)] {
            if !list.is_empty() {
                create.insert(field.to_owned(), json!(list));
            }
        }
        if let Some(directory) = &container.working_dir {
            create.insert("WorkingDir".to_owned(), json!(directory));
        }
        create.insert("Labels".to_owned(), json!(self.labels(role, ports)));
        let mut host = self.host_config(container, role)?;
        if *role == Role::Main {
            let probed = self.workload.containers.iter().filter(|c| !c.init).flat_map(probe_ports);
            ports::publish(self.workload, self.settings, ports, probed, &mut create, &mut host)?;
        }
        self.settings.merge_into(self.workload, &mut host)?;
        create.insert("HostConfig".to_owned(), Json::Object(host));
        if *role == Role::Main {
            let endpoint = json!({ self.network.name.clone(): { "Aliases": self.aliases() } });
            create.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": endpoint }));
        }
        Ok(create)
    }

    fn labels(&self, role: &Role, ports: &BTreeMap<String, Port>) -> BTreeMap<String, String> {
        let mut all = self.workload.marks.labels.clone();
        all.extend(labels::of_resource(self.target, &self.workload.resource));
        let part = match role {
            Role::Main => "main",
            Role::Init => "init",
            Role::SidecarOf(main) => {
                all.insert(labels::SHARES.to_owned(), main.clone());
                "sidecar"
            }
        };
        all.insert(labels::ROLE.to_owned(), part.to_owned());
        all.extend(ports::labels(ports));
        all
    }

    /// The names under which siblings reach the replica: the resource's, and one per container with ports.
    fn aliases(&self) -> Vec<String> {
        let resource = self.workload.resource.name.to_ascii_lowercase();
        let several = self.workload.containers.iter().filter(|container| !container.init).count() > 1;
        let mut aliases = vec![resource.clone()];
        for container in self.workload.containers.iter().filter(|c| several && !c.init && !c.ports.is_empty()) {
            aliases.push(format!("{resource}-{}", container.name.to_ascii_lowercase()));
        }
        aliases
    }

    /// Splits variables into those that may be seen (`NAME=value`) and those that may not. Later ones win.
    fn environment(&self, container: &Container) -> Result<(Vec<String>, BTreeMap<String, String>), Fault> {
        let mut plain = BTreeMap::new();
        let mut secret = BTreeMap::new();
        for (name, value) in &container.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                let message = format!("`{name}` cannot name an environment variable of container `{}`", container.name);
                return Err(Fault::bad_request(message).target(&self.workload.resource.id));
            }
            plain.remove(name);
            secret.remove(name);
            match value {
                EnvValue::Plain(text) => plain.insert(name.clone(), text.clone()),
                EnvValue::Secret(text) => secret.insert(name.clone(), text.clone()),
                EnvValue::SecretRef { secret, key } => {
                    return Err(refuse(
                        self.workload,
                        &format!("variable `{name}` from key `{key}` of the platform's secret `{secret}`"),
                        "the engine keeps no secrets",
                        "refer to a secret store by its resource id",
                    ));
                }
            };
        }
        Ok((plain.into_iter().map(|(name, value)| format!("{name}={value}")).collect(), secret))
    }

    fn probe(&self, probe: Option<&radii_runtime::platform::Probe>) -> Result<Option<Probe>, Fault> {
        let Some(probe) = probe else { return Ok(None) };
        if let Check::Http { path, headers, tls, .. } = &probe.check {
            if *tls {
                return Err(refuse(
                    self.workload,
                    "a probe that speaks HTTPS",
                    "the engine's probes are driven without TLS",
                    "use a TCP probe",
                ));
            }
            let broken = |text: &str| text.contains(['\r', '\n', '\0']);
            if broken(path) || path.contains(' ') || headers.iter().any(|(name, value)| broken(name) || broken(value)) {
                let message =
                    "the path and the headers of an HTTP probe may not contain line breaks, nor the path spaces";
                return Err(Fault::bad_request(message).target(&self.workload.resource.id));
            }
        }
        Ok(Some(Probe::from(probe)))
    }

    fn host_config(&self, container: &Container, role: &Role) -> Result<Map<String, Json>, Fault> {
        let mut host = Map::new();
        let network = match role {
            Role::SidecarOf(main) => format!("container:{main}"),
            Role::Main | Role::Init => self.network.name.clone(),
        };
        host.insert("NetworkMode".to_owned(), json!(network));
        let restart = match (role, self.workload.restart) {
            (Role::Init, _) | (_, Restart::Never) => "no",
            (_, Restart::Always) => "always",
            (_, Restart::OnFailure) => "on-failure",
        };
        host.insert("RestartPolicy".to_owned(), json!({ "Name": restart }));
        // What a request keeps is what an engine's container may use, where nothing else is said.
        if let Some(cores) = container.cpu.or(container.cpu_request) {
            #[expect(clippy::cast_possible_truncation, reason = "no host has 9 billion cores")]
            let nano = (cores * 1e9).round() as i64;
            host.insert("NanoCpus".to_owned(), json!(nano));
        }
        if let Some(bytes) = container.memory.or(container.memory_request) {
            host.insert("Memory".to_owned(), json!(bytes));
        }
        self.mount(container, &mut host)?;
        Ok(host)
    }

    fn mount(&self, container: &Container, host: &mut Map<String, Json>) -> Result<(), Fault> {
        let mut mounts = Vec::new();
        let mut memory = Map::new();
        for mount in &container.mounts {
            let source = match self.workload.volumes.get(&mount.volume) {
                None => {
                    let message = format!(
                        "container `{}` mounts volume `{}`, which the workload does not declare; add it to `volumes`",
                        container.name, mount.volume
                    );
                    return Err(Fault::bad_request(message).target(&self.workload.resource.id));
                }
                Some(Volume::Ephemeral { memory: true }) => {
                    memory.insert(mount.path.clone(), json!(if mount.read_only { "ro" } else { "rw" }));
                    continue;
                }
                Some(Volume::Persistent { source }) if source.is_empty() || source.contains('/') => {
                    return Err(refuse(
                        self.workload,
                        &format!("volume `{}` with source `{source}`", mount.volume),
                        "an engine's volumes have plain names",
                        "give the volume's name as the source",
                    ));
                }
                Some(Volume::Persistent { source }) => source.clone(),
                Some(_) => self.native(&format!("{}-{}", self.name, mount.volume.to_ascii_lowercase())),
            };
            mounts
                .push(json!({ "Type": "volume", "Source": source, "Target": mount.path, "ReadOnly": mount.read_only }));
        }
        if !mounts.is_empty() {
            host.insert("Mounts".to_owned(), Json::Array(mounts));
        }
        if !memory.is_empty() {
            host.insert("Tmpfs".to_owned(), Json::Object(memory));
        }
        Ok(())
    }
}

/// Returns the ports that a container's probes ask.
fn probe_ports(container: &Container) -> Vec<u16> {
    let probes = [container.readiness.as_ref(), container.liveness.as_ref()];
    probes.into_iter().flatten().filter_map(|probe| Probe::from(probe).port()).collect()
}

/// Sets a label of a create body.
pub fn set_label(create: &mut Map<String, Json>, key: &str, value: &str) {
    let labels = create.entry("Labels").or_insert_with(|| json!({}));
    if let Json::Object(labels) = labels {
        labels.insert(key.to_owned(), json!(value));
    }
}
