//! The routes of the protocol (Radius HTTP contract, parts 2 to 4).
//!
//! A request is read once ([`call`]), its path becomes a [`route::Route`], and the module of what the
//! route is about answers: [`native`] for planes, groups and registrations, [`resources`] for resources of
//! registered types, [`operations`] for what goes on.

mod answer;
mod aws;
mod call;
mod conditional;
mod deprecation;
pub mod forward;
pub(crate) mod native;
mod operations;
mod paging;
pub mod rendered;
mod resources;
mod route;
pub mod trust;
pub(crate) mod watch;

use std::error::Error as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Extensions, Method, StatusCode};
use radii_model::TypeName;
use radii_runtime::Fault;
use radii_runtime::access::Caller;
use radii_runtime::fault::code;
use radii_runtime::store::ListQuery;
use serde_json::json;

use crate::AppState;
use crate::access::policy::Actor;
use crate::swagger::Registered;
use call::Call;
pub(crate) use call::decoded_segments;
use route::Route;

/// Largest body that is read; the server's own limit is smaller.
const BODY_LIMIT: usize = 256 << 20;
/// So many planes of a kind are named where they are listed for a reader.
const PLANES: usize = 20;

/// Returns the router of all protocol routes; it answers every path.
pub fn router(state: AppState) -> Router {
    let answer_request = |State(state): State<AppState>, request: Request| answer(state, request, BODY_LIMIT);
    Router::new().fallback(answer_request).with_state(state)
}

/// Whether a path is one of those that [`answer`] is for, and no other route.
pub(crate) fn is_about_planes(path: &str) -> bool {
    path.strip_prefix(route::BASE).is_some_and(|rest| rest.starts_with("/planes"))
}

/// Answers a request of the protocol; longer bodies than the limit are refused.
pub(crate) async fn answer(mut state: AppState, request: Request, limit: usize) -> Response {
    let (parts, body) = request.into_parts();
    if state.host.is_guarded() {
        state.host = Arc::new(state.host.acting_for(caller(&parts.extensions)));
    }
    let body = match read(body, limit).await {
        Ok(body) => body,
        Err(fault) => return answer::fault(&fault),
    };
    // What somebody may see, somebody else may not.
    let lasting = (parts.method == Method::GET && body.is_empty() && !state.host.is_guarded())
        .then(|| parts.uri.path_and_query())
        .flatten();
    if let Some(target) = lasting
        && let Some(known) = state.rendered.find(&state.host, target.as_str()).await
    {
        return conditional::apply(&parts.method, &parts.headers, known);
    }
    let generation = state.host.parts.catalog.generation();
    let forwarded = trust::of(&state.trusted_proxies, &parts.extensions);
    let Ok(call) = Call::new(parts.method, &parts.uri, parts.headers, body, forwarded) else {
        let message = "the path or query has an escape that means nothing: write `%` as `%25`, and text as UTF-8";
        return answer::fault(&Fault::bad_request(message));
    };
    match dispatch(&state, &call).await {
        Ok(response) => {
            let response = conditional::tagged(&call.method, response, |made, headers, body| {
                if let Some(target) = lasting {
                    state.rendered.remember(target.as_str(), made, generation, headers, body);
                }
            });
            conditional::apply(&call.method, &call.headers, response.await)
        }
        Err(fault) => {
            if fault.status >= 500 {
                tracing::error!(http.method = %call.method, http.path = %call.path, code = fault.code, "{fault}");
            }
            answer::fault(&fault)
        }
    }
}

/// Who sent a request, as the gate found out; whoever passed no gate is nobody, and may nothing.
fn caller(extensions: &Extensions) -> Caller {
    let nobody = || Caller { name: "unknown".to_owned(), groups: Vec::new() };
    extensions.get::<Actor>().map_or_else(nobody, Actor::caller)
}

async fn read(body: Body, limit: usize) -> Result<axum::body::Bytes, Fault> {
    to_bytes(body, limit).await.map_err(|error| {
        let mut source = error.source();
        while let Some(cause) = source {
            if cause.to_string().contains("length limit") {
                let status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
                let message = "the request body is too large; send less, or raise the server's body limit";
                return Fault::new(status, code::BAD_REQUEST, message);
            }
            source = cause.source();
        }
        Fault::bad_request("the request body ended before it was complete")
    })
}

async fn dispatch(state: &AppState, call: &Call) -> Result<Response, Fault> {
    let unknown = || Err(answer::unknown_path(&call.method, &call.path));
    let Some(segments) = call.segments() else {
        return match call.path.as_str() {
            "/openapi/v2" => discovery(call, &Route::OpenApi(2)),
            "/openapi/v3" => discovery(call, &Route::OpenApi(3)),
            "/openapi/radii.json" if call.method == Method::GET => {
                let generation = state.host.parts.catalog.generation();
                let text = state.described.text(route::BASE, generation, &registered(state).await?);
                Ok(answer::with_body(200, answer::JSON, text))
            }
            _ => unknown(),
        };
    };
    match route::parse(&segments) {
        found @ (Route::Discovery | Route::OpenApi(_)) => discovery(call, &found),
        Route::UnknownPlaneKind(kind) => Err(Fault::new(
            400,
            "InvalidPlaneType",
            format!("/planes/{kind} is not supported. Supported plane types: {}", route::PLANE_KINDS.join(",")),
        )),
        Route::Planes => native::all_planes(state, call).await,
        Route::Native(found) => native::handle(state, call, &found).await,
        Route::TrackedResources { plane, group } => native::tracked_resources(state, call, &plane, &group).await,
        Route::Summaries { plane } => native::summaries(state, call, &plane).await,
        Route::Summary { plane, namespace } => native::summary(state, call, &plane, &namespace).await,
        Route::Icon { names, hash } => native::icon(state, call, &names, &hash).await,
        Route::Operation(found) => operations::handle(state, call, &found).await,
        Route::Generic(found) => resources::handle(state, call, &segments, &found).await,
        Route::Azure { plane } => azure(state, call, &plane).await,
        Route::ProvidersOfGroup => Err(answer::no_resource_id()),
        Route::Aws(found) => aws::handle(state, call, &found).await,
        Route::Unknown => unknown(),
    }
}

/// Returns what the description may name: nothing where not everybody may see everything.
async fn registered(state: &AppState) -> Result<Registered, Fault> {
    if state.host.is_guarded() {
        return Ok(Registered::default());
    }
    let mut planes = Vec::new();
    for kind in ["System.Radius", "System.AWS", "System.Azure"] {
        let kind = Some(TypeName::new(kind, "planes"));
        let query = ListQuery { scope: None, recursive: false, kind, after: None, limit: Some(PLANES) };
        let found = state.host.parts.store.list(&query).await?.records;
        planes.extend(found.iter().filter_map(|record| {
            let (kind, name) = record.id.plane()?;
            Some((kind.to_owned(), name.to_owned()))
        }));
    }
    Ok(Registered { planes, providers: state.host.parts.catalog.all() })
}

/// Passes a request below an Azure plane on to that plane's address.
async fn azure(state: &AppState, call: &Call, plane: &str) -> Result<Response, Fault> {
    let id = call.path.strip_prefix(route::BASE).unwrap_or(&call.path);
    let found = match format!("/planes/azure/{plane}").parse() {
        Ok(plane) => state.host.parts.store.find(&plane).await?,
        Err(_) => None,
    };
    let Some(found) = found else { return Err(Fault::not_found(id)) };
    let address = found.properties.get("url").and_then(serde_json::Value::as_str).unwrap_or_default();
    forward::anything(state, call, address).await
}

/// Answers what the Kubernetes aggregation layer and the command line's preflight ask for.
fn discovery(call: &Call, route: &Route) -> Result<Response, Fault> {
    if call.method != Method::GET {
        return Err(answer::wrong_method(&call.method));
    }
    let info = json!({ "title": "Radii APIService", "version": "v1alpha3" });
    let body = match route {
        Route::OpenApi(2) => json!({ "swagger": "2.0", "info": info, "paths": {} }),
        Route::OpenApi(_) => json!({ "openapi": "3.0.0", "info": info, "paths": {} }),
        _ => json!({
            "kind": "APIResourceList",
            "apiVersion": "v1alpha3",
            "groupVersion": "api.ucp.dev/v1alpha3",
            "resources": [],
        }),
    };
    Ok(answer::with_body(200, "text/plain; charset=utf-8", body.to_string()))
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Limited};

    use super::*;

    #[tokio::test]
    async fn bodies_over_the_limit_are_too_large() {
        let body = Body::new(Limited::new(Body::from("123456789"), 5).map_err(axum::BoxError::from));
        let fault = read(body, BODY_LIMIT).await.unwrap_err();
        assert_eq!(fault.status, 413, "{fault:?}");
        assert_eq!(read(Body::from("123456"), 5).await.unwrap_err().status, 413);
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
    }
}
