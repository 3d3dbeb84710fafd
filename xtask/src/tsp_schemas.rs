//! The documents that the reference emitters write, against ours.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use radii_codegen::emit::{self, Revision};
use serde_json::Value as Json;
use typespec::Program;

/// How many documents there are, and how many of them are equal.
#[derive(Debug, Default)]
pub struct Count {
    pub all: usize,
    pub same: usize,
}

impl Count {
    pub fn add(&mut self, other: Self) {
        self.all += other.all;
        self.same += other.same;
    }
}

const CONFIGURATION: &str = "emit: ['@typespec/openapi3', '@typespec/json-schema']
options:
  '@typespec/openapi3': { file-type: json, openapi-versions: [3.0.0, 3.1.0] }
  '@typespec/json-schema': { file-type: json, emitAllModels: true }
";

/// Emits a spec with both and prints what differs.
///
/// # Errors
/// When the reference's emitters cannot be run on it.
pub fn compare(tsp: &str, spec: &Utf8Path, program: &Program) -> anyhow::Result<Count> {
    let theirs = reference(tsp, spec)?;
    let ours = native(program);
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut count = Count { all: names.len(), same: 0 };
    for name in names {
        match (ours.get(name), theirs.get(name)) {
            (Some(own), Some(other)) => match difference(own, other, "") {
                Some(difference) => println!("{spec}: {name} {difference}"),
                None => count.same += 1,
            },
            (Some(_), None) => println!("{spec}: only we write {name}"),
            (None, _) => println!("{spec}: only the reference writes {name}"),
        }
    }
    Ok(count)
}

fn native(program: &Program) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    for revision in [Revision::V30, Revision::V31] {
        let documents = emit::openapi(program, revision).files;
        found.extend(documents.into_iter().map(|(name, it)| (format!("openapi3/{}/{name}", revision.as_str()), it)));
    }
    let schemas = emit::json_schema(program).files;
    found.extend(schemas.into_iter().map(|(name, document)| (format!("json-schema/{name}"), document)));
    found
}

fn reference(tsp: &str, spec: &Utf8Path) -> anyhow::Result<BTreeMap<String, Json>> {
    let temporary = Utf8PathBuf::try_from(std::env::temp_dir()).context("the folder for temporary files is no text")?;
    let folder = temporary.join(format!("tsp-diff-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make `{folder}`"))?;
    let found = emitted(tsp, spec, &folder);
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove `{folder}`"))?;
    found
}

fn emitted(tsp: &str, spec: &Utf8Path, folder: &Utf8Path) -> anyhow::Result<BTreeMap<String, Json>> {
    let configuration = folder.join("tspconfig.yaml");
    std::fs::write(&configuration, CONFIGURATION).with_context(|| format!("cannot write `{configuration}`"))?;
    let output = folder.join("output");
    let ran = Command::new(tsp)
        .args(["compile", spec.as_str(), "--config", configuration.as_str(), "--output-dir", output.as_str()])
        .output()
        .with_context(|| format!("cannot run `{tsp}`"))?;
    let mut found = BTreeMap::new();
    read(&output.join("@typespec"), "", &mut found)?;
    if found.is_empty() && !ran.status.success() {
        bail!("`{tsp}` emits nothing for `{spec}`:\n{}", String::from_utf8_lossy(&ran.stdout));
    }
    Ok(found)
}

fn read(folder: &Utf8Path, prefix: &str, found: &mut BTreeMap<String, Json>) -> anyhow::Result<()> {
    let Ok(entries) = folder.read_dir_utf8() else { return Ok(()) };
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read `{folder}`"))?;
        let name = format!("{prefix}{}", entry.file_name());
        if entry.path().is_dir() {
            read(entry.path(), &format!("{name}/"), found)?;
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).with_context(|| format!("cannot read `{}`", entry.path()))?;
        found.insert(name, serde_json::from_str(&text).with_context(|| format!("`{}` is no JSON", entry.path()))?);
    }
    Ok(())
}

/// The first place where two documents differ.
fn difference(own: &Json, other: &Json, path: &str) -> Option<String> {
    match (own, other) {
        (Json::Object(own), Json::Object(other)) => {
            let keys: BTreeSet<&String> = own.keys().chain(other.keys()).collect();
            keys.into_iter().find_map(|key| {
                let path = format!("{path}/{key}");
                match (own.get(key), other.get(key)) {
                    (Some(own), Some(other)) => difference(own, other, &path),
                    (Some(own), None) => Some(format!("{path}: only we have {own}")),
                    (None, other) => Some(format!("{path}: only the reference has {}", other.unwrap_or(&Json::Null))),
                }
            })
        }
        (Json::Array(own), Json::Array(other)) if own.len() == other.len() => {
            let mut pairs = own.iter().zip(other).enumerate();
            pairs.find_map(|(at, (own, other))| difference(own, other, &format!("{path}/{at}")))
        }
        _ if own == other => None,
        _ => Some(format!("{path}: we have {own}, the reference {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named_with_its_path() {
        let (own, other) = (json!({"a": {"b": [1, 2]}}), json!({"a": {"b": [1, 3]}}));
        assert_eq!(difference(&own, &other, "").as_deref(), Some("/a/b/1: we have 2, the reference 3"));
        assert_eq!(difference(&own, &own, ""), None);
        assert_eq!(difference(&json!({}), &json!({"x": 1}), "").as_deref(), Some("/x: only the reference has 1"));
    }
}
