//! Strings.

use serde_json::Value as Json;

use super::logic::index;
use super::{ANY, Function, as_array, as_integer, as_text, hash, number, print, pure, wrong};

pub(super) const TABLE: &[Function] = &[
    pure("format", 1, ANY, format),
    pure("toLower", 1, 1, |args| Ok(as_text(&args[0])?.to_lowercase().into())),
    pure("toUpper", 1, 1, |args| Ok(upper(as_text(&args[0])?).into())),
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

/// Longest text that [`pad_left`] makes: that of a string in a template.
const LONGEST: usize = 131_072;

fn lower(value: &Json) -> Result<String, String> {
    Ok(as_text(value)?.to_lowercase())
}

/// Raises letters one by one: those that would become several stay (`ß`).
fn upper(text: &str) -> String {
    let raised = |letter: char| {
        let mut upper = letter.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(letter)
    };
    text.chars().map(raised).collect()
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
    match value {
        Json::Number(number) => number::write(number, specifier),
        Json::Array(_) | Json::Object(_) => Ok(quoted(value)),
        _ => Ok(print(value)),
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
        // Of two that begin at one place the first that was given counts.
        let next = separators.iter().filter_map(|separator| Some((rest.find(separator)?, separator.len())));
        let next = next.min_by_key(|(at, _)| *at);
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
    if width > LONGEST {
        return Err(format!("the width {width} is more than {LONGEST}"));
    }
    let filler = args.get(2).map_or(Ok(" "), as_text)?;
    let mut characters = filler.chars();
    let (Some(filler), None) = (characters.next(), characters.next()) else {
        return Err("the character to pad with must be one".into());
    };
    let missing = width.saturating_sub(text.chars().count());
    Ok(format!("{}{text}", filler.to_string().repeat(missing)).into())
}

/// Matches `*` (any text), without regard to casing.
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
            Some(c) if *c == text[at] => {
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
