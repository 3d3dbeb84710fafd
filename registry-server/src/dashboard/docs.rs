//! Documentation of a registered type: what `rad generate` writes for its manifest.

use indexmap::IndexMap;
use radii_codegen::{Input, Options, Target, generate};
use radii_diagnostics::Span;
use radii_model::document::Node;
use radii_model::manifest::{Manifest, ResourceType, Spanned, VersionEntry};
use radii_model::schema::Schema;
use radii_runtime::catalog::{Provider, Type};

/// Returns the Markdown page of a type.
///
/// The registry checked the schemas when it took them, so what it knows of a type is a manifest.
pub(super) fn markdown(provider: &Provider, kind: &Type) -> Option<String> {
    let manifest = Manifest {
        namespace: unplaced(provider.namespace.clone()),
        locations: IndexMap::new(),
        types: IndexMap::from([(kind.name.clone(), resource_type(kind))]),
    };
    let output = generate(&Input::new(&[manifest]), &[Target::Docs], &Options::default());
    let path = format!("{}/{}/{}.md", Target::Docs.as_str(), provider.namespace, kind.name);
    let page = output.artifacts.get(path)?;
    // The first line tells readers of the file where it comes from; here that is no question.
    let text = String::from_utf8_lossy(page);
    let text = text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")).map_or(&*text, |(_, rest)| rest);
    Some(text.to_owned())
}

fn resource_type(kind: &Type) -> ResourceType {
    let version = |schema: &serde_json::Value| VersionEntry {
        schema: Schema::from_node(&Node::from_json(schema, Span::default()), "schema").0,
        ..VersionEntry::default()
    };
    let mut versions: Vec<_> = kind.api_versions.iter().collect();
    versions.sort_by(|(left, _), (right, _)| right.cmp(left));
    ResourceType {
        description: kind.description.clone(),
        capabilities: kind.capabilities.iter().cloned().map(unplaced).collect(),
        default_api_version: kind.default_api_version.clone().map(unplaced),
        api_versions: versions.into_iter().map(|(name, schema)| (name.clone(), version(&schema.json()))).collect(),
        ..ResourceType::default()
    }
}

fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_registered_type_is_documented_as_its_manifest_would_be() {
        let schema = json!({ "type": "object", "required": ["size"], "properties": {
            "size": { "type": "string", "enum": ["S", "M"], "description": "How **large** it is." } } });
        let kind = Type {
            name: "stores".into(),
            description: Some("Keeps things.".into()),
            api_versions: IndexMap::from([("2025-01-01".parse().unwrap(), Arc::new(schema.into()))]),
            ..Type::default()
        };
        let provider = Provider { namespace: "Contoso.Data".into(), plane: "local".into(), ..Provider::default() };
        let page = markdown(&provider, &kind).expect("the generator writes a page per type");
        for text in ["# Contoso.Data/stores", "Keeps things.", "## 2025-01-01", "size", "How **large** it is."] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
    }
}
