//! Changes within bodies: what is left out of them, what is one in them, and what has no order.

use serde_json::{Value as Json, json};

use super::super::likeness;
use super::super::memory::Memory;

/// Takes long texts of the recording over from ours, wherever both have one.
pub(super) fn forget_texts(recorded: &mut Json, ours: &mut Json) {
    match (recorded, ours) {
        (Json::String(text), Json::String(own)) if text.contains("{text:") && !own.is_empty() => *text = own.clone(),
        (Json::Object(members), Json::Object(ours)) => {
            for (name, member) in members {
                if let Some(own) = ours.get_mut(name) {
                    forget_texts(member, own);
                }
            }
        }
        (Json::Array(items), Json::Array(ours)) => {
            items.iter_mut().zip(ours).for_each(|(item, own)| forget_texts(item, own));
        }
        _ => {}
    }
}

/// Takes our state over, of a resource or of each in a list, where an operation that is under way has ended with it, or a
/// worker has begun it already.
pub(super) fn end_sooner(recorded: &mut Json, ours: &Json, is_under_way: &dyn Fn(&str) -> bool) {
    const ENDS: [&str; 3] = ["Succeeded", "Failed", "Canceled"];
    if let (Some(items), Some(own)) = (recorded.get_mut("value").and_then(Json::as_array_mut), ours["value"].as_array())
    {
        items.iter_mut().zip(own).for_each(|(item, own)| end_sooner(item, own, is_under_way));
        return;
    }
    let own = &ours["properties"]["provisioningState"];
    let has_ended = own.as_str().is_some_and(|state| ENDS.contains(&state));
    let has_begun = own == "Updating" && recorded["properties"]["provisioningState"] == "Accepted";
    if (has_ended || has_begun)
        && recorded["id"].as_str().is_some_and(is_under_way)
        && let Some(state) = recorded.pointer_mut("/properties/provisioningState")
    {
        *state = own.clone();
    }
}

pub(super) fn redact(value: &mut Json) {
    match value {
        Json::Object(members) if members.contains_key("encrypted") && members.contains_key("nonce") => {
            *value = Json::Null
        }
        Json::Object(members) => members.values_mut().for_each(redact),
        Json::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn scope_of(path: &str) -> String {
    let scope = path.find("/planes/").map_or(path, |at| &path[at..]);
    format!("{}/", scope.trim_end_matches('/'))
}

fn is_within(item: &Json, scope: &str) -> bool {
    item["id"].as_str().is_some_and(|id| id.to_ascii_lowercase().starts_with(scope))
}

pub(super) fn keep_children(body: &mut Json, path: &str) {
    let scope = scope_of(path);
    if let Some(Json::Array(items)) = body.get_mut("value") {
        items.retain(|item| is_within(item, &scope));
    }
}

/// Whether all items of ours are different children of `path`, with all members that recorded items have.
///
/// Whether a registered type is described is known elsewhere, where anything tells.
pub(super) fn are_complete(
    recorded: &Json,
    ours: &Json,
    path: &str,
    is_described: &dyn Fn(&str) -> Option<bool>,
) -> bool {
    let scope = scope_of(path);
    let (Some(recorded), Some(ours)) = (recorded["value"].as_array(), ours["value"].as_array()) else { return false };
    let shapes: Vec<_> = recorded.iter().map(|item| shape(item, 3)).collect();
    let mut ids: Vec<&str> = ours.iter().filter_map(|item| item["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let named = |item: &Json| item["id"].as_str().unwrap_or_default().ends_with(item["name"].as_str().unwrap_or("?"));
    let typed = |item: &Json| recorded.iter().any(|other| other["type"] == item["type"]);
    let described = |item: &Json| {
        let known = item["id"].as_str().and_then(is_described);
        known.is_none_or(|known| item["properties"].get("description").is_some() == known)
    };
    let fits = |item: &Json| {
        is_within(item, &scope) && named(item) && typed(item) && described(item) && shapes.contains(&shape(item, 3))
    };
    !ours.is_empty() && ids.len() == ours.len() && ours.iter().all(fits)
}

/// Names and types of the members of a value, but for those that not all registrations have.
fn shape(value: &Json, depth: usize) -> Vec<String> {
    // Each with its kind, where it is there.
    const SOMETIMES: [(&str, &str); 5] = [
        ("description", "text"),
        ("icon", "text"),
        ("address", "text"),
        ("resourceTypes", "object"),
        ("schema", "object"),
    ];
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "text",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    };
    let mut found = vec![kind.to_owned()];
    for (name, member) in value.as_object().into_iter().flatten().filter(|_| depth > 0) {
        let own = shape(member, 0);
        if !SOMETIMES.iter().any(|(sometimes, kind)| name == sometimes && own == [*kind]) {
            found.extend(shape(member, depth - 1).into_iter().map(|below| format!("{name}: {below}")));
        }
    }
    found.sort();
    found
}

/// Makes one node of nodes whose ids differ in casing only, and one edge of such edges.
pub(super) fn merge_casings(graph: &mut Json, memory: &Memory) {
    let Some(nodes) = graph.get_mut("resources").and_then(Json::as_array_mut) else { return };
    let stored = |id: &str| {
        let found = memory.find(&id.to_ascii_lowercase());
        found.and_then(|body| body["id"].as_str().map(str::to_owned)).unwrap_or_else(|| id.to_owned())
    };
    let mut merged: Vec<Json> = Vec::new();
    for node in nodes.drain(..) {
        let id = stored(node["id"].as_str().unwrap_or_default());
        let edges = node["connections"].as_array().cloned().unwrap_or_default();
        let at =
            match merged.iter().position(|other| other["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&id)))
            {
                Some(at) => at,
                None => {
                    merged.push(json!({ "id": id, "connections": [] }));
                    merged.len() - 1
                }
            };
        let target = &mut merged[at];
        // The node that is registered knows more than the one that was only referred to.
        if node.get("outputResources").is_some() || target.get("name").is_none() {
            let mut own = node.clone();
            own["connections"] = target["connections"].clone();
            own["id"] = id.into();
            *target = own;
        }
        if let Some(list) = target["connections"].as_array_mut() {
            for mut edge in edges {
                edge["id"] = stored(edge["id"].as_str().unwrap_or_default()).into();
                list.push(edge);
            }
            list.sort_by_key(|edge| (edge["id"].as_str().map(str::to_ascii_lowercase), edge.to_string()));
        }
    }
    merged.sort_by_key(|node| node["id"].as_str().map(str::to_ascii_lowercase));
    *nodes = merged;
}

/// Removes a member; `*` stands for any one, `[name=X]` for items or members with that name.
pub(super) fn remove(value: &mut Json, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Some(name) = first.strip_prefix("[name=").and_then(|text| text.strip_suffix(']')) {
        // A dot inside a name is written `~`.
        let is_meant = |item: &&mut Json| item["name"] == name.replace('~', ".");
        value.as_array_mut().into_iter().flatten().filter(is_meant).for_each(|item| remove(item, rest));
        return;
    }
    match value {
        Json::Object(members) if rest.is_empty() && *first == "*" => members.clear(),
        Json::Object(members) if rest.is_empty() => drop(members.shift_remove(*first)),
        Json::Object(members) if *first == "*" => members.values_mut().for_each(|member| remove(member, rest)),
        Json::Object(members) => {
            if let Some(member) = members.get_mut(*first) {
                remove(member, rest);
            }
        }
        Json::Array(items) if *first == "*" && !rest.is_empty() => items.iter_mut().for_each(|item| remove(item, rest)),
        _ => {}
    }
}

/// Makes null, in the recording, of the values that ours name as hidden and have null for, wherever a status does so; the
/// warning that names them is removed.
pub(super) fn forget_hidden_values(recorded: &mut Json, ours: &mut Json) {
    for path in take_hidden(ours) {
        for place in [format!("/status/computedValues{path}"), path] {
            if let (Some(shown), Some(Json::Null)) = (recorded.pointer_mut(&place), ours.pointer(&place)) {
                *shown = Json::Null;
            }
        }
    }
    match (recorded, ours) {
        (Json::Object(members), Json::Object(ours)) => {
            for (name, own) in ours {
                if let Some(member) = members.get_mut(name) {
                    forget_hidden_values(member, own);
                }
            }
        }
        (Json::Array(items), Json::Array(ours)) => {
            items.iter_mut().zip(ours).for_each(|(item, own)| forget_hidden_values(item, own));
        }
        _ => {}
    }
}

/// Takes the warning about hidden values out of a resource's status; returns pointers to them.
fn take_hidden(properties: &mut Json) -> Vec<String> {
    let Some(entry) = take_warning(properties, "RecipeValuesHidden") else { return Vec::new() };
    let message = entry["message"].as_str().unwrap_or_default();
    let named = message.split_once(": ").map_or("", |(_, named)| named);
    // Every second part stands between backticks.
    let paths = named.split('`').skip(1).step_by(2);
    paths.map(|path| format!("/{}", path.replace(['.', '['], "/").replace(']', ""))).collect()
}

/// Takes a warning out of a resource's status.
pub(super) fn take_warning(properties: &mut Json, code: &str) -> Option<Json> {
    let status = properties.get_mut("status")?.as_object_mut()?;
    let list = status.get_mut("degradations")?.as_array_mut()?;
    let at = list.iter().position(|entry| entry["code"] == code)?;
    let entry = list.remove(at);
    if list.is_empty() {
        status.shift_remove("degradations");
    }
    Some(entry)
}

/// Sorts the lists of what was made, wherever they are.
pub(super) fn sort_outputs(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(sort_outputs),
        Json::Object(members) => {
            for (name, member) in members {
                if name == "outputResources" { sort(member) } else { sort_outputs(member) }
            }
        }
        _ => {}
    }
}

pub(super) fn sort(value: &mut Json) {
    match value {
        Json::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_key(|item| {
                let name = item.get("id").or_else(|| item.get("name")).and_then(Json::as_str);
                name.map_or_else(|| item.to_string(), str::to_ascii_lowercase)
            });
        }
        Json::Object(members) => members.values_mut().for_each(sort),
        _ => {}
    }
}

/// Removes from ours what the resource showed before and the recording does not show now, if it is alike. What its recipe
/// said before must still be there.
pub(super) fn forget_results(recorded: &mut Json, ours: &mut Json, before: &Json) {
    let shown = recorded.get_mut("properties").and_then(Json::as_object_mut);
    let own = ours.get_mut("properties").and_then(Json::as_object_mut);
    let (Some(recorded), Some(own), Some(before)) = (shown, own, before["properties"].as_object()) else { return };
    let said = before.get("status").and_then(|status| status["computedValues"].as_object()).into_iter().flatten();
    let secrets = before.get("secrets").filter(|secrets| secrets["name"].is_string()).map(|_| "secrets");
    for name in said.map(|(name, _)| name.as_str()).chain(secrets).filter(|name| before.contains_key(*name)) {
        if !recorded.contains_key(name) && !own.contains_key(name) {
            recorded.insert(name.to_owned(), before[name].clone());
        }
    }
    own.retain(|name, value| {
        let was_so = || before.get(name).is_some_and(|old| likeness::are_alike(old, value));
        name == "status" || recorded.contains_key(name) || !was_so()
    });
    let nothing = json!({});
    let known = before.get("status").unwrap_or(&nothing);
    if is_at_least(known, own.get("status").unwrap_or(&nothing)) {
        own.shift_remove("status");
        recorded.shift_remove("status");
    } else if !own.contains_key("status") {
        recorded.insert("status".to_owned(), known.clone());
    }
}

/// Whether a status is an object with members alike for all that it had before; what it said of one run alone may go.
fn is_at_least(before: &Json, status: &Json) -> bool {
    const LASTING: [&str; 3] = ["computedValues", "recipe", "outputResources"];
    let is_there = |name: &&str| match before.get(name) {
        Some(old) => status.get(name).is_some_and(|now| likeness::are_alike(old, now)),
        None => true,
    };
    status.is_object() && LASTING.iter().all(is_there)
}

/// Takes our texts over where they hold what Terraform would take for an expression, and the recording has what it made
/// of it.
pub(super) fn keep_literals(recorded: &mut Json, ours: &Json) {
    match (recorded, ours) {
        (made, Json::String(own)) if own.contains("${") || own.contains("%{") => *made = own.as_str().into(),
        (Json::Object(members), Json::Object(ours)) => {
            for (name, member) in members {
                if let Some(own) = ours.get(name) {
                    keep_literals(member, own);
                }
            }
        }
        (Json::Array(items), Json::Array(ours)) => {
            items.iter_mut().zip(ours).for_each(|(item, own)| keep_literals(item, own));
        }
        _ => {}
    }
}

/// Removes entries from our list of what was made that the recording has not, or a second time.
pub(super) fn forget_more_outputs(recorded: &Json, ours: &mut Json) {
    const OUTPUTS: &str = "/properties/status/outputResources";
    let expected = recorded.pointer(OUTPUTS).and_then(Json::as_array).cloned().unwrap_or_default();
    let Some(list) = ours.pointer_mut(OUTPUTS).and_then(Json::as_array_mut) else { return };
    let mut seen: Vec<Json> = Vec::new();
    list.retain(|item| {
        let is_first = !seen.contains(&item["id"]);
        seen.push(item["id"].clone());
        is_first && expected.iter().any(|expected| expected["id"] == item["id"])
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_under_way_may_have_ended() {
        let list = |states: [&str; 2]| {
            let item = |(id, state): (&str, &str)| json!({ "id": id, "properties": { "provisioningState": state } });
            let items: Vec<Json> = ["a", "b"].into_iter().zip(states).map(item).collect();
            json!({ "value": items })
        };
        let mut recorded = list(["Accepted", "Accepted"]);
        end_sooner(&mut recorded, &list(["Failed", "Failed"]), &|id| id == "a");
        assert_eq!(recorded, list(["Failed", "Accepted"]));
        end_sooner(&mut recorded, &list(["Updating", "nonsense"]), &|_| true);
        assert_eq!(recorded, list(["Failed", "Accepted"]));
        end_sooner(&mut recorded, &list(["Updating", "Updating"]), &|_| true);
        assert_eq!(recorded, list(["Failed", "Updating"]));
        end_sooner(&mut recorded, &list(["Accepted", "Accepted"]), &|_| true);
        assert_eq!(recorded, list(["Failed", "Updating"]));
    }

    #[test]
    fn results_of_earlier_runs_may_stay_as_they_were() {
        let before = json!({ "properties": { "host": "h", "status": { "recipe": 1 } } });
        let compared = |ours: Json| {
            let mut recorded = json!({ "properties": { "size": "L" } });
            let mut ours = json!({ "properties": ours });
            forget_results(&mut recorded, &mut ours, &before);
            recorded == ours
        };
        assert!(compared(json!({ "size": "L", "host": "h", "status": { "recipe": 1 } })));
        assert!(!compared(json!({ "size": "L", "host": 17 })));
        assert!(!compared(json!({ "size": "L", "other": "o" })));
        assert!(!compared(json!({ "size": "L", "status": 17 })));
        assert!(!compared(json!({ "size": "L", "host": "h", "status": {} })), "the recipe is gone");
    }

    #[test]
    fn what_a_recipe_said_must_stay() {
        let before =
            json!({ "properties": { "host": "h", "status": { "computedValues": { "host": "h", "more": 1 } } } });
        let left = |ours: Json| {
            let (mut recorded, mut ours) = (json!({ "properties": {} }), json!({ "properties": ours }));
            forget_results(&mut recorded, &mut ours, &before);
            recorded == ours
        };
        let status = json!({ "computedValues": { "host": "h", "more": 1 } });
        assert!(left(json!({ "host": "h", "status": status })));
        assert!(!left(json!({ "status": status })) && !left(json!({ "host": "h", "status": {} })));
    }

    #[test]
    fn only_texts_with_expressions_are_kept_as_they_are() {
        let mut recorded = json!({ "a": 1, "b": "other", "c": ["y"] });
        keep_literals(&mut recorded, &json!({ "a": "${1}", "b": "mine", "c": ["%{ if true }y%{ endif }"] }));
        assert_eq!(recorded, json!({ "a": "${1}", "b": "other", "c": ["%{ if true }y%{ endif }"] }));
    }

    #[test]
    fn only_values_that_ours_name_as_hidden_may_be_null() {
        let status = |values: Json| json!({ "status": { "computedValues": values } });
        let mut ours = status(json!({ "seen": { "pw": null, "keys": [null] }, "size": null }));
        let message = "the recipe `r` returned as values what it was told: `seen.pw`, `seen.keys[0]` are hidden";
        ours["status"]["degradations"] = json!([{ "code": "RecipeValuesHidden", "message": message }]);
        let (mut recorded, mut ours) = (
            json!({ "deep": status(json!({ "seen": { "pw": "p", "keys": ["k"] }, "size": 1 })) }),
            json!({ "deep": ours }),
        );
        forget_hidden_values(&mut recorded, &mut ours);
        assert_eq!(recorded["deep"], status(json!({ "seen": { "pw": null, "keys": [null] }, "size": 1 })));
        assert_eq!(ours["deep"], status(json!({ "seen": { "pw": null, "keys": [null] }, "size": null })));
    }

    #[test]
    fn only_outputs_that_the_recording_lacks_are_forgotten() {
        let list = |ids: &[&str]| {
            let items: Vec<Json> = ids.iter().map(|id| json!({ "id": id })).collect();
            json!({ "properties": { "status": { "outputResources": items } } })
        };
        let mut ours = list(&["a", "b", "b", "c"]);
        forget_more_outputs(&list(&["a", "b"]), &mut ours);
        assert_eq!(ours, list(&["a", "b"]));
    }
}
