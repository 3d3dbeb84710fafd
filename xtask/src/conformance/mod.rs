//! `cargo xtask conformance cli`: recorded command lines, run with a binary against fresh servers of ours.
//!
//! Upstream's own program must print what it printed against its own server. Ours must end in the same way
//! and give the same data; its messages may be better ones.

mod compare;
mod deployments;
mod differences;
mod lines;
mod play;
mod proxy;
mod report;
mod scenario;
mod terminal;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;

use crate::replay::server;
use compare::Judge;
use play::Stage;
use report::Played;

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
    /// By which measure it is judged; `upstream` for another program than ours.
    #[arg(long, value_enum)]
    judge: Option<Judge>,
    /// The program that serves; built first when not given.
    #[arg(long)]
    server: Option<Utf8PathBuf>,
    /// Only scenarios whose name contains one of these.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The wanted differences.
    #[arg(long, default_value = "tests/conformance/differences.yaml")]
    differences: Utf8PathBuf,
    /// Fail when fewer calls than this percentage pass.
    #[arg(long, default_value_t = 100.0)]
    at_least: f64,
    /// Print the summary, not the differences.
    #[arg(long)]
    quiet: bool,
    /// Print how long each scenario took, and its slowest call.
    #[arg(long)]
    times: bool,
    /// List the scenarios and their calls, and run nothing.
    #[arg(long)]
    list: bool,
    /// Scenarios played at once; most of their time is waiting, so more than processors is right.
    #[arg(long, default_value_t = 12)]
    jobs: usize,
}

/// Runs the suite and prints the result.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let Suite::Cli(args) = &args.suite;
    let scenarios = scenario::read_all(&args.dir, &args.only)?;
    if args.list {
        report::list(&scenarios);
        return Ok(());
    }
    let differences = differences::read(&args.differences)?;
    let server = match &args.server {
        Some(server) => server.clone(),
        None => server::build()?,
    };
    let judge = args.judge.unwrap_or(if args.rad.is_some() { Judge::Upstream } else { Judge::Ours });
    let rad = args.rad.clone().unwrap_or_else(|| server.clone());
    let rad = rad.canonicalize_utf8().with_context(|| format!("there is no program `{rad}`"))?;
    let stage = Stage { rad: &rad, server: &server, judge, differences: &differences };
    let begin = Instant::now();
    let played = play_all(&stage, &scenarios, args);
    let passed = report::print(&played, &differences);
    if args.times {
        report::print_times(&played);
    }
    println!("{} s", begin.elapsed().as_secs());
    if passed < args.at_least {
        bail!("{passed:.2} % of the calls passed; at least {} % are wanted", args.at_least);
    }
    Ok(())
}

/// Plays the scenarios, several at once, those with most calls first; returns them in their order.
fn play_all<'a>(stage: &Stage, scenarios: &'a [scenario::Scenario], args: &CliArgs) -> Vec<Played<'a>> {
    let mut queue: Vec<_> = scenarios.iter().collect();
    queue.sort_by_key(|scenario| std::cmp::Reverse(scenario.steps.len()));
    let next = AtomicUsize::new(0);
    let played = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                while let Some(scenario) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = Played { scenario, calls: stage.play(scenario) };
                    let details = if args.quiet { String::new() } else { one.differences() };
                    println!("{}{details}", one.summary());
                    played.lock().expect("no player panics").push(one);
                }
            });
        }
    });
    let mut played = played.into_inner().expect("no player panics");
    played.sort_by_key(|one| one.scenario.name.clone());
    played
}
