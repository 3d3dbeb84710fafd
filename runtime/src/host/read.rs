//! Reading resources, and their POST actions.

use std::sync::Arc;

use radii_model::ResourceId;
use serde_json::Value as Json;

use super::{Host, dependents};
use crate::Fault;
use crate::access::Right;
use crate::fault::code;
use crate::store::{ListQuery, Page, Record};

/// The actions of the built-in types, but for those of deployments.
const ACTIONS: [&str; 3] = ["getGraph", "getMetadata", "listSecrets"];

pub(super) async fn get(host: &Host, id: &ResourceId) -> Result<Record, Fault> {
    host.authorize(Right::Read, id)?;
    let mut record = load(host, id).await?;
    host.redact(&mut record);
    Ok(record)
}

pub(super) async fn get_shared(host: &Host, id: &ResourceId) -> Result<Arc<Record>, Fault> {
    let record = stored(host, id).await?;
    let hides = record.api_version.as_ref().is_some_and(|version| host.has_sensitive(&record.id, version));
    if !hides {
        return Ok(record);
    }
    let mut record = Arc::unwrap_or_clone(record);
    host.redact(&mut record);
    Ok(Arc::new(record))
}

pub(super) async fn stored(host: &Host, id: &ResourceId) -> Result<Arc<Record>, Fault> {
    host.authorize(Right::Read, id)?;
    host.parts.store.find_shared(id).await?.ok_or_else(|| Fault::not_found(&id.to_string()))
}

pub(super) async fn list(host: &Host, query: &ListQuery) -> Result<Page, Fault> {
    let mut page = host.parts.store.list(query).await?;
    page.records.iter_mut().for_each(|record| host.redact(record));
    Ok(page)
}

pub(super) async fn act(host: &Host, id: &ResourceId, action: &str, body: &Json) -> Result<Json, Fault> {
    host.authorize(Right::Act(action), id)?;
    if let Some(type_name) = id.resource_type()
        && let Some(answer) = host.kind_of(&type_name).act_before(host, id, action, body).await?
    {
        return Ok(answer);
    }
    if action.eq_ignore_ascii_case(dependents::ACTION) {
        // Writing is large, and rarely asked for here.
        return Box::pin(dependents::redeploy(host, id)).await;
    }
    let unknown = || Fault::new(404, code::NOT_FOUND, format!("The request 'POST {}' is invalid.", path(id, action)));
    let is_deployment = id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case("Microsoft.Resources"));
    if !is_deployment && !ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action)) {
        return Err(unknown());
    }
    let record = load(host, id).await?;
    let answer = match record.id.resource_type() {
        Some(type_name) => host.kind_of(&type_name).act(host, &record, action, body).await?,
        None => None,
    };
    answer.ok_or_else(unknown)
}

/// The path of an action as errors show it: in lower case, which is how it is routed.
fn path(id: &ResourceId, action: &str) -> String {
    format!("{id}/{action}").to_ascii_lowercase()
}

async fn load(host: &Host, id: &ResourceId) -> Result<Record, Fault> {
    host.parts.store.find(id).await?.ok_or_else(|| Fault::not_found(&id.to_string()))
}
