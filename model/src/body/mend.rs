//! What to write instead of what was written.

use serde_json::Value as Json;

use super::dates;
use crate::advice::Advice;
use crate::document::{Node, Value};
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
            let begun =
                value.as_str().map(|text| format!("{}{}", literal_start(pattern), text.trim_start_matches('/')));
            let likely = [trimmed, lower, dashed, scored, begun].into_iter().flatten().find(fits);
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
            match dates::since_1970(format, text).or_else(|| dates::date_time(text)) {
                _ if is_date => help.write(format!("\"{text}T00:00:00Z\"")),
                _ if is_local_time(text) => {
                    Advice::from("say which zone it is: `Z`, or such as `+02:00`").write(format!("\"{text}Z\""))
                }
                Some(meant) => help.write(format!("\"{meant}\"")),
                None => help,
            }
        }
        "date" => match text.split_once('T') {
            Some((date, _)) if date.len() == 10 => Advice::from("write the date alone").write(format!("\"{date}\"")),
            _ => {
                let help = Advice::from("write a date, such as `2025-01-01`");
                match dates::since_1970(format, text) {
                    Some(meant) => help.write(format!("\"{meant}\"")),
                    None => help,
                }
            }
        },
        "uuid" => "write a UUID, such as `123e4567-e89b-12d3-a456-426614174000`".into(),
        "email" => "write an address, such as `name@example.com`".into(),
        "uri" | "url" => match is_host_and_path(text) {
            true => Advice::from("begin with the scheme").write(format!("\"https://{text}\"")),
            false => "write an address with its scheme, such as `https://example.com`".into(),
        },
        "ipv4" => "write an address, such as `192.0.2.1`".into(),
        "byte" => "write base64".into(),
        _ => "write a value of that form".into(),
    }
}

/// Whether a text is a date and a time without a zone.
fn is_local_time(text: &str) -> bool {
    let is_digits = |text: &str| text.len() == 8 && text.bytes().all(|it| it.is_ascii_digit() || it == b':');
    text.split_once('T').is_some_and(|(date, time)| date.len() == 10 && is_digits(time))
}

/// Whether a text is an address that only lacks its scheme.
fn is_host_and_path(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() > 1
        && labels.iter().all(|it| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-'))
}

/// Returns what every text of a pattern begins with, as far as that is plain.
pub(super) fn literal_start(pattern: &str) -> String {
    let mut start = String::new();
    let mut signs = pattern.strip_prefix('^').unwrap_or_default().chars().peekable();
    while let Some(sign) = signs.next() {
        let sign = match sign {
            '\\' => match signs.next() {
                Some(escaped) if !escaped.is_ascii_alphanumeric() => escaped,
                _ => break,
            },
            '[' | '(' | '.' | '$' | '|' => break,
            plain => plain,
        };
        if matches!(signs.peek(), Some('*' | '?' | '{')) {
            break;
        }
        if sign != '+' {
            start.push(sign);
        }
    }
    start
}

/// Returns what speaks against a text of a format that the server does not check.
pub(super) fn doubt(format: &str, text: &str) -> Option<Advice> {
    let has_space = text.contains(char::is_whitespace);
    let is_right = match format {
        "email" => !has_space && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.len() > 1),
        "uri" | "url" => {
            let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
            let is_scheme = scheme.starts_with(|it: char| it.is_ascii_alphabetic())
                && scheme.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '-' | '.'))
                && !scheme.contains('.');
            !has_space && is_scheme
        }
        "uuid" => {
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            groups == [8, 4, 4, 4, 12] && text.chars().all(|it| it.is_ascii_hexdigit() || it == '-')
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => return None,
    };
    (!is_right).then(|| of_format(format, &Json::from(text)))
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
pub(super) fn holder_of<'s>(schema: &'s Schema, name: &str) -> Option<&'s str> {
    let mut holders = schema.properties.iter().filter(|(_, property)| property.schema.properties.contains_key(name));
    match (holders.next(), holders.next()) {
        (Some((holder, _)), None) => Some(holder),
        _ => None,
    }
}
