//! Deployments of resources that imperative providers keep.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use radii_runtime::Fault;
use radii_runtime::imperative::{Answered, note};
use radii_runtime::recipe::Deployments;
use radii_runtime::store::{Operation, OperationId, State};
use serde_json::{Value as Json, json};

use crate::deployments::{API, DEPLOYMENT, deploy, text, world as with_deployments};
use crate::world::{V1, World, accepted, id};

pub const REMOTE: &str = "Contoso.Data/remotes/db";

/// A world with the type `remotes`, whose provider runs elsewhere.
async fn world() -> World {
    world_with(json!({})).await
}

/// The same, with a schema of `remotes`.
pub async fn world_with(schema: Json) -> World {
    let world = with_deployments().await;
    world.register("Contoso.Data/remotes", V1, schema, &[]).await;
    let base = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data/locations/global";
    let mut location = world.store.find(&base.parse().unwrap()).await.unwrap().unwrap().properties;
    location["resourceTypes"]["remotes"]["address"] = json!("http://remote.example");
    world.store_record(base, "System.Resources/resourceProviders/locations", location.into()).await;
    world.host.parts.catalog.refresh(&*world.store, "local", "Contoso.Data").await.unwrap();
    world
}

/// A template of one remote resource `db` and a note that tells its host.
fn template() -> Json {
    let note = json!({ "name": "told", "properties": { "text": "[reference('db').properties.host]" } });
    json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } },
        "resources": {
            "db": { "import": "radius", "type": format!("Contoso.Data/remotes@{V1}"),
                "properties": { "name": "db", "properties": { "size": 3 } } },
            "told": { "import": "radius", "type": format!("Contoso.Data/notes@{V1}"), "properties": note },
        },
        "outputs": { "host": { "type": "string", "value": "[reference('db').properties.host]" } } })
}

fn body() -> Json {
    json!({ "template": template() })
}

pub fn failed(status: u16, body: Json) -> Result<Answered, Fault> {
    Ok(Answered { status, body, ..Answered::default() })
}

fn errors(operation: &Operation) -> Vec<String> {
    let mut codes = Vec::new();
    let mut next = operation.error.as_ref();
    while let Some(fault) = next {
        codes.push(format!("{}: {}", fault.code, fault.message.split('.').next().unwrap()));
        next = fault.details.first();
    }
    codes
}

#[tokio::test]
async fn a_template_makes_what_a_provider_elsewhere_keeps_and_sees_what_became_of_it() {
    let world = world().await;
    let ended = deploy(&world, body()).await;
    assert_eq!(ended.state, State::Succeeded, "{ended:?}");
    assert_eq!(text(&world, "told").await, "db.remote.example");
    let deployment = world.properties(DEPLOYMENT).await;
    assert_eq!(deployment["outputs"]["host"]["value"], "db.remote.example");
    let made: Vec<_> = deployment["outputResources"].as_array().unwrap().iter().map(|made| &made["id"]).collect();
    assert_eq!(made, [&json!(id(REMOTE).to_string()), &json!(id("Contoso.Data/notes/told").to_string())]);
    let asked = world.providers.asked();
    assert_eq!(asked[..3], ["PUT db", "GET status/db", "GET status/db"], "{asked:?}");
    assert_eq!(world.providers.resource("db")["properties"]["size"], 3);
    assert!(world.store.find(&id(REMOTE)).await.unwrap().is_none(), "nothing but a note is kept here");
    let kept = world.store.find(&note::place(&id(REMOTE)).unwrap()).await.unwrap().unwrap();
    assert!(!note::read(&kept).unwrap().is_going && kept.state == State::Succeeded);
}

#[tokio::test]
async fn a_refusal_is_told_at_once_and_a_later_failure_within_the_chain_both_in_the_providers_words() {
    let world = world().await;
    let error = json!({ "error": { "code": "TooBig", "message": "no disk holds it" } });
    world.providers.says(failed(400, error.clone()));
    let refused = deploy(&world, body()).await;
    assert_eq!(errors(&refused)[1..], ["TooBig: no disk holds it"], "{refused:?}");
    assert!(world.stored("Contoso.Data/notes/told").await.is_none(), "what depends on it was not begun");
    assert!(world.store.find(&note::place(&id(REMOTE)).unwrap()).await.unwrap().is_none(), "nothing was made");

    *world.providers.fails_with.lock().unwrap() = Some(error);
    let failed = deploy(&world, body()).await;
    let chain = ["ResourceDeploymentFailure: Failed", "TooBig: no disk holds it"];
    assert_eq!(errors(&failed)[1..], chain, "{failed:?}");
    let made = Deployments::look(&*world.host, &id(DEPLOYMENT).to_string()).await.unwrap().unwrap().resources;
    assert_eq!(made, [id(REMOTE).to_string()], "it may exist, so that a recipe removes it");
}

#[tokio::test]
async fn what_may_work_a_moment_later_is_asked_for_again() {
    let world = world().await;
    world.providers.says(failed(503, Json::Null));
    world.providers.says(Err(Fault::new(502, "ProviderUnreachable", "nobody listens")));
    world.providers.says(failed(429, Json::Null));
    let ended = deploy(&world, body()).await;
    assert_eq!(ended.state, State::Succeeded, "{ended:?}");
    assert_eq!(world.providers.asked()[..4], ["PUT db"; 4]);
    assert_eq!(world.providers.created("db"), 1);
}

#[tokio::test]
async fn a_conflict_counts_when_nothing_is_in_progress() {
    let world = world().await;
    let conflict = || failed(409, json!({ "error": { "code": "Locked", "message": "somebody holds it" } }));
    world.providers.says(conflict());
    world.providers.says(failed(200, json!({ "properties": { "provisioningState": "Updating" } })));
    let ended = deploy(&world, body()).await;
    assert_eq!(ended.state, State::Succeeded, "another change was in progress: {ended:?}");
    for _ in 0..2 {
        world.providers.says(conflict());
        world.providers.says(failed(200, json!({ "properties": { "provisioningState": "Succeeded" } })));
    }
    let ended = deploy(&world, body()).await;
    assert_eq!(errors(&ended)[1..], ["Locked: somebody holds it"]);
}

#[tokio::test]
async fn existing_resources_are_read_and_never_put() {
    let world = world().await;
    let mut template = template();
    template["resources"]["db"]["existing"] = true.into();
    let ended = deploy(&world, json!({ "template": template })).await;
    assert_eq!(ended.state, State::Failed);
    assert_eq!(ended.error.unwrap().details[0].code, "NotFound");
    assert_eq!(world.providers.asked(), ["GET db"]);
    world.providers.has("db");
    let ended = deploy(&world, json!({ "template": template })).await;
    assert_eq!(ended.state, State::Succeeded, "{ended:?}");
    assert_eq!(text(&world, "told").await, "db.remote.example");
    assert!(world.providers.asked().iter().all(|asked| asked.starts_with("GET")));
}

#[tokio::test]
async fn a_dry_run_asks_and_changes_nothing() {
    let world = world().await;
    let what_if = || async {
        let answer = world.host.act(&id(DEPLOYMENT), "whatIf", &json!({ "properties": body() })).await.unwrap();
        let changes = answer["properties"]["changes"].as_array().unwrap().clone();
        changes.iter().map(|change| change["changeType"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(what_if().await, ["Create", "Create"]);
    assert!(world.providers.asked().iter().all(|asked| asked == "GET db"), "{:?}", world.providers.asked());
    assert!(world.store.find(&note::place(&id(REMOTE)).unwrap()).await.unwrap().is_none());
    deploy(&world, body()).await;
    assert_eq!(what_if().await, ["NoChange", "NoChange"], "afterwards nothing is to be changed");
    world.providers.says(Err(Fault::new(502, "ProviderUnreachable", "nobody listens")));
    assert_eq!(what_if().await[0], "Deploy", "what is there is not known");
}

#[tokio::test]
async fn what_a_recipe_made_elsewhere_is_deleted_there() {
    let world = world().await;
    deploy(&world, body()).await;
    let begun = Deployments::delete(&*world.host, &id(REMOTE).to_string()).await.unwrap().unwrap();
    world.ended(begun).await;
    assert_eq!(Deployments::ended(&*world.host, begun).await.unwrap(), Some(Ok(())));
    assert!(world.providers.resource("db").is_null());
    assert!(world.store.find(&note::place(&id(REMOTE)).unwrap()).await.unwrap().is_none());
    let again = Deployments::delete(&*world.host, &id(REMOTE).to_string()).await.unwrap().unwrap();
    world.ended(again).await;
    assert_eq!(Deployments::ended(&*world.host, again).await.unwrap(), Some(Ok(())), "gone already is gone");
}

/// Lets the workers make at most `steps` steps, then drops them where they stand; `true` when all was done by then.
async fn run_and_die(world: &World, operation: OperationId, steps: usize) -> bool {
    let mut work: Pin<Box<_>> = Box::pin(world.ended(operation));
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn a_server_that_dies_at_any_point_goes_on_and_makes_nothing_twice() {
    let mut points = 0;
    for steps in 0.. {
        let world = world().await;
        let operation = accepted(world.put(DEPLOYMENT, API, body()).await.unwrap());
        let ended = run_and_die(&world, operation, steps).await;
        world.clock.advance(world.options.lease + Duration::from_millis(1));
        world.ended(operation).await;
        let operation = world.operation(operation).await;
        assert_eq!(operation.state, State::Succeeded, "after {steps} steps: {operation:?}");
        assert_eq!(world.providers.created("db"), 1, "after {steps} steps");
        assert_eq!(text(&world, "told").await, "db.remote.example");
        let sent = world.providers.asked().iter().filter(|asked| *asked == "PUT db").count();
        assert!(sent <= 4, "after {steps} steps it was sent {sent} times: {:?}", world.providers.asked());
        points = steps;
        if ended {
            break;
        }
    }
    assert!(points > 50, "only {points} points were tried");
}
