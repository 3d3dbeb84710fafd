//! Modules of a registry, which is asked over TLS and with its token, with a real Terraform.

use std::path::Path;
use std::sync::{Arc, Mutex};

use radii_runtime::store::State;
use serde_json::json;

use crate::server::{Server, failure, id, modules};
use crate::terraform::{DB, MODULE, entry, has};
use crate::tls::{self, Answer, Request};

/// A registry of one module; it keeps what it is asked, and answers only those that have its token.
struct Registry {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start(folder: &Path, module: &Path) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, module) = (Arc::clone(&asked), format!("file://{}", module.display()));
        let address = tls::serve(folder, move |request| {
            kept.lock().unwrap().push(request.target.clone());
            answer(&request, &module)
        });
        Self { address, asked }
    }
}

fn answer(request: &Request, module: &str) -> Answer {
    let has_token = request.header("authorization") == Some("Bearer t0ken");
    let answer = match request.target.as_str() {
        "/.well-known/terraform.json" => Answer::of("200 OK", r#"{"modules.v1":"/v1/modules/"}"#),
        _ if !has_token => Answer::of("401 Unauthorized", ""),
        "/v1/modules/ns/db/prov/versions" => {
            Answer::of("200 OK", r#"{"modules":[{"versions":[{"version":"1.0.0"},{"version":"1.1.0"}]}]}"#)
        }
        "/v1/modules/ns/db/prov/1.0.0/download" => Answer::of("204 No Content", "").with("X-Terraform-Get", module),
        _ => Answer::of("404 Not Found", ""),
    };
    answer.with("Content-Type", "application/json")
}

#[tokio::test]
async fn a_module_comes_from_a_private_registry_in_the_version_that_the_recipe_names() {
    let name = "a_module_comes_from_a_private_registry_in_the_version_that_the_recipe_names";
    if !has("terraform", name) || !has("openssl", name) {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE), ("keeper/main.tf", "output \"x\" { value = 1 }\n")]);
    tls::make_certificate(folder.path());
    let server = Server::new(folder.path()).await;
    let module = std::fs::canonicalize(folder.path().join("m")).unwrap();
    let registry = Registry::start(folder.path(), &module);
    let source = format!("{}/ns/db/prov:1.0.0", registry.address);
    let mut recipes = entry(&source, json!({ "size": 4 }));
    recipes["Radius.Security/secrets"] = json!({ "kind": "terraform", "source": "./keeper" });
    server.bind(recipes.clone(), json!({})).await;
    // Without its token the registry says nothing.
    let trust = json!({ "SSL_CERT_FILE": folder.path().join("cert.pem") });
    server.put("Radius.Core/terraformSettings/ts", json!({ "env": trust })).await.unwrap();
    let settings = json!({ "terraformSettings": id("Radius.Core/terraformSettings/ts").to_string() });
    server.bind(recipes.clone(), settings.clone()).await;
    let (_, message) = failure(&server.settle(DB, json!({})).await);
    assert!(message.contains("failed to download Terraform module from source"), "{message}");
    let token =
        server.settle("Radius.Security/secrets/token", json!({ "data": { "token": { "value": "t0ken" } } })).await;
    assert_eq!(token.state, State::Succeeded, "{:?}", token.error);
    let secret = id("Radius.Security/secrets/token").to_string();
    let terraformrc = json!({ "credentials": { registry.address.clone(): { "secret": secret } } });
    server.put("Radius.Core/terraformSettings/ts", json!({ "env": trust, "terraformrc": terraformrc })).await.unwrap();
    server.bind(recipes, settings).await;
    assert_eq!(server.settle(DB, json!({})).await.error, None);
    let properties = server.properties(DB).await;
    assert_eq!((&properties["host"], &properties["size"]), (&json!("db-env.local"), &json!(4)));
    assert!(registry.asked.lock().unwrap().iter().any(|path| path.ends_with("/1.0.0/download")));
    assert_eq!(server.delete(DB).await.error, None);
    assert!(server.stored(DB).await.is_none());
}
