//! The wanted differences between recorded calls and those of today, as data.

use std::borrow::Cow;
use std::collections::BTreeSet;

use anyhow::{Context, bail};
use camino::Utf8Path;
use regex::Regex;
use serde::{Deserialize, Deserializer};

use super::compare::{Judge, Ran};
use super::scenario::Step;

/// The file of differences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    differences: Vec<Difference>,
}

/// One wanted difference. All conditions that are given must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// A name, in kebab case.
    pub name: String,
    /// Why we differ.
    pub why: String,
    /// Whose calls: `ours`, `upstream` or both when left out.
    #[serde(default)]
    of: Option<Judge>,
    /// The scenario's name matches.
    #[serde(default)]
    scenario: Option<Pattern>,
    /// The call matches.
    #[serde(default)]
    call: Option<Pattern>,
    /// What was recorded matches: exit code, standard output, standard error, screen.
    #[serde(default)]
    recorded: Option<Pattern>,
    /// What is printed now matches, in the same form.
    #[serde(default)]
    now: Option<Pattern>,
    /// An earlier call of the scenario was excused by the difference of this name, and this is what follows from it.
    #[serde(default)]
    after: Option<String>,
    /// How the recorded text is read instead; all the rest must then be as recorded. Without it, the call is excused.
    #[serde(default)]
    reads: Vec<Reading>,
    /// Whether the call may end with another exit code, too.
    #[serde(default)]
    ends: Ends,
}

/// How an excused call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ends {
    /// As recorded.
    #[default]
    AsRecorded,
    /// In any way.
    Otherwise,
}

/// A replacement in the recorded text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    text: Pattern,
    #[serde(rename = "as")]
    replacement: String,
}

/// A regular expression in a file.
#[derive(Debug)]
struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Regex::new(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Pattern {
    fn is_in(this: Option<&Self>, text: &str) -> bool {
        this.is_none_or(|pattern| pattern.0.is_match(text))
    }
}

/// A call that differs from its recording.
pub struct Call<'a> {
    /// By which measure it is judged.
    pub judge: Judge,
    /// The scenario's name.
    pub scenario: &'a str,
    /// The differences that excused earlier calls of the scenario.
    pub before: &'a BTreeSet<String>,
    /// What was recorded.
    pub step: &'a Step,
    /// What was printed now.
    pub ran: &'a Ran,
    /// Replaces what stands for places of this run.
    pub fill: &'a dyn Fn(&str) -> String,
}

impl Difference {
    /// Whether the difference is about a call.
    pub fn concerns(&self, call: &Call) -> bool {
        self.of.is_none_or(|of| of == call.judge)
            && self.after.as_ref().is_none_or(|name| call.before.contains(name))
            && Pattern::is_in(self.scenario.as_ref(), call.scenario)
            && Pattern::is_in(self.call.as_ref(), &call.step.call())
            && self.recorded.as_ref().is_none_or(|text| text.0.is_match(&(call.fill)(&call.step.transcript())))
            && self.now.as_ref().is_none_or(|text| text.0.is_match(&call.ran.transcript()))
    }

    /// Whether the difference excuses whatever is printed, and not only single places.
    pub fn excuses_all(&self) -> bool {
        self.reads.is_empty()
    }

    /// Whether the call may also end otherwise.
    pub fn excuses_exit(&self) -> bool {
        self.ends == Ends::Otherwise
    }

    /// Reads a recorded step as it would be with us; `None` when nothing changes.
    pub fn read(&self, step: &Step) -> Option<Step> {
        let read = |text: &str| {
            self.reads.iter().fold(text.to_owned(), |text, reading| {
                match reading.text.0.replace_all(&text, reading.replacement.as_str()) {
                    Cow::Owned(changed) => changed,
                    Cow::Borrowed(_) => text,
                }
            })
        };
        let mut changed = step.clone();
        changed.stdout = read(&step.stdout);
        changed.stderr = read(&step.stderr);
        changed.screen = step.screen.iter().map(|line| read(line)).collect();
        (changed.stdout != step.stdout || changed.stderr != step.stderr || changed.screen != step.screen)
            .then_some(changed)
    }

    fn is_about_something(&self) -> bool {
        let conditions = [&self.scenario, &self.call, &self.recorded, &self.now];
        !self.reads.is_empty() || conditions.iter().any(|condition| condition.is_some())
    }
}

/// Reads the file of differences.
pub fn read(path: &Utf8Path) -> anyhow::Result<Vec<Difference>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read differences `{path}`"))?;
    let file: File = serde_saphyr::from_str(&text).with_context(|| format!("`{path}` is not a file of differences"))?;
    let is_named = |name: &String| file.differences.iter().any(|difference| difference.name == *name);
    if let Some(name) = file.differences.iter().filter_map(|one| one.after.as_ref()).find(|name| !is_named(name)) {
        bail!("`{path}`: no difference is named `{name}`, which another one comes after");
    }
    if let Some(difference) = file.differences.iter().find(|difference| !difference.is_about_something()) {
        bail!("`{path}`: `{}` would excuse everything; give it a condition", difference.name);
    }
    Ok(file.differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(yaml: &str) -> Difference {
        serde_saphyr::from_str(&format!("name: n\nwhy: w\n{yaml}")).unwrap()
    }

    fn step(stdout: &str) -> Step {
        serde_json::from_value(serde_json::json!({ "argv": ["rad", "x"], "stdin": null, "exit": 0, "stdout": stdout }))
            .unwrap()
    }

    fn concerns(difference: &Difference, judge: Judge, step: &Step, ran: &Ran, before: &[&str]) -> bool {
        let before = before.iter().map(|name| (*name).to_owned()).collect();
        difference.concerns(&Call { judge, scenario: "001", before: &before, step, ran, fill: &str::to_owned })
    }

    #[test]
    fn all_conditions_must_hold() {
        let difference = difference("of: upstream\ncall: '^rad x'\nrecorded: 'exit 0'\nnow: 'exit 1\\n'");
        let (step, ran) = (step(""), Ran { exit: Some(1), ..Ran::default() });
        assert!(concerns(&difference, Judge::Upstream, &step, &ran, &[]));
        assert!(!concerns(&difference, Judge::Ours, &step, &ran, &[]));
        assert!(!concerns(&difference, Judge::Upstream, &step, &Ran::default(), &[]));
    }

    #[test]
    fn what_follows_from_a_difference_needs_that_difference_before() {
        let difference = difference("after: made-otherwise\ncall: ' x$'");
        let (step, ran) = (step(""), Ran { exit: Some(0), ..Ran::default() });
        assert!(!concerns(&difference, Judge::Ours, &step, &ran, &["another"]));
        assert!(concerns(&difference, Judge::Ours, &step, &ran, &["another", "made-otherwise"]));
    }

    #[test]
    fn a_reading_changes_single_places_and_excuses_nothing_else() {
        let difference = difference("reads: [{text: 'year 1', as: '{time}'}]");
        assert!(!difference.excuses_all());
        assert_eq!(difference.read(&step("in year 1")).unwrap().stdout, "in {time}");
        assert!(difference.read(&step("now")).is_none());
    }

    #[test]
    fn the_wanted_differences_are_listed_on_their_page() {
        let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let differences = read(&root.join("tests/conformance/differences.yaml")).unwrap();
        let page = std::fs::read_to_string(root.join("docs/differences.md")).unwrap();
        for difference in differences {
            let line = format!("| `{}` | {} |", difference.name, difference.why);
            assert!(page.contains(&line), "docs/differences.md should have the line\n{line}");
        }
    }
}
