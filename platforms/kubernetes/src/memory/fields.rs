//! Who owns which field: server-side apply, for the objects that a cluster in memory holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

/// A field, as the API server writes it: `.spec.template.spec.containers[name="web"].image`, cut into its steps.
pub type Path = Vec<String>;

/// The fields that somebody owns.
pub type Owned = BTreeSet<Path>;

/// Maps that are replaced as a whole.
const ATOMIC_MAPS: [&str; 6] =
    ["selector", "nodeSelector", "roleRef", "labelSelector", "podSelector", "scaleTargetRef"];
/// Groups whose lists have keys; lists of other groups are replaced as a whole.
const KEYED_GROUPS: [&str; 3] = ["", "apps", "batch"];

/// What distinguishes the elements of a list, if it is merged element by element.
fn keys(list: &str, parent: &[String]) -> Option<&'static [&'static str]> {
    Some(match list {
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => &["name"],
        "ports" if parent.len() == 1 => &["port", "protocol"],
        "ports" => &["containerPort", "protocol"],
        "volumeMounts" => &["mountPath"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ownerReferences" => &["uid"],
        _ => return None,
    })
}

/// Flattens and merges objects of one kind.
#[derive(Clone, Copy)]
pub struct Shape {
    keyed: bool,
}

impl Shape {
    /// Returns the shape of the kinds of an API group.
    pub fn of_group(group: &str) -> Self {
        Self { keyed: KEYED_GROUPS.contains(&group) }
    }

    fn keys(self, list: &str, parent: &[String]) -> Option<&'static [&'static str]> {
        if self.keyed { keys(list, parent) } else { None }
    }

    /// Returns every field of an object with its value; what only names the object is left out.
    pub fn flatten(self, object: &Json) -> BTreeMap<Path, Json> {
        let mut fields = BTreeMap::new();
        let Json::Object(members) = object else { return fields };
        for (name, value) in members {
            match name.as_str() {
                "apiVersion" | "kind" | "status" => {}
                "metadata" => {
                    let mut value = value.clone();
                    if let Json::Object(metadata) = &mut value {
                        for name in ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"] {
                            metadata.shift_remove(name);
                        }
                    }
                    self.flatten_into(&value, &mut vec![".metadata".to_owned()], &mut fields);
                }
                _ => self.flatten_into(value, &mut vec![format!(".{name}")], &mut fields),
            }
        }
        fields
    }

    fn flatten_into(self, value: &Json, path: &mut Path, fields: &mut BTreeMap<Path, Json>) {
        let name = path.last().map(|step| step.trim_start_matches('.').to_owned()).unwrap_or_default();
        match value {
            Json::Object(members) if !members.is_empty() && !ATOMIC_MAPS.contains(&name.as_str()) => {
                for (name, value) in members {
                    path.push(format!(".{name}"));
                    self.flatten_into(value, path, fields);
                    path.pop();
                }
            }
            Json::Array(items) => match self.keys(&name, &path[..path.len() - 1]) {
                Some(keys) if !items.is_empty() => {
                    for item in items {
                        path.push(element(item, keys));
                        self.flatten_into(item, path, fields);
                        path.pop();
                    }
                }
                _ => drop(fields.insert(path.clone(), value.clone())),
            },
            _ => drop(fields.insert(path.clone(), value.clone())),
        }
    }

    /// Merges `over` into `base`; what only `base` has stays.
    pub fn merge(self, base: &mut Json, over: &Json) {
        self.merge_at(base, over, &mut Vec::new());
    }

    fn merge_at(self, base: &mut Json, over: &Json, path: &mut Path) {
        let name = path.last().map(|step| step.trim_start_matches('.').to_owned()).unwrap_or_default();
        match (&mut *base, over) {
            (Json::Object(members), Json::Object(more)) if !ATOMIC_MAPS.contains(&name.as_str()) => {
                for (name, value) in more {
                    path.push(format!(".{name}"));
                    match members.get_mut(name) {
                        Some(member) => self.merge_at(member, value, path),
                        None => drop(members.insert(name.clone(), value.clone())),
                    }
                    path.pop();
                }
            }
            (Json::Array(items), Json::Array(more)) if !path.is_empty() => {
                match self.keys(&name, &path[..path.len() - 1]) {
                    Some(keys) => *items = self.merge_lists(items, more, keys, path),
                    None => items.clone_from(more),
                }
            }
            _ => *base = over.clone(),
        }
    }

    /// Elements in the order of `more`, then those that only `items` has.
    fn merge_lists(self, items: &[Json], more: &[Json], keys: &[&str], path: &mut Path) -> Vec<Json> {
        let mut rest: Vec<Json> = items.to_vec();
        let mut merged = Vec::new();
        for new in more {
            let key = element(new, keys);
            match rest.iter().position(|old| element(old, keys) == key) {
                Some(at) => {
                    let mut old = rest.remove(at);
                    path.push(key);
                    self.merge_at(&mut old, new, path);
                    path.pop();
                    merged.push(old);
                }
                None => merged.push(new.clone()),
            }
        }
        merged.append(&mut rest);
        merged
    }

    /// Removes what stands at a path.
    pub fn remove(self, object: &mut Json, path: &[String]) {
        let Some((first, rest)) = path.split_first() else { return };
        if let Some(name) = first.strip_prefix('.') {
            let Json::Object(members) = object else { return };
            if rest.is_empty() {
                members.shift_remove(name);
            } else if let Some(Json::Array(items)) = members.get_mut(name) {
                remove_element(self, items, rest);
            } else if let Some(member) = members.get_mut(name) {
                self.remove(member, rest);
            }
        }
    }
}

fn remove_element(shape: Shape, items: &mut Vec<Json>, path: &[String]) {
    let Some((key, rest)) = path.split_first() else { return };
    let Some(at) = items.iter().position(|item| is_element(item, key)) else { return };
    if rest.is_empty() {
        items.remove(at);
    } else {
        shape.remove(&mut items[at], rest);
    }
}

/// The key of an element: `[containerPort=80,protocol="TCP"]`.
fn element(item: &Json, keys: &[&str]) -> String {
    let part = |key: &&str| {
        let value = item.get(*key).cloned();
        let value = value.or_else(|| (*key == "protocol").then(|| "TCP".into())).unwrap_or(Json::Null);
        format!("{key}={value}")
    };
    format!("[{}]", keys.iter().map(part).collect::<Vec<_>>().join(","))
}

fn is_element(item: &Json, key: &str) -> bool {
    let names: Vec<&str> =
        key.trim_matches(['[', ']']).split(',').filter_map(|part| Some(part.split_once('=')?.0)).collect();
    element(item, &names) == key
}

/// Two elements with one key in a list that an object gives, as the API server says it.
pub fn duplicates(shape: Shape, object: &Json) -> Option<String> {
    fn walk(shape: Shape, value: &Json, path: &mut Path) -> Option<String> {
        match value {
            Json::Object(members) => members.iter().find_map(|(name, value)| {
                path.push(format!(".{name}"));
                let found = walk(shape, value, path);
                path.pop();
                found
            }),
            Json::Array(items) => {
                let name = path.last()?.trim_start_matches('.').to_owned();
                let keys = shape.keys(&name, &path[..path.len() - 1])?;
                let mut seen = BTreeSet::new();
                for item in items {
                    let key = element(item, keys);
                    if !seen.insert(key.clone()) {
                        return Some(format!("{}: duplicate entries for key {key}", path.concat()));
                    }
                    path.push(key);
                    let found = walk(shape, item, path);
                    path.pop();
                    if found.is_some() {
                        return found;
                    }
                }
                None
            }
            _ => None,
        }
    }
    walk(shape, object, &mut Vec::new())
}

/// Owners by name.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    by_name: BTreeMap<String, Owned>,
}

impl Owners {
    /// Whether `manager` owns anything.
    pub fn has(&self, manager: &str) -> bool {
        self.by_name.contains_key(manager)
    }

    /// Applies `given` for `manager` to `live`.
    ///
    /// # Errors
    /// The API server's words when somebody else owns a field with another value, unless `force`.
    pub fn apply(
        &mut self,
        shape: Shape,
        live: &mut Json,
        given: &Json,
        manager: &str,
        force: bool,
    ) -> Result<(), String> {
        let new = shape.flatten(given);
        let now = shape.flatten(live);
        let conflicts = self.conflicts(&new, &now, manager);
        if !conflicts.is_empty() {
            if !force {
                return Err(describe(&conflicts, given["apiVersion"].as_str().unwrap_or_default()));
            }
            for (owner, path) in conflicts {
                self.by_name.entry(owner).or_default().remove(&path);
            }
        }
        let old = self.by_name.insert(manager.to_owned(), new.keys().cloned().collect()).unwrap_or_default();
        shape.merge(live, given);
        for path in old.iter().filter(|path| !new.contains_key(*path)) {
            self.release(shape, live, path);
        }
        Ok(())
    }

    /// Gives a field to `manager` alone.
    pub fn own(&mut self, manager: &str, path: Path) {
        for owned in self.by_name.values_mut() {
            owned.remove(&path);
        }
        self.by_name.entry(manager.to_owned()).or_default().insert(path);
    }

    /// Writes down that `manager` changed fields without applying them.
    pub fn update(&mut self, shape: Shape, before: &Json, after: &Json, manager: &str) {
        let (before, after) = (shape.flatten(before), shape.flatten(after));
        let changed: Vec<Path> = after
            .iter()
            .filter(|(path, value)| before.get(*path) != Some(value))
            .map(|(path, _)| path.clone())
            .collect();
        let gone: Vec<&Path> = before.keys().filter(|path| !after.contains_key(*path)).collect();
        for owned in self.by_name.values_mut() {
            owned.retain(|path| !changed.contains(path) && !gone.contains(&path));
        }
        self.by_name.entry(manager.to_owned()).or_default().extend(changed);
    }

    fn conflicts(&self, new: &BTreeMap<Path, Json>, now: &BTreeMap<Path, Json>, manager: &str) -> Vec<(String, Path)> {
        let others = self.by_name.iter().filter(|(name, _)| *name != manager);
        let mut found = Vec::new();
        for (name, owned) in others {
            for path in owned.iter().filter(|path| new.contains_key(*path) && now.get(*path) != new.get(*path)) {
                found.push((name.clone(), path.clone()));
            }
        }
        found
    }

    /// Removes a field that nobody owns any more, with what then stands empty or only holds defaults.
    fn release(&self, shape: Shape, live: &mut Json, path: &Path) {
        let is_owned = |prefix: &[String]| {
            self.by_name.values().flatten().any(|owned| owned.len() >= prefix.len() && owned[..prefix.len()] == *prefix)
        };
        let mut end = path.len();
        if is_owned(path) {
            return;
        }
        while end > 2 && !is_owned(&path[..end - 1]) {
            end -= 1;
        }
        shape.remove(live, &path[..end]);
    }
}

fn describe(conflicts: &[(String, Path)], version: &str) -> String {
    let mut by_owner: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (owner, path) in conflicts {
        by_owner.entry(owner).or_default().push(path.concat());
    }
    let count = conflicts.len();
    let noun = if count == 1 { "conflict" } else { "conflicts" };
    let each: Vec<String> = by_owner
        .into_iter()
        .map(|(owner, paths)| match paths.as_slice() {
            [path] => format!("conflict with \"{owner}\" using {version}: {path}"),
            several => format!("conflicts with \"{owner}\" using {version}:\n- {}", several.join("\n- ")),
        })
        .collect();
    format!("Apply failed with {count} {noun}: {}", each.join("\n"))
}

/// Returns the members of an object, made one where it is none.
pub fn object(value: &mut Json) -> &mut Map<String, Json> {
    if !value.is_object() {
        *value = Json::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made an object")
}
