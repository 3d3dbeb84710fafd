use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::Request;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use radii_runtime::worker;
use serde_json::json;
use tokio::runtime::Handle;
use tower::ServiceExt;
use tracing_subscriber::layer::SubscriberExt;

use super::Telemetry;
use crate::serve::{Options, in_process};

const BASE: &str = "/apis/api.ucp.dev/v1alpha3/planes/radius/local";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::clone(&self.0);
        let collect = move |headers: http::HeaderMap, body: bytes::Bytes| async move {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let sent = ExportTraceServiceRequest::decode(body).unwrap();
            let scopes = sent.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        };
        let router = Router::new().route("/v1/traces", axum::routing::post(collect));
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    /// Spans of the request's trace by name: id, parent.
    fn of_trace(&self) -> Vec<(String, Vec<u8>, Vec<u8>)> {
        let spans = self.0.lock().unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let own = spans.iter().filter(|span| hex(&span.trace_id) == TRACE);
        own.map(|span| (span.name.clone(), span.span_id.clone(), span.parent_span_id.clone())).collect()
    }
}

/// Starts a provider of its own that answers everything; returns its address and the trace contexts it was sent.
async fn imperative_provider() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let contexts = Arc::clone(&told);
    let answer = move |headers: http::HeaderMap| async move {
        contexts.lock().unwrap().push(headers["traceparent"].to_str().unwrap().to_owned());
        axum::Json(json!({}))
    };
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    (address, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_follows_a_request_through_the_queue_into_the_worker() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let collector = Collector::default();
    let telemetry = Telemetry::start(&collector.start().await, Handle::current()).unwrap();
    // For the whole process: with some threads only, whether a span is wanted would depend on who asked first. Other
    // tests' spans are of other traces.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(telemetry.layer())).unwrap();
    let (router, state) = in_process(&Options::default(), Vec::new(), Vec::new()).await.unwrap();
    let send = async |path: &str, body: serde_json::Value, version: &str, parent: Option<&str>| {
        let mut request =
            Request::put(format!("{BASE}{path}?api-version={version}")).header("content-type", "application/json");
        if let Some(parent) = parent {
            request = request.header("traceparent", parent);
        }
        let answer = router.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };
    const NATIVE: &str = "2023-10-01-preview";
    send("/resourcegroups/shop", json!({ "location": "global" }), NATIVE, None).await;
    let provider = "/providers/System.Resources/resourceproviders/Contoso.Data";
    send(provider, json!({ "location": "global", "properties": {} }), NATIVE, None).await;
    // Its resources leave work for a worker: a recipe is looked for.
    let kind = json!({ "properties": {} });
    send(&format!("{provider}/resourcetypes/things"), kind, NATIVE, None).await;
    let schema = json!({ "properties": { "schema": { "type": "object" } } });
    send(&format!("{provider}/resourcetypes/things/apiversions/2025-01-01"), schema, NATIVE, None).await;
    let table = json!({ "properties": { "resourceTypes": { "things": { "apiVersions": { "2025-01-01": {} } } } } });
    send(&format!("{provider}/locations/global"), table, NATIVE, None).await;

    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let thing = "/resourcegroups/shop/providers/Contoso.Data/things/one";
    send(thing, json!({ "properties": {} }), "2025-01-01", Some(&parent)).await;
    let (address, told) = imperative_provider().await;
    let table = json!({ "things": { "apiVersions": { "2025-01-01": {} }, "address": address } });
    let location = json!({ "properties": { "resourceTypes": table } });
    let passed_on = "/resourcegroups/shop/providers/Contoso.Other/things/two";
    let provider = "/providers/System.Resources/resourceproviders/Contoso.Other";
    send(provider, json!({ "location": "global", "properties": {} }), NATIVE, None).await;
    send(&format!("{provider}/resourcetypes/things"), json!({ "properties": {} }), NATIVE, None).await;
    send(&format!("{provider}/resourcetypes/things/apiversions/2025-01-01"), json!({ "properties": {} }), NATIVE, None)
        .await;
    send(&format!("{provider}/locations/global"), location, NATIVE, None).await;
    send(passed_on, json!({ "properties": {} }), "2025-01-01", Some(&parent)).await;
    while worker::run_once(&state.host, &worker::Options::default()).await.unwrap() {}
    tokio::task::spawn_blocking(|| telemetry.stop()).await.unwrap().unwrap();

    let spans = collector.of_trace();
    let find = |name: &str| {
        spans
            .iter()
            .find(|(own, ..)| own == name)
            .unwrap_or_else(|| panic!("{name}: {spans:?} of {}", collector.0.lock().unwrap().len()))
    };
    let (request, operation) = (find("request"), find("operation"));
    assert_eq!(request.2, [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31], "the client's span is its parent");
    assert_eq!(operation.2, request.1, "the request's span is the parent of the worker's");
    let told = told.lock().unwrap().clone();
    let [context] = &told[..] else { panic!("{told:?}") };
    assert!(context.starts_with(&format!("00-{TRACE}-")) && !context.contains("b7ad6b7169203331"), "{context}");
}
