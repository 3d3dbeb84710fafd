//! An application graph as text.

use std::fmt::Write as _;

use radii_model::ResourceId;
use radii_runtime::deployment::foresee;
use radii_runtime::graph::{Lookup, of_template, to_dot, to_mermaid, to_svg};
use serde_json::{Value as Json, json};

use crate::error::Error;
use crate::output::text;
use crate::parameters::Parameters;

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Drawing {
    /// In the language of Mermaid.
    Mermaid,
    /// In the language of Graphviz.
    Dot,
    /// As a picture.
    Svg,
}

impl Drawing {
    /// Returns the drawing.
    pub fn draw(self, graph: &Json) -> String {
        match self {
            Drawing::Mermaid => to_mermaid(graph),
            Drawing::Dot => to_dot(graph),
            Drawing::Svg => to_svg(graph),
        }
    }
}

/// Returns the graph of what a template would deploy. Environment and application may be left out: any will do.
pub fn planned(file: &str, template: &Json, mut parameters: Parameters) -> Result<Json, Error> {
    const GROUP: &str = "/planes/radius/local/resourceGroups/default";
    for (name, kind) in [("environment", "environments"), ("application", "applications")] {
        let declared = template.pointer(&format!("/parameters/{name}")).is_some();
        if declared && !parameters.contains_key(name) {
            parameters.insert(name.to_owned(), format!("{GROUP}/providers/Radius.Core/{kind}/default").into());
        }
    }
    let given = parameters.into_iter().map(|(name, value)| (name, json!({ "value": value }))).collect();
    let scope = GROUP.parse().map_err(|error| Error::failed(format!("{error}")))?;
    let foreseen = foresee(template, &given, &scope).map_err(|fault| {
        Error::failed(format!("`{file}` has no graph: {}", fault.message))
            .hint("`--parameters NAME=VALUE` gives parameters")
    })?;
    Ok(of_template(&foreseen, &Lookup::none()))
}

/// Returns the graph for people: each resource with its connections and what it made.
pub fn render(application: &str, graph: &Json) -> String {
    let mut out = format!("Displaying application: {application}\n\n");
    let mut resources: Vec<&Json> = list(graph, "resources").collect();
    if resources.is_empty() {
        out.push_str("(empty)\n\n");
    }
    // Containers first: they are what an application is about.
    let rank = |resource: &Json| !text(resource, "/type").to_ascii_lowercase().ends_with("/containers");
    let place =
        |resource: &Json| (rank(resource), text(resource, "/type").to_owned(), text(resource, "/name").to_owned());
    resources.sort_by_key(|resource| place(resource));
    for resource in resources {
        write_resource(&mut out, resource);
    }
    out
}

fn list<'a>(value: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    value.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn write_resource(out: &mut String, resource: &Json) {
    let name = text(resource, "/name");
    let _ = writeln!(out, "Name: {name} ({})", text(resource, "/type"));
    let connections: Vec<String> =
        list(resource, "connections").map(|connection| connection_text(name, connection)).collect();
    section(out, "Connections", &connections);
    let made: Vec<String> = list(resource, "outputResources")
        .map(|made| format!("{} ({})", text(made, "/name"), text(made, "/type")))
        .collect();
    section(out, "Resources", &made);
    out.push('\n');
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        let _ = writeln!(out, "{title}: (none)");
        return;
    }
    let _ = writeln!(out, "{title}:");
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn connection_text(name: &str, connection: &Json) -> String {
    let id = text(connection, "/id");
    let other = match id.parse::<ResourceId>() {
        Ok(parsed) => {
            let kind = parsed.resource_type().map(|kind| format!(" ({kind})")).unwrap_or_default();
            format!("{}{kind}", parsed.name().unwrap_or(id))
        }
        Err(_) => id.to_owned(),
    };
    if text(connection, "/direction") == "Inbound" {
        format!("{other} -> {name}")
    } else {
        format!("{name} -> {other}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_application_says_so() {
        assert_eq!(render("site", &json!({"resources": []})), "Displaying application: site\n\n(empty)\n\n");
    }

    #[test]
    fn connections_are_read_in_their_direction() {
        let db = "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/postgres/db";
        let graph = json!({"resources": [
            {"name": "db", "type": "Contoso.Data/postgres", "connections": [], "outputResources": []},
            {"name": "web", "type": "Applications.Core/containers",
             "connections": [{"id": db, "direction": "Outbound"}],
             "outputResources": [{"name": "web-1", "type": "docker/containers"}]}]});
        let expected = "Displaying application: shop\n\n\
            Name: web (Applications.Core/containers)\n\
            Connections:\n  web -> db (Contoso.Data/postgres)\n\
            Resources:\n  web-1 (docker/containers)\n\n\
            Name: db (Contoso.Data/postgres)\nConnections: (none)\nResources: (none)\n\n";
        assert_eq!(render("shop", &graph), expected);
    }
}
