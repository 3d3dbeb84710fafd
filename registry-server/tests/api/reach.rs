//! How far a grant reaches: templates and references go no further than requests.

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use radii_registry_server::AppState;
use radii_registry_server::access::hash_of;
use radii_registry_server::serve::{self, Options};
use radii_runtime::store::State;
use radii_runtime::worker;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use crate::app::{BASE, NATIVE};

const SHOP: &str = "/planes/radius/local/resourceGroups/shop";
const OTHER: &str = "/planes/radius/local/resourceGroups/other";
const DEPLOYMENTS: &str = "2020-10-01";

struct Tenants {
    router: Router,
    state: AppState,
    _folder: tempfile::TempDir,
}

impl Tenants {
    /// A server with an administrator, the operator `shop` of one group, and `guest`, who may read the other one besides.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("access.yaml");
        let token =
            |name: &str, grants: &str| format!("- name: {name}\n  sha256: {}\n  grants: [{grants}]\n", hash_of(name));
        let shop = format!("{{role: operator, scope: {SHOP}}}");
        let access = [
            token("root", "{role: admin}"),
            token("shop", &shop),
            token("guest", &format!("{shop}, {{role: reader, scope: {OTHER}}}")),
        ];
        std::fs::write(&file, format!("tokens:\n{}", access.concat())).unwrap();
        let options = Options { access: Some(file), ..Options::default() };
        let (router, state) = serve::in_process(&options, Vec::new(), Vec::new()).await.unwrap();
        let tenants = Self { router, state, _folder: folder };
        for group in [SHOP, OTHER] {
            assert_eq!(tenants.put("root", group, NATIVE, &json!({ "location": "global" })).await.0, 200);
        }
        tenants
    }

    async fn ask(&self, token: &str, method: Method, path: &str, version: &str, body: &Json) -> (u16, Json) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}?api-version={version}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn put(&self, token: &str, path: &str, version: &str, body: &Json) -> (u16, Json) {
        self.ask(token, Method::PUT, path, version, body).await
    }

    async fn put_core(&self, token: &str, group: &str, path: &str, properties: Json) -> (u16, Json) {
        let body = json!({ "location": "global", "properties": properties });
        self.put(token, &format!("{group}/providers/Applications.Core/{path}"), NATIVE, &body).await
    }

    async fn deploy(&self, token: &str, template: &Json) -> (u16, Json) {
        let body = json!({ "properties": { "mode": "Incremental", "template": template } });
        self.put(token, &format!("{SHOP}/providers/Microsoft.Resources/deployments/d"), DEPLOYMENTS, &body).await
    }

    async fn work(&self) {
        for _ in 0..200 {
            if !worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        }
    }
}

fn environment() -> Json {
    json!({ "compute": { "kind": "kubernetes", "namespace": "there" }, "simulated": true })
}

/// A template whose module puts an environment into a group.
fn module(group: &str) -> Json {
    json!({ "resources": [{
        "type": "Microsoft.Resources/deployments", "apiVersion": DEPLOYMENTS, "name": "inside", "resourceGroup": group,
        "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": {
            "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
            "resources": { "env": { "import": "radius", "type": format!("Applications.Core/environments@{NATIVE}"),
                "properties": { "name": "planted", "properties": environment() } } },
        } },
    }] })
}

fn forbidden(answer: &(u16, Json), place: &str) {
    let error = &answer.1["error"];
    assert_eq!((answer.0, &error["code"]), (403, &json!("AuthorizationFailed")), "{answer:?}");
    let (message, target) = (error["message"].as_str().unwrap(), error["target"].as_str().unwrap());
    assert!(target.contains(place) && message.contains("ask an administrator for a grant"), "{place}: {answer:?}");
}

#[tokio::test]
async fn a_module_goes_to_no_group_that_its_sender_could_not_write_to() {
    let tenants = Tenants::new().await;
    for token in ["shop", "guest"] {
        forbidden(&tenants.deploy(token, &module("other")).await, "resources");
    }
    let planted = format!("{OTHER}/providers/Applications.Core/environments/planted");
    assert_eq!(tenants.ask("root", Method::GET, &planted, NATIVE, &Json::Null).await.0, 404);
    assert_eq!(tenants.deploy("root", &module("other")).await.0, 201);
    tenants.work().await;
    let (status, made) = tenants.ask("root", Method::GET, &planted, NATIVE, &Json::Null).await;
    assert_eq!(status, 200, "{made}");
}

#[tokio::test]
async fn an_operator_of_one_group_deploys_within_it() {
    let tenants = Tenants::new().await;
    assert_eq!(tenants.deploy("shop", &module("shop")).await.0, 201);
    tenants.work().await;
    let operations = tenants.state.host.parts.store.recent_operations(10).await.unwrap();
    assert!(operations.iter().all(|operation| operation.state == State::Succeeded), "{operations:?}");
}

#[tokio::test]
async fn an_environment_elsewhere_takes_a_reader_and_its_secrets_take_an_operator() {
    let tenants = Tenants::new().await;
    assert_eq!(tenants.put_core("root", OTHER, "environments/env", environment()).await.0, 200);
    let env = format!("{OTHER}/providers/Applications.Core/environments/env");
    let body = json!({ "environment": env });
    forbidden(&tenants.put_core("shop", SHOP, "applications/app", body.clone()).await, "properties.environment");
    let (status, said) = tenants.put_core("guest", SHOP, "applications/app", body).await;
    assert_eq!(status, 200, "{said}");
    let extender = json!({ "environment": env, "resourceProvisioning": "manual", "secrets": { "token": "t" } });
    assert_eq!(tenants.put_core("root", OTHER, "extenders/ext", extender).await.0, 201);
    tenants.work().await;
    let target = format!("{OTHER}/providers/Applications.Core/extenders/ext");
    let lists = json!({ "resources": [], "outputs": { "leak": { "type": "securestring",
        "value": format!("[listSecrets('{target}', '{NATIVE}').token]") } } });
    forbidden(&tenants.deploy("guest", &lists).await, "outputs");
    let container = json!({
        "application": format!("{SHOP}/providers/Applications.Core/applications/app"),
        "container": { "image": "web" }, "connections": { "ext": { "source": target } },
    });
    let answer = tenants.put_core("guest", SHOP, "containers/web", container).await;
    forbidden(&answer, "properties.connections.ext.source");
}

#[tokio::test]
async fn what_a_store_of_secrets_belongs_to_must_be_there() {
    let tenants = Tenants::new().await;
    let absent = format!("{SHOP}/providers/Applications.Core/applications/absent");
    for (name, id) in [("application", &*absent), ("application", "x"), ("environment", &absent), ("environment", "/x")]
    {
        let store = json!({ name: id, "type": "generic", "resource": "there/it", "data": { "a": { "value": "x" } } });
        let (status, said) = tenants.put_core("root", SHOP, "secretStores/store", store).await;
        assert_eq!((status, &said["error"]["code"]), (400, &json!("BadRequest")), "{name} {id}: {said}");
    }
}
