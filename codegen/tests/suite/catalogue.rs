//! The catalogue of types: its manifests are current, and mean what the built-in ones mean.

use std::collections::BTreeMap;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;
use radii_codegen::lower;
use radii_model::base::with_base_properties;
use radii_model::compatibility::between_providers;
use radii_model::manifest::Manifest;
use radii_model::schema::{Additional, Kind, Schema};
use radii_model::value::violations;
use serde_json::{Map, Value as Json, json};
use typespec::{Options, compile};

use crate::{builtin_manifests, crate_path, folders, read};

/// The TypeSpec files of the catalogue.
fn entries() -> Vec<Utf8PathBuf> {
    let types = crate_path("../types");
    let all = folders(&types).into_iter().flat_map(|provider| folders(&provider));
    all.map(|folder| folder.join("main.tsp")).filter(|path| path.is_file()).collect()
}

fn manifest_of(path: &Utf8Path) -> Manifest {
    let text = read(path);
    assert_eq!(typespec::format(Default::default(), &text).as_deref(), Ok(text.as_str()), "`{path}` is not formatted");
    let world = BTreeMap::from([("main.tsp".to_owned(), text)]);
    let mut compilation = compile(&world, "main.tsp", &Options::default(), &lower::registry());
    assert!(compilation.diagnostics.is_empty(), "`{path}`: {:?}", compilation.diagnostics);
    let mut lowered = lower::lower(&mut compilation.program);
    assert!(lowered.diagnostics.is_empty(), "`{path}`: {:?}", lowered.diagnostics);
    assert_eq!(lowered.manifests.len(), 1, "`{path}`");
    lowered.manifests.remove(0)
}

/// One manifest per namespace.
fn catalogue() -> BTreeMap<String, Manifest> {
    let mut all: BTreeMap<String, Manifest> = BTreeMap::new();
    for path in entries() {
        let manifest = manifest_of(&path);
        match all.get_mut(&manifest.namespace.value) {
            Some(known) => known.types.extend(manifest.types),
            None => drop(all.insert(manifest.namespace.value.clone(), manifest)),
        }
    }
    all
}

/// `RADII_UPDATE=1 cargo test -p radii-codegen catalogue` writes them anew.
#[test]
fn the_manifests_of_the_catalogue_are_current() {
    let folder = crate_path("../manifests/catalogue");
    let catalogue = catalogue();
    for (namespace, manifest) in &catalogue {
        let path = folder.join(format!("{namespace}.yaml"));
        let text = format!("# Made from types/{namespace} by `rad convert`.\n{}", manifest.to_yaml());
        if std::env::var_os("RADII_UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let hint = "run `RADII_UPDATE=1 cargo test -p radii-codegen catalogue`";
        assert!(fs::read_to_string(&path).is_ok_and(|known| known == text), "`{path}` is not current; {hint}");
    }
    let files = folder.read_dir_utf8().unwrap().count();
    assert_eq!(files, catalogue.len(), "`{folder}` holds a manifest of no type");
}

#[test]
fn a_manifest_beside_typespec_says_the_same() {
    let mut compared = 0;
    for path in entries() {
        let beside = path.with_file_name("manifest.yaml");
        if !beside.is_file() {
            continue;
        }
        let (written, made) = (crate::manifest(&beside), manifest_of(&path));
        // Line breaks at the end of a description say nothing.
        let mut changes = between_providers(&written, &made);
        changes.extend(between_providers(&made, &written));
        changes.retain(|change| change.rule != "documentation-changed");
        assert!(changes.is_empty(), "`{path}`: {changes:?}");
        compared += 1;
    }
    assert!(compared >= 3, "{compared} manifests stand beside TypeSpec");
}

/// The schemas of every type that the catalogue and the built-in manifests both have.
fn pairs() -> Vec<(String, Schema, Schema)> {
    let catalogue = catalogue();
    let mut pairs = Vec::new();
    for manifest in builtin_manifests() {
        let namespace = &manifest.namespace.value;
        for (name, resource_type) in &manifest.types {
            for (version, entry) in resource_type.api_versions.iter().filter(|(_, entry)| entry.schema.has_properties) {
                let own = &catalogue.get(namespace).and_then(|own| own.types.get(name));
                let own = own.and_then(|own| own.api_versions.get(version));
                let own = own.unwrap_or_else(|| panic!("the catalogue has no {namespace}/{name}@{version}"));
                let pair = (with_base_properties(&entry.schema), with_base_properties(&own.schema));
                pairs.push((format!("{namespace}/{name}@{version}"), pair.0, pair.1));
            }
        }
    }
    pairs
}

/// A source of choices that a number decides.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        // The multiplier of Knuth's MMIX; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % count.max(1)
    }
}

/// Returns a body that fits the schema, with some of its optional properties.
fn fitting(schema: &Schema, choices: &mut Choices) -> Json {
    if let Some(values) = schema.enumeration.as_ref().filter(|values| !values.is_empty()) {
        return values[choices.below(values.len())].clone();
    }
    match schema.kind {
        Some(Kind::String) => ["a", "registry/image:tag", "Ünïcode"][choices.below(3)].into(),
        Some(Kind::Integer) => json!(choices.below(70_000)),
        Some(Kind::Number) => json!(0.5),
        Some(Kind::Boolean) => json!(choices.below(2) == 0),
        Some(Kind::Array) => {
            let items = schema.items.as_deref();
            (0..choices.below(3)).filter_map(|_| Some(fitting(items?, choices))).collect()
        }
        Some(Kind::Object) => {
            let mut members = Map::new();
            for (name, property) in &schema.properties {
                if schema.required.contains(name) || choices.below(2) == 0 {
                    members.insert(name.clone(), fitting(&property.schema, choices));
                }
            }
            if let Additional::Schema(values) = &schema.additional {
                for at in 0..choices.below(3) {
                    members.insert(format!("key{at}"), fitting(values, choices));
                }
            }
            Json::Object(members)
        }
        None | Some(Kind::Any) => json!({"anything": [1, "a", null]}),
    }
}

/// Changes one thing somewhere in a body; it may fit afterwards or not.
fn mutated(value: &mut Json, choices: &mut Choices) {
    let goes_down = choices.below(4) > 0;
    match value {
        Json::Object(members) if goes_down && !members.is_empty() => {
            let at = choices.below(members.len());
            if let Some(member) = members.values_mut().nth(at) {
                return mutated(member, choices);
            }
        }
        Json::Array(items) if goes_down && !items.is_empty() => {
            let at = choices.below(items.len());
            return mutated(&mut items[at], choices);
        }
        _ => {}
    }
    match value {
        Json::Object(members) if choices.below(2) == 0 && !members.is_empty() => {
            let name = members.keys().nth(choices.below(members.len())).cloned().unwrap_or_default();
            members.shift_remove(&name);
        }
        Json::Object(members) if choices.below(2) == 0 => {
            members.insert("unheardOf".to_owned(), json!(1));
        }
        _ => {
            let others =
                [json!(null), json!(true), json!(-1), json!(1.5), json!("other"), json!([]), json!({}), json!(["a"])];
            *value = others[choices.below(others.len())].clone();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1, ..ProptestConfig::default() })]

    #[test]
    fn types_of_the_catalogue_give_the_same_verdicts_as_the_built_in_ones(seed in any::<u64>()) {
        let pairs = pairs();
        prop_assert!(pairs.len() >= 15, "{} types", pairs.len());
        for (name, builtin, own) in &pairs {
            let mut verdicts = [0, 0];
            for number in 0..400u64 {
                let mut choices = Choices(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let mut body = fitting(if number % 2 == 0 { builtin } else { own }, &mut choices);
                for _ in 0..number % 4 {
                    mutated(&mut body, &mut choices);
                }
                let verdict = |schema: &Schema| violations(schema, schema, &body).is_empty();
                prop_assert_eq!(verdict(builtin), verdict(own), "{}: {}", name, body);
                verdicts[usize::from(verdict(own))] += 1;
            }
            prop_assert!(verdicts.iter().all(|count| *count > 20), "{} sees one side only: {:?}", name, verdicts);
        }
    }
}
