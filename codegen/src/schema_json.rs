//! Schemas as JSON, written straight from the model: as JSON Schema 2020-12 or as OpenAPI 3.0 or 3.1.

use radii_diagnostics::{Code, Diagnostic, Severity};
use radii_model::schema::{Additional, Kind, Schema};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use crate::regex_dialect::is_ecma;

const NOT_EXPRESSED: Code = Code::new("radii/schema-not-expressed");

/// Which vocabulary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON Schema 2020-12. Objects that list properties and say nothing of others are closed, as
    /// Radii's server treats them.
    JsonSchema,
    /// OpenAPI 3.0.3: what the manifest says, as it says it.
    OpenApi,
    /// OpenAPI 3.1: the same in the words of JSON Schema 2020-12.
    OpenApi31,
}

/// A schema to be serialised.
#[derive(Clone, Copy)]
pub(crate) struct SchemaJson<'a> {
    schema: &'a Schema,
    dialect: Dialect,
    /// Where the root schema stands in the document; put before the pointers of references.
    root: &'a str,
    /// Properties that the control plane adds to the root.
    managed: Option<&'a serde_json::Map<String, Json>>,
}

impl<'a> SchemaJson<'a> {
    pub(crate) fn new(schema: &'a Schema, dialect: Dialect, root: &'a str) -> Self {
        Self { schema, dialect, root, managed: None }
    }

    pub(crate) fn with_managed(self, managed: &'a serde_json::Map<String, Json>) -> Self {
        Self { managed: Some(managed), ..self }
    }

    fn below(&self, schema: &'a Schema) -> Self {
        Self { schema, managed: None, ..*self }
    }

    fn annotations<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let schema = self.schema;
        entry(map, "title", schema.title.as_ref())?;
        entry(map, "description", schema.description.as_ref())?;
        self.kind(map)?;
        entry(map, "format", schema.format.as_ref())?;
        self.enumeration(map)?;
        entry(map, "default", schema.default.as_ref())?;
        match self.dialect {
            Dialect::OpenApi => entry(map, "example", schema.example.as_ref())?,
            _ => entry(map, "examples", schema.example.as_ref().map(|example| [example]))?,
        }
        flag(map, "nullable", schema.nullable && self.dialect == Dialect::OpenApi && schema.kind.is_some())?;
        flag(map, "readOnly", schema.read_only)?;
        flag(map, "writeOnly", schema.write_only)?;
        flag(map, "deprecated", schema.deprecated)?;
        flag(map, "x-radius-sensitive", schema.sensitive)
    }

    fn kind<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let kind = match self.schema.kind {
            Some(Kind::Any) => None,
            Some(kind) => Some(kind.as_str()),
            // Properties speak of objects; saying so keeps other values out, as the server does.
            None if self.schema.has_properties => Some("object"),
            None => None,
        };
        match (kind, self.dialect) {
            (Some(kind), Dialect::JsonSchema | Dialect::OpenApi31) if self.schema.nullable => {
                map.serialize_entry("type", &[kind, "null"])
            }
            (kind, _) => entry(map, "type", kind),
        }
    }

    fn enumeration<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(values) = self.schema.enumeration.as_ref().filter(|values| !values.is_empty()) else { return Ok(()) };
        let mut distinct: Vec<&Json> = Vec::with_capacity(values.len() + 1);
        for value in values.iter().chain(self.schema.nullable.then_some(&Json::Null)) {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        map.serialize_entry("enum", &distinct)
    }

    fn numbers_and_strings<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let bounds = &self.schema.number;
        let sides = [
            ("minimum", "exclusiveMinimum", &bounds.minimum, bounds.exclusive_minimum),
            ("maximum", "exclusiveMaximum", &bounds.maximum, bounds.exclusive_maximum),
        ];
        for (bound, exclusive, value, is_exclusive) in sides {
            match self.dialect {
                Dialect::JsonSchema | Dialect::OpenApi31 => {
                    entry(map, if is_exclusive { exclusive } else { bound }, value.as_ref())?
                }
                Dialect::OpenApi => {
                    entry(map, bound, value.as_ref())?;
                    flag(map, exclusive, is_exclusive)?;
                }
            }
        }
        entry(map, "multipleOf", bounds.multiple_of.as_ref())?;
        entry(map, "minLength", self.schema.min_length)?;
        entry(map, "maxLength", self.schema.max_length)?;
        entry(map, "pattern", self.schema.pattern.as_deref().filter(|pattern| is_ecma(pattern)))
    }

    fn containers<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let schema = self.schema;
        match &schema.items {
            Some(items) => map.serialize_entry("items", &self.below(items))?,
            // OpenAPI demands `items` of every array.
            None if schema.kind == Some(Kind::Array) => map.serialize_entry("items", &serde_json::Map::new())?,
            None => {}
        }
        entry(map, "minItems", schema.min_items)?;
        entry(map, "maxItems", schema.max_items)?;
        flag(map, "uniqueItems", schema.unique_items)?;
        if schema.has_properties || !schema.properties.is_empty() || self.managed.is_some() {
            map.serialize_entry("properties", &Properties(*self))?;
        }
        self.required(map)?;
        match &schema.additional {
            Additional::Schema(values) => map.serialize_entry("additionalProperties", &self.below(values))?,
            Additional::Allowed(allowed, _) => map.serialize_entry("additionalProperties", allowed)?,
            Additional::Absent if self.dialect == Dialect::JsonSchema && schema.has_properties => {
                map.serialize_entry("additionalProperties", &false)?;
            }
            Additional::Absent => {}
        }
        entry(map, "minProperties", schema.min_properties)?;
        entry(map, "maxProperties", schema.max_properties)
    }

    fn required<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        // OpenAPI demands a read-only property of answers only; JSON Schema would demand it from the author.
        let demanded = |name: &&String| {
            let property = self.schema.properties.get(*name);
            self.dialect != Dialect::JsonSchema || !property.is_some_and(|property| property.schema.read_only)
        };
        let required: Vec<&String> = self.schema.required.iter().filter(demanded).collect();
        entry(map, "required", Some(required).filter(|required| !required.is_empty()))
    }

    fn composition<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let combined = &self.schema.composition;
        for (keyword, members) in
            [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)]
        {
            let members: Vec<Self> = members.iter().map(|member| self.below(member)).collect();
            entry(map, keyword, Some(members).filter(|members| !members.is_empty()))?;
        }
        entry(map, "not", combined.not.as_deref().map(|not| self.below(not)))?;
        if self.dialect != Dialect::JsonSchema {
            entry(map, "discriminator", combined.discriminator.as_ref())?;
        }
        Ok(())
    }
}

impl Serialize for SchemaJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(reference) = &self.schema.reference {
            // A reference counts from the root of the schema, which stands somewhere in this document.
            let pointer = reference.strip_prefix('#').unwrap_or(reference);
            map.serialize_entry("$ref", &format!("{}{pointer}", self.root))?;
            return map.end();
        }
        self.annotations(&mut map)?;
        self.numbers_and_strings(&mut map)?;
        self.containers(&mut map)?;
        self.composition(&mut map)?;
        for (name, value) in &self.schema.extensions {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Properties<'a>(SchemaJson<'a>);

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = &self.0.schema.properties;
        let mut map = serializer.serialize_map(None)?;
        for (name, property) in own {
            map.serialize_entry(name, &self.0.below(&property.schema))?;
        }
        for (name, managed) in self.0.managed.into_iter().flatten() {
            if !own.contains_key(name) {
                map.serialize_entry(name, managed)?;
            }
        }
        map.end()
    }
}

fn entry<M: SerializeMap>(map: &mut M, key: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}

fn flag<M: SerializeMap>(map: &mut M, key: &str, value: bool) -> Result<(), M::Error> {
    entry(map, key, value.then_some(true))
}

/// Reports what a dialect cannot say of a schema and everything below it.
pub(crate) fn losses(schema: &Schema, path: &str, dialect: Dialect, diagnostics: &mut Vec<Diagnostic>) {
    let mut lose = |keyword: &str, why: &str| {
        let message = format!("`{keyword}` is left out: {why}; the server still applies it");
        let note = Diagnostic::new(NOT_EXPRESSED, Severity::Note, message);
        diagnostics.push(note.at(schema.span_of(keyword)).path(path));
    };
    if schema.pattern.as_deref().is_some_and(|pattern| !is_ecma(pattern)) {
        lose("pattern", "it means something else, or nothing, to an ECMAScript engine");
    }
    if dialect == Dialect::JsonSchema && schema.composition.discriminator.is_some() {
        lose("discriminator", "JSON Schema has no such keyword");
    }
    for (name, property) in &schema.properties {
        // Most schemas lose nothing: the path is put together only where there is something to walk into.
        if could_lose(&property.schema) {
            losses(&property.schema, &format!("{path}.properties.{name}"), dialect, diagnostics);
        }
    }
    if let Some(items) = &schema.items {
        losses(items, &format!("{path}.items"), dialect, diagnostics);
    }
    if let Additional::Schema(values) = &schema.additional {
        losses(values, &format!("{path}.additionalProperties"), dialect, diagnostics);
    }
    let combined = &schema.composition;
    for (keyword, members) in [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)] {
        for (at, member) in members.iter().enumerate() {
            losses(member, &format!("{path}.{keyword}[{at}]"), dialect, diagnostics);
        }
    }
}

fn could_lose(schema: &Schema) -> bool {
    let combined = &schema.composition;
    schema.pattern.is_some()
        || !schema.properties.is_empty()
        || schema.items.is_some()
        || matches!(schema.additional, Additional::Schema(_))
        || combined.discriminator.is_some()
        || !(combined.all_of.is_empty() && combined.any_of.is_empty() && combined.one_of.is_empty())
}
