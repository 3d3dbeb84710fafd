//! Recipes of kind `terraform`, with the real program where there is one.

use std::process::Command;
use std::sync::Arc;

use radii_recipes::terraform::TerraformDriver;
use radii_runtime::store::State;
use serde_json::{Value as Json, json};

use crate::server::{Server, failure, id, modules};

pub const DB: &str = "Test.Db/databases/db";
pub const TYPE: &str = "Test.Db/databases";

/// The module of the contract: it says what it was told, and fails when asked to.
pub const MODULE: &str = r#"
variable "context" { type = any }
variable "size" {
  type    = number
  default = 1
}
variable "fail" {
  type    = bool
  default = false
}
resource "terraform_data" "db" {
  input = { name = "${var.context.resource.name}-${var.context.environment.name}", size = var.size }
  lifecycle {
    precondition {
      condition     = !var.fail
      error_message = "asked to fail"
    }
  }
}
output "result" {
  sensitive = true
  value = {
    values    = { host = "${terraform_data.db.output.name}.local", size = var.size, seen = try(var.context.resource.properties.note, "") }
    secrets   = { password = "p-${terraform_data.db.id}" }
    resources = ["/planes/radius/local/resourceGroups/rg/providers/Test.Fake/things/${var.context.resource.name}"]
  }
}
"#;

/// The driver with the program that the tests are run with: `RADII_TEST_TERRAFORM` names another one than the driver
/// would take itself.
pub fn driver() -> TerraformDriver {
    TerraformDriver::default().with_program(std::env::var_os("RADII_TEST_TERRAFORM").map(Into::into))
}

/// Whether a program is there, and says so where it is not; of `terraform` the one that the tests are run with.
pub fn has(program: &str, test: &str) -> bool {
    let chosen = std::env::var_os("RADII_TEST_TERRAFORM").filter(|_| program == "terraform");
    let found = Command::new(chosen.unwrap_or_else(|| program.into()))
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {test} needs `{program}`, which is not installed");
    }
    found
}

/// Whether the tests are run with OpenTofu.
fn is_opentofu() -> bool {
    let chosen = std::env::var_os("RADII_TEST_TERRAFORM").unwrap_or_else(|| "terraform".into());
    let said = Command::new(chosen).arg("version").output().expect("it was there a moment ago").stdout;
    String::from_utf8_lossy(&said).contains("OpenTofu")
}

pub fn entry(source: &str, parameters: Json) -> Json {
    json!({ TYPE: { "kind": "terraform", "source": source, "parameters": parameters } })
}

#[tokio::test]
async fn a_module_makes_a_resource_and_unmakes_it() {
    if !has("terraform", "a_module_makes_a_resource_and_unmakes_it") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({ "size": 3 })), json!({})).await;
    let operation = server.settle(DB, json!({ "note": "${file(\"/etc/hostname\")} %{ if true }x%{ endif }" })).await;
    assert_eq!(operation.error, None);
    let properties = server.properties(DB).await;
    assert_eq!(properties["host"], "db-env.local");
    assert_eq!(properties["size"], 3);
    assert_eq!(properties["seen"], "${file(\"/etc/hostname\")} %{ if true }x%{ endif }");
    assert_eq!(properties["recipe"], json!({ "name": "default", "recipeStatus": "success" }));
    let thing = "/planes/radius/local/resourceGroups/rg/providers/Test.Fake/things/db";
    assert_eq!(properties["status"]["outputResources"][0]["id"], thing);
    assert_eq!(properties["status"]["recipe"], json!({ "templateKind": "terraform", "templatePath": "./m" }));
    let shown = server.stored(DB).await.map(|record| format!("{:?} {:?}", record.properties, record.private)).unwrap();
    assert!(!shown.contains("p-"), "a secret stands on the resource: {shown}");
    assert_eq!(server.states().await.len(), 1);

    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none());
    assert!(server.states().await.is_empty());
}

#[tokio::test]
async fn a_failure_says_what_the_module_said_and_can_be_mended_and_deleted() {
    if !has("terraform", "a_failure_says_what_the_module_said_and_can_be_mended_and_deleted") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({ "fail": true })), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(
        message.starts_with("terraform apply failure: exit status 1\n\nError: Resource precondition failed\n\n  on "),
        "{message}"
    );
    assert!(message.contains("asked to fail"), "{message}");
    server.bind(entry("./m", json!({})), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    // The module is gone; what it made is destroyed all the same.
    std::fs::remove_dir_all(folder.path().join("m")).unwrap();
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.states().await.is_empty());
}

#[tokio::test]
async fn a_module_with_files_for_opentofu_is_told_what_those_declare_where_they_count() {
    let name = "a_module_with_files_for_opentofu_is_told_what_those_declare_where_they_count";
    if !has("terraform", name) {
        return;
    }
    let output = |host: &str| format!("output \"result\" {{ value = {{ values = {{ host = {host} }} }} }}\n");
    let plain = output("\"terraform\"");
    let own =
        format!("variable \"context\" {{ type = any }}\n{}", output("\"opentofu for ${var.context.resource.name}\""));
    let folder = modules(&[("m/main.tf", &plain), ("m/main.tofu", &own)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let expected = if is_opentofu() { "opentofu for db" } else { "terraform" };
    assert_eq!(server.properties(DB).await["host"], expected);
}

#[tokio::test]
async fn a_source_is_a_text_although_opentofu_would_evaluate_it() {
    if !has("terraform", "a_source_is_a_text_although_opentofu_would_evaluate_it") {
        return;
    }
    let (folder, outside) = (modules(&[]), modules(&[("main.tf", MODULE)]));
    let server = Server::new(folder.path()).await;
    let source = format!("${{\"{}\"}}", std::fs::canonicalize(outside.path()).unwrap().display());
    server.bind(entry(&source, json!({})), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.starts_with("code RecipeDownloadFailed"), "{message}");
}

#[tokio::test]
async fn another_recipe_goes_on_with_the_state_of_the_old_one() {
    if !has("terraform", "another_recipe_goes_on_with_the_state_of_the_old_one") {
        return;
    }
    let folder = modules(&[("one/main.tf", MODULE), ("two/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./one", json!({})), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let first = made(&server.states().await[0]);
    server.bind(entry("./two", json!({ "size": 2 })), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let states = server.states().await;
    assert_eq!((states.len(), made(&states[0])), (1, first));
}

#[tokio::test]
async fn what_terraform_would_read_itself_is_no_parameter() {
    let folder = modules(&[("m/main.tf", MODULE)]);
    let driver = TerraformDriver::default().with_program(Some("/nonexistent/terraform".into()));
    let server = Server::with(vec![Arc::new(driver.reading_from(Some(folder.path().to_owned())))]).await;
    server.bind(entry("./m", json!({ "source": "/other" })), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeValidationFailed");
    assert!(message.contains("`source`"), "{message}");
    server.bind(entry("./m", json!({})), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.contains("/nonexistent/terraform"), "{message}");
}

#[tokio::test]
async fn outputs_are_mapped_and_a_wrong_mapping_is_found_before_anything_is_made() {
    if !has("terraform", "outputs_are_mapped_and_a_wrong_mapping_is_found_before_anything_is_made") {
        return;
    }
    let module = "variable \"port\" {}\nresource \"terraform_data\" \"r\" { input = var.port }\n\
                  output \"hostname\" { value = \"h${terraform_data.r.output}\" }\n\
                  output \"key\" {\n  value = \"k\"\n  sensitive = true\n}\n";
    let folder = modules(&[("direct/main.tf", module)]);
    let server = Server::new(folder.path()).await;
    let mut recipes = entry("./direct", json!({ "port": "{{context.resource.properties.port}}" }));
    recipes[TYPE]["outputs"] = json!({ "host": "hostname", "secrets": { "password": "key" } });
    server.bind(recipes.clone(), json!({})).await;
    assert_eq!(server.settle(DB, json!({ "port": 6379 })).await.error, None);
    let properties = server.properties(DB).await;
    assert_eq!(properties["host"], "h6379");
    let secrets = properties["secrets"]["name"].as_str().unwrap();
    assert!(secrets.starts_with("db-") && secrets.ends_with("-secrets"), "{secrets}");
    recipes[TYPE]["outputs"] = json!({ "host": "address", "secrets": { "password": "gone" } });
    server.bind(recipes, json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({ "port": 1 })).await);
    assert_eq!(code, "InvalidRecipeOutputs");
    let expected = "recipe \"default\" for resource type \"Test.Db/databases\": invalid outputs mapping: no declared module \
                    output matches outputs[\"host\"] -> \"address\", secrets[\"password\"] -> \"gone\"; \
                    available module outputs: \"hostname\", \"key\"";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn modules_come_from_git_archives_and_not_from_anywhere_on_the_server() {
    let name = "modules_come_from_git_archives_and_not_from_anywhere_on_the_server";
    if !has("terraform", name) || !has("git", name) {
        return;
    }
    let folder = modules(&[("repo/inner/main.tf", MODULE)]);
    let repository = folder.path().join("repo");
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"],
        &["tag", "v1"],
    ] {
        assert!(Command::new("git").args(arguments).current_dir(&repository).status().unwrap().success());
    }
    let server = Server::new(folder.path()).await;
    let git = format!("git::file://{}//inner?ref=v1", std::fs::canonicalize(&repository).unwrap().display());
    server.bind(entry(&git, json!({})), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);

    let archive = folder.path().join("m.tar.gz");
    let packed =
        Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(repository.join("inner")).arg(".").status();
    assert!(packed.unwrap().success());
    let address = serve_file(std::fs::read(&archive).unwrap());
    server.bind(entry(&format!("http://{address}/m.tar.gz"), json!({ "size": 7 })), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(server.properties(DB).await["size"], 7);

    server.bind(entry(&format!("http://{address}/absent"), json!({})), json!({})).await;
    let operation = server.settle(DB, json!({})).await;
    let (code, message) = failure(&operation);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(
        message.starts_with("code RecipeDownloadFailed: err failed to download Terraform module from source"),
        "{message}"
    );
    assert_eq!(operation.error.unwrap().details[0].code, "RecipeDownloadFailed");
    server.bind(entry("/etc", json!({})), json!({})).await;
    assert_eq!(failure(&server.settle(DB, json!({})).await).0, "RecipeDownloadFailed");
}

/// Serves one file at `/m.tar.gz`, and nothing else.
fn serve_file(bytes: Vec<u8>) -> std::net::SocketAddr {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let is_file = String::from_utf8_lossy(&request[..count]).contains(" /m.tar.gz");
            let (status, body) = if is_file { ("200 OK", bytes.as_slice()) } else { ("404 Not Found", &[][..]) };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    address
}

#[tokio::test]
async fn variables_of_the_environment_reach_terraform_and_its_own_are_refused() {
    if !has("terraform", "variables_of_the_environment_reach_terraform_and_its_own_are_refused") {
        return;
    }
    let module = "variable \"context\" { type = any }\nresource \"terraform_data\" \"r\" {\n  provisioner \"local-exec\" {\n    \
                  command = \"test \\\"$REC_A\\\" = 1 && test -z \\\"$SECRET_OF_SERVER\\\"\"\n  }\n}\n";
    let folder = modules(&[("m/main.tf", module)]);
    let server = Server::new(folder.path()).await;
    let settings = id("Radius.Core/terraformSettings/ts").to_string();
    server.put("Radius.Core/terraformSettings/ts", json!({ "env": { "REC_A": "1" } })).await.unwrap();
    server.bind(entry("./m", json!({})), json!({ "terraformSettings": settings })).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    server.put("Radius.Core/terraformSettings/ts", json!({ "env": { "TF_VAR_x": "2" } })).await.unwrap();
    let failed = failure(&server.settle(DB, json!({})).await);
    let message = "failed to set environment variables: manual setting of env var \"TF_VAR_x\" detected";
    assert_eq!(failed, ("RecipeDeploymentFailed".to_owned(), message.to_owned()));
}

#[tokio::test]
async fn another_application_goes_on_with_the_state_of_the_resource() {
    if !has("terraform", "another_application_goes_on_with_the_state_of_the_resource") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let first = made(&server.states().await[0]);
    let environment = id("Radius.Core/environments/env").to_string();
    server.put("Radius.Core/applications/other", json!({ "environment": environment })).await.unwrap();
    let other = id("Radius.Core/applications/other").to_string();
    let operation = server.begin(DB, json!({ "environment": environment, "application": other })).await;
    server.work().await;
    assert_eq!(server.operation(operation).await.error, None);
    let states = server.states().await;
    assert_eq!((states.len(), made(&states[0])), (1, first));
}

#[tokio::test]
async fn a_module_that_reads_its_connections_is_destroyed_when_they_are_gone() {
    if !has("terraform", "a_module_that_reads_its_connections_is_destroyed_when_they_are_gone") {
        return;
    }
    let module = "variable \"context\" { type = any }\nlocals { cache = var.context.resource.connections.cache }\n\
                  resource \"terraform_data\" \"r\" { input = local.cache.id }\n\
                  output \"result\" { value = { values = { seen = local.cache.name } } }\n";
    let folder = modules(&[("m/main.tf", module)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    assert_eq!(server.settle("Test.Db/notes/cache", json!({ "text": "x" })).await.error, None);
    let connections = json!({ "cache": { "source": id("Test.Db/notes/cache").to_string() } });
    assert_eq!(server.settle(DB, json!({ "connections": connections })).await.error, None);
    assert_eq!(server.properties(DB).await["seen"], "cache");
    assert_eq!(server.delete("Test.Db/notes/cache").await.error, None);
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none() && server.states().await.is_empty());
}

#[tokio::test]
async fn a_deployment_says_inside_what_a_recipe_failed_of_and_is_mended_by_the_next() {
    if !has("terraform", "a_deployment_says_inside_what_a_recipe_failed_of_and_is_mended_by_the_next") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    let (environment, application) =
        (id("Radius.Core/environments/env").to_string(), id("Radius.Core/applications/app").to_string());
    let deploy = async |name: &str, fail: bool| {
        let properties = json!({ "environment": environment, "application": application, "recipe": { "parameters": { "fail": fail } } });
        let template = json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
            "resources": { "db": { "import": "radius", "type": format!("{TYPE}@2025-08-01-preview"),
                "properties": { "name": "db", "properties": properties } } } });
        let operation =
            server.deploy(&format!("Microsoft.Resources/deployments/{name}"), json!({ "template": template })).await;
        server.work().await;
        server.operation(operation).await
    };
    let error = deploy("first", true).await.error.unwrap();
    assert_eq!((error.code.as_str(), error.details.len()), ("DeploymentFailed", 1));
    let of_resource = &error.details[0];
    assert_eq!(
        (of_resource.code.as_str(), of_resource.target.clone()),
        ("ResourceDeploymentFailure", Some(id(DB).to_string()))
    );
    let of_recipe = &of_resource.details[0];
    assert_eq!(of_recipe.code, "RecipeDeploymentFailed");
    assert!(of_recipe.message.contains("asked to fail"), "{}", of_recipe.message);
    assert_eq!(deploy("second", false).await.error, None);
    assert_eq!(server.properties(DB).await["host"], "db-env.local");
}

/// The identity of the one resource of a state.
fn made(state: &str) -> Json {
    let state: Json = serde_json::from_str(state).unwrap();
    state["resources"][0]["instances"][0]["attributes"]["id"].clone()
}

#[tokio::test]
async fn what_a_killed_server_could_not_store_is_not_made_twice() {
    if !has("terraform", "what_a_killed_server_could_not_store_is_not_made_twice") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    server.settle(DB, json!({})).await;
    let state = server.states().await.remove(0);
    // Terraform went on alone when its server was killed, could not store the state, and left it in its folder.
    let mark = server.forget_states().await;
    let key: String = {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(id(DB).to_string().to_ascii_lowercase());
        digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
    };
    let left = tempfile::Builder::new().prefix(&format!("radii-terraform-{key}-")).tempdir().unwrap();
    std::fs::write(left.path().join("errored.tfstate"), &state).unwrap();
    std::fs::write(left.path().join(".radii-state"), &mark).unwrap();
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(made(&server.states().await[0]), made(&state));
    assert!(!left.path().exists());
    // The same when it is deleted next instead.
    server.forget_states().await;
    std::fs::create_dir(left.path()).unwrap();
    std::fs::write(left.path().join("errored.tfstate"), &state).unwrap();
    std::fs::write(left.path().join(".radii-state"), &mark).unwrap();
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.states().await.is_empty() && !left.path().exists());
}

#[tokio::test]
async fn a_dry_run_shows_what_terraform_would_change_and_changes_nothing() {
    if !has("terraform", "a_dry_run_shows_what_terraform_would_change_and_changes_nothing") {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    let (environment, application) =
        (id("Radius.Core/environments/env").to_string(), id("Radius.Core/applications/app").to_string());
    let template = json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": { "db": { "import": "radius", "type": format!("{TYPE}@2025-08-01-preview"),
            "properties": { "name": "db", "properties": { "environment": environment, "application": application } } } } });
    let ask = async |template: &Json| {
        let body = json!({ "properties": { "template": template } });
        let answer = server.state.host.act(&id("Microsoft.Resources/deployments/d"), "whatIf", &body).await.unwrap();
        answer["properties"]["changes"][0]["recipe"].clone()
    };
    let created = json!([{ "action": "create", "address": "module.default.terraform_data.db" }]);
    assert_eq!(ask(&template).await, json!({ "kind": "terraform", "path": "./m", "changes": created }));
    assert!(server.states().await.is_empty() && server.stored(DB).await.is_none());
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let before = server.states().await;
    assert_eq!(ask(&template).await["changes"], json!([]));
    server.bind(entry("./m", json!({ "size": 5 })), json!({})).await;
    let updated = json!([{ "action": "update", "address": "module.default.terraform_data.db" }]);
    assert_eq!(ask(&template).await["changes"], updated);
    server.bind(entry("./m", json!({ "fail": true })), json!({})).await;
    let error = ask(&template).await["error"]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("asked to fail"), "{error}");
    assert_eq!(server.states().await, before);
}

#[tokio::test]
async fn secrets_become_a_resource_of_their_own_and_go_with_their_owner() {
    if !has("terraform", "secrets_become_a_resource_of_their_own_and_go_with_their_owner") {
        return;
    }
    let keeper = "variable \"context\" { type = any }\nresource \"terraform_data\" \"s\" { input = keys(var.context.resource.properties.data) }\n\
                  output \"result\" { value = { values = {} } }\n";
    let plain = "variable \"context\" { type = any }\noutput \"result\" { value = { values = { host = \"h\" } } }\n";
    let folder = modules(&[("m/main.tf", MODULE), ("keeper/main.tf", keeper), ("plain/main.tf", plain)]);
    let server = Server::new(folder.path()).await;
    let mut recipes = entry("./m", json!({}));
    recipes["Radius.Security/secrets"] = json!({ "kind": "terraform", "source": "./keeper" });
    server.bind(recipes.clone(), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let name = server.properties(DB).await["secrets"]["name"].as_str().unwrap().to_owned();
    let path = format!("Radius.Security/secrets/{name}");
    let secret = server.stored(&path).await.unwrap();
    assert_eq!(secret.state, State::Succeeded);
    assert_eq!(secret.properties["data"], json!({ "password": { "value": null } }));
    assert_eq!(server.states().await.len(), 2);
    // A recipe that returns no secrets any more leaves none behind.
    recipes[TYPE]["source"] = json!("./plain");
    server.bind(recipes.clone(), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert!(server.stored(&path).await.is_none());
    assert!(server.properties(DB).await.get("secrets").is_none());
    recipes[TYPE]["source"] = json!("./m");
    server.bind(recipes, json!({})).await;
    server.settle(DB, json!({})).await;
    assert!(server.stored(&path).await.is_some());
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(&path).await.is_none() && server.states().await.is_empty());
}

#[tokio::test]
async fn a_connected_resources_secrets_are_told_and_do_not_come_back_as_values() {
    if !has("terraform", "a_connected_resources_secrets_are_told_and_do_not_come_back_as_values") {
        return;
    }
    let module = "variable \"context\" { type = any }\nlocals { other = var.context.resource.connections.other }\n\
                  resource \"terraform_data\" \"r\" { input = local.other.properties.password }\n\
                  output \"result\" { value = { values = { seen = local.other.name, size = length(local.other.properties.password), \
                  told = local.other }, secrets = { copy = local.other.properties.password } } }\n";
    let folder = modules(&[("m/main.tf", module), ("plain/main.tf", MODULE)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./plain", json!({})), json!({})).await;
    let (other, planted) = ("Test.Db/databases/other", "planted-hunter22");
    assert_eq!(server.settle(other, json!({ "password": planted })).await.error, None);
    server.bind(entry("./m", json!({})), json!({})).await;
    let connections = json!({ "other": { "source": id(other).to_string() } });
    assert_eq!(server.settle(DB, json!({ "connections": connections })).await.error, None);
    let properties = server.properties(DB).await;
    assert_eq!((&properties["seen"], &properties["size"]), (&json!("other"), &json!(planted.len())));
    assert_eq!(properties["status"]["computedValues"]["told"]["properties"]["password"], Json::Null);
    let codes: Vec<&str> = properties["status"]["degradations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"RecipeValuesHidden"), "{codes:?}");
    assert!(!server.shown().await.contains(planted));
    assert_eq!(server.delete(DB).await.error, None);
}

#[tokio::test]
async fn secrets_that_terraform_prints_are_struck_out() {
    if !has("terraform", "secrets_that_terraform_prints_are_struck_out") {
        return;
    }
    let module = "variable \"context\" { type = any }\nresource \"terraform_data\" \"r\" {\n  provisioner \"local-exec\" {\n    \
                  command = \"echo ${var.context.resource.properties.password} >&2; exit 3\"\n  }\n}\n";
    let folder = modules(&[("m/main.tf", module)]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./m", json!({})), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({ "password": "hunter22-hunter22" })).await);
    assert_eq!(code, "RecipeDeploymentFailed");
    assert!(message.contains("(sensitive value)") && !message.contains("hunter22"), "{message}");
}
