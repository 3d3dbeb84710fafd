//! Recipes: what an environment binds to a type, and the drivers that execute it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::Fault;
use crate::platform::{ObjectRef, Platform, Target};

/// A recipe as an environment or a pack names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The name it is registered under.
    pub name: String,
    /// `template`, `terraform` or `bicep`.
    pub kind: String,
    /// `templatePath`: where the template is. For kind `template`: the template's text itself, or a
    /// path or `file:` URL that the server may read.
    pub path: String,
    /// `templateVersion`, if the kind has versions.
    pub version: Option<String>,
    /// Whether a registry may be asked without TLS.
    pub plain_http: bool,
    /// Parameters, the developer's over the environment's.
    pub parameters: Map<String, Json>,
}

/// What a recipe is told (Radius HTTP contract, part 5.6), as the `context` object.
pub type Context = Json;

/// All that deletion needs when recipe, environment or application are gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The recipe that ran.
    pub recipe: Recipe,
    /// Where it ran.
    pub target: Target,
    /// What it was told.
    pub context: Context,
    /// What the driver needs beside; opaque.
    pub state: Json,
}

/// What a recipe made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Ids of resources that the result names.
    pub resources: Vec<String>,
    /// Values for read-only properties.
    pub values: Map<String, Json>,
    /// Secret values; never stored on the resource.
    pub secrets: Map<String, Json>,
    /// What the driver wants to remember in [`Snapshot::state`].
    pub state: Json,
}

/// Writes down what is about to be applied, durably, before it is.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Adds objects; returns when they are stored.
    ///
    /// # Errors
    /// When the operation was lost to another worker: the caller stops at once.
    async fn record(&self, objects: &[ObjectRef]) -> Result<(), Fault>;

    /// Keeps what the driver wants in [`Run::previous`] should this run not end.
    ///
    /// A driver that made up a password calls this before anything is applied with it.
    async fn remember(&self, _state: &Json) -> Result<(), Fault> {
        Ok(())
    }
}

/// One execution of a recipe.
pub struct Run<'a> {
    /// What is to be executed.
    pub recipe: &'a Recipe,
    /// What it is told.
    pub context: &'a Context,
    /// Where it runs.
    pub target: &'a Target,
    /// The target's driver; `None` where the server has none.
    pub platform: Option<&'a dyn Platform>,
    /// Where objects are written down first.
    pub journal: &'a dyn Journal,
    /// What the last execution left in [`Snapshot::state`].
    pub previous: Option<&'a Json>,
}

/// A driver of one recipe kind.
#[async_trait]
pub trait RecipeDriver: Send + Sync {
    /// Which kind it executes.
    fn kind(&self) -> &'static str;

    /// Checks that a recipe of this kind can be read, and returns its parameters (`getMetadata`).
    async fn metadata(&self, recipe: &Recipe) -> Result<Map<String, Json>, Fault>;

    /// Executes a recipe; repeating it is harmless.
    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault>;

    /// Removes what only the driver knows; platform objects of the journal are removed by the caller.
    async fn destroy(&self, snapshot: &Snapshot) -> Result<(), Fault>;
}
