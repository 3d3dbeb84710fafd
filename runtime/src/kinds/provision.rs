//! Recipes are executed for a resource, and what they made is removed: the lifecycle that all resources share
//! which recipes make.
//!
//! What runs is written down before it runs, and what an earlier recipe made is destroyed only after the new
//! one has worked. Until then both are remembered, so that a deletion finds everything.

use std::time::Duration;

use radii_model::TypeName;
use serde_json::{Value as Json, json};

use super::managed_secrets;
use crate::Fault;
use crate::context::{self, Told};
use crate::environment::{Environment, target_of};
use crate::fault::code;
use crate::host::{Host, Step, Work};
use crate::objects::{self, RECIPE_RUN, RECIPE_STATE, Recorder};
use crate::platform::{ObjectRef, Target};
use crate::recipe::{Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings, Snapshot, Surroundings, veil};
use crate::store::Record;

/// Property of the recipe that a resource names, and what became of it.
pub(super) const RECIPE: &str = "recipe";
/// Where a record keeps snapshots of recipes that it is not made by any more, but that are not destroyed yet.
const RETIRED: &str = "retiredRecipes";

/// How provisioning ended.
pub(super) enum Provisioned {
    /// The environment only pretends.
    Simulated,
    /// The recipe goes on; come again after that time.
    Again(Duration),
    /// It worked.
    By(Box<Made>),
}

/// What a recipe made.
pub(super) struct Made {
    /// What ran.
    pub snapshot: Snapshot,
    /// What it said.
    pub outcome: Outcome,
    /// The platform objects it applied.
    pub objects: Vec<ObjectRef>,
    /// Values that it returned for all to see although they were told in confidence; they are null.
    pub echoed: Vec<String>,
}

/// Executes the recipe that the environment binds to the type.
///
/// What it says is stored by the caller, who calls [`settle`] afterwards.
pub(super) async fn provision(work: &Work<'_>, record: &mut Record) -> Result<Provisioned, Fault> {
    let host = work.host;
    let environment = Environment::load(host, record.properties.get("environment")).await?;
    if environment.is_simulated() {
        record.properties.entry("status").or_insert_with(|| json!({}));
        return Ok(Provisioned::Simulated);
    }
    let (recipe, target, told) = match ask(host, &environment, record).await {
        Ok(found) => found,
        // What is wrong with the recipe is a status; what is wrong with the resource is not.
        Err(fault) if fault.code.starts_with("Recipe") => {
            record.properties.entry("status").or_insert_with(|| json!({}));
            return Err(fault);
        }
        Err(fault) => return Err(fault),
    };
    record.properties.entry("status").or_insert_with(|| json!({}));
    let config = crate::recipe::written(host, &environment).await?;
    let settings = Settings::load(host, &config, &recipe).await?;
    let driver = find_driver(host, &recipe)?;
    let mut snapshot = Snapshot { recipe, target, context: told.shown.clone(), state: Json::Null, config };
    retire(record, driver, &snapshot);
    let before = Before::of(record, driver, &snapshot);
    work.journal.begin(&snapshot).await?;
    let journal = Recorder::new(work.journal);
    let resource = record.id.to_string();
    let mut hidden = veil::hidden(&told.whole, &told.shown);
    hidden.extend(settings.secrets().map(str::to_owned));
    let run = Run {
        recipe: &snapshot.recipe,
        context: &told.whole,
        shown: &told.shown,
        target: &snapshot.target,
        platform: host.platform(snapshot.target.kind).map(|platform| &**platform),
        journal: &journal,
        previous: before.state.as_ref().or(before.unfinished.as_ref()),
        unfinished: before.unfinished.as_ref(),
        around: around(work, &resource, &settings, &hidden),
    };
    let mut outcome = driver.execute(run).await.map_err(|fault| veil::over(fault, &hidden))?;
    if let Some(pause) = outcome.again {
        record.private.data.insert(RECIPE_STATE.into(), outcome.state);
        record.private.data.insert(RECIPE_RUN.into(), json!(snapshot));
        return Ok(Provisioned::Again(pause));
    }
    snapshot.state = outcome.state.clone();
    let objects = journal.made();
    keep(record, driver, &snapshot, before.revived.as_ref());
    let echoed = veil::hide_echoes(&mut outcome.values, &told.whole, &told.shown);
    let outcome = map_outputs(outcome, &snapshot.recipe);
    Ok(Provisioned::By(Box::new(Made { snapshot, outcome, objects, echoed })))
}

/// What earlier runs left, and this one goes on with.
struct Before {
    /// What a run noted that did not end.
    unfinished: Option<Json>,
    /// What the last run that ended noted.
    state: Option<Json>,
    /// The retired recipe whose state that is, unless it is the current recipe's.
    revived: Option<Snapshot>,
}

impl Before {
    fn of(record: &Record, driver: &dyn RecipeDriver, new: &Snapshot) -> Self {
        // Passwords of a template stay although its text changes.
        let current = record.private.recipe.clone().filter(|old| shares_state(driver, old, new));
        let revived = find_retired(record, driver, new).filter(|_| current.is_none());
        let state = current.as_ref().or(revived.as_ref()).map(|old| old.state.clone());
        Self { unfinished: record.private.data.get(RECIPE_STATE).cloned(), state, revived }
    }
}

/// Writes down what has run: whatever happens now, what was made is known.
fn keep(record: &mut Record, driver: &dyn RecipeDriver, snapshot: &Snapshot, revived: Option<&Snapshot>) {
    if let Some(old) =
        record.private.recipe.take().filter(|old| !driver.continues(old, &snapshot.recipe, &snapshot.target))
    {
        push_retired(record, &old);
    }
    // What was retired once and is gone on with now must not be destroyed.
    if let Some(revived) = revived {
        drop_retired(record, revived);
    }
    record.private.recipe = Some(snapshot.clone());
    record.private.data.shift_remove(RECIPE_STATE);
    record.private.data.shift_remove(RECIPE_RUN);
}

/// Finds the recipe of a resource, where it runs, and what it is told.
async fn ask(host: &Host, environment: &Environment, record: &Record) -> Result<(Recipe, Target, Told), Fault> {
    let type_name: TypeName = record.type_name.parse().map_err(|_| Fault::internal("the record has no type"))?;
    let target = target_of(host, environment, record).await?;
    let told = context::of(host, environment, &target, record).await?;
    let recipe = environment.find_recipe(host, &type_name, record.properties.get(RECIPE)).await?;
    Ok((recipe, target, told))
}

/// Destroys what earlier recipes made and this one does not go on with, and objects that it makes no more.
///
/// # Errors
/// `RecipeGarbageCollectionFailed`; what is left stays known, and the next change or deletion tries again.
pub(super) async fn settle(work: &Work<'_>, record: &mut Record, made: Made) -> Result<Step, Fault> {
    let failed = |fault: Fault| {
        let message = format!("what an earlier run of the recipe made could not be removed: {}", fault.message);
        Fault { code: "RecipeGarbageCollectionFailed".into(), message, ..fault }
    };
    if let Some(pause) = destroy_retired(work, record).await.map_err(failed)? {
        return Ok(Step::Later(pause));
    }
    let stale = objects::stale(&record.private.journal, &made.objects);
    objects::delete_all(work.host, &stale).await.map_err(failed)?;
    record.private.journal = made.objects;
    Ok(Step::Done)
}

/// Puts a run aside that did not end, when the new one does not go on with it.
fn retire(record: &mut Record, driver: &dyn RecipeDriver, new: &Snapshot) {
    let run: Option<Snapshot> =
        record.private.data.get(RECIPE_RUN).and_then(|run| serde_json::from_value(run.clone()).ok());
    let Some(mut old) = run.filter(|old| !driver.continues(old, &new.recipe, &new.target)) else { return };
    if let Some(state) = record.private.data.get(RECIPE_STATE) {
        old.state = state.clone();
    }
    record.private.data.shift_remove(RECIPE_RUN);
    if old.recipe.kind != new.recipe.kind {
        record.private.data.shift_remove(RECIPE_STATE);
    }
    push_retired(record, &old);
}

fn push_retired(record: &mut Record, old: &Snapshot) {
    let list = record.private.data.entry(RETIRED).or_insert_with(|| json!([]));
    let old = json!(old);
    if let Some(list) = list.as_array_mut().filter(|list| !list.contains(&old)) {
        list.push(old);
    }
}

/// Returns the newest retired recipe that a run goes on with.
fn find_retired(record: &Record, driver: &dyn RecipeDriver, new: &Snapshot) -> Option<Snapshot> {
    let list = record.private.data.get(RETIRED)?.as_array()?;
    let mut snapshots = list.iter().rev().filter_map(|old| serde_json::from_value::<Snapshot>(old.clone()).ok());
    snapshots.find(|old| driver.continues(old, &new.recipe, &new.target))
}

fn drop_retired(record: &mut Record, gone: &Snapshot) {
    let gone = json!(gone);
    if let Some(list) = record.private.data.get_mut(RETIRED).and_then(Json::as_array_mut) {
        list.retain(|old| *old != gone);
    }
}

/// Whether a run is told what an earlier one remembered. A template's text may change without its passwords.
fn shares_state(driver: &dyn RecipeDriver, old: &Snapshot, new: &Snapshot) -> bool {
    let same_text = Recipe { path: old.recipe.path.clone(), ..new.recipe.clone() };
    driver.continues(old, if new.recipe.kind == "template" { &same_text } else { &new.recipe }, &new.target)
}

/// Shows a recipe of a simulated environment as executed, although nothing is made.
pub(super) fn show_simulated(record: &mut Record) {
    let wanted = record.properties.get(RECIPE).and_then(|recipe| recipe.get("name")).and_then(Json::as_str);
    let name = wanted.filter(|name| !name.is_empty()).unwrap_or("default").to_owned();
    set_recipe(record, &name, "success");
}

/// Sets `properties.recipe`; the developer's own parameters stay.
pub(super) fn set_recipe(record: &mut Record, name: &str, status: &str) {
    let entry = record.properties.entry(RECIPE).or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    entry["name"] = name.into();
    entry["recipeStatus"] = status.into();
}

fn around<'a>(work: &'a Work<'_>, resource: &'a str, settings: &'a Settings, hidden: &'a [String]) -> Surroundings<'a> {
    Surroundings {
        resource,
        operation: work.operation,
        settings,
        states: work.host.parts.states.as_deref(),
        deployments: work.host,
        cancel: &work.cancel,
        hidden,
    }
}

pub(super) fn find_driver<'a>(host: &'a Host, recipe: &Recipe) -> Result<&'a dyn RecipeDriver, Fault> {
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

/// Renames outputs as a recipe pack maps them; outputs below the reserved key `secrets` become secrets.
fn map_outputs(outcome: Outcome, recipe: &Recipe) -> Outcome {
    if recipe.outputs.is_empty() {
        return outcome;
    }
    let find = |output: &Json| {
        let output = output.as_str()?;
        outcome.values.get(output).or_else(|| outcome.secrets.get(output)).cloned()
    };
    let is_secret = |output: &Json| output.as_str().is_some_and(|output| outcome.secrets.contains_key(output));
    let (mut values, mut secrets) = (serde_json::Map::new(), serde_json::Map::new());
    for (name, output) in &recipe.outputs {
        match output.as_object().filter(|_| name == "secrets") {
            Some(entries) => {
                secrets.extend(entries.iter().filter_map(|(name, output)| Some((name.clone(), find(output)?))));
            }
            None if is_secret(output) => secrets.extend(find(output).map(|value| (name.clone(), value))),
            None => values.extend(find(output).map(|value| (name.clone(), value))),
        }
    }
    Outcome { values, secrets, ..outcome }
}

/// Removes everything that snapshots and journal know of; the environment may be gone.
///
/// A forced removal goes on past what cannot be removed, and the log says what that is.
pub(super) async fn remove(work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
    let force = work.payload.get("force").and_then(Json::as_bool).unwrap_or(false);
    managed_secrets::forget(work.host, record).await?;
    let is_made = record.private.recipe.is_some() || record.private.data.contains_key(RECIPE_RUN);
    let destroyed = destroy_everything(work, record).await;
    if let Ok(Some(pause)) = destroyed {
        return Ok(Step::Later(pause));
    }
    let removed = objects::delete_all(work.host, &record.private.journal).await;
    match destroyed.and(removed) {
        Err(fault) if force => {
            report_leftovers(record, &fault);
            Ok(Step::Done)
        }
        Err(fault) if is_made => Err(Fault { code: "RecipeDeletionFailed".into(), ..fault }),
        Err(fault) => Err(fault),
        Ok(_) => Ok(Step::Done),
    }
}

/// Destroys what retired recipes, an unfinished run and the current recipe made; each is forgotten when it is gone.
///
/// Returns after which time to come again, when something takes longer.
async fn destroy_everything(work: &Work<'_>, record: &mut Record) -> Result<Option<Duration>, Fault> {
    if let Some(pause) = destroy_retired(work, record).await? {
        return Ok(Some(pause));
    }
    let run: Option<Snapshot> =
        record.private.data.get(RECIPE_RUN).and_then(|run| serde_json::from_value(run.clone()).ok());
    if let Some(mut run) = run {
        run.state = record.private.data.get(RECIPE_STATE).cloned().unwrap_or_default();
        if let Removed::Again(pause, state) = destroy(work, record, &run).await? {
            record.private.data.insert(RECIPE_STATE.into(), state);
            return Ok(Some(pause));
        }
    }
    record.private.data.shift_remove(RECIPE_RUN);
    record.private.data.shift_remove(RECIPE_STATE);
    if let Some(mut current) = record.private.recipe.clone() {
        if let Removed::Again(pause, state) = destroy(work, record, &current).await? {
            current.state = state;
            record.private.recipe = Some(current);
            return Ok(Some(pause));
        }
        record.private.recipe = None;
    }
    Ok(None)
}

/// Says in the log what a forced deletion left behind: nothing else will know of it any more.
fn report_leftovers(record: &Record, fault: &Fault) {
    let mut left: Vec<String> = record.private.journal.iter().map(ObjectRef::output_id).collect();
    let retired = record.private.data.get(RETIRED).and_then(Json::as_array).into_iter().flatten();
    let current = record.private.recipe.as_ref().map(|snapshot| json!(snapshot));
    left.extend(retired.chain(record.private.data.get(RECIPE_RUN)).chain(current.as_ref()).map(|snapshot| {
        let recipe = &snapshot["recipe"];
        let text = |name: &str| recipe[name].as_str().unwrap_or("?").to_owned();
        format!("what the {} recipe `{}` made", text("kind"), text("path"))
    }));
    tracing::warn!("The forced deletion of `{}` left behind: {}; {fault}", record.id, left.join(", "));
}

/// Destroys retired recipes, the newest first; those that are gone are forgotten.
async fn destroy_retired(work: &Work<'_>, record: &mut Record) -> Result<Option<Duration>, Fault> {
    while let Some(last) = record.private.data.get(RETIRED).and_then(Json::as_array).and_then(|list| list.last()) {
        let mut snapshot: Snapshot = serde_json::from_value(last.clone())
            .map_err(|error| Fault::internal(format!("cannot read what is known of an earlier recipe: {error}")))?;
        let removed = destroy(work, record, &snapshot).await?;
        let list = record.private.data.get_mut(RETIRED).and_then(Json::as_array_mut);
        let list = list.ok_or_else(|| Fault::internal("the list of earlier recipes is gone"))?;
        list.pop();
        if let Removed::Again(pause, state) = removed {
            snapshot.state = state;
            list.push(json!(snapshot));
            return Ok(Some(pause));
        }
    }
    record.private.data.shift_remove(RETIRED);
    Ok(None)
}

async fn destroy(work: &Work<'_>, record: &Record, snapshot: &Snapshot) -> Result<Removed, Fault> {
    let driver = find_driver(work.host, &snapshot.recipe)?;
    let settings = match Settings::load(work.host, &snapshot.config, &snapshot.recipe).await {
        Ok(settings) => settings,
        // Without its backend nothing of the state would be found, and everything would be left behind.
        Err(fault) if crate::recipe::names_backend(&snapshot.config) => return Err(fault),
        // Secret stores may be gone before what was made with them; much can be destroyed without.
        Err(fault) => {
            tracing::warn!("Destroying what `{}` made without its secrets: {fault}", record.id);
            Settings::default()
        }
    };
    let resource = record.id.to_string();
    let hidden: Vec<_> = settings.secrets().map(str::to_owned).collect();
    let removed = driver.destroy(Removal { snapshot, around: around(work, &resource, &settings, &hidden) }).await;
    removed.map_err(|fault| veil::over(fault, &hidden))
}
