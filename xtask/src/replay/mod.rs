//! `cargo xtask replay`: what upstream answered against what we answer.
//!
//! Every scenario is played on a fresh server (or on the one at `--url`). A step passes when status,
//! the recorded headers and the body are equal after placeholders, or when a rule of the rules' file
//! wants the difference.

mod adjust;
mod bindings;
mod described;
mod forwarded;
mod history;
mod judge;
mod likeness;
mod memory;
mod modules;
mod mutants;
mod place;
mod player;
mod report;
mod rules;
mod scenario;
pub mod server;
pub mod stand_in;
mod surroundings;
mod terraform;
pub mod wire;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};

use judge::Verdict;
use place::{Place, RealCluster};
use player::{Played, Player};
use rules::Rule;
use scenario::Scenario;
use surroundings::Surroundings;

/// Plays recorded HTTP scenarios and prints steps passed per range.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of scenarios.
    #[arg(default_value = "tests/replay/http")]
    dir: Utf8PathBuf,
    /// Play against the server at this URL instead of starting one per scenario.
    #[arg(long)]
    url: Option<String>,
    /// The program to start; built first when not given.
    #[arg(long)]
    rad: Option<Utf8PathBuf>,
    /// Rules of the wanted differences [default: tests/replay/rules.yaml; for recordings of the runtime also
    /// tests/replay/runtime-rules.yaml and tests/replay/recipe-rules.yaml]
    #[arg(long)]
    rules: Vec<Utf8PathBuf>,
    /// Address of a Kubernetes API whose objects the server at --url makes; without it objects are not compared
    #[arg(long, requires = "url")]
    cluster: Option<String>,
    /// Kubeconfig of a real cluster to deploy to, scenario after scenario; the namespaces that the recordings use
    /// are removed from it
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    kubeconfig: Option<Utf8PathBuf>,
    /// Ranges of scenario numbers, such as `001-090,120-121`.
    #[arg(long)]
    range: Option<String>,
    /// Only scenarios whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Fail when fewer steps than this percentage pass.
    #[arg(long, default_value_t = 100.0)]
    at_least: f64,
    /// So many wrong answers may be excused by rules that are still too wide [default: 0 for recordings of the protocol,
    /// any number for those of the runtime]
    #[arg(long)]
    excused: Option<usize>,
    /// Print also the steps that this rule accounts for; `all` names every such step with its rule.
    #[arg(long)]
    show: Option<String>,
    /// Print the summary, not the differences.
    #[arg(long)]
    quiet: bool,
    /// Scenarios played at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// Plays the scenarios and prints the result.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let scenarios = read_scenarios(args)?;
    let suite = Suite::of(&scenarios);
    let rules = rules::read_all(if args.rules.is_empty() { suite.rules() } else { args.rules.clone() })?;
    let rad = match (&args.url, &args.rad) {
        (Some(_), _) => None,
        (None, Some(rad)) => Some(rad.clone()),
        (None, None) => Some(server::build()?),
    };
    let url = args.url.as_deref().map(|url| url.trim_start_matches("http://").trim_end_matches('/'));
    let real = args.kubeconfig.as_deref().map(RealCluster::reach).transpose()?;
    // Pods of one name are in one state, and definitions are everybody's.
    let jobs = if real.is_some() { 1 } else { args.jobs.max(1) };
    let description = described::Description::read()?;
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played =
                        play(args, suite, scenario, (&rules, &description), (rad.as_deref(), url, real.as_ref()));
                    results.lock().expect("no player panics").push((scenario, played));
                }
            });
        }
    });
    if let Some(real) = &real {
        real.cluster.clear(surroundings::is_recorded)?;
    }
    let mut results = results.into_inner().expect("no player panics");
    results.sort_by_key(|(scenario, _)| scenario.scenario.clone());
    let passed = report::print(suite, &results, &rules, args.quiet, args.show.as_deref());
    let survivors = report::print_survivors(&results, &rules);
    let invalid = report::print_described(&results);
    if passed < args.at_least {
        bail!("{passed:.2} % of the steps passed; at least {} % are wanted", args.at_least);
    }
    let known = args.excused.or((suite == Suite::Http).then_some(0));
    if let Some(known) = known.filter(|known| survivors > *known && args.at_least > 0.0) {
        bail!("{survivors} wrong answers would be excused by rules; {known} are known");
    }
    if invalid > 0 && args.at_least > 0.0 {
        bail!("{invalid} answers break the published description");
    }
    Ok(())
}

/// Which recordings are played.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// The HTTP protocol.
    Http,
    /// What the runtime makes of resources.
    Runtime,
}

impl Suite {
    /// Recordings of the runtime look at what stands in the cluster, others do not.
    fn of(scenarios: &[Scenario]) -> Self {
        let is_runtime = |scenario: &Scenario| {
            !scenario.modules.is_empty() || scenario.steps.iter().any(scenario::Step::is_about_cluster)
        };
        if scenarios.iter().any(is_runtime) { Suite::Runtime } else { Suite::Http }
    }

    fn rules(self) -> Vec<Utf8PathBuf> {
        let common = "tests/replay/rules.yaml".into();
        match self {
            Suite::Http => vec![common],
            Suite::Runtime => {
                vec![common, "tests/replay/runtime-rules.yaml".into(), "tests/replay/recipe-rules.yaml".into()]
            }
        }
    }
}

fn play(
    args: &Args,
    suite: Suite,
    scenario: &Scenario,
    (rules, description): (&[Rule], &described::Description),
    (rad, url, real): (Option<&Utf8Path>, Option<&str>, Option<&RealCluster>),
) -> Played {
    let failed = |error: anyhow::Error| {
        let broken = |_| Verdict::Different(vec![format!("{error:#}")]);
        Played { verdicts: scenario.steps.iter().map(broken).collect(), ..Played::default() }
    };
    let place = match (rad, real) {
        (Some(rad), Some(real)) => Place::start_on(rad, scenario, real),
        (Some(rad), None) => Place::start(rad, scenario),
        (None, _) => Ok(Place::at(url.unwrap_or_default(), args.cluster.clone())),
    };
    let player = place.and_then(|place| {
        let stripped = place.surroundings.as_ref().filter(|_| suite == Suite::Http);
        stripped.map_or(Ok(()), Surroundings::strip)?;
        Player::new(scenario, rules, description, place)
    });
    match player {
        Ok(player) => player.play(),
        Err(error) => failed(error),
    }
}

fn read_scenarios(args: &Args) -> anyhow::Result<Vec<Scenario>> {
    let mut paths = Vec::new();
    for entry in args.dir.read_dir_utf8().with_context(|| format!("cannot read folder `{}`", args.dir))? {
        paths.push(entry?.into_path());
    }
    paths.retain(|path| path.extension() == Some("json"));
    paths.sort();
    let ranges = args.range.as_deref().map(parse_ranges).transpose()?;
    let mut scenarios = Vec::new();
    for path in paths {
        let scenario = Scenario::read(&path)?;
        let number = scenario.number();
        let in_range = ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)));
        if in_range && args.only.as_ref().is_none_or(|only| scenario.scenario.contains(only.as_str())) {
            scenarios.push(scenario);
        }
    }
    if scenarios.is_empty() {
        bail!("no scenario in `{}` is within the ranges asked for", args.dir);
    }
    Ok(scenarios)
}

fn parse_ranges(text: &str) -> anyhow::Result<Vec<std::ops::RangeInclusive<u32>>> {
    let parse = |range: &str| -> anyhow::Result<_> {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Ok(from.trim().parse()?..=to.trim().parse()?)
    };
    text.split(',')
        .map(|range| parse(range).with_context(|| format!("`{range}` is not a range such as 001-090")))
        .collect()
}
