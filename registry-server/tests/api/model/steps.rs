//! What may be asked, and what the contract says must be there afterwards.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::rngs::StdRng;

use super::subject::{CONVERTED, GROUPS, KINDS, NAMES, VERSIONS};

/// A condition of a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    None,
    /// `If-Match` with the tag of what is there.
    Current,
    /// `If-Match` with another tag.
    Stale,
    /// `If-Match: *`
    Exists,
    /// `If-None-Match: *`
    Absent,
}

/// Which resource: its group, its kind, its name.
pub type Key = (u8, usize, u8);

#[derive(Clone, Debug)]
pub enum Step {
    PutGroup(u8),
    DeleteGroup(u8),
    Put {
        key: Key,
        version: usize,
        value: i32,
        /// What only the second version of the kind that is converted can hold.
        note: Option<i32>,
        condition: Condition,
    },
    PutWrong {
        key: Key,
        version: usize,
    },
    Delete {
        key: Key,
        version: usize,
        condition: Condition,
    },
    Get {
        key: Key,
        version: usize,
    },
    /// A read, and another one that wants to know only whether anything changed.
    GetUnchanged {
        key: Key,
        version: usize,
    },
    List {
        group: u8,
        kind: usize,
        version: usize,
        page: usize,
    },
    ListPlane {
        kind: usize,
        version: usize,
    },
    Work,
    /// The kind is registered again, in other words.
    Describe {
        kind: usize,
    },
    /// The kind is unregistered, with all its resources.
    Unregister {
        kind: usize,
    },
    /// The kind and its versions are registered, whatever is registered of them.
    Register {
        kind: usize,
    },
    /// One version of a kind whose resources are served as they were written is unregistered.
    UnregisterVersion {
        kind: usize,
        version: usize,
    },
    /// A creation, and the deletion of its kind, at once.
    RaceKind {
        key: Key,
    },
    /// The second version of the first kind is served from now on, or no longer.
    Serve(bool),
    /// Three creations of one resource at once.
    Race {
        key: Key,
    },
    /// A creation in a group, and the group's deletion, at once.
    RaceGroup {
        key: Key,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Busy {
    No,
    Deleting,
}

#[derive(Clone, Debug)]
pub struct Stored {
    pub value: i32,
    pub note: Option<i32>,
    order: usize,
    pub busy: Busy,
}

/// What the contract says must be there.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub groups: BTreeSet<u8>,
    pub resources: BTreeMap<Key, Stored>,
    order: usize,
    /// Whether the second version of the first kind is not served.
    pub is_withdrawn: bool,
    /// Kinds that are not registered.
    pub unregistered: BTreeSet<usize>,
    /// Versions of registered kinds that are not registered.
    pub lacking: BTreeSet<(usize, usize)>,
    /// How often a kind was described.
    pub described: usize,
}

/// What a request is to be answered with, as far as the model says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Done,
    Refused(u16),
}

impl Model {
    /// What stands before everything else about a resource: its group, and that its version is served.
    pub fn reaches(&self, group: u8, kind: usize, version: usize) -> Outcome {
        if !self.groups.contains(&group) {
            return Outcome::Refused(404);
        }
        self.serves(kind, version)
    }

    /// Whether a version of a kind is served.
    pub fn serves(&self, kind: usize, version: usize) -> Outcome {
        let is_withdrawn = self.is_withdrawn && (kind, version) == (0, 1);
        if is_withdrawn || self.unregistered.contains(&kind) { Outcome::Refused(400) } else { Outcome::Done }
    }

    /// What the conditions of a PUT and the resource's state lead to: bodies are checked by the version's schema first.
    pub fn admits_put(&self, key: Key, version: usize, condition: Condition) -> Outcome {
        match self.reaches(key.0, key.1, version) {
            Outcome::Done if self.lacking.contains(&(key.1, version)) => Outcome::Refused(400),
            _ => self.admits(key, version, condition),
        }
    }

    /// Whether anything of a kind is being deleted.
    pub fn is_busy(&self, kind: usize) -> bool {
        self.resources.iter().any(|(key, stored)| key.1 == kind && stored.busy != Busy::No)
    }

    /// Deletes a kind and begins the deletion of its resources, in the order of their creation; one that is being deleted
    /// stops that.
    pub fn unregister(&mut self, kind: usize) -> Outcome {
        if self.unregistered.contains(&kind) {
            return Outcome::Done;
        }
        let mut own: Vec<_> = self.resources.iter_mut().filter(|(key, _)| key.1 == kind).collect();
        own.sort_by_key(|(_, stored)| stored.order);
        for (_, stored) in own {
            if stored.busy != Busy::No {
                return Outcome::Refused(409);
            }
            stored.busy = Busy::Deleting;
        }
        self.unregistered.insert(kind);
        self.lacking.retain(|(of, _)| *of != kind);
        Outcome::Done
    }

    pub fn register(&mut self, kind: usize) {
        self.unregistered.remove(&kind);
        self.lacking.retain(|(of, _)| *of != kind);
    }

    /// What a write's conditions and the resource's state lead to.
    pub fn admits(&self, key: Key, version: usize, condition: Condition) -> Outcome {
        let reaches = self.reaches(key.0, key.1, version);
        match (condition, self.resources.get(&key)) {
            _ if reaches != Outcome::Done => reaches,
            (Condition::Current | Condition::Stale | Condition::Exists, None) => Outcome::Refused(412),
            (Condition::Stale | Condition::Absent, Some(_)) => Outcome::Refused(412),
            (_, Some(old)) if old.busy != Busy::No => Outcome::Refused(409),
            _ => Outcome::Done,
        }
    }

    pub fn put(&mut self, key: Key, version: usize, value: i32, note: Option<i32>) {
        self.order += 1;
        let old = self.resources.get(&key);
        let order = old.map_or(self.order, |old| old.order);
        // What a version cannot hold, who writes through it neither sets nor removes.
        let note = if version == 0 { old.and_then(|old| old.note) } else { note };
        let note = note.filter(|_| key.1 == CONVERTED);
        // These types leave a worker nothing to do: a PUT is complete when it is accepted.
        self.resources.insert(key, Stored { value, note, order, busy: Busy::No });
    }

    pub fn work(&mut self) {
        self.resources.retain(|_, stored| stored.busy != Busy::Deleting);
        self.resources.values_mut().for_each(|stored| stored.busy = Busy::No);
    }

    pub fn is_empty(&self, group: u8) -> bool {
        !self.resources.keys().any(|key| key.0 == group)
    }

    pub fn names(&self, wanted: impl Fn(&Key) -> bool) -> Vec<String> {
        let mut found: Vec<_> = self.resources.iter().filter(|(key, _)| wanted(key)).collect();
        found.sort_by_key(|(_, stored)| stored.order);
        found.into_iter().map(|(key, _)| format!("r{}", key.2)).collect()
    }
}

pub fn random_step(random: &mut StdRng) -> Step {
    let key = (random.random_range(0..GROUPS), random.random_range(0..KINDS.len()), random.random_range(0..NAMES));
    let version = random.random_range(0..VERSIONS.len());
    let conditions = [
        Condition::None,
        Condition::None,
        Condition::None,
        Condition::Current,
        Condition::Current,
        Condition::Stale,
        Condition::Exists,
        Condition::Absent,
    ];
    let condition = conditions[random.random_range(0..conditions.len())];
    match random.random_range(0..106) {
        0..5 => Step::PutGroup(key.0),
        5..8 => Step::DeleteGroup(key.0),
        8..36 => {
            let note = random.random_bool(0.5).then(|| random.random_range(0..1_000));
            Step::Put { key, version, value: random.random_range(0..1_000), note, condition }
        }
        36..39 => Step::PutWrong { key, version },
        39..55 => Step::Delete { key, version, condition },
        55..69 => Step::Get { key, version },
        69..72 => Step::GetUnchanged { key, version },
        72..78 => Step::List { group: key.0, kind: key.1, version, page: random.random_range(5..=8) },
        78..81 => Step::ListPlane { kind: key.1, version },
        81..85 => Step::Race { key },
        85..87 => Step::RaceGroup { key },
        87 => Step::Describe { kind: key.1 },
        88..90 => Step::Serve(random.random()),
        90 => Step::Unregister { kind: key.1 },
        91..94 => Step::Register { kind: key.1 },
        94 => Step::UnregisterVersion { kind: key.1 % CONVERTED, version },
        95 => Step::RaceKind { key },
        _ => Step::Work,
    }
}
