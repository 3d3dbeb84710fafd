//! Rendering: every scalar by itself, after the text was parsed.

use handlebars::template::TemplateElement;
use handlebars::{Handlebars, JsonTruthy, RenderErrorReason, Template, TemplateErrorReason};
use radii_diagnostics::Span;
use radii_model::document::{Node, Value};
use serde_json::{Map, Value as Json, json};

use super::Seed;
use super::helpers;
use super::problem::{Collected, Problems};

/// A mapping with this member is left out when the member's value is false.
const IF: &str = "$if";

/// Renders nodes over a context and parameters.
pub struct Renderer {
    registry: Handlebars<'static>,
    data: Json,
}

impl Renderer {
    /// Returns a renderer that knows `context`.
    pub fn new(context: &Json, seed: Seed) -> Self {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(handlebars::no_escape);
        let id = context.pointer("/resource/id").and_then(Json::as_str).unwrap_or_default();
        helpers::register(&mut registry, id, seed);
        Self { registry, data: json!({ "context": context }) }
    }

    /// Adds `parameters` to what is known.
    #[must_use]
    pub fn with_parameters(mut self, parameters: Map<String, Json>) -> Self {
        self.data["parameters"] = Json::Object(parameters);
        self
    }

    /// Renders a section's list of objects.
    pub fn list(&self, node: &Node) -> Result<Vec<Json>, Problems> {
        match self.value(node, "objects")? {
            Some(Json::Array(items)) => Ok(items),
            _ => Err(Problems::one(Some(node.span), "objects", "must be a list")),
        }
    }

    /// Renders a node; `None` when its `$if` is false.
    pub fn value(&self, node: &Node, path: &str) -> Result<Option<Json>, Problems> {
        match &node.value {
            Value::String(text) => self.text(text, node.span, path).map(Some),
            Value::Array(items) => {
                let mut problems = Collected::default();
                let mut rendered = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    rendered.extend(problems.keep(self.value(item, &format!("{path}[{index}]"))).flatten());
                }
                problems.finish(Some(Json::Array(rendered)))
            }
            Value::Object(_) => self.object(node, path),
            _ => Ok(Some(node.to_json())),
        }
    }

    fn object(&self, node: &Node, path: &str) -> Result<Option<Json>, Problems> {
        let mut problems = Collected::default();
        let mut rendered = Map::new();
        if let Some(condition) = node.get(IF) {
            let holds = self.value(condition, &format!("{path}.{IF}"))?.is_some_and(|value| value.is_truthy(false));
            if !holds {
                return Ok(None);
            }
        }
        for (key, entry) in node.as_object().into_iter().flatten().filter(|(key, _)| *key != IF) {
            let path = format!("{path}.{key}");
            let name = match problems.keep(self.text(key, entry.key_span, &path)) {
                Some(Json::String(name)) => name,
                Some(other) => {
                    problems.add(Some(entry.key_span), &path, format!("a key must be text, not `{other}`"));
                    continue;
                }
                None => continue,
            };
            if let Some(value) = problems.keep(self.value(&entry.node, &path)).flatten()
                && rendered.insert(name.clone(), value).is_some()
            {
                problems.add(Some(entry.key_span), &path, format!("the key `{name}` comes twice"));
            }
        }
        problems.finish(Some(Json::Object(rendered)))
    }

    /// Renders one scalar. One that is a single expression keeps the type of its value.
    fn text(&self, text: &str, span: Span, path: &str) -> Result<Json, Problems> {
        if !text.contains("{{") {
            return Ok(Json::String(text.to_owned()));
        }
        let template = Template::compile(text).map_err(|error| {
            let reason = match error.reason() {
                TemplateErrorReason::InvalidSyntax(_) => "the expression is not complete, or not Handlebars".to_owned(),
                other => other.to_string(),
            };
            Problems::one(Some(span), path, format!("{reason}; write a literal `{{{{` as `\\{{{{`"))
        })?;
        match self.single(text, &template) {
            Some(expression) => {
                let json = self.render(&expression, span, path)?;
                serde_json::from_str(&json)
                    .map_err(|error| Problems::one(Some(span), path, format!("`{text}` gave no value: {error}")))
            }
            None => self.render(text, span, path).map(Json::String),
        }
    }

    /// Returns the template that writes the value of a text's only expression as JSON.
    fn single(&self, text: &str, template: &Template) -> Option<String> {
        let [TemplateElement::Expression(element) | TemplateElement::HtmlExpression(element)] = &template.elements[..]
        else {
            return None;
        };
        let trims: &[char] = &['{', '}', '~', '&', ' ', '\t', '\n', '\r'];
        let inner = text.trim_matches(trims);
        let plain = element.params.is_empty() && element.hash.is_empty() && !helpers::NAMES.contains(&inner);
        let inner = if plain { inner.to_owned() } else { format!("({inner})") };
        Some(format!("{{{{{{{} {inner}}}}}}}", helpers::VALUE))
    }

    fn render(&self, text: &str, span: Span, path: &str) -> Result<String, Problems> {
        self.registry.render_template(text, &self.data).map_err(|error| {
            let message = match error.reason() {
                RenderErrorReason::MissingVariable(Some(name)) => self.missing(name),
                RenderErrorReason::HelperNotFound(name) => {
                    let remedy = match radii_model::closest(name, helpers::NAMES) {
                        Some(close) => format!("did you mean `{close}`?"),
                        None => format!("there are: {}", helpers::NAMES.join(", ")),
                    };
                    format!("there is no helper `{name}`; {remedy}")
                }
                RenderErrorReason::TemplateError(error) => error.reason().to_string(),
                other => other.to_string(),
            };
            Problems::one(Some(span), path, message)
        })
    }

    /// Says which part of a path is not there, and what is.
    fn missing(&self, name: &str) -> String {
        let mut known = &self.data;
        let mut walked = Vec::new();
        for part in name.split('.') {
            let next = match known {
                Json::Object(members) => members.get(part),
                Json::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            let Some(next) = next else { break };
            known = next;
            walked.push(part);
        }
        let place = if walked.is_empty() { "an expression".to_owned() } else { format!("`{}`", walked.join(".")) };
        match known {
            Json::Object(members) if !members.is_empty() => {
                let names: Vec<&str> = members.keys().map(String::as_str).collect();
                format!(
                    "there is no `{name}`; {place} may name: {}; what may be absent is written `{{{{default {name} \"…\"}}}}`",
                    names.join(", ")
                )
            }
            _ => format!(
                "there is no `{name}`; {place} has no members; what may be absent is written `{{{{default {name} \"…\"}}}}`"
            ),
        }
    }
}
