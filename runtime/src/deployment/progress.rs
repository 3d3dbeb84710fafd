//! How far a deployment is: what is kept between two steps, and survives a crash.

use indexmap::IndexMap;
use radii_model::ResourceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::store::{OperationId, Record};
use crate::{Fault, Timestamp};

/// Where [`Progress`] stands in a record's private data.
const KEY: &str = "deployment";

/// All that is known about one run of a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The template; null when the run has ended.
    pub template: Json,
    /// Values of all parameters; empty when the run has ended, because some may be secret.
    pub parameters: Map<String, Json>,
    /// `providerconfig`, as given.
    pub providers: Json,
    /// When the run was asked for.
    pub started: Timestamp,
    /// Resources by symbolic name, in the order in which they were begun.
    pub nodes: IndexMap<String, Task>,
    /// Ids of what was deployed, in the order of completion.
    pub done: Vec<String>,
    /// Values of all outputs, kept when some are secret and shown only by `listOutputsWithSecureValues`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_outputs: Option<Map<String, Json>>,
    /// Whether outputs are kept for a recipe instead of being shown.
    #[serde(default)]
    pub private_outputs: bool,
    /// The namespace whose objects may be written without rights in the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<String>,
    /// The template of a run that has ended, for `exportTemplate`.
    #[serde(default)]
    pub exported: Json,
}

/// How far one resource is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub id: ResourceId,
    pub status: Status,
    /// The operation that deploys it.
    pub operation: Option<OperationId>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub error: Option<Fault>,
    /// Whether it was only read.
    pub existing: bool,
}

/// What became of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// Another change of the resource must end first.
    Blocked,
    /// Being deployed.
    Running,
    /// Deployed.
    Succeeded,
    /// Refused, or ended with a fault.
    Failed,
    /// Not begun, because what it needs failed.
    Canceled,
    /// Not wanted: the condition is false.
    Skipped,
}

impl Task {
    /// Whether the resource was written: it may exist although it failed.
    pub(super) fn was_put(&self) -> bool {
        !self.existing && (self.status == Status::Succeeded || self.operation.is_some())
    }
}

impl Status {
    pub(super) fn is_terminal(self) -> bool {
        !matches!(self, Status::Blocked | Status::Running)
    }

    fn as_str(self) -> &'static str {
        match self {
            Status::Blocked | Status::Running => "Running",
            Status::Succeeded => "Succeeded",
            Status::Failed => "Failed",
            Status::Canceled | Status::Skipped => "Canceled",
        }
    }
}

impl Progress {
    /// Returns what a record keeps; `None` for a record that no run was asked of.
    pub(super) fn load(record: &Record) -> Option<Self> {
        serde_json::from_value(record.private.data.get(KEY)?.clone()).ok()
    }

    /// Writes into a record; the worker stores it.
    pub(super) fn save(&self, record: &mut Record) {
        let value = serde_json::to_value(self).expect("progress has string keys only");
        record.private.data.insert(KEY.into(), value);
    }

    /// Forgets what only a run needs.
    pub(super) fn end(&mut self) {
        if !self.template.is_null() {
            self.exported = without_secrets(self.template.take());
        }
        self.parameters.clear();
    }

    /// Returns the template as it may be shown; `None` when it is not kept.
    pub(super) fn export(self) -> Option<Json> {
        let template = if self.template.is_null() { self.exported } else { without_secrets(self.template) };
        Some(template).filter(|template| !template.is_null())
    }

    /// Sets how a resource ended.
    pub(super) fn finish(&mut self, symbol: &str, status: Status, error: Option<Fault>, now: Timestamp) {
        if let Some(task) = self.nodes.get_mut(symbol) {
            (task.status, task.error, task.ended) = (status, error, Some(now));
            if status == Status::Succeeded && !task.existing {
                self.done.push(task.id.to_string());
            }
        }
    }
}

/// Removes the defaults of secret parameters from a template.
fn without_secrets(mut template: Json) -> Json {
    let parameters = template.get_mut("parameters").and_then(Json::as_object_mut);
    for parameter in parameters.into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut) {
        let kind = parameter.get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("secure") {
            parameter.shift_remove("defaultValue");
        }
    }
    template
}

/// Returns the operations of a deployment as `GET …/deployments/{name}/operations` answers them (Radius HTTP contract,
/// part 9.2): one entry per resource that was begun, in the order of beginning.
pub fn operations(record: &Record) -> Json {
    first_operations(record, usize::MAX)
}

/// Returns the first `limit` of [`operations`].
pub(super) fn first_operations(record: &Record, limit: usize) -> Json {
    let progress = Progress::load(record);
    let tasks = progress.iter().flat_map(|progress| &progress.nodes);
    let shown = tasks.filter(|(_, task)| task.status != Status::Skipped).take(limit);
    let value: Vec<Json> = shown.map(|(symbol, task)| operation(record, symbol, task)).collect();
    json!({ "value": value, "nextLink": null })
}

fn operation(record: &Record, symbol: &str, task: &Task) -> Json {
    let name = symbol.replace(['/', '[', ']'], "-");
    let last = task.ended.unwrap_or(record.updated_at);
    let status = match (&task.error, task.status) {
        (Some(_), _) => "Conflict",
        (None, Status::Succeeded) => "OK",
        (None, _) => "Accepted",
    };
    let mut properties = json!({
        "provisioningOperation": if task.existing { "Read" } else { "Create" },
        "provisioningState": task.status.as_str(),
        "timestamp": last.to_string(),
        "duration": duration(task.started, last),
        "statusCode": status,
        "targetResource": {
            "id": task.id.to_string(),
            "resourceType": task.id.resource_type().map(|kind| kind.to_string()),
            "resourceName": task.id.name(),
        },
    });
    if let Some(error) = &task.error {
        properties["statusMessage"] = json!({ "error": error });
    }
    json!({ "id": format!("{}/operations/{name}", record.id), "operationId": name, "properties": properties })
}

/// Returns the time between two moments as ISO 8601 writes it: `PT1.5S`.
pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = to.0.saturating_sub(from.0).max(0);
    let (seconds, fraction) = (milliseconds / 1000, milliseconds % 1000);
    if fraction == 0 { format!("PT{seconds}S") } else { format!("PT{seconds}.{fraction:03}S") }
}
