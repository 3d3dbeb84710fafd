//! Reckoning: what does not fit into 64 bits is a failure, never another number.

use std::rc::Rc;

use super::ast::Operator;
use super::value::{Failure, List, Text, Value};

pub(super) fn negate<'a>(value: Value<'a>) -> Result<Value<'a>, Failure> {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(Failure::Overflow),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err(Failure::Unfit("`-`")),
    }
}

pub(super) fn arithmetic<'a>(operator: Operator, one: Value<'a>, two: Value<'a>) -> Result<Value<'a>, Failure> {
    match (one, two) {
        (Value::Int(one), Value::Int(two)) => whole(operator, one, two).map(Value::Int),
        (Value::Uint(one), Value::Uint(two)) => unsigned(operator, one, two).map(Value::Uint),
        (Value::Double(one), Value::Double(two)) => float(operator, one, two).map(Value::Double),
        (one, two) => match operator {
            Operator::Add => add(one, two),
            Operator::Subtract => subtract(one, two),
            _ => Err(Failure::Unfit("an operator")),
        },
    }
}

fn whole(operator: Operator, one: i64, two: i64) -> Result<i64, Failure> {
    let result = match operator {
        Operator::Add => one.checked_add(two),
        Operator::Subtract => one.checked_sub(two),
        Operator::Multiply => one.checked_mul(two),
        Operator::Divide | Operator::Remainder if two == 0 => return Err(Failure::DivisionByZero),
        Operator::Divide => one.checked_div(two),
        _ => one.checked_rem(two),
    };
    result.ok_or(Failure::Overflow)
}

fn unsigned(operator: Operator, one: u64, two: u64) -> Result<u64, Failure> {
    let result = match operator {
        Operator::Add => one.checked_add(two),
        Operator::Subtract => one.checked_sub(two),
        Operator::Multiply => one.checked_mul(two),
        Operator::Divide | Operator::Remainder if two == 0 => return Err(Failure::DivisionByZero),
        Operator::Divide => one.checked_div(two),
        _ => one.checked_rem(two),
    };
    result.ok_or(Failure::Overflow)
}

fn float(operator: Operator, one: f64, two: f64) -> Result<f64, Failure> {
    Ok(match operator {
        Operator::Add => one + two,
        Operator::Subtract => one - two,
        Operator::Multiply => one * two,
        Operator::Divide => one / two,
        _ => return Err(Failure::Unfit("`%`")),
    })
}

fn add<'a>(one: Value<'a>, two: Value<'a>) -> Result<Value<'a>, Failure> {
    Ok(match (one, two) {
        (Value::Text(one), Value::Text(two)) => {
            let joined = [one.as_str(), two.as_str()].concat();
            Value::Text(Text::Made(joined.into()))
        }
        (Value::Bytes(one), Value::Bytes(two)) => Value::Bytes([&*one, &*two].concat().into()),
        (Value::List(one), Value::List(two)) => {
            let mut items = one.items()?;
            items.extend(two.items()?);
            Value::List(List::Made(Rc::from(items)))
        }
        (Value::Timestamp(point), Value::Duration(span)) | (Value::Duration(span), Value::Timestamp(point)) => {
            Value::Timestamp(point.plus(span).ok_or(Failure::Overflow)?)
        }
        (Value::Duration(one), Value::Duration(two)) => Value::Duration(one.plus(two).ok_or(Failure::Overflow)?),
        _ => return Err(Failure::Unfit("`+`")),
    })
}

fn subtract<'a>(one: Value<'a>, two: Value<'a>) -> Result<Value<'a>, Failure> {
    Ok(match (one, two) {
        (Value::Timestamp(point), Value::Duration(span)) => {
            let back = span.0.checked_neg().map(super::time::Duration).ok_or(Failure::Overflow)?;
            Value::Timestamp(point.plus(back).ok_or(Failure::Overflow)?)
        }
        (Value::Timestamp(one), Value::Timestamp(two)) => Value::Duration(one.since(two).ok_or(Failure::Overflow)?),
        (Value::Duration(one), Value::Duration(two)) => Value::Duration(one.minus(two).ok_or(Failure::Overflow)?),
        _ => return Err(Failure::Unfit("`-`")),
    })
}
