//! The `openapi` target: OpenAPI 3.0 or 3.1 documents, one per provider and API version.
//!
//! A path may stand in a document once, and the version is a query parameter: so each version of a
//! provider has a document of its own.

mod paths;

use std::collections::BTreeMap;

use radii_model::ApiVersion;
use radii_model::manifest::{Manifest, ResourceType};
use radii_model::schema::Schema;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value as Json, json};

use crate::emit::Revision;
use crate::json_schema::pretty;
use crate::managed::MANAGED;
use crate::schema_json::{Dialect, SchemaJson, losses};
use crate::{Generator, Input, Output, Provider, Target};

/// Writes `<Namespace>/<version>/openapi.json`.
pub(crate) struct OpenApi {
    revision: Revision,
}

impl OpenApi {
    pub(crate) fn new(revision: Revision) -> Self {
        Self { revision }
    }
}

impl Generator for OpenApi {
    fn name(&self) -> &str {
        Target::OpenApi.as_str()
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        let mut output = Output::default();
        for provider in input.providers() {
            for (version, types) in by_version(provider) {
                for described in &types {
                    let path = format!("types.{}.apiVersions['{version}'].schema", described.name);
                    losses(described.declared, &path, dialect(self.revision), &mut output.diagnostics);
                }
                let path = format!("{}/{version}/openapi.json", provider.namespace.value);
                output.artifacts.insert(path, text(provider, version, &types, self.revision));
            }
        }
        output
    }
}

fn dialect(revision: Revision) -> Dialect {
    match revision {
        Revision::V30 => Dialect::OpenApi,
        Revision::V31 => Dialect::OpenApi31,
    }
}

/// A type in the version of the document.
struct DescribedType<'a> {
    name: &'a str,
    /// The type's name as the start of a component's name.
    component: String,
    resource_type: &'a ResourceType,
    declared: &'a Schema,
    schema: &'a Schema,
}

fn by_version<'p>(provider: &'p Provider<'_>) -> BTreeMap<&'p ApiVersion, Vec<DescribedType<'p>>> {
    let mut versions: BTreeMap<&'p ApiVersion, Vec<DescribedType<'p>>> = BTreeMap::new();
    for (name, resource_type) in &provider.types {
        for (version, entry) in &resource_type.api_versions {
            let Some(schema) = provider.effective(name, version) else { continue };
            let component = pascal(name);
            let described = DescribedType { name, component, resource_type, declared: &entry.schema, schema };
            versions.entry(version).or_default().push(described);
        }
    }
    versions
}

fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[derive(Serialize)]
struct Document<'a> {
    openapi: &'static str,
    info: Json,
    servers: Json,
    tags: Vec<Json>,
    paths: serde_json::Map<String, Json>,
    components: Components<'a>,
}

#[derive(Serialize)]
struct Components<'a> {
    parameters: Json,
    headers: Json,
    responses: Json,
    schemas: Schemas<'a>,
}

/// Stands for a type's name, and for the name of its component, until the text is complete.
const NAME: char = '\u{e000}';
const COMPONENT: char = '\u{e001}';

/// Writes a document. The operations of all types are alike: they are written once, for a type that
/// does not exist, and then copied for each type that does.
fn text(provider: &Manifest, version: &ApiVersion, types: &[DescribedType<'_>], revision: Revision) -> String {
    let skeleton = pretty(&document(provider, version, types, revision));
    let (before, after) = ("\n  \"paths\": {\n", "\n  },\n  \"components\": {\n");
    let start = skeleton.find(before).expect("the document has paths") + before.len();
    let end = start + skeleton[start..].find(after).expect("components follow the paths");
    let pieces: Vec<&str> = skeleton[start..end].split_inclusive([NAME, COMPONENT]).collect();

    let mut text = String::with_capacity(skeleton.len() + types.len() * (end - start + 1_000));
    text.push_str(&skeleton[..start]);
    for (at, described) in types.iter().enumerate() {
        text.push_str(if at == 0 { "" } else { ",\n" });
        for piece in &pieces {
            match piece.chars().next_back() {
                Some(NAME) => text.extend([piece.trim_end_matches(NAME), described.name]),
                Some(COMPONENT) => text.extend([piece.trim_end_matches(COMPONENT), &described.component]),
                _ => text.push_str(piece),
            }
        }
    }
    let operations = pretty(&json!({"paths": paths::of_provider(&provider.namespace.value)}));
    let lines = operations.trim_start_matches("{\n  \"paths\": {\n").trim_end_matches("\n  }\n}\n");
    text.push_str(if types.is_empty() { "" } else { ",\n" });
    text.push_str(lines);
    text.push_str(&skeleton[end..]);
    text
}

fn document<'a>(
    provider: &'a Manifest,
    version: &'a ApiVersion,
    types: &'a [DescribedType<'a>],
    revision: Revision,
) -> Document<'a> {
    let namespace = &provider.namespace.value;
    let tag = |described: &DescribedType<'_>| {
        let mut tag = json!({"name": described.name});
        if let Some(description) = &described.resource_type.description {
            tag["description"] = description.as_str().into();
        }
        tag
    };
    Document {
        openapi: if revision == Revision::V30 { "3.0.3" } else { "3.1.0" },
        info: json!({
            "title": namespace,
            "version": version.to_string(),
            "description": format!("Resources of the provider `{namespace}`.")
        }),
        servers: paths::servers(),
        tags: types.iter().map(tag).collect(),
        paths: paths::of_type(namespace, &NAME.to_string(), &COMPONENT.to_string()).into_iter().collect(),
        components: Components {
            parameters: paths::parameters(version),
            headers: paths::headers(),
            responses: paths::responses(),
            schemas: Schemas { namespace, types, dialect: dialect(revision) },
        },
    }
}

struct Schemas<'a> {
    namespace: &'a str,
    types: &'a [DescribedType<'a>],
    dialect: Dialect,
}

impl Serialize for Schemas<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for described in self.types {
            let component = &described.component;
            let properties = format!("{component}Properties");
            let root = format!("#/components/schemas/{properties}");
            let schema = SchemaJson::new(described.schema, self.dialect, &root).with_managed(&MANAGED);
            let full_type = format!("{}/{}", self.namespace, described.name);
            map.serialize_entry(component, &paths::resource_schema(&full_type, &root))?;
            map.serialize_entry(&format!("{component}List"), &paths::list_schema(component))?;
            map.serialize_entry(&properties, &schema)?;
        }
        for (name, schema) in paths::shared_schemas() {
            map.serialize_entry(name, &schema)?;
        }
        map.end()
    }
}
