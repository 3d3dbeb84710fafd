//! Nested templates in the scope of their parent: `expressionEvaluationOptions.scope: outer`, or no such option.
//!
//! Their expressions mean the parent's parameters, variables and resources. So they are evaluated before the nested
//! deployment begins, and what comes of it is a template without expressions.

use serde_json::{Map, Value as Json};

use super::expression::{Evaluator, Stop, count_of, within};

/// Evaluates a nested template where its parent stands.
///
/// # Errors
/// Expressions that cannot be evaluated; loops over resources with symbolic names.
pub(super) fn bind(evaluator: &mut Evaluator<'_, '_>, template: &Json) -> Result<Json, Stop> {
    let mut bound = Map::new();
    for (section, value) in template.as_object().into_iter().flatten() {
        let value = match (section.as_str(), value) {
            ("resources", Json::Array(list)) => resources(evaluator, list).map_err(|stop| within(stop, section))?,
            ("resources", Json::Object(by_symbol)) => {
                let mut made = Map::new();
                for (symbol, source) in by_symbol {
                    if source.get("copy").is_some() {
                        let message = "loops over symbolic names need `expressionEvaluationOptions.scope: inner`";
                        return Err(within(Stop::Error(message.into()), symbol));
                    }
                    made.insert(symbol.clone(), resource(evaluator, source).map_err(|stop| within(stop, symbol))?);
                }
                made.into()
            }
            ("outputs", value) => {
                let value = evaluator.value(value).map_err(|stop| within(stop, section))?;
                escape(value)
            }
            (_, value) => value.clone(),
        };
        bound.insert(section.clone(), value);
    }
    Ok(bound.into())
}

fn resources(evaluator: &mut Evaluator<'_, '_>, list: &[Json]) -> Result<Json, Stop> {
    let mut made = Vec::new();
    for source in list {
        let Some(copy) = source.get("copy") else {
            made.push(resource(evaluator, source)?);
            continue;
        };
        let name = copy["name"].as_str().unwrap_or_default().to_owned();
        let count = count_of(&evaluator.value(&copy["count"])?, &name)?;
        let mut source = source.clone();
        source.as_object_mut().map(|source| source.shift_remove("copy"));
        for index in 0..count {
            evaluator.loops.push((name.clone(), index));
            let turn = resource(evaluator, &source);
            evaluator.loops.pop();
            made.push(turn?);
        }
    }
    Ok(made.into())
}

/// Evaluates a resource; a template inside it keeps its own scope.
fn resource(evaluator: &mut Evaluator<'_, '_>, source: &Json) -> Result<Json, Stop> {
    let mut source = source.clone();
    let kind = source["type"].as_str().unwrap_or_default();
    let nests = kind.eq_ignore_ascii_case("Microsoft.Resources/deployments");
    let is_inner = is_inner(&source["properties"]);
    let properties = source.get_mut("properties").and_then(Json::as_object_mut).filter(|_| nests);
    let template = properties.and_then(|properties| properties.shift_remove("template"));
    let mut bound = escape(evaluator.value(&source)?);
    if let Some(template) = template {
        let template = if is_inner { template } else { bind(evaluator, &template)? };
        bound["properties"]["template"] = template;
    }
    Ok(bound)
}

/// Whether a nested deployment's properties ask for a scope of its own.
pub(super) fn is_inner(properties: &Json) -> bool {
    let scope = properties["expressionEvaluationOptions"]["scope"].as_str();
    scope.is_some_and(|scope| scope.eq_ignore_ascii_case("inner"))
}

/// Keeps values that look like expressions from being evaluated again.
fn escape(value: Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('[') && text.ends_with(']') => format!("[{text}").into(),
        Json::Array(items) => items.into_iter().map(escape).collect(),
        Json::Object(members) => {
            members.into_iter().map(|(key, value)| (key, escape(value))).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
