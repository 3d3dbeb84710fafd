//! Where a resource's properties point.

use radii_model::ResourceId;
use radii_model::extension::RESOURCE_REFERENCE;
use serde_json::Value as Json;

use crate::store::Record;

/// Types that frame an application rather than belong to it; nothing depends on them in a graph.
const FRAMES: [&str; 5] = [
    "applications.core/applications",
    "applications.core/environments",
    "radius.core/applications",
    "radius.core/environments",
    "radius.core/recipepacks",
];

/// Whether an id is of a type that frames applications.
pub(super) fn is_frame(id: &str) -> bool {
    let parsed = id.parse::<ResourceId>().ok();
    parsed.and_then(|id| id.resource_type()).is_some_and(|kind| FRAMES.contains(&kind.key().as_str()))
}

/// Properties whose entries point somewhere, and the member that does.
pub(super) const PLACES: [(&str, &str); 2] = [("connections", "source"), ("routes", "destination")];

/// Returns the ids that a resource's connections, routes and, by its schema, other properties point to; what points
/// nowhere is left out.
pub(super) fn outbound(record: &Record, records: &[Record], schema: Option<&Json>) -> Vec<String> {
    let values = PLACES.into_iter().flat_map(|(property, member)| {
        let entries: Vec<&Json> = match record.properties.get(property) {
            Some(Json::Object(entries)) => entries.values().collect(),
            Some(Json::Array(entries)) => entries.iter().collect(),
            _ => Vec::new(),
        };
        entries.into_iter().filter_map(move |entry| entry.get(member)?.as_str())
    });
    let mut ids: Vec<String> = values.filter_map(|value| target(value, records)).collect();
    let mut marked = Vec::new();
    if let Some(schema) = schema {
        for (name, value) in &record.properties {
            references(&schema["properties"][name], value, &mut marked);
        }
    }
    for id in marked.into_iter().filter_map(|value| target(value, records)) {
        if !ids.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
            ids.push(id);
        }
    }
    ids
}

/// Collects the values that a schema marks as ids of resources.
fn references<'v>(schema: &Json, value: &'v Json, into: &mut Vec<&'v str>) {
    match value {
        Json::String(text) if schema.get(RESOURCE_REFERENCE).is_some_and(|mark| *mark != Json::Bool(false)) => {
            into.push(text)
        }
        Json::Array(items) => items.iter().for_each(|item| references(&schema["items"], item, into)),
        Json::Object(members) => {
            for (name, value) in members {
                let declared = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                references(declared, value, into);
            }
        }
        _ => {}
    }
}

/// Returns the id that a value means: an id itself, or the address of a resource by name.
fn target(value: &str, records: &[Record]) -> Option<String> {
    if value.starts_with('/') {
        let id = value.parse::<ResourceId>().ok().filter(ResourceId::is_resource)?;
        return Some(id.to_string());
    }
    let host = host(value)?;
    let named = records.iter().find(|record| record.id.name() == Some(host));
    named.map(|record| record.id.to_string())
}

/// Returns the host name of an address; the scheme may be left out.
fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_found_in_addresses() {
        let cases = [
            ("http://db:80/x", Some("db")),
            ("db", Some("db")),
            ("db:5432", Some("db")),
            ("https://user@db?x", Some("db")),
            ("http://", None),
        ];
        for (address, expected) in cases {
            assert_eq!(host(address), expected, "{address}");
        }
    }
}
