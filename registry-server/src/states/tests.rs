use std::sync::Arc;

use radii_runtime::SystemClock;
use radii_runtime::memory::MemoryStore;
use radii_runtime::recipe::{Grant, States};
use serde_json::{Value as Json, json};

use super::StateBackend;

async fn call(grant: &Grant, method: &str, query: &str, body: &Json) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .request(method.parse().unwrap(), format!("{}{query}", grant.address))
        .basic_auth(&grant.username, Some(&grant.password))
        .body(if body.is_null() { String::new() } else { body.to_string() });
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn status(grant: &Grant, method: &str, query: &str, body: &Json) -> u16 {
    call(grant, method, query, body).await.0
}

fn backend() -> Arc<StateBackend> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clock = Arc::new(SystemClock);
    StateBackend::new(Arc::new(MemoryStore::with_clock(clock.clone())), clock)
}

#[tokio::test]
async fn a_state_is_locked_written_read_and_removed_as_terraform_does_it() {
    let states = backend();
    let grant = states.grant("abc").await.unwrap();
    assert_eq!(status(&grant, "GET", "", &Json::Null).await, 404);
    let lock = json!({ "ID": "one", "Who": "me" });
    assert_eq!(status(&grant, "LOCK", "", &lock).await, 200);
    let (held, holder) = call(&grant, "LOCK", "", &json!({ "ID": "two" })).await;
    assert_eq!((held, serde_json::from_str::<Json>(&holder).unwrap()), (423, lock.clone()));
    assert_eq!(status(&grant, "POST", "?ID=two", &json!({ "serial": 0 })).await, 409);
    assert_eq!(status(&grant, "POST", "?ID=one", &json!({ "serial": 1 })).await, 200);
    assert_eq!(status(&grant, "UNLOCK", "", &json!({ "ID": "two" })).await, 409);
    assert_eq!(status(&grant, "UNLOCK", "", &lock).await, 200);
    assert_eq!(call(&grant, "GET", "", &Json::Null).await, (200, "{\"serial\":1}".to_owned()));
    assert_eq!(states.find("abc").await.unwrap().as_deref(), Some("{\"serial\":1}"));
    states.remove("abc").await.unwrap();
    assert_eq!(states.find("abc").await.unwrap(), None);
}

#[tokio::test]
async fn a_newer_run_ends_the_lock_and_the_writes_of_an_older_one() {
    let states = backend();
    let old = states.grant("abc").await.unwrap();
    assert_eq!(status(&old, "LOCK", "", &json!({ "ID": "old" })).await, 200);
    let new = states.grant("abc").await.unwrap();
    assert_eq!(status(&new, "LOCK", "", &json!({ "ID": "new" })).await, 200);
    assert_eq!(status(&old, "POST", "?ID=old", &json!({})).await, 403);
    assert_eq!(status(&old, "GET", "", &Json::Null).await, 403);
    assert!(states.rescue(&old, "{}").await.is_err());
    states.rescue(&new, "{\"serial\":2}").await.unwrap();
    assert_eq!(status(&new, "LOCK", "", &json!({ "ID": "again" })).await, 200);
}

#[tokio::test]
async fn strangers_and_what_is_no_state_are_refused() {
    let states = backend();
    let mut grant = states.grant("abc").await.unwrap();
    assert_eq!(status(&grant, "POST", "", &json!("x")).await, 200);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(&grant.address).send().await.unwrap().status(), 401);
    let text = client.post(&grant.address).basic_auth("recipe", Some(&grant.password)).body("not json");
    assert_eq!(text.send().await.unwrap().status(), 400);
    assert_eq!(status(&grant, "PATCH", "", &Json::Null).await, 405);
    grant.password = "guess".to_owned();
    assert_eq!(status(&grant, "GET", "", &Json::Null).await, 403);
    assert_eq!(status(&grant, "POST", "", &json!({})).await, 403);
    assert!(states.grant("../x").await.is_err());
}
