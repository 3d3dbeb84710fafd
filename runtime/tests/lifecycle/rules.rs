//! Rules of types, as they are enforced on writes.

use serde_json::{Value as Json, json};

use crate::deployments::refused;
use crate::world::{V1, World};

const QUEUE: &str = "Contoso.Rules/queues/one";

fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "size": { "type": "string", "enum": ["S", "M", "L"], "default": "S" },
            "replicas": { "type": "integer", "default": 0 },
            "name": { "type": "string", "x-radii-validations": [{ "rule": "self == oldSelf", "message": "the name stays" }] },
            "secret": { "type": "string", "x-radius-sensitive": true },
            "note": { "type": "string" },
        },
        "x-radii-validations": [
            { "rule": "self.replicas <= 5 || self.size == 'L'", "message": "more than 5 replicas need size L", "path": "replicas", "reason": "ReplicasNeedSizeL" },
            { "rule": "!has(self.secret) || self.secret.size() >= 8", "message": "the secret is too short" },
            { "rule": "self.replicas < 9 || self.note != ''" },
        ],
    })
}

async fn world() -> World {
    let world = World::new().await;
    world.register("Contoso.Rules/queues", V1, schema(), &["ManualResourceProvisioning"]).await;
    world
}

#[tokio::test]
async fn each_broken_rule_is_a_detail_with_its_target_and_reason() {
    let world = world().await;
    let fault = world.put(QUEUE, V1, json!({ "replicas": 7, "secret": "short" })).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (400, "InvalidRequestContent"));
    assert!(
        fault.message.ends_with("resource data validation failed: more than 5 replicas need size L"),
        "{}",
        fault.message
    );
    let details: Vec<_> = (fault.details.iter())
        .map(|it| (it.code.as_str(), it.target.as_deref().unwrap_or_default(), it.message.as_str()))
        .collect();
    assert_eq!(
        details[..],
        [
            ("ReplicasNeedSizeL", "/properties/replicas", "more than 5 replicas need size L"),
            (details[1].0, "/properties", "the secret is too short"),
        ]
    );
    assert!(world.stored(QUEUE).await.is_none());
}

#[tokio::test]
async fn defaults_are_there_before_the_rules_and_what_is_absent_has_no_answer() {
    let world = world().await;
    world.settle(QUEUE, V1, json!({})).await;
    let fault = world.put(QUEUE, V1, json!({ "replicas": 9, "size": "L" })).await.unwrap_err();
    let expected = "the rule `self.replicas < 9 || self.note != ''` has no answer: `note` is not given";
    assert_eq!(fault.details[0].message, expected);
}

#[tokio::test]
async fn rules_about_a_change_are_asked_on_updates_only() {
    let world = world().await;
    world.settle(QUEUE, V1, json!({ "name": "a", "secret": "long enough" })).await;
    world.settle(QUEUE, V1, json!({ "name": "a", "replicas": 2 })).await;
    let fault = world.put(QUEUE, V1, json!({ "name": "b" })).await.unwrap_err();
    assert_eq!(
        (fault.details[0].target.as_deref(), fault.details[0].message.as_str()),
        (Some("/properties/name"), "the name stays")
    );
}

#[tokio::test]
async fn a_deployment_that_would_break_a_rule_is_refused_before_anything_is_created() {
    let world = crate::deployments::world().await;
    world.register("Contoso.Rules/queues", V1, schema(), &["ManualResourceProvisioning"]).await;
    let queue = |name: &str, replicas: u32| json!({ "import": "radius", "type": format!("Contoso.Rules/queues@{V1}"), "properties": { "name": name, "properties": { "replicas": replicas } } });
    let template = json!({
        "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": { "good": queue("good", 1), "bad": queue("bad", 7) },
    });
    let fault = refused(&world, json!({ "template": template })).await;
    assert!(fault.message.starts_with("bad: "), "{}", fault.message);
    assert_eq!(fault.details[0].code, "ReplicasNeedSizeL");
    assert!(world.stored("Contoso.Rules/queues/good").await.is_none());
}
