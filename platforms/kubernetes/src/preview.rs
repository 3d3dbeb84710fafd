//! What applying an object would change.

use radii_runtime::platform::Object;
use serde_json::{Map, Value as Json, json};

use crate::cluster::Error;

/// Members of `metadata` that change by themselves.
const RESTLESS: [&str; 6] = ["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"];

/// Returns the change that a rehearsal showed; `None` when the cluster cannot tell.
pub fn change(object: &Object, rehearsed: Result<(Option<Json>, Json), Error>) -> Option<Json> {
    let (before, after) = match rehearsed {
        Ok(rehearsed) => rehearsed,
        Err(Error::Conflict { message }) => return Some(json!({ "changeType": "Modify", "conflict": message })),
        // Its namespace, or the definition of its kind, may come with the deployment.
        Err(error) if error.is_not_found() => return Some(json!({ "changeType": "Create" })),
        Err(Error::Refused { message, .. }) => return Some(json!({ "changeType": "Unsupported", "refusal": message })),
        Err(Error::NoSuchKind { .. } | Error::Unreachable { .. }) => return None,
    };
    let Some(before) = before else { return Some(json!({ "changeType": "Create" })) };
    let mut delta = Vec::new();
    differences("", &settled(before), &settled(after), &mut delta);
    if object.body["kind"] == "Secret" {
        delta.iter_mut().for_each(hide);
    }
    let kind = if delta.is_empty() { "NoChange" } else { "Modify" };
    Some(json!({ "changeType": kind, "delta": delta }))
}

/// An object without what is not its author's.
fn settled(mut object: Json) -> Json {
    if let Json::Object(members) = &mut object {
        members.shift_remove("status");
        if let Some(metadata) = members.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.retain(|name, value| {
                !RESTLESS.contains(&name.as_str()) && !value.as_object().is_some_and(Map::is_empty)
            });
        }
    }
    object
}

fn hide(entry: &mut Json) {
    for side in ["before", "after"] {
        if !entry[side].is_null() {
            entry[side] = json!("(secret)");
        }
    }
}

/// Lists where two objects differ, item by item.
fn differences(path: &str, before: &Json, after: &Json, into: &mut Vec<Json>) {
    if before == after {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            for name in old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))) {
                let side = |members: &Map<String, Json>| members.get(name).cloned().unwrap_or_default();
                differences(&below(name), &side(old), &side(new), into);
            }
        }
        (Json::Array(old), Json::Array(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                differences(&below(&at.to_string()), old, new, into);
            }
        }
        _ => {
            let kind = match (before.is_null(), after.is_null()) {
                (true, _) => "Create",
                (_, true) => "Delete",
                _ => "Modify",
            };
            into.push(json!({ "path": path, "propertyChangeType": kind, "before": before, "after": after }));
        }
    }
}
