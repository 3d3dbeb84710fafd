//! What changed lately, kept once for all watchers of a server.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use radii_runtime::store::Error;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::store::{Change, Engine, Known};

/// How often changes are looked for that nobody announced.
const POLL: Duration = Duration::from_secs(1);
/// So many changes are read at once.
pub(super) const PAGE: usize = 500;
/// So many changes are kept in memory; whoever is further behind reads the store.
const KEPT: usize = 2_000;
/// So many watchers read the store at once, so that a thousand that come back leave room for requests.
const CATCHING_UP: usize = 4;

/// A change, and how it is shown to those who ask for nothing special.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) change: Change,
    pub(super) shown: OnceLock<Arc<str>>,
}

impl Entry {
    pub(super) fn new(change: Change) -> Arc<Self> {
        Arc::new(Self { change, shown: OnceLock::new() })
    }
}

/// The latest changes: all that come after `since`.
#[derive(Debug)]
struct Recent {
    since: u64,
    entries: VecDeque<Arc<Entry>>,
}

/// The change feed of one server.
pub struct Feed {
    engine: Arc<dyn Engine>,
    /// `None` while nobody watches.
    recent: RwLock<Option<Recent>>,
    /// The last revision that was read; its receivers are the watchers.
    head: watch::Sender<u64>,
    joined: Notify,
    catching_up: Semaphore,
    stop: CancellationToken,
}

impl Feed {
    /// Returns the feed of a store; nothing is read before [`Feed::follow`] runs.
    pub fn new(engine: Arc<dyn Engine>) -> Arc<Self> {
        Arc::new(Self {
            engine,
            recent: RwLock::new(None),
            head: watch::Sender::new(0),
            joined: Notify::new(),
            catching_up: Semaphore::new(CATCHING_UP),
            stop: CancellationToken::new(),
        })
    }

    /// Reads changes while somebody watches, until [`Feed::close`].
    pub async fn follow(self: Arc<Self>) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.read_on() => {}
        }
    }

    /// Ends all watches; their clients go on elsewhere, from where they are.
    pub fn close(&self) {
        self.stop.cancel();
    }

    /// How many watch now.
    pub fn watchers(&self) -> usize {
        self.head.receiver_count()
    }

    /// Returns between which revisions one can begin.
    pub(super) async fn known(&self) -> Result<Known, Error> {
        self.engine.known_changes().await
    }

    /// Returns what has seen everything up to a revision.
    pub(super) fn watch_from(self: &Arc<Self>, revision: u64) -> Watcher {
        let heads = self.head.subscribe();
        self.joined.notify_one();
        Watcher { feed: Arc::clone(self), heads, at: revision }
    }

    pub(super) fn stopped(&self) -> &CancellationToken {
        &self.stop
    }

    async fn read_on(&self) {
        loop {
            let done = match self.read_once().await {
                Ok(done) => done,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "Cannot read what changed");
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            if self.head.receiver_count() == 0 {
                *self.recent.write().unwrap_or_else(PoisonError::into_inner) = None;
                self.joined.notified().await;
            } else if done < PAGE {
                self.engine.wait_for_changes(POLL).await;
            }
        }
    }

    /// Takes in what changed since the last time, and returns how much that was.
    async fn read_once(&self) -> Result<usize, Error> {
        if self.head.receiver_count() == 0 {
            return Ok(0);
        }
        let is_begun = self.recent.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if !is_begun {
            let since = self.known().await?.to;
            let begun = Recent { since, entries: VecDeque::new() };
            *self.recent.write().unwrap_or_else(PoisonError::into_inner) = Some(begun);
            self.head.send_replace(since);
        }
        let at = *self.head.borrow();
        let changes = self.engine.changes_since(at, PAGE).await?;
        let count = changes.len();
        let Some(last) = changes.last().map(|change| change.revision) else { return Ok(0) };
        if let Some(recent) = &mut *self.recent.write().unwrap_or_else(PoisonError::into_inner) {
            recent.entries.extend(changes.into_iter().map(Entry::new));
            while recent.entries.len() > KEPT {
                recent.since = recent.entries.pop_front().map_or(recent.since, |entry| entry.change.revision);
            }
        }
        self.head.send_replace(last);
        Ok(count)
    }

    /// Returns what came after a revision, if all of it is kept.
    fn after(&self, revision: u64) -> Kept {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        match &*recent {
            Some(recent) if revision >= recent.since => {
                let from = recent.entries.partition_point(|entry| entry.change.revision <= revision);
                Kept::Since(recent.entries.range(from..).take(PAGE).cloned().collect())
            }
            Some(recent) => Kept::LessThan(recent.since),
            None => Kept::Nothing,
        }
    }
}

/// How much of what came after a revision is kept.
enum Kept {
    Since(Vec<Arc<Entry>>),
    LessThan(u64),
    Nothing,
}

/// One who goes through all changes at its own pace.
pub(super) struct Watcher {
    feed: Arc<Feed>,
    heads: watch::Receiver<u64>,
    at: u64,
}

impl Watcher {
    /// The revision up to which everything was returned.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Waits for changes, and returns them in order; `None` when deletions were forgotten meanwhile that this watcher
    /// has not seen. Cancel-safe: what was not returned comes again.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Arc<Entry>>>, Error> {
        loop {
            self.heads.mark_unchanged();
            let kept = self.feed.after(self.at);
            match kept {
                Kept::Since(entries) if !entries.is_empty() => return Ok(Some(self.pass(entries))),
                Kept::Since(_) => self.wait().await,
                Kept::LessThan(_) | Kept::Nothing => {
                    let Some(entries) = self.catch_up().await? else { return Ok(None) };
                    if !entries.is_empty() {
                        return Ok(Some(self.pass(entries)));
                    }
                    match kept {
                        // Nothing lies between here and what is kept.
                        Kept::LessThan(since) => self.at = self.at.max(since),
                        _ => self.wait().await,
                    }
                }
            }
        }
    }

    fn pass(&mut self, entries: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
        self.at = entries.last().map_or(self.at, |entry| entry.change.revision);
        entries
    }

    async fn wait(&mut self) {
        // The sender lives in the feed, which this watcher holds.
        let _ = self.heads.changed().await;
    }

    async fn catch_up(&self) -> Result<Option<Vec<Arc<Entry>>>, Error> {
        let _turn = self.feed.catching_up.acquire().await;
        let changes = self.feed.engine.changes_since(self.at, PAGE).await?;
        // Afterwards: had it been forgotten in between, it would be missing above.
        if self.feed.known().await?.from > self.at {
            return Ok(None);
        }
        Ok(Some(changes.into_iter().map(Entry::new).collect()))
    }
}
