//! Answers: JSON, the error envelope, and the headers of the asynchronous protocol.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::store::{OperationId, Record};
use serde_json::{Value as Json, json};

use super::call::Call;

/// The content type of most answers.
pub const JSON: &str = "application/json";

/// Marks answers that this server made itself, from what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Ours;

/// Returns an answer with a JSON body.
pub fn json(status: u16, body: &Json) -> Response {
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
    let urls = OperationUrls::new(call, id, operation);
    set(&mut response, LOCATION, &urls.result);
    set(&mut response, HeaderName::from_static("azure-asyncoperation"), &urls.status);
    set(&mut response, RETRY_AFTER, &retry_after.as_secs().max(1).to_string());
    response
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
        let plane = resource.plane().map_or_else(String::new, |(kind, name)| format!("/planes/{kind}/{name}"));
        let namespace = resource.namespace().unwrap_or("System.Resources");
        let below = format!("{}{plane}/providers/{namespace}/locations/global", call.base());
        let query = format!("?api-version={}", super::call::encode(call.api_version()));
        Self {
            result: format!("{below}/operationResults/{operation}{query}"),
            status: format!("{below}/operationStatuses/{operation}{query}"),
        }
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
