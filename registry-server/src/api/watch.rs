//! `GET /watch`: the change feed as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Method};
use radii_model::{ApiVersion, ResourceId, TypeName, closest};
use radii_runtime::Fault;

use super::answer;
use super::call::{Call, Forwarded};
use super::route::{BASE, resource_id};
use crate::AppState;
use crate::access::policy::Actor;
use crate::watch::filter::Filter;
use crate::watch::{Begin, Feed, Session};

const PARAMETERS: [&str; 4] = ["api-version", "scope", "since", "type"];

/// Returns the route of the feed.
pub(crate) fn router(state: AppState, feed: Arc<Feed>) -> Router {
    Router::new().route(&format!("{BASE}/watch"), any(watch)).with_state((state, feed))
}

async fn watch(State((state, feed)): State<(AppState, Arc<Feed>)>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.method != Method::GET {
        return answer::fault(&answer::wrong_method(&parts.method));
    }
    let actor = parts.extensions.get::<Actor>().cloned();
    match begin(&state, &feed, &parts.uri, parts.headers, actor).await {
        Ok(session) => stream(session),
        Err(fault) => answer::fault(&fault),
    }
}

async fn begin(
    state: &AppState,
    feed: &Arc<Feed>,
    uri: &http::Uri,
    headers: HeaderMap,
    actor: Option<Actor>,
) -> Result<Session, Fault> {
    let call = Call::new(Method::GET, uri, headers, Bytes::new(), Forwarded::Ignored);
    let call = call.map_err(|_| Fault::bad_request("the request's path or query cannot be decoded"))?;
    check(&call)?;
    let filter = Filter { scope: scope(&call)?, types: types(&call)?, actor };
    let version = match call.api_version() {
        "" => None,
        text => Some(text.parse::<ApiVersion>().map_err(|error| Fault::bad_request(error.to_string()))?),
    };
    Session::begin(feed, Arc::clone(&state.host), position(&call)?, filter, version).await
}

/// Refuses parameters that mean nothing, and clients that want something else than events.
fn check(call: &Call) -> Result<(), Fault> {
    if let Some((name, _)) = call.query.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        let help = closest(name, PARAMETERS).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
        let known = PARAMETERS.map(|known| format!("`{known}`")).join(", ");
        let message = format!("the feed has no parameter `{name}`{help} Its parameters are {known}");
        return Err(Fault::bad_request(message));
    }
    let accepted = call.header(ACCEPT.as_str()).unwrap_or("*/*");
    if ["text/event-stream", "text/*", "*/*"].iter().any(|kind| accepted.contains(kind)) {
        return Ok(());
    }
    let message = format!("the feed is `text/event-stream`, and the request accepts `{accepted}` only");
    Err(Fault::new(406, radii_runtime::fault::code::BAD_REQUEST, message))
}

fn scope(call: &Call) -> Result<Option<ResourceId>, Fault> {
    let Some(text) = call.query("scope").filter(|text| !text.is_empty() && *text != "/") else { return Ok(None) };
    let read = resource_id(text.trim_end_matches('/'));
    let refuse = || {
        let message = format!(
            "the scope `{text}` is no id; write one such as `/planes/radius/local/resourceGroups/shop`, or leave it out"
        );
        Fault::bad_request(message).target(text)
    };
    read.map(Some).ok_or_else(refuse)
}

fn types(call: &Call) -> Result<Vec<TypeName>, Fault> {
    let given = call.query.iter().filter(|(name, _)| name == "type").flat_map(|(_, value)| value.split(','));
    let read = given.map(str::trim).filter(|text| !text.is_empty()).map(|text| {
        text.parse::<TypeName>().map_err(|_| {
            let message = format!("`{text}` is no type; write NAMESPACE/TYPE, such as `Applications.Core/containers`");
            Fault::bad_request(message).target(text)
        })
    });
    read.collect()
}

/// Where to begin: `Last-Event-ID`, which browsers send when they come back, counts before `since`.
fn position(call: &Call) -> Result<Begin, Fault> {
    let told = call.header("last-event-id").filter(|text| !text.is_empty());
    match told.or_else(|| call.query("since").filter(|text| !text.is_empty())) {
        None => Ok(Begin::Everything),
        Some("now") => Ok(Begin::Now),
        Some(text) => text.parse().map(Begin::After).map_err(|_| {
            let message = format!("`{text}` is no position of the feed; give the id of the last event, or `now`");
            Fault::bad_request(message)
        }),
    }
}

fn stream(session: Session) -> Response {
    let events = futures_util::stream::unfold(session, |mut session| async {
        let events = session.next().await?;
        Some((Ok::<_, Infallible>(events), session))
    });
    let mut response = answer::empty(200);
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // Proxies that collect answers would keep events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        answer::set(&mut response, name, value);
    }
    *response.body_mut() = Body::from_stream(events);
    response
}
