//! `cargo xtask conformance cli`: recorded command lines, run with a binary against fresh servers of ours.
//!
//! Upstream's own program must print what it printed against its own server. Ours must end in the same way
//! and give the same data; its messages may be better ones.

mod compare;
mod differences;
mod play;
mod proxy;
mod scenario;
mod terminal;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use camino::Utf8PathBuf;

use crate::replay::server;
use compare::Judge;
use play::Verdict;
use scenario::Scenario;

/// Suites of recordings that are not HTTP alone.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(clap::Subcommand)]
enum Suite {
    /// Runs recorded command lines and compares exit code and output.
    Cli(CliArgs),
}

#[derive(clap::Args)]
struct CliArgs {
    /// Folder of recordings.
    #[arg(default_value = "tests/conformance/cli")]
    dir: Utf8PathBuf,
    /// The program under test; ours when not given.
    #[arg(long)]
    rad: Option<Utf8PathBuf>,
    /// The program that serves; built first when not given.
    #[arg(long)]
    server: Option<Utf8PathBuf>,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// The wanted differences.
    #[arg(long, default_value = "tests/conformance/differences.yaml")]
    differences: Utf8PathBuf,
    /// Fail when fewer calls than this percentage pass.
    #[arg(long, default_value_t = 100.0)]
    at_least: f64,
    /// Print the summary, not the differences.
    #[arg(long)]
    quiet: bool,
    /// Scenarios played at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// Runs the suite and prints the result.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Suite::Cli(args) = &args.suite;
    let scenarios = scenario::read_all(&args.dir, args.only.as_deref())?;
    let differences = differences::read(&args.differences)?;
    let server = match &args.server {
        Some(server) => server.clone(),
        None => server::build()?,
    };
    let judge = if args.rad.is_some() { Judge::Upstream } else { Judge::Ours };
    let rad = args.rad.clone().unwrap_or_else(|| server.clone());
    let rad = rad.canonicalize_utf8().with_context(|| format!("there is no program `{rad}`"))?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = play::play(scenario, &rad, &server, judge, &differences);
                    let passed = verdicts.iter().filter(|verdict| !matches!(verdict, Verdict::Different(_))).count();
                    println!("{}: {passed} of {}", scenario.name, verdicts.len());
                    results.lock().expect("no player panics").push((scenario, verdicts));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no player panics");
    results.sort_by_key(|(scenario, _)| scenario.name.clone());
    let passed = print(&results, &differences, args.quiet);
    if passed < args.at_least {
        bail!("{passed:.2} % of the calls passed; at least {} % are wanted", args.at_least);
    }
    Ok(())
}

fn print(results: &[(&Scenario, Vec<Verdict>)], differences: &[differences::Difference], quiet: bool) -> f64 {
    let (mut equal, mut wanted, mut other, mut skipped) = (0, vec![0_usize; differences.len()], 0, 0);
    for (scenario, verdicts) in results {
        for (step, verdict) in scenario.steps.iter().zip(verdicts) {
            match verdict {
                Verdict::Equal => equal += 1,
                Verdict::Wanted(at) => wanted[*at] += 1,
                Verdict::Skipped(why) => {
                    skipped += 1;
                    println!("skipped {}: {}: {why}", scenario.name, step.call());
                }
                Verdict::Different(found) => {
                    other += 1;
                    println!("{}: {}", scenario.name, step.call());
                    if !quiet {
                        found.iter().for_each(|line| println!("    {}", line.replace('\n', "\n    ")));
                    }
                }
            }
        }
    }
    println!("\nwanted differences:");
    for (difference, uses) in differences.iter().zip(&wanted).filter(|(_, uses)| **uses > 0) {
        println!("  {uses:>4} × {}", difference.why);
    }
    let excused: usize = wanted.iter().sum();
    let (passed, total) = (equal + excused, equal + excused + other);
    println!(
        "\n{equal} equal, {excused} by a wanted difference, {other} different, {skipped} not run: {passed} of {total}"
    );
    100.0 * passed as f64 / total.max(1) as f64
}
