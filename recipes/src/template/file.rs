//! The parts of a recipe's text.

use std::collections::BTreeMap;

use radii_diagnostics::FileId;
use radii_model::document::{self, Limits, Node, Value};
use radii_runtime::platform::ComputeKind;
use serde_json::{Map, Value as Json};

use super::expression::Renderer;
use super::parameters::{self, Parameter};
use super::problem::{Collected, Problems};
use super::source::{LARGEST, Source};

/// A parsed recipe.
pub struct Template {
    /// What can be set, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// What is made on each platform.
    pub sections: BTreeMap<ComputeKind, Section>,
    /// What is returned on every platform.
    pub result: Option<Node>,
}

/// What is made on one platform.
#[derive(Default)]
pub struct Section {
    /// The platform's objects: a list.
    pub objects: Option<Node>,
    /// What is returned on this platform, over what is returned on every platform.
    pub result: Option<Node>,
}

/// A rendered result.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Values for read-only properties.
    pub values: Map<String, Json>,
    /// Values that nobody may see.
    pub secrets: Map<String, Json>,
    /// Ids of resources.
    pub resources: Vec<String>,
}

impl Template {
    /// Parses a recipe; expressions are parsed when they are rendered.
    pub fn parse(source: &Source) -> Result<Self, Problems> {
        let limits = Limits { bytes: LARGEST as usize, depth: 64, nodes: 100_000 };
        let root = document::parse_yaml(FileId(0), &source.text, limits).map_err(Problems::from)?;
        let Some(members) = root.as_object() else {
            let message =
                "a recipe is a mapping with `parameters`, sections such as `docker` and `kubernetes`, and `result`";
            return Err(Problems::one(Some(root.span), "", message));
        };
        let mut problems = Collected::default();
        let mut template = Self { parameters: BTreeMap::new(), sections: BTreeMap::new(), result: None };
        for (key, entry) in members {
            let kind = ComputeKind::ALL.into_iter().find(|kind| kind.as_str() == key);
            match (key.as_str(), kind) {
                (_, Some(kind)) => {
                    if let Some(section) = problems.keep(Section::parse(key, &entry.node)) {
                        template.sections.insert(kind, section);
                    }
                }
                ("parameters", _) => {
                    template.parameters = problems.keep(parameters::parse(&entry.node)).unwrap_or_default();
                }
                ("result", _) => template.result = Some(entry.node.clone()),
                // For people; the server has no use for it.
                ("description", _) => {}
                _ => problems.add(Some(entry.key_span), "", unknown(key, &top_level())),
            }
        }
        problems.finish(template)
    }
}

fn top_level() -> Vec<&'static str> {
    let mut known = vec!["description", "parameters", "result"];
    known.extend(ComputeKind::ALL.map(ComputeKind::as_str));
    known
}

/// Says that a key has no meaning.
pub fn unknown(key: &str, known: &[&str]) -> String {
    let remedy = match radii_model::closest(key, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are: {}", known.join(", ")),
    };
    format!("`{key}` has no meaning here; {remedy}")
}

impl Section {
    fn parse(name: &str, node: &Node) -> Result<Self, Problems> {
        match &node.value {
            Value::Array(_) => Ok(Self { objects: Some(node.clone()), result: None }),
            Value::Object(members) => {
                let mut problems = Collected::default();
                let mut section = Self::default();
                for (key, entry) in members {
                    match (key.as_str(), &entry.node.value) {
                        ("objects", Value::Array(_)) => section.objects = Some(entry.node.clone()),
                        ("objects", _) => problems.add(Some(entry.node.span), name, "`objects` must be a list"),
                        ("result", _) => section.result = Some(entry.node.clone()),
                        _ => problems.add(Some(entry.key_span), name, unknown(key, &["objects", "result"])),
                    }
                }
                problems.finish(section)
            }
            _ => {
                let message = "a section is a list of objects, or a mapping with `objects` and `result`";
                Err(Problems::one(Some(node.span), name, message))
            }
        }
    }
}

/// Renders what a recipe returns: a section's own result over the common one.
pub fn outputs(template: &Template, section: &Section, renderer: &Renderer) -> Result<Outputs, Problems> {
    let mut outputs = Outputs::default();
    let mut problems = Collected::default();
    for node in [&template.result, &section.result].into_iter().flatten() {
        let rendered = problems.keep(renderer.value(node, "result")).flatten();
        let Some(rendered) = rendered else { continue };
        let Json::Object(members) = rendered else {
            problems.add(
                Some(node.span),
                "result",
                "`result` must be a mapping with `values`, `secrets` and `resources`",
            );
            continue;
        };
        for (key, value) in members {
            let span = node.get(&key).map(|node| node.span);
            match (key.as_str(), value) {
                ("values", Json::Object(values)) => outputs.values.extend(values),
                ("secrets", Json::Object(secrets)) => outputs.secrets.extend(secrets),
                ("resources", Json::Array(resources)) if resources.iter().all(Json::is_string) => {
                    outputs.resources.extend(resources.iter().filter_map(Json::as_str).map(str::to_owned));
                }
                ("values" | "secrets", _) => problems.add(span, format!("result.{key}"), "must be a mapping"),
                ("resources", _) => problems.add(span, "result.resources", "must be a list of resource ids"),
                _ => problems.add(span, "result", unknown(&key, &["values", "secrets", "resources"])),
            }
        }
    }
    problems.finish(outputs)
}
