//! What a request about a resource must be about, in the order of the checks.

use serde_json::json;

use crate::world::{GROUP, V1, World, id};

async fn refusal(world: &World, path: &str, version: Option<&str>) -> (u16, String) {
    let fault = world.host.resolve(&path.parse().unwrap(), version).await.unwrap_err();
    assert_eq!(fault.target.as_deref(), Some(path));
    (fault.status, fault.message)
}

#[tokio::test]
async fn each_check_answers_in_the_words_of_the_contract() {
    let world = World::new().await;
    let note = id("Contoso.Data/notes/one").to_string();
    let version_missing = (400, "the api-version query parameter is required".to_owned());
    assert_eq!(refusal(&world, &note, None).await, version_missing);
    let elsewhere = note.replace("/local/", "/other/");
    let expected =
        format!("the resource with id '{elsewhere}' was not found: plane \"/planes/radius/other\" not found");
    assert_eq!(refusal(&world, &elsewhere, Some(V1)).await, (404, expected));
    let elsewhere = note.replace("/test/", "/none/");
    let group = GROUP.replace("/test", "/none");
    let expected = format!("the resource with id '{elsewhere}' was not found: resource group \"{group}\" not found");
    assert_eq!(refusal(&world, &elsewhere, Some(V1)).await, (404, expected));
    let unknown = id("Contoso.Data/things/one").to_string();
    let expected = "resource type \"Contoso.Data/things\" is not registered. \
                    register the resource type before deploying resources of this type";
    assert_eq!(refusal(&world, &unknown, Some(V1)).await, (400, expected.to_owned()));
    let expected =
        "api version \"2031-01-01\" is not supported for resource type \"Contoso.Data/notes\" by location \"global\"";
    assert_eq!(refusal(&world, &note, Some("2031-01-01")).await, (400, expected.to_owned()));
}

#[tokio::test]
async fn a_provider_without_location_serves_nothing() {
    let world = World::new().await;
    let base = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Bare";
    world.store_record(base, "System.Resources/resourceProviders", json!({})).await;
    let kind = "System.Resources/resourceProviders/resourceTypes";
    world.store_record(&format!("{base}/resourceTypes/things"), kind, json!({ "capabilities": [] })).await;
    world.host.parts.catalog.refresh(&*world.store, "local", "Contoso.Bare").await.unwrap();
    let thing = id("Contoso.Bare/things/one").to_string();
    let expected = "location \"global\" not found for resource provider \"Contoso.Bare\"";
    assert_eq!(refusal(&world, &thing, Some(V1)).await, (400, expected.to_owned()));
}

#[tokio::test]
async fn types_are_found_in_any_casing() {
    let world = World::new().await;
    let resolved = world.host.resolve(&id("CONTOSO.DATA/Notes/one"), Some(V1)).await.unwrap();
    assert_eq!((resolved.provider.namespace.as_str(), resolved.kind.name.as_str()), ("Contoso.Data", "notes"));
    assert_eq!(resolved.address, None);
}

#[tokio::test]
async fn a_loaded_catalogue_equals_the_refreshed_one() {
    let world = World::new().await;
    let fresh = radii_runtime::catalog::Catalog::default();
    fresh.load(&*world.store).await.unwrap();
    assert_eq!(fresh.list("local"), world.host.parts.catalog.list("local"));
    assert!(!fresh.list("local").is_empty());
}

#[tokio::test]
async fn an_unregistered_provider_is_forgotten() {
    let world = World::new().await;
    let base = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data";
    let removal =
        radii_runtime::store::Write::Delete { id: base.parse().unwrap(), expect: radii_runtime::store::Expect::Any };
    world.store.commit(vec![removal]).await.unwrap();
    world.host.parts.catalog.refresh(&*world.store, "LOCAL", "contoso.data").await.unwrap();
    assert!(world.host.parts.catalog.find("local", "Contoso.Data").is_none());
}
