//! From a document to a manifest.

use std::borrow::Cow;

use indexmap::IndexMap;
use radii_diagnostics::{Code, Diagnostic, Span};

use super::{Manifest, ResourceType, Spanned, VersionEntry};
use crate::ApiVersion;
use crate::advice::Advice;
use crate::document::{Entry, Node, Value, edit};
use crate::path::Path;
use crate::rules::{self, Strictness, code};
use crate::schema::{Schema, wrong_type};
use crate::suggest::closest;

type Members = IndexMap<String, Entry>;

/// Reads the manifest of a document; `None` when the document is no mapping.
pub(super) fn manifest(document: &Node, text: &str) -> (Option<Manifest>, Vec<Diagnostic>) {
    let mut reader = Reader { text, diagnostics: Vec::new() };
    let manifest = reader.manifest(document);
    (manifest, reader.diagnostics)
}

/// The keys of a type.
const TYPE_KEYS: [&str; 4] = ["description", "capabilities", "defaultApiVersion", "apiVersions"];

struct Reader<'t> {
    /// The manifest's text, which some fixes need.
    text: &'t str,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn manifest(&mut self, document: &Node) -> Option<Manifest> {
        let root = Path::Root("");
        if document.value == Value::Null {
            let help = "a manifest begins with `namespace: Company.Area`, followed by `types:`";
            let diagnostic =
                Diagnostic::error(code::EMPTY_MANIFEST, "the manifest is empty").at(document.span).help(help);
            self.diagnostics.push(diagnostic);
            return None;
        }
        let members = self.mapping(document, &root, "a manifest with the keys `namespace` and `types`")?;
        let members = &*self.known_keys(members, &root, &["namespace", "location", "types"]);
        // A namespace that is missing or empty is left empty here; the rule says so once, at the first key.
        let start = Span { end: document.span.start, ..document.span };
        let start = members.first().map_or(start, |(_, entry)| entry.key_span);
        let namespace =
            self.scalar(members, "namespace", &root).unwrap_or(Spanned { value: String::new(), span: start });
        let locations = self.locations(members, &root.key("location"));
        let types = self.types(members, &root.key("types"));
        Some(Manifest { namespace, locations, types })
    }

    fn locations(&mut self, members: &Members, path: &Path<'_>) -> IndexMap<String, Option<String>> {
        let Some(entry) = present(members, "location") else { return IndexMap::new() };
        let expected = "a mapping from a location's name to the address of its provider";
        if let Some(address) = entry.node.as_str() {
            let written = if address.contains("://") {
                format!("{{global: \"{address}\"}}")
            } else {
                format!("{{{address}: null}}")
            };
            let help = Advice::from("name the location, too, such as `global`").write(written);
            self.diagnostics.push(wrong_type(&entry.node, path, expected, help));
            return IndexMap::new();
        }
        let Some(locations) = self.mapping(&entry.node, path, expected) else { return IndexMap::new() };
        if let Some((second, extra)) = locations.get_index(1) {
            let message = format!("only the first location is used; `{second}` is ignored");
            let help = "keep one location per manifest";
            let diagnostic = Diagnostic::warning(code::SEVERAL_LOCATIONS, message).at(extra.key_span);
            self.diagnostics.push(diagnostic.path(path.key(second).to_string()).help(help));
        }
        let mut read = IndexMap::new();
        for name in locations.keys() {
            let address = self.scalar(locations, name, path).map(|address| address.value);
            read.insert(name.clone(), address.filter(|address| !address.is_empty()));
        }
        read
    }

    fn types(&mut self, members: &Members, path: &Path<'_>) -> IndexMap<String, ResourceType> {
        let Some(entry) = present(members, "types") else { return IndexMap::new() };
        let Some(types) = self.mapping(&entry.node, path, "a mapping from type names to types") else {
            return IndexMap::new();
        };
        let types = types.iter().map(|(name, entry)| (name.clone(), self.resource_type(name, entry, &path.key(name))));
        types.collect()
    }

    fn resource_type(&mut self, name: &str, entry: &Entry, path: &Path<'_>) -> ResourceType {
        let mut read = ResourceType { key_span: entry.key_span, ..ResourceType::default() };
        if entry.node.value == Value::Null {
            let help = "give it `apiVersions`, or remove it";
            self.report(code::MISSING_FIELD, entry.key_span, path, format!("type `{name}` is empty"), help);
            return read;
        }
        let expected = "a type with the keys `description` and `apiVersions`";
        let Some(members) = self.mapping(&entry.node, path, expected) else { return read };
        let members = &*self.known_keys(members, path, &TYPE_KEYS);
        read.description = self.scalar(members, "description", path).map(|text| text.value);
        read.capabilities = self.capabilities(members, &path.key("capabilities"));
        read.default_api_version =
            self.scalar(members, "defaultApiVersion", path).filter(|text| !text.value.is_empty());
        let known = self.diagnostics.len();
        read.api_versions = self.versions(members, &path.key("apiVersions"));
        if self.diagnostics[known..].iter().any(|it| it.code == code::INVALID_API_VERSION) {
            // Which versions there are is not known, so the default may be one of them.
            read.default_api_version = None;
        }
        read
    }

    fn capabilities(&mut self, members: &Members, path: &Path<'_>) -> Vec<Spanned<String>> {
        let Some(entry) = present(members, "capabilities") else { return Vec::new() };
        let Value::Array(items) = &entry.node.value else {
            let help = match scalar_text(&entry.node) {
                Some(_) if !matches!(entry.node.value, Value::String(_)) => {
                    Advice::from("write the list of capabilities, or remove it").write("[ManualResourceProvisioning]")
                }
                Some(text) => Advice::from(format!("write `capabilities: [{text}]`")).write(format!("[{text}]")).sure(),
                None => {
                    let help = "write `capabilities: [ManualResourceProvisioning]`, or remove it";
                    match entry.node.as_object().filter(|members| !members.is_empty()) {
                        Some(members) => Advice::from(help).write(keys_as_list(members)),
                        None => help.into(),
                    }
                }
            };
            self.diagnostics.push(wrong_type(&entry.node, path, "a list of capabilities", help));
            return Vec::new();
        };
        let mut read = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match scalar_text(item) {
                Some(value) => read.push(Spanned { value, span: item.span }),
                None => {
                    let help = "write the name of a capability, such as `ManualResourceProvisioning`";
                    self.diagnostics.push(wrong_type(item, &path.index(at), "the name of a capability", help));
                }
            }
        }
        read
    }

    fn versions(&mut self, members: &Members, path: &Path<'_>) -> IndexMap<ApiVersion, VersionEntry> {
        let Some(entry) = present(members, "apiVersions") else { return IndexMap::new() };
        let expected = "a mapping from API versions to schemas";
        let Some(versions) = self.mapping(&entry.node, path, expected) else { return IndexMap::new() };
        let mut read = IndexMap::new();
        for (name, entry) in versions {
            let path = path.key(name);
            let is_version = matches!(entry.node.value, Value::Object(_));
            if let Some(known) = (!is_version).then(|| closest(name, TYPE_KEYS)).flatten() {
                self.belongs_above(name, known, entry, members, &path);
                continue;
            }
            let version = self.version(name, entry, &path);
            if let Ok(name) = name.parse::<ApiVersion>() {
                read.insert(name, version);
            } else {
                self.invalid_version(name, version, &path);
            }
        }
        read
    }

    /// Reports a key of the type among its versions.
    fn belongs_above(&mut self, name: &str, known: &str, entry: &Entry, members: &Members, path: &Path<'_>) {
        let help = Advice::from(format!("write `{known}` beside `apiVersions`"));
        let place = members.get("apiVersions").and_then(|versions| {
            let column = edit::column(self.text, versions.key_span.start as usize)?;
            edit::moved_before(entry, versions, column, self.text)
        });
        let help = match place.filter(|_| !members.contains_key(known)) {
            Some((span, text)) => help.write_at(span, text).titled("move it"),
            None => help,
        };
        self.report(code::UNKNOWN_FIELD, entry.key_span, path, format!("`{name}` is no API version"), help);
    }

    fn version(&mut self, name: &str, entry: &Entry, path: &Path<'_>) -> VersionEntry {
        let mut read = VersionEntry { key_span: entry.key_span, ..VersionEntry::default() };
        read.schema.span = entry.key_span;
        let help = "write `schema: {type: object, properties: {}}` to begin with";
        if entry.node.value == Value::Null {
            let message = format!("API version `{name}` has no `schema`");
            self.report(code::MISSING_FIELD, entry.key_span, path, message, help);
            return read;
        }
        let Some(members) = self.mapping(&entry.node, path, "a mapping with the key `schema`") else { return read };
        let is_schema = ["type", "properties"].iter().any(|key| members.contains_key(*key));
        if is_schema && !members.contains_key("schema") {
            let message = format!("API version `{name}` has no `schema`: its keywords stand in the place of it");
            let help = Advice::from("write `schema:` above them, and indent them below it");
            let help = match edit::below_key(&entry.node, "schema", self.text) {
                Some((span, text)) => help.write_at(span, text).titled("write `schema:` above them"),
                None => help,
            };
            self.report(code::MISSING_FIELD, entry.key_span, path, message, help);
            read.schema = Schema::from_text(&entry.node, &path.key("schema").to_string(), self.text).0;
            return read;
        }
        let members = &*self.known_keys(members, path, &["schema"]);
        match present(members, "schema") {
            Some(schema) => {
                let below = path.key("schema").to_string();
                let (schema, diagnostics) = Schema::from_text(&schema.node, &below, self.text);
                self.diagnostics.extend(diagnostics);
                read.schema = schema;
            }
            None => {
                let span = members.get("schema").map_or(entry.key_span, |schema| schema.key_span);
                let message = format!("API version `{name}` has no `schema`");
                self.report(code::MISSING_FIELD, span, path, message, help);
            }
        }
        read
    }

    /// Reports a version that the model cannot hold, and what its schema breaks.
    fn invalid_version(&mut self, name: &str, version: VersionEntry, path: &Path<'_>) {
        let message = format!("`{name}` is not an API version");
        let help = "write a date as YYYY-MM-DD, optionally followed by `-preview`, such as `2025-01-01-preview`";
        let help = match crate::api_version::likely(name) {
            Some(version) => Advice::from(help).write(version),
            None => help.into(),
        };
        self.report(code::INVALID_API_VERSION, version.key_span, path, message, help);
        let below = path.key("schema").to_string();
        self.diagnostics.extend(rules::check_schema(&version.schema, &below, Strictness::Manifest));
    }

    fn mapping<'n>(&mut self, node: &'n Node, path: &Path<'_>, expected: &str) -> Option<&'n Members> {
        let members = node.as_object();
        if members.is_none() {
            let help = "write `key: value` lines below it";
            self.diagnostics.push(wrong_type(node, path, expected, help));
        }
        members
    }

    /// Reads text; numbers and booleans count as the text that was written.
    fn scalar(&mut self, members: &Members, name: &str, path: &Path<'_>) -> Option<Spanned<String>> {
        let entry = present(members, name)?;
        let value = scalar_text(&entry.node);
        if value.is_none() {
            let help = "write text, in quotes where it holds `: ` or begins with a special character";
            let help = crate::schema::only_text(&entry.node).unwrap_or_else(|| help.into());
            self.diagnostics.push(wrong_type(&entry.node, &path.key(name), "text", help));
        }
        Some(Spanned { value: value?, span: entry.node.span })
    }

    /// Reports keys that are not known, and returns the members with those that were likely meant in their place:
    /// one mistake is reported once.
    fn known_keys<'m>(&mut self, members: &'m Members, path: &Path<'_>, known: &[&str]) -> Cow<'m, Members> {
        let mut read = Cow::Borrowed(members);
        for (name, entry) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let free = known.iter().copied().filter(|known| !members.contains_key(*known));
            let meant = closest(name, free.clone())
                .or_else(|| called_elsewhere(name).filter(|it| free.clone().any(|own| own == *it)));
            let help = match (meant, name.as_str()) {
                (Some(known), _) => {
                    read.to_mut().insert(known.to_owned(), entry.clone());
                    Advice::rename(known)
                }
                (None, "icon") => "remove it; the icon is a file given to `rad resource-type create --icon`".into(),
                (None, _) => {
                    let help = Advice::from(format!("remove it; the keys here are {list}"));
                    // A whole block may be what the author wants to keep.
                    let is_block = matches!(entry.node.value, Value::Object(_));
                    match edit::whole_member(entry, self.text).filter(|_| !is_block) {
                        Some(span) => help.write_at(span, ""),
                        None => help,
                    }
                }
            };
            self.report(code::UNKNOWN_FIELD, entry.key_span, &path.key(name), format!("unknown key `{name}`"), help);
        }
        read
    }

    fn report(&mut self, code: Code, span: Span, path: &Path<'_>, message: impl Into<String>, help: impl Into<Advice>) {
        let diagnostic = Diagnostic::error(code, message).at(span).path(path.to_string());
        self.diagnostics.push(help.into().give(diagnostic, span));
    }
}

/// Returns the key that other formats call by a name.
fn called_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "name" | "provider" | "resourceprovider" => "namespace",
        "resourcetypes" | "resources" | "kinds" => "types",
        "versions" | "apis" => "apiVersions",
        "desc" | "doc" | "summary" | "title" => "description",
        "default" | "defaultversion" | "storageversion" => "defaultApiVersion",
        "features" => "capabilities",
        "spec" | "definition" | "openapi" | "openapiv3schema" | "body" => "schema",
        "locations" | "address" => "location",
        _ => return None,
    })
}

/// Returns the member unless it is absent or null.
fn present<'m>(members: &'m Members, name: &str) -> Option<&'m Entry> {
    members.get(name).filter(|entry| entry.node.value != Value::Null)
}

/// Writes the keys of a mapping as a list.
fn keys_as_list(members: &Members) -> String {
    format!("[{}]", members.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
}

fn scalar_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
