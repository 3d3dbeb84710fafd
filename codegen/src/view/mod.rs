//! The model that templates are rendered over.
//!
//! It is a contract with users' templates, described in `docs/generators.md`: fields are added, never
//! renamed. Every field is always there (templates are strict), empty or null where there is nothing.

mod example;
mod rows;

use radii_model::ApiVersion;
use radii_model::cel;
use radii_model::manifest::{Manifest, ResourceType, VersionEntry};
use radii_model::schema::Schema;
use serde::Serialize;

pub use rows::PropertyView;

use crate::{Input, Provider};

/// Whether the model holds each property beside the table of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Properties {
    /// As rows and as a table.
    Listed,
    /// As a table only.
    Tabulated,
}

/// What a template sees that is rendered once per run.
#[derive(Debug, Serialize)]
pub struct Run<'a> {
    /// All providers.
    pub providers: &'a [ProviderView],
}

/// What a template sees that is rendered once per provider.
#[derive(Debug, Serialize)]
pub struct ProviderPage<'a> {
    /// The provider with its types.
    pub provider: &'a ProviderView,
}

/// What a template sees that is rendered once per type.
#[derive(Debug, Serialize)]
pub struct TypePage<'a> {
    /// The provider, without its types.
    pub provider: &'a ProviderHeader,
    /// The type with its versions.
    #[serde(rename = "type")]
    pub resource_type: &'a TypeView,
}

/// What a template sees that is rendered once per version of a type.
#[derive(Debug, Serialize)]
pub struct VersionPage<'a> {
    /// The provider, without its types.
    pub provider: &'a ProviderHeader,
    /// The type, without its versions.
    #[serde(rename = "type")]
    pub resource_type: &'a TypeHeader,
    /// The version.
    pub version: &'a VersionView,
}

/// A provider, without its types.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderHeader {
    /// Namespace, as in `Contoso.Data`.
    pub namespace: String,
    /// The namespace in lower case without dots: a name for files and packages.
    pub slug: String,
    /// Location that serves the types.
    pub location: String,
    /// Address of the server behind the location; null when the registry serves the types itself.
    pub address: Option<String>,
}

/// A provider.
#[derive(Debug, Serialize)]
pub struct ProviderView {
    /// The provider's own fields.
    #[serde(flatten)]
    pub header: ProviderHeader,
    /// Its types, in the order of the manifest.
    pub types: Vec<TypeView>,
}

/// A type, without its versions.
#[derive(Clone, Debug, Serialize)]
pub struct TypeHeader {
    /// Name, as in `postgreSqlDatabases`.
    pub name: String,
    /// Name with namespace, as in `Contoso.Data/postgreSqlDatabases`.
    pub full_name: String,
    /// Description in Markdown; empty when there is none.
    pub description: String,
    /// First line of the description.
    pub summary: String,
    /// Capabilities.
    pub capabilities: Vec<String>,
    /// The version that an unversioned client gets; empty when there is no version.
    pub default_version: String,
}

/// A type.
#[derive(Debug, Serialize)]
pub struct TypeView {
    /// The type's own fields.
    #[serde(flatten)]
    pub header: TypeHeader,
    /// Its versions, newest first.
    pub versions: Vec<VersionView>,
}

/// A version of a type.
#[derive(Debug, Serialize)]
pub struct VersionView {
    /// The version, as in `2025-01-01-preview`.
    pub version: String,
    /// Whether it is a preview.
    pub preview: bool,
    /// Whether an unversioned client gets it.
    pub default: bool,
    /// Name with namespace and version, as in `Contoso.Data/postgreSqlDatabases@2025-01-01`.
    pub full_name: String,
    /// Description of the schema; empty when there is none.
    pub description: String,
    /// All properties, nested ones after the object that holds them. Left out, as the one exception, when no
    /// template of the folder speaks of them: they are by far the largest part of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<PropertyView>>,
    /// All properties as a Markdown table.
    pub properties_table: String,
    /// What bodies have to keep beyond the properties' own bounds.
    pub rules: Vec<RuleView>,
    /// A resource in Bicep.
    pub example_bicep: String,
    /// The body of a PUT.
    pub example_json: String,
}

/// A rule over bodies.
#[derive(Debug, Serialize)]
pub struct RuleView {
    /// What it is about, from the resource's `properties` on; empty for all of them.
    pub place: String,
    /// The expression, in CEL.
    pub rule: String,
    /// What is said to who breaks it; empty when the author gave no words.
    pub message: String,
}

impl<'a> TypePage<'a> {
    /// Returns the view of each version.
    pub fn versions(&self) -> impl Iterator<Item = VersionPage<'a>> + use<'a> {
        let (provider, resource_type) = (self.provider, self.resource_type);
        let page = move |version| VersionPage { provider, resource_type: &resource_type.header, version };
        resource_type.versions.iter().map(page)
    }
}

/// Returns the view of all providers, which the pages share.
pub fn providers(input: &Input<'_>, properties: Properties) -> Vec<ProviderView> {
    input.providers().iter().map(|provider| ProviderView::new(provider, properties)).collect()
}

impl ProviderHeader {
    fn new(provider: &Manifest) -> Self {
        let namespace = provider.namespace.value.clone();
        let (location, address) = provider.location();
        let slug = namespace.to_lowercase().replace('.', "");
        Self { slug, location: location.to_owned(), address: address.map(str::to_owned), namespace }
    }
}

impl ProviderView {
    fn new(provider: &Provider<'_>, properties: Properties) -> Self {
        let view = |(name, resource_type): (&String, &_)| TypeView::new(provider, name, resource_type, properties);
        let types = provider.types.iter().map(view);
        Self { header: ProviderHeader::new(provider), types: types.collect() }
    }
}

impl TypeView {
    fn new(provider: &Provider<'_>, name: &str, resource_type: &ResourceType, properties: Properties) -> Self {
        let default_version = resource_type.default_version();
        let description = resource_type.description.as_deref().unwrap_or_default().trim_end().to_owned();
        let header = TypeHeader {
            name: name.to_owned(),
            full_name: format!("{}/{name}", provider.namespace.value),
            summary: description.lines().next().unwrap_or_default().to_owned(),
            description,
            capabilities: resource_type.capabilities.iter().map(|capability| capability.value.clone()).collect(),
            default_version: default_version.map(ToString::to_string).unwrap_or_default(),
        };
        let mut entries: Vec<(&ApiVersion, &VersionEntry)> = resource_type.api_versions.iter().collect();
        entries.sort_by(|one, other| other.0.cmp(one.0));
        let version = |(version, entry): (&ApiVersion, &VersionEntry)| {
            let schema = provider.effective(name, version)?;
            let default = default_version == Some(version);
            Some(VersionView { default, ..VersionView::new(&header, version, entry, schema, properties) })
        };
        let versions = entries.into_iter().filter_map(version).collect();
        Self { header, versions }
    }
}

impl VersionView {
    fn new(
        header: &TypeHeader,
        version: &ApiVersion,
        entry: &VersionEntry,
        schema: &Schema,
        properties: Properties,
    ) -> Self {
        let full_name = format!("{}@{version}", header.full_name);
        let rows = rows::of(schema);
        Self {
            version: version.to_string(),
            preview: version.is_preview(),
            default: false,
            description: entry.schema.description.clone().unwrap_or_default(),
            properties_table: rows::table(&rows),
            rules: rules_of(&entry.schema),
            properties: (properties == Properties::Listed).then_some(rows),
            example_bicep: example::bicep(&header.name, &full_name, schema),
            example_json: example::json(schema),
            full_name,
        }
    }
}

fn rules_of(schema: &Schema) -> Vec<RuleView> {
    let view = |(place, rule): (String, cel::WrittenRule)| RuleView {
        place,
        rule: rule.rule,
        message: rule.message.unwrap_or_default(),
    };
    cel::listed(schema).into_iter().map(view).collect()
}
