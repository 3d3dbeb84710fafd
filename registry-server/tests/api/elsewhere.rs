//! Deployments of what imperative providers keep: a server, and a service of the test's own that is asked over HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use radii_registry_server::AppState;
use radii_registry_server::serve::{self, Options};
use radii_runtime::worker;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use crate::app::{BASE, NATIVE, VERSION, registration};

const GROUP: &str = "/planes/radius/local/resourceGroups/shop";
const DEPLOYMENTS: &str = "2020-10-01";
const STATUS: &str = "/planes/radius/local/providers/Contoso.Remote/locations/global/operationStatuses/1";

/// What the service answers to one request.
#[derive(Clone)]
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Json,
}

fn said(status: u16, headers: &[(&'static str, &str)], body: Json) -> Said {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Said { status, headers, body }
}

struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    at: Instant,
}

/// A provider that keeps what is put, takes note of what it is asked, and says what it is told to say first.
#[derive(Clone, Default)]
struct Service {
    puts: Arc<Mutex<VecDeque<Said>>>,
    looks: Arc<Mutex<VecDeque<Said>>>,
    kept: Arc<Mutex<Json>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Service {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/prefix", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    /// Methods and last names of the paths that were asked for.
    fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|asked| format!("{} {}", asked.method, asked.path.rsplit('/').next().unwrap())).collect()
    }

    /// Time between the requests.
    fn pauses(&self) -> Vec<Duration> {
        let asked = self.asked.lock().unwrap();
        asked.windows(2).map(|two| two[1].at.duration_since(two[0].at)).collect()
    }
}

async fn answer(State(service): State<Service>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let asked = Asked { method: parts.method.clone(), path: path.clone(), headers: parts.headers, at: Instant::now() };
    service.asked.lock().unwrap().push(asked);
    let scripted = match parts.method {
        Method::PUT => {
            let body: Json = serde_json::from_slice(&to_bytes(body, 1 << 20).await.unwrap()).unwrap();
            let mut kept = body;
            kept["properties"]["host"] = "db.example".into();
            *service.kept.lock().unwrap() = kept;
            service.puts.lock().unwrap().pop_front()
        }
        _ if path.contains("/operationStatuses/") || path.contains("/jobs/") => {
            service.looks.lock().unwrap().pop_front()
        }
        _ => None,
    };
    let kept = service.kept.lock().unwrap().clone();
    let Said { status, headers, body } = match scripted {
        Some(said) => said,
        None if kept.is_null() => said(404, &[], Json::Null),
        None => said(200, &[], kept),
    };
    let mut response = (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A server whose type `Contoso.Remote/databases` is kept by a service elsewhere.
struct Shop {
    router: Router,
    state: AppState,
}

impl Shop {
    async fn new(address: &str) -> Self {
        let (router, state) = serve::in_process(&Options::default(), Vec::new(), Vec::new()).await.unwrap();
        let shop = Self { router, state };
        let provider = registration("Contoso.Remote");
        let table = json!({ "databases": { "apiVersions": { VERSION: {} } } });
        for (path, properties) in [
            (GROUP.to_owned(), json!({})),
            (provider.clone(), json!({})),
            (format!("{provider}/resourcetypes/databases"), json!({})),
            (format!("{provider}/resourcetypes/databases/apiversions/{VERSION}"), json!({ "schema": {} })),
            (format!("{provider}/locations/global"), json!({ "address": address, "resourceTypes": table })),
        ] {
            let body = json!({ "location": "global", "properties": properties });
            let (status, answer) = shop.ask(Method::PUT, &path, NATIVE, &body).await;
            assert!(matches!(status, 200 | 201), "{path}: {answer}");
        }
        shop
    }

    async fn ask(&self, method: Method, path: &str, version: &str, body: &Json) -> (u16, Json) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}?api-version={version}"))
            .header("content-type", "application/json")
            .body(Body::from(if body.is_null() { String::new() } else { body.to_string() }))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Deploys one database and returns the deployment when it has ended.
    async fn deploy(&self) -> Json {
        let path = format!("{GROUP}/providers/Microsoft.Resources/deployments/d");
        let (status, answer) = self.ask(Method::PUT, &path, DEPLOYMENTS, &deployment()).await;
        assert!(matches!(status, 200..300), "{answer}");
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            while worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {}
            let (_, shown) = self.ask(Method::GET, &path, DEPLOYMENTS, &Json::Null).await;
            if matches!(shown["properties"]["provisioningState"].as_str(), Some("Succeeded" | "Failed")) {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the deployment does not end");
    }

    async fn listed(&self) -> Vec<String> {
        let (_, list) = self.ask(Method::GET, &format!("{GROUP}/resources"), NATIVE, &Json::Null).await;
        let items = list["value"].as_array().unwrap().clone();
        items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn deployment() -> Json {
    let database = json!({ "import": "radius", "type": format!("Contoso.Remote/databases@{VERSION}"),
        "properties": { "name": "db", "properties": { "size": 3 } } });
    let template = json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": { "db": database },
        "outputs": { "host": { "type": "string", "value": "[reference('db').properties.host]" } } });
    json!({ "properties": { "mode": "Incremental", "template": template } })
}

#[tokio::test]
async fn a_service_that_is_busy_twice_is_asked_three_times_when_it_wants() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    for _ in 0..2 {
        service.puts.lock().unwrap().push_back(said(503, &[("retry-after", "1")], json!({})));
    }
    let deployed = shop.deploy().await;
    assert_eq!(deployed["properties"]["provisioningState"], "Succeeded", "{deployed}");
    assert_eq!(service.asked(), ["PUT db", "PUT db", "PUT db", "GET db"]);
    assert!(service.pauses()[..2].iter().all(|pause| *pause >= Duration::from_secs(1)), "{:?}", service.pauses());
    assert_eq!(deployed["properties"]["outputs"]["host"]["value"], "db.example");
    let asked = service.asked.lock().unwrap();
    assert!(asked[0].path.starts_with("/prefix/planes/radius/local/resourcegroups/shop/"), "{}", asked[0].path);
    let name = |at: usize| asked[at].headers["x-ms-client-request-id"].clone();
    assert_eq!(name(0), name(2), "a provider can tell that it is the same change");
}

#[tokio::test]
async fn an_operation_of_the_provider_is_followed_at_its_pace_until_it_ends() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    let watched = format!("https://front.example.com{STATUS}?api-version={VERSION}");
    let headers = [("azure-asyncoperation", watched.as_str()), ("retry-after", "1")];
    service.puts.lock().unwrap().push_back(said(202, &headers, json!({})));
    let running = said(200, &[("retry-after", "1")], json!({ "status": "Running" }));
    service.looks.lock().unwrap().extend([running, said(200, &[], json!({ "status": "Succeeded" }))]);
    let deployed = shop.deploy().await;
    assert_eq!(deployed["properties"]["provisioningState"], "Succeeded", "{deployed}");
    assert_eq!(service.asked(), ["PUT db", "GET 1", "GET 1", "GET db"]);
    assert!(service.pauses()[..2].iter().all(|pause| *pause >= Duration::from_secs(1)), "{:?}", service.pauses());
    let made = deployed["properties"]["outputResources"][0]["id"].as_str().unwrap_or_default();
    assert!(made.eq_ignore_ascii_case(&format!("{GROUP}/providers/Contoso.Remote/databases/db")), "{made}");
    assert_eq!(shop.listed().await, ["Microsoft.Resources/deployments", "Contoso.Remote/databases"]);
}

#[tokio::test]
async fn a_location_is_looked_at_until_there_is_a_result() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    service.puts.lock().unwrap().push_back(said(202, &[("location", "/jobs/7")], json!({})));
    service
        .looks
        .lock()
        .unwrap()
        .extend([said(202, &[("location", "/jobs/8")], json!({})), said(204, &[], Json::Null)]);
    let deployed = shop.deploy().await;
    assert_eq!(deployed["properties"]["provisioningState"], "Succeeded", "{deployed}");
    assert_eq!(service.asked(), ["PUT db", "GET 7", "GET 8", "GET db"]);
}

#[tokio::test]
async fn a_refusal_and_a_failure_are_told_in_the_words_of_the_service() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    let error = json!({ "code": "QuotaExceeded", "message": "no more databases" });
    service.puts.lock().unwrap().push_back(said(422, &[], json!({ "error": error })));
    let refused = shop.deploy().await["properties"]["error"].clone();
    assert_eq!((refused["code"].as_str(), &refused["details"][0]["code"]), (Some("DeploymentFailed"), &error["code"]));
    assert_eq!(shop.listed().await, ["Microsoft.Resources/deployments"], "nothing was made");

    service.puts.lock().unwrap().push_back(said(201, &[("azure-asyncoperation", STATUS)], json!({})));
    let failed = said(200, &[], json!({ "status": "Failed", "error": error }));
    service.looks.lock().unwrap().push_back(failed);
    let failed = shop.deploy().await["properties"]["error"]["details"][0].clone();
    assert_eq!(failed["code"], "ResourceDeploymentFailure", "{failed}");
    assert_eq!(failed["details"][0]["message"], "no more databases");
    assert!(shop.listed().await.contains(&"Contoso.Remote/databases".to_owned()), "it is there, although it failed");
}

#[tokio::test]
async fn a_dry_run_only_reads() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    let path = format!("{GROUP}/providers/Microsoft.Resources/deployments/d/whatIf");
    let change = || async {
        let (status, answer) = shop.ask(Method::POST, &path, DEPLOYMENTS, &deployment()).await;
        assert_eq!(status, 200, "{answer}");
        answer["properties"]["changes"][0]["changeType"].as_str().unwrap().to_owned()
    };
    assert_eq!(change().await, "Create");
    assert_eq!(service.asked(), ["GET db"]);
    shop.deploy().await;
    assert_eq!(change().await, "NoChange");
    assert_eq!(service.asked().iter().filter(|asked| asked.starts_with("PUT")).count(), 1);
}

#[tokio::test]
async fn what_connects_to_a_resource_of_a_service_is_found_here_and_other_actions_are_its_own() {
    let service = Service::default();
    let shop = Shop::new(&service.start().await).await;
    shop.deploy().await;
    let path = format!("{GROUP}/providers/Contoso.Remote/databases/db");
    let before = service.asked().len();
    let (status, answer) = shop.ask(Method::POST, &format!("{path}/redeployDependents"), VERSION, &json!({})).await;
    assert_eq!((status, answer), (200, json!({ "value": [] })));
    assert_eq!(service.asked()[before..], ["GET db"]);
    shop.ask(Method::POST, &format!("{path}/restart"), VERSION, &json!({})).await;
    assert_eq!(service.asked()[before + 1..], ["POST restart"]);
}
