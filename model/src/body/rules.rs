//! The rules of a type, as the server enforces them on a new resource.

use radii_diagnostics::{Diagnostic, Span};
use serde_json::Value as Json;

use super::RULE_BROKEN;
use crate::cel::Rules;
use crate::document::{Node, Value};
use crate::pointer;
use crate::schema::Schema;

/// Reports the rules that properties do not keep once defaults are applied.
pub(super) fn check(schema: &Schema, properties: &Node, found: &mut Vec<Diagnostic>) {
    let rules = Rules::compile(schema);
    if rules.is_empty() {
        return;
    }
    let mut json = properties.to_json();
    if let Json::Object(members) = &mut json {
        schema.fill_defaults(schema, members);
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

/// Where the value of a JSON pointer stands, or what is around it; with its path.
fn place(properties: &Node, pointer: &str) -> (Span, String) {
    let mut node = properties;
    let mut span = super::start_of(properties);
    let mut path = String::from("properties");
    for token in pointer::tokens(pointer) {
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
