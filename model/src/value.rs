//! Values against schemas, in the words of the Radius HTTP contract (parts 4 and 5.1).
//!
//! This is the slow and talkative way: it finds every violation and says what is wrong. Whether a
//! body is valid at all is decided faster by the runtime core; both have to agree, which a property
//! test of the runtime shows.

mod number;

pub(crate) use number::{equal, is_whole};

use serde_json::{Map, Number, Value as Json};

use crate::pattern;
use crate::pointer;
use crate::schema::{Additional, Kind, Schema};
use crate::suggest::closest;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to the value, such as `/credentials/username`; empty for the whole.
    pub pointer: String,
    /// What is wrong there, in the words of the Radius HTTP contract, part 4.
    pub message: String,
    /// What the author may have meant, where that can be guessed.
    pub hint: Option<String>,
}

/// Returns every violation of `value` against `schema`, which stands in the document `root`.
///
/// Properties are looked at in alphabetical order, missing ones after those that are given.
pub fn violations(schema: &Schema, root: &Schema, value: &Json) -> Vec<Violation> {
    let matches = |pattern: &str, text: &str| pattern::compile(pattern).is_ok_and(|regex| regex.is_match(text));
    violations_with(schema, root, value, &matches)
}

/// As [`violations`], with a function that says whether a pattern matches a text.
pub fn violations_with(
    schema: &Schema,
    root: &Schema,
    value: &Json,
    matches: &dyn Fn(&str, &str) -> bool,
) -> Vec<Violation> {
    let checker = Checker { root, matches };
    let mut found = Vec::new();
    checker.value(schema, value, &mut String::new(), &mut found);
    found
}

struct Checker<'c> {
    root: &'c Schema,
    matches: &'c dyn Fn(&str, &str) -> bool,
}

impl Checker<'_> {
    fn value(&self, schema: &Schema, value: &Json, at: &mut String, found: &mut Vec<Violation>) {
        if let Some(reference) = &schema.reference {
            if let Some(target) = self.root.resolve(reference) {
                self.value(target, value, at, found);
            }
            return;
        }
        if value.is_null() && schema.nullable || schema.is_unrestricted() {
            return;
        }
        let before = found.len();
        self.combined(schema, value, at, found);
        if found.len() > before {
            return;
        }
        let combined = &schema.composition;
        let has_variants =
            [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().any(|list| !list.is_empty());
        // Variants decide about null themselves.
        if value.is_null() && has_variants {
            return;
        }
        if let Some(allowed) = schema.enumeration.as_ref().filter(|allowed| !allowed.is_empty())
            && !allowed.iter().any(|allowed| number::equal(allowed, value))
        {
            return report(
                at,
                found,
                format!("value is not one of the allowed values {}", number::go_json_list(allowed)),
            );
        }
        self.by_type(schema, value, at, found);
    }

    fn by_type(&self, schema: &Schema, value: &Json, at: &mut String, found: &mut Vec<Violation>) {
        let expected = schema.kind.filter(|kind| *kind != Kind::Any && !has_kind(*kind, value));
        if value.is_null() {
            return report(at, found, "Value is not nullable".to_owned());
        }
        if let Some(kind) = expected {
            let article = if matches!(kind, Kind::Array | Kind::Integer | Kind::Object) { "an" } else { "a" };
            return report(at, found, format!("value must be {article} {}", kind.as_str()));
        }
        match value {
            Json::Number(number) => numbers(schema, number, at, found),
            Json::String(text) => self.text(schema, text, at, found),
            Json::Array(items) => self.array(schema, items, at, found),
            Json::Object(members) => self.object(schema, members, at, found),
            Json::Null | Json::Bool(_) => {}
        }
    }

    fn combined(&self, schema: &Schema, value: &Json, at: &str, found: &mut Vec<Violation>) {
        let combined = &schema.composition;
        if let Some(not) = &combined.not
            && self.is_valid(not, value)
        {
            // The protocol has no words for this one.
            return report(at, found, String::new());
        }
        if !combined.one_of.is_empty() {
            if let Some(message) = discriminator(combined.discriminator.as_ref(), value) {
                return report(at, found, message);
            }
            let matching: Vec<String> = (combined.one_of.iter().enumerate())
                .filter(|(_, variant)| self.is_valid(variant, value))
                .map(|(at, _)| at.to_string())
                .collect();
            match matching.len() {
                0 => return report(at, found, "value doesn't match any schema from \"oneOf\"".to_owned()),
                1 => {}
                _ => {
                    let list = matching.join(" ");
                    let message = format!(
                        "value matches more than one schema from \"oneOf\" (matches schemas at indices [{list}])"
                    );
                    return report(at, found, message);
                }
            }
        }
        if !combined.any_of.is_empty() && !combined.any_of.iter().any(|variant| self.is_valid(variant, value)) {
            return report(at, found, "doesn't match any schema from \"anyOf\"".to_owned());
        }
        if !combined.all_of.iter().all(|part| self.is_valid(part, value)) {
            report(at, found, "doesn't match all schemas from \"allOf\"".to_owned());
        }
    }

    fn is_valid(&self, schema: &Schema, value: &Json) -> bool {
        let mut found = Vec::new();
        self.value(schema, value, &mut String::new(), &mut found);
        found.is_empty()
    }

    fn text(&self, schema: &Schema, text: &str, at: &str, found: &mut Vec<Violation>) {
        let length = text.chars().count() as u64;
        if let Some(min) = schema.min_length.filter(|min| length < *min) {
            report(at, found, format!("minimum string length is {min}"));
        }
        if let Some(max) = schema.max_length.filter(|max| length > *max) {
            report(at, found, format!("maximum string length is {max}"));
        }
        if let Some(pattern) = schema.pattern.as_ref().filter(|pattern| !(self.matches)(pattern, text)) {
            report(at, found, format!("string doesn't match the regular expression \"{pattern}\""));
        }
        if let Some(format) = &schema.format
            && let Some(regex) = pattern::of_format(format)
            && !regex.is_match(text)
        {
            let reason = format!("string doesn't match pattern \"{regex}\"");
            report(at, found, format!("string doesn't match the format \"{format}\" ({reason})"));
        }
    }

    fn array(&self, schema: &Schema, items: &[Json], at: &mut String, found: &mut Vec<Violation>) {
        let count = items.len() as u64;
        if let Some(min) = schema.min_items.filter(|min| count < *min) {
            report(at, found, format!("minimum number of items is {min}"));
        }
        if let Some(max) = schema.max_items.filter(|max| count > *max) {
            report(at, found, format!("maximum number of items is {max}"));
        }
        if schema.unique_items && number::has_duplicates(items) {
            report(at, found, "duplicate items found".to_owned());
        }
        if let Some(each) = &schema.items {
            for (index, item) in items.iter().enumerate() {
                self.member(each, item, &index.to_string(), at, found);
            }
        }
    }

    fn object(&self, schema: &Schema, members: &Map<String, Json>, at: &mut String, found: &mut Vec<Violation>) {
        let count = members.len() as u64;
        if let Some(min) = schema.min_properties.filter(|min| count < *min) {
            report(at, found, format!("there must be at least {min} properties"));
        }
        if let Some(max) = schema.max_properties.filter(|max| count > *max) {
            report(at, found, format!("there must be at most {max} properties"));
        }
        let mut given: Vec<(&String, &Json)> = members.iter().collect();
        given.sort_unstable_by_key(|(name, _)| *name);
        for (name, value) in given {
            if let Some(property) = schema.properties.get(name) {
                self.member(&property.schema, value, name, at, found);
                continue;
            }
            match &schema.additional {
                Additional::Schema(values) => self.member(values, value, name, at, found),
                Additional::Allowed(false, _) => unsupported(schema, name, at, found),
                Additional::Absent | Additional::Allowed(true, _) => {}
            }
        }
        for name in schema.required.iter().filter(|name| !members.contains_key(*name)) {
            let length = at.len();
            pointer::push(at, name);
            report(at, found, format!("property {name:?} is missing"));
            at.truncate(length);
        }
    }

    fn member(&self, schema: &Schema, value: &Json, name: &str, at: &mut String, found: &mut Vec<Violation>) {
        let length = at.len();
        pointer::push(at, name);
        self.value(schema, value, at, found);
        at.truncate(length);
    }
}

fn numbers(schema: &Schema, value: &Number, at: &str, found: &mut Vec<Violation>) {
    let bounds = &schema.number;
    if schema.kind == Some(Kind::Integer) && schema.format.as_deref() == Some("int32") && !number::is_int32(value) {
        let message = "integer doesn't match the format \"int32\" (value should be between -2147483648 and 2147483647)";
        report(at, found, message.to_owned());
    }
    if let Some(min) = &bounds.minimum {
        let message = match number::compare(value, min) {
            std::cmp::Ordering::Less if !bounds.exclusive_minimum => Some("number must be at least"),
            std::cmp::Ordering::Less | std::cmp::Ordering::Equal if bounds.exclusive_minimum => {
                Some("number must be more than")
            }
            _ => None,
        };
        report_all(at, found, message.map(|message| format!("{message} {}", number::go_float(min))));
    }
    if let Some(max) = &bounds.maximum {
        let message = match number::compare(value, max) {
            std::cmp::Ordering::Greater if !bounds.exclusive_maximum => Some("number must be at most"),
            std::cmp::Ordering::Greater | std::cmp::Ordering::Equal if bounds.exclusive_maximum => {
                Some("number must be less than")
            }
            _ => None,
        };
        report_all(at, found, message.map(|message| format!("{message} {}", number::go_float(max))));
    }
    if let Some(step) = bounds.multiple_of.as_ref().filter(|step| !number::is_multiple(value, step)) {
        report(at, found, format!("number must be a multiple of {}", number::go_float(step)));
    }
}

fn unsupported(schema: &Schema, name: &str, at: &str, found: &mut Vec<Violation>) {
    let hint =
        closest(name, schema.properties.keys().map(String::as_str)).map(|known| format!("did you mean `{known}`?"));
    // The protocol names the object here, not the property.
    let message = format!("property {name:?} is unsupported");
    found.push(Violation { pointer: at.to_owned(), message, hint });
}

/// Returns what is wrong with the property that tells variants apart, if anything is.
fn discriminator(discriminator: Option<&Json>, value: &Json) -> Option<String> {
    let discriminator = discriminator?;
    let name = discriminator.get("propertyName")?.as_str()?;
    match value.as_object()?.get(name) {
        None => Some(format!("input does not contain the discriminator property {name:?}")),
        Some(Json::String(text)) => {
            let mapping =
                discriminator.get("mapping").and_then(Json::as_object).filter(|mapping| !mapping.is_empty())?;
            (!mapping.contains_key(text)).then(|| format!("discriminator property {name:?} has invalid value"))
        }
        Some(_) => Some(format!("value of discriminator property {name:?} is not a string")),
    }
}

/// Whether a value is of a type; whole numbers are integers however they are written.
fn has_kind(kind: Kind, value: &Json) -> bool {
    match kind {
        Kind::String => value.is_string(),
        Kind::Number => value.is_number(),
        Kind::Integer => value.as_number().is_some_and(number::is_whole),
        Kind::Boolean => value.is_boolean(),
        Kind::Object => value.is_object(),
        Kind::Array => value.is_array(),
        Kind::Any => true,
    }
}

fn report(at: &str, found: &mut Vec<Violation>, message: String) {
    found.push(Violation { pointer: at.to_owned(), message, hint: None });
}

fn report_all(at: &str, found: &mut Vec<Violation>, messages: Option<String>) {
    found.extend(messages.map(|message| Violation { pointer: at.to_owned(), message, hint: None }));
}
