//! The recipe kind `bicep`: a compiled template that the server's own deployment engine executes.
//!
//! A run goes in steps, because the resources of the template are operations of their own: the deployment is begun,
//! looked at again later, and what the new version makes no more is deleted when it has worked. What is known in
//! between stands in the recipe's state ([`Progress`]).

mod image;
mod progress;
mod secure;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{ComputeKind, Target};
use radii_runtime::recipe::{Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings, Snapshot};
use serde_json::{Map, Value as Json, json};

use crate::direct;
use crate::result::{self, Returned};
use progress::{Deletions, Phase, Progress};

/// When a deployment is looked at again.
const PAUSE: Duration = Duration::from_millis(200);
/// The parameter that tells a template about its surroundings.
const CONTEXT: &str = "context";

/// Executes recipes of the kind `bicep`.
#[derive(Clone, Debug, Default)]
pub struct BicepDriver {
    folder: Option<PathBuf>,
}

impl BicepDriver {
    /// Returns a driver that pulls templates from registries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets recipes name compiled templates (ARM JSON) below this folder.
    #[must_use]
    pub fn reading_from(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// Begins the deployment; the state says so before it is begun.
    async fn begin(&self, run: &Run<'_>, mut progress: Progress) -> Result<Outcome, Fault> {
        let template = source::load(run.recipe, run.around.settings, self.folder.as_deref()).await?;
        let declared = template["outputs"].as_object();
        let names: Vec<&str> = declared.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        run.recipe.check_mapping(&names, run.context["resource"]["type"].as_str().unwrap_or_default())?;
        let properties = deployment(run, &template);
        let name = format!("recipe-{}", run.around.operation.simple());
        let group = run.around.resource.split("/providers/").next().unwrap_or_default();
        progress.deployment = format!("{group}/providers/Microsoft.Resources/deployments/{name}");
        progress.phase = Phase::Deploying;
        progress.sensitive = sensitive_outputs(&template);
        progress.script = image::script(run, &template)?;
        run.journal.remember(&json!(progress)).await?;
        let begun = run.around.deployments.begin(run.around.resource, &name, properties).await;
        progress.deployment = begun.map_err(|fault| failed(run, fault))?;
        Ok(again(&progress))
    }

    /// Builds the image that the outputs ask for, once, and returns its reference with the rest.
    async fn with_image(
        &self,
        run: &Run<'_>,
        progress: &mut Progress,
        outputs: &Map<String, Json>,
        returned: Result<Returned, Fault>,
    ) -> Result<Returned, Fault> {
        let mut returned = returned?;
        if image::is_wanted(run, outputs) {
            if progress.image.is_empty() {
                progress.image = image::build(run, &progress.script, outputs).await?;
                run.journal.remember(&json!(progress)).await?;
            }
            image::answer(&mut returned.values, &progress.image);
        }
        Ok(returned)
    }

    /// Looks at the deployment, and deletes what is made no more once it has worked.
    async fn go_on(&self, run: &Run<'_>, mut progress: Progress) -> Result<Outcome, Fault> {
        let deployments = run.around.deployments;
        let Some(deployed) = deployments.look(&progress.deployment).await? else { return Ok(again(&progress)) };
        let outputs = match deployed.outputs {
            Ok(outputs) => outputs,
            Err(fault) => {
                progress.add_resources(&deployed.resources);
                run.journal.remember(&json!(progress)).await?;
                deployments.forget(&progress.deployment).await?;
                return Err(failed(run, fault));
            }
        };
        let is_sensitive = |name: &str| progress.sensitive.iter().any(|known| known == name);
        let returned = result::sort(outputs.clone(), is_sensitive, !run.recipe.outputs.is_empty());
        let returned = match self.with_image(run, &mut progress, &outputs, returned).await {
            Ok(returned) => returned,
            Err(fault) => {
                progress.add_resources(&deployed.resources);
                run.journal.remember(&json!(progress)).await?;
                return Err(fault);
            }
        };
        let mut made = returned.resources;
        made.extend(
            deployed
                .resources
                .into_iter()
                .filter(|id| !made.iter().any(|known| known.eq_ignore_ascii_case(id)))
                .collect::<Vec<_>>(),
        );
        if progress.phase == Phase::Deploying {
            progress.phase = Phase::Collecting;
            progress.deletions = Deletions::of(progress.resources.iter().filter(|old| !contains(&made, old)));
        }
        if let Err(fault) = progress.deletions.go_on(deployments).await {
            progress.resources = made;
            let left = progress.deletions.left();
            progress.add_resources(&left);
            run.journal.remember(&json!(progress)).await?;
            let message = format!(
                "the recipe makes `{}` no more, but it cannot be deleted: {}",
                left.join("`, `"),
                fault.message
            );
            return Err(Fault { code: "RecipeGarbageCollectionFailed".into(), message, ..fault });
        }
        if !progress.deletions.is_done() {
            return Ok(again(&progress));
        }
        deployments.forget(&progress.deployment).await?;
        let state = json!(Progress { resources: made.clone(), ..Progress::default() });
        Ok(Outcome { resources: made, values: returned.values, secrets: returned.secrets, state, again: None })
    }
}

#[async_trait]
impl RecipeDriver for BicepDriver {
    fn kind(&self) -> &'static str {
        "bicep"
    }

    async fn metadata(&self, recipe: &Recipe, settings: &Settings) -> Result<Map<String, Json>, Fault> {
        let template = source::load(recipe, settings, self.folder.as_deref()).await.map_err(|fault| {
            let message = format!("code RecipeGetMetadataFailed: err {}", fault.message);
            Fault::new(400, "RecipeGetMetadataFailed", message).details(vec![fault])
        })?;
        let parameters = template["parameters"].as_object().into_iter().flatten();
        Ok(parameters
            .filter(|(name, _)| *name != CONTEXT)
            .map(|(name, declared)| (name.clone(), declared.clone()))
            .collect())
    }

    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault> {
        let operation = run.around.operation;
        let unfinished = run.unfinished.map(Progress::read);
        if let Some(own) = unfinished.as_ref().filter(|progress| progress.operation == operation && progress.is_begun())
        {
            return self.go_on(&run, own.clone()).await;
        }
        let mut progress = Progress { operation, ..Progress::default() };
        for state in [run.previous, run.unfinished].into_iter().flatten() {
            progress.add_resources(&Progress::read(state).resources);
        }
        // A run that was given up has made what its deployment says.
        if let Some(old) = unfinished.filter(Progress::is_begun)
            && let Ok(Some(deployed)) = run.around.deployments.look(&old.deployment).await
        {
            progress.add_resources(&deployed.resources);
        }
        self.begin(&run, progress).await
    }

    async fn destroy(&self, removal: Removal<'_>) -> Result<Removed, Fault> {
        let deployments = removal.around.deployments;
        let mut progress = Progress::read(&removal.snapshot.state);
        if progress.is_begun() {
            match deployments.look(&progress.deployment).await {
                Ok(None) => return Ok(Removed::Again(PAUSE, removal.snapshot.state.clone())),
                Ok(Some(deployed)) => progress.add_resources(&deployed.resources),
                // It is forgotten already, and with it goes nothing that the state does not name.
                Err(_) => {}
            }
            deployments.forget(&progress.deployment).await?;
            progress.deployment.clear();
        }
        if progress.phase != Phase::Destroying {
            progress.phase = Phase::Destroying;
            progress.deletions = Deletions::of(progress.resources.iter());
        }
        progress.deletions.go_on(deployments).await?;
        match progress.deletions.is_done() {
            true => Ok(Removed::Done),
            false => Ok(Removed::Again(PAUSE, json!(progress))),
        }
    }

    /// Goes on with what every template made: what the new one makes no more is deleted by its id.
    fn continues(&self, old: &Snapshot, recipe: &Recipe, _target: &Target) -> bool {
        old.recipe.kind == recipe.kind
    }
}

fn again(progress: &Progress) -> Outcome {
    Outcome { state: json!(progress), again: Some(PAUSE), ..Outcome::default() }
}

fn contains(ids: &[String], id: &str) -> bool {
    ids.iter().any(|known| known.eq_ignore_ascii_case(id))
}

/// Returns the `properties` of the deployment. Parameters that tell secrets are secure, whatever the template says.
fn deployment(run: &Run<'_>, template: &Json) -> Json {
    let takes_context = template["parameters"].get(CONTEXT).is_some();
    let given = |context: &Json| {
        if !takes_context {
            return direct::resolve(&run.recipe.parameters, context);
        }
        let mut given = run.recipe.parameters.clone();
        given.insert(CONTEXT.into(), context.clone());
        given
    };
    let (whole, shown) = (given(run.context), given(run.shown));
    let is_secret = |name: &&String| whole.get(*name) != shown.get(*name);
    let secret: Vec<&str> = whole.keys().filter(is_secret).map(String::as_str).collect();
    let mut template = template.clone();
    secure::parameters(&mut template, &secret);
    let parameters: Map<String, Json> =
        whole.into_iter().map(|(name, value)| (name, json!({ "value": value }))).collect();
    let group = run.around.resource.split("/providers/").next().unwrap_or_default();
    let mut providers = json!({
        "radius": { "type": "Radius", "value": { "scope": group } },
        "deployments": { "type": "Microsoft.Resources", "value": { "scope": group } },
    });
    if let Some(scope) = run.context["azure"]["resourceGroup"]["id"].as_str() {
        providers["az"] = json!({ "type": "AzureResourceManager", "value": { "scope": scope } });
    }
    if run.target.kind == ComputeKind::Kubernetes {
        let namespace = &run.target.namespace;
        providers["kubernetes"] = json!({ "type": "Kubernetes", "value": { "namespace": namespace } });
        if let Some(context) = run.target.cluster() {
            providers["kubernetes"]["value"]["context"] = context.into();
        }
    }
    json!({ "mode": "Incremental", "template": template, "parameters": parameters, "providerconfig": providers })
}

/// Names of outputs whose type is secure.
fn sensitive_outputs(template: &Json) -> Vec<String> {
    let is_secure = |output: &Json| {
        let kind = output["type"].as_str().unwrap_or_default();
        kind.eq_ignore_ascii_case("securestring") || kind.eq_ignore_ascii_case("secureobject")
    };
    let outputs = template["outputs"].as_object().into_iter().flatten();
    outputs.filter(|(_, output)| is_secure(output)).map(|(name, _)| name.clone()).collect()
}

fn failed(run: &Run<'_>, fault: Fault) -> Fault {
    let kind = run.context["resource"]["type"].as_str().unwrap_or_default();
    let message = format!("failed to deploy recipe {} of type {kind}", run.recipe.name);
    Fault::new(400, code::RECIPE_DEPLOYMENT, message).details(vec![fault])
}
