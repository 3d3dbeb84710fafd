//! Functions of texts; places in a text are counted in characters.

use std::rc::Rc;

use super::super::functions::Function;
use super::super::value::{Failure, List, Text, Value};
use super::convert::shown;
use crate::pattern;

/// The longest text that a function makes, in bytes.
const LONGEST: usize = 1 << 21;

pub(super) fn apply<'a>(function: Function, value: &Value<'a>, rest: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let Value::Text(own) = value else { return Err(Failure::Unfit("a function of texts")) };
    let text = own.as_str();
    let argument = |at: usize| match rest.get(at) {
        Some(Value::Text(text)) => Ok(text.as_str()),
        _ => Err(Failure::Unfit("a function of texts")),
    };
    let count = |at: usize| match rest.get(at) {
        None => Ok(None),
        Some(Value::Int(count)) => Ok(Some(*count)),
        Some(_) => Err(Failure::Unfit("a function of texts")),
    };
    match function {
        Function::Contains => Ok(Value::Bool(text.contains(argument(0)?))),
        Function::StartsWith => Ok(Value::Bool(text.starts_with(argument(0)?))),
        Function::EndsWith => Ok(Value::Bool(text.ends_with(argument(0)?))),
        Function::Matches => expression(argument(0)?).map(|regex| Value::Bool(regex.is_match(text))),
        Function::Find => {
            let found = expression(argument(0)?)?.find(text).map_or("", |found| found.as_str()).to_owned();
            Ok(Value::made(found))
        }
        Function::FindAll => {
            let most = count(1)?.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
            let regex = expression(argument(0)?)?;
            Ok(texts(regex.find_iter(text).take(most).map(|found| found.as_str())))
        }
        Function::LowerAscii => Ok(Value::made(text.to_ascii_lowercase())),
        Function::UpperAscii => Ok(Value::made(text.to_ascii_uppercase())),
        Function::Trim => Ok(Value::made(text.trim())),
        Function::Reverse => Ok(Value::made(text.chars().rev().collect::<String>())),
        Function::Replace => replaced(text, argument(0)?, argument(1)?, count(2)?),
        Function::Split => split(text, argument(0)?, count(1)?),
        Function::Substring => {
            let from = count(0)?.ok_or(Failure::Unfit("`substring`"))?;
            substring(text, from, count(1)?)
        }
        Function::CharAt => char_at(text, count(0)?.ok_or(Failure::Unfit("`charAt`"))?),
        Function::IndexOf => index_of(text, argument(0)?, count(1)?),
        Function::LastIndexOf => last_index_of(text, argument(0)?, count(1)?),
        Function::Format => match rest {
            [Value::List(values)] => format(text, values).map(Value::made),
            _ => Err(Failure::Unfit("`format`")),
        },
        _ => Err(Failure::Unfit("a function of texts")),
    }
}

fn expression(text: &str) -> Result<regex::Regex, Failure> {
    pattern::compile(text).map_err(|_| Failure::Unreadable("regular expression"))
}

fn texts<'a, 't>(items: impl Iterator<Item = &'t str>) -> Value<'a> {
    let items: Vec<Value<'a>> = items.map(|item| Value::Text(Text::Made(item.into()))).collect();
    Value::List(List::Made(Rc::from(items)))
}

fn replaced<'a>(text: &str, old: &str, new: &str, most: Option<i64>) -> Result<Value<'a>, Failure> {
    let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let found = text.matches(old).take(most).count();
    let length = text.len().saturating_add(found.saturating_mul(new.len()));
    if length > LONGEST {
        return Err(Failure::TooDear);
    }
    Ok(Value::made(text.replacen(old, new, most)))
}

fn split<'a>(text: &str, by: &str, most: Option<i64>) -> Result<Value<'a>, Failure> {
    // An empty text between two characters is none of the pieces.
    let letters = || text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
    Ok(match most.map(usize::try_from) {
        Some(Ok(0)) => texts([].into_iter()),
        Some(Ok(most)) if by.is_empty() => {
            let head: Vec<&str> = letters().take(most - 1).collect();
            let length: usize = head.iter().map(|piece| piece.len()).sum();
            let tail = Some(&text[length..]).filter(|tail| !tail.is_empty());
            texts(head.into_iter().chain(tail))
        }
        Some(Ok(most)) => texts(text.splitn(most, by)),
        _ if by.is_empty() => texts(letters()),
        _ => texts(text.split(by)),
    })
}

/// The byte at which a character begins; the end counts as one.
fn byte_at(text: &str, at: i64) -> Result<usize, Failure> {
    let at = usize::try_from(at).map_err(|_| Failure::NoItem)?;
    let mut places = text.char_indices().map(|(place, _)| place).chain([text.len()]);
    places.nth(at).ok_or(Failure::NoItem)
}

fn substring<'a>(text: &str, from: i64, to: Option<i64>) -> Result<Value<'a>, Failure> {
    let from = byte_at(text, from)?;
    let to = to.map_or(Ok(text.len()), |to| byte_at(text, to))?;
    text.get(from..to).map(Value::made).ok_or(Failure::NoItem)
}

fn char_at<'a>(text: &str, at: i64) -> Result<Value<'a>, Failure> {
    let from = byte_at(text, at)?;
    Ok(Value::made(text[from..].chars().take(1).collect::<String>()))
}

fn index_of<'a>(text: &str, wanted: &str, from: Option<i64>) -> Result<Value<'a>, Failure> {
    let start = byte_at(text, from.unwrap_or(0))?;
    let found = text[start..].find(wanted).map(|at| text[..start + at].chars().count() as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

fn last_index_of<'a>(text: &str, wanted: &str, to: Option<i64>) -> Result<Value<'a>, Failure> {
    let end = match to {
        Some(to) => byte_at(text, to)?.saturating_add(wanted.len()).min(text.len()),
        None => text.len(),
    };
    let within = text.get(..end).unwrap_or(text);
    let found = within.rfind(wanted).map(|at| text[..at].chars().count() as i64);
    Ok(Value::Int(found.unwrap_or(-1)))
}

/// Puts values into a text: `%s`, `%d`, `%f`, `%e`, `%x`, `%X`, `%o`, `%b`, `%%`.
fn format(text: &str, values: &List<'_>) -> Result<String, Failure> {
    const WRONG: Failure = Failure::Unfit("`format`");
    let mut out = String::new();
    let mut values = values.iter();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out += &rest[..at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let mut precision = 6;
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.find(|c: char| !c.is_ascii_digit()).ok_or(WRONG)?;
            precision = after[..length].parse().ok().filter(|it| *it <= 100).ok_or(WRONG)?;
            rest = &after[length..];
        }
        let verb = rest.chars().next().ok_or(WRONG)?;
        rest = &rest[verb.len_utf8()..];
        let value = values.next().ok_or(WRONG)??;
        out += &match (verb, &value) {
            ('s', value) => whole_text(value)?,
            ('d', Value::Int(value)) => value.to_string(),
            ('d', Value::Uint(value)) => value.to_string(),
            ('f', Value::Double(value)) => format!("{value:.precision$}"),
            ('f', Value::Int(value)) => format!("{:.precision$}", *value as f64),
            ('e', Value::Double(value)) => exponent(*value, precision),
            ('e', Value::Int(value)) => exponent(*value as f64, precision),
            ('x' | 'X' | 'o' | 'b', Value::Int(value)) => signed(verb, *value < 0, value.unsigned_abs()),
            ('x' | 'X' | 'o' | 'b', Value::Uint(value)) => signed(verb, false, *value),
            ('b', Value::Bool(flag)) => u8::from(*flag).to_string(),
            ('x', Value::Text(text)) => text.as_str().bytes().map(|byte| format!("{byte:02x}")).collect(),
            ('X', Value::Text(text)) => text.as_str().bytes().map(|byte| format!("{byte:02X}")).collect(),
            _ => return Err(WRONG),
        };
        if out.len() > LONGEST {
            return Err(Failure::TooDear);
        }
    }
    out += rest;
    if values.next().is_some() { Err(WRONG) } else { Ok(out) }
}

fn signed(verb: char, is_negative: bool, value: u64) -> String {
    let sign = if is_negative { "-" } else { "" };
    match verb {
        'x' => format!("{sign}{value:x}"),
        'X' => format!("{sign}{value:X}"),
        'o' => format!("{sign}{value:o}"),
        _ => format!("{sign}{value:b}"),
    }
}

fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn whole_text(value: &Value<'_>) -> Result<String, Failure> {
    Ok(match value {
        Value::List(list) => {
            let items: Result<Vec<String>, Failure> = list.iter().map(|item| whole_text(&item?)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for key in map.keys() {
                let value = map.find(&key)?.ok_or(Failure::NoKey)?;
                entries.push(format!("{}: {}", whole_text(&key)?, whole_text(&value)?));
            }
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => shown(other).ok_or(Failure::Unfit("`format`"))?,
    })
}

/// Whether a text is an absolute address: a scheme, and something after it.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return text.starts_with('/') && !text.contains(' ') };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme
        && !rest.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c))
}
