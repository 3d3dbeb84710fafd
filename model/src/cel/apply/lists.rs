//! Functions of lists.

use std::cmp::Ordering;
use std::rc::Rc;

use super::super::arithmetic::arithmetic;
use super::super::ast::Operator;
use super::super::compile::Frame;
use super::super::functions::Function;
use super::super::value::{Failure, List, Value};

pub(super) fn apply<'a>(
    function: Function,
    list: List<'a>,
    rest: &[Value<'a>],
    frame: &mut Frame<'a>,
) -> Result<Value<'a>, Failure> {
    let items = list.items()?;
    let made = |items: Vec<Value<'a>>| Ok(Value::List(List::Made(Rc::from(items))));
    match function {
        Function::IndexOf => index_of(items.iter().enumerate(), rest),
        Function::LastIndexOf => index_of(items.iter().enumerate().rev(), rest),
        Function::Reverse => made(items.into_iter().rev().collect()),
        Function::IsSorted => is_sorted(&items).map(Value::Bool),
        Function::Sum => sum(items),
        Function::Min => extreme(items, Ordering::Less),
        Function::Max => extreme(items, Ordering::Greater),
        Function::Slice => slice(&items, rest).and_then(made),
        Function::Sort => sorted(items).and_then(made),
        Function::Distinct => {
            let mut kept: Vec<Value<'a>> = Vec::new();
            for item in items {
                frame.spend(kept.len())?;
                if !holds(&kept, &item)? {
                    kept.push(item);
                }
            }
            made(kept)
        }
        Function::Join => joined(&items, rest),
        _ => {
            let Some(Value::List(other)) = rest.first() else { return Err(Failure::Unfit("a function of sets")) };
            let other = other.items()?;
            frame.spend(items.len().saturating_mul(other.len()))?;
            Ok(Value::Bool(match function {
                Function::SetContains => is_subset(&other, &items)?,
                Function::SetEquivalent => is_subset(&other, &items)? && is_subset(&items, &other)?,
                _ => {
                    let mut found = false;
                    for item in &items {
                        found |= holds(&other, item)?;
                    }
                    found
                }
            }))
        }
    }
}

fn holds(items: &[Value<'_>], value: &Value<'_>) -> Result<bool, Failure> {
    for item in items {
        if item.equals(value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_subset(some: &[Value<'_>], all: &[Value<'_>]) -> Result<bool, Failure> {
    for item in some {
        if !holds(all, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn index_of<'i, 'a: 'i>(
    items: impl Iterator<Item = (usize, &'i Value<'a>)>,
    rest: &[Value<'a>],
) -> Result<Value<'a>, Failure> {
    let wanted = rest.first().ok_or(Failure::Unfit("`indexOf`"))?;
    for (at, item) in items {
        if item.equals(wanted)? {
            return Ok(Value::Int(at as i64));
        }
    }
    Ok(Value::Int(-1))
}

fn is_sorted(items: &[Value<'_>]) -> Result<bool, Failure> {
    for pair in items.windows(2) {
        if pair[0].order(&pair[1])? == Some(Ordering::Greater) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn sum<'a>(items: Vec<Value<'a>>) -> Result<Value<'a>, Failure> {
    let mut items = items.into_iter();
    let first = items.next().unwrap_or(Value::Int(0));
    items.try_fold(first, |sum, item| arithmetic(Operator::Add, sum, item))
}

fn extreme<'a>(items: Vec<Value<'a>>, wanted: Ordering) -> Result<Value<'a>, Failure> {
    let mut items = items.into_iter();
    // An empty list has neither a least nor a greatest item.
    let mut best = items.next().ok_or(Failure::NoItem)?;
    for item in items {
        if item.order(&best)? == Some(wanted) {
            best = item;
        }
    }
    Ok(best)
}

fn slice<'a>(items: &[Value<'a>], rest: &[Value<'a>]) -> Result<Vec<Value<'a>>, Failure> {
    let [Value::Int(from), Value::Int(to)] = rest else { return Err(Failure::Unfit("`slice`")) };
    let (from, to) = (usize::try_from(*from), usize::try_from(*to));
    let (Ok(from), Ok(to)) = (from, to) else { return Err(Failure::NoItem) };
    Ok(items.get(from..to).ok_or(Failure::NoItem)?.to_vec())
}

fn sorted<'a>(mut items: Vec<Value<'a>>) -> Result<Vec<Value<'a>>, Failure> {
    if let Some(first) = items.first() {
        // What has no order is found before, so that sorting itself cannot fail.
        items.iter().try_for_each(|item| item.order(first).map(drop))?;
    }
    items.sort_by(|one, two| one.order(two).ok().flatten().unwrap_or(Ordering::Equal));
    Ok(items)
}

fn joined<'a>(items: &[Value<'a>], rest: &[Value<'a>]) -> Result<Value<'a>, Failure> {
    let between = match rest.first() {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Text(text) = item else { return Err(Failure::Unfit("`join`")) };
        if at > 0 {
            out += between;
        }
        out += text.as_str();
    }
    Ok(Value::made(out))
}
