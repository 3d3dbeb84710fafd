//! Questions before a deployment: what would it change?

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::deployments::{API, DEPLOYMENT, world};
use crate::large::{self, Dice};
use crate::world::{CORE, V1, World, accepted, application_id, id};

async fn ask(world: &World, template: &Json, parameters: Json) -> Vec<Json> {
    let body = json!({ "properties": { "template": template, "parameters": parameters } });
    let answer = world.host.act(&id(DEPLOYMENT), "whatIf", &body).await.unwrap();
    assert_eq!(answer["status"], json!("Succeeded"));
    answer["properties"]["changes"].as_array().unwrap().clone()
}

async fn deploy(world: &World, template: &Json, parameters: Json) {
    let body = json!({ "template": template, "parameters": parameters });
    let operation = accepted(world.put(DEPLOYMENT, API, body).await.unwrap());
    while !world.operation(operation).await.state.is_terminal() {
        world.work().await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.operation(operation).await.error, None);
}

fn kinds(changes: &[Json]) -> Vec<(&str, &str)> {
    let text = |change: &'_ Json, name: &str| -> String { change[name].as_str().unwrap().to_owned() };
    let pairs = changes.iter().map(|change| (text(change, "symbolicName"), text(change, "changeType")));
    pairs.map(|(symbol, kind)| (&*symbol.leak(), &*kind.leak())).collect()
}

fn template() -> Json {
    let import = |kind: &str, name: &str, properties: Json| {
        json!({ "import": "radius", "type": kind,
        "properties": { "name": name, "properties": properties } })
    };
    let note = format!("Contoso.Data/notes@{V1}");
    json!({
        "languageVersion": "2.0",
        "imports": { "radius": { "provider": "Radius" } },
        "parameters": {
            "text": { "type": "string", "defaultValue": "hello" },
            "password": { "type": "securestring", "defaultValue": "hunter2" },
        },
        "resources": {
            "first": import(&note, "first", json!({ "text": "[parameters('text')]", "password": "[parameters('password')]" })),
            "second": import(&note, "second", json!({ "text": "[concat(reference('first').properties.text, reference('first').properties.size)]" })),
            "module": { "type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "module",
                "properties": {
                    "expressionEvaluationOptions": { "scope": "inner" },
                    "parameters": { "of": { "value": "[reference('second').name]" } },
                    "template": {
                        "languageVersion": "2.0",
                        "imports": { "radius": { "provider": "Radius" } },
                        "parameters": { "of": { "type": "string" } },
                        "resources": { "inner": import(&note, "inner", json!({ "text": "[parameters('of')]" })) },
                        "outputs": { "id": { "type": "string", "value": "[reference('inner').id]" } },
                    } } },
            "last": import(&note, "last", json!({ "text": "[reference('module').outputs.id.value]" })),
        },
    })
}

#[tokio::test]
async fn what_a_plan_announces_is_made_and_the_second_plan_is_empty_whatever_the_template() {
    for seed in 0..24 {
        let world = world().await;
        let template = large::template(1 + seed % 12, &mut Dice(seed));
        let first = ask(&world, &template, json!({})).await;
        deploy(&world, &template, json!({})).await;
        let made = world.properties(DEPLOYMENT).await["outputResources"].as_array().unwrap().len();
        assert!(
            first.len() == made && first.iter().all(|change| change["changeType"] == "Create"),
            "{seed}: {first:?}"
        );
        let second = ask(&world, &template, json!({})).await;
        assert!(second.iter().all(|change| change["changeType"] == "NoChange"), "{seed}: {second:?}");
    }
}

#[tokio::test]
async fn a_second_plan_after_a_deployment_is_empty() {
    let world = world().await;
    let template = template();
    let before = ask(&world, &template, json!({})).await;
    let all = |kind| [("first", kind), ("second", kind), ("module/inner", kind), ("last", kind)];
    assert_eq!(kinds(&before), all("Create"));
    assert_eq!(before[0]["after"]["properties"]["size"], json!("S"), "defaults are announced");
    assert_eq!(
        before[1]["after"]["properties"]["text"],
        json!("[concat(reference('first').properties.text, reference('first').properties.size)]")
    );
    assert!(!json!(before).to_string().contains("hunter2"));
    assert!(world.stored("Contoso.Data/notes/first").await.is_none(), "nothing was created");
    deploy(&world, &template, json!({})).await;
    assert_eq!(kinds(&ask(&world, &template, json!({})).await), all("NoChange"));
    let changed = ask(&world, &template, json!({ "text": { "value": "other" } })).await;
    let expected = [("first", "Modify"), ("second", "Modify"), ("module/inner", "NoChange"), ("last", "NoChange")];
    assert_eq!(kinds(&changed), expected);
    let delta =
        json!([{ "path": "properties.text", "propertyChangeType": "Modify", "before": "hello", "after": "other" }]);
    assert_eq!(changed[0]["delta"], delta);
}

#[tokio::test]
async fn containers_are_announced_with_the_objects_that_they_become() {
    let world = world().await;
    world.make_application(json!({})).await;
    let template = json!({ "imports": { "radius": { "provider": "Radius" } }, "resources": { "web": { "import": "radius",
        "type": format!("Applications.Core/containers@{CORE}"), "properties": { "name": "web", "properties": {
            "application": application_id(), "container": { "image": "nginx" } } } } } });
    let changes = ask(&world, &template, json!({})).await;
    assert_eq!(kinds(&changes), [("web", "Create")]);
    assert_eq!(changes[0]["objects"][0]["body"]["image"], json!("nginx"));
    assert!(world.platform.names().is_empty());
    deploy(&world, &template, json!({})).await;
    assert_eq!(kinds(&ask(&world, &template, json!({})).await), [("web", "NoChange")]);
}

#[tokio::test]
async fn what_would_be_refused_is_refused_at_once() {
    let world = world().await;
    let mut template = template();
    template["resources"]["first"]["properties"]["properties"]["text"] = json!(7);
    let body = json!({ "properties": { "template": template } });
    let fault = world.host.act(&id(DEPLOYMENT), "whatIf", &body).await.unwrap_err();
    assert!(fault.message.starts_with("first: "), "{}", fault.message);
    template["resources"] = json!({ "gone": { "import": "radius", "existing": true,
        "type": format!("Contoso.Data/notes@{V1}"), "properties": { "name": "gone" } } });
    let changes = ask(&world, &template, json!({})).await;
    assert_eq!(kinds(&changes), [("gone", "Unsupported")]);
}
