//! Numbers as JSON Schema compares them, and as the protocol's messages write them.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::{Number, Value as Json};

/// Whether the number is an integer, however it is written (`1.0`, `1e3`).
pub(crate) fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

/// Whether an integer fits into 32 bits with sign.
pub(super) fn is_int32(number: &Number) -> bool {
    number.as_f64().is_some_and(|float| (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float))
}

/// Compares exactly where both are integers.
pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Whether dividing gives an integer.
pub(super) fn is_multiple(number: &Number, step: &Number) -> bool {
    match (integer(number), integer(step)) {
        // No rule at all; the checks of schemas warn of it.
        (_, Some(0)) => true,
        (Some(number), Some(step)) => number % step == 0,
        _ => match (number.as_f64(), step.as_f64()) {
            (Some(number), Some(step)) if step != 0.0 => (number / step).fract() == 0.0,
            _ => true,
        },
    }
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Whether two values are equal as JSON Schema sees it: `1` equals `1.0`, the order of members does not count.
pub(crate) fn equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => compare(left, right) == Ordering::Equal,
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let same = |(name, value)| right.get::<String>(name).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

/// Whether any two items are equal.
pub(super) fn has_duplicates(items: &[Json]) -> bool {
    let mut seen = HashSet::new();
    items.iter().any(|item| {
        let mut key = String::new();
        canonical(item, &mut key);
        !seen.insert(key)
    })
}

/// Writes a value so that equal values give equal text.
fn canonical(value: &Json, out: &mut String) {
    match value {
        Json::Number(number) => match (integer(number), number.as_f64()) {
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 1e30 => *out += &(float as i128).to_string(),
            _ => *out += &number.to_string(),
        },
        Json::Array(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in members {
                *out += &Json::from(name.as_str()).to_string();
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        _ => *out += &value.to_string(),
    }
}

/// Writes a number as the messages do: shortest, with an exponent below 1e-04 and from 1e+06 on.
pub(super) fn go_float(number: &Number) -> String {
    let Some(float) = number.as_f64() else { return number.to_string() };
    let shortest = format!("{float:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a number after its `e`");
    if float != 0.0 && !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{float}")
}

/// Writes a list as compact JSON the way the messages do.
pub(super) fn go_json_list(values: &[Json]) -> String {
    let items: Vec<String> = values.iter().map(go_json).collect();
    format!("[{}]", items.join(","))
}

fn go_json(value: &Json) -> String {
    match value {
        Json::Number(number) if is_whole(number) && number.as_f64().is_some_and(|float| float.abs() < 1e21) => {
            integer(number)
                .map_or_else(|| format!("{}", number.as_f64().unwrap_or_default()), |whole| whole.to_string())
        }
        // `<`, `>` and `&` are escaped there, so that the text is safe inside HTML.
        _ => value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
    }
}
