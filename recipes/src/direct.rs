//! Expressions over the context in parameters: what templates get that were not written for recipes and take no
//! `context` of their own.
//!
//! `{{context.resource.properties.port}}` alone keeps the type of the value; with text around it, or as a choice
//! `{{context.environment.name == "prod" ? "L" : "S"}}`, it is text. What cannot be resolved stays as it is written.

use serde_json::{Map, Value as Json};

/// Deepest nesting that is looked into.
const DEPTH: usize = 64;

/// Resolves the expressions of all parameters.
pub fn resolve(parameters: &Map<String, Json>, context: &Json) -> Map<String, Json> {
    parameters.iter().map(|(name, value)| (name.clone(), resolve_value(value, context, 0))).collect()
}

fn resolve_value(value: &Json, context: &Json, depth: usize) -> Json {
    match value {
        Json::String(text) => resolve_text(text, context),
        Json::Array(items) if depth < DEPTH => {
            items.iter().map(|item| resolve_value(item, context, depth + 1)).collect()
        }
        Json::Object(members) if depth < DEPTH => {
            members.iter().map(|(name, value)| (name.clone(), resolve_value(value, context, depth + 1))).collect()
        }
        other => other.clone(),
    }
}

fn resolve_text(text: &str, context: &Json) -> Json {
    if let Some(inner) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
        && !inner.contains("{{")
        && !inner.contains("}}")
    {
        return evaluate(inner, context).unwrap_or_else(|| text.into());
    }
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        result.push_str(before);
        let Some((inner, behind)) = after.split_once("}}") else {
            rest = &rest[before.len()..];
            break;
        };
        match evaluate(inner, context) {
            Some(Json::String(value)) => result.push_str(&value),
            Some(value) => result.push_str(&value.to_string()),
            None => result.push_str(&format!("{{{{{inner}}}}}")),
        }
        rest = behind;
    }
    result.push_str(rest);
    result.into()
}

/// Returns the value of one expression: a path, or a choice.
fn evaluate(inner: &str, context: &Json) -> Option<Json> {
    let inner = inner.trim();
    match inner.split_once("==") {
        None => find(inner, context),
        Some((path, rest)) => {
            let actual = find(path.trim(), context)?;
            let (wanted, rest) = literal(rest)?;
            let rest = rest.trim_start().strip_prefix('?')?;
            let (yes, rest) = literal(rest)?;
            let rest = rest.trim_start().strip_prefix(':')?;
            if actual.as_str() == Some(wanted) {
                return Some(yes.into());
            }
            match literal(rest) {
                Some((no, end)) if end.trim().is_empty() => Some(no.into()),
                Some(_) => None,
                None => evaluate(rest, context),
            }
        }
    }
}

/// Splits a quoted text off.
fn literal(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('"')?;
    inner.split_once('"')
}

fn find(path: &str, context: &Json) -> Option<Json> {
    let mut segments = path.split('.');
    (segments.next()? == "context").then_some(())?;
    let segments: Vec<&str> = segments.collect();
    let known = matches!(
        segments.as_slice(),
        ["resource", "name" | "id" | "type"]
            | ["resource", "properties", _]
            | ["resource", "connections", _, "id" | "name" | "type"]
            | ["resource", "connections", _, "properties", _]
            | ["application" | "environment", "name" | "id"]
            | ["runtime", "kubernetes", "namespace" | "environmentNamespace"]
            | ["azure", "resourceNameHash"]
            | ["azure", "resourceGroup" | "subscription", _]
            | ["aws", "region" | "account"]
    );
    if !known {
        return None;
    }
    let found = segments.iter().try_fold(context, |value, segment| value.get(segment));
    // A resource may have no application, and then its name is empty.
    found.cloned().or_else(|| (segments[0] == "application").then(|| "".into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(value: Json) -> Json {
        let properties = json!({ "port": 6379, "size": "S", "tags": { "k": "v" }, "on": true });
        let context = json!({ "resource": { "name": "db", "properties": properties,
            "connections": { "c": { "name": "cache", "properties": { "host": "h" } } } }, "environment": { "name": "env" } });
        resolve(&Map::from_iter([("p".to_owned(), value)]), &context)["p"].clone()
    }

    #[test]
    fn a_lone_expression_keeps_its_type_and_others_become_text() {
        for (text, value) in [
            (json!("{{context.resource.properties.port}}"), json!(6379)),
            (json!("{{ context.resource.properties.tags }}"), json!({ "k": "v" })),
            (json!("{{context.resource.name}}-{{context.environment.name}}"), json!("db-env")),
            (json!("port {{context.resource.properties.port}}"), json!("port 6379")),
            (json!("{{context.resource.connections.c.properties.host}}"), json!("h")),
            (json!("{{context.application.name}}"), json!("")),
            (json!({ "a": ["{{context.resource.name}}", 1] }), json!({ "a": ["db", 1] })),
        ] {
            assert_eq!(resolved(text), value);
        }
    }

    #[test]
    fn choices_compare_with_texts_and_may_be_chained() {
        let choice = "{{context.resource.properties.size == \"L\" ? \"big\" : context.resource.properties.size == \"S\" ? \"small\" : \"other\"}}";
        assert_eq!(resolved(json!(choice)), json!("small"));
        assert_eq!(resolved(json!("x-{{context.environment.name == \"prod\" ? \"a\" : \"b\"}}")), json!("x-b"));
    }

    #[test]
    fn what_cannot_be_resolved_stays() {
        for text in [
            "{{context.resource.properties.absent}}",
            "{{context.resource.properties.tags.k}}",
            "{{context.secret}} and {{x}}",
            "{{context.resource.properties.absent == \"a\" ? \"b\" : \"c\"}}",
            "{{context.resource.name == db ? 1 : 2}}",
            "{{unclosed",
            "${context.resource.name}",
        ] {
            assert_eq!(resolved(json!(text)), json!(text));
        }
    }
}
