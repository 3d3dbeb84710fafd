//! User-defined types whose resources recipes make.

use radii_runtime::store::State;
use serde_json::{Value as Json, json};

use crate::world::{CORE, V1, World, application_id, environment_id, id};

const DB: &str = "Contoso.Data/postgres/db";

fn bound(parameters: Json) -> Json {
    let recipe = json!({ "templateKind": "template", "templatePath": "postgres.yaml", "parameters": parameters });
    json!({ "Contoso.Data/postgres": { "default": recipe } })
}

fn database() -> Json {
    json!({ "environment": environment_id(), "application": application_id(), "size": "S" })
}

fn failure(operation: &radii_runtime::store::Operation) -> (&str, &str) {
    assert_eq!(operation.state, State::Failed);
    let error = operation.error.as_ref().expect("a failed operation says why");
    (&error.code, &error.message)
}

#[tokio::test]
async fn the_recipes_values_fill_read_only_properties_and_the_status() {
    let world = World::new().await;
    let values = json!({ "host": "db.dev", "port": 5432, "extra": true });
    world.make_application(bound(json!({ "objects": ["db"], "values": values }))).await;
    assert_eq!(world.settle(DB, V1, database()).await.error, None);
    let properties = Json::Object(world.properties(DB).await);
    let expected = json!({
        "environment": environment_id(), "application": application_id(), "size": "S",
        "host": "db.dev", "port": 5432,
        "recipe": { "name": "default", "recipeStatus": "success" },
        "status": {
            "computedValues": { "host": "db.dev", "port": 5432, "extra": true },
            "outputResources": [{ "localID": "", "radiusManaged": true,
                "id": "/planes/docker/local/namespaces/dev-app/providers/core/container/db" }],
            "recipe": { "templateKind": "template", "templatePath": "postgres.yaml" },
        },
    });
    assert_eq!(properties, expected);
}

#[tokio::test]
async fn the_context_tells_the_recipe_about_everything_around_it() {
    let world = World::new().await;
    world.make_application(bound(json!({}))).await;
    world.settle("Contoso.Data/notes/one", V1, json!({ "text": "hello", "password": "hunter2" })).await;
    let mut body = database();
    body["password"] = json!("for the recipe");
    body["connections"] = json!({ "note": { "source": id("Contoso.Data/notes/one").to_string() } });
    assert_eq!(world.settle(DB, V1, body).await.error, None);
    let context = world.recipes.contexts.lock().unwrap().pop().unwrap();
    assert_eq!(context["resource"]["name"], json!("db"));
    assert_eq!(context["resource"]["properties"]["password"], json!("for the recipe"));
    assert_eq!(context["resource"]["connections"]["note"]["properties"]["text"], json!("hello"));
    assert_eq!(context["resource"]["connections"]["note"]["properties"]["password"], json!("hunter2"));
    assert_eq!(context["application"], json!({ "name": "app", "id": application_id() }));
    assert_eq!(context["environment"], json!({ "name": "env", "id": environment_id() }));
    let spaces = json!({ "namespace": "dev-app", "environmentNamespace": "dev" });
    assert_eq!(context["runtime"]["docker"], spaces);
    let snapshot = format!("{:?}", world.stored(DB).await.unwrap());
    assert!(!snapshot.contains("for the recipe"), "the snapshot keeps the password in clear");
    assert!(!snapshot.contains("hunter2"), "the snapshot keeps the password of the connected resource");
}

#[tokio::test]
async fn the_developers_parameters_win_over_the_environments() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["of-environment"] }))).await;
    let mut body = database();
    body["recipe"] = json!({ "name": "default", "parameters": { "objects": ["of-developer"] } });
    world.settle(DB, V1, body).await;
    assert_eq!(world.platform.names(), ["of-developer"]);
}

#[tokio::test]
async fn objects_that_a_new_run_no_longer_makes_are_removed() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["a", "b"] }))).await;
    world.settle(DB, V1, database()).await;
    world.make_application(bound(json!({ "objects": ["b", "c"] }))).await;
    world.settle(DB, V1, database()).await;
    assert_eq!(world.platform.names(), ["b", "c"]);
    assert!(world.recipes.destroyed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_changed_recipe_destroys_what_the_old_one_made_after_the_new_one_works() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["old"] }))).await;
    world.settle(DB, V1, database()).await;
    let mut recipes = bound(json!({ "objects": ["new"] }));
    recipes["Contoso.Data/postgres"]["default"]["templatePath"] = json!("other.yaml");
    world.make_application(recipes).await;
    assert_eq!(world.settle(DB, V1, database()).await.error, None);
    assert_eq!(world.platform.names(), ["new"]);
    assert_eq!(*world.recipes.destroyed.lock().unwrap(), ["postgres.yaml"]);
}

#[tokio::test]
async fn an_old_recipe_that_cannot_be_destroyed_is_remembered_until_it_can() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["old"] }))).await;
    world.settle(DB, V1, database()).await;
    world.recipes.indestructible.lock().unwrap().push("postgres.yaml".to_owned());
    let mut recipes = bound(json!({ "objects": ["new"] }));
    recipes["Contoso.Data/postgres"]["default"]["templatePath"] = json!("other.yaml");
    world.make_application(recipes).await;
    assert_eq!(failure(&world.settle(DB, V1, database()).await).0, "RecipeGarbageCollectionFailed");
    let operation = world.settle_delete(DB, V1).await;
    assert_eq!(failure(&operation).0, "RecipeDeletionFailed");
    world.recipes.indestructible.lock().unwrap().clear();
    assert_eq!(world.settle_delete(DB, V1).await.error, None);
    assert_eq!(*world.recipes.destroyed.lock().unwrap(), ["postgres.yaml", "other.yaml"]);
    assert!(world.platform.names().is_empty());
}

#[tokio::test]
async fn what_a_failed_run_remembered_reaches_the_next_one() {
    let world = World::new().await;
    world.make_application(bound(json!({ "remember": "seed", "error": "no" }))).await;
    assert_eq!(failure(&world.settle(DB, V1, database()).await).0, "RecipeDeploymentFailed");
    world.settle(DB, V1, database()).await;
    world.make_application(bound(json!({ "objects": ["db"] }))).await;
    assert_eq!(world.settle(DB, V1, database()).await.error, None);
    // The text of the template changes; what the last good run left goes on.
    let mut recipes = bound(json!({ "objects": ["db"] }));
    recipes["Contoso.Data/postgres"]["default"]["templatePath"] = json!("other.yaml");
    world.make_application(recipes).await;
    world.settle(DB, V1, database()).await;
    let told = world.recipes.previous.lock().unwrap().clone();
    assert_eq!(told, [None, Some(json!("seed")), Some(json!("seed")), Some(json!(1))]);
    assert!(world.stored(DB).await.unwrap().private.data.is_empty());
}

#[tokio::test]
async fn a_resource_is_deletable_when_its_environment_is_gone() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["db"] }))).await;
    world.settle(DB, V1, database()).await;
    world.delete("Applications.Core/applications/app", CORE, true).await.unwrap();
    world.delete("Applications.Core/environments/env", CORE, false).await.unwrap();
    assert_eq!(world.settle_delete(DB, V1).await.error, None);
    assert!(world.platform.names().is_empty());
    assert_eq!(*world.recipes.destroyed.lock().unwrap(), ["postgres.yaml"]);
    assert!(world.stored(DB).await.is_none());
}

#[tokio::test]
async fn a_failed_recipe_leaves_nothing_behind_after_the_deletion() {
    let world = World::new().await;
    world.make_application(bound(json!({ "objects": ["db"], "values": { "size": "mine" } }))).await;
    let operation = world.settle(DB, V1, database()).await;
    assert_eq!(failure(&operation).0, "InvalidRecipeOutputs");
    assert!(!world.properties(DB).await.contains_key("recipe"));
    assert_eq!(world.platform.names(), ["db"]);
    world.settle_delete(DB, V1).await;
    assert!(world.platform.names().is_empty());
}

#[tokio::test]
async fn a_value_for_the_authors_property_is_an_error_that_names_both() {
    let world = World::new().await;
    world.make_application(bound(json!({ "values": { "size": "mine" } }))).await;
    let operation = world.settle(DB, V1, database()).await;
    let (code, message) = failure(&operation);
    assert_eq!(code, "InvalidRecipeOutputs");
    assert!(message.contains("`default`") && message.contains("`size`"), "{message}");
    assert_eq!(world.properties(DB).await["size"], json!("S"));
}

#[tokio::test]
async fn values_are_validated() {
    let world = World::new().await;
    world.make_application(bound(json!({ "values": { "port": "many" } }))).await;
    let operation = world.settle(DB, V1, database()).await;
    let (code, message) = failure(&operation);
    assert_eq!(code, "InvalidRecipeOutputs");
    assert!(message.contains("/port"), "{message}");
}

#[tokio::test]
async fn secrets_never_reach_the_record() {
    let world = World::new().await;
    world.make_application(bound(json!({ "secrets": { "password": "hunter2" } }))).await;
    world.settle(DB, V1, database()).await;
    let record = world.stored(DB).await.unwrap();
    let mut shown = format!("{:?}", record.properties);
    shown.push_str(&format!("{:?}", record.private.recipe.unwrap().state));
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(record.properties["status"]["degradations"][0]["code"], json!("RecipeSecretsNotKept"));
}

#[tokio::test]
async fn a_simulated_environment_executes_nothing() {
    let world = World::new().await;
    let environment = json!({ "compute": { "kind": "docker" }, "simulated": true });
    world.put("Applications.Core/environments/env", CORE, environment).await.unwrap();
    let operation = world.settle(DB, V1, json!({ "environment": environment_id() })).await;
    assert_eq!(operation.state, State::Succeeded);
    let properties = world.properties(DB).await;
    assert_eq!(properties["recipe"], json!({ "name": "default", "recipeStatus": "success" }));
    assert_eq!(properties["status"], json!({}));
    assert!(world.recipes.contexts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_portable_resource_of_a_simulated_environment_shows_no_result() {
    let world = World::new().await;
    let environment = json!({ "compute": { "kind": "docker" }, "simulated": true });
    world.put("Applications.Core/environments/env", CORE, environment).await.unwrap();
    let path = "Applications.Datastores/redisCaches/cache";
    let body = json!({ "environment": environment_id(), "recipe": { "name": "default", "parameters": {} } });
    assert_eq!(world.settle(path, CORE, body).await.state, State::Succeeded);
    let properties = world.properties(path).await;
    assert_eq!((&properties["recipe"], &properties["status"]), (&json!({ "name": "default" }), &json!({})));
}

#[tokio::test]
async fn empty_parameters_are_answered_once_and_mean_nothing() {
    let world = World::new().await;
    let binding = json!({ "Applications.Datastores/redisCaches": { "default": { "templateKind": "template", "templatePath": "x" } } });
    world.make_application(binding).await;
    let path = "Applications.Datastores/redisCaches/cache";
    let recipe = json!({ "name": "default", "parameters": {} });
    let body = json!({ "environment": environment_id(), "application": application_id(), "recipe": recipe });
    world.put(path, CORE, body).await.unwrap();
    assert_eq!(world.properties(path).await["recipe"], recipe);
    world.work().await;
    assert_eq!(world.properties(path).await["recipe"], json!({ "name": "default" }));
}

#[tokio::test]
async fn what_is_missing_fails_in_the_codes_of_the_contract() {
    let world = World::new().await;
    let operation = world.settle(DB, V1, json!({ "environment": "env" })).await;
    assert_eq!(failure(&operation), ("Internal", "could not parse environment ID"));
    let operation = world.settle(DB, V1, json!({ "environment": environment_id() })).await;
    assert_eq!(failure(&operation).1, format!("the resource {} was not found", environment_id()));
    world.make_application(json!({})).await;
    let operation = world.settle(DB, V1, database()).await;
    let message = format!("could not find recipe \"default\" in environment \"{}\"", environment_id());
    assert_eq!(failure(&operation), ("RecipeNotFoundFailure", message.as_str()));
    assert_eq!(world.properties(DB).await["status"], json!({}), "the environment was understood");
    let recipe = json!({ "templateKind": "terraform", "templatePath": "a/b/c" });
    world.make_application(json!({ "Contoso.Data/postgres": { "default": recipe } })).await;
    let operation = world.settle(DB, V1, database()).await;
    assert_eq!(failure(&operation).0, "DriverNotFoundFailure");
    let mut body = database();
    body["connections"] = json!({ "x": { "source": id("Contoso.Data/notes/none").to_string() } });
    world.make_application(bound(json!({}))).await;
    let operation = world.settle(DB, V1, body).await;
    assert!(failure(&operation).1.starts_with("connected resource /planes/"), "{operation:?}");
}

#[tokio::test]
async fn the_recipes_own_failure_is_the_operations() {
    let world = World::new().await;
    world.make_application(bound(json!({ "error": "no space left" }))).await;
    let operation = world.settle(DB, V1, database()).await;
    assert_eq!(failure(&operation), ("RecipeDeploymentFailed", "no space left"));
}

#[tokio::test]
async fn packs_bind_recipes_in_environments_of_radius_core() {
    let world = World::new().await;
    let version = "2025-08-01-preview";
    let entry = json!({ "kind": "template", "source": "db.yaml", "parameters": { "objects": ["pack"], "values": { "address": "h" } },
        "outputs": { "host": "address" } });
    world
        .put("Radius.Core/recipePacks/p", version, json!({ "recipes": { "contoso.data/POSTGRES": entry } }))
        .await
        .unwrap();
    let environment = json!({
        "recipePacks": ["p"], "compute": { "kind": "docker", "namespace": "core" },
        "recipeParameters": { "Contoso.Data/postgres": { "objects": ["environment"] } },
    });
    world.put("Radius.Core/environments/e", version, environment).await.unwrap();
    let body = json!({ "environment": id("Radius.Core/environments/e").to_string() });
    assert_eq!(world.settle(DB, V1, body).await.error, None);
    assert_eq!(world.platform.names(), ["environment"]);
    assert_eq!(world.properties(DB).await["host"], json!("h"));
}

#[tokio::test]
async fn portable_resources_take_their_values_from_the_recipe_or_from_the_author() {
    let world = World::new().await;
    let parameters = json!({ "values": { "host": "cache", "port": 6379 } });
    let recipe = json!({ "templateKind": "template", "templatePath": "x", "parameters": parameters });
    world.make_application(json!({ "Applications.Datastores/redisCaches": { "default": recipe } })).await;
    let cache = "Applications.Datastores/redisCaches/cache";
    let operation = world.settle(cache, CORE, json!({ "environment": environment_id() })).await;
    assert_eq!(operation.error, None);
    let properties = world.properties(cache).await;
    assert_eq!(
        (&properties["host"], &properties["port"], &properties["tls"]),
        (&json!("cache"), &json!(6379), &json!(false))
    );
    let manual = json!({ "environment": environment_id(), "resourceProvisioning": "manual" });
    let fault = world.put("Applications.Datastores/redisCaches/own", CORE, manual).await.unwrap_err();
    let expected = "multiple errors were found:\n\thost must be specified when resourceProvisioning is set to manual\n\t\
                    port must be specified when resourceProvisioning is set to manual";
    assert_eq!(fault.message, expected);
}

#[tokio::test]
async fn resources_that_the_author_made_are_listed_as_not_ours() {
    let world = World::new().await;
    world.make_application(json!({})).await;
    let made = "/planes/kubernetes/local/namespaces/x/providers/apps/Deployment/y";
    let manual = json!({ "environment": environment_id(), "resourceProvisioning": "manual", "host": "h", "port": 6379,
        "resources": [{ "id": made }] });
    let cache = "Applications.Datastores/redisCaches/own";
    assert_eq!(world.settle(cache, CORE, manual).await.error, None);
    let status = &world.properties(cache).await["status"];
    assert_eq!(status, &json!({ "outputResources": [{ "id": made, "radiusManaged": false }] }));
}
