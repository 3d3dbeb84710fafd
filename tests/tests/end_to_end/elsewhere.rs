//! Providers elsewhere: a server that dies while one works for it, and recipes that connect to what one keeps.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::api::Api;
use crate::program::Server;

const GROUP: &str = "/planes/radius/local/resourceGroups/far";
const NATIVE: &str = "2023-10-01-preview";
const VERSION: &str = "2025-01-01";
const DEPLOYMENTS: &str = "2020-10-01";
const STATUS: &str = "/planes/radius/local/providers/Test.Kill/locations/global/operationStatuses/1";
const PATIENCE: Duration = Duration::from_secs(60);

/// A provider whose one operation takes until it is told to end.
#[derive(Clone, Default)]
struct Provider {
    asked: Arc<Mutex<Vec<String>>>,
    has_ended: Arc<AtomicBool>,
}

impl Provider {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let provider = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(provider.clone().answer(stream));
            }
        });
        address
    }

    /// Answers one request and hangs up.
    async fn answer(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        while !read.windows(4).any(|end| end == b"\r\n\r\n") {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let head = String::from_utf8_lossy(&read).into_owned();
        let line = head.lines().next().unwrap_or_default();
        let (method, path) = line.split_once(' ').unwrap_or_default();
        let path = path.split(['?', ' ']).next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        self.asked.lock().expect("no holder panics").push(format!("{method} {name}"));
        let ended = self.has_ended.load(Ordering::Relaxed);
        let state = if ended { "Succeeded" } else { "Updating" };
        let resource = json!({ "name": "db", "properties": { "provisioningState": state, "host": "far.example" } });
        let (status, body) = match method {
            "PUT" => (202, resource),
            _ if path == STATUS => (200, json!({ "status": if ended { "Succeeded" } else { "Running" } })),
            _ => (200, resource),
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Azure-AsyncOperation: {STATUS}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
    }

    fn count(&self, what: &str) -> usize {
        self.asked.lock().expect("no holder panics").iter().filter(|asked| *asked == what).count()
    }

    async fn wait_for(&self, what: &str, count: usize) {
        let begun = Instant::now();
        while self.count(what) < count {
            assert!(begun.elapsed() < PATIENCE, "`{what}` was not asked {count} times");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_goes_on_looking_at_what_a_provider_does_and_asks_for_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let provider = Provider::default();
    let address = provider.start().await;
    let mut server = Server::start(&folder.path().join("radii.db"));
    let api = Api::new(&server.url);
    register(&api, "databases", &address).await;
    api.put(GROUP, NATIVE, &json!({ "location": "global" })).await;
    let deployment = format!("{GROUP}/providers/Microsoft.Resources/deployments/app");
    let answer = api.send(Method::PUT, &deployment, DEPLOYMENTS, Some(&template())).await.expect("the server answers");
    assert!(matches!(answer.status, 200..=202), "{answer:?}");

    provider.wait_for("GET 1", 2).await;
    server.kill();
    let looks = provider.count("GET 1");
    server = Server::start(&folder.path().join("radii.db"));
    provider.wait_for("GET 1", looks + 1).await;
    provider.has_ended.store(true, Ordering::Relaxed);

    let api = Api::new(&server.url);
    let begun = Instant::now();
    let deployed = loop {
        let found = api.find(&deployment, DEPLOYMENTS).await.expect("the deployment is there");
        if matches!(found["properties"]["provisioningState"].as_str(), Some("Succeeded" | "Failed" | "Canceled")) {
            break found;
        }
        assert!(begun.elapsed() < PATIENCE, "the deployment does not end: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(deployed["properties"]["provisioningState"], "Succeeded", "{deployed}");
    assert_eq!(deployed["properties"]["outputs"]["host"]["value"], "far.example");
    assert_eq!(provider.count("PUT db"), 1, "{:?}", provider.asked);
}

/// Registers a type of resources that the provider at an address keeps.
async fn register(api: &Api, name: &str, address: &str) {
    api.register(name, VERSION, &[]).await;
    let location = "/planes/radius/local/providers/System.Resources/resourceproviders/Test.Kill/locations/global";
    let found = api.find(location, NATIVE).await.expect("the location was registered");
    let mut table = found["properties"]["resourceTypes"].clone();
    table[name]["address"] = address.into();
    api.put(location, NATIVE, &json!({ "properties": { "resourceTypes": table } })).await;
}

/// A recipe that says where what it is connected to is found.
const RECIPE: &str = "result:\n  values: { told: '{{context.resource.connections.db.properties.host}}' }\n";
const CORE: &str = "2025-08-01-preview";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_connects_to_a_resource_elsewhere_is_told_what_the_provider_says_once_it_answers() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::write(folder.path().join("r.yaml"), RECIPE).expect("the test's folder is writable");
    let server = start(folder.path());
    let api = Api::new(&server.url);
    api.register("readers", VERSION, &[]).await;
    // Nobody listens there.
    register(&api, "databases", "http://127.0.0.1:1").await;
    api.put(GROUP, NATIVE, &json!({ "location": "global" })).await;
    let recipe = json!({ "kind": "template", "source": "./r.yaml" });
    for (name, properties) in [
        ("recipePacks/pack", json!({ "recipes": { "Test.Kill/readers": recipe } })),
        ("environments/env", json!({ "recipePacks": ["pack"], "providers": { "kubernetes": { "namespace": "far" } } })),
    ] {
        let body = json!({ "location": "global", "properties": properties });
        api.put(&format!("{GROUP}/providers/Radius.Core/{name}"), CORE, &body).await;
    }
    let reader = format!("{GROUP}/providers/Test.Kill/readers/reader");
    let source = format!("{GROUP}/providers/Test.Kill/databases/db");
    let environment = format!("{GROUP}/providers/Radius.Core/environments/env");
    let connected =
        json!({ "properties": { "environment": environment, "connections": { "db": { "source": source } } } });
    let answer = api.send(Method::PUT, &reader, VERSION, Some(&connected)).await.expect("the server answers");
    let operation = answer.operation.unwrap_or_else(|| panic!("a recipe is an operation: {:?}", answer.body));
    let error = api.ended(&operation).await["error"].clone();
    assert_eq!(error["code"], "ProviderUnreachable", "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    let expected = format!("connection `db`: its source \"{source}\" cannot be read: ");
    assert!(message.starts_with(&expected) && message.contains("127.0.0.1:1"), "{message}");

    let provider = Provider::default();
    provider.has_ended.store(true, Ordering::Relaxed);
    register(&api, "databases", &provider.start().await).await;
    api.put(&reader, VERSION, &connected).await;
    let told = api.find(&reader, VERSION).await.expect("it is there");
    assert_eq!(told["properties"]["status"]["computedValues"]["told"], "far.example", "{told}");
    assert_eq!(provider.count("GET db"), 1);
}

/// A server whose recipes are files of a folder.
fn start(folder: &Path) -> Server {
    let more = [OsStr::new("--lease"), OsStr::new("1"), OsStr::new("--recipes"), folder.as_os_str()];
    Server::start_on(folder.join("radii.db").as_os_str(), &folder.join("radii.log"), &more)
}

fn template() -> Json {
    let database = json!({ "import": "radius", "type": format!("Test.Kill/databases@{VERSION}"),
        "properties": { "name": "db", "properties": { "size": 1 } } });
    let template = json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": { "db": database },
        "outputs": { "host": { "type": "string", "value": "[reference('db').properties.host]" } } });
    json!({ "properties": { "mode": "Incremental", "template": template } })
}
