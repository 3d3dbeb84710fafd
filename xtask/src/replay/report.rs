//! What a replay prints.

use std::collections::BTreeMap;

use super::Suite;
use super::judge::Verdict;
use super::player::Played;
use super::rules::Rule;
use super::scenario::{Scenario, Step};

/// Ranges of the recordings of the runtime.
const RUNTIME: &[(u32, u32, &str)] = &[
    (101, 138, "containers"),
    (201, 210, "gateways"),
    (211, 225, "stores, volumes, extenders, simulated"),
    (301, 310, "Radius.Core, Radius.Compute, packs"),
    (401, 414, "datastores, messaging, Dapr"),
    (501, 517, "recipes"),
    (601, 606, "getGraph"),
    (701, 726, "failures"),
    (799, 799, "deletion of a provider"),
];

/// Ranges of the recordings of the protocol, with what they hold.
const HTTP: &[(u32, u32, &str)] = &[
    (1, 9, "root, unknown paths, planes"),
    (20, 27, "resource groups"),
    (40, 64, "System.Resources"),
    (80, 90, "paging, asynchronous protocol"),
    (120, 121, "summaries"),
    (130, 131, "credentials"),
    (140, 161, "resources of user-defined types"),
    (200, 244, "schema rules"),
    (260, 263, "sensitive properties"),
    (280, 294, "proxying, other planes"),
    (300, 364, "Applications.*, Radius.Core"),
    (400, 400, "concurrency"),
];

#[derive(Default)]
struct Count {
    equal: usize,
    by_rule: usize,
    different: usize,
    unplayed: usize,
}

/// Prints differences, the use of the rules and the figures; returns the percentage that passed.
pub fn print(suite: Suite, results: &[(&Scenario, Played)], rules: &[Rule], quiet: bool, show: Option<&str>) -> f64 {
    let ranges = match suite {
        Suite::Http => HTTP,
        Suite::Runtime => RUNTIME,
    };
    let mut counts: BTreeMap<usize, Count> = BTreeMap::new();
    let mut unplayed: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut uses = vec![0_usize; rules.len()];
    for (scenario, Played { verdicts, .. }) in results {
        let range = ranges.iter().position(|(from, to, _)| (*from..=*to).contains(&scenario.number()));
        let count = counts.entry(range.unwrap_or(ranges.len())).or_default();
        for (at, (step, verdict)) in scenario.steps.iter().zip(verdicts).enumerate() {
            match verdict {
                Verdict::Equal => count.equal += 1,
                Verdict::ByRule(rule) => {
                    count.by_rule += 1;
                    uses[*rule] += 1;
                    if show == Some("all") {
                        println!("{}: {} step {at}: {}", rules[*rule].name, scenario.scenario, step.name);
                    } else if show == Some(rules[*rule].name.as_str()) {
                        print_step(scenario, at, step, &[]);
                    }
                }
                Verdict::Unplayed(reason) => {
                    count.unplayed += 1;
                    *unplayed.entry((&scenario.scenario, reason)).or_default() += 1;
                }
                Verdict::Different(differences) => {
                    count.different += 1;
                    if !quiet {
                        print_step(scenario, at, step, differences);
                    }
                }
            }
        }
    }
    print_rules(rules, &uses);
    for ((scenario, reason), steps) in &unplayed {
        println!("not played: {steps} steps of {scenario}: {reason}");
    }
    print_counts(ranges, &counts)
}

fn print_step(scenario: &Scenario, at: usize, step: &Step, differences: &[String]) {
    println!("{} step {at}: {}", scenario.scenario, step.name);
    println!("  {} {}", step.request.method, step.request.path);
    for difference in differences.iter().take(8) {
        let shown: String = difference.chars().take(2_000).collect();
        println!("    {shown}");
    }
    if differences.len() > 8 {
        println!("    … and {} more", differences.len() - 8);
    }
}

/// Prints wrong answers that rules would excuse, and how many were tried; returns how many there are.
pub fn print_survivors(results: &[(&Scenario, Played)], rules: &[Rule]) -> usize {
    let tried: usize = results.iter().map(|(_, played)| played.mutants).sum();
    let mut found = 0;
    for (scenario, played) in results {
        for survivor in &played.survivors {
            found += 1;
            let step = &scenario.steps[survivor.step];
            println!(
                "`{}` would excuse a wrong answer: {} step {} ({}): {}",
                rules[survivor.rule].name, scenario.scenario, survivor.step, step.name, survivor.what
            );
        }
    }
    println!("wrong answers tried on the rules: {tried}, excused: {found}");
    found
}

/// Prints answers that break the published description, and how many it speaks of; returns how many there are.
pub fn print_described(results: &[(&Scenario, Played)]) -> usize {
    let described: usize = results.iter().map(|(_, played)| played.described).sum();
    let mut found = 0;
    for (scenario, played) in results {
        for (step, violations) in &played.invalid {
            found += 1;
            println!("{} step {step} breaks the description: {}", scenario.scenario, violations.join("; "));
        }
    }
    println!("answers held against the published description: {described}, invalid: {found}");
    found
}

fn print_rules(rules: &[Rule], uses: &[usize]) {
    println!("\nwanted differences:");
    for (rule, uses) in rules.iter().zip(uses) {
        let why = rule.why.split_whitespace().collect::<Vec<_>>().join(" ");
        println!("  {uses:>5} × {}: {why}", rule.name);
    }
}

fn print_counts(ranges: &[(u32, u32, &str)], counts: &BTreeMap<usize, Count>) -> f64 {
    println!(
        "\n{:<42} {:>7} {:>8} {:>10} {:>13} {:>11}",
        "range", "equal", "by rule", "different", "passed/total", "not played"
    );
    let mut all = Count::default();
    for (range, count) in counts {
        let name = ranges
            .get(*range)
            .map_or_else(|| "other".to_owned(), |(from, to, what)| format!("{from:03}-{to:03} {what}"));
        print_line(&name, count);
        all.equal += count.equal;
        all.by_rule += count.by_rule;
        all.different += count.different;
        all.unplayed += count.unplayed;
    }
    print_line("all", &all);
    let total = all.equal + all.by_rule + all.different;
    100.0 * (all.equal + all.by_rule) as f64 / total.max(1) as f64
}

fn print_line(name: &str, count: &Count) {
    let (passed, total) = (count.equal + count.by_rule, count.equal + count.by_rule + count.different);
    let ratio = format!("{passed}/{total}");
    println!(
        "{name:<42} {:>7} {:>8} {:>10} {ratio:>13} {:>11}",
        count.equal, count.by_rule, count.different, count.unplayed
    );
}
