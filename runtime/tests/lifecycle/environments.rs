//! Environments, applications, recipe packs, and what is refused before it is stored.

use radii_runtime::host::present;
use serde_json::json;

use crate::world::{CORE, World, application_id, environment_id, id};

const RADIUS: &str = "2025-08-01-preview";

fn details(fault: &radii_runtime::Fault) -> Vec<&str> {
    fault.details.iter().map(|detail| detail.message.as_str()).collect()
}

#[tokio::test]
async fn an_application_shows_its_namespace() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let shown = present(&world.host.get(&id("Applications.Core/applications/app")).await.unwrap());
    assert_eq!(shown["properties"]["status"], json!({ "compute": { "kind": "docker", "namespace": "dev-app" } }));
    assert_eq!(shown["properties"]["provisioningState"], json!("Succeeded"));
    assert_eq!(shown["tags"], json!({}));
}

#[tokio::test]
async fn bodies_that_break_the_description_are_refused_with_every_violation() {
    let world = World::new().await;
    let path = "Applications.Core/environments/env";
    let fault = world.put_body(path, CORE, json!({})).await.unwrap_err();
    assert_eq!(fault.code, "HttpRequestPayloadAPISpecValidationFailed");
    assert_eq!(details(&fault), ["$.location in body is required", "$.properties in body is required"]);
    let fault = world.put(path, CORE, json!({ "compute": { "namespace": 1 } })).await.unwrap_err();
    assert!(details(&fault).contains(&"$.properties.compute.kind in body is required"), "{fault:?}");
}

#[tokio::test]
async fn unknown_compute_and_recipe_kinds_are_refused() {
    let world = World::new().await;
    let path = "Applications.Core/environments/env";
    let fault = world.put(path, CORE, json!({ "compute": { "kind": "mainframe" } })).await.unwrap_err();
    assert!(fault.message.contains("[kubernetes, aci, aca, ecs, cloudrun, knative, docker]"), "{}", fault.message);
    let recipe = json!({ "templateKind": "helm", "templatePath": "x" });
    let body = json!({ "compute": { "kind": "docker" }, "recipes": { "A.B/c": { "default": recipe } } });
    let fault = world.put(path, CORE, body).await.unwrap_err();
    assert_eq!(fault.message, "invalid template kind. Allowed formats: \"bicep\", \"terraform\", \"template\"");
    assert!(world.stored(path).await.is_none());
}

#[tokio::test]
async fn two_environments_cannot_share_a_namespace() {
    let world = World::new().await;
    let compute = json!({ "compute": { "kind": "docker", "namespace": "dev" } });
    world.put("Applications.Core/environments/env", CORE, compute.clone()).await.unwrap();
    world.put("Applications.Core/environments/env", CORE, compute.clone()).await.unwrap();
    let fault = world.put("Applications.Core/environments/other", CORE, compute).await.unwrap_err();
    assert_eq!(fault.status, 409);
    assert_eq!(fault.message, format!("Environment {} with the same namespace (dev) already exists", environment_id()));
}

#[tokio::test]
async fn an_application_of_an_absent_environment_is_refused() {
    let world = World::new().await;
    let body = json!({ "environment": environment_id() });
    let fault = world.put("Applications.Core/applications/app", CORE, body).await.unwrap_err();
    assert_eq!((fault.status, fault.message), (400, format!("the resource {} was not found", environment_id())));
}

#[tokio::test]
async fn packs_are_resolved_in_the_environments_group_and_must_not_overlap() {
    let world = World::new().await;
    let recipe = json!({ "recipes": { "Contoso.Data/postgres": { "kind": "template", "source": "x" } } });
    world.put("Radius.Core/recipePacks/one", RADIUS, recipe.clone()).await.unwrap();
    world.put("Radius.Core/recipePacks/two", RADIUS, recipe).await.unwrap();
    let path = "Radius.Core/environments/env";
    world.put(path, RADIUS, json!({ "recipePacks": ["one"] })).await.unwrap();
    let expected = id("Radius.Core/recipePacks/one").to_string();
    assert_eq!(world.properties(path).await["recipePacks"], json!([expected]));
    let fault = world.put(path, RADIUS, json!({ "recipePacks": ["one", "two"] })).await.unwrap_err();
    assert_eq!(fault.status, 409);
    let fault = world.put(path, RADIUS, json!({ "recipePacks": ["none"] })).await.unwrap_err();
    assert!(fault.message.starts_with("Referenced recipe pack \"none\" could not be found"), "{}", fault.message);
}

#[tokio::test]
async fn the_metadata_of_a_bound_recipe_carries_the_environments_values() {
    let world = World::new().await;
    let recipe = json!({ "templateKind": "template", "templatePath": "x", "parameters": { "size": "M" } });
    world.make_application(json!({ "Contoso.Data/postgres": { "default": recipe } })).await;
    let environment = id("Applications.Core/environments/env");
    let body = json!({ "resourceType": "Contoso.Data/postgres", "name": "default" });
    let answer = world.host.act(&environment, "getMetadata", &body).await.unwrap();
    let parameters = json!({ "size": { "type": "string", "value": "M" } });
    assert_eq!(answer, json!({ "templateKind": "template", "templatePath": "x", "parameters": parameters }));
    let fault = world.host.act(&environment, "getmetadata", &json!({ "name": "x" })).await.unwrap_err();
    assert_eq!(fault.status, 404);
    let fault = world.host.act(&environment, "nothing", &json!({})).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (404, "NotFound"));
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_before_it_is_stored() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let body = json!({ "application": application_id(), "routes": [{ "path": "/", "destination": "http://web" }] });
    let fault = world.put("Applications.Core/gateways/gate", CORE, body).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (400, "PlatformFeatureUnsupported"));
    assert!(world.stored("Applications.Core/gateways/gate").await.is_none());
}

#[tokio::test]
async fn names_of_built_in_types_follow_their_description() {
    let world = World::new().await;
    let body = json!({ "compute": { "kind": "docker" } });
    for name in ["1abc", "a_b", "a.b"] {
        let fault = world.put(&format!("Applications.Core/environments/{name}"), CORE, body.clone()).await.unwrap_err();
        let expected = "environmentName in path should match '^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$'";
        assert_eq!(details(&fault), [expected]);
    }
    let path = format!("Applications.Core/environments/{}", "a".repeat(64));
    let fault = world.put(&path, CORE, body).await.unwrap_err();
    assert_eq!(details(&fault), ["environmentName in path should be at most 63 chars long"]);
}

#[tokio::test]
async fn properties_that_the_description_does_not_know_have_no_effect() {
    let world = World::new().await;
    let path = "Applications.Core/environments/env";
    world.put(path, CORE, json!({ "compute": { "kind": "docker" }, "zzz": 1, "simulated": false })).await.unwrap();
    assert_eq!(serde_json::Value::Object(world.properties(path).await), json!({ "compute": { "kind": "docker" } }));
    let pack = "Radius.Core/recipePacks/p";
    world.put(pack, RADIUS, json!({ "recipes": {}, "referencedBy": ["x"] })).await.unwrap();
    assert_eq!(world.properties(pack).await["referencedBy"], json!(["x"]));
}

#[tokio::test]
async fn an_application_cannot_move_to_another_environment() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    world.put("Applications.Core/environments/other", CORE, json!({ "compute": { "kind": "docker" } })).await.unwrap();
    let body = json!({ "environment": id("Applications.Core/environments/other").to_string() });
    let fault = world.put("Applications.Core/applications/app", CORE, body).await.unwrap_err();
    let expected = format!(
        "Attempted to deploy existing resource 'app' which has a different application and/or environment. Options to \
         resolve the conflict are: change the name of the 'app' resource in 'other' environment to create a new resource, \
         or use '' application and '{}' environment to update the existing resource 'app'.",
        environment_id()
    );
    assert_eq!(fault.message, expected);
}

#[tokio::test]
async fn an_application_that_holds_resources_is_not_deleted() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let body =
        json!({ "text": "hello", "application": application_id().to_uppercase().replace("/PLANES/", "/planes/") });
    world.settle("Contoso.Data/notes/one", "2025-01-01", body).await;
    let fault = world.delete("Applications.Core/applications/app", CORE, false).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (409, "Conflict"));
    assert!(fault.message.contains("Contoso.Data/notes/one"), "{}", fault.message);
    world.settle_delete("Contoso.Data/notes/one", "2025-01-01").await;
    world.delete("Applications.Core/applications/app", CORE, false).await.unwrap();
}

#[tokio::test]
async fn an_application_answers_its_graph() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let application = id("Applications.Core/applications/app");
    let answer = world.host.act(&application, "getGraph", &json!({})).await.unwrap();
    assert_eq!(answer, json!({ "resources": [] }));
}

#[tokio::test]
async fn nothing_moves_to_another_platform_with_its_environment() {
    let world = World::new().await;
    let body = |kind: &str| json!({ "compute": { "kind": kind, "namespace": "dev" } });
    let path = "Applications.Core/environments/dev";
    world.put(path, CORE, body("docker")).await.unwrap();
    world.put(path, CORE, body("kubernetes")).await.unwrap();
    world.put(path, CORE, body("docker")).await.unwrap();
    let application = json!({ "environment": id(path).to_string() });
    world.put("Applications.Core/applications/shop", CORE, application).await.unwrap();
    let fault = world.put(path, CORE, body("kubernetes")).await.unwrap_err();
    assert_eq!(fault.status, 409);
    let application = id("Applications.Core/applications/shop").to_string();
    assert!(fault.message.contains(&application), "{}", fault.message);
    world.put(path, CORE, body("docker")).await.unwrap();
}
