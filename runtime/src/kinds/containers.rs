//! Containers: `Applications.Core/containers` and `Radius.Compute/containers`, rendered and applied by a platform.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::{refuse_moves, shape, user_defined};
use crate::Fault;
use crate::connections::{self, Carrier};
use crate::environment::{Environment, compute_kind, load_application, load_linked};
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::objects::{self, Recorder};
use crate::platform::{ComputeKind, EnvValue, Marks, Observed, Target, Volume, Workload};
use crate::store::{Record, Verb};
use crate::workload::{Draft, hosts};

/// The behaviour of containers of either type.
pub(super) enum Containers {
    /// `Applications.Core/containers`, described by its API description.
    Classic,
    /// `Radius.Compute/containers`, described by its registered schema.
    Compute,
}

#[async_trait]
impl Kind for Containers {
    fn types(&self) -> &'static [&'static str] {
        match self {
            Containers::Classic => &["Applications.Core/containers"],
            Containers::Compute => &["Radius.Compute/containers"],
        }
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        matches!(self, Containers::Compute)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(20 * 60)
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        let status = old.and_then(|old| old.properties.get("status")).cloned();
        let is_classic = is_classic(record);
        match status {
            Some(status) => drop(record.properties.insert("status".into(), status)),
            None if is_classic => drop(record.properties.insert("status".into(), json!({}))),
            None => {}
        }
        if is_classic {
            if record.properties.get("identity").is_some_and(|identity| !identity.is_null()) {
                let message = "User-defined identity in Applications.Core/containers is not supported.";
                return Err(Fault::bad_request(message));
            }
            // A classic container goes where its application goes.
            record.properties.shift_remove("environment");
            refuse_moves(record, old)?;
            complete(&mut record.properties);
        } else if let Some(hosts) = old.and_then(|old| old.properties.get("hosts")) {
            record.properties.insert("hosts".into(), hosts.clone());
        }
        for (kind, fields) in record.properties.get("runtimes").and_then(Json::as_object).into_iter().flatten() {
            let platform = compute_kind(kind).and_then(|kind| host.platform(kind));
            if let (Some(platform), Some(fields)) = (platform, fields.as_object()) {
                platform.check_punch_through(record.id.name().unwrap_or_default(), fields)?;
            }
        }
        // What a recipe makes of the containers, only the recipe knows.
        if is_manual(record) || has_recipe(host, record).await {
            return Ok(());
        }
        check_workload(host, record, Draft::parse(record)?).await
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            Verb::Put if has_recipe(work.host, record).await => return user_defined::make(work, record).await,
            Verb::Put => deploy(work, record).await?,
            Verb::Delete => user_defined::remove(work, record).await?,
        }
        Ok(Step::Done)
    }

    async fn plan(&self, host: &Host, record: &Record) -> Result<Option<Json>, Fault> {
        match has_recipe(host, record).await {
            true => super::rehearsal::plan(host, record).await,
            false => Ok(None),
        }
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }

    async fn foresee(&self, host: &Host, record: &Record) -> Result<Vec<crate::platform::Object>, Fault> {
        if is_manual(record) || has_recipe(host, record).await {
            return Ok(Vec::new());
        }
        let (environment, application, target) = find_target(host, record).await?;
        let variables = connections::variables(host, &record.properties, Carrier::of(target.kind)).await?;
        let mut draft = Draft::parse(record)?;
        draft.settle(&environment, &target);
        let mut workload = draft.into_workload(&target, &variables, environment.marks(application.as_ref()));
        resolve(host, &record.properties, &target, &mut workload).await?;
        objects::driver(host, target.kind)?.render(&target, &workload)
    }
}

/// Refuses what the platform cannot carry or do, where it is known already which that is.
async fn check_workload(host: &Host, record: &Record, draft: Draft) -> Result<(), Fault> {
    let Ok((_, _, target)) = find_target(host, record).await else { return Ok(()) };
    let Some(platform) = host.platform(target.kind) else { return Ok(()) };
    platform.check_workload(&draft.into_workload(&target, &BTreeMap::new(), Marks::default()))
}

/// Whether the environment binds a recipe to the type: then that makes the containers, and not the platform.
async fn has_recipe(host: &Host, record: &Record) -> bool {
    let type_name: Option<TypeName> = record.type_name.parse().ok();
    let Some(type_name) = type_name.filter(|_| !is_classic(record)) else { return false };
    match Environment::load(host, record.properties.get("environment")).await {
        Ok(environment) => match environment.find_recipe(host, &type_name, record.properties.get("recipe")).await {
            Ok(_) => true,
            // A pack that is gone may have held it: whoever looks for the recipe says so.
            Err(fault) => fault.code == code::NOT_FOUND,
        },
        // Whoever deploys says what is wrong.
        Err(_) => false,
    }
}

/// Turns references to secret stores into names of the platform's secrets.
async fn resolve_secrets(host: &Host, workload: &mut Workload) -> Result<(), Fault> {
    for container in &mut workload.containers {
        for (_, value) in &mut container.env {
            let EnvValue::SecretRef { secret, .. } = value else { continue };
            if secret.starts_with('/') {
                let store = super::secret_stores::load(host, secret).await?;
                let own = store.id.name().unwrap_or_default().to_ascii_lowercase();
                *secret = super::secret_stores::place_of(&store).map_or(own, |(_, name)| name.to_owned());
            }
        }
    }
    Ok(())
}

/// Fills in what other resources say: names of secrets, vaults behind volumes, the identity that opens them.
async fn resolve(
    host: &Host,
    properties: &Map<String, Json>,
    target: &Target,
    workload: &mut Workload,
) -> Result<(), Fault> {
    resolve_secrets(host, workload).await?;
    let given = properties.get("container").and_then(|container| container["volumes"].as_object());
    for (name, given) in given.into_iter().flatten().filter(|(_, given)| given["kind"] == "persistent") {
        let source = given["source"].as_str().unwrap_or_default();
        if !source.starts_with('/') {
            continue;
        }
        let found = super::secret_stores::load(host, source).await?;
        if !found.type_name.eq_ignore_ascii_case("Applications.Core/volumes") {
            return Err(Fault::internal("invalid dependency resource"));
        }
        workload.volumes.insert(name.clone(), Volume::Vault(super::volumes::vault(&found)?));
        workload.identity = super::volumes::identity(target);
    }
    resolve_claims(host, properties, workload).await
}

/// Volumes of `Radius.Compute/persistentVolumes` are the claims that their recipes made.
async fn resolve_claims(host: &Host, properties: &Map<String, Json>, workload: &mut Workload) -> Result<(), Fault> {
    for (name, given) in properties.get("volumes").and_then(Json::as_object).into_iter().flatten() {
        let id = given["persistentVolume"]["resourceId"].as_str().unwrap_or_default();
        if !id.starts_with('/') {
            continue;
        }
        let found = super::secret_stores::load(host, id).await?;
        let outputs = found.properties.get("status").and_then(|status| status["outputResources"].as_array());
        let claim = outputs.into_iter().flatten().filter_map(|output| output["id"].as_str()).find_map(claim_of);
        if let Some(claim) = claim {
            workload.volumes.insert(name.clone(), Volume::Persistent { source: claim });
        }
    }
    Ok(())
}

/// The claim's name in an output resource's id, if it is one.
fn claim_of(id: &str) -> Option<String> {
    let (before, name) = id.rsplit_once('/')?;
    let is_claim = before.rsplit('/').next()?.eq_ignore_ascii_case("PersistentVolumeClaim");
    is_claim.then(|| name.to_owned())
}

fn is_classic(record: &Record) -> bool {
    record.id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case("Applications.Core"))
}

/// `resourceProvisioning: manual`: the author says what stands for the container; nothing is rendered.
fn is_manual(record: &Record) -> bool {
    record.properties.get("resourceProvisioning").and_then(Json::as_str) == Some("manual")
}

/// Fills in what answers always show of a classic container.
fn complete(properties: &mut Map<String, Json>) {
    let connections = properties.entry("connections").or_insert_with(|| json!({}));
    for entry in connections.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut) {
        entry.entry("disableDefaultEnvVars").or_insert(Json::Bool(false));
        let iam = entry.entry("iam").or_insert_with(|| json!({ "kind": "azure" }));
        if let Some(iam) = iam.as_object_mut() {
            iam.entry("roles").or_insert_with(|| json!([]));
        }
    }
    if let Some(container) = properties.get_mut("container").and_then(Json::as_object_mut) {
        for (name, default) in [
            ("args", json!([])),
            ("command", json!([])),
            ("env", json!({})),
            ("ports", json!({})),
            ("workingDir", json!("")),
        ] {
            container.entry(name).or_insert(default);
        }
        let ports = container.get_mut("ports").and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut);
        for port in ports.filter_map(Json::as_object_mut) {
            port.entry("protocol").or_insert_with(|| "TCP".into());
            // Clients that read and write back send the 0 of an unset port.
            if port.get("port") == Some(&json!(0)) {
                port.shift_remove("port");
            }
            if port.get("scheme") == Some(&json!("")) {
                port.shift_remove("scheme");
            }
            // A route of older clients: services are named after the container now.
            port.shift_remove("provides");
        }
        complete_volumes_and_probes(container);
    }
    complete_extensions(properties);
    for (runtime, name) in [("kubernetes", "base"), ("aci", "gatewayID")] {
        let fields = properties.get_mut("runtimes").and_then(|runtimes| runtimes.get_mut(runtime));
        if let Some(fields) = fields.and_then(Json::as_object_mut) {
            fields.entry(name).or_insert_with(|| "".into());
        }
    }
    properties.entry("resourceProvisioning").or_insert_with(|| "internal".into());
    properties.entry("resources").or_insert_with(|| json!([]));
}

fn complete_volumes_and_probes(container: &mut Map<String, Json>) {
    let volumes = container.get_mut("volumes").and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut);
    for volume in volumes.filter(|volume| volume["kind"] == "persistent").filter_map(Json::as_object_mut) {
        volume.entry("permission").or_insert_with(|| "read".into());
    }
    for probe in ["livenessProbe", "readinessProbe"] {
        let probe = container.get_mut(probe).filter(|probe| probe["kind"] == "httpGet").and_then(Json::as_object_mut);
        if let Some(probe) = probe {
            probe.entry("headers").or_insert_with(|| json!({}));
            probe.entry("path").or_insert_with(|| "".into());
        }
    }
}

fn complete_extensions(properties: &mut Map<String, Json>) {
    shape::complete_marks(properties);
    let extensions = properties.get_mut("extensions").and_then(Json::as_array_mut);
    for extension in extensions.into_iter().flatten().filter(|extension| extension["kind"] == "daprSidecar") {
        let Some(extension) = extension.as_object_mut() else { continue };
        for (name, default) in
            [("appId", json!("")), ("appPort", json!(0)), ("config", json!("")), ("protocol", json!("http"))]
        {
            extension.entry(name).or_insert(default);
        }
    }
}

/// Drops marks whose names are not the author's to give, since they find our objects; returns those names.
fn drop_reserved_marks(properties: &mut Map<String, Json>) -> Vec<String> {
    let mut dropped = Vec::new();
    let extensions = properties.get_mut("extensions").and_then(Json::as_array_mut);
    for extension in extensions.into_iter().flatten().filter(|extension| extension["kind"] == "kubernetesMetadata") {
        for marks in ["labels", "annotations"] {
            if let Some(marks) = extension.get_mut(marks).and_then(Json::as_object_mut) {
                dropped.extend(marks.keys().filter(|name| name.starts_with("radapp.io/")).cloned());
                marks.retain(|name, _| !name.starts_with("radapp.io/"));
            }
        }
    }
    dropped
}

/// Refuses roles that connections ask for: nobody here can give them.
fn refuse_roles(properties: &Map<String, Json>, environment: &Environment) -> Result<(), Fault> {
    for (name, connection) in properties.get("connections").and_then(Json::as_object).into_iter().flatten() {
        if connection["iam"]["roles"].as_array().is_none_or(|roles| roles.is_empty()) {
            continue;
        }
        if environment.provider("azure").is_none() {
            return Err(Fault::internal("environment providers are not specified"));
        }
        let message = format!(
            "connections.{name}.iam.roles: this server has no credentials for Azure, and cannot assign roles: assign them to \
             the identity of the environment's `compute.identity` yourself, and leave `roles` empty"
        );
        return Err(Fault::new(400, crate::fault::code::PLATFORM_UNSUPPORTED, message));
    }
    Ok(())
}

async fn deploy(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    let ignored = drop_reserved_marks(&mut record.properties);
    if is_manual(record) {
        let outputs = referenced(record);
        objects::delete_all(work.host, &record.private.journal).await?;
        record.private.journal.clear();
        record.properties.insert("status".into(), json!({ "outputResources": outputs }));
        return Ok(());
    }
    let (environment, application, target) = find_target(work.host, record).await?;
    refuse_roles(&record.properties, &environment)?;
    let variables = connections::variables(work.host, &record.properties, Carrier::of(target.kind)).await?;
    let mut draft = Draft::parse(record)?;
    draft.settle(&environment, &target);
    for name in ignored {
        let message = format!("`{name}` has no effect: marks below `radapp.io/` are Radii's own; choose another name");
        draft.ignore("/properties/extensions", &message);
    }
    let degradations = draft.degradations.clone();
    let mut workload = draft.into_workload(&target, &variables, environment.marks(application.as_ref()));
    resolve(work.host, &record.properties, &target, &mut workload).await?;
    let platform = objects::driver(work.host, target.kind);
    if environment.is_simulated() {
        // What would be made is shown where this server knows how; nothing is made.
        let rendered = platform.ok().map(|platform| platform.render(&target, &workload)).transpose()?;
        let references: Vec<_> = rendered.into_iter().flatten().map(|object| object.reference).collect();
        show(record, &target, &workload, &references, &[], degradations);
        return Ok(());
    }
    let platform = platform?;
    let rendered = platform.render(&target, &workload)?;
    let journal = Recorder::new(work.journal);
    let seen = objects::apply_all(platform, &target, &rendered, &journal).await?;
    let made = journal.made();
    objects::delete_all(work.host, &objects::stale(&record.private.journal, &made)).await?;
    show(record, &target, &workload, &made, &seen, degradations);
    record.private.journal = made;
    Ok(())
}

/// Returns where a container goes: its own environment, else that of its application.
pub(super) async fn find_target(host: &Host, record: &Record) -> Result<(Environment, Option<Record>, Target), Fault> {
    let application = match record.properties.get("application").and_then(Json::as_str) {
        Some(text) if is_classic(record) && !text.is_empty() && !text.starts_with('/') => {
            let message = format!(
                "application ID \"{text}\" for the resource \"{}\" is not a valid id. Error: '{text}' is not a valid resource id",
                record.id
            );
            return Err(Fault::bad_request(message));
        }
        Some(text) if is_classic(record) && !text.is_empty() => {
            Some(load_linked(host, text, &TypeName::new("Applications.Core", "applications")).await?)
        }
        _ => load_application(host, record.properties.get("application")).await?,
    };
    let own = record.properties.get("environment").filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    let of_application = application.as_ref().and_then(|application| application.properties.get("environment"));
    let environment = Environment::load(host, own.or(of_application)).await?;
    let target = environment.target(application.as_ref())?;
    Ok((environment, application, target))
}

/// What the author of a classic container says that it consists of.
fn referenced(record: &Record) -> Vec<Json> {
    let listed = record.properties.get("resources").and_then(Json::as_array).filter(|_| is_classic(record));
    listed.into_iter().flatten().map(|entry| json!({ "id": entry.get("id") })).collect()
}

/// Writes down what was made and how it is reached.
fn show(
    record: &mut Record,
    target: &Target,
    workload: &Workload,
    made: &[crate::platform::ObjectRef],
    seen: &[Observed],
    degradations: Vec<Json>,
) {
    let mut outputs = referenced(record);
    outputs.extend(made.iter().map(|object| json!({ "id": object.output_id(), "localId": local_id(object) })));
    let mut status = json!({ "outputResources": outputs });
    // Classic clients find the place of a container on Kubernetes in its output resources.
    if target.kind != ComputeKind::Kubernetes || !is_classic(record) {
        status["compute"] = json!({ "kind": target.kind.as_str(), "namespace": target.namespace });
    }
    let endpoints: Map<String, Json> = seen
        .iter()
        .flat_map(|seen| &seen.endpoints)
        .map(|(name, endpoint)| (name.clone(), Json::String(endpoint.clone())))
        .collect();
    if !endpoints.is_empty() {
        status["endpoints"] = Json::Object(endpoints);
    }
    if !degradations.is_empty() {
        status["degradations"] = Json::Array(degradations);
    }
    record.properties.insert("status".into(), status);
    if is_classic(record) {
        fill_ports(&mut record.properties);
    } else {
        record.properties.insert("hosts".into(), Json::Object(hosts(target, workload)));
    }
}

/// The object's kind without its group: what classic clients know as the local id.
fn local_id(object: &crate::platform::ObjectRef) -> String {
    match object.kind.as_str() {
        "rbac.authorization.k8s.io/Role" => "KubernetesRole".to_owned(),
        "rbac.authorization.k8s.io/RoleBinding" => "KubernetesRoleBinding".to_owned(),
        kind => kind.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// Ports that are not mapped are reached under their own number.
fn fill_ports(properties: &mut Map<String, Json>) {
    let ports = properties.get_mut("container").and_then(|container| container.get_mut("ports"));
    for port in
        ports.and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut)
    {
        if let Some(number) = port.get("containerPort").cloned() {
            port.entry("port").or_insert(number);
        }
    }
}
