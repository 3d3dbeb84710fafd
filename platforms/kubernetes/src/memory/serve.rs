//! The REST protocol of Kubernetes over a cluster in memory.
//!
//! It speaks what clients of ours speak: discovery, get, list, create, apply, merge and strategic patches,
//! delete, and watches that end with the first change. `POST /memory/states`, `POST /memory/outage` and
//! `POST /memory/removed-definitions` play what surroundings do.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;

use super::kinds::{self, KINDS, Known};
use super::{MemoryCluster, fields};
use crate::cluster::{Address, Cluster, Error, Ownership};

/// Who writes when a request names no field manager.
const UNKNOWN: &str = "unknown";

/// Serves a cluster until the listener's task is dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(cluster: MemoryCluster, listener: TcpListener) -> std::io::Result<()> {
    let router = Router::new().fallback(answer).with_state(cluster);
    axum::serve(listener, router).await
}

struct Request {
    method: Method,
    query: BTreeMap<String, String>,
    content_type: String,
    body: Json,
}

async fn answer(
    State(cluster): State<MemoryCluster>,
    method: Method,
    uri: Uri,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = if body.is_empty() { Json::Null } else { serde_json::from_slice(&body).unwrap_or_default() };
    let request = Request { method, query, content_type: content_type.to_owned(), body };
    let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    match route(&cluster, &segments, request).await {
        Ok((status, Body::One(json))) => (status, axum::Json(json)).into_response(),
        Ok((status, Body::Lines(lines))) => {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Err(error) => refuse(&error),
    }
}

enum Body {
    One(Json),
    Lines(Vec<Json>),
}

type Answer = Result<(StatusCode, Body), Error>;

fn ok(json: Json) -> Answer {
    Ok((StatusCode::OK, Body::One(json)))
}

fn refuse(error: &Error) -> Response {
    let (code, reason) = match error {
        Error::Conflict { .. } => (409, "Conflict".to_owned()),
        Error::Refused { status, reason, .. } => (*status, reason.clone()),
        Error::NoSuchKind { .. } => (404, "NotFound".to_owned()),
        Error::Unreachable { .. } => (503, "ServiceUnavailable".to_owned()),
    };
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": error.to_string(), "reason": reason, "code": code,
    });
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, axum::Json(status)).into_response()
}

fn unknown_path() -> Error {
    let message = "the server could not find the requested resource".to_owned();
    Error::Refused { status: 404, reason: "NotFound".to_owned(), message }
}

async fn route(cluster: &MemoryCluster, segments: &[&str], request: Request) -> Answer {
    if cluster.lock().is_down && segments.first() != Some(&"memory") {
        let message = "the cluster is down".to_owned();
        return Err(Error::Refused { status: 503, reason: "ServiceUnavailable".to_owned(), message });
    }
    match segments {
        ["version"] => ok(json!({ "major": "1", "minor": "33", "gitVersion": "v1.33.0-memory" })),
        ["memory", rest @ ..] => surroundings(cluster, rest, &request),
        ["api"] => ok(json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })),
        ["apis"] => ok(groups(cluster)),
        ["api", "v1"] => ok(resources(cluster, "", "v1")),
        ["apis", group, version] => ok(resources(cluster, group, version)),
        ["api", "v1", rest @ ..] => objects(cluster, "", rest, request).await,
        ["apis", group, _, rest @ ..] => objects(cluster, group, rest, request).await,
        _ => Err(unknown_path()),
    }
}

fn surroundings(cluster: &MemoryCluster, path: &[&str], request: &Request) -> Answer {
    let text = |name: &str| request.body[name].as_str().unwrap_or_default().to_owned();
    match path {
        ["states"] => {
            let state = request.body.get("state").filter(|state| !state.is_null()).cloned();
            cluster.set_state(&text("prefix"), state);
            ok(json!({}))
        }
        ["removed-definitions"] => {
            cluster.remove_definitions(&text("group"));
            ok(json!({}))
        }
        ["outage"] => {
            cluster.set_down(request.body["down"] == true);
            ok(json!({}))
        }
        ["objects"] => ok(json!({ "items": cluster.all() })),
        _ => Err(unknown_path()),
    }
}

fn known_kinds(cluster: &MemoryCluster) -> Vec<&'static Known> {
    let state = cluster.lock();
    KINDS.iter().filter(|known| !state.removed.contains(&known.name())).collect()
}

fn groups(cluster: &MemoryCluster) -> Json {
    let mut groups: BTreeMap<&str, &str> = BTreeMap::new();
    for known in known_kinds(cluster).into_iter().filter(|known| !known.group.is_empty()) {
        groups.insert(known.group, known.version);
    }
    let groups: Vec<Json> = groups
        .into_iter()
        .map(|(group, version)| {
            let version = json!({ "groupVersion": format!("{group}/{version}"), "version": version });
            json!({ "name": group, "versions": [version], "preferredVersion": version })
        })
        .collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

fn resources(cluster: &MemoryCluster, group: &str, version: &str) -> Json {
    let kinds = known_kinds(cluster).into_iter().filter(|known| known.group == group && known.version == version);
    let resources: Vec<Json> = kinds
        .map(|known| {
            json!({
                "name": known.plural, "singularName": known.kind.to_lowercase(), "namespaced": known.namespaced,
                "kind": known.kind, "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
            })
        })
        .collect();
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources })
}

async fn objects(cluster: &MemoryCluster, group: &str, path: &[&str], request: Request) -> Answer {
    let (namespace, plural, name, part) = match path {
        ["namespaces", name] => ("", "namespaces", Some(*name), None),
        ["namespaces", namespace, plural] => (*namespace, *plural, None, None),
        ["namespaces", namespace, plural, name] => (*namespace, *plural, Some(*name), None),
        ["namespaces", namespace, plural, name, part] => (*namespace, *plural, Some(*name), Some(*part)),
        [plural] => ("", *plural, None, None),
        [plural, name] => ("", *plural, Some(*name), None),
        [plural, name, part] => ("", *plural, Some(*name), Some(*part)),
        _ => return Err(unknown_path()),
    };
    let known = kinds::find_plural(group, plural).ok_or_else(unknown_path)?;
    if cluster.lock().removed.contains(&known.name()) {
        return Err(unknown_path());
    }
    match name {
        None => collection(cluster, known, namespace, request).await,
        Some(name) => single(cluster, &Address::new(known.name(), namespace, name), known, part, request).await,
    }
}

async fn collection(cluster: &MemoryCluster, known: &Known, namespace: &str, request: Request) -> Answer {
    let labels = request.query.get("labelSelector").cloned().unwrap_or_default();
    if request.method == Method::POST {
        let mut body = request.body;
        complete(&mut body, known, namespace, None);
        let manager = request.query.get("fieldManager").map_or(UNKNOWN, String::as_str);
        return Ok((StatusCode::CREATED, Body::One(cluster.create(&body, manager)?)));
    }
    if request.method != Method::GET {
        return Err(unknown_path());
    }
    if request.query.get("watch").is_some_and(|watch| watch == "true" || watch == "1") {
        let since = request.query.get("resourceVersion").cloned().unwrap_or_default();
        let seconds = request.query.get("timeoutSeconds").and_then(|text| text.parse().ok()).unwrap_or(60);
        cluster.changed(&known.name(), namespace, &labels, &since, Duration::from_secs(seconds)).await;
        let listed = cluster.list(&known.name(), namespace, &labels).await?;
        let events = listed.items.into_iter().map(|object| json!({ "type": "MODIFIED", "object": object }));
        return Ok((StatusCode::OK, Body::Lines(events.collect())));
    }
    let listed = cluster.list(&known.name(), namespace, &labels).await?;
    ok(json!({
        "apiVersion": known.api_version(),
        "kind": format!("{}List", known.kind),
        "metadata": { "resourceVersion": listed.version },
        "items": listed.items,
    }))
}

/// Says in an object what its path says.
fn complete(body: &mut Json, known: &Known, namespace: &str, name: Option<&str>) {
    let members = fields::object(body);
    members.entry("apiVersion").or_insert_with(|| known.api_version().into());
    members.entry("kind").or_insert_with(|| known.kind.into());
    let metadata = fields::object(&mut body["metadata"]);
    if known.namespaced {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    if let Some(name) = name {
        metadata.insert("name".to_owned(), name.into());
    }
}

async fn single(
    cluster: &MemoryCluster,
    address: &Address,
    known: &Known,
    part: Option<&str>,
    request: Request,
) -> Answer {
    let missing = || super::not_found(known.plural, &address.name);
    match request.method {
        Method::GET if part == Some("log") => {
            ok(json!(cluster.logs(&address.namespace, &address.name, &crate::cluster::LogQuery::default()).await?))
        }
        Method::GET => ok(cluster.get(address).await?.ok_or_else(missing)?),
        Method::DELETE => {
            let found = cluster.get(address).await?.ok_or_else(missing)?;
            cluster.delete(address).await?;
            ok(found)
        }
        Method::PATCH | Method::PUT => {
            let manager = request.query.get("fieldManager").map_or(UNKNOWN, String::as_str);
            let mut body = request.body;
            if request.content_type.contains("apply-patch") {
                complete(&mut body, known, &address.namespace, Some(&address.name));
                let force = request.query.get("force").is_some_and(|force| force == "true");
                let ownership = if force { Ownership::TakeOver } else { Ownership::Respect };
                return ok(cluster.apply_as(&body, manager, ownership)?);
            }
            if request.content_type.contains("strategic") {
                return ok(cluster.patch(address, &body).await?);
            }
            ok(cluster.merge_patch(address, &body, manager)?)
        }
        _ => Err(unknown_path()),
    }
}
