//! Platforms: rendering is pure, applying talks to the platform.

mod containers;
mod pieces;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::Fault;

pub use containers::{
    Check, Container, DaprSidecar, EnvValue, Goal, Identity, Metric, Mount, Port, Probe, Protocol, Pull, Restart,
    Scaling, Vault, VaultObject, Volume,
};
pub use pieces::{Component, Gateway, Piece, Route, Secret, Tls, duration};

/// A compute kind that an environment can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComputeKind {
    /// Kubernetes.
    Kubernetes,
    /// Azure Container Instances.
    Aci,
    /// Azure Container Apps.
    Aca,
    /// AWS ECS on Fargate.
    Ecs,
    /// Google Cloud Run.
    CloudRun,
    /// Knative.
    Knative,
    /// Docker or Podman at hand.
    Docker,
}

impl ComputeKind {
    /// All kinds.
    pub const ALL: [ComputeKind; 7] = [
        ComputeKind::Kubernetes,
        ComputeKind::Aci,
        ComputeKind::Aca,
        ComputeKind::Ecs,
        ComputeKind::CloudRun,
        ComputeKind::Knative,
        ComputeKind::Docker,
    ];

    /// The kind's name in `compute.kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            ComputeKind::Kubernetes => "kubernetes",
            ComputeKind::Aci => "aci",
            ComputeKind::Aca => "aca",
            ComputeKind::Ecs => "ecs",
            ComputeKind::CloudRun => "cloudrun",
            ComputeKind::Knative => "knative",
            ComputeKind::Docker => "docker",
        }
    }
}

/// Where things go: one environment, and the application in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The environment's compute kind.
    pub kind: ComputeKind,
    /// Id and name of the environment.
    pub environment: Named,
    /// Id and name of the application; `None` for resources of the environment itself.
    pub application: Option<Named>,
    /// The environment's namespace (Kubernetes namespace, Docker network prefix).
    pub environment_namespace: String,
    /// The namespace of the application's objects.
    pub namespace: String,
    /// The environment's `compute` object, for what only the platform understands.
    pub compute: Map<String, Json>,
}

impl Target {
    /// Returns the server's own cluster, where nothing is deployed to: for what belongs to no environment.
    pub fn of_server() -> Self {
        Self {
            kind: ComputeKind::Kubernetes,
            environment: Named::default(),
            application: None,
            environment_namespace: String::new(),
            namespace: String::new(),
            compute: Map::new(),
        }
    }

    /// Which of several clusters of the platform is meant: `compute.context`; the server's own when not given.
    pub fn cluster(&self) -> Option<&str> {
        self.compute.get("context").and_then(Json::as_str).filter(|context| !context.is_empty())
    }
}

/// An id with its last name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The full id.
    pub id: String,
    /// Its last segment.
    pub name: String,
}

/// A container resource, whatever type it was written as, with connections already resolved.
///
/// Made from `Applications.Core/containers` and `Radius.Compute/containers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Id and name of the resource.
    pub resource: Named,
    /// Its containers; the first one is the main one.
    pub containers: Vec<Container>,
    /// Volumes that the containers mount, by name.
    pub volumes: BTreeMap<String, Volume>,
    /// What happens when a container ends.
    pub restart: Restart,
    /// Number of replicas, where the author says it.
    pub replicas: Option<u32>,
    /// `runtimes.<platform>`: the target platform's own fields, merged last.
    pub punch_through: Map<String, Json>,
    /// What its author, the application and the environment mark the workload and its instances with.
    pub marks: Marks,
    /// What application and environment mark everything with.
    pub shared: Marks,
    /// The Dapr sidecar that it wants.
    pub dapr: Option<DaprSidecar>,
    /// How the number of replicas follows the load; `replicas` says it otherwise.
    pub scaling: Option<Scaling>,
    /// Who it is to a cloud.
    pub identity: Option<Identity>,
}

impl Workload {
    /// Returns a workload of containers, and nothing else said about it.
    pub fn new(resource: Named, containers: Vec<Container>) -> Self {
        Self {
            resource,
            containers,
            volumes: BTreeMap::new(),
            restart: Restart::Always,
            replicas: None,
            punch_through: Map::new(),
            marks: Marks::default(),
            shared: Marks::default(),
            dapr: None,
            scaling: None,
            identity: None,
        }
    }
}

/// Labels and annotations, where a platform has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Marks {
    /// Adds marks; where both say something, `over` wins.
    pub fn overlay(&mut self, over: &Marks) {
        self.labels.extend(over.labels.clone());
        self.annotations.extend(over.annotations.clone());
    }
}

/// An object of a platform's own API, as rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// What it is and where, before it exists.
    pub reference: ObjectRef,
    /// The platform's own document: a Kubernetes object, a Docker create body …
    pub body: Json,
}

/// Names an object of a platform.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Which platform has it.
    pub platform: ComputeKind,
    /// The platform's word for the kind: `container`, `network`, `volume`, `apps/Deployment`, `core/Service`.
    pub kind: String,
    /// Namespace, if the platform has them.
    pub namespace: String,
    /// Name, unique for the kind in the namespace.
    pub name: String,
    /// Which of several clusters of the platform; the server's own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

impl ObjectRef {
    /// The id under which the object stands in `status.outputResources`:
    /// `/planes/kubernetes/local/namespaces/NS/providers/apps/Deployment/NAME`. In another cluster than the server's own
    /// the plane has the name of its context.
    pub fn output_id(&self) -> String {
        let kind = if self.kind.contains('/') { self.kind.clone() } else { format!("core/{}", self.kind) };
        let (platform, plane) = (self.platform.as_str(), plane_of(self.cluster.as_deref()));
        format!("/planes/{platform}/{plane}/namespaces/{}/providers/{kind}/{}", self.namespace, self.name)
    }
}

/// The plane of the server's own cluster.
const OWN_PLANE: &str = "local";

/// Returns the name of a cluster's plane in ids: what names cannot hold is written as `~` and two hexadecimal digits.
pub(crate) fn plane_of(cluster: Option<&str>) -> String {
    let Some(cluster) = cluster else { return OWN_PLANE.to_owned() };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // A context of that name is not the server's own cluster.
    let is_taken = cluster.eq_ignore_ascii_case(OWN_PLANE);
    let write = |byte: u8| match is_plain(byte) && !is_taken {
        true => char::from(byte).to_string(),
        false => format!("~{byte:02x}"),
    };
    cluster.bytes().map(write).collect()
}

/// Returns the cluster that a plane in an id is for.
pub(crate) fn cluster_of(plane: &str) -> Option<String> {
    if plane.eq_ignore_ascii_case(OWN_PLANE) {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = plane.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'~' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        bytes.extend(u8::try_from(high * 16 + low));
    }
    String::from_utf8(bytes).ok()
}

/// What applying or observing an object showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// How it is.
    pub health: Health,
    /// A sentence about it, for people.
    pub message: String,
    /// Published endpoints, such as `http://127.0.0.1:49153` by port name.
    pub endpoints: BTreeMap<String, String>,
}

/// How an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Ready,
    /// It may yet work.
    Progressing,
    /// It will not work by itself.
    Failed,
    /// It is not there.
    Absent,
}

/// A driver of one platform. Every verb is idempotent: "already there" and "already gone" are successes.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Which kind it drives.
    fn kind(&self) -> ComputeKind;

    /// Returns the objects that make a workload, in the order in which they are to be applied.
    ///
    /// Pure: the same input gives the same objects, and nothing outside is asked.
    ///
    /// # Errors
    /// [`crate::fault::code::PLATFORM_UNSUPPORTED`] naming resource, platform, reason and alternative.
    fn render(&self, target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault>;

    /// Checks an author's own fields for this platform (`runtimes.<platform>`), wherever the resource will go.
    ///
    /// # Errors
    /// 400 naming the field.
    fn check_punch_through(&self, _resource: &str, _punch_through: &Map<String, Json>) -> Result<(), Fault> {
        Ok(())
    }

    /// Checks what can be told of a workload as soon as it is known where it goes, before its connections and volumes are
    /// resolved: the names that its author gave to parts of it, and what the platform does for no workload.
    ///
    /// # Errors
    /// 400 naming the part and what may stand there, or [`crate::fault::code::PLATFORM_UNSUPPORTED`].
    fn check_workload(&self, _workload: &Workload) -> Result<(), Fault> {
        Ok(())
    }

    /// Returns the objects of what an application has beside containers. Pure, as [`Platform::render`] is.
    ///
    /// # Errors
    /// [`crate::fault::code::PLATFORM_UNSUPPORTED`], unless the platform says otherwise.
    fn render_piece(&self, target: &Target, piece: &Piece) -> Result<Vec<Object>, Fault> {
        let (what, owner) = match piece {
            Piece::Gateway(gateway) => ("gateways", &gateway.resource),
            Piece::Secret(secret) => ("secret stores", &secret.resource),
            Piece::Component(component) => ("Dapr building blocks", &component.resource),
        };
        let kind = target.kind.as_str();
        let message = format!(
            "{what} are not supported on `{kind}`: to deploy `{}`, use an environment whose compute kind is `kubernetes`",
            owner.name
        );
        Err(Fault::new(400, crate::fault::code::PLATFORM_UNSUPPORTED, message).target(&owner.id))
    }

    /// Returns the values of a secret that the platform holds, or nothing when there is none of that name.
    ///
    /// # Errors
    /// [`crate::fault::code::PLATFORM_UNSUPPORTED`], unless the platform says otherwise.
    async fn read_secret(
        &self,
        target: &Target,
        _namespace: &str,
        name: &str,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, Fault> {
        let message = format!(
            "secret stores are not supported on `{}`: `{name}` cannot be read; use an environment whose compute kind is `kubernetes`",
            target.kind.as_str()
        );
        Err(Fault::new(400, crate::fault::code::PLATFORM_UNSUPPORTED, message))
    }

    /// Whether the platform knows a kind of objects, such as `dapr.io/Component`; nothing when that cannot be told.
    async fn knows(&self, _target: &Target, _kind: &str) -> Option<bool> {
        None
    }

    /// Whether a namespace is there; nothing when that cannot be told.
    async fn has_namespace(&self, _target: &Target, _namespace: &str) -> Option<bool> {
        None
    }

    /// Checks what an environment says to this platform alone in its `compute`.
    ///
    /// # Errors
    /// 400 naming the member.
    fn check_compute(&self, _compute: &Map<String, Json>) -> Result<(), Fault> {
        Ok(())
    }

    /// Returns the IP address or host name at which a gateway is reached, if it is known. A gateway that is `internal`
    /// may be reached elsewhere than those that everybody reaches.
    async fn public_address(
        &self,
        _target: &Target,
        _gateway: &Named,
        _internal: bool,
    ) -> Result<Option<String>, Fault> {
        Ok(None)
    }

    /// Returns a recipe's object, given as the platform's own document, with the reference it will have.
    ///
    /// # Errors
    /// When the document lacks what names it (kind, name), or names what recipes may not make.
    fn adopt(&self, target: &Target, body: Json) -> Result<Object, Fault>;

    /// Gets a target ready for objects: what they stand in is there afterwards.
    async fn prepare(&self, _target: &Target) -> Result<(), Fault> {
        Ok(())
    }

    /// Makes a namespace early, when an environment or application that will use it is written.
    ///
    /// A platform that cannot be reached just then is no error: [`Platform::prepare`] comes later.
    ///
    /// # Errors
    /// When the platform refuses the namespace.
    async fn reserve(&self, _target: &Target, _namespace: &str) -> Result<(), Fault> {
        Ok(())
    }

    /// Creates or updates an object and waits until it works, or cannot.
    async fn apply(&self, target: &Target, object: &Object) -> Result<Observed, Fault>;

    /// Creates or updates an object, does not wait until it works, and returns it as the platform has it.
    ///
    /// # Errors
    /// What the platform refuses.
    async fn place(&self, target: &Target, object: &Object) -> Result<Json, Fault> {
        self.apply(target, object).await.map(|_| object.body.clone())
    }

    /// Returns an object as the platform has it; `None` where there is none, or the platform does not show objects.
    ///
    /// # Errors
    /// When the platform cannot be asked.
    async fn read(&self, _reference: &ObjectRef) -> Result<Option<Json>, Fault> {
        Ok(None)
    }

    /// Compares an object with what stands in its place, and changes nothing: `changeType` (Create, Modify, NoChange)
    /// and `delta`, as in the answer of `whatIf`. `None` where the platform cannot tell, or does not answer just then.
    async fn compare(&self, _object: &Object) -> Option<Json> {
        None
    }

    /// Looks at an object.
    async fn observe(&self, reference: &ObjectRef) -> Result<Observed, Fault>;

    /// Removes an object; objects that are gone are no error.
    async fn delete(&self, reference: &ObjectRef) -> Result<(), Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_objects_name_their_cluster_whatever_its_context_is_called() {
        let id = |cluster: Option<&str>| {
            let object = ObjectRef {
                platform: ComputeKind::Kubernetes,
                kind: "apps/Deployment".into(),
                namespace: "ns".into(),
                name: "web".into(),
                cluster: cluster.map(str::to_owned),
            };
            assert_eq!(crate::objects::from_output_id(&object.output_id()), Some(object.clone()));
            object.output_id()
        };
        assert_eq!(id(None), "/planes/kubernetes/local/namespaces/ns/providers/apps/Deployment/web");
        assert_eq!(id(Some("eu-west")), "/planes/kubernetes/eu-west/namespaces/ns/providers/apps/Deployment/web");
        assert_eq!(
            id(Some("admin@prod/é")),
            "/planes/kubernetes/admin~40prod~2f~c3~a9/namespaces/ns/providers/apps/Deployment/web"
        );
        assert!(id(Some("local")).starts_with("/planes/kubernetes/~6c~6f~63~61~6c/"));
    }
}
