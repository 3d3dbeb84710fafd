//! Strategic merge of a pod's specification, as the API server does it.

use serde_json::{Map, Value as Json};

/// Lists that are merged element by element, and the member that tells elements apart.
const KEYED: [(&str, &str); 12] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("env", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
    ("volumeDevices", "devicePath"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
    ("schedulingGates", "name"),
];
/// What an object or an element says about itself.
const PATCH: &str = "$patch";
/// The only members that stay in an object.
const RETAIN: &str = "$retainKeys";
/// The order of a list's elements: `$setElementOrder/NAME`.
const ORDER: &str = "$setElementOrder/";
/// Values that leave a list: `$deleteFromPrimitiveList/NAME`.
const REMOVE: &str = "$deleteFromPrimitiveList/";

/// In which order the elements of merged lists stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Places {
    /// What the patch names in the order of the patch, the rest between it as it was: the API server's.
    Patch,
    /// Where they stood; new elements first.
    Target,
}

/// Merges `patch` into `target` as an API server does: mappings member by member, null deletes, keyed lists by their
/// keys, other lists are replaced. All directives work: `$patch`, `$retainKeys`, `$setElementOrder` and
/// `$deleteFromPrimitiveList`.
///
/// # Errors
/// Says what of the patch cannot be merged.
pub fn merge(target: &mut Json, patch: &Json) -> Result<(), String> {
    merge_values(target, patch, Places::Patch)
}

/// Merges `over` into `target` like [`merge`], but leaves elements of lists where they stand in `target`.
///
/// # Errors
/// As those of [`merge`].
pub fn lay_over(target: &mut Json, over: &Json) -> Result<(), String> {
    merge_values(target, over, Places::Target)
}

fn merge_values(target: &mut Json, patch: &Json, places: Places) -> Result<(), String> {
    let Json::Object(patch) = patch else { return Err("it must be an object".to_owned()) };
    let Json::Object(target) = target else { return Err("what it is merged into is no object".to_owned()) };
    merge_objects(target, patch, places)
}

fn merge_objects(target: &mut Map<String, Json>, patch: &Map<String, Json>, places: Places) -> Result<(), String> {
    match directive(patch)? {
        Some(Directive::Replace) => {
            *target = plain(patch);
            return Ok(());
        }
        Some(Directive::Delete) => {
            target.clear();
            return Ok(());
        }
        Some(Directive::Merge) | None => {}
    }
    retain(target, patch)?;
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        if value.is_null() {
            target.shift_remove(key);
            continue;
        }
        let order = patch.get(&format!("{ORDER}{key}")).map(|order| elements(key, order)).transpose()?;
        merge_member(target, key, value, order, places)?;
    }
    for (key, value) in patch.iter().filter(|(key, _)| key.starts_with('$')) {
        if let Some(list) = key.strip_prefix(REMOVE) {
            let gone = elements(list, value)?;
            if let Some(Json::Array(items)) = target.get_mut(list) {
                items.retain(|item| !gone.contains(item));
            }
        } else if let Some(list) = key.strip_prefix(ORDER) {
            // The order of what the patch does not change otherwise.
            if let (None, Some(Json::Array(items))) = (patch.get(list), target.get_mut(list)) {
                *items = in_order(list, items, &[], elements(list, value)?);
            }
        } else if key != PATCH && key != RETAIN {
            let known = format!("`{PATCH}`, `{RETAIN}`, `{ORDER}LIST` and `{REMOVE}LIST`");
            return Err(format!("the directive `{key}` is not known; there are {known}"));
        }
    }
    Ok(())
}

fn merge_member(
    target: &mut Map<String, Json>,
    key: &str,
    value: &Json,
    order: Option<&Vec<Json>>,
    places: Places,
) -> Result<(), String> {
    let keyed = KEYED.iter().find(|(list, _)| *list == key).map(|(_, member)| *member);
    match (target.get_mut(key), value) {
        (Some(Json::Object(old)), Json::Object(new)) => {
            if directive(new)? == Some(Directive::Delete) {
                target.shift_remove(key);
                return Ok(());
            }
            merge_objects(old, new, places)
        }
        (None, Json::Object(new)) => {
            if directive(new)? != Some(Directive::Delete) {
                let mut made = Map::new();
                merge_objects(&mut made, new, places)?;
                target.insert(key.to_owned(), Json::Object(made));
            }
            Ok(())
        }
        (old, Json::Array(new)) if keyed.is_some() => {
            let old = match old {
                Some(Json::Array(old)) => std::mem::take(old),
                _ => Vec::new(),
            };
            let member = keyed.expect("looked at just now");
            let mut merged = merge_lists(key, member, &old, new, places)?;
            if let Some(order) = order {
                merged = in_order(key, &merged, &old, order);
            }
            target.insert(key.to_owned(), Json::Array(merged));
            Ok(())
        }
        (_, value) => {
            target.insert(key.to_owned(), value.clone());
            Ok(())
        }
    }
}

/// Takes away what a patch does not list in `$retainKeys`.
fn retain(target: &mut Map<String, Json>, patch: &Map<String, Json>) -> Result<(), String> {
    let Some(listed) = patch.get(RETAIN) else { return Ok(()) };
    let listed = elements(RETAIN, listed)?;
    let is_listed = |key: &str| listed.iter().any(|one| one == key);
    if let Some((stray, _)) =
        patch.iter().find(|(key, value)| !key.starts_with('$') && !value.is_null() && !is_listed(key))
    {
        return Err(format!("`{RETAIN}` does not list `{stray}`, which the patch sets"));
    }
    target.retain(|key, _| is_listed(key));
    Ok(())
}

fn elements<'a>(list: &str, value: &'a Json) -> Result<&'a Vec<Json>, String> {
    value.as_array().ok_or_else(|| format!("what a directive says of `{list}` must be a list"))
}

/// A patch without what it says about itself.
fn plain(patch: &Map<String, Json>) -> Map<String, Json> {
    patch.iter().filter(|(key, _)| !key.starts_with('$')).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[derive(PartialEq, Eq)]
enum Directive {
    Delete,
    Replace,
    Merge,
}

fn directive(patch: &Map<String, Json>) -> Result<Option<Directive>, String> {
    match patch.get(PATCH).map(Json::as_str) {
        None => Ok(None),
        Some(Some("delete")) => Ok(Some(Directive::Delete)),
        Some(Some("replace")) => Ok(Some(Directive::Replace)),
        Some(Some("merge")) => Ok(Some(Directive::Merge)),
        Some(_) => Err("`$patch` must be delete, replace or merge".to_owned()),
    }
}

fn merge_lists(list: &str, member: &str, old: &[Json], patch: &[Json], places: Places) -> Result<Vec<Json>, String> {
    let of = |element: &Json| element.as_object().map(directive).transpose().map(Option::flatten);
    let mut replaces = false;
    for element in patch {
        replaces |= of(element)? == Some(Directive::Replace);
    }
    if replaces {
        // `$patch: replace` in a list stands for the list, with the other elements as its content.
        let content = patch.iter().filter(|element| !matches!(of(element), Ok(Some(_))));
        return Ok(content.cloned().collect());
    }
    let mut merged = old.to_vec();
    let mut added: Vec<Json> = Vec::new();
    let mut named: Vec<&Json> = Vec::new();
    for element in patch {
        let key = element
            .get(member)
            .ok_or_else(|| format!("an element of `{list}` lacks `{member}`, which tells elements apart"))?;
        if named.contains(&key) {
            return Err(format!("`{list}` has two elements with `{member}` {key}"));
        }
        named.push(key);
        let existing = merged.iter().position(|candidate| candidate.get(member) == Some(key));
        let delete = of(element)? == Some(Directive::Delete);
        match existing {
            Some(index) if delete => {
                merged.remove(index);
            }
            Some(index) => merge_values(&mut merged[index], element, places)?,
            None if delete => {}
            None => added.push(element.as_object().map_or_else(|| element.clone(), |own| Json::Object(plain(own)))),
        }
    }
    if places == Places::Target {
        added.append(&mut merged);
        return Ok(added);
    }
    merged.append(&mut added);
    let keys: Vec<Json> = named.into_iter().cloned().collect();
    Ok(in_order(list, &merged, old, &keys))
}

/// Puts elements in the order that a patch names; those that it does not name stand where `old` has them before those
/// that it does.
fn in_order(list: &str, merged: &[Json], old: &[Json], named: &[Json]) -> Vec<Json> {
    let member = KEYED.iter().find(|(known, _)| *known == list).map(|(_, member)| *member);
    // Directives name elements by an object with the key, or values by themselves.
    let key = |element: &Json| match member.and_then(|member| element.get(member)) {
        Some(key) => key.clone(),
        None => element.clone(),
    };
    let named: Vec<Json> = named.iter().map(key).collect();
    let order: Vec<Json> =
        if old.is_empty() { merged.iter().map(key).collect() } else { old.iter().map(key).collect() };
    let place = |element: &Json| order.iter().position(|one| *one == key(element));
    let (mut ours, mut rest): (Vec<&Json>, Vec<&Json>) =
        merged.iter().partition(|element| named.contains(&key(element)));
    ours.sort_by_key(|element| named.iter().position(|one| *one == key(element)));
    rest.sort_by_key(|element| place(element));
    let (mut ours, mut rest) = (ours.into_iter().peekable(), rest.into_iter().peekable());
    let mut ordered = Vec::with_capacity(merged.len());
    loop {
        let from_rest = match (rest.peek(), ours.peek()) {
            (None, None) => return ordered,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(own)) => matches!((place(other), place(own)), (Some(other), Some(own)) if other < own),
        };
        ordered.extend(if from_rest { rest.next().cloned() } else { ours.next().cloned() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(mut target: Json, patch: &Json) -> Json {
        merge(&mut target, patch).unwrap();
        target
    }

    fn names(list: &Json) -> Vec<&str> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn elements_of_a_patch_keep_the_order_of_the_patch_and_others_their_place() {
        let list = |names: &[&str]| json!({ "containers": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() });
        for (target, patch, expected) in [
            (&["main"][..], &["main", "side"][..], &["main", "side"][..]),
            (&["main"], &["side", "main"], &["side", "main"]),
            (&["main"], &["side"], &["side", "main"]),
            (&["a", "b", "c"], &["c", "x"], &["a", "b", "c", "x"]),
            (&["a", "b", "c"], &["c", "a"], &["b", "c", "a"]),
        ] {
            let result = merged(list(target), &list(patch));
            assert_eq!(names(&result["containers"]), expected, "{patch:?} over {target:?}");
        }
    }

    #[test]
    fn a_patch_may_say_the_order_of_all_elements() {
        let target = json!({ "containers": [{ "name": "a" }, { "name": "b" }] });
        let patch = json!({
            "$setElementOrder/containers": [{ "name": "b" }, { "name": "x" }, { "name": "a" }],
            "containers": [{ "name": "x", "image": "i" }],
        });
        assert_eq!(names(&merged(target.clone(), &patch)["containers"]), ["b", "x", "a"]);
        let only_order = json!({ "$setElementOrder/containers": [{ "name": "b" }, { "name": "a" }] });
        assert_eq!(names(&merged(target, &only_order)["containers"]), ["b", "a"]);
    }

    #[test]
    fn members_that_are_not_retained_go() {
        let target = json!({ "volumes": [{ "name": "v", "emptyDir": { "medium": "Memory" } }] });
        let patch =
            json!({ "volumes": [{ "name": "v", "$retainKeys": ["name", "configMap"], "configMap": { "name": "c" } }] });
        let expected = json!({ "volumes": [{ "name": "v", "configMap": { "name": "c" } }] });
        assert_eq!(merged(target.clone(), &patch), expected);
        let stray = json!({ "volumes": [{ "name": "v", "$retainKeys": ["name"], "configMap": { "name": "c" } }] });
        let why = merge(&mut target.clone(), &stray).unwrap_err();
        assert_eq!(why, "`$retainKeys` does not list `configMap`, which the patch sets");
    }

    #[test]
    fn values_leave_lists_and_lists_are_replaced_whole() {
        let target = json!({ "args": ["a", "b"], "imagePullSecrets": [{ "name": "old" }], "securityContext": { "runAsUser": 1 } });
        let patch = json!({
            "$deleteFromPrimitiveList/args": ["a"],
            "imagePullSecrets": [{ "$patch": "replace" }, { "name": "new" }],
            "securityContext": { "$patch": "delete" },
        });
        assert_eq!(merged(target, &patch), json!({ "args": ["b"], "imagePullSecrets": [{ "name": "new" }] }));
        // Nothing of a directive stays where there was nothing to merge with.
        let fresh = json!({ "affinity": { "$patch": "replace", "nodeAffinity": {} }, "volumes": [{ "name": "v", "$patch": "merge" }] });
        assert_eq!(
            merged(json!({}), &fresh),
            json!({ "affinity": { "nodeAffinity": {} }, "volumes": [{ "name": "v" }] })
        );
    }

    #[test]
    fn unknown_directives_are_named_with_those_that_there_are() {
        let why = merge(&mut json!({}), &json!({ "$order": [] })).unwrap_err();
        assert_eq!(
            why,
            "the directive `$order` is not known; there are `$patch`, `$retainKeys`, `$setElementOrder/LIST` and `$deleteFromPrimitiveList/LIST`"
        );
    }

    #[test]
    fn what_is_laid_over_leaves_elements_where_they_stand() {
        let mut target = json!({ "env": [{ "name": "B", "value": "1" }, { "name": "A", "value": "1" }] });
        lay_over(&mut target, &json!({ "env": [{ "name": "A", "value": "2" }, { "name": "B", "value": "2" }] }))
            .unwrap();
        assert_eq!(target, json!({ "env": [{ "name": "B", "value": "2" }, { "name": "A", "value": "2" }] }));
    }
}
