//! The recipe kind `template`, Radii's own: platform objects and a result as YAML or JSON with
//! Handlebars expressions. It needs no tool beside the server.
//!
//! The text is parsed first and rendered afterwards, one scalar at a time. Whatever a developer writes
//! into a property therefore stays the text of one scalar: it cannot add a member, an object or an
//! expression. The format is described in `docs/recipes.md`.

use std::path::PathBuf;

use async_trait::async_trait;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::platform::{ComputeKind, Health, Object, Platform, Target};
use radii_runtime::recipe::{Context, Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings, disguised};
use serde_json::{Map, Value as Json, json};

mod expression;
mod file;
mod helpers;
mod marks;
mod parameters;
mod problem;
mod secrets;
mod source;

use expression::Renderer;
use file::{Section, Template};
use problem::Problems;

/// Code of failures to get at the recipe's text.
const DOWNLOAD_FAILED: &str = "RecipeDownloadFailed";
/// Code of recipes that are not written as they should be, and of wrong parameters.
const VALIDATION_FAILED: &str = "RecipeValidationFailed";

/// Bytes from which a recipe's passwords are made.
type Seed = [u8; 32];

/// Executes recipes of the kind `template`.
pub struct TemplateDriver {
    seeds: fn() -> Seed,
    /// The only folder whose files may be read as recipes.
    folder: Option<PathBuf>,
}

impl Default for TemplateDriver {
    fn default() -> Self {
        Self::new()
    }
}

impl TemplateDriver {
    /// Returns a driver that makes passwords from the machine's randomness.
    pub fn new() -> Self {
        Self { seeds: rand::random, folder: None }
    }

    /// Lets recipes name files of this folder; without it they have to be inline text.
    ///
    /// Whoever may write an environment chooses the path, so no other file of the machine may be reached.
    #[must_use]
    pub fn reading_from(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// Takes the seeds of passwords from elsewhere, so that a test can repeat them.
    pub fn with_seeds(seeds: fn() -> Seed) -> Self {
        Self { seeds, folder: None }
    }

    fn load(&self, recipe: &Recipe) -> Result<source::Source, Fault> {
        source::load(&recipe.path, self.folder.as_deref()).map_err(|problem| {
            let message = format!("recipe `{}` cannot be read: {problem}", recipe.name);
            Fault::new(400, DOWNLOAD_FAILED, message).target(&recipe.path)
        })
    }

    /// Returns the seed of an earlier execution, or a new one.
    fn seed(&self, previous: Option<&Json>) -> Seed {
        let kept = previous.and_then(|state| state.get("seed")?.as_str()).and_then(from_hex);
        kept.unwrap_or_else(self.seeds)
    }
}

#[async_trait]
impl RecipeDriver for TemplateDriver {
    fn kind(&self) -> &'static str {
        "template"
    }

    async fn metadata(&self, recipe: &Recipe, _settings: &Settings) -> Result<Map<String, Json>, Fault> {
        let text = self.load(recipe)?;
        let template =
            Template::parse(&text).map_err(|problems| refuse(recipe, &text, &problems, VALIDATION_FAILED))?;
        Ok(parameters::describe(&template.parameters))
    }

    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault> {
        let text = self.load(run.recipe)?;
        let seed = self.seed(run.previous);
        let rendered = render(run.recipe, &text, run.context, run.target.kind, seed)?;
        if run.context != run.shown {
            let disguise = disguised(run.context, run.shown);
            let other = render(run.recipe, &text, &disguise, run.target.kind, seed)?;
            secrets::check(run.recipe, run.target.kind, &rendered, &other)?;
        }
        let state = json!({ "seed": to_hex(&seed) });
        if !rendered.objects.is_empty() {
            let platform = run.platform.ok_or_else(|| no_platform(run.recipe, run.target))?;
            let objects = adopt(run.recipe, run.context, run.target, platform, rendered.objects)?;
            let references: Vec<_> = objects.iter().map(|object| object.reference.clone()).collect();
            run.journal.remember(&state).await?;
            run.journal.record(&references).await?;
            for object in &objects {
                apply(run.recipe, run.target, platform, object).await?;
            }
        }
        Ok(Outcome {
            resources: rendered.result.resources,
            values: rendered.result.values,
            secrets: rendered.result.secrets,
            state,
            again: None,
        })
    }

    /// Does nothing: all that these recipes make stands in the journal.
    async fn destroy(&self, _removal: Removal<'_>) -> Result<Removed, Fault> {
        Ok(Removed::Done)
    }
}

/// What a recipe comes to in one place.
struct Rendered {
    objects: Vec<Json>,
    result: file::Outputs,
}

/// Renders a recipe for one platform; nothing outside is asked.
fn render(
    recipe: &Recipe,
    text: &source::Source,
    context: &Context,
    kind: ComputeKind,
    seed: Seed,
) -> Result<Rendered, Fault> {
    let invalid = |problems: Problems| refuse(recipe, text, &problems, VALIDATION_FAILED);
    let failed = |problems: Problems| refuse(recipe, text, &problems, code::RECIPE_DEPLOYMENT);
    let template = Template::parse(text).map_err(invalid)?;
    let nothing = Section::default();
    let section = match template.sections.get(&kind) {
        Some(section) => section,
        // A recipe without objects is a calculation, and works everywhere.
        None if template.sections.is_empty() => &nothing,
        None => return Err(other_platform(recipe, &template, kind)),
    };
    let renderer = Renderer::new(context, seed);
    let parameters = parameters::resolve(&template.parameters, &recipe.parameters, &renderer).map_err(invalid)?;
    let renderer = renderer.with_parameters(parameters);
    let objects = section.objects.as_ref().map(|objects| renderer.list(objects)).transpose().map_err(failed)?;
    let result = file::outputs(&template, section, &renderer)
        .map_err(|problems| refuse(recipe, text, &problems, code::INVALID_RECIPE_OUTPUTS))?;
    Ok(Rendered { objects: objects.unwrap_or_default(), result })
}

fn adopt(
    recipe: &Recipe,
    context: &Context,
    target: &Target,
    platform: &dyn Platform,
    bodies: Vec<Json>,
) -> Result<Vec<Object>, Fault> {
    let mut objects: Vec<Object> = Vec::new();
    for (index, mut body) in bodies.into_iter().enumerate() {
        marks::set(target.kind, context, &mut body);
        let object = platform.adopt(target, body).map_err(|fault| {
            let message = format!(
                "object {} of recipe `{}` for {}: {}",
                index + 1,
                recipe.name,
                target.kind.as_str(),
                fault.message
            );
            Fault { message, ..fault }
        })?;
        if objects.iter().any(|other| other.reference == object.reference) {
            let message = format!(
                "recipe `{}` makes the {} `{}` twice; give one of them another name",
                recipe.name, object.reference.kind, object.reference.name
            );
            return Err(Fault::new(400, code::RECIPE_DEPLOYMENT, message));
        }
        objects.push(object);
    }
    Ok(objects)
}

async fn apply(recipe: &Recipe, target: &Target, platform: &dyn Platform, object: &Object) -> Result<(), Fault> {
    let reference = &object.reference;
    let failed = |why: &str| {
        let message =
            format!("recipe `{}`: the {} `{}` does not work: {why}", recipe.name, reference.kind, reference.name);
        Fault::new(500, code::RECIPE_DEPLOYMENT, message).target(reference.output_id())
    };
    let observed = platform.apply(target, object).await.map_err(|fault| {
        let explained = failed(&fault.message);
        // What the platform cannot do, or cannot be asked, keeps its own code.
        if fault.code == code::PLATFORM_UNSUPPORTED || fault.status == 503 { fault } else { explained }
    })?;
    match observed.health {
        Health::Failed | Health::Absent => Err(failed(&observed.message)),
        Health::Ready | Health::Progressing => Ok(()),
    }
}

fn refuse(recipe: &Recipe, text: &source::Source, problems: &Problems, code: &str) -> Fault {
    let lines = problems.explain(text);
    let details: Vec<Fault> = lines.iter().map(|line| Fault::new(400, code, line)).collect();
    let message = format!("recipe `{}`: {}", recipe.name, lines.join("; "));
    Fault::new(400, code, message).details(if details.len() > 1 { details } else { Vec::new() })
}

fn other_platform(recipe: &Recipe, template: &Template, kind: ComputeKind) -> Fault {
    let has: Vec<&str> = template.sections.keys().map(|kind| kind.as_str()).collect();
    let message = format!(
        "recipe `{}` has no section `{kind}`, the compute kind of the environment, only: {}; add a section `{kind}`, or use the recipe in another environment",
        recipe.name,
        has.join(", "),
        kind = kind.as_str()
    );
    Fault::new(400, code::PLATFORM_UNSUPPORTED, message)
}

fn no_platform(recipe: &Recipe, target: &Target) -> Fault {
    let message = format!(
        "recipe `{}` makes objects of {kind}, but this server has no driver for {kind}; use an environment of another kind, or a server that has it",
        recipe.name,
        kind = target.kind.as_str()
    );
    Fault::new(400, code::PLATFORM_UNSUPPORTED, message)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Seed> {
    let mut seed = Seed::default();
    if !text.is_ascii() || text.len() != 2 * seed.len() {
        return None;
    }
    for (byte, digits) in seed.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(seed)
}
