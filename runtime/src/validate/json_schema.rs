//! OpenAPI 3.0 semantics as JSON Schema (draft 2020-12), for the `jsonschema` crate.

use std::collections::HashMap;

use indexmap::IndexMap;
use radii_model::pattern;
use radii_model::schema::{Additional, Kind, Schema};
use regex::Regex;
use serde_json::{Map, Value as Json, json};

/// Compiles a schema; `patterns` holds every pattern in it.
pub(super) fn compile(schema: &Schema, patterns: &HashMap<String, Regex>) -> Result<jsonschema::Validator, String> {
    let mut translation = Translation { root: schema, checks: IndexMap::new(), references: IndexMap::new() };
    let document = translation.document();
    let mut options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    for (check, name) in translation.checks {
        let pattern = check.pattern.and_then(|pattern| patterns.get(pattern).cloned());
        let format = check.format.and_then(pattern::of_format);
        let holds = move |text: &str| {
            pattern.as_ref().is_none_or(|regex| regex.is_match(text)) && format.is_none_or(|regex| regex.is_match(text))
        };
        options = options.with_format(name, holds);
    }
    options.build(&document).map_err(|error| format!("resource type schema validation failed: {error}"))
}

/// What is checked of a text beyond its length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TextCheck<'s> {
    pattern: Option<&'s str>,
    format: Option<&'s str>,
}

struct Translation<'s> {
    root: &'s Schema,
    /// Checks by the name of the format that stands for them: patterns are RE2's, which JSON Schema's are not.
    checks: IndexMap<TextCheck<'s>, String>,
    /// References by the name of their definition; translated once each.
    references: IndexMap<&'s str, String>,
}

impl<'s> Translation<'s> {
    fn document(&mut self) -> Json {
        let mut document = match self.schema(self.root) {
            Json::Object(document) => document,
            always => Map::from_iter([("allOf".to_owned(), json!([always]))]),
        };
        let mut definitions = Map::new();
        let mut next = 0;
        while let Some((reference, name)) = self.references.get_index(next).map(|(text, name)| (*text, name.clone())) {
            let target = self.root.resolve(reference).map_or(Json::Bool(false), |target| self.schema(target));
            definitions.insert(name, target);
            next += 1;
        }
        if !definitions.is_empty() {
            document.insert("$defs".to_owned(), Json::Object(definitions));
        }
        Json::Object(document)
    }

    fn schema(&mut self, schema: &'s Schema) -> Json {
        if let Some(reference) = &schema.reference {
            let next = self.references.len();
            let name = self.references.entry(reference).or_insert_with(|| format!("reference-{next}"));
            return json!({ "$ref": format!("#/$defs/{name}") });
        }
        if schema.is_unrestricted() {
            return Json::Bool(true);
        }
        let mut own = self.keywords(schema);
        let combined = &schema.composition;
        let has_variants =
            [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().any(|list| !list.is_empty());
        let enumeration = schema.enumeration.as_ref().filter(|values| !values.is_empty());
        own.insert("type".to_owned(), types(schema.kind, schema.nullable && enumeration.is_none()));
        if let Some(values) = enumeration {
            own.insert("enum".to_owned(), values.iter().cloned().collect());
        }
        if has_variants {
            // Variants decide about null themselves; the rest is for other values.
            own = Map::from_iter([("if".to_owned(), json!({"type": "null"})), ("else".to_owned(), Json::Object(own))]);
            self.variants(schema, &mut own);
        }
        if let Some(not) = &combined.not {
            own.insert("not".to_owned(), self.schema(not));
        }
        let may_refuse_null = has_variants || enumeration.is_some() || combined.not.is_some();
        if schema.nullable && may_refuse_null { json!({"anyOf": [{"type": "null"}, own]}) } else { Json::Object(own) }
    }

    fn keywords(&mut self, schema: &'s Schema) -> Map<String, Json> {
        let mut out = Map::new();
        numbers(schema, &mut out);
        self.text(schema, &mut out);
        let counts = [
            ("minLength", schema.min_length),
            ("maxLength", schema.max_length),
            ("minItems", schema.min_items),
            ("maxItems", schema.max_items),
            ("minProperties", schema.min_properties),
            ("maxProperties", schema.max_properties),
        ];
        out.extend(counts.into_iter().filter_map(|(name, count)| Some((name.to_owned(), count?.into()))));
        if schema.unique_items {
            out.insert("uniqueItems".to_owned(), true.into());
        }
        if let Some(items) = &schema.items {
            out.insert("items".to_owned(), self.schema(items));
        }
        if !schema.properties.is_empty() {
            let properties = schema.properties.iter();
            let properties = properties.map(|(name, property)| (name.clone(), self.schema(&property.schema)));
            out.insert("properties".to_owned(), Json::Object(properties.collect()));
        }
        if !schema.required.is_empty() {
            // JSON Schema wants each name once.
            let unique: IndexMap<&str, ()> = schema.required.iter().map(|name| (name.as_str(), ())).collect();
            out.insert("required".to_owned(), unique.into_keys().collect());
        }
        match &schema.additional {
            Additional::Absent | Additional::Allowed(true, _) => {}
            Additional::Allowed(false, _) => {
                out.insert("additionalProperties".to_owned(), false.into());
            }
            Additional::Schema(values) => {
                let values = self.schema(values);
                out.insert("additionalProperties".to_owned(), values);
            }
        }
        out
    }

    fn text(&mut self, schema: &'s Schema, out: &mut Map<String, Json>) {
        let format = schema.format.as_deref().filter(|format| pattern::of_format(format).is_some());
        let check = TextCheck { pattern: schema.pattern.as_deref(), format };
        if check.pattern.is_some() || check.format.is_some() {
            let next = self.checks.len();
            let name = self.checks.entry(check).or_insert_with(|| format!("radii-text-{next}"));
            out.insert("format".to_owned(), name.as_str().into());
        }
    }

    fn variants(&mut self, schema: &'s Schema, out: &mut Map<String, Json>) {
        let combined = &schema.composition;
        let mut all: Vec<Json> = combined.all_of.iter().map(|part| self.schema(part)).collect();
        if !combined.one_of.is_empty() {
            out.insert("oneOf".to_owned(), combined.one_of.iter().map(|variant| self.schema(variant)).collect());
            all.extend(combined.discriminator.as_ref().and_then(discriminator));
        }
        if !combined.any_of.is_empty() {
            out.insert("anyOf".to_owned(), combined.any_of.iter().map(|variant| self.schema(variant)).collect());
        }
        if !all.is_empty() {
            out.insert("allOf".to_owned(), all.into());
        }
    }
}

fn types(kind: Option<Kind>, nullable: bool) -> Json {
    let all = ["boolean", "number", "string", "array", "object"];
    match (kind.filter(|kind| *kind != Kind::Any), nullable) {
        (Some(kind), false) => kind.as_str().into(),
        (Some(kind), true) => json!([kind.as_str(), "null"]),
        (None, false) => json!(all),
        (None, true) => all.into_iter().chain(["null"]).collect(),
    }
}

fn numbers(schema: &Schema, out: &mut Map<String, Json>) {
    let bounds = &schema.number;
    if let Some(minimum) = &bounds.minimum {
        let name = if bounds.exclusive_minimum { "exclusiveMinimum" } else { "minimum" };
        out.insert(name.to_owned(), Json::Number(minimum.clone()));
    }
    if let Some(maximum) = &bounds.maximum {
        let name = if bounds.exclusive_maximum { "exclusiveMaximum" } else { "maximum" };
        out.insert(name.to_owned(), Json::Number(maximum.clone()));
    }
    // JSON Schema knows steps above zero only: the sign changes nothing, and a step of zero is ignored.
    if let Some(step) = bounds.multiple_of.as_ref().filter(|step| step.as_f64() != Some(0.0)) {
        let above_zero = step.as_i64().filter(|step| *step < 0).map(|step| step.unsigned_abs().into());
        let above_zero = above_zero.or_else(|| step.as_f64().filter(|step| *step < 0.0).map(|step| Json::from(-step)));
        out.insert("multipleOf".to_owned(), above_zero.unwrap_or_else(|| Json::Number(step.clone())));
    }
    if schema.kind == Some(Kind::Integer) && schema.format.as_deref() == Some("int32") {
        out.insert("allOf".to_owned(), json!([{"minimum": i32::MIN, "maximum": i32::MAX}]));
    }
}

/// Returns what the property that tells variants apart has to be.
fn discriminator(discriminator: &Json) -> Option<Json> {
    let name = discriminator.get("propertyName")?.as_str()?;
    let mut property = json!({"type": "string"});
    if let Some(mapping) = discriminator.get("mapping").and_then(Json::as_object).filter(|mapping| !mapping.is_empty())
    {
        property["enum"] = mapping.keys().map(String::as_str).collect();
    }
    Some(json!({"if": {"type": "object"}, "then": {"required": [name], "properties": {name: property}}}))
}
