//! Secrets that are planted through every door, and looked for wherever something is kept or said.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use radii_registry_server::access::hash_of;
use radii_registry_server::serve::{self, Database, Options};
use radii_registry_server::store::archive::{self, Content};
use radii_registry_server::store::keys::KeySource;
use radii_registry_server::store::{self, Config};
use radii_runtime::recipe::{Outcome, Recipe, RecipeDriver, Removal, Removed, Run, Settings as RecipeSettings};
use radii_runtime::{Fault, worker};
use serde_json::{Map, Value as Json, json};
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{BASE, NATIVE};

/// Every planted value begins so.
const PLANTED: &str = "planted-8f3a1c";
/// Whoever sends it may do everything.
const TOKEN: &str = "planted-8f3a1c-token";
const VERSION: &str = "2025-01-01";
const GROUP: &str = "/planes/radius/local/resourcegroups/vault";
const PROVIDER: &str = "/planes/radius/local/providers/System.Resources/resourceproviders/Secret.Data";

/// A log that can be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;
    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// A driver of recipes that returns secrets, remembers one, and repeats one that it was told when it fails.
struct Planting;

#[async_trait]
impl RecipeDriver for Planting {
    fn kind(&self) -> &'static str {
        "template"
    }

    async fn metadata(&self, _: &Recipe, _: &RecipeSettings) -> Result<Map<String, Json>, Fault> {
        Ok(Map::new())
    }

    async fn execute(&self, run: Run<'_>) -> Result<Outcome, Fault> {
        if run.recipe.parameters.contains_key("fail") {
            let told = run.context["resource"]["properties"]["password"].as_str().unwrap_or_default().to_owned();
            return Err(Fault::new(500, "RecipeDeploymentFailed", format!("the cloud did not like `{told}`")));
        }
        let secrets = Map::from_iter([("token".to_owned(), json!(format!("{PLANTED}-made")))]);
        let state = json!({ "seed": format!("{PLANTED}-seed") });
        Ok(Outcome { resources: Vec::new(), values: Map::new(), secrets, state, again: None })
    }

    async fn destroy(&self, _: Removal<'_>) -> Result<Removed, Fault> {
        Ok(Removed::Done)
    }
}

async fn send(router: &Router, method: Method, path: &str, body: Option<&Json>) -> (u16, String) {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "radii.example.com")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(body)
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

async fn put(router: &Router, path: &str, version: &str, body: &Json) -> (u16, String) {
    send(router, Method::PUT, &format!("{BASE}{path}?api-version={version}"), Some(body)).await
}

fn files(folder: &Path, but: &Path) -> Vec<u8> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path != but).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn finds(bytes: &[u8]) -> bool {
    bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes())
}

async fn register(router: &Router) {
    let schema = json!({ "type": "object", "properties": {
        "environment": { "type": "string" },
        "size": { "type": "string", "enum": ["S", "M"] },
        "password": { "type": "string", "x-radius-sensitive": true },
        "login": { "type": "object", "properties": { "token": { "type": "string", "x-radius-sensitive": true } } },
    } });
    let kind = format!("{PROVIDER}/resourcetypes/vaults");
    let made = format!("{PROVIDER}/resourcetypes/made");
    let table = json!({ "vaults": { "apiVersions": { VERSION: {} } }, "made": { "apiVersions": { VERSION: {} } } });
    for (path, properties) in [
        (PROVIDER.to_owned(), json!({})),
        (kind.clone(), json!({ "capabilities": ["ManualResourceProvisioning"] })),
        (format!("{kind}/apiversions/{VERSION}"), json!({ "schema": schema })),
        (made.clone(), json!({ "capabilities": [] })),
        (format!("{made}/apiversions/{VERSION}"), json!({ "schema": schema })),
        (format!("{PROVIDER}/locations/global"), json!({ "resourceTypes": table })),
    ] {
        let answer = put(router, &path, NATIVE, &json!({ "location": "global", "properties": properties })).await;
        assert!(answer.0 < 300, "{path}: {answer:?}");
    }
    assert!(put(router, GROUP, NATIVE, &json!({ "location": "global" })).await.0 < 300);
}

/// Plants values by PUT, by a refused PUT and by a deployment; returns everything that was answered.
async fn plant(router: &Router) -> Vec<(String, String)> {
    let vault = format!("{GROUP}/providers/Secret.Data/vaults/one");
    let secret = |name: &str| format!("{PLANTED}-{name}");
    let good = json!({ "properties": { "password": secret("put"), "login": { "token": secret("nested") } } });
    let wrong = json!({ "properties": { "password": secret("refused"), "size": "XL", "login": { "token": 1 } } });
    let template = json!({
        "$schema": "x", "languageVersion": "2.0", "contentVersion": "1.0.0.0",
        "parameters": { "password": { "type": "securestring" }, "more": { "type": "secureObject" } },
        "resources": { "two": { "type": "Secret.Data/vaults@2025-01-01", "import": "Radius", "properties": {
            "name": "two", "properties": { "password": "[parameters('password')]" } } } },
        "imports": { "Radius": { "provider": "Radius", "version": "latest" } },
        "outputs": { "leak": { "type": "securestring", "value": "[parameters('password')]" } },
    });
    let parameters =
        json!({ "password": { "value": secret("parameter") }, "more": { "value": { "key": secret("object") } } });
    let deployment = json!({ "properties": { "mode": "Incremental", "template": template, "parameters": parameters } });
    let deployed = format!("{GROUP}/providers/Microsoft.Resources/deployments/plant");
    let environment = format!("{GROUP}/providers/Applications.Core/environments/env");
    let compute = json!({ "kind": "kubernetes", "namespace": "vault" });
    let simulated = json!({ "location": "global", "properties": { "compute": compute, "simulated": true } });
    let bound = |parameters: Json| json!({ "templateKind": "template", "templatePath": "p", "parameters": parameters });
    let recipes = json!({
        "Applications.Core/extenders": { "default": bound(json!({})) },
        "Secret.Data/made": { "default": bound(json!({ "fail": true })) },
    });
    let binding = json!({ "location": "global", "properties": { "compute": { "kind": "kubernetes", "namespace": "made" },
        "recipes": recipes } });
    let other = format!("{GROUP}/providers/Applications.Core/environments/made");
    let made = json!({ "location": "global", "properties": { "environment": other, "recipe": { "name": "default" } } });
    let failing = json!({ "properties": { "environment": other, "password": secret("told") } });
    let store = json!({ "location": "global", "properties": { "environment": environment, "type": "generic",
        "data": { "key": { "value": secret("store") } } } });
    let core = format!("{GROUP}/providers/Applications.Core");
    let extender = json!({ "location": "global", "properties": { "environment": environment,
        "resourceProvisioning": "manual", "secrets": { "token": secret("extender") } } });
    let credential = json!({ "location": "global", "properties": { "kind": "AccessKey", "accessKeyId": "id",
        "secretAccessKey": secret("credential"), "storage": { "kind": "Internal" } } });
    let mut answers = Vec::new();
    for (path, version, body) in [
        (&vault, VERSION, &good),
        (&vault, VERSION, &wrong),
        (&deployed, "2020-10-01", &deployment),
        (&environment, NATIVE, &simulated),
        (&extender_path(), NATIVE, &extender),
        (&CREDENTIAL.to_owned(), NATIVE, &credential),
        (&other, NATIVE, &binding),
        (&format!("{core}/extenders/made"), NATIVE, &made),
        (&format!("{GROUP}/providers/Secret.Data/made/failing"), VERSION, &failing),
        (&format!("{core}/secretStores/store"), NATIVE, &store),
    ] {
        let (status, text) = put(router, path, version, body).await;
        // No platform keeps the secret store's value here: it is refused, as the wrong one is, without being repeated.
        assert!(status < 300 || *body == wrong || *body == store, "PUT {path}: {status} {text}");
        answers.push((format!("PUT {path} {status}"), text));
    }
    answers
}

const CREDENTIAL: &str = "/planes/aws/aws/providers/System.AWS/credentials/default";

fn extender_path() -> String {
    format!("{GROUP}/providers/Applications.Core/extenders/ext")
}

#[tokio::test]
async fn what_is_planted_is_found_nowhere_but_in_sealed_form() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("The log begins");
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("radii.db");
    let access = folder.path().join("access.yaml");
    let grants = format!("tokens:\n- {{name: all, sha256: {}, grants: [{{role: admin}}]}}\n", hash_of(TOKEN));
    std::fs::write(&access, grants).unwrap();
    let options = Options {
        database: Database::File(database.clone()),
        keys: KeySource::BesideDatabase,
        access: Some(access),
        audit: Some(folder.path().join("audit.log")),
        ..Options::default()
    };
    let (router, state) = serve::in_process(&options, Vec::new(), vec![Arc::new(Planting)]).await.unwrap();
    register(&router).await;
    let mut answers = plant(&router).await;
    let key = folder.path().join("radii.db.key");
    assert!(!finds(&files(folder.path(), &key)), "the database, before the workers ran");
    for _ in 0..200 {
        if !worker::run_once(&state.host, &worker::Options::default()).await.unwrap() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
    let vaults = format!("{GROUP}/providers/Secret.Data/vaults");
    for (path, version) in [
        (vaults.clone(), VERSION),
        (format!("{vaults}/one"), VERSION),
        (format!("{vaults}/two"), VERSION),
        (format!("{GROUP}/providers/Microsoft.Resources/deployments/plant"), "2020-10-01"),
        (format!("{GROUP}/providers/Microsoft.Resources/deployments/plant/operations"), "2020-10-01"),
        (format!("{GROUP}/resources"), NATIVE),
        (format!("{PROVIDER}/resourcetypes/vaults"), NATIVE),
        (extender_path(), NATIVE),
        (format!("{GROUP}/providers/Applications.Core/extenders/made"), NATIVE),
        (format!("{GROUP}/providers/Secret.Data/made/failing"), VERSION),
        (format!("{GROUP}/providers/Applications.Core/secretStores/store"), NATIVE),
        (CREDENTIAL.to_owned(), NATIVE),
    ] {
        let (status, text) = send(&router, Method::GET, &format!("{BASE}{path}?api-version={version}"), None).await;
        answers.push((format!("GET {path} {status}"), text));
    }
    let operations = state.host.parts.store.recent_operations(100).await.unwrap();
    assert!(operations.iter().any(|operation| operation.resource.to_string().ends_with("two")), "it was deployed");
    let said = format!("{operations:?}");
    assert!(!finds(said.as_bytes()), "the operations give it away: {said}");
    assert!(said.contains("the cloud did not like"), "a recipe failed with what it was told: {said}");
    let wrong =
        Request::get(format!("{BASE}/planes/radius/local")).header("authorization", format!("Bearer {PLANTED}-x"));
    let refused = router.clone().oneshot(wrong.body(Body::empty()).unwrap()).await.unwrap();
    answers.push((format!("a wrong token {}", refused.status()), format!("{:?}", refused.into_body().collect().await)));
    for page in ["/", "/dashboard", "/resources", "/operations", "/metrics"] {
        let (status, text) = send(&router, Method::GET, page, None).await;
        answers.push((format!("GET {page} {status}"), text));
    }
    for (what, text) in &answers {
        assert!(!finds(text.as_bytes()), "{what} gives it away: {text}");
    }
    let (engine, vault) = store::read_only(&Config { database: options.database, keys: options.keys }).await.unwrap();
    let mut backup = Vec::new();
    archive::write(&*engine, &vault, Content::Backup, &mut backup).await.unwrap();
    assert!(!finds(&backup), "the backup gives it away");
    let listing = format!("{BASE}{GROUP}/providers/Applications.Core/extenders/made/listSecrets?api-version={NATIVE}");
    let (status, listed) = send(&router, Method::POST, &listing, Some(&json!({}))).await;
    assert!(status == 200 && finds(listed.as_bytes()), "what a recipe made is listed: {status} {listed}");
    let listing = format!("{BASE}{}/listSecrets?api-version={NATIVE}", extender_path());
    let (status, listed) = send(&router, Method::POST, &listing, Some(&json!({}))).await;
    assert!(status == 200 && finds(listed.as_bytes()), "the listing, and nothing else, shows them: {status} {listed}");
    assert!(answers.iter().any(|(what, _)| what.starts_with("GET") && what.ends_with("two 200")), "{answers:?}");
    assert!(!finds(&files(folder.path(), &key)), "the database, after everything ended");
    let said = log.0.lock().unwrap().clone();
    assert!(!finds(&said), "the log gives it away: {}", String::from_utf8_lossy(&said));
    assert!(!said.is_empty(), "the log is read at all");
}
