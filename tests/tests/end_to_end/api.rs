//! The protocol, as a client speaks it.

use std::sync::Once;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value as Json, json};

const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const NATIVE: &str = "2023-10-01-preview";
/// No operation of these tests takes longer unless it never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Clone)]
pub struct Api {
    client: Client,
    url: String,
}

/// What a request led to.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Json,
    /// Path and query of the operation to watch.
    pub operation: Option<String>,
}

impl Api {
    pub fn new(url: &str) -> Api {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
        let client = Client::builder().timeout(Duration::from_secs(30)).build().expect("a client can be made");
        Api { client, url: url.to_owned() }
    }

    /// Sends a request; an error means that nobody knows whether it was carried out.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        version: &str,
        body: Option<&Json>,
    ) -> reqwest::Result<Answer> {
        let url = format!("{}{BASE}{path}?api-version={version}", self.url);
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let header = response.headers().get("azure-asyncoperation").and_then(|value| value.to_str().ok());
        let operation = header.map(|url| url[url.find(BASE).expect("it is below the base")..].to_owned());
        let status = response.status().as_u16();
        let body = response.bytes().await?;
        Ok(Answer { status, operation, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// Reads a resource; `None` when there is none.
    pub async fn find(&self, path: &str, version: &str) -> Option<Json> {
        let answer = self.send(Method::GET, path, version, None).await.expect("the server answers");
        match answer.status {
            200 => Some(answer.body),
            404 => None,
            _ => panic!("GET {path}: {answer:?}"),
        }
    }

    /// Puts something and waits until that is done.
    pub async fn put(&self, path: &str, version: &str, body: &Json) {
        let answer = self.send(Method::PUT, path, version, Some(body)).await.expect("the server answers");
        assert!(matches!(answer.status, 200 | 201), "PUT {path}: {answer:?}");
        if let Some(operation) = answer.operation {
            let ended = self.ended(&operation).await;
            assert_eq!(ended["status"], "Succeeded", "PUT {path}: {ended}");
        }
    }

    /// Waits until an operation has ended and returns its status.
    pub async fn ended(&self, operation: &str) -> Json {
        let begun = Instant::now();
        loop {
            let response =
                self.client.get(format!("{}{operation}", self.url)).send().await.expect("the server answers");
            assert_eq!(response.status().as_u16(), 200, "{operation} is known");
            let status: Json = response.json().await.expect("a status is JSON");
            if matches!(status["status"].as_str(), Some("Succeeded" | "Failed" | "Canceled")) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "{operation} does not end: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Registers a type of provider `Test.Kill` with one string property and the given capabilities.
    pub async fn register(&self, name: &str, version: &str, capabilities: &[&str]) {
        let provider = "/planes/radius/local/providers/System.Resources/resourceproviders/Test.Kill";
        let schema = json!({ "type": "object", "properties": {
            "environment": { "type": "string" }, "round": { "type": "string" } } });
        let types = format!("{provider}/resourcetypes/{name}");
        let version_path = format!("{types}/apiversions/{version}");
        let location = format!("{provider}/locations/global");
        self.put(provider, NATIVE, &json!({ "location": "global", "properties": {} })).await;
        self.put(&types, NATIVE, &json!({ "properties": { "capabilities": capabilities } })).await;
        self.put(&version_path, NATIVE, &json!({ "properties": { "schema": schema } })).await;
        let mut served =
            self.find(&location, NATIVE).await.map_or(json!({}), |body| body["properties"]["resourceTypes"].clone());
        served[name] = json!({ "apiVersions": { version: {} } });
        self.put(&location, NATIVE, &json!({ "properties": { "resourceTypes": served } })).await;
    }
}
