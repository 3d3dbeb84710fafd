//! What a set of batches leads to: decided in memory, whichever engine holds the rows.
//!
//! What the expectations of all batches need is read first ([`Needs`], [`Found`]), each batch is then
//! decided in memory, and what the successful ones lead to is written set by set. A batch whose expectation
//! fails therefore never wrote anything, and the number of statements does not grow with the number of batches.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use radii_runtime::Timestamp;
use radii_runtime::store::{Expect, OperationId, State};
use serde_json::{Value as Json, json};

use super::prepared::{Change, OperationRow, Prepared, RecordRow, Subject, Value, Written};

/// Whether a batch happened; otherwise, what was not as expected.
pub(super) type Decision = Result<(), String>;

/// What has to be known before batches can be decided.
#[derive(Debug, Default)]
pub(super) struct Needs<'a> {
    /// Keys of records.
    pub keys: IndexSet<&'a str>,
    /// Ids of operations.
    pub operations: IndexSet<String>,
    /// Keys of scopes that must be empty.
    pub scopes: IndexSet<&'a str>,
    /// Keys of records that must not be referred to.
    pub referred: IndexSet<&'a str>,
    /// So many keys below a scope, or referring to a record, decide: the batches cannot remove them all.
    pub enough: usize,
}

impl<'a> Needs<'a> {
    /// Returns what all batches need together.
    pub(super) fn of(batches: &[&'a Prepared]) -> Self {
        let mut needs = Needs { enough: 1, ..Needs::default() };
        for change in batches.iter().flat_map(|batch| batch.changes.iter()) {
            match change {
                Change::Put { row, .. } => needs.touch(&row.key),
                Change::Delete { what, .. } => needs.touch(&what.key),
                Change::Enqueue(operation) => drop(needs.operations.insert(operation.id.to_string())),
                Change::Advance { id, .. } => drop(needs.operations.insert(id.to_string())),
                Change::Require(what) => drop(needs.keys.insert(&what.key)),
                Change::RequireEmpty(what) => drop(needs.scopes.insert(&what.key)),
                Change::RequireUnreferred(what) => drop(needs.referred.insert(&what.key)),
            }
        }
        needs
    }

    fn touch(&mut self, key: &'a str) {
        self.keys.insert(key);
        self.enough += 1;
    }
}

/// What is known of a stored record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub sequence: u64,
    pub revision: u64,
}

/// What is known of an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub attempt: u32,
    pub leased: bool,
    pub ended: bool,
}

/// The answers to [`Needs`].
#[derive(Debug, Default)]
pub(super) struct Found {
    pub heads: HashMap<String, Head>,
    pub holds: HashMap<OperationId, Hold>,
    /// Scope key → keys of records below it, [`Needs::enough`] at most.
    pub below: HashMap<String, Vec<String>>,
    /// Key → keys of records that refer to it, [`Needs::enough`] at most.
    pub referring: HashMap<String, Vec<String>>,
}

/// A record that is inserted or replaces another.
#[derive(Clone, Copy)]
struct Put<'a> {
    row: &'a Arc<RecordRow>,
    head: Head,
}

/// What one batch leads to, until it is known to succeed; and how it is undone when it does not.
#[derive(Default)]
struct Draft<'a> {
    /// What stood in [`Plan::heads`] before, in the order of the changes.
    heads: Vec<(&'a str, Option<Option<Head>>)>,
    /// What stood in [`Plan::holds`] before.
    holds: Vec<(OperationId, Option<Hold>)>,
    effects: Vec<Effect<'a>>,
}

enum Effect<'a> {
    Put { key: &'a str, put: Put<'a> },
    Delete { key: &'a str, revision: u64 },
    Enqueue { operation: &'a OperationRow, sequence: u64 },
    Advance { id: OperationId, state: State, error: Option<&'a str>, ended_at: Option<Timestamp> },
}

/// What all batches so far lead to.
pub(super) struct Plan<'a> {
    /// The last number given.
    pub counter: u64,
    found: Found,
    heads: HashMap<&'a str, Option<Head>>,
    holds: HashMap<OperationId, Hold>,
    deletes: IndexMap<&'a str, u64>,
    puts: IndexMap<&'a str, Put<'a>>,
    enqueued: Vec<(&'a OperationRow, u64)>,
    advanced: IndexMap<OperationId, Json>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(counter: u64, found: Found) -> Self {
        Plan {
            counter,
            found,
            heads: HashMap::new(),
            holds: HashMap::new(),
            deletes: IndexMap::new(),
            puts: IndexMap::new(),
            enqueued: Vec::new(),
            advanced: IndexMap::new(),
        }
    }

    /// Takes a batch in if all that it expects holds.
    pub(super) fn decide(&mut self, batch: &'a Prepared, now: Timestamp) -> Decision {
        let mut draft = Draft::default();
        let decision = batch.changes.iter().try_for_each(|change| self.consider(&mut draft, change, now));
        match &decision {
            Ok(()) => draft.effects.into_iter().for_each(|effect| self.take(effect)),
            Err(_) => self.undo(draft),
        }
        decision
    }

    fn consider(&mut self, draft: &mut Draft<'a>, change: &'a Change, now: Timestamp) -> Decision {
        match change {
            Change::Put { row, expect } => self.put(draft, row, *expect),
            Change::Delete { what, expect } => self.delete(draft, what, *expect),
            Change::Enqueue(operation) => self.enqueue(draft, operation),
            Change::Advance { id, attempt, state, error } => {
                let hold = self.advance(*id, *attempt)?;
                let ended_at = state.is_terminal().then_some(now);
                let hold = if ended_at.is_some() { Hold { ended: true, leased: false, ..hold } } else { hold };
                draft.holds.push((*id, self.holds.insert(*id, hold)));
                draft.effects.push(Effect::Advance { id: *id, state: *state, error: error.as_deref(), ended_at });
                Ok(())
            }
            Change::Require(what) => holds(self.head(&what.key).is_some(), what.id()),
            Change::RequireEmpty(what) => holds(self.is_empty(&what.key), what.id()),
            Change::RequireUnreferred(what) => holds(self.is_unreferred(draft, &what.key), what.id()),
        }
    }

    fn undo(&mut self, draft: Draft<'a>) {
        for (key, before) in draft.heads.into_iter().rev() {
            match before {
                Some(before) => drop(self.heads.insert(key, before)),
                None => drop(self.heads.remove(key)),
            }
        }
        for (id, before) in draft.holds.into_iter().rev() {
            match before {
                Some(before) => drop(self.holds.insert(id, before)),
                None => drop(self.holds.remove(&id)),
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Returns what stands under a key after all writes so far.
    fn head(&self, key: &str) -> Option<Head> {
        self.heads.get(key).copied().unwrap_or_else(|| self.found.heads.get(key).copied())
    }

    fn expect(&self, key: &str, expect: Expect, id: &str) -> Result<Option<Head>, String> {
        let head = self.head(key);
        let as_expected = match expect {
            Expect::Any => true,
            Expect::Absent => head.is_none(),
            Expect::Revision(revision) => head.is_some_and(|head| head.revision == revision),
        };
        holds(as_expected, id).map(|()| head)
    }

    fn is_empty(&self, scope: &str) -> bool {
        let below = format!("{scope}/");
        let stored = self.found.below.get(scope).into_iter().flatten().map(String::as_str);
        let changed = self.heads.keys().copied().filter(|key| key.starts_with(&below));
        !stored.chain(changed).any(|key| self.is_live(key))
    }

    fn is_live(&self, key: &str) -> bool {
        // A key that no batch touched is there: it was just read.
        self.heads.get(key).is_none_or(Option::is_some)
    }

    fn is_unreferred(&self, draft: &Draft<'a>, key: &str) -> bool {
        let own = draft.effects.iter().filter_map(|effect| match effect {
            Effect::Put { key, put } => Some((*key, Some(put.row))),
            Effect::Delete { key, .. } => Some((*key, None)),
            _ => None,
        });
        let mut changed: HashMap<&str, Option<&Arc<RecordRow>>> = self.deletes.keys().map(|key| (*key, None)).collect();
        changed.extend(self.puts.iter().map(|(key, put)| (*key, Some(put.row))));
        changed.extend(own);
        let mut stored = self.found.referring.get(key).into_iter().flatten();
        let is_stored = stored.any(|key| !changed.contains_key(key.as_str()));
        !is_stored && !changed.values().flatten().any(|row| row.refers_to(key))
    }

    fn put(&mut self, draft: &mut Draft<'a>, row: &'a Arc<RecordRow>, expect: Expect) -> Decision {
        let key: &'a str = &row.key;
        let before = self.expect(key, expect, &row.id)?;
        let revision = self.next();
        let head = Head { sequence: before.map_or(revision, |head| head.sequence), revision };
        draft.heads.push((key, self.heads.insert(key, Some(head))));
        draft.effects.push(Effect::Put { key, put: Put { row, head } });
        Ok(())
    }

    fn delete(&mut self, draft: &mut Draft<'a>, what: &'a Subject, expect: Expect) -> Decision {
        let key: &'a str = &what.key;
        if self.expect(key, expect, what.id())?.is_some() {
            let revision = self.next();
            draft.heads.push((key, self.heads.insert(key, None)));
            draft.effects.push(Effect::Delete { key, revision });
        }
        Ok(())
    }

    fn hold(&self, id: OperationId) -> Option<Hold> {
        self.holds.get(&id).or_else(|| self.found.holds.get(&id)).copied()
    }

    fn enqueue(&mut self, draft: &mut Draft<'a>, operation: &'a OperationRow) -> Decision {
        if self.hold(operation.id).is_some() {
            return Err(operation.id.to_string());
        }
        let hold = Hold { attempt: operation.attempt, leased: false, ended: operation.state.is_terminal() };
        draft.holds.push((operation.id, self.holds.insert(operation.id, hold)));
        let sequence = self.next();
        draft.effects.push(Effect::Enqueue { operation, sequence });
        Ok(())
    }

    /// Returns how an operation is held that may be advanced.
    fn advance(&self, id: OperationId, attempt: Option<u32>) -> Result<Hold, String> {
        let is_held = |hold: &Hold| attempt.is_none_or(|attempt| hold.leased && hold.attempt == attempt);
        self.hold(id).filter(|hold| !hold.ended && is_held(hold)).ok_or_else(|| id.to_string())
    }

    fn take(&mut self, effect: Effect<'a>) {
        match effect {
            Effect::Put { key, put } => drop(self.puts.insert(key, put)),
            Effect::Delete { key, revision } => {
                self.puts.shift_remove(key);
                self.deletes.insert(key, revision);
            }
            Effect::Enqueue { operation, sequence } => self.enqueued.push((operation, sequence)),
            Effect::Advance { id, state, error, ended_at } => {
                let change = json!([id.to_string(), state.as_str(), error, ended_at.map(|time| time.0)]);
                self.advanced.insert(id, change);
            }
        }
    }

    /// Keys to delete. Deletions come first, so that what was deleted and made again gets its new place in lists.
    pub(super) fn deletes(&self) -> Vec<Json> {
        self.deletes.keys().map(|key| json!(key)).collect()
    }

    /// What is remembered of deletions: key, revision, time.
    pub(super) fn deletions(&self, now: Timestamp) -> Vec<Json> {
        self.deletes.iter().map(|(key, revision)| json!([key, revision, now.0])).collect()
    }

    /// Rows of records to insert or replace.
    pub(super) fn puts(&self) -> impl Iterator<Item = [Value; RecordRow::COLUMNS]> {
        self.puts.values().map(|put| put.row.values(put.head))
    }

    /// Rows of records to insert where there is none, and of those to replace what is there.
    pub(super) fn inserted_and_replaced(&self) -> [Vec<[Value; RecordRow::COLUMNS]>; 2] {
        let is_there = |key: &str| self.found.heads.contains_key(key) && !self.deletes.contains_key(key);
        let of = |there: bool| {
            let puts = self.puts.iter().filter(|(key, _)| is_there(key) == there);
            puts.map(|(_, put)| put.row.values(put.head)).collect()
        };
        [of(false), of(true)]
    }

    /// Rows of operations to insert.
    pub(super) fn enqueued(&self) -> impl Iterator<Item = Vec<Value>> {
        self.enqueued.iter().map(|(operation, sequence)| operation.values(*sequence))
    }

    /// Changes of operations: id, state, error, end.
    pub(super) fn advanced(&self) -> Vec<Json> {
        self.advanced.values().cloned().collect()
    }

    /// Keys of records that are deleted, if only to be made again.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &'a str> {
        self.deletes.keys().copied()
    }

    /// Records that are inserted or replaced, in the order of [`Plan::puts`].
    pub(super) fn written(&self) -> impl Iterator<Item = Written> {
        self.puts.values().map(|put| Written { row: Arc::clone(put.row), revision: put.head.revision })
    }

    /// How many rows are added, replaced or deleted.
    pub(super) fn rows(&self) -> usize {
        self.puts.len() + self.deletes.len() + self.enqueued.len()
    }

    /// Keys of all records that change.
    pub(super) fn changed(&self) -> impl Iterator<Item = &'a str> {
        self.deletes.keys().chain(self.puts.keys()).copied()
    }

    /// Whether work was added that a worker may claim.
    pub(super) fn has_work(&self) -> bool {
        self.enqueued.iter().any(|(operation, _)| !operation.state.is_terminal())
    }

    /// Plane and namespace of every provider whose registrations changed.
    pub(super) fn registrations(&self) -> BTreeSet<(String, String)> {
        self.changed().filter_map(registration_of).collect()
    }
}

/// Returns plane and namespace of every provider of which batches may register anything.
pub(super) fn registrations_of(batches: &[&Prepared]) -> BTreeSet<(String, String)> {
    let keys = batches.iter().flat_map(|batch| batch.changes.iter()).filter_map(|change| match change {
        Change::Put { row, .. } => Some(&*row.key),
        Change::Delete { what, .. } => Some(&*what.key),
        _ => None,
    });
    keys.filter_map(registration_of).collect()
}

fn holds(condition: bool, id: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(id.to_owned()) }
}

/// Returns plane and namespace of the provider that a record registers something of.
fn registration_of(key: &str) -> Option<(String, String)> {
    let (plane, below) = key.split_once("/providers/system.resources/resourceproviders/")?;
    let plane = plane.strip_prefix("/planes/radius/")?;
    let namespace = below.split('/').next()?;
    Some((plane.to_owned(), namespace.to_owned()))
}
