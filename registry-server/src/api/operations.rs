//! Operations: their status and result documents (Radius HTTP contract, part 3).

use axum::response::Response;
use http::Method;
use http::header::{LOCATION, RETRY_AFTER};
use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::fault::code;
use radii_runtime::host::ended;
use radii_runtime::store::{Operation, OperationId, State, Verb};
use serde_json::{Map, Value as Json};

use super::answer::{self, OperationUrls};
use super::call::Call;
use super::forward;
use super::route::{OperationPart, OperationRoute};
use crate::AppState;

/// The only location that operations are found at.
const GLOBAL: &str = "global";

/// Answers a request for an operation's status or result.
pub async fn handle(state: &AppState, call: &Call, route: &OperationRoute) -> Result<Response, Fault> {
    let provider = state.host.parts.catalog.find(&route.plane, &route.namespace);
    let address = provider.as_ref().and_then(|provider| provider.find_location(GLOBAL)?.any_address());
    if address.is_none() {
        // What an imperative provider says about its operations' addresses is its own affair.
        check_asked(state, call, route).await?;
    }
    let found = find(state, route).await?;
    if let (None, Some(address)) = (&found, address) {
        // An operation that is not ours is one of the provider's.
        return forward::anything(state, call, address).await;
    }
    if call.method != Method::GET {
        return Err(answer::wrong_method(&call.method));
    }
    let Some(operation) = found else { return Err(missing(state, route)) };
    Ok(match route.wants {
        OperationPart::Status => status(route, &operation),
        OperationPart::Result if operation.state.is_terminal() => answer::empty(204),
        OperationPart::Result => running(call, route, &operation),
    })
}

/// Checks what is asked of requests for the operations of a provider whose resources are kept here.
async fn check_asked(state: &AppState, call: &Call, route: &OperationRoute) -> Result<(), Fault> {
    let OperationRoute { plane, namespace, .. } = route;
    if namespace.eq_ignore_ascii_case("System.Resources") {
        return Ok(());
    }
    // The last two parts of what is posted to are taken for an action and what it belongs to.
    let is_posted = call.method == Method::POST;
    let asked = if is_posted { route.below() } else { asked(route) };
    if call.api_version().is_empty() {
        return Err(Fault::bad_request("the api-version query parameter is required").target(asked));
    }
    let plane = format!("/planes/radius/{plane}");
    let id = plane.parse::<ResourceId>().map_err(|_| Fault::not_found(&plane))?;
    if state.host.parts.store.find_shared(&id).await?.is_none() {
        let message = format!("the resource with id '{asked}' was not found: plane \"{plane}\" not found");
        return Err(Fault::new(404, code::NOT_FOUND, message).target(asked));
    }
    if is_posted {
        let message = format!(
            "resource type \"{namespace}/locations\" is not registered. register the resource type before deploying \
             resources of this type"
        );
        return Err(Fault::bad_request(message).target(asked));
    }
    Ok(())
}

/// Returns the id of what is asked for, as the path names it.
fn asked(route: &OperationRoute) -> String {
    let (below, id) = (route.below(), &route.id);
    match route.wants {
        OperationPart::Status => format!("{below}/operationStatuses/{id}"),
        OperationPart::Result => format!("{below}/operationResults/{id}"),
    }
}

async fn find(state: &AppState, route: &OperationRoute) -> Result<Option<Operation>, Fault> {
    let Ok(id) = route.id.parse::<OperationId>() else { return Ok(None) };
    if let Some(operation) = complete_from_the_start(id, route) {
        return Ok(Some(operation));
    }
    let found = state.host.parts.store.find_operation(id).await?;
    Ok(found.filter(|operation| {
        let plane = operation.resource.plane().map(|(_, name)| name).unwrap_or_default();
        let namespace = operation.resource.namespace().unwrap_or_default();
        plane.eq_ignore_ascii_case(&route.plane)
            && namespace.eq_ignore_ascii_case(&route.namespace)
            && route.location.eq_ignore_ascii_case(GLOBAL)
    }))
}

/// Returns an operation whose id says that it was complete when it was accepted.
fn complete_from_the_start(id: OperationId, route: &OperationRoute) -> Option<Operation> {
    let (plane, namespace) = (&route.plane, &route.namespace);
    // Its resource is not known, but that of any of its provider serves.
    let resource = format!("/planes/radius/{plane}/providers/{namespace}/resources/any").parse::<ResourceId>().ok()?;
    let ended_at = ended::ended_at(id, &resource).filter(|_| route.location.eq_ignore_ascii_case(GLOBAL))?;
    Some(Operation {
        id,
        resource,
        verb: Verb::Put,
        api_version: None,
        state: State::Succeeded,
        error: None,
        attempt: 0,
        run_after: ended_at,
        payload: Json::Null,
        created_at: ended_at,
        ended_at: Some(ended_at),
    })
}

fn missing(state: &AppState, route: &OperationRoute) -> Fault {
    let OperationRoute { plane, namespace, id, wants, .. } = route;
    let asked = asked(route);
    let provider = state.host.parts.catalog.find(plane, namespace);
    let is_served = provider.is_some_and(|provider| provider.find_location(GLOBAL).is_some());
    if !is_served && !namespace.eq_ignore_ascii_case("System.Resources") {
        let message = format!("location \"{GLOBAL}\" not found for resource provider \"{namespace}\"");
        return Fault::bad_request(message).target(asked);
    }
    match wants {
        OperationPart::Status => Fault::not_found(&asked),
        // Upstream looks results up by their status document.
        OperationPart::Result => Fault::not_found(&format!("{}/operationstatuses/{id}", route.below())),
    }
}

fn status(route: &OperationRoute, operation: &Operation) -> Response {
    let id = format!("{}/operationstatuses", route.below());
    let mut body = Map::new();
    body.insert("id".into(), format!("{}/{}", id.to_ascii_lowercase(), operation.id).into());
    body.insert("name".into(), operation.id.to_string().into());
    body.insert("status".into(), operation.state.as_str().into());
    body.insert("startTime".into(), operation.created_at.to_string().into());
    if let Some(ended_at) = operation.ended_at {
        body.insert("endTime".into(), ended_at.to_string().into());
    }
    if let Some(error) = &operation.error {
        body.insert("error".into(), serde_json::to_value(error).unwrap_or_default());
    }
    let mut response = answer::json(200, &Json::Object(body));
    if !operation.state.is_terminal() {
        answer::set(&mut response, RETRY_AFTER, "1");
    }
    response
}

fn running(call: &Call, route: &OperationRoute, operation: &Operation) -> Response {
    let mut response = answer::with_body(202, "application/json", "");
    let seconds = if route.namespace.eq_ignore_ascii_case("System.Resources") { "1" } else { "5" };
    answer::set(&mut response, LOCATION, &OperationUrls::new(call, &operation.resource, operation.id).result);
    answer::set(&mut response, RETRY_AFTER, seconds);
    response
}
