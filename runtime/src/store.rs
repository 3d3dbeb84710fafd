//! State: stored resources, operations and the queue, behind traits.
//!
//! A change is one [`Batch`]: every write of it happens, or none. The runtime core never keeps state of
//! its own between two calls, so several replicas may share one store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{Fault, Timestamp};

/// `provisioningState` of a resource and `status` of an operation (Radius HTTP contract, part 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// Recorded, not yet begun.
    Accepted,
    /// A worker is at it.
    Updating,
    /// A worker is removing it.
    Deleting,
    /// Done.
    Succeeded,
    /// Ended with a fault.
    Failed,
    /// Ended from outside, or by its time limit.
    Canceled,
}

impl State {
    /// Whether nothing more will happen.
    pub fn is_terminal(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Canceled)
    }

    /// The state's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Accepted => "Accepted",
            State::Updating => "Updating",
            State::Deleting => "Deleting",
            State::Succeeded => "Succeeded",
            State::Failed => "Failed",
            State::Canceled => "Canceled",
        }
    }
}

/// A stored resource of any kind: planes, groups, registrations and resources alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The id in the casing of the first PUT.
    pub id: ResourceId,
    /// The `type` member as answered (`System.Resources/resourceproviders/resourcetypes`, `Contoso.Data/postgres`).
    pub type_name: String,
    /// The API version that it was last written through; `None` for kinds that have none.
    pub api_version: Option<ApiVersion>,
    /// `location`, if the kind has one.
    pub location: Option<String>,
    /// `tags`, if given.
    pub tags: Option<Map<String, Json>>,
    /// `properties`, without `provisioningState`.
    pub properties: Map<String, Json>,
    /// What only the runtime core reads: journal of applied objects, recipe snapshot. Never answered.
    pub private: Private,
    /// `provisioningState`; `Succeeded` for synchronous kinds.
    pub state: State,
    /// The operation that is changing it, if one is.
    pub operation: Option<OperationId>,
    /// Grows with every write and is never used twice; what optimistic concurrency compares.
    pub revision: u64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

impl Record {
    /// Returns the [`ResourceId::key`]s of the application and the environment that the properties name.
    pub fn references(&self) -> [Option<String>; 2] {
        ["application", "environment"].map(|name| {
            let text = self.properties.get(name)?.as_str().filter(|text| text.starts_with('/'))?;
            text.parse::<ResourceId>().ok().map(|id| id.key())
        })
    }

    /// Whether the properties name the id of this [`ResourceId::key`] as application or environment.
    pub fn refers_to(&self, key: &str) -> bool {
        self.references().iter().flatten().any(|reference| reference == key)
    }
}

/// What the runtime core remembers about a resource and never shows.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    /// Every platform object that was, or is about to be, applied: written down before it is applied.
    pub journal: Vec<crate::platform::ObjectRef>,
    /// The recipe that made the objects, with all that its deletion needs.
    pub recipe: Option<crate::recipe::Snapshot>,
    /// Anything else that a kind keeps.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Json>,
}

/// Values may be secret, and what is formatted ends in logs.
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data: Vec<&String> = self.data.keys().collect();
        f.debug_struct("Private")
            .field("journal", &self.journal)
            .field("recipe", &self.recipe)
            .field("data", &data)
            .finish()
    }
}

/// Identifies an operation.
pub type OperationId = Uuid;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verb {
    /// Create or update.
    Put,
    /// Delete.
    Delete,
}

/// A durable piece of work, recorded in the same batch as the change that asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its id, as in `operationStatuses/{id}`.
    pub id: OperationId,
    /// The resource concerned.
    pub resource: ResourceId,
    /// What is to be done.
    pub verb: Verb,
    /// The API version of the request.
    pub api_version: Option<ApiVersion>,
    /// How far it is.
    pub state: State,
    /// Why it failed.
    pub error: Option<Fault>,
    /// How often a worker has begun it; the fence of that worker's writes.
    pub attempt: u32,
    /// Not before this moment.
    pub run_after: Timestamp,
    /// What the worker needs beside the resource; never answered.
    pub payload: Json,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What must hold for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    Any,
    /// Nothing is stored under the id.
    Absent,
    /// Exactly this revision is stored.
    Revision(u64),
}

/// One write of a [`Batch`].
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores a record; its `revision` is set by the store.
    Put {
        /// What is stored.
        record: Box<Record>,
        /// What must hold.
        expect: Expect,
    },
    /// Removes the record of an id; removing nothing is no error unless a revision is expected.
    Delete {
        /// Whose record.
        id: ResourceId,
        /// What must hold.
        expect: Expect,
    },
    /// Records a new operation.
    Enqueue(Box<Operation>),
    /// Sets state, error and end of an operation.
    ///
    /// With an `attempt` the whole batch fails unless that attempt still holds the operation: a worker
    /// that lost its lease can write nothing. An operation that has ended never changes again: that is a
    /// conflict, too.
    Advance {
        /// Which operation.
        id: OperationId,
        /// The attempt that writes; `None` for requests, which hold no lease.
        attempt: Option<u32>,
        /// The new state; a terminal one releases the lease and forgets the payload, which may hold secrets.
        state: State,
        /// Why it failed.
        error: Option<Fault>,
    },
    /// Fails the whole batch unless a record is stored under the id when the batch is carried out.
    ///
    /// Who creates something below a group or a provider asks for it: the parent's deletion can then not
    /// come in between.
    Require {
        /// Whose record.
        id: ResourceId,
    },
    /// Fails the whole batch while a record lies below the id, at any depth; what the batch itself removed
    /// does not count.
    RequireEmpty {
        /// The plane, group or resource.
        scope: ResourceId,
    },
    /// Fails the whole batch while a record [refers](Record::references) to the id.
    RequireUnreferred {
        /// The application or environment.
        id: ResourceId,
    },
}

/// Writes that happen together or not at all.
pub type Batch = Vec<Write>;

/// Which records a list holds, in the order of creation.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Records below this plane, group or resource; `None` for everything.
    pub scope: Option<ResourceId>,
    /// Whether all that lies below `scope` counts (a plane's list of all groups' resources, a provider's
    /// types with their versions), or only what has it as its [`parent_key`].
    pub recursive: bool,
    /// Only records of this type, compared without regard to casing.
    pub kind: Option<TypeName>,
    /// Continue after this position of an earlier page.
    pub after: Option<u64>,
    /// At most so many; `None` for all.
    pub limit: Option<usize>,
}

/// Returns the [`ResourceId::key`] of what a record lies directly below.
///
/// That is the parent resource of a nested resource, the group or plane of any other resource, the
/// plane of a group, and `/planes` of a plane.
pub fn parent_key(id: &ResourceId) -> String {
    if !id.is_scope() {
        return id.parent().map_or_else(|| id.scope_key(), |parent| parent.key());
    }
    let key = id.key();
    let ends = key.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at);
    key[..ends].to_owned()
}

/// A page of records.
#[derive(Clone, Debug)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// Position to continue from; `None` on the last page.
    pub next: Option<u64>,
}

/// What a record is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Its id, as stored.
    pub id: String,
    /// Its type, as answered.
    pub type_name: String,
}

/// What a record holds, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'t> {
    /// Its id.
    pub id: &'t str,
    /// Its properties, a JSON object.
    pub properties: &'t str,
}

/// A page of texts, kept in one piece as databases put it together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Ids and properties with [`Texts::WITHIN`] between them, and [`Texts::BETWEEN`] between the records.
    pub lines: String,
    /// Position to continue from; `None` on the last page.
    pub next: Option<u64>,
}

impl Texts {
    /// Stands between two records. No id and no JSON text holds this control character.
    pub const BETWEEN: char = '\u{1e}';
    /// Stands between an id and properties; neither holds it.
    pub const WITHIN: char = '\u{1f}';

    /// Returns what each record of the page holds.
    pub fn iter(&self) -> impl Iterator<Item = Text<'_>> {
        let halves = self.lines.split(Self::BETWEEN).filter_map(|line| line.split_once(Self::WITHIN));
        halves.map(|(id, properties)| Text { id, properties })
    }
}

/// What can go wrong with state.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An [`Expect`] or an attempt did not hold; nothing was written.
    #[error("`{what}` was changed by somebody else at the same time; read it again and repeat")]
    Conflict {
        /// Id of the record or operation.
        what: String,
    },
    /// The database failed; nothing was written, or that is unknown.
    #[error("the store is unavailable while it should {doing}")]
    Unavailable {
        /// What was asked of it.
        doing: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Resources and operations.
#[async_trait]
pub trait Store: Send + Sync {
    /// Returns the record of an id, compared without regard to casing.
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error>;

    /// Returns the record of an id as [`Store::find`] does, without a copy where the store has it at hand.
    async fn find_shared(&self, id: &ResourceId) -> Result<Option<Arc<Record>>, Error> {
        Ok(self.find(id).await?.map(Arc::new))
    }

    /// Returns a page of records.
    async fn list(&self, query: &ListQuery) -> Result<Page, Error>;

    /// Returns what all records below a group or plane are called, at any depth, in the order of creation.
    async fn list_names(&self, scope: &ResourceId) -> Result<Vec<Name>, Error> {
        let query = ListQuery { scope: Some(scope.clone()), recursive: true, kind: None, after: None, limit: None };
        let records = self.list(&query).await?.records;
        Ok(records.into_iter().map(|record| Name { id: record.id.to_string(), type_name: record.type_name }).collect())
    }

    /// Returns ids and properties of a page of the records of a type, wherever they are, in the order of creation, as
    /// the text in which they are stored.
    async fn list_texts(&self, kind: &TypeName, after: Option<u64>, limit: usize) -> Result<Texts, Error> {
        let kind = Some(kind.clone());
        let page = self.list(&ListQuery { scope: None, recursive: true, kind, after, limit: Some(limit) }).await?;
        let line = |record: &Record| {
            let properties = serde_json::to_string(&record.properties).unwrap_or_default();
            format!("{}{}{properties}", record.id, Texts::WITHIN)
        };
        let lines: Vec<String> = page.records.iter().map(line).collect();
        Ok(Texts { lines: lines.join(Texts::BETWEEN.encode_utf8(&mut [0; 4])), next: page.next })
    }

    /// Returns the revision of the record with a [key](ResourceId::key) where the store need not ask anybody for it;
    /// `None` says nothing.
    fn known_revision(&self, _key: &str) -> Option<u64> {
        None
    }

    /// Returns a page of the records that [refer](Record::references) to an id, in the order of creation.
    async fn list_referring(&self, to: &ResourceId, after: Option<u64>, limit: Option<usize>) -> Result<Page, Error>;

    /// Carries out all writes, or none; durable when it returns.
    ///
    /// # Errors
    /// [`Error::Conflict`] when an expectation does not hold.
    async fn commit(&self, batch: Batch) -> Result<(), Error>;

    /// Returns an operation.
    async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error>;

    /// Returns the newest operations, at most `limit`, newest first.
    async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error>;
}

/// A moment that lies further ahead than this, or than some leases, was written down before the clock was set back.
pub const FARTHEST: Duration = Duration::from_secs(10 * 60);

/// Returns from when on a moment in the future cannot be meant: no pause reaches that far, and no lease.
pub fn beyond(now: Timestamp, lease: Duration) -> Timestamp {
    now.after(FARTHEST.max(lease * 4))
}

/// Operations that wait for a worker.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Claims a runnable operation until the lease has passed; raises its `attempt`.
    ///
    /// Runnable is what is not terminal, due, and not leased. Scopes (groups, planes) take turns, so that one
    /// with a thousand operations does not keep another one's first waiting; within a scope the oldest
    /// comes first. Two workers never hold the same one; a worker that dies just lets its lease run out.
    ///
    /// Should the clock be set back, nothing waits for the time that it showed before: moments [`beyond`] what can be
    /// meant count as passed.
    async fn claim_next(&self, worker: Uuid, now: Timestamp, lease: Duration) -> Result<Option<Operation>, Error>;

    /// Prolongs the lease of an attempt; `false` when it is lost.
    async fn renew(&self, id: OperationId, attempt: u32, now: Timestamp, lease: Duration) -> Result<bool, Error>;

    /// Gives an attempt back, to be run again not before `run_after`.
    async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error>;

    /// Returns when something may have become runnable, or at the latest after `at_most`.
    async fn wait(&self, at_most: Duration);
}
