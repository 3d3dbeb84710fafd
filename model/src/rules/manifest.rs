//! Names and versions in manifests.

use radii_diagnostics::{Code, Diagnostic, Span};

use super::{Strictness, code, schema};
use crate::ApiVersion;
use crate::advice::Advice;
use crate::cel;
use crate::manifest::{Manifest, ResourceType};
use crate::path::Path;
use crate::suggest::closest;

/// The capability that the registry knows.
const CAPABILITIES: [&str; 1] = ["ManualResourceProvisioning"];

pub(super) fn check(manifest: &Manifest) -> Vec<Diagnostic> {
    let mut rules = Rules { diagnostics: Vec::new() };
    let root = Path::Root("");
    rules.namespace(manifest, &root.key("namespace"));
    let types = root.key("types");
    for (name, resource_type) in &manifest.types {
        rules.resource_type(name, resource_type, &types.key(name));
    }
    rules.diagnostics
}

struct Rules {
    diagnostics: Vec<Diagnostic>,
}

impl Rules {
    fn namespace(&mut self, manifest: &Manifest, path: &Path<'_>) {
        let namespace = &manifest.namespace;
        let help = "write two PascalCase words with a dot between them, such as `Contoso.Data`";
        if namespace.value.is_empty() {
            let message = "the manifest has no `namespace`";
            return self.report(code::MISSING_FIELD, namespace.span, path, message, help);
        }
        let mut segments = namespace.value.split('.');
        let two = (segments.next(), segments.next(), segments.next());
        if !matches!(two, (Some(first), Some(second), None) if is_pascal_case(first) && is_pascal_case(second)) {
            let message = format!("`{}` is not a namespace", namespace.value);
            let help = match pascal_case_namespace(&namespace.value) {
                Some(better) => Advice::from(help).write(better),
                None => help.into(),
            };
            self.report(code::INVALID_NAMESPACE, namespace.span, path, message, help);
        }
    }

    fn resource_type(&mut self, name: &str, resource_type: &ResourceType, path: &Path<'_>) {
        if !is_camel_case(name) {
            let message = format!("`{name}` is not a type name");
            let help = match camel_case(name) {
                Some(better) => {
                    Advice::from(format!("write camelCase from letters and digits, such as `{better}`")).write(better)
                }
                None => "write camelCase from two or more letters and digits, such as `myDatabases`".into(),
            };
            self.report(code::INVALID_TYPE_NAME, resource_type.key_span, path, message, help);
        }
        self.capabilities(resource_type, &path.key("capabilities"));
        self.default_version(resource_type, &path.key("defaultApiVersion"));
        let versions = path.key("apiVersions");
        for (version, entry) in &resource_type.api_versions {
            let path = versions.key(&version.to_string()).key("schema").to_string();
            self.diagnostics.extend(schema::check(&entry.schema, &path, Strictness::Manifest));
        }
        self.rules(resource_type, &versions);
        self.diagnostics.extend(crate::conversion::check(resource_type, path));
    }

    /// Checks the rules of bodies. That a literal is no value of an enum is told only where no version has it.
    fn rules(&mut self, resource_type: &ResourceType, path: &Path<'_>) {
        let mut found = Vec::new();
        for (version, entry) in &resource_type.api_versions {
            let path = path.key(&version.to_string()).key("schema").to_string();
            found.extend(cel::check(&entry.schema, &path));
        }
        let places: Vec<_> =
            resource_type.api_versions.values().flat_map(|entry| cel::all_places(&entry.schema)).collect();
        let same = |one: &Diagnostic, two: &Diagnostic| {
            one.code == two.code && one.primary.as_ref().map(|it| it.span) == two.primary.as_ref().map(|it| it.span)
        };
        let is_everywhere = |diagnostic: &Diagnostic| {
            let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { return true };
            let around = |place: &&Span| place.file == span.file && place.start <= span.start && span.end <= place.end;
            found.iter().filter(|other| same(diagnostic, other)).count() >= places.iter().filter(around).count()
        };
        // A version that has what was meant says so for those that have not.
        let is_mended = |it: &Diagnostic| {
            it.fixes.is_empty() && found.iter().any(|other| same(it, other) && !other.fixes.is_empty())
        };
        let is_told = |it: &&Diagnostic| (it.code != cel::code::RULE_VALUE || is_everywhere(it)) && !is_mended(it);
        let told: Vec<Diagnostic> = found.iter().filter(is_told).cloned().collect();
        self.diagnostics.extend(told);
    }

    fn capabilities(&mut self, resource_type: &ResourceType, path: &Path<'_>) {
        for (at, capability) in resource_type.capabilities.iter().enumerate() {
            let (name, path) = (capability.value.as_str(), path.index(at));
            if resource_type.capabilities[..at].iter().any(|other| other.value == name) {
                let message = format!("`{name}` stands twice among the capabilities");
                let diagnostic = Diagnostic::warning(code::UNKNOWN_CAPABILITY, message).at(capability.span);
                self.diagnostics.push(diagnostic.path(path.to_string()).help("keep one of the two"));
                continue;
            }
            if !is_pascal_case(name) {
                let message = format!("`{name}` is not a capability");
                let help =
                    Advice::from("write PascalCase from letters and digits, such as `ManualResourceProvisioning`");
                let help = match closest(name, CAPABILITIES) {
                    Some(known) => help.write(known).sure(),
                    None => match pascal_case(name) {
                        Some(better) => help.write(better),
                        None => help,
                    },
                };
                self.report(code::INVALID_CAPABILITY, capability.span, &path, message, help);
            } else if !CAPABILITIES.contains(&name) {
                let message = format!("the registry knows no capability `{name}`");
                let help = "the only one is `ManualResourceProvisioning`: resources are stored and nothing is executed";
                let help = match closest(name, CAPABILITIES) {
                    Some(known) => Advice::rename(known),
                    None => help.into(),
                };
                let diagnostic = Diagnostic::warning(code::UNKNOWN_CAPABILITY, message).at(capability.span);
                self.diagnostics.push(help.give(diagnostic.path(path.to_string()), capability.span));
            }
        }
    }

    fn default_version(&mut self, resource_type: &ResourceType, path: &Path<'_>) {
        let Some(default) = &resource_type.default_api_version else { return };
        let Ok(version) = default.value.parse::<ApiVersion>() else {
            let message = format!("`{}` is not an API version", default.value);
            let help = "write one of the type's versions: a date as YYYY-MM-DD, optionally followed by `-preview`";
            let known: Vec<String> = resource_type.api_versions.keys().map(ToString::to_string).collect();
            let help = match closest(&default.value, known.iter().map(String::as_str)).or(only(&known)) {
                Some(version) => Advice::from(help).write(version),
                None => help.into(),
            };
            return self.report(code::INVALID_API_VERSION, default.span, path, message, help);
        };
        if !resource_type.api_versions.contains_key(&version) {
            let versions: Vec<String> = resource_type.api_versions.keys().map(ToString::to_string).collect();
            let known: Vec<_> = versions.iter().map(|version| format!("`{version}`")).collect();
            let message = format!("the type has no API version `{version}`");
            let help = match known.is_empty() {
                true => "add the version below `apiVersions`".to_owned(),
                false => format!("the type's versions are {}", known.join(", ")),
            };
            let help = match closest(&default.value, versions.iter().map(String::as_str)).or(only(&versions)) {
                Some(version) => Advice::from(help).write(version),
                None => help.into(),
            };
            let diagnostic = Diagnostic::warning(code::DEFAULT_VERSION_MISSING, message).at(default.span);
            self.diagnostics.push(help.give(diagnostic.path(path.to_string()), default.span));
        }
    }

    fn report(&mut self, code: Code, span: Span, path: &Path<'_>, message: impl Into<String>, help: impl Into<Advice>) {
        let diagnostic = Diagnostic::error(code, message).at(span).path(path.to_string());
        self.diagnostics.push(help.into().give(diagnostic, span));
    }
}

fn is_pascal_case(word: &str) -> bool {
    word.len() >= 2
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_camel_case(word: &str) -> bool {
    word.len() >= 2
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn only(known: &[String]) -> Option<&str> {
    match known {
        [one] => Some(one),
        _ => None,
    }
}

/// Returns the words of a name, each with a capital, if that makes a valid word of it.
fn pascal_case(name: &str) -> Option<String> {
    // What a letter outside ASCII should become, only its author knows.
    if !name.is_ascii() {
        return None;
    }
    let mut out = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        out += &word[..1].to_ascii_uppercase();
        out += &word[1..];
    }
    is_pascal_case(&out).then_some(out)
}

/// Returns the namespace that was likely meant: two words with a dot between them.
fn pascal_case_namespace(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(['.', '/', ':']).filter(|word| !word.is_empty()).collect();
    let words = match words.as_slice() {
        [one] => one.split(['-', '_', ' ']).collect(),
        _ => words,
    };
    let [first, rest @ ..] = words.as_slice() else { return None };
    let second =
        rest.iter().map(|word| pascal_case(word)).collect::<Option<String>>().filter(|second| second.len() > 1)?;
    Some(format!("{}.{second}", pascal_case(first)?))
}

/// Returns the name as camelCase, if that makes a valid name of it.
fn camel_case(name: &str) -> Option<String> {
    // The namespace of a whole type id is known already.
    let name =
        name.rsplit_once('/').filter(|(before, own)| before.contains('.') && !own.is_empty()).map_or(name, |it| it.1);
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().filter(|_| name.is_ascii())?;
    let mut out = first[..1].to_ascii_lowercase() + &first[1..];
    for word in words {
        out += &word[..1].to_ascii_uppercase();
        out += &word[1..];
    }
    is_camel_case(&out).then_some(out)
}
