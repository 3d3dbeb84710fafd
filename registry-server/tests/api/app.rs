//! A server in this process, and those who talk to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use radii_registry_server::api::forward::{Limits, Providers};
use radii_registry_server::serve::Health;
use radii_registry_server::{AppState, api};
use radii_runtime::catalog::Catalog;
use radii_runtime::host::{Host, Parts};
use radii_runtime::memory::MemoryStore;
use radii_runtime::{SystemClock, SystemIds, worker};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

/// Where the protocol's paths begin.
pub const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
/// The registrations' API version.
pub const NATIVE: &str = "2023-10-01-preview";
/// The API version of the tests' types.
pub const VERSION: &str = "2025-01-01-preview";

/// A server with the plane `local` and the group `shop`.
pub struct TestApp {
    /// What handlers reach.
    pub state: AppState,
    router: Router,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Code and message of the error envelope.
    pub fn error(&self) -> (String, String) {
        let body = self.json();
        let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    /// Messages of the error's details.
    pub fn details(&self) -> Vec<String> {
        let body = self.json();
        let details = body["error"]["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| detail["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The names in a list.
    pub fn names(&self) -> Vec<String> {
        let body = self.json();
        let items = body["value"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl TestApp {
    pub async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        // A test does not wait longer than it must before a request is repeated.
        let providers = Arc::new(Providers::new(Limits { pause: Duration::ZERO, ..Limits::default() }));
        let host = Host::new(Parts {
            store: store.clone(),
            queue: store,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            catalog: Arc::new(Catalog::default()),
            platforms: Vec::new(),
            recipes: Vec::new(),
            states: None,
            providers: Some(providers.clone()),
        });
        let state = AppState {
            host,
            health: Arc::new(Health::default()),
            providers,
            rendered: Arc::default(),
            described: Arc::default(),
            trusted_proxies: Arc::new([]),
        };
        let app = Self { router: api::router(state.clone()), state };
        let plane = json!({ "location": "global", "properties": { "resourceProviders": {} } });
        assert_eq!(app.operator().put("/planes/radius/local", &plane).await.status, 200);
        let group = json!({ "location": "global" });
        assert_eq!(app.operator().put("/planes/radius/local/resourcegroups/shop", &group).await.status, 200);
        app
    }

    /// Who runs the server and registers types.
    pub fn operator(&self) -> Client<'_> {
        Client { app: self, version: NATIVE }
    }

    /// Who uses registered types.
    pub fn developer(&self) -> Client<'_> {
        Client { app: self, version: VERSION }
    }

    /// Who uses registered types through a version of its own choice.
    pub fn through(&self, version: &'static str) -> Client<'_> {
        Client { app: self, version }
    }

    /// Lets a worker carry out all that waits.
    pub async fn work(&self) {
        while worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {}
    }

    /// Registers `Contoso.Data/things` with a schema, as mere records.
    pub async fn with_things(self, schema: &Json) -> Self {
        let operator = self.operator();
        let provider = things_provider();
        operator.accepted(&provider, &json!({ "location": "global", "properties": {} })).await;
        let kind = json!({ "properties": { "capabilities": ["ManualResourceProvisioning"] } });
        operator.accepted(&format!("{provider}/resourcetypes/things"), &kind).await;
        let version = json!({ "properties": { "schema": schema } });
        operator.accepted(&format!("{provider}/resourcetypes/things/apiversions/{VERSION}"), &version).await;
        let table = json!({ "things": { "apiVersions": { VERSION: {} } } });
        let location = json!({ "properties": { "resourceTypes": table } });
        operator.accepted(&format!("{provider}/locations/global"), &location).await;
        self
    }
}

/// The path of the tests' provider.
pub fn things_provider() -> String {
    registration("Contoso.Data")
}

/// The path of a provider's registration.
pub fn registration(namespace: &str) -> String {
    format!("/planes/radius/local/providers/System.Resources/resourceproviders/{namespace}")
}

/// The path of a resource of the tests' type.
pub fn thing(name: &str) -> String {
    format!("/planes/radius/local/resourcegroups/shop/providers/Contoso.Data/things/{name}")
}

/// Somebody who sends requests.
pub struct Client<'a> {
    app: &'a TestApp,
    version: &'static str,
}

impl Client<'_> {
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "radii.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    fn uri(&self, path: &str) -> String {
        let separator = if path.contains('?') { '&' } else { '?' };
        format!("{BASE}{path}{separator}api-version={}", self.version)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, &self.uri(path), headers, Vec::new()).await
    }

    pub async fn put(&self, path: &str, body: &Json) -> Answer {
        self.put_with(path, body, &[]).await
    }

    pub async fn put_with(&self, path: &str, body: &Json, headers: &[(&str, &str)]) -> Answer {
        self.put_raw(path, body.to_string().as_bytes(), headers).await
    }

    pub async fn put_raw(&self, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.send(Method::PUT, &self.uri(path), &headers, body.to_vec()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.delete_with(path, &[]).await
    }

    pub async fn delete_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::DELETE, &self.uri(path), headers, Vec::new()).await
    }

    /// Sends a PUT that must be accepted.
    pub async fn accepted(&self, path: &str, body: &Json) -> Answer {
        let answer = self.put(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
        answer
    }

    /// Follows `Azure-AsyncOperation`, as the command line does.
    pub async fn poll(&self, answer: &Answer) -> Json {
        let path = answer.header("azure-asyncoperation").strip_prefix("http://radii.example.com").unwrap().to_owned();
        self.send(Method::GET, &path, &[], Vec::new()).await.json()
    }
}
