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

fn ruled(rule: &str) -> Json {
    let properties = json!({ "min": { "type": "integer" }, "max": { "type": "integer" } });
    let mut body = schema(&properties);
    body["properties"]["schema"]["required"] = json!(["min", "max"]);
    body["properties"]["schema"]["x-radii-validations"] =
        json!([{ "rule": rule, "message": "min is above max", "path": "min", "reason": "MinAboveMax" }]);
    body
}

#[tokio::test]
async fn rules_are_compiled_when_a_version_is_registered_and_enforced_from_then_on() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let operator = app.operator();
    let refused = operator.put(&version(VERSION), &ruled("self.mni <= self.max")).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.error().1.contains("there is no property `mni`; did you mean `min`?"), "{refused:?}");
    operator.accepted(&version(VERSION), &ruled("self.min <= self.max")).await;
    let developer = app.developer();
    developer.accepted(&thing("one"), &json!({ "properties": { "min": 1, "max": 2 } })).await;
    let refused = developer.put(&thing("two"), &json!({ "properties": { "min": 3, "max": 2 } })).await;
    assert_eq!(refused.status, 400);
    let detail = &refused.json()["error"]["details"][0];
    assert_eq!(
        (&detail["code"], &detail["target"], &detail["message"]),
        (&json!("MinAboveMax"), &json!("/properties/min"), &json!("min is above max"))
    );
}

#[tokio::test]
async fn a_rule_that_is_added_to_a_stable_version_is_a_breaking_change() {
    let app = TestApp::new().await.with_things(&json!({})).await;
    let operator = app.operator();
    let mut without = ruled("true");
    without["properties"]["schema"].as_object_mut().unwrap().remove("x-radii-validations");
    operator.accepted(&version(STABLE), &without).await;
    app.developer().accepted(&thing("one"), &json!({ "properties": { "min": 3, "max": 4 } })).await;
    let refused = operator.put(&version(STABLE), &ruled("self.min <= self.max")).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    operator.accepted(&format!("{}?force=true", version(STABLE)), &ruled("self.min <= self.max")).await;
    operator.accepted(&version(STABLE), &without).await;
}
