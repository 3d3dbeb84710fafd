//! Static tokens: made at random, kept as hashes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What tokens begin with, so that scanners for leaked secrets can find them.
const PREFIX: &str = "radii_";

/// Returns a new token with 244 random bits.
///
/// Two version-4 UUIDs hold them: the operating system's generator makes both.
pub fn new_token() -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns a token's SHA-256 in hexadecimal digits: what the access file holds.
///
/// Tokens are random, so a slow password hash would add nothing.
pub fn hash_of(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
