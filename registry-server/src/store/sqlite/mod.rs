//! State in SQLite.
//!
//! All writes pass one task ([`writer`]), which commits what has queued up meanwhile in a single
//! transaction: a durable write costs a share of one `fsync`. Reads run beside it on connections of
//! their own; taking one from a pool would cost more than the query.

mod group;
mod open;
mod read;
mod rows;
#[cfg(test)]
mod tests;
mod writer;

use std::time::Duration;

use async_trait::async_trait;
use radii_model::ResourceId;
use radii_runtime::Timestamp;
use radii_runtime::store::{Batch, Error, ListQuery, Operation, OperationId, Page, Queue, Record, Store};
use uuid::Uuid;

pub use open::OpenError;

/// A store in one SQLite database that no other process uses.
///
/// Guarantees: what a call returned `Ok` for survives the end of the process and of the machine.
pub struct SqliteStore {
    readers: read::Readers,
    writer: writer::Handle,
}

impl SqliteStore {
    /// Returns an empty store in memory.
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
    /// When the file cannot be written, is in use, is no database, or was written by a newer version.
    pub async fn open(path: &std::path::Path) -> Result<Self, OpenError> {
        open::file(path).await
    }

    /// Waits for writes in progress and closes the database; later calls fail.
    pub async fn close(&self) {
        self.writer.close().await;
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error> {
        self.readers.find(&id.key()).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        self.readers.list(query).await
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

/// Returns the error that a caller sees when the database failed.
fn unavailable(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable { doing, source: source.into() }
}
