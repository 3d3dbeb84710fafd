//! What changes for those who use a schema, a type or a provider when another takes its place.
//!
//! Every difference is a [`Change`] with a [`Severity`]. The rules look from both sides: a *writer* sends bodies
//! that must still be accepted, a *reader* gets answers that must still look as they did. A read-only property
//! is only read; a write-only one is only written.

mod keywords;
mod schema;

use std::fmt;

use radii_diagnostics::{Code, Diagnostic, Severity as DiagnosticSeverity, Span};
use serde::Serialize;
use serde_json::Value as Json;

use crate::manifest::{Manifest, ResourceType};
use crate::path::Path;
use crate::schema::Schema;

/// Code of diagnostics made from breaking changes.
pub const BREAKING_CHANGE: Code = Code::new("radii/breaking-change");

/// How much a change hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nobody has to do anything.
    Compatible,
    /// Some may have to: whether it breaks them depends on what they do with the value.
    Risky,
    /// Bodies that were accepted are refused, or answers lack what was in them, or mean something else.
    Breaking,
}

impl Severity {
    /// The severity's name, as it is printed and as `--fail-on` takes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Compatible => "compatible",
            Severity::Risky => "risky",
            Severity::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One difference between the old and the new.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// A stable name of the rule, such as `property-removed`.
    pub rule: &'static str,
    /// How much it hurts.
    pub severity: Severity,
    /// Where: the path in the manifest, such as `types.queues.apiVersions['2025-01-01'].schema.properties.size`.
    pub path: String,
    /// What changed, one sentence without full stop.
    pub what: String,
    /// Why that is breaking or risky; absent for compatible changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    /// The old value of the keyword, where one keyword changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// Its new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
    /// Where the old stands in its file.
    #[serde(skip)]
    pub old_span: Span,
    /// Where the new stands in its file; the nearest that is left when it was removed.
    #[serde(skip)]
    pub new_span: Span,
}

impl Change {
    /// Whether the change breaks somebody for certain.
    pub fn is_breaking(&self) -> bool {
        self.severity == Severity::Breaking
    }

    /// Returns the change as a diagnostic at the new text; breaking changes are errors, risky ones warnings.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let severity = match self.severity {
            Severity::Breaking => DiagnosticSeverity::Error,
            Severity::Risky => DiagnosticSeverity::Warning,
            Severity::Compatible => DiagnosticSeverity::Note,
        };
        let message = match self.why {
            Some(why) => format!("{}: {why}", self.what),
            None => self.what.clone(),
        };
        Diagnostic::new(BREAKING_CHANGE, severity, message).at(self.new_span).path(self.path.clone())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)?;
        self.why.map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

/// Returns the changes between two schemas of the same thing; `path` is put before their paths.
pub fn between_schemas(old: &Schema, new: &Schema, path: &str) -> Vec<Change> {
    let mut changes = Changes::default();
    schema::compare(old, new, &Path::Root(path), &mut changes);
    changes.list
}

/// Returns the changes between two definitions of the type `name`.
pub fn between_types(name: &str, old: &ResourceType, new: &ResourceType) -> Vec<Change> {
    let mut changes = Changes::default();
    let types = Path::Root("types");
    resource_type(old, new, &types.key(name), &mut changes);
    changes.list
}

/// Returns the changes between two definitions of a provider, breaking and compatible ones in the order of the text.
pub fn between_providers(old: &Manifest, new: &Manifest) -> Vec<Change> {
    let mut changes = Changes::default();
    let (was, is) = (&old.namespace, &new.namespace);
    if was.value != is.value {
        let what = format!("the namespace `{}` became `{}`", was.value, is.value);
        let why = "every resource of it has another type now";
        changes.add("namespace-changed", Severity::Breaking, "namespace", what, why).at(was.span, is.span);
    }
    let types = Path::Root("types");
    for (name, was) in &old.types {
        let path = types.key(name);
        match new.types.get(name) {
            Some(is) => resource_type(was, is, &path, &mut changes),
            None => {
                let what = format!("the type `{name}` was removed");
                let why = "resources of it can no longer be read or written";
                let change = changes.add("type-removed", Severity::Breaking, &path.to_string(), what, why);
                change.at(was.key_span, new.namespace.span);
            }
        }
    }
    for (name, is) in new.types.iter().filter(|(name, _)| !old.types.contains_key(*name)) {
        let what = format!("the type `{name}` was added");
        changes.compatible("type-added", &types.key(name).to_string(), what).at(old.namespace.span, is.key_span);
    }
    locations(old, new, &mut changes);
    changes.list
}

fn locations(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    let ((was, was_address), (is, is_address)) = (old.location(), new.location());
    let spans = (old.namespace.span, new.namespace.span);
    if was != is {
        let what = format!("the location `{was}` became `{is}`");
        let why = "requests name the location";
        changes.add("location-changed", Severity::Risky, "location", what, why).at(spans.0, spans.1);
    } else if was_address != is_address {
        let what = format!("the provider's address in `{is}` changed");
        let why = "another service answers from now on";
        let path = Path::Root("location").key(is).to_string();
        let change = changes.add("location-address-changed", Severity::Risky, &path, what, why);
        change.at(spans.0, spans.1).values(was_address.map(Json::from), is_address.map(Json::from));
    }
}

fn resource_type(old: &ResourceType, new: &ResourceType, path: &Path<'_>, changes: &mut Changes) {
    capabilities(old, new, &path.key("capabilities"), changes);
    let versions = path.key("apiVersions");
    for (version, was) in &old.api_versions {
        let name = version.to_string();
        let path = versions.key(&name);
        match new.api_versions.get(version) {
            Some(is) => schema::compare(&was.schema, &is.schema, &path.key("schema"), changes),
            None => {
                let what = format!("the API version `{name}` was removed");
                let why = "requests that name it are refused";
                let change = changes.add("version-removed", Severity::Breaking, &path.to_string(), what, why);
                change.at(was.key_span, new.key_span);
            }
        }
    }
    for (version, is) in new.api_versions.iter().filter(|(version, _)| !old.api_versions.contains_key(*version)) {
        let what = format!("the API version `{version}` was added");
        let path = versions.key(&version.to_string()).to_string();
        changes.compatible("version-added", &path, what).at(old.key_span, is.key_span);
    }
    default_version(old, new, &path.key("defaultApiVersion"), changes);
    if old.description != new.description {
        let what = "the description changed".to_owned();
        let change = changes.compatible("documentation-changed", &path.key("description").to_string(), what);
        change.at(old.key_span, new.key_span);
    }
}

fn default_version(old: &ResourceType, new: &ResourceType, path: &Path<'_>, changes: &mut Changes) {
    let (Some(was), Some(is)) = (old.default_version(), new.default_version()) else { return };
    if was == is {
        return;
    }
    let what = format!("the default API version `{was}` became `{is}`");
    // A version that comes last and is new becomes the default by itself; that is how versions are added.
    let why = "clients that name no version get another schema";
    let change = changes.add("default-version-changed", Severity::Risky, &path.to_string(), what, why);
    change.at(old.key_span, new.key_span).values(Some(was.to_string().into()), Some(is.to_string().into()));
}

fn capabilities(old: &ResourceType, new: &ResourceType, path: &Path<'_>, changes: &mut Changes) {
    let has = |list: &ResourceType, name: &str| list.capabilities.iter().any(|known| known.value == name);
    for was in old.capabilities.iter().filter(|was| !has(new, &was.value)) {
        let what = format!("the capability `{}` was removed", was.value);
        let why = "the control plane treats resources of the type differently from now on";
        let change = changes.add("capability-removed", Severity::Breaking, &path.to_string(), what, why);
        change.at(was.span, new.key_span);
    }
    for is in new.capabilities.iter().filter(|is| !has(old, &is.value)) {
        let what = format!("the capability `{}` was added", is.value);
        let why = "the control plane treats resources of the type differently from now on";
        let change = changes.add("capability-added", Severity::Risky, &path.to_string(), what, why);
        change.at(old.key_span, is.span);
    }
}

/// The changes found so far.
#[derive(Default)]
struct Changes {
    list: Vec<Change>,
}

impl Changes {
    fn add(
        &mut self,
        rule: &'static str,
        severity: Severity,
        path: &str,
        what: String,
        why: &'static str,
    ) -> &mut Change {
        let why = (severity != Severity::Compatible).then_some(why);
        let (old_span, new_span) = (Span::default(), Span::default());
        let path = path.to_owned();
        self.list.push(Change { rule, severity, path, what, why, old: None, new: None, old_span, new_span });
        self.list.last_mut().expect("a change was just added")
    }

    fn compatible(&mut self, rule: &'static str, path: &str, what: String) -> &mut Change {
        self.add(rule, Severity::Compatible, path, what, "")
    }
}

impl Change {
    fn at(&mut self, old: Span, new: Span) -> &mut Self {
        (self.old_span, self.new_span) = (old, new);
        self
    }

    fn values(&mut self, old: Option<Json>, new: Option<Json>) -> &mut Self {
        (self.old, self.new) = (old, new);
        self
    }
}
