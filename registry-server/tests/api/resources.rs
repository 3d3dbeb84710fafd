use http::Method;
use serde_json::json;

use crate::app::{BASE, TestApp, VERSION, thing};

#[tokio::test]
async fn a_resource_lives_from_put_to_delete() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    let developer = app.developer();
    let body = json!({ "location": "west", "tags": { "team": "a" }, "properties": { "size": "S" } });
    let answer = developer.accepted(&thing("db"), &body).await;
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(answer.json()["properties"], json!({ "size": "S", "provisioningState": "Accepted" }));
    assert_eq!(developer.poll(&answer).await["status"], "Accepted");
    app.work().await;
    assert_eq!(developer.poll(&answer).await["status"], "Succeeded");
    let shown = developer.get(&thing("DB")).await;
    assert_eq!(
        shown.json(),
        json!({
            "id": thing("db"), "name": "db", "type": "Contoso.Data/things", "location": "global",
            "tags": { "team": "a" }, "properties": { "size": "S", "provisioningState": "Succeeded" },
        })
    );
    let list = developer.get("/planes/radius/local/providers/Contoso.Data/things").await;
    assert_eq!(list.names(), ["db"]);
    let deletion = developer.delete(&thing("db")).await;
    assert_eq!(deletion.status, 202);
    app.work().await;
    assert_eq!(developer.poll(&deletion).await["status"], "Succeeded");
    assert_eq!(developer.get(&thing("db")).await.status, 404);
    assert_eq!(developer.delete(&thing("db")).await.status, 204);
}

#[tokio::test]
async fn running_operations_say_when_to_ask_again() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    let developer = app.developer();
    let answer = developer.accepted(&thing("db"), &json!({ "properties": {} })).await;
    let path = |header: &str| answer.header(header).strip_prefix("http://radii.example.com").unwrap().to_owned();
    let get = async |path: String| developer.send(Method::GET, &path, &[], Vec::new()).await;
    assert_eq!(get(path("azure-asyncoperation")).await.header("retry-after"), "1");
    let result = get(path("location")).await;
    assert_eq!((result.status, result.header("retry-after")), (202, "5"));
    app.work().await;
    assert_eq!(get(path("location")).await.status, 204);
    let busy = developer.put(&thing("db"), &json!({ "properties": {} })).await;
    assert_eq!(busy.status, 201);
    let refused = developer.put(&thing("db"), &json!({ "properties": {} })).await;
    assert_eq!(refused.error().1, "The target resource is in progress state: Accepted.");
}

#[tokio::test]
async fn what_is_missing_is_named_in_the_contracts_order() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let developer = app.developer();
    let message = async |path: &str| developer.get(path).await.error().1;
    let group = "/planes/radius/local/resourcegroups/none/providers/Contoso.Data/things/x";
    assert!(message(group).await.ends_with("resource group \"/planes/radius/local/resourcegroups/none\" not found"));
    let kind = "/planes/radius/local/resourcegroups/shop/providers/Contoso.Data/others/x";
    assert!(message(kind).await.starts_with("resource type \"Contoso.Data/others\" is not registered."));
    let unversioned = format!("{BASE}{}", thing("x"));
    let answer = developer.send(Method::GET, &unversioned, &[], Vec::new()).await;
    assert_eq!(answer.error().1, "the api-version query parameter is required");
    let answer = developer.send(Method::GET, &format!("{unversioned}?api-version=2030-01-01"), &[], Vec::new()).await;
    assert!(answer.error().1.contains("api version \"2030-01-01\" is not supported"));
}

#[tokio::test]
async fn actions_and_patches_of_user_defined_types_are_refused() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let developer = app.developer();
    let uri = |tail: &str| format!("{BASE}{}{tail}?api-version={VERSION}", thing("x"));
    let json = [("content-type", "application/json")];
    let action = developer.send(Method::POST, &uri("/listSecrets"), &json, b"{}".to_vec()).await;
    assert_eq!(action.error().1, format!("The request 'POST {}/listSecrets' is invalid.", thing("x")));
    let patch = developer.send(Method::PATCH, &uri(""), &json, b"{}".to_vec()).await;
    assert_eq!(patch.status, 405);
}

#[tokio::test]
async fn bad_names_are_refused_at_once() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let long = "a".repeat(64);
    for name in ["a%20b", "..", "a%2Fb", "a%00b", "%C3%A4", long.as_str()] {
        let answer = app.developer().put(&thing(name), &json!({ "properties": {} })).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
    }
}
