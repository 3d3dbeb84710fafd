//! Leases, retries, deadlines and orderly stops.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use radii_runtime::store::{Expect, State, Write};
use radii_runtime::worker::{Options, run, run_once};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::world::{CORE, V1, World, accepted, application_id, id};

const WEB: &str = "Applications.Core/containers/web";

async fn hanging_container(world: &World) -> uuid::Uuid {
    world.make_application(json!({})).await;
    world.platform.hangs.store(true, Ordering::Relaxed);
    let body = json!({ "application": application_id(), "container": { "image": "nginx" } });
    accepted(world.put(WEB, CORE, body).await.unwrap())
}

#[tokio::test]
async fn nothing_runnable_is_nothing_done() {
    let world = World::new().await;
    assert!(!run_once(&world.host, &world.options).await.unwrap());
}

#[tokio::test]
async fn an_operation_that_takes_too_long_is_canceled() {
    let world = World::new().await;
    let operation = hanging_container(&world).await;
    let options = Options { timeout: Duration::ZERO, ..Options::default() };
    run_once(&world.host, &options).await.unwrap();
    let operation = world.operation(operation).await;
    assert_eq!(operation.state, State::Canceled);
    let error = operation.error.unwrap();
    assert_eq!(error.code, "OperationCanceled");
    let expected =
        "Operation (APPLICATIONS.CORE/CONTAINERS|PUT) has timed out because it was processing longer than 0 s.";
    assert_eq!(error.message, expected);
    assert_eq!(world.stored(WEB).await.unwrap().state, State::Canceled);
}

#[tokio::test]
async fn an_operation_whose_workers_die_fails_after_its_attempts() {
    let world = World::new().await;
    let operation = accepted(world.put("Contoso.Data/notes/one", V1, json!({ "text": "hello" })).await.unwrap());
    for _ in 0..world.options.attempts {
        let worker = world.host.parts.ids.next();
        let now = world.host.parts.clock.now();
        world.host.parts.queue.claim_next(worker, now, world.options.lease).await.unwrap().expect("it is runnable");
        world.clock.advance(world.options.lease + Duration::from_millis(1));
    }
    world.work().await;
    let operation = world.operation(operation).await;
    assert_eq!(operation.state, State::Failed);
    let error = operation.error.unwrap();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("Internal", "exceeded max retry count to process async operation message: 4")
    );
    assert_eq!(world.stored("Contoso.Data/notes/one").await.unwrap().state, State::Failed);
}

#[tokio::test]
async fn what_fails_for_a_passing_reason_is_tried_again_later_and_later_but_not_for_ever() {
    let world = World::new().await;
    let operation = hanging_container(&world).await;
    world.platform.hangs.store(false, Ordering::Relaxed);
    world.platform.overloaded.store(2, Ordering::Relaxed);
    for pause in [1, 2] {
        assert!(run_once(&world.host, &world.options).await.unwrap());
        assert_eq!(world.operation(operation).await.state, State::Updating);
        assert!(!run_once(&world.host, &world.options).await.unwrap(), "it waits");
        world.clock.advance(Duration::from_secs(pause));
    }
    assert!(run_once(&world.host, &world.options).await.unwrap());
    assert_eq!(world.operation(operation).await.state, State::Succeeded);

    world.platform.overloaded.store(usize::MAX, Ordering::Relaxed);
    let body = json!({ "application": application_id(), "container": { "image": "other" } });
    let operation = accepted(world.put(WEB, CORE, body).await.unwrap());
    for _ in 0..world.options.attempts {
        assert!(run_once(&world.host, &world.options).await.unwrap());
        world.clock.advance(Duration::from_secs(60));
    }
    let ended = world.operation(operation).await;
    assert_eq!((ended.state, ended.error.unwrap().message.as_str()), (State::Failed, "the platform is overloaded"));
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_operation_back_as_often_as_it_takes() {
    let world = World::new().await;
    let operation = hanging_container(&world).await;
    for _ in 0..world.options.attempts + 2 {
        let stop = CancellationToken::new();
        let until_it_hangs = async {
            while world.stored(WEB).await.unwrap().private.journal.is_empty() {
                tokio::task::yield_now().await;
            }
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        tokio::join!(run(world.host.clone(), world.options.clone(), stop.clone()), until_it_hangs);
        assert!(!world.operation(operation).await.state.is_terminal());
    }
    world.platform.hangs.store(false, Ordering::Relaxed);
    world.work().await;
    assert_eq!(world.operation(operation).await.state, State::Succeeded);
    let record = world.stored(WEB).await.unwrap();
    assert_eq!((record.state, record.operation), (State::Succeeded, None));
    assert!(record.private.data.is_empty());
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let world = World::new().await;
    let operation = hanging_container(&world).await;
    let mut late = Box::pin(run_once(&world.host, &world.options));
    while world.stored(WEB).await.unwrap().private.journal.is_empty() {
        assert!(poll_once(late.as_mut()).await.is_pending());
    }
    // The first worker still waits for the platform while its lease runs out; another one finishes the work.
    world.clock.advance(world.options.lease + Duration::from_millis(1));
    world.platform.hangs.store(false, Ordering::Relaxed);
    world.work().await;
    let finished = world.stored(WEB).await.unwrap();
    assert_eq!(finished.state, State::Succeeded);
    let applied = world.platform.applied.load(Ordering::Relaxed);
    assert!(late.await.unwrap());
    assert!(world.platform.applied.load(Ordering::Relaxed) > applied, "the late worker had nothing to write");
    assert_eq!(world.stored(WEB).await.unwrap(), finished);
    let operation = world.operation(operation).await;
    assert_eq!((operation.state, operation.attempt), (State::Succeeded, 2));
}

/// Lets a future make one step.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    tokio::task::yield_now().await;
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[tokio::test]
async fn an_operation_whose_resource_was_taken_away_ends() {
    let world = World::new().await;
    let path = "Contoso.Data/notes/one";
    let operation = accepted(world.put(path, V1, json!({ "text": "hello" })).await.unwrap());
    world.store.commit(vec![Write::Delete { id: id(path), expect: Expect::Any }]).await.unwrap();
    world.work().await;
    assert_eq!(world.operation(operation).await.state, State::Failed);
}

#[tokio::test]
async fn sensitive_values_stay_out_of_the_store_although_the_schema_is_gone() {
    let world = World::new().await;
    let path = "Contoso.Data/notes/one";
    let body = json!({ "text": "hello", "password": "hunter2" });
    let operation = accepted(world.put(path, V1, body).await.unwrap());
    world.register("Contoso.Data/notes", V1, json!({}), &["ManualResourceProvisioning"]).await;
    world.work().await;
    assert_eq!(world.operation(operation).await.state, State::Succeeded);
    let record = format!("{:?}", world.stored(path).await.unwrap());
    assert!(!record.contains("hunter2"), "{record}");
}
