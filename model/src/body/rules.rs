//! The rules of a type, as the server enforces them on a new resource.

use radii_diagnostics::{Diagnostic, Span};
use serde_json::{Map, Value as Json};

use super::RULE_BROKEN;
use crate::cel::Rules;
use crate::document::{Node, Value};
use crate::schema::{Additional, Schema};

/// Reports the rules that properties do not keep once defaults are applied.
pub(super) fn check(schema: &Schema, properties: &Node, found: &mut Vec<Diagnostic>) {
    let rules = Rules::compile(schema);
    if rules.is_empty() {
        return;
    }
    let mut json = properties.to_json();
    if let Json::Object(members) = &mut json {
        defaults(schema, schema, members);
    }
    for broken in rules.broken(&json, None) {
        let (node, path) = place(properties, &broken.pointer);
        let mut diagnostic = Diagnostic::error(RULE_BROKEN, broken.message).at(node);
        if !path.is_empty() {
            diagnostic = diagnostic.path(path);
        }
        if broken.place != Span::default() {
            diagnostic = diagnostic.also(broken.place, "the rule");
        }
        let help = match broken.failure {
            Some(_) => format!("give what the rule reads, or let it ask first: `{}`", broken.rule),
            None => format!("the type wants `{}`", broken.rule),
        };
        found.push(diagnostic.help(help));
    }
}

/// Fills in what the server fills in before it asks the rules.
fn defaults(root: &Schema, schema: &Schema, members: &mut Map<String, Json>) {
    let schema = follow(root, schema);
    for (name, property) in &schema.properties {
        let property = &property.schema;
        let skipped = property.read_only || schema.required.contains(name);
        if let Some(default) = property.default.as_ref().filter(|_| !skipped && !members.contains_key(name)) {
            members.insert(name.clone(), default.clone());
        }
    }
    for (name, value) in members.iter_mut() {
        let values = match &schema.additional {
            Additional::Schema(values) => Some(&**values),
            _ => None,
        };
        if let Some(below) = schema.properties.get(name).map(|property| &property.schema).or(values) {
            defaults_of_value(root, below, value);
        }
    }
}

fn defaults_of_value(root: &Schema, schema: &Schema, value: &mut Json) {
    match value {
        Json::Object(members) => defaults(root, schema, members),
        Json::Array(items) => {
            if let Some(below) = follow(root, schema).items.as_deref() {
                items.iter_mut().for_each(|item| defaults_of_value(root, below, item));
            }
        }
        _ => {}
    }
}

fn follow<'s>(root: &'s Schema, schema: &'s Schema) -> &'s Schema {
    let mut schema = schema;
    for _ in 0..100 {
        match schema.reference.as_deref().and_then(|reference| root.resolve(reference)) {
            Some(target) => schema = target,
            None => return schema,
        }
    }
    schema
}

/// Where the value of a JSON pointer stands, or what is around it; with its path.
fn place(properties: &Node, pointer: &str) -> (Span, String) {
    let mut node = properties;
    let mut span = super::start_of(properties);
    let mut path = String::from("properties");
    for token in pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")) {
        let next = match &node.value {
            Value::Object(members) => members.get(&token).map(|entry| (&entry.node, format!(".{token}"))),
            Value::Array(items) => {
                token.parse().ok().and_then(|at: usize| items.get(at)).map(|item| (item, format!("[{token}]")))
            }
            _ => None,
        };
        let Some((below, step)) = next else { break };
        (node, span) = (below, below.span);
        path += &step;
    }
    (span, path)
}
