//! Recipes of kind `bicep`: templates from files and from a registry, executed by the server's own engine.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

use crate::server::{Server, failure, id, modules};

const DB: &str = "Test.Db/databases/db";
const TYPE: &str = "Test.Db/databases";

/// A template that makes a note called by its parameter, and returns what it was told.
fn template(note: &str) -> Json {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "languageVersion": "2.1-experimental", "contentVersion": "1.0.0.0",
        "imports": { "Radius": { "provider": "Radius", "version": "latest" } },
        "parameters": { "context": { "type": "object" }, "note": { "type": "string", "defaultValue": note } },
        "resources": { "note": { "import": "Radius", "type": "Test.Db/notes@2025-08-01-preview",
            "properties": { "name": "[parameters('note')]", "properties": { "text": "[parameters('context').resource.name]",
                "environment": "[parameters('context').environment.id]" } } } },
        "outputs": { "result": { "type": "object", "value": {
            "values": { "host": "[format('{0}.{1}', parameters('context').resource.name, parameters('context').Environment.Name)]" },
            "secrets": { "password": "hunter2" } } } },
    })
}

fn entry(source: &str, parameters: Json) -> Json {
    json!({ TYPE: { "kind": "bicep", "source": source, "plainHttp": true, "parameters": parameters } })
}

fn has(server_has: Option<radii_runtime::store::Record>) -> bool {
    server_has.is_some()
}

#[tokio::test]
async fn a_template_makes_resources_that_go_with_the_new_version_or_with_the_owner() {
    let folder = modules(&[("r.json", &template("a").to_string())]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./r.json", json!({})), json!({})).await;
    let operation = server.settle(DB, json!({})).await;
    assert_eq!(operation.error, None);
    let properties = server.properties(DB).await;
    assert_eq!(properties["host"], "db.env");
    assert_eq!(properties["status"]["outputResources"][0]["id"], id("Test.Db/notes/a").to_string());
    assert_eq!(properties["status"]["recipe"], json!({ "templateKind": "bicep", "templatePath": "./r.json" }));
    assert_eq!(server.properties("Test.Db/notes/a").await["text"], "db");
    let shown = format!("{:?}", server.stored(DB).await.unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");

    server.bind(entry("./r.json", json!({ "note": "b" })), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert!(!has(server.stored("Test.Db/notes/a").await) && has(server.stored("Test.Db/notes/b").await));
    assert_eq!(server.delete(DB).await.error, None);
    assert!(!has(server.stored("Test.Db/notes/b").await) && !has(server.stored(DB).await));
}

#[tokio::test]
async fn a_template_is_told_secrets_that_no_answer_shows() {
    let mut telling = template("a");
    telling["resources"]["note"]["properties"]["properties"]["text"] =
        json!("[format('{0}', length(parameters('context').resource.properties.password))]");
    let folder = modules(&[("r.json", &telling.to_string())]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./r.json", json!({})), json!({})).await;
    let planted = "planted-hunter22";
    let operation = server
        .begin(DB, json!({ "environment": id("Radius.Core/environments/env").to_string(), "password": planted }))
        .await;
    // The deployment stands there until its end is seen.
    let mut shown = String::new();
    while !server.operation(operation).await.state.is_terminal() {
        server.step().await;
        shown.push_str(&server.shown().await);
    }
    assert_eq!(server.operation(operation).await.error, None);
    assert!(shown.contains("Microsoft.Resources/deployments") && !shown.contains(planted), "{shown}");
    assert_eq!(server.properties("Test.Db/notes/a").await["text"], planted.len().to_string());
}

#[tokio::test]
async fn what_a_failed_template_made_is_known_and_removed() {
    let mut broken = template("a");
    broken["resources"]["second"] = json!({ "import": "Radius", "type": "Test.Db/notes@2025-08-01-preview", "dependsOn": ["note"],
        "properties": { "name": "c", "properties": { "text": 5 } } });
    let folder = modules(&[("r.json", &broken.to_string())]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./r.json", json!({})), json!({})).await;
    let operation = server.settle(DB, json!({})).await;
    let (code, message) = failure(&operation);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("RecipeDeploymentFailed", "failed to deploy recipe default of type Test.Db/databases")
    );
    assert_eq!(operation.error.unwrap().details[0].code, "DeploymentFailed");
    assert!(has(server.stored("Test.Db/notes/a").await));
    assert_eq!(server.delete(DB).await.error, None);
    assert!(!has(server.stored("Test.Db/notes/a").await));
}

#[tokio::test]
async fn what_cannot_be_deleted_stays_known_until_it_can() {
    if !crate::terraform::has("terraform", "what_cannot_be_deleted_stays_known_until_it_can") {
        return;
    }
    let folder = modules(&[]);
    let closed = folder.path().join("closed");
    // Its destruction fails as long as the file is there.
    let keeper = format!(
        "resource \"terraform_data\" \"s\" {{\n  provisioner \"local-exec\" {{\n    when    = destroy\n    \
         command = \"test ! -e {}\"\n  }}\n}}\n",
        closed.display()
    );
    let mut making = template("a");
    making["resources"]["note"]["type"] = json!("Radius.Security/secrets@2025-08-01-preview");
    making["resources"]["note"]["properties"]["properties"] =
        json!({ "environment": "[parameters('context').environment.id]", "data": { "k": { "value": "v" } } });
    for (name, text) in [("keeper/main.tf", keeper), ("r.json", making.to_string())] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let server = Server::new(folder.path()).await;
    let recipes = |note: &str| {
        let mut recipes = entry("./r.json", json!({ "note": note }));
        recipes["Radius.Security/secrets"] = json!({ "kind": "terraform", "source": "./keeper" });
        recipes
    };
    server.bind(recipes("a"), json!({})).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    std::fs::write(&closed, "").unwrap();
    server.bind(recipes("b"), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeGarbageCollectionFailed");
    assert!(message.contains(&id("Radius.Security/secrets/a").to_string()), "{message}");
    assert!(
        has(server.stored("Radius.Security/secrets/a").await) && has(server.stored("Radius.Security/secrets/b").await)
    );
    std::fs::remove_file(&closed).unwrap();
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert!(!has(server.stored("Radius.Security/secrets/a").await));
    assert_eq!(server.delete(DB).await.error, None);
    assert!(!has(server.stored("Radius.Security/secrets/b").await) && server.states().await.is_empty());
}

#[tokio::test]
async fn a_parameter_that_the_template_lacks_is_refused_before_anything_is_made() {
    let folder = modules(&[("r.json", &template("a").to_string())]);
    let server = Server::new(folder.path()).await;
    server.bind(entry("./r.json", json!({ "unknown": 1 })), json!({})).await;
    let operation = server.settle(DB, json!({})).await;
    assert_eq!(failure(&operation).0, "RecipeDeploymentFailed");
    assert_eq!(operation.error.unwrap().details[0].code, "InvalidTemplate");
    assert!(!has(server.stored("Test.Db/notes/a").await));
    server.bind(entry("/etc/hostname", json!({})), json!({})).await;
    assert_eq!(failure(&server.settle(DB, json!({})).await).0, "RecipeDownloadFailed");
}

/// A registry that ends with the test.
struct Registry(Child);

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whom a registry lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Only who says [`LOGIN`].
    Closed,
}

/// Name and password, and the same as the registry reads it.
const LOGIN: (&str, &str) = ("puller", "hunter22");
const PASSWORDS: &str = "puller:$2y$05$abcdefghijklmnopqrstuuZ6QNu0NKXZkZHC5hsQUItfxcGamvB8i\n";

fn registry(folder: &Path, door: Door) -> Option<(Registry, String)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut config = format!(
        "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {address}}}\n",
        folder.display()
    );
    if door == Door::Closed {
        let passwords = folder.join("passwords");
        std::fs::write(&passwords, PASSWORDS).unwrap();
        config.push_str(&format!("auth: {{htpasswd: {{realm: recipes, path: {}}}}}\n", passwords.display()));
    }
    std::fs::write(folder.join("registry.yml"), config).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.join("registry.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(child) = command.spawn() else {
        eprintln!("skipped: templates from a registry need `docker-registry`, which is not installed");
        return None;
    };
    let registry = Registry(child);
    for _ in 0..400 {
        if std::net::TcpStream::connect(&address).is_ok() {
            return Some((registry, address));
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("the registry does not listen");
}

/// Pushes a template as recipes are published; returns the digest of the manifest.
async fn publish(address: &str, template: &Json, door: Door) -> String {
    use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
    let client = oci_client::Client::new(ClientConfig { protocol: ClientProtocol::Http, ..ClientConfig::default() });
    let reference: oci_client::Reference = format!("{address}/recipes/db:1").parse().unwrap();
    let layer = ImageLayer::new(
        template.to_string().into_bytes(),
        "application/vnd.ms.bicep.module.layer.v1+json".into(),
        None,
    );
    let config = Config::new(b"{}".to_vec(), "application/vnd.ms.bicep.module.config.v1+json".into(), None);
    let auth = match door {
        Door::Open => oci_client::secrets::RegistryAuth::Anonymous,
        Door::Closed => oci_client::secrets::RegistryAuth::Basic(LOGIN.0.to_owned(), LOGIN.1.to_owned()),
    };
    client.push(&reference, &[layer], config, &auth, None).await.unwrap();
    client.fetch_manifest_digest(&reference, &auth).await.unwrap()
}

#[tokio::test]
async fn templates_are_pulled_by_tag_and_by_digest() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_registry, address)) = registry(folder.path(), Door::Open) else { return };
    let server = Server::new(folder.path()).await;
    let digest = publish(&address, &template("pulled"), Door::Open).await;
    for source in [
        format!("{address}/recipes/db:1"),
        format!("{address}/recipes/db@{digest}"),
        format!("http://{address}/recipes/db:1"),
    ] {
        server.bind(entry(&source, json!({})), json!({})).await;
        assert_eq!(server.settle(DB, json!({})).await.error, None, "{source}");
        assert_eq!(server.properties(DB).await["host"], "db.env");
    }
    // Nothing is asked without TLS unless the recipe says so.
    for (source, words) in
        [(format!("{address}/recipes/db:1"), "https"), (format!("http://{address}/recipes/db:1"), "plainHttp: true")]
    {
        let mut recipes = entry(&source, json!({}));
        recipes[TYPE]["plainHttp"] = false.into();
        server.bind(recipes, json!({})).await;
        let (code, message) = failure(&server.settle(DB, json!({})).await);
        assert_eq!(code, "RecipeDownloadFailed");
        assert!(message.contains(words), "{message}");
    }
    for (source, words) in [
        (format!("{address}/recipes/db:2"), "db:2"),
        ("not a ref".to_owned(), "not a ref"),
        (format!("ftp://{address}/x:1"), "scheme"),
    ] {
        server.bind(entry(&source, json!({})), json!({})).await;
        let operation = server.settle(DB, json!({})).await;
        let (code, message) = failure(&operation);
        assert_eq!(code, "RecipeDownloadFailed");
        assert!(message.contains("failed to fetch repository from the path") && message.contains(words), "{message}");
        assert_eq!(operation.error.unwrap().details[0].code, "RecipeLanguageFailure");
    }
}

#[tokio::test]
async fn a_closed_registry_is_opened_by_the_login_of_the_environment() {
    let folder = modules(&[("keep.json", &json!({ "resources": [], "outputs": {} }).to_string())]);
    let Some((_registry, address)) = registry(folder.path(), Door::Closed) else { return };
    let server = Server::new(folder.path()).await;
    publish(&address, &template("pulled"), Door::Closed).await;
    let mut recipes = entry(&format!("{address}/recipes/db:1"), json!({}));
    recipes["Radius.Security/secrets"] = json!({ "kind": "bicep", "source": "./keep.json" });
    server.bind(recipes.clone(), json!({})).await;
    let (code, message) = failure(&server.settle(DB, json!({})).await);
    assert_eq!(code, "RecipeDownloadFailed", "{message}");
    let data =
        json!({ "username": { "value": LOGIN.0 }, "password": { "encoding": "base64", "value": "aHVudGVyMjI=" } });
    assert_eq!(server.settle("Radius.Security/secrets/login", json!({ "data": data })).await.error, None);
    let login = id("Radius.Security/secrets/login").to_string();
    let authentication = json!({ address: { "authenticationMethod": "BasicAuth", "basicAuthSecretId": login } });
    server.put("Radius.Core/bicepSettings/bs", json!({ "registryAuthentications": authentication })).await.unwrap();
    server.bind(recipes, json!({ "bicepSettings": id("Radius.Core/bicepSettings/bs").to_string() })).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    assert_eq!(server.properties(DB).await["host"], "db.env");
    assert!(!server.shown().await.contains(LOGIN.1));
}

const IMAGE: &str = "Radius.Compute/containerImages/web";

/// A recipe that builds an image by a script, with these flags.
fn building(script: &str, flags: Json) -> Json {
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "languageVersion": "2.0", "contentVersion": "1.0.0.0",
        "parameters": { "context": { "type": "object" }, "registry": { "type": "string" } },
        "variables": { "radiusContainerImagesBuildScript": script },
        "resources": {},
        "outputs": { "imageBuild": { "type": "object", "value": flags } },
    })
}

fn images(source: &str, parameters: Json) -> Json {
    json!({ "Radius.Compute/containerImages": { "kind": "bicep", "source": source, "parameters": parameters } })
}

/// What a resource says of its image; `recipe` has parameters of the developer's own.
fn image(recipe: Json) -> Json {
    json!({ "build": { "source": "git::https://example.com/web.git" }, "recipe": recipe })
}

#[tokio::test]
async fn an_image_is_built_by_the_script_of_its_recipe_for_the_operators_registry() {
    // A variable of the server's own, which the script must not see.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let script = r#"set -eu
test -z "${CARGO_MANIFEST_DIR:-}"
echo "building $*"
printf '{"imageReference": "%s"}' "$(echo "$*" | tr ' ' '_')" > "$RADIUS_EXEC_OUTPUT""#;
    let flags = json!({ "context": "git://example.com/web", "registry": "evil.example.com", "push": true });
    let folder = modules(&[("r.json", &building(script, flags).to_string())]);
    let server = Server::new(folder.path()).await;
    server.bind(images("./r.json", json!({ "registry": "registry.example.com/team" })), json!({})).await;
    let developers = json!({ "parameters": { "registry": "evil.example.com" } });
    let operation = server.settle(IMAGE, image(developers)).await;
    assert_eq!(operation.error, None);
    let properties = server.properties(IMAGE).await;
    let wanted = "--context_git://example.com/web_--push_--registry_registry.example.com/team";
    assert_eq!(properties["imageReference"], wanted);
    assert!(properties["status"]["computedValues"].get("imageBuild").is_none());
    assert_eq!(server.delete(IMAGE).await.error, None);
}

#[tokio::test]
async fn an_image_that_is_not_built_says_what_the_script_said() {
    let answers = |text: &str| format!("printf '%s' '{text}' > \"$RADIUS_EXEC_OUTPUT\"");
    let registry = json!({ "registry": "registry.example.com" });
    for (script, parameters, said) in [
        ("echo no space left >&2; exit 3".to_owned(), registry.clone(), "no space left"),
        ("true".to_owned(), registry.clone(), "without writing `imageReference`"),
        (answers(r#"{"imageReference":"a","more":1}"#), registry.clone(), "and nothing else"),
        ("[concat('a')]".to_owned(), registry.clone(), "must hold the script itself"),
        (String::new(), registry, "is missing or empty"),
        ("true".to_owned(), json!({}), "need the parameter `registry`"),
    ] {
        let mut template = building(&script, json!({ "context": "." }));
        template["parameters"]["registry"]["defaultValue"] = json!("");
        let folder = modules(&[("r.json", &template.to_string())]);
        let server = Server::new(folder.path()).await;
        server.bind(images("./r.json", parameters), json!({})).await;
        let (code, message) = failure(&server.settle(IMAGE, image(json!({}))).await);
        assert_eq!(code, "RecipeDeploymentFailed", "{message}");
        assert!(message.contains(said), "{message}");
        assert_eq!(server.delete(IMAGE).await.error, None);
    }
}
