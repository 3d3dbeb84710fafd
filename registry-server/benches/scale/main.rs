//! What requests, registrations, start-up and memory cost when the store is full, beside an empty one.
//!
//! `cargo bench -p radii-registry-server --bench scale` prints the table. The store is filled through the storage
//! layer. `RADII_SCALE_RESOURCES` and `RADII_SCALE_TYPES` say how full (1,000,000 and 10,000, each type with three
//! versions); `RADII_SCALE_POSTGRES`, or `RADII_TEST_POSTGRES`, names a PostgreSQL server, on which the databases
//! `scale_empty` and `scale_full` are made and filled in the place of files. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

#[path = "../requests/client.rs"]
mod client;
mod fill;
#[path = "../requests/process.rs"]
mod process;

use std::time::{Duration, Instant};

use radii_registry_server::serve::{self, Database, Options};
use radii_registry_server::store::keys::KeySource;

use client::{Load, Request};
use fill::{Size, VERSION};
use process::Served;

const BASE: &str = "/apis/api.ucp.dev/v1alpha3";
const NATIVE: &str = "2023-10-01-preview";

type Failure = Box<dyn std::error::Error>;

/// The allocator of `rad`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    match arguments.iter().position(|argument| argument == "--serve") {
        Some(at) => runtime.block_on(Box::pin(serve(&arguments[at + 1], &arguments[at + 2]))),
        None => runtime.block_on(Box::pin(compare(is_measured))),
    }
}

/// The server process.
async fn serve(database: &str, address: &str) -> Result<(), Failure> {
    let options = Options { listen: address.parse()?, ..options(database)? };
    serve::run(options, Vec::new(), Vec::new()).await?;
    Ok(())
}

fn options(database: &str) -> Result<Options, Failure> {
    let database: Database = database.parse()?;
    let keys = match database {
        Database::Postgres(_) => KeySource::Text(fill::KEY.into()),
        _ => KeySource::BesideDatabase,
    };
    Ok(Options { database, keys, ..Options::default() })
}

fn number_of(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.replace(['_', ','], "").parse().ok()).unwrap_or(default)
}

/// The PostgreSQL server to measure on, if one is named.
fn postgres() -> Option<String> {
    ["RADII_SCALE_POSTGRES", "RADII_TEST_POSTGRES"].into_iter().find_map(|name| std::env::var(name).ok())
}

/// Fills two stores, asks both the same, and prints what that took.
async fn compare(is_measured: bool) -> Result<(), Failure> {
    // Without `--bench` the program runs as a test: every path once, no figures worth reading.
    let (scale, resources, types) = match is_measured {
        true => (1, number_of("RADII_SCALE_RESOURCES", 1_000_000), number_of("RADII_SCALE_TYPES", 10_000)),
        false => (100, 200, 40),
    };
    let folder = tempfile::tempdir()?;
    let mut columns = Vec::new();
    for (name, size) in
        [("empty", Size { resources: 1_000.min(resources), types: 1 }), ("full", Size { resources, types })]
    {
        let database = match postgres() {
            Some(server) if is_measured => fill::database_on(&server, &format!("scale_{name}")).await?,
            _ => folder.path().join(format!("{name}.db")).display().to_string(),
        };
        let begun = Instant::now();
        fill::fill(&options(&database)?, size).await?;
        println!(
            "{name}: {} resources, {} types in {:.1} s",
            size.resources,
            size.types,
            begun.elapsed().as_secs_f64()
        );
        columns.push(measure(&database, size, scale).await?);
    }
    println!("\n{:<34} {:>26} {:>26} {:>7}  budget", "what", "empty store", "full store", "ratio");
    for (empty, full) in columns[0].iter().zip(&columns[1]) {
        let ratio = full.value / empty.value.max(f64::EPSILON);
        println!("{:<34} {:>26} {:>26} {ratio:>6.2}×  {}", full.what, empty.shown, full.shown, full.budget);
    }
    Ok(())
}

/// One figure.
struct Figure {
    what: &'static str,
    shown: String,
    value: f64,
    budget: &'static str,
}

async fn measure(database: &str, size: Size, scale: usize) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    let begun = Instant::now();
    let served = Served::start(database.as_ref())?;
    client::first(&served.address, &Request::get("/healthz")).await?;
    figures.push(since(begun, "start until it says that it lives", ""));
    // It waits until it is known what is registered.
    let one = format!("{BASE}{}?api-version={VERSION}", fill::resource(size.resources / 2, size));
    client::once(&served.address, &Request::get(&one)).await?;
    figures.push(since(begun, "start until a resource is answered", "≤ 150 ms"));
    let memory = served.resident_kilobytes() as f64 / 1024.0;
    figures.push(Figure {
        what: "resident when idle",
        shown: format!("{memory:.0} MB"),
        value: memory,
        budget: "≤ 150 MB",
    });
    let ask = |number: usize, requests: usize| Load { connections: number, requests: (requests / scale).max(number) };
    let path = move |number: usize| format!("{BASE}{}?api-version={VERSION}", fill::resource(number, size));
    let scattered = move |number: usize| Request::get(&path(number.wrapping_mul(7_919) % size.resources));
    // Nothing of them is in memory, whatever the size of the store.
    let _since = served.since_last();
    let times = ask(8, 1_000).run(&served.address, scattered).await?;
    figures.push(figure(&served, "GET, of 1,000, each the first time", "≤ 1.5×", times));
    let few = move |number: usize| Request::get(&path(number % 1_000.min(size.resources)));
    let _warm = ask(8, 2_000).run(&served.address, few).await?;
    let _since = served.since_last();
    figures.push(figure(&served, "GET, of 1,000", "", ask(8, 20_000).run(&served.address, few).await?));
    let times = ask(8, 20_000).run(&served.address, scattered).await?;
    figures.push(figure(&served, "GET, scattered over all", "≤ 1.5×", times));
    let list = format!("{BASE}{}?api-version={VERSION}&top=20", fill::collection(0, size));
    let times = ask(8, 2_000).repeat(&served.address, &Request::get(&list)).await?;
    figures.push(figure(&served, "first page of 20", "≤ 1.5×", times));
    let deep = format!("{list}&skipToken={}", fill::token_in_the_middle(size));
    let times = ask(8, 2_000).repeat(&served.address, &Request::get(&deep)).await?;
    figures.push(figure(&served, "page in the middle", "≤ 1.5×", times));
    let body = fill::body().to_string();
    let put = move |number: usize| {
        let path = format!("{BASE}{}-new{number}?api-version={VERSION}", fill::resource(number % 1_000, size));
        Request::put(&path, &body)
    };
    figures.push(figure(&served, "PUT", "≤ 1.5×", ask(64, 10_000).run(&served.address, put).await?));
    figures.push(registrations(&served, ask(1, 100).requests).await?);
    Ok(figures)
}

/// How long something took that has just ended.
fn since(begun: Instant, what: &'static str, budget: &'static str) -> Figure {
    let took = begun.elapsed();
    Figure { what, shown: milliseconds(took), value: took.as_secs_f64(), budget }
}

/// Registers types one after another, each in four requests, and asks at once for resources of it.
async fn registrations(served: &Served, number: usize) -> Result<Figure, Failure> {
    let mut times = Vec::new();
    for number in 0..number {
        let begun = Instant::now();
        for (path, body) in fill::registration(number) {
            let request = Request::put(&format!("{BASE}{path}?api-version={NATIVE}"), &body.to_string());
            Load { connections: 1, requests: 1 }.repeat(&served.address, &request).await?;
        }
        let asked = Request::get(&format!("{BASE}{}?api-version={VERSION}", fill::registered(number)));
        client::once(&served.address, &asked).await?;
        times.push(begun.elapsed());
    }
    Ok(figure(served, "a type registered and routed", "same; ≤ 10 ms p99", times))
}

fn figure(served: &Served, what: &'static str, budget: &'static str, mut times: Vec<Duration>) -> Figure {
    let (cpu, _) = served.since_last();
    times.sort();
    let each = cpu.as_secs_f64() * 1e6 / times.len() as f64;
    let p99 = times[(times.len() - 1) * 99 / 100];
    Figure { what, shown: format!("{each:.0} µs, p99 {}", milliseconds(p99)), value: each, budget }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
