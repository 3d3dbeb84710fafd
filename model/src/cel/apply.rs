//! What the functions do.

mod convert;
mod lists;
mod texts;

use std::net::IpAddr;

use super::compile::{Frame, weight};
use super::functions::Function;
use super::time::{self, Part};
use super::value::{Failure, List, Value};

/// Calls a function.
pub(super) fn apply<'a>(
    function: Function,
    values: Vec<Value<'a>>,
    frame: &mut Frame<'a>,
) -> Result<Value<'a>, Failure> {
    frame.spend(values.iter().map(weight).sum())?;
    let mut values = values.into_iter();
    let first = values.next().ok_or(Failure::Unfit("a function"))?;
    let rest: Vec<Value<'a>> = values.collect();
    match function {
        Function::Size => size(&first),
        Function::IndexOf | Function::LastIndexOf | Function::Reverse => match first {
            Value::List(list) => lists::apply(function, list, &rest, frame),
            other => texts::apply(function, &other, &rest),
        },
        Function::IsSorted
        | Function::Sum
        | Function::Min
        | Function::Max
        | Function::Slice
        | Function::Distinct
        | Function::Sort
        | Function::SetContains
        | Function::SetIntersects
        | Function::SetEquivalent
        | Function::Join => match first {
            Value::List(list) => lists::apply(function, list, &rest, frame),
            _ => Err(Failure::Unfit("a function of lists")),
        },
        Function::Greatest | Function::Least => {
            let all: Vec<Value<'a>> = [first].into_iter().chain(rest).collect();
            let function = if function == Function::Greatest { Function::Max } else { Function::Min };
            lists::apply(function, List::Made(all.into()), &[], frame)
        }
        Function::Abs => match first {
            Value::Int(value) => value.checked_abs().map(Value::Int).ok_or(Failure::Overflow),
            Value::Double(value) => Ok(Value::Double(value.abs())),
            Value::Uint(value) => Ok(Value::Uint(value)),
            _ => Err(Failure::Unfit("`math.abs`")),
        },
        Function::ToInt
        | Function::ToUint
        | Function::ToDouble
        | Function::ToText
        | Function::ToBool
        | Function::ToBytes
        | Function::ToTimestamp
        | Function::ToDuration => convert::apply(function, first),
        Function::TypeOf => Ok(Value::Type(first.type_name())),
        Function::Same => Ok(first),
        Function::Part(part) => part_of(part, &first, rest.first()),
        Function::IsIp | Function::IsUrl => match &first {
            Value::Text(text) if function == Function::IsIp => Ok(Value::Bool(text.as_str().parse::<IpAddr>().is_ok())),
            Value::Text(text) => Ok(Value::Bool(texts::is_url(text.as_str()))),
            _ => Err(Failure::Unfit("a function of texts")),
        },
        _ => texts::apply(function, &first, &rest),
    }
}

fn size<'a>(value: &Value<'a>) -> Result<Value<'a>, Failure> {
    let size = match value {
        Value::Text(text) => text.as_str().chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Failure::Unfit("`size`")),
    };
    Ok(Value::Int(size as i64))
}

fn part_of<'a>(part: Part, value: &Value<'a>, zone: Option<&Value<'a>>) -> Result<Value<'a>, Failure> {
    match (value, zone) {
        (Value::Timestamp(point), None) => Ok(Value::Int(point.part(part, jiff::tz::Offset::UTC))),
        (Value::Timestamp(point), Some(Value::Text(zone))) => {
            let offset = time::offset(zone.as_str()).ok_or(Failure::Unreadable("offset from UTC"))?;
            Ok(Value::Int(point.part(part, offset)))
        }
        (Value::Duration(span), None) => part.of_span(*span).map(Value::Int).ok_or(Failure::Unfit("a part of a date")),
        _ => Err(Failure::Unfit("a part of a date")),
    }
}
