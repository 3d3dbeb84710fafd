//! State that is kept by a backend of the environment's own, with a real Terraform.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::server::{Server, failure, id, modules};
use crate::terraform::{DB, entry, has};

const SETTINGS: &str = "Radius.Core/terraformSettings/ts";
const MODULE: &str =
    "variable \"context\" { type = any }\nresource \"terraform_data\" \"r\" { input = var.context.resource.name }\n";

type States = Arc<Mutex<BTreeMap<String, String>>>;

/// A place for states: it keeps what is posted under its path, and knows `Basic` authentication when it is seen.
fn keep_states() -> (SocketAddr, States) {
    let states = States::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::clone(&states);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
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
        _ if !is_known => ("401 Unauthorized", String::new()),
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
    json!({ "type": "http", "config": { "address": format!("http://{address}/states"), "username": "user",
        "password": "hunter2" } })
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
