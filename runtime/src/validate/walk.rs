//! Walks over schemas, alone or beside values.

use radii_model::schema::{Additional, Schema};
use serde_json::{Map, Value as Json};

/// Visits a schema and all below it.
pub(super) fn each<'s>(schema: &'s Schema, visit: &mut dyn FnMut(&'s Schema)) {
    visit(schema);
    let combined = &schema.composition;
    let lists = [&combined.all_of, &combined.any_of, &combined.one_of];
    let values = match &schema.additional {
        Additional::Schema(values) => Some(&**values),
        _ => None,
    };
    let below = (schema.properties.values().map(|property| &property.schema))
        .chain(schema.items.as_deref())
        .chain(values)
        .chain(lists.into_iter().flatten())
        .chain(combined.not.as_deref());
    for schema in below {
        each(schema, visit);
    }
}

/// Whether a schema or any below it has a property.
pub(super) fn any(schema: &Schema, holds: &dyn Fn(&Schema) -> bool) -> bool {
    let mut found = false;
    each(schema, &mut |schema| found |= holds(schema));
    found
}

/// Fills in defaults.
pub(super) fn defaults(root: &Schema, schema: &Schema, members: &mut Map<String, Json>) {
    defaults_on_top(schema, members);
    for (name, value) in members.iter_mut() {
        if let Some(schema) = member(root, schema, name) {
            defaults_of_value(root, schema, value);
        }
    }
}

/// Fills in the defaults of an object's own properties.
pub(super) fn defaults_on_top(schema: &Schema, members: &mut Map<String, Json>) {
    for (name, property) in &schema.properties {
        let property = &property.schema;
        let skipped = property.read_only || schema.required.contains(name);
        if let Some(default) = property.default.as_ref().filter(|_| !skipped && !members.contains_key(name)) {
            members.insert(name.clone(), default.clone());
        }
    }
}

fn defaults_of_value(root: &Schema, schema: &Schema, value: &mut Json) {
    match value {
        Json::Object(members) => defaults(root, schema, members),
        Json::Array(items) => {
            let Some(schema) = schema.items.as_deref().and_then(|items| follow(root, items)) else { return };
            items.iter_mut().for_each(|item| defaults_of_value(root, schema, item));
        }
        _ => {}
    }
}

/// Replaces sensitive values by null; an empty text hides nothing and stays.
pub(super) fn redact(root: &Schema, schema: &Schema, members: &mut Map<String, Json>) {
    for (name, value) in members.iter_mut() {
        redact_member(root, schema, name, value);
    }
    // Variants are not told apart: what is sensitive in one of them is hidden in all.
    let combined = &schema.composition;
    for part in [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten() {
        if let Some(part) = follow(root, part) {
            redact(root, part, members);
        }
    }
}

fn redact_member(root: &Schema, schema: &Schema, name: &str, value: &mut Json) {
    if let Some(schema) = member(root, schema, name) {
        redact_value(root, schema, value);
    }
}

fn redact_value(root: &Schema, schema: &Schema, value: &mut Json) {
    if schema.sensitive {
        if value.as_str() != Some("") {
            *value = Json::Null;
        }
        return;
    }
    match value {
        Json::Object(members) => return redact(root, schema, members),
        Json::Array(items) => {
            if let Some(schema) = schema.items.as_deref().and_then(|items| follow(root, items)) {
                items.iter_mut().for_each(|item| redact_value(root, schema, item));
            }
        }
        _ => {}
    }
    let combined = &schema.composition;
    for part in [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten() {
        if let Some(part) = follow(root, part) {
            redact_value(root, part, value);
        }
    }
}

/// Returns the schema of a member: its own, or that of the map's values.
pub(super) fn member<'s>(root: &'s Schema, schema: &'s Schema, name: &str) -> Option<&'s Schema> {
    let own = schema.properties.get(name).map(|property| &property.schema);
    let schema = own.or(match &schema.additional {
        Additional::Schema(values) => Some(&**values),
        _ => None,
    })?;
    follow(root, schema)
}

/// Returns the schema itself, or what its reference leads to.
pub(super) fn follow<'s>(root: &'s Schema, schema: &'s Schema) -> Option<&'s Schema> {
    let mut schema = schema;
    // References in a circle were refused when the schema was compiled.
    while let Some(reference) = &schema.reference {
        schema = root.resolve(reference)?;
    }
    Some(schema)
}
