//! Planes, groups, registrations and what is read from them.

use std::collections::HashMap;
use std::time::Duration;

use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, Method};
use radii_model::document::{Node, Value};
use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::imperative::note;
use radii_runtime::store::{ListQuery, Record, State};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::call::Call;
use super::paging::{Paging, unpaged};
use super::rendered::MadeFrom;
use super::route::{Native, resource_id};
use super::{answer, forward};
use crate::registry::{self, Icons, Kind, icon, record};
use crate::swagger::{self, undecodable};
use crate::{AppState, registry::record::Stored};

/// What `Retry-After` says about changes of registrations.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Answers a request about one record or a collection.
pub async fn handle(state: &AppState, call: &Call, native: &Native) -> Result<Response, Fault> {
    let offered = match call.method {
        Method::GET => true,
        Method::PUT | Method::DELETE => !native.is_collection,
        _ => false,
    };
    if !offered {
        return Err(not_offered(call, native));
    }
    check_api_version(call)?;
    if call.method == Method::PUT {
        return put(state, call, native).await;
    }
    check_path(call, native)?;
    match (native.is_collection, &call.method) {
        (true, _) => list(state, call, native).await,
        (false, &Method::DELETE) => delete(state, call, native).await,
        (false, _) => {
            let record = registry::find(state, &parse(&native.id())?).await?;
            let mut response = answer::resource(200, &record, present(&record, record.state));
            response.extensions_mut().insert(MadeFrom { record: Some((record.id, record.revision)) });
            Ok(response)
        }
    }
}

/// Returns how a method that is not offered is refused.
///
/// Requests about the planes of clouds are held against the description before anybody looks for who answers them, so
/// a method that the description lacks is a violation there. PATCH stands in it, and nobody answers it; that of an
/// Azure plane would be passed on to the cloud, which has no such resource.
fn not_offered(call: &Call, native: &Native) -> Fault {
    let is_cloud = native.names.first().is_some_and(|kind| kind == "aws" || kind == "azure");
    if !is_cloud || !matches!(native.kind, Kind::Plane | Kind::Credential) {
        return answer::wrong_method(&call.method);
    }
    if let Err(fault) = check_api_version(call) {
        return fault;
    }
    match native.kind {
        _ if call.method != Method::PATCH || native.is_collection => answer::undescribed(),
        Kind::Plane if native.names[0] == "azure" => {
            Fault::bad_request("invalid resourceID specified with no provider")
        }
        _ => answer::wrong_method(&call.method),
    }
}

fn check_api_version(call: &Call) -> Result<(), Fault> {
    let version = call.api_version();
    // Upstream reads in any casing of the version and writes in the exact one only.
    let is_read = call.method != Method::PUT;
    if version == record::API_VERSION || is_read && version.eq_ignore_ascii_case(record::API_VERSION) {
        return Ok(());
    }
    let message = format!(
        "API version '{version}' for type '{}' is not supported. The supported api-versions are '{}'.",
        swagger::TARGET,
        record::API_VERSION
    );
    Err(Fault::new(400, code::INVALID_API_VERSION, message))
}

fn check_path(call: &Call, native: &Native) -> Result<(), Fault> {
    let (template, parameters) = native.operation();
    let found = swagger::violations(&template, call.method.as_str(), &parameters, None);
    if found.is_empty() { Ok(()) } else { Err(swagger::refusal(found)) }
}

fn parse(id: &str) -> Result<ResourceId, Fault> {
    resource_id(id).ok_or_else(|| Fault::not_found(id))
}

async fn put(state: &AppState, call: &Call, native: &Native) -> Result<Response, Fault> {
    let node = body(call)?;
    let json = node.as_ref().map_or_else(|| json!({}), Node::to_json);
    let (template, parameters) = native.operation();
    let mut found = swagger::violations(&template, "PUT", &parameters, Some(&json));
    // The description asks nothing of these bodies; without properties they would register nothing.
    let needs_properties = matches!(native.kind, Kind::Type | Kind::Version | Kind::Location);
    if needs_properties && json.get("properties").is_none() {
        found.push(Fault::new(400, code::INVALID_PROPERTIES, "$.properties in body is required"));
    }
    if !found.is_empty() {
        return Err(swagger::refusal(found));
    }
    call.check_content_type()?;
    let id = parse(&call.in_casing_of_referer(native.id()))?;
    let schema = node.as_ref().and_then(|node| node.get("properties")).and_then(|node| node.get("schema"));
    if let (Kind::Version, Some(schema)) = (native.kind, schema) {
        registry::check_schema(&id.to_string(), schema, &String::from_utf8_lossy(&call.body))?;
        registry::check_change(state, &id, &schema.to_json(), breaking(call)).await?;
    }
    let members = json.as_object().cloned().unwrap_or_default();
    let stored = registry::put(state, native.kind, &id, &members, &call.preconditions()).await?;
    Ok(written(call, 201, &stored))
}

/// Reads the body of a PUT; nothing and `null` stand for an object without members.
fn body(call: &Call) -> Result<Option<Node>, Fault> {
    if call.body.is_empty() {
        return Ok(None);
    }
    let node = call.json().map_err(|reason| swagger::refusal(vec![undecodable(&reason)]))?;
    match node.value {
        Value::Object(_) => Ok(Some(node)),
        Value::Null => Ok(None),
        _ => Err(swagger::refusal(vec![undecodable("")])),
    }
}

/// What the request says of changes that break what is stored, or its clients.
fn breaking(call: &Call) -> registry::Breaking {
    match call.query("force") {
        Some("true") => registry::Breaking::Forced,
        _ => registry::Breaking::Refused,
    }
}

async fn delete(state: &AppState, call: &Call, native: &Native) -> Result<Response, Fault> {
    let id = parse(&native.id())?;
    let deleted = registry::delete(state, native.kind, &id, &call.preconditions(), breaking(call)).await?;
    Ok(match deleted {
        None => answer::empty(204),
        Some(stored) if stored.operation.is_none() => answer::empty(200),
        Some(stored) => written(call, 202, &stored),
    })
}

/// Answers a write: with the operation where the protocol has one, otherwise with the record.
fn written(call: &Call, status: u16, stored: &Stored) -> Response {
    match stored.operation {
        Some(operation) => {
            let body = present(&stored.record, State::Accepted);
            answer::accepted(call, status, &stored.record.id, &body, operation, RETRY_AFTER)
        }
        None => answer::resource(200, &stored.record, present(&stored.record, stored.record.state)),
    }
}

async fn list(state: &AppState, call: &Call, native: &Native) -> Result<Response, Fault> {
    let paging = Paging::read(call)?;
    let names = native.names.clone();
    let parent = |kind: Kind, names: Vec<String>| Native { kind, names, is_collection: false }.id();
    let plane = || vec!["radius".to_owned(), names[0].clone()];
    let (scope, kind) = match native.kind {
        Kind::Plane => (None, cloud(&names[0])),
        Kind::Credential => (Some(parent(Kind::Plane, names.clone())), cloud(&names[0])),
        Kind::Group => (Some(parent(Kind::Plane, plane())), "resourceGroups"),
        Kind::Provider => (Some(parent(Kind::Plane, plane())), "resourceproviders"),
        Kind::Type => (Some(parent(Kind::Provider, names)), "resourceproviders/resourcetypes"),
        Kind::Location => (Some(parent(Kind::Provider, names)), "resourceproviders/locations"),
        Kind::Version => (Some(parent(Kind::Type, names)), "resourceproviders/resourcetypes/apiversions"),
    };
    let kind = match native.kind {
        Kind::Plane => TypeName::new(kind, "planes"),
        Kind::Credential => TypeName::new(kind, "credentials"),
        _ => TypeName::new("System.Resources", kind),
    };
    let is_paged = !matches!(native.kind, Kind::Plane | Kind::Group);
    let query = ListQuery {
        scope: scope.map(|scope| parse(&scope)).transpose()?,
        recursive: true,
        kind: Some(kind),
        after: paging.after.filter(|_| is_paged),
        limit: is_paged.then_some(paging.top),
    };
    let page = state.host.parts.store.list(&query).await?;
    let items = page.records.iter().map(|record| present(record, record.state)).collect();
    Ok(answer::json(200, &if is_paged { paging.body(call, items, page.next) } else { unpaged(items) }))
}

/// The namespace of what is said about a kind of planes.
fn cloud(kind: &str) -> &'static str {
    match kind {
        "aws" => "System.AWS",
        "azure" => "System.Azure",
        _ => "System.Radius",
    }
}

/// Answers `/planes`: planes of all kinds.
pub async fn all_planes(state: &AppState, call: &Call) -> Result<Response, Fault> {
    check_listing(call)?;
    Paging::read(call)?;
    let mut records = Vec::new();
    for kind in super::route::PLANE_KINDS {
        let kind = Some(TypeName::new(cloud(kind), "planes"));
        let query = ListQuery { scope: None, recursive: true, kind, after: None, limit: None };
        records.extend(state.host.parts.store.list(&query).await?.records);
    }
    // What only one kind of planes has stands in the lists of that kind.
    let mut items: Vec<Json> = records.iter().map(|record| present(record, record.state)).collect();
    for properties in items.iter_mut().filter_map(|item| item.get_mut("properties")?.as_object_mut()) {
        properties.retain(|name, _| name == "provisioningState");
    }
    Ok(answer::json(200, &unpaged(items)))
}

/// Refuses everything but GET, as upstream does for paths that its description holds with other methods.
fn check_listing(call: &Call) -> Result<(), Fault> {
    check_api_version(call)?;
    if call.method == Method::GET {
        return Ok(());
    }
    Err(answer::undescribed())
}

/// Answers the list of a group's resources, of all types.
pub async fn tracked_resources(state: &AppState, call: &Call, plane: &str, group: &str) -> Result<Response, Fault> {
    check_listing(call)?;
    let names = vec![plane.to_owned(), group.to_owned()];
    let native = Native { kind: Kind::Group, names, is_collection: false };
    check_path(call, &native)?;
    Paging::read(call)?;
    let id = parse(&native.id())?;
    let store = &state.host.parts.store;
    if store.find(&id).await?.is_none() {
        return Err(Fault::not_found(&format!("{}/resources", native.id())));
    }
    let mut addresses = HashMap::new();
    let mut items = Vec::new();
    for name in store.list_names(&id).await? {
        // What lies below another resource is listed there.
        let is_top = name.type_name.matches('/').count() == 1;
        if name.type_name.eq_ignore_ascii_case(note::TYPE) {
            let note = name.id.parse::<ResourceId>().ok();
            let record = if let Some(note) = &note { store.find(note).await? } else { None };
            if let Some(record) = record {
                items.extend(noted(state, &record).await?);
            }
        } else if is_top {
            let elsewhere = match addresses.get(&name.type_name) {
                Some(known) => *known,
                None => {
                    let id = name.id.parse::<ResourceId>().ok();
                    let elsewhere = id.and_then(|id| state.host.address_of(&id)).is_some();
                    addresses.insert(name.type_name.clone(), elsewhere);
                    elsewhere
                }
            };
            if !elsewhere {
                items.push(Listed { id: name.id, kind: name.type_name });
            }
        }
    }
    Ok(answer::with_body(200, answer::JSON, serde_json::to_string(&Listing { value: items }).unwrap_or_default()))
}

/// A group's list.
#[derive(Serialize)]
struct Listing {
    value: Vec<Listed>,
}

/// What a group's list says about a resource: its id, its name, its type.
struct Listed {
    id: String,
    kind: String,
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Listed", 3)?;
        members.serialize_field("id", &self.id)?;
        members.serialize_field("name", self.id.rsplit('/').next().unwrap_or_default())?;
        members.serialize_field("type", &self.kind)?;
        members.end()
    }
}

/// Returns what a group's list says about a resource of an imperative provider: nothing about one that cannot be
/// reached any more.
async fn noted(state: &AppState, record: &Record) -> Result<Option<Listed>, Fault> {
    let Some(noted) = note::read(record) else { return Ok(None) };
    let Some(address) = state.host.address_of(&noted.id) else { return Ok(None) };
    let is_idle = record.operation.is_none() || record.state.is_terminal();
    if noted.is_going && is_idle && !forward::exists(state, &address, &noted).await {
        note::forget(&state.host, &noted.id).await?;
        return Ok(None);
    }
    let kind = noted.id.resource_type().map(|kind| kind.to_string()).unwrap_or_default();
    Ok(Some(Listed { id: noted.id.to_string(), kind }))
}

/// Answers the summaries of all providers of a plane.
pub async fn summaries(state: &AppState, call: &Call, plane: &str) -> Result<Response, Fault> {
    check_summary(state, call, plane).await?;
    check_api_version(call)?;
    let providers = state.host.parts.catalog.list(plane);
    let items = providers.iter().map(|provider| registry::summarize(provider, Icons::Included)).collect();
    Ok(answer::json(200, &unpaged(items)))
}

/// Answers one provider's summary.
pub async fn summary(state: &AppState, call: &Call, plane: &str, namespace: &str) -> Result<Response, Fault> {
    check_summary(state, call, plane).await?;
    let Some(provider) = state.host.parts.catalog.find(plane, namespace) else {
        let message = format!("the resource provider with name '{namespace}' was not found");
        return Err(Fault::new(404, code::NOT_FOUND, message));
    };
    check_api_version(call)?;
    let wanted = call.query("includeIcons").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let icons = if wanted { Icons::Included } else { Icons::LeftOut };
    let mut response = answer::json(200, &registry::summarize(&provider, icons));
    // A plane stays as long as a provider is registered in it.
    response.extensions_mut().insert(MadeFrom { record: None });
    Ok(response)
}

async fn check_summary(state: &AppState, call: &Call, plane: &str) -> Result<(), Fault> {
    if call.method != Method::GET {
        return Err(answer::no_resource_id());
    }
    Paging::read(call)?;
    let id = format!("/planes/radius/{plane}");
    registry::find(state, &parse(&id)?).await.map(drop)
}

/// Answers a type's icon, which its hash addresses.
pub async fn icon(state: &AppState, call: &Call, names: &[String], hash: &str) -> Result<Response, Fault> {
    if call.method != Method::GET {
        return Err(answer::wrong_method(&call.method));
    }
    let [plane, namespace, name] = names else { return Err(answer::unknown_path(&call.method, &call.path)) };
    let canonical =
        format!("/planes/radius/{plane}/providers/System.Resources/resourceProviders/{namespace}/resourceTypes/{name}");
    let record = registry::find(state, &parse(&canonical)?).await?;
    let own = record.properties.get("icon").and_then(Json::as_str);
    let (svg, own_hash) = match own {
        Some(svg) => (svg.to_owned(), icon::hash(svg)),
        None => (icon::DEFAULT.to_owned(), icon::DEFAULT_HASH.to_owned()),
    };
    if own_hash != hash {
        let message =
            format!("the resource with id '{canonical}' was not found: icon with hash {hash:?} was not found");
        return Err(Fault::new(404, code::NOT_FOUND, message).target(canonical));
    }
    let mut response = answer::with_body(200, "image/svg+xml; charset=utf-8", svg);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers: [(HeaderName, &str); 3] = [
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    headers.into_iter().for_each(|(name, value)| answer::set(&mut response, name, value));
    Ok(response)
}

/// Returns a record as the wire shows it, with the given state.
pub(crate) fn present(record: &Record, state: State) -> Json {
    let mut body = Map::new();
    body.insert("id".into(), record.id.to_string().into());
    if let Some(location) = &record.location {
        body.insert("location".into(), location.clone().into());
    }
    body.insert("name".into(), record.id.name().unwrap_or_default().into());
    let is_group = record.type_name.eq_ignore_ascii_case("System.Resources/resourceGroups");
    let is_credential = record.type_name.ends_with("/credentials");
    if !is_group {
        let mut properties = record.properties.clone();
        if let [_, kind] = record.id.types()
            && kind.kind.eq_ignore_ascii_case("resourcetypes")
        {
            let own = record.properties.get("icon").and_then(Json::as_str);
            let hash = own.map_or_else(|| icon::DEFAULT_HASH.to_owned(), icon::hash);
            properties.insert("iconHash".into(), hash.into());
        }
        if !is_credential {
            properties.insert("provisioningState".into(), state.as_str().into());
        }
        body.insert("properties".into(), Json::Object(properties));
    }
    if let Some(tags) = &record.tags {
        if !is_group && !is_credential {
            body.insert("systemData".into(), system_data(record));
        }
        body.insert("tags".into(), Json::Object(tags.clone()));
    }
    body.insert("type".into(), record.type_name.clone().into());
    Json::Object(body)
}

fn system_data(record: &Record) -> Json {
    json!({
        "createdBy": "",
        "createdByType": "",
        "createdAt": record.created_at.to_string(),
        "lastModifiedBy": "",
        "lastModifiedByType": "",
        "lastModifiedAt": record.updated_at.to_string(),
    })
}
