//! Secrets at rest: envelope encryption of what only the runtime core may read.
//!
//! Each value has a data key of its own, and that key is wrapped by a key-encryption key from outside of the
//! database ([`super::keys`]). A value is bound to the record or operation that it belongs to: copied into
//! another row it does not open. Rotation wraps data keys anew and leaves the values alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::keys::{Key, KeyId, Keyring, random_key};

/// What every sealed value begins with: the format and its version.
const PREFIX: &str = "sealed:1:";
/// Bytes of a nonce.
const NONCE: usize = 24;

/// Why a value cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// None of the keys has this id.
    #[error(
        "the secrets of `{what}` are sealed with the key `{key}`, which is not among those that were given; \
         give it as well (`--secret-key-file`, `--secret-key-command` or RADII_SECRET_KEY)"
    )]
    UnknownKey {
        /// The record or operation.
        what: String,
        /// The id of the key.
        key: String,
    },
    /// The value is not what was written.
    #[error("the secrets of `{what}` are damaged, or were moved there from elsewhere; restore them from a backup")]
    Damaged {
        /// The record or operation.
        what: String,
    },
}

/// Seals and opens values.
#[derive(Debug)]
pub struct Vault {
    keys: Keyring,
}

/// A sealed value, taken apart.
struct Sealed<'a> {
    key: &'a str,
    wrapped: &'a str,
    data: &'a str,
}

impl Vault {
    /// Returns a vault that seals with the first of the keys and opens with any.
    pub fn new(keys: Keyring) -> Self {
        Self { keys }
    }

    /// The key that new values are sealed with.
    pub fn current(&self) -> &KeyId {
        self.keys.current().0
    }

    /// Whether a stored value is sealed at all; those of earlier versions are not.
    pub fn is_sealed(stored: &str) -> bool {
        stored.starts_with(PREFIX)
    }

    /// Seals a value for `context`.
    ///
    /// # Panics
    /// When the system has no random numbers.
    pub fn seal(&self, context: &str, plain: &str) -> String {
        let data_key = random_key();
        let data = encrypt(&data_key, context.as_bytes(), plain.as_bytes());
        self.envelope(context, &data_key, &data)
    }

    fn envelope(&self, context: &str, data_key: &Key, data: &str) -> String {
        let (id, key) = self.keys.current();
        let wrapped = encrypt(key, wrap_context(id, context).as_bytes(), &data_key[..]);
        format!("{PREFIX}{id}:{wrapped}:{data}")
    }

    /// Opens a stored value; one that was never sealed is returned as it is.
    ///
    /// # Errors
    /// An unknown key, a value that was damaged or moved.
    pub fn open(&self, context: &str, stored: &str) -> Result<Zeroizing<String>, Error> {
        let Some(sealed) = parse(context, stored)? else { return Ok(Zeroizing::new(stored.to_owned())) };
        let data_key = self.data_key(context, &sealed)?;
        let plain = decrypt(&data_key, context.as_bytes(), sealed.data).ok_or_else(|| damaged(context))?;
        let text = String::from_utf8(plain).map_err(|_| damaged(context))?;
        Ok(Zeroizing::new(text))
    }

    /// Returns a stored value under the current key; `None` when it is that already.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn rewrap(&self, context: &str, stored: &str) -> Result<Option<String>, Error> {
        let Some(sealed) = parse(context, stored)? else { return Ok(Some(self.seal(context, stored))) };
        if sealed.key == self.current().as_str() {
            return Ok(None);
        }
        let data_key = self.data_key(context, &sealed)?;
        Ok(Some(self.envelope(context, &data_key, sealed.data)))
    }

    fn data_key(&self, context: &str, sealed: &Sealed<'_>) -> Result<Key, Error> {
        let unknown = || Error::UnknownKey { what: context.to_owned(), key: sealed.key.to_owned() };
        let (id, key) = self.keys.find(sealed.key).ok_or_else(unknown)?;
        let unwrapped = decrypt(key, wrap_context(id, context).as_bytes(), sealed.wrapped).map(Zeroizing::new);
        let data_key = unwrapped.and_then(|bytes| <[u8; 32]>::try_from(&bytes[..]).ok());
        data_key.map(Key::new).ok_or_else(|| damaged(context))
    }
}

fn wrap_context(id: &KeyId, context: &str) -> String {
    format!("{id}:{context}")
}

fn damaged(context: &str) -> Error {
    Error::Damaged { what: context.to_owned() }
}

fn parse<'a>(context: &str, stored: &'a str) -> Result<Option<Sealed<'a>>, Error> {
    let Some(rest) = stored.strip_prefix(PREFIX) else { return Ok(None) };
    let mut parts = rest.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(key), Some(wrapped), Some(data), None) => Ok(Some(Sealed { key, wrapped, data })),
        _ => Err(damaged(context)),
    }
}

fn encrypt(key: &Key, context: &[u8], plain: &[u8]) -> String {
    let nonce: XNonce = Generate::generate();
    let payload = Payload { msg: plain, aad: context };
    let sealed =
        XChaCha20Poly1305::new((&**key).into()).encrypt(&nonce, payload).expect("no value is near the cipher's limit");
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed);
    BASE64.encode(bytes)
}

fn decrypt(key: &Key, context: &[u8], stored: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(stored).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
    let nonce = XNonce::try_from(nonce).ok()?;
    XChaCha20Poly1305::new((&**key).into()).decrypt(&nonce, Payload { msg: sealed, aad: context }).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vault() -> Vault {
        Vault::new(Keyring::random())
    }

    #[test]
    fn a_sealed_value_opens_where_it_belongs_and_nowhere_else() {
        let vault = vault();
        let sealed = vault.seal("record/a", "hunter2");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(*vault.open("record/a", &sealed).unwrap(), "hunter2");
        assert!(matches!(vault.open("record/b", &sealed), Err(Error::Damaged { .. })));
        let error = self::vault().open("record/a", &sealed).unwrap_err().to_string();
        assert!(error.contains(vault.current().as_str()) && error.contains("--secret-key-file"), "{error}");
    }

    #[test]
    fn a_value_of_before_encryption_is_read_and_sealed_by_rotation() {
        let vault = vault();
        assert_eq!(*vault.open("record/a", "{\"journal\":[]}").unwrap(), "{\"journal\":[]}");
        let sealed = vault.rewrap("record/a", "{}").unwrap().unwrap();
        assert_eq!(*vault.open("record/a", &sealed).unwrap(), "{}");
    }

    #[test]
    fn rotation_changes_the_wrapping_and_leaves_the_value_alone() {
        let old = Keyring::random();
        let sealed = Vault::new(old.clone()).seal("record/a", "hunter2");
        let new = Keyring::random();
        let both = Vault::new(new.clone().and(old));
        let rotated = both.rewrap("record/a", &sealed).unwrap().unwrap();
        assert_eq!(rotated.rsplit(':').next(), sealed.rsplit(':').next(), "the data is not touched");
        assert_eq!(*Vault::new(new).open("record/a", &rotated).unwrap(), "hunter2");
        assert_eq!(both.rewrap("record/a", &rotated).unwrap(), None);
    }

    proptest! {
        #[test]
        fn whatever_was_sealed_opens_and_whatever_was_changed_does_not(text in ".*", at in 0_usize..1_000) {
            let vault = vault();
            let sealed = vault.seal("x", &text);
            prop_assert_eq!(&*vault.open("x", &sealed).unwrap(), &text);
            let mut bytes = sealed.clone().into_bytes();
            let at = PREFIX.len() + at % (bytes.len() - PREFIX.len());
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(vault.open("x", &changed).is_err());
        }

        #[test]
        fn nothing_that_is_stored_makes_opening_panic(stored in "(sealed:1:)?[a-zA-Z0-9+/:]{0,200}") {
            let _ = vault().open("x", &stored);
        }
    }
}
