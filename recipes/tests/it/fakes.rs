//! A platform and a journal in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use radii_recipes::template::TemplateDriver;
use radii_runtime::Fault;
use radii_runtime::platform::{ComputeKind, Health, Named, Object, ObjectRef, Observed, Platform, Target, Workload};
use radii_runtime::recipe::{
    Cancel, Deployed, Deployments, Journal, Outcome, Recipe, RecipeDriver, Run, Settings, Surroundings,
};
use serde_json::{Map, Value as Json, json};

/// A platform on which everything works, but for an object called `broken`.
#[derive(Default)]
pub struct FakePlatform {
    /// What was applied, in order.
    pub applied: Mutex<Vec<Json>>,
}

#[async_trait]
impl Platform for FakePlatform {
    fn kind(&self) -> ComputeKind {
        ComputeKind::Docker
    }

    fn render(&self, _: &Target, _: &Workload) -> Result<Vec<Object>, Fault> {
        Err(Fault::internal("recipes render no workloads"))
    }

    fn adopt(&self, target: &Target, body: Json) -> Result<Object, Fault> {
        let name = body.get("name").and_then(Json::as_str).ok_or_else(|| Fault::bad_request("it has no `name`"))?;
        let reference = ObjectRef {
            platform: target.kind,
            kind: "thing".to_owned(),
            namespace: target.namespace.clone(),
            name: name.to_owned(),
            cluster: None,
        };
        Ok(Object { reference, body })
    }

    async fn apply(&self, _: &Target, object: &Object) -> Result<Observed, Fault> {
        self.applied.lock().unwrap().push(object.body.clone());
        let health = if object.reference.name == "broken" { Health::Failed } else { Health::Ready };
        Ok(Observed { health, message: "as told".to_owned(), endpoints: BTreeMap::new() })
    }

    async fn observe(&self, _: &ObjectRef) -> Result<Observed, Fault> {
        Err(Fault::internal("recipes observe nothing"))
    }

    async fn delete(&self, _: &ObjectRef) -> Result<(), Fault> {
        Err(Fault::internal("recipes delete nothing"))
    }
}

/// What was written down, in order: names of objects, and `state`.
#[derive(Default)]
pub struct FakeJournal {
    pub entries: Mutex<Vec<String>>,
}

#[async_trait]
impl Journal for FakeJournal {
    async fn record(&self, objects: &[ObjectRef]) -> Result<(), Fault> {
        self.entries.lock().unwrap().extend(objects.iter().map(|object| object.name.clone()));
        Ok(())
    }

    async fn remember(&self, state: &Json) -> Result<(), Fault> {
        self.entries.lock().unwrap().push(format!("state {}", state.is_object()));
        Ok(())
    }
}

/// Deploys nothing.
struct NoDeployments;

#[async_trait]
impl Deployments for NoDeployments {
    async fn begin(&self, _: &str, _: &str, _: Json) -> Result<String, Fault> {
        Err(Fault::internal("templates deploy nothing"))
    }
    async fn look(&self, _: &str) -> Result<Option<Deployed>, Fault> {
        Ok(None)
    }
    async fn forget(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }
    async fn delete(&self, _: &str) -> Result<Option<uuid::Uuid>, Fault> {
        Ok(None)
    }
    async fn ended(&self, _: uuid::Uuid) -> Result<Option<Result<(), Fault>>, Fault> {
        Ok(None)
    }
}

/// What a server without anything gives to a driver.
pub fn around<'a>(settings: &'a Settings, cancel: &'a Cancel) -> Surroundings<'a> {
    let operation = uuid::Uuid::nil();
    Surroundings { resource: "", operation, settings, states: None, deployments: &NoDeployments, cancel, hidden: &[] }
}

/// The context of `Contoso.Data/stores` `db` with the given properties.
pub fn context(properties: Json) -> Json {
    json!({
        "resource": {
            "name": "db",
            "id": "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/stores/db",
            "type": "Contoso.Data/stores",
            "properties": properties,
        },
        "application": { "name": "todo", "id": "" },
        "environment": { "name": "dev", "id": "" },
    })
}

/// One execution with its surroundings.
pub struct Case {
    pub recipe: Recipe,
    pub context: Json,
    /// The context without what is sensitive, if anything is.
    pub shown: Option<Json>,
    pub kind: ComputeKind,
    pub previous: Option<Json>,
    pub folder: Option<std::path::PathBuf>,
    pub platform: FakePlatform,
    pub journal: FakeJournal,
}

impl Case {
    pub fn new(text: &str, properties: Json) -> Self {
        let recipe = Recipe {
            name: "default".to_owned(),
            kind: "template".to_owned(),
            path: format!("{text}\n"),
            version: None,
            plain_http: false,
            parameters: Map::new(),
            operators: None,
            outputs: Map::new(),
        };
        Self {
            recipe,
            context: context(properties),
            shown: None,
            kind: ComputeKind::Docker,
            previous: None,
            folder: None,
            platform: FakePlatform::default(),
            journal: FakeJournal::default(),
        }
    }

    pub fn parameters(mut self, parameters: Json) -> Self {
        self.recipe.parameters = parameters.as_object().unwrap().clone();
        self
    }

    pub async fn run(&self) -> Result<Outcome, Fault> {
        let target = Target {
            kind: self.kind,
            environment: Named { id: String::new(), name: "dev".to_owned() },
            application: None,
            environment_namespace: "dev".to_owned(),
            namespace: "dev-todo".to_owned(),
            compute: Map::new(),
        };
        let (settings, cancel) = (Settings::default(), Cancel::default());
        let run = Run {
            recipe: &self.recipe,
            context: &self.context,
            shown: self.shown.as_ref().unwrap_or(&self.context),
            target: &target,
            platform: Some(&self.platform),
            journal: &self.journal,
            previous: self.previous.as_ref(),
            unfinished: None,
            around: around(&settings, &cancel),
        };
        TemplateDriver::with_seeds(|| [7; 32]).reading_from(self.folder.clone()).execute(run).await
    }

    pub fn applied(&self) -> Vec<Json> {
        self.platform.applied.lock().unwrap().clone()
    }
}

/// Renders a result's values.
pub async fn values(text: &str, properties: Json) -> Json {
    Json::Object(Case::new(text, properties).run().await.unwrap().values)
}

/// Returns the message of a recipe that is refused.
pub async fn refusal(text: &str, properties: Json) -> String {
    Case::new(text, properties).run().await.unwrap_err().message
}
