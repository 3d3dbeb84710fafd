//! The graph of a template before it is deployed.

use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Graph, Lookup, Question, Shape, edges};
use crate::Timestamp;
use crate::deployment::Foreseen;
use crate::store::{Private, Record, State};

/// What answers show for a resource that is only planned.
const PLANNED: &str = "NotDeployed";
/// Keys whose values are never shown, in lower case.
const SECRETS: [&str; 7] = ["password", "connectionstring", "apikey", "secret", "token", "privatekey", "sastoken"];

/// Builds the graph of the resources that a template would deploy, in the newer shape.
///
/// Each node has a `diffHash` of what would be put, so that two graphs tell which resources differ. Environments and
/// applications frame the picture and are left out, as in the graph of stored resources.
pub fn of_template(foreseen: &[Foreseen], lookup: &Lookup<'_>) -> Json {
    let shown = |foreseen: &&Foreseen| {
        let is_module = foreseen.id.resource_type().is_some_and(|kind| kind.key() == "microsoft.resources/deployments");
        !is_module && !edges::is_frame(&foreseen.id.to_string())
    };
    let foreseen: Vec<&Foreseen> = foreseen.iter().filter(shown).collect();
    let records: Vec<Record> = foreseen.iter().map(|foreseen| record(foreseen)).collect();
    let mut graph = Graph::default();
    for record in &records {
        graph.add(record);
    }
    for record in &records {
        let schema = (lookup.schema)(record);
        for target in edges::outbound(record, &records, schema.as_deref()) {
            let known = records.iter().find(|other| other.id.to_string().eq_ignore_ascii_case(&target));
            let target = known.map_or(target, |known| known.id.to_string());
            graph.connect(&record.id.to_string(), &target, "Connection");
        }
    }
    for foreseen in &foreseen {
        for target in &foreseen.depends_on {
            graph.depend(&foreseen.id.to_string(), &target.to_string());
        }
    }
    let question = Question { shape: Shape::Preview, include_icons: false, depends_on: Vec::new() };
    let mut graph = graph.show(&question, lookup.icon);
    for node in graph["resources"].as_array_mut().into_iter().flatten() {
        let own = foreseen.iter().find(|foreseen| node["id"] == foreseen.id.to_string());
        if let Some(foreseen) = own {
            complete(node, foreseen);
        }
    }
    graph
}

fn complete(node: &mut Json, foreseen: &Foreseen) {
    node["symbolicName"] = foreseen.symbol.clone().into();
    if foreseen.existing {
        return;
    }
    node["provisioningState"] = PLANNED.into();
    let text = json!(foreseen.body).to_string();
    let hash: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    node["diffHash"] = hash.into();
}

fn record(foreseen: &Foreseen) -> Record {
    let mut properties = foreseen.body.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    point(&mut properties, foreseen);
    properties.iter_mut().for_each(|(name, value)| hide(name, value));
    Record {
        type_name: foreseen.id.resource_type().map(|kind| kind.to_string()).unwrap_or_default(),
        id: foreseen.id.clone(),
        api_version: foreseen.api_version.parse().ok(),
        location: None,
        tags: None,
        properties,
        private: Private::default(),
        state: State::Succeeded,
        operation: None,
        revision: 0,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
    }
}

/// An expression that asks for a resource's address is an edge to that resource, although nobody knows the address yet.
fn point(properties: &mut Map<String, Json>, foreseen: &Foreseen) {
    for (property, member) in edges::PLACES {
        let entries: Vec<&mut Json> = match properties.get_mut(property) {
            Some(Json::Object(entries)) => entries.values_mut().collect(),
            Some(Json::Array(entries)) => entries.iter_mut().collect(),
            _ => Vec::new(),
        };
        for entry in entries {
            let asked = entry.get(member).and_then(Json::as_str).filter(|text| text.starts_with('['));
            let named = |id: &&ResourceId| {
                let name = id.name().unwrap_or_default();
                asked.is_some_and(|text| text.contains(&format!("'{name}'")))
            };
            if let Some(id) = foreseen.depends_on.iter().find(named) {
                entry[member] = id.to_string().into();
            }
        }
    }
}

/// Removes what is secret by its name.
fn hide(name: &str, value: &mut Json) {
    match value {
        Json::Object(members) => members.iter_mut().for_each(|(name, value)| hide(name, value)),
        Json::Array(items) => items.iter_mut().for_each(|item| hide(name, item)),
        value if SECRETS.contains(&name.to_ascii_lowercase().as_str()) => *value = Json::Null,
        _ => {}
    }
}
