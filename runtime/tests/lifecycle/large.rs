//! Large deployments: workers that die anywhere, and nothing is begun twice.

use std::collections::HashMap;
use std::time::Duration;

use radii_runtime::store::{Operation, State};
use radii_runtime::worker::run_once;
use serde_json::{Map, Value as Json, json};

use crate::deployments::{API, DEPLOYMENT, world};
use crate::world::{GROUP, V1, World, accepted, id};

/// Numbers that look random and follow from a seed.
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A template of notes, each of which may depend on some before it.
pub fn template(count: u64, dice: &mut Dice) -> Json {
    let mut resources = Map::new();
    for at in 0..count {
        let mut text = format!("note {at}");
        if at > 0 && dice.roll(3) > 0 {
            text = format!("[concat('after ', reference('n{}').name)]", dice.roll(at));
        }
        let resource = json!({ "import": "radius", "type": format!("Contoso.Data/notes@{V1}"),
            "properties": { "name": format!("note-{at}"), "properties": { "text": text } } });
        resources.insert(format!("n{at}"), resource);
    }
    json!({ "languageVersion": "2.0", "imports": { "radius": { "provider": "Radius" } }, "resources": resources })
}

/// Lets one worker make some steps and die, unless it ended before.
async fn work_and_die(world: &World, steps: u64) {
    let options = radii_runtime::worker::Options { attempts: u32::MAX, ..world.options.clone() };
    let mut worker = Box::pin(run_once(&world.host, &options));
    let mut left = steps;
    std::future::poll_fn(|context| {
        left -= 1;
        if left == 0 { std::task::Poll::Ready(()) } else { worker.as_mut().poll(context).map(|_| ()) }
    })
    .await;
}

/// Returns how often each resource was begun.
async fn begun(world: &World) -> HashMap<String, usize> {
    let operations: Vec<Operation> = world.store.recent_operations(usize::MAX).await.unwrap();
    let mut begun = HashMap::new();
    for operation in operations {
        *begun.entry(operation.resource.key()).or_default() += 1;
    }
    begun
}

#[tokio::test]
async fn a_hundred_resources_are_begun_once_each_wherever_workers_die() {
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        let world = world().await;
        let body = json!({ "template": template(100, &mut dice) });
        let operation = accepted(world.put(DEPLOYMENT, API, body).await.unwrap());
        let mut deaths = 0;
        while !world.operation(operation).await.state.is_terminal() {
            // From a death within the first store call to workers that finish.
            work_and_die(&world, 2 + dice.roll(400)).await;
            world.clock.advance(world.options.lease + Duration::from_millis(1));
            deaths += 1;
            assert!(deaths < 10_000, "seed {seed}: the deployment does not end");
        }
        let ended = world.operation(operation).await;
        assert_eq!((ended.state, ended.error), (State::Succeeded, None), "seed {seed}");
        let begun = begun(&world).await;
        let notes: Vec<_> = begun.iter().filter(|(key, _)| key.contains("/notes/")).collect();
        assert_eq!(notes.len(), 100, "seed {seed}");
        assert!(notes.iter().all(|(_, times)| **times == 1), "seed {seed}: {notes:?}");
        let made = world.properties(DEPLOYMENT).await["outputResources"].as_array().unwrap().len();
        assert_eq!(made, 100, "seed {seed}");
    }
}

/// Lets workers make this many steps in all, and the last one die in the middle of what it does; returns whether the
/// deployment ended before.
async fn work_for(world: &World, operation: radii_runtime::store::OperationId, mut steps: u64) -> bool {
    let options = radii_runtime::worker::Options { attempts: u32::MAX, ..world.options.clone() };
    while !world.operation(operation).await.state.is_terminal() {
        let mut worker = Box::pin(run_once(&world.host, &options));
        let is_alive = std::future::poll_fn(|context| match steps {
            0 => std::task::Poll::Ready(false),
            _ => {
                steps -= 1;
                worker.as_mut().poll(context).map(|_| true)
            }
        })
        .await;
        if !is_alive {
            return false;
        }
        world.clock.advance(Duration::from_millis(300));
    }
    true
}

#[tokio::test]
async fn a_worker_may_die_at_every_single_point_of_a_deployment() {
    let template = template(7, &mut Dice(3));
    for steps in 0.. {
        let world = world().await;
        let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
        let has_ended = work_for(&world, operation, steps).await;
        world.clock.advance(world.options.lease + Duration::from_millis(1));
        assert!(work_for(&world, operation, 1_000_000).await, "dead after {steps} steps, it does not end");
        let ended = world.operation(operation).await;
        assert_eq!((ended.state, ended.error), (State::Succeeded, None), "dead after {steps} steps");
        let begun = begun(&world).await;
        let notes: Vec<_> = begun.iter().filter(|(key, _)| key.contains("/notes/")).collect();
        assert!(notes.len() == 7 && notes.iter().all(|(_, times)| **times == 1), "dead after {steps} steps: {notes:?}");
        if has_ended {
            assert!(steps > 20);
            return;
        }
    }
}

/// How many points of death lie between two that are tried: `RADII_CRASH_STRIDE` says it, `cargo xtask crashes` 1.
fn stride(points: u64) -> u64 {
    let given = std::env::var("RADII_CRASH_STRIDE").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(points / 8).max(1)
}

#[tokio::test]
async fn a_hundred_resources_survive_a_death_at_any_point() {
    const ENOUGH: u64 = 10_000_000;
    let template = template(100, &mut Dice(9));
    let begin = async || {
        let world = world().await;
        let operation = accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
        (world, operation)
    };
    // How many steps a deployment takes that nobody disturbs.
    let (world, operation) = begin().await;
    let mut points = 1_000;
    while !work_for(&world, operation, 1_000).await {
        points += 1_000;
        assert!(points < ENOUGH);
        world.clock.advance(world.options.lease + Duration::from_millis(1));
    }
    let stride = stride(points);
    let mut deaths = 0;
    for at in (0..points).step_by(usize::try_from(stride).unwrap()) {
        let (world, operation) = begin().await;
        if work_for(&world, operation, at).await {
            break;
        }
        deaths += 1;
        world.clock.advance(world.options.lease + Duration::from_millis(1));
        assert!(work_for(&world, operation, ENOUGH).await, "dead after {at} steps, it does not end");
        let ended = world.operation(operation).await;
        assert_eq!((ended.state, ended.error), (State::Succeeded, None), "dead after {at} steps");
        let begun = begun(&world).await;
        let twice: Vec<_> = begun.iter().filter(|(key, times)| key.contains("/notes/") && **times > 1).collect();
        assert!(twice.is_empty(), "dead after {at} steps: {twice:?}");
        let made = world.properties(DEPLOYMENT).await["outputResources"].as_array().unwrap().len();
        assert_eq!(made, 100, "dead after {at} steps");
    }
    eprintln!("died at {deaths} points of at most {points}, {stride} steps apart");
    assert!(deaths > 1);
}

#[tokio::test]
async fn independent_resources_are_in_progress_at_once_and_never_too_many() {
    let world = world().await;
    let resources: Map<_, _> = (0..40)
        .map(|at| {
            let resource = json!({ "import": "radius", "type": format!("Contoso.Data/notes@{V1}"),
                "properties": { "name": format!("note-{at}"), "properties": { "text": "x y" } } });
            (format!("n{at}"), resource)
        })
        .collect();
    let template = json!({ "imports": { "radius": { "provider": "Radius" } }, "resources": resources });
    accepted(world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap());
    run_once(&world.host, &world.options).await.unwrap();
    let begun = begun(&world).await;
    assert_eq!(begun.keys().filter(|key| key.contains("/notes/")).count(), 16);
    assert!(world.stored("Contoso.Data/notes/note-0").await.is_some());
    assert!(world.host.get(&id("Contoso.Data/notes/note-39")).await.is_err());
}

#[tokio::test]
async fn circles_are_named_in_full() {
    let world = world().await;
    let resources: Map<_, _> = (0..50)
        .map(|at| {
            let resource = json!({ "import": "radius", "type": format!("Contoso.Data/notes@{V1}"),
                "dependsOn": [format!("n{}", (at + 1) % 50)],
                "properties": { "name": format!("note-{at}"), "properties": { "text": "x y" } } });
            (format!("n{at}"), resource)
        })
        .collect();
    let template = json!({ "imports": { "radius": { "provider": "Radius" } }, "resources": resources });
    let fault = world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap_err();
    assert_eq!(fault.message.matches('→').count(), 50, "{}", fault.message);
}

#[tokio::test]
async fn expressions_and_templates_that_nest_without_end_are_refused() {
    let world = world().await;
    let deep = format!("[{}1{}]", "add(1, ".repeat(1_000), ")".repeat(1_000));
    let mut nested = json!({ "resources": [] });
    for level in 0..200 {
        nested = json!({ "resources": [{ "type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01",
            "name": format!("level-{level}"),
            "properties": { "expressionEvaluationOptions": { "scope": "inner" }, "template": nested } }] });
    }
    // What is read of a file is not the body of a request, which ends before that.
    let scope = GROUP.parse().unwrap();
    let fault = radii_runtime::deployment::foresee(&nested, &Map::new(), &scope).unwrap_err();
    assert!(fault.message.contains("templates are nested more than 32 deep"), "{}", fault.message);
    let cases = [
        (json!({ "resources": [], "variables": { "v": deep }, "outputs": {} }), "nested more than 100 deep"),
        (nested, "the body is nested more than 120 deep"),
    ];
    for (template, message) in cases {
        let fault = world.put(DEPLOYMENT, API, json!({ "template": template })).await.unwrap_err();
        assert!(fault.message.contains(message), "{}", fault.message);
    }
}
