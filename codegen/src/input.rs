//! What generators read: manifests, merged by namespace.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

use indexmap::IndexMap;
use indexmap::map::Entry;
use radii_diagnostics::{Code, Diagnostic};
use radii_model::ApiVersion;
use radii_model::manifest::{Manifest, ResourceType};
use radii_model::schema::Schema;

use crate::effective::effective;

const DUPLICATE_TYPE: Code = Code::new("radii/duplicate-type");

/// A resource provider: all manifests of one namespace, as one.
#[derive(Clone, Debug)]
pub struct Provider<'a> {
    manifest: Cow<'a, Manifest>,
    /// The schemas as authors of resources meet them, by type and version; made once, for all generators.
    effective: OnceLock<Vec<Vec<Schema>>>,
}

impl Deref for Provider<'_> {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        &self.manifest
    }
}

impl Provider<'_> {
    /// The schema of a resource's `properties` as its author meets it; `None` for a version that there is not.
    pub(crate) fn effective(&self, type_name: &str, version: &ApiVersion) -> Option<&Schema> {
        let (at, _, resource_type) = self.manifest.types.get_full(type_name)?;
        let version = resource_type.api_versions.get_index_of(version)?;
        let all = self.effective.get_or_init(|| {
            let of_type = |resource_type: &ResourceType| -> Vec<Schema> {
                resource_type.api_versions.values().map(|entry| effective(&self.manifest, &entry.schema)).collect()
            };
            self.manifest.types.values().map(of_type).collect()
        });
        all.get(at)?.get(version)
    }
}

/// The manifests of one run.
#[derive(Clone, Debug, Default)]
pub struct Input<'a> {
    providers: Vec<Provider<'a>>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Input<'a> {
    /// Merges manifests of the same namespace (compared without regard to case), in the order given.
    ///
    /// A type that two manifests define is an error in [`Input::diagnostics`]; the first definition stays.
    pub fn new(manifests: &'a [Manifest]) -> Self {
        let mut providers: IndexMap<String, Provider<'a>> = IndexMap::new();
        let mut diagnostics = Vec::new();
        for manifest in manifests {
            match providers.entry(manifest.namespace.value.to_lowercase()) {
                Entry::Vacant(entry) => {
                    entry.insert(Provider { manifest: Cow::Borrowed(manifest), effective: OnceLock::new() });
                }
                Entry::Occupied(entry) => merge(entry.into_mut().manifest.to_mut(), manifest, &mut diagnostics),
            }
        }
        Self { providers: providers.into_values().collect(), diagnostics }
    }

    /// One provider per namespace, in the order in which the namespaces appeared.
    pub fn providers(&self) -> &[Provider<'a>] {
        &self.providers
    }

    /// What was wrong with the manifests taken together.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

fn merge(provider: &mut Manifest, other: &Manifest, diagnostics: &mut Vec<Diagnostic>) {
    for (location, address) in &other.locations {
        provider.locations.entry(location.clone()).or_insert_with(|| address.clone());
    }
    for (name, resource_type) in &other.types {
        let existing = provider.types.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((known, first)) = existing {
            let message = format!("type `{}/{name}` is defined twice", provider.namespace.value);
            diagnostics.push(
                Diagnostic::error(DUPLICATE_TYPE, message)
                    .labelled(resource_type.key_span, "defined again here")
                    .also(first.key_span, format!("`{known}` is defined here"))
                    .path(format!("types.{name}"))
                    .help("remove one of the two, or give one of them another name"),
            );
        } else {
            provider.types.insert(name.clone(), resource_type.clone());
        }
    }
}
