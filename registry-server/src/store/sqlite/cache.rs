//! Records that were read lately: nobody else writes this database, so what is known stays true until this
//! process changes it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard};

use radii_runtime::store::{Private, Record};

use crate::asked::Asked;
use crate::store::prepared::Written;

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
    asked: Asked,
}

#[derive(Default)]
struct Shard {
    records: HashMap<Arc<str>, Known>,
    /// Grows with every change of one of its keys.
    epoch: u64,
}

/// What is known of a record.
#[derive(Clone)]
pub(super) enum Known {
    /// The record, as somebody read it.
    Read(Arc<Record>),
    /// The row, as it was written: a fraction of the record's size, and most are never asked for.
    Written(Written),
}

impl Shard {
    fn insert(&mut self, key: Arc<str>, record: Known) {
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
        Self { kept, shards: Default::default(), hasher: RandomState::new(), asked: Asked::default() }
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards[at].lock().expect("no holder of the lock panics")
    }

    /// Returns what is known of a record, and the permission to [`Cache::remember`] it once it is read.
    pub(super) fn find(&self, key: &str) -> (Option<Known>, Ticket) {
        let shard = self.shard(key);
        (shard.records.get(key).cloned(), Ticket(shard.epoch))
    }

    /// Returns the revision of a record that is remembered.
    pub(super) fn revision(&self, key: &str) -> Option<u64> {
        self.shard(key).records.get(key).map(|known| match known {
            Known::Read(record) => record.revision,
            Known::Written(written) => written.revision,
        })
    }

    /// Notes that a record was read from the database, and returns whether that is worth remembering.
    pub(super) fn is_asked_again(&self, key: &str) -> bool {
        self.asked.again(key)
    }

    /// Remembers what was read after the ticket was given; `size` is about that of its stored form.
    ///
    /// Records with private data are not remembered: what is sealed on disk does not stay open in memory.
    pub(super) fn remember(&self, ticket: Ticket, key: &str, record: &Arc<Record>, size: usize) {
        if !self.keeps(record.private == Private::default(), size) {
            return;
        }
        let record = Known::Read(Arc::clone(record));
        let mut shard = self.shard(key);
        if shard.epoch == ticket.0 {
            shard.insert(key.into(), record);
        }
    }

    fn keeps(&self, is_open: bool, size: usize) -> bool {
        self.kept == Kept::Lately && size <= LARGEST && is_open
    }

    /// Remembers a row that was just written, in the place of what was known.
    ///
    /// Whoever wrote it asks for it next, mostly.
    pub(super) fn replace(&self, written: Written) {
        let keeps = self.keeps(written.row.is_open(), written.row.size());
        let key = Arc::clone(&written.row.key);
        let mut shard = self.shard(&key);
        shard.epoch += 1;
        match keeps {
            true => shard.insert(key, Known::Written(written)),
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
    use crate::store::keys::Keyring;
    use crate::store::prepared::RecordRow;
    use crate::store::vault::Vault;

    const ID: &str = "/planes/radius/local/resourcegroups/g";

    fn is_known(cache: &Cache, key: &str) -> bool {
        cache.find(key).0.is_some()
    }

    fn written(record: &Record, revision: u64) -> Written {
        Written { row: Arc::new(RecordRow::of(&Vault::new(Keyring::random()), record).unwrap()), revision }
    }

    #[test]
    fn what_was_changed_while_it_was_read_is_not_remembered() {
        let cache = Cache::new(Kept::Lately);
        let (_, ticket) = cache.find(ID);
        cache.forget(ID);
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        let (known, ticket) = cache.find(ID);
        assert!(known.is_none(), "the old one was not kept");
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        assert!(is_known(&cache, ID));
        cache.forget(ID);
        assert!(!is_known(&cache, ID));
    }

    #[test]
    fn what_was_written_is_remembered_in_the_place_of_what_was_read_before() {
        let cache = Cache::new(Kept::Lately);
        let (_, ticket) = cache.find(ID);
        cache.replace(written(&record(ID), 7));
        cache.remember(ticket, ID, &Arc::new(record(ID)), 10);
        assert_eq!(cache.revision(ID), Some(7));
        let (Some(Known::Written(known)), ticket) = cache.find(ID) else { panic!("it was written") };
        cache.remember(ticket, ID, &Arc::new(Record { revision: known.revision, ..record(ID) }), 10);
        assert!(matches!(cache.find(ID), (Some(Known::Read(record)), _) if record.revision == 7));
    }

    #[test]
    fn it_stays_small_and_keeps_no_secret() {
        let cache = Cache::new(Kept::Lately);
        let mut secretive = record(ID);
        secretive.private.data.insert("password".into(), "x".into());
        cache.replace(written(&secretive, 7));
        assert!(!is_known(&cache, ID));
        cache.remember(cache.find(ID).1, ID, &Arc::new(secretive), 10);
        cache.remember(cache.find(ID).1, ID, &Arc::new(record(ID)), LARGEST + 1);
        assert!(!is_known(&cache, ID));
        for number in 0..2 * RECORDS * SHARDS {
            let key = number.to_string();
            cache.remember(cache.find(&key).1, &key, &Arc::new(record(ID)), 10);
        }
        let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().records.len()).sum();
        assert!(held <= RECORDS * SHARDS);
    }
}
