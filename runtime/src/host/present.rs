//! Resources as the wire shows them.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::store::Record;
use crate::versions::KEPT_ASIDE;

/// The property that tells a resource's state.
const STATE: &str = "provisioningState";

/// Returns a resource as the wire shows it: `id`, `name`, `type`, `location`, `tags`, `systemData`, `properties`.
///
/// `tags` and `systemData` belong to tracked resources; those of user-defined types carry `tags` only
/// when they were given, and no `systemData` (Radius HTTP contract, part 2).
pub fn present(record: &Record) -> Map<String, Json> {
    let mut body = Map::new();
    body.insert("id".into(), record.id.to_string().into());
    body.insert("name".into(), record.id.name().unwrap_or_default().into());
    body.insert("type".into(), record.type_name.clone().into());
    if let Some(location) = &record.location {
        body.insert("location".into(), location.clone().into());
    }
    let tracked = is_tracked(&record.type_name);
    match &record.tags {
        Some(tags) => drop(body.insert("tags".into(), Json::Object(tags.clone()))),
        None if tracked => drop(body.insert("tags".into(), json!({}))),
        None => {}
    }
    if tracked {
        body.insert("systemData".into(), system_data(record));
    }
    if !record.type_name.eq_ignore_ascii_case("System.Resources/resourceGroups") {
        let mut properties = record.properties.clone();
        properties.insert(STATE.into(), record.state.as_str().into());
        body.insert("properties".into(), Json::Object(properties));
    }
    body
}

/// A resource as [`present`] shows it, written without being copied first.
pub struct Shown<'r>(pub &'r Record);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown(record) = self;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("id", &record.id.to_string())?;
        body.serialize_entry("name", record.id.name().unwrap_or_default())?;
        body.serialize_entry("type", &record.type_name)?;
        if let Some(location) = &record.location {
            body.serialize_entry("location", location)?;
        }
        let tracked = is_tracked(&record.type_name);
        match &record.tags {
            Some(tags) => body.serialize_entry("tags", tags)?,
            None if tracked => body.serialize_entry("tags", &Map::new())?,
            None => {}
        }
        if tracked {
            body.serialize_entry("systemData", &system_data(record))?;
        }
        if !record.type_name.eq_ignore_ascii_case("System.Resources/resourceGroups") {
            body.serialize_entry("properties", &WithState(record))?;
        }
        body.end()
    }
}

/// The properties of a record with its state: where they name one, or behind them.
struct WithState<'r>(&'r Record);

impl Serialize for WithState<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let WithState(record) = self;
        let mut members = serializer.serialize_map(None)?;
        let mut is_told = false;
        for (name, value) in &record.properties {
            if name == STATE {
                is_told = true;
                members.serialize_entry(STATE, record.state.as_str())?;
            } else {
                members.serialize_entry(name, value)?;
            }
        }
        if !is_told {
            members.serialize_entry(STATE, record.state.as_str())?;
        }
        members.end()
    }
}

/// Whether a type is one of those that always show `tags` and `systemData`.
fn is_tracked(type_name: &str) -> bool {
    let begins = |with: &str| type_name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    begins("applications.") || begins("radius.core/")
}

fn system_data(record: &Record) -> Json {
    json!({
        "createdBy": "",
        "createdByType": "",
        "createdAt": record.created_at.to_string(),
        "lastModifiedBy": "",
        "lastModifiedByType": "",
        "lastModifiedAt": record.updated_at.to_string(),
    })
}

/// Returns the `ETag` of a record: length and SHA-256 of its content, so that equal content has the equal tag.
pub fn etag(record: &Record) -> String {
    let mut content = Vec::with_capacity(1024);
    // A value has no key that is not text, and so cannot fail to be written.
    let _ = serde_json::to_writer(&mut content, &Content(record));
    let mut tag = content.len().to_string();
    tag.push('-');
    for byte in Sha256::digest(&content) {
        tag.extend([byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16).unwrap_or_default()));
    }
    tag
}

/// What makes a record what it is, as an array.
struct Content<'r>(&'r Record);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Content(record) = self;
        let mut all = serializer.serialize_seq(None)?;
        all.serialize_element(&record.id.to_string())?;
        all.serialize_element(&record.type_name)?;
        all.serialize_element(&record.api_version)?;
        all.serialize_element(&record.location)?;
        all.serialize_element(&record.tags)?;
        all.serialize_element(&record.properties)?;
        all.serialize_element(&record.state)?;
        // Other versions show it.
        if let Some(kept) = record.private.data.get(KEPT_ASIDE) {
            all.serialize_element(kept)?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::record;
    use crate::store::State;

    #[test]
    fn a_tag_is_length_and_digest_of_the_content() {
        let mut record = record("/planes/radius/local/resourceGroups/g");
        record.properties.insert("a".into(), json!({ "b": [1, "\u{e9}"] }));
        record.private.data.insert(KEPT_ASIDE.into(), json!({ "c": 1 }));
        let content = json!([
            record.id.to_string(),
            record.type_name,
            record.api_version,
            record.location,
            record.tags,
            record.properties,
            record.state,
            { "c": 1 },
        ])
        .to_string();
        let digest: String = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(etag(&record), format!("{}-{digest}", content.len()));
    }

    #[test]
    fn a_record_is_written_as_it_is_presented() {
        let group = "/planes/radius/local/resourceGroups/g";
        let thing = format!("{group}/providers/Contoso.Data/things/one");
        let app = format!("{group}/providers/Applications.Core/applications/a");
        for (id, kind, properties, tags) in [
            (group, "System.Resources/resourceGroups", json!({}), json!({})),
            (&thing, "Contoso.Data/things", json!({ "b": [1, 2.5], "a": { "x": null } }), Json::Null),
            (&thing, "Contoso.Data/things", json!({ "provisioningState": "?", "é": "\"" }), json!({ "t": "1" })),
            (&app, "applications.core/applications", json!({}), Json::Null),
        ] {
            let mut record = record(id);
            record.type_name = kind.to_owned();
            record.state = State::Updating;
            record.properties = properties.as_object().cloned().unwrap_or_default();
            record.tags = tags.as_object().cloned();
            for location in [None, Some("global".to_owned())] {
                record.location = location;
                let written = serde_json::to_string(&Shown(&record)).unwrap();
                assert_eq!(written, Json::Object(present(&record)).to_string());
            }
        }
    }
}
