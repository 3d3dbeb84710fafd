//! POST actions of deployments.

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::admit::{self, Asked};
use super::progress::{Progress, Status, first_operations};
use crate::Fault;
use crate::host::Host;
use crate::store::{Expect, Record, State, Write};

/// The code of deployments that were ended by `cancel`.
const CANCELED: &str = "DeploymentCanceled";

/// Answers an action of a stored deployment.
pub(super) async fn of_stored(host: &Host, record: &Record, action: &str, _: &Json) -> Result<Option<Json>, Fault> {
    match action.to_ascii_lowercase().as_str() {
        "operations" => Ok(Some(first_operations(record, usize::MAX))),
        "cancel" => cancel(host, record).await.map(|()| Some(Json::Null)),
        "exporttemplate" => export(record).map(Some),
        "listoutputswithsecurevalues" => Ok(Some(outputs(record).into())),
        _ => Ok(None),
    }
}

/// Answers an action that is about a deployment as the body asks for it; nothing need be stored.
pub(super) async fn of_asked(host: &Host, id: &ResourceId, action: &str, body: &Json) -> Result<Option<Json>, Fault> {
    match action.to_ascii_lowercase().as_str() {
        "validate" => validate(host, id, body).await.map(Some),
        "whatif" => super::what_if::answer(host, id, body).await.map(Some),
        _ => Ok(None),
    }
}

/// Returns the template that was deployed, without the defaults of secret parameters.
fn export(record: &Record) -> Result<Json, Fault> {
    let template = Progress::load(record).and_then(Progress::export).ok_or_else(|| {
        let message = format!("the template of the deployment `{}` is not kept; deploy it again", record.id);
        Fault::new(404, "DeploymentTemplateNotFound", message).target(record.id.to_string())
    })?;
    Ok(json!({ "template": template }))
}

/// Checks a deployment whole, as a PUT would, and says what it would deploy.
async fn validate(host: &Host, id: &ResourceId, body: &Json) -> Result<Json, Fault> {
    let asked = Asked::read(&mut properties(body))?;
    let admitted = admit::check(host, id, &asked).await?;
    let ids = admitted.resources.iter().map(|id| json!({ "id": id.to_string() }));
    Ok(json!({
        "id": id.to_string(),
        "name": id.name(),
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "mode": asked.mode,
            "provisioningState": State::Succeeded.as_str(),
            "timestamp": host.parts.clock.now().to_string(),
            "parameters": admitted.parameters,
            "validatedResources": ids.collect::<Json>(),
        },
    }))
}

/// Returns the `properties` of a request.
pub(super) fn properties(body: &Json) -> Map<String, Json> {
    body.get("properties").and_then(Json::as_object).cloned().unwrap_or_default()
}

/// Ends a deployment: what was begun goes on to its own end, and nothing more is begun.
///
/// The operation is ended from outside, so that the worker that has it can write nothing more about it.
async fn cancel(host: &Host, record: &Record) -> Result<(), Fault> {
    let Some(operation) = record.operation.filter(|_| !record.state.is_terminal()) else {
        let message = format!("the deployment has ended already: it is in state {}", record.state.as_str());
        return Err(Fault::conflict(message).target(record.id.to_string()));
    };
    let mut canceled = record.clone();
    let fault = Fault::new(409, CANCELED, "the deployment was canceled; what it had begun goes on to its own end")
        .target(record.id.to_string());
    let nested = match Progress::load(record) {
        None => Vec::new(),
        Some(mut progress) => {
            let nested = running_deployments(&progress);
            let made: Vec<Json> = progress.done.iter().map(|id| json!({ "id": id })).collect();
            canceled.properties.insert("outputResources".into(), made.into());
            progress.end();
            progress.save(&mut canceled);
            nested
        }
    };
    canceled.properties.insert("error".into(), json!(fault));
    (canceled.state, canceled.operation, canceled.updated_at) = (State::Canceled, None, host.parts.clock.now());
    let batch = vec![
        Write::Advance { id: operation, attempt: None, state: State::Canceled, error: Some(fault) },
        Write::Put { record: Box::new(canceled), expect: Expect::Revision(record.revision) },
    ];
    host.parts.store.commit(batch).await?;
    for id in nested {
        // One that ended in between needs no canceling.
        if let Err(fault) = host.act(&id, "cancel", &Json::Null).await {
            tracing::debug!("Not canceled: {}", fault.message);
        }
    }
    Ok(())
}

fn running_deployments(progress: &Progress) -> Vec<ResourceId> {
    let running = progress.nodes.values().filter(|task| task.status == Status::Running).map(|task| task.id.clone());
    running
        .filter(|id| id.resource_type().is_some_and(|kind| kind.key() == "microsoft.resources/deployments"))
        .collect()
}

/// Returns the values of all outputs by name, secret ones too.
fn outputs(record: &Record) -> Map<String, Json> {
    if let Some(all) = Progress::load(record).and_then(|progress| progress.secure_outputs) {
        return all;
    }
    let shown = record.properties.get("outputs").and_then(Json::as_object).into_iter().flatten();
    shown.filter_map(|(name, output)| Some((name.clone(), output.get("value")?.clone()))).collect()
}
