//! Recipes: what an environment binds to a type, and the drivers that execute it.

mod backend;
mod cancel;
mod deployments;
mod settings;
mod states;
pub(crate) mod veil;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::Fault;
use crate::fault::code;
use crate::platform::{ObjectRef, Platform, Target};

pub use backend::Backend;
pub use cancel::{Cancel, Hold};
pub use deployments::{Deployed, Deployments};
pub use settings::{Login, ProviderBlock, Settings};
pub use states::{Grant, States};
pub use veil::{disguised, struck_out};

pub(crate) use backend::{check as check_backend, is_named as names_backend};
pub(crate) use settings::written;

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
    /// The environment's parameters alone, where the developer gives any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operators: Option<Map<String, Json>>,
    /// Property → output of the template, where a recipe pack maps them; secrets stand below `secrets`.
    #[serde(default)]
    pub outputs: Map<String, Json>,
}

impl Recipe {
    /// Returns the parameters that the environment or the pack gives, whatever the developer says.
    pub fn operator_parameters(&self) -> &Map<String, Json> {
        self.operators.as_ref().unwrap_or(&self.parameters)
    }

    /// Returns the outputs that the mapping takes, each once.
    pub fn mapped_outputs(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, output) in &self.outputs {
            let nested = output.as_object().filter(|_| name == "secrets").into_iter().flat_map(Map::values);
            for name in nested.chain((name != "secrets").then_some(output)).filter_map(Json::as_str) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Checks that the template declares every output that the mapping takes.
    ///
    /// # Errors
    /// Names the entry, the output and those that there are.
    pub fn check_mapping(&self, declared: &[&str], resource_type: &str) -> Result<(), Fault> {
        let secrets = self.outputs.get("secrets").and_then(Json::as_object).into_iter().flatten();
        let secrets = secrets.map(|(name, output)| ("secrets", name, output));
        let plain = self.outputs.iter().filter(|(name, _)| *name != "secrets");
        let all = plain.map(|(name, output)| ("outputs", name, output)).chain(secrets);
        let named = all.map(|(label, name, output)| (label, name, output.as_str().unwrap_or_default()));
        let absent = named.filter(|(.., output)| !declared.contains(output));
        let mut missing: Vec<_> =
            absent.map(|(label, name, output)| format!("{label}[\"{name}\"] -> \"{output}\"")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        let mut available: Vec<_> = declared.iter().map(|name| format!("\"{name}\"")).collect();
        available.sort_unstable();
        let message = format!(
            "recipe \"{}\" for resource type \"{resource_type}\": invalid outputs mapping: no declared module output matches {}; \
             available module outputs: {}",
            self.name,
            missing.join(", "),
            if available.is_empty() { "none".to_owned() } else { available.join(", ") }
        );
        Err(Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message))
    }
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
    /// What it was told, without sensitive values.
    pub context: Context,
    /// What the driver needs beside; opaque.
    pub state: Json,
    /// What the environment said about executing recipes; secrets are named, not held.
    #[serde(default)]
    pub config: Json,
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
    /// Set when the recipe is not done yet: the driver is called again after that time, with `state` in
    /// [`Run::unfinished`], and everything else here is empty.
    pub again: Option<Duration>,
}

/// How far a removal came.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// Nothing is left.
    Done,
    /// It goes on; the driver is called again after that time, with this as [`Snapshot::state`].
    Again(Duration, Json),
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

    /// Keeps what is about to run, so that a run that does not end can be removed.
    async fn begin(&self, _snapshot: &Snapshot) -> Result<(), Fault> {
        Ok(())
    }
}

/// What the server gives to every driver, whatever it does with it.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The id of the resource that the recipe is for.
    pub resource: &'a str,
    /// The operation; a run that goes on after a pause or a crash has the same one.
    pub operation: Uuid,
    /// What the environment says about executing recipes, with its secrets.
    pub settings: &'a Settings,
    /// Where state of other programs is kept; `None` where the server keeps none.
    pub states: Option<&'a dyn States>,
    /// Executes ARM templates.
    pub deployments: &'a dyn Deployments,
    /// Asks the driver to end early.
    pub cancel: &'a Cancel,
    /// Secrets that the recipe is told; struck out of everything that its programs say ([`struck_out`]).
    pub hidden: &'a [String],
}

/// One execution of a recipe.
pub struct Run<'a> {
    /// What is to be executed.
    pub recipe: &'a Recipe,
    /// What it is told.
    pub context: &'a Context,
    /// The same with null for what is sensitive: only this may stand in files, plans and records.
    pub shown: &'a Context,
    /// Where it runs.
    pub target: &'a Target,
    /// The target's driver; `None` where the server has none.
    pub platform: Option<&'a dyn Platform>,
    /// Where objects are written down first.
    pub journal: &'a dyn Journal,
    /// What the last execution left in [`Snapshot::state`].
    pub previous: Option<&'a Json>,
    /// What an execution that has not ended remembered: this one's before a pause, or an older one's.
    pub unfinished: Option<&'a Json>,
    /// What the server gives.
    pub around: Surroundings<'a>,
}

/// One removal of what a recipe made.
pub struct Removal<'a> {
    /// What ran.
    pub snapshot: &'a Snapshot,
    /// What the server gives.
    pub around: Surroundings<'a>,
}

/// A driver of one recipe kind.
#[async_trait]
pub trait RecipeDriver: Send + Sync {
    /// Which kind it executes.
    fn kind(&self) -> &'static str;

    /// Checks that a recipe of this kind can be read, and returns its parameters (`getMetadata`).
    async fn metadata(&self, recipe: &Recipe, settings: &Settings) -> Result<Map<String, Json>, Fault>;

    /// Executes a recipe; repeating it is harmless.
    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault>;

    /// Says what executing a recipe would change, without changing anything: one entry per object, as
    /// `{action, address}` with whatever else the kind knows.
    ///
    /// # Errors
    /// When the recipe cannot be executed, or its kind cannot tell.
    async fn plan(&self, run: Run<'_>) -> Result<Vec<Json>, Fault> {
        let message = format!("recipes of kind `{}` cannot be planned; deploy the resource instead", run.recipe.kind);
        Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message))
    }

    /// Removes what only the driver knows; platform objects of the journal are removed by the caller.
    async fn destroy(&self, removal: Removal<'_>) -> Result<Removed, Fault>;

    /// Whether a run goes on with what an earlier one made, instead of making it anew beside it. What is
    /// not gone on with is destroyed after the new run has worked.
    fn continues(&self, old: &Snapshot, recipe: &Recipe, target: &Target) -> bool {
        let place = |target: &Target| (target.kind, target.environment.clone(), target.namespace.clone());
        old.recipe.kind == recipe.kind && old.recipe.path == recipe.path && place(&old.target) == place(target)
    }
}
