//! Writing planes, groups and registrations: records of our own, complete when they are stored.

use radii_model::{ApiVersion, ResourceId};
use radii_runtime::host::Preconditions;
use radii_runtime::store::{self, Expect, Operation, OperationId, Private, Record, State, Verb, Write};
use radii_runtime::{Fault, Timestamp};
use serde_json::{Map, Value as Json};

use crate::AppState;

/// The only API version of records of our own.
pub const API_VERSION: &str = "2023-10-01-preview";

/// Where a record keeps what is never answered.
pub const SECRETS: &str = "secrets";

/// How often a write that lost a race is tried again from the start.
///
/// Trying again is harmless: a PUT replaces the whole record, so it only seems to have come later.
const RACES: usize = 4;

/// What a record is to hold.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The id, in the casing that a new record gets.
    pub id: ResourceId,
    /// The `type` member that a new record gets.
    pub type_name: String,
    /// `location`, for kinds that have one.
    pub location: Option<String>,
    /// `tags`, for kinds that have them.
    pub tags: Option<Map<String, Json>>,
    /// `properties`.
    pub properties: Map<String, Json>,
    /// What is kept and never answered.
    pub secrets: Map<String, Json>,
}

/// Whether a change is recorded as an operation that clients may watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// The answer says everything.
    Nothing,
    /// An operation that has ended already: clients of the asynchronous protocol find it so at their first poll.
    Operation,
}

/// A change that was stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The record; the one that was removed, for deletions.
    pub record: Record,
    /// The operation, if one was to be recorded.
    pub operation: Option<OperationId>,
}

/// Creates or replaces a record.
///
/// `complete` may take over what is to stay of the record that is there. What is new needs its `parent`, which
/// cannot be deleted in between.
///
/// # Errors
/// Conditions that do not hold, or a store that fails.
pub async fn put(
    state: &AppState,
    draft: &Draft,
    preconditions: &Preconditions,
    track: Track,
    parent: Option<&ResourceId>,
    complete: impl Fn(&mut Map<String, Json>, &Record),
) -> Result<Stored, Fault> {
    let store = &state.host.parts.store;
    for _ in 0..RACES {
        let old = store.find(&draft.id).await?;
        preconditions.check(old.as_ref(), &draft.id)?;
        let mut record = record(state, draft, old.as_ref());
        if let Some(old) = &old {
            complete(&mut record.properties, old);
        }
        let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::Revision(old.revision));
        let operation = ended_operation(state, &record, Verb::Put, track);
        let mut batch: Vec<Write> =
            parent.filter(|_| old.is_none()).map(|id| Write::Require { id: id.clone() }).into_iter().collect();
        batch.push(Write::Put { record: Box::new(record.clone()), expect });
        let id = operation.as_ref().map(|operation| operation.id);
        batch.extend(operation.map(|operation| Write::Enqueue(Box::new(operation))));
        match store.commit(batch).await {
            Ok(()) => return Ok(Stored { record, operation: id }),
            Err(store::Error::Conflict { .. }) if is_missing(state, parent).await? => {
                return Err(Fault::not_found(&parent.map(ToString::to_string).unwrap_or_default()));
            }
            Err(store::Error::Conflict { .. }) if *preconditions == Preconditions::default() => {}
            Err(store::Error::Conflict { .. }) => {
                return Err(Fault::precondition_failed("etags do not match", &draft.id));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Fault::contended(&draft.id))
}

async fn is_missing(state: &AppState, parent: Option<&ResourceId>) -> Result<bool, Fault> {
    let Some(parent) = parent else { return Ok(false) };
    Ok(state.host.parts.store.find(parent).await?.is_none())
}

/// Deletes a record and `children`, if nothing else lies below it.
///
/// # Errors
/// [`store::Error::Conflict`] when it was changed, or something was created below it, since it was read.
pub async fn delete(
    state: &AppState,
    record: &Record,
    children: &[ResourceId],
    track: Track,
) -> Result<Stored, store::Error> {
    let operation = ended_operation(state, record, Verb::Delete, track);
    let id = operation.as_ref().map(|operation| operation.id);
    let remove = |id: &ResourceId| Write::Delete { id: id.clone(), expect: Expect::Any };
    let mut batch: Vec<Write> = children.iter().map(remove).collect();
    batch.push(Write::RequireEmpty { scope: record.id.clone() });
    batch.push(Write::Delete { id: record.id.clone(), expect: Expect::Revision(record.revision) });
    batch.extend(operation.map(|operation| Write::Enqueue(Box::new(operation))));
    state.host.parts.store.commit(batch).await?;
    Ok(Stored { record: record.clone(), operation: id })
}

/// The API version of records of our own.
pub fn api_version() -> ApiVersion {
    API_VERSION.parse().expect("the protocol's own version is one")
}

/// Returns a record with what the draft says; names and times of the old one stay.
pub fn record(state: &AppState, draft: &Draft, old: Option<&Record>) -> Record {
    let now = state.host.parts.clock.now();
    let mut private = old.map_or_else(Private::default, |old| old.private.clone());
    private.data.shift_remove(SECRETS);
    if !draft.secrets.is_empty() {
        private.data.insert(SECRETS.to_owned(), Json::Object(draft.secrets.clone()));
    }
    Record {
        id: old.map_or_else(|| draft.id.clone(), |old| old.id.clone()),
        type_name: old.map_or_else(|| draft.type_name.clone(), |old| old.type_name.clone()),
        api_version: Some(api_version()),
        location: draft.location.clone(),
        tags: draft.tags.clone(),
        properties: draft.properties.clone(),
        private,
        state: State::Succeeded,
        operation: None,
        revision: old.map_or(0, |old| old.revision),
        created_at: old.map_or(now, |old| old.created_at),
        updated_at: now,
    }
}

fn ended_operation(state: &AppState, record: &Record, verb: Verb, track: Track) -> Option<Operation> {
    let now: Timestamp = state.host.parts.clock.now();
    (track == Track::Operation).then(|| Operation {
        id: state.host.parts.ids.next(),
        resource: record.id.clone(),
        verb,
        api_version: record.api_version.clone(),
        state: State::Succeeded,
        error: None,
        attempt: 0,
        run_after: now,
        payload: Json::Null,
        created_at: now,
        ended_at: Some(now),
    })
}
