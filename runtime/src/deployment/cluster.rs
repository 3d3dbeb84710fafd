//! Objects of a Kubernetes cluster in templates: the extension `kubernetes`.
//!
//! They are no resources of the registry: each is applied as it is described, under our field manager, to the cluster of
//! the environment or else the server's own, and written down first. Their ids are those of output resources, so that a recipe that made them
//! removes them again.

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::expression::{Evaluator, Stop};
use super::functions::{Surroundings, find_member};
use super::template::Resource;
use crate::Fault;
use crate::access::Right;
use crate::fault::code;
use crate::host::Host;
use crate::objects;
use crate::platform::{ComputeKind, Object, Target, plane_of};
use crate::recipe::Journal;

/// Begins the ids of objects.
const PLANE: &str = "/planes/kubernetes/";
/// The namespace of objects that nobody names one for.
const DEFAULT: &str = "default";

/// Whether an id is that of an object.
pub(super) fn is_object(id: &ResourceId) -> bool {
    id.plane().is_some_and(|(kind, _)| kind.eq_ignore_ascii_case("kubernetes"))
}

/// Whether an id, as text, is that of an object.
pub(super) fn is_objects_id(id: &str) -> bool {
    id.get(..PLANE.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(PLANE))
}

/// The id of an object: its namespace is its own, else that of the extension's configuration, else that of the recipe.
///
/// # Errors
/// Names that are no texts; a kubeconfig in the template.
pub(super) fn id(
    resource: &Resource,
    evaluator: &mut Evaluator<'_, '_>,
    around: &Surroundings,
) -> Result<ResourceId, Stop> {
    let name = text(evaluator, &resource.name, "metadata.name")?;
    if name.is_empty() {
        return Err(Stop::Error("`metadata.name` is missing".to_owned()));
    }
    let configurations = &evaluator.scope.template.configurations;
    let alias = resource.alias.as_deref().unwrap_or_default();
    let config = find_member(configurations, alias).cloned().unwrap_or_default();
    let mut setting = |name: &str| match find(&config, name) {
        None => Ok(String::new()),
        Some(entry) => text(evaluator, entry.get("value").or(entry.get("defaultValue")).unwrap_or(entry), name),
    };
    if !setting("kubeConfig")?.is_empty() {
        let message = "a kubeconfig in a template is not used: objects go to the cluster of the environment (`compute.context`), else the server's own (`rad serve --kubeconfig`); leave `kubeConfig` empty";
        return Err(Stop::Error(message.to_owned()));
    }
    let configured = setting("namespace")?;
    let own = resource.source.get("properties").and_then(|of| of.get("metadata")?.get("namespace"));
    let own = own.map(|own| text(evaluator, own, "metadata.namespace")).transpose()?.unwrap_or_default();
    let usual = around.namespace.as_deref().unwrap_or_default();
    let namespace = [&*own, &*configured, usual].into_iter().find(|name| !name.is_empty());
    let namespace = namespace.unwrap_or(DEFAULT);
    let plane = plane_of(around.cluster.as_deref());
    let id = format!("{PLANE}{plane}/namespaces/{namespace}/providers/{}/{name}", resource.type_name);
    id.parse().map_err(|error| Stop::Error(format!("`{id}` names no object: {error}")))
}

fn find<'a>(config: &'a Json, name: &str) -> Option<&'a Json> {
    config.as_object().and_then(|config| find_member(config, name))
}

fn text(evaluator: &mut Evaluator<'_, '_>, value: &Json, what: &str) -> Result<String, Stop> {
    match evaluator.value(value)? {
        Json::String(text) => Ok(text),
        Json::Null => Ok(String::new()),
        other => Err(Stop::Error(format!("`{what}` is {other}, not a string"))),
    }
}

/// Returns the object that a resource of a template describes.
///
/// # Errors
/// Kinds that may not stand in templates, and servers without a driver for Kubernetes.
pub(super) fn object(
    host: &Host,
    resource: &ResourceId,
    version: &str,
    body: &Map<String, Json>,
) -> Result<Object, Fault> {
    let reference = reference(resource)?;
    let (group, kind) = reference.kind.split_once('/').unwrap_or(("core", &reference.kind));
    let api_version = if group == "core" { version.to_owned() } else { format!("{group}/{version}") };
    let mut document = json!({ "apiVersion": api_version, "kind": kind });
    for (name, value) in body.iter().filter(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind")) {
        document[name] = value.clone();
    }
    objects::driver(host, ComputeKind::Kubernetes)?
        .adopt(&target(&reference.namespace, reference.cluster.as_deref()), document)
}

fn reference(id: &ResourceId) -> Result<crate::platform::ObjectRef, Fault> {
    let text = id.to_string();
    objects::from_output_id(&text).ok_or_else(|| Fault::bad_request(format!("`{text}` names no object of a cluster")))
}

fn target(namespace: &str, cluster: Option<&str>) -> Target {
    let namespace = namespace.to_owned();
    let compute = cluster.map(|context| ("context".to_owned(), Json::from(context))).into_iter().collect();
    Target { environment_namespace: namespace.clone(), namespace, compute, ..Target::of_server() }
}

/// Names a namespace of a cluster: what a recipe may write in is granted by this name.
pub(super) fn place(cluster: Option<&str>, namespace: &str) -> String {
    format!("{}/{namespace}", plane_of(cluster.filter(|cluster| !cluster.is_empty())))
}

/// Checks that the cluster knows a kind, as far as it answers.
///
/// # Errors
/// Servers without a driver for Kubernetes; kinds that are not installed.
pub(super) async fn check_kind(host: &Host, resource: &Resource, around: &Surroundings) -> Result<(), Fault> {
    let platform = objects::driver(host, ComputeKind::Kubernetes)?;
    let Some((group, kind)) = resource.type_name.split_once('/') else {
        let message = format!("`{}` is no kind of objects: write `GROUP/KIND@VERSION`", resource.type_name);
        return Err(Fault::bad_request(message));
    };
    let name = if group == "core" { format!("/{kind}") } else { resource.type_name.clone() };
    match platform.knows(&target(DEFAULT, around.cluster.as_deref()), &name).await {
        Some(false) => {
            let message = format!(
                "the cluster does not know the kind `{kind}` of `{group}`: install its definition, or mend the type"
            );
            Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message))
        }
        _ => Ok(()),
    }
}

/// Applies an object; returns it as the cluster has it.
///
/// # Errors
/// What the cluster refuses.
pub(super) async fn apply(host: &Host, journal: &dyn Journal, object: &Object) -> Result<Json, Fault> {
    let platform = objects::driver(host, ComputeKind::Kubernetes)?;
    journal.record(std::slice::from_ref(&object.reference)).await?;
    let target = target(&object.reference.namespace, object.reference.cluster.as_deref());
    platform.place(&target, object).await.map_err(|fault| match fault.code.as_str() {
        // What the API server refuses, it refuses again.
        code::INTERNAL => Fault { status: 400, ..fault },
        _ => fault,
    })
}

/// Reads an object.
///
/// # Errors
/// 404 where there is none.
pub(super) async fn read(host: &Host, id: &ResourceId) -> Result<Json, Fault> {
    let found = objects::driver(host, ComputeKind::Kubernetes)?.read(&reference(id)?).await?;
    found.ok_or_else(|| Fault::not_found(&id.to_string()))
}

/// Says what applying an object would change: an entry of `whatIf`.
pub(super) async fn compare(host: &Host, object: &Object) -> Json {
    let platform = objects::driver(host, ComputeKind::Kubernetes);
    let change = match platform {
        Ok(platform) => platform.compare(object).await,
        Err(_) => None,
    };
    change.unwrap_or_else(|| json!({ "changeType": "Deploy" }))
}

/// Checks that an object may be written, or read, by whom the host acts for.
///
/// # Errors
/// 403, unless the object stands in the namespace that was granted.
pub(super) fn authorize(host: &Host, id: &ResourceId, right: Right<'_>, granted: Option<&str>) -> Result<(), Fault> {
    let object = reference(id)?;
    let stands_in = place(object.cluster.as_deref(), &object.namespace);
    if granted.is_some_and(|granted| granted == stands_in) {
        return Ok(());
    }
    host.authorize(right, id)
}

/// What reading an object takes.
pub(super) fn right_to_read(id: &ResourceId) -> Right<'static> {
    let is_secret = id.resource_type().is_some_and(|kind| kind.name().eq_ignore_ascii_case("Secret"));
    if is_secret { Right::Secrets } else { Right::Read }
}
