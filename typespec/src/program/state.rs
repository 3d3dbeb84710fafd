//! What decorators leave behind: values by key and type.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use super::TypeId;

/// Values that decorators attached to types.
///
/// A key names a kind of fact, such as `TypeSpec.minLength`, and always goes with one Rust type.
#[derive(Clone, Default)]
pub struct State {
    maps: HashMap<&'static str, StateMap>,
}

#[derive(Clone, Default)]
struct StateMap {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    order: Vec<TypeId>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut keys: Vec<_> = self.maps.keys().collect();
        keys.sort();
        f.debug_struct("State").field("keys", &keys).finish()
    }
}

impl State {
    /// Attaches a value; one that is there already is replaced.
    pub fn set<T: Any + Send + Sync>(&mut self, key: &'static str, target: TypeId, value: T) {
        let map = self.maps.entry(key).or_default();
        if map.values.insert(target, Arc::new(value)).is_none() {
            map.order.push(target);
        }
    }

    /// Returns what is attached.
    pub fn get<T: Any + Send + Sync>(&self, key: &'static str, target: TypeId) -> Option<&T> {
        self.maps.get(key)?.values.get(&target)?.downcast_ref()
    }

    /// Whether something is attached.
    pub fn has(&self, key: &'static str, target: TypeId) -> bool {
        self.maps.get(key).is_some_and(|map| map.values.contains_key(&target))
    }

    /// Takes away what is attached.
    pub fn remove(&mut self, key: &'static str, target: TypeId) {
        if let Some(map) = self.maps.get_mut(key)
            && map.values.remove(&target).is_some()
        {
            map.order.retain(|known| *known != target);
        }
    }

    /// Changes what is attached, starting from the default.
    pub fn update<T: Any + Send + Sync + Clone + Default>(
        &mut self,
        key: &'static str,
        target: TypeId,
        change: impl FnOnce(&mut T),
    ) {
        let mut value = self.get::<T>(key, target).cloned().unwrap_or_default();
        change(&mut value);
        self.set(key, target, value);
    }

    /// Attaches to one type what is attached to another.
    #[expect(clippy::iter_over_hash_type, reason = "every map is treated alike, and none sees another")]
    pub fn copy(&mut self, from: TypeId, to: TypeId) {
        for map in self.maps.values_mut() {
            if let Some(value) = map.values.get(&from).cloned()
                && map.values.insert(to, value).is_none()
            {
                map.order.push(to);
            }
        }
    }

    /// The types that something is attached to, in the order in which that happened.
    pub fn targets(&self, key: &'static str) -> &[TypeId] {
        self.maps.get(key).map_or(&[], |map| map.order.as_slice())
    }
}
