//! Parameters that nobody gave: values that fit their types, and where these say little, how they are used.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

/// Makes a value up for every parameter that has no default; where its type says little, one that fits how it is used.
pub(super) fn parameters(template: &Json) -> Map<String, Json> {
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
