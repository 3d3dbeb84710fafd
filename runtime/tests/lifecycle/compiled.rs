//! The templates that compilers of several versions wrote are deployed, each as it stands but for the platform.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::deployments::{API, world};
use crate::world::{World, accepted, environment_id, id};

/// The world has one platform and one kind of recipes; the recorded templates ask for others.
fn settle_in(value: &mut Json) {
    match value {
        Json::Object(members) => {
            if members.get("kind") == Some(&json!("kubernetes")) {
                members.insert("kind".into(), "docker".into());
                members.shift_remove("resourceId");
            }
            if members.get("templateKind") == Some(&json!("bicep")) {
                members.insert("templateKind".into(), "template".into());
                members.insert("parameters".into(), json!({ "values": { "host": "h", "port": 6379 } }));
            }
            members.values_mut().for_each(settle_in);
        }
        Json::Array(items) => items.iter_mut().for_each(settle_in),
        _ => {}
    }
}

fn template(name: &str) -> Json {
    let path = format!("{}/tests/fixtures/templates/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let mut template = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    settle_in(&mut template);
    template
}

async fn deploy(world: &World, name: &str, given: &Json) -> Vec<String> {
    let template = template(name);
    let declared = template["parameters"].as_object().cloned().unwrap_or_default();
    let parameters: Map<String, Json> = declared
        .iter()
        .filter(|(name, declared)| declared.get("defaultValue").is_none() || given.get(name.as_str()).is_some())
        .map(|(name, _)| (name.clone(), json!({ "value": given.get(name.as_str()).unwrap_or(&json!("given")) })))
        .collect();
    let path = format!("Microsoft.Resources/deployments/{}", name.replace('.', "-"));
    let body = json!({ "template": template, "parameters": parameters });
    let operation = accepted(world.put(&path, API, body).await.unwrap_or_else(|fault| panic!("{name}: {fault}")));
    while !world.operation(operation).await.state.is_terminal() {
        world.work().await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(world.operation(operation).await.error, None, "{name}");
    let made = world.properties(&path).await["outputResources"].clone();
    made.as_array().unwrap().iter().map(|made| made["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn all_eight_recorded_templates_are_deployed() {
    let world = world().await;
    world.register("Radius.Core/applications", "2025-08-01-preview", json!({}), &[]).await;
    world.make_application(json!({})).await;
    let environment = environment_id();
    let cases = [
        ("env-0.32", json!({}), vec!["Applications.Core/environments/given-env"]),
        (
            "module-0.32",
            json!({ "name": "shop", "namespace": "dev" }),
            vec!["Applications.Core/environments/shop-env", "Applications.Core/applications/shop-app"],
        ),
        ("interpolation-0.32", json!({}), vec!["Applications.Core/environments/parameters"]),
        (
            "recipe-0.32",
            json!({ "name": "r", "namespace": "dev" }),
            vec![
                "Applications.Core/environments/r-env",
                "Applications.Core/applications/r-app",
                "Applications.Datastores/redisCaches/r-recipe",
            ],
        ),
        ("flux-basic-0.33", json!({}), vec!["Applications.Core/environments/flux-basic-env"]),
        ("flux-update-1-0.33", json!({ "replicas": "1" }), Vec::new()),
        ("flux-update-2-0.33", json!({ "replicas": "1" }), Vec::new()),
        ("app-0.42", json!({ "environment": environment, "magpieimage": "nginx" }), Vec::new()),
    ];
    for (name, given, expected) in cases {
        let made = deploy(&world, name, &given).await;
        if !expected.is_empty() {
            assert_eq!(made, expected.iter().map(|path| id(path).to_string()).collect::<Vec<_>>(), "{name}");
        }
        assert!(!made.is_empty(), "{name}");
    }
}
