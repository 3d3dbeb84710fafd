//! Connections of containers and recipes to resources that imperative providers keep.

use radii_runtime::Fault;
use radii_runtime::store::{Operation, State};
use serde_json::{Value as Json, json};

use crate::deployments::{DEPLOYMENT, deploy};
use crate::elsewhere::{REMOTE, failed, world_with};
use crate::world::{CORE, V1, World, accepted, application_id, environment_id, id};

const WEB: &str = "Applications.Core/containers/web";
const DB: &str = "Contoso.Data/postgres/db";

fn schema() -> Json {
    json!({ "type": "object", "properties": {
        "host": { "type": "string" },
        "port": { "type": "integer", "x-radii-env-name": "DATABASE_PORT" },
        "password": { "type": "string", "x-radius-sensitive": true },
        "login": { "type": "object", "properties": {
            "user": { "type": "string" }, "token": { "type": "string", "x-radius-sensitive": true } } },
    } })
}

/// What the provider says about `db`.
fn database() -> Json {
    json!({ "environment": "/planes/x", "provisioningState": "Succeeded", "host": "db.far", "port": 5432,
        "password": "hunter2", "login": { "user": "ann", "token": "s3cret" }, "tiers": ["a"],
        "status": { "computedValues": { "url": "db://far" } } })
}

fn connections() -> Json {
    json!({ "db": { "source": id(REMOTE).to_string() } })
}

fn container() -> Json {
    json!({ "application": application_id(), "container": { "image": "web" }, "connections": connections() })
}

/// A template of `db`, which is kept elsewhere, and a container that connects to it.
fn template() -> Json {
    let resource = |kind: &str, version: &str, name: &str, properties: Json| {
        json!({ "import": "radius", "type": format!("{kind}@{version}"),
            "properties": { "name": name, "properties": properties } })
    };
    let mut web = container();
    web["connections"]["db"]["source"] = "[reference('db').id]".into();
    json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } }, "resources": {
        "db": resource("Contoso.Data/remotes", V1, "db", json!({ "port": 1 })),
        "web": resource("Applications.Core/containers", CORE, "web", web),
    } })
}

async fn world() -> World {
    let world = world_with(schema()).await;
    let recipe = json!({ "templateKind": "template", "templatePath": "postgres.yaml" });
    world.make_application(json!({ "Contoso.Data/postgres": { "default": recipe } })).await;
    world
}

/// Puts something and lets the workers go on, and time, until that has ended.
async fn settled(world: &World, path: &str, version: &str, body: Json) -> Operation {
    let operation = accepted(world.put(path, version, body).await.unwrap());
    world.ended(operation).await
}

fn said(operation: &Operation) -> &str {
    assert_eq!(operation.state, State::Failed);
    &operation.error.as_ref().expect("a failed operation says why").message
}

fn unreachable() -> Result<radii_runtime::imperative::Answered, Fault> {
    Err(Fault::new(502, "ProviderUnreachable", "the provider at `http://remote.example` does not answer"))
}

#[tokio::test]
async fn what_a_provider_says_becomes_variables_as_if_it_were_kept_here() {
    let world = world().await;
    world.providers.keeps("db", database());
    assert_eq!(settled(&world, WEB, CORE, container()).await.error, None);
    assert_eq!(world.providers.asked(), ["GET db"]);
    let expected = json!({
        "CONNECTION_DB_HOST": "db.far", "DATABASE_PORT": "5432", "CONNECTION_DB_TIERS": "[\"a\"]",
        "CONNECTION_DB_URL": "db://far",
        "CONNECTION_DB_PASSWORD": "Secret(\"hunter2\")",
        "CONNECTION_DB_LOGIN": "Secret(\"{\\\"user\\\":\\\"ann\\\",\\\"token\\\":\\\"s3cret\\\"}\")",
    });
    assert_eq!(world.platform.body("web")["env"], expected);
    let stored = format!("{:?}", world.stored(WEB).await.unwrap());
    assert!(!stored.contains("hunter2") && !stored.contains("s3cret"), "{stored}");
}

#[tokio::test]
async fn one_template_makes_a_resource_elsewhere_and_what_connects_to_it() {
    let world = world().await;
    let ended = deploy(&world, json!({ "template": template() })).await;
    assert_eq!(ended.state, State::Succeeded, "{ended:?}");
    let expected = json!({ "CONNECTION_DB_HOST": "db.remote.example", "DATABASE_PORT": "1" });
    assert_eq!(world.platform.body("web")["env"], expected);
}

#[tokio::test]
async fn what_is_not_there_is_refused_as_what_is_not_kept_here() {
    let world = world().await;
    let absent = settled(&world, WEB, CORE, container()).await;
    assert_eq!(said(&absent), format!("resource \"{}\" does not exist", id(REMOTE)));
    assert!(world.platform.names().is_empty(), "nothing was made");
    let body = json!({ "environment": environment_id(), "connections": connections() });
    let absent = settled(&world, DB, V1, body).await;
    let remote = id(REMOTE);
    let expected = format!("connected resource {remote} not found: the resource {remote} was not found");
    assert_eq!(said(&absent), expected);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_at_once_is_asked_again() {
    let world = world().await;
    world.providers.keeps("db", database());
    for _ in 0..2 {
        world.providers.says(unreachable());
    }
    assert_eq!(settled(&world, WEB, CORE, container()).await.error, None);
    assert_eq!(world.providers.asked(), ["GET db"; 3]);
    assert_eq!(world.platform.body("web")["env"]["CONNECTION_DB_HOST"], "db.far");
}

#[tokio::test]
async fn who_cannot_read_a_source_says_which_connection_it_is_of_and_why() {
    let world = world().await;
    world.providers.keeps("db", database());
    for _ in 0..10 {
        world.providers.says(unreachable());
    }
    let expected = format!(
        "connection `db`: its source \"{}\" cannot be read: the provider at `http://remote.example` does not answer",
        id(REMOTE)
    );
    let body = json!({ "environment": environment_id(), "connections": connections() });
    for (path, version, body) in [(WEB, CORE, container()), (DB, V1, body)] {
        let ended = settled(&world, path, version, body).await;
        assert_eq!(said(&ended), expected);
        assert_eq!(ended.error.unwrap().code, "ProviderUnreachable");
    }
    assert!(world.platform.names().is_empty(), "nothing was made");
    assert_eq!(world.providers.asked(), ["GET db"; 6]);
}

#[tokio::test]
async fn a_refusal_of_a_provider_is_told_at_once_in_its_words() {
    let world = world().await;
    world.providers.says(failed(403, json!({ "error": { "code": "Forbidden", "message": "not for you" } })));
    let refused = settled(&world, WEB, CORE, container()).await;
    assert!(said(&refused).ends_with("remotes/db\" cannot be read: not for you"), "{refused:?}");
    assert_eq!(world.providers.asked(), ["GET db"]);
}

#[tokio::test]
async fn what_failed_elsewhere_gives_no_variables_and_what_changes_gives_those_that_it_has() {
    let world = world().await;
    for (state, expected) in [("Failed", Json::Null), ("Updating", json!("db.far"))] {
        world.providers.keeps("db", json!({ "host": "db.far", "provisioningState": "Failed" }));
        let mut properties = database();
        properties["provisioningState"] = state.into();
        world.providers.says(failed(200, json!({ "properties": properties })));
        assert_eq!(settled(&world, WEB, CORE, container()).await.error, None);
        assert_eq!(world.platform.body("web")["env"]["CONNECTION_DB_HOST"], expected, "{state}");
    }
}

#[tokio::test]
async fn a_recipe_is_told_what_its_resource_connects_to_elsewhere() {
    let world = world().await;
    world.providers.keeps("db", database());
    let body = json!({ "environment": environment_id(), "connections": connections() });
    assert_eq!(settled(&world, DB, V1, body).await.error, None);
    let context = world.recipes.contexts.lock().unwrap().pop().unwrap();
    let told = &context["resource"]["connections"]["db"];
    let mut expected = database();
    expected.as_object_mut().unwrap().remove("provisioningState");
    let expected = json!({
        "id": id(REMOTE).to_string(), "name": "db", "type": "Contoso.Data/remotes", "properties": expected,
    });
    assert_eq!(*told, expected);
    let snapshot = format!("{:?}", world.stored(DB).await.unwrap());
    assert!(!snapshot.contains("hunter2") && !snapshot.contains("s3cret"), "{snapshot}");
}

#[tokio::test]
async fn a_dry_run_shows_the_variables_and_a_graph_the_edge() {
    let world = world().await;
    deploy(&world, json!({ "template": template() })).await;
    let body = json!({ "properties": { "template": template() } });
    let answer = world.host.act(&id(DEPLOYMENT), "whatIf", &body).await.unwrap();
    let web = &answer["properties"]["changes"][1];
    assert_eq!((&web["changeType"], &web["delta"]), (&json!("NoChange"), &json!([])), "{answer}");
    assert_eq!(web["objects"][0]["body"]["env"]["CONNECTION_DB_HOST"], "db.remote.example", "{answer}");

    let application = application_id().parse().unwrap();
    let graph = world.host.act(&application, "getGraph", &json!({})).await.unwrap();
    let edges = graph["resources"].as_array().unwrap().iter().flat_map(|node| {
        let edges = node["connections"].as_array().unwrap().iter();
        edges.map(move |edge| format!("{} {} {}", node["name"], edge["direction"], edge["id"]).replace('"', ""))
    });
    let edges: Vec<String> = edges.collect();
    assert_eq!(edges, [format!("web Outbound {}", id(REMOTE)), format!("db Inbound {}", id(WEB))]);
}

#[tokio::test]
async fn what_connects_to_a_resource_elsewhere_is_deployed_again_when_asked() {
    let world = world().await;
    world.providers.keeps("db", json!({ "host": "old" }));
    assert_eq!(settled(&world, WEB, CORE, container()).await.error, None);
    world.providers.keeps("db", json!({ "host": "new" }));
    let answer = world.host.act(&id(REMOTE), "redeployDependents", &json!({})).await.unwrap();
    assert_eq!(answer["value"][0]["id"], id(WEB).to_string(), "{answer}");
    world.work().await;
    assert_eq!(world.platform.body("web")["env"]["CONNECTION_DB_HOST"], "new");
    world.providers.says(failed(404, Json::Null));
    let absent = world.host.act(&id(REMOTE), "redeployDependents", &json!({})).await;
    assert_eq!(absent.unwrap_err().status, 404);
}
