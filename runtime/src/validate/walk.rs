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

/// Replaces sensitive values by null; an empty text hides nothing and stays.
pub(super) fn redact(root: &Schema, schema: &Schema, members: &mut Map<String, Json>) {
    for (name, value) in members.iter_mut() {
        redact_member(root, schema, name, value);
    }
    // Variants are not told apart: what is sensitive in one of them is hidden in all.
    let combined = &schema.composition;
    for part in [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten() {
        if let Some(part) = part.followed(root) {
            redact(root, part, members);
        }
    }
}

fn redact_member(root: &Schema, schema: &Schema, name: &str, value: &mut Json) {
    if let Some(schema) = schema.member(name, root) {
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
            if let Some(schema) = schema.item(root) {
                items.iter_mut().for_each(|item| redact_value(root, schema, item));
            }
        }
        _ => {}
    }
    let combined = &schema.composition;
    for part in [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten() {
        if let Some(part) = part.followed(root) {
            redact_value(root, part, value);
        }
    }
}
