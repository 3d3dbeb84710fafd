//! Answers: JSON, the error envelope, and the headers of the asynchronous protocol.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::store::{OperationId, Record};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::call::Call;

/// The content type of most answers.
pub const JSON: &str = "application/json";

/// Marks answers that this server made itself, from what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Ours;

/// Returns an answer with a JSON body.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    // A value has no key that is not text, and so cannot fail to be written.
    with_body(status, JSON, serde_json::to_vec(body).unwrap_or_default())
}

/// Returns an answer with a body of the given type.
pub fn with_body(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = empty(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    *response.body_mut() = body.into();
    response.extensions_mut().insert(Ours);
    response
}

/// Returns an answer without body.
pub fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Returns the error envelope of a fault.
pub fn fault(fault: &Fault) -> Response {
    json(fault.status, &json!({ "error": fault }))
}

/// Returns one resource with its tag.
pub fn resource(status: u16, record: &Record, body: Json) -> Response {
    let mut response = json(status, &body);
    set(&mut response, ETAG, &radii_runtime::host::etag(record));
    response
}

/// Returns a resource whose change goes on, with where to watch that.
///
/// Status is 201 for PUT, of new and of existing resources, and 202 for DELETE. The addresses keep the
/// casing of `id`, which is the request's.
pub fn accepted(
    call: &Call,
    status: u16,
    id: &ResourceId,
    body: &Json,
    operation: OperationId,
    retry_after: Duration,
) -> Response {
    let mut response = json(status, body);
    point_to(&mut response, call, id, operation, retry_after);
    response
}

/// Says where a change that goes on is watched.
pub fn point_to(response: &mut Response, call: &Call, id: &ResourceId, operation: OperationId, retry_after: Duration) {
    let urls = OperationUrls::new(call, id, operation);
    set(response, LOCATION, &urls.result);
    set(response, HeaderName::from_static("azure-asyncoperation"), &urls.status);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
}

/// Sets a header; a value that cannot be one is left out.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Where an operation is watched.
pub struct OperationUrls {
    /// `operationResults/{id}`.
    pub result: String,
    /// `operationStatuses/{id}`.
    pub status: String,
}

impl OperationUrls {
    /// Returns the addresses, through the host that the client used.
    pub fn new(call: &Call, resource: &ResourceId, operation: OperationId) -> Self {
        let (kind, plane) = resource.plane().unwrap_or_default();
        let planes = if plane.is_empty() { "" } else { "/planes/" };
        let slash = if plane.is_empty() { "" } else { "/" };
        let namespace = resource.namespace().unwrap_or("System.Resources");
        let (base, version) = (call.base(), super::call::encode(call.api_version()));
        let mut id = uuid::Uuid::encode_buffer();
        let id: &str = operation.hyphenated().encode_lower(&mut id);
        let url = |part: &str| {
            let below = [&base, planes, kind, slash, plane, "/providers/", namespace, "/locations/global/"];
            below.into_iter().chain([part, "/", id, "?api-version=", &version]).collect::<Vec<_>>().concat()
        };
        Self { result: url("operationResults"), status: url("operationStatuses") }
    }
}

/// Returns the fault of a path that leads nowhere; `path` as the client should recognise it.
pub fn unknown_path(method: &http::Method, path: &str) -> Fault {
    let message = format!("The request '{method} {path}' is invalid.");
    Fault::new(404, radii_runtime::fault::code::NOT_FOUND, message)
}

/// Returns the fault of a known path with a method that it does not offer.
pub fn wrong_method(method: &http::Method) -> Fault {
    let message = format!("The request method '{method}' is invalid.");
    Fault::new(405, radii_runtime::fault::code::BAD_REQUEST, message)
}

/// Returns the fault of a request that the protocol's description does not hold.
pub fn undescribed() -> Fault {
    let message = "failed to parse route: undefined route path";
    crate::swagger::refusal(vec![Fault::new(400, radii_runtime::fault::code::INVALID_CONTENT, message)])
}

/// Returns the fault of a path that names a provider or nothing at all where it should name a resource.
pub fn no_resource_id() -> Fault {
    Fault::bad_request("the request URL does not contain a valid resource ID")
}
