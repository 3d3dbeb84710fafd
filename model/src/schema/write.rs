//! From a schema to an OpenAPI 3.0 schema object.

use serde_json::{Map, Value as Json};

use super::{Additional, Property, SENSITIVE, Schema};

/// Returns the schema object, keywords in a fixed order.
pub(super) fn openapi(schema: &Schema) -> Json {
    let mut out = Map::new();
    if let Some(reference) = &schema.reference {
        out.insert("$ref".to_owned(), reference.as_str().into());
        return Json::Object(out);
    }
    annotations(schema, &mut out);
    numbers_and_strings(schema, &mut out);
    containers(schema, &mut out);
    composition(schema, &mut out);
    for (name, value) in &schema.extensions {
        out.insert(name.clone(), value.clone());
    }
    Json::Object(out)
}

fn annotations(schema: &Schema, out: &mut Map<String, Json>) {
    put(out, "type", schema.kind.map(|kind| kind.as_str().into()));
    put(out, "format", text(&schema.format));
    put(out, "title", text(&schema.title));
    put(out, "description", text(&schema.description));
    put(out, "default", schema.default.clone());
    put(out, "example", schema.example.clone());
    put(out, "enum", schema.enumeration.clone().map(Json::Array));
    flag(out, "nullable", schema.nullable);
    flag(out, "readOnly", schema.read_only);
    flag(out, "writeOnly", schema.write_only);
    flag(out, "deprecated", schema.deprecated);
    flag(out, SENSITIVE, schema.sensitive);
}

fn numbers_and_strings(schema: &Schema, out: &mut Map<String, Json>) {
    put(out, "minimum", schema.number.minimum.clone().map(Json::Number));
    flag(out, "exclusiveMinimum", schema.number.exclusive_minimum);
    put(out, "maximum", schema.number.maximum.clone().map(Json::Number));
    flag(out, "exclusiveMaximum", schema.number.exclusive_maximum);
    put(out, "multipleOf", schema.number.multiple_of.clone().map(Json::Number));
    put(out, "minLength", schema.min_length.map(Json::from));
    put(out, "maxLength", schema.max_length.map(Json::from));
    put(out, "pattern", text(&schema.pattern));
}

fn containers(schema: &Schema, out: &mut Map<String, Json>) {
    put(out, "items", schema.items.as_deref().map(openapi));
    put(out, "minItems", schema.min_items.map(Json::from));
    put(out, "maxItems", schema.max_items.map(Json::from));
    flag(out, "uniqueItems", schema.unique_items);
    if schema.has_properties || !schema.properties.is_empty() {
        let one = |(name, property): (&String, &Property)| (name.clone(), openapi(&property.schema));
        out.insert("properties".to_owned(), Json::Object(schema.properties.iter().map(one).collect()));
    }
    if !schema.required.is_empty() {
        out.insert("required".to_owned(), schema.required.clone().into());
    }
    let additional = match &schema.additional {
        Additional::Absent => None,
        Additional::Allowed(allowed, _) => Some((*allowed).into()),
        Additional::Schema(values) => Some(openapi(values)),
    };
    put(out, "additionalProperties", additional);
    put(out, "minProperties", schema.min_properties.map(Json::from));
    put(out, "maxProperties", schema.max_properties.map(Json::from));
}

fn composition(schema: &Schema, out: &mut Map<String, Json>) {
    let combined = &schema.composition;
    for (name, schemas) in [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)] {
        if !schemas.is_empty() {
            out.insert(name.to_owned(), schemas.iter().map(openapi).collect());
        }
    }
    put(out, "not", combined.not.as_deref().map(openapi));
    put(out, "discriminator", combined.discriminator.clone());
}

fn put(out: &mut Map<String, Json>, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        out.insert(name.to_owned(), value);
    }
}

fn flag(out: &mut Map<String, Json>, name: &str, value: bool) {
    put(out, name, value.then_some(Json::Bool(true)));
}

fn text(value: &Option<String>) -> Option<Json> {
    value.as_deref().map(Json::from)
}
