//! Fakes of what is outside: a platform, a recipe driver, and a store whose calls can be cut short.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use radii_model::ResourceId;
use radii_runtime::imperative::{Answered, Ask, Method, Providers, Watched};
use radii_runtime::memory::MemoryStore;
use radii_runtime::platform::{ComputeKind, EnvValue, Health, Object, ObjectRef, Observed, Platform, Target, Workload};
use radii_runtime::recipe::{Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings};
use radii_runtime::store::{Batch, Error, ListQuery, Operation, OperationId, Page, Queue, Record, Store};
use radii_runtime::{Fault, Timestamp};
use serde_json::{Map, Value as Json, json};
use tokio::task::yield_now;
use uuid::Uuid;

/// A store that gives way before and after every call: each is a point where a test may let the process die.
pub struct SteppingStore(MemoryStore);

impl SteppingStore {
    pub fn new(store: MemoryStore) -> Self {
        Self(store)
    }
}

/// Gives way around a call.
macro_rules! step {
    ($call:expr) => {{
        yield_now().await;
        let result = $call.await;
        yield_now().await;
        result
    }};
}

#[async_trait]
impl Store for SteppingStore {
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error> {
        step!(self.0.find(id))
    }
    async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        step!(self.0.list(query))
    }
    async fn list_referring(&self, to: &ResourceId, after: Option<u64>, limit: Option<usize>) -> Result<Page, Error> {
        step!(self.0.list_referring(to, after, limit))
    }
    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        step!(self.0.commit(batch))
    }
    async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        step!(self.0.find_operation(id))
    }
    async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        step!(self.0.recent_operations(limit))
    }
}

#[async_trait]
impl Queue for SteppingStore {
    async fn claim_next(&self, worker: Uuid, now: Timestamp, lease: Duration) -> Result<Option<Operation>, Error> {
        step!(self.0.claim_next(worker, now, lease))
    }
    async fn renew(&self, id: OperationId, attempt: u32, now: Timestamp, lease: Duration) -> Result<bool, Error> {
        step!(self.0.renew(id, attempt, now, lease))
    }
    async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
        step!(self.0.release(id, attempt, run_after))
    }
    async fn wait(&self, at_most: Duration) {
        self.0.wait(at_most).await;
    }
}

/// A platform whose objects are entries of a map. It refuses to make what is not in the journal.
pub struct FakePlatform {
    store: Arc<dyn Store>,
    pub objects: Mutex<BTreeMap<String, Json>>,
    /// Names of objects that do not work.
    pub broken: Mutex<Vec<String>>,
    /// Whether applying does not end yet.
    pub hangs: AtomicBool,
    pub applied: AtomicUsize,
    /// How many calls find the platform overloaded.
    pub overloaded: AtomicUsize,
}

impl FakePlatform {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            objects: Mutex::default(),
            broken: Mutex::default(),
            hangs: AtomicBool::new(false),
            applied: AtomicUsize::new(0),
            overloaded: AtomicUsize::new(0),
        }
    }

    pub fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn body(&self, name: &str) -> Json {
        self.objects.lock().unwrap().get(name).cloned().unwrap_or_default()
    }

    /// Every object must have been written down before it is made.
    async fn check_journal(&self, reference: &ObjectRef) {
        let everything = ListQuery { scope: None, recursive: true, kind: None, after: None, limit: None };
        let records = self.store.list(&everything).await.unwrap().records;
        let is_known = records.iter().any(|record| record.private.journal.contains(reference));
        assert!(is_known, "`{}` is made without being written down first", reference.name);
    }
}

fn reference(target: &Target, kind: &str, name: &str) -> ObjectRef {
    let (kind, name) = (kind.to_owned(), name.to_owned());
    ObjectRef { platform: ComputeKind::Docker, kind, namespace: target.namespace.clone(), name, cluster: None }
}

#[async_trait]
impl Platform for FakePlatform {
    fn kind(&self) -> ComputeKind {
        ComputeKind::Docker
    }

    fn render(&self, target: &Target, workload: &Workload) -> Result<Vec<Object>, Fault> {
        let name = &workload.resource.name;
        let main = &workload.containers[0];
        let env: Map<String, Json> = main
            .env
            .iter()
            .map(|(name, value)| match value {
                EnvValue::Plain(text) => (name.clone(), json!(text)),
                other => (name.clone(), json!(format!("{other:?}"))),
            })
            .collect();
        let mut objects = vec![Object {
            reference: reference(target, "container", name),
            body: json!({ "image": main.image, "env": env, "replicas": workload.replicas.unwrap_or(1) }),
        }];
        if !workload.punch_through.is_empty() {
            objects[0].body["punchThrough"] = Json::Object(workload.punch_through.clone());
        }
        if !main.ports.is_empty() {
            let reference = reference(target, "service", &format!("{name}-service"));
            objects.push(Object { reference, body: json!({ "port": main.ports[0].port }) });
        }
        Ok(objects)
    }

    fn adopt(&self, target: &Target, body: Json) -> Result<Object, Fault> {
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        Ok(Object { reference: reference(target, "container", &name), body })
    }

    async fn apply(&self, _target: &Target, object: &Object) -> Result<Observed, Fault> {
        yield_now().await;
        self.check_journal(&object.reference).await;
        while self.hangs.load(Ordering::Relaxed) {
            yield_now().await;
        }
        let overloaded = self.overloaded.load(Ordering::Relaxed);
        if overloaded > 0 {
            self.overloaded.store(overloaded - 1, Ordering::Relaxed);
            return Err(Fault::new(503, "ServiceUnavailable", "the platform is overloaded"));
        }
        self.applied.fetch_add(1, Ordering::Relaxed);
        let name = object.reference.name.clone();
        self.objects.lock().unwrap().insert(name.clone(), object.body.clone());
        yield_now().await;
        let is_broken = self.broken.lock().unwrap().contains(&name);
        let health = if is_broken { Health::Failed } else { Health::Ready };
        let endpoints = BTreeMap::from([("web".to_owned(), "http://127.0.0.1:1".to_owned())]);
        Ok(Observed { health, message: "it said so".to_owned(), endpoints })
    }

    async fn observe(&self, reference: &ObjectRef) -> Result<Observed, Fault> {
        let is_there = self.objects.lock().unwrap().contains_key(&reference.name);
        let health = if is_there { Health::Ready } else { Health::Absent };
        Ok(Observed { health, message: String::new(), endpoints: BTreeMap::new() })
    }

    async fn delete(&self, reference: &ObjectRef) -> Result<(), Fault> {
        yield_now().await;
        self.objects.lock().unwrap().remove(&reference.name);
        yield_now().await;
        Ok(())
    }
}

/// A driver of recipes of kind `template`: the recipe's parameter `objects` names what it makes,
/// `template` what it deploys, `values` and `secrets` what it returns, `error` how it fails, `remember` what it remembers before.
#[derive(Default)]
pub struct FakeRecipes {
    pub contexts: Mutex<Vec<Json>>,
    /// What each run was told of the one before.
    pub previous: Mutex<Vec<Option<Json>>>,
    pub destroyed: Mutex<Vec<String>>,
    /// Paths of recipes whose destruction fails.
    pub indestructible: Mutex<Vec<String>>,
}

#[async_trait]
impl RecipeDriver for FakeRecipes {
    fn kind(&self) -> &'static str {
        "template"
    }

    async fn metadata(&self, _recipe: &Recipe, _settings: &Settings) -> Result<Map<String, Json>, Fault> {
        Ok(Map::from_iter([("size".to_owned(), json!({ "type": "string" }))]))
    }

    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault> {
        self.contexts.lock().unwrap().push(run.context.clone());
        self.previous.lock().unwrap().push(run.previous.cloned());
        let parameters = &run.recipe.parameters;
        if let Some(state) = parameters.get("remember") {
            run.journal.remember(state).await?;
        }
        if let Some(template) = parameters.get("template") {
            run.around.deployments.begin(run.around.resource, "of-recipe", json!({ "template": template })).await?;
        }
        let list = |name: &str| parameters.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
        if let Some(error) = parameters.get("error").and_then(Json::as_str) {
            return Err(Fault::new(500, "RecipeDeploymentFailed", error));
        }
        if let Some(platform) = run.platform {
            for name in list("objects") {
                let object = platform.adopt(run.target, json!({ "name": name }))?;
                run.journal.record(std::slice::from_ref(&object.reference)).await?;
                platform.apply(run.target, &object).await?;
            }
        }
        let map = |name: &str| parameters.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
        Ok(Outcome {
            resources: Vec::new(),
            values: map("values"),
            secrets: map("secrets"),
            state: json!(1),
            again: None,
        })
    }

    async fn destroy(&self, removal: Removal<'_>) -> Result<Removed, Fault> {
        let path = removal.snapshot.recipe.path.clone();
        if self.indestructible.lock().unwrap().contains(&path) {
            return Err(Fault::new(500, "RecipeDeploymentFailed", format!("`{path}` stays")));
        }
        self.destroyed.lock().unwrap().push(path);
        Ok(Removed::Done)
    }
}

/// A provider elsewhere, which refuses a second change of what is changing already, and needs two looks for each.
#[derive(Default)]
pub struct FakeProviders {
    /// Answered first, in this order.
    script: Mutex<VecDeque<Result<Answered, Fault>>>,
    /// What its next operation ends with.
    pub fails_with: Mutex<Option<Json>>,
    resources: Mutex<BTreeMap<String, Json>>,
    created: Mutex<BTreeMap<String, usize>>,
    looks: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

impl FakeProviders {
    /// Says what is answered to the next request that is none about a status.
    pub fn says(&self, answer: Result<Answered, Fault>) {
        self.script.lock().unwrap().push_back(answer);
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn resource(&self, name: &str) -> Json {
        self.resources.lock().unwrap().get(name).cloned().unwrap_or_default()
    }

    /// How often a resource was made where there was none.
    pub fn created(&self, name: &str) -> usize {
        self.created.lock().unwrap().get(name).copied().unwrap_or_default()
    }

    pub fn has(&self, name: &str) {
        self.keeps(name, json!({ "host": format!("{name}.remote.example") }));
    }

    /// Has a resource with these properties.
    pub fn keeps(&self, name: &str, properties: Json) {
        let made = json!({ "name": name, "properties": properties });
        self.resources.lock().unwrap().insert(name.to_owned(), made);
    }

    fn put(&self, id: &str, body: &Json) -> Answered {
        let name = id.rsplit('/').next().unwrap();
        let mut resources = self.resources.lock().unwrap();
        if resources.get(name).is_some_and(|old| old["properties"]["provisioningState"] == "Updating") {
            return Answered { status: 409, ..Answered::default() };
        }
        if !resources.contains_key(name) {
            *self.created.lock().unwrap().entry(name.to_owned()).or_default() += 1;
        }
        let mut made = body.clone();
        made["id"] = id.into();
        made["properties"]["host"] = format!("{name}.remote.example").into();
        made["properties"]["provisioningState"] = "Updating".into();
        resources.insert(name.to_owned(), made.clone());
        self.looks.store(0, Ordering::Relaxed);
        let watched = Some(Watched::Status(format!("/planes/status/{name}")));
        Answered { status: 202, body: made, watched, retry_after: Some(Duration::from_secs(1)) }
    }

    fn status(&self, name: &str) -> Answered {
        if self.looks.fetch_add(1, Ordering::Relaxed) == 0 {
            return Answered { status: 200, body: json!({ "status": "InProgress" }), ..Answered::default() };
        }
        let failure = self.fails_with.lock().unwrap().take();
        let state = if failure.is_some() { "Failed" } else { "Succeeded" };
        if let Some(resource) = self.resources.lock().unwrap().get_mut(name) {
            resource["properties"]["provisioningState"] = state.into();
        }
        let mut body = failure.unwrap_or_else(|| json!({}));
        body["status"] = state.into();
        Answered { status: 200, body, ..Answered::default() }
    }

    fn answer(&self, ask: &Ask<'_>) -> Result<Answered, Fault> {
        let path = ask.target.split('?').next().unwrap();
        let name = path.rsplit('/').next().unwrap();
        let is_status = path.starts_with("/planes/status/");
        let what = if is_status { "status/" } else { "" };
        self.asked.lock().unwrap().push(format!("{} {what}{name}", format!("{:?}", ask.method).to_uppercase()));
        if is_status {
            return Ok(self.status(name));
        }
        if let Some(said) = self.script.lock().unwrap().pop_front() {
            return said;
        }
        Ok(match ask.method {
            Method::Put => self.put(path, ask.body),
            Method::Delete => {
                let gone = self.resources.lock().unwrap().remove(name);
                Answered { status: if gone.is_some() { 200 } else { 404 }, ..Answered::default() }
            }
            Method::Get | Method::Post => match self.resource(name) {
                Json::Null => Answered { status: 404, ..Answered::default() },
                body => {
                    if body["properties"]["provisioningState"] == "Updating" {
                        // Time goes on whatever it is asked.
                        self.status(name);
                    }
                    Answered { status: 200, body, ..Answered::default() }
                }
            },
        })
    }
}

#[async_trait]
impl Providers for FakeProviders {
    async fn ask(&self, ask: &Ask<'_>) -> Result<Answered, Fault> {
        yield_now().await;
        let answered = self.answer(ask);
        yield_now().await;
        answered
    }
}
