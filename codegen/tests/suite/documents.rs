//! Documents of TypeSpec programs against those of the reference emitters.
//!
//! The specs and their results are those of the front end's own suite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use radii_codegen::emit::{self, Documents, Revision};
use radii_codegen::lower;
use serde_json::Value as Json;
use typespec::{Compilation, Options, compile};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../typespec/tests/corpus");

/// Specs of operations over HTTP, with what the reference emitters make of them.
const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/operations");

/// A spec whose documents differ, by part and name, with the reason.
const KNOWN: &str = include_str!("../fixtures/documents-known.txt");

/// Documents of types of the library for resource types.
const LIBRARY: [&str; 9] = [
    "ConnectionOptions.json",
    "ConnectionSpec.json",
    "EnvironmentScoped.json",
    "OutputResource.json",
    "ProvisioningState.json",
    "ResourceState.json",
    "ResourceStatus.json",
    "ResourceTypeOptions.json",
    "Source.json",
];

struct Spec {
    name: String,
    entry: String,
    world: BTreeMap<String, String>,
    golden: Json,
}

fn specs(part: &str) -> Vec<Spec> {
    let mut found = Vec::new();
    let folder = if part == OPERATIONS { OPERATIONS.to_owned() } else { format!("{CORPUS}/{part}") };
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let mut world = BTreeMap::new();
            read_all(&path, &path, &mut world);
            let golden = serde_json::from_str(&fs::read_to_string(path.join("golden.json")).unwrap()).unwrap();
            found.push(Spec { name, entry: "main.tsp".to_owned(), world, golden });
        } else if let Some(stem) = name.strip_suffix(".tsp") {
            let golden = path.with_file_name(format!("{stem}.golden.json"));
            let golden = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
            let world = BTreeMap::from([(name.clone(), fs::read_to_string(&path).unwrap())]);
            found.push(Spec { name: stem.to_owned(), entry: name, world, golden });
        }
    }
    found
}

fn read_all(root: &Path, folder: &Path, world: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            read_all(root, &entry, world);
        } else if let Ok(text) = fs::read_to_string(&entry) {
            world.insert(entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text);
        }
    }
}

fn compiled(spec: &Spec) -> Compilation {
    // All that the projects of the corpus configure are features of the language.
    let config = spec.world.get("tspconfig.yaml").map_or("", String::as_str);
    let features = config.lines().filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect();
    compile(&spec.world, &spec.entry, &Options { features }, &lower::registry())
}

/// Compares the documents of one format; returns how many specs are equal, of how many, and the names of the others.
fn compare(part: &str, format: &str) -> (usize, usize, BTreeSet<String>, String) {
    let (mut equal, mut total, mut others, mut details) = (0, 0, BTreeSet::new(), String::new());
    for spec in specs(part) {
        let expected = match format {
            "json-schema" => spec.golden.pointer("/jsonSchema/files"),
            _ => spec.golden.get("openapi3").and_then(|it| it.get(format)).and_then(|it| it.get("files")),
        };
        let Some(Json::Object(expected)) = expected else { continue };
        total += 1;
        let compilation = compiled(&spec);
        let made: Documents = match format {
            "json-schema" => emit::json_schema(&compilation.program),
            "3.0.0" => emit::openapi(&compilation.program, Revision::V30),
            _ => emit::openapi(&compilation.program, Revision::V31),
        };
        let expected: BTreeMap<String, Json> =
            expected.iter().map(|(name, document)| (name.clone(), rounded(document))).collect();
        // The reference writes all types of a library that is imported, also those that nothing refers to.
        let unused = |name: &String| LIBRARY.contains(&name.as_str()) && !made.files.contains_key(name);
        let expected: BTreeMap<String, Json> = expected.into_iter().filter(|(name, _)| !unused(name)).collect();
        let made: BTreeMap<String, Json> =
            made.files.iter().map(|(name, document)| (name.clone(), rounded(document))).collect();
        if expected == made {
            equal += 1;
        } else {
            others.insert(spec.name.clone());
            difference(&spec.name, &expected, &made, &mut details);
        }
    }
    (equal, total, others, details)
}

/// Numbers as JavaScript sees them: `1.0` is `1`.
fn rounded(value: &Json) -> Json {
    match value {
        Json::Number(number) => serde_json::Number::from_f64(number.as_f64().unwrap()).map_or(Json::Null, Json::Number),
        Json::Array(items) => items.iter().map(rounded).collect(),
        Json::Object(members) => members.iter().map(|(name, value)| (name.clone(), rounded(value))).collect(),
        other => other.clone(),
    }
}

fn difference(name: &str, expected: &BTreeMap<String, Json>, made: &BTreeMap<String, Json>, out: &mut String) {
    let _ = writeln!(out, "{name}");
    for file in expected.keys().chain(made.keys()).collect::<BTreeSet<_>>() {
        match (expected.get(file), made.get(file)) {
            (Some(expected), Some(made)) => walk(file, expected, made, out),
            (None, _) => drop(writeln!(out, "  {file}: not expected")),
            (_, None) => drop(writeln!(out, "  {file}: missing")),
        }
    }
}

fn walk(path: &str, expected: &Json, made: &Json, out: &mut String) {
    match (expected, made) {
        (Json::Object(a), Json::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                let path = format!("{path}/{name}");
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => walk(&path, a, b, out),
                    (a, b) => {
                        let show = |value: Option<&Json>| value.map_or("nothing".to_owned(), Json::to_string);
                        let _ = writeln!(out, "  {path}: expected {}, made {}", show(a), show(b));
                    }
                }
            }
        }
        _ if expected == made => {}
        _ => drop(writeln!(out, "  {path}: expected {expected}, made {made}")),
    }
}

#[test]
fn documents_equal_those_of_the_reference_emitters() {
    let known: BTreeSet<&str> =
        KNOWN.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| !name.starts_with('#')).collect();
    let mut unexpected = String::new();
    for part in ["check", "resource-types", OPERATIONS] {
        for format in ["3.0.0", "3.1.0", "json-schema"] {
            let (equal, total, others, details) = compare(part, format);
            let part = part.rsplit('/').next().unwrap_or(part);
            println!("{part} {format}: {equal}/{total}, and {}", others.iter().cloned().collect::<Vec<_>>().join(", "));
            let others = others.iter().filter(|name| !known.contains(name.as_str())).cloned().collect::<Vec<_>>();
            if !others.is_empty() {
                let _ = writeln!(unexpected, "{part} {format}: {}\n{details}", others.join(", "));
            }
        }
    }
    assert!(unexpected.is_empty(), "{unexpected}");
}
