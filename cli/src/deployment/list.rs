//! A plain list of resources, and the ARM template that it means.
//!
//! ```yaml
//! - type: Contoso.Data/postgres
//!   name: db
//!   properties: {size: S}
//! - type: Applications.Core/containers
//!   name: web
//!   properties:
//!     connections: {db: {source: "${db.id}"}}
//! ```

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use radii_diagnostics::{Code, Diagnostic, Span};
use radii_model::document::{Node, Value};
use radii_model::{ApiVersion, TypeName};
use serde_json::{Map, Value as Json, json};

use super::expression::{self, Piece, Reference};
use crate::parameters::Parameters;
use crate::sources::Document;

const SHAPE: Code = Code::new("radii/list-shape");
const REFERENCE: Code = Code::new("radii/list-reference");
const DUPLICATE: Code = Code::new("radii/list-duplicate");
const CYCLE: Code = Code::new("radii/list-cycle");

const TEMPLATE_SCHEMA: &str = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";

/// Types that do not stand in an environment.
const OUTSIDE_ENVIRONMENTS: [&str; 6] = [
    "applications.core/environments",
    "applications.core/volumes",
    "radius.core/environments",
    "radius.core/recipepacks",
    "radius.core/terraformsettings",
    "radius.core/bicepsettings",
];
/// Types that do not stand in an application.
const OUTSIDE_APPLICATIONS: [&str; 7] = [
    "applications.core/environments",
    "applications.core/applications",
    "radius.core/environments",
    "radius.core/applications",
    "radius.core/recipepacks",
    "radius.core/terraformsettings",
    "radius.core/bicepsettings",
];

/// A checked list: every reference leads to an entry, and none leads in a circle.
#[derive(Clone, Debug)]
pub struct List {
    entries: Vec<Entry>,
    parameters: BTreeSet<String>,
    uses_environment: bool,
    uses_application: bool,
}

/// One resource of a list.
#[derive(Clone, Debug)]
struct Entry {
    symbol: String,
    kind: TypeName,
    name: String,
    api_version: Option<ApiVersion>,
    tags: Option<Json>,
    /// With ARM expressions in the place of references.
    properties: Map<String, Json>,
    depends_on: BTreeSet<String>,
    span: Span,
}

/// Whether a document is a list, and no template.
pub fn is_list(root: &Node) -> bool {
    matches!(&root.value, Value::Array(_))
        || (root.get("resources").is_some_and(|node| matches!(&node.value, Value::Array(_)))
            && root.get("$schema").is_none()
            && root.get("contentVersion").is_none())
}

impl List {
    /// Reads a list and resolves its references.
    ///
    /// # Errors
    /// A diagnostic for everything that is wrong with it.
    pub fn parse(document: &Document) -> Result<Self, Vec<Diagnostic>> {
        let root = document.root.get("resources").unwrap_or(&document.root);
        let Value::Array(nodes) = &root.value else { return Ok(Self::empty()) };
        let mut diagnostics = Vec::new();
        for (key, entry) in document.root.as_object().into_iter().flatten().filter(|(key, _)| *key != "resources") {
            diagnostics.push(
                Diagnostic::error(SHAPE, format!("a list of resources has no member `{key}`"))
                    .at(entry.key_span)
                    .help("only `resources` may stand beside the list"),
            );
        }
        let heads: Vec<Option<Head>> = nodes.iter().map(|node| read_head(node, &mut diagnostics)).collect();
        let known: Vec<&Head> = heads.iter().flatten().collect();
        report_duplicates(&known, &mut diagnostics);
        let symbols = symbols(&known);
        let mut reader =
            Reader { known: &known, symbols: &symbols, list: Self::empty(), diagnostics, depends_on: BTreeSet::new() };
        for (node, head) in nodes.iter().zip(&heads) {
            if let Some(head) = head {
                reader.read_entry(node, head);
            }
        }
        let Reader { list, mut diagnostics, .. } = reader;
        report_cycle(&list.entries, &mut diagnostics);
        if diagnostics.is_empty() { Ok(list) } else { Err(diagnostics) }
    }

    fn empty() -> Self {
        Self { entries: Vec::new(), parameters: BTreeSet::new(), uses_environment: false, uses_application: false }
    }

    /// The types of entries that name no API version.
    pub fn types_without_version(&self) -> Vec<TypeName> {
        let mut types: Vec<TypeName> =
            self.entries.iter().filter(|entry| entry.api_version.is_none()).map(|entry| entry.kind.clone()).collect();
        types.sort_by_key(TypeName::key);
        types.dedup();
        types
    }

    /// Returns the template; `versions` holds the API version of each type without one, by lower-case type.
    ///
    /// An entry that could name its environment or application and does not gets the one deployed to.
    pub fn to_template(&self, versions: &BTreeMap<String, String>, given: &Parameters, application: bool) -> Json {
        let mut resources = Map::new();
        let mut uses = (self.uses_environment, self.uses_application);
        for entry in &self.entries {
            let mut properties = entry.properties.clone();
            let kind = entry.kind.key();
            if !OUTSIDE_ENVIRONMENTS.contains(&kind.as_str()) && !properties.contains_key("environment") {
                properties.insert("environment".to_owned(), "[parameters('environment')]".into());
                uses.0 = true;
            }
            if application && !OUTSIDE_APPLICATIONS.contains(&kind.as_str()) && !properties.contains_key("application")
            {
                properties.insert("application".to_owned(), "[parameters('application')]".into());
                uses.1 = true;
            }
            resources.insert(entry.symbol.clone(), entry.to_resource(properties, versions));
        }
        let mut parameters = Map::new();
        for (used, name) in [(uses.0, "environment"), (uses.1, "application")] {
            if used {
                parameters.insert(name.to_owned(), json!({"type": "string"}));
            }
        }
        for name in &self.parameters {
            parameters.insert(name.clone(), json!({"type": parameter_type(given.get(name))}));
        }
        json!({
            "$schema": TEMPLATE_SCHEMA,
            "languageVersion": "2.1-experimental",
            "contentVersion": "1.0.0.0",
            "parameters": parameters,
            "imports": {"Radius": {"provider": "Radius", "version": "latest"}},
            "resources": resources,
        })
    }
}

impl Entry {
    fn to_resource(&self, properties: Map<String, Json>, versions: &BTreeMap<String, String>) -> Json {
        let version = match &self.api_version {
            Some(version) => version.to_string(),
            None => versions.get(&self.kind.key()).cloned().unwrap_or_default(),
        };
        let mut body = json!({"name": self.name, "location": "global", "properties": properties});
        if let Some(tags) = &self.tags {
            body["tags"] = tags.clone();
        }
        let mut resource = json!({"import": "Radius", "type": format!("{}@{version}", self.kind), "properties": body});
        if !self.depends_on.is_empty() {
            resource["dependsOn"] = self.depends_on.iter().cloned().collect();
        }
        resource
    }
}

fn parameter_type(value: Option<&Json>) -> &'static str {
    match value {
        Some(Json::Bool(_)) => "bool",
        Some(Json::Number(_)) => "int",
        Some(Json::Array(_)) => "array",
        Some(Json::Object(_)) => "object",
        _ => "string",
    }
}

/// What says which resource an entry is.
struct Head {
    kind: TypeName,
    name: String,
    span: Span,
}

const MEMBERS: [&str; 5] = ["type", "name", "apiVersion", "properties", "tags"];

fn read_head(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Head> {
    let Some(members) = node.as_object() else {
        diagnostics.push(
            Diagnostic::error(SHAPE, "an entry of the list is no resource")
                .at(node.span)
                .help("write `type`, `name` and `properties`"),
        );
        return None;
    };
    for (key, entry) in members {
        if !MEMBERS.contains(&key.as_str()) {
            diagnostics.push(
                Diagnostic::error(SHAPE, format!("a resource has no member `{key}`"))
                    .at(entry.key_span)
                    .help(format!("members are {}; the type's own stand below `properties`", MEMBERS.join(", "))),
            );
        }
    }
    let mut text = |key: &str| match node.get(key).map(|value| (value, value.as_str())) {
        Some((value, Some(text))) if !text.is_empty() => Some((value.span, text.to_owned())),
        found => {
            let span = found.map_or(node.span, |(value, _)| value.span);
            diagnostics.push(Diagnostic::error(SHAPE, format!("a resource needs `{key}` as text")).at(span));
            None
        }
    };
    let (kind, name) = (text("type"), text("name"));
    let ((kind_span, kind), (span, name)) = (kind?, name?);
    if let Some((name, version)) = kind.split_once('@') {
        diagnostics.push(
            Diagnostic::error(SHAPE, format!("`{kind}` is not a resource type: `@{version}` is an API version"))
                .at(kind_span)
                .help(format!("write `type: {name}`, and `apiVersion: {version}` beside it")),
        );
        return None;
    }
    match kind.parse() {
        Ok(kind) => Some(Head { kind, name, span }),
        Err(_) => {
            diagnostics.push(
                Diagnostic::error(SHAPE, format!("`{kind}` is not a resource type"))
                    .at(kind_span)
                    .help("write NAMESPACE/TYPE, such as Applications.Core/containers"),
            );
            None
        }
    }
}

fn report_duplicates(heads: &[&Head], diagnostics: &mut Vec<Diagnostic>) {
    for (at, head) in heads.iter().enumerate() {
        let same = |other: &&&Head| other.kind == head.kind && other.name.eq_ignore_ascii_case(&head.name);
        if let Some(first) = heads[..at].iter().find(same) {
            diagnostics.push(
                Diagnostic::error(DUPLICATE, format!("`{}/{}` is in the list twice", head.kind, head.name))
                    .at(head.span)
                    .also(first.span, "it is here already"),
            );
        }
    }
}

/// Returns a symbolic name for each entry: letters, digits and underscores, each once.
fn symbols(heads: &[&Head]) -> Vec<String> {
    let clean = |text: &str| -> String {
        let text: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        if text.starts_with(|c: char| c.is_ascii_digit()) { format!("_{text}") } else { text }
    };
    let mut taken: BTreeSet<String> = BTreeSet::new();
    heads
        .iter()
        .map(|head| {
            let short = clean(&head.name);
            let long = clean(&format!("{}_{}", head.kind.name(), head.name));
            let numbered = (2..).map(|number| format!("{long}_{number}"));
            let symbol = [short, long.clone()]
                .into_iter()
                .chain(numbered)
                .find(|symbol| !taken.contains(&symbol.to_lowercase()));
            let symbol = symbol.unwrap_or_default();
            taken.insert(symbol.to_lowercase());
            symbol
        })
        .collect()
}

/// Reads the entries once all of them are known.
struct Reader<'a> {
    known: &'a [&'a Head],
    symbols: &'a [String],
    list: List,
    diagnostics: Vec<Diagnostic>,
    depends_on: BTreeSet<String>,
}

impl Reader<'_> {
    fn read_entry(&mut self, node: &Node, head: &Head) {
        self.depends_on.clear();
        let api_version = node.get("apiVersion").and_then(|version| self.read_version(version));
        let tags = node.get("tags").map(|tags| self.resolve(tags));
        let properties = match node.get("properties").map(|node| (node.span, self.resolve(node))) {
            None | Some((_, Json::Null)) => Map::new(),
            Some((_, Json::Object(properties))) => properties,
            Some((span, _)) => {
                self.diagnostics.push(Diagnostic::error(SHAPE, "`properties` must be an object").at(span));
                Map::new()
            }
        };
        let at = self.known.iter().position(|known| std::ptr::eq(*known, head)).unwrap_or_default();
        self.list.entries.push(Entry {
            symbol: self.symbols[at].clone(),
            kind: head.kind.clone(),
            name: head.name.clone(),
            api_version,
            tags,
            properties,
            depends_on: std::mem::take(&mut self.depends_on),
            span: head.span,
        });
    }

    fn read_version(&mut self, node: &Node) -> Option<ApiVersion> {
        match node.as_str().unwrap_or_default().parse() {
            Ok(version) => Some(version),
            Err(error) => {
                let help = "quote it: a bare date is no text in every YAML reader";
                self.diagnostics.push(Diagnostic::error(SHAPE, error.to_string()).at(node.span).help(help));
                None
            }
        }
    }

    /// Returns a value with ARM expressions in the place of references.
    fn resolve(&mut self, node: &Node) -> Json {
        match &node.value {
            Value::String(text) => self.resolve_text(text, node.span).into(),
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(members) => {
                Json::Object(members.iter().map(|(key, entry)| (key.clone(), self.resolve(&entry.node))).collect())
            }
            _ => node.to_json(),
        }
    }

    fn resolve_text(&mut self, text: &str, span: Span) -> String {
        let pieces = match expression::split(text) {
            Ok(pieces) => pieces,
            Err(message) => {
                let help = "write `$${` for a literal `${`";
                self.diagnostics.push(Diagnostic::error(REFERENCE, message).at(span).help(help));
                return text.to_owned();
            }
        };
        let pieces: Vec<Result<String, String>> = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Ok(text),
                Piece::Reference(reference) => self.resolve_reference(reference, span),
            })
            .collect();
        expression::join(&pieces)
    }

    /// Returns the text that a reference stands for, or else (`Err`) its expression.
    fn resolve_reference(&mut self, reference: Reference, span: Span) -> Result<String, String> {
        let (name, path) = match reference {
            Reference::Environment => {
                self.list.uses_environment = true;
                return Err("parameters('environment')".to_owned());
            }
            Reference::Application => {
                self.list.uses_application = true;
                return Err("parameters('application')".to_owned());
            }
            Reference::Parameter(name) => {
                let expression = format!("parameters({})", expression::literal(&name));
                self.list.parameters.insert(name);
                return Err(expression);
            }
            Reference::Resource { name, path } => (name, path),
        };
        let Some(at) = self.find(&name, span) else { return Ok(String::new()) };
        match path[0].as_str() {
            "name" => Ok(self.known[at].name.clone()),
            "type" => Ok(self.known[at].kind.to_string()),
            _ => {
                self.depends_on.insert(self.symbols[at].clone());
                let target = format!("reference({})", expression::literal(&self.symbols[at]));
                Err(expression::access(&target, &path))
            }
        }
    }

    /// Returns the entry that a reference means, or reports why none is meant.
    fn find(&mut self, name: &str, span: Span) -> Option<usize> {
        let is_meant = |head: &Head| match name.rsplit_once('/') {
            None => head.name.eq_ignore_ascii_case(name),
            Some((kind, name)) => {
                head.name.eq_ignore_ascii_case(name)
                    && (head.kind.to_string().eq_ignore_ascii_case(kind) || head.kind.name().eq_ignore_ascii_case(kind))
            }
        };
        let meant: Vec<usize> = (0..self.known.len()).filter(|at| is_meant(self.known[*at])).collect();
        match meant[..] {
            [at] => return Some(at),
            [] => {
                let names: Vec<_> = self.known.iter().map(|head| head.name.as_str()).collect();
                self.diagnostics.push(
                    Diagnostic::error(REFERENCE, format!("there is no resource `{name}` in the list"))
                        .at(span)
                        .help(format!("there are: {}", names.join(", "))),
                );
            }
            _ => {
                let kinds: Vec<_> =
                    meant.iter().map(|at| format!("`{}/{name}`", self.known[*at].kind.name())).collect();
                self.diagnostics.push(
                    Diagnostic::error(REFERENCE, format!("`{name}` may mean several resources of the list"))
                        .at(span)
                        .help(format!("write one of {}", kinds.join(", "))),
                );
            }
        }
        None
    }
}

/// Reports the first circle of references.
fn report_cycle(entries: &[Entry], diagnostics: &mut Vec<Diagnostic>) {
    let mut open: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.symbol.as_str(), entry)).collect();
    loop {
        let ready: Vec<&str> = open
            .values()
            .filter(|entry| !entry.depends_on.iter().any(|symbol| open.contains_key(symbol.as_str())))
            .map(|entry| entry.symbol.as_str())
            .collect();
        if ready.is_empty() {
            break;
        }
        for symbol in ready {
            open.remove(symbol);
        }
    }
    // What is left depends on a circle; following references from anywhere in it ends in the circle itself.
    let Some(mut entry) = open.values().next().copied() else { return };
    let mut path: Vec<&Entry> = Vec::new();
    while !path.iter().any(|seen| std::ptr::eq(*seen, entry)) {
        path.push(entry);
        let Some(next) = entry.depends_on.iter().find_map(|symbol| open.get(symbol.as_str())) else { return };
        entry = next;
    }
    let start = path.iter().position(|seen| std::ptr::eq(*seen, entry)).unwrap_or_default();
    let names: Vec<_> = path[start..].iter().chain([&entry]).map(|entry| format!("`{}`", entry.name)).collect();
    diagnostics.push(
        Diagnostic::error(CYCLE, format!("resources refer to each other in a circle: {}", names.join(" -> ")))
            .at(entry.span)
            .help("remove one of the references"),
    );
}
