//! State that is kept by a backend of the environment's own, with a real Terraform.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use radii_recipes::terraform::TerraformDriver;
use radii_runtime::fault::Fault;
use radii_runtime::platform::{ComputeKind, Named, Target};
use radii_runtime::recipe::{
    Backend, Cancel, Outcome, Recipe, RecipeDriver, Removal, Run, Settings, Snapshot, Surroundings,
};
use serde_json::{Map, Value as Json, json};

use crate::fakes::{FakeJournal, around};
use crate::server::{Server, failure, id, modules};
use crate::terraform::{DB, entry, has};

const SETTINGS: &str = "Radius.Core/terraformSettings/ts";
const MODULE: &str =
    "variable \"context\" { type = any }\nresource \"terraform_data\" \"r\" { input = var.context.resource.name }\n";

type States = Arc<Mutex<BTreeMap<String, String>>>;

/// A place for states: it keeps what is posted under its path, and below `/closed/` of those it knows only.
fn keep_states() -> (SocketAddr, States) {
    let states = States::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::clone(&states);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("connections can be accepted");
            // A client that goes away in the middle has said nothing.
            let _ = answer(stream, &kept);
        }
    });
    (address, states)
}

fn answer(stream: TcpStream, states: &States) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut is_known) = (0, false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(number) = lower.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap_or(0);
        }
        // `user:hunter2`
        is_known |= line.contains("dXNlcjpodW50ZXIy");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().to_owned());
    let mut states = states.lock().unwrap();
    let (status, text) = match method {
        _ if !is_known && path.starts_with("/closed/") => ("401 Unauthorized", String::new()),
        "POST" => {
            states.insert(path, String::from_utf8_lossy(&body).into_owned());
            ("200 OK", String::new())
        }
        _ => match states.get(&path) {
            Some(state) => ("200 OK", state.clone()),
            None => ("404 Not Found", String::new()),
        },
    };
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
}

fn backend(address: SocketAddr) -> Json {
    json!({ "type": "http", "config": { "address": format!("http://{address}/states") } })
}

fn resources(states: &States) -> Vec<usize> {
    let count = |text: &String| {
        let state: Json = serde_json::from_str(text).unwrap();
        state["resources"].as_array().map_or(0, Vec::len)
    };
    states.lock().unwrap().values().map(count).collect()
}

#[tokio::test]
async fn a_backend_of_the_environment_keeps_the_state_and_the_server_keeps_none() {
    if !has("terraform", "a_backend_of_the_environment_keeps_the_state_and_the_server_keeps_none") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    let (address, states) = keep_states();
    server.put(SETTINGS, json!({ "backend": backend(address) })).await.unwrap();
    server.bind(entry("./m", json!({})), json!({ "terraformSettings": id(SETTINGS).to_string() })).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(resources(&states), [1]);
    assert!(states.lock().unwrap().keys().all(|path| path.starts_with("/states/") && path.len() == 48));
    assert!(server.states().await.is_empty());
    // The second run goes on with the state that is there.
    let made = states.lock().unwrap().values().next().cloned().unwrap();
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let again = states.lock().unwrap().values().next().cloned().unwrap();
    let id_of = |text: &str| {
        let state: Json = serde_json::from_str(text).unwrap();
        state["resources"][0]["instances"][0]["attributes"]["id"].clone()
    };
    assert_eq!(id_of(&made), id_of(&again));

    assert_eq!(server.delete(DB).await.error, None);
    assert_eq!(resources(&states), [0]);
}

#[tokio::test]
async fn a_backend_is_not_changed_under_what_stands() {
    if !has("terraform", "a_backend_is_not_changed_under_what_stands") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    let (address, states) = keep_states();
    server.put(SETTINGS, json!({})).await.unwrap();
    server.bind(entry("./m", json!({})), json!({ "terraformSettings": id(SETTINGS).to_string() })).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    server.put(SETTINGS, json!({ "backend": backend(address) })).await.unwrap();
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(
        message.starts_with("the state of what this recipe made is kept by the server, and the environment"),
        "{message}"
    );
    assert!(states.lock().unwrap().is_empty());
    // It is deleted where it is, whatever the environment says now.
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.states().await.is_empty());
}

#[tokio::test]
async fn settings_with_a_backend_that_there_is_not_are_refused() {
    let folder = modules(&[]);
    let server = Server::new(folder.path()).await;
    let fault = server.put(SETTINGS, json!({ "backend": { "type": "floppy" } })).await.unwrap_err();
    assert!(fault.message.starts_with("$.properties.backend.type: `floppy` is none of `azurerm`"), "{fault}");
}

/// What nobody may find in a file.
const PLANTED: &str = "planted-hunter22";
/// A module that shows that it was told a secret, and by its id whether the state was found again.
const TELLING: &str = "variable \"context\" { type = any }
resource \"terraform_data\" \"r\" { input = var.context.resource.name }
output \"result\" {
  value = { values = {
    id = terraform_data.r.id
    length = length(var.context.resource.connections.db.properties.password)
  } }
}
";

/// Terraform with a backend, and a record of every file that it had in its folder.
struct Bench {
    folder: tempfile::TempDir,
    driver: TerraformDriver,
    settings: Settings,
}

impl Bench {
    fn new(backend: Backend) -> Self {
        let folder = modules(&[("m/main.tf", TELLING)]);
        let program = folder.path().join("terraform");
        let seen = folder.path().join("seen");
        let script = format!("#!/bin/sh\nterraform \"$@\"\ncode=$?\ntar cf - . >> '{}'\nexit $code\n", seen.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let driver =
            TerraformDriver::default().with_program(Some(program)).reading_from(Some(folder.path().to_owned()));
        Self { folder, driver, settings: Settings { backend: Some(backend), ..Settings::default() } }
    }

    fn around<'a>(&'a self, cancel: &'a Cancel) -> Surroundings<'a> {
        Surroundings {
            resource: "/planes/radius/local/resourceGroups/g/providers/Test.Db/databases/db",
            ..around(&self.settings, cancel)
        }
    }

    async fn run(&self, previous: Option<&Json>) -> Result<Outcome, Fault> {
        let cancel = Cancel::default();
        let run = Run {
            recipe: &recipe(),
            context: &told(json!(PLANTED)),
            shown: &told(Json::Null),
            target: &target(),
            platform: None,
            journal: &FakeJournal::default(),
            previous,
            unfinished: None,
            around: self.around(&cancel),
        };
        self.driver.execute(run).await
    }

    /// Makes, makes again, and unmakes; the state is found each time, and secrets are in no file.
    async fn live(&self) {
        let first = self.run(None).await.unwrap();
        assert_eq!(first.values["length"], PLANTED.len());
        let second = self.run(Some(&first.state)).await.unwrap();
        assert_eq!(first.values["id"], second.values["id"], "the state was not found again");
        let snapshot = Snapshot {
            recipe: recipe(),
            target: target(),
            context: told(Json::Null),
            state: second.state,
            config: Json::Null,
        };
        let cancel = Cancel::default();
        self.driver.destroy(Removal { snapshot: &snapshot, around: self.around(&cancel) }).await.unwrap();
        let again = self.run(None).await.unwrap();
        assert_ne!(first.values["id"], again.values["id"], "what was destroyed is still in the state");
        let seen = std::fs::read(self.folder.path().join("seen")).unwrap();
        let seen = String::from_utf8_lossy(&seen);
        assert!(seen.contains("main.tf.json") && seen.contains("radii_secret_0"));
        assert!(!seen.contains(PLANTED), "a secret stands in a file of the run");
    }
}

fn recipe() -> Recipe {
    Recipe {
        name: "default".into(),
        kind: "terraform".into(),
        path: "./m".into(),
        version: None,
        plain_http: false,
        parameters: Map::new(),
        operators: None,
        outputs: Map::new(),
    }
}

fn target() -> Target {
    Target {
        kind: ComputeKind::Kubernetes,
        environment: Named { id: String::new(), name: "dev".to_owned() },
        application: None,
        environment_namespace: "dev".to_owned(),
        namespace: "dev".to_owned(),
        compute: Map::new(),
    }
}

fn told(password: Json) -> Json {
    let connections = json!({ "db": { "properties": { "host": "h", "password": password } } });
    json!({ "resource": { "name": "db", "properties": {}, "connections": connections } })
}

fn kept_by(kind: &str, arguments: Json, secrets: &[(&str, &str)]) -> Backend {
    let Json::Object(arguments) = arguments else { panic!("arguments are an object") };
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Backend { kind: kind.to_owned(), arguments, secrets }
}

/// A program that ends with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_closed_place_is_opened_by_a_password_that_stands_in_no_file() {
    if !has("terraform", "a_closed_place_is_opened_by_a_password_that_stands_in_no_file") {
        return;
    }
    let (address, states) = keep_states();
    let arguments = json!({ "address": format!("http://{address}/closed/states") });
    let bench = Bench::new(kept_by("http", arguments.clone(), &[("username", "user"), ("password", "hunter2")]));
    bench.live().await;
    assert!(!states.lock().unwrap().is_empty());
    let fault = Bench::new(kept_by("http", arguments, &[])).run(None).await.unwrap_err();
    assert!(fault.message.contains("requires auth"), "{fault}");
}

#[tokio::test]
async fn states_on_the_servers_disk_stand_below_the_operators_folder() {
    if !has("terraform", "states_on_the_servers_disk_stand_below_the_operators_folder") {
        return;
    }
    let bench = Bench::new(kept_by("local", json!({ "path": "states" }), &[]));
    bench.live().await;
    let states = std::fs::read_dir(bench.folder.path().join("states")).unwrap();
    assert!(states.flatten().any(|entry| entry.path().extension().is_some_and(|ending| ending == "tfstate")));
    for path in ["../states", "/var/states"] {
        let fault = Bench::new(kept_by("local", json!({ "path": path }), &[])).run(None).await.unwrap_err();
        assert!(fault.message.contains("give a path below the folder"), "{fault}");
    }
}

#[tokio::test]
async fn states_are_kept_by_postgresql() {
    if !has("terraform", "states_are_kept_by_postgresql") {
        return;
    }
    let Some(address) = postgres() else { return };
    // The server of the tests listens on a socket in its folder; nobody asks for a password there.
    let address = match address.split_once("?host=") {
        Some((_, folder)) => format!("host={folder} user=radii password={PLANTED} dbname=postgres sslmode=disable"),
        None => address,
    };
    let schema = format!("states_{}", std::process::id());
    Bench::new(kept_by("pg", json!({ "schema_name": schema }), &[("conn_str", &address)])).live().await;
}

fn postgres() -> Option<String> {
    if let Ok(given) = std::env::var("RADII_TEST_POSTGRES") {
        return Some(given);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/postgres/start");
    let folder = std::env::temp_dir().join(format!("radii-states-{}", std::process::id()));
    let started = Command::new(script).arg(&folder).arg(std::process::id().to_string()).output().unwrap();
    if !started.status.success() {
        eprintln!("skipped: no PostgreSQL here: {}", String::from_utf8_lossy(&started.stderr).trim());
        return None;
    }
    String::from_utf8(started.stdout).ok()?.lines().last().map(str::to_owned)
}

#[tokio::test]
async fn states_are_kept_by_s3() {
    if !has("terraform", "states_are_kept_by_s3") {
        return;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("moto_server");
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        eprintln!("skipped: states in S3 need `moto_server`, which is not installed");
        return;
    };
    let mut service = Service(child);
    if !make_bucket(&mut service, port).await {
        eprintln!("skipped: `moto_server` ended; it may lack its package `flask`");
        return;
    }
    let arguments = json!({ "bucket": "states", "key": "team", "region": "us-east-1", "use_path_style": true,
        "endpoints": { "s3": format!("http://127.0.0.1:{port}") }, "skip_credentials_validation": true,
        "skip_region_validation": true, "skip_requesting_account_id": true, "skip_metadata_api_check": true });
    let secrets = [("access_key", "id"), ("secret_key", PLANTED)];
    Bench::new(kept_by("s3", arguments, &secrets)).live().await;
}

/// Makes the bucket as soon as the service listens; nothing when it has ended.
async fn make_bucket(service: &mut Service, port: u16) -> bool {
    while service.0.try_wait().unwrap().is_none() {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let request =
                "PUT /states HTTP/1.1\r\nHost: s3.amazonaws.com\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.contains(" 200 "), "{answer}");
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
