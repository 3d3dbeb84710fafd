//! The driver: which cluster, what to apply, and whether it works.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{ComputeKind, Health, Object, ObjectRef, Observed, Piece, Platform, Target, Workload};
use serde_json::{Map, Value as Json, json};

use crate::cluster::{Address, Cluster, Error, KindName, Ownership};
use crate::{KubeCluster, MemoryCluster, Place, adopt, base, pieces, render, rollout};

/// How often a rollout is looked at when nothing announces a change.
const LOOK: Duration = Duration::from_secs(2);

/// Where Contour's proxies are published: as Radius installs it, and as its own manifests do.
const ENVOYS: [(&str, &str); 2] = [("radius-system", "contour-envoy"), ("projectcontour", "envoy")];

/// The clusters that a server reaches.
#[derive(Clone)]
pub enum Clusters {
    /// Those of a kubeconfig (or the pod that Radii runs in); environments may name their context.
    Kubeconfig(Option<PathBuf>),
    /// One in memory, whatever the environments name.
    Memory(MemoryCluster),
}

/// How the driver behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether fields that somebody else owns are taken over.
    pub ownership: Ownership,
    /// How long a rollout may take.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        // Ten minutes is what Kubernetes itself gives a rollout before it calls it stuck.
        Self { ownership: Ownership::Respect, patience: Duration::from_secs(600) }
    }
}

/// Renders for Kubernetes, and applies.
#[derive(Clone)]
pub struct KubernetesPlatform {
    clusters: Clusters,
    options: Options,
    connected: Arc<Mutex<HashMap<Option<String>, Arc<KubeCluster>>>>,
}

impl Default for KubernetesPlatform {
    fn default() -> Self {
        Self::new(Clusters::Kubeconfig(None), Options::default())
    }
}

impl KubernetesPlatform {
    /// Returns a driver; no cluster is asked before something is applied.
    pub fn new(clusters: Clusters, options: Options) -> Self {
        Self { clusters, options, connected: Arc::default() }
    }

    /// Returns the cluster of a kubeconfig context; `None` is the current one.
    pub fn cluster(&self, context: Option<&str>) -> Arc<dyn Cluster> {
        match &self.clusters {
            Clusters::Memory(cluster) => Arc::new(cluster.clone()),
            Clusters::Kubeconfig(kubeconfig) => {
                let context = context.map(str::to_owned);
                let mut connected = self.connected.lock().expect("no holder of the lock panics");
                let cluster = connected
                    .entry(context.clone())
                    .or_insert_with(|| Arc::new(KubeCluster::new(Place { kubeconfig: kubeconfig.clone(), context })));
                cluster.clone()
            }
        }
    }

    fn ownership(&self, target: &Target) -> Ownership {
        match target.compute.get("takeOver") {
            Some(Json::Bool(true)) => Ownership::TakeOver,
            _ => self.options.ownership,
        }
    }

    /// Applies one object; a namespace that went meanwhile is made again.
    async fn put(&self, cluster: &dyn Cluster, target: &Target, object: &Object) -> Result<(), Fault> {
        let ownership = self.ownership(target);
        let mut result = cluster.apply(&object.body, ownership).await;
        if matches!(&result, Err(error) if is_missing_namespace(error)) {
            make_namespace(cluster, &object.reference.namespace, Marked::Ours).await.map_err(fault)?;
            result = cluster.apply(&object.body, ownership).await;
        }
        if matches!(&result, Err(Error::Refused { status: 422, .. })) && drop_probes(cluster, object).await {
            result = cluster.apply(&object.body, ownership).await;
        }
        result.map(drop).map_err(fault)
    }

    /// Waits until an object works, or cannot.
    async fn settle(&self, cluster: &dyn Cluster, address: &Address, body: &Json) -> Result<Observed, Fault> {
        let patience = Instant::now() + self.options.patience;
        let (watched, labels) = match address.kind.kind.as_str() {
            "Deployment" => (KindName::new("", "Pod"), rollout::selector(body)),
            _ => (address.kind.clone(), String::new()),
        };
        loop {
            let version = cluster.list(&watched, &address.namespace, &labels).await.map_err(fault)?.version;
            let observed = rollout::observe(cluster, address).await.map_err(fault)?;
            match observed.health {
                Health::Ready => return Ok(observed),
                Health::Failed => return Err(Fault::internal(observed.message)),
                Health::Progressing | Health::Absent => {}
            }
            if Instant::now() >= patience {
                let message = format!(
                    "the {} `{}` is not ready after {} s: {}",
                    address.kind.kind,
                    address.name,
                    self.options.patience.as_secs(),
                    observed.message
                );
                return Err(Fault::internal(message));
            }
            cluster.changed(&watched, &address.namespace, &labels, &version, LOOK).await;
        }
    }
}

/// Whether a namespace bears the mark that Radii made it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marked {
    Ours,
    Not,
}

async fn make_namespace(cluster: &dyn Cluster, name: &str, marked: Marked) -> Result<(), Error> {
    let mut body = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    if marked == Marked::Ours {
        body["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "radius-rp" });
    } else if cluster.get(&namespace(name)).await?.is_some() {
        return Ok(());
    }
    match cluster.apply(&body, Ownership::Respect).await {
        // Somebody marked it otherwise: it is there, and theirs.
        Err(Error::Conflict { .. }) => Ok(()),
        result => result.map(drop),
    }
}

fn namespace(name: &str) -> Address {
    Address::new(KindName::new("", "Namespace"), "", name)
}

fn is_missing_namespace(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 404, message, .. } if message.starts_with("namespaces "))
}

/// Removes probes that are no longer wanted: what an API server filled into them has no owner, stays behind
/// when ours goes, and is invalid alone. Returns whether there were any.
async fn drop_probes(cluster: &dyn Cluster, object: &Object) -> bool {
    let address = Address::of_reference(&object.reference);
    let Ok(Some(live)) = cluster.get(&address).await else { return false };
    let containers = |object: &Json| {
        object.pointer("/spec/template/spec/containers").and_then(Json::as_array).cloned().unwrap_or_default()
    };
    let mut patches = Vec::new();
    for wanted in containers(&object.body) {
        let Some(old) = containers(&live).into_iter().find(|old| old["name"] == wanted["name"]) else { continue };
        let mut patch = json!({ "name": wanted["name"] });
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let is_other_kind = ["httpGet", "tcpSocket", "exec", "grpc"]
                .iter()
                .any(|kind| old[probe].get(kind).is_some() && wanted[probe].get(kind).is_none());
            if old.get(probe).is_some() && (wanted.get(probe).is_none() || is_other_kind) {
                patch[probe] = Json::Null;
            }
        }
        if patch.as_object().is_some_and(|patch| patch.len() > 1) {
            patches.push(patch);
        }
    }
    if patches.is_empty() {
        return false;
    }
    let patch = json!({ "spec": { "template": { "spec": { "containers": patches } } } });
    cluster.patch(&address, &patch).await.is_ok()
}

/// An API server's refusal as the operation's fault, in its own words.
fn fault(error: Error) -> Fault {
    match error {
        Error::Conflict { message } => Fault::internal(format!(
            "{message}. Somebody else owns these fields: let them go there, or take them over with `rad serve --take-over` or `compute.takeOver` of the environment"
        )),
        Error::NoSuchKind { ref kind, .. } => {
            let message = format!("{error}: install the definition of `{kind}` in the cluster");
            Fault::new(400, code::PLATFORM_UNSUPPORTED, message)
        }
        Error::Refused { message, .. } => Fault::internal(message),
        Error::Unreachable { .. } => Fault::new(503, "PlatformUnavailable", error.to_string()),
    }
}

#[async_trait]
impl Platform for KubernetesPlatform {
    fn kind(&self) -> ComputeKind {
        ComputeKind::Kubernetes
    }

    fn render(&self, target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault> {
        render::workload(target, workload)
    }

    fn adopt(&self, target: &Target, body: Json) -> Result<Object, Fault> {
        adopt::object(target, body)
    }

    fn check_punch_through(&self, resource: &str, punch_through: &Map<String, Json>) -> Result<(), Fault> {
        base::check(resource, punch_through)
    }

    fn render_piece(&self, target: &Target, piece: &Piece) -> Result<Vec<Object>, Fault> {
        Ok(pieces::render(target, piece))
    }

    async fn read_secret(
        &self,
        target: &Target,
        namespace: &str,
        name: &str,
    ) -> Result<Option<BTreeMap<String, Vec<u8>>>, Fault> {
        let address = Address::new(KindName::new("", "Secret"), namespace, name);
        let found = self.cluster(target.cluster()).get(&address).await.map_err(fault)?;
        Ok(found.map(|secret| {
            let data = secret.get("data").and_then(Json::as_object).into_iter().flatten();
            let decode = |text: &Json| STANDARD.decode(text.as_str().unwrap_or_default()).unwrap_or_default();
            data.map(|(key, value)| (key.clone(), decode(value))).collect()
        }))
    }

    async fn knows(&self, target: &Target, kind: &str) -> Option<bool> {
        let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
        let address = Address::new(KindName::new(group, kind), "default", "any");
        match self.cluster(target.cluster()).get(&address).await {
            Ok(_) => Some(true),
            Err(Error::NoSuchKind { .. }) => Some(false),
            Err(_) => None,
        }
    }

    async fn has_namespace(&self, target: &Target, namespace: &str) -> Option<bool> {
        let address = Address::new(KindName::new("", "Namespace"), "", namespace);
        self.cluster(target.cluster()).get(&address).await.ok().map(|found| found.is_some())
    }

    async fn public_address(&self, target: &Target) -> Result<Option<String>, Fault> {
        let cluster = self.cluster(target.cluster());
        for (namespace, name) in ENVOYS {
            let address = Address::new(KindName::new("", "Service"), namespace, name);
            let Some(service) = cluster.get(&address).await.map_err(fault)? else { continue };
            let entry = &service["status"]["loadBalancer"]["ingress"][0];
            let given = ["hostname", "ip"].iter().find_map(|member| entry[*member].as_str());
            if let Some(given) = given.filter(|given| !given.is_empty()) {
                return Ok(Some(given.to_owned()));
            }
        }
        Ok(None)
    }

    async fn prepare(&self, target: &Target) -> Result<(), Fault> {
        let cluster = self.cluster(target.cluster());
        make_namespace(&*cluster, &target.namespace, Marked::Ours).await.map_err(fault)
    }

    async fn reserve(&self, target: &Target, namespace: &str) -> Result<(), Fault> {
        let cluster = self.cluster(target.cluster());
        // Nobody waits long for a cluster when a namespace is only to be ready early.
        match tokio::time::timeout(LOOK, make_namespace(&*cluster, namespace, Marked::Not)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::Refused { message, .. })) => {
                Err(Fault::bad_request(format!("namespace '{namespace}' could not be created: {message}")))
            }
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn apply(&self, target: &Target, object: &Object) -> Result<Observed, Fault> {
        let cluster = self.cluster(object.reference.cluster.as_deref());
        self.put(&*cluster, target, object).await?;
        self.settle(&*cluster, &Address::of_reference(&object.reference), &object.body).await
    }

    async fn observe(&self, reference: &ObjectRef) -> Result<Observed, Fault> {
        let cluster = self.cluster(reference.cluster.as_deref());
        rollout::observe(&*cluster, &Address::of_reference(reference)).await.map_err(fault)
    }

    async fn delete(&self, reference: &ObjectRef) -> Result<(), Fault> {
        let cluster = self.cluster(reference.cluster.as_deref());
        let address = Address::of_reference(reference);
        cluster.delete(&address).await.map_err(fault)?;
        let patience = Instant::now() + self.options.patience;
        loop {
            let version = match cluster.list(&address.kind, &address.namespace, "").await {
                Ok(listed) => listed.version,
                Err(Error::NoSuchKind { .. }) => return Ok(()),
                Err(error) => return Err(fault(error)),
            };
            match cluster.get(&address).await {
                Ok(None) | Err(Error::NoSuchKind { .. }) => return Ok(()),
                Ok(Some(_)) => {}
                Err(error) => return Err(fault(error)),
            }
            if Instant::now() >= patience {
                let message = format!("the {} `{}` is still being deleted", address.kind, address.name);
                return Err(Fault::internal(message));
            }
            cluster.changed(&address.kind, &address.namespace, "", &version, LOOK).await;
        }
    }
}
