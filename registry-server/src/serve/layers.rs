//! What every request passes before its route: a name, a log line, the gate, limits, and a net under panics.
//!
//! They are one function: as layers of a router, each would box, clone and move the request on its way in.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::Limited;
use radii_runtime::fault::code;
use radii_runtime::{Clock as _, Fault, SystemClock};
use serde_json::json;
use tower::Service;
use tracing::Instrument;

use super::Options;
use super::health;
use super::metrics::{self, Metrics};
use crate::access::Gate;
use crate::{AppState, api};

pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A body that is longer than the server takes.
const TOO_LARGE: &str = "RequestContentTooLarge";
/// The server did not answer in time.
const TIMED_OUT: &str = "ServerTimeout";

/// The way of every request to what answers it.
pub(super) struct Door {
    /// What is not of the protocol.
    routes: Router,
    pub(super) state: AppState,
    gate: Arc<Gate>,
    pub(super) metrics: Arc<Metrics>,
    limits: Limits,
}

#[derive(Clone, Copy)]
struct Limits {
    body: usize,
    time: Duration,
}

impl Door {
    /// Returns the door before the routes of the protocol, which `state` answers, and others.
    pub(super) fn new(
        routes: Router,
        state: AppState,
        options: &Options,
        gate: Arc<Gate>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let limits = Limits { body: options.body_limit, time: options.request_timeout };
        Self { routes, state, gate, metrics, limits }
    }

    /// Answers a request: names it, and logs how it ended.
    pub(super) async fn answer(&self, request: Request) -> Response {
        let id = request_id(&request);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let path = uri.path();
        let span = tracing::info_span!(
            "request",
            %method,
            path,
            request.id = id.to_str().unwrap_or_default(),
            trace_id = tracing::field::Empty
        );
        let parent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
        radii_runtime::trace::begin(&span, parent);
        let begun = Instant::now();
        let in_flight = self.metrics.begin();
        let answering = AssertUnwindSafe(self.let_in(request, &id)).catch_unwind().instrument(span.clone());
        let mut response = answering.await.unwrap_or_else(after_panic);
        let (status, took) = (response.status().as_u16(), begun.elapsed());
        drop(in_flight);
        self.metrics.answered(&method, metrics::route(path), status, took);
        span.in_scope(|| {
            let milliseconds = took.as_secs_f64() * 1_000.0;
            match status {
                500.. => tracing::error!(status, milliseconds, "Answered `{method} {path}` with {status}"),
                _ => tracing::debug!(status, milliseconds, "Answered `{method} {path}` with {status}"),
            }
        });
        response.headers_mut().insert(&REQUEST_ID, id);
        response
    }

    /// Answers whom the gate lets in.
    async fn let_in(&self, mut request: Request, id: &HeaderValue) -> Response {
        let visit = match self.gate.admit(&mut request, id.to_str().unwrap_or_default()).await {
            Ok(visit) => visit,
            Err(refusal) => return refusal,
        };
        let response = self.limited(request).await;
        if let Some(visit) = visit {
            visit.ended(&self.gate.audit, response.status().as_u16());
        }
        response
    }

    /// Refuses bodies that say that they are too long, and words the refusals of those that only are.
    async fn limited(&self, request: Request) -> Response {
        let limits = self.limits;
        let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if declared.and_then(|value| value.parse::<usize>().ok()).is_some_and(|length| length > limits.body) {
            return too_large(limits.body);
        }
        let Ok(response) = tokio::time::timeout(limits.time, self.route(request)).await else {
            let message = format!("the server did not answer within {} s; try again", limits.time.as_secs());
            let mut response = envelope(&Fault::new(503, TIMED_OUT, message));
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            return response;
        };
        let worded =
            response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
        if response.status() == StatusCode::PAYLOAD_TOO_LARGE && !worded { too_large(limits.body) } else { response }
    }

    /// Lets the protocol, or one of the other routes, answer: once it is known what is registered.
    async fn route(&self, request: Request) -> Response {
        if !health::is_about_process(request.uri().path()) {
            self.state.health.until_loaded().await;
        }
        if api::is_about_planes(request.uri().path()) {
            // Boxed, because it is large and would be moved with every future around it.
            return Box::pin(api::answer(self.state.clone(), request, self.limits.body)).await;
        }
        let request = request.map(|body| Body::new(Limited::new(body, self.limits.body)));
        self.routes.clone().call(request).await.unwrap_or_else(|never| match never {})
    }
}

fn too_large(limit: usize) -> Response {
    envelope(&Fault::new(413, TOO_LARGE, format!("the request's body is larger than {limit} bytes; send less at once")))
}

/// Returns the id that the client gave, if it can stand in a log line, or a new one.
pub(super) fn request_id<B>(request: &http::Request<B>) -> HeaderValue {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|value| value.len() <= 128 && value.as_bytes().iter().all(|byte| byte.is_ascii_graphic()));
    given.cloned().unwrap_or_else(|| {
        // It names, and keeps nothing secret: asking the system for random bytes each time would cost more than most of
        // the answer.
        let millis = u64::try_from(SystemClock.now().0).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid();
        let mut text = uuid::Uuid::encode_buffer();
        HeaderValue::from_str(id.hyphenated().encode_lower(&mut text)).expect("a UUID is a valid header value")
    })
}

fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(panic = said, "A request panicked");
    let message =
        "the server failed in a way that it should not; its log has the details under this request's x-request-id";
    envelope(&Fault::new(500, code::INTERNAL, message))
}

/// Returns a fault as the protocol's error envelope.
pub(crate) fn envelope(fault: &Fault) -> Response {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = [(CONTENT_TYPE, "application/json")];
    (status, headers, Body::from(json!({ "error": fault }).to_string())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use http_body_util::BodyExt;
    use serde_json::Value;

    use super::*;
    use crate::serve::prepare;

    async fn door(request_timeout: Duration) -> Door {
        let routes = Router::new()
            .route("/length", post(|body: axum::body::Bytes| async move { body.len().to_string() }))
            .route(
                "/panic",
                get(|| async {
                    if true {
                        panic!("told in the log only")
                    }
                }),
            )
            .route("/forever", get(std::future::pending::<()>));
        let options = Options { body_limit: 10, request_timeout, ..Options::default() };
        let (state, _) = prepare(&options, Vec::new(), Vec::new(), None).await.unwrap();
        Door::new(routes, state, &options, Arc::default(), Metrics::new())
    }

    async fn ask(request: Request) -> (StatusCode, Value, Response<()>) {
        // Nothing but the route that never answers comes near this limit, and that one needs it soon.
        let patience = if request.uri().path() == "/forever" { Duration::ZERO } else { Duration::from_secs(60) };
        let (parts, body) = door(patience).await.answer(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, serde_json::from_slice(&bytes).unwrap_or_default(), Response::from_parts(parts, ()))
    }

    fn post_body(body: Body) -> Request {
        Request::post("/length").body(body).unwrap()
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
        assert_eq!(ask(post_body(Body::from("0123456789"))).await.1, 10);
        let chunks = futures_util::stream::iter(["0123456789", "x"].map(Ok::<_, std::io::Error>));
        for body in [Body::from("0123456789x"), Body::from_stream(chunks)] {
            let (status, body, _) = ask(post_body(body)).await;
            assert_eq!((status.as_u16(), &body["error"]["code"]), (413, &json!(TOO_LARGE)));
        }
    }

    #[tokio::test]
    async fn a_body_of_the_protocol_over_the_limit_is_refused_too() {
        let path = "/apis/api.ucp.dev/v1alpha3/planes/radius/local?api-version=2023-10-01-preview";
        let put = |body| Request::put(path).header(CONTENT_TYPE, "application/json").body(body).unwrap();
        let chunks = futures_util::stream::iter(["{\"a\": ", "\"0123456789\"}"].map(Ok::<_, std::io::Error>));
        for body in [Body::from("{\"a\": \"0123456789\"}"), Body::from_stream(chunks)] {
            assert_eq!(ask(put(body)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
        }
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_its_details() {
        let (status, body, _) = ask(Request::get("/panic").body(Body::empty()).unwrap()).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (500, &json!("Internal")));
        assert!(!body.to_string().contains("told in the log"), "{body}");
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_answered_with_503() {
        let (status, body, answer) = ask(Request::get("/forever").body(Body::empty()).unwrap()).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (503, &json!(TIMED_OUT)));
        assert!(answer.headers().contains_key(RETRY_AFTER));
    }

    #[tokio::test]
    async fn a_clients_request_id_is_kept_unless_it_could_break_the_log() {
        let named = |id: &'static str| Request::get("/x").header(&REQUEST_ID, id).body(Body::empty()).unwrap();
        assert_eq!(ask(named("mine-1")).await.2.headers()[&REQUEST_ID], "mine-1");
        assert_ne!(ask(named("mine 1")).await.2.headers()[&REQUEST_ID], "mine 1");
    }
}
