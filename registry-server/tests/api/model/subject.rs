//! The server under test, and how it is asked.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use radii_registry_server::AppState;
use radii_registry_server::serve::{self, Database, Options};
use radii_registry_server::store::keys::KeySource;
use radii_runtime::worker;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::steps::{Condition, Key, Outcome};
use crate::app::{BASE, NATIVE};

const PROVIDER: &str = "/planes/radius/local/providers/System.Resources/resourceproviders/Model.Data";
pub const VERSIONS: [&str; 2] = ["2025-01-01", "2025-06-01-preview"];
pub const KINDS: [&str; 3] = ["ones", "onesmore", "renamed"];
/// The kind whose versions call things by other names.
pub const CONVERTED: usize = 2;
pub const GROUPS: u8 = 3;
pub const NAMES: u8 = 8;

/// The server under test.
pub struct Subject {
    router: Router,
    state: AppState,
}

pub struct Answer {
    pub status: u16,
    pub tag: String,
    pub body: Json,
}

impl Answer {
    pub fn outcome(&self) -> Outcome {
        if self.status < 300 { Outcome::Done } else { Outcome::Refused(self.status) }
    }
}

pub fn group_path(group: u8) -> String {
    format!("/planes/radius/local/resourcegroups/g{group}")
}

pub fn path((group, kind, name): Key) -> String {
    // Casing must not matter.
    let kind = if name % 2 == 0 { KINDS[kind].to_owned() } else { KINDS[kind].to_uppercase() };
    format!("{}/providers/Model.Data/{kind}/r{name}", group_path(group))
}

/// The body of a write through a version of a kind.
fn body(kind: usize, version: usize, value: i32, note: Option<i32>) -> Json {
    let mut properties = json!({});
    properties[property(kind, version)] = value.into();
    if let (CONVERTED, 1, Some(note)) = (kind, version, note) {
        properties["note"] = note.into();
    }
    json!({ "location": "global", "properties": properties })
}

/// What a version of a kind calls the value.
pub fn property(kind: usize, version: usize) -> &'static str {
    if (kind, version) == (CONVERTED, 1) { "amount" } else { "value" }
}

fn schema(kind: usize, version: usize) -> Json {
    let properties = match (kind, version) {
        (CONVERTED, 1) => json!({ "amount": { "type": "integer", "x-radii-renamed-from": "value" },
                                  "note": { "type": "integer" } }),
        _ => json!({ "value": { "type": "integer" } }),
    };
    json!({ "type": "object", "properties": properties })
}

fn kind_path(kind: usize) -> String {
    format!("{PROVIDER}/resourcetypes/{}", KINDS[kind])
}

fn version_path(kind: usize, version: &str) -> String {
    format!("{}/apiversions/{version}", kind_path(kind))
}

impl Subject {
    pub async fn start(database: Database, keys: KeySource) -> Self {
        // A machine that stands still for a while is no divergence.
        let request_timeout = Duration::from_secs(24 * 60 * 60);
        let options = Options { database, keys, request_timeout, ..Options::default() };
        let (router, state) = serve::in_process(&options, Vec::new(), Vec::new()).await.unwrap();
        let subject = Self { router, state };
        subject.native(PROVIDER, &json!({ "location": "global", "properties": {} })).await;
        for kind in 0..KINDS.len() {
            subject.register(kind).await;
        }
        subject.serve(true).await;
        subject
    }

    /// Registers a kind and its versions.
    pub async fn register(&self, kind: usize) {
        self.describe(kind, "As it began").await;
        for (version, date) in VERSIONS.into_iter().enumerate() {
            self.native(&version_path(kind, date), &json!({ "properties": { "schema": schema(kind, version) } })).await;
        }
    }

    /// Deletes the registration of a kind.
    pub async fn unregister(&self, kind: usize) -> Answer {
        self.send(Method::DELETE, &kind_path(kind), NATIVE, &[], None).await
    }

    /// Deletes the registration of a version.
    pub async fn unregister_version(&self, kind: usize, version: usize) -> Answer {
        self.send(Method::DELETE, &version_path(kind, VERSIONS[version]), NATIVE, &[], None).await
    }

    /// Registers a kind again, with a description.
    pub async fn describe(&self, kind: usize, description: &str) {
        let properties = json!({ "capabilities": ["ManualResourceProvisioning"], "description": description });
        self.native(&kind_path(kind), &json!({ "properties": properties })).await;
    }

    /// Says which versions the location serves: all, or all but the second one of the first kind.
    pub async fn serve(&self, all: bool) {
        let mut table = json!({});
        for (kind, name) in KINDS.into_iter().enumerate() {
            for (version, date) in VERSIONS.into_iter().enumerate() {
                if all || (kind, version) != (0, 1) {
                    table[name]["apiVersions"][date] = json!({});
                }
            }
        }
        let location = json!({ "properties": { "resourceTypes": table } });
        self.native(&format!("{PROVIDER}/locations/global"), &location).await;
    }

    async fn native(&self, path: &str, body: &Json) {
        let answer = self.send(Method::PUT, path, NATIVE, &[], Some(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        version: &str,
        headers: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}{separator}api-version={version}"))
            .header("host", "radii.example.com")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let tag = parts.headers.get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Answer { status: parts.status.as_u16(), tag, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    pub async fn work(&self) {
        while worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {}
    }

    pub async fn put(
        &self,
        key: Key,
        version: usize,
        (value, note): (i32, Option<i32>),
        condition: Condition,
    ) -> Answer {
        let tag = self.tag(key, condition).await;
        let body = body(key.1, version, value, note);
        self.send(Method::PUT, &path(key), VERSIONS[version], &headers(condition, &tag), Some(&body)).await
    }

    pub async fn tag(&self, key: Key, condition: Condition) -> String {
        match condition {
            Condition::Current => self.send(Method::GET, &path(key), VERSIONS[0], &[], None).await.tag,
            _ => String::new(),
        }
    }

    /// Removes everything, so that the next sequence begins where the first one did.
    pub async fn reset(&self) {
        for kind in 0..KINDS.len() {
            self.register(kind).await;
        }
        self.serve(true).await;
        self.work().await;
        for group in 0..GROUPS {
            for kind in 0..KINDS.len() {
                for name in 0..NAMES {
                    self.send(Method::DELETE, &path((group, kind, name)), VERSIONS[0], &[], None).await;
                }
            }
            self.work().await;
            self.send(Method::DELETE, &group_path(group), NATIVE, &[], None).await;
        }
    }
}

pub fn headers(condition: Condition, tag: &str) -> Vec<(&'static str, &str)> {
    match condition {
        Condition::None => Vec::new(),
        // Nothing there has no tag, and matches none.
        Condition::Current if tag.is_empty() => vec![("if-match", "\"none\"")],
        Condition::Current => vec![("if-match", tag)],
        Condition::Stale => vec![("if-match", "\"1-stale\"")],
        Condition::Exists => vec![("if-match", "*")],
        Condition::Absent => vec![("if-none-match", "*")],
    }
}
