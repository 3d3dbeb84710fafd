//! The one task of a server that writes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use radii_runtime::store::{Batch, Error};
use radii_runtime::{Clock, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use super::listen::Signals;
use super::own::Own;
use super::{group, read};
use crate::store::plan::{Decision, registrations_of};
use crate::store::prepared::Prepared;
use crate::store::vault::Vault;
use crate::store::{BoxError, unavailable};

/// So many batches share a transaction at most; picked so that one stays well under 10 ms.
const GROUP: usize = 256;

/// How long a change waits for a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the first new try waits; each further one twice as long, up to a second.
const PAUSE: Duration = Duration::from_millis(20);

const DOING: &str = "write a change";

enum Request {
    Commit(Prepared, oneshot::Sender<Result<(), Error>>),
    Close(oneshot::Sender<()>),
}

/// What callers hold of the writer.
pub(super) struct Handle {
    requests: mpsc::Sender<Request>,
    signals: Arc<Signals>,
    vault: Arc<Vault>,
}

impl Handle {
    /// Starts the writer; it ends when it is closed or when the handle is dropped.
    pub(super) fn start(
        options: PgConnectOptions,
        connection: PgConnection,
        vault: Arc<Vault>,
        signals: Arc<Signals>,
        own: Arc<Own>,
    ) -> Self {
        let (requests, inbox) = mpsc::channel(4 * GROUP);
        let told = Arc::clone(&signals);
        let writer = Writer { options, connection: Some(connection), clock: SystemClock, own, signals: told };
        tokio::spawn(writer.run(inbox));
        Self { requests, signals, vault }
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), Error> {
        let batch = Prepared::of(&self.vault, batch)?;
        let adds_work = batch.work > 0;
        let (reply, answer) = oneshot::channel();
        let closed = || unavailable(DOING, "the store is closed");
        self.requests.send(Request::Commit(batch, reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())??;
        if adds_work {
            self.signals.work.notify_one();
        }
        Ok(())
    }

    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.requests.send(Request::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

struct Writer {
    options: PgConnectOptions,
    /// `None` after it broke.
    connection: Option<PgConnection>,
    clock: SystemClock,
    own: Arc<Own>,
    signals: Arc<Signals>,
}

type Asked = (Prepared, oneshot::Sender<Result<(), Error>>);

/// Why a transaction did not end well.
enum Failure {
    /// It certainly changed nothing, and the connection or the moment was the reason.
    Again(BoxError),
    /// The connection broke while it was committed: whether it was, the database knows.
    Unknown { transaction: String, decisions: Vec<Decision>, source: BoxError },
    /// One of the batches is the reason.
    Refused(BoxError),
}

impl Writer {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut requests = Vec::with_capacity(GROUP);
        while inbox.recv_many(&mut requests, GROUP).await > 0 {
            let (mut asked, mut closing) = (Vec::with_capacity(requests.len()), None);
            for request in requests.drain(..) {
                match request {
                    Request::Commit(batch, reply) if closing.is_none() => asked.push((batch, reply)),
                    Request::Commit(..) => {}
                    Request::Close(reply) => closing = Some(reply),
                }
            }
            self.answer(asked).await;
            if let Some(reply) = closing {
                if let Some(connection) = self.connection.take() {
                    let _ = connection.close().await;
                }
                let _ = reply.send(());
                return;
            }
        }
    }

    /// Carries batches out together and answers each.
    async fn answer(&mut self, asked: Vec<Asked>) {
        if asked.is_empty() {
            return;
        }
        let batches: Vec<&Prepared> = asked.iter().map(|(batch, _)| batch).collect();
        match self.persist(&batches).await {
            Ok(decisions) => {
                for ((_, reply), decision) in asked.into_iter().zip(decisions) {
                    // A caller that no longer waits for its answer is no fault.
                    drop(reply.send(decision.map_err(|what| Error::Conflict { what })));
                }
            }
            // One batch must not fail for another one's sake: each gets a transaction of its own.
            Err(Failure::Refused(error)) if asked.len() > 1 => {
                tracing::warn!(error, batches = asked.len(), "A shared transaction failed; trying one by one");
                for one in asked {
                    Box::pin(self.answer(vec![one])).await;
                }
            }
            Err(Failure::Refused(error) | Failure::Again(error) | Failure::Unknown { source: error, .. }) => {
                for (_, reply) in asked {
                    drop(reply.send(Err(unavailable(DOING, error.to_string()))));
                }
            }
        }
    }

    /// Carries batches out, again and again while the connection is the reason that it fails.
    async fn persist(&mut self, batches: &[&Prepared]) -> Result<Vec<Decision>, Failure> {
        let begun = Instant::now();
        let mut pause = PAUSE;
        loop {
            let failure = match self.transact(batches).await {
                Ok(decisions) => return Ok(decisions),
                Err(Failure::Refused(error)) => return Err(Failure::Refused(error)),
                Err(failure) => failure,
            };
            self.connection = None;
            if let Failure::Unknown { transaction, decisions, .. } = &failure {
                match self.was_committed(transaction, begun).await {
                    Some(true) => return Ok(decisions.clone()),
                    Some(false) => {}
                    // It may have been: whoever asked for it is told that it failed, or that somebody else was first.
                    None => {
                        self.own.doubt(registrations_of(batches));
                        self.signals.registrations.notify_one();
                    }
                }
            }
            if begun.elapsed() > PATIENCE {
                return Err(failure);
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(Duration::from_secs(1));
        }
    }

    async fn connect(&mut self) -> sqlx::Result<&mut PgConnection> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
        }
        Ok(self.connection.as_mut().expect("it was just set"))
    }

    async fn transact(&mut self, batches: &[&Prepared]) -> Result<Vec<Decision>, Failure> {
        let (now, own) = (self.clock.now(), self.own.name());
        let connection = self.connect().await.map_err(|error| Failure::Again(error.into()))?;
        let mut transaction = connection.begin().await.map_err(|error| failure(error.into()))?;
        let turn = group::lock(&mut transaction).await.map_err(failure)?;
        let decided = group::commit(&mut transaction, &turn, &own, now, batches).await;
        let decisions = match decided {
            Ok(decisions) => decisions,
            Err(error) => {
                let _ = transaction.rollback().await;
                return Err(failure(error));
            }
        };
        match transaction.commit().await {
            Ok(()) => Ok(decisions),
            Err(error @ sqlx::Error::Database(_)) if !read::is_of_connection(&error) => {
                Err(Failure::Refused(error.into()))
            }
            Err(error) => Err(Failure::Unknown { transaction: turn.transaction, decisions, source: error.into() }),
        }
    }

    /// Asks how a transaction ended whose end was not heard; `None` when nobody knows.
    async fn was_committed(&mut self, transaction: &str, begun: Instant) -> Option<bool> {
        let mut pause = PAUSE;
        while begun.elapsed() < PATIENCE {
            if let Ok(connection) = self.connect().await {
                let asked = sqlx::query_scalar("SELECT pg_xact_status($1::text::xid8)").bind(transaction);
                let status: Result<Option<String>, _> = asked.fetch_one(connection).await;
                match status.as_ref().map(Option::as_deref) {
                    Ok(Some("committed")) => return Some(true),
                    Ok(Some("aborted")) => return Some(false),
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(_) => self.connection = None,
                }
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(Duration::from_secs(1));
        }
        None
    }
}

/// Sorts a failure before the commit: nothing was changed, whatever it is.
fn failure(error: BoxError) -> Failure {
    let again = error.downcast_ref::<sqlx::Error>().is_some_and(|error| {
        let contended = matches!(error, sqlx::Error::Database(error)
            if error.code().is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03")));
        contended || read::is_of_connection(error)
    });
    if again { Failure::Again(error) } else { Failure::Refused(error) }
}
