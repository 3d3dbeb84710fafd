//! The `json-schema` target: JSON Schema 2020-12 of the resources that authors write.

use radii_model::ApiVersion;
use radii_model::manifest::Manifest;
use radii_model::schema::Schema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::managed::MANAGED;
use crate::schema_json::{Dialect, SchemaJson, losses};
use crate::{Generator, Input, Output, Target};

/// Writes `<Namespace>/<type>/<version>.json`.
pub(crate) struct JsonSchema;

impl Generator for JsonSchema {
    fn name(&self) -> &str {
        Target::JsonSchema.as_str()
    }

    fn generate(&self, input: &Input<'_>) -> Output {
        let mut output = Output::default();
        for provider in input.providers() {
            for (type_name, resource_type) in &provider.types {
                for (version, entry) in &resource_type.api_versions {
                    let path = format!("{}/{type_name}/{version}.json", provider.namespace.value);
                    let schema_path = format!("types.{type_name}.apiVersions['{version}'].schema");
                    losses(&entry.schema, &schema_path, Dialect::JsonSchema, &mut output.diagnostics);
                    let description = resource_type.description.as_deref();
                    let Some(schema) = provider.effective(type_name, version) else { continue };
                    output.artifacts.insert(path, document(provider, type_name, description, version, schema));
                }
            }
        }
        output
    }
}

/// The order of the fields is the order in the file.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    dialect: &'static str,
    #[serde(rename = "$id")]
    id: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
    properties: Json,
    required: [&'static str; 1],
    #[serde(rename = "additionalProperties")]
    additional: bool,
    #[serde(rename = "$defs")]
    definitions: Definitions<'a>,
}

#[derive(Serialize)]
struct Definitions<'a> {
    properties: SchemaJson<'a>,
}

fn document(
    provider: &Manifest,
    type_name: &str,
    description: Option<&str>,
    version: &ApiVersion,
    schema: &Schema,
) -> String {
    let full_type = format!("{}/{type_name}", provider.namespace.value);
    let properties = SchemaJson::new(schema, Dialect::JsonSchema, "#/$defs/properties").with_managed(&MANAGED);
    let document = Document {
        dialect: "https://json-schema.org/draft/2020-12/schema",
        id: format!("urn:radii:resource-type:{full_type}:{version}"),
        title: format!("{full_type}@{version}"),
        description,
        kind: "object",
        properties: envelope(&full_type),
        required: ["properties"],
        additional: false,
        definitions: Definitions { properties },
    };
    pretty(&document)
}

fn envelope(full_type: &str) -> Json {
    json!({
        "id": {"type": "string", "description": "Id of the resource.", "readOnly": true},
        "name": {"type": "string", "description": "Name of the resource.", "readOnly": true},
        "type": {"const": full_type, "description": "Type of the resource.", "readOnly": true},
        "location": {"type": "string", "description": "Location of the resource; `global` unless said otherwise."},
        "tags": {
            "type": "object",
            "description": "Labels of the author's choice.",
            "additionalProperties": {"type": "string"}
        },
        "systemData": {"type": "object", "description": "Who changed the resource, and when.", "readOnly": true},
        "properties": {"$ref": "#/$defs/properties"}
    })
}

/// Writes a value as indented JSON with a final newline.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("schemas hold nothing that JSON cannot");
    text.push('\n');
    text
}
