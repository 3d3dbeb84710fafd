//! Strings.

use serde_json::Value as Json;

use super::logic::index;
use super::{ANY, Function, as_array, as_integer, as_text, hash, print, pure, wrong};

pub(super) const TABLE: &[Function] = &[
    pure("format", 1, ANY, format),
    pure("toLower", 1, 1, |args| Ok(as_text(&args[0])?.to_lowercase().into())),
    pure("toUpper", 1, 1, |args| Ok(as_text(&args[0])?.to_uppercase().into())),
    pure("trim", 1, 1, |args| Ok(as_text(&args[0])?.trim().into())),
    pure("startsWith", 2, 2, |args| Ok(lower(&args[0])?.starts_with(&lower(&args[1])?).into())),
    pure("endsWith", 2, 2, |args| Ok(lower(&args[0])?.ends_with(&lower(&args[1])?).into())),
    pure("split", 2, 2, split),
    pure("join", 2, 2, join),
    pure("replace", 3, 3, replace),
    pure("substring", 2, 3, substring),
    pure("padLeft", 2, 3, pad_left),
    pure("string", 1, 1, |args| Ok(print(&args[0]).into())),
    pure("like", 2, 2, |args| Ok(like(as_text(&args[0])?, as_text(&args[1])?).into())),
    pure("uniqueString", 1, ANY, |args| Ok(hash::unique_string(&texts(args)?).into())),
    pure("guid", 1, ANY, |args| Ok(hash::guid(&texts(args)?).into())),
];

fn lower(value: &Json) -> Result<String, String> {
    Ok(as_text(value)?.to_lowercase())
}

fn texts(args: &[Json]) -> Result<Vec<String>, String> {
    args.iter().map(|arg| as_text(arg).map(str::to_owned)).collect()
}

/// Fills the places `{0}`, `{1,8}`, `{2:X}` of a text.
fn format(args: &[Json]) -> Result<Json, String> {
    let (pattern, values) = (as_text(&args[0])?, &args[1..]);
    let mut result = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        result.push_str(&rest[..at]);
        let bracket = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(bracket) {
            result.push_str(bracket);
            rest = after;
        } else if bracket == "{" {
            let end =
                rest.find('}').ok_or_else(|| format!("a `{{` is not closed in `{pattern}`; write `{{{{` for one"))?;
            result.push_str(&place(&rest[..end], values)?);
            rest = &rest[end + 1..];
        } else {
            return Err(format!("a `}}` stands alone in `{pattern}`; write `}}}}` for one"));
        }
    }
    result.push_str(rest);
    Ok(result.into())
}

/// Writes the value of one place: `INDEX[,WIDTH][:FORMAT]`.
fn place(text: &str, values: &[Json]) -> Result<String, String> {
    let (head, specifier) = text.split_once(':').map_or((text, ""), |(head, specifier)| (head, specifier));
    let (at, width) = head.split_once(',').map_or((head, "0"), |(at, width)| (at, width));
    let at: usize = at.trim().parse().map_err(|_| format!("`{{{text}}}` has no index"))?;
    let width: i32 = width.trim().parse().map_err(|_| format!("`{{{text}}}` has no width"))?;
    let value = values.get(at).ok_or_else(|| format!("`{{{text}}}` has no value; there are {}", values.len()))?;
    let shown = specified(value, specifier)?;
    let size = usize::try_from(width.unsigned_abs().min(10_000)).unwrap_or_default();
    Ok(if width < 0 { format!("{shown:<size$}") } else { format!("{shown:>size$}") })
}

fn specified(value: &Json, specifier: &str) -> Result<String, String> {
    let Some(number) = value.as_i64().filter(|_| !specifier.is_empty()) else {
        return Ok(if value.is_array() || value.is_object() { quoted(value) } else { print(value) });
    };
    let unknown = || format!("the format `{specifier}` of a number is not known; there are D, X, N and zeros");
    if specifier.bytes().all(|byte| byte == b'0') {
        return Ok(format!("{number:0width$}", width = specifier.len()));
    }
    let width = specifier.get(1..).unwrap_or_default();
    let width: usize = if width.is_empty() { 0 } else { width.parse().map_err(|_| unknown())? }.min(99);
    match specifier.as_bytes()[0] {
        b'D' | b'd' => Ok(format!("{}{:0width$}", if number < 0 { "-" } else { "" }, number.unsigned_abs())),
        b'X' => Ok(format!("{number:0width$X}")),
        b'x' => Ok(format!("{number:0width$x}")),
        b'N' | b'n' => Ok(grouped(number, if specifier.len() == 1 { 2 } else { width })),
        _ => Err(unknown()),
    }
}

/// Writes a value as JSON with single quotes: so objects and arrays stand inside formatted text.
fn quoted(value: &Json) -> String {
    match value {
        Json::String(text) => {
            let json = Json::from(text.replace('\'', "\u{0}")).to_string();
            let inner = json[1..json.len() - 1].replace("\\\"", "\"");
            format!("'{}'", inner.replace("\\u0000", "\\'"))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(",")),
        Json::Object(members) => {
            let member =
                |(name, value): (&String, &Json)| format!("{}:{}", quoted(&name.as_str().into()), quoted(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn grouped(number: i64, decimals: usize) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push('.');
        text.push_str(&"0".repeat(decimals));
    }
    text
}

fn split(args: &[Json]) -> Result<Json, String> {
    let text = as_text(&args[0])?;
    let separators = match &args[1] {
        Json::Array(items) => texts(items)?,
        other => vec![as_text(other)?.to_owned()],
    };
    let separators: Vec<&str> =
        separators.iter().map(String::as_str).filter(|separator| !separator.is_empty()).collect();
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = separators.iter().filter_map(|separator| Some((rest.find(separator)?, separator.len()))).min();
        let Some((at, length)) = next else { break };
        parts.push(Json::from(&rest[..at]));
        rest = &rest[at + length..];
    }
    parts.push(rest.into());
    Ok(parts.into())
}

fn join(args: &[Json]) -> Result<Json, String> {
    let parts: Vec<String> = as_array(&args[0])?.iter().map(print).collect();
    Ok(parts.join(as_text(&args[1])?).into())
}

fn replace(args: &[Json]) -> Result<Json, String> {
    let (text, old, new) = (as_text(&args[0])?, as_text(&args[1])?, as_text(&args[2])?);
    Ok(if old.is_empty() { text.into() } else { text.replace(old, new).into() })
}

fn substring(args: &[Json]) -> Result<Json, String> {
    let text: Vec<char> = as_text(&args[0])?.chars().collect();
    let start = index(&args[1])?;
    let length = match args.get(2) {
        Some(length) => index(length)?,
        None => text.len().saturating_sub(start),
    };
    let part = text.get(start..start.saturating_add(length));
    let part = part.ok_or_else(|| format!("characters {start} to {} are asked of {}", start + length, text.len()))?;
    Ok(part.iter().collect::<String>().into())
}

fn pad_left(args: &[Json]) -> Result<Json, String> {
    let text = match &args[0] {
        Json::String(_) | Json::Number(_) => print(&args[0]),
        other => return Err(wrong(other, "a string or an integer")),
    };
    let width = index(&args[1])?;
    if width > 16 {
        // The format's own limit.
        return Err(format!("the width {width} is more than 16"));
    }
    let filler = args.get(2).map_or(Ok(" "), as_text)?;
    let mut characters = filler.chars();
    let (Some(filler), None) = (characters.next(), characters.next()) else {
        return Err("the character to pad with must be one".into());
    };
    let missing = width.saturating_sub(text.chars().count());
    Ok(format!("{}{text}", filler.to_string().repeat(missing)).into())
}

/// Matches `*` (any text) and `?` (any character), without regard to casing.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut wanted, mut retry) = (0, 0, None);
    while at < text.len() {
        match pattern.get(wanted) {
            Some('*') => {
                retry = Some((at, wanted));
                wanted += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => {
                let Some((from, star)) = retry else { return false };
                retry = Some((from + 1, star));
                (at, wanted) = (from + 1, star + 1);
            }
        }
    }
    pattern[wanted..].iter().all(|c| *c == '*')
}

/// Returns the characters from `start` on, at most `count`.
pub(super) fn slice(text: &str, start: i64, count: i64) -> String {
    let (start, count) = (usize::try_from(start).unwrap_or(0), usize::try_from(count).unwrap_or(0));
    text.chars().skip(start).take(count).collect()
}

/// Returns where a text stands in another, in characters and without regard to casing.
pub(super) fn position(text: &Json, part: &Json, find: fn(&str, &str) -> Option<usize>) -> Result<Json, String> {
    let (text, part) = (lower(text)?, lower(part)?);
    let found = find(&text, &part).map_or(-1, |at| text[..at].chars().count() as i64);
    Ok(found.into())
}

/// Returns an integer argument; what is negative means zero.
pub(super) fn amount(value: &Json) -> Result<i64, String> {
    Ok(as_integer(value)?.max(0))
}
