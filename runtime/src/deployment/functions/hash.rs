//! `uniqueString` and `guid`: names that are the same in every deployment (Bicep contract, part 4.2).

use sha1::{Digest as _, Sha1};

/// The namespace of [`guid`], which are UUIDs of version 5.
const NAMESPACE: uuid::Uuid = uuid::uuid!("11fb06fb-712d-4ddd-98c7-e71bbd588830");
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Returns thirteen letters and digits that depend on the arguments alone.
pub(super) fn unique_string(args: &[String]) -> String {
    // Thirteen times five bits are one more than a hash has: the last character holds four.
    let bits = u128::from(hash64(args.join("-").as_bytes())) << 1;
    (0..13).map(|at| ALPHABET[(bits >> (60 - 5 * at)) as usize & 31] as char).collect()
}

/// Returns a UUID that depends on the arguments alone.
pub(in crate::deployment) fn guid(args: &[String]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(NAMESPACE.as_bytes());
    hasher.update(args.join("-").as_bytes());
    let digest = hasher.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x50;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    uuid::Uuid::from_bytes(bytes).to_string()
}

/// The hash of 64 bits that templates use: two lanes of 32 bits over blocks of 8 bytes.
fn hash64(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (0u32, 0u32);
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |word, byte| word << 8 | u32::from(*byte));
    let mix1 = |word: u32| word.wrapping_mul(0x239b_961b).rotate_left(15).wrapping_mul(0xab0e_9789);
    let mix2 = |word: u32| word.wrapping_mul(0xab0e_9789).rotate_left(17).wrapping_mul(0x239b_961b);
    let blocks = bytes.chunks_exact(8);
    let tail = blocks.remainder();
    for block in blocks {
        h1 = (h1 ^ mix1(word(&block[..4]))).rotate_left(19).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x561c_cd1b);
        h2 = (h2 ^ mix2(word(&block[4..]))).rotate_left(13).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x0bca_a747);
    }
    h1 ^= mix1(word(&tail[..tail.len().min(4)]));
    h2 ^= mix2(word(tail.get(4..).unwrap_or_default()));
    let length = bytes.len() as u32;
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1);
    h2 = finish(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    u64::from(h2) << 32 | u64::from(h1)
}

fn finish(mut lane: u32) -> u32 {
    lane = (lane ^ lane >> 16).wrapping_mul(0x85eb_ca6b);
    lane = (lane ^ lane >> 13).wrapping_mul(0xc2b2_ae35);
    lane ^ lane >> 16
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn vectors(name: &str) -> Vec<Json> {
        let all: Json = serde_json::from_str(include_str!("../../../tests/data/hashes.json")).unwrap();
        all[name].as_array().unwrap().clone()
    }

    fn check(name: &str, function: fn(&[String]) -> String) {
        for vector in vectors(name) {
            let args: Vec<String> = serde_json::from_value(vector["args"].clone()).unwrap();
            assert_eq!(function(&args), vector["result"].as_str().unwrap(), "{name}({args:?})");
        }
    }

    #[test]
    fn hashes_are_those_of_the_recorded_vectors() {
        for vector in vectors("hash64") {
            let text = vector["utf8"].as_str().unwrap();
            assert_eq!(hash64(text.as_bytes()).to_string(), vector["decimal"].as_str().unwrap(), "{text}");
        }
    }

    #[test]
    fn unique_strings_are_those_of_the_recorded_vectors() {
        check("uniqueString", unique_string);
    }

    #[test]
    fn guids_are_those_of_the_recorded_vectors() {
        check("guid", guid);
    }
}
