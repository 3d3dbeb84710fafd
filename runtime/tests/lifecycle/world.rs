//! A small control plane in memory: one plane, one group, registered types, and verbs to act on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use radii_model::{ApiVersion, ResourceId};
use radii_runtime::access::{Authority, Caller};
use radii_runtime::catalog::Catalog;
use radii_runtime::fault::Fault;
use radii_runtime::host::{Answer, Delete, Host, Parts, Preconditions, Put};
use radii_runtime::memory::MemoryStore;
use radii_runtime::store::{Expect, Operation, OperationId, Private, Queue, Record, State, Store, Write};
use radii_runtime::worker::{Options, run_once};
use radii_runtime::{Clock, SystemIds, Timestamp};
use serde_json::{Map, Value as Json, json};

use crate::fakes::{FakePlatform, FakeProviders, FakeRecipes, SteppingStore};

pub const GROUP: &str = "/planes/radius/local/resourceGroups/test";
pub const CORE: &str = "2023-10-01-preview";
pub const V1: &str = "2025-01-01";

/// A clock that stands still until it is told to go on.
#[derive(Default)]
pub struct StandingClock(AtomicI64);

impl StandingClock {
    pub fn advance(&self, duration: Duration) {
        self.0.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

pub struct World {
    pub host: Arc<Host>,
    pub clock: Arc<StandingClock>,
    pub store: Arc<dyn Store>,
    pub platform: Arc<FakePlatform>,
    pub recipes: Arc<FakeRecipes>,
    pub providers: Arc<FakeProviders>,
    pub options: Options,
}

impl World {
    /// A world with a plane, a group and the types that the tests use.
    pub async fn new() -> Self {
        Self::guarded(None).await
    }

    /// The same world, as somebody sees it whose requests are allowed or refused.
    pub fn seen_by(&self, name: &str) -> Self {
        let caller = Caller { name: name.to_owned(), groups: Vec::new() };
        Self {
            host: Arc::new(self.host.acting_for(caller)),
            clock: self.clock.clone(),
            store: self.store.clone(),
            platform: self.platform.clone(),
            recipes: self.recipes.clone(),
            providers: self.providers.clone(),
            options: self.options.clone(),
        }
    }

    /// A world in which somebody knows what callers may do.
    pub async fn guarded(authority: Option<Arc<dyn Authority>>) -> Self {
        let clock = Arc::new(StandingClock::default());
        let store = Arc::new(SteppingStore::new(MemoryStore::with_clock(clock.clone())));
        let platform = Arc::new(FakePlatform::new(store.clone()));
        let recipes = Arc::new(FakeRecipes::default());
        let providers = Arc::new(FakeProviders::default());
        let parts = Parts {
            store: store.clone(),
            queue: store.clone() as Arc<dyn Queue>,
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            catalog: Arc::new(Catalog::default()),
            platforms: vec![platform.clone()],
            recipes: vec![recipes.clone()],
            states: None,
            providers: Some(providers.clone()),
        };
        let host = Host::guarded(parts, authority);
        let world = Self { host, clock, store, platform, recipes, providers, options: Options::default() };
        world.store_record("/planes/radius/local", "System.Radius/planes", json!({})).await;
        world.store_record(GROUP, "System.Resources/resourceGroups", json!({})).await;
        for (name, version) in [
            ("Applications.Core/environments", CORE),
            ("Applications.Core/applications", CORE),
            ("Applications.Core/containers", CORE),
            ("Applications.Core/gateways", CORE),
            ("Applications.Datastores/redisCaches", CORE),
            ("Radius.Core/environments", "2025-08-01-preview"),
            ("Radius.Core/recipePacks", "2025-08-01-preview"),
            ("Radius.Compute/containers", "2025-08-01-preview"),
        ] {
            world.register(name, version, built_in_schema(), &[]).await;
        }
        world.register("Contoso.Data/notes", V1, notes_schema(), &["ManualResourceProvisioning"]).await;
        world.register("Contoso.Data/postgres", V1, postgres_schema(), &[]).await;
        world
    }

    /// Stores a record as the registry does.
    pub async fn store_record(&self, id: &str, type_name: &str, properties: Json) {
        let Json::Object(properties) = properties else { panic!("properties are an object") };
        let record = Record {
            id: id.parse().unwrap(),
            type_name: type_name.to_owned(),
            api_version: None,
            location: None,
            tags: None,
            properties,
            private: Private::default(),
            state: State::Succeeded,
            operation: None,
            revision: 0,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        self.store.commit(vec![Write::Put { record: Box::new(record), expect: Expect::Any }]).await.unwrap();
    }

    /// Registers a type at the location `global`.
    pub async fn register(&self, name: &str, version: &str, schema: Json, capabilities: &[&str]) {
        let (namespace, kind) = name.split_once('/').unwrap();
        let provider = format!("/planes/radius/local/providers/System.Resources/resourceProviders/{namespace}");
        let base = "System.Resources/resourceProviders";
        self.store_record(&provider, base, json!({})).await;
        let id = format!("{provider}/resourceTypes/{kind}");
        self.store_record(&id, &format!("{base}/resourceTypes"), json!({ "capabilities": capabilities })).await;
        let id = format!("{id}/apiVersions/{version}");
        self.store_record(&id, &format!("{base}/resourceTypes/apiVersions"), json!({ "schema": schema })).await;
        let id = format!("{provider}/locations/global");
        let stored = self.store.find(&id.parse().unwrap()).await.unwrap();
        let mut table = stored.map(|record| record.properties["resourceTypes"].clone()).unwrap_or_else(|| json!({}));
        table[kind] = json!({ "apiVersions": { version: {} } });
        self.store_record(&id, &format!("{base}/locations"), json!({ "resourceTypes": table })).await;
        self.host.parts.catalog.refresh(&*self.store, "local", namespace).await.unwrap();
    }

    /// Sends a PUT for `NAMESPACE/TYPE/NAME` in the test's group.
    pub async fn put(&self, path: &str, version: &str, properties: Json) -> Result<Answer, Fault> {
        self.put_body(path, version, json!({ "location": "global", "properties": properties })).await
    }

    pub async fn put_body(&self, path: &str, version: &str, body: Json) -> Result<Answer, Fault> {
        self.put_if(path, version, body, Preconditions::default()).await
    }

    pub async fn put_if(
        &self,
        path: &str,
        version: &str,
        body: Json,
        preconditions: Preconditions,
    ) -> Result<Answer, Fault> {
        let Json::Object(body) = body else { panic!("a body is an object") };
        let api_version: ApiVersion = version.parse().unwrap();
        self.host.put(Put { id: id(path), api_version, body, preconditions }).await
    }

    pub async fn delete(&self, path: &str, version: &str, force: bool) -> Result<Answer, Fault> {
        let preconditions = Preconditions::default();
        self.host.delete(Delete { id: id(path), api_version: version.parse().unwrap(), preconditions, force }).await
    }

    /// Sends a PUT and lets the workers finish; returns its operation.
    pub async fn settle(&self, path: &str, version: &str, properties: Json) -> Operation {
        let operation = accepted(self.put(path, version, properties).await.unwrap());
        self.work().await;
        self.operation(operation).await
    }

    /// Sends a DELETE and lets the workers finish; returns its operation.
    pub async fn settle_delete(&self, path: &str, version: &str) -> Operation {
        let operation = accepted(self.delete(path, version, false).await.unwrap());
        self.work().await;
        self.operation(operation).await
    }

    /// Lets workers and time go on until an operation has ended.
    pub async fn ended(&self, operation: OperationId) -> Operation {
        for _ in 0..200 {
            self.work().await;
            let now = self.operation(operation).await;
            if now.state.is_terminal() {
                return now;
            }
            self.clock.advance(Duration::from_secs(1));
        }
        panic!("the operation does not end");
    }

    /// Lets a worker carry out everything that is runnable.
    pub async fn work(&self) {
        while run_once(&self.host, &self.options).await.unwrap() {}
    }

    pub async fn operation(&self, id: OperationId) -> Operation {
        self.store.find_operation(id).await.unwrap().expect("operations stay")
    }

    pub async fn stored(&self, path: &str) -> Option<Record> {
        self.store.find(&id(path)).await.unwrap()
    }

    /// The `properties` of a resource as a GET answers them.
    pub async fn properties(&self, path: &str) -> Map<String, Json> {
        self.host.get(&id(path)).await.unwrap().properties
    }

    /// Makes the environment `env` (with these recipes) and the application `app`.
    pub async fn make_application(&self, recipes: Json) {
        let compute = json!({ "kind": "docker", "namespace": "dev" });
        let environment = json!({ "compute": compute, "recipes": recipes });
        self.put("Applications.Core/environments/env", CORE, environment).await.unwrap();
        let application = json!({ "environment": environment_id() });
        self.put("Applications.Core/applications/app", CORE, application).await.unwrap();
    }
}

pub fn id(path: &str) -> ResourceId {
    format!("{GROUP}/providers/{path}").parse().unwrap()
}

pub fn environment_id() -> String {
    id("Applications.Core/environments/env").to_string()
}

pub fn application_id() -> String {
    id("Applications.Core/applications/app").to_string()
}

pub fn accepted(answer: Answer) -> OperationId {
    match answer {
        Answer::Accepted { operation, .. } => operation,
        other => panic!("expected an operation, got {other:?}"),
    }
}

/// What the registry knows of built-in types: the base properties alone.
fn built_in_schema() -> Json {
    let environment = json!({ "environment": { "type": "string" } });
    json!({ "type": "object", "required": ["environment"], "properties": environment })
}

fn notes_schema() -> Json {
    json!({ "type": "object", "required": ["text"], "properties": {
        "text": { "type": "string", "minLength": 2 },
        "size": { "type": "string", "enum": ["S", "M"], "default": "S" },
        "count": { "type": "integer" },
        "password": { "type": "string", "x-radius-sensitive": true },
        "etagged": { "type": "string", "readOnly": true },
        "shelf": { "type": "object", "properties": {
            "room": { "type": "string", "x-radii-immutable": true }, "row": { "type": "integer" },
        } },
        "author": { "type": "string", "x-radii-immutable": true, "x-radii-env-name": "NOTE_AUTHOR" },
        "pin": { "type": "string", "x-radii-immutable": true, "x-radius-sensitive": true },
    } })
}

fn postgres_schema() -> Json {
    json!({ "type": "object", "required": ["environment"], "properties": {
        "environment": { "type": "string" },
        "application": { "type": "string" },
        "connections": { "type": "object", "additionalProperties": { "type": "object",
            "properties": { "source": { "type": "string" } } } },
        "size": { "type": "string" },
        "password": { "type": "string", "x-radius-sensitive": true },
        "host": { "type": "string", "readOnly": true },
        "port": { "type": "integer", "readOnly": true },
    } })
}
