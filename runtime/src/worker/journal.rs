//! The journal of one attempt: object references, durable before the objects exist.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use crate::Fault;
use crate::objects::{RECIPE_RUN, RECIPE_STATE};
use crate::platform::ObjectRef;
use crate::recipe::{Journal, Snapshot};
use crate::store::{self, Operation, Record, State, Store, Write};

/// Writes references into the stored record, fenced by the operation's attempt.
pub(super) struct RecordJournal<'a> {
    store: &'a dyn Store,
    operation: &'a Operation,
    /// The record as it is stored now, with the journal so far.
    stored: Mutex<Record>,
    lost: AtomicBool,
}

impl<'a> RecordJournal<'a> {
    pub(super) fn new(store: &'a dyn Store, operation: &'a Operation, stored: Record) -> Self {
        Self { store, operation, stored: Mutex::new(stored), lost: AtomicBool::new(false) }
    }

    /// Whether another worker, or a forced deletion, took the operation away.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns every reference written down so far, those of earlier changes included.
    pub(super) fn objects(&self) -> Vec<ObjectRef> {
        self.stored.lock().expect("no holder of the lock panics").private.journal.clone()
    }

    /// Returns the record as it is stored now.
    pub(super) fn stored(&self) -> Record {
        self.stored.lock().expect("no holder of the lock panics").clone()
    }
}

#[async_trait]
impl Journal for RecordJournal<'_> {
    async fn record(&self, objects: &[ObjectRef]) -> Result<(), Fault> {
        let mut record = self.stored();
        let before = record.private.journal.len();
        for object in objects {
            if !record.private.journal.contains(object) {
                record.private.journal.push(object.clone());
            }
        }
        if record.private.journal.len() == before {
            return Ok(());
        }
        self.write(record).await
    }

    async fn remember(&self, state: &Json) -> Result<(), Fault> {
        let mut record = self.stored();
        record.private.data.insert(RECIPE_STATE.to_owned(), state.clone());
        self.write(record).await
    }

    async fn begin(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        let mut record = self.stored();
        let run = json!(snapshot);
        if record.private.data.get(RECIPE_RUN) == Some(&run) {
            return Ok(());
        }
        record.private.data.insert(RECIPE_RUN.to_owned(), run);
        self.write(record).await
    }
}

impl RecordJournal<'_> {
    /// Stores the record as long as this attempt holds the operation.
    async fn write(&self, record: Record) -> Result<(), Fault> {
        let fence = Write::Advance {
            id: self.operation.id,
            attempt: Some(self.operation.attempt),
            state: State::Updating,
            error: None,
        };
        let write = Write::Put { record: Box::new(record.clone()), expect: store::Expect::Any };
        if let Err(error) = self.store.commit(vec![fence, write]).await {
            // What is lost stays lost, whatever a later write says.
            self.lost.fetch_or(matches!(error, store::Error::Conflict { .. }), Ordering::Relaxed);
            return Err(error.into());
        }
        *self.stored.lock().expect("no holder of the lock panics") = record;
        Ok(())
    }
}
