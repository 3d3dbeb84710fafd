//! What a deployment leaves: outputs, ids of resources, or the fault that sums up all others.

use serde_json::{Map, Value as Json, json};

use super::admit::type_name;
use super::expression::{Evaluator, Scope, Stop, within};
use super::parameters::{declaration, is_secure};
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
}

/// Evaluates the outputs and collects the ids of resources, those of nested deployments included.
pub(super) async fn of(run: &mut Run<'_>) -> Outcome {
    let resources = resources(run).await;
    let outputs = match failure(&run.progress, &run.surroundings.id.to_string()) {
        Some(fault) => Err(fault),
        None => outputs(run).await,
    };
    Outcome { outputs, resources }
}

/// Shows a result on the record and ends the operation.
pub(super) fn show(record: &mut Record, progress: &Progress, now: Timestamp, outcome: Outcome) -> Result<Step, Fault> {
    let ids: Vec<Json> = outcome.resources.into_iter().map(|id| json!({ "id": id })).collect();
    record.properties.insert("outputResources".into(), ids.into());
    record.properties.insert("timestamp".into(), now.to_string().into());
    record.properties.insert("duration".into(), duration(progress.started, now).into());
    match outcome.outputs {
        Ok(outputs) => {
            record.properties.insert("outputs".into(), outputs);
            Ok(Step::Done)
        }
        Err(fault) => {
            record.properties.insert("error".into(), json!(fault));
            Err(fault)
        }
    }
}

/// One fault with one detail per resource that failed.
fn failure(progress: &Progress, id: &str) -> Option<Fault> {
    let failed = progress.nodes.values().filter(|task| task.status == Status::Failed);
    let details: Vec<Fault> = failed
        .filter_map(|task| {
            let fault = task.error.clone()?;
            Some(Fault { target: fault.target.or_else(|| Some(task.id.to_string())), ..fault })
        })
        .collect();
    let message = "At least one resource deployment operation failed. Please list deployment operations for details.";
    (!details.is_empty()).then(|| Fault::new(409, "DeploymentFailed", message).target(id).details(details))
}

async fn resources(run: &Run<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in &run.progress.done {
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

async fn outputs(run: &mut Run<'_>) -> Result<Json, Fault> {
    let declared = run.template.outputs.clone();
    let template = run.template.clone();
    let mut outputs = Map::new();
    for (name, output) in &declared {
        let place = format!("outputs.{name}");
        let kind = declaration(&template, output).get("type");
        let value = run.evaluate(&place, |scope| value(scope, output)).await;
        let value = value.map_err(|fault| Fault { code: "DeploymentOutputEvaluationFailed".into(), ..fault })?;
        let Some(value) = value.get("value") else { continue };
        let entry = match is_secure(kind) {
            true => json!({ "type": type_name(kind) }),
            false => json!({ "type": type_name(kind), "value": value }),
        };
        outputs.insert(name.clone(), entry);
    }
    Ok(outputs.into())
}

/// Evaluates an output to `{value}`, or to `{}` when its condition is false.
fn value(scope: &Scope<'_>, output: &Json) -> Result<Json, Stop> {
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
