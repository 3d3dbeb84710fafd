//! Parameters: what a recipe lets environments and developers choose.

use std::collections::BTreeMap;

use radii_model::document::{Node, Value};
use serde_json::{Map, Value as Json, json};

use super::expression::Renderer;
use super::file::unknown;
use super::problem::{Collected, Problems};

/// A declared parameter.
pub struct Parameter {
    kind: Kind,
    /// What it is without a choice; may hold expressions over `context`.
    default: Option<Node>,
    choices: Option<Vec<Json>>,
    description: Option<String>,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
}

impl Kind {
    const ALL: [(Kind, &'static str); 6] = [
        (Kind::String, "string"),
        (Kind::Integer, "integer"),
        (Kind::Number, "number"),
        (Kind::Boolean, "boolean"),
        (Kind::Object, "object"),
        (Kind::Array, "array"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    fn fits(self, value: &Json) -> bool {
        match self {
            Kind::String => value.is_string(),
            Kind::Integer => value.is_i64() || value.is_u64(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::Object => value.is_object(),
            Kind::Array => value.is_array(),
        }
    }
}

/// Reads the declarations.
pub fn parse(node: &Node) -> Result<BTreeMap<String, Parameter>, Problems> {
    let Some(members) = node.as_object() else {
        return Err(Problems::one(Some(node.span), "parameters", "must be a mapping from names to declarations"));
    };
    let mut problems = Collected::default();
    let mut parameters = BTreeMap::new();
    for (name, entry) in members {
        if let Some(parameter) = problems.keep(declaration(&format!("parameters.{name}"), &entry.node)) {
            parameters.insert(name.clone(), parameter);
        }
    }
    problems.finish(parameters)
}

fn declaration(path: &str, node: &Node) -> Result<Parameter, Problems> {
    const KNOWN: [&str; 4] = ["type", "default", "enum", "description"];
    let mut problems = Collected::default();
    let Some(members) = node.as_object() else {
        return Err(Problems::one(
            Some(node.span),
            path,
            "must be a mapping with `type`, `default`, `enum` and `description`",
        ));
    };
    for (key, entry) in members.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
        problems.add(Some(entry.key_span), path, unknown(key, &KNOWN));
    }
    let named = node.get("type").and_then(Node::as_str);
    let kind = Kind::ALL.into_iter().find(|(_, name)| named == Some(name)).map(|(kind, _)| kind);
    if kind.is_none() {
        let span = node.get("type").map_or(node.span, |node| node.span);
        problems.add(Some(span), path, "needs a `type`: string, integer, number, boolean, object or array");
    }
    let choices = match node.get("enum").map(|node| (&node.value, node)) {
        None => None,
        Some((Value::Array(items), _)) => Some(items.iter().map(Node::to_json).collect()),
        Some((_, node)) => {
            problems.add(Some(node.span), path, "`enum` must be a list");
            None
        }
    };
    problems.finish(Parameter {
        kind: kind.unwrap_or(Kind::String),
        default: node.get("default").cloned(),
        choices,
        description: node.get("description").and_then(Node::as_str).map(str::to_owned),
    })
}

/// Returns the declarations in the form of `getMetadata`.
pub fn describe(parameters: &BTreeMap<String, Parameter>) -> Map<String, Json> {
    let one = |parameter: &Parameter| {
        let mut described = json!({ "type": parameter.kind.name() });
        if let Some(default) = &parameter.default {
            described["defaultValue"] = default.to_json();
        }
        if let Some(choices) = &parameter.choices {
            described["allowedValues"] = json!(choices);
        }
        if let Some(description) = &parameter.description {
            described["description"] = json!(description);
        }
        described
    };
    parameters.iter().map(|(name, parameter)| (name.clone(), one(parameter))).collect()
}

/// Returns the value of every parameter: the one given, or the default.
pub fn resolve(
    declared: &BTreeMap<String, Parameter>,
    given: &Map<String, Json>,
    renderer: &Renderer,
) -> Result<Map<String, Json>, Problems> {
    let mut problems = Collected::default();
    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
    for name in given.keys().filter(|name| !declared.contains_key(*name)) {
        let remedy = match radii_model::closest(name, names.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None if names.is_empty() => "it has none".to_owned(),
            None => format!("it has: {}", names.join(", ")),
        };
        problems.add(None, "", format!("the recipe has no parameter `{name}`; {remedy}"));
    }
    let mut values = Map::new();
    for (name, parameter) in declared {
        let path = format!("parameters.{name}");
        let value = match (given.get(name), &parameter.default) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => problems.keep(renderer.value(default, &format!("{path}.default"))).flatten(),
            (None, None) => {
                problems.add(None, &path, format!("the recipe needs parameter `{name}` ({}); set it where the recipe is registered, or in the resource's `recipe.parameters`", parameter.kind.name()));
                None
            }
        };
        let Some(value) = value else { continue };
        let span = parameter.default.as_ref().filter(|_| !given.contains_key(name)).map(|node| node.span);
        if !parameter.kind.fits(&value) {
            problems.add(span, &path, format!("must be of type {}, got `{value}`", parameter.kind.name()));
        } else if let Some(choices) = parameter.choices.as_ref().filter(|choices| !choices.contains(&value)) {
            let choices: Vec<String> = choices.iter().map(Json::to_string).collect();
            problems.add(span, &path, format!("must be one of {}, got `{value}`", choices.join(", ")));
        }
        values.insert(name.clone(), value);
    }
    problems.finish(values)
}
