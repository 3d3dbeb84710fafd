//! A value in the shape that the type wants.

use serde_json::Value as Json;

use super::dates;
use super::mend::{is_kind, literal_start};
use crate::advice::Advice;
use crate::document::edit::{column, shifted};
use crate::document::{Node, Value};
use crate::number_words;
use crate::schema::{Additional, Kind, Schema};
use crate::value;

/// How deep values are made up.
const DEPTH: usize = 4;

/// How to make a value one of the wanted type.
pub(super) fn to_kind(kind: Kind, schema: &Schema, node: &Node, source: &str) -> Advice {
    let written = source.get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
    if let (Kind::String | Kind::Integer | Kind::Number | Kind::Boolean, Value::Array(items)) = (kind, &node.value)
        && let [item] = items.as_slice()
        && is_kind(kind, item)
        && let Some(own) = source.get(item.span.start as usize..item.span.end as usize)
    {
        return Advice::from("write the one value without the list").write(own);
    }
    if let (Kind::String | Kind::Integer | Kind::Number | Kind::Boolean, Value::Object(members)) = (kind, &node.value)
        && let Some((_, entry)) = members.first().filter(|_| members.len() == 1)
        && is_kind(kind, &entry.node)
        && let Some(own) = source.get(entry.node.span.start as usize..entry.node.span.end as usize)
        && is_listed(schema, own.trim_matches('"'))
    {
        return Advice::from("write the value alone").write(own);
    }
    match kind {
        Kind::Integer | Kind::Number => to_number(kind, node),
        Kind::Boolean => match written.trim_matches('"') {
            "1" => Advice::from("write `true` or `false`").write("true"),
            "0" => Advice::from("write `true` or `false`").write("false"),
            _ => crate::schema::boolean(node),
        },
        Kind::String if !is_listed(schema, written) => "write one of the listed texts".into(),
        Kind::String if let Some(meant) = point_in_time(schema, node) => {
            let help = format!("write it as text of the format `{}`", schema.format.as_deref().unwrap_or_default());
            Advice::from(help).write(format!("\"{meant}\"")).sure()
        }
        Kind::String if matches!(node.value, Value::Number(_) | Value::Bool(_)) => {
            Advice::from("put the text in quotes").write(format!("\"{written}\"")).sure()
        }
        Kind::Array => to_array(schema, node, source, written),
        Kind::Object => to_object(schema, node, source, written),
        Kind::String | Kind::Any => "write text".into(),
    }
}

/// The date that a number is where a text of a format for dates is due.
fn point_in_time(schema: &Schema, node: &Node) -> Option<String> {
    let Value::Number(number) = &node.value else { return None };
    dates::since_1970(schema.format.as_deref()?, &number.to_string())
}

/// The object or list that a text holds as JSON, where one is due that looks like it.
pub(super) fn held_by_text(kind: Kind, schema: &Schema, root: &Schema, node: &Node) -> Option<Advice> {
    let text = node.as_str().filter(|_| matches!(kind, Kind::Object | Kind::Array))?.trim();
    let held: Json = serde_json::from_str(text).ok()?;
    let help = match kind {
        Kind::Object => held.is_object().then_some("write the object itself, not a text that holds it"),
        _ => held.is_array().then_some("write the list itself, not a text that holds it"),
    };
    let help = Advice::from(help?);
    match value::violations(schema, root, &held).is_empty() {
        true => Some(help.write(text).titled("remove the quotes")),
        false => Some(help),
    }
}

/// The items of a list that stands in another one, where items are due.
pub(super) fn list_in_list(kind: Kind, node: &Node, source: &str) -> Option<Advice> {
    let Value::Array(items) = &node.value else { return None };
    let written = source.get(node.span.start as usize..node.span.end as usize)?;
    let inner = written.strip_prefix('[')?.strip_suffix(']')?;
    let is_right = items.len() > 1 && items.iter().all(|item| is_kind(kind, item));
    is_right.then(|| Advice::from("write the items without the inner list").write(inner))
}

/// Whether a text is one of those that are listed, if any are.
fn is_listed(schema: &Schema, text: &str) -> bool {
    let listed = schema.enumeration.as_ref().filter(|listed| !listed.is_empty());
    listed.is_none_or(|listed| listed.iter().any(|own| own.as_str() == Some(text)))
}

fn to_number(kind: Kind, node: &Node) -> Advice {
    let help = if kind == Kind::Integer { "write a whole number" } else { "write a number" };
    let fits = |number: &String| kind == Kind::Number || number.parse::<i64>().is_ok();
    // Kubernetes counts processors in thousandths.
    let thousandths = node.as_str().and_then(|text| text.strip_suffix('m')?.parse::<u32>().ok());
    if let Some(count) = thousandths.filter(|count| kind == Kind::Number || count.is_multiple_of(1000)) {
        return Advice::from(help).write((f64::from(count) / 1000.0).to_string());
    }
    match node.as_str().and_then(number_words::meant).filter(|(number, _)| fits(number)) {
        Some((number, true)) => Advice::from("write the number without quotes").write(number).sure(),
        Some((number, false)) => Advice::from(help).write(number),
        None => help.into(),
    }
}

fn to_array(schema: &Schema, node: &Node, source: &str, written: &str) -> Advice {
    let text = node.as_str().map(str::trim);
    let item = schema.items.as_deref();
    if let Some(text) = text.filter(|text| text.contains(',')) {
        let parts = text.split(',').map(str::trim);
        let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
        let kind = item.and_then(|items| items.kind);
        let is_plain = matches!(kind, Some(Kind::Integer | Kind::Number)) && parts.clone().all(is_number);
        let parts: Vec<String> = match is_plain {
            true => parts.map(str::to_owned).collect(),
            false => parts.map(|part| format!("\"{part}\"")).collect(),
        };
        return Advice::from("write a list").write(format!("[{}]", parts.join(", ")));
    }
    let is_item = item.is_some_and(|item| match &node.value {
        Value::Object(members) => {
            item.kind == Some(Kind::Object) && members.keys().all(|name| item.properties.contains_key(name))
        }
        _ => true,
    });
    if !is_item {
        return "write a list".into();
    }
    let help = Advice::from("write a list, also of one item");
    let start = node.span.start as usize;
    match (&node.value, column(source, start)) {
        (Value::Object(_), Some(indent)) if !written.starts_with('{') => {
            help.write(format!("- {}", shifted(written.trim_end(), indent, indent + 2)))
        }
        _ if written.starts_with(['{', '"', '\'']) || !written.contains('\n') => help.write(format!("[{written}]")),
        _ => help,
    }
}

fn to_object(schema: &Schema, node: &Node, source: &str, written: &str) -> Advice {
    let is_json = source.trim_start().starts_with(['{', '[']);
    if let Value::Array(items) = &node.value {
        if let Some(pairs) = pairs_of(schema, items, source) {
            return Advice::from("write an object from names to values")
                .write(object_of(&pairs, node, source, is_json));
        }
        if let [item] = items.as_slice()
            && matches!(item.value, Value::Object(_))
            && schema.has_properties
            && written.starts_with('[')
            && let Some(own) = source.get(item.span.start as usize..item.span.end as usize)
        {
            return Advice::from("write the one object without the list").write(own);
        }
    }
    let names: Vec<&str> = schema.properties.keys().map(String::as_str).take(5).collect();
    let help = match names.is_empty() {
        true => Advice::from("write an object"),
        false => Advice::from(format!("write an object with members such as `{}`", names.join("`, `"))),
    };
    // A value of the only member that has to be there, or of the only one of its kind.
    let fits = |own: &Schema| own.kind.is_some_and(|kind| kind != Kind::Any && is_kind(kind, node));
    let mut fitting = schema.properties.iter().filter(|(name, own)| {
        fits(&own.schema) && !own.schema.read_only && schema.required.iter().all(|required| required == *name)
    });
    let member = fitting.next().filter(|_| fitting.next().is_none());
    match member {
        Some((name, _)) if is_json => help.write(format!("{{\"{name}\": {written}}}")),
        Some((name, _)) if !written.contains('\n') => help.write(format!("{{{name}: {written}}}")),
        _ => help,
    }
}

/// Names and values of a list that stands for a map: of `{name, value}`, of `NAME=VALUE`, of objects with one member.
fn pairs_of(schema: &Schema, items: &[Node], source: &str) -> Option<Vec<(String, String)>> {
    let Additional::Schema(values) = &schema.additional else { return None };
    let written = |node: &Node| source.get(node.span.start as usize..node.span.end as usize).map(str::to_owned);
    let plain = |text: &str| match values.kind {
        Some(Kind::String) | None => Json::from(text).to_string(),
        _ => text.to_owned(),
    };
    let pair = |item: &Node| -> Option<(String, String)> {
        match &item.value {
            Value::String(text) => {
                let (name, value) = text.split_once(['=', ':'])?;
                Some((name.trim().to_owned(), plain(value.trim())))
            }
            Value::Object(members) => {
                let name = ["name", "key", "Name", "Key"].into_iter().find_map(|key| members.get(key));
                match (name, members.len(), members.first()) {
                    (Some(name), 2, _) => {
                        let value = ["value", "Value"].into_iter().find_map(|key| members.get(key))?;
                        Some((name.node.as_str()?.to_owned(), written(&value.node)?))
                    }
                    (None, 1, Some((name, entry))) => Some((name.clone(), written(&entry.node)?)),
                    _ => None,
                }
            }
            _ => None,
        }
    };
    items.iter().map(pair).collect::<Option<Vec<_>>>().filter(|pairs| !pairs.is_empty())
}

fn object_of(pairs: &[(String, String)], node: &Node, source: &str, is_json: bool) -> String {
    match column(source, node.span.start as usize).filter(|_| !is_json) {
        Some(indent) => {
            let plain = |value: &str| {
                let inner = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or_default();
                let is_word = inner.starts_with(|it: char| it.is_ascii_alphabetic())
                    && inner.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/'))
                    && !matches!(
                        inner.to_ascii_lowercase().as_str(),
                        "true" | "false" | "null" | "yes" | "no" | "on" | "off"
                    );
                if is_word { inner.to_owned() } else { value.to_owned() }
            };
            let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect();
            lines.join(&format!("\n{}", " ".repeat(indent)))
        }
        None => {
            let members: Vec<String> =
                pairs.iter().map(|(name, value)| format!("{}: {value}", Json::from(name.as_str()))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// Returns a value to begin with.
pub(super) fn sample(schema: &Schema) -> String {
    made_up(schema, DEPTH)
}

fn made_up(schema: &Schema, depth: usize) -> String {
    if let Some(value) = schema.default.as_ref().or(schema.example.as_ref()) {
        return value.to_string();
    }
    if let Some(first) = schema.enumeration.as_ref().and_then(|values| values.first()) {
        return first.to_string();
    }
    match schema.kind {
        Some(Kind::Integer | Kind::Number) => {
            let bounds = &schema.number;
            let bound = bounds.minimum.as_ref().or(bounds.maximum.as_ref());
            bound.map_or("0".to_owned(), ToString::to_string)
        }
        Some(Kind::Boolean) => "false".to_owned(),
        Some(Kind::Array) => match schema.items.as_deref().filter(|_| depth > 0 && schema.min_items.unwrap_or(0) > 0) {
            Some(item) => format!("[{}]", made_up(item, depth - 1)),
            None => "[]".to_owned(),
        },
        Some(Kind::Object) if depth > 0 => {
            let member = |name: &String| {
                let own = &schema.properties.get(name)?.schema;
                Some(format!("\"{name}\": {}", made_up(own, depth - 1)))
            };
            let members: Vec<String> = schema.required.iter().filter_map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        Some(Kind::Object) => "{}".to_owned(),
        _ => Json::from(text_for(schema)).to_string(),
    }
}

/// A text that a schema allows, or an empty one.
fn text_for(schema: &Schema) -> String {
    let of_format = match schema.format.as_deref() {
        Some("date-time") => "2025-01-01T00:00:00Z",
        Some("date") => "2025-01-01",
        Some("email") => "name@example.com",
        Some("uri" | "url") => "https://example.com",
        Some("uuid") => "00000000-0000-0000-0000-000000000000",
        Some("ipv4") => "192.0.2.1",
        _ => "",
    };
    if !of_format.is_empty() {
        return of_format.to_owned();
    }
    let start = literal_start(schema.pattern.as_deref().unwrap_or_default());
    let least = usize::try_from(schema.min_length.unwrap_or(0)).unwrap_or(0).min(64);
    let filled = |text: &str| {
        let missing = least.saturating_sub(text.chars().count());
        text.to_owned() + &text.chars().last().unwrap_or('x').to_string().repeat(missing)
    };
    let ends = ["", "name", "a", "A", "0", "10", "1.0", "name-1", "a@b.c", "00"];
    let mut likely = ends.iter().map(|end| filled(&format!("{start}{end}")));
    let regex = schema.pattern.as_deref().and_then(|pattern| crate::pattern::compile(pattern).ok());
    let fits = |text: &String| {
        let is_short = schema.max_length.is_none_or(|most| text.chars().count() as u64 <= most);
        is_short && regex.as_ref().is_none_or(|regex| regex.is_match(text))
    };
    likely.find(fits).unwrap_or_default()
}
