//! Truth, comparison and arithmetic.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::super::expression::{Evaluator, Expr, Stop};
use super::{ANY, Function, as_array, as_bool, as_integer, as_text, order, pure, special, wrong};

pub(super) const TABLE: &[Function] = &[
    pure("true", 0, 0, |_| Ok(true.into())),
    pure("false", 0, 0, |_| Ok(false.into())),
    pure("null", 0, 0, |_| Ok(Json::Null)),
    special("if", 3, 3, choose),
    special("and", 2, ANY, |evaluator, _, args| all_are(evaluator, args, true)),
    special("or", 2, ANY, |evaluator, _, args| all_are(evaluator, args, false)),
    special("coalesce", 1, ANY, coalesce),
    pure("not", 1, 1, |args| Ok((!as_bool(&args[0])?).into())),
    pure("equals", 2, 2, |args| Ok((args[0] == args[1]).into())),
    pure("less", 2, 2, |args| Ok(compare(args)?.is_lt().into())),
    pure("lessOrEquals", 2, 2, |args| Ok(compare(args)?.is_le().into())),
    pure("greater", 2, 2, |args| Ok(compare(args)?.is_gt().into())),
    pure("greaterOrEquals", 2, 2, |args| Ok(compare(args)?.is_ge().into())),
    pure("add", 2, 2, |args| calculate(args, i64::checked_add)),
    pure("sub", 2, 2, |args| calculate(args, i64::checked_sub)),
    pure("mul", 2, 2, |args| calculate(args, i64::checked_mul)),
    pure("div", 2, 2, |args| calculate(args, i64::checked_div)),
    pure("mod", 2, 2, |args| calculate(args, i64::checked_rem)),
    pure("min", 1, ANY, |args| Ok(integers(args)?.into_iter().min().into())),
    pure("max", 1, ANY, |args| Ok(integers(args)?.into_iter().max().into())),
    pure("int", 1, 1, int),
    pure("float", 1, 1, float),
    pure("bool", 1, 1, bool),
    pure("fail", 1, 1, |args| Err(as_text(&args[0])?.to_owned())),
];

/// Only the branch that is chosen is evaluated: the other may refer to what is not there.
fn choose(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let condition = evaluator.eval(&args[0])?;
    let chosen = if as_bool(&condition)? { &args[1] } else { &args[2] };
    evaluator.eval(chosen)
}

fn all_are(evaluator: &mut Evaluator<'_, '_>, args: &[Expr], wanted: bool) -> Result<Json, Stop> {
    for arg in args {
        if as_bool(&evaluator.eval(arg)?)? != wanted {
            return Ok((!wanted).into());
        }
    }
    Ok(wanted.into())
}

fn coalesce(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    for arg in args {
        let value = evaluator.eval(arg)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Json::Null)
}

fn compare(args: &[Json]) -> Result<Ordering, String> {
    match (&args[0], &args[1]) {
        (Json::String(one), Json::String(two)) => Ok(order::compare(one, two)),
        (one, Json::String(_)) => Err(wrong(one, "a string")),
        (one, two) => Ok(as_integer(one)?.cmp(&as_integer(two)?)),
    }
}

fn calculate(args: &[Json], operation: fn(i64, i64) -> Option<i64>) -> Result<Json, String> {
    let (one, two) = (as_integer(&args[0])?, as_integer(&args[1])?);
    let result = operation(one, two);
    result.map(Json::from).ok_or_else(|| format!("`{one}` and `{two}` have no result that fits an integer"))
}

fn integers(args: &[Json]) -> Result<Vec<i64>, String> {
    let values = match args {
        [Json::Array(items)] => items.as_slice(),
        args => args,
    };
    if values.is_empty() {
        return Err("the array is empty".into());
    }
    values.iter().map(as_integer).collect()
}

fn int(args: &[Json]) -> Result<Json, String> {
    match &args[0] {
        Json::String(text) => {
            let parsed = text.trim().parse::<i64>();
            parsed.map(Json::from).map_err(|_| format!("`{text}` is not an integer"))
        }
        Json::Number(number) if number.is_f64() => Ok((number.as_f64().unwrap_or_default().round() as i64).into()),
        other => as_integer(other).map(Json::from),
    }
}

fn float(args: &[Json]) -> Result<Json, String> {
    match &args[0] {
        Json::Number(number) => Ok(Json::Number(number.clone())),
        other => {
            let text = as_text(other)?;
            let parsed = text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            parsed.map(Json::Number).ok_or_else(|| format!("`{text}` is not a number"))
        }
    }
}

fn bool(args: &[Json]) -> Result<Json, String> {
    match &args[0] {
        Json::Bool(value) => Ok((*value).into()),
        Json::Number(number) => Ok((number.as_i64() != Some(0)).into()),
        Json::String(text) => match text.to_lowercase().as_str() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        other => Err(wrong(other, "a boolean, a string or an integer")),
    }
}

/// Returns the index that a function was given, where it must not be negative.
pub(super) fn index(value: &Json) -> Result<usize, String> {
    usize::try_from(as_integer(value)?).map_err(|_| format!("{value} is negative"))
}

/// Returns the item `back` places from the end.
pub(super) fn from_end<'a>(array: &'a Json, back: &Json) -> Result<Option<&'a Json>, String> {
    let items = as_array(array)?;
    let back = index(back)?;
    Ok(items.len().checked_sub(back).filter(|_| back > 0).and_then(|at| items.get(at)))
}
