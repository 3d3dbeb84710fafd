//! Strategic merge of a pod's specification, as the API server does it.

use serde_json::{Map, Value as Json};

/// Lists that are merged element by element, and the member that tells elements apart.
const KEYED: [(&str, &str); 10] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("env", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
    ("hostAliases", "ip"),
    ("topologySpreadConstraints", "topologyKey"),
];

/// Merges `patch` into `target`: mappings member by member, null deletes, keyed lists by their keys, other lists
/// are replaced. `$patch: delete` and `$patch: replace` work; other directives are refused.
pub fn merge(target: &mut Json, patch: &Json) -> Result<(), String> {
    let Json::Object(patch) = patch else { return Err("it must be an object".to_owned()) };
    let Json::Object(target) = target else { return Err("what it is merged into is no object".to_owned()) };
    merge_objects(target, patch)
}

fn merge_objects(target: &mut Map<String, Json>, patch: &Map<String, Json>) -> Result<(), String> {
    if directive(patch)? == Some(Directive::Replace) {
        *target =
            patch.iter().filter(|(key, _)| *key != "$patch").map(|(key, value)| (key.clone(), value.clone())).collect();
        return Ok(());
    }
    for (key, value) in patch.iter().filter(|(key, _)| *key != "$patch") {
        if key.starts_with('$') {
            return Err(format!("the directive `{key}` is not supported; `$patch` with delete or replace is"));
        }
        match (target.get_mut(key), value) {
            (_, Json::Null) => {
                target.shift_remove(key);
            }
            (Some(Json::Object(old)), Json::Object(new)) => {
                if directive(new)? == Some(Directive::Delete) {
                    target.shift_remove(key);
                } else {
                    merge_objects(old, new)?;
                }
            }
            (Some(Json::Array(old)), Json::Array(new)) => match KEYED.iter().find(|(list, _)| list == key) {
                Some((_, member)) => *old = merge_lists(key, member, old, new)?,
                None => old.clone_from(new),
            },
            (_, value) => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Directive {
    Delete,
    Replace,
    Merge,
}

fn directive(patch: &Map<String, Json>) -> Result<Option<Directive>, String> {
    match patch.get("$patch").map(Json::as_str) {
        None => Ok(None),
        Some(Some("delete")) => Ok(Some(Directive::Delete)),
        Some(Some("replace")) => Ok(Some(Directive::Replace)),
        Some(Some("merge")) => Ok(Some(Directive::Merge)),
        Some(_) => Err("`$patch` must be delete, replace or merge".to_owned()),
    }
}

/// Elements that only the patch has come first, as the API server puts them.
fn merge_lists(list: &str, member: &str, old: &[Json], patch: &[Json]) -> Result<Vec<Json>, String> {
    let mut merged = old.to_vec();
    let mut added: Vec<Json> = Vec::new();
    let mut seen: Vec<&Json> = Vec::new();
    for element in patch {
        let key = element
            .get(member)
            .ok_or_else(|| format!("an element of `{list}` lacks `{member}`, which tells elements apart"))?;
        if seen.contains(&key) {
            return Err(format!("`{list}` has two elements with `{member}` {key}"));
        }
        seen.push(key);
        let existing = merged.iter().position(|candidate| candidate.get(member) == Some(key));
        let delete = element.as_object().map(directive).transpose()?.flatten() == Some(Directive::Delete);
        match existing {
            Some(index) if delete => {
                merged.remove(index);
            }
            Some(index) => merge(&mut merged[index], element)?,
            None if delete => {}
            None => added.push(element.clone()),
        }
    }
    added.append(&mut merged);
    Ok(added)
}
