//! The recipe kind `terraform`: a module that Terraform, or OpenTofu, applies.
//!
//! The program is found on the `PATH` or named by the operator, never downloaded. Each run has a folder of its own
//! that is gone afterwards, and a generated root module ([`config`]). State is kept by the server
//! ([`radii_runtime::recipe::States`]), one per resource, whatever the recipe is called and wherever its module comes
//! from: a new version of a module changes what the old one made.

mod config;
mod hcl;
mod home;
mod leftovers;
mod module;
mod report;
mod resources;
mod session;
mod source;
mod surroundings;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::Target;
use radii_runtime::recipe::{
    Cancel, Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings, Snapshot, States, Surroundings,
};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::tool::Limits;
use crate::{result, tool};
use config::{Root, Told};
use home::Home;
use module::Module;
use session::{Failure, Session};

/// How long one command may take, unless the operator says otherwise.
const LIMIT: Duration = Duration::from_secs(4 * 60 * 60);
/// The module's name where the recipe's cannot be one.
const DEFAULT_KEY: &str = "default";

/// Executes recipes of the kind `terraform`.
#[derive(Clone, Debug)]
pub struct TerraformDriver {
    /// The program, when it is not to be searched.
    program: Option<PathBuf>,
    /// The only folder whose modules and repositories may be used as local paths.
    folder: Option<PathBuf>,
    limits: Limits,
}

impl Default for TerraformDriver {
    fn default() -> Self {
        Self { program: None, folder: None, limits: Limits::new(LIMIT) }
    }
}

impl TerraformDriver {
    /// Uses this program instead of the first of `terraform` and `tofu` on the `PATH`.
    #[must_use]
    pub fn with_program(mut self, program: Option<PathBuf>) -> Self {
        self.program = program;
        self
    }

    /// Lets recipes name modules and repositories below this folder; without it no local path is a source.
    #[must_use]
    pub fn reading_from(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// Stops commands that take longer.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limits.run = limit;
        self
    }

    /// Kills commands that go on for so long after they were told to end.
    #[must_use]
    pub fn with_farewell(mut self, farewell: Duration) -> Self {
        self.limits.farewell = farewell;
        self
    }

    /// Opens a folder; those of one state have its key in their name.
    fn open(&self, key: &str, settings: &Settings, cancel: &Cancel) -> Result<Session, Fault> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => tool::find(&["terraform", "tofu"]).ok_or_else(|| {
                let message = "neither `terraform` nor `tofu` is on the server's PATH: install one of them, or name it \
                               with `rad serve --terraform FILE`";
                Fault::new(500, code::RECIPE_DEPLOYMENT, message)
            })?,
        };
        Session::open(&program, self.limits, key, settings, cancel)
    }

    /// Fetches the module and reads what it declares.
    async fn fetch(&self, session: &Session, key: &str, recipe: &Recipe) -> Result<Fetched, Fault> {
        let source = source::resolve(&recipe.path, self.folder.as_deref())?;
        session.write("main.tf.json", &config::fetching(key, recipe, &source))?;
        if let Err(failure) = session.plain(&["get", "-no-color"]).await {
            return Err(not_downloaded(recipe, failure));
        }
        let module = session.module(key).await.map_err(|error| unreadable(recipe, &error.to_string()))?;
        let module = module.ok_or_else(|| {
            let message = format!("The Terraform configuration in location {} is not found.", recipe.path);
            Fault::new(400, code::RECIPE_DEPLOYMENT, message)
        })?;
        Ok(Fetched { source, module })
    }

    /// Fetches the module and writes the root module of a run.
    async fn prepare(&self, session: &Session, run: &Run<'_>, key: &str) -> Result<Prepared, Fault> {
        let fetched = self.fetch(session, key, run.recipe).await?;
        let Fetched { source, module } = &fetched;
        let of = run.context["resource"]["type"].as_str().unwrap_or_default();
        run.recipe.check_mapping(&module.output_names(), of)?;
        let told = Told::of(run.recipe, module, run.context, run.shown);
        let mut root = config::root(key, run.recipe, source, module, &told, run.around.settings);
        root.file["terraform"]["backend"] = Home::block(&run.around, self.folder.as_deref())?;
        Ok(Prepared { module: fetched.module, root })
    }

    /// Destroys with the module where it can still be had, because it may say how.
    async fn destroy_with_module(&self, removal: &Removal<'_>, home: &Home<'_>, key: &str) -> Result<(), Destroying> {
        let snapshot = removal.snapshot;
        let around = &removal.around;
        let session =
            self.open(&state_key(around.resource), around.settings, around.cancel).map_err(Destroying::Hopeless)?;
        let fetched = self.fetch(&session, key, &snapshot.recipe).await.map_err(Destroying::Config)?;
        let Fetched { source, module } = &fetched;
        let told = Told::of(&snapshot.recipe, module, &snapshot.context, &snapshot.context);
        let root = config::root(key, &snapshot.recipe, source, module, &told, around.settings);
        self.destroy_with(session, root, around, home).await
    }

    async fn destroy_without_module(&self, removal: &Removal<'_>, home: &Home<'_>) -> Result<(), Destroying> {
        let around = &removal.around;
        let session =
            self.open(&state_key(around.resource), around.settings, around.cancel).map_err(Destroying::Hopeless)?;
        let required = removal.snapshot.state["providers"].as_object().cloned().unwrap_or_default();
        self.destroy_with(session, config::without_module(&required, around.settings), around, home).await
    }

    async fn destroy_with(
        &self,
        mut session: Session,
        mut root: Root,
        around: &Surroundings<'_>,
        home: &Home<'_>,
    ) -> Result<(), Destroying> {
        let backend = Home::block(around, self.folder.as_deref()).map_err(Destroying::Hopeless)?;
        root.file["terraform"]["backend"] = backend;
        session.configure(&root).map_err(Destroying::Hopeless)?;
        home.keep(&mut session).map_err(Destroying::Hopeless)?;
        session.plain(&init()).await.map_err(|failure| Destroying::of("init", failure))?;
        let destroyed = session.reported(&changing("destroy"), around).await;
        home.rescue(&session, around).await.map_err(Destroying::Hopeless)?;
        destroyed.map(drop).map_err(|failure| Destroying::of("destroy", failure))
    }
}

struct Fetched {
    source: String,
    module: Module,
}

struct Prepared {
    module: Module,
    root: Root,
}

/// Why nothing, or not all, was destroyed.
enum Destroying {
    /// Nothing was begun: the configuration does not work (any more).
    Config(Fault),
    /// Something could not be destroyed, or trying again makes no sense.
    Hopeless(Fault),
}

#[async_trait]
impl RecipeDriver for TerraformDriver {
    fn kind(&self) -> &'static str {
        "terraform"
    }

    async fn metadata(&self, recipe: &Recipe, settings: &Settings) -> Result<Map<String, Json>, Fault> {
        let session = self.open("metadata", settings, &Cancel::default())?;
        let fetched = self.fetch(&session, &key_of(&recipe.name), recipe).await.map_err(|fault| {
            let cause = fault.details.first().cloned().unwrap_or_else(|| fault.clone());
            let message = format!("code RecipeGetMetadataFailed: err code {}: err {}", cause.code, cause.message);
            Fault::new(400, "RecipeGetMetadataFailed", message).details(vec![cause])
        })?;
        let variables = fetched.module.variables.into_iter().filter(|variable| variable.name != config::CONTEXT);
        Ok(variables.map(|variable| (variable.name, variable.description)).collect())
    }

    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault> {
        config::check_parameters(run.recipe)?;
        let around = run.around;
        let session = self.open(&state_key(around.resource), around.settings, around.cancel)?;
        let before = run.previous.or(run.unfinished);
        home::check_place(before, &around)?;
        let known = before.and_then(|state| state["key"].as_str());
        let key = known.map_or_else(|| key_of(&run.recipe.name), str::to_owned);
        let Prepared { module, root } = self.prepare(&session, &run, &key).await?;
        let mut state = json!({ "key": key, "providers": module.providers });
        if let Some(backend) = &around.settings.backend {
            state["backend"] = backend.place();
        }
        run.journal.remember(&state).await?;
        let home = Home::open(&around, Some(&session)).await?;
        let mut session = session;
        session.configure(&root)?;
        home.keep(&mut session)?;
        session.plain(&init()).await.map_err(|failure| failed("init", &failure))?;
        let applied = session.reported(&changing("apply"), &around).await;
        home.rescue(&session, &around).await?;
        applied.map_err(|failure| failed("apply", &failure))?;
        let shown = session.shown().await.map_err(|failure| failed("show", &failure))?;
        let returned = returned(&shown, &module, !run.recipe.outputs.is_empty())?;
        let mut ids = resources::ids(&shown);
        ids.extend(returned.resources);
        Ok(Outcome { resources: ids, values: returned.values, secrets: returned.secrets, state, again: None })
    }

    async fn plan(&self, run: Run<'_>) -> Result<Vec<Json>, Fault> {
        config::check_parameters(run.recipe)?;
        let around = run.around;
        let mut session = self.open("plan", around.settings, around.cancel)?;
        home::check_place(run.previous, &around)?;
        let known = run.previous.and_then(|state| state["key"].as_str());
        let key = known.map_or_else(|| key_of(&run.recipe.name), str::to_owned);
        let Prepared { mut root, .. } = self.prepare(&session, &run, &key).await?;
        // A copy of the state, so that the plan neither waits for a run nor disturbs it.
        if around.settings.backend.is_none() {
            root.file["terraform"]["backend"] = json!({ "local": {} });
            if let Some(state) = states(&around)?.find(&state_key(around.resource)).await? {
                session.write_text("terraform.tfstate", &state)?;
            }
        }
        session.configure(&root)?;
        session.plain(&init()).await.map_err(|failure| failed("init", &failure))?;
        let arguments = ["plan", "-no-color", "-input=false", "-lock=false", "-json"];
        let report = session.reported(&arguments, &around).await;
        Ok(report.map_err(|failure| failed("plan", &failure))?.changes)
    }

    async fn destroy(&self, removal: Removal<'_>) -> Result<Removed, Fault> {
        let around = &removal.around;
        let home = Home::open(around, None).await?;
        if !home.holds_anything().await? {
            home.forget().await?;
            return Ok(Removed::Done);
        }
        let key = removal.snapshot.state["key"].as_str().unwrap_or(DEFAULT_KEY).to_owned();
        let result = match self.destroy_with_module(&removal, &home, &key).await {
            Err(Destroying::Config(fault)) => {
                tracing::warn!("Destroying what `{}` made without its module: {fault}", around.resource);
                self.destroy_without_module(&removal, &home).await
            }
            other => other,
        };
        match result {
            Ok(()) => home.forget().await?,
            Err(Destroying::Config(fault) | Destroying::Hopeless(fault)) => return Err(fault),
        }
        Ok(Removed::Done)
    }

    /// Goes on with every state that Terraform left: it knows itself what must be replaced.
    fn continues(&self, old: &Snapshot, recipe: &Recipe, _target: &Target) -> bool {
        old.recipe.kind == recipe.kind
    }
}

impl Destroying {
    fn of(command: &str, failure: Failure) -> Self {
        let fault = failed(command, &failure);
        match failure {
            Failure::Status { changing: false, .. } => Self::Config(fault),
            _ => Self::Hopeless(fault),
        }
    }
}

fn states<'a>(around: &Surroundings<'a>) -> Result<&'a dyn States, Fault> {
    around.states.ok_or_else(|| {
        Fault::internal("this server keeps no state for Terraform, so it cannot execute recipes of kind `terraform`")
    })
}

/// The state of a resource: it stays the same when recipe, application or environment change.
fn state_key(resource: &str) -> String {
    let digest = Sha256::digest(resource.to_ascii_lowercase());
    digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// The name of the module in the root module; it stays that of the first run, because another name would be another
/// module to Terraform.
fn key_of(name: &str) -> String {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if is_name { name.to_owned() } else { DEFAULT_KEY.to_owned() }
}

fn init() -> [&'static str; 6] {
    ["init", "-no-color", "-input=false", "-backend=true", "-get=true", "-upgrade=false"]
}

fn changing(command: &str) -> [&str; 9] {
    [
        command,
        "-no-color",
        "-auto-approve",
        "-input=false",
        "-lock-timeout=10m",
        "-lock=true",
        "-parallelism=10",
        "-refresh=true",
        "-json",
    ]
}

/// Reads the outputs of `terraform show -json`.
fn returned(shown: &Json, module: &Module, mapped: bool) -> Result<result::Returned, Fault> {
    let outputs = shown["values"]["outputs"].as_object().into_iter().flatten();
    let outputs: Map<String, Json> = outputs.map(|(name, output)| (name.clone(), output["value"].clone())).collect();
    // The root marks all of them, so the module is asked.
    let is_sensitive = |name: &str| module.outputs.iter().any(|(known, sensitive)| known == name && *sensitive);
    result::sort(outputs, is_sensitive, mapped)
}

fn failed(command: &str, failure: &Failure) -> Fault {
    match failure {
        Failure::Canceled => Fault::new(409, code::CANCELED, format!("terraform {command} was canceled")),
        other => Fault::new(400, code::RECIPE_DEPLOYMENT, format!("terraform {command} failure: {other}")),
    }
}

fn not_downloaded(recipe: &Recipe, failure: Failure) -> Fault {
    if matches!(failure, Failure::Canceled) {
        return failed("get", &failure);
    }
    unreadable(recipe, &failure.to_string())
}

fn unreadable(recipe: &Recipe, why: &str) -> Fault {
    let version = recipe.version.as_deref().unwrap_or_default();
    let message =
        format!("failed to download Terraform module from source \"{}\", version \"{version}\": {why}", recipe.path);
    let detail = Fault::new(400, "RecipeDownloadFailed", &message);
    Fault::new(400, code::RECIPE_DEPLOYMENT, format!("code RecipeDownloadFailed: err {message}")).details(vec![detail])
}
