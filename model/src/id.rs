//! ARM-style resource ids: `/planes/radius/local/resourceGroups/g/providers/N.S/type/name`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A resource type as `Namespace/type`; nested types keep their slashes (`N/parents/children`).
///
/// Equality and order ignore the casing; display keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TypeName {
    namespace: String,
    name: String,
}

impl TypeName {
    /// Returns the type `namespace/name`.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The resource provider, such as `Contoso.Data`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The type below the provider, such as `postgreSqlDatabases`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lower-case form that comparisons and look-ups use.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl PartialEq for TypeName {
    fn eq(&self, other: &Self) -> bool {
        self.namespace.eq_ignore_ascii_case(&other.namespace) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl Eq for TypeName {}

impl std::hash::Hash for TypeName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl FromStr for TypeName {
    type Err = InvalidResourceId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(Self::new(namespace, name)),
            _ => Err(InvalidResourceId(text.to_owned())),
        }
    }
}

impl TryFrom<String> for TypeName {
    type Error = InvalidResourceId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TypeName> for String {
    fn from(name: TypeName) -> Self {
        name.to_string()
    }
}

/// One `kind/name` pair of a scope; `name` is `None` for a collection of scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeSegment {
    /// `radius` of `/planes/radius/local`, `resourceGroups`, `subscriptions`, `accounts` …
    pub kind: String,
    /// The scope's name.
    pub name: Option<String>,
}

/// One `type/name` pair below a provider; `name` is `None` for a collection of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSegment {
    /// `postgreSqlDatabases`.
    pub kind: String,
    /// The resource's name.
    pub name: Option<String>,
}

/// The text is no resource id.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a resource id; expected `/planes/radius/local/resourceGroups/GROUP/providers/NAMESPACE/TYPE/NAME`"
)]
pub struct InvalidResourceId(pub String);

/// An id of a plane, a scope, a resource or a collection of these.
///
/// Ids of planes start with `/planes/KIND/NAME`; ids of Azure (`/subscriptions/…`) have no plane.
/// The casing of the text is kept; [`ResourceId::key`] is the form in which ids are compared and stored.
/// Source: Radius HTTP contract, part 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId {
    /// Whether the id starts with `/planes`.
    is_plane_id: bool,
    scopes: Vec<ScopeSegment>,
    /// Provider namespace and the types below it; several when a resource extends another.
    providers: Vec<(String, Vec<TypeSegment>)>,
}

impl ResourceId {
    /// The lower-case form in which ids are compared, stored and looked up.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }

    /// The kind and name of the plane, for ids below `/planes`.
    pub fn plane(&self) -> Option<(&str, &str)> {
        todo!()
    }

    /// The name of the resource group, if the scope has one.
    pub fn resource_group(&self) -> Option<&str> {
        todo!()
    }

    /// The scope segments, the plane's included.
    pub fn scopes(&self) -> &[ScopeSegment] {
        &self.scopes
    }

    /// The scope alone: the id without its last provider part (`/planes/radius/local/resourceGroups/g`).
    #[must_use]
    pub fn scope(&self) -> ResourceId {
        todo!()
    }

    /// The last provider's namespace, for resources and their collections.
    pub fn namespace(&self) -> Option<&str> {
        self.providers.last().map(|(namespace, _)| namespace.as_str())
    }

    /// The type segments below the last provider.
    pub fn types(&self) -> &[TypeSegment] {
        self.providers.last().map_or(&[], |(_, types)| types)
    }

    /// The resource type (`N/parents/children` for nested ones), for resources and their collections.
    pub fn resource_type(&self) -> Option<TypeName> {
        todo!()
    }

    /// The name of the resource, or of the last scope when the id is a scope; `None` for collections.
    pub fn name(&self) -> Option<&str> {
        todo!()
    }

    /// Whether the id names one resource, not a scope or a collection.
    pub fn is_resource(&self) -> bool {
        todo!()
    }

    /// Whether the id is a plane, a group or another scope without provider.
    pub fn is_scope(&self) -> bool {
        self.providers.is_empty()
    }

    /// Whether the id lacks its last name: a collection of planes, groups or resources.
    pub fn is_collection(&self) -> bool {
        todo!()
    }

    /// The resource that a nested resource belongs to.
    pub fn parent(&self) -> Option<ResourceId> {
        todo!()
    }

    /// Returns the id of the resource `name` of `kind` at this scope.
    ///
    /// # Panics
    /// Never: names are taken as they are; the caller checks them against the naming rules.
    #[must_use]
    pub fn resource(&self, kind: &TypeName, name: &str) -> ResourceId {
        let _ = (kind, name);
        todo!()
    }

    /// Returns the id of the child `name` of type `kind` of this resource.
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> ResourceId {
        let _ = (kind, name);
        todo!()
    }

    /// Whether `self` is `other` or lies below it, compared without regard to casing.
    pub fn is_within(&self, other: &ResourceId) -> bool {
        let _ = other;
        todo!()
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ResourceId {}

impl std::hash::Hash for ResourceId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl FromStr for ResourceId {
    type Err = InvalidResourceId;

    fn from_str(_text: &str) -> Result<Self, Self::Err> {
        todo!()
    }
}

impl TryFrom<String> for ResourceId {
    type Error = InvalidResourceId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.to_string()
    }
}
