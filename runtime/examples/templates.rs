//! Evaluates every ARM template below a folder, with made-up parameters and without any cloud:
//! `cargo run -p radii-runtime --example templates -- DIR`.
//!
//! Prints the templates that are refused, grouped by the reason, and how many were evaluated of those that need no cloud and
//! no extension of others. It is held against the compiled baselines of the Bicep compiler, which are not part of this
//! repository.
#![expect(clippy::print_stdout, reason = "a command prints its results")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use radii_runtime::deployment::{foresee, foresee_outputs};
use serde_json::{Map, Value as Json, json};

const SCOPE: &str = "/subscriptions/5a2f0fc5-6b0b-44d4-8ae1-28b0c0c0a7a1/resourceGroups/group";

fn main() {
    let folder = std::env::args().nth(1).expect("usage: templates DIR");
    let mut files = Vec::new();
    find(Path::new(&folder), &mut files);
    files.sort();
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut beyond: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut good, mut resources, mut known, mut outputs, mut declared, mut all) = (0, 0, 0, 0, 0, 0);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let Ok(template) = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) else { continue };
        if template.get("resources").is_none() {
            continue;
        }
        all += 1;
        let given = parameters(&template);
        let scope = SCOPE.parse().expect("the scope is an id");
        let foreseen = foresee(&template, &given, &scope);
        match foreseen.and_then(|foreseen| Ok((foreseen, foresee_outputs(&template, &given, &scope)?))) {
            Ok((foreseen, values)) => {
                good += 1;
                resources += foreseen.len();
                known += foreseen.iter().filter(|resource| resource.is_known).count();
                outputs += values.len();
                declared += template["outputs"].as_object().map_or(0, Map::len);
            }
            Err(fault) if needs(&fault.message).is_some() => {
                *beyond.entry(needs(&fault.message).unwrap_or_default()).or_default() += 1;
                all -= 1;
            }
            Err(fault) => {
                let name = file.strip_prefix(&folder).unwrap_or(&file).display();
                refused.entry(reason(&fault.message)).or_default().push(format!("{name}\n        {}", fault.message));
            }
        }
    }
    let mut refused: Vec<_> = refused.into_iter().collect();
    refused.sort_by_key(|(_, files)| std::cmp::Reverse(files.len()));
    for (reason, files) in &refused {
        println!("{} × {reason}", files.len());
        files.iter().for_each(|file| println!("    {file}"));
    }
    for (why, count) in &beyond {
        println!("{count} not counted: {why}");
    }
    println!("{good} of {all} templates evaluated");
    println!("{known} of {resources} resources known whole, {outputs} of {declared} outputs known before deployment");
}

/// Returns why a template cannot be evaluated here, when that is not for us to change.
fn needs(message: &str) -> Option<&'static str> {
    const WHYS: [(&str, &str); 9] = [
        ("references to key vaults", "a value lies in an Azure key vault"),
        ("asks Azure", "what only Azure knows is asked"),
        ("there is no property `global`", "the location of an Azure resource group is looked up"),
        ("`` cannot be the name of a resource", "the display name of an Azure subscription is a name"),
        ("links are not followed", "the template of a module lies in Azure, as a template spec or behind a link"),
        ("a kubeconfig in a template is not used", "objects go to a cluster that the template makes in Azure"),
        ("`properties.name` is missing", "resources of an extension that is none of ours"),
        (" are both `", "two resources have one id, which Azure refuses as well"),
        (" segments, but ", "a name has fewer parts than its type, which Azure refuses as well"),
    ];
    WHYS.iter().find(|(words, _)| message.contains(words)).map(|(_, why)| *why)
}

/// Returns what a message says of any template: without its place, and without names.
fn reason(message: &str) -> String {
    let said = message.split_once("validation failed: '").map_or(message, |(_, said)| said);
    let said = said.split_once(": ").map_or(said, |(_, said)| said);
    let mut reason = String::new();
    for (at, part) in said.split(['`', '"']).enumerate() {
        reason.push_str(if at % 2 == 0 { part } else { "…" });
    }
    reason
}

fn find(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            into.push(path);
        }
    }
}

/// Makes a value up for every parameter that has no default; where its type says little, one that fits how it is used.
fn parameters(template: &Json) -> Map<String, Json> {
    let text = template.to_string();
    let declared = template["parameters"].as_object().into_iter().flatten();
    let open = declared.filter(|(_, declared)| declared.get("defaultValue").is_none() && declared["nullable"] != true);
    open.map(|(name, declared)| {
        let kind = declared["type"].as_str().unwrap_or_default().to_ascii_lowercase();
        let is_open = ["", "object", "array", "secureobject"].contains(&kind.as_str())
            && ["properties", "items", "prefixItems", "$ref", "allowedValues", "discriminator", "additionalProperties"]
                .iter()
                .all(|word| declared.get(*word).is_none());
        let used = Used::of(&text, name);
        let value = match is_open.then(|| used.value(&kind, "sample")).flatten() {
            Some(value) => value,
            None => named(template, name).unwrap_or_else(|| sample(template, declared, 8)),
        };
        (name.clone(), json!({ "value": value }))
    })
    .collect()
}

/// A text for a parameter that is a name of several parts, or an address.
fn named(template: &Json, name: &str) -> Option<Json> {
    if ["uri", "url"].iter().any(|word| name.to_ascii_lowercase().contains(word)) {
        return (template["parameters"][name]["type"] == "string").then(|| json!("https://sample.example.com/sample"));
    }
    let own = format!("[parameters('{name}')]");
    let all = match &template["resources"] {
        Json::Object(by_symbol) => by_symbol.values().collect::<Vec<_>>(),
        list => list.as_array().into_iter().flatten().collect(),
    };
    let resource = all.into_iter().find(|resource| resource["name"] == own.as_str())?;
    let parts = resource["type"].as_str()?.split('/').count() - 1;
    (parts > 1).then(|| vec!["sample"; parts].join("/").into())
}

/// How a parameter is used: which members of it are looked up, and whether it is a list.
#[derive(Default)]
struct Used {
    members: BTreeMap<String, Used>,
    items: Option<Box<Used>>,
    is_list: bool,
    is_object: bool,
    is_flag: bool,
}

impl Used {
    fn of(text: &str, name: &str) -> Self {
        let mut used = Self::default();
        let call = format!("parameters('{name}')");
        for (at, _) in text.match_indices(&call) {
            let before = &text[..at];
            let mut place = &mut used;
            let mut rest = &text[at + call.len()..];
            loop {
                if let Some(after) = rest.strip_prefix('.') {
                    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    place = place.members.entry(after[..end].to_owned()).or_default();
                    rest = &after[end..];
                } else if let Some((inner, after)) = rest.strip_prefix('[').and_then(|after| after.split_once(']')) {
                    match inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')) {
                        Some(member) => place = place.members.entry(member.to_owned()).or_default(),
                        None => place = place.items.get_or_insert_default(),
                    }
                    rest = after;
                } else {
                    break;
                }
            }
            place.is_list |= before.ends_with("length(");
            place.is_object |= before.ends_with("union(");
            let tests = ["if(", "not(", "and(", "or(", "\"condition\":\"["];
            place.is_flag |= tests.iter().any(|test| before.ends_with(test)) && rest.starts_with([',', ')', ']']);
        }
        used
    }

    /// Returns a value that can be used so; `None` where nothing is known.
    fn value(&self, kind: &str, text: &str) -> Option<Json> {
        if let Some(items) = &self.items {
            return Some((0..3).map(|at| items.value("", &format!("sample{at}")).unwrap_or_default()).collect());
        }
        if !self.members.is_empty() {
            let value = |used: &Used| used.value("", text).unwrap_or_default();
            return Some(self.members.iter().map(|(name, used)| (name.clone(), value(used))).collect());
        }
        match kind {
            "" if self.is_list => Some(json!(["a", "b", "c"])),
            "" if self.is_object => Some(json!({})),
            "" if self.is_flag => Some(true.into()),
            "" => Some(text.into()),
            _ => None,
        }
    }
}

fn sample(template: &Json, declared: &Json, depth: usize) -> Json {
    if let Some(target) = declared["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
        return match (template.pointer(target), depth) {
            (Some(target), 1..) => sample(template, target, depth - 1),
            _ => Json::Null,
        };
    }
    let mut allowed = declared["allowedValues"].as_array().into_iter().flatten();
    let first = allowed.find(|value| !value.is_null()).cloned();
    let bound = |name: &str| declared[name].as_i64();
    match declared["type"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "array" => match first {
            Some(first) if !first.is_array() => json!([first]),
            Some(first) => first,
            None if declared.get("items").is_none() && declared.get("prefixItems").is_none() => json!(["a", "b", "c"]),
            None => {
                let fixed = declared["prefixItems"].as_array().into_iter().flatten();
                let mut items: Vec<Json> = fixed.map(|item| sample(template, item, depth)).collect();
                while (items.len() as i64) < bound("minLength").unwrap_or(0) {
                    items.push(sample(template, &declared["items"], depth));
                }
                items.into()
            }
        },
        _ if first.is_some() => first.unwrap_or_default(),
        "int" => bound("minValue").unwrap_or(bound("maxValue").unwrap_or(1).min(1)).into(),
        "bool" => false.into(),
        "object" | "secureobject" => {
            let mut members = Map::new();
            let variant = declared["discriminator"]["mapping"].as_object().and_then(|mapping| mapping.iter().next());
            if let Some((kind, variant)) = variant {
                if let Json::Object(made) = sample(template, variant, depth) {
                    members = made;
                }
                let name = declared["discriminator"]["propertyName"].as_str().unwrap_or_default();
                members.insert(name.to_owned(), kind.as_str().into());
            }
            for (name, inner) in declared["properties"].as_object().into_iter().flatten() {
                if inner["nullable"] != true && !members.contains_key(name) {
                    members.insert(name.clone(), sample(template, inner, depth));
                }
            }
            members.into()
        }
        "string" | "securestring" => {
            "sample".repeat(1 + bound("minLength").unwrap_or(0).max(0) as usize / 6)[..bound("maxLength")
                .unwrap_or(i64::MAX)
                .clamp(0, 6 * (1 + bound("minLength").unwrap_or(0).max(0) / 6))
                as usize]
                .into()
        }
        _ => "sample".into(),
    }
}
