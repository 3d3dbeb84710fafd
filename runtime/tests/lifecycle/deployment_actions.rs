//! Actions on deployments: cancellation, validation.

use std::time::Duration;

use radii_runtime::store::State;
use serde_json::{Value as Json, json};

use crate::deployments::{API, DEPLOYMENT, deploy, notes, world};
use crate::world::{accepted, id};

#[tokio::test]
async fn a_canceled_deployment_begins_nothing_more() {
    let world = world().await;
    let template = notes(json!({ "first": { "text": "x y" }, "second": { "text": "x y", "dependsOn": ["first"] } }));
    let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
    // The deployment begins its first resource, and gives way before anybody deploys that.
    assert!(radii_runtime::worker::run_once(&world.host, &world.options).await.unwrap());
    assert!(world.stored("Contoso.Data/notes/first").await.is_some());
    assert_eq!(world.host.act(&id(DEPLOYMENT), "cancel", &Json::Null).await.unwrap(), Json::Null);
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(30));
        world.work().await;
    }
    assert_eq!(world.operation(operation).await.state, State::Canceled);
    let record = world.stored(DEPLOYMENT).await.unwrap();
    assert_eq!(
        (record.state, record.properties["error"]["code"].clone()),
        (State::Canceled, json!("DeploymentCanceled"))
    );
    assert_eq!(world.stored("Contoso.Data/notes/first").await.unwrap().state, State::Succeeded);
    assert!(world.stored("Contoso.Data/notes/second").await.is_none());
    let fault = world.host.act(&id(DEPLOYMENT), "cancel", &Json::Null).await.unwrap_err();
    assert_eq!(
        (fault.status, fault.message.as_str()),
        (409, "the deployment has ended already: it is in state Canceled")
    );
    let operation = deploy(&world, json!({ "template": template })).await;
    assert_eq!(operation.error, None, "it can be deployed again");
}

#[tokio::test]
async fn a_deployment_can_be_validated_without_being_deployed() {
    let world = world().await;
    let mut template = notes(json!({ "a": { "text": "[parameters('p')]" }, "old": { "existing": true } }));
    template["parameters"] = json!({ "p": { "type": "securestring" } });
    let body = json!({ "properties": { "template": template, "parameters": { "p": { "value": "hunter2" } } } });
    let answer = world.host.act(&id(DEPLOYMENT), "validate", &body).await.unwrap();
    let note = id("Contoso.Data/notes/a").to_string();
    assert_eq!(answer["properties"]["validatedResources"], json!([{ "id": note }]));
    assert_eq!(answer["properties"]["parameters"], json!({ "p": { "type": "SecureString" } }));
    let wrong = json!({ "properties": { "template": template } });
    let fault = world.host.act(&id(DEPLOYMENT), "validate", &wrong).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (400, "InvalidTemplate"));
    assert!(world.stored(DEPLOYMENT).await.is_none() && world.stored("Contoso.Data/notes/a").await.is_none());
}

#[tokio::test]
async fn the_template_of_a_deployment_can_be_exported_without_its_secrets() {
    let world = world().await;
    let mut template = notes(json!({ "a": { "text": "[parameters('p')]" } }));
    template["parameters"] = json!({ "p": { "type": "secureString", "defaultValue": "hunter2" },
        "q": { "type": "string", "defaultValue": "plain" } });
    deploy(&world, json!({ "template": template })).await;
    let exported = world.host.act(&id(DEPLOYMENT), "exportTemplate", &Json::Null).await.unwrap();
    template["parameters"]["p"] = json!({ "type": "secureString" });
    assert_eq!(exported, json!({ "template": template }));
}
