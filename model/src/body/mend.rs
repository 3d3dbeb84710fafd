//! What to write instead of what was written.

use radii_diagnostics::Span;
use serde_json::Value as Json;

use crate::advice::Advice;
use crate::document::{Entry, Node, Value};
use crate::schema::{Kind, Schema};

/// Whether a value is of a type; whole numbers are integers however they are written.
pub(super) fn is_kind(kind: Kind, node: &Node) -> bool {
    match (kind, &node.value) {
        (Kind::Integer, Value::Number(number)) => crate::value::is_whole(number),
        (Kind::Any, _)
        | (Kind::String, Value::String(_))
        | (Kind::Number, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Object, Value::Object(_))
        | (Kind::Array, Value::Array(_)) => true,
        _ => false,
    }
}

/// What a value is, with its article.
pub(super) fn kind_of(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value as it would be written without quotes.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value in backticks, shortened to what a message can hold.
pub(super) fn brief(value: &Json) -> String {
    let text = plain(value);
    if text.chars().count() <= 40 {
        format!("`{text}`")
    } else {
        format!("`{}…`", text.chars().take(37).collect::<String>())
    }
}

/// How to make a value one of the wanted type.
pub(super) fn to_kind(kind: Kind, schema: &Schema, node: &Node, source: &str) -> Advice {
    let text = node.as_str().map(str::trim);
    let written = source.get(node.span.start as usize..node.span.end as usize).unwrap_or_default();
    if let (Kind::String | Kind::Integer | Kind::Number | Kind::Boolean, Value::Array(items)) = (kind, &node.value)
        && let [item] = items.as_slice()
        && is_kind(kind, item)
        && let Some(own) = source.get(item.span.start as usize..item.span.end as usize)
    {
        return Advice::from("write the one value without the list").write(own);
    }
    match kind {
        Kind::Integer => match text.filter(|text| text.parse::<i64>().is_ok()) {
            Some(number) => Advice::from("write the number without quotes").write(number).sure(),
            None => "write a whole number".into(),
        },
        Kind::Number => match text.filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite)) {
            Some(number) => Advice::from("write the number without quotes").write(number).sure(),
            None => "write a number".into(),
        },
        Kind::Boolean => match written.trim_matches('"') {
            "1" => Advice::from("write `true` or `false`").write("true"),
            "0" => Advice::from("write `true` or `false`").write("false"),
            _ => crate::schema::boolean(node),
        },
        Kind::String if matches!(node.value, Value::Number(_) | Value::Bool(_)) => {
            Advice::from("put the text in quotes").write(format!("\"{written}\"")).sure()
        }
        Kind::Array if text.is_some_and(|text| text.contains(',')) => {
            let items = schema.items.as_ref().and_then(|items| items.kind);
            let parts = text.unwrap_or_default().split(',').map(str::trim);
            let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
            let is_plain = matches!(items, Some(Kind::Integer | Kind::Number)) && parts.clone().all(is_number);
            let parts: Vec<String> = match is_plain {
                true => parts.map(str::to_owned).collect(),
                false => parts.map(|part| format!("\"{part}\"")).collect(),
            };
            Advice::from("write a list").write(format!("[{}]", parts.join(", ")))
        }
        Kind::Array if !matches!(node.value, Value::Object(_)) && !written.contains('\n') => {
            Advice::from("write a list, also of one item").write(format!("[{written}]"))
        }
        Kind::Array => "write a list".into(),
        Kind::Object => {
            if let Value::Array(items) = &node.value
                && let [item] = items.as_slice()
                && matches!(item.value, Value::Object(_))
                && written.starts_with('[')
                && let Some(own) = source.get(item.span.start as usize..item.span.end as usize)
            {
                return Advice::from("write the one object without the list").write(own);
            }
            let names: Vec<&str> = schema.properties.keys().map(String::as_str).take(5).collect();
            match names.is_empty() {
                true => "write an object".into(),
                false => format!("write an object with members such as `{}`", names.join("`, `")).into(),
            }
        }
        Kind::String | Kind::Any => "write text".into(),
    }
}

/// How to bring a string or number into its bounds.
pub(super) fn plain_value(schema: &Schema, keyword: &str, value: &Json) -> Advice {
    let bound = match keyword {
        "minimum" => schema.number.minimum.as_ref().filter(|_| !schema.number.exclusive_minimum),
        "maximum" => schema.number.maximum.as_ref().filter(|_| !schema.number.exclusive_maximum),
        _ => None,
    };
    if let Some(bound) = bound {
        return Advice::from(format!("the nearest allowed number is {bound}")).write(bound.to_string());
    }
    let example = schema.example.as_ref().and_then(Json::as_str);
    match keyword {
        "pattern" => {
            let pattern = schema.pattern.as_deref().unwrap_or_default();
            let lower = value.as_str().map(str::to_lowercase);
            let fits = |text: &String| crate::pattern::compile(pattern).is_ok_and(|regex| regex.is_match(text));
            let trimmed = value.as_str().map(|text| text.trim().to_owned());
            let dashed = lower.as_ref().map(|text| text.replace(['_', ' ', '.'], "-"));
            let scored = lower.as_ref().map(|text| text.replace(['-', ' ', '.'], "_"));
            let likely = [trimmed, lower, dashed, scored].into_iter().flatten().find(fits);
            let help = match example {
                Some(example) => format!("write text that matches `{pattern}`, such as `{example}`"),
                None => format!("write text that matches `{pattern}`"),
            };
            match likely {
                Some(likely) => Advice::from(help).write(likely),
                None => help.into(),
            }
        }
        "maxLength" => format!("shorten it to {} characters", schema.max_length.unwrap_or_default()).into(),
        "minLength" => format!("write at least {} characters", schema.min_length.unwrap_or_default()).into(),
        "multipleOf" => nearest_multiple(schema, value),
        "format" => of_format(schema.format.as_deref().unwrap_or_default(), value),
        _ => "write a value of that form".into(),
    }
}

/// How to write a text of a format.
fn of_format(format: &str, value: &Json) -> Advice {
    let text = value.as_str().unwrap_or_default().trim();
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(at, it)| match at {
            4 | 7 => it == b'-',
            _ => it.is_ascii_digit(),
        });
    match format {
        "date-time" => {
            let help = Advice::from("write date and time, such as `2025-01-01T12:00:00Z`");
            match (is_date, text.split_once(' ')) {
                (true, _) => help.write(format!("\"{text}T00:00:00Z\"")),
                (_, Some((date, time))) if date.len() == 10 && time.len() == 8 => {
                    help.write(format!("\"{date}T{time}Z\""))
                }
                _ => help,
            }
        }
        "date" => match text.split_once('T') {
            Some((date, _)) if date.len() == 10 => Advice::from("write the date alone").write(format!("\"{date}\"")),
            _ => "write a date, such as `2025-01-01`".into(),
        },
        "uuid" => "write a UUID, such as `123e4567-e89b-12d3-a456-426614174000`".into(),
        "email" => "write an address, such as `name@example.com`".into(),
        "uri" | "url" => match text.starts_with("www.") {
            true => Advice::from("begin with the scheme").write(format!("\"https://{text}\"")),
            false => "write an address with its scheme, such as `https://example.com`".into(),
        },
        "ipv4" => "write an address, such as `192.0.2.1`".into(),
        "byte" => "write base64".into(),
        _ => "write a value of that form".into(),
    }
}

fn nearest_multiple(schema: &Schema, value: &Json) -> Advice {
    let step = schema.number.multiple_of.as_ref().and_then(serde_json::Number::as_i64).filter(|step| *step > 0);
    match (step, value.as_i64()) {
        (Some(step), Some(number)) => {
            let below = number.div_euclid(step) * step;
            let nearest = if number - below > below + step - number { below + step } else { below };
            Advice::from(format!("the nearest allowed number is {nearest}")).write(nearest.to_string())
        }
        _ => "write a multiple of the step".into(),
    }
}

/// Returns the property whose object declares a name, such as `storage` for `size`.
pub(super) fn holder_of<'s>(root: &'s Schema, name: &str) -> Option<&'s str> {
    let mut holders = root.properties.iter().filter(|(_, property)| property.schema.properties.contains_key(name));
    match (holders.next(), holders.next()) {
        (Some((holder, _)), None) => Some(holder),
        _ => None,
    }
}

/// Returns a value to begin with.
pub(super) fn sample(schema: &Schema) -> String {
    if let Some(value) = schema.default.as_ref().or(schema.example.as_ref()) {
        return value.to_string();
    }
    if let Some(first) = schema.enumeration.as_ref().and_then(|values| values.first()) {
        return first.to_string();
    }
    match schema.kind {
        Some(Kind::Integer | Kind::Number) => {
            schema.number.minimum.as_ref().map_or("0".to_owned(), ToString::to_string)
        }
        Some(Kind::Boolean) => "false".to_owned(),
        Some(Kind::Array) => "[]".to_owned(),
        Some(Kind::Object) => "{}".to_owned(),
        _ => "\"\"".to_owned(),
    }
}

/// Returns where and what to write to add a member to an object: before its first one, or between empty braces.
pub(super) fn new_entry(node: &Node, source: &str, name: &str, sample: &str) -> Option<(Span, String)> {
    let members = node.as_object()?;
    let first = members.first().map(|(_, entry)| entry.key_span);
    let opens = source.get(node.span.start as usize..)?.starts_with('{');
    let key = if opens { format!("\"{name}\"") } else { name.to_owned() };
    let at = |offset: u32| Span { file: node.span.file, start: offset, end: offset };
    match first {
        Some(first) => {
            let line = source[..first.start as usize].rfind('\n').map_or(0, |at| at + 1);
            let before = &source[line..first.start as usize];
            let separator = match (opens, before.trim().is_empty()) {
                (true, true) => format!(",\n{before}"),
                (true, false) => ", ".to_owned(),
                (false, true) => format!("\n{before}"),
                // After `- ` or another key on its line only the author knows.
                (false, false) => return None,
            };
            Some((at(first.start), format!("{key}: {sample}{separator}")))
        }
        None if opens => Some((at(node.span.start + 1), format!("{key}: {sample}"))),
        None => None,
    }
}

/// Returns the place of a whole member, with what separates it from its neighbours: its line, or up to the next comma.
pub(super) fn whole_entry(entry: &Entry, source: &str) -> Option<Span> {
    let (start, end) = (entry.key_span.start as usize, entry.node.span.end as usize);
    let span = |start: usize, end: usize| Some(Span::new(entry.key_span.file, start, end));
    let line = source.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let alone_before = source[line..start].trim().is_empty();
    let rest = source.get(end..)?;
    let to_line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let tail = rest[..to_line_end].trim();
    match tail.strip_prefix(',').unwrap_or(tail) {
        "" if alone_before && (tail == "," || !source[start..].starts_with('"')) => span(line, end + to_line_end),
        _ => {
            let blank = rest.len() - rest.trim_start().len();
            let after = rest[blank..].strip_prefix(',')?;
            let space = after.len() - after.trim_start_matches([' ', '\t']).len();
            span(start, end + blank + 1 + space)
        }
    }
}
