//! Every type and version of a template must be registered before the first resource is touched.

use std::collections::BTreeSet;

use radii_model::ResourceId;

use super::cluster;
use super::functions::{Surroundings, distance, resource_id};
use super::template::{Provider, Resource, Template};
use crate::Fault;
use crate::fault::code;
use crate::host::Host;
use crate::imperative;

/// Checks the types of a template and of those nested in it.
///
/// # Errors
/// One fault with a detail per type that is not registered, or not in the version that is asked for.
pub(super) async fn check(host: &Host, template: &Template, around: &Surroundings) -> Result<(), Fault> {
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, resource) in all_resources(template, "") {
        if !seen.insert((resource.type_name.to_lowercase(), resource.api_version.clone())) {
            continue;
        }
        let fault = match resource.provider {
            Provider::Radius | Provider::Deployments => check_registered(host, &resource, around).await.err(),
            Provider::Kubernetes => cluster::check_kind(host, &resource, around).await.err(),
            other => Some(unsupported(other, &resource.type_name)),
        };
        faults.extend(fault.map(|fault| Fault { message: format!("{place}: {}", fault.message), ..fault }));
    }
    let Some(first) = faults.first().cloned() else { return Ok(()) };
    Err(if faults.len() > 1 { first.details(faults) } else { first })
}

async fn check_registered(host: &Host, resource: &Resource, around: &Surroundings) -> Result<(), Fault> {
    let names = vec!["a"; resource.type_name.split('/').count().saturating_sub(1)].join("/");
    let id = resource_id(&around.radius, &resource.type_name, &names).map_err(Fault::bad_request)?;
    let resolved = host.resolve(&id, Some(&resource.api_version)).await;
    let hint = || hint(host, &id, resource);
    let resolved = resolved.map_err(|fault| match fault.code == code::BAD_REQUEST {
        true => Fault { message: format!("{}{}", fault.message, hint()), ..fault },
        false => fault,
    })?;
    match resolved.address {
        Some(address) if host.parts.providers.is_none() => Err(imperative::unreachable_here(&address)),
        _ => Ok(()),
    }
}

/// Names the type that was probably meant, or the versions that there are.
fn hint(host: &Host, id: &ResourceId, resource: &Resource) -> String {
    let plane = id.plane().map(|(_, name)| name).unwrap_or_default();
    let providers = host.parts.catalog.list(plane);
    let known = providers.iter().flat_map(|provider| {
        provider.types.values().map(|kind| (format!("{}/{}", provider.namespace, kind.name), kind.clone()))
    });
    let wanted = resource.type_name.to_lowercase();
    let nearest = known
        .map(|(name, kind)| (distance(&name.to_lowercase(), &wanted), name, kind))
        .min_by_key(|(distance, name, _)| (*distance, name.clone()));
    match nearest {
        Some((0, _, kind)) => {
            let versions: Vec<String> = kind.api_versions.keys().map(ToString::to_string).collect();
            format!("; there are the versions `{}`", versions.join("`, `"))
        }
        Some((distance, name, _)) if distance <= 3.max(wanted.len() / 5) => format!("; did you mean `{name}`?"),
        _ => String::new(),
    }
}

/// Lists the resources of a template and of those nested in it, with their places.
fn all_resources(template: &Template, place: &str) -> Vec<(String, Resource)> {
    let mut all = Vec::new();
    for resource in &template.resources {
        let place = if place.is_empty() { resource.place.clone() } else { format!("{place}.{}", resource.place) };
        let nested_place = format!("{place}.properties.template");
        if let Some(nested) = resource.nested().and_then(|nested| Template::parse(nested, "").ok()) {
            all.extend(all_resources(&nested, &nested_place));
        }
        all.push((place, resource.clone()));
    }
    all
}

fn unsupported(provider: Provider, type_name: &str) -> Fault {
    let message = match provider {
        Provider::Aws => format!("provider aws is not configured. cannot support resource type {type_name}"),
        _ => format!("provider azure is not configured. cannot support resource type {type_name}"),
    };
    Fault::new(400, code::BAD_REQUEST, message)
}
