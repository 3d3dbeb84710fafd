//! Pods of containers on Kubernetes: what they write, and how their ports are reached.
//!
//! The cluster is that of the caller's own kubeconfig, as with every tool beside the server.

use futures_util::StreamExt as _;
use futures_util::stream::LocalBoxStream;
use radii_platform_kubernetes::cluster::{Address, Cluster as _, KindName, LogQuery};
use radii_platform_kubernetes::{KubeCluster, Place};
use serde_json::Value as Json;

use crate::error::Error;
use crate::output::text;

/// A Deployment that a container became: where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Its namespace.
    pub namespace: String,
    /// Its name, which is the main container's too.
    pub name: String,
}

/// Returns the Deployments in a container's output resources.
pub fn deployed(container: &Json) -> Vec<Deployed> {
    let made = container.pointer("/properties/status/outputResources").and_then(Json::as_array).into_iter().flatten();
    // Whatever the server calls the cluster, it is the one that the caller's kubeconfig leads to.
    let ids = made.filter_map(|made| text(made, "/id").strip_prefix("/planes/kubernetes/"));
    let named = ids.filter_map(|rest| {
        let rest = rest.split_once('/')?.1.strip_prefix("namespaces/")?;
        let (namespace, rest) = rest.split_once("/providers/")?;
        let name = rest.strip_prefix("apps/Deployment/")?;
        Some(Deployed { namespace: namespace.to_owned(), name: name.to_owned() })
    });
    named.collect()
}

/// Pods of Deployments, as the caller's kubeconfig reaches them.
pub struct Pods {
    cluster: KubeCluster,
}

/// Which of the pods, and which of their containers.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// One pod; all of them when not given.
    pub replica: Option<String>,
    /// One container; the main one when not given.
    pub container: Option<String>,
}

impl Pods {
    /// Returns the pods of the kubeconfig's current cluster; nothing is asked yet.
    pub fn of_kubeconfig() -> Self {
        Self { cluster: KubeCluster::new(Place::default()) }
    }

    /// Returns names of the pods of a Deployment and the container that is meant.
    async fn find(&self, of: &Deployed, which: &Which) -> Result<Vec<(String, LogQuery)>, Error> {
        let address = Address::new(KindName::new("apps", "Deployment"), &of.namespace, &of.name);
        let deployment = self.cluster.get(&address).await.map_err(failed)?.ok_or_else(|| {
            Error::failed(format!("there is no Deployment `{}` in namespace `{}`", of.name, of.namespace)).hint(
                "the current context of the kubeconfig may be another cluster's: `kubectl config use-context NAME`",
            )
        })?;
        let labels = deployment.pointer("/spec/selector/matchLabels").and_then(Json::as_object);
        let labels: Vec<String> = labels
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
            .collect();
        let pods =
            self.cluster.list(&KindName::new("", "Pod"), &of.namespace, &labels.join(",")).await.map_err(failed)?;
        let names: Vec<(String, LogQuery)> = pods
            .items
            .iter()
            .map(|pod| (text(pod, "/metadata/name").to_owned(), pod))
            .filter(|(name, _)| which.replica.as_ref().is_none_or(|replica| replica == name))
            .map(|(name, pod)| {
                let container = which.container.clone().or_else(|| main_container(pod, &of.name));
                (name, LogQuery { container, ..LogQuery::default() })
            })
            .collect();
        if names.is_empty() {
            let what = which.replica.as_deref().map_or_else(|| "a pod".to_owned(), |name| format!("the pod `{name}`"));
            return Err(Error::failed(format!("the Deployment `{}` has not {what}", of.name))
                .hint(format!("`kubectl get pods --namespace {}` lists them", of.namespace)));
        }
        Ok(names)
    }

    /// Returns what the pods of a Deployment wrote, each with its name.
    pub async fn logs(&self, of: &Deployed, which: &Which) -> Result<Vec<(String, String)>, Error> {
        let mut logs = Vec::new();
        for (pod, query) in self.find(of, which).await? {
            let text = self.cluster.logs(&of.namespace, &pod, &query).await.map_err(failed)?;
            logs.push((pod, text));
        }
        Ok(logs)
    }

    /// Follows what the pods of a Deployment write.
    pub async fn follow(
        &self,
        of: &Deployed,
        which: &Which,
    ) -> Result<Vec<LocalBoxStream<'static, Result<String, Error>>>, Error> {
        let mut streams = Vec::new();
        for (pod, query) in self.find(of, which).await? {
            let lines = self.cluster.follow(&of.namespace, &pod, &query).await.map_err(failed)?;
            streams.push(lines.map(|line| line.map_err(failed)).boxed_local());
        }
        Ok(streams)
    }

    /// Returns the name of a pod whose port can be forwarded.
    pub async fn one(&self, of: &Deployed, which: &Which) -> Result<String, Error> {
        let found = self.find(of, which).await?;
        Ok(found.into_iter().next().map(|(pod, _)| pod).unwrap_or_default())
    }
}

/// The container of a pod that bears the Deployment's name, else its first.
fn main_container(pod: &Json, name: &str) -> Option<String> {
    let containers = pod.pointer("/spec/containers").and_then(Json::as_array)?;
    let names: Vec<&str> = containers.iter().map(|container| text(container, "/name")).collect();
    names.iter().find(|own| **own == name).or(names.first()).map(|name| (*name).to_owned())
}

fn failed(error: radii_platform_kubernetes::cluster::Error) -> Error {
    Error::failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn deployments_are_told_from_other_objects() {
        let id = |path: &str| json!({ "id": format!("/planes/{path}") });
        let container = json!({ "properties": { "status": { "outputResources": [
            id("kubernetes/local/namespaces/dev/providers/core/Service/web"),
            id("kubernetes/local/namespaces/dev/providers/apps/Deployment/web"),
            id("docker/local/namespaces/dev/providers/core/container/web"),
        ] } } });
        assert_eq!(deployed(&container), [Deployed { namespace: "dev".to_owned(), name: "web".to_owned() }]);
    }

    #[test]
    fn the_main_container_bears_the_deployments_name() {
        let pod = json!({ "spec": { "containers": [{ "name": "daprd" }, { "name": "web" }] } });
        assert_eq!(main_container(&pod, "web").as_deref(), Some("web"));
        assert_eq!(main_container(&pod, "other").as_deref(), Some("daprd"));
    }
}
