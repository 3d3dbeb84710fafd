//! Records that were read lately: nobody else writes this database, so what is known stays true until this
//! process changes it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard};

use radii_runtime::store::{Private, Record};

/// So many parts, so that readers rarely wait for each other.
const SHARDS: usize = 16;
/// A part that holds so many records forgets them all: cheaper than knowing which was used last.
const RECORDS: usize = 512;
/// Larger records are not worth the memory.
const LARGEST: usize = 16 * 1024;

/// What a cache keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// What was read lately.
    Lately,
    /// Nothing: somebody else may write.
    Nothing,
}

/// A bounded set of records.
pub(super) struct Cache {
    kept: Kept,
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    records: HashMap<String, Arc<Record>>,
    /// Grows with every change of one of its keys.
    epoch: u64,
}

impl Shard {
    fn insert(&mut self, key: String, record: Arc<Record>) {
        if self.records.len() >= RECORDS {
            self.records.clear();
        }
        self.records.insert(key, record);
    }
}

/// Permission to remember what is about to be read, unless it changes meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Ticket(u64);

impl Cache {
    /// Returns an empty cache.
    pub(super) fn new(kept: Kept) -> Self {
        Self { kept, shards: Default::default(), hasher: RandomState::new() }
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards[at].lock().expect("no holder of the lock panics")
    }

    /// Returns a record, or the permission to [`Cache::remember`] it once it is read.
    pub(super) fn find(&self, key: &str) -> Result<Arc<Record>, Ticket> {
        let shard = self.shard(key);
        shard.records.get(key).cloned().ok_or(Ticket(shard.epoch))
    }

    /// Returns the revision of a record that is remembered.
    pub(super) fn revision(&self, key: &str) -> Option<u64> {
        self.shard(key).records.get(key).map(|record| record.revision)
    }

    /// Remembers what was read after the ticket was given; `size` is about that of its stored form.
    ///
    /// Records with private data are not remembered: what is sealed on disk does not stay open in memory.
    pub(super) fn remember(&self, ticket: Ticket, key: &str, record: &Arc<Record>, size: usize) {
        if !self.keeps(record, size) {
            return;
        }
        let record = Arc::clone(record);
        let mut shard = self.shard(key);
        if shard.epoch == ticket.0 {
            shard.insert(key.to_owned(), record);
        }
    }

    fn keeps(&self, record: &Record, size: usize) -> bool {
        self.kept == Kept::Lately && size <= LARGEST && record.private == Private::default()
    }

    /// Remembers a record as it was just written, in the place of the old one; `size` is about that of its stored form.
    ///
    /// Whoever wrote it asks for it next, mostly.
    pub(super) fn replace(&self, key: String, record: Record, size: usize) {
        let keeps = self.keeps(&record, size);
        let mut shard = self.shard(&key);
        shard.epoch += 1;
        match keeps {
            true => shard.insert(key, Arc::new(record)),
            false => drop(shard.records.remove(&key)),
        }
    }

    /// Forgets a record that was changed; whoever reads the old one at this moment may not remember it.
    pub(super) fn forget(&self, key: &str) {
        let mut shard = self.shard(key);
        shard.epoch += 1;
        shard.records.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use radii_runtime::conformance::record;

    use super::*;

    const ID: &str = "/planes/radius/local/resourcegroups/g";

    #[test]
    fn what_was_changed_while_it_was_read_is_not_remembered() {
        let cache = Cache::new(Kept::Lately);
        let ticket = cache.find(ID).err().unwrap();
        cache.forget(ID);
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        let ticket = cache.find(ID).expect_err("the old one was not kept");
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        assert!(cache.find(ID).is_ok());
        cache.forget(ID);
        assert!(cache.find(ID).is_err());
    }

    #[test]
    fn what_was_written_is_remembered_in_the_place_of_what_was_read_before() {
        let cache = Cache::new(Kept::Lately);
        let ticket = cache.find(ID).err().unwrap();
        cache.replace(ID.to_owned(), Record { revision: 7, ..record(ID) }, 10);
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        assert_eq!((cache.find(ID).ok().unwrap().revision, cache.revision(ID)), (7, Some(7)));
    }

    #[test]
    fn it_stays_small_and_keeps_no_secret() {
        let cache = Cache::new(Kept::Lately);
        let mut secretive = record(ID);
        secretive.private.data.insert("password".into(), "x".into());
        cache.remember(cache.find(ID).err().unwrap(), ID, &Arc::new(secretive), 10);
        cache.remember(cache.find(ID).err().unwrap(), ID, &Arc::new(record(ID)), LARGEST + 1);
        assert!(cache.find(ID).is_err());
        for number in 0..2 * RECORDS * SHARDS {
            let key = number.to_string();
            cache.remember(cache.find(&key).err().unwrap(), &key, &Arc::new(record(ID)), 10);
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().records.len()).sum();
        assert!(held <= RECORDS * SHARDS);
    }
}
