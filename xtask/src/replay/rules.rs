//! The wanted differences from upstream, as data: which steps they concern and what we answer instead.

use std::collections::BTreeMap;

use anyhow::Context;
use camino::Utf8Path;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use super::adjust::Adjust;
use super::history::{Past, id_of};
use super::memory::Memory;

/// The rules' file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rules: Vec<Rule>,
}

/// One wanted difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// A name, in kebab case.
    pub name: String,
    /// Why we differ.
    pub why: String,
    /// Which steps it may excuse: all conditions that are given must hold.
    #[serde(rename = "match")]
    pub condition: Condition,
    /// What we answer instead, one of several if need be; without it the recorded answer still holds, after
    /// [`Rule::adjust`].
    #[serde(default)]
    pub answer: Option<Answers>,
    /// How the recorded answer is changed before it is compared.
    #[serde(default)]
    pub adjust: Adjust,
    /// What the difference does to later steps.
    #[serde(default)]
    pub effect: Effect,
}

/// Conditions on a recorded step; regular expressions must match somewhere.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Condition {
    scenario: Option<Pattern>,
    step: Option<Pattern>,
    method: Option<Pattern>,
    path: Option<Pattern>,
    /// The request's body as JSON text.
    request: Option<Pattern>,
    /// The request's headers as JSON text.
    headers: Option<Pattern>,
    /// The headers of what was passed on to a provider, as JSON text.
    forwarded: Option<Pattern>,
    /// The recorded answer's headers as JSON text.
    answered: Option<Pattern>,
    /// The recorded status.
    status: Option<u16>,
    /// The recorded body as JSON text.
    body: Option<Pattern>,
    /// The recorded end of the operation that the step began, as JSON text.
    operation: Option<Pattern>,
    /// `METHOD path body` of the request that began the operation which the step asks about.
    begun_by: Option<Pattern>,
    /// A later request about the resource of that operation.
    followed_by: Option<Pattern>,
    /// An earlier write that was carried out.
    preceded_by: Option<Pattern>,
    /// This request or an earlier one, whatever became of it.
    asked_before: Option<Pattern>,
    /// The request that began an operation which is recorded as failed, now or earlier.
    failed_before: Option<Pattern>,
    /// What was last done to the surroundings, as JSON text.
    surroundings: Option<Pattern>,
    /// A schema that was registered for the type in the path, as JSON text.
    registered: Option<Pattern>,
    /// Whether what the path stands below was never made, or is deleted.
    parent_absent: bool,
    /// Whether the type in the path, or its provider, was deleted.
    unregistered: bool,
    /// Whether the resource's type was deleted after the resource was written.
    orphan: bool,
    /// Whether the path has a `skipToken` that no list gave.
    foreign_token: bool,
    /// Whether resources of the version in the path are later found to have a schema that can validate nothing.
    found_unusable: bool,
}

/// What we may answer instead.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Answers {
    /// This.
    One(Box<Expected>),
    /// One of these.
    Several(Vec<Expected>),
}

impl Answers {
    /// All of them.
    pub fn all(&self) -> &[Expected] {
        match self {
            Answers::One(one) => std::slice::from_ref(one),
            Answers::Several(several) => several,
        }
    }
}

/// What we answer instead of what was recorded.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Expected {
    /// One of these statuses.
    pub status: Vec<u16>,
    /// `error.code` of the envelope; the whole of it matches.
    pub code: Option<Pattern>,
    /// `error.message` matches.
    pub message: Option<Pattern>,
    /// Whether code and message are those that the recorded operation ended with.
    pub as_operation: bool,
    /// Whether the message is the recorded one.
    pub message_as_recorded: bool,
    /// Whether the answer shows what the scenario wrote: the resource, the list, or that there is none.
    pub as_known: bool,
    /// The body shows the resource as the scenario wrote it, but in this provisioning state.
    pub known_in_state: Option<String>,
    /// Whether the message names a property that is sensitive, or lies within one that is.
    pub names_sensitive: bool,
    /// Whether the answer is the resource as the request asks for it.
    pub as_written: bool,
    /// Whether the answer is the summary of the provider that the path ends with.
    pub summary: bool,
    /// Whether the message names the resource, or a property or value of the request.
    pub names_request: bool,
    /// The whole body, as JSON text, matches.
    pub body: Option<Pattern>,
    /// Headers that match.
    pub headers: BTreeMap<String, Pattern>,
}

/// What a difference does to later steps.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing.
    #[default]
    None,
    /// The write was refused: the resource is as before, and the operation never began.
    Refused,
    /// The write took place: what we answered is what is there.
    Accepted,
    /// The resource of the step, or of the operation it asks about, is gone.
    Deleted,
    /// What the recorded answer names (an operation, a page) does not exist.
    Lost,
    /// The resource went another way: what its operations end with, and what is made for it, is not as recorded.
    Diverged,
}

/// A regular expression in a data file.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Regex::new(&text).map(Self)
    }
}

impl Pattern {
    /// Whether it matches somewhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Whether it matches the whole text.
    pub fn is_whole(&self, text: &str) -> bool {
        self.0.find(text).is_some_and(|found| found.len() == text.len())
    }

    /// Returns the pattern with `GATEWAY` standing for one of these names.
    pub fn about(&self, gateways: &[String]) -> Option<Self> {
        if !self.0.as_str().contains("GATEWAY") {
            return Some(self.clone());
        }
        let names: Vec<String> = gateways.iter().map(|name| regex::escape(name)).collect();
        let text = self.0.as_str().replace("GATEWAY", &format!("(?i:{})", names.join("|")));
        Self::try_from(text).ok().filter(|_| !names.is_empty())
    }

    /// Replaces every match.
    pub fn replace_all(&self, text: &str, with: &str) -> String {
        self.0.replace_all(text, with).into_owned()
    }
}

/// Reads several files of rules, one after the other.
pub fn read_all(paths: Vec<camino::Utf8PathBuf>) -> anyhow::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for path in paths {
        rules.extend(read(&path)?);
    }
    Ok(rules)
}

/// Reads the rules' file.
pub fn read(path: &Utf8Path) -> anyhow::Result<Vec<Rule>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read rules `{path}`"))?;
    let file: File = serde_saphyr::from_str(&text).with_context(|| format!("`{path}` is not a file of rules"))?;
    Ok(file.rules)
}

impl Rule {
    /// Whether the rule may excuse a step.
    pub fn concerns(&self, past: Past<'_>, memory: &Memory) -> bool {
        self.condition.is_met_by_exchange(past) && self.condition.is_met_by_past(past, memory)
    }
}

impl Condition {
    /// Whether it depends on the scenario's number or a step's name, which say nothing about the exchange.
    #[cfg(test)]
    pub fn names_scenarios(&self) -> bool {
        self.scenario.is_some() || self.step.is_some()
    }

    fn is_met_by_exchange(&self, past: Past<'_>) -> bool {
        let step = past.step();
        let holds = |pattern: &Option<Pattern>, text: &dyn Fn() -> String| {
            pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text()))
        };
        self.status.is_none_or(|status| status == step.response.status)
            && holds(&self.scenario, &|| past.scenario().scenario.clone())
            && holds(&self.step, &|| step.name.clone())
            && holds(&self.method, &|| step.request.method.clone())
            && holds(&self.path, &|| step.request.path.clone())
            && holds(&self.request, &|| step.request.body.to_string())
            && holds(&self.headers, &|| Json::from(step.request.headers.clone()).to_string())
            && holds(&self.forwarded, &|| {
                let headers = step.forwarded.iter().map(|one| Json::from(one.request.headers.clone()).to_string());
                headers.collect::<Vec<_>>().join("\n")
            })
            && holds(&self.answered, &|| Json::from(step.response.headers.clone()).to_string())
            && holds(&self.body, &|| step.response.body.to_string())
    }

    fn is_met_by_past(&self, past: Past<'_>, memory: &Memory) -> bool {
        let holds = |pattern: &Option<Pattern>, text: &dyn Fn() -> String| {
            pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text()))
        };
        let ended = || past.scenario().operation_end(past.step()).map(Json::to_string).unwrap_or_default();
        let has_foreign_token = || {
            let token = past.step().request.path.split("skipToken=").nth(1).and_then(|text| text.split('&').next());
            token.is_some_and(|token| !token.is_empty() && !memory.bindings.is_bound(token))
        };
        holds(&self.operation, &ended)
            && holds(&self.begun_by, &|| past.begun_by())
            && holds(&self.followed_by, &|| past.followed_by())
            && holds(&self.preceded_by, &|| past.preceded_by())
            && holds(&self.asked_before, &|| past.asked_before())
            && holds(&self.failed_before, &|| past.failed_before())
            && holds(&self.surroundings, &|| past.surroundings())
            && self
                .registered
                .as_ref()
                .is_none_or(|pattern| past.schemas().iter().any(|schema| pattern.is_match(&schema.to_string())))
            && (!self.parent_absent || past.is_without_parent())
            && (!self.unregistered || past.is_unregistered())
            && (!self.orphan || memory.is_orphan(&id_of(past.step())) || memory.lists_orphans(past.step()))
            && (!self.foreign_token || has_foreign_token())
            && (!self.found_unusable || past.is_found_unusable())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Utf8Path {
        Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
    }

    #[test]
    fn every_rule_is_explained_in_the_list_of_differences() {
        let files = ["rules.yaml", "runtime-rules.yaml", "recipe-rules.yaml"]
            .map(|file| root().join("tests/replay").join(file));
        let rules = read_all(files.into()).expect("the rules can be read");
        let page = std::fs::read_to_string(root().join("docs/differences.md")).expect("the page can be read");
        // Other lists on the page have tests of their own.
        let sections = page.split("\n## ").filter(|section| section.contains("a rule in `tests/replay/"));
        let lines = sections.flat_map(str::lines);
        let listed: Vec<&str> = lines.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let named: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(listed, named, "docs/differences.md lists the rules in their order");
    }

    #[test]
    fn rules_speak_of_exchanges_not_of_scenarios() {
        let files = ["rules.yaml", "runtime-rules.yaml", "recipe-rules.yaml"]
            .map(|file| root().join("tests/replay").join(file));
        let rules = read_all(files.into()).expect("the rules can be read");
        for rule in rules {
            assert!(!rule.condition.names_scenarios(), "{} would not hold in another recording", rule.name);
        }
    }

    #[test]
    fn refusals_name_status_code_and_message() {
        let rules = read(&root().join("tests/replay/rules.yaml")).expect("the rules can be read");
        for rule in &rules {
            for expected in rule.answer.iter().flat_map(Answers::all) {
                let is_exact = expected.as_known || expected.as_operation;
                let has_message = expected.message.is_some() || expected.message_as_recorded || is_exact;
                let is_error = expected.status.iter().any(|status| *status >= 400);
                let says_why = !is_error || (expected.code.is_some() || is_exact) && has_message;
                assert!(expected.as_known || !expected.status.is_empty(), "{}: which status?", rule.name);
                assert!(says_why, "{}: which code and message?", rule.name);
            }
        }
    }
}
