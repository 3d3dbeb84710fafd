//! The wanted differences between recorded calls and those of today, as data.

use std::borrow::Cow;

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

impl Difference {
    /// Whether the difference is about a call; `fill` replaces what stands for places of this run.
    pub fn concerns(
        &self,
        judge: Judge,
        scenario: &str,
        step: &Step,
        ran: &Ran,
        fill: &dyn Fn(&str) -> String,
    ) -> bool {
        self.of.is_none_or(|of| of == judge)
            && Pattern::is_in(self.scenario.as_ref(), scenario)
            && Pattern::is_in(self.call.as_ref(), &step.call())
            && (self.recorded.is_none() || Pattern::is_in(self.recorded.as_ref(), &fill(&step.transcript())))
            && (self.now.is_none() || Pattern::is_in(self.now.as_ref(), &ran.transcript()))
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

    #[test]
    fn all_conditions_must_hold() {
        let difference = difference("of: upstream\ncall: '^rad x'\nrecorded: 'exit 0'\nnow: 'exit 1\\n'");
        let (step, ran) = (step(""), Ran { exit: Some(1), ..Ran::default() });
        assert!(difference.concerns(Judge::Upstream, "001", &step, &ran, &str::to_owned));
        assert!(!difference.concerns(Judge::Ours, "001", &step, &ran, &str::to_owned));
        assert!(!difference.concerns(Judge::Upstream, "001", &step, &Ran::default(), &str::to_owned));
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
