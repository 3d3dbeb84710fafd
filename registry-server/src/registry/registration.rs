//! Creating, replacing and deleting planes, groups and registrations.

use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::host::{Answer, Delete, Preconditions};
use radii_runtime::imperative::note;
use radii_runtime::store::{self, Expect, ListQuery, Record, Verb, Write};
use serde_json::{Map, Value as Json, json};
use tracing::Instrument;

use super::record::{self, Draft, Stored, Track};
use super::{Breaking, Kind, REGISTRATIONS, credential, icon, needed};
use crate::AppState;

/// The only capability that types can have.
const CAPABILITY: &str = "ManualResourceProvisioning";

/// How often a deletion that lost a race is tried again from the start.
const RACES: usize = 4;

/// How many ids a refusal names.
pub(super) const SHOWN: usize = 5;

/// Returns the record of an id.
///
/// # Errors
/// 404 when there is none.
pub async fn find(state: &AppState, id: &ResourceId) -> Result<Record, Fault> {
    state.host.parts.store.find(id).await?.ok_or_else(|| Fault::not_found(&id.to_string()))
}

/// Creates or replaces a record; `body` keeps the protocol's description already.
///
/// # Errors
/// An absent parent, a failed condition, a capability or icon that is not allowed.
pub async fn put(
    state: &AppState,
    kind: Kind,
    id: &ResourceId,
    body: &Map<String, Json>,
    preconditions: &Preconditions,
) -> Result<Stored, Fault> {
    let draft = draft(kind, id, body)?;
    let (state, preconditions) = (state.clone(), preconditions.clone());
    to_its_end(async move { put_draft(&state, kind, &draft, &preconditions).await }).await
}

async fn put_draft(
    state: &AppState,
    kind: Kind,
    draft: &Draft,
    preconditions: &Preconditions,
) -> Result<Stored, Fault> {
    let _guard = if track(kind) == Track::Operation { Some(REGISTRATIONS.lock().await) } else { None };
    let parent = parent(kind, &draft.id);
    if let Some(parent) = &parent {
        if kind == Kind::Credential {
            make_well_known(state, parent).await?;
        }
        find(state, parent).await?;
    }
    let stored = record::put(state, draft, preconditions, track(kind), parent.as_ref(), |properties, old| {
        // What is not given stays: clients that know nothing of icons must not remove them.
        if let (Kind::Type, None, Some(icon)) = (kind, properties.get("icon"), old.properties.get("icon")) {
            properties.insert("icon".into(), icon.clone());
        }
    })
    .await?;
    take_over(state, kind, &draft.id, Some(&stored.record));
    Ok(stored)
}

/// Carries a change out even when the client hangs up meanwhile and its request is dropped: a change that
/// ended between commit and taking it over would leave the catalogue without what is stored.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::spawn(change.in_current_span()).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Fault::internal("the server stopped during the change; read what is stored, and repeat")),
    }
}

/// Deletes a record with what belongs to it; `None` when it is absent.
///
/// Planes and groups that hold something are refused, and versions that resources are stored in and converted from
/// unless that is forced. A type's deletion deletes its versions and resources, a provider's deletion those of all
/// its types.
///
/// # Errors
/// Failed conditions, contents that cannot be deleted.
pub async fn delete(
    state: &AppState,
    kind: Kind,
    id: &ResourceId,
    preconditions: &Preconditions,
    breaking: Breaking,
) -> Result<Option<Stored>, Fault> {
    let (state, id, preconditions) = (state.clone(), id.clone(), preconditions.clone());
    to_its_end(async move { delete_found(&state, kind, &id, &preconditions, breaking).await }).await
}

async fn delete_found(
    state: &AppState,
    kind: Kind,
    id: &ResourceId,
    preconditions: &Preconditions,
    breaking: Breaking,
) -> Result<Option<Stored>, Fault> {
    let _guard = if track(kind) == Track::Operation { Some(REGISTRATIONS.lock().await) } else { None };
    for _ in 0..RACES {
        match try_delete(state, kind, id, preconditions, breaking).await {
            // Somebody wrote it, or below it, meanwhile: what is there now decides.
            Ok(Err(_)) => {}
            Ok(Ok(None)) => {
                take_over(state, kind, id, None);
                return Ok(None);
            }
            Ok(Ok(Some(Deleted { stored, children }))) => {
                if kind == Kind::Version && breaking == Breaking::Refused {
                    keep_if_needed(state, &stored.record).await?;
                }
                take_over(state, kind, id, None);
                delete_latecomers(state, &stored.record, &children).await;
                return Ok(Some(stored));
            }
            Err(fault) => return Err(fault),
        }
    }
    Err(Fault::contended(id))
}

/// A race that was lost: the change is to be tried again from the start.
struct Lost;

/// What was deleted: a record, and what belonged to it.
struct Deleted {
    stored: Stored,
    children: Vec<Record>,
}

async fn try_delete(
    state: &AppState,
    kind: Kind,
    id: &ResourceId,
    preconditions: &Preconditions,
    breaking: Breaking,
) -> Result<Result<Option<Deleted>, Lost>, Fault> {
    let Some(found) = state.host.parts.store.find(id).await? else { return Ok(Ok(None)) };
    preconditions.check(Some(&found), id)?;
    let children = match kind {
        Kind::Plane | Kind::Group => {
            refuse_contents(state, &found).await?;
            Vec::new()
        }
        Kind::Provider | Kind::Type => {
            let children = below(state, &found.id, None).await?;
            delete_resources(state, &found, &children, Busy::Refused).await?;
            children
        }
        Kind::Version => {
            if breaking == Breaking::Refused {
                needed::refuse(state, &found).await?;
            }
            Vec::new()
        }
        Kind::Location | Kind::Credential => Vec::new(),
    };
    let ids: Vec<ResourceId> = children.iter().map(|child| child.id.clone()).collect();
    match record::delete(state, &found, &ids, track(kind)).await {
        Ok(stored) => Ok(Ok(Some(Deleted { stored, children }))),
        Err(store::Error::Conflict { .. }) => Ok(Err(Lost)),
        Err(error) => Err(error.into()),
    }
}

/// Deletes resources whose creation overtook the deletion of their type, or of its provider. From now on there can be no
/// more: a creation needs the registration of its type.
async fn delete_latecomers(state: &AppState, record: &Record, children: &[Record]) {
    if let Err(fault) = delete_resources(state, record, children, Busy::Ended).await {
        tracing::warn!("Resources of types that `{}` was the registration of may be left: {fault}", record.id);
    }
}

/// Registers a version again that a resource came to be stored in between the look at what needs it and its deletion;
/// from the deletion on there could be no more.
async fn keep_if_needed(state: &AppState, version: &Record) -> Result<(), Fault> {
    let Err(fault) = needed::refuse(state, version).await else { return Ok(()) };
    let again = Write::Put { record: Box::new(version.clone()), expect: Expect::Absent };
    if let Err(error) = state.host.parts.store.commit(vec![again]).await {
        take_over(state, Kind::Version, &version.id, None);
        return Err(error.into());
    }
    Err(fault)
}

/// Whether changes of a kind are operations in the protocol.
fn track(kind: Kind) -> Track {
    match kind {
        Kind::Plane | Kind::Group | Kind::Credential => Track::Nothing,
        _ => Track::Operation,
    }
}

/// Makes the plane of the public Azure cloud when its first credential comes: clients of the protocol register
/// that credential on a new server, where no other client has made the plane.
async fn make_well_known(state: &AppState, plane: &ResourceId) -> Result<(), Fault> {
    let is_public_azure = plane.plane().is_some_and(|(kind, name)| kind == "azure" && name == "azurecloud");
    if !is_public_azure || state.host.parts.store.find(plane).await?.is_some() {
        return Ok(());
    }
    let body = json!({ "properties": { "url": "https://management.azure.com" } });
    let draft = draft(Kind::Plane, plane, body.as_object().unwrap_or(&Map::new()))?;
    let made = record::put(state, &draft, &Preconditions::default(), Track::Nothing, None, |_, _| {}).await;
    made.map(drop)
}

/// What has to exist before a record can.
fn parent(kind: Kind, id: &ResourceId) -> Option<ResourceId> {
    let (plane_kind, plane) = id.plane()?;
    match kind {
        Kind::Plane => None,
        Kind::Group | Kind::Provider | Kind::Credential => format!("/planes/{plane_kind}/{plane}").parse().ok(),
        Kind::Type | Kind::Version | Kind::Location => id.parent(),
    }
}

async fn below(state: &AppState, scope: &ResourceId, limit: Option<usize>) -> Result<Vec<Record>, Fault> {
    let query = ListQuery { scope: Some(scope.clone()), recursive: true, kind: None, after: None, limit };
    Ok(state.host.parts.store.list(&query).await?.records)
}

async fn refuse_contents(state: &AppState, record: &Record) -> Result<(), Fault> {
    let contents = below(state, &record.id, Some(SHOWN + 1)).await?;
    if contents.is_empty() {
        return Ok(());
    }
    let shown: Vec<_> = contents.iter().take(SHOWN).map(|record| format!("`{}`", note::id_of(record))).collect();
    let more = if contents.len() > SHOWN { " and more" } else { "" };
    let message = format!("`{}` still holds {}{more}; delete these first", record.id, shown.join(", "));
    Err(Fault::conflict(message).target(record.id.to_string()))
}

/// What becomes of resources that something is being done with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Busy {
    /// Nothing: they keep the registration from being deleted.
    Refused,
    /// What is being done ends, but for a deletion, which goes on.
    Ended,
}

/// Begins the deletion of all resources of a type, or of all types of a provider.
async fn delete_resources(state: &AppState, record: &Record, children: &[Record], busy: Busy) -> Result<(), Fault> {
    let Some(plane) = record.id.plane().map(|(kind, name)| format!("/planes/{kind}/{name}")) else { return Ok(()) };
    let Ok(plane) = plane.parse::<ResourceId>() else { return Ok(()) };
    for registration in std::iter::once(record).chain(children) {
        let [provider, kind] = registration.id.types() else { continue };
        let (Some(namespace), Some(name)) = (&provider.name, &kind.name) else { continue };
        if !kind.kind.eq_ignore_ascii_case("resourcetypes") {
            continue;
        }
        let type_name = TypeName::new(namespace.clone(), name.clone());
        let kind = Some(type_name.clone());
        let query = ListQuery { scope: Some(plane.clone()), recursive: true, kind, after: None, limit: None };
        for resource in state.host.parts.store.list(&query).await?.records {
            let is_going = busy == Busy::Ended && is_being_deleted(state, &resource).await?;
            if !is_going {
                delete_resource(state, resource, busy).await?;
            }
        }
        note::forget_type(&state.host, &plane, &type_name).await?;
    }
    Ok(())
}

async fn is_being_deleted(state: &AppState, resource: &Record) -> Result<bool, Fault> {
    let Some(operation) = resource.operation.filter(|_| !resource.state.is_terminal()) else { return Ok(false) };
    let operation = state.host.parts.store.find_operation(operation).await?;
    Ok(operation.is_some_and(|operation| operation.verb == Verb::Delete))
}

async fn delete_resource(state: &AppState, resource: Record, busy: Busy) -> Result<(), Fault> {
    let api_version = resource.api_version.unwrap_or_else(record::api_version);
    let id = resource.id.to_string();
    let force = busy == Busy::Ended && !resource.state.is_terminal();
    let request = Delete { id: resource.id, api_version, preconditions: Preconditions::default(), force };
    match state.host.delete(request).await {
        Ok(Answer::Done(_) | Answer::Accepted { .. } | Answer::Absent) => Ok(()),
        Err(fault) => {
            let message = format!("the resource `{id}` of the type cannot be deleted: {}", fault.message);
            Err(Fault::new(fault.status, &fault.code, message).target(id))
        }
    }
}

/// Takes what was stored, or deleted, over into the catalogue.
fn take_over(state: &AppState, kind: Kind, id: &ResourceId, stored: Option<&Record>) {
    if track(kind) == Track::Operation {
        state.host.parts.catalog.take_over(id, stored);
    }
}

/// Reads the registrations of a provider that another server changed into the catalogue again.
///
/// # Errors
/// When the store fails.
pub async fn reload(state: &AppState, plane: &str, namespace: &str) -> Result<(), store::Error> {
    let _guard = REGISTRATIONS.lock().await;
    let parts = &state.host.parts;
    parts.catalog.refresh(&*parts.store, plane, namespace).await
}

fn draft(kind: Kind, id: &ResourceId, body: &Map<String, Json>) -> Result<Draft, Fault> {
    let given = body.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    if kind == Kind::Credential {
        return credential::draft(id, body);
    }
    let own_type = || id.resource_type().map(|name| name.to_string()).unwrap_or_default();
    let (type_name, properties) = match kind {
        Kind::Plane => {
            let (type_name, known) = match id.plane().map(|(kind, _)| kind) {
                Some("aws") => ("System.AWS/planes", ""),
                Some("azure") => ("System.Azure/planes", "url"),
                _ => ("System.Radius/planes", "resourceProviders"),
            };
            (type_name.to_owned(), keep(&given, &[known]))
        }
        Kind::Group | Kind::Credential => ("System.Resources/resourceGroups".to_owned(), Map::new()),
        Kind::Provider => (own_type(), Map::new()),
        Kind::Type => (own_type(), type_properties(&given)?),
        Kind::Version => (own_type(), keep(&given, &["schema"])),
        Kind::Location => ("System.Resources/resourceProviders/locations".to_owned(), location_properties(&given)),
    };
    let is_tracked = matches!(kind, Kind::Plane | Kind::Group | Kind::Provider);
    let tags = body.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
    Ok(Draft {
        id: id.clone(),
        type_name,
        location: is_tracked.then(|| "global".to_owned()),
        tags: is_tracked.then_some(tags),
        properties,
        secrets: Map::new(),
    })
}

fn keep(given: &Map<String, Json>, names: &[&str]) -> Map<String, Json> {
    let kept = names.iter().filter_map(|name| given.get_key_value(*name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn type_properties(given: &Map<String, Json>) -> Result<Map<String, Json>, Fault> {
    let mut properties = keep(given, &["capabilities", "defaultApiVersion", "description", "icon"]);
    let capabilities = properties.entry("capabilities").or_insert_with(|| json!([]));
    let unknown =
        capabilities.as_array().into_iter().flatten().filter_map(Json::as_str).find(|name| *name != CAPABILITY);
    if let Some(unknown) = unknown {
        let message = format!("capability {unknown:?} is not recognized. Supported capabilities: {CAPABILITY}");
        return Err(Fault::bad_request(message));
    }
    if let Some(svg) = properties.get("icon").and_then(Json::as_str) {
        icon::check(svg).map_err(|reason| Fault::bad_request(format!("invalid icon: {reason}")))?;
    }
    Ok(properties)
}

fn location_properties(given: &Map<String, Json>) -> Map<String, Json> {
    let mut properties = keep(given, &["address"]);
    let kept = |entry: &Json| {
        let names = entry.get("apiVersions").and_then(Json::as_object).into_iter().flatten();
        let versions: Map<String, Json> = names.map(|(version, _)| (version.clone(), json!({}))).collect();
        match entry.get("address").filter(|address| address.is_string()) {
            Some(address) => json!({ "apiVersions": versions, "address": address }),
            None => json!({ "apiVersions": versions }),
        }
    };
    let types = given.get("resourceTypes").and_then(Json::as_object).into_iter().flatten();
    let types = types.map(|(name, entry)| (name.clone(), kept(entry)));
    properties.insert("resourceTypes".into(), Json::Object(types.collect()));
    properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::{Options, in_process};

    #[tokio::test]
    async fn a_registration_is_finished_although_its_client_hung_up() {
        let (_router, state) = in_process(&Options::default(), Vec::new(), Vec::new()).await.unwrap();
        let id = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Example".parse().unwrap();
        let (body, conditions) = (Map::new(), Preconditions::default());
        {
            let mut request = std::pin::pin!(put(&state, Kind::Provider, &id, &body, &conditions));
            let polled = std::future::poll_fn(|context| std::task::Poll::Ready(request.as_mut().poll(context))).await;
            assert!(polled.is_pending());
        }
        // The change takes the lock, or its place in the queue for it, before the test does.
        tokio::task::yield_now().await;
        drop(REGISTRATIONS.lock().await);
        assert!(find(&state, &id).await.is_ok());
        assert!(state.host.parts.catalog.find("local", "Contoso.Example").is_some());
    }
}
