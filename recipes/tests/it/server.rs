//! A whole server in this process, with everything in memory: what a recipe meets in real life.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use radii_diagnostics::SourceMap;
use radii_model::ResourceId;
use radii_model::manifest;
use radii_recipes::bicep::BicepDriver;
use radii_registry_server::serve::{self, Options};
use radii_registry_server::{AppState, registry};
use radii_runtime::Fault;
use radii_runtime::host::{Answer, Delete, Preconditions, Put};
use radii_runtime::platform::Platform;
use radii_runtime::recipe::RecipeDriver;
use radii_runtime::store::{Operation, OperationId, Record, State};
use radii_runtime::worker::{self, run_once};
use serde_json::{Map, Value as Json, json};

pub const GROUP: &str = "/planes/radius/local/resourceGroups/g";
pub const VERSION: &str = "2025-08-01-preview";

const MANIFEST: &str = "
namespace: Test.Db
types:
  databases:
    apiVersions:
      '2025-08-01-preview':
        schema:
          type: object
          properties:
            environment: { type: string }
            application: { type: string }
            note: { type: string }
            port: { type: integer }
            password: { type: string, x-radius-sensitive: true }
            host: { type: string, readOnly: true }
            size: { type: integer, readOnly: true }
            seen: { type: string, readOnly: true }
            secrets: { type: object, properties: { name: { type: string, readOnly: true } } }
            connections: { type: object, additionalProperties: { type: object, properties: { source: { type: string } } } }
          required: [environment]
  notes:
    apiVersions:
      '2025-08-01-preview':
        schema: { type: object, properties: { environment: { type: string }, text: { type: string } } }
    capabilities: [ManualResourceProvisioning]
";

pub struct Server {
    pub state: AppState,
}

impl Server {
    /// A server whose recipes may use the modules and templates below a folder.
    pub async fn new(folder: &Path) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let terraform = crate::terraform::driver().reading_from(Some(folder.to_owned()));
        let bicep = BicepDriver::new().reading_from(Some(folder.to_owned()));
        Self::with(vec![Arc::new(terraform), Arc::new(bicep)]).await
    }

    pub async fn with(recipes: Vec<Arc<dyn RecipeDriver>>) -> Self {
        Self::on(Vec::new(), recipes).await
    }

    pub async fn on(platforms: Vec<Arc<dyn Platform>>, recipes: Vec<Arc<dyn RecipeDriver>>) -> Self {
        let (_, state) = serve::in_process(&Options::default(), platforms, recipes).await.unwrap();
        let mut sources = SourceMap::new();
        let (parsed, _) = manifest::parse(sources.add("test.yaml", MANIFEST), MANIFEST);
        registry::register_manifest(&state, "local", &parsed.unwrap()).await.unwrap();
        let server = Self { state };
        server.make_group().await;
        server
    }

    async fn make_group(&self) {
        use radii_runtime::Timestamp;
        use radii_runtime::store::{Expect, Private, Write};
        let record = Record {
            id: GROUP.parse().unwrap(),
            type_name: "System.Resources/resourceGroups".into(),
            api_version: None,
            location: None,
            tags: None,
            properties: Map::new(),
            private: Private::default(),
            state: State::Succeeded,
            operation: None,
            revision: 0,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let write = Write::Put { record: Box::new(record), expect: Expect::Any };
        self.state.host.parts.store.commit(vec![write]).await.unwrap();
    }

    /// Makes the environment `env` with one pack, and an application in it.
    pub async fn bind(&self, recipes: Json, more: Json) {
        self.put("Radius.Core/recipePacks/pack", json!({ "recipes": recipes })).await.unwrap();
        let mut environment = json!({ "recipePacks": ["pack"], "providers": { "kubernetes": { "namespace": "ns" } } });
        for (name, value) in more.as_object().into_iter().flatten() {
            environment[name] = value.clone();
        }
        self.put("Radius.Core/environments/env", environment).await.unwrap();
        let application = json!({ "environment": id("Radius.Core/environments/env").to_string() });
        self.put("Radius.Core/applications/app", application).await.unwrap();
    }

    pub async fn put(&self, path: &str, properties: Json) -> Result<Answer, Fault> {
        self.put_in(path, VERSION, properties).await
    }

    pub async fn put_in(&self, path: &str, version: &str, properties: Json) -> Result<Answer, Fault> {
        let Json::Object(body) = json!({ "location": "global", "properties": properties }) else { unreachable!() };
        let (id, api_version) = (id(path), version.parse().unwrap());
        let request = Put { id, api_version, body, preconditions: Preconditions::default() };
        self.state.host.put(request).await
    }

    /// Begins a deployment.
    pub async fn deploy(&self, path: &str, properties: Json) -> OperationId {
        accepted(self.try_deploy(path, properties).await.unwrap())
    }

    async fn try_deploy(&self, path: &str, properties: Json) -> Result<Answer, Fault> {
        let Json::Object(body) = json!({ "properties": properties }) else { unreachable!() };
        let (id, api_version) = (id(path), "2020-10-01".parse().unwrap());
        let request = Put { id, api_version, body, preconditions: Preconditions::default() };
        self.state.host.put(request).await
    }

    /// Says why a deployment is refused.
    pub async fn refusal(&self, path: &str, properties: Json) -> String {
        self.try_deploy(path, properties).await.unwrap_err().message
    }

    pub async fn act(&self, path: &str, action: &str, body: Json) -> Json {
        self.state.host.act(&id(path), action, &body).await.unwrap()
    }

    pub async fn begin(&self, path: &str, properties: Json) -> OperationId {
        accepted(self.put(path, properties).await.unwrap())
    }

    /// Puts a resource of the environment and waits for the end.
    pub async fn settle(&self, path: &str, mut properties: Json) -> Operation {
        properties["environment"] = id("Radius.Core/environments/env").to_string().into();
        properties["application"] = id("Radius.Core/applications/app").to_string().into();
        let operation = self.begin(path, properties).await;
        self.work().await;
        self.operation(operation).await
    }

    pub async fn delete(&self, path: &str) -> Operation {
        let operation = accepted(self.ask_to_delete(path, false).await);
        self.work().await;
        self.operation(operation).await
    }

    pub async fn ask_to_delete(&self, path: &str, force: bool) -> Answer {
        let (id, api_version) = (id(path), VERSION.parse().unwrap());
        let request = Delete { id, api_version, preconditions: Preconditions::default(), force };
        self.state.host.delete(request).await.unwrap()
    }

    pub async fn operation(&self, id: OperationId) -> Operation {
        self.state.host.parts.store.find_operation(id).await.unwrap().unwrap()
    }

    /// Lets a worker carry out everything, what is to be looked at again later as well.
    pub async fn work(&self) {
        let options = worker::Options::default();
        loop {
            if run_once(&self.state.host, &options).await.unwrap() {
                continue;
            }
            if !self.is_busy().await {
                return;
            }
            // Something comes again in a moment; the store's own signal is not used in one thread.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets a worker do one thing, or waits a moment.
    pub async fn step(&self) {
        if !run_once(&self.state.host, &worker::Options::default()).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything in the group as answers show it.
    pub async fn shown(&self) -> String {
        use radii_runtime::store::ListQuery;
        let query =
            ListQuery { scope: Some(GROUP.parse().unwrap()), recursive: true, kind: None, after: None, limit: None };
        let records = self.state.host.parts.store.list(&query).await.unwrap().records;
        records.iter().map(|record| format!("{} {}\n", record.type_name, json!(record.properties))).collect()
    }

    async fn is_busy(&self) -> bool {
        let operations = self.state.host.parts.store.recent_operations(50).await.unwrap();
        operations.iter().any(|operation| !operation.state.is_terminal())
    }

    pub async fn properties(&self, path: &str) -> Json {
        Json::Object(self.state.host.get(&id(path)).await.unwrap().properties)
    }

    pub async fn stored(&self, path: &str) -> Option<Record> {
        self.state.host.parts.store.find(&id(path)).await.unwrap()
    }

    async fn state_records(&self) -> Vec<Record> {
        use radii_runtime::store::ListQuery;
        let scope = Some("/planes/radii/states".parse().unwrap());
        let query = ListQuery { scope, recursive: true, kind: None, after: None, limit: None };
        self.state.host.parts.store.list(&query).await.unwrap().records
    }

    /// Removes the states that are kept for Terraform, without destroying anything; returns the mark of the last one.
    pub async fn forget_states(&self) -> String {
        use radii_runtime::store::{Expect, Write};
        let mut mark = String::new();
        let forget = |mut record: Record| {
            mark = record.private.data["mark"].as_str().unwrap().to_owned();
            record.private.data.shift_remove("state");
            Write::Put { record: Box::new(record), expect: Expect::Any }
        };
        let batch = self.state_records().await.into_iter().map(forget).collect();
        self.state.host.parts.store.commit(batch).await.unwrap();
        mark
    }

    /// The states that are kept for Terraform.
    pub async fn states(&self) -> Vec<String> {
        let records = self.state_records().await;
        records.into_iter().filter_map(|record| record.private.data.get("state")?.as_str().map(str::to_owned)).collect()
    }
}

pub fn id(path: &str) -> ResourceId {
    format!("{GROUP}/providers/{path}").parse().unwrap()
}

pub fn accepted(answer: Answer) -> OperationId {
    match answer {
        Answer::Accepted { operation, .. } => operation,
        other => panic!("expected an operation, got {other:?}"),
    }
}

/// The failure of an operation as code and message.
pub fn failure(operation: &Operation) -> (String, String) {
    assert_eq!(operation.state, State::Failed, "{operation:?}");
    let error = operation.error.as_ref().unwrap();
    (error.code.clone(), error.message.clone())
}

/// A folder with modules, as files below their names.
pub fn modules(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}
