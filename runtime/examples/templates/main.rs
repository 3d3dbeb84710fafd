//! Evaluates every ARM template below a folder, with made-up parameters and without any cloud:
//! `cargo run -p radii-runtime --example templates -- DIR [EXPECTED]`.
//!
//! Prints the templates that are refused, grouped by the reason, and how many were evaluated of those that need no cloud and
//! no extension of others. `EXPECTED` is a file of values that somebody else computed (`expected.rs`): how many of them are
//! right is printed too, and the program fails when one is not. `--given FILE` writes down which parameters were made up.
//!
//! It is held against the compiled baselines of the Bicep compiler, which are not part of this repository; what is expected of
//! them is `expected.json` beside this file.
#![expect(clippy::print_stdout, reason = "a command prints its results")]

mod expected;
mod made_up;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use expected::{Expected, Tally};
use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::deployment::{Foreseen, foresee, foresee_outputs};
use serde_json::{Map, Value as Json};

const SCOPE: &str = "/subscriptions/5a2f0fc5-6b0b-44d4-8ae1-28b0c0c0a7a1/resourceGroups/group";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let folder = args.next().expect("usage: templates DIR [EXPECTED] [--given FILE]");
    let (mut expected, mut write_given) = (BTreeMap::new(), None);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--given" => write_given = args.next(),
            file => expected = expected::read(Path::new(file)),
        }
    }
    let mut files = Vec::new();
    find(Path::new(&folder), &mut files);
    files.sort();
    let (mut run, mut given) = (Run::default(), Map::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let Ok(template) = serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) else { continue };
        if template.get("resources").is_none() {
            continue;
        }
        let name = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
        let wanted = expected.remove(&name);
        let parameters = parameters(&template, wanted.as_ref());
        run.template(&name, &template, &parameters, wanted.as_ref());
        given.insert(name, parameters.into());
    }
    run.tally.missing.extend(expected.into_keys());
    run.print();
    if let Some(file) = write_given {
        std::fs::write(file, Json::from(given).to_string()).expect("the file can be written");
    }
    if run.tally.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns values for parameters: those that are expected to be given, and made-up ones for all others without default.
fn parameters(template: &Json, wanted: Option<&Expected>) -> Map<String, Json> {
    let mut parameters = made_up::parameters(template);
    parameters.extend(wanted.into_iter().flat_map(|wanted| wanted.given.clone()));
    parameters
}

/// What was found so far.
#[derive(Default)]
struct Run {
    refused: BTreeMap<String, Vec<String>>,
    beyond: BTreeMap<&'static str, usize>,
    all: usize,
    good: usize,
    /// Resources, and of them those that are known whole.
    resources: (usize, usize),
    /// Outputs, and of them those that are known before deployment.
    outputs: (usize, usize),
    tally: Tally,
}

impl Run {
    fn template(&mut self, name: &str, template: &Json, given: &Map<String, Json>, wanted: Option<&Expected>) {
        let scope: ResourceId = SCOPE.parse().expect("the scope is an id");
        let foreseen = foresee(template, given, &scope);
        let foreseen = foreseen.and_then(|foreseen| Ok((foreseen, foresee_outputs(template, given, &scope)?)));
        if let Some(wanted) = wanted {
            self.tally.compare(name, wanted, &foreseen);
        }
        match foreseen {
            Ok((resources, outputs)) => self.evaluated(template, &resources, &outputs),
            Err(fault) => self.refused(name, &fault, wanted.is_some_and(|wanted| wanted.refused.is_some())),
        }
    }

    fn evaluated(&mut self, template: &Json, resources: &[Foreseen], outputs: &Map<String, Json>) {
        self.all += 1;
        self.good += 1;
        self.resources.0 += resources.len();
        self.resources.1 += resources.iter().filter(|resource| resource.is_known).count();
        self.outputs.0 += template["outputs"].as_object().map_or(0, Map::len);
        self.outputs.1 += outputs.len();
    }

    fn refused(&mut self, name: &str, fault: &Fault, is_wanted: bool) {
        let why = if is_wanted { Some("it is a mistake on purpose") } else { needs(&fault.message) };
        if let Some(why) = why {
            *self.beyond.entry(why).or_default() += 1;
            return;
        }
        self.all += 1;
        let said = format!("{name}\n        {}", fault.message);
        self.refused.entry(reason(&fault.message)).or_default().push(said);
    }

    fn print(&self) {
        let mut refused: Vec<_> = self.refused.iter().collect();
        refused.sort_by_key(|(_, files)| std::cmp::Reverse(files.len()));
        for (reason, files) in refused {
            println!("{} × {reason}", files.len());
            files.iter().for_each(|file| println!("    {file}"));
        }
        for (why, count) in &self.beyond {
            println!("{count} not counted: {why}");
        }
        println!("{} of {} templates evaluated", self.good, self.all);
        let (resources, outputs) = (self.resources, self.outputs);
        println!(
            "{} of {} resources known whole, {} of {} outputs known before deployment",
            resources.1, resources.0, outputs.1, outputs.0
        );
        self.tally.print();
    }
}

/// Returns why a template cannot be evaluated here, when that is not for us to change.
fn needs(message: &str) -> Option<&'static str> {
    const WHYS: [(&str, &str); 9] = [
        ("references to key vaults", "a value lies in an Azure key vault"),
        ("asks Azure", "what only Azure knows is asked"),
        ("there is no property `global`", "the location of an Azure resource group is looked up"),
        ("`` cannot be the name of a resource", "the display name of an Azure subscription is a name"),
        ("links are not followed", "the template of a module lies in Azure, as a template spec or behind a link"),
        ("a kubeconfig in a template is not used", "objects go to a cluster that the template makes in Azure"),
        ("`properties.name` is missing", "resources of an extension that is none of ours"),
        (" are both `", "two resources have one id, which Azure refuses as well"),
        (" segments, but ", "a name has fewer parts than its type, which Azure refuses as well"),
    ];
    WHYS.iter().find(|(words, _)| message.contains(words)).map(|(_, why)| *why)
}

/// Returns what a message says of any template: without its place, and without names.
fn reason(message: &str) -> String {
    let said = message.split_once("validation failed: '").map_or(message, |(_, said)| said);
    let said = said.split_once(": ").map_or(said, |(_, said)| said);
    let mut reason = String::new();
    for (at, part) in said.split(['`', '"']).enumerate() {
        reason.push_str(if at % 2 == 0 { part } else { "…" });
    }
    reason
}

fn find(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            into.push(path);
        }
    }
}
