//! Rendering: a workload becomes the objects that Radius makes of a container.

use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{ComputeKind, Container, DaprSidecar, Object, ObjectRef, Restart, Target, Workload};
use serde_json::{Map, Value as Json, json};

use crate::{base, labels, pod, scaling, vault};

/// Longest name of most objects, and of label values.
const LONGEST_NAME: usize = 63;

/// Returns the objects that make a workload, in the order in which they are to be applied.
pub fn workload(target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault> {
    check(target, workload)?;
    let name = workload.resource.name.to_lowercase();
    let meta = Meta { target, workload, name: &name };
    let secret = pod::secret_data(workload);
    let ours = Json::Object(labels::of_resource(target, &workload.resource));
    let plain = json!({ "labels": ours });
    let mut account = labels::marked(target, workload, &workload.shared);
    if let Some(identity) = &workload.identity {
        vault::mark_account(&mut account, identity);
    }
    let mut objects = vec![meta.object("v1", "core/ServiceAccount", &name, Json::Object(account), json!({}))];
    let rule = json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"] });
    objects.push(meta.object(
        "rbac.authorization.k8s.io/v1",
        "rbac.authorization.k8s.io/Role",
        &name,
        plain.clone(),
        json!({ "rules": [rule] }),
    ));
    let binding = json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
        "subjects": [{ "kind": "ServiceAccount", "name": name }],
    });
    objects.push(meta.object(
        "rbac.authorization.k8s.io/v1",
        "rbac.authorization.k8s.io/RoleBinding",
        &name,
        plain.clone(),
        binding,
    ));
    if !secret.is_empty() {
        let members = json!({ "type": "Opaque", "data": secret });
        objects.push(meta.object("v1", "core/Secret", &name, plain.clone(), members));
    }
    for (name, spec) in vault::classes(workload)? {
        let kind = "secrets-store.csi.x-k8s.io/SecretProviderClass";
        objects.push(meta.object("secrets-store.csi.x-k8s.io/v1", kind, &name, plain.clone(), json!({ "spec": spec })));
    }
    // Before its target, so that the target's number of replicas is the scaler's from the first moment.
    for scaler in scaling::scalers(&name, workload)? {
        objects.push(meta.object(
            scaler.version,
            scaler.kind,
            &scaler.name,
            plain.clone(),
            json!({ "spec": scaler.spec }),
        ));
    }
    let marked = Json::Object(labels::marked(target, workload, &workload.marks));
    objects.push(meta.object("apps/v1", "apps/Deployment", &name, marked, deployment(target, workload, &secret)?));
    objects.extend(services(&meta));
    base::merge(target, workload, &mut objects)?;
    Ok(objects)
}

fn check(target: &Target, workload: &Workload) -> Result<(), Fault> {
    let resource = &workload.resource;
    let name = resource.name.to_lowercase();
    for (what, name) in [("resource", name.as_str()), ("namespace", target.namespace.as_str())] {
        if !is_label(name) {
            let message = format!(
                "the {what} name `{name}` is not valid on Kubernetes: at most {LONGEST_NAME} lower-case letters, digits and hyphens, a letter or digit first and last; choose another name"
            );
            return Err(Fault::new(400, "PlatformNameInvalid", message).target(&resource.id));
        }
    }
    check_workload(workload)
}

/// Checks what can be told of a workload before its connections and volumes are resolved.
///
/// # Errors
/// 400 naming the first thing that the API server would refuse.
pub fn check_workload(workload: &Workload) -> Result<(), Fault> {
    check_names(workload)?;
    let resource = &workload.resource;
    if workload.restart != Restart::Always {
        let message = format!(
            "restartPolicy '{:?}' is not supported on Kubernetes (/properties/restartPolicy): a Deployment always replaces \
             stopped pods. Remove restartPolicy from `{}`; or run the container on Docker, which supports it.",
            workload.restart, resource.name
        );
        return Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(&resource.id));
    }
    if workload.containers.iter().all(|container| container.init) {
        let message = format!("`{}` has no container but init containers; add one that keeps running", resource.name);
        return Err(Fault::bad_request(message).target(&resource.id));
    }
    Ok(())
}

/// Checks the names that an author gave to volumes and containers.
fn check_names(workload: &Workload) -> Result<(), Fault> {
    let invalid = |what: &str, name: &str| {
        let message = format!(
            "the {what} name `{name}` is not valid on Kubernetes: at most {LONGEST_NAME} lower-case letters, digits and hyphens, a letter or digit first and last; rename the {what}"
        );
        Fault::new(400, code::INVALID_CONTENT, message).target(&workload.resource.id)
    };
    if let Some(volume) = workload.volumes.keys().find(|volume| !is_label(volume)) {
        return Err(invalid("volume", volume));
    }
    match workload.containers.iter().find(|container| !is_label(&container.name.to_lowercase())) {
        Some(container) => Err(invalid("container", &container.name)),
        None => Ok(()),
    }
}

/// Whether a name is an RFC 1123 label.
pub fn is_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

struct Meta<'a> {
    target: &'a Target,
    workload: &'a Workload,
    name: &'a str,
}

impl Meta<'_> {
    /// Returns an object with the given members beside `apiVersion`, `kind` and `metadata`.
    fn object(&self, api_version: &str, kind: &str, name: &str, more: Json, members: Json) -> Object {
        let short = kind.rsplit('/').next().unwrap_or(kind);
        let mut metadata = json!({ "name": name, "namespace": self.target.namespace });
        if let (Json::Object(metadata), Json::Object(more)) = (&mut metadata, more) {
            metadata.extend(more);
        }
        let mut body = json!({ "apiVersion": api_version, "kind": short, "metadata": metadata });
        if let (Json::Object(body), Json::Object(members)) = (&mut body, members) {
            body.extend(members);
        }
        let reference = ObjectRef {
            platform: ComputeKind::Kubernetes,
            kind: kind.to_owned(),
            namespace: self.target.namespace.clone(),
            name: name.to_owned(),
            cluster: self.target.cluster().map(str::to_owned),
        };
        Object { reference, body }
    }
}

fn deployment(target: &Target, workload: &Workload, secret: &Map<String, Json>) -> Result<Json, Fault> {
    let mut metadata = labels::marked(target, workload, &workload.marks);
    let mut annotations = metadata.shift_remove("annotations").unwrap_or_else(|| json!({}));
    if !secret.is_empty() {
        // A changed value changes the pod template, and so rolls the pods.
        annotations["radapp.io/secret-hash"] = json!(pod::secret_hash(workload));
    }
    if workload.identity.is_some()
        && let Some(Json::Object(labels)) = metadata.get_mut("labels")
    {
        labels.insert(vault::USES_IDENTITY.to_owned(), json!("true"));
    }
    if let Some(sidecar) = &workload.dapr {
        dapr(sidecar, &mut annotations);
    }
    if annotations.as_object().is_some_and(|annotations| !annotations.is_empty()) {
        metadata.insert("annotations".to_owned(), annotations);
    }
    let mut spec = json!({
        "selector": { "matchLabels": labels::selector(target, &workload.resource) },
        "template": { "metadata": metadata, "spec": pod::spec(workload)? },
    });
    if let Some(replicas) = workload.replicas.filter(|_| !scaling::is_scaled(workload)) {
        spec["replicas"] = json!(replicas);
    }
    Ok(json!({ "spec": spec }))
}

/// Asks Dapr for a sidecar, in annotations of the pod.
fn dapr(sidecar: &DaprSidecar, annotations: &mut Json) {
    annotations["dapr.io/enabled"] = json!("true");
    // Radius writes `dapr.io/protocol`, which no sidecar reads.
    let texts = [("app-id", &sidecar.app_id), ("config", &sidecar.config), ("app-protocol", &sidecar.protocol)];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        annotations[format!("dapr.io/{name}")] = json!(text);
    }
    if let Some(port) = sidecar.app_port {
        annotations["dapr.io/app-port"] = json!(port.to_string());
    }
}

/// Returns the Service under the resource's name, and for resources that may have several containers one for each that
/// has ports, under the name that the resource's `hosts` gives.
fn services(meta: &Meta<'_>) -> Vec<Object> {
    let serving: Vec<&Container> =
        meta.workload.containers.iter().filter(|container| !container.init && !container.ports.is_empty()).collect();
    let mut services = Vec::new();
    let mut add = |name: &str, containers: &[&Container]| {
        let ports: Vec<Json> =
            containers.iter().flat_map(|container| service_ports(container, containers.len() > 1)).collect();
        let spec = json!({
            "type": "ClusterIP",
            "selector": labels::selector(meta.target, &meta.workload.resource),
            "ports": ports,
        });
        let marked = Json::Object(labels::marked(meta.target, meta.workload, &meta.workload.shared));
        services.push(meta.object("v1", "core/Service", name, marked, json!({ "spec": spec })));
    };
    if !serving.is_empty() {
        add(meta.name, &serving);
    }
    if serving.len() > 1 || holds_several(&meta.workload.resource.id) {
        for container in &serving {
            add(&format!("{}-{}", meta.name, container.name.to_lowercase()), &[container]);
        }
    }
    services
}

/// Whether the resource is of the type that has a map of containers, not just one.
fn holds_several(resource: &str) -> bool {
    resource.to_ascii_lowercase().contains("/providers/radius.compute/")
}

fn service_ports(container: &Container, several: bool) -> Vec<Json> {
    let name = |port: &str| if several { format!("{}-{port}", container.name).to_lowercase() } else { port.to_owned() };
    container
        .ports
        .iter()
        .map(|port| {
            json!({
                "name": name(&port.name),
                "port": port.port,
                "targetPort": port.container_port,
                "protocol": pod::protocol(port.protocol),
            })
        })
        .collect()
}
