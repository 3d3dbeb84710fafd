//! Manifests: a resource provider with its types, as the registry accepts it.

mod mend;
mod read;
mod write;

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, FileId, Fix, Span};

use crate::ApiVersion;
use crate::document::{Limits, check_single, parse_yaml};
use crate::schema::Schema;

/// A resource provider (Radius HTTP contract, part 6).
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The provider's namespace, such as `Contoso.Data`.
    pub namespace: Spanned<String>,
    /// Locations by name, each with the address of an imperative provider; empty means `global` without address.
    pub locations: IndexMap<String, Option<String>>,
    /// The types, in the order of the text.
    pub types: IndexMap<String, ResourceType>,
}

/// One resource type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceType {
    /// Where the type's name stands.
    pub key_span: Span,
    /// What the type is, in Markdown.
    pub description: Option<String>,
    /// Capabilities, such as `ManualResourceProvisioning`.
    pub capabilities: Vec<Spanned<String>>,
    /// The version that an unversioned client gets.
    pub default_api_version: Option<Spanned<String>>,
    /// API versions, in the order of the text.
    pub api_versions: IndexMap<ApiVersion, VersionEntry>,
}

/// One API version of a type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionEntry {
    /// Where the version stands.
    pub key_span: Span,
    /// The schema of the resource's `properties`, without the base properties.
    pub schema: Schema,
}

/// A value with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// Reads a manifest from YAML or JSON and checks every rule of the format.
///
/// Returns the manifest as far as it could be understood beside all diagnostics; it may be used only
/// when none of them is an error. Of several YAML documents only the first is read.
pub fn parse(file: FileId, text: &str) -> (Option<Manifest>, Vec<Diagnostic>) {
    match parse_yaml(file, text, Limits::default()) {
        Ok(document) => {
            let (mut manifest, mut diagnostics) = read::manifest(&document, text);
            let types = manifest.iter_mut().flat_map(|manifest| manifest.types.values_mut());
            for entry in types.flat_map(|resource_type| resource_type.api_versions.values_mut()) {
                crate::cel::locate(&mut entry.schema, text);
            }
            diagnostics.extend(manifest.iter().flat_map(crate::rules::check_manifest));
            without_consequences(&mut diagnostics);
            diagnostics.extend(second_document(file, text));
            diagnostics.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span.start));
            mend::with_text(text, &mut diagnostics);
            crate::advice::quote_alike(text, &mut diagnostics);
            (manifest, diagnostics)
        }
        Err(diagnostics) => (None, diagnostics),
    }
}

/// Warns of a second document, which may have been meant to go on with the first one.
fn second_document(file: FileId, text: &str) -> Option<Diagnostic> {
    let told = check_single(file, text)?;
    let span = told.primary.as_ref()?.span;
    let end = text[span.end as usize..].find('\n').map_or(text.len(), |end| span.end as usize + end + 1);
    let is_last = !text[end..].lines().any(|line| line.starts_with("---"));
    let whole = [&text[..span.start as usize], &text[end..]].concat();
    if !is_last || !text[span.end as usize..end].trim().is_empty() || !parse(file, &whole).1.is_empty() {
        return Some(told);
    }
    let span = Span { end: u32::try_from(end).ok()?, ..span };
    Some(told.fix(Fix { title: "remove the `---`".to_owned(), span, replacement: String::new(), sure: false }))
}

/// Leaves out what a rule says of a property whose schema has a mistake of its own: it only follows from that.
fn without_consequences(diagnostics: &mut Vec<Diagnostic>) {
    use crate::rules::code::{
        BASE_PROPERTY, REQUIRED_UNDECLARED, SECRETS_BLOCK, UNKNOWN_KEYWORD, UNKNOWN_TYPE, WRONG_TYPE,
    };
    let is_cause = |it: &&Diagnostic| [UNKNOWN_TYPE, WRONG_TYPE, UNKNOWN_KEYWORD].contains(&it.code);
    let causes: Vec<String> = diagnostics.iter().filter(is_cause).filter_map(|it| it.path.clone()).collect();
    diagnostics.retain(|it| {
        // What cannot be read as properties declares none.
        let of = it.path.as_deref().and_then(|path| path.strip_suffix(".required"));
        if let Some(of) = of.filter(|_| it.code == REQUIRED_UNDECLARED) {
            return !causes.iter().any(|cause| cause.strip_suffix(".properties") == Some(of));
        }
        let follows = it.code == BASE_PROPERTY || it.code == SECRETS_BLOCK;
        let Some(own) = it.path.as_deref().filter(|_| follows) else { return true };
        !causes.iter().any(|cause| cause.starts_with(own))
    });
}

impl Manifest {
    /// Writes the manifest as YAML that Radius and [`parse`] accept; the same manifest always gives the same bytes.
    pub fn to_yaml(&self) -> String {
        write::yaml(self)
    }

    /// Returns the location that types are served from: the first one given, or `global`.
    pub fn location(&self) -> (&str, Option<&str>) {
        self.locations.first().map_or(("global", None), |(name, address)| (name, address.as_deref()))
    }
}

impl ResourceType {
    /// The version an unversioned client gets: the declared default, else the newest stable, else the newest preview.
    pub fn default_version(&self) -> Option<&ApiVersion> {
        let declared = self.default_api_version.as_ref().and_then(|version| version.value.parse::<ApiVersion>().ok());
        let declared = declared.and_then(|version| self.api_versions.get_key_value(&version).map(|(key, _)| key));
        declared.or_else(|| self.api_versions.keys().max_by_key(|version| (!version.is_preview(), *version)))
    }
}
