//! From given parameters and defaults to values.

use std::collections::HashSet;

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

/// Whether values of a declared type hold secrets, themselves or in a property.
pub(super) fn has_secrets(template: &Template, declared: &Json) -> bool {
    fn look(template: &Template, declared: &Json, seen: &mut HashSet<*const Json>) -> bool {
        let declared = declaration(template, declared);
        if !seen.insert(declared) {
            return false;
        }
        if is_secure(declared.get("type")) {
            return true;
        }
        let members =
            declared.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(_, value)| value);
        let variants = declared["discriminator"]["mapping"].as_object().into_iter().flatten().map(|(_, value)| value);
        let items = declared.get("prefixItems").and_then(Json::as_array).into_iter().flatten();
        let single = ["items", "additionalProperties"].into_iter().filter_map(|name| declared.get(name));
        members.chain(variants).chain(items).chain(single).any(|inner| look(template, inner, seen))
    }
    look(template, declared, &mut HashSet::new())
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
    let (mut values, mut problems) = given_values(template, given);
    let is_missing = |(name, declared): &(&String, &Json)| {
        let is_optional = declared.get("nullable") == Some(&Json::Bool(true)) || declared.get("defaultValue").is_some();
        !is_optional && !values.contains_key(*name)
    };
    let missing: Vec<&String> = template.parameters.iter().filter(is_missing).map(|(name, _)| name).collect();
    // Defaults that use what is missing are wrong for that reason alone.
    if missing.is_empty() {
        problems.extend(fill_defaults(template, &mut values, surroundings));
    }
    for (name, declared) in &template.parameters {
        match values.get(name) {
            Some(value) => check(template, declared, value, &format!("parameters.{name}"), &mut problems),
            None if declared.get("nullable") == Some(&Json::Bool(true)) => {
                values.insert(name.clone(), Json::Null);
            }
            None if missing.contains(&name) => {
                let message = "the parameter has no default, and no value was given";
                problems.push(Problem::new(format!("parameters.{name}"), message));
            }
            None => {}
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// Binds parameters whose values may not be known yet, so that their types cannot be checked.
///
/// # Errors
/// Parameters that are not declared.
pub(super) fn bind_unchecked(
    template: &Template,
    given: &Map<String, Json>,
    surroundings: &Surroundings,
) -> Result<Map<String, Json>, Vec<Problem>> {
    let (mut values, mut problems) = given_values(template, given);
    problems.extend(fill_defaults(template, &mut values, surroundings));
    for name in template.parameters.keys() {
        values.entry(name.clone()).or_insert(Json::Null);
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// Returns the given values by the names that the template has for them.
fn given_values(template: &Template, given: &Map<String, Json>) -> (Map<String, Json>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut values = Map::new();
    for (name, entry) in given {
        let place = format!("parameters.{name}");
        let declared = template.parameters.keys().find(|own| own.eq_ignore_ascii_case(name));
        let Some(declared) = declared else {
            let names: Vec<&str> = template.parameters.keys().map(String::as_str).collect();
            let message = match names.is_empty() {
                true => "the template has no such parameter; it has none at all".to_owned(),
                false => format!("the template has no such parameter; it has `{}`", names.join("`, `")),
            };
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
            None if entry.get("expression").is_some() => {
                problems.push(Problem::new(place, "inputs from outside are read by the compiler; give the value"));
            }
            None => problems.push(Problem::new(place, "a parameter is given as an object with `value`")),
        }
    }
    (values, problems)
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

/// Checks a value against a declared type, that of a parameter or of an output.
pub(super) fn check(template: &Template, declared: &Json, value: &Json, place: &str, problems: &mut Vec<Problem>) {
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
    check_items(template, declared, value, place, problems);
    let chosen = match chosen(template, declared, value) {
        Ok(chosen) => chosen,
        Err(message) => return problems.push(Problem::new(place, message)),
    };
    check_members(template, chosen.unwrap_or(declared), value, place, problems);
}

fn check_items(template: &Template, declared: &Json, value: &Json, place: &str, problems: &mut Vec<Problem>) {
    let Some(items) = value.as_array() else { return };
    let fixed = declared.get("prefixItems").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let rest = declared.get("items").filter(|item| !item.is_null());
    for (at, value) in items.iter().enumerate() {
        match fixed.get(at).or(rest) {
            Some(Json::Bool(false)) => {
                let message = format!("the array has {} items, but at most {} are allowed", items.len(), fixed.len());
                return problems.push(Problem::new(place, message));
            }
            Some(item) => check(template, item, value, &format!("{place}[{at}]"), problems),
            None => {}
        }
    }
    if items.len() < fixed.len() {
        let message = format!("the array has {} items, but {} are wanted", items.len(), fixed.len());
        problems.push(Problem::new(place, message));
    }
}

/// Returns the variant of a type that a value's discriminator chooses.
fn chosen<'t>(template: &'t Template, declared: &'t Json, value: &Json) -> Result<Option<&'t Json>, String> {
    let (Some(discriminator), Some(members)) = (declared.get("discriminator"), value.as_object()) else {
        return Ok(None);
    };
    let name = discriminator["propertyName"].as_str().unwrap_or_default();
    let mapping = discriminator["mapping"].as_object();
    let chosen = find_member(members, name).and_then(Json::as_str);
    let variant = chosen.and_then(|chosen| mapping.and_then(|mapping| mapping.get(chosen)));
    variant.map(|variant| Some(declaration(template, variant))).ok_or_else(|| {
        let known: Vec<&str> = mapping.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        format!("`{name}` must be one of `{}`", known.join("`, `"))
    })
}

fn check_members(template: &Template, declared: &Json, value: &Json, place: &str, problems: &mut Vec<Problem>) {
    let Some(members) = value.as_object() else { return };
    let none = Map::new();
    let properties = declared.get("properties").and_then(Json::as_object).unwrap_or(&none);
    for (name, declared) in properties {
        let is_nullable = |declared: &Json| declared.get("nullable") == Some(&Json::Bool(true));
        match find_member(members, name) {
            Some(value) => check(template, declared, value, &format!("{place}.{name}"), problems),
            None if is_nullable(declared) || is_nullable(declaration(template, declared)) => {}
            None => problems.push(Problem::new(place, format!("the property `{name}` is missing"))),
        }
    }
    let others = members.iter().filter(|(name, _)| find_member(properties, name).is_none());
    match declared.get("additionalProperties") {
        Some(Json::Bool(false)) => {
            for (name, _) in others {
                problems.push(Problem::new(place, format!("there is no property `{name}`")));
            }
        }
        Some(of @ Json::Object(_)) => {
            for (name, value) in others {
                check(template, of, value, &format!("{place}.{name}"), problems);
            }
        }
        _ => {}
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
