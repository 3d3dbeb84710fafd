//! What requests, start-up and memory cost, beside their budgets.
//!
//! `cargo bench -p radii-registry-server` prints the table. CPU is that of the whole server process, its
//! share of the kernel included; the load generator is another process. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

mod client;
mod process;

use std::path::Path;
use std::time::{Duration, Instant};

use radii_diagnostics::FileId;
use radii_model::manifest;
use radii_registry_server::registry::register_manifest;
use radii_registry_server::serve::{self, Database, Options};
use radii_registry_server::store::keys::KeySource;
use radii_registry_server::store::sqlite::SqliteStore;
use radii_registry_server::store::{Engine as _, OpenError};
use radii_runtime::store::{Expect, Private, Record, State, Write};
use serde_json::{Value as Json, json};

use client::{Load, Request};
use process::Served;

const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const GROUP: &str = "/planes/radius/local/resourcegroups/bench";
const TYPICAL: &str = include_str!("typical.yaml");

/// The allocator of `rad`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.iter().position(|argument| argument == "--serve") {
        Some(at) => runtime.block_on(Box::pin(serve_file(&arguments[at + 1], &arguments[at + 2]))),
        // Without `--bench` the program runs as a test: every path once, no figures worth reading.
        None => runtime.block_on(Box::pin(measure(if arguments.iter().any(|it| it == "--bench") { 1 } else { 200 }))),
    }
}

/// The server process.
async fn serve_file(database: &str, address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let options = Options { listen: address.parse()?, database: Database::File(database.into()), ..Options::default() };
    serve::run(options, Vec::new(), Vec::new()).await?;
    Ok(())
}

/// The load generator; everything is done `1 / scale` as often.
async fn measure(scale: usize) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("bench.db");
    let (path, count) = (database.clone(), 16_000 / scale);
    // On a runtime of its own, which ends what a server in this process leaves running; it would keep the database.
    let prepared = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(Box::pin(fill(&path, count))).map_err(|error| error.to_string())
    });
    prepared.join().map_err(|_| "filling the database panicked")??;
    free(&database).await?;
    println!("{:<44} {:>14} {:>12} {:>12} {:>12}  budget", "what", "CPU/request", "p50", "p99", "requests/s");
    let begun = Instant::now();
    let served = Served::start(&database)?;
    client::first(
        &served.address,
        &Request::get(&format!("{BASE}/planes/radius/local?api-version=2023-10-01-preview")),
    )
    .await?;
    let (took, memory) = (begun.elapsed(), served.resident_kilobytes());
    println!(
        "{:<44} {:>14} {:>12}  100 ms, 60 MB",
        "start to first answer",
        milliseconds(took),
        format!("{} MB", memory / 1024)
    );
    requests(&served, scale).await?;
    println!("{:<44} {:>27}", "resident after all of it", format!("{} MB", served.resident_kilobytes() / 1024));
    Ok(())
}

async fn requests(served: &Served, scale: usize) -> Result<(), Box<dyn std::error::Error>> {
    let resource = format!("{BASE}{GROUP}/providers/Bench.Data/typicals/r7?api-version=2025-01-01");
    let providers = format!("{BASE}/planes/radius/local/providers");
    let registered = format!("{providers}/System.Resources/resourceproviders/Bench.Data/resourcetypes/typicals");
    let list = format!("{BASE}{GROUP}/providers/Bench.Data/typicals?api-version=2025-01-01&top=20");
    let cases = [
        // What connections and the kernel cost, whatever is answered.
        ("GET /healthz, 8 connections", Request::get("/healthz"), 8, 40_000, ""),
        ("GET a resource, 8 connections", Request::get(&resource), 8, 40_000, "15 µs, p99 10 ms"),
        ("GET a resource, 64 connections", Request::get(&resource), 64, 40_000, "15 µs, p99 10 ms"),
        ("GET a type", Request::get(&format!("{registered}?api-version=2023-10-01-preview")), 8, 20_000, "15 µs"),
        (
            "GET a summary",
            Request::get(&format!("{providers}/Bench.Data?api-version=2023-10-01-preview")),
            8,
            20_000,
            "15 µs",
        ),
        ("LIST 20 of 16,000", Request::get(&list), 8, 4_000, ""),
        (
            "LIST 16,000 of the group",
            Request::get(&format!("{BASE}{GROUP}/resources?api-version=2023-10-01-preview")),
            1,
            20,
            "60 ms",
        ),
    ];
    for (name, request, connections, number, budget) in cases {
        let load = Load { connections, requests: (number / scale).max(connections) };
        report(served, name, budget, load.repeat(&served.address, &request).await?);
    }
    let put = |number: usize| {
        let path = format!("{BASE}{GROUP}/providers/Bench.Data/typicals/new{number}?api-version=2025-01-01");
        Request::put(&path, &typical().to_string())
    };
    let load = Load { connections: 64, requests: (20_000 / scale).max(64) };
    let measured = load.run(&served.address, put).await?;
    report(served, "PUT a resource and its operation, 64 conn.", "60 µs, 12,000/s, p99 15 ms", measured);
    let group = |number: usize| {
        let path = format!("{BASE}/planes/radius/local/resourcegroups/g{number}?api-version=2023-10-01-preview");
        Request::put(&path, r#"{"location":"global"}"#)
    };
    report(served, "PUT a group (synchronous), 64 connections", "", load.run(&served.address, group).await?);
    Ok(())
}

fn report(served: &Served, name: &str, budget: &str, mut latencies: Vec<Duration>) {
    let (cpu, wall) = served.since_last();
    latencies.sort();
    let at = |share: usize| milliseconds(latencies[(latencies.len() - 1) * share / 100]);
    let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
    let each = format!("{:.1} µs", (cpu / count).as_secs_f64() * 1e6);
    let rate = f64::from(count) / wall.as_secs_f64();
    println!("{name:<44} {each:>14} {:>12} {:>12} {rate:>12.0}  {budget}", at(50), at(99));
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Registers the type and stores `count` resources of it, as a server would have.
async fn fill(database: &Path, count: usize) -> Result<(), Box<dyn std::error::Error>> {
    let options = Options { database: Database::File(database.into()), ..Options::default() };
    let (router, state) = serve::in_process(&options, Vec::new(), Vec::new()).await?;
    let (manifest, diagnostics) = manifest::parse(FileId(0), TYPICAL);
    register_manifest(&state, "local", &manifest.ok_or_else(|| format!("{diagnostics:?}"))?).await?;
    let store = &state.host.parts.store;
    let mut batch = vec![put(record(GROUP, "System.Resources/resourceGroups")?)];
    for number in 0..count {
        let id = format!("{GROUP}/providers/Bench.Data/typicals/r{number}");
        batch.push(put(record(&id, "Bench.Data/typicals")?));
        if batch.len() == 1_000 {
            store.commit(std::mem::take(&mut batch)).await?;
        }
    }
    store.commit(batch).await?;
    drop(router);
    Ok(())
}

/// Waits until the database can be opened again: the writer's thread may still be about to close it.
async fn free(database: &Path) -> Result<(), Box<dyn std::error::Error>> {
    loop {
        match SqliteStore::open(database, &KeySource::BesideDatabase).await {
            Ok(store) => {
                store.close().await;
                return Ok(());
            }
            Err(OpenError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => return Err(error.into()),
        }
    }
}

fn put(record: Record) -> Write {
    Write::Put { record: Box::new(record), expect: Expect::Any }
}

fn record(id: &str, kind: &str) -> Result<Record, Box<dyn std::error::Error>> {
    let now = radii_runtime::Timestamp(1_700_000_000_000);
    Ok(Record {
        id: id.parse()?,
        type_name: kind.to_owned(),
        api_version: Some("2025-01-01".parse()?),
        location: Some("global".to_owned()),
        tags: None,
        properties: typical()["properties"].as_object().cloned().unwrap_or_default(),
        private: Private::default(),
        state: State::Succeeded,
        operation: None,
        revision: 0,
        created_at: now,
        updated_at: now,
    })
}

fn typical() -> Json {
    json!({ "location": "global", "properties": {
        "environment": format!("{GROUP}/providers/Applications.Core/environments/dev"),
        "size": "M", "code": "orders-db", "replicas": 3, "ratio": 0.25, "public": false,
        "database": { "name": "orders", "port": 5432 }, "backup": { "enabled": true, "keep": 7 },
        "labels": { "team": "shop", "tier": "data" }, "zones": ["a", "b"], "ports": [5432, 9187],
    } })
}
