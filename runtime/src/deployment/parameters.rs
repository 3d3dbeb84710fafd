//! From given parameters and defaults to values.

use serde_json::{Map, Value as Json};

use super::expression::{Evaluator, Phase, Resources, Scope, Stop, kind_of};
use super::functions::{Surroundings, find_member};
use super::template::{Problem, Template};

/// Deepest reference of definitions to each other.
const DEFINITIONS: usize = 32;

/// Whether a type's values must not be shown.
pub(super) fn is_secure(kind: Option<&Json>) -> bool {
    let kind = kind.and_then(Json::as_str).unwrap_or_default();
    kind.eq_ignore_ascii_case("securestring") || kind.eq_ignore_ascii_case("secureobject")
}

/// Returns the declaration of a parameter, through its `$ref`s.
pub(super) fn declaration<'t>(template: &'t Template, declared: &'t Json) -> &'t Json {
    let mut declared = declared;
    for _ in 0..DEFINITIONS {
        let target =
            declared.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix("#/definitions/"));
        match target.and_then(|name| template.definitions.get(name)) {
            Some(definition) => declared = definition,
            None => break,
        }
    }
    declared
}

/// Binds every declared parameter.
///
/// # Errors
/// Parameters that are not declared, not given, of the wrong type or out of bounds.
pub(super) fn bind(
    template: &Template,
    given: &Map<String, Json>,
    surroundings: &Surroundings,
) -> Result<Map<String, Json>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut values = Map::new();
    for (name, entry) in given {
        let place = format!("parameters.{name}");
        let declared = template.parameters.keys().find(|own| own.eq_ignore_ascii_case(name));
        let Some(declared) = declared else {
            let names: Vec<&str> = template.parameters.keys().map(String::as_str).collect();
            let message = format!("the template has no such parameter; it has `{}`", names.join("`, `"));
            problems.push(Problem::new(place, message));
            continue;
        };
        match entry.get("value") {
            Some(value) => {
                let mut value = value.clone();
                coerce(&mut value, declaration(template, &template.parameters[declared]));
                values.insert(declared.clone(), value);
            }
            None if entry.get("reference").is_some() => {
                problems.push(Problem::new(place, "references to key vaults are not supported; give the value"));
            }
            None => problems.push(Problem::new(place, "a parameter is given as an object with `value`")),
        }
    }
    problems.extend(fill_defaults(template, &mut values, surroundings));
    for (name, declared) in &template.parameters {
        let place = format!("parameters.{name}");
        match values.get(name) {
            Some(value) => check(template, declared, value, &place, &mut problems),
            None if declared.get("nullable") == Some(&Json::Bool(true)) => {
                values.insert(name.clone(), Json::Null);
            }
            None if declared.get("defaultValue").is_none() => {
                problems.push(Problem::new(place, "the parameter has no default, and no value was given"));
            }
            None => {}
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// Evaluates defaults; those that use other defaults come after them, whatever the order of the text.
fn fill_defaults(template: &Template, values: &mut Map<String, Json>, surroundings: &Surroundings) -> Vec<Problem> {
    let defaults =
        template.parameters.iter().filter_map(|(name, declared)| Some((name, declared.get("defaultValue")?)));
    let mut open: Vec<(&String, &Json)> = defaults.filter(|(name, _)| !values.contains_key(*name)).collect();
    loop {
        let mut failed = Vec::new();
        let before = open.len();
        for (name, default) in std::mem::take(&mut open) {
            let scope = Scope::new(template, values, Phase::Default, &Nothing, surroundings);
            match Evaluator::new(&scope).value(default) {
                Ok(value) => drop(values.insert(name.clone(), value)),
                Err(stop) => {
                    open.push((name, default));
                    failed.push(Problem::new(format!("parameters.{name}.defaultValue"), message(stop)));
                }
            }
        }
        if open.is_empty() || open.len() == before {
            return failed;
        }
    }
}

/// Returns the text of an evaluation's end.
pub(super) fn message(stop: Stop) -> String {
    match stop {
        Stop::Error(message) => message,
        Stop::Need(_) => "a resource is needed that is not known yet".into(),
    }
}

/// No resources: what defaults, names and conditions see.
pub(super) struct Nothing;

impl Resources for Nothing {
    fn reference(&self, name: &str, _: bool) -> Result<Json, Stop> {
        Err(Stop::Error(format!("the resource `{name}` is not known before the deployment begins")))
    }

    fn references(&self, symbol: &str) -> Result<Json, Stop> {
        self.reference(symbol, false)
    }

    fn action(&self, name: &str, _: &str) -> Result<Json, Stop> {
        self.reference(name, false)
    }

    fn id(&self, name: &str) -> Result<String, Stop> {
        self.reference(name, false).map(|_| String::new())
    }
}

/// Command lines give every value as text; what is plainly meant as integer or boolean becomes one.
fn coerce(value: &mut Json, declared: &Json) {
    let Json::String(text) = &*value else { return };
    let coerced = match kind(declared).as_str() {
        "int" => text.parse::<i64>().ok().map(Json::from),
        "bool" => text.to_ascii_lowercase().parse::<bool>().ok().map(Json::from),
        _ => None,
    };
    if let Some(coerced) = coerced {
        *value = coerced;
    }
}

fn kind(declared: &Json) -> String {
    declared.get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase()
}

fn check(template: &Template, declared: &Json, value: &Json, place: &str, problems: &mut Vec<Problem>) {
    let nullable = declared.get("nullable") == Some(&Json::Bool(true));
    let declared = declaration(template, declared);
    if value.is_null() && (nullable || declared.get("nullable") == Some(&Json::Bool(true))) {
        return;
    }
    let fits = match kind(declared).as_str() {
        "string" | "securestring" => value.is_string(),
        "int" => value.is_i64() || value.is_u64(),
        "bool" => value.is_boolean(),
        "array" => value.is_array(),
        "object" | "secureobject" => value.is_object(),
        _ => true,
    };
    if !fits {
        let wanted = kind(declared);
        problems.push(Problem::new(place, format!("the value is {}, but the type is `{wanted}`", kind_of(value))));
        return;
    }
    check_bounds(declared, value, place, problems);
    if let (Some(items), Some(item)) = (value.as_array(), declared.get("items").filter(|item| item.is_object())) {
        for (at, value) in items.iter().enumerate() {
            check(template, item, value, &format!("{place}[{at}]"), problems);
        }
    }
    let (Some(members), Some(properties)) = (value.as_object(), declared.get("properties").and_then(Json::as_object))
    else {
        return;
    };
    for (name, declared) in properties {
        match find_member(members, name) {
            Some(value) => check(template, declared, value, &format!("{place}.{name}"), problems),
            None if declaration(template, declared).get("nullable") == Some(&Json::Bool(true)) => {}
            None if declared.get("nullable") == Some(&Json::Bool(true)) => {}
            None => problems.push(Problem::new(place, format!("the property `{name}` is missing"))),
        }
    }
    if declared.get("additionalProperties") == Some(&Json::Bool(false)) {
        for name in members.keys().filter(|name| find_member(properties, name).is_none()) {
            problems.push(Problem::new(place, format!("there is no property `{name}`")));
        }
    }
}

fn check_bounds(declared: &Json, value: &Json, place: &str, problems: &mut Vec<Problem>) {
    let mut refuse = |message: String| problems.push(Problem::new(place, message));
    if let Some(allowed) = declared.get("allowedValues").and_then(Json::as_array)
        && !allowed.contains(value)
        && !value.as_array().is_some_and(|items| items.iter().all(|item| allowed.contains(item)))
    {
        let allowed: Vec<String> = allowed.iter().map(Json::to_string).collect();
        refuse(format!("the value is not one of {}", allowed.join(", ")));
    }
    let length = match value {
        Json::String(text) => Some(text.chars().count()),
        Json::Array(items) => Some(items.len()),
        _ => None,
    };
    let bound = |name: &str| declared.get(name).and_then(Json::as_i64);
    let bounds =
        [("minLength", "maxLength", length.map(|length| length as i64)), ("minValue", "maxValue", value.as_i64())];
    for (least, most, actual) in bounds {
        let Some(actual) = actual else { continue };
        if let Some(bound) = bound(least).filter(|bound| actual < *bound) {
            refuse(format!("{actual} is less than `{least}`, {bound}"));
        }
        if let Some(bound) = bound(most).filter(|bound| actual > *bound) {
            refuse(format!("{actual} is more than `{most}`, {bound}"));
        }
    }
}
