//! API versions that stored resources cannot be read without.

use radii_model::{ApiVersion, TypeName};
use radii_runtime::Fault;
use radii_runtime::store::{ListQuery, Record};

use super::registration::SHOWN;
use crate::AppState;

/// So many resources are looked at together.
const PAGE: usize = 1_000;

/// Refuses the deletion of a version that resources are stored in, and converted from when another one is asked for.
///
/// Resources of types that declare no conversions are served as they were written, and need no version.
pub(super) async fn refuse(state: &AppState, version: &Record) -> Result<(), Fault> {
    let ([provider, kind, last], Some((_, plane))) = (version.id.types(), version.id.plane()) else { return Ok(()) };
    let (Some(namespace), Some(name), Some(version_name)) = (&provider.name, &kind.name, &last.name) else {
        return Ok(());
    };
    let registered = state.host.parts.catalog.find(plane, namespace);
    let registered = registered.and_then(|provider| provider.find_type(name).cloned());
    let (Some(registered), Ok(stored)) = (registered, version_name.parse::<ApiVersion>()) else { return Ok(()) };
    let Some(converter) = registered.converter() else { return Ok(()) };
    let held = stored_in(state, version, &TypeName::new(namespace.clone(), name.clone()), &stored).await?;
    if held.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = held.iter().take(SHOWN).map(|id| format!("`{id}`")).collect();
    let more = if held.len() > SHOWN { " and more" } else { "" };
    let remedy = if *converter.stored_version() == stored {
        "make another version the type's `defaultApiVersion` and write these again, delete them first, or force it with `force=true`"
    } else {
        "write these again, delete them first, or force it with `force=true`"
    };
    let message = format!("`{stored}` is the version that {}{more} are stored in; {remedy}", shown.join(", "));
    Err(Fault::conflict(message).target(version.id.to_string()))
}

/// Returns ids of resources of a type that are stored in a version: one more than a refusal shows at most.
async fn stored_in(
    state: &AppState,
    registration: &Record,
    kind: &TypeName,
    version: &ApiVersion,
) -> Result<Vec<String>, Fault> {
    let plane = registration.id.plane().and_then(|(kind, name)| format!("/planes/{kind}/{name}").parse().ok());
    let mut query =
        ListQuery { scope: plane, recursive: true, kind: Some(kind.clone()), after: None, limit: Some(PAGE) };
    let mut held = Vec::new();
    loop {
        let page = state.host.parts.store.list(&query).await?;
        let stored = page.records.iter().filter(|record| record.api_version.as_ref() == Some(version));
        held.extend(stored.map(|record| record.id.to_string()).take(SHOWN + 1));
        query.after = page.next;
        if query.after.is_none() || held.len() > SHOWN {
            return Ok(held);
        }
    }
}
