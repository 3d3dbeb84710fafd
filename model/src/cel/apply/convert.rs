//! Conversions between types.

use super::super::functions::Function;
use super::super::time::{Duration, Timestamp};
use super::super::value::{Failure, Value};

pub(super) fn apply<'a>(function: Function, value: Value<'a>) -> Result<Value<'a>, Failure> {
    match function {
        Function::ToInt => to_int(&value).map(Value::Int),
        Function::ToUint => to_uint(&value).map(Value::Uint),
        Function::ToDouble => to_double(&value).map(Value::Double),
        Function::ToText => to_text(value),
        Function::ToBool => match &value {
            Value::Bool(flag) => Ok(Value::Bool(*flag)),
            Value::Text(text) => match text.as_str() {
                "true" | "True" | "TRUE" | "t" | "1" => Ok(Value::Bool(true)),
                "false" | "False" | "FALSE" | "f" | "0" => Ok(Value::Bool(false)),
                _ => Err(Failure::Unreadable("boolean")),
            },
            _ => Err(Failure::Unfit("`bool`")),
        },
        Function::ToBytes => match value {
            Value::Text(text) => Ok(Value::Bytes(text.as_str().as_bytes().into())),
            bytes @ Value::Bytes(_) => Ok(bytes),
            _ => Err(Failure::Unfit("`bytes`")),
        },
        Function::ToTimestamp => match &value {
            Value::Timestamp(point) => Ok(Value::Timestamp(*point)),
            Value::Int(seconds) => Timestamp::from_seconds(*seconds).map(Value::Timestamp).ok_or(Failure::Overflow),
            Value::Text(text) => {
                Timestamp::parse(text.as_str()).map(Value::Timestamp).ok_or(Failure::Unreadable("date and time"))
            }
            _ => Err(Failure::Unfit("`timestamp`")),
        },
        _ => match &value {
            Value::Duration(span) => Ok(Value::Duration(*span)),
            Value::Int(seconds) => seconds
                .checked_mul(1_000_000_000)
                .map(|nanos| Value::Duration(Duration(nanos)))
                .ok_or(Failure::Overflow),
            Value::Text(text) => {
                Duration::parse(text.as_str()).map(Value::Duration).ok_or(Failure::Unreadable("duration"))
            }
            _ => Err(Failure::Unfit("`duration`")),
        },
    }
}

fn to_int(value: &Value<'_>) -> Result<i64, Failure> {
    match value {
        Value::Int(value) => Ok(*value),
        Value::Uint(value) => i64::try_from(*value).map_err(|_| Failure::Overflow),
        Value::Double(value) => {
            // Both ends are left out: there a float no longer tells neighbours apart.
            let fits = *value > -9_223_372_036_854_775_808.0 && *value < 9_223_372_036_854_775_808.0;
            if fits { Ok(value.trunc() as i64) } else { Err(Failure::Overflow) }
        }
        Value::Text(text) => text.as_str().parse().map_err(|_| Failure::Unreadable("whole number")),
        Value::Timestamp(point) => Ok(point.seconds()),
        _ => Err(Failure::Unfit("`int`")),
    }
}

fn to_uint(value: &Value<'_>) -> Result<u64, Failure> {
    match value {
        Value::Int(value) => u64::try_from(*value).map_err(|_| Failure::Overflow),
        Value::Uint(value) => Ok(*value),
        Value::Double(value) => {
            let fits = *value >= 0.0 && *value < 18_446_744_073_709_551_616.0;
            if fits { Ok(value.trunc() as u64) } else { Err(Failure::Overflow) }
        }
        Value::Text(text) => text.as_str().parse().map_err(|_| Failure::Unreadable("whole number")),
        _ => Err(Failure::Unfit("`uint`")),
    }
}

fn to_double(value: &Value<'_>) -> Result<f64, Failure> {
    match value {
        Value::Int(value) => Ok(*value as f64),
        Value::Uint(value) => Ok(*value as f64),
        Value::Double(value) => Ok(*value),
        Value::Text(text) => text.as_str().parse().map_err(|_| Failure::Unreadable("number")),
        _ => Err(Failure::Unfit("`double`")),
    }
}

fn to_text<'a>(value: Value<'a>) -> Result<Value<'a>, Failure> {
    Ok(Value::made(match &value {
        Value::Text(_) => return Ok(value),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| Failure::Unreadable("Unicode"))?.to_owned(),
        other => shown(other).ok_or(Failure::Unfit("`string`"))?,
    }))
}

/// How a plain value is written; `None` for lists, maps and bytes.
pub(super) fn shown(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) => double(*value),
        Value::Text(text) => text.as_str().to_owned(),
        Value::Timestamp(point) => point.shown(),
        Value::Duration(span) => span.shown(),
        Value::Null => "null".to_owned(),
        Value::Type(name) => (*name).to_owned(),
        Value::Bytes(_) | Value::List(_) | Value::Map(_) => return None,
    })
}

/// The shortest digits; an exponent below 1e-04 and from 1e+21 on.
fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("`{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a number after its `e`");
    if value != 0.0 && !(-4..21).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}
