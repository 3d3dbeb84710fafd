//! What is sensitive on resources of user-defined types, for those who are connected to them.
//!
//! A record shows null in the place of a sensitive value. The value itself is kept in the record's private part, which
//! stores seal: a container that is connected receives it through the platform's secrets, and who sends back the null
//! that was answered does not lose it. Only properties of the first level are kept, since only those have a variable.

use serde_json::{Map, Value as Json};

use crate::host::Host;
use crate::store::Record;

/// Where a record keeps the values, by the names that the properties have in the version it is stored in.
const KEPT: &str = "sensitive";

/// Takes sensitive values out of a record and keeps them; returns the properties as they were.
pub(crate) fn take(host: &Host, record: &mut Record) -> Map<String, Json> {
    let given = record.properties.clone();
    host.redact(record);
    let hidden = given.iter().filter(|(name, value)| !value.is_null() && is_hidden(record, name));
    let kept: Map<String, Json> = hidden.map(|(name, value)| (name.clone(), value.clone())).collect();
    record.private.data.shift_remove(KEPT);
    if !kept.is_empty() {
        record.private.data.insert(KEPT.to_owned(), Json::Object(kept));
    }
    given
}

/// Gives back what `old` keeps to a draft that says null, which is what answers show in its place.
pub(crate) fn give_back(host: &Host, draft: &mut Record, old: &Record) {
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

/// Drops what is kept: nothing of the record's type is sensitive any more.
pub(crate) fn forget(record: &mut Record) {
    record.private.data.shift_remove(KEPT);
}

/// Returns the values that a record keeps, by name.
pub(crate) fn kept(record: &Record) -> Option<&Map<String, Json>> {
    record.private.data.get(KEPT)?.as_object()
}

/// Whether a redacted record hides a property as a whole.
fn is_hidden(redacted: &Record, name: &str) -> bool {
    redacted.properties.get(name).is_some_and(Json::is_null)
}
