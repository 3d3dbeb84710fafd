//! Named members in the order of the source.

use std::collections::HashMap;
use std::sync::Arc;

use super::TypeId;

/// From how many members on a name is looked up by hash.
const INDEXED_FROM: usize = 12;

/// Types by name, in order.
#[derive(Clone, Debug, Default)]
pub struct Members {
    list: Vec<(Arc<str>, TypeId)>,
    /// Most models have few members: this one is made where they are many.
    #[expect(clippy::box_collection, reason = "an empty map is six times as large as a pointer, and there are many")]
    index: Option<Box<HashMap<Arc<str>, usize>>>,
}

impl Members {
    /// Returns a member by name.
    pub fn get(&self, name: &str) -> Option<TypeId> {
        self.position(name).map(|at| self.list[at].1)
    }

    /// Whether there is a member of a name.
    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.list.len() >= INDEXED_FROM {
            return self.index.as_ref()?.get(name).copied();
        }
        self.list.iter().position(|(known, _)| &**known == name)
    }

    /// Adds a member, or replaces the one of the same name in its place.
    pub fn insert(&mut self, name: Arc<str>, member: TypeId) {
        if let Some(at) = self.position(&name) {
            self.list[at].1 = member;
            return;
        }
        self.list.push((name, member));
        if self.list.len() >= INDEXED_FROM {
            let index = self.index.get_or_insert_default();
            let from = index.len();
            index.extend(self.list.iter().enumerate().skip(from).map(|(at, (name, _))| (name.clone(), at)));
        }
    }

    /// Removes a member; the order of the others stays.
    pub fn remove(&mut self, name: &str) {
        self.retain(|known, _| known != name);
    }

    /// Keeps the members that a condition holds for.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, TypeId) -> bool) {
        let list = std::mem::take(&mut self.list);
        self.index = None;
        for (name, member) in list {
            if keep(&name, member) {
                self.insert(name, member);
            }
        }
    }

    /// Members with their names, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Arc<str>, TypeId)> {
        self.list.iter().map(|(name, member)| (name, *member))
    }

    /// Members in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = TypeId> + ExactSizeIterator {
        self.list.iter().map(|(_, member)| *member)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_are_found_by_name() {
        let mut members = Members::default();
        for at in 0..40_u32 {
            members.insert(format!("m{at}").into(), TypeId(at));
        }
        members.insert("m3".into(), TypeId(99));
        members.remove("m5");
        assert_eq!(members.get("m3"), Some(TypeId(99)));
        assert_eq!(members.get("m39"), Some(TypeId(39)));
        assert_eq!(members.get("m5"), None);
        assert_eq!(members.len(), 39);
        assert_eq!(members.ids().nth(3), Some(TypeId(99)));
    }
}
