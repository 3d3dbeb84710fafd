//! A provider becomes a table of Bicep types (Bicep contract, part 3).
//!
//! This file holds what all rule sets have in common: the order of types and versions, the body of a
//! resource and the aliases of its properties. How one schema becomes one type is told by
//! [`super::own`] and [`super::upstream`].

use std::borrow::Cow;
use std::collections::HashSet;

use indexmap::IndexMap;
use radii_diagnostics::Diagnostic;
use radii_model::ApiVersion;
use radii_model::base::with_base_properties;
use radii_model::manifest::{Manifest, VersionEntry};
use radii_model::schema::Schema;

use super::Compat;
use super::place::Place;
use super::types::{ObjectType, Property, ResourceType, Scopes, Sharing, StringType, Type, TypeRef, TypeTable, flags};
use crate::Provider;

/// The types of one provider.
#[derive(Debug)]
pub(super) struct Converted {
    pub(super) table: TypeTable,
    /// `<Namespace>/<type>@<version>` → its type.
    pub(super) resources: IndexMap<String, TypeRef>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Converts all types of a provider.
///
/// # Errors
/// In the modes that imitate an upstream converter, what that converter refuses.
pub(super) fn provider(manifest: &Provider<'_>, compat: Compat) -> Result<Converted, Box<Diagnostic>> {
    let sharing = if compat == Compat::TypeScript { Sharing::Scalars } else { Sharing::Singletons };
    let mut converter =
        Converter { table: TypeTable::new(sharing), compat, object_names: HashSet::new(), diagnostics: Vec::new() };
    let mut resources = IndexMap::new();
    for (type_name, resource_type) in in_order(&manifest.types, compat) {
        let versions: IndexMap<String, (&ApiVersion, &VersionEntry)> =
            resource_type.api_versions.iter().map(|(version, entry)| (version.to_string(), (version, entry))).collect();
        for (version, (api_version, entry)) in in_order(&versions, compat) {
            let schema = match compat {
                Compat::TypeScript => Cow::Borrowed(&entry.schema),
                Compat::Go => Cow::Owned(with_base_properties(&entry.schema)),
                Compat::Off => Cow::Borrowed(manifest.effective(type_name, api_version).unwrap_or(&entry.schema)),
            };
            let type_ref = converter.resource(manifest, type_name, version, &schema)?;
            resources.insert(format!("{}/{type_name}@{version}", manifest.namespace.value), type_ref);
        }
    }
    Ok(Converted { table: converter.table, resources, diagnostics: converter.diagnostics })
}

/// The state of a conversion.
pub(super) struct Converter {
    pub(super) table: TypeTable,
    pub(super) compat: Compat,
    /// Names of objects within the resource type at hand.
    pub(super) object_names: HashSet<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Converter {
    fn resource(
        &mut self,
        manifest: &Manifest,
        type_name: &str,
        version: &str,
        schema: &Schema,
    ) -> Result<TypeRef, Box<Diagnostic>> {
        self.object_names.clear();
        let place = Place::version(type_name, version);
        let properties_name = format!("{type_name}Properties");
        let properties = match self.compat {
            Compat::Off => self.own_root(&place, &properties_name, schema),
            Compat::Go | Compat::TypeScript => self.upstream_root(&place, &properties_name, schema)?,
        };
        let full_type = format!("{}/{type_name}", manifest.namespace.value);
        Ok(self.envelope(&full_type, version, properties))
    }

    fn envelope(&mut self, full_type: &str, version: &str, properties: TypeRef) -> TypeRef {
        let literal = |text: &str| Type::StringLiteral { value: text.to_owned(), sensitive: false };
        let name = self.table.add(Type::String(StringType::default()));
        let location = self.table.add(Type::String(StringType::default()));
        let api_version = self.table.add(literal(version));
        let kind = self.table.add(literal(full_type));
        let id = self.table.add(Type::String(StringType::default()));

        // Values known at the start of a deployment may feed conditions, loops and module names. The
        // built-in types say so of these two; the upstream converters forget it.
        let constant = if self.compat == Compat::Off { flags::DEPLOY_TIME_CONSTANT } else { 0 };
        let identity = flags::REQUIRED | flags::IDENTIFIER;
        let fixed = flags::READ_ONLY | flags::DEPLOY_TIME_CONSTANT;
        let mut body = ObjectType { name: format!("{full_type}@{version}"), ..ObjectType::default() };
        let mut member = |key: &str, type_ref, flags, description: &str| {
            let description = Some(description.to_owned());
            body.properties.insert(key.to_owned(), Property { type_ref, flags, description, description_first: false });
        };
        member("name", name, identity | constant, "The resource name.");
        member("location", location, 0, "The resource location.");
        member("properties", properties, flags::REQUIRED, "The resource properties.");
        member("apiVersion", api_version, fixed, "The API version.");
        member("type", kind, fixed, "The resource type.");
        member("id", id, flags::READ_ONLY | constant, "The resource id.");
        if self.compat != Compat::TypeScript {
            self.alias_properties(&mut body, properties);
        }
        let name = body.name.clone();
        let body = self.table.add(Type::Object(body));
        let scopes = match self.compat {
            Compat::TypeScript => Scopes::Legacy { scope: 0, flags: 0 },
            Compat::Off | Compat::Go => Scopes::Modern { readable: 0, writable: 0 },
        };
        self.table.add(Type::Resource(ResourceType { name, body, scopes, functions: IndexMap::new() }))
    }

    /// Lets `app.host` be read as well as `app.properties.host`.
    fn alias_properties(&self, body: &mut ObjectType, properties: TypeRef) {
        let Type::Object(object) = self.table.get(properties) else { return };
        for (name, property) in &object.properties {
            if !body.properties.contains_key(name) {
                body.properties.insert(name.clone(), Property { flags: flags::READ_ONLY, ..property.clone() });
            }
        }
    }
}

/// Returns the members of a map in the order in which the converter visits them: by bytes, or, in
/// TypeScript, as a JavaScript object lists them.
pub(super) fn in_order<T>(map: &IndexMap<String, T>, compat: Compat) -> Vec<(&String, &T)> {
    let mut members: Vec<(&String, &T)> = map.iter().collect();
    match compat {
        Compat::Off | Compat::Go => members.sort_by_key(|(key, _)| *key),
        Compat::TypeScript => members.sort_by_key(|(key, _)| array_index(key).unwrap_or(u32::MAX)),
    }
    members
}

/// Returns the number of a key that JavaScript treats as an array index; such keys come first.
fn array_index(key: &str) -> Option<u32> {
    let number: u32 = key.parse().ok()?;
    (number != u32::MAX && number.to_string() == key).then_some(number)
}
