//! Properties as a flat list, one row each.

use std::fmt::Write as _;

use radii_model::base::base_schema;
use radii_model::schema::{Additional, Kind, Property, Schema};
use serde::Serialize;
use serde_json::Value as Json;

use radii_model::extension;

/// A property.
#[derive(Clone, Debug, Serialize)]
pub struct PropertyView {
    /// Name, as in `username`.
    pub name: String,
    /// Names from the resource's `properties` on, joined by dots; `[]` stands for the items of an
    /// array and `*` for the values of a map.
    pub path: String,
    /// How many objects it stands in.
    pub depth: usize,
    /// Type in words, as in `array of string`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Description; empty when there is none.
    pub description: String,
    /// Description as one line that fits a cell of a Markdown table.
    pub summary: String,
    /// Whether it must be given.
    pub required: bool,
    /// Whether only the resource sets it.
    pub read_only: bool,
    /// Whether it cannot be read back.
    pub write_only: bool,
    /// Whether it is a secret.
    pub sensitive: bool,
    /// Whether it keeps the value that it was created with.
    pub immutable: bool,
    /// Name of its environment variable in connections, where the author chose one; else empty.
    pub env_name: String,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Whether every type has it.
    pub common: bool,
    /// Default as JSON; empty when there is none.
    pub default: String,
    /// Allowed values, as JSON without the quotes of texts.
    pub values: Vec<String>,
    /// Bounds in words, as in `at least 1`.
    pub constraints: Vec<String>,
    /// All of the above that is worth a remark, as one line of Markdown.
    pub notes: String,
}

/// Returns the rows of a schema's properties and of what is nested in them.
pub(super) fn of(schema: &Schema) -> Vec<PropertyView> {
    let mut rows = Vec::with_capacity(schema.properties.len() * 2);
    walk(schema, "", 0, &mut rows);
    rows
}

/// Returns the rows as a Markdown table, without a final newline.
pub(super) fn table(rows: &[PropertyView]) -> String {
    let mut table = String::from("| Property | Type | | |\n|---|---|---|---|");
    for PropertyView { path, kind, notes, summary, .. } in rows {
        _ = write!(table, "\n| `{path}` | {kind} | {notes} | {summary} |");
    }
    table
}

fn walk(schema: &Schema, prefix: &str, depth: usize, rows: &mut Vec<PropertyView>) {
    for (name, property) in &schema.properties {
        let path = format!("{prefix}{name}");
        let required = schema.required.contains(name);
        let common = depth == 0 && base_schema().properties.get(name).is_some_and(|base| *base == *property);
        rows.push(row(name, &path, depth, property, required, common));
        nested(&property.schema, path, depth + 1, rows);
    }
}

fn nested(schema: &Schema, mut path: String, depth: usize, rows: &mut Vec<PropertyView>) {
    if let Some(items) = &schema.items {
        nested(items, format!("{path}[]"), depth, rows);
    }
    if let Additional::Schema(values) = &schema.additional {
        nested(values, format!("{path}.*"), depth, rows);
    }
    path.push('.');
    walk(schema, &path, depth, rows);
}

fn row(name: &str, path: &str, depth: usize, property: &Property, required: bool, common: bool) -> PropertyView {
    let schema = &property.schema;
    let description = schema.description.as_deref().unwrap_or_default().trim();
    let mut row = PropertyView {
        name: name.to_owned(),
        path: path.to_owned(),
        depth,
        kind: kind(schema),
        summary: cell(description),
        description: description.to_owned(),
        required,
        read_only: schema.read_only,
        write_only: schema.write_only,
        sensitive: schema.sensitive,
        immutable: schema.extensions.get(extension::IMMUTABLE) == Some(&Json::Bool(true)),
        env_name: schema.extensions.get(extension::ENV_NAME).and_then(Json::as_str).unwrap_or_default().to_owned(),
        deprecated: schema.deprecated,
        common,
        default: schema.default.as_ref().map(Json::to_string).unwrap_or_default(),
        values: schema.enumeration.iter().flatten().map(plain).collect(),
        constraints: constraints(schema),
        notes: String::new(),
    };
    row.notes = notes(&row);
    row
}

fn kind(schema: &Schema) -> String {
    let kind = match (schema.kind, &schema.additional) {
        (Some(Kind::Array), _) => {
            format!("array of {}", schema.items.as_deref().map_or_else(|| "any".to_owned(), kind))
        }
        (Some(Kind::Object) | None, Additional::Schema(values)) => format!("map of {}", kind(values)),
        (Some(kind), _) => kind.as_str().to_owned(),
        (None, _) if schema.has_properties => "object".to_owned(),
        (None, _) => "any".to_owned(),
    };
    if schema.nullable { format!("{kind} or null") } else { kind }
}

fn constraints(schema: &Schema) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |words: &str, value: Option<String>| all.extend(value.map(|value| format!("{words} {value}")));
    let bounds = &schema.number;
    let least = if bounds.exclusive_minimum { "more than" } else { "at least" };
    let most = if bounds.exclusive_maximum { "less than" } else { "at most" };
    add(least, bounds.minimum.as_ref().map(ToString::to_string));
    add(most, bounds.maximum.as_ref().map(ToString::to_string));
    add("a multiple of", bounds.multiple_of.as_ref().map(ToString::to_string));
    let counted = |count: Option<u64>, one: &str, many: &str| {
        count.map(|count| format!("{count} {}", if count == 1 { one } else { many }))
    };
    add("at least", counted(schema.min_length, "character", "characters"));
    add("at most", counted(schema.max_length, "character", "characters"));
    add("matches", schema.pattern.as_ref().map(|pattern| format!("`{pattern}`")));
    add("format", schema.format.as_ref().map(|format| format!("`{format}`")));
    add("at least", counted(schema.min_items, "item", "items"));
    add("at most", counted(schema.max_items, "item", "items"));
    add("all items", schema.unique_items.then(|| "different".to_owned()));
    add("at least", counted(schema.min_properties, "property", "properties"));
    add("at most", counted(schema.max_properties, "property", "properties"));
    all
}

fn notes(row: &PropertyView) -> String {
    let mut notes = String::new();
    let mut add = |note: &str| {
        if !notes.is_empty() {
            notes.push_str("; ");
        }
        notes.push_str(note);
    };
    for (holds, word) in [
        (row.required, "required"),
        (row.read_only, "read-only"),
        (row.write_only, "write-only"),
        (row.sensitive, "secret"),
        (row.immutable, "immutable"),
        (row.deprecated, "deprecated"),
    ] {
        if holds {
            add(word);
        }
    }
    if !row.values.is_empty() {
        let values: Vec<String> = row.values.iter().map(|value| format!("`{value}`")).collect();
        add(&format!("one of {}", values.join(", ")));
    }
    if !row.default.is_empty() {
        add(&format!("default `{}`", row.default));
    }
    for constraint in &row.constraints {
        add(constraint);
    }
    if !row.env_name.is_empty() {
        add(&format!("in connections `{}`", row.env_name));
    }
    cell(&notes)
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Makes one line of a text and escapes what would end the cell of a Markdown table.
fn cell(text: &str) -> String {
    if !text.contains(['\n', '|']) {
        return text.to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
