//! Bodies of resources against the schema of their type, with places in both.
//!
//! [`crate::value`] decides, in the protocol's words, what a server answers. This module decides the same
//! and speaks to whoever wrote the file: it underlines what is wrong, names the line of the definition
//! that says so, and proposes what to write.

mod convert;
mod dates;
mod mend;
mod rules;
mod unknown;
mod walk;

use radii_diagnostics::{Code, Diagnostic};

use crate::advice::Advice;
use crate::document::{Entry, Node, Value, check_single, edit};
use crate::path::Path;
use crate::schema::{Additional, Kind, Schema};
use crate::suggest::closest;

pub use code::*;

/// Codes of this module.
mod code {
    use super::Code;

    /// The body has no member that the type describes.
    pub const UNKNOWN_PROPERTY: Code = Code::new("radii/unknown-property");
    /// A required property is not there.
    pub const MISSING_PROPERTY: Code = Code::new("radii/missing-property");
    /// A value has the wrong JSON type.
    pub const WRONG_VALUE_TYPE: Code = Code::new("radii/wrong-value-type");
    /// A value is not one of those that are allowed.
    pub const VALUE_NOT_ALLOWED: Code = Code::new("radii/value-not-allowed");
    /// A text does not match its pattern or format.
    pub const PATTERN_MISMATCH: Code = Code::new("radii/pattern-mismatch");
    /// A number, length or count is outside its bounds.
    pub const OUT_OF_BOUNDS: Code = Code::new("radii/out-of-bounds");
    /// A list holds the same item twice.
    pub const DUPLICATE_ITEM: Code = Code::new("radii/duplicate-item");
    /// A property is set by recipes only.
    pub const READ_ONLY_PROPERTY: Code = Code::new("radii/read-only-property");
    /// A value fits none of the variants, or too many.
    pub const NO_VARIANT: Code = Code::new("radii/no-variant");
    /// A rule of the type does not hold.
    pub const RULE_BROKEN: Code = Code::new("radii/rule-broken");
    /// The document is not the body of a resource.
    pub const NOT_A_BODY: Code = Code::new("radii/not-a-body");
}

/// Members of a resource beside its `properties`.
const ENVELOPE: [&str; 8] = ["id", "name", "type", "location", "tags", "apiVersion", "systemData", "properties"];

/// Checks a body: a whole resource with `properties`, or the properties alone.
///
/// `schema` is the type's own; the properties that every resource may have are declared here. `text` is the body's source, which fixes need.
pub fn check(schema: &Schema, body: &Node, text: &str) -> Vec<Diagnostic> {
    let mut merged = schema.clone();
    crate::base::declare_base_properties(&mut merged);
    let mut found = Vec::new();
    let Some(members) = body.as_object() else {
        let message = "the body must be an object with `properties`";
        found.push(
            Diagnostic::error(NOT_A_BODY, message).at(body.span).help("write `properties:` with members below it"),
        );
        return found;
    };
    let root = Path::Root("");
    // What is nearly called `properties`, and is no property of the type, counts as it: one mistake is reported once.
    let misspelt = members.iter().find(|(name, entry)| {
        let is_near = closest(name, ["properties"]).is_some() || matches!(name.as_str(), "property" | "props" | "spec");
        is_near && entry.node.as_object().is_some() && !merged.properties.contains_key(*name)
    });
    let misspelt = misspelt.filter(|_| !members.contains_key("properties"));
    if let Some((name, entry)) = misspelt {
        let diagnostic = Diagnostic::error(UNKNOWN_PROPERTY, format!("`{name}` is no member of a resource"));
        let diagnostic = diagnostic.at(entry.key_span).path(name.clone());
        found.push(Advice::rename("properties").give(diagnostic, entry.key_span));
    }
    let (properties, path, owner) = match members.get("properties").or(misspelt.map(|(_, entry)| entry)) {
        Some(entry) => (&entry.node, root.key("properties"), entry.key_span),
        None => (body, Path::Root(""), start_of(body)),
    };
    if members.contains_key("properties") {
        for (name, entry) in members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str())) {
            let mut diagnostic = Diagnostic::error(UNKNOWN_PROPERTY, format!("`{name}` is no member of a resource"))
                .at(entry.key_span)
                .path(name.clone());
            let free = ENVELOPE.into_iter().filter(|known| !members.contains_key(*known));
            let help = match closest(name, free) {
                _ if merged.properties.contains_key(name) => {
                    let help = Advice::from("move it into `properties`");
                    let is_free = properties.get(name).is_none();
                    match edit::moved(entry, properties, text).filter(|_| is_free) {
                        Some((span, text)) => help.write_at(span, text).titled("move it into `properties`"),
                        None => help,
                    }
                }
                Some(known) => Advice::rename(known),
                None => {
                    let help = Advice::from("what a type describes stands in `properties`; remove it");
                    match edit::whole_member(entry, text) {
                        Some(span) => help.write_at(span, ""),
                        None => help,
                    }
                }
            };
            diagnostic = help.give(diagnostic, entry.key_span);
            found.push(diagnostic);
        }
    }
    found.extend(tags(members, text));
    let mut walk = walk::Walk { root: &merged, text, around: Vec::new(), found };
    walk.value(&merged, properties, &path, walk::Slot { owner, entry: None, is_required: true });
    let mut found = walk.found;
    // What is wrong already would only be told again.
    if !found.iter().any(Diagnostic::is_error) {
        rules::check(schema, properties, &mut found);
    }
    found.extend(check_single(body.span.file, text));
    crate::advice::quote_alike(text, &mut found);
    found.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span.start));
    found
}

/// The first character of a value: where something is missing from a document that has no key to underline.
fn start_of(node: &Node) -> radii_diagnostics::Span {
    let span = node.span;
    radii_diagnostics::Span { end: span.end.min(span.start + 1), ..span }
}

/// Says that what stands for the tags maps no names to texts.
fn no_tags(node: &Node, text: &str) -> Diagnostic {
    let texts = Schema { kind: Some(Kind::String), ..Schema::default() };
    let map = Schema { kind: Some(Kind::Object), additional: Additional::Schema(Box::new(texts)), ..Schema::default() };
    let message = format!("`tags` must be an object from names to texts, not {}", mend::kind_of(node));
    let diagnostic = Diagnostic::error(WRONG_VALUE_TYPE, message).at(node.span).path("tags");
    let help = convert::held_by_text(Kind::Object, &map, &map, node);
    help.unwrap_or_else(|| convert::to_kind(Kind::Object, &map, node, text)).give(diagnostic, node.span)
}

/// Tags are texts.
fn tags(members: &indexmap::IndexMap<String, Entry>, text: &str) -> Vec<Diagnostic> {
    let Some(entry) = members.get("tags").filter(|_| members.contains_key("properties")) else { return Vec::new() };
    if entry.node.value == Value::Null {
        return Vec::new();
    }
    let Some(tags) = entry.node.as_object() else { return vec![no_tags(&entry.node, text)] };
    let wrong = tags.iter().filter(|(_, entry)| !matches!(entry.node.value, Value::String(_) | Value::Null));
    let wrong = wrong.map(|(name, entry)| {
        let span = entry.node.span;
        let message = format!("the tag `{name}` must be text, not {}", mend::kind_of(&entry.node));
        let diagnostic = Diagnostic::error(WRONG_VALUE_TYPE, message).at(span).path(format!("tags.{name}"));
        let help = Advice::from("put the text in quotes");
        let written = text.get(span.start as usize..span.end as usize);
        let plain = written.filter(|_| matches!(entry.node.value, Value::Number(_) | Value::Bool(_)));
        match plain {
            Some(plain) => help.write(format!("\"{plain}\"")).sure().give(diagnostic, span),
            None => help.give(diagnostic, span),
        }
    });
    wrong.collect()
}
