//! State in this process's memory: the store of tests and simulations.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::store::{
    Batch, Error, Expect, ListQuery, Operation, OperationId, Page, Queue, Record, State, Store, Write, beyond,
    parent_key,
};
use crate::{Clock, Fault, SystemClock, Timestamp};
use radii_model::ResourceId;

/// Keeps everything in memory; gone with the process.
///
/// Behaves as every other store does: one conformance suite holds them to it.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Mutex<Tables>,
    runnable: Notify,
}

#[derive(Default)]
struct Tables {
    /// Grows with every write; gives sequences and revisions.
    counter: u64,
    /// Sequence by record key.
    sequences: HashMap<String, u64>,
    records: BTreeMap<u64, Row>,
    operations: BTreeMap<u64, Queued>,
    operation_sequences: HashMap<OperationId, u64>,
    /// The scope whose operation was claimed last.
    turn: String,
}

#[derive(Clone)]
struct Row {
    key: String,
    parent: String,
    kind: String,
    record: Record,
}

#[derive(Clone)]
struct Queued {
    operation: Operation,
    lease_until: Option<Timestamp>,
}

/// What a write may change, as it was before.
enum Touched {
    Record(String, Option<Box<(u64, Row)>>),
    Operation(OperationId, Option<Box<(u64, Queued)>>),
    Nothing,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Returns an empty store that takes the time from the machine.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// Returns an empty store that takes the time from `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), runnable: Notify::new() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

impl Tables {
    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn touched(&self, write: &Write) -> Touched {
        match write {
            Write::Put { record, .. } => self.touched_record(record.id.key()),
            Write::Delete { id, .. } => self.touched_record(id.key()),
            Write::Enqueue(operation) => self.touched_operation(operation.id),
            Write::Advance { id, .. } => self.touched_operation(*id),
            Write::Require { .. } | Write::RequireEmpty { .. } | Write::RequireUnreferred { .. } => Touched::Nothing,
        }
    }

    fn touched_record(&self, key: String) -> Touched {
        let before = self.sequences.get(&key).map(|sequence| Box::new((*sequence, self.records[sequence].clone())));
        Touched::Record(key, before)
    }

    fn touched_operation(&self, id: OperationId) -> Touched {
        let sequence = self.operation_sequences.get(&id);
        Touched::Operation(id, sequence.map(|sequence| Box::new((*sequence, self.operations[sequence].clone()))))
    }

    fn restore(&mut self, touched: Touched) {
        match touched {
            Touched::Record(key, before) => {
                if let Some(sequence) = self.sequences.remove(&key) {
                    self.records.remove(&sequence);
                }
                if let Some((sequence, row)) = before.map(|before| *before) {
                    self.sequences.insert(key, sequence);
                    self.records.insert(sequence, row);
                }
            }
            Touched::Operation(id, before) => {
                if let Some(sequence) = self.operation_sequences.remove(&id) {
                    self.operations.remove(&sequence);
                }
                if let Some((sequence, queued)) = before.map(|before| *before) {
                    self.operation_sequences.insert(id, sequence);
                    self.operations.insert(sequence, queued);
                }
            }
            Touched::Nothing => {}
        }
    }

    fn check(&self, key: &str, expect: Expect, what: &ResourceId) -> Result<(), Error> {
        let revision = self.sequences.get(key).map(|sequence| self.records[sequence].record.revision);
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => revision.is_none(),
            Expect::Revision(expected) => revision == Some(expected),
        };
        if holds { Ok(()) } else { Err(Error::Conflict { what: what.to_string() }) }
    }

    fn require(&self, holds: bool, what: &ResourceId) -> Result<(), Error> {
        if holds { Ok(()) } else { Err(Error::Conflict { what: what.to_string() }) }
    }

    fn is_empty(&self, scope: &ResourceId) -> bool {
        let below = format!("{}/", scope.key());
        !self.records.values().any(|row| row.key.starts_with(&below))
    }

    fn is_unreferred(&self, id: &ResourceId) -> bool {
        let key = id.key();
        !self.records.values().any(|row| row.record.refers_to(&key))
    }

    fn put(&mut self, mut record: Record, expect: Expect) -> Result<(), Error> {
        let key = record.id.key();
        self.check(&key, expect, &record.id)?;
        record.revision = self.next();
        let sequence = *self.sequences.entry(key.clone()).or_insert(record.revision);
        let row = Row { parent: parent_key(&record.id), kind: record.type_name.to_ascii_lowercase(), key, record };
        self.records.insert(sequence, row);
        Ok(())
    }

    fn delete(&mut self, id: &ResourceId, expect: Expect) -> Result<(), Error> {
        let key = id.key();
        self.check(&key, expect, id)?;
        if let Some(sequence) = self.sequences.remove(&key) {
            self.records.remove(&sequence);
        }
        Ok(())
    }

    fn enqueue(&mut self, operation: Operation) -> Result<(), Error> {
        if self.operation_sequences.contains_key(&operation.id) {
            return Err(Error::Conflict { what: operation.id.to_string() });
        }
        let sequence = self.next();
        self.operation_sequences.insert(operation.id, sequence);
        self.operations.insert(sequence, Queued { operation, lease_until: None });
        Ok(())
    }

    /// Returns an operation that has not ended and, if an attempt is given, is held by it.
    fn held(&mut self, id: OperationId, attempt: Option<u32>) -> Option<&mut Queued> {
        let sequence = self.operation_sequences.get(&id)?;
        let queued = self.operations.get_mut(sequence)?;
        let holds = match attempt {
            Some(attempt) => queued.lease_until.is_some() && queued.operation.attempt == attempt,
            None => true,
        };
        (holds && !queued.operation.state.is_terminal()).then_some(queued)
    }

    fn advance(
        &mut self,
        id: OperationId,
        attempt: Option<u32>,
        state: State,
        error: Option<Fault>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let queued = self.held(id, attempt).ok_or_else(|| Error::Conflict { what: id.to_string() })?;
        queued.operation.state = state;
        queued.operation.error = error;
        if state.is_terminal() {
            queued.operation.ended_at = Some(now);
            queued.operation.payload = serde_json::Value::Null;
            queued.lease_until = None;
        }
        Ok(())
    }

    fn apply(&mut self, write: Write, now: Timestamp) -> Result<(), Error> {
        match write {
            Write::Put { record, expect } => self.put(*record, expect),
            Write::Delete { id, expect } => self.delete(&id, expect),
            Write::Enqueue(operation) => self.enqueue(*operation),
            Write::Advance { id, attempt, state, error } => self.advance(id, attempt, state, error, now),
            Write::Require { id } => self.require(self.sequences.contains_key(&id.key()), &id),
            Write::RequireEmpty { scope } => self.require(self.is_empty(&scope), &scope),
            Write::RequireUnreferred { id } => self.require(self.is_unreferred(&id), &id),
        }
    }

    fn page(&self, query: &ListQuery) -> Page {
        let scope = query.scope.as_ref().map(ResourceId::key);
        let below = scope.as_ref().map(|scope| format!("{scope}/"));
        let kind = query.kind.as_ref().map(radii_model::TypeName::key);
        let in_scope = |row: &Row| match (&scope, &below) {
            (Some(_), Some(below)) if query.recursive => row.key.starts_with(below.as_str()),
            (Some(scope), _) => row.parent == *scope,
            (None, _) => true,
        };
        self.select(query.after, query.limit, |row| kind.as_ref().is_none_or(|kind| row.kind == *kind) && in_scope(row))
    }

    fn select(&self, after: Option<u64>, limit: Option<usize>, wanted: impl Fn(&Row) -> bool) -> Page {
        let limit = limit.unwrap_or(usize::MAX);
        let mut found = self.records.range(after.map_or(0, |after| after + 1)..).filter(|(_, row)| wanted(row));
        let mut last = None;
        let mut records = Vec::new();
        for (sequence, row) in found.by_ref().take(limit) {
            last = Some(*sequence);
            records.push(row.record.clone());
        }
        let next = if found.next().is_some() { last } else { None };
        Page { records, next }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn find(&self, id: &ResourceId) -> Result<Option<Record>, Error> {
        let tables = self.tables();
        Ok(tables.sequences.get(&id.key()).map(|sequence| tables.records[sequence].record.clone()))
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        Ok(self.tables().page(query))
    }

    async fn list_referring(&self, to: &ResourceId, after: Option<u64>, limit: Option<usize>) -> Result<Page, Error> {
        let key = to.key();
        Ok(self.tables().select(after, limit, |row| row.record.refers_to(&key)))
    }

    async fn commit(&self, batch: Batch) -> Result<(), Error> {
        let now = self.clock.now();
        let enqueued = batch.iter().filter(|write| matches!(write, Write::Enqueue(_))).count();
        {
            let mut tables = self.tables();
            let before: Vec<Touched> = batch.iter().map(|write| tables.touched(write)).collect();
            if let Err(error) = batch.into_iter().try_for_each(|write| tables.apply(write, now)) {
                before.into_iter().rev().for_each(|touched| tables.restore(touched));
                return Err(error);
            }
        }
        for _ in 0..enqueued {
            self.runnable.notify_one();
        }
        Ok(())
    }

    async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        let tables = self.tables();
        Ok(tables.operation_sequences.get(&id).map(|sequence| tables.operations[sequence].operation.clone()))
    }

    async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        Ok(self.tables().operations.values().rev().take(limit).map(|queued| queued.operation.clone()).collect())
    }
}

#[async_trait]
impl Queue for MemoryStore {
    async fn claim_next(&self, _worker: Uuid, now: Timestamp, lease: Duration) -> Result<Option<Operation>, Error> {
        let mut tables = self.tables();
        let runnable = |queued: &Queued| {
            let far = beyond(now, lease);
            let free = queued.lease_until.is_none_or(|until| until < now || until > far);
            let due = queued.operation.run_after <= now || queued.operation.run_after > far;
            free && due && !queued.operation.state.is_terminal()
        };
        let Tables { operations, turn, .. } = &mut *tables;
        // The next scope in the circle, then its oldest.
        let place = |(sequence, queued): &(&u64, &mut Queued)| {
            let scope = queued.operation.resource.scope().key();
            (scope <= *turn, scope, queued.operation.run_after, **sequence)
        };
        let next = operations.iter_mut().filter(|(_, queued)| runnable(queued)).min_by_key(place);
        let Some((_, queued)) = next else { return Ok(None) };
        *turn = queued.operation.resource.scope().key();
        queued.operation.attempt += 1;
        queued.lease_until = Some(now.after(lease));
        Ok(Some(queued.operation.clone()))
    }

    async fn renew(&self, id: OperationId, attempt: u32, now: Timestamp, lease: Duration) -> Result<bool, Error> {
        let mut tables = self.tables();
        let held = tables.held(id, Some(attempt));
        Ok(held.map(|queued| queued.lease_until = Some(now.after(lease))).is_some())
    }

    async fn release(&self, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
        if let Some(queued) = self.tables().held(id, Some(attempt)) {
            queued.lease_until = None;
            queued.operation.run_after = run_after;
        }
        self.runnable.notify_one();
        Ok(())
    }

    async fn wait(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.runnable.notified()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_behaves_as_every_store_does() {
        crate::conformance::store(async || MemoryStore::new()).await;
    }
}
