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

/// How often a program of some size is compiled in a row.
const ROUNDS: u32 = 5;

/// Time that this process and those that it waited for spent on processors, in ticks of 10 ms.
///
/// Other work on the machine does not count in it; `None` where the system does not say.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name stands in parentheses and may hold anything.
    let fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    let ticks = fields.map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Does something a few times; the shortest time, the processor time of one round, and what came of the last one.
fn measured<T>(rounds: u32, mut round: impl FnMut() -> Option<T>) -> Option<(String, T)> {
    let before = processor_time();
    let (mut best, mut last) = (Duration::MAX, None);
    for _ in 0..rounds {
        let start = Instant::now();
        last = Some(round()?);
        best = best.min(start.elapsed());
    }
    let spent = processor_time().zip(before).map(|(after, before)| (after - before) / rounds);
    let spent = spent.map_or_else(String::new, |spent| format!(", processor {spent:>9.1?}"));
    Some((format!("{best:>9.1?}{spent}"), last?))
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

/// Runs a program a few times; the times, and what it printed.
fn cold(command: &mut Command) -> Option<(String, String)> {
    let (times, output) = measured(20, || command.output().ok())?;
    Some((times, String::from_utf8_lossy(&output.stdout).trim().to_owned()))
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
        let found = measured(ROUNDS, || {
            let compilation = typespec::compile(&world, "main.tsp", &Options::default(), &Registry::standard());
            Some(compilation.diagnostics.len())
        });
        if let Some((times, found)) = found {
            println!("{models:>6} models twice, {size:>8} bytes: {times}, {found} diagnostics");
        }
    }
    // Each in a process of its own: peak memory, and how long a cold start takes in all.
    let own = std::env::current_exe().expect("a program knows where it stands");
    for models in [1, 1_000, 5_000] {
        if let Some((took, said)) = cold(Command::new(&own).env("MODELS", models.to_string())) {
            println!("{models:>6} models twice, cold process: {took}, peak memory {said}");
        }
    }
    // `RAD` names the command line's program: the same with everything around it.
    if let Ok(rad) = std::env::var("RAD") {
        let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/resource-types/02-redis/main.tsp");
        if let Some((took, _)) = cold(Command::new(&rad).args(["check", spec])) {
            println!("`rad check` of one small spec, cold process: {took}");
        }
    }
}
