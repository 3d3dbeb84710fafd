//! Workers that die at every point where they could, and what is left then.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use radii_runtime::store::State;
use radii_runtime::worker::{Options, run_once};
use serde_json::json;

use crate::world::{CORE, V1, World, accepted, application_id, environment_id};

/// Lets a worker make at most `steps` steps, then drops it where it stands; `true` when it ended by itself.
async fn run_and_die(world: &World, steps: usize) -> bool {
    let options = Options { attempts: u32::MAX, ..world.options.clone() };
    let mut worker: Pin<Box<_>> = Box::pin(run_once(&world.host, &options));
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        worker.as_mut().poll(context).map(|_| true)
    })
    .await
}

async fn recover(world: &World) {
    world.clock.advance(world.options.lease + Duration::from_millis(1));
    world.work().await;
}

#[tokio::test]
async fn a_container_survives_a_crash_at_every_point() {
    let mut points = 0;
    for steps in 0.. {
        let world = World::new().await;
        world.make_application(json!({})).await;
        let body = json!({ "application": application_id(),
            "container": { "image": "nginx", "ports": { "web": { "containerPort": 80 } } } });
        let path = "Applications.Core/containers/web";
        let operation = accepted(world.put(path, CORE, body).await.unwrap());
        let ended = run_and_die(&world, steps).await;
        recover(&world).await;
        assert_eq!(world.operation(operation).await.state, State::Succeeded, "after {steps} steps");
        assert_eq!(world.platform.names(), ["web", "web-service"]);
        let record = world.stored(path).await.unwrap();
        assert_eq!((record.state, record.private.journal.len()), (State::Succeeded, 2));
        let operation = accepted(world.delete(path, CORE, false).await.unwrap());
        let ended_too = run_and_die(&world, steps).await;
        recover(&world).await;
        assert_eq!(world.operation(operation).await.state, State::Succeeded, "after {steps} steps");
        assert!(world.platform.names().is_empty() && world.stored(path).await.is_none());
        points = steps;
        if ended && ended_too {
            break;
        }
    }
    assert!(points > 20, "only {points} points were tried");
}

#[tokio::test]
async fn a_changing_recipe_survives_a_crash_at_every_point() {
    let recipe = |objects: &[&str]| {
        let parameters = json!({ "objects": objects, "values": { "host": "h" } });
        let recipe = json!({ "templateKind": "template", "templatePath": "x", "parameters": parameters });
        json!({ "Contoso.Data/postgres": { "default": recipe } })
    };
    let path = "Contoso.Data/postgres/db";
    for steps in 0.. {
        let world = World::new().await;
        world.make_application(recipe(&["a", "b"])).await;
        let body = || json!({ "environment": environment_id(), "application": application_id() });
        let first = accepted(world.put(path, V1, body()).await.unwrap());
        let ended = run_and_die(&world, steps).await;
        recover(&world).await;
        assert_eq!(world.operation(first).await.state, State::Succeeded, "after {steps} steps");
        world.make_application(recipe(&["b", "c"])).await;
        let second = accepted(world.put(path, V1, body()).await.unwrap());
        let ended_too = run_and_die(&world, steps).await;
        recover(&world).await;
        assert_eq!(world.operation(second).await.state, State::Succeeded, "after {steps} steps");
        assert_eq!(world.platform.names(), ["b", "c"], "after {steps} steps");
        assert_eq!(world.stored(path).await.unwrap().private.journal.len(), 2);
        if ended && ended_too {
            return;
        }
    }
}
