//! Resources of registered types, through the runtime core's provider host.

use std::borrow::Cow;

use axum::response::Response;
use http::Method;
use http::header::ETAG;
use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::host::{Answer, Delete, Put, REDEPLOY_DEPENDENTS, Resolved, Shown, etag};
use radii_runtime::store::{ListQuery, Record};
use serde_json::{Map, Value as Json};

use super::call::Call;
use super::paging::Paging;
use super::rendered::MadeFrom;
use super::route::{Generic, resource_id};
use super::{answer, deprecation, forward};
use crate::AppState;
use crate::registry::icon;
use crate::swagger;

/// Answers a request about resources.
pub async fn handle(
    state: &AppState,
    call: &Call,
    segments: &[Cow<'_, str>],
    generic: &Generic,
) -> Result<Response, Fault> {
    let invalid = || answer::no_resource_id().target(&generic.id);
    if segments.iter().any(|segment| segment.is_empty() || segment.contains(is_never_in_a_name)) {
        return Err(invalid());
    }
    let target = Target::read(call, generic).ok_or_else(invalid)?;
    let resolved = match state.host.resolve(target.id(), call.query("api-version")).await {
        Err(fault) if fault.status == 400 && are_operations(state, target.id()) => {
            return Err(answer::unknown_path(&call.method, &provider_path(&generic.id, target.id())));
        }
        resolved => resolved?,
    };
    if target.id().is_extension() {
        return Err(answer::unknown_path(&call.method, &generic.id));
    }
    if let Some(address) = &resolved.address {
        return match &target {
            // What connects to it is kept here.
            Target::Action(id, action) if action.eq_ignore_ascii_case(REDEPLOY_DEPENDENTS) => {
                act(state, call, id, action).await
            }
            Target::Action(..) => forward::anything(state, call, address).await,
            Target::Collection(id) | Target::Resource(id) => forward::resource(state, call, address, id).await,
        };
    }
    let is_built_in = is_built_in(resolved.provider.namespace.as_str());
    if let (Target::Resource(id) | Target::Action(id, _), None) = (&target, target.id().resource_group()) {
        let path = if is_built_in { id.to_string().to_ascii_lowercase() } else { generic.id.clone() };
        return Err(answer::unknown_path(&call.method, &path));
    }
    let mut response = answer_target(state, call, &resolved, target, is_built_in, generic).await?;
    deprecation::announce(&mut response, call, &resolved);
    Ok(response)
}

/// Answers a request about resources that this server keeps itself.
async fn answer_target(
    state: &AppState,
    call: &Call,
    resolved: &Resolved,
    target: Target,
    is_built_in: bool,
    generic: &Generic,
) -> Result<Response, Fault> {
    match (target, &call.method) {
        (Target::Collection(id), &Method::GET) => list(state, call, resolved, &id).await,
        (Target::Resource(id), &Method::GET) => get(state, resolved, &id).await,
        (Target::Resource(id), &Method::PUT) => put(state, call, resolved, id, 201).await,
        (Target::Resource(id), &Method::PATCH) if is_built_in => {
            // PATCH replaces the whole, and only what is there.
            state.host.get(&id).await?;
            put(state, call, resolved, id, 202).await
        }
        (Target::Resource(id), &Method::DELETE) => delete(state, call, resolved, id).await,
        (Target::Action(id, action), _) if is_built_in || action.eq_ignore_ascii_case(REDEPLOY_DEPENDENTS) => {
            act(state, call, &id, &action).await
        }
        (Target::Action(..), _) => Err(answer::unknown_path(&call.method, &generic.id)),
        // Their descriptions hold no such request.
        (Target::Collection(id) | Target::Resource(id), _) if is_described(&id) => {
            let kind = id.resource_type().map(|kind| kind.key()).unwrap_or_default();
            Err(answer::undescribed().target(kind))
        }
        _ => Err(answer::wrong_method(&call.method)),
    }
}

/// A slash or a control character can only come from an escape.
fn is_never_in_a_name(character: char) -> bool {
    character == '/' || character.is_control()
}

/// Whether types of a namespace have a behaviour of their own, with actions and PATCH.
fn is_built_in(namespace: &str) -> bool {
    let lower = namespace.to_ascii_lowercase();
    lower.starts_with("applications.") || lower == "radius.core" || lower == "microsoft.resources"
}

/// Whether requests about resources of a type are held against a published description.
fn is_described(id: &ResourceId) -> bool {
    let namespace = id.namespace().unwrap_or_default();
    is_built_in(namespace) && !namespace.eq_ignore_ascii_case("Microsoft.Resources")
}

/// Whether an id is one of operations, of a provider that is served: no type of resources is asked for then.
fn are_operations(state: &AppState, id: &ResourceId) -> bool {
    let Some((kind, plane)) = id.resource_type().zip(id.plane().map(|(_, name)| name)) else { return false };
    let provider = state.host.parts.catalog.find(plane, kind.namespace());
    let is_served = provider.is_some_and(|provider| provider.find_location("global").is_some());
    is_served
        && ["locations/operationstatuses", "locations/operationresults"].iter().any(|name| kind.key().ends_with(name))
}

/// The path of a request as the provider that answers it shows it.
fn provider_path(path: &str, id: &ResourceId) -> String {
    if is_described(id) { path.to_ascii_lowercase() } else { path.to_owned() }
}

/// What a path of resources names.
enum Target {
    Collection(ResourceId),
    Resource(ResourceId),
    /// A POST action of a resource, or the operations of a deployment.
    Action(ResourceId, String),
}

impl Target {
    fn read(call: &Call, generic: &Generic) -> Option<Self> {
        if generic.depth.is_multiple_of(2) {
            return resource_id(&generic.id).map(Target::Resource);
        }
        let (parent, last) = generic.id.rsplit_once('/')?;
        let lower = parent.to_ascii_lowercase();
        let are_operations = lower.contains("/microsoft.resources/deployments/") && last == "operations";
        if generic.depth > 1 && (call.method == Method::POST || are_operations) {
            return Some(Target::Action(resource_id(parent)?, last.to_owned()));
        }
        resource_id(&generic.id).map(Target::Collection)
    }

    fn id(&self) -> &ResourceId {
        match self {
            Target::Collection(id) | Target::Resource(id) | Target::Action(id, _) => id,
        }
    }
}

async fn get(state: &AppState, resolved: &Resolved, id: &ResourceId) -> Result<Response, Fault> {
    let record = state.host.get_shared(id).await?;
    let mut response = answer::with_body(200, answer::JSON, text(state, resolved, &record));
    answer::set(&mut response, ETAG, &etag(&record));
    response.extensions_mut().insert(MadeFrom { record: Some((record.id.clone(), record.revision)) });
    Ok(response)
}

/// Writes a resource as the request's version shows it.
fn text(state: &AppState, resolved: &Resolved, record: &Record) -> Vec<u8> {
    let mut text = Vec::with_capacity(1024);
    let seen = resolved.kind.converter().map(|_| state.host.seen(record, &resolved.api_version));
    // A value has no key that is not text, and so cannot fail to be written.
    let _ = serde_json::to_writer(&mut text, &Shown(seen.as_ref().unwrap_or(record)));
    text
}

async fn list(state: &AppState, call: &Call, resolved: &Resolved, id: &ResourceId) -> Result<Response, Fault> {
    let paging = Paging::read(call)?;
    let query = ListQuery {
        scope: Some(id.scope()),
        recursive: id.resource_group().is_none(),
        kind: id.resource_type(),
        after: paging.after,
        limit: Some(paging.top),
    };
    let page = state.host.list(&query).await?;
    let is_converted = resolved.kind.converter().is_some();
    let seen = page.records.iter().map(|record| match is_converted {
        true => Cow::Owned(state.host.seen(record, &resolved.api_version)),
        false => Cow::Borrowed(record),
    });
    let seen: Vec<Cow<'_, Record>> = seen.collect();
    let items = seen.iter().map(|record| Shown(record)).collect();
    Ok(answer::json(200, &paging.body(call, items, page.next)))
}

async fn put(
    state: &AppState,
    call: &Call,
    resolved: &Resolved,
    id: ResourceId,
    accepted: u16,
) -> Result<Response, Fault> {
    call.check_content_type()?;
    let said = body(call, &id)?;
    // It could be read before, so it can be read again.
    let again = || body(call, &id).unwrap_or_default();
    let api_version = resolved.api_version.clone();
    let request = Put { id: id.clone(), api_version, body: said, preconditions: call.preconditions() };
    let told = |record: &Record| Told::of(state, resolved, record);
    let answer = state.host.put_and_tell(request, again, &told).await?;
    Ok(written(call, &id, answer, accepted))
}

async fn delete(state: &AppState, call: &Call, resolved: &Resolved, id: ResourceId) -> Result<Response, Fault> {
    let request = Delete {
        id: id.clone(),
        api_version: resolved.api_version.clone(),
        preconditions: call.preconditions(),
        force: call.query("force") == Some("true"),
    };
    let answer = match state.host.delete(request).await? {
        Answer::Done(record) => Answer::Done(record.map(|record| Told::of(state, resolved, &record))),
        Answer::Absent => Answer::Absent,
        Answer::Accepted { record, operation, retry_after } => {
            Answer::Accepted { record: Told::of(state, resolved, &record), operation, retry_after }
        }
    };
    Ok(written(call, &id, answer, 202))
}

/// What an answer tells of a record.
struct Told {
    text: Vec<u8>,
    /// Of a change that is complete.
    etag: Option<String>,
}

impl Told {
    fn of(state: &AppState, resolved: &Resolved, record: &Record) -> Self {
        Self { text: text(state, resolved, record), etag: record.operation.is_none().then(|| etag(record)) }
    }
}

fn written(call: &Call, id: &ResourceId, answer: Answer<Told>, accepted: u16) -> Response {
    match answer {
        Answer::Done(Some(told)) => {
            let mut response = answer::with_body(200, answer::JSON, told.text);
            if let Some(etag) = told.etag {
                answer::set(&mut response, ETAG, &etag);
            }
            response
        }
        Answer::Done(None) => answer::empty(200),
        Answer::Absent => answer::empty(204),
        Answer::Accepted { record, operation, retry_after } => {
            let mut response = answer::with_body(accepted, answer::JSON, record.text);
            answer::point_to(&mut response, call, id, operation, retry_after);
            response
        }
    }
}

async fn act(state: &AppState, call: &Call, id: &ResourceId, action: &str) -> Result<Response, Fault> {
    let body = match call.body.is_empty() {
        // Its request is nothing without a body.
        true if action.eq_ignore_ascii_case("getMetadata") => return Err(unsupported_media_type(call)),
        true => Json::Null,
        false => {
            call.check_content_type()?;
            Json::Object(body(call, id)?)
        }
    };
    let mut answer = state.host.act(id, action, &body).await?;
    if answer.is_null() {
        return Ok(answer::empty(204));
    }
    add_default_icon(&mut answer);
    Ok(answer::json(200, &answer))
}

/// Puts the picture of types without an icon into a graph that names it; the runtime core has no pictures.
fn add_default_icon(graph: &mut Json) {
    let names = |node: &Json| node["iconHash"] == icon::DEFAULT_HASH;
    let is_named = graph["resources"].as_array().is_some_and(|nodes| nodes.iter().any(names));
    if let (true, Some(icons)) = (is_named, graph.get_mut("icons").and_then(Json::as_object_mut)) {
        icons.entry(icon::DEFAULT_HASH).or_insert_with(|| icon::DEFAULT.into());
    }
}

fn unsupported_media_type(call: &Call) -> Fault {
    let missing = || Fault::new(415, code::BAD_REQUEST, "the request has no body; send a JSON object");
    call.check_content_type().err().unwrap_or_else(missing)
}

/// Reads a body as an object; `null` stands for an empty one.
fn body(call: &Call, id: &ResourceId) -> Result<Map<String, Json>, Fault> {
    let kind = id.resource_type().unwrap_or_else(|| TypeName::new("", ""));
    let refuse = |reason: &str| {
        if is_built_in(kind.namespace()) {
            return swagger::refusal(vec![swagger::undecodable(reason)]).target(kind.key());
        }
        let message = format!("The request content was invalid and could not be deserialized: {reason}");
        Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string())
    };
    // The description of a type says what is missing from a body that is missing.
    if call.body.is_empty() && matches!(call.method, Method::PUT | Method::PATCH) && is_described(id) {
        return Ok(Map::new());
    }
    if call.body.is_empty() {
        return Err(refuse("the request has no body; send a JSON object"));
    }
    match call.value().map_err(|reason| refuse(&reason))? {
        Json::Null => Ok(Map::new()),
        Json::Object(members) => Ok(members),
        _ => Err(refuse("line 1, column 1: the body must be a JSON object")),
    }
}
