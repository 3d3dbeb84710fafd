//! Rules of schemas.

mod consistency;
mod extensions;
mod radius;

use std::collections::HashSet;

use indexmap::IndexSet;
use radii_diagnostics::{Code, Diagnostic, Severity, Span};
use serde_json::Value as Json;

use super::{Strictness, code};
use crate::advice::Advice;
use crate::deprecation;
use crate::path::Path;
use crate::pattern;
use crate::schema::{Additional, Kind, Schema};
use crate::value;

/// Checks a schema and all below it.
pub(super) fn check(schema: &Schema, path: &str, strictness: Strictness) -> Vec<Diagnostic> {
    let mut rules = Rules { root: schema, strictness, diagnostics: Vec::new() };
    rules.schema(schema, &Path::Root(path), Place::Root);
    rules.diagnostics
}

/// Checks the references of a schema and all below it, and nothing else.
pub(super) fn check_references(schema: &Schema, path: &str) -> Vec<Diagnostic> {
    let mut rules = Rules { root: schema, strictness: Strictness::Registry, diagnostics: Vec::new() };
    rules.references(schema, &Path::Root(path));
    rules.diagnostics
}

/// Where a schema stands, as far as rules depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The schema of the whole resource.
    Root,
    /// A property of the resource itself.
    Property,
    /// Anywhere else.
    Below,
    /// A property named `platformOptions`.
    PlatformOptions,
    /// The values of a map, directly below `platformOptions` or not.
    MapValue { platform_options: bool },
}

struct Rules<'s> {
    root: &'s Schema,
    strictness: Strictness,
    diagnostics: Vec<Diagnostic>,
}

impl Rules<'_> {
    fn schema(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        if let Some(reference) = &schema.reference {
            return self.reference(schema, reference, path);
        }
        let in_manifest = self.strictness == Strictness::Manifest;
        self.kind(schema, path, place);
        self.pattern(schema, path);
        self.samples(schema, path);
        self.flags(schema, path);
        self.extensions(schema, path, place);
        if place == Place::Root {
            for (name, message) in deprecation::mistakes(|name| schema.extensions.get(name)) {
                let help = "write a date as YYYY-MM-DD, an address with `https://`, or remove the line";
                self.error(code::INVALID_DEPRECATION, schema.span_of(name), &path.key(name), message, help);
            }
        }
        if in_manifest {
            self.radius_rules(schema, path, place);
            self.consistency(schema, path, place);
        }
        self.below(schema, path, place);
        if in_manifest {
            self.composition(schema, path);
        } else {
            self.combined(schema, path);
        }
    }

    fn below(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        let properties = path.key("properties");
        for (name, property) in &schema.properties {
            let place = match place {
                _ if name == "platformOptions" => Place::PlatformOptions,
                Place::Root => Place::Property,
                _ => Place::Below,
            };
            self.schema(&property.schema, &properties.key(name), place);
        }
        if let Some(items) = &schema.items {
            self.schema(items, &path.key("items"), Place::Below);
        }
        if let Additional::Schema(values) = &schema.additional {
            let platform_options = place == Place::PlatformOptions;
            self.schema(values, &path.key("additionalProperties"), Place::MapValue { platform_options });
        }
    }

    /// Checks the schemas that composition combines; manifests have none.
    fn combined(&mut self, schema: &Schema, path: &Path<'_>) {
        let combined = &schema.composition;
        for (name, schemas) in [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)] {
            let list = path.key(name);
            for (at, schema) in schemas.iter().enumerate() {
                self.schema(schema, &list.index(at), Place::Below);
            }
        }
        if let Some(not) = &combined.not {
            self.schema(not, &path.key("not"), Place::Below);
        }
    }

    fn reference(&mut self, schema: &Schema, reference: &str, path: &Path<'_>) {
        let message = if !reference.starts_with('#') {
            format!("`{reference}` is outside this schema; a schema has to stand alone")
        } else if self.strictness == Strictness::Manifest {
            format!("`{reference}` cannot be used; schemas in manifests have no references")
        } else {
            match self.follow(reference, &mut Vec::new(), &mut HashSet::new()) {
                Followed::Found => return,
                Followed::Missing => format!("`{reference}` leads to nothing in this schema"),
                Followed::Loop => format!("`{reference}` leads back to itself"),
            }
        };
        let help = "write the schema in place of the reference";
        self.error(code::UNRESOLVED_REFERENCE, schema.span_of("$ref"), &path.key("$ref"), message, help);
    }

    /// Follows a reference, and those that apply to the same value as its target.
    fn follow<'r>(&'r self, reference: &'r str, seen: &mut Vec<&'r str>, done: &mut HashSet<&'r str>) -> Followed {
        let Some(target) = self.root.resolve(reference) else { return Followed::Missing };
        if seen.contains(&reference) {
            return Followed::Loop;
        }
        if !done.insert(reference) {
            return Followed::Found;
        }
        seen.push(reference);
        let followed = self.follow_in_place(target, seen, done);
        seen.pop();
        followed
    }

    fn follow_in_place<'r>(
        &'r self,
        schema: &'r Schema,
        seen: &mut Vec<&'r str>,
        done: &mut HashSet<&'r str>,
    ) -> Followed {
        if let Some(reference) = &schema.reference {
            // A reference that is missing further on is reported where it stands.
            return match self.follow(reference, seen, done) {
                Followed::Loop => Followed::Loop,
                _ => Followed::Found,
            };
        }
        let combined = &schema.composition;
        let parts = [&combined.all_of, &combined.any_of, &combined.one_of].into_iter().flatten();
        for part in parts.chain(combined.not.as_deref()) {
            if let Followed::Loop = self.follow_in_place(part, seen, done) {
                return Followed::Loop;
            }
        }
        Followed::Found
    }

    fn references(&mut self, schema: &Schema, path: &Path<'_>) {
        if let Some(reference) = &schema.reference {
            return self.reference(schema, reference, path);
        }
        let properties = path.key("properties");
        for (name, property) in &schema.properties {
            self.references(&property.schema, &properties.key(name));
        }
        if let Some(items) = &schema.items {
            self.references(items, &path.key("items"));
        }
        if let Additional::Schema(values) = &schema.additional {
            self.references(values, &path.key("additionalProperties"));
        }
        let combined = &schema.composition;
        for (name, schemas) in [("allOf", &combined.all_of), ("anyOf", &combined.any_of), ("oneOf", &combined.one_of)] {
            let list = path.key(name);
            for (at, schema) in schemas.iter().enumerate() {
                self.references(schema, &list.index(at));
            }
        }
        if let Some(not) = &combined.not {
            self.references(not, &path.key("not"));
        }
    }

    fn kind(&mut self, schema: &Schema, path: &Path<'_>, place: Place) {
        match schema.kind {
            Some(Kind::Any) if !matches!(place, Place::MapValue { .. }) || self.forbidden_any(place) => {
                let message = "no type is named `any`";
                let help = match place {
                    Place::MapValue { .. } => {
                        "give the type of the values; maps of anything are for `platformOptions` only"
                    }
                    _ => {
                        "leave `type` out to allow any value, or write one of `string`, `number`, `integer`, `boolean`, \
                          `object`, `array`"
                    }
                };
                let help = match place {
                    Place::MapValue { .. } => Advice::from(help).write("string"),
                    _ => help.into(),
                };
                self.error(code::UNKNOWN_TYPE, schema.span_of("type"), &path.key("type"), message, help);
            }
            // That the root is no array is told in its own words, where it is told.
            // What a map's values are is said of an array's items.
            Some(Kind::Array) if schema.items.is_none() && matches!(schema.additional, Additional::Schema(_)) => {
                let message = "an array says with `items` what it holds";
                let span = schema.span_of_item("additionalProperties", 0);
                self.error(code::MISSING_ITEMS, span, path, message, Advice::rename("items"));
            }
            Some(Kind::Array)
                if schema.items.is_none() && (place != Place::Root || self.strictness != Strictness::Manifest) =>
            {
                let message = "an array has to say what it holds";
                let help = "add `items` with the schema of one item, such as `items: {type: string}`";
                self.error(code::MISSING_ITEMS, schema.span_of("type"), path, message, help);
            }
            _ => {}
        }
    }

    /// Whether `type: any` is an error in this place of a map; elsewhere it always is.
    fn forbidden_any(&self, place: Place) -> bool {
        place != Place::MapValue { platform_options: true }
    }

    fn pattern(&mut self, schema: &Schema, path: &Path<'_>) {
        let Some(text) = &schema.pattern else { return };
        if let Err(error) = pattern::compile(text) {
            let message = format!("`{text}` is not a regular expression that RE2 reads: {error}");
            let help = "write RE2 syntax (https://github.com/google/re2/wiki/Syntax); it has no look-around and no \
                        back-references";
            self.error(code::INVALID_PATTERN, schema.span_of("pattern"), &path.key("pattern"), message, help);
        } else if let Some(meant) = self.between_slashes(schema) {
            let message = format!("no text matches `{text}`: the slashes are part of the pattern");
            let help = format!("write the expression alone: `{}`", meant.pattern.as_deref().unwrap_or_default());
            // Samples that break it only for that reason are told here.
            let is_broken = [&schema.default, &schema.example].into_iter().flatten().any(|sample| {
                !value::violations(schema, self.root, sample).is_empty()
                    && value::violations(&meant, self.root, sample).is_empty()
            });
            let severity = if is_broken { Severity::Error } else { Severity::Warning };
            let (span, path) = (schema.span_of("pattern"), path.key("pattern"));
            self.report(severity, code::ODD_PATTERN, span, &path, message, help);
        }
    }

    /// The schema without the slashes around its pattern; the server takes such patterns as they are.
    fn between_slashes(&self, schema: &Schema) -> Option<Schema> {
        let plain = schema.pattern.as_deref().filter(|_| self.strictness == Strictness::Manifest)?;
        Some(Schema { pattern: Some(pattern::between_slashes(plain)?), ..schema.clone() })
    }

    /// Holds `default` and `example` against the schema they stand in.
    fn samples(&mut self, schema: &Schema, path: &Path<'_>) {
        // Where bounds exclude each other, no sample is right.
        if self.strictness == Strictness::Manifest && consistency::contradictions(schema).next().is_some() {
            return;
        }
        let samples =
            [("default", &schema.default, code::INVALID_DEFAULT), ("example", &schema.example, code::INVALID_EXAMPLE)];
        let meant = self.between_slashes(schema);
        for (name, sample, code) in samples {
            let Some(sample) = sample else { continue };
            if meant.as_ref().is_some_and(|meant| value::violations(meant, self.root, sample).is_empty()) {
                continue;
            }
            let Some(first) = value::violations(schema, self.root, sample).into_iter().next() else { continue };
            let place = if first.pointer.is_empty() { String::new() } else { format!("at `{}`: ", first.pointer) };
            let message = format!("the {name} `{}` breaks its own schema: {place}{}", brief(sample), first.message);
            let help = Advice::from(format!("change the {name}, or the schema that it stands in"));
            let help = match sample_that_fits(schema, sample) {
                Some(better) => help.write(better),
                None => help,
            };
            self.error(code, schema.span_of(name), &path.key(name), message, help);
        }
    }

    fn flags(&mut self, schema: &Schema, path: &Path<'_>) {
        if schema.read_only && schema.write_only {
            let message = "a property cannot be `readOnly` and `writeOnly` at once";
            let help = "keep `readOnly` for what recipes set, `writeOnly` for what is never shown";
            self.error(code::READ_AND_WRITE_ONLY, schema.span_of_item("writeOnly", 0), path, message, help);
        }
        let mut seen = HashSet::new();
        let twice: IndexSet<&str> =
            schema.required.iter().map(String::as_str).filter(|name| !seen.insert(*name)).collect();
        for name in twice {
            let message = format!("`required` names `{name}` twice");
            let help = "keep one of the two";
            let at = schema.required.iter().rposition(|own| own == name).unwrap_or_default();
            let span = schema.span_of_item("required", at);
            self.error(code::DUPLICATE_REQUIRED, span, &path.key("required"), message, help);
        }
    }

    fn error(&mut self, code: Code, span: Span, path: &Path<'_>, message: impl Into<String>, help: impl Into<Advice>) {
        self.report(Severity::Error, code, span, path, message, help);
    }

    fn warning(
        &mut self,
        code: Code,
        span: Span,
        path: &Path<'_>,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        self.report(Severity::Warning, code, span, path, message, help);
    }

    fn report(
        &mut self,
        severity: Severity,
        code: Code,
        span: Span,
        path: &Path<'_>,
        message: impl Into<String>,
        help: impl Into<Advice>,
    ) {
        let diagnostic = Diagnostic::new(code, severity, message).at(span).path(path.to_string());
        self.diagnostics.push(help.into().give(diagnostic, span));
    }
}

/// Returns what was likely meant by a sample that its schema does not allow.
fn sample_that_fits(schema: &Schema, sample: &Json) -> Option<String> {
    let text = sample.as_str();
    if let (Some(values), Some(text)) = (&schema.enumeration, text) {
        let names = values.iter().filter_map(Json::as_str);
        return crate::suggest::closest(text, names).map(str::to_owned);
    }
    if let Some(number) = sample.as_f64().filter(|_| sample.is_number()) {
        let bound = |bound: &Option<serde_json::Number>, is_beyond: fn(&f64, &f64) -> bool| {
            bound.as_ref().filter(|bound| bound.as_f64().is_some_and(|bound| is_beyond(&number, &bound))).cloned()
        };
        let bounds = &schema.number;
        let low = bound(&bounds.minimum, f64::lt).filter(|_| !bounds.exclusive_minimum);
        let high = bound(&bounds.maximum, f64::gt).filter(|_| !bounds.exclusive_maximum);
        if let Some(bound) = low.or(high) {
            return Some(bound.to_string());
        }
    }
    match (schema.kind?, text) {
        (Kind::Integer, Some(text)) => text.trim().parse::<i64>().ok().map(|number| number.to_string()),
        (Kind::Number, Some(text)) => text.trim().parse::<f64>().ok().map(|_| text.trim().to_owned()),
        (Kind::Boolean, Some(text)) => {
            text.trim().to_ascii_lowercase().parse::<bool>().ok().map(|flag| flag.to_string())
        }
        (Kind::String, None) if sample.is_number() || sample.is_boolean() => Some(format!("\"{sample}\"")),
        (Kind::Array, _) if !sample.is_array() && !sample.is_null() => Some(format!("[{sample}]")),
        _ => None,
    }
}

enum Followed {
    Found,
    Missing,
    Loop,
}

/// Returns a value's text, shortened to what a message can hold.
fn brief(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { text.chars().take(57).chain("...".chars()).collect() }
}
