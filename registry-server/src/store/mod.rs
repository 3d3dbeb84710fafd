//! Storage behind the runtime core's `Store` and `Queue`.
//!
//! Two engines, SQLite (in a file or in memory) and PostgreSQL, are held to the same suite
//! (`radii_runtime::conformance`). What batches lead to is decided in memory ([`plan`]), rows look alike in
//! both ([`rows`]), and what only the runtime core may read is sealed before it reaches either ([`vault`]).

pub mod archive;
mod changes;
pub mod keys;
mod open;
mod plan;
pub mod postgres;
mod prepared;
pub mod rotation;
mod rows;
pub mod sqlite;
#[cfg(test)]
mod tests;
pub mod vault;
pub mod verify;

use std::time::Duration;

use async_trait::async_trait;
use radii_runtime::Timestamp;
use radii_runtime::store::{Error, Queue, Store};

pub use changes::{Change, Known, What};
pub use open::{Config, OpenError, open, open_with_vault, pending_migrations, read_only};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What servers and operators need of a database beside the runtime core's traits.
#[async_trait]
pub trait Engine: Store + Queue {
    /// Returns the providers whose registrations others changed after `revision`, and the revision from which to go
    /// on.
    ///
    /// Changes of this store's own are not among them, but for those of which nobody was told that they were committed.
    async fn registrations_since(&self, revision: u64) -> Result<Registrations, Error>;

    /// Returns when another server may have registered something, or at the latest after `at_most`.
    async fn wait_for_registrations(&self, at_most: Duration);

    /// Returns changes after a revision in the order of their commits, at most `limit`.
    ///
    /// Of a record that changed several times, only the last change is there. No change that is committed later
    /// gets a smaller revision than one that was returned.
    async fn changes_since(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Error>;

    /// Returns between which revisions nothing is missing.
    async fn known_changes(&self) -> Result<Known, Error>;

    /// Returns when something may have changed, or at the latest after `at_most`.
    async fn wait_for_changes(&self, at_most: Duration);

    /// Forgets deletions before a moment, `limit` at most, and returns how many.
    async fn prune_deletions(&self, before: Timestamp, limit: usize) -> Result<usize, Error>;

    /// Forgets operations that ended before a moment, `limit` at most, and returns how many.
    async fn prune(&self, ended_before: Timestamp, limit: usize) -> Result<usize, Error>;

    /// Returns a view of all rows as they are now, whatever is written meanwhile.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error>;

    /// Writes rows of a [`Snapshot`] into a database that has none, all or nothing, and returns when they are
    /// durable.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the database has a record that a server did not make by itself.
    async fn restore(&self, rows: Rows) -> Result<(), Error>;

    /// Puts newly wrapped values in the place of those that were read, unless they changed meanwhile; returns
    /// how many were replaced.
    async fn replace_sealed(&self, table: Table, changes: &[Resealed]) -> Result<usize, Error>;

    /// Returns what the store remembers about itself under a name.
    async fn find_setting(&self, name: &str) -> Result<Option<String>, Error>;

    /// Remembers something about the store itself.
    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Error>;

    /// Checks the database's own structures; empty when they are sound.
    async fn check(&self) -> Result<Vec<String>, Error>;

    /// Waits for writes in progress and closes the database; later calls fail.
    async fn close(&self);
}

/// What was registered, changed or unregistered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrations {
    /// Plane and namespace of each provider concerned.
    pub providers: Vec<(String, String)>,
    /// Where to go on.
    pub revision: u64,
}

/// The tables that hold state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Planes, groups, registrations and resources.
    Records,
    /// Operations, ended ones included.
    Operations,
}

/// All rows at one moment.
#[async_trait]
pub trait Snapshot: Send {
    /// Returns rows behind a sequence, at most `limit`, in order: each a JSON array whose first element is its
    /// sequence, secrets sealed.
    async fn rows(&mut self, table: Table, after: u64, limit: usize) -> Result<Vec<String>, Error>;

    /// The last number that was given to a record or operation.
    async fn counter(&mut self) -> Result<u64, Error>;
}

/// Rows to be written together.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// As [`Snapshot::rows`] returns them.
    pub records: Vec<serde_json::Value>,
    /// As [`Snapshot::rows`] returns them.
    pub operations: Vec<serde_json::Value>,
    /// The last number given.
    pub counter: u64,
}

/// One value under a new key.
#[derive(Clone, Debug)]
pub struct Resealed {
    /// Sequence of its row.
    pub sequence: u64,
    /// The value as it was read.
    pub before: String,
    /// The value under the current key.
    pub after: String,
}

/// Returns the error that a caller sees when the database failed.
fn unavailable(doing: &'static str, source: impl Into<BoxError>) -> Error {
    Error::Unavailable { doing, source: source.into() }
}
