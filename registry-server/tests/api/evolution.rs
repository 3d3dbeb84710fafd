use serde_json::{Value as Json, json};

use crate::app::{TestApp, VERSION, thing, things_provider};

const STABLE: &str = "2025-01-01";

fn version(name: &str) -> String {
    format!("{}/resourcetypes/things/apiversions/{name}", things_provider())
}

fn schema(properties: &Json) -> Json {
    json!({ "properties": { "schema": { "type": "object", "properties": properties } } })
}

#[tokio::test]
async fn a_stable_version_keeps_its_promises_to_the_resources_there_are() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let operator = app.operator();
    let (wide, narrow) =
        (schema(&json!({ "a": { "type": "string" } })), schema(&json!({ "a": { "type": "integer" } })));
    operator.accepted(&version(STABLE), &wide).await;
    operator.accepted(&version(STABLE), &narrow).await;
    operator.accepted(&version(STABLE), &wide).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
    let refused = operator.put(&version(STABLE), &narrow).await;
    assert_eq!((refused.status, refused.error().0), (409, "Conflict".to_owned()));
    assert!(!refused.details().is_empty(), "{refused:?}");
    let wider = schema(&json!({ "a": { "type": "string" }, "b": { "type": "string" } }));
    operator.accepted(&version(STABLE), &wider).await;
    operator.accepted(&format!("{}?force=true", version(STABLE)), &narrow).await;
}

#[tokio::test]
async fn a_preview_version_may_change_at_will() {
    let app = TestApp::new().await.with_things(&json!({ "type": "object" })).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": {} })).await;
    app.operator().accepted(&version(VERSION), &schema(&json!({ "a": { "type": "integer" } }))).await;
    app.operator().accepted(&version(VERSION), &schema(&json!({ "a": { "type": "string" } }))).await;
}
