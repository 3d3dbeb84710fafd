//! How providers are found: by plane and namespace in any casing, with each request several times.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use indexmap::Equivalent;

/// Plane and namespace of a provider; compared without regard to casing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<T>(pub T, pub T);

/// Makes hashes of keys.
pub(super) type Quick = BuildHasherDefault<Fnv>;

impl Key<&str> {
    pub(super) fn owned(self) -> Key<String> {
        Key(self.0.to_owned(), self.1.to_owned())
    }
}

impl<T: AsRef<str>> Hash for Key<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for part in [self.0.as_ref(), self.1.as_ref()] {
            part.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
            // No name holds it.
            state.write_u8(b'/');
        }
    }
}

impl PartialEq for Key<String> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0) && self.1.eq_ignore_ascii_case(&other.1)
    }
}

impl Eq for Key<String> {}

impl Equivalent<Key<String>> for Key<&str> {
    fn equivalent(&self, key: &Key<String>) -> bool {
        self.0.eq_ignore_ascii_case(&key.0) && self.1.eq_ignore_ascii_case(&key.1)
    }
}

/// FNV-1a: cheap for short texts. Who could choose names that collide may register whatever they like anyway.
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u8(*byte));
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    #[test]
    fn a_provider_is_found_in_any_casing_and_only_in_its_plane() {
        let mut known: IndexMap<Key<String>, u8, Quick> = IndexMap::default();
        known.insert(Key("local", "Contoso.Data").owned(), 1);
        known.insert(Key("other", "Contoso.Data").owned(), 2);
        assert_eq!(known.get(&Key("LOCAL", "contoso.data")), Some(&1));
        assert_eq!(known.get(&Key("localC", "ontoso.Data")), None);
        assert_eq!(known.insert(Key("Local", "CONTOSO.data").owned(), 3), Some(1), "casing makes no second one");
        assert_eq!(known.shift_remove(&Key("other", "CONTOSO.DATA")), Some(2));
    }
}
