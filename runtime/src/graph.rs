//! The graph of an application: its resources, what they made, and who is connected to whom.
//!
//! [`build`] is a pure function of records; [`of_application`] loads them. Ids are compared without
//! regard to casing and written as they are stored. Source: Radius HTTP contract, part 10.

mod draw;
mod edges;
mod fixed;
pub mod layout;
mod svg;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::store::{ListQuery, Record, State};

pub use draw::{to_dot, to_mermaid};
pub use fixed::of_template;
pub use svg::to_svg;

/// What a resource without an icon of its own has as `iconHash`.
pub const DEFAULT_ICON_HASH: &str = "98fde6b7efcad66b37ad3014e63b3965f13d82a524a07cb53e690ef5287cb037";

/// Which of the two wire shapes a graph has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `2023-10-01-preview`: no kinds of edges, no icons.
    Classic,
    /// `2025-08-01-preview`.
    Preview,
}

/// What is asked of a graph.
#[derive(Clone, Debug)]
pub struct Question {
    /// The wire shape.
    pub shape: Shape,
    /// Whether the icons themselves are wanted, beside their hashes.
    pub include_icons: bool,
    /// Further edges, known to the caller from its template: source → targets.
    pub depends_on: Vec<(String, String)>,
}

/// Returns the answer of `POST {application}/getGraph`.
///
/// Types that are registered in part, or not at all any more, hide nothing: their resources are shown as they are stored.
/// An icon of [`DEFAULT_ICON_HASH`] is named, but not included: that is the server's own.
///
/// # Errors
/// A body of the wrong shape; a store that cannot be reached.
pub async fn of_application(host: &Host, application: &Record, body: &Json) -> Result<Json, Fault> {
    let question = Question::parse(application, body)?;
    let scope = Some(application.id.scope());
    let query = ListQuery { scope, recursive: true, kind: None, after: None, limit: None };
    let records = host.list(&query).await?.records;
    let icon = |id: &ResourceId| host.registered(id).ok().and_then(|(_, kind)| kind.icon.as_deref().map(str::to_owned));
    let schema = |record: &Record| {
        let (_, kind) = host.registered(&record.id).ok()?;
        Some(kind.api_versions.get(record.api_version.as_ref()?)?.json())
    };
    Ok(build(application, &records, &question, &Lookup { icon: &icon, schema: &schema }))
}

/// What a graph asks the registry; whatever is not registered has neither.
pub struct Lookup<'l> {
    /// The icon of a resource's type.
    pub icon: &'l dyn Fn(&ResourceId) -> Option<String>,
    /// The schema that a resource was written through.
    pub schema: &'l dyn Fn(&Record) -> Option<Arc<Json>>,
}

impl Lookup<'static> {
    /// Where there is no registry.
    pub fn none() -> Self {
        Self { icon: &|_| None, schema: &|_| None }
    }
}

impl Question {
    fn parse(application: &Record, body: &Json) -> Result<Self, Fault> {
        let preview = application.id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case("Radius.Core"));
        let shape = if preview { Shape::Preview } else { Shape::Classic };
        let refuse = |what: &str| {
            let message = format!("`{what}` of the graph's request has the wrong type");
            Fault::new(400, code::BAD_REQUEST, message).target(what)
        };
        let include_icons = match body.get("includeIcons") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(wanted)) => *wanted,
            Some(_) => return Err(refuse("includeIcons")),
        };
        let mut depends_on = Vec::new();
        match body.get("dependsOnEdges") {
            None | Some(Json::Null) => {}
            Some(Json::Object(sources)) => {
                for (source, targets) in sources {
                    let targets = targets.as_array().ok_or_else(|| refuse("dependsOnEdges"))?;
                    let targets = targets.iter().filter_map(|target| target["id"].as_str());
                    depends_on.extend(targets.map(|target| (source.clone(), target.to_owned())));
                }
            }
            Some(_) => return Err(refuse("dependsOnEdges")),
        }
        Ok(Self { shape, include_icons, depends_on })
    }
}

/// Builds the graph of an application from the resources at its scope.
pub fn build(application: &Record, records: &[Record], question: &Question, lookup: &Lookup<'_>) -> Json {
    let mut graph = Graph::default();
    let by_key: HashMap<String, &Record> = records.iter().map(|record| (record.id.key(), record)).collect();
    let members = records.iter().filter(|record| belongs_to(record, "application", application.id.name()));
    let environment = application.properties.get("environment").and_then(Json::as_str).and_then(last_segment);
    let mut waiting: Vec<&Record> = members.collect();
    let mut seen: HashSet<String> = waiting.iter().map(|record| record.id.key()).collect();
    while let Some(record) = waiting.pop() {
        graph.add(record);
        let schema = (lookup.schema)(record);
        for target in edges::outbound(record, records, schema.as_deref()) {
            let known = by_key.get(&target.to_ascii_lowercase()).copied();
            let shared = known.filter(|known| belongs_to(known, "environment", environment));
            if let Some(shared) = shared.filter(|shared| seen.insert(shared.id.key())) {
                waiting.push(shared);
            }
            let target = known.map_or(target, |known| known.id.to_string());
            graph.connect(&record.id.to_string(), &target, "Connection");
        }
    }
    for (source, target) in &question.depends_on {
        graph.depend(source, target);
    }
    graph.show(question, lookup.icon)
}

/// Whether a resource names an application or environment; names alone are compared, as the contract says.
fn belongs_to(record: &Record, property: &str, name: Option<&str>) -> bool {
    let own = record.properties.get(property).and_then(Json::as_str).and_then(last_segment);
    matches!((own, name), (Some(own), Some(name)) if own.eq_ignore_ascii_case(name))
}

fn last_segment(id: &str) -> Option<&str> {
    id.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())
}

#[derive(Default)]
struct Graph<'r> {
    /// By the id's lower-case form.
    nodes: BTreeMap<String, Node<'r>>,
}

struct Node<'r> {
    id: String,
    /// The stored resource; `None` for what only an edge names.
    record: Option<&'r Record>,
    edges: Vec<Edge>,
}

#[derive(Clone)]
struct Edge {
    id: String,
    direction: &'static str,
    kind: &'static str,
}

impl<'r> Graph<'r> {
    fn add(&mut self, record: &'r Record) {
        let id = record.id.to_string();
        let node = self.nodes.entry(record.id.key()).or_insert_with(|| Node { id, record: None, edges: Vec::new() });
        node.record = Some(record);
    }

    fn connect(&mut self, source: &str, target: &str, kind: &'static str) {
        for (from, to, direction) in [(source, target, "Outbound"), (target, source, "Inbound")] {
            let new = || Node { id: from.to_owned(), record: None, edges: Vec::new() };
            let node = self.nodes.entry(from.to_ascii_lowercase()).or_insert_with(new);
            node.edges.push(Edge { id: to.to_owned(), direction, kind });
        }
    }

    /// Adds a dependency between two nodes that nothing connects yet.
    fn depend(&mut self, source: &str, target: &str) {
        let nodes = (self.nodes.get(&source.to_ascii_lowercase()), self.nodes.get(&target.to_ascii_lowercase()));
        let (Some(from), Some(to)) = nodes else { return };
        let connected = from.edges.iter().any(|edge| edge.id.eq_ignore_ascii_case(&to.id));
        if connected || [from, to].into_iter().any(|node| edges::is_frame(&node.id)) {
            return;
        }
        let (source, target) = (from.id.clone(), to.id.clone());
        self.connect(&source, &target, "Dependency");
    }

    fn show(self, question: &Question, icon: &dyn Fn(&ResourceId) -> Option<String>) -> Json {
        let mut icons = Map::new();
        let mut shown = Vec::new();
        for node in self.nodes.into_values() {
            let mut value = show_node(&node, question.shape);
            if question.shape == Shape::Preview {
                let text = node.id.parse().ok().and_then(|id| icon(&id));
                let hash = text.as_deref().map_or_else(|| DEFAULT_ICON_HASH.to_owned(), hash);
                value["iconHash"] = hash.clone().into();
                if let Some(text) = text.filter(|_| question.include_icons) {
                    icons.insert(hash, text.into());
                }
            }
            shown.push(value);
        }
        let mut graph = json!({ "resources": shown });
        if question.include_icons && question.shape == Shape::Preview {
            graph["icons"] = icons.into();
        }
        graph
    }
}

fn hash(icon: &str) -> String {
    Sha256::digest(icon.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn show_node(node: &Node<'_>, shape: Shape) -> Json {
    let parsed = node.id.parse::<ResourceId>().ok();
    let type_name =
        parsed.as_ref().and_then(ResourceId::resource_type).map(|kind| kind.to_string()).unwrap_or_default();
    let mut edges = node.edges.clone();
    edges.sort_by(|one, two| (&one.id, one.direction).cmp(&(&two.id, two.direction)));
    let edges: Vec<Json> = edges.iter().map(|edge| show_edge(edge, shape)).collect();
    let mut value = json!({
        "id": node.id,
        "name": last_segment(&node.id),
        "type": node.record.map_or(type_name, |record| record.type_name.clone()),
        "provisioningState": node.record.map_or(State::Succeeded, |record| record.state).as_str(),
        "connections": edges,
    });
    if let Some(record) = node.record {
        value["outputResources"] = output_resources(record);
        let properties = shown_properties(record, shape);
        if !properties.is_empty() {
            value["properties"] = properties.into();
        }
    }
    value
}

fn show_edge(edge: &Edge, shape: Shape) -> Json {
    match shape {
        Shape::Classic => json!({ "id": edge.id, "direction": edge.direction }),
        Shape::Preview => json!({ "id": edge.id, "direction": edge.direction, "kind": edge.kind }),
    }
}

/// Returns what a resource made, sorted by type, name and id.
fn output_resources(record: &Record) -> Json {
    let made =
        record.properties.get("status").and_then(|status| status.get("outputResources")).and_then(Json::as_array);
    let ids = made.into_iter().flatten().filter_map(|entry| entry["id"].as_str());
    let mut rows: Vec<(String, String, &str)> = ids
        .map(|id| {
            let parsed = id.parse::<ResourceId>().ok();
            let kind = parsed.as_ref().and_then(ResourceId::resource_type).map(|kind| kind.to_string());
            (kind.unwrap_or_default(), last_segment(id).unwrap_or_default().to_owned(), id)
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(kind, name, id)| json!({ "id": id, "type": kind, "name": name })).collect()
}

/// Returns properties without what stands elsewhere in the graph and, in the newer shape, without environment variables.
fn shown_properties(record: &Record, shape: Shape) -> Map<String, Json> {
    let mut properties = record.properties.clone();
    for name in ["provisioningState", "connections", "status"] {
        properties.shift_remove(name);
    }
    if shape == Shape::Preview {
        if let Some(container) = properties.get_mut("container").and_then(Json::as_object_mut) {
            container.shift_remove("env");
        }
        let containers = properties.get_mut("containers").and_then(Json::as_object_mut);
        for container in containers.into_iter().flat_map(|containers| containers.values_mut()) {
            container.as_object_mut().map(|container| container.shift_remove("env"));
        }
    }
    properties
}
