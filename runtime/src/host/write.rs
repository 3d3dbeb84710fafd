//! PUT and DELETE: checks first ([`super::check`]), then record and operation in one batch.

use std::borrow::Cow;
use std::time::Duration;

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::check::{Activity, Checked, check, check_idle, resource_type};
use super::resolve;
use super::{Answer, Delete, Host, Mode, Preconditions, Put, ended};
use crate::Fault;
use crate::access::Right;
use crate::sensitive;
use crate::store::{self, Batch, Expect, Operation, OperationId, Record, State, Verb, Write};
use crate::trace;

/// How often a write that lost a race is tried again from the start.
///
/// Trying again is harmless: a PUT replaces the whole resource, so it only seems to have come later.
const RACES: usize = 4;
/// What `Retry-After` says in the answer to a write.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Carries a PUT out; the record is told as it is answered, and `said` gives the body for each try.
pub(super) async fn put<'b, T>(
    host: &Host,
    request: &Put,
    mut said: impl FnMut() -> Cow<'b, Map<String, Json>> + Send,
    operation: Option<OperationId>,
    tell: &(dyn Fn(&Record) -> T + Sync),
) -> Result<Answer<T>, Fault> {
    for _ in 0..RACES {
        match try_put(host, request, said(), operation, tell).await {
            Err(Refusal::Race) => {
                // It may be no other writer, but that what it belongs to was deleted.
                resolve::check_parents(host, &request.id, &request.api_version).await?;
                if request.preconditions != Preconditions::default() {
                    return Err(Refusal::Race.into_fault(&request.id));
                }
            }
            other => return other.map_err(|refusal| refusal.into_fault(&request.id)),
        }
    }
    Err(Fault::contended(&request.id))
}

pub(super) async fn delete(host: &Host, request: &Delete) -> Result<Answer, Fault> {
    for _ in 0..RACES {
        match try_delete(host, request).await {
            Err(Refusal::Race) if request.preconditions == Preconditions::default() => {}
            other => return other.map_err(|refusal| refusal.into_fault(&request.id)),
        }
    }
    Err(Fault::contended(&request.id))
}

/// Why a write did not happen.
pub(super) enum Refusal {
    /// Somebody else wrote the resource in between.
    Race,
    Fault(Fault),
}

impl Refusal {
    pub(super) fn into_fault(self, id: &ResourceId) -> Fault {
        match self {
            Refusal::Race => Fault::precondition_failed("etags do not match", id),
            Refusal::Fault(fault) => fault,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict { .. } => Refusal::Race,
            store::Error::Unavailable { .. } => Refusal::Fault(error.into()),
        }
    }
}

async fn try_put<T>(
    host: &Host,
    request: &Put,
    body: Cow<'_, Map<String, Json>>,
    operation: Option<OperationId>,
    tell: &(dyn Fn(&Record) -> T + Sync),
) -> Result<Answer<T>, Refusal> {
    let Checked { mut record, old, mode, registration } = check(host, request, body, Activity::Refused).await?;
    let payload = take_sensitive(host, &mut record);
    let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::Revision(old.revision));
    let kind = host.kind_of(&resource_type(&request.id)?);
    let mut batch = kind.guards(Verb::Put, &record);
    batch.extend(resolve::required(&request.id, registration, old.is_none()));
    if mode == Mode::Synchronous {
        record.state = State::Succeeded;
        record.operation = None;
        let told = tell(&record);
        batch.push(Write::Put { record: Box::new(record), expect });
        host.parts.store.commit(batch).await?;
        return Ok(Answer::Done(Some(told)));
    }
    let is_inert = host.is_eager && kind.is_inert(host, &record);
    let id = match operation {
        None if is_inert => ended::id(host, &record.id),
        chosen => chosen.unwrap_or_else(|| host.parts.ids.next()),
    };
    begin(host, &mut record, id);
    let told = tell(&record);
    if is_inert {
        complete(host, batch, record, id, request, expect).await?;
    } else {
        let operation = operation_of(host, &record, id, Verb::Put, &request.api_version, payload);
        accept(host, batch, record, operation, expect).await?;
    }
    Ok(Answer::Accepted { record: told, operation: id, retry_after: RETRY_AFTER })
}

/// Commits record and operation as they will be when a worker has had them: there is nothing for it to do.
///
/// The answer is that of every accepted change; who asks again finds it complete. An operation whose id says that by
/// itself is not stored.
async fn complete(
    host: &Host,
    mut batch: Batch,
    mut record: Record,
    id: OperationId,
    request: &Put,
    expect: Expect,
) -> Result<(), Refusal> {
    let ended = ended::ended_at(id, &record.id).is_none().then(|| {
        let operation = operation_of(host, &record, id, Verb::Put, &request.api_version, Json::Null);
        let ended_at = Some(operation.created_at);
        Operation { state: State::Succeeded, ended_at, payload: Json::Null, ..operation }
    });
    record.state = State::Succeeded;
    record.operation = None;
    batch.push(Write::Put { record: Box::new(record), expect });
    batch.extend(ended.map(|operation| Write::Enqueue(Box::new(operation))));
    Ok(host.parts.store.commit(batch).await?)
}

async fn try_delete(host: &Host, request: &Delete) -> Result<Answer, Refusal> {
    let id = &request.id;
    host.authorize(Right::Write, id)?;
    let type_name = resource_type(id)?;
    let Some(mut record) = host.parts.store.find(id).await? else { return Ok(Answer::Absent) };
    request.preconditions.check(Some(&record), id)?;
    let kind = host.kind_of(&type_name);
    if !request.force {
        check_idle(&record)?;
        kind.admit_delete(host, &record).await?;
    }
    let expect = Expect::Revision(record.revision);
    let mut batch = if request.force { Vec::new() } else { kind.guards(Verb::Delete, &record) };
    if kind.mode(&type_name.to_string()) == Mode::Synchronous {
        if let Err(fault) = kind.tear_down(host, &record).await {
            if !request.force {
                return Err(fault.into());
            }
            tracing::warn!("The forced deletion of `{}` left something behind: {fault}", record.id);
        }
        batch.push(Write::Delete { id: record.id.clone(), expect });
        host.parts.store.commit(batch).await?;
        return Ok(Answer::Done(None));
    }
    let payload = if request.force { json!({ "force": true }) } else { Json::Null };
    if let Some(superseded) = record.operation.filter(|_| !record.state.is_terminal()) {
        let error = Some(Fault::internal("the operation failed due to a concurrency conflict"));
        batch.push(Write::Advance { id: superseded, attempt: None, state: State::Failed, error });
    }
    let id = host.parts.ids.next();
    begin(host, &mut record, id);
    let operation = operation_of(host, &record, id, Verb::Delete, &request.api_version, payload);
    let told = record.clone();
    accept(host, batch, record, operation, expect).await?;
    Ok(Answer::Accepted { record: told, operation: id, retry_after: RETRY_AFTER })
}

/// Turns a record into one that an operation is about to change.
fn begin(host: &Host, record: &mut Record, id: OperationId) {
    record.state = State::Accepted;
    record.operation = Some(id);
    record.updated_at = host.parts.clock.now();
}

/// Returns the operation that is about to change a record, which has [begun](begin).
fn operation_of(
    host: &Host,
    record: &Record,
    id: OperationId,
    verb: Verb,
    api_version: &radii_model::ApiVersion,
    payload: Json,
) -> Operation {
    let now = record.updated_at;
    Operation {
        id,
        resource: record.id.clone(),
        verb,
        api_version: Some(api_version.clone()),
        state: State::Accepted,
        error: None,
        attempt: 0,
        run_after: now,
        payload: trace::noted(host.signed(payload)),
        created_at: now,
        ended_at: None,
    }
}

/// Commits record and operation together, after the conditions and ends of other operations in `batch`.
async fn accept(
    host: &Host,
    mut batch: Batch,
    record: Record,
    operation: Operation,
    expect: Expect,
) -> Result<(), Refusal> {
    batch.push(Write::Put { record: Box::new(record), expect });
    batch.push(Write::Enqueue(Box::new(operation)));
    Ok(host.parts.store.commit(batch).await?)
}

/// Moves sensitive values out of the record's properties; returns all of them as the worker needs them, which keeps
/// them until the operation ends.
fn take_sensitive(host: &Host, record: &mut Record) -> Json {
    let Some(version) = &record.api_version else { return Json::Null };
    if !host.has_sensitive(&record.id, version) {
        sensitive::forget(record);
        return Json::Null;
    }
    json!({ "properties": sensitive::take(host, record) })
}
