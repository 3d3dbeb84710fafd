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
use radii_runtime::platform::{
    ComputeKind, Health, Named, Object, ObjectRef, Observed, Piece, Platform, Target, Workload,
};
use serde_json::{Map, Value as Json};

use crate::cluster::{Address, Cluster, Error, KindName, Ownership};
use crate::ingress::{self, Ingress};
use crate::{KubeCluster, MemoryCluster, Place, adopt, apply, base, pieces, preview, render, rollout, scaling};

/// How often a rollout is looked at when nothing announces a change.
const LOOK: Duration = Duration::from_secs(2);

/// How long an API server may be away while a rollout is awaited.
const OUTAGE: Duration = Duration::from_secs(120);

/// The clusters that a server reaches.
#[derive(Clone)]
pub enum Clusters {
    /// Those of a kubeconfig (or the pod that Radii runs in); environments may name their context.
    Kubeconfig(Option<PathBuf>),
    /// One in memory, whatever the environments name.
    Memory(MemoryCluster),
    /// Several in memory, by the context that environments name; the empty one is the server's own.
    Memories(BTreeMap<String, MemoryCluster>),
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
            Clusters::Memories(clusters) => {
                Arc::new(clusters.get(context.unwrap_or_default()).cloned().unwrap_or_default())
            }
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

    /// Waits until an object works, or cannot.
    async fn settle(&self, cluster: &dyn Cluster, address: &Address, body: &Json) -> Result<Observed, Fault> {
        let patience = Instant::now() + self.options.patience;
        let (watched, labels) = match address.kind.kind.as_str() {
            "Deployment" => (KindName::new("", "Pod"), rollout::selector(body)),
            _ => (address.kind.clone(), String::new()),
        };
        let mut lost = None;
        loop {
            let looked = look(cluster, address, &watched, &labels).await;
            if let Err(error) = &looked
                && error.is_passing()
                && lost.get_or_insert_with(Instant::now).elapsed() < OUTAGE
            {
                // An API server that restarts comes back; what was applied rolls out meanwhile.
                tokio::time::sleep(LOOK).await;
                continue;
            }
            lost = None;
            let (version, observed) = looked.map_err(fault)?;
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

/// Looks at an object, and returns the moment to wait for changes from.
async fn look(
    cluster: &dyn Cluster,
    address: &Address,
    watched: &KindName,
    labels: &str,
) -> Result<(String, Observed), Error> {
    let version = cluster.list(watched, &address.namespace, labels).await?.version;
    Ok((version, rollout::observe(cluster, address).await?))
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
        Error::Refused { status: 422, message, .. } if message.contains("field is immutable") => {
            let message = format!(
                "{message}. What Kubernetes never changes in an object needs another object: delete the resource and deploy it again, or                  give the object another name"
            );
            Fault::new(409, "ReplacementRequired", message)
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
        base::check(resource, punch_through)?;
        scaling::check(punch_through)
    }

    fn check_workload(&self, workload: &Workload) -> Result<(), Fault> {
        render::check_workload(workload)
    }

    fn render_piece(&self, target: &Target, piece: &Piece) -> Result<Vec<Object>, Fault> {
        pieces::render(target, piece)
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

    fn check_compute(&self, compute: &Map<String, Json>) -> Result<(), Fault> {
        Ingress::of(compute, false).map(drop)
    }

    async fn public_address(&self, target: &Target, gateway: &Named, internal: bool) -> Result<Option<String>, Fault> {
        let cluster = self.cluster(target.cluster());
        for address in Ingress::of(&target.compute, internal)?.addresses(target, gateway) {
            let found = match cluster.get(&address).await {
                Err(Error::NoSuchKind { .. }) => None,
                found => found.map_err(fault)?,
            };
            if let Some(published) = found.as_ref().and_then(ingress::published) {
                return Ok(Some(published));
            }
        }
        Ok(None)
    }

    async fn prepare(&self, target: &Target) -> Result<(), Fault> {
        let cluster = self.cluster(target.cluster());
        apply::make_namespace(&*cluster, &target.namespace, apply::Marked::Ours).await.map_err(fault)
    }

    async fn reserve(&self, target: &Target, namespace: &str) -> Result<(), Fault> {
        let cluster = self.cluster(target.cluster());
        // Nobody waits long for a cluster when a namespace is only to be ready early.
        match tokio::time::timeout(LOOK, apply::make_namespace(&*cluster, namespace, apply::Marked::Not)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::Refused { message, .. })) => {
                Err(Fault::bad_request(format!("namespace '{namespace}' could not be created: {message}")))
            }
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn apply(&self, target: &Target, object: &Object) -> Result<Observed, Fault> {
        let cluster = self.cluster(object.reference.cluster.as_deref());
        apply::put(&*cluster, object, self.ownership(target)).await.map_err(fault)?;
        self.settle(&*cluster, &Address::of_reference(&object.reference), &object.body).await
    }

    async fn place(&self, target: &Target, object: &Object) -> Result<Json, Fault> {
        let cluster = self.cluster(object.reference.cluster.as_deref());
        apply::put(&*cluster, object, self.ownership(target)).await.map_err(fault)
    }

    async fn read(&self, reference: &ObjectRef) -> Result<Option<Json>, Fault> {
        let cluster = self.cluster(reference.cluster.as_deref());
        cluster.get(&Address::of_reference(reference)).await.map_err(fault)
    }

    async fn compare(&self, object: &Object) -> Option<Json> {
        let cluster = self.cluster(object.reference.cluster.as_deref());
        let rehearsed = apply::rehearse(&*cluster, object, self.options.ownership);
        // A plan is made offline, too: nobody waits long for a cluster.
        let rehearsed = tokio::time::timeout(LOOK, rehearsed).await.ok()?;
        preview::change(object, rehearsed)
    }

    async fn observe(&self, reference: &ObjectRef) -> Result<Observed, Fault> {
        let cluster = self.cluster(reference.cluster.as_deref());
        rollout::observe(&*cluster, &Address::of_reference(reference)).await.map_err(fault)
    }

    async fn delete(&self, reference: &ObjectRef) -> Result<(), Fault> {
        let cluster = self.cluster(reference.cluster.as_deref());
        let address = Address::of_reference(reference);
        if !cluster.is_ours(&address).await.map_err(fault)? {
            // It was written down before the apply that somebody else's object refused: it stays theirs.
            return Ok(());
        }
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
