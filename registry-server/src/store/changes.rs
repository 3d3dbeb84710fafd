//! What changed, in the order in which it was committed: the two engines' side of the change feed.
//!
//! A record carries the revision of its last change, and a deletion leaves a row of its own. Revisions are given
//! under the lock of all writers, so whoever has seen one has seen everything before it. Changes of one record
//! between two looks are one change: what counts is how it is now.

use radii_model::ResourceId;
use radii_runtime::store::Record;

use super::BoxError;
use super::rows::{self, Columns};
use super::vault::Vault;

/// Where the store remembers from which revision on it knows all deletions.
pub(super) const HORIZON: &str = "feed.horizon";

/// A change of a record.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number; grows in the order of commits.
    pub revision: u64,
    /// The number that the record has had since it was created: equal to `revision` when it is new.
    pub created_at: u64,
    /// What happened.
    pub what: What,
}

/// What happened to a record.
#[derive(Clone, Debug)]
pub enum What {
    /// It was created or changed; this is how it is.
    Put(Box<Record>),
    /// It was deleted.
    Deleted {
        /// Its id.
        id: ResourceId,
        /// Its type.
        type_name: String,
    },
}

impl Change {
    /// The id of the record.
    pub fn id(&self) -> &ResourceId {
        match &self.what {
            What::Put(record) => &record.id,
            What::Deleted { id, .. } => id,
        }
    }

    /// The type of the record.
    pub fn type_name(&self) -> &str {
        match &self.what {
            What::Put(record) => &record.type_name,
            What::Deleted { type_name, .. } => type_name,
        }
    }
}

/// How far changes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who has seen everything up to here can go on; who has seen less has missed deletions.
    pub from: u64,
    /// The last number given.
    pub to: u64,
}

/// Reads a row of `rows::record`'s columns, the record's sequence, and whether it is a deletion.
pub(super) fn change(vault: &Vault, row: &impl Columns) -> Result<Change, BoxError> {
    let revision = rows::unsigned(row.number(6)?)?;
    let what = match row.number(13)? {
        0 => What::Put(Box::new(rows::record(vault, row)?)),
        _ => What::Deleted { id: row.text(0)?.parse()?, type_name: row.text(1)?.to_owned() },
    };
    Ok(Change { revision, created_at: rows::unsigned(row.number(12)?)?, what })
}
