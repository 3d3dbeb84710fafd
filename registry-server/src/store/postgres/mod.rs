//! State in PostgreSQL, for several servers at once.
//!
//! Each server writes through one task ([`writer`]), which commits what has queued up meanwhile in a single
//! transaction. Writers of all servers take turns at the row of the counter, so that changes have one order
//! everywhere. Reads, claims and leases run beside them on a pool; claims skip what others are claiming.
//! Servers tell each other of work and registrations by `NOTIFY`, and look for themselves now and then.

mod claim;
mod group;
mod listen;
mod maintain;
mod open;
mod own;
mod read;
mod single;
#[cfg(test)]
mod tests;
mod url;
mod writer;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use radii_runtime::Timestamp;
use radii_runtime::store::{Batch, Error, ListQuery, Name, Operation, OperationId, Page, Queue, Record, Store, Texts};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::keys::KeySource;
use super::vault::Vault;
use super::{Change, Engine, Known, OpenError, Registrations, Resealed, Rows, Snapshot, Table, rows, unavailable};

pub(super) use open::pending_migrations;
#[cfg(test)]
pub(super) use tests::scratch as scratch_for_tests;
pub use url::{InvalidUrl, PostgresUrl};

/// A store in a PostgreSQL database that other servers may use as well.
///
/// Guarantees: what a call returned `Ok` for survives the end of this process, and of the database's as far
/// as that promises it.
pub struct PostgresStore {
    pool: PgPool,
    single: single::Single,
    vault: Arc<Vault>,
    writer: writer::Handle,
    signals: Arc<listen::Signals>,
    own: Arc<own::Own>,
    /// The scope whose operation was claimed last by this server.
    turn: Mutex<String>,
    stop: CancellationToken,
}

impl PostgresStore {
    /// Connects, brings the schema up to date and checks the keys.
    ///
    /// # Errors
    /// When the database cannot be reached, was written by a newer version, or its keys are missing.
    pub async fn open(url: &PostgresUrl, keys: &KeySource) -> Result<Self, OpenError> {
        open::open(url, keys, open::Schema::BringUpToDate).await
    }

    /// Connects to a database whose schema must be of this version already.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], and when migrations are missing.
    pub async fn open_existing(url: &PostgresUrl, keys: &KeySource) -> Result<Self, OpenError> {
        open::open(url, keys, open::Schema::LeaveAlone).await
    }

    /// What seals and opens its secrets.
    pub fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error> {
        let found = self.single.find(&self.pool, &self.vault, id.key()).await?;
        Ok(found.map(|record| Arc::try_unwrap(record).unwrap_or_else(|shared| (*shared).clone())))
    }

    async fn find_shared(&self, id: &ResourceId) -> Result<Option<Arc<Record>>, Error> {
        self.single.find(&self.pool, &self.vault, id.key()).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        read::list(&self.pool, &self.vault, query).await
    }

    async fn list_names(&self, scope: &ResourceId) -> Result<Vec<Name>, Error> {
        read::list_names(&self.pool, &scope.key()).await
    }

    async fn list_texts(&self, kind: &TypeName, after: Option<u64>, limit: usize) -> Result<Texts, Error> {
        read::list_texts(&self.pool, &kind.key(), after.unwrap_or(0), limit).await
    }

    async fn list_referring(&self, to: &ResourceId, after: Option<u64>, limit: Option<usize>) -> Result<Page, Error> {
        read::list_referring(&self.pool, &self.vault, &to.key(), after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        self.writer.commit(batch).await
    }

    async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        read::find_operation(&self.pool, &self.vault, id).await
    }

    async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        read::recent_operations(&self.pool, &self.vault, limit).await
    }
}

#[async_trait]
impl Queue for PostgresStore {
    async fn claim_next(&self, worker: Uuid, now: Timestamp, lease: Duration) -> Result<Option<Operation>, Error> {
        let turn = self.turn.lock().expect("no holder of the lock panics").clone();
        let claimed = claim::next(&self.pool, &self.vault, worker, &turn, now, now.after(lease)).await?;
        if let Some(operation) = &claimed {
            *self.turn.lock().expect("no holder of the lock panics") = rows::turn_of(&operation.resource);
        }
        Ok(claimed)
    }

    async fn renew(&self, id: OperationId, attempt: u32, now: Timestamp, lease: Duration) -> Result<bool, Error> {
        claim::renew(&self.pool, id, attempt, now.after(lease)).await
    }

    async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
        claim::release(&self.pool, id, attempt, run_after).await?;
        self.signals.work.notify_one();
        Ok(())
    }

    async fn wait(&self, at_most: Duration) {
        let at_most = claim::until_due(&self.pool, at_most).await;
        let _ = tokio::time::timeout(at_most, self.signals.work.notified()).await;
    }
}

#[async_trait]
impl Engine for PostgresStore {
    async fn registrations_since(&self, revision: u64) -> Result<Registrations, Error> {
        read::registrations_since(&self.pool, &self.own, revision).await
    }

    async fn wait_for_registrations(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.signals.registrations.notified()).await;
    }

    async fn changes_since(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Error> {
        read::changes_since(&self.pool, &self.vault, revision, limit).await
    }

    async fn known_changes(&self) -> Result<Known, Error> {
        read::known_changes(&self.pool).await
    }

    async fn wait_for_changes(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.signals.changes.notified()).await;
    }

    async fn prune_deletions(&self, before: Timestamp, limit: usize) -> Result<usize, Error> {
        maintain::prune_deletions(&self.pool, before, limit).await
    }

    async fn prune(&self, ended_before: Timestamp, limit: usize) -> Result<usize, Error> {
        maintain::prune(&self.pool, ended_before, limit).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, Error> {
        Ok(Box::new(maintain::View::begin(&self.pool).await?))
    }

    async fn restore(&self, rows: Rows) -> Result<(), Error> {
        maintain::restore(&self.pool, rows).await
    }

    async fn replace_sealed(&self, table: Table, changes: &[Resealed]) -> Result<usize, Error> {
        maintain::reseal(&self.pool, table, changes).await
    }

    async fn find_setting(&self, name: &str) -> Result<Option<String>, Error> {
        open::find_setting(&self.pool, name).await.map_err(|error| unavailable("read a setting", error))
    }

    async fn set_setting(&self, name: &str, value: &str) -> Result<(), Error> {
        maintain::set_setting(&self.pool, name, value).await
    }

    /// PostgreSQL checks its own pages; what can be asked from here is whether they can be read.
    async fn check(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn close(&self) {
        self.stop.cancel();
        self.writer.close().await;
        self.pool.close().await;
    }
}
