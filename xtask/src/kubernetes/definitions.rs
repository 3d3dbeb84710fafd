//! Definitions of the kinds that others bring: Contour's proxies, Dapr's components, classes of secrets.

use std::time::Duration;

use anyhow::{Context, bail};
use camino::Utf8Path;
use serde_json::{Map, Value as Json, json};

use super::api::Api;

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Loads every definition of a folder and waits until all are served.
///
/// # Errors
/// When the API server refuses one.
pub fn load(api: &Api, folder: &Utf8Path) -> anyhow::Result<usize> {
    let definitions = read(folder)?;
    for definition in &definitions {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{PATH}/{name}?fieldManager=xtask&force=true");
        api.write("PATCH", &path, "application/apply-patch+yaml", definition)
            .with_context(|| format!("cannot load the definition `{name}`"))?;
    }
    for definition in &definitions {
        wait(api, definition["metadata"]["name"].as_str().unwrap_or_default())?;
    }
    Ok(definitions.len())
}

/// Removes the definitions of a group.
///
/// # Errors
/// When the API server does not answer.
pub fn remove(api: &Api, group: &str) -> anyhow::Result<()> {
    let list = api.get(PATH)?;
    let of_group = list["items"].as_array().cloned().unwrap_or_default();
    for definition in of_group.iter().filter(|definition| definition["spec"]["group"] == group) {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        api.delete(&format!("{PATH}/{name}"))?;
        while api.send("GET", &format!("{PATH}/{name}"), "", None)?.status != 404 {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

fn wait(api: &Api, name: &str) -> anyhow::Result<()> {
    for _ in 0..200 {
        let definition = api.get(&format!("{PATH}/{name}"))?;
        let conditions = definition["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if conditions.iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True") {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("the definition `{name}` is not served after 10 s")
}

fn read(folder: &Utf8Path) -> anyhow::Result<Vec<Json>> {
    let mut paths = Vec::new();
    for entry in folder.read_dir_utf8().with_context(|| format!("cannot read folder `{folder}`"))? {
        paths.push(entry?.into_path());
    }
    paths.sort();
    let mut definitions = Vec::new();
    for path in paths.iter().filter(|path| path.extension() == Some("yaml")) {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
        let documents: Vec<Json> =
            serde_saphyr::from_multiple(&text).with_context(|| format!("`{path}` is not YAML"))?;
        for mut document in documents.into_iter().filter(|document| document["kind"] == "CustomResourceDefinition") {
            suit_old_servers(&mut document);
            definitions.push(document);
        }
    }
    Ok(definitions)
}

/// Drops what API servers of 1.20 cannot read: rules in CEL, and defaults that are the empty text.
fn suit_old_servers(value: &mut Json) {
    match value {
        Json::Object(members) => {
            members.shift_remove("x-kubernetes-validations");
            members.values_mut().for_each(suit_old_servers);
            free_lists_of_keys(members);
            if members.get("default") == Some(&json!("")) {
                members.shift_remove("default");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(suit_old_servers),
        _ => {}
    }
}

/// A list told apart by a key that may be absent and has no default any more is merged as a whole.
fn free_lists_of_keys(schema: &mut Map<String, Json>) {
    let Some(keys) = schema.get("x-kubernetes-list-map-keys").and_then(Json::as_array).cloned() else { return };
    let items = schema.get("items").cloned().unwrap_or_default();
    let required = items["required"].as_array().cloned().unwrap_or_default();
    let holds = |key: &Json| {
        let name = key.as_str().unwrap_or_default();
        required.contains(key) || items["properties"][name].get("default").is_some()
    };
    if !keys.iter().all(holds) {
        schema.shift_remove("x-kubernetes-list-map-keys");
        schema.insert("x-kubernetes-list-type".to_owned(), json!("atomic"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_old_servers_cannot_read_is_dropped() {
        let mut schema = json!({
            "x-kubernetes-validations": [{ "rule": "true" }],
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "group"],
            "items": { "required": ["name"], "properties": { "name": {}, "group": { "default": "" } } },
        });
        suit_old_servers(&mut schema);
        let items = json!({ "required": ["name"], "properties": { "name": {}, "group": {} } });
        assert_eq!(schema, json!({ "x-kubernetes-list-type": "atomic", "items": items }));
    }
}
