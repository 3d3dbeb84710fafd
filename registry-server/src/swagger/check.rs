//! Single values against single schemas.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use radii_runtime::Fault;
use radii_runtime::described::{member as child, mistyped, unlisted};
use radii_runtime::fault::code;
use regex::Regex;
use serde_json::{Map, Value as Json};

use super::COMMON;

/// The detail of a body that is no JSON.
pub fn undecodable(reason: &str) -> Fault {
    let message = "The request content was invalid and could not be deserialized.";
    let message = if reason.is_empty() { message.to_owned() } else { format!("{message} {reason}") };
    Fault::new(400, code::INVALID_CONTENT, message)
}

/// Follows `$ref`; returns the document that the result stands in, and the result.
pub(super) fn resolve<'a>(document: &'a Json, value: &'a Json) -> (&'a Json, &'a Json) {
    let (mut document, mut value) = (document, value);
    while let Some(reference) = value.get("$ref").and_then(Json::as_str) {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        if !file.is_empty() {
            document = &COMMON;
        }
        match document.pointer(pointer) {
            Some(target) => value = target,
            None => return (document, &Json::Null),
        }
    }
    (document, value)
}

/// Checks a path parameter; its first violation counts.
pub(super) fn path_parameter(parameter: &Json, name: &str, value: &str) -> Option<Fault> {
    let fault = |text: String| Fault::new(400, code::INVALID_CONTENT, format!("{name} in path should {text}"));
    let length = value.chars().count() as u64;
    if let Some(limit) = parameter.get("maxLength").and_then(Json::as_u64).filter(|limit| length > *limit) {
        return Some(fault(format!("be at most {limit} chars long")));
    }
    if let Some(limit) = parameter.get("minLength").and_then(Json::as_u64).filter(|limit| length < *limit) {
        return Some(fault(format!("be at least {limit} chars long")));
    }
    let pattern = parameter.get("pattern").and_then(Json::as_str)?;
    (!matches(pattern, value)).then(|| fault(format!("match '{pattern}'")))
}

/// Checks a value of a body and all that it holds.
pub(super) fn body(document: &Json, schema: &Json, value: &Json, path: &str, found: &mut Vec<Fault>) {
    let (document, schema) = resolve(document, schema);
    let mut complain = |text: String| {
        found.push(Fault::new(400, code::INVALID_PROPERTIES, format!("{path} in body {text}")));
    };
    let wrong = mistyped(schema, value);
    let is_wrong = wrong.is_some();
    wrong.into_iter().chain(unlisted(schema, value)).for_each(&mut complain);
    if is_wrong {
        return;
    }
    match value {
        Json::String(text) => string(schema, text, &mut complain),
        Json::Array(items) => {
            for item in items {
                schema.get("items").into_iter().for_each(|schema| body(document, schema, item, path, found));
            }
        }
        Json::Object(members) => object(document, schema, value, members, path, found),
        _ => {}
    }
}

fn string(schema: &Json, text: &str, complain: &mut impl FnMut(String)) {
    let length = text.chars().count() as u64;
    if let Some(limit) = schema.get("maxLength").and_then(Json::as_u64).filter(|limit| length > *limit) {
        complain(format!("should be at most {limit} chars long"));
    }
    if let Some(limit) = schema.get("minLength").and_then(Json::as_u64).filter(|limit| length < *limit) {
        complain(format!("should be at least {limit} chars long"));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str).filter(|pattern| !matches(pattern, text)) {
        complain(format!("should match '{pattern}'"));
    }
}

fn object(
    document: &Json,
    schema: &Json,
    value: &Json,
    members: &Map<String, Json>,
    path: &str,
    found: &mut Vec<Fault>,
) {
    for part in schema.get("allOf").and_then(Json::as_array).into_iter().flatten() {
        body(document, part, value, path, found);
    }
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    for name in required.filter(|name| !members.contains_key(*name)) {
        let path = child(path, name);
        found.push(Fault::new(400, code::INVALID_PROPERTIES, format!("{path} in body is required")));
    }
    let properties = schema.get("properties").and_then(Json::as_object);
    for (name, schema) in properties.into_iter().flatten() {
        if let Some(member) = members.get(name) {
            body(document, schema, member, &child(path, name), found);
        }
    }
    let Some(additional) = schema.get("additionalProperties").filter(|schema| schema.is_object()) else { return };
    for (name, member) in members {
        if properties.is_none_or(|properties| !properties.contains_key(name)) {
            body(document, additional, member, &child(path, name), found);
        }
    }
}

/// Whether a text matches a pattern of the description; patterns are compiled once.
fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Regex>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().expect("no holder of the lock panics");
    let regex = compiled.entry(pattern.to_owned()).or_insert_with(|| {
        // The description's `\d` means ASCII digits.
        let pattern = pattern.replace(r"\d", "[0-9]");
        Arc::new(Regex::new(&pattern).expect("the description's patterns are valid"))
    });
    let regex = Arc::clone(regex);
    drop(compiled);
    regex.is_match(text)
}
