//! When a type or member exists.

use crate::decorators::arguments;
use crate::program::{Program, TypeId, TypeKind};

use super::{ADDED, REMOVED, RETURN_TYPE_CHANGED_FROM, TYPE_CHANGED_FROM, Version, indices};

/// Whether something exists in a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// Not yet, or no longer.
    Unavailable,
    /// Since this version.
    Added,
    /// As in the version before.
    Available,
    /// No longer since this version.
    Removed,
}

impl Availability {
    /// Whether it is there.
    pub fn exists(self) -> bool {
        matches!(self, Self::Added | Self::Available)
    }
}

/// When something exists, by version; `None` for what says nothing about versions and is always there.
pub fn availability(program: &Program, target: TypeId, versions: &[Version]) -> Option<Vec<Availability>> {
    if versions.is_empty() {
        return None;
    }
    let added = indices(program, target, ADDED, versions);
    let removed = indices(program, target, REMOVED, versions);
    let changes = |name| arguments::all(program, target, name).next().is_some();
    if added.is_empty() && removed.is_empty() && !changes(TYPE_CHANGED_FROM) && !changes(RETURN_TYPE_CHANGED_FROM) {
        return None;
    }
    let parent = parent_of(program, target).and_then(|parent| availability(program, parent, versions));
    let first_of = |wanted| parent.as_ref().and_then(|map| map.iter().position(|known| *known == wanted));
    let added = all_added(added, &removed, first_of(Availability::Added).unwrap_or(0));
    let removed = all_removed(removed, &added, first_of(Availability::Removed));
    let mut is_there = false;
    let map = versions.iter().map(|version| {
        if removed.contains(&version.index) {
            is_there = false;
            Availability::Removed
        } else if added.contains(&version.index) {
            is_there = true;
            Availability::Added
        } else if is_there {
            Availability::Available
        } else {
            Availability::Unavailable
        }
    });
    Some(map.collect())
}

/// Whether something exists in a version; what it stands in is not looked at.
pub fn exists_at(program: &Program, target: TypeId, versions: &[Version], index: usize) -> bool {
    availability(program, target, versions).is_none_or(|map| map.get(index).is_none_or(|known| known.exists()))
}

/// What is removed first was there from the start of what it stands in.
fn all_added(mut added: Vec<usize>, removed: &[usize], parent: usize) -> Vec<usize> {
    match (added.first(), removed.first()) {
        (None, None) => vec![parent],
        (None, Some(_)) => vec![parent],
        (Some(first), Some(gone)) if gone < first => {
            added.insert(0, parent);
            added
        }
        _ => added,
    }
}

fn all_removed(removed: Vec<usize>, added: &[usize], parent: Option<usize>) -> Vec<usize> {
    match parent {
        Some(parent) if removed.is_empty() && added.first().is_none_or(|first| *first < parent) => vec![parent],
        _ => removed,
    }
}

/// The model or interface that a member stands in.
pub(super) fn parent_of(program: &Program, target: TypeId) -> Option<TypeId> {
    match &program[target].kind {
        TypeKind::ModelProperty(property) => property.model,
        TypeKind::Operation(operation) => operation.interface,
        _ => None,
    }
}
