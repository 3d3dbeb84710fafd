//! Imperative providers: requests are passed on to a service of the test's own.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value as Json, json};

use crate::app::{BASE, TestApp, VERSION, thing, things_provider};

type Seen = Arc<Mutex<Vec<(Method, String, HeaderMap)>>>;

/// A provider that takes note of what it is asked; what is being deleted is gone at once.
struct Provider {
    address: String,
    seen: Seen,
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/prefix", listener.local_addr().unwrap());
        let seen = Seen::default();
        let router = Router::new().fallback(answer).with_state((address.clone(), seen.clone()));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, seen }
    }

    fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(method, path, _)| format!("{method} {path}")).collect()
    }
}

async fn answer(State((address, seen)): State<(String, Seen)>, request: Request) -> Response {
    let path = request.uri().to_string();
    seen.lock().unwrap().push((request.method().clone(), path.clone(), request.headers().clone()));
    let status = format!("{address}/planes/radius/local/providers/Contoso.Data/locations/global/operationStatuses/1");
    match *request.method() {
        Method::GET if path.contains("operationStatuses") => {
            axum::Json(json!({ "status": "Succeeded" })).into_response()
        }
        Method::GET if path.contains("/things?") => {
            let next = format!("{address}/planes/radius/local/providers/Contoso.Data/things?skipToken=2");
            axum::Json(json!({ "value": [], "nextLink": next })).into_response()
        }
        Method::GET => StatusCode::NOT_FOUND.into_response(),
        _ => (StatusCode::ACCEPTED, [("azure-asyncoperation", status)], axum::Json(json!({}))).into_response(),
    }
}

async fn register(app: &TestApp, properties: &Json) {
    let location = format!("{}/locations/global", things_provider());
    app.operator().accepted(&location, &json!({ "properties": properties })).await;
}

fn served_at(address: &str) -> Json {
    json!({ "address": address, "resourceTypes": { "things": { "apiVersions": { VERSION: {} } } } })
}

async fn tracked(app: &TestApp) -> Vec<String> {
    app.operator().get("/planes/radius/local/resourcegroups/shop/resources").await.names()
}

#[tokio::test]
async fn requests_go_to_the_address_and_its_operations_are_watched_through_us() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object", "required": ["x"] })).await;
    let provider = Provider::start().await;
    register(&app, &served_at(&provider.address)).await;
    let developer = app.developer();
    let written = developer.put(&thing("one"), &json!({ "not": "checked" })).await;
    assert_eq!(written.status, 202, "{written:?}");
    assert!(written.header("azure-asyncoperation").starts_with(&format!("http://radii.example.com{BASE}/planes/")));
    assert_eq!(developer.poll(&written).await["status"], "Succeeded");
    let status = "/planes/radius/local/providers/Contoso.Data/locations/global/operationStatuses/1";
    let put = format!("PUT /prefix{}?api-version={VERSION}", thing("one"));
    assert_eq!(provider.asked(), [put, format!("GET /prefix{status}")]);
    let headers = provider.seen.lock().unwrap()[0].2.clone();
    assert_eq!(headers["x-forwarded-host"], "radii.example.com");
    assert_eq!(headers["referer"], format!("http://radii.example.com{BASE}{}?api-version={VERSION}", thing("one")));
}

#[tokio::test]
async fn a_group_knows_what_imperative_providers_hold_in_it() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let provider = Provider::start().await;
    register(&app, &served_at(&provider.address)).await;
    app.developer().put(&thing("one"), &json!({})).await;
    assert_eq!(tracked(&app).await, ["one"]);
    let refused = app.operator().delete("/planes/radius/local/resourcegroups/shop").await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().1.contains(&thing("one")), "{refused:?}");
    assert_eq!(app.developer().delete(&thing("one")).await.status, 202);
    assert!(tracked(&app).await.is_empty(), "the provider was asked, and has it no more");
    assert_eq!(app.operator().delete("/planes/radius/local/resourcegroups/shop").await.status, 200);
}

#[tokio::test]
async fn lists_of_a_provider_lead_on_through_us() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let provider = Provider::start().await;
    register(&app, &served_at(&provider.address)).await;
    let list = app.developer().get("/planes/radius/local/providers/Contoso.Data/things").await;
    let link = list.json()["nextLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("http://radii.example.com{BASE}/planes/radius/local/providers/")), "{link}");
    assert!(link.contains("skipToken=2") && link.contains(VERSION), "{link}");
}

#[tokio::test]
async fn a_provider_may_serve_some_types_itself_and_leave_others_to_us() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let provider = Provider::start().await;
    let mut properties = served_at(&provider.address);
    properties["resourceTypes"]["things"]["address"] = "".into();
    register(&app, &properties).await;
    assert_eq!(app.developer().put(&thing("here"), &json!({ "properties": {} })).await.status, 201);
    assert!(provider.asked().is_empty());
    let own = json!({ "resourceTypes": { "things": { "apiVersions": { VERSION: {} }, "address": provider.address } } });
    register(&app, &own).await;
    assert_eq!(app.developer().put(&thing("there"), &json!({})).await.status, 202);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_named_and_then_left_alone() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    // A port that was just free, and where nobody listens any more.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    register(&app, &served_at(&format!("http://127.0.0.1:{port}"))).await;
    for _ in 0..5 {
        let answer = app.developer().get(&thing("one")).await;
        assert_eq!((answer.status, answer.error().0), (502, "ProviderUnreachable".to_owned()));
        assert!(answer.error().1.contains(&format!("http://127.0.0.1:{port}")));
    }
    assert_eq!(app.developer().get(&thing("one")).await.status, 503);
    register(&app, &served_at("not a url")).await;
    assert_eq!(app.developer().get(&thing("one")).await.status, 502);
}
