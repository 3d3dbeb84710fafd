//! Types without a kind of their own: the schema validates them and a recipe provisions them.

use async_trait::async_trait;
use radii_model::TypeName;
use radii_model::base::BASIC_PROPERTIES;
use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::context;
use crate::environment::{Binding, Environment, load_application};
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::objects::{self, RECIPE_STATE, Recorder};
use crate::platform::{ObjectRef, Target};
use crate::recipe::{Outcome, Recipe, RecipeDriver, Run, Snapshot};
use crate::store::{Record, Verb};

/// The capability of types whose resources are mere records.
const MANUAL: &str = "ManualResourceProvisioning";
/// Properties that only the control plane writes on resources that recipes make.
const STATUS: &str = "status";
const RECIPE: &str = "recipe";

/// The behaviour of user-defined types.
pub(super) struct UserDefined;

#[async_trait]
impl Kind for UserDefined {
    fn types(&self) -> &'static [&'static str] {
        &[]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        if !self.is_inert(host, record) {
            keep_results(host, record, old);
        }
        Ok(())
    }

    fn is_inert(&self, host: &Host, record: &Record) -> bool {
        // A type that is no longer registered can only be deleted, and then what was made is removed.
        host.registered(&record.id).is_ok_and(|(_, kind)| kind.has(MANUAL))
            && record.private.journal.is_empty()
            && record.private.recipe.is_none()
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            _ if self.is_inert(work.host, record) => {}
            Verb::Put => provision(work, record).await?,
            Verb::Delete => remove(work, record).await?,
        }
        Ok(Step::Done)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Takes over what earlier runs of the recipe said, so that a PUT does not forget it before the next run has ended.
fn keep_results(host: &Host, record: &mut Record, old: Option<&Record>) {
    let outputs = record.api_version.as_ref().and_then(|version| host.validator(&record.id, version).ok().flatten());
    let mut names = outputs.map(|validator| validator.outputs()).unwrap_or_default();
    names.push(STATUS.to_owned());
    record.properties.shift_remove(STATUS);
    for name in names {
        if let Some(value) = old.and_then(|old| old.properties.get(&name))
            && !record.properties.contains_key(&name)
            && value.as_object().is_none_or(|members| !members.is_empty())
        {
            record.properties.insert(name, value.clone());
        }
    }
}

/// Executes the recipe that the environment binds to the type, and stores what it said.
pub(super) async fn provision(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    let host = work.host;
    let environment = Environment::load(host, record.properties.get("environment")).await?;
    let application = load_application(host, record.properties.get("application")).await?;
    record.properties.entry(STATUS).or_insert_with(|| json!({}));
    if environment.is_simulated() {
        return settle_simulated(record);
    }
    let type_name: TypeName = record.type_name.parse().map_err(|_| Fault::internal("the record has no type"))?;
    let binding = environment.find_recipe(host, &type_name, record.properties.get(RECIPE)).await?;
    let target = environment.target(application.as_ref())?;
    let context = context::of(host, &environment, &target, record).await?;
    let driver = find_driver(host, &binding.recipe)?;
    let journal = Recorder::new(work.journal);
    let previous = record.private.recipe.clone();
    let continued = previous.as_ref().filter(|old| shares_state(old, &binding.recipe, &target));
    // A run that failed may have left things behind that know its passwords.
    let unfinished = record.private.data.get(RECIPE_STATE).cloned();
    let run = Run {
        recipe: &binding.recipe,
        context: &context,
        target: &target,
        platform: host.platform(target.kind).map(|platform| &**platform),
        journal: &journal,
        previous: continued.map(|old| &old.state).or(unfinished.as_ref()),
    };
    let outcome = driver.execute(run).await.inspect_err(|_| mark(record, &binding.recipe, "executionError"))?;
    record.private.data.shift_remove(RECIPE_STATE);
    let outcome = map_outputs(outcome, binding.outputs.as_ref());
    let snapshot = Snapshot {
        recipe: binding.recipe.clone(),
        target,
        context: without_sensitive(host, record, context),
        state: outcome.state.clone(),
    };
    let made = journal.made();
    record.private.recipe = Some(snapshot);
    store_outcome(host, record, &binding, &outcome, &made)
        .inspect_err(|_| mark(record, &binding.recipe, "executionError"))?;
    collect_garbage(host, record, previous, &made).await?;
    record.private.journal = made;
    Ok(())
}

/// Whether a run goes on with what an earlier one made, instead of making it anew elsewhere or by other means.
fn continues(old: &Snapshot, recipe: &Recipe, target: &Target) -> bool {
    let place = |target: &Target| (target.kind, target.environment.clone(), target.namespace.clone());
    old.recipe.kind == recipe.kind && old.recipe.path == recipe.path && place(&old.target) == place(target)
}

/// Whether a run is told what an earlier one remembered. A template's text may change without its passwords.
fn shares_state(old: &Snapshot, recipe: &Recipe, target: &Target) -> bool {
    let same_text = Recipe { path: old.recipe.path.clone(), ..recipe.clone() };
    continues(old, if recipe.kind == "template" { &same_text } else { recipe }, target)
}

/// A simulated environment: the recipe counts as executed, and nothing is made.
fn settle_simulated(record: &mut Record) -> Result<(), Fault> {
    let wanted = record.properties.get(RECIPE).and_then(|recipe| recipe.get("name")).and_then(Json::as_str);
    let name = wanted.filter(|name| !name.is_empty()).unwrap_or("default").to_owned();
    set_recipe(record, &name, "success");
    Ok(())
}

fn find_driver<'a>(host: &'a Host, recipe: &Recipe) -> Result<&'a dyn RecipeDriver, Fault> {
    if let Some(driver) = host.recipe_driver(&recipe.kind) {
        return Ok(&**driver);
    }
    let own: Vec<_> = host.parts.recipes.iter().map(|driver| driver.kind()).collect();
    let message = format!(
        "could not find driver `{}` for the recipe `{}`: this server executes recipes of the kinds `{}`",
        recipe.kind,
        recipe.name,
        own.join("`, `")
    );
    Err(Fault::new(400, code::DRIVER_NOT_FOUND, message))
}

fn mark(record: &mut Record, recipe: &Recipe, status: &str) {
    set_recipe(record, &recipe.name, status);
}

/// Sets `properties.recipe`; the developer's own parameters stay.
fn set_recipe(record: &mut Record, name: &str, status: &str) {
    let entry = record.properties.entry(RECIPE).or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    entry["name"] = name.into();
    entry["recipeStatus"] = status.into();
}

/// Renames outputs as a recipe pack maps them; outputs below the reserved key `secrets` become secrets.
fn map_outputs(outcome: Outcome, mapping: Option<&Map<String, Json>>) -> Outcome {
    let Some(mapping) = mapping.filter(|mapping| !mapping.is_empty()) else { return outcome };
    let find = |output: &Json| {
        let output = output.as_str()?;
        outcome.values.get(output).or_else(|| outcome.secrets.get(output)).cloned()
    };
    let mut values = Map::new();
    let mut secrets = Map::new();
    for (name, output) in mapping {
        match output.as_object().filter(|_| name == "secrets") {
            Some(entries) => {
                secrets.extend(entries.iter().filter_map(|(name, output)| Some((name.clone(), find(output)?))));
            }
            None => values.extend(find(output).map(|value| (name.clone(), value))),
        }
    }
    Outcome { values, secrets, ..outcome }
}

/// Puts values where the schema wants them and writes the status (contract, parts 5.2 and 5.7).
fn store_outcome(
    host: &Host,
    record: &mut Record,
    binding: &Binding,
    outcome: &Outcome,
    made: &[ObjectRef],
) -> Result<(), Fault> {
    fill_outputs(host, record, binding, outcome)?;
    let recipe = &binding.recipe;
    let mut status = json!({
        "computedValues": outcome.values,
        "outputResources": objects::output_resources(made, &outcome.resources),
        "recipe": { "templateKind": recipe.kind, "templatePath": shown_path(recipe) },
    });
    if let Some(version) = &recipe.version {
        status["recipe"]["templateVersion"] = version.clone().into();
    }
    if !outcome.secrets.is_empty() {
        // Secrets are kept by a secret store or not at all: never in the record.
        let names: Vec<_> = outcome.secrets.keys().cloned().collect();
        let message = format!("the secrets `{}` of the recipe `{}` are not kept", names.join("`, `"), recipe.name);
        status["degradations"] = json!([{ "code": "RecipeSecretsNotKept", "severity": "warning", "message": message }]);
    }
    record.properties.insert(STATUS.into(), status);
    set_recipe(record, &recipe.name, "success");
    Ok(())
}

/// A template that is written into the recipe itself is not repeated on every resource.
fn shown_path(recipe: &Recipe) -> &str {
    if recipe.path.contains('\n') { "(inline)" } else { &recipe.path }
}

/// Fills read-only properties with the recipe's values, and checks the result against the schema.
fn fill_outputs(host: &Host, record: &mut Record, binding: &Binding, outcome: &Outcome) -> Result<(), Fault> {
    let Some(version) = record.api_version.clone() else { return Ok(()) };
    let (provider, kind) = host.registered(&record.id)?;
    if !host.kind_of(&crate::catalog::type_name(&provider, &kind)).has_schema() {
        return Ok(());
    }
    let declared = kind.api_versions.get(&version).and_then(|schema| schema.get("properties")).cloned();
    let Some(validator) = host.validator(&record.id, &version)? else { return Ok(()) };
    let outputs = validator.outputs();
    outputs.iter().for_each(|name| drop(record.properties.shift_remove(name)));
    let refuse = |message: String| Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message);
    for (name, value) in &outcome.values {
        let is_declared = declared.as_ref().and_then(|declared| declared.get(name)).is_some();
        if !is_declared || BASIC_PROPERTIES.contains(&name.as_str()) {
            continue;
        }
        if !outputs.contains(name) && record.properties.get(name) != Some(value) {
            return Err(refuse(format!(
                "the recipe `{}` returned the value `{name}`, but the property `{name}` of `{}` is not read-only: \
                 only its author may set it. Rename the value, or mark the property `readOnly`",
                binding.recipe.name, record.type_name
            )));
        }
        record.properties.insert(name.clone(), value.clone());
    }
    let violations = validator.validate(Some(&Json::Object(record.properties.clone())));
    let Some(first) = violations.first() else { return Ok(()) };
    Err(refuse(format!(
        "the values of the recipe `{}` break the schema of `{}` at `{}`: {}",
        binding.recipe.name, record.type_name, first.pointer, first.message
    )))
}

/// Removes what earlier runs made and this one does not make any more.
async fn collect_garbage(
    host: &Host,
    record: &Record,
    previous: Option<Snapshot>,
    made: &[ObjectRef],
) -> Result<(), Fault> {
    let failed = |fault: Fault| {
        let message = format!("what an earlier run of the recipe made could not be removed: {}", fault.message);
        Fault { code: "RecipeGarbageCollectionFailed".into(), message, ..fault }
    };
    let current = record.private.recipe.as_ref();
    if let Some(old) = previous
        && current.is_some_and(|new| !continues(&old, &new.recipe, &new.target))
    {
        destroy(host, &old).await.map_err(failed)?;
    }
    objects::delete_all(host, &objects::stale(&record.private.journal, made)).await.map_err(failed)
}

async fn destroy(host: &Host, snapshot: &Snapshot) -> Result<(), Fault> {
    find_driver(host, &snapshot.recipe)?.destroy(snapshot).await
}

/// Removes everything that the snapshot and the journal know of; the environment may be gone.
pub(super) async fn remove(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    let force = work.payload.get("force").and_then(Json::as_bool).unwrap_or(false);
    let mut result = match &record.private.recipe {
        Some(snapshot) => destroy(work.host, snapshot).await,
        None => Ok(()),
    };
    let removed = objects::delete_all(work.host, &record.private.journal).await;
    result = result.and(removed);
    match result {
        Err(fault) if force => {
            tracing::warn!("The forced deletion of `{}` left something behind: {fault}", record.id);
            Ok(())
        }
        Err(fault) if record.private.recipe.is_some() => Err(Fault { code: "RecipeDeletionFailed".into(), ..fault }),
        Err(fault) => Err(fault),
        Ok(()) => Ok(()),
    }
}

/// Returns the context without sensitive properties: what is stored for the deletion.
fn without_sensitive(host: &Host, record: &Record, mut context: Json) -> Json {
    let validator = record.api_version.as_ref().and_then(|version| host.validator(&record.id, version).ok().flatten());
    if let (Some(validator), Some(properties)) = (validator, context["resource"]["properties"].as_object_mut()) {
        validator.redact(properties);
    }
    context
}
