//! JSON, base64 and URIs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::{Function, as_text, loose, print, pure};

pub(super) const TABLE: &[Function] = &[
    pure("json", 1, 1, |args| parse_json(as_text(&args[0])?)),
    pure("base64", 1, 1, |args| Ok(STANDARD.encode(as_text(&args[0])?).into())),
    pure("base64ToString", 1, 1, |args| decode(as_text(&args[0])?).map(Json::from)),
    pure("base64ToJson", 1, 1, |args| parse_json(&decode(as_text(&args[0])?)?)),
    pure("dataUri", 1, 1, |args| Ok(data_uri(&args[0]).into())),
    pure("dataUriToString", 1, 1, |args| data_uri_to_string(as_text(&args[0])?).map(Json::from)),
    pure("uriComponent", 1, 1, |args| Ok(escape(as_text(&args[0])?).into())),
    pure("uriComponentToString", 1, 1, |args| unescape(as_text(&args[0])?).map(Json::from)),
    pure("uri", 2, 2, |args| Ok(uri(as_text(&args[0])?, as_text(&args[1])?).into())),
];

fn parse_json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text)
        .or_else(|error| loose::parse(text).ok_or_else(|| format!("the text is no JSON: {error}")))
}

fn decode(text: &str) -> Result<String, String> {
    let text: String = text.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(text).map_err(|error| format!("the text is no base64: {error}"))?;
    String::from_utf8(bytes).map_err(|_| "what the base64 stands for is not UTF-8".into())
}

fn data_uri(value: &Json) -> String {
    let kind = if value.is_string() { "text/plain" } else { "application/json" };
    format!("data:{kind};charset=utf-8;base64,{}", STANDARD.encode(print(value)))
}

fn data_uri_to_string(text: &str) -> Result<String, String> {
    let (head, data) =
        text.strip_prefix("data:").and_then(|rest| rest.split_once(',')).ok_or("the text is no data URI")?;
    if head.ends_with(";base64") { decode(data) } else { unescape(data) }
}

fn escape(text: &str) -> String {
    let mut result = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => result.push(byte as char),
            byte if byte.is_ascii_alphanumeric() => result.push(byte as char),
            byte => result.push_str(&format!("%{byte:02X}")),
        }
    }
    result
}

fn unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "what the text stands for is not UTF-8".into())
}

/// Resolves an address against a base one, as RFC 3986 does (5.2).
fn uri(base: &str, relative: &str) -> String {
    let scheme = relative.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
    if scheme.is_some() {
        return relative.to_owned();
    }
    let host = base.find("://").map_or(0, |at| at + 3);
    if relative.starts_with("//") {
        return format!("{}{relative}", &base[..host.saturating_sub(2)]);
    }
    let end = base[host..].find(['/', '?', '#']).map_or(base.len(), |at| host + at);
    let (root, path) = base.split_at(end);
    let path = &path[..path.find(['?', '#']).unwrap_or(path.len())];
    let at = relative.find(['?', '#']).unwrap_or(relative.len());
    let (own, tail) = relative.split_at(at);
    let merged = match (own, path.rfind('/')) {
        ("", _) if path.is_empty() => "/".to_owned(),
        ("", _) => path.to_owned(),
        (own, _) if own.starts_with('/') => own.to_owned(),
        (own, Some(last)) => format!("{}{own}", &path[..=last]),
        (own, None) => format!("/{own}"),
    };
    format!("{root}{}{tail}", without_dots(&merged))
}

fn is_scheme(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

/// Carries out the segments `.` and `..` of a path.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // What such a segment ends with is a folder.
                kept.extend(segments.peek().is_none().then_some(""));
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
