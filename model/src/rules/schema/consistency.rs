//! What Radius accepts although it cannot have been meant: warnings.

use std::collections::HashSet;

use indexmap::IndexSet;
use serde_json::{Number, Value as Json};

use super::{Place, Rules};
use crate::advice::Advice;
use crate::base::SERVER_PROPERTIES;
use crate::path::Path;
use crate::rules::code;
use crate::schema::{Additional, Kind, Property, Schema};

impl Rules<'_> {
    pub(super) fn consistency(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        self.enumeration(schema, path);
        self.bounds(schema, path);
        self.multiple(schema, path);
        self.required_names(schema, path, place);
        if place == Place::Root {
            self.root(schema, path);
        }
    }

    fn enumeration(&mut self, schema: &Schema, path: &Path<'_>) {
        let Some(values) = &schema.enumeration else { return };
        let (span, path) = (schema.span_of("enum"), path.key("enum"));
        let help = "list each value once, in the type that the schema has";
        if values.is_empty() {
            let message = "an empty `enum` is ignored: every value is allowed";
            self.warning(code::ODD_ENUM, span, &path, message, help);
        }
        let mut seen = HashSet::new();
        if let Some((at, value)) = values.iter().enumerate().find(|(_, value)| !seen.insert(value.to_string())) {
            let span = schema.span_of_item("enum", at);
            self.warning(code::ODD_ENUM, span, &path, format!("`{value}` stands twice in `enum`"), help);
        }
        if let Some((at, value)) = values.iter().enumerate().find(|(_, value)| !fits(schema, value)) {
            let span = schema.span_of_item("enum", at);
            let help = match (schema.kind, value) {
                (Some(Kind::String), Json::Number(_) | Json::Bool(_)) => {
                    Advice::from(help).write(format!("\"{value}\"")).sure()
                }
                (Some(Kind::Integer | Kind::Number), Json::String(text)) if text.parse::<f64>().is_ok() => {
                    Advice::from(help).write(text.clone())
                }
                _ => help.into(),
            };
            let kind = schema.kind.map_or("any", Kind::as_str);
            let message = format!("`{value}` in `enum` can never be sent: the type is `{kind}`");
            self.warning(code::ODD_ENUM, span, &path, message, help);
        }
    }

    fn bounds(&mut self, schema: &Schema, path: &Path<'_>) {
        for (low, high) in contradictions(schema) {
            let message = format!("no value is valid: `{low}` excludes what `{high}` allows");
            let help = format!("lower `{low}`, or raise `{high}`");
            let (span, path) = (schema.span_of(low), path.key(low));
            // No default or example can be right then, and one that is wrong is refused.
            match schema.default.is_some() || schema.example.is_some() {
                true => self.error(code::CONTRADICTING_BOUNDS, span, &path, message, help),
                false => self.warning(code::CONTRADICTING_BOUNDS, span, &path, message, help),
            }
        }
    }

    fn multiple(&mut self, schema: &Schema, path: &Path<'_>) {
        if schema.number.multiple_of.as_ref().and_then(Number::as_f64).is_some_and(|step| step <= 0.0) {
            let message = "`multipleOf` is a step above zero; no number is a multiple of zero";
            let help = "write the step between valid numbers, such as `1` or `0.5`";
            let (span, path) = (schema.span_of("multipleOf"), path.key("multipleOf"));
            self.warning(code::CONTRADICTING_BOUNDS, span, &path, message, help);
        }
    }

    fn required_names(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        if matches!(schema.additional, Additional::Schema(_) | Additional::Allowed(true, _)) {
            return;
        }
        let base = &crate::base::base_schema().properties;
        let known = |name: &String| {
            let built_in = base.contains_key(name) || SERVER_PROPERTIES.contains(&name.as_str());
            schema.properties.contains_key(name) || place == Place::Root && built_in
        };
        let unknown: IndexSet<&String> = schema.required.iter().filter(|name| !known(name)).collect();
        for name in unknown {
            let message = format!("`required` names `{name}`, which is not among the `properties`");
            let words: Vec<&str> = name.split([' ', ';', '/']).filter(|word| !word.is_empty()).collect();
            let help = match crate::suggest::closest(name, schema.properties.keys().map(String::as_str)) {
                Some(known) => Advice::rename(known),
                None if words.len() > 1 && words.iter().all(|word| known(&(*word).to_owned())) => {
                    Advice::from("put a comma between the names").write(words.join(", "))
                }
                None => "declare the property, or remove the name".into(),
            };
            let at = schema.required.iter().position(|own| own == name).unwrap_or_default();
            let span = schema.span_of_item("required", at);
            self.warning(code::REQUIRED_UNDECLARED, span, &path.key("required"), message, help);
        }
    }

    fn root(&mut self, schema: &Schema, path: &Path<'_>) {
        if let Some(kind) = schema.kind.filter(|kind| *kind != Kind::Object) {
            let message = format!("the properties of a resource are always an object, never `{}`", kind.as_str());
            let help = Advice::from("write `type: object` with `properties`").write("object");
            let (span, path) = (schema.span_of("type"), path.key("type"));
            // An array without items is refused wherever it stands.
            match kind == Kind::Array && schema.items.is_none() {
                true => self.error(code::ROOT_NOT_OBJECT, span, &path, message, help),
                false => self.warning(code::ROOT_NOT_OBJECT, span, &path, message, help),
            }
        }
        if let Some(secrets) = schema.properties.get("secrets") {
            self.secrets(secrets, &path.key("properties").key("secrets"));
        }
    }

    /// Recipes write the name of a managed secret there, and fail when they cannot.
    fn secrets(&mut self, secrets: &Property, path: &Path<'_>) {
        let members = &secrets.schema.properties;
        let strings = members.values().all(|member| member.schema.kind == Some(Kind::String));
        let name = members.get("name").is_none_or(|name| name.schema.read_only);
        if secrets.schema.kind == Some(Kind::Object) && strings && name {
            return;
        }
        let message = "recipes that return secrets cannot fill this `secrets` property";
        let help = "make it an object of strings whose `name` is `readOnly: true`, or give it another name";
        self.warning(code::SECRETS_BLOCK, secrets.key_span, path, message, help);
    }
}

fn fits(schema: &Schema, value: &Json) -> bool {
    match (schema.kind, value) {
        (None | Some(Kind::Any), _) | (_, Json::Null) => true,
        (Some(Kind::String), value) => value.is_string(),
        (Some(Kind::Number), value) => value.is_number(),
        (Some(Kind::Integer), value) => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        (Some(Kind::Boolean), value) => value.is_boolean(),
        (Some(Kind::Object), value) => value.is_object(),
        (Some(Kind::Array), value) => value.is_array(),
    }
}

/// Bounds that exclude each other: the lower one and the upper one.
pub(super) fn contradictions(schema: &Schema) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let float = |number: &Option<Number>| number.as_ref().and_then(Number::as_f64);
    let numbers = match (float(&schema.number.minimum), float(&schema.number.maximum)) {
        (Some(low), Some(high)) => {
            let exclusive = schema.number.exclusive_minimum || schema.number.exclusive_maximum;
            low > high || low == high && exclusive
        }
        _ => false,
    };
    let above = |low: Option<u64>, high: Option<u64>| matches!((low, high), (Some(low), Some(high)) if low > high);
    let contradictions = [
        (numbers, "minimum", "maximum"),
        (above(schema.min_length, schema.max_length), "minLength", "maxLength"),
        (above(schema.min_items, schema.max_items), "minItems", "maxItems"),
        (above(schema.min_properties, schema.max_properties), "minProperties", "maxProperties"),
    ];
    contradictions.into_iter().filter(|(contradiction, ..)| *contradiction).map(|(_, low, high)| (low, high))
}
