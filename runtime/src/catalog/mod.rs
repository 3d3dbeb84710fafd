//! The catalogue of registered providers, as the runtime core loads it from the registry.

mod key;
mod load;
mod schema;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use indexmap::IndexMap;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use crate::store::{self, Record, Store};
use crate::versions::{Converter, Remembered};
use key::{Key, Quick};

pub use schema::Schema;

/// Namespace of the registrations.
pub(crate) const NAMESPACE: &str = "System.Resources";
/// Type of the registration of a provider; everything else about the provider lies below it.
pub(crate) const PROVIDERS: &str = "resourceProviders";

/// A registered resource provider. Keys of all maps compare without regard to casing; see the `find_` functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provider {
    /// The namespace, in registered casing.
    pub namespace: String,
    /// The plane that it is registered in, such as `local`.
    pub plane: String,
    /// Locations by name.
    pub locations: IndexMap<String, Arc<Location>>,
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
    /// Type name → an address of its own; an empty one says that the type is served here.
    pub addresses: IndexMap<String, String>,
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
    /// The icon's SVG text.
    pub icon: Option<Arc<str>>,
    /// Versions with their schema as registered.
    pub api_versions: IndexMap<ApiVersion, Arc<Schema>>,
    /// What converts between the versions, once it was asked for; see [`Type::converter`].
    pub conversions: Remembered,
}

impl Provider {
    /// Returns the type of a name in any casing.
    pub fn find_type(&self, name: &str) -> Option<&Arc<Type>> {
        find(&self.types, name)
    }

    /// Returns the location of a name in any casing.
    pub fn find_location(&self, name: &str) -> Option<&Location> {
        find(&self.locations, name).map(|location| &**location)
    }
}

/// Finds what a name stands for in any casing; in its own one at once, however many there are.
fn find<'a, T>(map: &'a IndexMap<String, T>, name: &str) -> Option<&'a T> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

impl Location {
    /// Reads the `properties` of a registration (Radius HTTP contract, part 2.5).
    fn from_properties(properties: &Map<String, Json>) -> Self {
        let types = properties.get("resourceTypes").and_then(Json::as_object).into_iter().flatten();
        let versions = |entry: &Json| {
            let table = entry.get("apiVersions").and_then(Json::as_object).into_iter().flatten();
            table.map(|(version, _)| version.clone()).collect()
        };
        Self {
            address: text(properties, "address").filter(|address| !address.is_empty()),
            resource_types: types.clone().map(|(name, entry)| (name.clone(), versions(entry))).collect(),
            addresses: types
                .filter_map(|(name, entry)| Some((name.clone(), entry.get("address")?.as_str()?.to_owned())))
                .collect(),
        }
    }

    /// Returns the address that requests about a type go to; `None` when it is served here.
    ///
    /// A type's own address wins, so that one provider may have types of both sorts.
    pub fn address_of(&self, type_name: &str) -> Option<&str> {
        let address = find(&self.addresses, type_name).or(self.address.as_ref()).map(String::as_str);
        address.filter(|address| !address.is_empty())
    }

    /// Returns an address that operations of the provider are watched at.
    pub fn any_address(&self) -> Option<&str> {
        let own = self.addresses.values().map(String::as_str).find(|address| !address.is_empty());
        self.address.as_deref().filter(|address| !address.is_empty()).or(own)
    }

    /// Returns the versions that the location serves of a type, given in any casing.
    pub fn find_versions(&self, type_name: &str) -> Option<&[String]> {
        find(&self.resource_types, type_name).map(Vec::as_slice)
    }
}

fn text(properties: &Map<String, Json>, name: &str) -> Option<String> {
    properties.get(name).and_then(Json::as_str).map(str::to_owned)
}

impl Type {
    /// Reads the `properties` of a registration (Radius HTTP contract, part 2.5).
    fn from_properties(name: &str, properties: &Map<String, Json>) -> Self {
        let capabilities = properties.get("capabilities").and_then(Json::as_array).into_iter().flatten();
        Self {
            name: name.to_owned(),
            description: text(properties, "description"),
            capabilities: capabilities.filter_map(|entry| entry.as_str().map(str::to_owned)).collect(),
            default_api_version: text(properties, "defaultApiVersion"),
            icon: text(properties, "icon").map(Into::into),
            api_versions: IndexMap::new(),
            conversions: Remembered::default(),
        }
    }

    /// Returns what converts resources between the versions; `None` for types whose resources are served as they
    /// were written.
    pub fn converter(&self) -> Option<&Converter> {
        if self.api_versions.len() < 2 {
            return None;
        }
        self.conversions.get_or_make(|| Converter::of(self))
    }

    /// The version an unversioned client gets: the declared default, else the newest stable, else the newest preview.
    pub fn default_version(&self) -> Option<&ApiVersion> {
        let declared = self.default_api_version.as_deref().and_then(|text| text.parse::<ApiVersion>().ok());
        let declared = declared.and_then(|version| self.api_versions.get_key_value(&version).map(|(key, _)| key));
        declared.or_else(|| self.api_versions.keys().max_by_key(|version| (!version.is_preview(), *version)))
    }

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
    providers: RwLock<Providers>,
    generation: AtomicU64,
}

type Providers = IndexMap<Key<String>, Arc<Provider>, Quick>;

impl Catalog {
    /// Reads all registrations (records of `System.Resources`) from the store.
    ///
    /// # Errors
    /// When the store fails; what was known before stays known.
    pub async fn load(&self, store: &dyn Store) -> Result<(), store::Error> {
        let providers = load::all(store).await?;
        self.change(|known| *known = providers);
        Ok(())
    }

    /// Reads one provider's registrations again, whatever changed of them.
    ///
    /// # Errors
    /// When the store fails; what was known before stays known.
    pub async fn refresh(&self, store: &dyn Store, plane: &str, namespace: &str) -> Result<(), store::Error> {
        let provider = load::provider(store, plane, namespace).await?;
        self.change(|providers| match provider {
            Some(provider) => drop(providers.insert(Key(plane, namespace).owned(), Arc::new(provider))),
            None => drop(providers.shift_remove(&Key(plane, namespace))),
        });
        Ok(())
    }

    /// Takes over one registration that was just stored, or deleted: that of a provider, a location, a type or a version.
    ///
    /// It asks nobody, and costs the same however many types are registered beside it.
    ///
    /// # Assumptions
    /// Whoever writes registrations calls this before the next one writes.
    pub fn take_over(&self, id: &ResourceId, stored: Option<&Record>) {
        self.change(|providers| load::take_over(providers, id, stored));
    }

    fn change(&self, change: impl FnOnce(&mut Providers)) {
        let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut providers);
        // Behind the change: who reads the new generation sees what is new.
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn read<T>(&self, read: impl FnOnce(&Providers) -> T) -> T {
        read(&self.providers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that changes with everything that is registered: what was made from the catalogue while it stood is
    /// still right.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Returns a provider by plane and namespace, in any casing.
    pub fn find(&self, plane: &str, namespace: &str) -> Option<Arc<Provider>> {
        self.read(|providers| providers.get(&Key(plane, namespace)).cloned())
    }

    /// Returns the providers of all planes.
    pub fn all(&self) -> Vec<Arc<Provider>> {
        self.read(|providers| providers.values().cloned().collect())
    }

    /// Returns all providers of a plane, in the order of their registration.
    pub fn list(&self, plane: &str) -> Vec<Arc<Provider>> {
        let is_in = |provider: &&Arc<Provider>| provider.plane.eq_ignore_ascii_case(plane);
        self.read(|providers| providers.values().filter(is_in).cloned().collect())
    }
}
