//! From a document to a schema.

use std::cmp::Ordering;

use radii_diagnostics::{Code, Diagnostic, Span};
use serde_json::Number;

use super::keywords::{self, SENSITIVE};
use super::{Additional, Kind, Schema};
use crate::advice::Advice;
use crate::cel;
use crate::document::{Entry, Node, Value, edit};
use crate::extension;
use crate::number_words;
use crate::path::Path;
use crate::rules::code;
use crate::suggest::closest;

/// Reads the schema at `node`.
pub(super) fn schema(node: &Node, path: &str, text: &str) -> (Schema, Vec<Diagnostic>) {
    let mut reader = Reader { text, diagnostics: Vec::new() };
    let schema = reader.schema(node, &Path::Root(path), node.span);
    (schema, reader.diagnostics)
}

/// Reads schemas and gathers what is wrong with them.
pub(super) struct Reader<'t> {
    /// The text that the schema was read from, or nothing where that is not known.
    pub(super) text: &'t str,
    /// What is wrong with it.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads a schema; `owner` is underlined where nothing is written.
    pub(super) fn schema(&mut self, node: &Node, path: &Path<'_>, owner: Span) -> Schema {
        let mut schema = Schema { span: node.span, ..Schema::default() };
        let Some(members) = node.as_object() else {
            let help = match &node.value {
                Value::String(text) if kind_named(text).is_some() => {
                    let whole = match text.as_str() {
                        "array" => "{type: array, items: {type: string}}".to_owned(),
                        _ => format!("{{type: {text}}}"),
                    };
                    let help = Advice::from(format!("write `type: {text}` as a mapping")).write(whole);
                    if text == "array" { help } else { help.sure() }
                }
                // One schema in a list.
                Value::Array(items) if matches!(items.as_slice(), [Node { value: Value::Object(_), .. }]) => {
                    Advice::from("write the one schema without the list").write(flow(&items[0])).sure()
                }
                _ => "write a schema such as `{type: string}`, or remove it".into(),
            };
            let is_empty = node.value == Value::Null && node.span.start == node.span.end;
            let span = if is_empty { owner } else { node.span };
            let named = Node { span, value: node.value.clone() };
            self.wrong_type(&named, path, "a schema object", help);
            return schema;
        };
        if self.only_kind(&mut schema, members, path) {
            return schema;
        }
        let kind = members.get("type").and_then(|kind| kind.node.as_str());
        for (name, entry) in members {
            let below = path.key(name);
            if self.format_for_type(&mut schema, name, entry, members.contains_key("format"), &below)
                || self.without_colon(&mut schema, name, entry, &below)
                || self.without_properties(&mut schema, name, entry, &below)
            {
                continue;
            }
            let read = self.keyword(&mut schema, name, entry, &path.key(name), kind);
            // A mistyped keyword counts as the one that was meant: one mistake is reported once.
            if let Some(meant) = read.filter(|meant| !members.contains_key(*meant)) {
                self.known(&mut schema, meant, entry, &path.key(name));
            }
        }
        if let Some(kind) = schema.kind {
            self.idle(kind, members, path);
        }
        schema
    }

    /// Warns of keywords that say nothing about values of the type, and of misspelt formats.
    fn idle(&mut self, kind: Kind, members: &indexmap::IndexMap<String, Entry>, path: &Path<'_>) {
        for (name, entry) in members {
            let Some((own, twin)) = keywords::meant_for(name, kind) else { continue };
            let message = format!("`{name}` says nothing about a value of the type `{}`", kind.as_str());
            let help = match twin.filter(|twin| !members.contains_key(*twin)) {
                Some(twin) => Advice::from(format!("write `{twin}`; `{name}` is for {own}")).write(twin),
                None => format!("remove it, or write `type: {own}`").into(),
            };
            let diagnostic = Diagnostic::warning(code::IDLE_KEYWORD, message).at(entry.key_span);
            self.diagnostics.push(help.give(diagnostic.path(path.key(name).to_string()), entry.key_span));
        }
        self.format(kind, members, path);
    }

    /// Warns of formats that are none, or none of the type's values.
    fn format(&mut self, kind: Kind, members: &indexmap::IndexMap<String, Entry>, path: &Path<'_>) {
        let Some((text, entry)) = members.get("format").and_then(|it| Some((it.node.as_str()?, it))) else { return };
        let path = path.key("format").to_string();
        let warning = |code, message, span| Diagnostic::warning(code, message).at(span).path(path.clone());
        let span = entry.node.span;
        let meant = keywords::FORMATS.into_iter().find(|known| *known == text);
        let likely = keywords::format_called_elsewhere(text)
            .or_else(|| closest(text, keywords::FORMATS).filter(|_| text.len() > 3))
            .filter(|_| meant.is_none());
        if let Some(likely) = likely {
            let diagnostic = warning(code::MISSPELT_FORMAT, format!("no format is called `{text}`"), span);
            return self.diagnostics.push(Advice::rename(likely).give(diagnostic, span));
        }
        let is_number = matches!(kind, Kind::Integer | Kind::Number);
        let fits =
            kind == Kind::String || meant.is_none_or(|format| is_number && keywords::is_format_of_numbers(format));
        if !fits {
            let message = format!("the format `{text}` says nothing about a value of the type `{}`", kind.as_str());
            let help = Advice::from("remove it, or change the type");
            let help = match edit::whole_member(entry, self.text) {
                Some(span) => help.write_at(span, ""),
                None => help,
            };
            let diagnostic = warning(code::IDLE_KEYWORD, message, entry.key_span);
            self.diagnostics.push(help.give(diagnostic, entry.key_span));
        }
    }

    /// Reads a keyword; of one that is not known, returns the one that was likely meant.
    fn keyword(
        &mut self,
        schema: &mut Schema,
        name: &str,
        entry: &Entry,
        path: &Path<'_>,
        kind: Option<&str>,
    ) -> Option<&'static str> {
        if name.starts_with("x-") && name != SENSITIVE {
            self.extension(schema, name, entry, path);
            schema.extensions.insert(name.to_owned(), entry.node.to_json());
            if name == cel::VALIDATIONS {
                schema.rule_places = cel::places(&entry.node);
            }
            return None;
        }
        let Some(known) = keywords::KNOWN.into_iter().find(|known| *known == name) else {
            return self.unknown(name, entry, path, kind);
        };
        schema.keyword_spans.push((known, entry.node.span));
        if known == "writeOnly" || known == SENSITIVE {
            schema.item_spans.push((known, vec![entry.key_span]));
        }
        if let ("enum" | "required", Value::Array(items)) = (known, &entry.node.value) {
            schema.item_spans.push((known, items.iter().map(|item| item.span).collect()));
        }
        if !matches!(entry.node.value, Value::Null) || known == SENSITIVE {
            self.known(schema, known, entry, path);
        }
        None
    }

    /// Reports an extension that is meant for us and means nothing.
    fn extension(&mut self, schema: &mut Schema, name: &str, entry: &Entry, path: &Path<'_>) {
        if let Some(known) = extension::ALL.into_iter().find(|known| *known == name) {
            schema.keyword_spans.push((known, entry.node.span));
            return;
        }
        let (message, advice) = if keywords::is_nearly_sensitive(name) {
            let message = format!("`{name}` means nothing, so the value is stored and shown as it is");
            (message, Advice::rename(SENSITIVE))
        } else if let Some(near) = closest(name, extension::ALL) {
            (format!("`{name}` means nothing"), Advice::rename(near))
        } else if name.starts_with(extension::PREFIX) {
            let help = format!("write one of `{}`, or remove the line", extension::ALL.join("`, `"));
            (format!("`{name}` means nothing"), help.into())
        } else {
            return;
        };
        let diagnostic = Diagnostic::warning(code::UNKNOWN_KEYWORD, message).at(entry.key_span);
        self.diagnostics.push(advice.give(diagnostic.path(path.to_string()), entry.key_span));
    }

    pub(super) fn known(&mut self, schema: &mut Schema, name: &'static str, entry: &Entry, path: &Path<'_>) {
        let node = &entry.node;
        match name {
            "type" => schema.kind = self.kind(node, path),
            "format" => schema.format = self.text(node, path),
            "title" => schema.title = self.text(node, path),
            "description" => schema.description = self.text(node, path),
            "pattern" => schema.pattern = self.text(node, path),
            "$ref" => schema.reference = self.text(node, path),
            "default" => schema.default = Some(node.to_json()),
            "example" => schema.example = Some(node.to_json()),
            "enum" => {
                schema.enumeration =
                    self.items(node, path, "a list of values").map(|items| items.iter().map(Node::to_json).collect());
            }
            "nullable" => schema.nullable = self.flag(node, path),
            "readOnly" => schema.read_only = self.flag(node, path),
            "writeOnly" => schema.write_only = self.flag(node, path),
            "deprecated" => schema.deprecated = self.flag(node, path),
            "uniqueItems" => schema.unique_items = self.flag(node, path),
            SENSITIVE => match node.value {
                Value::Bool(value) => schema.sensitive = value,
                _ => {
                    schema.extensions.insert(SENSITIVE.to_owned(), node.to_json());
                }
            },
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                self.bound(schema, name, node, path);
            }
            "minLength" => schema.min_length = self.count(node, path),
            "maxLength" => schema.max_length = self.count(node, path),
            "minItems" => schema.min_items = self.count(node, path),
            "maxItems" => schema.max_items = self.count(node, path),
            "minProperties" => schema.min_properties = self.count(node, path),
            "maxProperties" => schema.max_properties = self.count(node, path),
            "items" => schema.items = Some(Box::new(self.schema(node, path, entry.key_span))),
            "properties" => self.properties(schema, entry, path),
            "required" => schema.required = self.names(node, path),
            "additionalProperties" => {
                schema.item_spans.push(("additionalProperties", vec![entry.key_span]));
                schema.additional = self.additional(node, path);
            }
            "allOf" | "anyOf" | "oneOf" | "not" | "discriminator" => self.composition(schema, name, entry, path),
            // Says nothing about values; kept so that the schema is written back as it was read.
            _ => {
                schema.extensions.insert(name.to_owned(), node.to_json());
            }
        }
    }

    fn kind(&mut self, node: &Node, path: &Path<'_>) -> Option<Kind> {
        if let Value::Array(items) = &node.value {
            let nullable = items.iter().any(|item| item.as_str() == Some("null"));
            let named = items.iter().filter_map(Node::as_str).find(|name| *name != "null").unwrap_or("string");
            let help = if nullable {
                Advice::from(format!("write `type: {named}` and `nullable: true`")).write(named)
            } else {
                Advice::from(format!("write one type, such as `type: {named}`; leave `type` out to allow any"))
                    .write(named)
            };
            let message = "`type` is a list; OpenAPI 3.0 knows one type per schema";
            self.report(code::UNKNOWN_TYPE, node.span, path, message, help);
            return None;
        }
        let Some(text) = node.as_str() else {
            self.wrong_type(node, path, "the name of a type", format!("write one of {KINDS}"));
            return None;
        };
        kind_named(text).or_else(|| self.unknown_kind(text, node.span, path))
    }

    /// Reports a type that is none; returns the one that was misspelt, so that no rule misses it.
    fn unknown_kind(&mut self, text: &str, span: Span, path: &Path<'_>) -> Option<Kind> {
        let write = |kind: &str, help: String| Advice::from(help).write(kind);
        let help = match text.to_ascii_lowercase().as_str() {
            "null" => "write `nullable: true` beside the type that the value has otherwise".into(),
            "text" | "str" | "char" => write("string", "write `type: string`".to_owned()).sure(),
            lower @ ("int" | "int32" | "int64" | "long" | "short" | "int8" | "int16" | "uint" | "uint8" | "uint16"
            | "uint32" | "uint64" | "ulong" | "port" | "bigint") => {
                write("integer", format!("write `type: integer`{}", format_hint(lower))).sure()
            }
            "float" | "float32" | "float64" | "double" | "decimal" | "numeric" | "real" => {
                write("number", "write `type: number`".to_owned()).sure()
            }
            "bool" => write("boolean", "write `type: boolean`".to_owned()).sure(),
            "map" | "dict" | "dictionary" | "struct" | "record" | "hash" | "mapping" => {
                write("object", "write `type: object`, with `additionalProperties` for a map".to_owned())
            }
            lower if lower.ends_with("[]") => {
                let item = lower.trim_end_matches("[]");
                format!("write `type: array` and `items: {{type: {item}}}`").into()
            }
            "list" | "set" | "slice" => write("array", "write `type: array` with `items`".to_owned()),
            "file" => write("string", "write `type: string`".to_owned()),
            _ => match closest(text, KIND_NAMES) {
                Some(name) => Advice::rename(name),
                None => format!("write one of {KINDS}").into(),
            },
        };
        let meant = closest(text, KIND_NAMES).and_then(kind_named);
        self.report(code::UNKNOWN_TYPE, span, path, format!("no type is named `{text}`"), help);
        meant
    }

    fn bound(&mut self, schema: &mut Schema, name: &str, node: &Node, path: &Path<'_>) {
        let bounds = &mut schema.number;
        match (name, &node.value) {
            ("exclusiveMinimum", Value::Bool(flag)) => bounds.exclusive_minimum = *flag,
            ("exclusiveMaximum", Value::Bool(flag)) => bounds.exclusive_maximum = *flag,
            ("minimum" | "exclusiveMinimum", Value::Number(number)) => {
                let exclusive = name == "exclusiveMinimum";
                tighten(&mut bounds.minimum, &mut bounds.exclusive_minimum, number, exclusive, Ordering::Greater);
            }
            ("maximum" | "exclusiveMaximum", Value::Number(number)) => {
                let exclusive = name == "exclusiveMaximum";
                tighten(&mut bounds.maximum, &mut bounds.exclusive_maximum, number, exclusive, Ordering::Less);
            }
            ("multipleOf", Value::Number(number)) => bounds.multiple_of = Some(number.clone()),
            ("exclusiveMinimum" | "exclusiveMaximum", _) => {
                self.wrong_type(node, path, "a boolean", "write `true` beside the bound that is excluded");
            }
            _ => {
                let help = match node.as_str().and_then(number_words::meant) {
                    Some((number, true)) => Advice::from("write the number without quotes").write(number).sure(),
                    Some((number, false)) => Advice::from("write a number").write(number),
                    None => "write the number without quotes".into(),
                };
                self.wrong_type(node, path, "a number", help);
            }
        }
    }

    fn additional(&mut self, node: &Node, path: &Path<'_>) -> Additional {
        match &node.value {
            Value::Bool(value) => Additional::Allowed(*value, node.span),
            Value::Object(_) => Additional::Schema(Box::new(self.schema(node, path, node.span))),
            _ => {
                let help = "write the schema of the values, or `false`";
                let text = node.as_str().map(str::trim).unwrap_or_default();
                let help = Advice::from(help);
                let help = match (kind_named(text), text.to_ascii_lowercase().parse::<bool>()) {
                    (Some(_), _) => help.write(format!("{{type: {text}}}")).sure(),
                    (None, Ok(flag)) => help.write(flag.to_string()),
                    (None, Err(_)) => match closest(text, KIND_NAMES) {
                        Some(kind) => help.write(format!("{{type: {kind}}}")),
                        None => help,
                    },
                };
                self.wrong_type(node, path, "a schema object or a boolean", help);
                Additional::Absent
            }
        }
    }

    fn composition(&mut self, schema: &mut Schema, name: &str, entry: &Entry, path: &Path<'_>) {
        let node = &entry.node;
        schema.composition.keywords.push((name.to_owned(), entry.key_span));
        match name {
            "not" => schema.composition.not = Some(Box::new(self.schema(node, path, node.span))),
            "discriminator" => {
                if node.as_object().is_none() {
                    let help = "write `{propertyName: …}` with the name of the property that tells the variants apart";
                    self.wrong_type(node, path, "a mapping", help);
                }
                schema.composition.discriminator = Some(node.to_json());
            }
            _ => {
                let items = self.items(node, path, "a list of schemas").unwrap_or_default();
                let read =
                    items.iter().enumerate().map(|(at, item)| self.schema(item, &path.index(at), item.span)).collect();
                match name {
                    "allOf" => schema.composition.all_of = read,
                    "anyOf" => schema.composition.any_of = read,
                    _ => schema.composition.one_of = read,
                }
            }
        }
    }

    fn unknown(&mut self, name: &str, entry: &Entry, path: &Path<'_>, kind: Option<&str>) -> Option<&'static str> {
        let span = entry.key_span;
        if let Some(help) = keywords::newer(name) {
            let message = format!("`{name}` is no keyword of OpenAPI 3.0");
            let help = match self.older(name, entry) {
                Some((span, text)) => Advice::from(help).write_at(span, text),
                None => help.into(),
            };
            self.report(code::NEWER_KEYWORD, span, path, message, help);
            return None;
        }
        let message = format!("unknown keyword `{name}`");
        let meant = keywords::called_elsewhere(name, kind).or_else(|| closest(name, keywords::KNOWN));
        match meant {
            Some(known) => self.report(code::UNKNOWN_KEYWORD, span, path, message, Advice::rename(known)),
            None => {
                let help = match name {
                    "optional" => "remove it; what `required` does not name is optional".to_owned(),
                    _ => format!(
                        "remove it; if it is a property, move it below `properties`; notes are named `x-{name}`"
                    ),
                };
                let help = Advice::from(help);
                let help = match edit::whole_member(entry, self.text)
                    .filter(|_| !matches!(entry.node.value, Value::Object(_)))
                {
                    Some(span) => help.write_at(span, ""),
                    None => help,
                };
                self.report(code::UNKNOWN_KEYWORD, span, path, message, help);
            }
        }
        meant
    }

    /// What OpenAPI 3.0 says in the place of a newer keyword.
    fn older(&self, name: &str, entry: &Entry) -> Option<(Span, String)> {
        let whole = Span { end: entry.node.span.end, ..entry.key_span };
        let written = |node: &Node| self.text.get(node.span.start as usize..node.span.end as usize);
        match (name, &entry.node.value) {
            ("examples", Value::Array(items)) => Some((whole, format!("example: {}", written(items.first()?)?))),
            ("const", Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
                Some((whole, format!("enum: [{}]", written(&entry.node)?)))
            }
            ("$schema" | "$id" | "id" | "$anchor" | "$comment", Value::String(_)) => {
                Some((edit::whole_member(entry, self.text)?, String::new()))
            }
            _ => None,
        }
    }

    pub(super) fn report(
        &mut self,
        code: Code,
        span: Span,
        path: &Path<'_>,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        let diagnostic = Diagnostic::error(code, message).at(span).path(path.to_string());
        self.diagnostics.push(help.into().give(diagnostic, span));
    }
}

/// Writes a value on one line.
fn flow(node: &Node) -> String {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric());
    let key = |name: &str| if is_plain(name) { name.to_owned() } else { serde_json::Value::from(name).to_string() };
    match &node.value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, entry)| format!("{}: {}", key(name), flow(&entry.node)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) if kind_named(text).is_some() => text.clone(),
        _ => node.to_json().to_string(),
    }
}

const KIND_NAMES: [&str; 6] = ["string", "number", "integer", "boolean", "object", "array"];
const KINDS: &str = "`string`, `number`, `integer`, `boolean`, `object`, `array`";

pub(super) fn kind_named(text: &str) -> Option<Kind> {
    Some(match text {
        "string" => Kind::String,
        "number" => Kind::Number,
        "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        "object" => Kind::Object,
        "array" => Kind::Array,
        "any" => Kind::Any,
        _ => return None,
    })
}

fn format_hint(text: &str) -> String {
    if matches!(text, "int32" | "int64") { format!(" and `format: {text}`") } else { String::new() }
}

/// Adds a bound to the one that is known: the stricter of both holds. `stricter` is how a stricter bound compares.
fn tighten(
    known: &mut Option<Number>,
    exclusive: &mut bool,
    given: &Number,
    given_exclusive: bool,
    stricter: Ordering,
) {
    let Some(bound) = known else {
        *known = Some(given.clone());
        *exclusive |= given_exclusive;
        return;
    };
    match given.as_f64().partial_cmp(&bound.as_f64()) {
        Some(Ordering::Equal) => *exclusive |= given_exclusive,
        Some(order) if order == stricter => (*bound, *exclusive) = (given.clone(), given_exclusive),
        _ => {}
    }
}
