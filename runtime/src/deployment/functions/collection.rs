//! Arrays and objects.

use serde_json::{Map, Value as Json, json};

use super::super::expression::{Evaluator, Expr, Stop};
use super::logic::{from_end, index};
use super::text::{amount, position, slice};
use super::{ANY, Function, as_array, as_bool, as_object, as_text, find_member, print, pure, special, wrong};

pub(super) const TABLE: &[Function] = &[
    pure("createArray", 0, ANY, |args| Ok(args.to_vec().into())),
    pure("createObject", 0, ANY, create_object),
    pure("array", 1, 1, |args| Ok(if args[0].is_array() { args[0].clone() } else { json!([args[0]]) })),
    pure("concat", 1, ANY, concat),
    pure("length", 1, 1, length),
    pure("empty", 1, 1, empty),
    pure("contains", 2, 2, contains),
    pure("first", 1, 1, |args| end(&args[0], <[Json]>::first, |text| text.chars().next())),
    pure("last", 1, 1, |args| end(&args[0], <[Json]>::last, |text| text.chars().next_back())),
    pure("take", 2, 2, |args| part(&args[0], 0, amount(&args[1])?)),
    pure("skip", 2, 2, |args| part(&args[0], amount(&args[1])?, i64::MAX)),
    pure("indexOf", 2, 2, |args| {
        find(args, |text, part| text.find(part), |items, item| items.iter().position(|own| own == item))
    }),
    pure("lastIndexOf", 2, 2, |args| {
        find(args, |text, part| text.rfind(part), |items, item| items.iter().rposition(|own| own == item))
    }),
    pure("range", 2, 2, range),
    pure("flatten", 1, 1, flatten),
    pure("union", 1, ANY, union),
    pure("intersection", 2, ANY, intersection),
    pure("distinct", 1, 1, distinct),
    pure("shallowMerge", 1, 1, shallow_merge),
    pure("items", 1, 1, items),
    pure("objectKeys", 1, 1, object_keys),
    pure("tryGet", 2, ANY, try_get),
    pure("indexFromEnd", 2, 2, |args| {
        from_end(&args[0], &args[1])?.cloned().ok_or_else(|| format!("there is no item {} from the end", args[1]))
    }),
    pure("tryIndexFromEnd", 2, ANY, try_index_from_end),
    special("map", 2, 2, map),
    special("filter", 2, 2, filter),
    special("reduce", 3, 3, reduce),
    special("sort", 2, 2, sort),
    special("toObject", 2, 3, to_object),
    special("groupBy", 2, 3, group_by),
    special("mapValues", 2, 2, map_values),
    special("lambdaVariables", 1, 1, |evaluator, _, args| {
        let name = evaluator.eval(&args[0])?;
        evaluator.local(as_text(&name)?)
    }),
    special("lambda", 1, ANY, |_, _, _| Err(Stop::Error("a lambda is only an argument of other functions".into()))),
];

/// Longest array that [`range`] makes; the format's own limit.
const RANGE: usize = 10_000;
/// Most that start and count of a [`range`] may be together; the format's own limit.
const LAST: i64 = 2_147_483_647;

fn create_object(args: &[Json]) -> Result<Json, String> {
    if !args.len().is_multiple_of(2) {
        return Err("the last key has no value".into());
    }
    let pairs = args.chunks_exact(2).map(|pair| Ok((as_text(&pair[0])?.to_owned(), pair[1].clone())));
    pairs.collect::<Result<Map<_, _>, String>>().map(Json::Object)
}

fn concat(args: &[Json]) -> Result<Json, String> {
    if args.first().is_some_and(Json::is_array) {
        let parts = args.iter().map(as_array).collect::<Result<Vec<_>, _>>()?;
        return Ok(parts.into_iter().flatten().cloned().collect());
    }
    if let Some(other) = args.iter().find(|arg| arg.is_array() || arg.is_object()) {
        return Err(wrong(other, "a string"));
    }
    Ok(args.iter().map(print).collect::<String>().into())
}

fn length(args: &[Json]) -> Result<Json, String> {
    match &args[0] {
        Json::String(text) => Ok(text.chars().count().into()),
        Json::Array(items) => Ok(items.len().into()),
        Json::Object(members) => Ok(members.len().into()),
        other => Err(wrong(other, "a string, an array or an object")),
    }
}

fn empty(args: &[Json]) -> Result<Json, String> {
    match &args[0] {
        Json::Null => Ok(true.into()),
        other => Ok((length(std::slice::from_ref(other))? == json!(0)).into()),
    }
}

fn contains(args: &[Json]) -> Result<Json, String> {
    let found = match &args[0] {
        Json::String(text) => text.contains(&print(&args[1])),
        Json::Array(items) => items.contains(&args[1]),
        Json::Object(members) => find_member(members, as_text(&args[1])?).is_some(),
        other => return Err(wrong(other, "a string, an array or an object")),
    };
    Ok(found.into())
}

/// Returns the item or character at an end of an array or string: null and the empty string where there is none.
fn end(value: &Json, item: fn(&[Json]) -> Option<&Json>, character: fn(&str) -> Option<char>) -> Result<Json, String> {
    match value {
        Json::Array(items) => Ok(item(items).cloned().unwrap_or(Json::Null)),
        other => Ok(character(as_text(other)?).map(String::from).unwrap_or_default().into()),
    }
}

fn part(value: &Json, start: i64, count: i64) -> Result<Json, String> {
    match value {
        Json::Array(items) => {
            let (start, count) = (start.unsigned_abs() as usize, usize::try_from(count).unwrap_or(usize::MAX));
            Ok(items.iter().skip(start).take(count).cloned().collect())
        }
        other => Ok(slice(as_text(other)?, start, count).into()),
    }
}

fn find(
    args: &[Json],
    in_text: fn(&str, &str) -> Option<usize>,
    in_items: fn(&[Json], &Json) -> Option<usize>,
) -> Result<Json, String> {
    match &args[0] {
        Json::Array(items) => Ok(in_items(items, &args[1]).map_or(-1, |at| at as i64).into()),
        text => position(text, &args[1], in_text),
    }
}

fn range(args: &[Json]) -> Result<Json, String> {
    let start = super::as_integer(&args[0])?;
    let count = index(&args[1])?;
    if count > RANGE {
        return Err(format!("a range has at most {RANGE} items, not {count}"));
    }
    let end = start.checked_add(count as i64).filter(|end| *end <= LAST);
    let end = end.ok_or_else(|| format!("start and count of a range are {LAST} together at most"))?;
    Ok((start..end).collect())
}

fn flatten(args: &[Json]) -> Result<Json, String> {
    let parts = as_array(&args[0])?.iter().map(as_array).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten().cloned().collect())
}

fn union(args: &[Json]) -> Result<Json, String> {
    if args[0].is_array() {
        let mut result: Vec<Json> = Vec::new();
        for array in args {
            for item in as_array(array)? {
                if !result.contains(item) {
                    result.push(item.clone());
                }
            }
        }
        return Ok(result.into());
    }
    let mut result = Map::new();
    for object in args {
        merge(&mut result, as_object(object)?);
    }
    Ok(result.into())
}

/// Merges objects deeply; everything else is replaced.
fn merge(into: &mut Map<String, Json>, from: &Map<String, Json>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Json::Object(own)), Json::Object(other)) => merge(own, other),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

fn intersection(args: &[Json]) -> Result<Json, String> {
    if let Json::Array(first) = &args[0] {
        let others = args[1..].iter().map(as_array).collect::<Result<Vec<_>, _>>()?;
        let common = first.iter().filter(|item| others.iter().all(|other| other.contains(item)));
        return Ok(common.cloned().collect());
    }
    let others = args[1..].iter().map(as_object).collect::<Result<Vec<_>, _>>()?;
    let mut common = as_object(&args[0])?.clone();
    common.retain(|key, value| others.iter().all(|other| other.get(key) == Some(value)));
    Ok(common.into())
}

fn distinct(args: &[Json]) -> Result<Json, String> {
    as_array(&args[0])?;
    union(args)
}

fn shallow_merge(args: &[Json]) -> Result<Json, String> {
    let mut result = Map::new();
    for object in as_array(&args[0])? {
        for (key, value) in as_object(object)? {
            // Keys that differ in casing are one: the first writing and the last value stay.
            let known = result.keys().find(|own| own.eq_ignore_ascii_case(key)).cloned();
            result.insert(known.unwrap_or_else(|| key.clone()), value.clone());
        }
    }
    Ok(result.into())
}

fn items(args: &[Json]) -> Result<Json, String> {
    let mut pairs: Vec<_> = as_object(&args[0])?.iter().collect();
    pairs.sort_by(|(one, _), (two, _)| alphabetic(one, two));
    Ok(pairs.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect())
}

/// The order of keys, in which casing does not count: the sort must keep those in order that differ in nothing else.
fn alphabetic(one: &str, two: &str) -> std::cmp::Ordering {
    one.to_lowercase().cmp(&two.to_lowercase())
}

fn object_keys(args: &[Json]) -> Result<Json, String> {
    let mut keys: Vec<&String> = as_object(&args[0])?.keys().collect();
    keys.sort_by(|one, two| alphabetic(one, two));
    Ok(keys.into_iter().cloned().collect())
}

/// Follows keys and indexes; null as soon as one is not there.
fn try_get(args: &[Json]) -> Result<Json, String> {
    let mut value = &args[0];
    for key in &args[1..] {
        let next = match (value, key) {
            (Json::Object(members), Json::String(name)) => find_member(members, name),
            (Json::Array(items), Json::Number(at)) => at.as_u64().and_then(|at| items.get(at as usize)),
            (Json::Null, _) => None,
            (value, _) => return Err(wrong(value, "an object or an array")),
        };
        let Some(next) = next else { return Ok(Json::Null) };
        value = next;
    }
    Ok(value.clone())
}

fn try_index_from_end(args: &[Json]) -> Result<Json, String> {
    let Some(item) = from_end(&args[0], &args[1])? else { return Ok(Json::Null) };
    let mut path = vec![item.clone()];
    path.extend_from_slice(&args[2..]);
    try_get(&path)
}

fn array_of(evaluator: &mut Evaluator<'_, '_>, arg: &Expr) -> Result<Vec<Json>, Stop> {
    Ok(as_array(&evaluator.eval(arg)?)?.clone())
}

fn map(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let items = array_of(evaluator, &args[0])?.into_iter().enumerate();
    items.map(|(at, item)| evaluator.lambda(&args[1], &[item, at.into()])).collect()
}

fn filter(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let mut kept = Vec::new();
    for (at, item) in array_of(evaluator, &args[0])?.into_iter().enumerate() {
        let keep = evaluator.lambda(&args[1], &[item.clone(), at.into()])?;
        if as_bool(&keep)? {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

fn reduce(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let mut value = evaluator.eval(&args[1])?;
    for (at, item) in array_of(evaluator, &args[0])?.into_iter().enumerate() {
        value = evaluator.lambda(&args[2], &[value, item, at.into()])?;
    }
    Ok(value)
}

/// Sorts by insertion: the predicate is the template's own and may contradict itself.
fn sort(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let mut sorted: Vec<Json> = Vec::new();
    for item in array_of(evaluator, &args[0])? {
        let (mut low, mut high) = (0, sorted.len());
        while low < high {
            let middle = (low + high) / 2;
            let before = evaluator.lambda(&args[1], &[item.clone(), sorted[middle].clone()])?;
            if as_bool(&before)? { high = middle } else { low = middle + 1 }
        }
        sorted.insert(low, item);
    }
    Ok(sorted.into())
}

fn keyed(evaluator: &mut Evaluator<'_, '_>, args: &[Expr]) -> Result<Vec<(String, Json)>, Stop> {
    let mut pairs = Vec::new();
    for item in array_of(evaluator, &args[0])? {
        let key = evaluator.lambda(&args[1], std::slice::from_ref(&item))?;
        let key = as_text(&key)?.to_owned();
        let value = match args.get(2) {
            Some(lambda) => evaluator.lambda(lambda, &[item])?,
            None => item,
        };
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn to_object(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    Ok(Json::Object(keyed(evaluator, args)?.into_iter().collect()))
}

fn group_by(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let mut groups: Map<String, Json> = Map::new();
    for (key, value) in keyed(evaluator, args)? {
        if let Json::Array(group) = groups.entry(key).or_insert_with(|| json!([])) {
            group.push(value);
        }
    }
    Ok(groups.into())
}

fn map_values(evaluator: &mut Evaluator<'_, '_>, _: &str, args: &[Expr]) -> Result<Json, Stop> {
    let object = evaluator.eval(&args[0])?;
    let mut result = Map::new();
    for (key, value) in as_object(&object)? {
        result.insert(key.clone(), evaluator.lambda(&args[1], std::slice::from_ref(value))?);
    }
    Ok(result.into())
}
