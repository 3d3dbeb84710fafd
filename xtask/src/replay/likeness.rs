//! Whether an answer is about the same thing as the recorded one, where values may differ because of a rule.

use serde_json::{Map, Value as Json};

use super::bindings::Bindings;

/// States of resources.
const STATES: [&str; 7] = ["Accepted", "Updating", "Deleting", "Succeeded", "Failed", "Canceled", "Provisioning"];

/// Whether ours is the recorded resource, with all that its author asked for: properties that both have are of the
/// same type, and what stands beside the properties is equal.
pub fn is_same_resource(bindings: &Bindings, recorded: &Json, ours: &Json, asked: Option<&Json>) -> bool {
    let (Some(mut recorded), Some(mut ours)) = (recorded.as_object().cloned(), ours.as_object().cloned()) else {
        return false;
    };
    // When it was written, and by whom, is no part of what it is.
    let times = (recorded.shift_remove("systemData"), ours.shift_remove("systemData"));
    let has_times = times.0.is_none() || times.1.is_some_and(|times| times.is_object());
    let (theirs, own) = (recorded.shift_remove("properties"), ours.shift_remove("properties"));
    let mut differences = Vec::new();
    bindings.clone().accept_json(&recorded.into(), &ours.into(), "$", &mut differences);
    let (Some(Json::Object(theirs)), Some(Json::Object(own))) = (theirs, own) else { return false };
    has_times && differences.is_empty() && are_like_properties(&theirs, &own, asked)
}

fn are_like_properties(recorded: &Map<String, Json>, ours: &Map<String, Json>, asked: Option<&Json>) -> bool {
    let has_state = ours.get("provisioningState").and_then(Json::as_str).is_some_and(|state| STATES.contains(&state));
    let asked = asked.and_then(|body| body["properties"].as_object());
    let is_shown = |name: &String| ours.contains_key(name) || !recorded.contains_key(name);
    has_state
        && asked.into_iter().flat_map(Map::keys).all(is_shown)
        && ours.iter().all(|(name, own)| recorded.get(name).is_none_or(|other| are_alike(other, own)))
        && ours.get("status").is_none_or(Json::is_object)
}

/// Whether an answer is the whole of a resource as it was asked for.
pub fn is_as_written(id: &str, asked: &Json, ours: &Json) -> bool {
    const TIMES: [&str; 6] =
        ["createdAt", "createdBy", "createdByType", "lastModifiedAt", "lastModifiedBy", "lastModifiedByType"];
    let is = |name: &str, wanted: &str| ours[name].as_str().is_some_and(|own| own.eq_ignore_ascii_case(wanted));
    let Some((_, kind)) = id.rsplit_once("/providers/") else { return false };
    let (kind, name) = kind.rsplit_once('/').unwrap_or((kind, ""));
    let has_times = ours.get("systemData").is_none_or(|data| TIMES.iter().all(|name| data[*name].is_string()));
    let is_user_defined = ours.get("systemData").is_none() && ours.get("tags").is_none();
    let state = ours["properties"]["provisioningState"].as_str().unwrap_or_default();
    is("id", id)
        && is("name", name)
        && is("type", kind)
        && has_times
        && (is_user_defined || ours["systemData"].is_object() && ours["tags"].is_object())
        && STATES.contains(&state)
        && (asked.get("location").is_none() || ours["location"].is_string())
        && ours["properties"].get("status").is_none_or(Json::is_object)
        && holds(&asked["properties"], &ours["properties"])
}

/// Whether an answer is the summary of a provider: its name, where it is, and types with their versions.
pub fn is_summary(namespace: &str, ours: &Json) -> bool {
    let is_type = |kind: &Json| {
        kind["apiVersions"]
            .as_object()
            .is_some_and(|versions| !versions.is_empty() && versions.values().all(Json::is_object))
            && kind["iconHash"].is_string()
            && kind["capabilities"].is_array()
    };
    let all = |name: &str, holds: &dyn Fn(&Json) -> bool| {
        ours[name].as_object().is_some_and(|members| !members.is_empty() && members.values().all(holds))
    };
    ours["name"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(namespace))
        && all("locations", &Json::is_object)
        && all("resourceTypes", &is_type)
}

/// Whether ours has all that was asked for.
fn holds(asked: &Json, ours: &Json) -> bool {
    match (asked, ours) {
        (Json::Object(asked), Json::Object(ours)) => {
            asked.iter().all(|(name, value)| ours.get(name).is_some_and(|own| holds(value, own)))
        }
        (asked, ours) => asked == ours,
    }
}

/// Whether ours is the recorded operation: all but how and when it ended is equal.
pub fn is_same_operation(bindings: &Bindings, recorded: &Json, ours: &Json) -> bool {
    let is_text = |name: &str| ours[name].is_string();
    let has_end = is_text("endTime") || matches!(ours["status"].as_str(), Some("Accepted" | "Updating" | "Deleting"));
    let has_error =
        ours["status"] != "Failed" || ours["error"]["code"].is_string() && ours["error"]["message"].is_string();
    let same = |name: &str| recorded.get(name).is_none() || accepts(bindings, &recorded[name], &ours[name]);
    is_text("status") && has_end && has_error && ["id", "name", "startTime"].iter().all(|name| same(name))
}

fn accepts(bindings: &Bindings, recorded: &Json, ours: &Json) -> bool {
    let mut differences = Vec::new();
    bindings.clone().accept_json(recorded, ours, "$", &mut differences);
    differences.is_empty()
}

/// Makes what is shown of certain resources within other answers alike: members of equal types become equal, and
/// properties that only one of both has are left out. Returns whether anything was found.
pub fn reconcile(recorded: &mut Json, ours: &mut Json, is_meant: &dyn Fn(&str) -> bool) -> bool {
    match (recorded, ours) {
        (Json::Object(recorded), Json::Object(ours)) => {
            let is_one = recorded.get("id").and_then(Json::as_str).is_some_and(is_meant);
            if is_one {
                reconcile_members(recorded, ours);
            }
            let mut found = is_one;
            for (name, value) in recorded.iter_mut() {
                if let Some(own) = ours.get_mut(name) {
                    found |= reconcile(value, own, is_meant);
                }
            }
            found
        }
        (Json::Array(recorded), Json::Array(ours)) => {
            recorded.iter_mut().zip(ours).fold(false, |found, (value, own)| reconcile(value, own, is_meant) || found)
        }
        _ => false,
    }
}

fn reconcile_members(recorded: &mut Map<String, Json>, ours: &mut Map<String, Json>) {
    for (name, value) in recorded.iter_mut() {
        let Some(own) = ours.get_mut(name) else { continue };
        match (name.as_str(), &mut *value, &mut *own) {
            ("id" | "name" | "type" | "connections" | "direction", ..) => {}
            ("properties", Json::Object(properties), Json::Object(own)) => {
                properties.retain(|name, value| own.get(name).is_some_and(|own| are_alike(value, own)));
                own.retain(|name, _| properties.contains_key(name));
                properties.clone_from(own);
            }
            (_, value, own) if are_alike(value, own) => own.clone_from(value),
            _ => {}
        }
    }
}

/// Whether both are of the same type; null stands for any.
pub fn are_alike(one: &Json, other: &Json) -> bool {
    one.is_null() || other.is_null() || std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_is_itself_with_other_values_and_no_other() {
        let recorded = json!({ "id": "/a", "name": "a", "properties": { "provisioningState": "Succeeded", "host": "h", "size": "S" } });
        let asked = json!({ "properties": { "size": "S" } });
        let is_same = |ours: Json| is_same_resource(&Bindings::default(), &recorded, &ours, Some(&asked));
        let own = |properties: Json| json!({ "id": "/a", "name": "a", "properties": properties });
        assert!(is_same(own(json!({ "provisioningState": "Failed", "size": "S" }))));
        assert!(!is_same(own(json!({ "provisioningState": "Failed" }))), "what was asked for is gone");
        assert!(!is_same(own(json!({ "provisioningState": 17, "size": "S" }))));
        assert!(!is_same(own(json!({ "provisioningState": "Failed", "size": 17 }))));
        assert!(!is_same(
            json!({ "id": "/b", "name": "a", "properties": { "provisioningState": "Failed", "size": "S" } })
        ));
    }

    #[test]
    fn an_operation_is_itself_however_it_ended() {
        let recorded =
            json!({ "id": "/o", "name": "o", "status": "Failed", "startTime": "{time}", "endTime": "{time}" });
        let time = "2026-01-01T00:00:00Z";
        let is_same = |ours: Json| is_same_operation(&Bindings::default(), &recorded, &ours);
        assert!(is_same(json!({ "id": "/o", "name": "o", "status": "Succeeded", "startTime": time, "endTime": time })));
        assert!(
            !is_same(json!({ "id": "/o", "name": "o", "status": "Succeeded", "startTime": time })),
            "it has no end"
        );
        assert!(!is_same(json!({ "id": "/o", "name": "o", "status": "Failed", "startTime": time, "endTime": time })));
        assert!(!is_same(
            json!({ "id": "/p", "name": "o", "status": "Succeeded", "startTime": time, "endTime": time })
        ));
    }

    #[test]
    fn what_is_shown_of_a_resource_elsewhere_is_compared_by_type() {
        let mut recorded = json!({ "c": { "id": "/a", "name": "a", "properties": { "host": "h", "state": "x" } } });
        let mut ours = json!({ "c": { "id": "/a", "name": "a", "properties": { "state": "y" } } });
        assert!(reconcile(&mut recorded, &mut ours, &|id| id == "/a"));
        assert_eq!(recorded, ours);
        let mut ours = json!({ "c": { "id": "/a", "name": 17 } });
        reconcile(&mut recorded, &mut ours, &|id| id == "/a");
        assert_ne!(recorded, ours);
    }
}
