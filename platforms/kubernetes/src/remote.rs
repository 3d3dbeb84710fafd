//! A cluster behind a real API server, reached through kubeconfig or from inside a pod.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::io::AsyncBufReadExt as _;
use futures_util::{Stream, StreamExt as _};
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::discovery::{ApiResource, Scope};
use kube::{Client, Config};
use serde_json::{Value as Json, json};
use tokio::sync::{Mutex, OnceCell};

use crate::cluster::{Address, Cluster, Error, FIELD_MANAGER, KindName, Listed, LogQuery, Ownership};

/// How long one call may take before the cluster counts as unreachable.
const CALL: Duration = Duration::from_secs(30);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Which cluster is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The kubeconfig; `KUBECONFIG`, else `~/.kube/config`, else the pod that Radii runs in.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; the current one when not given.
    pub context: Option<String>,
}

impl Place {
    fn shown(&self) -> String {
        match &self.context {
            Some(context) => format!(" of the kubeconfig context `{context}`"),
            None => String::new(),
        }
    }
}

/// What discovery said: kind, and the version that is asked for, to how it is reached.
type Kinds = HashMap<(KindName, Option<String>), (ApiResource, Scope)>;

/// A cluster behind an API server. It connects when it is first asked something.
pub struct KubeCluster {
    place: Place,
    client: OnceCell<Client>,
    /// Kind, and the version that is asked for, to how it is reached.
    kinds: Mutex<Kinds>,
}

impl KubeCluster {
    /// Returns the cluster at a place; nothing is asked of it yet.
    ///
    /// # Assumptions
    /// The process has installed its TLS provider.
    pub fn new(place: Place) -> Self {
        Self { place, client: OnceCell::new(), kinds: Mutex::default() }
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> Error {
        Error::Unreachable { of: self.place.shown(), why: why.to_string() }
    }

    async fn client(&self) -> Result<&Client, Error> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, Error> {
        let options = KubeConfigOptions { context: self.place.context.clone(), ..KubeConfigOptions::default() };
        let config = match &self.place.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path).map_err(|error| self.unreachable(chain(&error)))?;
                Config::from_custom_kubeconfig(file, &options).await.map_err(|error| self.unreachable(chain(&error)))
            }
            None if self.place.context.is_some() => {
                Config::from_kubeconfig(&options).await.map_err(|error| self.unreachable(chain(&error)))
            }
            None => Config::infer().await.map_err(|_| {
                self.unreachable(
                    "no kubeconfig was found and Radii does not run in a pod; set KUBECONFIG, or start the server with `--kubeconfig FILE`",
                )
            }),
        };
        let mut config = config?;
        config.connect_timeout = Some(CONNECT);
        Client::try_from(config).map_err(|error| self.unreachable(chain(&error)))
    }

    /// Runs one call under its deadline.
    async fn call<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        match tokio::time::timeout(CALL, call).await {
            Ok(result) => result.map_err(|error| self.error(error)),
            Err(_) => Err(self.unreachable(format!("no answer within {} s", CALL.as_secs()))),
        }
    }

    fn error(&self, error: kube::Error) -> Error {
        match error {
            kube::Error::Api(status) if status.code == 409 && status.reason == "Conflict" => {
                Error::Conflict { message: status.message }
            }
            kube::Error::Api(status) => {
                Error::Refused { status: status.code, reason: status.reason, message: status.message }
            }
            kube::Error::Discovery(error) => {
                Error::Refused { status: 404, reason: "NotFound".to_owned(), message: error.to_string() }
            }
            other => self.unreachable(chain(&other)),
        }
    }

    /// Returns how a kind is reached, asking the API server when it is not known yet: in the version asked for, in
    /// an older one of the same shape, or in the one that the API server prefers.
    async fn resource(&self, kind: &KindName, version: Option<&str>) -> Result<(ApiResource, Scope), Error> {
        let key = (kind.clone(), version.map(str::to_owned));
        if let Some(known) = self.kinds.lock().await.get(&key) {
            return Ok(known.clone());
        }
        let client = self.client().await?;
        let missing = || {
            let version = version.map_or_else(|| kind.group.clone(), str::to_owned);
            Error::NoSuchKind { kind: kind.clone(), version }
        };
        let group = match self.call(kube::discovery::group(client, &kind.group)).await {
            Err(error) if error.is_not_found() => return Err(missing()),
            group => group?,
        };
        let asked = version.map(|version| version.rsplit('/').next().unwrap_or(version));
        let in_version = |version: &str| {
            group.versioned_resources(version).into_iter().find(|(resource, _)| resource.kind == kind.kind)
        };
        let older = asked.filter(|asked| kind.group == "autoscaling" && *asked == "v2").map(|_| "v2beta2");
        let found = [asked, older].into_iter().flatten().find_map(in_version);
        let (resource, capabilities) = found.or_else(|| group.recommended_kind(&kind.kind)).ok_or_else(missing)?;
        let found = (resource, capabilities.scope);
        self.kinds.lock().await.insert(key, found.clone());
        Ok(found)
    }

    async fn api(&self, kind: &KindName, version: Option<&str>, namespace: &str) -> Result<Api<DynamicObject>, Error> {
        let (resource, scope) = self.resource(kind, version).await?;
        let client = self.client().await?.clone();
        Ok(match scope {
            Scope::Namespaced if !namespace.is_empty() => Api::namespaced_with(client, namespace, &resource),
            _ => Api::all_with(client, &resource),
        })
    }

    /// Follows what a pod's container writes, line by line, until it ends.
    ///
    /// # Errors
    /// When the pod is not there, or has no such container.
    pub async fn follow(
        &self,
        namespace: &str,
        pod: &str,
        query: &LogQuery,
    ) -> Result<impl Stream<Item = Result<String, Error>> + use<>, Error> {
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client().await?.clone(), namespace);
        let parameters = LogParams { follow: true, ..log_parameters(query) };
        let stream = self.call(api.log_stream(pod, &parameters)).await?;
        let of = self.place.shown();
        Ok(stream
            .lines()
            .map(move |line| line.map_err(|error| Error::Unreachable { of: of.clone(), why: error.to_string() })))
    }

    /// Applies an object, or only asks what would become of it.
    async fn write(&self, object: &Json, ownership: Ownership, dry_run: bool) -> Result<Json, Error> {
        let Some(address) = Address::of(object) else { return Err(nameless()) };
        let version = object["apiVersion"].as_str();
        let (resource, _) = self.resource(&address.kind, version).await?;
        let api = self.api(&address.kind, version, &address.namespace).await?;
        let mut parameters = PatchParams::apply(FIELD_MANAGER);
        parameters.force = ownership == Ownership::TakeOver;
        parameters.dry_run = dry_run;
        let mut object = object.clone();
        if address.kind.group == "autoscaling" {
            // Older servers know the same shape under an older name.
            object["apiVersion"] = json!(resource.api_version);
        }
        let applied = self.call(api.patch(&address.name, &parameters, &Patch::Apply(&object))).await;
        if let Err(Error::Refused { status: 404, .. }) = &applied {
            // The kind's definition may have gone since it was looked up: then that is the answer.
            self.forget(&address.kind).await;
            self.resource(&address.kind, version).await?;
        }
        applied.map(to_json)
    }

    /// Forgets how a kind is reached: its definition may have been removed.
    async fn forget(&self, kind: &KindName) {
        self.kinds.lock().await.retain(|(known, _), _| known != kind);
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn to_json(object: DynamicObject) -> Json {
    serde_json::to_value(object).unwrap_or_default()
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn apply(&self, object: &Json, ownership: Ownership) -> Result<Json, Error> {
        self.write(object, ownership, false).await
    }

    async fn rehearse(&self, object: &Json, ownership: Ownership) -> Result<Json, Error> {
        self.write(object, ownership, true).await
    }

    async fn patch(&self, address: &Address, patch: &Json) -> Result<Json, Error> {
        let api = self.api(&address.kind, None, &address.namespace).await?;
        let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        self.call(api.patch(&address.name, &parameters, &Patch::Strategic(patch))).await.map(to_json)
    }

    async fn get(&self, address: &Address) -> Result<Option<Json>, Error> {
        let api = self.api(&address.kind, None, &address.namespace).await?;
        Ok(self.call(api.get_opt(&address.name)).await?.map(to_json))
    }

    async fn list(&self, kind: &KindName, namespace: &str, labels: &str) -> Result<Listed, Error> {
        let api = self.api(kind, None, namespace).await?;
        let mut parameters = ListParams::default();
        if !labels.is_empty() {
            parameters = parameters.labels(labels);
        }
        let list = self.call(api.list(&parameters)).await?;
        let version = list.metadata.resource_version.clone().unwrap_or_default();
        Ok(Listed { items: list.items.into_iter().map(to_json).collect(), version })
    }

    async fn is_ours(&self, address: &Address) -> Result<bool, Error> {
        let found = match self.get(address).await {
            Err(Error::NoSuchKind { .. }) => None,
            found => found?,
        };
        let Some(object) = found else { return Ok(true) };
        let managers = object.pointer("/metadata/managedFields").and_then(Json::as_array);
        Ok(managers.is_none_or(|managers| managers.iter().any(|entry| entry["manager"] == FIELD_MANAGER)))
    }

    async fn delete(&self, address: &Address) -> Result<(), Error> {
        let api = match self.api(&address.kind, None, &address.namespace).await {
            // Objects of a kind that is not installed are gone with its definition.
            Err(Error::NoSuchKind { .. }) => return Ok(()),
            api => api?,
        };
        match self.call(api.delete(&address.name, &DeleteParams::foreground())).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn changed(&self, kind: &KindName, namespace: &str, labels: &str, version: &str, at_most: Duration) {
        let wait = async {
            let api = self.api(kind, None, namespace).await?;
            let seconds = u32::try_from(at_most.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let mut parameters = WatchParams::default().timeout(seconds.min(290));
            if !labels.is_empty() {
                parameters = parameters.labels(labels);
            }
            let stream = self.call(api.watch(&parameters, version)).await?;
            let mut stream = std::pin::pin!(stream);
            // Whatever comes first, an error included: the caller looks again.
            let _ = stream.next().await;
            Ok::<(), Error>(())
        };
        match tokio::time::timeout(at_most, wait).await {
            Ok(Ok(())) | Err(_) => {}
            // A watch that cannot be had is no change: wait, so that the caller does not spin.
            Ok(Err(_)) => tokio::time::sleep(at_most.min(Duration::from_secs(1))).await,
        }
    }

    async fn logs(&self, namespace: &str, pod: &str, query: &LogQuery) -> Result<String, Error> {
        let client = self.client().await?.clone();
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client, namespace);
        self.call(api.logs(pod, &log_parameters(query))).await
    }
}

fn log_parameters(query: &LogQuery) -> LogParams {
    LogParams {
        container: query.container.clone(),
        tail_lines: query.tail,
        previous: query.previous,
        ..LogParams::default()
    }
}

fn nameless() -> Error {
    let message = "the object lacks `apiVersion`, `kind` or `metadata.name`".to_owned();
    Error::Refused { status: 400, reason: "BadRequest".to_owned(), message }
}

/// A kubeconfig for an API server without TLS, as the cluster in memory has it.
pub fn plain_kubeconfig(address: std::net::SocketAddr) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "memory", "cluster": { "server": format!("http://{address}") } }],
        "users": [{ "name": "memory", "user": {} }],
        "contexts": [{ "name": "memory", "context": { "cluster": "memory", "user": "memory" } }],
        "current-context": "memory",
    })
}
