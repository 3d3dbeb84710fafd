//! The one task that writes.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use radii_runtime::store::{Batch, Error, Operation, OperationId, beyond};
use radii_runtime::{Clock, SystemClock, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use super::cache::Cache;
use super::group::{self, Then};
use super::log::Log;
use super::read::Shared;
use super::{maintain, read};
use crate::store::plan::Decision;
use crate::store::prepared::Prepared;
use crate::store::vault::Vault;
use crate::store::{BoxError, Resealed, Rows, Table, rows, unavailable};

/// So many requests share a transaction at most; picked so that one stays well under 10 ms.
const GROUP: usize = 256;

/// What is due and yet was not claimed is being claimed by somebody else, or cannot be read: asking again at
/// once would only keep the processor busy.
const PAUSE: Duration = Duration::from_millis(20);

// The oldest of the first scope behind `?4`.
const CLAIM: &str = "
    UPDATE operation SET attempt = attempt + 1, lease_until = ?2, worker = ?3
    WHERE sequence = (SELECT sequence FROM operation
                      WHERE ended_at IS NULL AND scope > ?4 AND (run_after <= ?1 OR run_after > ?5)
                        AND (lease_until IS NULL OR lease_until < ?1 OR lease_until > ?5)
                      ORDER BY scope, run_after, sequence LIMIT 1)
    RETURNING id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at, scope";

const RENEW: &str = "
    UPDATE operation SET lease_until = ?3
    WHERE id = ?1 AND attempt = ?2 AND lease_until IS NOT NULL AND ended_at IS NULL";

const RELEASE: &str = "
    UPDATE operation SET lease_until = NULL, run_after = ?3
    WHERE id = ?1 AND attempt = ?2 AND lease_until IS NOT NULL AND ended_at IS NULL";

/// What the writer is asked for, and where its answer goes.
enum Request {
    Commit(Prepared, oneshot::Sender<Result<(), Error>>),
    Lease(Lease, oneshot::Sender<Result<Leased, Error>>),
    Maintain(Maintenance, oneshot::Sender<Result<usize, Error>>),
    Close(oneshot::Sender<()>),
}

#[derive(Clone, Copy)]
enum Lease {
    Claim { worker: Uuid, now: Timestamp, until: Timestamp },
    Renew { id: OperationId, attempt: u32, until: Timestamp },
    Release { id: OperationId, attempt: u32, run_after: Timestamp },
}

/// What operators ask for; each has a transaction of its own.
pub(super) enum Maintenance {
    Prune { ended_before: Timestamp, limit: usize },
    PruneDeletions { before: Timestamp, limit: usize },
    Restore(Rows),
    Reseal(Table, Vec<Resealed>),
    Remember { name: String, value: String },
}

/// What became of a [`Lease`].
enum Leased {
    Claimed(Option<Box<Operation>>),
    /// Whether the attempt held the operation.
    Held(bool),
}

/// What callers hold of the writer.
pub(super) struct Handle {
    requests: mpsc::Sender<Request>,
    runnable: Arc<Notify>,
    changed: Arc<Notify>,
    /// For the wait alone; a connection of its own would idle.
    connection: Shared,
    vault: Arc<Vault>,
}

impl Handle {
    /// Starts the writer; it ends when it is closed or when the handle is dropped.
    pub(super) fn start(
        connection: Shared,
        reader: Shared,
        vault: Arc<Vault>,
        cache: Arc<Cache>,
        counter: u64,
        file: Option<OwnFile>,
    ) -> Self {
        let (requests, inbox) = mpsc::channel(4 * GROUP);
        let changed = Arc::new(Notify::new());
        let writer = Writer {
            connection,
            vault: Arc::clone(&vault),
            cache,
            counter,
            turn: String::new(),
            clock: SystemClock,
            changed: Arc::clone(&changed),
            log: file.as_ref().map(|file| Log::start(file.options.clone())),
            file,
            is_in_doubt: false,
        };
        tokio::spawn(writer.run(inbox));
        Self { requests, runnable: Arc::new(Notify::new()), changed, connection: reader, vault }
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), Error> {
        const DOING: &str = "write a change";
        let batch = Prepared::of(&self.vault, batch)?;
        let enqueued = batch.work;
        self.ask(DOING, |reply| Request::Commit(batch, reply)).await?;
        for _ in 0..enqueued {
            self.runnable.notify_one();
        }
        Ok(())
    }

    pub(super) async fn claim(
        &self,
        worker: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Operation>, Error> {
        let lease = Lease::Claim { worker, now, until };
        match self.ask("claim an operation", |reply| Request::Lease(lease, reply)).await? {
            Leased::Claimed(operation) => Ok(operation.map(|operation| *operation)),
            Leased::Held(_) => Ok(None),
        }
    }

    pub(super) async fn renew(&self, id: OperationId, attempt: u32, until: Timestamp) -> Result<bool, Error> {
        let lease = Lease::Renew { id, attempt, until };
        let leased = self.ask("renew a lease", |reply| Request::Lease(lease, reply)).await?;
        Ok(matches!(leased, Leased::Held(true)))
    }

    pub(super) async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
        let lease = Lease::Release { id, attempt, run_after };
        self.ask("give an operation back", |reply| Request::Lease(lease, reply)).await?;
        self.runnable.notify_one();
        Ok(())
    }

    pub(super) async fn maintain(&self, maintenance: Maintenance) -> Result<usize, Error> {
        self.ask("maintain the database", |reply| Request::Maintain(maintenance, reply)).await
    }

    /// Returns when an operation was enqueued or given back, when the next one falls due, or after `at_most`.
    pub(super) async fn wait(&self, at_most: Duration) {
        let due = read::next_due(&mut *self.connection.lock().await).await.ok().flatten();
        let until_due = due.map_or(at_most, |due| {
            // One more than the difference: a lease runs out after its last millisecond.
            let wait = due.saturating_sub(SystemClock.now().0).saturating_add(1);
            Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(PAUSE)
        });
        let _ = tokio::time::timeout(at_most.min(until_due), self.runnable.notified()).await;
    }

    /// Returns when a record was changed, or after `at_most`.
    pub(super) async fn wait_for_changes(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.changed.notified()).await;
    }

    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
    }

    async fn ask<T>(
        &self,
        doing: &'static str,
        request: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Request,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let closed = || unavailable(doing, "the store is closed");
        self.requests.send(request(reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

struct Writer {
    connection: Shared,
    vault: Arc<Vault>,
    cache: Arc<Cache>,
    counter: u64,
    /// The scope whose operation was claimed last.
    turn: String,
    clock: SystemClock,
    changed: Arc<Notify>,
    /// The file, where the database is one.
    file: Option<OwnFile>,
    /// Who folds the file's log in.
    log: Option<Log>,
    /// Whether a transaction failed, so that nobody knows what the connection takes for open.
    is_in_doubt: bool,
}

/// The file that the writer alone writes to.
pub(super) struct OwnFile {
    /// How it is opened again.
    options: SqliteConnectOptions,
    /// Held until the last write is done; the system releases it when the process ends, however it ends.
    _lock: File,
}

impl OwnFile {
    pub(super) fn new(options: SqliteConnectOptions, lock: File) -> Self {
        Self { options: options.create_if_missing(false), _lock: lock }
    }
}

/// What became of one request inside a transaction.
enum Outcome {
    Decided(Decision),
    Leased(Leased),
}

impl Writer {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut requests = Vec::with_capacity(GROUP);
        while inbox.recv_many(&mut requests, GROUP).await > 0 {
            let closing = requests.iter().position(|request| matches!(request, Request::Close(_)));
            let after: Vec<Request> = closing.map_or_else(Vec::new, |at| requests.drain(at..).collect());
            let (maintenance, requests): (Vec<_>, Vec<_>) =
                std::mem::take(&mut requests).into_iter().partition(|request| matches!(request, Request::Maintain(..)));
            self.answer(requests).await;
            for request in maintenance {
                if let Request::Maintain(maintenance, reply) = request {
                    drop(reply.send(self.maintain(maintenance).await));
                }
            }
            if let Some(Request::Close(reply)) = after.into_iter().next() {
                // Folds the log into the database file; what is left of it is read at the next start otherwise.
                let _ =
                    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *self.connection.lock().await).await;
                drop(self);
                let _ = reply.send(());
                return;
            }
        }
    }

    /// Carries requests out together and answers each.
    async fn answer(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        match self.transact(&requests).await {
            Ok(outcomes) => requests.into_iter().zip(outcomes).for_each(|(request, outcome)| reply(request, outcome)),
            // One request must not fail for another one's sake: each gets a transaction of its own.
            Err(error) if requests.len() > 1 => {
                tracing::warn!(error, requests = requests.len(), "A shared transaction failed; trying one by one");
                for request in requests {
                    Box::pin(self.answer(vec![request])).await;
                }
            }
            Err(error) => requests.into_iter().for_each(|request| refuse(request, &error)),
        }
    }

    async fn transact(&mut self, requests: &[Request]) -> Result<Vec<Outcome>, BoxError> {
        self.settle().await?;
        self.is_in_doubt = true;
        let outcomes = self.try_transact(requests).await;
        match &outcomes {
            Ok(_) => self.is_in_doubt = false,
            // Where SQLite has not done so itself; a database in memory has no other connection to go on with.
            Err(_) => drop(sqlx::query("ROLLBACK").execute(&mut *self.connection.lock().await).await),
        }
        outcomes
    }

    /// Opens the file again after a transaction that failed.
    ///
    /// SQLite ends a transaction by itself when the disk is full, and says so to nobody.
    async fn settle(&mut self) -> Result<(), BoxError> {
        if let Some(file) = self.file.as_ref().filter(|_| self.is_in_doubt) {
            let fresh = file.options.connect().await?;
            *self.connection.lock().await = fresh;
        }
        Ok(())
    }

    /// Carries requests out in one transaction.
    async fn try_transact(&mut self, requests: &[Request]) -> Result<Vec<Outcome>, BoxError> {
        let connection = Arc::clone(&self.connection);
        let mut connection = connection.lock().await;
        let batches: Vec<&Prepared> = requests.iter().filter_map(batch).collect();
        let now = self.clock.now();
        let mut decided = group::decide(&mut connection, self.counter, now, &batches).await?;
        let has_leases = batches.len() < requests.len();
        let then = if has_leases { Then::GoOn } else { Then::End };
        let mut turn = self.turn.clone();
        let written = async {
            decided.write(&mut connection, now, then).await?;
            let mut leased = Vec::new();
            for request in requests {
                if let Request::Lease(change, _) = request {
                    leased.push(lease(&mut connection, &self.vault, &mut turn, *change).await?);
                }
            }
            if has_leases {
                sqlx::query(group::END).execute(&mut *connection).await?;
            }
            Ok::<_, BoxError>(leased)
        };
        let written = written.await;
        self.show(&decided, written.is_ok());
        let mut leased = written?.into_iter();
        if let Some(log) = &mut self.log {
            log.written(decided.rows());
        }
        (self.counter, self.turn) = (decided.counter(), turn);
        let mut decisions = std::mem::take(&mut decided.decisions).into_iter();
        let outcome = |request: &Request| match request {
            Request::Lease(..) => Outcome::Leased(leased.next().unwrap_or(Leased::Claimed(None))),
            _ => Outcome::Decided(decisions.next().unwrap_or(Ok(()))),
        };
        Ok(requests.iter().map(outcome).collect())
    }

    /// Lets readers see what was written, before anybody is told: who was told of a change must not read what was there
    /// before. What may have been written is forgotten.
    fn show(&self, decided: &group::Decided<'_>, is_written: bool) {
        let mut has_changed = false;
        for key in decided.deleted() {
            self.cache.forget(key);
            has_changed = true;
        }
        for written in decided.written() {
            has_changed = true;
            match is_written {
                true => self.cache.replace(written),
                false => self.cache.forget(&written.row.key),
            }
        }
        if has_changed && is_written {
            self.changed.notify_one();
        }
    }

    async fn maintain(&mut self, maintenance: Maintenance) -> Result<usize, Error> {
        const DOING: &str = "maintain the database";
        self.settle().await.map_err(|error| unavailable(DOING, error))?;
        self.is_in_doubt = true;
        let changed = self.try_maintain(maintenance).await?;
        self.is_in_doubt = false;
        Ok(changed)
    }

    async fn try_maintain(&mut self, maintenance: Maintenance) -> Result<usize, Error> {
        const DOING: &str = "maintain the database";
        let connection = Arc::clone(&self.connection);
        let mut connection = connection.lock().await;
        let mut transaction =
            connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| unavailable(DOING, error))?;
        let counter = if let Maintenance::Restore(rows) = &maintenance { rows.counter } else { self.counter };
        let changed = maintain::carry_out(&mut transaction, maintenance).await?;
        transaction.commit().await.map_err(|error| unavailable(DOING, error))?;
        self.counter = self.counter.max(counter);
        Ok(changed)
    }
}

fn batch(request: &Request) -> Option<&Prepared> {
    match request {
        Request::Commit(batch, _) => Some(batch),
        _ => None,
    }
}

async fn lease(
    connection: &mut SqliteConnection,
    vault: &Vault,
    turn: &mut String,
    lease: Lease,
) -> Result<Leased, BoxError> {
    match lease {
        Lease::Claim { worker, now, until } => {
            let worker = worker.to_string();
            let far = beyond(now, until.since(now));
            let mut row = None;
            // Behind the scope whose turn it was; then from the first one.
            for from in [turn.as_str(), ""] {
                let claim = sqlx::query(CLAIM).bind(now.0).bind(until.0).bind(&worker).bind(from).bind(far.0);
                row = claim.fetch_optional(&mut *connection).await?;
                if row.is_some() || from.is_empty() {
                    break;
                }
            }
            let Some(row) = row else { return Ok(Leased::Claimed(None)) };
            *turn = row.try_get(11)?;
            Ok(Leased::Claimed(Some(Box::new(rows::operation(vault, &row)?))))
        }
        Lease::Renew { id, attempt, until } => held(connection, RENEW, id, attempt, until).await,
        Lease::Release { id, attempt, run_after } => held(connection, RELEASE, id, attempt, run_after).await,
    }
}

async fn held(
    connection: &mut SqliteConnection,
    sql: &'static str,
    id: OperationId,
    attempt: u32,
    moment: Timestamp,
) -> Result<Leased, BoxError> {
    let change = sqlx::query(sql).bind(id.to_string()).bind(attempt).bind(moment.0);
    Ok(Leased::Held(change.execute(connection).await?.rows_affected() == 1))
}

// A caller that no longer waits for its answer is no fault.
fn reply(request: Request, outcome: Outcome) {
    match (request, outcome) {
        (Request::Commit(_, reply), Outcome::Decided(decision)) => {
            drop(reply.send(decision.map_err(|what| Error::Conflict { what })));
        }
        (Request::Lease(_, reply), Outcome::Leased(leased)) => drop(reply.send(Ok(leased))),
        _ => {}
    }
}

fn refuse(request: Request, error: &BoxError) {
    match request {
        Request::Commit(_, reply) => drop(reply.send(Err(unavailable("write a change", error.to_string())))),
        Request::Lease(_, reply) => drop(reply.send(Err(unavailable("lease an operation", error.to_string())))),
        Request::Maintain(_, reply) => drop(reply.send(Err(unavailable("maintain the database", error.to_string())))),
        Request::Close(reply) => drop(reply.send(())),
    }
}
