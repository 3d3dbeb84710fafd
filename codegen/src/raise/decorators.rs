//! Decorators: what a schema says beside its type.

use radii_model::conversion::RENAMED_FROM;
use radii_model::schema::{Kind, Schema};
use serde_json::Value as Json;

use super::model::Writer;
use super::text::{self, quoted};
use radii_model::extension;

impl Writer<'_> {
    /// What a schema says that is written on a model.
    pub(super) fn model_decorators(&mut self, schema: &Schema, except: &[&str]) -> String {
        let mut out = String::new();
        out.push_str(&self.rules(schema));
        for (name, value) in &schema.extensions {
            if !except.contains(&name.as_str())
                && name != extension::VALIDATIONS
                && !name.starts_with("x-radii-")
                && name.starts_with("x-")
            {
                out.push_str(&format!("@extension({}, {})\n", quoted(name), text::value(value)));
            }
        }
        out
    }

    /// Bounds, patterns and formats.
    pub(super) fn constraints(&mut self, schema: &Schema) -> String {
        let mut out = String::new();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!("@{name}({value})\n"));
            }
        };
        let bounds = &schema.number;
        let bound = |number: &Option<serde_json::Number>| number.as_ref().map(ToString::to_string);
        put(if bounds.exclusive_minimum { "minValueExclusive" } else { "minValue" }, bound(&bounds.minimum));
        put(if bounds.exclusive_maximum { "maxValueExclusive" } else { "maxValue" }, bound(&bounds.maximum));
        put("minLength", schema.min_length.map(|count| count.to_string()));
        put("maxLength", schema.max_length.map(|count| count.to_string()));
        put("pattern", schema.pattern.as_deref().map(quoted));
        put("minItems", schema.min_items.map(|count| count.to_string()));
        put("maxItems", schema.max_items.map(|count| count.to_string()));
        if schema.kind == Some(Kind::String) && string_scalar(schema) == "string" {
            put("format", schema.format.as_deref().map(quoted));
        }
        let before = out.len();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!("@TypeSpec.JsonSchema.{name}{value}\n"));
            }
        };
        put("multipleOf", bound(&bounds.multiple_of).map(|number| format!("({number})")));
        put("uniqueItems", schema.unique_items.then(String::new));
        put("minProperties", schema.min_properties.map(|count| format!("({count})")));
        put("maxProperties", schema.max_properties.map(|count| format!("({count})")));
        self.uses_json_schema |= out.len() > before;
        let known = ["int32", "int64", "float", "double", "decimal", "decimal128"];
        if let Some(format) =
            schema.format.as_deref().filter(|format| !known.contains(format) && schema.kind != Some(Kind::String))
        {
            self.lose(schema.span_of("format"), format!("the format `{format}` has no scalar; it is left out"));
        }
        if !schema.composition.keywords.is_empty() || schema.reference.is_some() {
            self.lose(schema.span, "composition and references are left out; registries refuse them".to_owned());
        }
        out
    }

    /// What is said about a property rather than its type.
    pub(super) fn property_decorators(&mut self, name: &str, schema: &Schema) -> String {
        let mut out = String::new();
        if let Some(title) = &schema.title {
            out.push_str(&format!("@summary({})\n", quoted(title)));
        }
        if schema.read_only {
            out.push_str("@visibility(Lifecycle.Read)\n");
        } else if schema.write_only {
            out.push_str("@visibility(Lifecycle.Create, Lifecycle.Update)\n");
        }
        if schema.sensitive {
            out.push_str("@secret\n");
        }
        if let Some(example) = &schema.example {
            out.push_str(&format!("@example({})\n", text::value(example)));
        }
        if name == "platformOptions" {
            out.push_str("@platformOptions\n");
        }
        out.push_str(&self.rules(schema));
        for (key, value) in &schema.extensions {
            match (key.as_str(), value) {
                (extension::IMMUTABLE, _) => out.push_str("@immutable\n"),
                (extension::ENV_NAME, Json::String(name)) => out.push_str(&format!("@envName({})\n", quoted(name))),
                (extension::RESOURCE_REFERENCE, Json::Array(types)) => {
                    let types: Vec<String> = types.iter().map(text::value).collect();
                    out.push_str(&format!("@resourceReference({})\n", types.join(", ")));
                }
                (extension::VALIDATIONS | RENAMED_FROM, _) => {}
                (key, value) if key.starts_with("x-") => {
                    out.push_str(&format!("@extension({}, {})\n", quoted(key), text::value(value)));
                }
                (key, _) => self.lose(schema.span, format!("`{key}` has no decorator; it is left out")),
            }
        }
        out
    }

    fn rules(&self, schema: &Schema) -> String {
        let rules = schema.extensions.get(extension::VALIDATIONS).and_then(Json::as_array).into_iter().flatten();
        let rules = rules.filter_map(|rule| {
            let mut arguments = vec![quoted(rule.get("rule")?.as_str()?)];
            let message = rule.get("message").and_then(Json::as_str);
            let options: serde_json::Map<String, Json> = (rule.as_object()?.iter())
                .filter(|(key, _)| !["rule", "message", "absent"].contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if message.is_some() || !options.is_empty() {
                arguments.push(quoted(message.unwrap_or_default()));
            }
            if !options.is_empty() {
                arguments.push(text::value(&Json::Object(options)));
            }
            Some(format!("@validate({})\n", arguments.join(", ")))
        });
        rules.collect()
    }
}

/// The scalar for a string's format, where the scalar takes all that the schema says.
pub(super) fn string_scalar(schema: &Schema) -> &'static str {
    let is_bare = schema.default.is_none()
        && schema.example.is_none()
        && schema.pattern.is_none()
        && schema.min_length.is_none()
        && schema.max_length.is_none();
    match schema.format.as_deref().filter(|_| is_bare) {
        Some("date-time") => "utcDateTime",
        Some("date") => "plainDate",
        Some("time") => "plainTime",
        Some("duration") => "duration",
        Some("byte") => "bytes",
        Some("uri") => "url",
        _ => "string",
    }
}
