//! Modules of a private repository, which git reaches over TLS and with the login of a secret store.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use radii_platform_kubernetes::{Clusters, KubernetesPlatform, MemoryCluster, Options};
use serde_json::{Value as Json, json};

use crate::server::{Server, failure, id, modules};
use crate::terraform::{self, DB, MODULE, TYPE, has};
use crate::tls::{self, Answer, Request};

const LOGINS: &str = "Applications.Core/secretStores/login";
pub const CORE: &str = "2023-10-01-preview";
/// Letters that mean something in a URL, so that they must be written otherwise there.
const TOKEN: &str = "p@t:1/2%#";
/// `ann:p@t:1/2%#` in base64.
const LOGIN: &str = "Basic YW5uOnBAdDoxLzIlIw==";

/// git's own server of repositories; it answers only those that have the login.
struct Forge {
    address: String,
    /// Who asked: with the right login, with another one, or with none.
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Forge {
    fn start(folder: &Path) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, folder) = (Arc::clone(&asked), folder.to_owned());
        let root = folder.clone();
        let address = tls::serve(&folder, move |request| {
            let who = match request.header("authorization") {
                Some(LOGIN) => "known",
                Some(_) => "unknown",
                None => "nobody",
            };
            kept.lock().unwrap().push(who);
            if who == "known" { backend(&root, &request) } else { refuse() }
        });
        Self { address, asked }
    }
}

fn refuse() -> Answer {
    Answer::of("401 Unauthorized", "").with("WWW-Authenticate", "Basic realm=\"modules\"")
}

/// Lets `git http-backend` answer.
fn backend(root: &Path, request: &Request) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "ann")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&request.body).unwrap();
    let said = child.wait_with_output().unwrap().stdout;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").expect("the backend's headers end");
    let mut answer = Answer { status: "200 OK".to_owned(), headers: Vec::new(), body: said[end + 4..].to_vec() };
    for line in String::from_utf8_lossy(&said[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => answer.status = status.to_owned(),
            Some((name, value)) => answer = answer.with(name, value),
            None => {}
        }
    }
    answer
}

/// Makes the bare repository `modules.git`, which has the module in the folder `inner` under the tag `v1`.
pub fn make_repository(folder: &Path) {
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
        &["tag", "v1"],
        &["clone", "-q", "--bare", ".", "../modules.git"],
    ] {
        assert!(Command::new("git").args(arguments).current_dir(folder.join("work")).status().unwrap().success());
    }
}

/// Binds the module of the forge in an environment of the older kind, where logins of git stand.
async fn bind(server: &Server, forge: &Forge, folder: &Path) {
    let source = format!("git::https://{}/modules.git//inner?ref=v1", forge.address);
    let recipe = json!({ "templateKind": "terraform", "templatePath": source, "parameters": { "size": 4 } });
    let git = json!({ "pat": { forge.address.clone(): { "secret": id(LOGINS).to_string() } } });
    let config = json!({
        "terraform": { "authentication": { "git": git } },
        "env": { "GIT_SSL_CAINFO": folder.join("cert.pem") },
    });
    let environment = json!({ "compute": { "kind": "kubernetes", "namespace": "ns" }, "recipeConfig": config,
        "recipes": { TYPE: { "default": recipe } } });
    server.put_in("Applications.Core/environments/old", CORE, environment).await.unwrap();
}

/// Puts a login into the secret store.
async fn store(server: &Server, pat: &str) {
    let data = json!({ "username": { "value": "ann" }, "pat": { "value": pat } });
    let store = json!({ "type": "generic", "resource": "ns/login", "data": data });
    server.put_in(LOGINS, CORE, store).await.unwrap();
}

fn database() -> Json {
    json!({ "environment": id("Applications.Core/environments/old").to_string() })
}

#[tokio::test]
async fn a_module_comes_from_a_private_repository_with_the_login_of_a_secret_store() {
    let name = "a_module_comes_from_a_private_repository_with_the_login_of_a_secret_store";
    if !has("terraform", name) || !has("git", name) || !has("openssl", name) {
        return;
    }
    let folder = modules(&[("work/inner/main.tf", MODULE)]);
    tls::make_certificate(folder.path());
    make_repository(folder.path());
    // Secret stores keep what they are given on the platform.
    let cluster = Clusters::Memory(MemoryCluster::furnished());
    let platform = KubernetesPlatform::new(cluster, Options::default());
    let terraform = terraform::driver().reading_from(Some(folder.path().to_owned()));
    let server = Server::on(vec![Arc::new(platform)], vec![Arc::new(terraform)]).await;
    let forge = Forge::start(folder.path());

    bind(&server, &forge, folder.path()).await;
    store(&server, "an0ther").await;
    let operation = server.begin(DB, database()).await;
    server.work().await;
    let (code, message) = failure(&server.operation(operation).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.starts_with("code RecipeDownloadFailed") && !message.contains("an0ther"), "{message}");
    assert!(forge.asked.lock().unwrap().iter().all(|who| *who != "known"));

    store(&server, TOKEN).await;
    let operation = server.begin(DB, database()).await;
    server.work().await;
    assert_eq!(server.operation(operation).await.error, None);
    let properties = server.properties(DB).await;
    assert_eq!((&properties["host"], &properties["size"]), (&json!("db-old.local"), &json!(4)));
    assert!(forge.asked.lock().unwrap().contains(&"known"));
    let stored = format!("{:?}", server.stored(DB).await.unwrap());
    assert!(!stored.contains("p@t") && !stored.contains("p%40t"), "{stored}");
    assert!(!server.states().await.iter().any(|state| state.contains("p@t") || state.contains("p%40t")));

    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}
