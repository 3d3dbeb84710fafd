//! Walks a value beside its schema.

use radii_diagnostics::{Code, Diagnostic, Span};
use serde_json::Value as Json;

use super::{
    DUPLICATE_ITEM, MISSING_PROPERTY, NO_VARIANT, OUT_OF_BOUNDS, PATTERN_MISMATCH, READ_ONLY_PROPERTY,
    VALUE_NOT_ALLOWED, WRONG_VALUE_TYPE,
};
use super::{convert, mend};
use crate::advice::Advice;
use crate::document::edit;
use crate::document::{Entry, Node, Value};
use crate::path::Path;
use crate::schema::{Additional, Composition, Kind, Schema};
use crate::suggest::{abbreviated, closest, only};
use crate::value;

pub(super) struct Walk<'w> {
    /// The schema that references lead into.
    pub root: &'w Schema,
    /// The body's source.
    pub text: &'w str,
    /// The objects around, from the outermost one, each with its schema.
    pub around: Vec<(&'w Schema, &'w Node)>,
    /// What was found.
    pub found: Vec<Diagnostic>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Slot<'w> {
    /// What stands for the value when something is missing in it: its key.
    pub owner: Span,
    /// The member that has the value.
    pub entry: Option<&'w Entry>,
    /// Whether the member may not be left out.
    pub is_required: bool,
}

impl<'w> Walk<'w> {
    /// Checks a value.
    pub fn value(&mut self, schema: &'w Schema, node: &'w Node, path: &Path<'_>, slot: Slot<'w>) {
        if let Some(reference) = &schema.reference {
            if let Some(target) = self.root.resolve(reference) {
                self.value(target, node, path, slot);
            }
            return;
        }
        if node.value == Value::Null && schema.nullable || schema.is_unrestricted() {
            return;
        }
        let before = self.found.len();
        self.variants(schema, node, path);
        if self.found.len() > before {
            return;
        }
        let has_variants = !schema.composition.any_of.is_empty()
            || !schema.composition.one_of.is_empty()
            || !schema.composition.all_of.is_empty();
        if node.value == Value::Null && has_variants {
            return;
        }
        if self.wrong_kind(schema, node, path, slot) || self.not_listed(schema, node, path) {
            return;
        }
        match &node.value {
            Value::Array(items) => self.array(schema, node, items, path),
            Value::Object(members) => self.object(schema, node, members, path, slot.owner),
            _ => self.plain(schema, node, path),
        }
    }

    fn variants(&mut self, schema: &Schema, node: &Node, path: &Path<'_>) {
        let combined = &schema.composition;
        if combined.keywords.is_empty() && combined.any_of.is_empty() && combined.one_of.is_empty() {
            return;
        }
        // `write_only` says nothing about values, but keeps the schema from counting as one that restricts nothing.
        let only_combined = Schema { composition: combined.clone(), write_only: true, ..Schema::default() };
        let json = node.to_json();
        let Some(first) = value::violations(&only_combined, self.root, &json).into_iter().next() else { return };
        let message = match first.message.as_str() {
            "" => "the value is one that the type excludes".to_owned(),
            said => said.to_owned(),
        };
        let help = "compare it with the variants of the definition";
        self.report(NO_VARIANT, node.span, path, message, help, schema.span);
    }

    fn wrong_kind(&mut self, schema: &Schema, node: &Node, path: &Path<'_>, slot: Slot<'_>) -> bool {
        let name = path.last_name();
        if node.value == Value::Null {
            self.null(schema, node, path, slot);
            return true;
        }
        let Some(kind) = schema.kind.filter(|kind| *kind != Kind::Any && !mend::is_kind(*kind, node)) else {
            return false;
        };
        let article = if matches!(kind, Kind::Array | Kind::Integer | Kind::Object) { "an" } else { "a" };
        let message = format!("{name} must be {article} {}, not {}", kind.as_str(), mend::kind_of(node));
        let help = match slot.entry {
            None => convert::list_in_list(kind, node, self.text),
            Some(_) => None,
        };
        let help = help.or_else(|| convert::held_by_text(kind, schema, self.root, node));
        let help = help.unwrap_or_else(|| convert::to_kind(kind, schema, node, self.text));
        self.report(WRONG_VALUE_TYPE, node.span, path, message, help, schema.span_of("type"));
        true
    }

    fn null(&mut self, schema: &Schema, node: &Node, path: &Path<'_>, slot: Slot<'_>) {
        let is_written = node.span.end > node.span.start;
        let message = format!("{} must not be null", path.last_name());
        let help = Advice::from("give it a value, or leave it out");
        let help = match slot.entry {
            Some(entry) if !slot.is_required => match edit::whole_member(entry, self.text) {
                Some(span) => help.write_at(span, ""),
                None => help,
            },
            _ if is_written => help.write(convert::sample(schema)),
            _ => help,
        };
        let span = if is_written { node.span } else { slot.owner };
        self.report(WRONG_VALUE_TYPE, span, path, message, help, schema.span_of("type"));
    }

    fn not_listed(&mut self, schema: &Schema, node: &Node, path: &Path<'_>) -> bool {
        let Some(allowed) = schema.enumeration.as_ref().filter(|allowed| !allowed.is_empty()) else { return false };
        let json = node.to_json();
        if allowed.iter().any(|allowed| value::equal(allowed, &json)) {
            return false;
        }
        let shown: Vec<String> = allowed.iter().take(20).map(|value| format!("`{}`", mend::plain(value))).collect();
        let message = format!("{} is not an allowed value of {}", mend::brief(&json), path.last_name());
        let help = Advice::from(format!("write one of {}", shown.join(", ")));
        let names = allowed.iter().filter_map(Json::as_str);
        let meant = node.as_str().and_then(|text| {
            let longer = names.clone().filter(|name| name.len() > 2 && text.to_ascii_lowercase().starts_with(*name));
            // `en-US` for `en`
            let language = text.split(['-', '_']).next().and_then(|first| names.clone().find(|name| *name == first));
            let near = closest(text, names.clone()).or_else(|| abbreviated(text, names.clone()));
            near.or_else(|| only(longer)).or(language)
        });
        let help = match (meant, allowed.as_slice()) {
            (Some(known), _) => {
                Advice::from(format!("did you mean `{known}`? Allowed are {}", shown.join(", "))).write(known)
            }
            (None, [only]) => help.write(mend::plain(only)),
            _ => help,
        };
        self.report(VALUE_NOT_ALLOWED, node.span, path, message, help, schema.span_of("enum"));
        true
    }

    /// Strings, numbers and booleans.
    fn plain(&mut self, schema: &Schema, node: &Node, path: &Path<'_>) {
        let bare = Schema { enumeration: None, composition: Composition::default(), ..schema.clone() };
        let json = node.to_json();
        // A value that breaks one rule often breaks others, too: what is wrong is said once.
        if let Some(violation) = value::violations(&bare, self.root, &json).into_iter().next() {
            let (keyword, code) = keyword_of(&violation.message);
            let words = if code == OUT_OF_BOUNDS { "is out of bounds" } else { "does not match" };
            let message = format!("{} {words}: {}", path.last_name(), violation.message);
            let help = mend::plain_value(schema, keyword, &json);
            return self.report(code, node.span, path, message, help, schema.span_of(keyword));
        }
        let doubt = schema.format.as_deref().zip(node.as_str()).and_then(|(format, text)| mend::doubt(format, text));
        if let Some(help) = doubt {
            let format = schema.format.as_deref().unwrap_or_default();
            let message = format!("{} is hardly of the format `{format}`", path.last_name());
            self.warn(PATTERN_MISMATCH, node.span, path, message, help, schema.span_of("format"));
        }
    }

    fn array(&mut self, schema: &'w Schema, node: &'w Node, items: &'w [Node], path: &Path<'_>) {
        let count = items.len() as u64;
        let bounds = [
            ("minItems", schema.min_items.filter(|min| count < *min), "at least"),
            ("maxItems", schema.max_items.filter(|max| count > *max), "at most"),
        ];
        for (keyword, bound, words) in bounds {
            let Some(bound) = bound else { continue };
            let message = format!("{} has {count} items; {words} {bound} are allowed", path.last_name());
            let help = if keyword == "minItems" { "add items" } else { "remove items" };
            self.report(OUT_OF_BOUNDS, node.span, path, message, help, schema.span_of(keyword));
        }
        if schema.unique_items {
            let values: Vec<Json> = items.iter().map(Node::to_json).collect();
            let twice =
                (0..values.len()).find(|at| values[..*at].iter().any(|other| value::equal(other, &values[*at])));
            if let Some(at) = twice {
                let message = format!("{} stands twice in {}", mend::brief(&values[at]), path.last_name());
                let span = schema.span_of("uniqueItems");
                self.report(DUPLICATE_ITEM, items[at].span, &path.index(at), message, "keep one of the two", span);
            }
        }
        if let Some(each) = &schema.items {
            for (at, item) in items.iter().enumerate() {
                self.value(each, item, &path.index(at), Slot { owner: item.span, entry: None, is_required: true });
            }
        }
    }

    fn object(
        &mut self,
        schema: &'w Schema,
        node: &'w Node,
        members: &'w indexmap::IndexMap<String, Entry>,
        path: &Path<'_>,
        owner: Span,
    ) {
        self.around.push((schema, node));
        let mut mistyped = Vec::new();
        for (name, entry) in members {
            let below = path.key(name);
            let slot = |is_required| Slot { owner: entry.key_span, entry: Some(entry), is_required };
            if let Some(property) = schema.properties.get(name) {
                if property.schema.read_only && !schema.required.contains(name) {
                    self.read_only(property.key_span, entry, &below);
                } else {
                    self.value(&property.schema, &entry.node, &below, slot(schema.required.contains(name)));
                }
                continue;
            }
            match &schema.additional {
                Additional::Schema(values) => self.value(values, &entry.node, &below, slot(false)),
                Additional::Allowed(false, _) => mistyped.extend(self.unknown(schema, members, name, entry, &below)),
                Additional::Absent if !schema.properties.is_empty() => {
                    mistyped.extend(self.undeclared(schema, members, name, entry, &below));
                }
                Additional::Absent | Additional::Allowed(true, _) => {}
            }
        }
        self.around.pop();
        self.count_members(schema, node, members.len() as u64, path);
        for name in schema.required.iter().filter(|name| !members.contains_key(*name) && !mistyped.contains(*name)) {
            self.missing(schema, node, name, path, owner);
        }
    }

    fn count_members(&mut self, schema: &Schema, node: &Node, count: u64, path: &Path<'_>) {
        let bounds = [
            ("minProperties", schema.min_properties.filter(|min| count < *min), "at least"),
            ("maxProperties", schema.max_properties.filter(|max| count > *max), "at most"),
        ];
        for (keyword, bound, words) in bounds {
            let Some(bound) = bound else { continue };
            let message = format!("{} has {count} members; {words} {bound} are allowed", path.last_name());
            self.report(OUT_OF_BOUNDS, node.span, path, message, "add or remove members", schema.span_of(keyword));
        }
    }

    fn read_only(&mut self, definition: Span, entry: &Entry, path: &Path<'_>) {
        let message = format!("{} is read-only: it is set when the resource is provisioned", path.last_name());
        let help = Advice::from("leave it out");
        let help = match edit::whole_member(entry, self.text) {
            Some(span) => help.write_at(span, ""),
            None => help,
        };
        self.report(READ_ONLY_PROPERTY, entry.key_span, path, message, help, definition);
    }

    fn missing(&mut self, schema: &Schema, node: &Node, name: &str, path: &Path<'_>, owner: Span) {
        let at = schema.required.iter().position(|own| own == name).unwrap_or_default();
        let message = format!("the required property `{name}` is missing");
        let sample = schema.properties.get(name).map(|property| convert::sample(&property.schema));
        let help = match &sample {
            Some(sample) => format!("add `{name}: {sample}`"),
            None => format!("add `{name}`"),
        };
        let mut help = Advice::from(help);
        if let Some(sample) = sample
            && let Some((at, text)) = edit::new_member(node, self.text, name, &sample)
        {
            help = help.write_at(at, text).titled(format!("add `{name}`"));
        }
        self.report(MISSING_PROPERTY, owner, &path.key(name), message, help, schema.span_of_item("required", at));
    }

    pub(super) fn report(
        &mut self,
        code: Code,
        span: Span,
        path: &Path<'_>,
        message: String,
        help: impl Into<Advice>,
        definition: Span,
    ) {
        let diagnostic = Diagnostic::error(code, message).at(span).path(path.to_string());
        self.push(diagnostic, span, help, definition);
    }

    pub(super) fn warn(
        &mut self,
        code: Code,
        span: Span,
        path: &Path<'_>,
        message: String,
        help: impl Into<Advice>,
        definition: Span,
    ) {
        let diagnostic = Diagnostic::warning(code, message).at(span).path(path.to_string());
        self.push(diagnostic, span, help, definition);
    }

    fn push(&mut self, mut diagnostic: Diagnostic, span: Span, help: impl Into<Advice>, definition: Span) {
        // Base properties and schemas that came without a file have no place to show.
        if definition.end > definition.start {
            diagnostic = diagnostic.also(definition, "the definition says so here");
        }
        self.found.push(help.into().give(diagnostic, span));
    }
}

/// The keyword that a violation of a plain value is about, and its code.
fn keyword_of(message: &str) -> (&'static str, Code) {
    let begins = [
        ("minimum string length", "minLength"),
        ("maximum string length", "maxLength"),
        ("number must be at least", "minimum"),
        ("number must be more than", "minimum"),
        ("number must be at most", "maximum"),
        ("number must be less than", "maximum"),
        ("number must be a multiple", "multipleOf"),
        ("integer doesn't match the format", "format"),
    ];
    match begins.into_iter().find(|(start, _)| message.starts_with(start)) {
        Some((_, keyword)) => (keyword, OUT_OF_BOUNDS),
        None if message.contains("regular expression") => ("pattern", PATTERN_MISMATCH),
        None => ("format", PATTERN_MISMATCH),
    }
}
