//! State in SQLite.
//!
//! All writes pass one task ([`writer`]), which commits what has queued up meanwhile in a single
//! transaction: a durable write costs a share of one `fsync`. Reads run beside it on connections of
//! their own; taking one from a pool would cost more than the query.

mod cache;
mod group;
mod log;
mod maintain;
mod open;
mod read;
mod single;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use radii_runtime::Timestamp;
use radii_runtime::store::{Batch, Error, ListQuery, Name, Operation, OperationId, Page, Queue, Record, Store, Texts};
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use super::keys::KeySource;
use super::vault::Vault;
use super::{Change, Engine, Known, OpenError, Registrations, Resealed, Rows, Snapshot, Table, rows, unavailable};
use writer::Maintenance;

pub(super) use open::pending_migrations;

/// A store in one SQLite database that no other process writes.
///
/// Guarantees: what a call returned `Ok` for survives the end of the process and of the machine.
pub struct SqliteStore {
    readers: read::Readers,
    writer: writer::Handle,
    /// `None` for a database in memory.
    path: Option<PathBuf>,
}

impl SqliteStore {
    /// Returns an empty store in memory, with a key that nobody else knows.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn in_memory() -> Result<Self, OpenError> {
        open::in_memory().await
    }

    /// Opens the store in a file, which is made when absent, and brings its schema up to date.
    ///
    /// Operations that a former process had begun become runnable at once: nobody else can hold them.
    ///
    /// # Errors
    /// When the file cannot be written, is in use, is no database, or was written by a newer version; when its
    /// keys are missing.
    pub async fn open(path: &Path, keys: &KeySource) -> Result<Self, OpenError> {
        open::file(path, keys).await
    }

    /// Opens the store in a file for reading, beside a server that may use it.
    ///
    /// # Errors
    /// When the file is absent, of another version, or its keys are missing.
    pub async fn open_read_only(path: &Path, keys: &KeySource) -> Result<Self, OpenError> {
        open::read_only(path, keys).await
    }

    /// What seals and opens its secrets.
    pub fn vault(&self) -> Arc<Vault> {
        Arc::clone(self.readers.vault())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error> {
        let found = self.readers.find_shared(&id.key()).await?;
        Ok(found.map(|record| Arc::try_unwrap(record).unwrap_or_else(|shared| (*shared).clone())))
    }

    async fn find_shared(&self, id: &ResourceId) -> Result<Option<Arc<Record>>, Error> {
        self.readers.find_shared(&id.key()).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        self.readers.list(query).await
    }

    async fn list_names(&self, scope: &ResourceId) -> Result<Vec<Name>, Error> {
        self.readers.list_names(&scope.key()).await
    }

    async fn list_texts(&self, kind: &TypeName, after: Option<u64>, limit: usize) -> Result<Texts, Error> {
        self.readers.list_texts(&kind.key(), after.unwrap_or(0), limit).await
    }

    fn known_revision(&self, key: &str) -> Option<u64> {
        self.readers.known_revision(key)
    }

    async fn list_referring(&self, to: &ResourceId, after: Option<u64>, limit: Option<usize>) -> Result<Page, Error> {
        self.readers.list_referring(&to.key(), after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        self.writer.commit(batch).await
    }

    async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        self.readers.find_operation(id).await
    }

    async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        self.readers.recent_operations(limit).await
    }
}

#[async_trait]
impl Queue for SqliteStore {
    async fn claim_next(&self, worker: Uuid, now: Timestamp, lease: Duration) -> Result<Option<Operation>, Error> {
        self.writer.claim(worker, now, now.after(lease)).await
    }

    async fn renew(&self, id: OperationId, attempt: u32, now: Timestamp, lease: Duration) -> Result<bool, Error> {
        self.writer.renew(id, attempt, now.after(lease)).await
    }

    async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
        self.writer.release(id, attempt, run_after).await
    }

    async fn wait(&self, at_most: Duration) {
        self.writer.wait(at_most).await;
    }
}

#[async_trait]
impl Engine for SqliteStore {
    /// No other process writes here, and this one refreshes its catalogue itself.
    async fn registrations_since(&self, revision: u64) -> Result<Registrations, Error> {
        Ok(Registrations { providers: Vec::new(), revision })
    }

    async fn wait_for_registrations(&self, at_most: Duration) {
        tokio::time::sleep(at_most).await;
    }

    async fn changes_since(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Error> {
        self.readers.changes_since(revision, limit).await
    }

    async fn known_changes(&self) -> Result<Known, Error> {
        self.readers.known_changes().await
    }

    async fn wait_for_changes(&self, at_most: Duration) {
        self.writer.wait_for_changes(at_most).await;
    }

    async fn prune_deletions(&self, before: Timestamp, limit: usize) -> Result<usize, Error> {
        self.writer.maintain(Maintenance::PruneDeletions { before, limit }).await
    }

    async fn prune(&self, ended_before: Timestamp, limit: usize) -> Result<usize, Error> {
        self.writer.maintain(Maintenance::Prune { ended_before, limit }).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        match &self.path {
            Some(path) => Ok(Box::new(FileSnapshot(open::begin_snapshot(path).await?))),
            None => Ok(Box::new(SharedSnapshot(self.readers.shared()))),
        }
    }

    async fn restore(&self, rows: Rows) -> Result<(), Error> {
        self.writer.maintain(Maintenance::Restore(rows)).await.map(drop)
    }

    async fn replace_sealed(&self, table: Table, changes: &[Resealed]) -> Result<usize, Error> {
        self.writer.maintain(Maintenance::Reseal(table, changes.to_vec())).await
    }

    async fn find_setting(&self, name: &str) -> Result<Option<String>, Error> {
        let mut connection = self.readers.connection().await;
        open::find_setting(&mut connection, name).await.map_err(|error| unavailable("read a setting", error))
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Error> {
        let remember = Maintenance::Remember { name: name.to_owned(), value: value.to_owned() };
        self.writer.maintain(remember).await.map(drop)
    }

    async fn check(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.readers.connection().await;
        let checked = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut *connection).await;
        let mut said: Vec<String> = checked.map_err(|error| unavailable("check the database", error))?;
        said.retain(|line| line != "ok");
        Ok(said)
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}

/// A transaction that reads what was there when it began.
struct FileSnapshot(SqliteConnection);

/// A database in memory belongs to one connection; whoever wants it unchanged does not change it.
struct SharedSnapshot(read::Shared);

#[async_trait]
impl Snapshot for FileSnapshot {
    async fn rows(&mut self, table: Table, after: u64, limit: usize) -> Result<Vec<String>, Error> {
        rows_of(&mut self.0, table, after, limit).await
    }

    async fn counter(&mut self) -> Result<u64, Error> {
        counter(&mut self.0).await
    }
}

#[async_trait]
impl Snapshot for SharedSnapshot {
    async fn rows(&mut self, table: Table, after: u64, limit: usize) -> Result<Vec<String>, Error> {
        rows_of(&mut *self.0.lock().await, table, after, limit).await
    }

    async fn counter(&mut self) -> Result<u64, Error> {
        counter(&mut *self.0.lock().await).await
    }
}

async fn rows_of(
    connection: &mut SqliteConnection,
    table: Table,
    after: u64,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = sqlx::query_scalar(maintain::rows_of(table)).bind(rows::signed(after)).bind(limit);
    rows.fetch_all(connection).await.map_err(|error| unavailable("read all rows", error))
}

async fn counter(connection: &mut SqliteConnection) -> Result<u64, Error> {
    let counter = sqlx::query_scalar("SELECT value FROM counter").fetch_one(connection).await;
    let counter: i64 = counter.map_err(|error| unavailable("read the counter", error))?;
    rows::unsigned(counter).map_err(|error| unavailable("read the counter", error))
}
