//! What the suite found, for people.

use std::fmt::Write as _;
use std::time::Duration;

use super::differences::Difference;
use super::play::Verdict;
use super::scenario::Scenario;

/// A scenario with what became of its calls.
pub struct Played<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// A verdict and the time of each call.
    pub calls: Vec<(Verdict, Duration)>,
}

impl Played<'_> {
    /// One line: how many calls passed, and in which time.
    pub fn summary(&self) -> String {
        let passed = self.calls.iter().filter(|(verdict, _)| !matches!(verdict, Verdict::Different(_))).count();
        format!("{}: {passed} of {}, {:.1} s", self.scenario.name, self.calls.len(), self.time().as_secs_f64())
    }

    /// Each call that differs, and how.
    pub fn differences(&self) -> String {
        let calls = self.scenario.steps.iter().zip(&self.calls);
        let mut text = String::new();
        for (step, (verdict, _)) in calls {
            let Verdict::Different(found) = verdict else { continue };
            let _ = writeln!(text, "\n{}: {}", self.scenario.name, step.call());
            for line in found {
                let _ = writeln!(text, "    {}", line.replace('\n', "\n    "));
            }
        }
        text
    }

    fn time(&self) -> Duration {
        self.calls.iter().map(|(_, time)| *time).sum()
    }
}

/// Lists the scenarios and their calls.
pub fn list(scenarios: &[Scenario]) {
    for scenario in scenarios {
        println!("{}", scenario.name);
        scenario.steps.iter().for_each(|step| println!("    {}", step.call()));
    }
    let calls: usize = scenarios.iter().map(|scenario| scenario.steps.len()).sum();
    println!("{calls} calls in {} scenarios", scenarios.len());
}

/// Prints which calls differ and the figures; returns the percentage that passed.
pub fn print(played: &[Played], differences: &[Difference]) -> f64 {
    let (mut equal, mut excused, mut other, mut skipped) = (0, 0, 0, 0);
    let mut uses = vec![0_usize; differences.len()];
    for (one, step, verdict) in played
        .iter()
        .flat_map(|one| one.scenario.steps.iter().zip(&one.calls).map(move |(step, (verdict, _))| (one, step, verdict)))
    {
        match verdict {
            Verdict::Equal => equal += 1,
            Verdict::Wanted(by) => {
                excused += 1;
                by.iter().for_each(|at| uses[*at] += 1);
            }
            Verdict::Skipped(why) => {
                skipped += 1;
                println!("skipped {}: {}: {why}", one.scenario.name, step.call());
            }
            Verdict::Different(_) => {
                other += 1;
                println!("different {}: {}", one.scenario.name, step.call());
            }
        }
    }
    println!("\nwanted differences:");
    for (difference, uses) in differences.iter().zip(&uses).filter(|(_, uses)| **uses > 0) {
        println!("  {uses:>4} × {}: {}", difference.name, difference.why);
    }
    let (passed, total) = (equal + excused, equal + excused + other);
    println!(
        "\n{equal} equal, {excused} by a wanted difference, {other} different, {skipped} not run: {passed} of {total}"
    );
    100.0 * passed as f64 / total.max(1) as f64
}

/// Prints the slowest scenarios, each with its slowest call.
pub fn print_times(played: &[Played]) {
    const SHOWN: usize = 15;
    let mut slowest: Vec<_> = played.iter().collect();
    slowest.sort_by_key(|one| std::cmp::Reverse(one.time()));
    println!("\nslowest scenarios:");
    for one in slowest.into_iter().take(SHOWN) {
        let calls = one.scenario.steps.iter().zip(&one.calls);
        let Some((step, (_, time))) = calls.max_by_key(|(_, (_, time))| *time) else { continue };
        println!("  {}; {:.1} s of them: {}", one.summary(), time.as_secs_f64(), step.call());
    }
}
