//! The catalogue of registered providers, as the runtime core loads it from the registry.

use std::sync::Arc;

use indexmap::IndexMap;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use crate::store::{self, ListQuery, Record, Store};
use crate::versions::{Converter, Remembered};

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
    /// Versions with their schema as registered (OpenAPI 3.0 schema object, or `{}`).
    pub api_versions: IndexMap<ApiVersion, Arc<Json>>,
    /// What converts between the versions, once it was asked for; see [`Type::converter`].
    pub conversions: Remembered,
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

impl Provider {
    /// Takes over the registration of a location, a type or a version of this provider.
    fn add(&mut self, record: &Record) {
        match record.id.types() {
            [_, location] if location.kind.eq_ignore_ascii_case("locations") => {
                if let Some(name) = &location.name {
                    self.locations.insert(name.clone(), Location::from_properties(&record.properties));
                }
            }
            [_, kind] => {
                if let Some(name) = &kind.name {
                    self.types.insert(name.clone(), Arc::new(Type::from_properties(name, &record.properties)));
                }
            }
            [_, kind, version] => {
                let version = version.name.as_deref().and_then(|name| name.parse::<ApiVersion>().ok());
                let kind = kind.name.as_deref().and_then(|name| find_mut(&mut self.types, name));
                if let (Some(version), Some(kind)) = (version, kind) {
                    let schema = record.properties.get("schema").cloned().unwrap_or_else(|| Json::Object(Map::new()));
                    let kind = Arc::make_mut(kind);
                    kind.api_versions.insert(version, Arc::new(schema));
                    kind.conversions = Remembered::default();
                }
            }
            _ => {}
        }
    }
}

fn find_mut<'a, T>(map: &'a mut IndexMap<String, T>, name: &str) -> Option<&'a mut T> {
    map.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
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
        let own = self.addresses.iter().find(|(name, _)| name.eq_ignore_ascii_case(type_name));
        let address = own.map(|(_, address)| address.as_str()).or(self.address.as_deref());
        address.filter(|address| !address.is_empty())
    }

    /// Returns an address that operations of the provider are watched at.
    pub fn any_address(&self) -> Option<&str> {
        let own = self.addresses.values().map(String::as_str).find(|address| !address.is_empty());
        self.address.as_deref().filter(|address| !address.is_empty()).or(own)
    }

    /// Returns the versions that the location serves of a type, given in any casing.
    pub fn find_versions(&self, type_name: &str) -> Option<&[String]> {
        let entry = self.resource_types.iter().find(|(key, _)| key.eq_ignore_ascii_case(type_name));
        entry.map(|(_, versions)| versions.as_slice())
    }
}

fn text(properties: &Map<String, Json>, name: &str) -> Option<String> {
    properties.get(name).and_then(Json::as_str).map(str::to_owned)
}

fn key(plane: &str, namespace: &str) -> (String, String) {
    (plane.to_ascii_lowercase(), namespace.to_ascii_lowercase())
}

/// Returns plane and namespace of the provider that a registration is about.
fn provider_of(id: &ResourceId) -> Option<(String, String)> {
    let (_, plane) = id.plane()?;
    let namespace = id.types().first()?.name.clone()?;
    Some((plane.to_owned(), namespace))
}

/// Reads the registrations of one provider; `None` when it is not registered.
async fn load_provider(store: &dyn Store, plane: &str, namespace: &str) -> Result<Option<Provider>, store::Error> {
    let text = format!("/planes/radius/{plane}/providers/{NAMESPACE}/{PROVIDERS}/{namespace}");
    let Ok(id) = text.parse::<ResourceId>() else { return Ok(None) };
    let Some(record) = store.find(&id).await? else { return Ok(None) };
    let Some((plane, namespace)) = provider_of(&record.id) else { return Ok(None) };
    let mut provider = Provider { plane, namespace, ..Provider::default() };
    let query = ListQuery { scope: Some(id), recursive: true, kind: None, after: None, limit: None };
    let mut children = store.list(&query).await?.records;
    children.retain(|child| child.id.types().len() > 1);
    // Types before their versions, whatever the order they were written in.
    children.sort_by_key(|child| child.id.types().len());
    children.iter().for_each(|child| provider.add(child));
    Ok(Some(provider))
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
    providers: std::sync::RwLock<IndexMap<(String, String), Arc<Provider>>>,
}

impl Catalog {
    /// Reads all registrations (records of `System.Resources`) from the store.
    pub async fn load(&self, store: &dyn Store) -> Result<(), store::Error> {
        let mut providers: IndexMap<(String, String), Provider> = IndexMap::new();
        // Parents first: a child whose parent is not registered belongs to nothing and is left out.
        for kind in ["", "/locations", "/resourceTypes", "/resourceTypes/apiVersions"] {
            let kind = TypeName::new(NAMESPACE, format!("{PROVIDERS}{kind}"));
            let query = ListQuery { scope: None, recursive: true, kind: Some(kind), after: None, limit: None };
            for record in store.list(&query).await?.records {
                let Some((plane, namespace)) = provider_of(&record.id) else { continue };
                if record.id.types().len() == 1 {
                    providers.insert(key(&plane, &namespace), Provider { plane, namespace, ..Provider::default() });
                } else if let Some(provider) = providers.get_mut(&key(&plane, &namespace)) {
                    provider.add(&record);
                }
            }
        }
        let providers = providers.into_iter().map(|(key, provider)| (key, Arc::new(provider))).collect();
        *self.providers.write().expect("no holder of the lock panics") = providers;
        Ok(())
    }

    /// Reads one provider's registrations again; called after every write to them.
    pub async fn refresh(&self, store: &dyn Store, plane: &str, namespace: &str) -> Result<(), store::Error> {
        let provider = load_provider(store, plane, namespace).await?;
        let mut providers = self.providers.write().expect("no holder of the lock panics");
        match provider {
            Some(provider) => {
                providers.insert(key(plane, namespace), Arc::new(provider));
            }
            None => {
                providers.shift_remove(&key(plane, namespace));
            }
        }
        Ok(())
    }

    /// Returns a provider by plane and namespace, in any casing.
    pub fn find(&self, plane: &str, namespace: &str) -> Option<Arc<Provider>> {
        self.providers.read().expect("no holder of the lock panics").get(&key(plane, namespace)).cloned()
    }

    /// Returns the providers of all planes.
    pub fn all(&self) -> Vec<Arc<Provider>> {
        self.providers.read().expect("no holder of the lock panics").values().cloned().collect()
    }

    /// Returns all providers of a plane, in the order of their registration.
    pub fn list(&self, plane: &str) -> Vec<Arc<Provider>> {
        let providers = self.providers.read().expect("no holder of the lock panics");
        providers.values().filter(|provider| provider.plane.eq_ignore_ascii_case(plane)).cloned().collect()
    }
}
