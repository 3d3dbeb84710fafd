//! One watch, from its first event to its last.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use radii_model::ApiVersion;
use radii_runtime::Fault;
use radii_runtime::host::Host;
use radii_runtime::imperative::note;
use radii_runtime::store::{Error, ListQuery};
use tokio::time::Instant;

use super::event;
use super::feed::{Feed, PAGE, Watcher};
use super::filter::Filter;

/// How long it is silent at most.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a watch lasts. Its client comes back with the last id, and who it is and what it may see is asked again.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// With everything that is there.
    Everything,
    /// With the next change.
    Now,
    /// After a revision that its client has seen.
    After(u64),
}

/// A watch.
pub(crate) struct Session {
    host: Arc<Host>,
    filter: Filter,
    /// The version through which resources are shown whose type has it.
    version: Option<ApiVersion>,
    watcher: Watcher,
    phase: Phase,
    feed: Arc<Feed>,
    ends: Instant,
}

enum Phase {
    /// What is there is sent; the position in the list.
    Existing(Option<u64>),
    Following,
    Ended,
}

impl Session {
    /// Begins a watch.
    ///
    /// # Errors
    /// 410 when the revision to go on from is too old, or not of this store.
    pub(crate) async fn begin(
        feed: &Arc<Feed>,
        host: Arc<Host>,
        begin: Begin,
        filter: Filter,
        version: Option<ApiVersion>,
    ) -> Result<Self, Fault> {
        let known = feed.known().await?;
        let (from, phase) = match begin {
            Begin::Everything => (known.to, Phase::Existing(None)),
            Begin::Now => (known.to, Phase::Following),
            Begin::After(revision) if (known.from..=known.to).contains(&revision) => (revision, Phase::Following),
            Begin::After(revision) => return Err(gone(revision)),
        };
        let ends = Instant::now() + LIFETIME;
        Ok(Self { host, filter, version, watcher: feed.watch_from(from), phase, feed: Arc::clone(feed), ends })
    }

    /// Returns the next events; `None` after the last ones.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            let events = match self.phase {
                Phase::Ended => return None,
                Phase::Existing(after) => self.existing(after).await,
                Phase::Following => self.following().await,
            };
            match events {
                Ok(events) if events.is_empty() => {}
                Ok(events) => return Some(events),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "A watch ends early");
                    return None;
                }
            }
        }
    }

    async fn existing(&mut self, after: Option<u64>) -> Result<Bytes, Error> {
        let kind = match self.filter.types.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        let scope = self.filter.scope.clone();
        let query = ListQuery { scope: scope.clone(), recursive: true, kind, after, limit: Some(PAGE) };
        let store = &self.host.parts.store;
        let mut records = Vec::new();
        if let (None, Some(scope)) = (after, scope) {
            // A list holds what lies below its scope; the scope itself is wanted, too.
            records.extend(store.find(&scope).await?);
        }
        let page = store.list(&query).await?;
        records.extend(page.records);
        let mut events = BytesMut::new();
        for record in &records {
            if !note::is_note(record) && self.filter.wants(&record.id, &record.type_name) {
                events.extend_from_slice(event::existing(&self.host, record, self.version.as_ref()).as_bytes());
            }
        }
        self.phase = match page.next {
            Some(next) => Phase::Existing(Some(next)),
            None => {
                events.extend_from_slice(&event::bookmark(self.watcher.at(), true));
                Phase::Following
            }
        };
        Ok(events.freeze())
    }

    async fn following(&mut self) -> Result<Bytes, Error> {
        let seen = self.watcher.at();
        let ends = self.ends;
        let entries = tokio::select! {
            biased;
            () = self.feed.stopped().cancelled() => return Ok(self.end(event::bookmark(seen, false))),
            () = tokio::time::sleep_until(ends) => return Ok(self.end(event::bookmark(seen, false))),
            entries = self.watcher.next() => entries?,
            () = tokio::time::sleep(HEARTBEAT) => return Ok(event::bookmark(self.watcher.at(), false)),
        };
        let Some(entries) = entries else { return Ok(self.end(event::fault(&gone(seen)))) };
        let wanted = entries.iter().filter(|entry| {
            let is_note = matches!(&entry.change.what, crate::store::What::Put(record) if note::is_note(record));
            !is_note && self.filter.passes(&entry.change)
        });
        let mut events = BytesMut::new();
        for entry in wanted {
            events.extend_from_slice(&event::change(&self.host, entry, seen, self.version.as_ref()));
        }
        Ok(events.freeze())
    }

    fn end(&mut self, last: Bytes) -> Bytes {
        self.phase = Phase::Ended;
        last
    }
}

/// The fault of a revision from which nobody can go on.
fn gone(revision: u64) -> Fault {
    let message = format!(
        "the feed cannot go on from revision `{revision}`: changes after it are forgotten, or it is of another store; \
         begin again without `since` and `Last-Event-ID`, which sends everything that is there first"
    );
    Fault::new(410, "Gone", message)
}
