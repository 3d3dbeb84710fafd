//! The real cluster, with somebody who looks after its pods.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;
use camino::Utf8Path;
use serde_json::{Value as Json, json};

use super::api::Api;
use super::nodes::{self, States};
use super::{DEFINITIONS, definitions};

/// Kinds that are shown, by their path.
const SHOWN: [(&str, &str, &str); 16] = [
    ("v1", "ConfigMap", "/api/v1/configmaps"),
    ("v1", "Namespace", "/api/v1/namespaces"),
    ("v1", "PersistentVolumeClaim", "/api/v1/persistentvolumeclaims"),
    ("v1", "Secret", "/api/v1/secrets"),
    ("v1", "Service", "/api/v1/services"),
    ("v1", "ServiceAccount", "/api/v1/serviceaccounts"),
    ("apps/v1", "Deployment", "/apis/apps/v1/deployments"),
    ("rbac.authorization.k8s.io/v1", "Role", "/apis/rbac.authorization.k8s.io/v1/roles"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "/apis/rbac.authorization.k8s.io/v1/rolebindings"),
    ("autoscaling/v1", "HorizontalPodAutoscaler", "/apis/autoscaling/v1/horizontalpodautoscalers"),
    ("projectcontour.io/v1", "HTTPProxy", "/apis/projectcontour.io/v1/httpproxies"),
    ("gateway.networking.k8s.io/v1", "Gateway", "/apis/gateway.networking.k8s.io/v1/gateways"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute", "/apis/gateway.networking.k8s.io/v1/httproutes"),
    ("gateway.networking.k8s.io/v1", "TLSRoute", "/apis/gateway.networking.k8s.io/v1/tlsroutes"),
    ("dapr.io/v1alpha1", "Component", "/apis/dapr.io/v1alpha1/components"),
    (
        "secrets-store.csi.x-k8s.io/v1",
        "SecretProviderClass",
        "/apis/secrets-store.csi.x-k8s.io/v1/secretproviderclasses",
    ),
];

/// A real cluster whose pods are looked after as long as the value lives.
pub struct Cluster {
    /// Its API server.
    pub api: Api,
    /// The states that pods are in.
    pub states: States,
    ended: Arc<AtomicBool>,
}

impl Cluster {
    /// Reaches a kubeconfig's current cluster, loads the definitions, and begins to look after pods.
    ///
    /// # Errors
    /// When the API server cannot be reached, or refuses a definition.
    pub fn reach(kubeconfig: &Utf8Path) -> anyhow::Result<Self> {
        let cluster = Self::with_nodes(kubeconfig)?;
        let (api, states, ended) = (cluster.api.clone(), cluster.states.clone(), cluster.ended.clone());
        std::thread::spawn(move || nodes::run(&api, &states, &ended));
        Ok(cluster)
    }

    /// Reaches a kubeconfig's current cluster, whose pods run on its own nodes, and loads the definitions.
    ///
    /// # Errors
    /// When the API server cannot be reached, or refuses a definition.
    pub fn with_nodes(kubeconfig: &Utf8Path) -> anyhow::Result<Self> {
        let cluster = Self { api: Api::connect(kubeconfig)?, states: States::default(), ended: Arc::default() };
        cluster.wait_until_ready()?;
        cluster.restore()?;
        Ok(cluster)
    }

    /// Waits until the API server answers.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
        for _ in 0..1200 {
            if self.api.send("GET", "/readyz", "", None).is_ok_and(|answer| answer.is_success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the API server is not ready after two minutes")
    }

    /// Loads definitions, also those that were removed.
    ///
    /// # Errors
    /// When the API server refuses one.
    pub fn restore(&self) -> anyhow::Result<()> {
        definitions::load(&self.api, Utf8Path::new(DEFINITIONS)).map(drop)
    }

    /// Removes the definitions of a group, and with them all its objects.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub fn remove_definitions(&self, group: &str) -> anyhow::Result<()> {
        definitions::remove(&self.api, group)
    }

    /// Removes the namespaces whose names `is_own` says are a run's, and waits until they are gone.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub fn clear(&self, is_own: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        for _ in 0..1200 {
            let list = self.api.get("/api/v1/namespaces")?;
            let names = list["items"].as_array().cloned().unwrap_or_default();
            let name = |one: &Json| one["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let own: Vec<&Json> = names.iter().filter(|one| is_own(&name(one))).collect();
            if own.is_empty() {
                return Ok(());
            }
            for one in own.iter().filter(|one| one["status"]["phase"] != "Terminating") {
                self.api.delete(&format!("/api/v1/namespaces/{}", name(one)))?;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("namespaces of an earlier run are still being deleted after two minutes")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Returns all objects that somebody made, without what clusters add for everybody.
pub fn objects(api: &Api) -> anyhow::Result<Vec<Json>> {
    let mut all = Vec::new();
    for (version, kind, path) in SHOWN {
        let answer = api.send("GET", path, "", None)?;
        // A definition that was removed has no objects.
        let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
        all.extend(items.into_iter().map(|item| named(item, version, kind)).filter(|object| !is_everybodys(object)));
    }
    Ok(all)
}

/// Lists leave kind and version to the list.
fn named(item: Json, version: &str, kind: &str) -> Json {
    let mut object = json!({ "apiVersion": version, "kind": kind });
    if let (Json::Object(object), Json::Object(item)) = (&mut object, item) {
        object.extend(item);
    }
    if kind == "ServiceAccount"
        && let Some(members) = object.as_object_mut()
    {
        members.shift_remove("secrets");
    }
    object
}

fn is_everybodys(object: &Json) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    match object["kind"].as_str().unwrap_or_default() {
        "ServiceAccount" => name == "default",
        "Secret" => object["type"] == "kubernetes.io/service-account-token",
        "ConfigMap" => name == "kube-root-ca.crt",
        _ => false,
    }
}
