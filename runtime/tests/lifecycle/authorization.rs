//! Whatever a request leads to is done with the rights of who sent it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::access::{Authority, Caller, Right};
use radii_runtime::host::Answer;
use radii_runtime::store::{Operation, State};
use radii_runtime::worker::run_once;
use serde_json::{Value as Json, json};

use crate::deployments::{API, DEPLOYMENT, notes, with_deployments};
use crate::world::{CORE, GROUP, V1, World, accepted, id};

const OTHER: &str = "/planes/radius/local/resourceGroups/other";

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Level {
    Reader,
    Operator,
}

/// What callers may do: a level below a path.
#[derive(Default)]
struct Rules(Mutex<HashMap<String, Vec<(String, Level)>>>);

impl Rules {
    fn allow(&self, caller: &str, path: &str, level: Level) {
        self.0.lock().unwrap().entry(caller.to_owned()).or_default().push((path.to_ascii_lowercase(), level));
    }

    fn revoke(&self, caller: &str) {
        self.0.lock().unwrap().remove(caller);
    }
}

impl Authority for Rules {
    fn check(&self, caller: &Caller, right: Right<'_>, id: &ResourceId) -> Result<(), Fault> {
        let needed = match right {
            Right::Read | Right::Act("validate" | "whatIf" | "operations") => Level::Reader,
            _ => Level::Operator,
        };
        let rules = self.0.lock().unwrap();
        let grants = rules.get(&caller.name).into_iter().flatten();
        let mut reaching = grants.filter(|(path, _)| id.key().starts_with(path.as_str()));
        match reaching.any(|(_, level)| *level >= needed) {
            true => Ok(()),
            false => Err(Fault::new(403, "AuthorizationFailed", format!("no right at `{id}`"))),
        }
    }
}

/// A world in which `alice` operates the group of the tests, and its rules.
async fn world() -> (World, Arc<Rules>) {
    let rules = Arc::new(Rules::default());
    rules.allow("alice", GROUP, Level::Operator);
    let world = with_deployments(World::guarded(Some(rules.clone())).await).await;
    world.store_record(OTHER, "System.Resources/resourceGroups", json!({})).await;
    (world, rules)
}

/// A resource in the other group, made by the server itself.
async fn foreign(world: &World, path: &str, properties: Json) -> String {
    let id = format!("{OTHER}/providers/{path}");
    let kind = path.rsplit_once('/').unwrap().0.to_owned();
    world.store_record(&id, &kind, properties).await;
    id
}

fn refused<T: std::fmt::Debug>(result: Result<T, Fault>, place: &str, about: &str) {
    let fault = result.expect_err("it is refused");
    assert_eq!((fault.status, fault.code.as_str()), (403, "AuthorizationFailed"), "{fault:?}");
    let target = fault.target.clone().unwrap_or_default();
    assert!(target.contains(place) && fault.message.contains(place), "{place}: {fault:?}");
    assert!(fault.message.contains(about), "{about}: {fault:?}");
}

async fn deploy(world: &World, template: &Json) -> Result<Operation, Fault> {
    let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await?);
    Ok(world.ended(operation).await)
}

/// A template with a module that puts a note into a group.
fn module(group: &str, scope: &str) -> Json {
    let inner = notes(json!({ "far": { "text": "from afar" } }));
    json!({ "resources": [{
        "type": "Microsoft.Resources/deployments", "apiVersion": API, "name": "inside", "resourceGroup": group,
        "properties": {
            "mode": "Incremental", "expressionEvaluationOptions": { "scope": scope }, "template": inner,
        },
    }] })
}

#[tokio::test]
async fn a_template_reaches_no_group_that_its_caller_may_not_write() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    for scope in ["inner", "outer"] {
        refused(deploy(&alice, &module("other", scope)).await, "resources", "/resourceGroups/other");
        assert!(world.stored(DEPLOYMENT).await.is_none(), "nothing was created");
    }
    rules.allow("alice", OTHER, Level::Reader);
    refused(deploy(&alice, &module("other", "inner")).await, "resources", "/resourceGroups/other");
    rules.allow("alice", OTHER, Level::Operator);
    let operation = deploy(&alice, &module("other", "inner")).await.unwrap();
    assert_eq!(operation.error, None);
    let far = format!("{OTHER}/providers/Contoso.Data/notes/far").parse().unwrap();
    assert!(world.store.find(&far).await.unwrap().is_some());
}

#[tokio::test]
async fn scopes_given_beside_the_template_reach_no_further() {
    let (world, _) = world().await;
    let alice = world.seen_by("alice");
    let template = notes(json!({ "a": { "text": "x y" } }));
    let providers = json!({ "radius": { "type": "Radius", "value": { "scope": OTHER } } });
    let body = json!({ "template": template, "providerconfig": providers });
    refused(alice.put(DEPLOYMENT, API, body).await, "resources.a", "/resourceGroups/other");
}

#[tokio::test]
async fn what_a_template_reads_its_caller_may_read() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    let note = foreign(&world, "Contoso.Data/notes/theirs", json!({ "text": "private" })).await;
    let by_function = notes(json!({ "a": { "text": format!("[reference('{note}', '{V1}').text]") } }));
    let mut in_output = notes(json!({}));
    in_output["outputs"] = json!({ "o": { "type": "string", "value": format!("[reference('{note}', '{V1}').text]") } });
    refused(deploy(&alice, &by_function).await, "resources.a", "notes/theirs");
    refused(deploy(&alice, &in_output).await, "outputs", "notes/theirs");
    rules.allow("alice", OTHER, Level::Reader);
    assert_eq!(deploy(&alice, &by_function).await.unwrap().error, None);
    assert_eq!(alice.properties("Contoso.Data/notes/a").await["text"], "private");
}

#[tokio::test]
async fn a_reader_lists_no_secrets_by_a_template() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    rules.allow("alice", OTHER, Level::Reader);
    let cache = foreign(&world, "Applications.Datastores/redisCaches/theirs", json!({})).await;
    for call in [
        format!("[string(listSecrets('{cache}', '{CORE}'))]"),
        format!("[string(invokeResourceMethod('{cache}', 'listSecrets'))]"),
    ] {
        let template = notes(json!({ "a": { "text": call } }));
        refused(deploy(&alice, &template).await, "resources.a", "redisCaches/theirs");
    }
    assert!(world.stored(DEPLOYMENT).await.is_none() && world.stored("Contoso.Data/notes/a").await.is_none());
}

#[tokio::test]
async fn what_only_the_run_can_know_is_refused_by_the_run() {
    let (world, _) = world().await;
    let alice = world.seen_by("alice");
    let note = foreign(&world, "Contoso.Data/notes/theirs", json!({ "text": "private" })).await;
    let template = notes(json!({
        "a": { "text": note },
        "b": { "text": format!("[reference(reference('a').properties.text, '{V1}').text]") },
    }));
    // The template alone says where this leads; what stands in a stored resource does not.
    world.put("Contoso.Data/notes/stored", V1, json!({ "text": note })).await.unwrap();
    world.work().await;
    let stored = id("Contoso.Data/notes/stored");
    let later = notes(json!({
        "c": { "text": format!("[reference(last(split(reference('{stored}', '{V1}').text, '|')), '{V1}').text]") },
    }));
    for (template, place) in [(template, "resources.a"), (later, "resources.c")] {
        match deploy(&alice, &template).await {
            Err(fault) => assert_eq!(fault.code, "AuthorizationFailed", "{place}: {fault:?}"),
            Ok(operation) => {
                let said = serde_json::to_string(&operation.error).unwrap();
                assert_eq!(operation.state, State::Failed, "{place}");
                assert!(said.contains("AuthorizationFailed") && said.contains("notes/theirs"), "{said}");
            }
        }
    }
    assert!(world.stored("Contoso.Data/notes/c").await.is_none(), "nothing that was read from there is written");
}

#[tokio::test]
async fn validation_and_preview_refuse_what_the_deployment_would() {
    let (world, _) = world().await;
    let alice = world.seen_by("alice");
    let body = json!({ "properties": { "template": module("other", "inner") } });
    for action in ["validate", "whatIf"] {
        refused(alice.host.act(&id(DEPLOYMENT), action, &body).await, "resources", "/resourceGroups/other");
    }
}

fn environment(more: Json) -> Json {
    let mut environment = json!({ "compute": { "kind": "docker", "namespace": "dev" } });
    for (name, value) in more.as_object().unwrap() {
        environment[name] = value.clone();
    }
    environment
}

#[tokio::test]
async fn an_environment_of_another_scope_is_for_those_that_may_read_it() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    let theirs = foreign(&world, "Applications.Core/environments/theirs", environment(json!({}))).await;
    let app = "Applications.Core/applications/app";
    let body = json!({ "environment": theirs });
    refused(alice.put(app, CORE, body.clone()).await, "properties.environment", "environments/theirs");
    let absent = json!({ "environment": theirs.replace("theirs", "absent") });
    refused(alice.put(app, CORE, absent).await, "properties.environment", "environments/absent");
    rules.allow("alice", OTHER, Level::Reader);
    assert!(matches!(alice.put(app, CORE, body).await.unwrap(), Answer::Done(_)));
}

#[tokio::test]
async fn secrets_follow_a_connection_only_to_those_that_may_list_them() {
    let (world, rules) = world().await;
    world.make_application(json!({})).await;
    let alice = world.seen_by("alice");
    rules.allow("alice", OTHER, Level::Reader);
    let cache = foreign(&world, "Applications.Datastores/redisCaches/theirs", json!({})).await;
    let container = json!({
        "application": crate::world::application_id(),
        "container": { "image": "web" },
        "connections": { "cache": { "source": cache } },
    });
    let web = "Applications.Core/containers/web";
    refused(alice.put(web, CORE, container.clone()).await, "properties.connections.cache.source", "redisCaches/theirs");
    rules.allow("alice", OTHER, Level::Operator);
    accepted(alice.put(web, CORE, container).await.unwrap());
}

#[tokio::test]
async fn packs_settings_secrets_and_clouds_of_an_environment_are_its_authors_to_use() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    let pack = foreign(&world, "Radius.Core/recipePacks/theirs", json!({ "recipes": {} })).await;
    let env = "Radius.Core/environments/mine";
    let version = "2025-08-01-preview";
    let packs = json!({ "recipePacks": [pack] });
    refused(alice.put(env, version, packs.clone()).await, "properties.recipePacks[0]", "recipePacks/theirs");
    rules.allow("alice", OTHER, Level::Reader);
    alice.put(env, version, packs).await.unwrap();
    let store = foreign(&world, "Applications.Core/secretStores/theirs", json!({})).await;
    let env = "Applications.Core/environments/mine";
    let secrets =
        environment(json!({ "recipeConfig": { "envSecrets": { "TOKEN": { "source": store, "key": "k" } } } }));
    refused(alice.put(env, CORE, secrets).await, "properties.recipeConfig.envSecrets.TOKEN.source", "secretStores");
    let clouds = environment(json!({ "providers": { "aws": { "scope": "/planes/aws/aws/accounts/1/regions/r" } } }));
    refused(alice.put(env, CORE, clouds.clone()).await, "properties.providers.aws", "/planes/aws/aws");
    rules.allow("alice", "/planes/aws/aws/accounts/1", Level::Reader);
    alice.put(env, CORE, clouds).await.unwrap();
}

#[tokio::test]
async fn a_recipe_deploys_with_the_rights_of_whoever_uses_it() {
    let (world, rules) = world().await;
    let recipe = json!({ "templateKind": "template", "templatePath": "p", "parameters": { "template": module("other", "inner") } });
    world.make_application(json!({ "Contoso.Data/postgres": { "default": recipe } })).await;
    let alice = world.seen_by("alice");
    let body = json!({ "environment": crate::world::environment_id() });
    let operation = accepted(alice.put("Contoso.Data/postgres/db", V1, body.clone()).await.unwrap());
    let operation = world.ended(operation).await;
    let said = serde_json::to_string(&operation.error).unwrap();
    assert!(said.contains("AuthorizationFailed") && said.contains("/resourceGroups/other"), "{said}");
    rules.allow("alice", OTHER, Level::Operator);
    let operation = accepted(alice.put("Contoso.Data/postgres/db", V1, body).await.unwrap());
    assert_eq!(world.ended(operation).await.error, None);
}

#[tokio::test]
async fn a_right_that_is_taken_away_ends_what_was_accepted_with_it() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    let note = "Contoso.Data/notes/a";
    let put = accepted(alice.put(note, V1, json!({ "text": "x y" })).await.unwrap());
    rules.revoke("alice");
    let operation = world.ended(put).await;
    let fault = operation.error.unwrap();
    assert_eq!((operation.state, fault.code.as_str()), (State::Failed, "AuthorizationFailed"));
    assert!(fault.message.contains("when the operation was accepted"), "{fault:?}");
    assert_eq!(world.stored(note).await.unwrap().state, State::Failed);
    rules.allow("alice", GROUP, Level::Operator);
    let delete = accepted(alice.delete(note, V1, false).await.unwrap());
    rules.revoke("alice");
    assert_eq!(world.ended(delete).await.state, State::Failed);
    assert!(world.stored(note).await.is_some(), "it was not deleted");
}

#[tokio::test]
async fn a_right_that_is_taken_away_in_the_middle_of_a_deployment_ends_it_there() {
    let (world, rules) = world().await;
    let alice = world.seen_by("alice");
    let template = notes(json!({ "first": { "text": "x y" }, "second": { "text": "x y", "dependsOn": ["first"] } }));
    let operation = accepted(alice.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
    assert!(run_once(&world.host, &world.options).await.unwrap());
    assert!(world.stored("Contoso.Data/notes/first").await.is_some());
    rules.revoke("alice");
    let operation = world.ended(operation).await;
    assert_eq!((operation.state, operation.error.unwrap().code.as_str()), (State::Failed, "AuthorizationFailed"));
    assert!(world.stored("Contoso.Data/notes/second").await.is_none());
}

#[tokio::test]
async fn nobody_deletes_with_a_grant_that_only_reads() {
    let (world, rules) = world().await;
    world.settle("Contoso.Data/notes/a", V1, json!({ "text": "x y" })).await;
    rules.allow("bob", GROUP, Level::Reader);
    let bob = world.seen_by("bob");
    for force in [false, true] {
        let fault = bob.delete("Contoso.Data/notes/a", V1, force).await.unwrap_err();
        assert_eq!(fault.code, "AuthorizationFailed");
    }
    assert!(bob.host.get(&id("Contoso.Data/notes/a")).await.is_ok());
    assert!(world.seen_by("carol").host.get(&id("Contoso.Data/notes/a")).await.is_err());
}

#[tokio::test]
async fn operations_from_before_authentication_was_on_are_the_servers_own() {
    let (world, _) = world().await;
    let put = accepted(world.put("Contoso.Data/notes/a", V1, json!({ "text": "x y" })).await.unwrap());
    assert_eq!(world.ended(put).await.state, State::Succeeded);
}
