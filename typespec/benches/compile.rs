//! How long programs of several sizes take to compile: `cargo bench -p typespec` prints figures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use typespec::{Options, Registry};

/// A program of so many models, as authors write them.
fn program(models: usize) -> String {
    let mut text = String::from("using TypeSpec.Reflection;\nnamespace Demo.Types;\n\nenum Tier { basic, premium }\n");
    for at in 0..models {
        let next = (at + 1) % models;
        let _ = write!(
            text,
            "/** Resource {at}. */\nmodel Resource{at} {{\n  /** Its name. */\n  @minLength(1) @maxLength(64) name: string;\n  \
             @minValue(1) size?: int32 = 5;\n  tier?: Tier = Tier.basic;\n  labels?: Record<string>;\n  \
             next?: Resource{next};\n  items: Item{at}[];\n  @visibility(Lifecycle.Read) id: string;\n}}\n\
             model Item{at} {{ key: string; value: string | int32 | null; }}\n"
        );
    }
    text
}

/// Compiles a program of so many models and prints how much memory that took at most.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn child(models: usize) {
    let world = BTreeMap::from([("main.tsp".to_owned(), program(models))]);
    let compilation = typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    println!("{peak}, {} diagnostics", compilation.diagnostics.len());
}

/// Runs a program a few times; the shortest time and what it printed.
fn cold(command: &mut Command) -> Option<(Duration, String)> {
    let mut best: Option<(Duration, String)> = None;
    for _ in 0..10 {
        let start = Instant::now();
        let output = command.output().ok()?;
        let took = start.elapsed();
        if best.as_ref().is_none_or(|(least, _)| took < *least) {
            best = Some((took, String::from_utf8_lossy(&output.stdout).trim().to_owned()));
        }
    }
    best
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    if let Some(models) = std::env::var("MODELS").ok().and_then(|models| models.parse().ok()) {
        return child(models);
    }
    for models in [1, 500, 1_000, 2_500, 5_000, 10_000] {
        let text = program(models);
        let size = text.len();
        let world = BTreeMap::from([("main.tsp".to_owned(), text)]);
        let start = Instant::now();
        let compilation = typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard());
        let took = start.elapsed();
        let found = compilation.diagnostics.len();
        println!("{models:>6} models twice, {size:>8} bytes: {took:>10.1?}, {found} diagnostics");
    }
    // Each in a process of its own: peak memory, and how long a cold start takes in all.
    let own = std::env::current_exe().expect("a program knows where it stands");
    for models in [1, 1_000, 5_000] {
        if let Some((took, said)) = cold(Command::new(&own).env("MODELS", models.to_string())) {
            println!("{models:>6} models twice, cold process: {took:>10.1?}, peak memory {said}");
        }
    }
    // `RAD` names the command line's program: the same with everything around it.
    if let Ok(rad) = std::env::var("RAD") {
        let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/resource-types/02-redis/main.tsp");
        if let Some((took, _)) = cold(Command::new(&rad).args(["check", spec])) {
            println!("`rad check` of one small spec, cold process: {took:.1?}");
        }
    }
}
