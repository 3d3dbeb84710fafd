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
        let mut key = [self.namespace.as_str(), self.name.as_str()].join("/");
        key.make_ascii_lowercase();
        key
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
        let mut key = self.text();
        key.make_ascii_lowercase();
        key
    }

    /// The [`ResourceId::key`] of [`ResourceId::scope`], without that id.
    pub fn scope_key(&self) -> String {
        let mut key = self.text_with(self.providers.len().saturating_sub(1));
        key.make_ascii_lowercase();
        key
    }

    /// The id as text. Ids are written and compared all the time, so this formats nothing.
    fn text(&self) -> String {
        self.text_with(self.providers.len())
    }

    /// The id as text, with so many of its providers.
    fn text_with(&self, providers: usize) -> String {
        let mut text = String::with_capacity(160);
        let mut push = |part: &str| {
            text.push('/');
            text.push_str(part);
        };
        if self.is_plane_id {
            push("planes");
        }
        for scope in &self.scopes {
            push(&scope.kind);
            scope.name.iter().for_each(|name| push(name));
        }
        for (namespace, types) in &self.providers[..providers] {
            push("providers");
            push(namespace);
            for segment in types {
                push(&segment.kind);
                segment.name.iter().for_each(|name| push(name));
            }
        }
        text
    }

    /// The kind and name of the plane, for ids below `/planes`.
    pub fn plane(&self) -> Option<(&str, &str)> {
        let first = self.scopes.first().filter(|_| self.is_plane_id)?;
        Some((&first.kind, first.name.as_deref()?))
    }

    /// The id of the plane, for ids below `/planes`.
    #[must_use]
    pub fn plane_id(&self) -> Option<ResourceId> {
        self.plane()?;
        Some(Self { is_plane_id: true, scopes: self.scopes[..1].to_vec(), providers: Vec::new() })
    }

    /// The name of the resource group, if the scope has one.
    pub fn resource_group(&self) -> Option<&str> {
        let group = self.scopes.iter().find(|scope| scope.kind.eq_ignore_ascii_case("resourceGroups"))?;
        group.name.as_deref()
    }

    /// The scope segments, the plane's included.
    pub fn scopes(&self) -> &[ScopeSegment] {
        &self.scopes
    }

    /// The scope alone: the id without its last provider part (`/planes/radius/local/resourceGroups/g`).
    ///
    /// The scope of a resource that extends another is the extended resource; a scope is its own.
    #[must_use]
    pub fn scope(&self) -> ResourceId {
        let outer = self.providers.len().saturating_sub(1);
        Self { is_plane_id: self.is_plane_id, scopes: self.scopes.clone(), providers: self.providers[..outer].to_vec() }
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
        let (namespace, types) = self.providers.last()?;
        let name = match types.as_slice() {
            [one] => one.kind.clone(),
            several => several.iter().map(|segment| segment.kind.as_str()).collect::<Vec<_>>().join("/"),
        };
        Some(TypeName::new(namespace, name))
    }

    /// The name of the resource, or of the last scope when the id is a scope; `None` for collections.
    pub fn name(&self) -> Option<&str> {
        match self.providers.last() {
            Some((_, types)) => types.last()?.name.as_deref(),
            None => self.scopes.last()?.name.as_deref(),
        }
    }

    /// Whether the id names something that extends a resource of another provider.
    pub fn is_extension(&self) -> bool {
        self.providers.len() > 1
    }

    /// Whether the id names one resource, not a scope or a collection.
    pub fn is_resource(&self) -> bool {
        !self.is_scope() && self.name().is_some()
    }

    /// Whether the id is a plane, a group or another scope without provider.
    pub fn is_scope(&self) -> bool {
        self.providers.is_empty()
    }

    /// Whether the id lacks its last name: a collection of planes, groups or resources.
    pub fn is_collection(&self) -> bool {
        self.name().is_none()
    }

    /// The resource that a nested resource, or one that extends another, belongs to.
    pub fn parent(&self) -> Option<ResourceId> {
        if self.providers.len() == 1 && self.types().len() <= 1 {
            return None;
        }
        let mut parent = self.clone();
        let (_, types) = parent.providers.last_mut()?;
        types.pop();
        if types.is_empty() {
            parent.providers.pop();
        }
        parent.is_resource().then_some(parent)
    }

    /// Returns the id of the resource `name` of `kind` at this scope.
    ///
    /// A nested type takes as many names, separated by slashes as in a template: `N/parents/children`
    /// with `p/c` gives `…/parents/p/children/c`. With fewer names the result is a collection.
    ///
    /// # Panics
    /// Never: names are taken as they are; the caller checks them against the naming rules.
    #[must_use]
    pub fn resource(&self, kind: &TypeName, name: &str) -> ResourceId {
        let kinds: Vec<&str> = kind.name().split('/').collect();
        let mut names = name.splitn(kinds.len(), '/');
        let mut types = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let name = names.next().map(str::to_owned);
            let is_last = name.is_none();
            types.push(TypeSegment { kind: kind.to_owned(), name });
            if is_last {
                break;
            }
        }
        let mut id = self.clone();
        id.providers.push((kind.namespace().to_owned(), types));
        id
    }

    /// Returns the id of the child `name` of type `kind` of this resource, or of this scope.
    #[must_use]
    pub fn child(&self, kind: &str, name: &str) -> ResourceId {
        let mut id = self.clone();
        let (kind, name) = (kind.to_owned(), Some(name.to_owned()));
        match id.providers.last_mut() {
            Some((_, types)) => types.push(TypeSegment { kind, name }),
            None => id.scopes.push(ScopeSegment { kind, name }),
        }
        id
    }

    /// Whether `self` is `other` or lies below it, compared without regard to casing.
    pub fn is_within(&self, other: &ResourceId) -> bool {
        let (own, outer) = (self.key(), other.key());
        own.strip_prefix(&outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.text().eq_ignore_ascii_case(&other.text())
    }
}

impl Eq for ResourceId {}

impl std::hash::Hash for ResourceId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl FromStr for ResourceId {
    type Err = InvalidResourceId;

    /// Reads an id; one trailing slash is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidResourceId(text.to_owned());
        let path = text.strip_prefix('/').ok_or_else(invalid)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments = split(path);
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(invalid());
        }
        let is_plane_id = segments[0].eq_ignore_ascii_case("planes");
        let (scopes, rest) = read_scopes(&segments[usize::from(is_plane_id)..]);
        let providers = read_providers(rest).ok_or_else(invalid)?;
        let id = Self { is_plane_id, scopes, providers };
        if id.has_a_root() { Ok(id) } else { Err(invalid()) }
    }
}

impl ResourceId {
    /// Whether the id stands below a plane, an Azure subscription or a provider of the tenant.
    fn has_a_root(&self) -> bool {
        match self.scopes.first() {
            _ if self.is_plane_id => true,
            Some(scope) => scope.kind.eq_ignore_ascii_case("subscriptions"),
            None => !self.providers.is_empty(),
        }
    }
}

/// Splits a path at its slashes; one segment at least.
///
/// Segments are short: looking at each byte is cheaper than searching for the next slash.
fn split(path: &str) -> Vec<&str> {
    let mut segments = Vec::with_capacity(16);
    let mut start = 0;
    for (at, byte) in path.bytes().enumerate() {
        if byte == b'/' {
            segments.push(&path[start..at]);
            start = at + 1;
        }
    }
    segments.push(&path[start..]);
    segments
}

/// Reads scope pairs up to the first `providers`; returns what follows them.
fn read_scopes<'a>(mut segments: &'a [&'a str]) -> (Vec<ScopeSegment>, &'a [&'a str]) {
    let mut scopes = Vec::with_capacity(2);
    while let Some((kind, rest)) = segments.split_first() {
        if kind.eq_ignore_ascii_case("providers") {
            break;
        }
        scopes.push(ScopeSegment { kind: (*kind).to_owned(), name: rest.first().map(|name| (*name).to_owned()) });
        segments = rest.get(1..).unwrap_or_default();
    }
    (scopes, segments)
}

/// Reads `providers/NAMESPACE/TYPE/NAME…`, several times when resources extend others; `None` when it is cut short.
fn read_providers(mut segments: &[&str]) -> Option<Vec<(String, Vec<TypeSegment>)>> {
    let mut providers: Vec<(String, Vec<TypeSegment>)> = Vec::new();
    while let Some((kind, rest)) = segments.split_first() {
        if kind.eq_ignore_ascii_case("providers") {
            // A provider without a type below it is neither a resource nor a collection of resources.
            let [namespace, _, ..] = rest else { return None };
            providers.push(((*namespace).to_owned(), Vec::new()));
            segments = &rest[1..];
            if segments[0].eq_ignore_ascii_case("providers") {
                return None;
            }
            continue;
        }
        let name = rest.first().map(|name| (*name).to_owned());
        providers.last_mut()?.1.push(TypeSegment { kind: (*kind).to_owned(), name });
        segments = rest.get(1..).unwrap_or_default();
    }
    Some(providers)
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

#[cfg(test)]
mod tests;
