//! PUT, GET, LIST and DELETE of resources that are mere records.

use std::future::poll_fn;
use std::task::Poll;

use radii_runtime::Clock as _;
use radii_runtime::host::ended::ended_at;
use radii_runtime::host::{Answer, Preconditions, Put, etag, present};
use radii_runtime::store::{Expect, ListQuery, State, Write};
use radii_runtime::worker::run_once;
use serde_json::{Value as Json, json};

use crate::world::{GROUP, V1, World, accepted, id};

const NOTE: &str = "Contoso.Data/notes/one";

#[tokio::test]
async fn a_put_is_accepted_then_done_and_shows_its_defaults() {
    let world = World::new().await;
    let answer = world.put(NOTE, V1, json!({ "text": "hello" })).await.unwrap();
    let Answer::Accepted { record, operation, .. } = answer else { panic!("notes are asynchronous") };
    assert_eq!(record.state, State::Accepted);
    assert_eq!(world.operation(operation).await.state, State::Accepted);
    world.work().await;
    assert_eq!(world.operation(operation).await.state, State::Succeeded);
    let shown = present(&world.host.get(&id(NOTE)).await.unwrap());
    let expected = json!({
        "id": format!("{GROUP}/providers/{NOTE}"), "name": "one", "type": "Contoso.Data/notes", "location": "global",
        "properties": { "text": "hello", "size": "S", "provisioningState": "Succeeded" },
    });
    assert_eq!(Json::Object(shown), expected);
}

#[tokio::test]
async fn the_casing_of_the_first_put_is_kept() {
    let world = World::new().await;
    world.settle(NOTE, V1, json!({ "text": "hello" })).await;
    world.settle("contoso.data/NOTES/ONE", V1, json!({ "text": "again" })).await;
    let shown = present(&world.host.get(&id("CONTOSO.DATA/notes/One")).await.unwrap());
    assert_eq!(shown["id"], json!(format!("{GROUP}/providers/{NOTE}")));
    assert_eq!(shown["type"], json!("Contoso.Data/notes"));
    assert_eq!(shown["properties"]["text"], json!("again"));
}

#[tokio::test]
async fn every_violation_of_the_schema_is_a_detail_and_nothing_is_stored() {
    let world = World::new().await;
    let fault = world.put(NOTE, V1, json!({ "text": "x", "size": "L", "count": "2" })).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str(), fault.details.len()), (400, "InvalidRequestContent", 3));
    let prefix = "code InvalidRequestContent: err Schema validation failed: resource data validation failed: Error at ";
    assert!(fault.message.starts_with(prefix), "{}", fault.message);
    assert!(world.stored(NOTE).await.is_none());
}

#[tokio::test]
async fn bodies_of_a_wrong_shape_are_refused_with_the_member() {
    let world = World::new().await;
    for (body, member) in [
        (json!({ "properties": [] }), "properties"),
        (json!({ "properties": {}, "tags": { "a": 1 } }), "tags"),
        (json!({ "properties": {}, "location": 1 }), "location"),
    ] {
        let fault = world.put_body(NOTE, V1, body).await.unwrap_err();
        assert_eq!((fault.status, fault.code.as_str()), (400, "InvalidRequestContent"));
        assert!(fault.message.contains(member), "{}", fault.message);
    }
    let fault = world.put_body(NOTE, V1, json!({})).await.unwrap_err();
    assert!(fault.message.ends_with("Error at \"\": Value is not nullable"), "{}", fault.message);
}

#[tokio::test]
async fn a_body_that_no_store_would_read_again_is_refused() {
    let world = World::new().await;
    let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    // Deployments take bodies of any shape; `properties`, `template`, `variables` and the variable are four levels more.
    let deployment = |depth: usize| {
        let template = json!({ "resources": [], "variables": { "v": nested(depth) } });
        json!({ "mode": "Incremental", "template": template })
    };
    let path = "Microsoft.Resources/deployments/deep";
    let fault = world.put(path, "2020-10-01", deployment(117)).await.unwrap_err();
    assert_eq!((fault.status, fault.message.as_str()), (400, "the body is nested more than 120 deep"));
    assert!(world.stored(path).await.is_none());
    assert!(world.put(path, "2020-10-01", deployment(96)).await.is_ok());
}

#[tokio::test]
async fn names_that_platforms_cannot_carry_are_refused() {
    let world = World::new().await;
    for name in ["a b", "-a", "a-", &"a".repeat(64)] {
        let fault = world.put(&format!("Contoso.Data/notes/{name}"), V1, json!({ "text": "hello" })).await.unwrap_err();
        assert_eq!(fault.status, 400);
        assert!(fault.message.contains("at most 63"), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_busy_resource_answers_conflict_at_once() {
    let world = World::new().await;
    world.put(NOTE, V1, json!({ "text": "hello" })).await.unwrap();
    let fault = world.put(NOTE, V1, json!({ "text": "again" })).await.unwrap_err();
    assert_eq!((fault.status, fault.code.as_str()), (409, "Conflict"));
    assert_eq!(fault.message, "The target resource is in progress state: Accepted.");
    let fault = world.delete(NOTE, V1, false).await.unwrap_err();
    assert_eq!(fault.status, 409);
}

#[tokio::test]
async fn a_forced_deletion_overtakes_the_operation_in_progress() {
    let world = World::new().await;
    let first = accepted(world.put(NOTE, V1, json!({ "text": "hello" })).await.unwrap());
    let second = accepted(world.delete(NOTE, V1, true).await.unwrap());
    world.work().await;
    let first = world.operation(first).await;
    assert_eq!(first.state, State::Failed);
    assert_eq!(first.error.unwrap().message, "the operation failed due to a concurrency conflict");
    assert_eq!(world.operation(second).await.state, State::Succeeded);
    assert!(world.stored(NOTE).await.is_none());
}

#[tokio::test]
async fn equal_content_has_the_equal_etag_and_conditions_are_kept() {
    let world = World::new().await;
    let body = || json!({ "properties": { "text": "hello" } });
    let only_if = |tag: &str| Preconditions { if_match: Some(tag.to_owned()), if_none_match: false };
    let absent = world.put_if(NOTE, V1, body(), only_if("*")).await.unwrap_err();
    assert_eq!((absent.status, absent.message.as_str()), (412, "requested resource does not exist"));
    world.settle(NOTE, V1, json!({ "text": "hello" })).await;
    let tag = etag(&world.host.get(&id(NOTE)).await.unwrap());
    assert!(tag.split_once('-').is_some_and(|(_, hex)| hex.len() == 64), "{tag}");
    world.put_if(NOTE, V1, body(), only_if(&tag)).await.unwrap();
    world.work().await;
    assert_eq!(etag(&world.host.get(&id(NOTE)).await.unwrap()), tag);
    let stale = world.put_if(NOTE, V1, body(), only_if("0-0")).await.unwrap_err();
    assert_eq!((stale.status, stale.message.as_str()), (412, "etags do not match"));
    let create = Preconditions { if_match: None, if_none_match: true };
    let exists = world.put_if(NOTE, V1, body(), create).await.unwrap_err();
    assert_eq!((exists.status, exists.message.as_str()), (412, "resource already exists"));
}

#[tokio::test]
async fn deleting_what_is_absent_says_so() {
    let world = World::new().await;
    assert!(matches!(world.delete(NOTE, V1, false).await.unwrap(), Answer::Absent));
    world.settle(NOTE, V1, json!({ "text": "hello" })).await;
    assert_eq!(world.settle_delete(NOTE, V1).await.state, State::Succeeded);
    assert_eq!(world.host.get(&id(NOTE)).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn sensitive_values_are_null_in_every_answer_and_in_the_store() {
    let world = World::new().await;
    let answer = world.put(NOTE, V1, json!({ "text": "hello", "password": "hunter2" })).await.unwrap();
    let Answer::Accepted { record, operation, .. } = answer else { panic!("notes are asynchronous") };
    assert_eq!(record.properties["password"], Json::Null);
    world.work().await;
    assert_eq!(world.operation(operation).await.payload, Json::Null);
    assert_eq!(world.properties(NOTE).await["password"], Json::Null);
    let query = ListQuery { scope: None, recursive: true, kind: None, after: None, limit: None };
    let everything = format!("{:?}", world.store.list(&query).await.unwrap().records);
    assert!(!everything.contains("hunter2"), "the password is stored in clear");
}

#[tokio::test]
async fn null_sent_back_in_the_place_of_a_sensitive_value_keeps_it_and_leaving_it_out_forgets_it() {
    let world = World::new().await;
    world.settle(NOTE, V1, json!({ "text": "hello", "password": "hunter2" })).await;
    let answered = world.properties(NOTE).await;
    world.settle(NOTE, V1, Json::Object(answered)).await;
    let kept = |record: Option<radii_runtime::store::Record>| record.unwrap().private.data.get("sensitive").cloned();
    assert_eq!(kept(world.stored(NOTE).await), Some(json!({ "password": "hunter2" })));
    assert_eq!(world.properties(NOTE).await["password"], Json::Null);
    world.settle(NOTE, V1, json!({ "text": "hello" })).await;
    assert_eq!(kept(world.stored(NOTE).await), None);
    let refused = world.put(NOTE, V1, json!({ "text": "hello", "password": null })).await.unwrap_err();
    assert!(refused.message.contains("Error at \"password\""), "{}", refused.message);
}

#[tokio::test]
async fn immutable_properties_keep_the_value_that_they_were_created_with() {
    let world = World::new().await;
    let first = json!({ "text": "hello", "author": "ann", "pin": "1234", "shelf": { "room": "a", "row": 1 } });
    world.settle(NOTE, V1, first).await;
    let changed = json!({ "text": "hello", "author": "bob", "pin": "9999", "shelf": { "room": "b", "row": 2 } });
    let fault = world.put(NOTE, V1, changed).await.unwrap_err();
    let found: Vec<_> =
        fault.details.iter().map(|detail| (detail.target.as_deref().unwrap(), &*detail.message)).collect();
    let remedy = "send back the stored value, or delete the resource and create it again";
    assert_eq!(fault.status, 400);
    assert_eq!(
        found,
        [
            ("/properties/author", &*format!("Error at \"author\": property \"author\" is immutable; {remedy}")),
            ("/properties/pin", &*format!("Error at \"pin\": property \"pin\" is immutable; {remedy}")),
            ("/properties/shelf/room", &*format!("Error at \"shelf room\": property \"room\" is immutable; {remedy}")),
        ]
    );
    let without = json!({ "text": "hello", "author": "ann", "pin": null });
    let fault = world.put(NOTE, V1, without).await.unwrap_err();
    assert!(fault.message.ends_with("property \"room\" is immutable and cannot be removed"), "{}", fault.message);
    let other = json!({ "text": "other", "author": "ann", "pin": "1234", "shelf": { "room": "a", "row": 2 } });
    assert_eq!(world.settle(NOTE, V1, other).await.state, State::Succeeded);
}

#[tokio::test]
async fn an_immutable_property_that_has_no_value_yet_may_get_one() {
    let world = World::new().await;
    world.settle(NOTE, V1, json!({ "text": "hello" })).await;
    let operation = world.settle(NOTE, V1, json!({ "text": "hello", "author": "ann" })).await;
    assert_eq!(operation.state, State::Succeeded);
    assert_eq!(world.put(NOTE, V1, json!({ "text": "hello", "author": "bob" })).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn read_only_properties_cannot_be_written() {
    let world = World::new().await;
    let fault = world.put(NOTE, V1, json!({ "text": "hello", "etagged": "mine" })).await.unwrap_err();
    assert_eq!(fault.status, 400);
    assert!(fault.message.contains("etagged"), "{}", fault.message);
}

#[tokio::test]
async fn a_change_that_leaves_nothing_for_a_worker_is_complete_when_it_is_accepted() {
    let mut world = World::new().await;
    world.host = world.host.eager();
    let path = "Contoso.Data/notes/a";
    let body = json!({ "text": "x y", "password": "hunter2" });
    let Answer::Accepted { record, operation, .. } = world.put(path, V1, body).await.unwrap() else {
        panic!("it is accepted as every change is")
    };
    assert_eq!(record.state, State::Accepted);
    let stored = world.stored(path).await.unwrap();
    assert_eq!((stored.state, stored.operation), (State::Succeeded, None));
    assert!(!format!("{stored:?}").contains("hunter2"), "{stored:?}");
    let ended = world.operation(operation).await;
    assert_eq!((ended.state, ended.payload, ended.ended_at.is_some()), (State::Succeeded, Json::Null, true));
    assert!(!run_once(&world.host, &world.options).await.unwrap(), "there is nothing to claim");
    world.settle(path, V1, json!({ "text": "again" })).await;
    let fault = world.put(path, V1, json!({ "text": "x" })).await.unwrap_err();
    assert_eq!(fault.status, 400, "what is wrong is refused as ever");
}

#[tokio::test]
async fn whoever_asks_to_be_told_gets_an_operation_whose_id_says_that_it_has_ended() {
    let mut world = World::new().await;
    world.host = world.host.eager();
    let body = json!({ "properties": { "text": "hello" } }).as_object().cloned().unwrap();
    let (api_version, preconditions) = (V1.parse().unwrap(), Preconditions::default());
    let request = Put { id: id(NOTE), api_version, body, preconditions };
    let answer =
        world.host.put_and_tell(request.clone(), || request.body.clone(), &|record| record.state).await.unwrap();
    let Answer::Accepted { record: State::Accepted, operation, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(world.store.find_operation(operation).await.unwrap(), None, "there is nothing more to say");
    assert_eq!(ended_at(operation, &id(NOTE)), Some(world.clock.now()));
    assert_eq!(world.stored(NOTE).await.unwrap().state, State::Succeeded);
}

#[tokio::test]
async fn a_creation_that_the_deletion_of_its_type_or_version_overtakes_stores_nothing() {
    let kind = "/planes/radius/local/providers/System.Resources/resourceProviders/Contoso.Data/resourceTypes/notes";
    for registration in [kind.to_owned(), format!("{kind}/apiVersions/{V1}")] {
        let (mut stored, mut refused) = (0, 0);
        // The store gives way around each call, so every point is met at which the deletion could come.
        for steps in 0..10 {
            let world = World::new().await;
            let mut creation = Box::pin(world.put(NOTE, V1, json!({ "text": "hello" })));
            let mut answer = None;
            for _ in 0..steps {
                if answer.is_none() {
                    answer = poll_fn(|context| match creation.as_mut().poll(context) {
                        Poll::Ready(answer) => Poll::Ready(Some(answer)),
                        Poll::Pending => Poll::Ready(None),
                    })
                    .await;
                }
            }
            let is_first = world.store.find(&id(NOTE)).await.unwrap().is_some();
            let registered = registration.parse().unwrap();
            let delete = Write::Delete { id: registered, expect: Expect::Any };
            world.store.commit(vec![delete]).await.unwrap();
            world.host.parts.catalog.refresh(&*world.store, "local", "Contoso.Data").await.unwrap();
            let answer = match answer {
                Some(answer) => answer,
                None => creation.await,
            };
            assert_eq!(answer.is_ok(), is_first, "{registration} after {steps} steps: {answer:?}");
            assert_eq!(world.store.find(&id(NOTE)).await.unwrap().is_some(), is_first, "{registration}, {steps}");
            *(if is_first { &mut stored } else { &mut refused }) += 1;
        }
        assert!(stored > 1 && refused > 1, "{stored} {refused}");
    }
}
