//! Whether the vendor extensions that Radii reads say what they can say.
//!
//! Those of conversions, deprecations and rules are checked by what carries them out.

use radii_diagnostics::Code;
use serde_json::Value as Json;

use super::{Place, Rules};
use crate::advice::Advice;
use crate::extension::{
    CATEGORY, CONVERTED, ENV_NAME, ICON, IMMUTABLE, KNOWN_VALUES, MATURITIES, MATURITY, OWNER, RECIPES,
    RESOURCE_REFERENCE, better_variable, is_type_name, is_variable,
};
use crate::path::Path;
use crate::rules::code;
use crate::schema::Schema;
use crate::suggest::closest;

impl Rules<'_> {
    /// Checks the extensions that were written in the schema itself; what TypeSpec's decorators make is checked there.
    pub(super) fn extensions(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        let written = |name: &&str| schema.keyword_spans.iter().any(|(known, _)| known == name);
        for (name, value) in &schema.extensions {
            let name = name.as_str();
            if !written(&name) {
                continue;
            }
            let problem = match name {
                IMMUTABLE | CONVERTED => flag(value),
                RESOURCE_REFERENCE => references(value),
                ENV_NAME => variable(value),
                KNOWN_VALUES => texts(value),
                MATURITY => maturity(value),
                OWNER | ICON | CATEGORY => text(value),
                RECIPES => list(value),
                _ => None,
            };
            let code = match name {
                ENV_NAME => code::INVALID_ENV_NAME,
                RESOURCE_REFERENCE => code::INVALID_RESOURCE_REFERENCE,
                _ => code::INVALID_EXTENSION,
            };
            if let Some((what, help)) = problem {
                self.error(code, schema.span_of(name), &path.key(name), format!("`{name}` {what}"), help);
            } else if let Some(home) = home_of(name, place) {
                self.idle_extension(code, schema, name, path, home);
            }
        }
    }

    fn idle_extension(&mut self, code: Code, schema: &Schema, name: &str, path: &Path<'_>, home: &str) {
        let message = format!("`{name}` has no effect here: it is read {home}");
        self.warning(code, schema.span_of(name), &path.key(name), message, "move it there, or remove the line");
    }
}

/// Where an extension is read, if not here.
fn home_of(name: &str, place: Place) -> Option<&'static str> {
    match name {
        ENV_NAME if place != Place::Property => Some("on the properties of the resource itself"),
        MATURITY | OWNER | ICON | CATEGORY | RECIPES | CONVERTED if place != Place::Root => {
            Some("on the schema of an API version")
        }
        IMMUTABLE if place == Place::Root => Some("on properties"),
        _ => None,
    }
}

/// What is wrong with a value, and the remedy.
type Problem = Option<(String, Advice)>;

fn flag(value: &Json) -> Problem {
    let better = match value {
        Json::Bool(_) => return None,
        Json::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some("true"),
            "false" | "no" | "off" => Some("false"),
            _ => None,
        },
        _ => None,
    };
    let help = Advice::from("write `true` or `false`, without quotes");
    Some(("must be a boolean".to_owned(), better.map_or(help.clone(), |better| help.write(better).sure())))
}

fn text(value: &Json) -> Problem {
    let help = "write a text, or remove the line";
    (!value.is_string()).then(|| ("must be a text".to_owned(), help.into()))
}

fn list(value: &Json) -> Problem {
    let help = "write a list, each entry of it on a line that begins with `-`";
    (!value.is_array()).then(|| ("must be a list".to_owned(), help.into()))
}

fn texts(value: &Json) -> Problem {
    let is_right = value.as_array().is_some_and(|items| items.iter().all(Json::is_string));
    let help = Advice::from("write a list of texts, such as `[small, large]`");
    let help = match value.as_str() {
        Some(one) => help.write(format!("[{one}]")),
        None => help,
    };
    (!is_right).then(|| ("must be a list of texts".to_owned(), help))
}

fn maturity(value: &Json) -> Problem {
    let written = value.as_str().unwrap_or_default();
    if MATURITIES.contains(&written) {
        return None;
    }
    let help = Advice::from(format!("write one of `{}`", MATURITIES.join("`, `")));
    let near = closest(written, MATURITIES);
    Some((format!("cannot be `{}`", brief(value)), near.map_or(help.clone(), |near| help.write(near))))
}

fn references(value: &Json) -> Problem {
    let help = Advice::from("list the namespaces and types, such as `[Radius.Security/secrets]`");
    let items = match value {
        // Of any type, or of none.
        Json::Bool(_) => return None,
        Json::Array(items) => items,
        Json::String(one) if is_type_name(one) => {
            return Some(("must be a list of resource types".to_owned(), help.write(format!("[{one}]")).sure()));
        }
        _ => return Some(("must be a list of resource types".to_owned(), help)),
    };
    let wrong = items.iter().find(|item| !item.as_str().is_some_and(is_type_name))?;
    Some((format!("names `{}`, which is not the name of a resource type", brief(wrong)), help))
}

fn variable(value: &Json) -> Problem {
    let help = Advice::from("write letters, digits and `_`, such as `DATABASE_URL`; the first is no digit");
    let Some(name) = value.as_str() else { return Some(("must be a text".to_owned(), help)) };
    if is_variable(name) {
        return None;
    }
    let what = format!("names `{name}`, which cannot be an environment variable");
    Some((what, better_variable(name).map_or(help.clone(), |better| help.write(better))))
}

fn brief(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
