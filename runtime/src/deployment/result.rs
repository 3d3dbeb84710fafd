//! What a deployment leaves: outputs, ids of resources, or the fault that sums up all others.

use serde_json::{Map, Value as Json, json};

use super::admit::type_name;
use super::expression::{Evaluator, Scope, Stop, within};
use super::parameters::{check, declaration, has_secrets};
use super::progress::{Progress, Status, duration};
use super::run::Run;
use crate::host::Step;
use crate::store::Record;
use crate::{Fault, Timestamp};

/// The result of a deployment whose resources have all ended.
pub(super) struct Outcome {
    /// `outputs`, unless something failed.
    outputs: Result<Json, Fault>,
    /// Ids of what was deployed.
    resources: Vec<String>,
    /// All outputs, if some are secret.
    secure: Option<Map<String, Json>>,
}

/// Evaluates the outputs and collects the ids of resources, those of nested deployments included.
pub(super) async fn of(run: &mut Run<'_>) -> Outcome {
    let resources = resources(run).await;
    let outputs = match failure(&run.progress, &run.surroundings.id.to_string()) {
        Some(fault) => Err(fault),
        None => outputs(run).await,
    };
    match outputs {
        Ok((outputs, secure)) => Outcome { outputs: Ok(outputs), resources, secure },
        Err(fault) => Outcome { outputs: Err(fault), resources, secure: None },
    }
}

/// Shows a result on the record and ends the operation.
pub(super) fn show(
    record: &mut Record,
    mut progress: Progress,
    now: Timestamp,
    outcome: Outcome,
) -> Result<Step, Fault> {
    progress.end();
    progress.secure_outputs = outcome.secure;
    progress.save(record);
    let ids: Vec<Json> = outcome.resources.into_iter().map(|id| json!({ "id": id })).collect();
    record.properties.insert("outputResources".into(), ids.into());
    record.properties.insert("timestamp".into(), now.to_string().into());
    record.properties.insert("duration".into(), duration(progress.started, now).into());
    match outcome.outputs {
        Ok(outputs) => {
            if !progress.private_outputs {
                record.properties.insert("outputs".into(), outputs);
            }
            Ok(Step::Done)
        }
        Err(fault) => {
            record.properties.insert("error".into(), json!(fault));
            Err(fault)
        }
    }
}

/// One fault with one detail per resource that failed; those that were deployed nevertheless follow as `OK`.
fn failure(progress: &Progress, id: &str) -> Option<Fault> {
    let failed = progress.nodes.values().filter(|task| task.status == Status::Failed);
    let mut details: Vec<Fault> = failed
        .filter_map(|task| {
            let fault = task.error.clone()?;
            Some(Fault { target: fault.target.or_else(|| Some(task.id.to_string())), ..fault })
        })
        .collect();
    if details.is_empty() {
        return None;
    }
    let deployed = progress.nodes.values().filter(|task| task.status == Status::Succeeded && !task.existing);
    details.extend(deployed.map(|task| Fault::new(200, "OK", "").target(task.id.to_string())));
    let message = "At least one resource deployment operation failed. Please list deployment operations for details.";
    Some(Fault::new(409, "DeploymentFailed", message).target(id).details(details))
}

async fn resources(run: &Run<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    // Objects of a cluster are no resources of a deployment: recipes find them with its tasks.
    for id in run.progress.done.iter().filter(|id| !super::cluster::is_objects_id(id)) {
        let Ok(parsed) = id.parse::<radii_model::ResourceId>() else { continue };
        let nested = parsed.resource_type().is_some_and(|kind| kind.key() == "microsoft.resources/deployments");
        if !nested {
            ids.push(id.clone());
            continue;
        }
        let Ok(Some(deployment)) = run.host.parts.store.find(&parsed).await else { continue };
        let made = deployment.properties.get("outputResources").and_then(Json::as_array).cloned().unwrap_or_default();
        ids.extend(made.iter().filter_map(|entry| entry["id"].as_str().map(str::to_owned)));
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.to_ascii_lowercase()));
    ids
}

/// Returns what is shown of the outputs and, if some are secret or all are for a recipe, the values of all.
async fn outputs(run: &mut Run<'_>) -> Result<(Json, Option<Map<String, Json>>), Fault> {
    const CODE: &str = "DeploymentOutputEvaluationFailed";
    let template = run.template.clone();
    let (mut shown, mut values, mut is_secret) = (Map::new(), Map::new(), false);
    for (name, output) in &template.outputs {
        let place = format!("outputs.{name}");
        let value = run.evaluate(&place, |scope| value(scope, output)).await;
        let mut value = value.map_err(|fault| Fault { code: CODE.into(), ..fault })?;
        let Some(value) = value.get_mut("value").map(Json::take) else { continue };
        let mut problems = Vec::new();
        check(&template, output, &value, &place, &mut problems);
        if let Some(problem) = problems.first() {
            let message = format!("{}: {}", problem.place, problem.message);
            return Err(Fault::new(400, CODE, message).target(place));
        }
        let kind = type_name(declaration(&template, output).get("type"));
        let secret = has_secrets(&template, output);
        is_secret |= secret;
        let entry = if secret { json!({ "type": kind }) } else { json!({ "type": kind, "value": &value }) };
        shown.insert(name.clone(), entry);
        values.insert(name.clone(), value);
    }
    is_secret |= run.progress.private_outputs;
    Ok((shown.into(), is_secret.then_some(values)))
}

/// Evaluates an output to `{value}`, or to `{}` when its condition is false.
pub(super) fn value(scope: &Scope<'_>, output: &Json) -> Result<Json, Stop> {
    let mut evaluator = Evaluator::new(scope);
    if let Some(condition) = output.get("condition")
        && evaluator.value(condition).map_err(|stop| within(stop, "condition"))? == Json::Bool(false)
    {
        return Ok(json!({}));
    }
    let value = match output.get("copy") {
        Some(copy) => evaluator.copy("copy", &copy["count"], &copy["input"]),
        None => evaluator.value(&output["value"]),
    };
    value.map(|value| json!({ "value": value })).map_err(|stop| within(stop, "value"))
}
