//! Graphs as text that other programs draw.

use std::collections::HashMap;

use serde_json::Value as Json;

/// Returns a graph, as [`super::build`] gives it, in the language of Mermaid.
pub fn to_mermaid(graph: &Json) -> String {
    let nodes = Nodes::of(graph);
    let mut text = String::from("graph LR\n");
    for (at, node) in nodes.all.iter().enumerate() {
        text.push_str(&format!("  n{at}[\"{}<br/>{}\"]\n", escape(&node["name"]), escape(&node["type"])));
    }
    for (from, to, dashed) in nodes.edges() {
        text.push_str(&format!("  n{from} {} n{to}\n", if dashed { "-.->" } else { "-->" }));
    }
    text
}

/// Returns a graph, as [`super::build`] gives it, in the language of Graphviz.
pub fn to_dot(graph: &Json) -> String {
    let nodes = Nodes::of(graph);
    let mut text = String::from("digraph application {\n  rankdir=LR;\n  node [shape=box];\n");
    for (at, node) in nodes.all.iter().enumerate() {
        let quote = |value: &Json| value.as_str().unwrap_or_default().replace('\\', "\\\\").replace('"', "\\\"");
        text.push_str(&format!("  n{at} [label=\"{}\\n{}\"];\n", quote(&node["name"]), quote(&node["type"])));
    }
    for (from, to, dashed) in nodes.edges() {
        text.push_str(&format!("  n{from} -> n{to}{};\n", if dashed { " [style=dashed]" } else { "" }));
    }
    text.push_str("}\n");
    text
}

/// Returns text that cannot end a label.
pub(super) fn escape(value: &Json) -> String {
    let text = value.as_str().unwrap_or_default();
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) struct Nodes<'g> {
    pub(super) all: &'g [Json],
    by_id: HashMap<String, usize>,
}

impl<'g> Nodes<'g> {
    pub(super) fn of(graph: &'g Json) -> Self {
        let all = graph["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
        let id = |node: &Json| node["id"].as_str().unwrap_or_default().to_ascii_lowercase();
        Self { all, by_id: all.iter().enumerate().map(|(at, node)| (id(node), at)).collect() }
    }

    /// Edges once, from source to target, in the order of the nodes; the last part says whether one is a mere dependency.
    pub(super) fn edges(&self) -> Vec<(usize, usize, bool)> {
        let mut edges = Vec::new();
        for (from, node) in self.all.iter().enumerate() {
            for edge in node["connections"].as_array().into_iter().flatten() {
                let target = edge["id"].as_str().unwrap_or_default().to_ascii_lowercase();
                let Some(to) = self.by_id.get(&target).filter(|_| edge["direction"] == "Outbound") else { continue };
                let edge = (from, *to, edge["kind"] == "Dependency");
                if !edges.contains(&edge) {
                    edges.push(edge);
                }
            }
        }
        edges
    }
}
