//! Keywords that stand in the wrong place: a level too deep, a level too high, or glued to their value.

use indexmap::IndexMap;
use radii_diagnostics::Span;

use super::keywords::{FORMATS, KNOWN, called_elsewhere, format_called_elsewhere, is_format_of_numbers, newer};
use super::read::{Reader, kind_named};
use super::{Kind, Property, Schema};
use crate::advice::Advice;
use crate::document::{Entry, Node, Value, edit};
use crate::path::Path;
use crate::rules::code;

impl Reader<'_> {
    pub(super) fn properties(&mut self, schema: &mut Schema, entry: &Entry, path: &Path<'_>) {
        schema.has_properties = true;
        let Some(members) = entry.node.as_object() else {
            let help = Advice::from("write a mapping from each property's name to its schema");
            let is_empty = matches!(&entry.node.value, Value::Array(items) if items.is_empty());
            let help = if is_empty { help.write("{}") } else { help };
            return self.wrong_type(&entry.node, path, "a mapping", help);
        };
        let mut at = 0;
        while let Some((name, member)) = members.get_index(at) {
            let (key_span, below) = (member.key_span, path.key(name));
            at += 1;
            if self.required_too_deep(schema, entry, name, member, &below) {
                continue;
            }
            let beside = beside(members, at, member);
            let value = match beside > at {
                true => {
                    let read = self.not_indented(members, (at, beside), name, key_span, &below);
                    at = beside;
                    read
                }
                false => self.schema(&member.node, &below, key_span),
            };
            schema.properties.insert(name.clone(), Property { key_span, schema: value });
        }
    }

    /// `{string}`: the name of a type, and nothing else.
    pub(super) fn only_kind(
        &mut self,
        schema: &mut Schema,
        members: &IndexMap<String, Entry>,
        path: &Path<'_>,
    ) -> bool {
        let only = members.first().filter(|(_, entry)| members.len() == 1 && entry.node.value == Value::Null);
        let Some((name, entry)) = only else { return false };
        let Some(kind) = kind_named(name) else { return false };
        let help = Advice::from(format!("write `type: {name}`")).write(format!("type: {name}")).sure();
        self.report(code::UNKNOWN_KEYWORD, entry.key_span, path, format!("unknown keyword `{name}`"), help);
        schema.kind = Some(kind);
        true
    }

    /// `type: uuid`: a format of texts in the place of the type.
    pub(super) fn format_for_type(
        &mut self,
        schema: &mut Schema,
        name: &str,
        entry: &Entry,
        has_format: bool,
        path: &Path<'_>,
    ) -> bool {
        let Some(text) = entry.node.as_str().filter(|text| name == "type" && kind_named(text).is_none()) else {
            return false;
        };
        let lower = text.to_ascii_lowercase();
        let known = FORMATS.into_iter().find(|known| *known == lower).or_else(|| format_called_elsewhere(&lower));
        let Some(format) = known.filter(|format| !is_format_of_numbers(format)) else { return false };
        schema.kind = Some(Kind::String);
        schema.keyword_spans.push(("type", entry.node.span));
        let (start, is_flow) = (entry.key_span.start as usize, edit::is_in_flow(entry, self.text));
        let indent = edit::column(self.text, start).unwrap_or_else(|| edit::indent_of(self.text, start));
        let is_quoted = self.text.get(start..).is_some_and(|rest| rest.starts_with('"'));
        let (kind, member) = match is_quoted {
            true => ("\"string\"", format!("\"format\": \"{format}\"")),
            false => ("string", format!("format: {format}")),
        };
        let below = format!("\n{}", " ".repeat(indent));
        let written = match is_flow {
            _ if has_format => kind.to_owned(),
            true if edit::column(self.text, start).is_some() => format!("{kind},{below}{member}"),
            true => format!("{kind}, {member}"),
            false => format!("{kind}{below}{member}"),
        };
        let help = Advice::from(format!("write `type: string` and `format: {format}`"));
        let help = match self.text.is_empty() {
            true => help.write("string"),
            false => help.write(written).titled(format!("write `type: string` and `format: {format}`")),
        };
        self.report(code::UNKNOWN_TYPE, entry.node.span, path, format!("no type is named `{text}`"), help);
        true
    }

    /// `required: […]` among the properties.
    fn required_too_deep(
        &mut self,
        schema: &mut Schema,
        properties: &Entry,
        name: &str,
        entry: &Entry,
        path: &Path<'_>,
    ) -> bool {
        let Value::Array(items) = &entry.node.value else { return false };
        if name != "required" || !items.iter().all(|item| item.as_str().is_some()) {
            return false;
        }
        let message = "`required` stands among the properties";
        let help = Advice::from("write it beside `properties`");
        let column = edit::column(self.text, properties.key_span.start as usize);
        let help = match column.and_then(|column| edit::outdented(entry, column, self.text)) {
            Some((span, text)) => help.write_at(span, text).titled("write it beside `properties`"),
            None => help,
        };
        self.report(code::WRONG_TYPE, entry.key_span, path, message, help);
        schema.required = self.names(&entry.node, path);
        true
    }

    /// A property that stands among the keywords, where `properties` was left out.
    pub(super) fn without_properties(
        &mut self,
        schema: &mut Schema,
        name: &str,
        entry: &Entry,
        path: &Path<'_>,
    ) -> bool {
        let is_schema = entry.node.get("type").is_some_and(|kind| kind.as_str().is_some());
        if !is_schema || KNOWN.contains(&name) || name.starts_with("x-") {
            return false;
        }
        let is_nearly_known = newer(name).is_some()
            || called_elsewhere(name, None).is_some()
            || crate::suggest::closest(name, KNOWN).is_some();
        if is_nearly_known {
            return false;
        }
        let message = format!("`{name}` stands among the keywords of the schema");
        let help = Advice::from("write it below `properties`");
        let change = edit::wrapped(entry, "properties", self.text).filter(|_| !schema.has_properties);
        let help = match change {
            Some((span, text)) => help.write_at(span, text).titled("write it below `properties`"),
            None => help,
        };
        self.report(code::UNKNOWN_KEYWORD, entry.key_span, path, message, help);
        let value = self.schema(&entry.node, path, entry.key_span);
        schema.has_properties = true;
        schema.properties.insert(name.to_owned(), Property { key_span: entry.key_span, schema: value });
        true
    }

    /// A property whose keywords follow beside it, not below.
    fn not_indented(
        &mut self,
        members: &IndexMap<String, Entry>,
        (from, to): (usize, usize),
        name: &str,
        key: Span,
        path: &Path<'_>,
    ) -> Schema {
        let own: IndexMap<String, Entry> =
            members.iter().skip(from).take(to - from).map(|(name, entry)| (name.clone(), entry.clone())).collect();
        let message = format!("the schema of `{name}` is not indented below it");
        let help = Advice::from("indent the lines that follow");
        let change =
            own.first().zip(own.last()).and_then(|((_, first), (_, last))| edit::indented(first, last, self.text));
        let help = match change {
            Some((span, text)) => help.write_at(span, text).titled("indent them"),
            None => help,
        };
        self.report(code::WRONG_TYPE, key, path, message, help);
        self.schema(&Node { span: key, value: Value::Object(own) }, path, key)
    }

    /// `type integer` or `type:integer` between braces, where a colon, or the space behind it, is missing.
    pub(super) fn without_colon(&mut self, schema: &mut Schema, name: &str, entry: &Entry, path: &Path<'_>) -> bool {
        let (start, end) = (entry.key_span.start as usize, entry.key_span.end as usize);
        if entry.node.value != Value::Null || self.text.get(start..end) != Some(name) {
            return false;
        }
        let length = name.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (word, rest) = name.split_at(length);
        let value = rest.trim_start_matches([' ', ':', '=']);
        let Some(known) =
            KNOWN.into_iter().find(|known| *known == word && !value.is_empty() && value.len() < rest.len())
        else {
            return false;
        };
        let between = Span::new(entry.key_span.file, start + length, end - value.len());
        let message = format!("`{word}` and its value are not separated by `: `");
        let help = Advice::from(format!("write `{word}: {value}`")).write(": ").sure();
        self.report(code::UNKNOWN_KEYWORD, between, path, message, help);
        let span = Span { start: between.end, ..entry.key_span };
        let node = Node { span, value: crate::document::plain_value(value) };
        self.known(schema, known, &Entry { key_span: entry.key_span, node }, path);
        true
    }
}

/// Returns how far the members behind one without a value are keywords with values that no property has.
fn beside(members: &IndexMap<String, Entry>, from: usize, owner: &Entry) -> usize {
    if owner.node.value != Value::Null {
        return from;
    }
    let is_keyword = |name: &String, entry: &Entry| {
        let takes_mapping = matches!(name.as_str(), "items" | "properties" | "additionalProperties");
        let is_mapping = matches!(entry.node.value, Value::Object(_) | Value::Null);
        KNOWN.contains(&name.as_str()) && (takes_mapping || !is_mapping)
    };
    let first = members
        .get_index(from)
        .is_some_and(|(name, entry)| is_keyword(name, entry) && !matches!(entry.node.value, Value::Object(_)));
    if !first {
        return from;
    }
    from + members.iter().skip(from).take_while(|(name, entry)| is_keyword(name, entry)).count()
}
