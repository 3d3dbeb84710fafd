//! What generators read: manifests, merged by namespace.

use std::borrow::Cow;

use indexmap::IndexMap;
use indexmap::map::Entry;
use radii_diagnostics::{Code, Diagnostic};
use radii_model::manifest::Manifest;

const DUPLICATE_TYPE: Code = Code::new("radii/duplicate-type");

/// A resource provider: all manifests of one namespace, as one.
pub type Provider<'a> = Cow<'a, Manifest>;

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
                    entry.insert(Cow::Borrowed(manifest));
                }
                Entry::Occupied(entry) => merge(entry.into_mut().to_mut(), manifest, &mut diagnostics),
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
