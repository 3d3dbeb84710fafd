//! Three servers on one PostgreSQL, while servers are killed and the database crashes, cuts its connections and restarts.
//!
//! `RADII_SOAK_ROUNDS` makes it as long as wanted; `RADII_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::api::Api;
use crate::postgres::Postgres;
use crate::program::{Server, rad};

const SERVERS: usize = 3;
const CLIENTS: usize = 6;
const NAMES: usize = 120;
const ROUNDS: usize = 4;
const VERSION: &str = "2025-01-01";
const GROUP: &str = "/planes/radius/local/resourcegroups/replicas";

/// What may be stored under one name: the last acknowledged value, and those of requests without an answer.
type Possible = BTreeSet<Option<String>>;

#[derive(Default)]
struct Diary {
    possible: BTreeMap<usize, Possible>,
    operations: Vec<String>,
    changes: usize,
    refused: usize,
}

/// The servers, and what they are started with.
struct Fleet<'a> {
    folder: &'a Path,
    database: String,
    servers: Vec<Server>,
}

impl<'a> Fleet<'a> {
    fn start(folder: &'a Path, database: &str) -> Self {
        let key = folder.join("secret.key");
        let made = std::process::Command::new(rad()).args(["admin", "generate-key", "--file"]).arg(&key).output();
        assert!(made.expect("`rad` runs").status.success(), "a key is made");
        let mut fleet = Fleet { folder, database: database.to_owned(), servers: Vec::new() };
        fleet.servers = (0..SERVERS).map(|number| fleet.server(number)).collect();
        fleet
    }

    fn server(&self, number: usize) -> Server {
        let key = self.folder.join("secret.key");
        // Long enough for a database that restarts on a busy machine: each lease that runs out is an attempt.
        let more = [OsStr::new("--lease"), OsStr::new("5"), OsStr::new("--secret-key-file"), key.as_os_str()];
        let log = self.folder.join(format!("server{number}.log"));
        Server::start_on(OsStr::new(&self.database), &log, &more)
    }

    fn api(&self, number: usize) -> Api {
        Api::new(&self.servers[number % SERVERS].url)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_lose_nothing_while_they_and_their_database_die() {
    let Some(postgres) = Postgres::start() else { return };
    let given = std::env::var("RADII_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    let rounds = std::env::var("RADII_SOAK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    eprintln!("seed {seed}; repeat with RADII_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut fleet = Fleet::start(folder.path(), &postgres.url);
    prepare(&fleet).await;
    let mut possible: BTreeMap<usize, Possible> = (0..NAMES).map(|name| (name, Possible::from([None]))).collect();
    let (mut changes, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..rounds {
        let mut clients = JoinSet::new();
        let end = Instant::now() + Duration::from_millis(random.random_range(1_500..2_500));
        for client in 0..CLIENTS {
            let own = possible.iter().filter(|(name, _)| *name % CLIENTS == client);
            let diary = Diary { possible: own.map(|(name, held)| (*name, held.clone())).collect(), ..Diary::default() };
            let random = StdRng::seed_from_u64(random.random());
            clients.spawn(change_until(end, fleet.api(client), diary, round, random));
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(100..800))).await;
        let broken = Instant::now();
        let victim = match round % 4 {
            0 => {
                let victim = random.random_range(0..SERVERS);
                fleet.servers[victim].kill();
                Some(victim)
            }
            1 => {
                tokio::task::block_in_place(|| postgres.crash_and_restart());
                None
            }
            2 => {
                tokio::task::block_in_place(|| postgres.cut());
                None
            }
            _ => {
                tokio::task::block_in_place(|| postgres.restart());
                None
            }
        };
        while let Some(diary) = clients.join_next().await {
            let diary = diary.expect("no client saw a wrong answer");
            possible.extend(diary.possible);
            changes += diary.changes;
            refused += diary.refused;
            let watched = fleet.api(victim.map_or(0, |victim| victim + 1));
            for operation in diary.operations {
                let ended = watched.ended(&operation).await;
                assert_eq!(ended["status"], "Succeeded", "round {round}: {ended}");
            }
        }
        slowest = slowest.max(broken.elapsed());
        if let Some(victim) = victim {
            fleet.servers[victim] = fleet.server(victim);
        }
        verify(&fleet, &mut possible, round).await;
    }
    eprintln!(
        "{rounds} faults under load on {SERVERS} servers: {changes} acknowledged changes, none lost; {refused} refused; \
         every operation ended at most {slowest:.1?} after the fault"
    );
    assert!(changes > rounds, "the servers had time to do something: {changes}");
}

/// Registers through one server and creates through the others, which must have learnt of it within a moment.
async fn prepare(fleet: &Fleet<'_>) {
    fleet.api(0).register("recipes", VERSION, &[]).await;
    fleet.api(1).put(GROUP, "2023-10-01-preview", &json!({ "location": "global" })).await;
    let compute = json!({ "kind": "kubernetes", "namespace": "replicas" });
    let body = json!({ "location": "global", "properties": { "compute": compute, "simulated": true } });
    fleet.api(2).put(&environment(), "2023-10-01-preview", &body).await;
    for number in 1..SERVERS {
        let first = format!("{GROUP}/providers/Test.Kill/recipes/first{number}");
        let learnt = async {
            while let Ok(answer) = fleet.api(number).send(Method::PUT, &first, VERSION, Some(&value("x"))).await {
                if answer.status < 300 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(10), learnt).await.expect("what one server registers the others serve");
    }
}

fn environment() -> String {
    format!("{GROUP}/providers/Applications.Core/environments/replicas")
}

fn value(text: &str) -> Json {
    json!({ "location": "global", "properties": { "environment": environment(), "round": text } })
}

fn path(name: usize) -> String {
    format!("{GROUP}/providers/Test.Kill/recipes/r{name}")
}

/// Creates, updates and deletes resources of its own; an answer that says nothing certain ends the name's turn.
async fn change_until(end: Instant, api: Api, mut diary: Diary, round: usize, mut random: StdRng) -> Diary {
    let names: Vec<usize> = diary.possible.keys().copied().collect();
    for number in 0.. {
        if Instant::now() > end {
            break;
        }
        let name = names[random.random_range(0..names.len())];
        let text = (random.random_range(0..3) > 0).then(|| format!("{round}-{number}"));
        let method = if text.is_some() { Method::PUT } else { Method::DELETE };
        let body = text.as_deref().map(value);
        let held = diary.possible.get_mut(&name).expect("every name is in the diary");
        match api.send(method, &path(name), VERSION, body.as_ref()).await {
            Ok(answer) if answer.status < 300 => {
                *held = Possible::from([text]);
                diary.operations.extend(answer.operation);
                diary.changes += 1;
            }
            // An earlier change of the same resource is still in progress: this one did not happen.
            Ok(answer) if answer.status == 409 => {}
            Ok(answer) if matches!(answer.status, 500 | 503) => {
                held.insert(text);
                diary.refused += 1;
            }
            Ok(answer) => panic!("{} was answered with {answer:?}", path(name)),
            Err(_) => {
                held.insert(text);
                return diary;
            }
        }
    }
    diary
}

/// Holds all servers to what any of them acknowledged.
async fn verify(fleet: &Fleet<'_>, possible: &mut BTreeMap<usize, Possible>, round: usize) {
    for (name, held) in possible.iter_mut() {
        let found = settled(&fleet.api(*name), *name).await;
        let text = found.map(|body| body["properties"]["round"].as_str().unwrap_or_default().to_owned());
        assert!(held.contains(&text), "round {round}: r{name} holds {text:?}, and may hold only {held:?}");
        *held = Possible::from([text]);
    }
}

/// Returns a resource once nothing happens to it.
async fn settled(api: &Api, name: usize) -> Option<Json> {
    for _ in 0..3_000 {
        let found = api.find(&path(name), VERSION).await?;
        match found["properties"]["provisioningState"].as_str().unwrap_or_default() {
            "Succeeded" => return Some(found),
            "Accepted" | "Updating" | "Deleting" => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => panic!("r{name} ended wrongly: {found}"),
        }
    }
    panic!("r{name} never settles");
}
