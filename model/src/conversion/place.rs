//! JSON pointers (RFC 6901), taken apart.

use serde_json::Value as Json;

use crate::pointer;

/// Returns the names and indices of a pointer.
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    pointer::tokens(pointer).collect()
}

/// Returns the pointer to a member of what `pointer` points to.
pub(super) fn below(pointer: &str, name: &str) -> String {
    let mut below = pointer.to_owned();
    pointer::push(&mut below, name);
    below
}

/// Returns the value at a path.
pub(super) fn at<'v>(value: &'v Json, path: &[String]) -> Option<&'v Json> {
    path.iter().try_fold(value, |value, token| match value {
        Json::Object(members) => members.get(token),
        Json::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    })
}

/// As [`at`], to change it.
pub(super) fn at_mut<'v>(value: &'v mut Json, path: &[String]) -> Option<&'v mut Json> {
    path.iter().try_fold(value, |value, token| match value {
        Json::Object(members) => members.get_mut(token),
        Json::Array(items) => items.get_mut(token.parse::<usize>().ok()?),
        _ => None,
    })
}
