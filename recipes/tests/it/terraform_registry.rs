//! Modules of a registry, which is asked over TLS and with its token, with a real Terraform.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use radii_runtime::store::State;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::server::{Server, failure, id, modules};
use crate::terraform::{DB, MODULE, entry, has};

/// Makes a certificate for this machine, which is its own authority; `false` when there is no program for it.
fn make_certificate(folder: &Path) -> bool {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry"]);
    openssl.args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]);
    openssl.current_dir(folder).output().is_ok_and(|output| output.status.success())
}

/// A registry of one module; it keeps what it is asked, and answers only those that have its token.
struct Registry {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start(folder: &Path, module: &Path) -> Self {
        let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, module) = (Arc::clone(&asked), format!("file://{}", module.display()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not trust the certificate goes away in the middle.
                let _ = answer(StreamOwned::new(connection, stream.unwrap()), &kept, &module);
            }
        });
        Self { address, asked }
    }
}

fn answer(stream: impl Read + Write, asked: &Mutex<Vec<String>>, module: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut has_token = false;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        has_token |= line.trim_end().eq_ignore_ascii_case("authorization: bearer t0ken");
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    let (status, more, body) = match path.as_str() {
        "/.well-known/terraform.json" => ("200 OK", String::new(), r#"{"modules.v1":"/v1/modules/"}"#),
        _ if !has_token => ("401 Unauthorized", String::new(), ""),
        "/v1/modules/ns/db/prov/versions" => {
            ("200 OK", String::new(), r#"{"modules":[{"versions":[{"version":"1.0.0"},{"version":"1.1.0"}]}]}"#)
        }
        "/v1/modules/ns/db/prov/1.0.0/download" => ("204 No Content", format!("X-Terraform-Get: {module}\r\n"), ""),
        _ => ("404 Not Found", String::new(), ""),
    };
    let kind = "Content-Type: application/json\r\n";
    let head = format!("HTTP/1.1 {status}\r\n{kind}{more}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.flush()
}

#[tokio::test]
async fn a_module_comes_from_a_private_registry_in_the_version_that_the_recipe_names() {
    let name = "a_module_comes_from_a_private_registry_in_the_version_that_the_recipe_names";
    if !has("terraform", name) || !has("openssl", name) {
        return;
    }
    let folder = modules(&[("m/main.tf", MODULE), ("keeper/main.tf", "output \"x\" { value = 1 }\n")]);
    assert!(make_certificate(folder.path()), "openssl makes no certificate");
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
