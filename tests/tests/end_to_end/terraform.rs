//! A server that dies while Terraform works for it: the next one goes on, and makes nothing twice.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::api::Api;
use crate::program::Server;

const GROUP: &str = "/planes/radius/local/resourceGroups/tf";
const CORE: &str = "2025-08-01-preview";
const VERSION: &str = "2025-01-01";
const DEPLOYMENTS: &str = "2020-10-01";
/// How long Terraform may take to come to a point.
const PATIENCE: Duration = Duration::from_secs(180);

/// A module that writes down what it makes, and waits in the middle until it may go on.
const MODULE: &str = r#"
variable "context" { type = any }
variable "folder" { type = string }

resource "terraform_data" "first" {
  provisioner "local-exec" { command = "echo first-${self.id} >> ${var.folder}/made" }
}

resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "echo begun >> ${var.folder}/begun; while [ ! -e ${var.folder}/go ]; do sleep 0.1; done; echo second >> ${var.folder}/made"
  }
}

output "first" { value = terraform_data.first.id }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_of_an_apply_goes_on_with_it_and_makes_nothing_twice() {
    let program = chosen().unwrap_or_else(|| "terraform".into());
    if !Command::new(program).arg("version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this test needs `terraform`, which is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let modules = folder.path().join("modules");
    std::fs::create_dir_all(modules.join("m")).expect("the test's folder is writable");
    std::fs::write(modules.join("m/main.tf"), MODULE).expect("the test's folder is writable");
    let mut server = start(folder.path());
    let api = Api::new(&server.url);
    prepare(&api, folder.path()).await;
    let deployment = format!("{GROUP}/providers/Microsoft.Resources/deployments/app");
    let answer = api.send(Method::PUT, &deployment, DEPLOYMENTS, Some(&template())).await.expect("the server answers");
    assert!(matches!(answer.status, 200..=202), "{answer:?}");

    wait_for_lines(&folder.path().join("begun"), 1).await;
    server.kill();
    server = start(folder.path());
    // The new server ends the program that was left alone, takes its lock and its state, and begins the second again.
    wait_for_lines(&folder.path().join("begun"), 2).await;
    std::fs::write(folder.path().join("go"), "").expect("the test's folder is writable");
    let api = Api::new(&server.url);
    let deployed = settled(&api, &deployment).await;
    assert_eq!(deployed["properties"]["provisioningState"], "Succeeded", "{deployed}");

    let resource = format!("{GROUP}/providers/Test.Kill/databases/db");
    let found = api.find(&resource, VERSION).await.expect("the resource is there");
    let first = found["properties"]["status"]["computedValues"]["first"].as_str().unwrap_or_default().to_owned();
    assert_eq!(lines(&folder.path().join("made")), [format!("first-{first}"), "second".to_owned()], "{found}");
    let answer = api.send(Method::DELETE, &resource, VERSION, None).await.expect("the server answers");
    let operation = answer.operation.unwrap_or_else(|| panic!("a deletion is an operation: {:?}", answer.body));
    assert_eq!(api.ended(&operation).await["status"], "Succeeded");
}

/// A program that the tests are to be run with instead of the `terraform` on the PATH.
fn chosen() -> Option<OsString> {
    std::env::var_os("RADII_TEST_TERRAFORM")
}

fn start(folder: &Path) -> Server {
    let (modules, chosen) = (folder.join("modules"), chosen());
    let mut more = vec![OsStr::new("--lease"), OsStr::new("1"), OsStr::new("--recipes"), modules.as_os_str()];
    more.extend(chosen.iter().flat_map(|program| [OsStr::new("--terraform"), program]));
    Server::start_on(folder.join("radii.db").as_os_str(), &folder.join("radii.log"), &more)
}

/// Registers a type and binds the module to it.
async fn prepare(api: &Api, folder: &Path) {
    api.register("databases", VERSION, &[]).await;
    api.put(GROUP, "2023-10-01-preview", &json!({ "location": "global" })).await;
    let folder = folder.to_str().expect("temporary folders have plain names");
    let recipe = json!({ "kind": "terraform", "source": "./m", "parameters": { "folder": folder } });
    let pack = json!({ "recipes": { "Test.Kill/databases": recipe } });
    let providers = json!({ "kubernetes": { "namespace": "tf" } });
    for (name, properties) in
        [("recipePacks/pack", pack), ("environments/env", json!({ "recipePacks": ["pack"], "providers": providers }))]
    {
        let body = json!({ "location": "global", "properties": properties });
        api.put(&format!("{GROUP}/providers/Radius.Core/{name}"), CORE, &body).await;
    }
}

fn template() -> Json {
    let environment = format!("{GROUP}/providers/Radius.Core/environments/env");
    let database = json!({ "import": "radius", "type": format!("Test.Kill/databases@{VERSION}"),
        "properties": { "name": "db", "properties": { "environment": environment } } });
    let template = json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": { "db": database } });
    json!({ "properties": { "mode": "Incremental", "template": template } })
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

async fn wait_for_lines(file: &Path, count: usize) {
    let begun = Instant::now();
    while lines(file).len() < count {
        assert!(begun.elapsed() < PATIENCE, "`{}` has fewer than {count} lines", file.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn settled(api: &Api, path: &str) -> Json {
    let begun = Instant::now();
    loop {
        let found = api.find(path, DEPLOYMENTS).await.expect("the deployment is there");
        if matches!(found["properties"]["provisioningState"].as_str(), Some("Succeeded" | "Failed" | "Canceled")) {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "the deployment does not end: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
