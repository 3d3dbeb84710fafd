//! `kill -9` at random moments: whatever was acknowledged is there afterwards, and nothing is half done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::api::{Answer, Api};
use crate::program::Server;

const ROUNDS: usize = 20;
const RESOURCES: usize = 200;
const CLIENTS: usize = 8;
const VERSION: &str = "2025-01-01";
const GROUP: &str = "/planes/radius/local/resourcegroups/kill";

/// What may be stored under one name: the last acknowledged value, and those of requests without an answer.
type Possible = BTreeSet<Option<String>>;

/// What one client knows and did.
#[derive(Default)]
struct Diary {
    possible: BTreeMap<usize, Possible>,
    operations: Vec<String>,
    changes: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_changes_survive_kills_and_every_operation_ends() {
    let given = std::env::var("RADII_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    eprintln!("seed {seed}; repeat with RADII_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let database = folder.path().join("radii.db");
    let mut server = Server::start(&database);
    prepare(&Api::new(&server.url)).await;

    let mut possible: BTreeMap<usize, Possible> = (0..RESOURCES).map(|name| (name, Possible::from([None]))).collect();
    let (mut changes, mut uncertain) = (0, 0);
    for round in 0..ROUNDS {
        let api = Api::new(&server.url);
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let own = possible.iter().filter(|(name, _)| *name % CLIENTS == client);
            let diary = Diary { possible: own.map(|(name, held)| (*name, held.clone())).collect(), ..Diary::default() };
            clients.spawn(change_until_killed(api.clone(), diary, round, StdRng::seed_from_u64(random.random())));
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(20..500))).await;
        server.kill();
        let mut operations = Vec::new();
        while let Some(diary) = clients.join_next().await {
            let diary = diary.expect("no client saw a wrong answer");
            possible.extend(diary.possible);
            operations.extend(diary.operations);
            changes += diary.changes;
        }
        uncertain += possible.values().filter(|held| held.len() > 1).count();
        server = Server::start(&database);
        verify(&Api::new(&server.url), &mut possible, &operations, round).await;
    }
    eprintln!("{ROUNDS} kills, {changes} acknowledged changes, {uncertain} requests without an answer");
    assert!(changes > RESOURCES, "the server had time to do something");
    remove_all(&Api::new(&server.url)).await;
}

/// Registers an inert type and one that a recipe would provision, and makes a group with a simulated environment.
async fn prepare(api: &Api) {
    api.register("inerts", VERSION, &["ManualResourceProvisioning"]).await;
    api.register("recipes", VERSION, &[]).await;
    api.put(GROUP, "2023-10-01-preview", &json!({ "location": "global" })).await;
    let compute = json!({ "kind": "kubernetes", "namespace": "kill" });
    let properties = json!({ "compute": compute, "simulated": true });
    let body = json!({ "location": "global", "properties": properties });
    api.put(&environment(), "2023-10-01-preview", &body).await;
}

fn environment() -> String {
    format!("{GROUP}/providers/Applications.Core/environments/kill")
}

fn path(name: usize) -> String {
    let kind = if name.is_multiple_of(2) { "inerts" } else { "recipes" };
    format!("{GROUP}/providers/Test.Kill/{kind}/r{name}")
}

/// Creates, updates and deletes resources of its own until the server no longer answers.
async fn change_until_killed(api: Api, mut diary: Diary, round: usize, mut random: StdRng) -> Diary {
    let names: Vec<usize> = diary.possible.keys().copied().collect();
    for number in 0.. {
        let name = names[random.random_range(0..names.len())];
        let value = (random.random_range(0..3) > 0).then(|| format!("{round}-{number}"));
        let body = value.as_ref().map(
            |value| json!({ "location": "global", "properties": { "environment": environment(), "round": value } }),
        );
        let method = if value.is_some() { Method::PUT } else { Method::DELETE };
        let held = diary.possible.get_mut(&name).expect("every name is in the diary");
        let Ok(answer) = api.send(method, &path(name), VERSION, body.as_ref()).await else {
            held.insert(value);
            return diary;
        };
        match answer.status {
            200..=299 => {
                *held = Possible::from([value]);
                diary.operations.extend(answer.operation);
                diary.changes += 1;
            }
            // An earlier change of the same resource is still in progress: this one did not happen.
            409 => {}
            _ => panic!("{} was answered with {answer:?}", path(name)),
        }
    }
    diary
}

/// Holds the restarted server to what the former one acknowledged.
async fn verify(api: &Api, possible: &mut BTreeMap<usize, Possible>, operations: &[String], round: usize) {
    for operation in operations {
        let ended = api.ended(operation).await;
        assert_eq!(ended["status"], "Succeeded", "round {round}: {ended}");
    }
    for (name, held) in possible.iter_mut() {
        let found = settled(api, *name).await;
        let value = found.map(|body| body["properties"]["round"].as_str().unwrap_or_default().to_owned());
        assert!(held.contains(&value), "round {round}: r{name} holds {value:?}, and may hold only {held:?}");
        *held = Possible::from([value]);
    }
    let listed = list(api, "inerts").await.len() + list(api, "recipes").await.len();
    let expected = possible.values().filter(|held| !held.contains(&None)).count();
    assert_eq!(listed, expected, "round {round}: lists show what reads show");
}

/// Returns a resource once nothing happens to it: changes without an answer may have begun, and must end.
async fn settled(api: &Api, name: usize) -> Option<Json> {
    for _ in 0..3_000 {
        let found = api.find(&path(name), VERSION).await?;
        let state = found["properties"]["provisioningState"].as_str().unwrap_or_default();
        match state {
            "Succeeded" => return Some(found),
            "Accepted" | "Updating" | "Deleting" => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => panic!("r{name} ended wrongly: {found}"),
        }
    }
    panic!("r{name} never settles");
}

async fn list(api: &Api, kind: &str) -> Vec<Json> {
    let first = format!("{GROUP}/providers/Test.Kill/{kind}");
    let mut values = Vec::new();
    let mut version = format!("{VERSION}&top=20");
    loop {
        let page = api.send(Method::GET, &first, &version, None).await.expect("the server answers");
        assert_eq!(page.status, 200, "{page:?}");
        values.extend(page.body["value"].as_array().expect("a list has values").iter().cloned());
        let Some(next) = page.body["nextLink"].as_str() else { return values };
        version = next.split_once("api-version=").expect("a next page has its version").1.to_owned();
    }
}

/// Deletes everything, so that whatever a kill had made impossible to delete is noticed.
async fn remove_all(api: &Api) {
    for name in 0..RESOURCES {
        let answer: Answer = api.send(Method::DELETE, &path(name), VERSION, None).await.expect("the server answers");
        assert!(matches!(answer.status, 200 | 202 | 204), "{answer:?}");
        if let Some(operation) = answer.operation {
            assert_eq!(api.ended(&operation).await["status"], "Succeeded");
        }
    }
    assert_eq!(list(api, "inerts").await.len() + list(api, "recipes").await.len(), 0);
}
