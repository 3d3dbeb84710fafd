//! The front of the server: connections, what each of their requests passes first, and their end.
//!
//! Most requests ask again for what nobody changed. Those are answered here, from memory, before anything else is made of
//! them; all others go to the routes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::response::Response;
use futures_util::future::{BoxFuture, Either};
use http::header::IF_NONE_MATCH;
use http::{Method, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use radii_runtime::trace;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::layers::{self, Door, REQUEST_ID};
use super::metrics;

/// How long a connection may say nothing, or dawdle over the head of a request, before it is closed: more than clients
/// keep connections that they do not use.
pub(super) const SILENCE: Duration = Duration::from_secs(120);
/// How long no connection is taken when the system has none to give.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// What all connections share.
pub(super) struct Front {
    pub(super) door: Door,
    /// Whether everybody may ask for everything, as often as they like.
    pub(super) is_open: bool,
    /// How long a connection may be silent.
    pub(super) silence: Duration,
}

impl Front {
    /// Returns the answer to a request when it was given lately and nothing that it was made from has changed.
    fn answer_again<B: HttpBody>(&self, request: &Request<B>) -> Option<Response> {
        let is_plain = request.method() == Method::GET && !request.headers().contains_key(IF_NONE_MATCH);
        if !self.is_open || !is_plain || !request.body().is_end_stream() {
            return None;
        }
        let begun = Instant::now();
        let target = request.uri().path_and_query()?.as_str();
        let state = &self.door.state;
        let known = state.rendered.find_at_once(&state.host, target)?;
        let mut response = known.response();
        response.headers_mut().insert(&REQUEST_ID, layers::request_id(request));
        let route = *known.route.get_or_init(|| metrics::route(request.uri().path()));
        self.door.metrics.answered(&Method::GET, route, 200, begun.elapsed());
        Some(response)
    }
}

/// Whether anybody wants to see each request: in a trace, or in the log.
fn is_followed() -> bool {
    tracing::enabled!(tracing::Level::DEBUG) || trace::is_installed()
}

/// One connection's way to the front.
#[derive(Clone)]
pub(super) struct Connection {
    front: Arc<Front>,
    peer: SocketAddr,
}

impl Connection {
    pub(super) fn new(front: &Arc<Front>, peer: SocketAddr) -> Self {
        Self { front: Arc::clone(front), peer }
    }
}

impl<B> Service<Request<B>> for Connection
where
    B: HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !is_followed()
            && let Some(response) = self.front.answer_again(&request)
        {
            return Either::Left(ready(Ok(response)));
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let front = Arc::clone(&self.front);
        Either::Right(Box::pin(async move { Ok(front.door.answer(request).await) }))
    }
}

/// Serves until told to stop, and then until all requests in progress are answered.
pub(super) async fn serve(listener: TcpListener, front: Arc<Front>, stop: CancellationToken) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(answer(stream, Connection::new(&front, peer), stop.clone()));
                }
                Err(error) => refused(&error).await,
            },
            Some(_) = connections.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn refused(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        // Clients that leave make room.
        tracing::error!("Cannot take a connection: {error}");
        tokio::time::sleep(OUT_OF_FILES).await;
    }
}

async fn answer(stream: TcpStream, connection: Connection, stop: CancellationToken) {
    // Answers are written at once; waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    // HTTP/2 is spoken over TLS, where both sides say so first; guessing it here would wait for its first bytes for ever.
    let mut protocol = auto::Builder::new(TokioExecutor::new()).http1_only();
    protocol.http1().timer(TokioTimer::new()).header_read_timeout(connection.front.silence);
    let mut exchange = pin!(protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(connection)));
    let ended = tokio::select! {
        biased;
        ended = exchange.as_mut() => ended,
        () = stop.cancelled() => {
            exchange.as_mut().graceful_shutdown();
            exchange.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!("A connection ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::Value as Json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::access::Gate;
    use crate::serve::{Options, front, prepare};

    const PLANE: &str = "/apis/api.ucp.dev/v1alpha3/planes/aws/aws?api-version=2023-10-01-preview";

    async fn new() -> Front {
        let options = Options::default();
        let (state, opened) = prepare(&options, Vec::new(), Vec::new(), None).await.unwrap();
        front(state, &opened.feed, &options, Arc::<Gate>::default())
    }

    fn get(path: &str) -> Request<Body> {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn a_question_that_was_answered_is_answered_again_without_the_routes() {
        let front = Arc::new(new().await);
        assert!(front.answer_again(&get(PLANE)).is_none(), "nobody has asked yet");
        let mut connection = Connection::new(&front, SocketAddr::from(([127, 0, 0, 1], 1)));
        let first = connection.call(get(PLANE)).await.unwrap();
        assert!(front.answer_again(&get(PLANE)).is_none(), "what is asked once is not kept");
        drop(connection.call(get(PLANE)).await.unwrap());
        let again = front.answer_again(&get(PLANE)).unwrap();
        let (first, first_body) = first.into_parts();
        let (again, again_body) = again.into_parts();
        assert_eq!(first.status, again.status);
        // The length of a body is told by whoever sends it.
        for name in first.headers.keys().filter(|name| **name != REQUEST_ID && *name != "content-length") {
            assert_eq!(first.headers.get(name), again.headers.get(name), "{name}");
        }
        assert_ne!(first.headers[&REQUEST_ID], again.headers[&REQUEST_ID]);
        let body = first_body.collect().await.unwrap().to_bytes();
        assert_eq!(body, again_body.collect().await.unwrap().to_bytes());
        assert_eq!(serde_json::from_slice::<Json>(&body).unwrap()["name"], "aws");
    }

    #[tokio::test]
    async fn conditions_bodies_and_other_methods_go_to_the_routes() {
        let front = Arc::new(new().await);
        let mut connection = Connection::new(&front, SocketAddr::from(([127, 0, 0, 1], 1)));
        let tag = connection.call(get(PLANE)).await.unwrap().headers()["etag"].clone();
        drop(connection.call(get(PLANE)).await.unwrap());
        assert!(front.answer_again(&get(PLANE)).is_some());
        let conditional = Request::get(PLANE).header(IF_NONE_MATCH, tag).body(Body::empty()).unwrap();
        assert!(front.answer_again(&conditional).is_none());
        assert_eq!(connection.call(conditional).await.unwrap().status(), 304);
        for method in [Method::HEAD, Method::PUT, Method::DELETE] {
            assert!(
                front
                    .answer_again(&Request::builder().method(method).uri(PLANE).body(Body::empty()).unwrap())
                    .is_none()
            );
        }
        assert!(front.answer_again(&Request::get(PLANE).body(Body::from("x")).unwrap()).is_none());
    }

    #[tokio::test]
    async fn who_must_show_a_token_always_passes_the_gate() {
        let front = Arc::new(Front { is_open: false, ..new().await });
        let mut connection = Connection::new(&front, SocketAddr::from(([127, 0, 0, 1], 1)));
        for _ in 0..3 {
            assert_eq!(connection.call(get(PLANE)).await.unwrap().status(), 200);
            assert!(front.answer_again(&get(PLANE)).is_none());
        }
    }

    #[tokio::test]
    async fn a_connection_that_dawdles_over_a_head_is_closed_and_others_are_served() {
        let front = Arc::new(Front { silence: Duration::ZERO, ..new().await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, front, stop.clone()));
        let mut dawdler = TcpStream::connect(address).await.unwrap();
        let _ = dawdler.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\nx-slow: ").await;
        let mut said = Vec::new();
        // Closed, or reset where it had sent more than was read.
        let _ = dawdler.read_to_end(&mut said).await;
        assert!(!said.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&said));
        stop.cancel();
        serving.await.unwrap().unwrap();
    }

    /// Answers what a peer asks, with the client's address that it tells.
    async fn ask(front: &Arc<Front>, peer: [u8; 4], path: &str, told: &[(&str, &str)]) -> Json {
        let mut request = Request::get(path).header("host", "inner:1");
        for (name, value) in told {
            request = request.header(*name, *value);
        }
        let mut connection = Connection::new(front, SocketAddr::from((peer, 1)));
        let answer = connection.call(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn what_is_answered_from_memory_names_no_address_and_what_names_one_names_each_clients_own() {
        const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
        let options = Options { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Options::default() };
        let (state, opened) = prepare(&options, Vec::new(), Vec::new(), None).await.unwrap();
        let front = Arc::new(front(state, &opened.feed, &options, Arc::<Gate>::default()));
        let told = |host| [("x-forwarded-host", host), ("x-forwarded-proto", "https")];
        let referer = format!("https://a.example.com{BASE}/planes/AWS/AWS");
        let known = ask(&front, [10, 0, 0, 1], PLANE, &[("referer", &referer)]).await;
        ask(&front, [10, 0, 0, 1], PLANE, &[]).await;
        assert!(front.answer_again(&get(PLANE)).is_some());
        assert_eq!(known["id"], "/planes/aws/aws", "in the casing that it is stored with");
        for (peer, host) in [([10, 0, 0, 1], "a.example.com"), ([10, 0, 0, 2], "b.example.com"), ([11, 0, 0, 1], "c")] {
            assert_eq!(ask(&front, peer, PLANE, &told(host)).await, known);
            // Several times, because later answers could come from memory.
            for _ in 0..3 {
                let list = format!(
                    "{BASE}/planes/radius/local/providers/System.Resources/resourceproviders/Applications.Core/resourcetypes?api-version=2023-10-01-preview&top=5"
                );
                let link = ask(&front, peer, &list, &told(host)).await["nextLink"].as_str().unwrap().to_owned();
                let expected = if peer[0] == 10 { format!("https://{host}/") } else { "http://inner:1/".to_owned() };
                assert!(link.starts_with(&expected), "{link}");
            }
        }
    }
}
