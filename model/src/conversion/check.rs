//! Whether the conversions that are written down can be carried out.

use radii_diagnostics::Diagnostic;
use serde_json::Value as Json;

use super::lineage::renamed_from;
use super::{INVALID_CONVERSION, RENAMED_FROM, VALUES_RENAMED_FROM};
use crate::ApiVersion;
use crate::manifest::{ResourceType, VersionEntry};
use crate::path::Path;
use crate::schema::{Additional, Property, Schema};

/// Checks the conversions of a type; `path` leads to the type.
pub(crate) fn check(resource_type: &ResourceType, path: &Path<'_>) -> Vec<Diagnostic> {
    let mut versions: Vec<(&ApiVersion, &VersionEntry)> = resource_type.api_versions.iter().collect();
    versions.sort_by_key(|(version, _)| *version);
    let mut checker = Checker { diagnostics: Vec::new(), preceding: None };
    let below = path.key("apiVersions");
    for (at, (version, entry)) in versions.iter().enumerate() {
        let older = at.checked_sub(1).map(|at| versions[at]);
        checker.preceding = older.map(|(version, _)| version.to_string());
        let name = version.to_string();
        let path = below.key(&name);
        checker.schema(older.map(|(_, entry)| &entry.schema), &entry.schema, &path.key("schema"));
    }
    checker.diagnostics
}

struct Checker {
    diagnostics: Vec<Diagnostic>,
    /// The version before the one that is looked at.
    preceding: Option<String>,
}

impl Checker {
    fn schema(&mut self, old: Option<&Schema>, new: &Schema, path: &Path<'_>) {
        self.values(old, new, path);
        let properties = path.key("properties");
        for (name, property) in &new.properties {
            let path = properties.key(name);
            self.renamed(old, new, name, property, &path);
            let before = renamed_from(new, name).unwrap_or(name);
            let older = old.and_then(|old| old.properties.get(before)).map(|property| &property.schema);
            self.schema(older, &property.schema, &path);
        }
        if let Some(items) = &new.items {
            self.schema(old.and_then(|old| old.items.as_deref()), items, &path.key("items"));
        }
        if let Additional::Schema(values) = &new.additional {
            let older = old.and_then(|old| match &old.additional {
                Additional::Schema(values) => Some(&**values),
                _ => None,
            });
            self.schema(older, values, &path.key("additionalProperties"));
        }
    }

    fn renamed(&mut self, old: Option<&Schema>, new: &Schema, name: &str, property: &Property, path: &Path<'_>) {
        let Some(written) = property.schema.extensions.get(RENAMED_FROM) else { return };
        let help = "name the property of the preceding API version that this one was, or remove the line";
        let Some(before) = written.as_str() else {
            return self.report(property, path, format!("`{RENAMED_FROM}` must be a name"), help);
        };
        let Some(preceding) = self.preceding.clone() else {
            let message = format!("`{name}` cannot have been renamed: there is no older API version");
            return self.report(property, path, message, "remove the line");
        };
        if old.is_none_or(|old| !old.properties.contains_key(before)) {
            let message = format!("`{preceding}` has no property `{before}` that could have become `{name}`");
            return self.report(property, path, message, help);
        }
        let survives = new.properties.contains_key(before) && renamed_from(new, before).is_none();
        let twins = new.properties.keys().filter(|other| renamed_from(new, other) == Some(before)).count() > 1;
        if survives || twins {
            let message = format!("`{before}` cannot become `{name}`: it becomes another property as well");
            self.report(property, path, message, "let one property only be the heir of the old one");
        }
    }

    fn values(&mut self, old: Option<&Schema>, new: &Schema, path: &Path<'_>) {
        let Some(written) = new.extensions.get(VALUES_RENAMED_FROM) else { return };
        let names = written.as_object().filter(|names| names.values().all(Json::is_string));
        let path = path.key(VALUES_RENAMED_FROM);
        let mut report = |message: String, help: &str| {
            let diagnostic = Diagnostic::error(INVALID_CONVERSION, message).at(new.span_of("enum"));
            self.diagnostics.push(diagnostic.path(path.to_string()).help(help));
        };
        let Some(names) = names else {
            let help = "write a mapping from each new value to the old one, such as `{small: S}`";
            return report(format!("`{VALUES_RENAMED_FROM}` must be a mapping between values"), help);
        };
        let lists = |schema: Option<&Schema>, value: &Json| {
            schema.and_then(|schema| schema.enumeration.as_ref()).is_some_and(|list| list.contains(value))
        };
        for (new_name, old_name) in names {
            if !lists(Some(new), &Json::from(new_name.as_str())) {
                report(format!("`{new_name}` is no value of the `enum`"), "write a value that is listed there");
            } else if !lists(old, old_name) {
                let message = format!("{old_name} is no value that the preceding API version has");
                report(message, "write a value of the preceding version, or remove the line");
            }
        }
    }

    fn report(&mut self, property: &Property, path: &Path<'_>, message: String, help: &str) {
        let diagnostic = Diagnostic::error(INVALID_CONVERSION, message).at(property.key_span);
        self.diagnostics.push(diagnostic.path(path.key(RENAMED_FROM).to_string()).help(help));
    }
}
