//! The values of portable resources: what their author gives, what a recipe returns, and what follows from both.

use serde_json::{Map, Value as Json};

use crate::Fault;
use crate::recipe::Outcome;

/// The JSON type of a property.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
}

/// A property of a type, and whether it must have a value in the end.
pub(super) type Property = (&'static str, Form, bool);

/// Fills properties that their author left open with what a recipe returned; without a recipe, with nothing. Where
/// something is wrong, nothing is filled.
///
/// # Errors
/// Names every value that is missing or of another type.
pub(super) fn fill(
    properties: &mut Map<String, Json>,
    known: &[Property],
    secrets: &mut Map<String, Json>,
    known_secrets: &[&str],
    outcome: Option<&Outcome>,
) -> Result<(), Fault> {
    let mut problems = Vec::new();
    let (mut values, mut hidden) = (Vec::new(), Vec::new());
    for (name, form, required) in known {
        if properties.get(*name).is_some_and(|value| !is_open(value)) {
            continue;
        }
        match (outcome.map(|outcome| outcome.values.get(*name)), required) {
            (Some(Some(value)), _) => match convert(value, *form) {
                Ok(value) => values.push(((*name).to_owned(), value)),
                Err(wanted) => problems.push(mismatch("connection value", name, wanted, value)),
            },
            (Some(None), true) => problems.push(format!(
                "the connection value {name:?} should be provided by the recipe, set '.properties.{name}' to provide a \
                 value manually"
            )),
            (None, true) => problems.push(format!(
                "the connection value {name:?} must be provided when not using a recipe. Set '.properties.{name}' to \
                 provide a value manually"
            )),
            (_, false) => {}
        }
    }
    let returned = outcome.map(|outcome| &outcome.secrets);
    for name in known_secrets.iter().filter(|name| secrets.get(**name).is_none_or(is_open)) {
        match returned.and_then(|returned| returned.get(*name)) {
            Some(Json::String(text)) => hidden.push(((*name).to_owned(), Json::from(text.clone()))),
            Some(value) => problems.push(mismatch("connection secret", name, "string", value)),
            None => {}
        }
    }
    match problems.as_slice() {
        [] => {
            properties.extend(values);
            secrets.extend(hidden);
            Ok(())
        }
        [one] => Err(Fault::internal(one)),
        several => Err(Fault::internal(format!("validation returned multiple errors:\n\n{}", several.join("\n")))),
    }
}

/// Whether a value says nothing: the author left it open.
pub(super) fn is_open(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(_) | Json::Object(_) => false,
    }
}

fn convert(value: &Json, form: Form) -> Result<Json, &'static str> {
    match form {
        Form::Text if value.is_string() => Ok(value.clone()),
        Form::Flag if value.is_boolean() => Ok(value.clone()),
        Form::Number => match value.as_f64() {
            // Fractions are cut off, as everywhere where a whole number is expected.
            #[expect(clippy::cast_possible_truncation, reason = "ports are small")]
            Some(number) => Ok((number as i64).into()),
            None => Err("int32"),
        },
        Form::Text => Err("string"),
        Form::Flag => Err("bool"),
    }
}

fn mismatch(kind: &str, name: &str, wanted: &str, value: &Json) -> String {
    // The names of types that clients of Radius know from these messages.
    let got = match value {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(_) => "float64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    };
    format!("the {kind} {name:?} provided by the recipe is expected to be a {wanted}, got {got}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KNOWN: [Property; 3] = [("host", Form::Text, true), ("port", Form::Number, true), ("tls", Form::Flag, false)];

    fn filled(given: Json, values: Option<Json>) -> Result<Json, String> {
        let Json::Object(mut given) = given else { panic!("properties are an object") };
        let outcome = values.map(|values| Outcome {
            values: values.as_object().unwrap().clone(),
            secrets: json!({ "password": "p", "other": "o" }).as_object().unwrap().clone(),
            ..Outcome::default()
        });
        let mut secrets = Map::new();
        fill(&mut given, &KNOWN, &mut secrets, &["password"], outcome.as_ref()).map_err(|fault| fault.message)?;
        assert_eq!(Json::Object(secrets), if outcome.is_some() { json!({ "password": "p" }) } else { json!({}) });
        Ok(given.into())
    }

    #[test]
    fn the_author_wins_and_the_recipe_fills_what_is_open() {
        let values = Some(json!({ "host": "recipe", "port": 7.9, "tls": true, "extra": 1 }));
        let expected = json!({ "host": "mine", "port": 7, "tls": true });
        assert_eq!(filled(json!({ "host": "mine", "port": 0 }), values), Ok(expected));
        assert_eq!(filled(json!({ "host": "h", "port": 1 }), None), Ok(json!({ "host": "h", "port": 1 })));
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_named() {
        let missing = "the connection value \"port\" should be provided by the recipe, set '.properties.port' to \
                       provide a value manually";
        assert_eq!(filled(json!({ "host": "h" }), Some(json!({}))), Err(missing.to_owned()));
        let wrong = filled(json!({}), Some(json!({ "host": 1, "port": "x" }))).unwrap_err();
        let expected = "validation returned multiple errors:\n\nthe connection value \"host\" provided by the recipe is \
                        expected to be a string, got float64\nthe connection value \"port\" provided by the recipe is \
                        expected to be a int32, got string";
        assert_eq!(wrong, expected);
        assert!(filled(json!({ "host": "h" }), None).unwrap_err().contains("must be provided when not using a recipe"));
    }
}
