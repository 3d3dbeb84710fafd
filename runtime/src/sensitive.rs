//! What is sensitive on resources of user-defined types, for those who are connected to them.
//!
//! A record shows null in the place of a sensitive value. The value itself is kept in the record's private part, which
//! stores seal: a container or recipe that is connected receives it through the platform's secrets, and who sends back
//! the null that was answered does not lose it.

use serde_json::{Map, Value as Json};

use crate::host::Host;
use crate::store::Record;

/// Where a record keeps sensitive properties, by the names that they have in the version it is stored in.
const KEPT: &str = "sensitive";
/// Where a record keeps sensitive values inside of properties, by their JSON pointers.
const PARTS: &str = "sensitiveParts";

/// Takes sensitive values out of a record and keeps them; returns the properties as they were.
pub(crate) fn take(host: &Host, record: &mut Record) -> Map<String, Json> {
    let given = record.properties.clone();
    host.redact(record);
    let hidden = given.iter().filter(|(name, value)| !value.is_null() && is_hidden(record, name));
    let kept: Map<String, Json> = hidden.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut parts = Map::new();
    for (name, value) in &given {
        if let Some(shown) = record.properties.get(name).filter(|shown| !shown.is_null()) {
            find_parts(value, shown, &pointer("", name), &mut parts);
        }
    }
    forget(record);
    for (place, values) in [(KEPT, kept), (PARTS, parts)] {
        if !values.is_empty() {
            record.private.data.insert(place.to_owned(), Json::Object(values));
        }
    }
    given
}

/// Gives back what `old` keeps to a draft that says null, which is what answers show in its place.
pub(crate) fn give_back(host: &Host, draft: &mut Record, old: &Record) {
    give_back_parts(draft, old);
    let (Some(kept), Some(version)) = (kept(old), draft.api_version.clone()) else { return };
    let mut whole = old.clone();
    whole.properties.extend(kept.clone());
    host.converted(&mut whole, &version);
    let mut shown = whole.clone();
    host.redact(&mut shown);
    for (name, value) in draft.properties.iter_mut().filter(|(_, value)| value.is_null()) {
        if let Some(known) = whole.properties.get(name).filter(|_| is_hidden(&shown, name)) {
            *value = known.clone();
        }
    }
}

/// Gives back what stands inside of objects. Items of lists may have changed places, so theirs must be given anew.
fn give_back_parts(draft: &mut Record, old: &Record) {
    if draft.api_version != old.api_version {
        return;
    }
    for (pointer, value) in parts(old) {
        let mut place = Some(&mut draft.properties);
        let mut segments = pointer.split('/').skip(1).map(unescape).peekable();
        while let (Some(members), Some(segment)) = (place.take(), segments.next()) {
            match members.get_mut(&segment) {
                Some(Json::Object(inner)) => place = Some(inner),
                Some(empty @ Json::Null) if segments.peek().is_none() => *empty = value.clone(),
                _ => {}
            }
        }
    }
}

/// Drops what is kept: nothing of the record's type is sensitive any more.
pub(crate) fn forget(record: &mut Record) {
    record.private.data.shift_remove(KEPT);
    record.private.data.shift_remove(PARTS);
}

/// Returns the properties of a redacted record with everything that it keeps, for those who may know it.
pub(crate) fn whole(redacted: &Record) -> Map<String, Json> {
    let mut properties = redacted.properties.clone();
    for (name, value) in kept(redacted).into_iter().flatten() {
        if let Some(empty @ Json::Null) = properties.get_mut(name) {
            *empty = value.clone();
        }
    }
    let mut properties = Json::Object(properties);
    for (pointer, value) in parts(redacted) {
        if let Some(empty @ Json::Null) = properties.pointer_mut(pointer) {
            *empty = value.clone();
        }
    }
    match properties {
        Json::Object(properties) => properties,
        _ => Map::new(),
    }
}

/// Whether a property is sensitive, as a whole or in parts.
pub(crate) fn is_kept(record: &Record, name: &str) -> bool {
    let below = pointer("", name) + "/";
    kept(record).is_some_and(|kept| kept.contains_key(name))
        || parts(record).any(|(pointer, _)| pointer.starts_with(&below))
}

fn kept(record: &Record) -> Option<&Map<String, Json>> {
    record.private.data.get(KEPT)?.as_object()
}

fn parts(record: &Record) -> impl Iterator<Item = (&String, &Json)> {
    record.private.data.get(PARTS).and_then(Json::as_object).into_iter().flatten()
}

/// Finds the values that are null in `shown`.
fn find_parts(given: &Json, shown: &Json, at: &str, found: &mut Map<String, Json>) {
    match (given, shown) {
        (Json::Null, _) => {}
        (value, Json::Null) => drop(found.insert(at.to_owned(), value.clone())),
        (Json::Object(members), Json::Object(shown)) => {
            for (name, value) in members {
                if let Some(shown) = shown.get(name) {
                    find_parts(value, shown, &pointer(at, name), found);
                }
            }
        }
        (Json::Array(items), Json::Array(shown)) => {
            for (index, (value, shown)) in items.iter().zip(shown).enumerate() {
                find_parts(value, shown, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn pointer(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Whether a redacted record hides a property as a whole.
fn is_hidden(redacted: &Record, name: &str) -> bool {
    redacted.properties.get(name).is_some_and(Json::is_null)
}
