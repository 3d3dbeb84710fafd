//! What a set of batches leads to: decided in memory, whichever engine holds the rows.
//!
//! What the expectations of all batches need is read first ([`Needs`], [`Found`]), each batch is then
//! decided in memory, and what the successful ones lead to is written set by set. A batch whose expectation
//! fails therefore never wrote anything, and the number of statements does not grow with the number of batches.

use std::collections::{BTreeSet, HashMap};

use indexmap::{IndexMap, IndexSet};
use radii_model::ResourceId;
use radii_runtime::store::{Batch, Expect, Operation, OperationId, Record, State, Write};
use radii_runtime::{Fault, Timestamp};
use serde_json::{Value as Json, json};

use super::rows;
use super::vault::Vault;

/// Whether a batch happened; otherwise, what was not as expected.
pub(super) type Decision = Result<(), String>;

/// What has to be known before batches can be decided.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Keys of records.
    pub keys: IndexSet<String>,
    /// Ids of operations.
    pub operations: IndexSet<String>,
    /// Keys of scopes that must be empty.
    pub scopes: IndexSet<String>,
    /// Keys of records that must not be referred to.
    pub referred: IndexSet<String>,
    /// So many keys below a scope, or referring to a record, decide: the batches cannot remove them all.
    pub enough: usize,
}

impl Needs {
    /// Returns what all batches need together.
    pub(super) fn of(batches: &[&Batch]) -> Self {
        let mut needs = Needs { enough: 1, ..Needs::default() };
        for write in batches.iter().flat_map(|batch| batch.iter()) {
            match write {
                Write::Put { record, .. } => needs.touch(&record.id),
                Write::Delete { id, .. } => needs.touch(id),
                Write::Enqueue(operation) => drop(needs.operations.insert(operation.id.to_string())),
                Write::Advance { id, .. } => drop(needs.operations.insert(id.to_string())),
                Write::Require { id } => drop(needs.keys.insert(id.key())),
                Write::RequireEmpty { scope } => drop(needs.scopes.insert(scope.key())),
                Write::RequireUnreferred { id } => drop(needs.referred.insert(id.key())),
            }
        }
        needs
    }

    fn touch(&mut self, id: &ResourceId) {
        self.keys.insert(id.key());
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
    record: &'a Record,
    head: Head,
    place: Place,
}

/// Where a write stands: in which batch, and which one of that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub batch: usize,
    pub write: usize,
}

/// What one batch leads to, until it is known to succeed.
#[derive(Default)]
struct Draft<'a> {
    heads: HashMap<String, Option<Head>>,
    holds: HashMap<OperationId, Hold>,
    effects: Vec<Effect<'a>>,
}

enum Effect<'a> {
    Put { key: String, put: Put<'a> },
    Delete { key: String, revision: u64 },
    Enqueue { operation: &'a Operation, sequence: u64 },
    Advance { id: OperationId, state: State, error: Option<&'a Fault>, ended_at: Option<Timestamp> },
}

/// What all batches so far lead to.
pub(super) struct Plan<'a> {
    /// The last number given.
    pub counter: u64,
    /// So many batches were decided.
    decided: usize,
    found: Found,
    heads: HashMap<String, Option<Head>>,
    holds: HashMap<OperationId, Hold>,
    deletes: IndexMap<String, u64>,
    puts: IndexMap<String, Put<'a>>,
    enqueued: Vec<(&'a Operation, u64)>,
    advanced: IndexMap<OperationId, Json>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(counter: u64, found: Found) -> Self {
        Plan {
            counter,
            decided: 0,
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
    pub(super) fn decide(&mut self, batch: &'a Batch, now: Timestamp) -> Decision {
        let mut draft = Draft::default();
        self.decided += 1;
        for (at, write) in batch.iter().enumerate() {
            match write {
                Write::Put { record, expect } => {
                    let place = Place { batch: self.decided - 1, write: at };
                    self.put(&mut draft, record, *expect, place)?;
                }
                Write::Delete { id, expect } => self.delete(&mut draft, id, *expect)?,
                Write::Enqueue(operation) => self.enqueue(&mut draft, operation)?,
                Write::Advance { id, attempt, state, error } => {
                    self.advance(&mut draft, *id, *attempt)?;
                    let ended_at = state.is_terminal().then_some(now);
                    draft.effects.push(Effect::Advance { id: *id, state: *state, error: error.as_ref(), ended_at });
                    if let (Some(_), Some(hold)) = (ended_at, draft.holds.get_mut(id)) {
                        *hold = Hold { ended: true, leased: false, ..*hold };
                    }
                }
                Write::Require { id } => holds(self.head(&draft, &id.key()).is_some(), id)?,
                Write::RequireEmpty { scope } => holds(self.is_empty(&draft, &scope.key()), scope)?,
                Write::RequireUnreferred { id } => holds(self.is_unreferred(&draft, &id.key()), id)?,
            }
        }
        self.take(draft);
        Ok(())
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Returns what stands under a key after all writes so far.
    fn head(&self, draft: &Draft<'a>, key: &str) -> Option<Head> {
        let changed = draft.heads.get(key).or_else(|| self.heads.get(key));
        changed.copied().unwrap_or_else(|| self.found.heads.get(key).copied())
    }

    fn expect(&self, draft: &Draft<'a>, key: &str, expect: Expect, id: &ResourceId) -> Result<Option<Head>, String> {
        let head = self.head(draft, key);
        let as_expected = match expect {
            Expect::Any => true,
            Expect::Absent => head.is_none(),
            Expect::Revision(revision) => head.is_some_and(|head| head.revision == revision),
        };
        holds(as_expected, id).map(|()| head)
    }

    fn is_empty(&self, draft: &Draft<'a>, scope: &str) -> bool {
        let below = format!("{scope}/");
        let stored = self.found.below.get(scope).into_iter().flatten();
        let changed = self.heads.keys().chain(draft.heads.keys()).filter(|key| key.starts_with(&below));
        !stored.chain(changed).any(|key| self.is_live(draft, key))
    }

    fn is_live(&self, draft: &Draft<'a>, key: &str) -> bool {
        // A key that no batch touched is there: it was just read.
        draft.heads.get(key).or_else(|| self.heads.get(key)).is_none_or(Option::is_some)
    }

    fn is_unreferred(&self, draft: &Draft<'a>, key: &str) -> bool {
        let own = draft.effects.iter().filter_map(|effect| match effect {
            Effect::Put { key, put } => Some((key, Some(put.record))),
            Effect::Delete { key, .. } => Some((key, None)),
            _ => None,
        });
        let mut changed: HashMap<&String, Option<&Record>> = self.deletes.keys().map(|key| (key, None)).collect();
        changed.extend(self.puts.iter().map(|(key, put)| (key, Some(put.record))));
        changed.extend(own);
        let stored = self.found.referring.get(key).into_iter().flatten().any(|key| !changed.contains_key(key));
        !stored && !changed.values().flatten().any(|record| record.refers_to(key))
    }

    fn put(&mut self, draft: &mut Draft<'a>, record: &'a Record, expect: Expect, place: Place) -> Decision {
        let key = record.id.key();
        let before = self.expect(draft, &key, expect, &record.id)?;
        let revision = self.next();
        let head = Head { sequence: before.map_or(revision, |head| head.sequence), revision };
        draft.heads.insert(key.clone(), Some(head));
        draft.effects.push(Effect::Put { key, put: Put { record, head, place } });
        Ok(())
    }

    fn delete(&mut self, draft: &mut Draft<'a>, id: &ResourceId, expect: Expect) -> Decision {
        let key = id.key();
        if self.expect(draft, &key, expect, id)?.is_some() {
            let revision = self.next();
            draft.heads.insert(key.clone(), None);
            draft.effects.push(Effect::Delete { key, revision });
        }
        Ok(())
    }

    fn hold(&self, draft: &Draft<'a>, id: OperationId) -> Option<Hold> {
        draft.holds.get(&id).or_else(|| self.holds.get(&id)).or_else(|| self.found.holds.get(&id)).copied()
    }

    fn enqueue(&mut self, draft: &mut Draft<'a>, operation: &'a Operation) -> Decision {
        if self.hold(draft, operation.id).is_some() {
            return Err(operation.id.to_string());
        }
        let hold = Hold { attempt: operation.attempt, leased: false, ended: operation.state.is_terminal() };
        draft.holds.insert(operation.id, hold);
        let sequence = self.next();
        draft.effects.push(Effect::Enqueue { operation, sequence });
        Ok(())
    }

    fn advance(&mut self, draft: &mut Draft<'a>, id: OperationId, attempt: Option<u32>) -> Decision {
        let is_held = |hold: &Hold| attempt.is_none_or(|attempt| hold.leased && hold.attempt == attempt);
        let hold = self.hold(draft, id).filter(|hold| !hold.ended && is_held(hold));
        draft.holds.insert(id, hold.ok_or_else(|| id.to_string())?);
        Ok(())
    }

    fn take(&mut self, draft: Draft<'a>) {
        self.heads.extend(draft.heads);
        self.holds.extend(draft.holds);
        for effect in draft.effects {
            match effect {
                Effect::Put { key, put } => drop(self.puts.insert(key, put)),
                Effect::Delete { key, revision } => {
                    self.puts.shift_remove(&key);
                    self.deletes.insert(key, revision);
                }
                Effect::Enqueue { operation, sequence } => self.enqueued.push((operation, sequence)),
                Effect::Advance { id, state, error, ended_at } => {
                    let error = error.map(|fault| json!(fault).to_string());
                    let change = json!([id.to_string(), state.as_str(), error, ended_at.map(|time| time.0)]);
                    self.advanced.insert(id, change);
                }
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
    pub(super) fn puts(&self, vault: &Vault) -> serde_json::Result<Vec<Json>> {
        let row = |(key, put): (&String, &Put<'_>)| rows::record_values(vault, put.record, key, put.head);
        self.puts.iter().map(row).collect()
    }

    /// Rows of operations to insert.
    pub(super) fn enqueued(&self, vault: &Vault) -> serde_json::Result<Vec<Json>> {
        let row = |(operation, sequence): &(&Operation, u64)| rows::operation_values(vault, operation, *sequence);
        self.enqueued.iter().map(row).collect()
    }

    /// Changes of operations: id, state, error, end.
    pub(super) fn advanced(&self) -> Vec<Json> {
        self.advanced.values().cloned().collect()
    }

    /// Keys of records that are deleted, if only to be made again.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &String> {
        self.deletes.keys()
    }

    /// Keys of records that are inserted or replaced, which write put them there, and their revisions; in the order of
    /// [`Plan::puts`].
    pub(super) fn written(&self) -> impl Iterator<Item = (&String, Place, u64)> {
        self.puts.iter().map(|(key, put)| (key, put.place, put.head.revision))
    }

    /// Keys of all records that change.
    pub(super) fn changed(&self) -> impl Iterator<Item = &String> {
        self.deletes.keys().chain(self.puts.keys())
    }

    /// Whether work was added that a worker may claim.
    pub(super) fn has_work(&self) -> bool {
        self.enqueued.iter().any(|(operation, _)| !operation.state.is_terminal())
    }

    /// Plane and namespace of every provider whose registrations changed.
    pub(super) fn registrations(&self) -> BTreeSet<(String, String)> {
        self.changed().filter_map(|key| registration_of(key)).collect()
    }
}

fn holds(condition: bool, id: &ResourceId) -> Result<(), String> {
    if condition { Ok(()) } else { Err(id.to_string()) }
}

/// Returns plane and namespace of the provider that a record registers something of.
fn registration_of(key: &str) -> Option<(String, String)> {
    let (plane, below) = key.split_once("/providers/system.resources/resourceproviders/")?;
    let plane = plane.strip_prefix("/planes/radius/")?;
    let namespace = below.split('/').next()?;
    Some((plane.to_owned(), namespace.to_owned()))
}
