//! From the id of a request to the registered type that it is about.

use std::sync::Arc;

use radii_model::{ApiVersion, ResourceId, TypeName};

use super::{Host, Resolved};
use crate::Fault;
use crate::catalog::{NAMESPACE, PROVIDERS, Provider, Type};
use crate::fault::code;
use crate::store::Write;
use crate::validate::Validator;

/// The only location that requests are routed to.
const LOCATION: &str = "global";

pub(super) async fn resolve(host: &Host, id: &ResourceId, api_version: Option<&str>) -> Result<Resolved, Fault> {
    let refuse = |message: String| Fault::bad_request(message).target(id.to_string());
    let Some(type_name) = id.resource_type() else {
        return Err(refuse("the request URL does not contain a valid resource ID".into()));
    };
    let Some(api_version) = api_version.filter(|text| !text.is_empty()) else {
        return Err(refuse("the api-version query parameter is required".into()));
    };
    check_scopes(host, id).await?;
    let plane = id.plane().map(|(_, name)| name).unwrap_or_default();
    let provider = host.parts.catalog.find(plane, type_name.namespace());
    let Some(provider) = provider else { return Err(not_registered(&type_name).target(id.to_string())) };
    let Some(kind) = provider.find_type(type_name.name()).cloned() else {
        return Err(nested_or_unregistered(id, &provider, &type_name));
    };
    let Some(location) = provider.find_location(LOCATION) else {
        let namespace = type_name.namespace();
        return Err(refuse(format!("location \"{LOCATION}\" not found for resource provider \"{namespace}\"")));
    };
    let Some(versions) = location.find_versions(type_name.name()) else {
        return Err(not_registered(&type_name).target(id.to_string()));
    };
    let served = versions.iter().any(|version| version == api_version);
    match api_version.parse::<ApiVersion>() {
        Ok(version) if served => {
            let address = location.address_of(type_name.name()).map(str::to_owned);
            Ok(Resolved { address, provider, kind, api_version: version })
        }
        _ => Err(unsupported_version(&type_name, api_version).target(id.to_string())),
    }
}

/// Checks that plane and group of an id exist.
async fn check_scopes(host: &Host, id: &ResourceId) -> Result<(), Fault> {
    let missing = |what: &str, scope: &str| {
        let message = format!("the resource with id '{id}' was not found: {what} \"{scope}\" not found");
        Fault::new(404, code::NOT_FOUND, message).target(id.to_string())
    };
    let Some((kind, name)) = id.plane() else {
        return Err(Fault::bad_request("the request URL does not contain a valid resource ID").target(id.to_string()));
    };
    // A group keeps its plane from being deleted, so where it is there one look is enough.
    let group = id.resource_group().is_some().then(|| id.scope());
    if let Some(group) = &group
        && host.parts.store.find_shared(group).await?.is_some()
    {
        return Ok(());
    }
    let plane = format!("/planes/{kind}/{name}");
    if !exists(host, &plane).await? {
        return Err(missing("plane", &plane));
    }
    group.map_or(Ok(()), |group| Err(missing("resource group", &group.to_string())))
}

/// What a resource is written as, as the catalogue has it at one moment.
pub(super) struct Registration {
    /// The registration of its type.
    kind: ResourceId,
    /// That of the version.
    version: ResourceId,
}

impl Registration {
    /// Returns what an id is written as through a version; `None` where its type is not registered.
    pub(super) fn of(host: &Host, id: &ResourceId, version: &ApiVersion) -> Option<Self> {
        let (plane, (provider, registered)) = (id.plane_id()?, host.registered(id).ok()?);
        let provider = plane.resource(&TypeName::new(NAMESPACE, PROVIDERS), &provider.namespace);
        let kind = provider.child("resourceTypes", &registered.name);
        Some(Self { version: kind.child("apiVersions", &version.to_string()), kind })
    }
}

/// Returns what must be there when a resource is written: for a new one its group or plane and the registration of its
/// type, which something that is there keeps from being deleted; for any, the registration of the version.
pub(super) fn required(id: &ResourceId, registration: Option<Registration>, is_new: bool) -> Vec<Write> {
    let mut all = Vec::with_capacity(8);
    if is_new {
        all.push(Write::Require { id: id.scope() });
    }
    if let Some(Registration { kind, version }) = registration {
        all.extend(is_new.then_some(Write::Require { id: kind }));
        all.push(Write::Require { id: version });
    }
    all
}

/// Checks that what a new resource of this id belongs to is stored.
///
/// # Errors
/// What is missing, in the words of [`resolve`].
pub(super) async fn check_parents(host: &Host, id: &ResourceId, api_version: &ApiVersion) -> Result<(), Fault> {
    check_scopes(host, id).await?;
    let (Some(type_name), Some(registration)) = (id.resource_type(), Registration::of(host, id, api_version)) else {
        return Ok(());
    };
    let store = &host.parts.store;
    if store.find_shared(&registration.kind).await?.is_none() {
        return Err(not_registered(&type_name).target(id.to_string()));
    }
    if store.find_shared(&registration.version).await?.is_none() {
        return Err(unsupported_version(&type_name, &api_version.to_string()).target(id.to_string()));
    }
    Ok(())
}

async fn exists(host: &Host, id: &str) -> Result<bool, Fault> {
    let Ok(id) = id.parse::<ResourceId>() else { return Ok(false) };
    Ok(host.parts.store.find_shared(&id).await?.is_some())
}

fn not_registered(type_name: &TypeName) -> Fault {
    Fault::bad_request(format!(
        "resource type \"{type_name}\" is not registered. register the resource type before deploying resources of this type"
    ))
}

fn unsupported_version(type_name: &TypeName, version: &str) -> Fault {
    Fault::bad_request(format!(
        "api version \"{version}\" is not supported for resource type \"{type_name}\" by location \"{LOCATION}\""
    ))
}

/// Says whether a path leads below a resource of a known type, or to an unknown type.
fn nested_or_unregistered(id: &ResourceId, provider: &Provider, type_name: &TypeName) -> Fault {
    let outer = type_name.name().split('/').next().unwrap_or_default();
    let fault = if outer != type_name.name() && provider.find_type(outer).is_some() {
        Fault::bad_request(format!("\"{id}\" is a valid resource id but does not refer to a resource"))
    } else {
        not_registered(type_name)
    };
    fault.target(id.to_string())
}

impl Host {
    /// Returns the registered type of an id.
    ///
    /// # Errors
    /// When it is not registered (any more).
    pub(crate) fn registered(&self, id: &ResourceId) -> Result<(Arc<Provider>, Arc<Type>), Fault> {
        let Some(namespace) = id.namespace() else {
            return Err(Fault::bad_request(format!("`{id}` is not a resource")));
        };
        let plane = id.plane().map(|(_, name)| name).unwrap_or_default();
        let provider = self.parts.catalog.find(plane, namespace);
        let kind = provider.as_ref().and_then(|provider| match id.types() {
            [one] => provider.find_type(&one.kind).cloned(),
            _ => provider.find_type(id.resource_type()?.name()).cloned(),
        });
        match (provider, kind) {
            (Some(provider), Some(kind)) => Ok((provider, kind)),
            _ => Err(not_registered(&id.resource_type().unwrap_or_else(|| TypeName::new(namespace, "")))
                .target(id.to_string())),
        }
    }

    /// Names of the read-only properties of a type's version: what only the server writes.
    pub(crate) fn outputs_of(&self, id: &ResourceId, version: &str) -> Vec<String> {
        let version = version.parse::<ApiVersion>().ok();
        let validator = version.and_then(|version| self.validator(id, &version).ok().flatten());
        validator.map(|validator| validator.outputs()).unwrap_or_default()
    }

    /// Returns the compiled schema of a type's version; `None` for an empty schema, which checks nothing.
    ///
    /// # Errors
    /// When the version has no registration, or its schema can validate nothing.
    pub(crate) fn validator(&self, id: &ResourceId, version: &ApiVersion) -> Result<Option<Arc<Validator>>, Fault> {
        let (provider, kind) = self.registered(id)?;
        let Some(schema) = kind.api_versions.get(version) else {
            let type_name = crate::catalog::type_name(&provider, &kind);
            return Err(unsupported_version(&type_name, &version.to_string()).target(id.to_string()));
        };
        if schema.is_empty() {
            return Ok(None);
        }
        self.validators.get(schema).map(Some).map_err(|reason| {
            let message = format!(
                "code InvalidRequestContent: err Schema validation failed: resource type schema validation failed: {reason}"
            );
            Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string())
        })
    }
}
