//! Deployments on behalf of recipes: their outputs are for the recipe alone, secure ones included.

use async_trait::async_trait;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::cluster;
use super::progress::Progress;
use crate::Fault;
use crate::host::{Answer, Delete, Host, Preconditions, Put};
use crate::imperative;
use crate::objects;
use crate::recipe::{Deployed, Deployments};
use crate::store::{Record, State};

/// The version through which recipes deploy.
const VERSION: &str = "2020-10-01";
/// The type of modules.
const MODULE: &str = "microsoft.resources/deployments";

#[async_trait]
impl Deployments for Host {
    async fn begin(&self, beside: &str, name: &str, properties: Json) -> Result<String, Fault> {
        let id = parse(beside)?.scope().resource(&TypeName::new("Microsoft.Resources", "deployments"), name);
        if self.parts.store.find(&id).await?.is_some() {
            return Ok(id.to_string());
        }
        let mut properties = properties;
        properties["privateOutputs"] = true.into();
        // Objects in the namespace that the recipe works for, which its operator has bound, need no other right.
        let place = &properties["providerconfig"]["kubernetes"]["value"];
        let granted = place["namespace"].as_str().map(|namespace| cluster::place(place["context"].as_str(), namespace));
        let host = self.granting(granted.as_deref());
        let Json::Object(body) = json!({ "properties": properties }) else { return Ok(id.to_string()) };
        let request =
            Put { id: id.clone(), api_version: version(VERSION)?, body, preconditions: Preconditions::default() };
        host.put(request).await?;
        Ok(id.to_string())
    }

    async fn look(&self, id: &str) -> Result<Option<Deployed>, Fault> {
        let Some(record) = self.parts.store.find(&parse(id)?).await? else {
            return Err(Fault::internal(format!("the deployment `{id}` of the recipe is gone")));
        };
        if !record.state.is_terminal() {
            return Ok(None);
        }
        let outputs = match record.state {
            State::Succeeded => Ok(private_outputs(&record)),
            _ => Err(failure(&record)),
        };
        Ok(Some(Deployed { resources: made(self, record).await?, outputs }))
    }

    async fn forget(&self, id: &str) -> Result<(), Fault> {
        let (id, api_version) = (parse(id)?, version(VERSION)?);
        let request = Delete { id, api_version, preconditions: Preconditions::default(), force: true };
        self.delete(request).await.map(drop)
    }

    async fn delete(&self, id: &str) -> Result<Option<Uuid>, Fault> {
        if let Some(object) = objects::from_output_id(id) {
            objects::delete_all(self, &[object]).await?;
            return Ok(None);
        }
        let id = parse(id)?;
        if id.plane().is_none_or(|(kind, _)| !kind.eq_ignore_ascii_case("radius")) {
            let message = format!("this server cannot delete `{id}`: it has no client for that plane; delete it there");
            return Err(Fault::bad_request(message).target(id.to_string()));
        }
        if self.address_of(&id).is_some() {
            return imperative::delete(self, &id).await.map(Some);
        }
        let Some(record) = self.parts.store.find(&id).await? else { return Ok(None) };
        if let Some(operation) = record.operation.filter(|_| record.state == State::Deleting) {
            return Ok(Some(operation));
        }
        let api_version = record.api_version.map_or_else(|| version(VERSION), Ok)?;
        let request = Delete { id, api_version, preconditions: Preconditions::default(), force: false };
        Ok(match Host::delete(self, request).await? {
            Answer::Accepted { operation, .. } => Some(operation),
            Answer::Done(_) | Answer::Absent => None,
        })
    }

    async fn ended(&self, operation: Uuid) -> Result<Option<Result<(), Fault>>, Fault> {
        let Some(operation) = self.parts.store.find_operation(operation).await? else { return Ok(Some(Ok(()))) };
        Ok(match operation.state {
            State::Succeeded => Some(Ok(())),
            State::Failed | State::Canceled => {
                Some(Err(operation.error.unwrap_or_else(|| Fault::internal("the deletion failed"))))
            }
            _ => None,
        })
    }
}

fn parse(id: &str) -> Result<ResourceId, Fault> {
    id.parse().map_err(|error| Fault::bad_request(format!("`{id}` is not a resource id: {error}")))
}

fn version(text: &str) -> Result<ApiVersion, Fault> {
    text.parse().map_err(|error| Fault::internal(format!("{error}")))
}

fn private_outputs(record: &Record) -> Map<String, Json> {
    Progress::load(record).and_then(|progress| progress.secure_outputs).unwrap_or_default()
}

fn failure(record: &Record) -> Fault {
    let error = record.properties.get("error").cloned().unwrap_or_default();
    serde_json::from_value(error).unwrap_or_else(|_| Fault::internal(format!("the deployment `{}` failed", record.id)))
}

/// Ids of what a deployment put, those of resources that failed included: they may have made something. Modules are
/// looked into, because objects of a cluster are listed with nobody's resources.
async fn made(host: &Host, record: Record) -> Result<Vec<String>, Fault> {
    let mut ids: Vec<String> = Vec::new();
    let mut add = |id: String| {
        if !ids.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
            ids.push(id);
        }
    };
    let mut open = vec![record];
    while let Some(record) = open.pop() {
        let shown = record.properties.get("outputResources").and_then(Json::as_array).into_iter().flatten();
        shown.filter_map(|entry| entry["id"].as_str()).for_each(|id| add(id.to_owned()));
        for task in Progress::load(&record).iter().flat_map(|progress| progress.nodes.values()) {
            if !task.was_put() {
                continue;
            }
            let is_module = task.id.resource_type().is_some_and(|kind| kind.key() == MODULE);
            if is_module && let Some(module) = host.parts.store.find(&task.id).await? {
                open.push(module);
            }
            add(task.id.to_string());
        }
    }
    Ok(ids)
}
