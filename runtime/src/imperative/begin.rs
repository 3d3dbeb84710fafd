//! The beginning of a change at a provider: a note and an operation on it, in one batch.

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::note::{self, Note, RACES};
use super::progress::Progress;
use crate::Fault;
use crate::access::Right;
use crate::host::Host;
use crate::store::{self, Expect, Operation, OperationId, Record, State, Verb, Write};
use crate::trace;

/// A change of a resource that a provider keeps.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The resource.
    pub(crate) id: ResourceId,
    /// The API version to ask through.
    pub(crate) api_version: String,
    /// What is to be done.
    pub(crate) verb: Verb,
    /// The body of a PUT.
    pub(crate) body: Map<String, Json>,
}

/// Begins a change under an operation whose id the caller chose.
///
/// # Guarantees
/// An id serves once: whoever repeats the call, after a crash or beside another worker, begins nothing more.
///
/// # Errors
/// 409 while something else changes the resource; 404 for a group that is not there; resources outside of groups.
pub(crate) async fn begin(host: &Host, change: &Change, operation: OperationId) -> Result<OperationId, Fault> {
    host.authorize(Right::Write, &change.id)?;
    let id = &change.id;
    let place = note::place(id).ok_or_else(|| {
        Fault::bad_request(format!("`{id}` stands in no resource group, and only what does is deployed"))
            .target(id.to_string())
    })?;
    for _ in 0..RACES {
        if host.parts.store.find_operation(operation).await?.is_some() {
            return Ok(operation);
        }
        let old = host.parts.store.find(&place).await?;
        if let Some(old) = old.as_ref().filter(|old| !old.state.is_terminal()) {
            let message = format!("The target resource is in progress state: {}.", old.state.as_str());
            return Err(Fault::conflict(message).target(id.to_string()));
        }
        let is_going = change.verb == Verb::Delete || old.is_none();
        let noted = Note { id: id.clone(), api_version: change.api_version.clone(), is_going };
        let mut record = note::record(host, &place, &noted, old.as_ref());
        record.state = State::Accepted;
        record.operation = Some(operation);
        Progress::new(operation, record.updated_at, old.is_none()).save(&mut record);
        let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::Revision(old.revision));
        let begun = operation_on(host, &record, operation, change);
        let batch = vec![
            Write::Require { id: id.scope() },
            Write::Put { record: Box::new(record), expect },
            Write::Enqueue(Box::new(begun)),
        ];
        match host.parts.store.commit(batch).await {
            Err(store::Error::Conflict { .. }) => {}
            done => return Ok(done.map(|()| operation)?),
        }
        if host.parts.store.find_shared(&id.scope()).await?.is_none() {
            return Err(Fault::not_found(&id.scope().to_string()));
        }
    }
    Err(Fault::contended(id))
}

/// Begins the deletion of a resource, through the version that it was last written through.
///
/// # Errors
/// Those of [`begin`]; resources of no version that is served.
pub(crate) async fn delete(host: &Host, id: &ResourceId) -> Result<OperationId, Fault> {
    let api_version = super::read::version_of(host, id).await?;
    let change = Change { id: id.clone(), api_version, verb: Verb::Delete, body: Map::new() };
    begin(host, &change, host.parts.ids.next()).await
}

fn operation_on(host: &Host, record: &Record, id: OperationId, change: &Change) -> Operation {
    let now = record.updated_at;
    Operation {
        id,
        resource: record.id.clone(),
        verb: change.verb,
        api_version: record.api_version.clone(),
        state: State::Accepted,
        error: None,
        attempt: 0,
        run_after: now,
        payload: trace::noted(host.signed(json!({ "body": change.body }))),
        created_at: now,
        ended_at: None,
    }
}
