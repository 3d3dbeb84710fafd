//! The catalogue of registered providers, as the runtime core loads it from the registry.

use std::sync::Arc;

use indexmap::IndexMap;
use radii_model::{ApiVersion, TypeName};
use serde_json::Value as Json;

/// A registered resource provider. Keys of all maps compare without regard to casing; see the `find_` functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// The namespace, in registered casing.
    pub namespace: String,
    /// The plane that it is registered in, such as `local`.
    pub plane: String,
    /// Locations by name.
    pub locations: IndexMap<String, Location>,
    /// Types by name.
    pub types: IndexMap<String, Arc<Type>>,
}

/// Where a provider runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    /// Address of an imperative provider.
    pub address: Option<String>,
    /// Type name → API versions that the location serves.
    pub resource_types: IndexMap<String, Vec<String>>,
}

/// A registered type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Type {
    /// The name, in registered casing.
    pub name: String,
    /// `Markdown` description.
    pub description: Option<String>,
    /// Capabilities.
    pub capabilities: Vec<String>,
    /// Declared default version.
    pub default_api_version: Option<String>,
    /// Versions with their schema as registered (OpenAPI 3.0 schema object, or `{}`).
    pub api_versions: IndexMap<ApiVersion, Arc<Json>>,
}

impl Provider {
    /// Returns the type of a name in any casing.
    pub fn find_type(&self, name: &str) -> Option<&Arc<Type>> {
        self.types
            .get(name)
            .or_else(|| self.types.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, entry)| entry))
    }

    /// Returns the location of a name in any casing.
    pub fn find_location(&self, name: &str) -> Option<&Location> {
        self.locations.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, location)| location)
    }
}

impl Type {
    /// Whether the type has a capability.
    pub fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|own| own == capability)
    }
}

/// Full name of a type of a provider.
pub fn type_name(provider: &Provider, kind: &Type) -> TypeName {
    TypeName::new(provider.namespace.clone(), kind.name.clone())
}

/// All registered providers, in memory, kept current by whoever writes registrations.
#[derive(Debug, Default)]
pub struct Catalog {
    providers: std::sync::RwLock<IndexMap<(String, String), Arc<Provider>>>,
}

impl Catalog {
    /// Reads all registrations (records of `System.Resources`) from the store.
    pub async fn load(&self, _store: &dyn crate::store::Store) -> Result<(), crate::store::Error> {
        todo!()
    }

    /// Reads one provider's registrations again; called after every write to them.
    pub async fn refresh(
        &self,
        _store: &dyn crate::store::Store,
        _plane: &str,
        _namespace: &str,
    ) -> Result<(), crate::store::Error> {
        todo!()
    }

    /// Returns a provider by plane and namespace, in any casing.
    pub fn find(&self, plane: &str, namespace: &str) -> Option<Arc<Provider>> {
        let key = (plane.to_ascii_lowercase(), namespace.to_ascii_lowercase());
        self.providers.read().expect("no holder of the lock panics").get(&key).cloned()
    }

    /// Returns all providers of a plane, in the order of their registration.
    pub fn list(&self, plane: &str) -> Vec<Arc<Provider>> {
        let providers = self.providers.read().expect("no holder of the lock panics");
        providers.values().filter(|provider| provider.plane.eq_ignore_ascii_case(plane)).cloned().collect()
    }
}
