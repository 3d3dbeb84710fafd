//! The wanted differences from upstream, as data: which steps they concern and what we answer instead.

use anyhow::Context;
use camino::Utf8Path;
use regex::Regex;
use serde::Deserialize;
use serde_json::Value as Json;

use super::scenario::{Scenario, Step};

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
    /// What we answer instead; without it the recorded answer still holds, after [`Rule::adjust`].
    #[serde(default)]
    pub answer: Option<Expected>,
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
}

/// What we answer instead of what was recorded.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expected {
    /// One of these statuses.
    pub status: Vec<u16>,
    /// `error.code` of the envelope.
    #[serde(default)]
    pub code: Option<String>,
    /// `error.message` matches.
    #[serde(default)]
    pub message: Option<Pattern>,
    /// Whether the message is the one that the recorded operation ended with.
    #[serde(default)]
    pub message_of_operation: bool,
    /// The whole body, as JSON text, matches.
    #[serde(default)]
    pub body: Option<Pattern>,
}

/// Changes of the recorded answer before it is compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Adjust {
    /// Lists are compared without regard to order, by `id` or `name`.
    pub unordered: bool,
    /// Only items below the request's own path are expected in `value`.
    pub within_parent: bool,
    /// Encryption envelopes become null.
    pub redacted: bool,
    /// Upstream's own reads of a resource that it passed on are not expected.
    pub no_own_reads: bool,
    /// `nextLink` is expected to start with the client's own base and path.
    pub client_next_link: bool,
    /// Long texts need not be those of upstream.
    pub own_words: bool,
    /// Members that are not compared, as dotted paths below the body; `*` stands for any one name or index.
    pub ignore: Vec<String>,
    /// Headers that are not compared.
    pub ignore_headers: Vec<String>,
    /// Patterns replaced in our texts, with what stands for them.
    pub rewrite: Vec<Rewrite>,
    /// What is not compared of Kubernetes objects: `Kind.path.to.member`, or a kind alone.
    pub objects: Vec<String>,
}

/// A replacement in our texts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// What is replaced.
    pub pattern: Pattern,
    /// What it becomes; `$1` stands for the first group.
    pub with: String,
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
    /// The resource is not comparable any more until it is written or deleted again.
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
    pub fn concerns(&self, scenario: &Scenario, step: &Step) -> bool {
        let condition = &self.condition;
        let holds = |pattern: &Option<Pattern>, text: &dyn Fn() -> String| {
            pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text()))
        };
        condition.status.is_none_or(|status| status == step.response.status)
            && holds(&condition.scenario, &|| scenario.scenario.clone())
            && holds(&condition.step, &|| step.name.clone())
            && holds(&condition.method, &|| step.request.method.clone())
            && holds(&condition.path, &|| step.request.path.clone())
            && holds(&condition.request, &|| step.request.body.to_string())
            && holds(&condition.headers, &|| Json::from(step.request.headers.clone()).to_string())
            && holds(&condition.forwarded, &|| {
                let headers = step.forwarded.iter().map(|one| Json::from(one.request.headers.clone()).to_string());
                headers.collect::<Vec<_>>().join("\n")
            })
            && holds(&condition.answered, &|| Json::from(step.response.headers.clone()).to_string())
            && holds(&condition.body, &|| step.response.body.to_string())
            && condition.operation.as_ref().is_none_or(|pattern| {
                scenario.operation_end(step).is_some_and(|end| pattern.is_match(&end.to_string()))
            })
    }
}

impl Adjust {
    /// Returns all adjustments as one.
    pub fn together<'a>(all: impl Iterator<Item = &'a Adjust>) -> Adjust {
        all.fold(Adjust::default(), |mut sum, one| {
            sum.unordered |= one.unordered;
            sum.within_parent |= one.within_parent;
            sum.redacted |= one.redacted;
            sum.own_words |= one.own_words;
            sum.no_own_reads |= one.no_own_reads;
            sum.client_next_link |= one.client_next_link;
            sum.ignore.extend(one.ignore.iter().cloned());
            sum.ignore_headers.extend(one.ignore_headers.iter().cloned());
            sum.rewrite.extend(one.rewrite.iter().cloned());
            sum.objects.extend(one.objects.iter().cloned());
            sum
        })
    }

    /// Returns our value with every pattern replaced.
    fn rewritten(&self, ours: &Json) -> Json {
        if self.rewrite.is_empty() {
            return ours.clone();
        }
        let mut text = ours.to_string();
        for rewrite in &self.rewrite {
            text = rewrite.pattern.0.replace_all(&text, rewrite.with.as_str()).into_owned();
        }
        serde_json::from_str(&text).unwrap_or_else(|_| ours.clone())
    }

    /// Returns recorded Kubernetes objects, and ours, as they are to be compared.
    pub fn apply_to_objects(&self, recorded: &[Json], ours: &[Json]) -> (Vec<Json>, Vec<Json>) {
        let rewritten: Vec<Json> = ours.iter().map(|object| self.rewritten(object)).collect();
        let strip = |objects: &[Json]| {
            let mut objects = objects.to_vec();
            for ignored in &self.objects {
                // A dot inside a name is written `~`.
                let path: Vec<String> = ignored.split('.').map(|step| step.replace('~', ".")).collect();
                let path: Vec<&str> = path.iter().map(String::as_str).collect();
                let is_meant = |object: &Json| path[0] == "*" || object["kind"] == path[0];
                if path.len() == 1 {
                    objects.retain(|object| !is_meant(object));
                    continue;
                }
                objects.iter_mut().filter(|object| is_meant(object)).for_each(|object| remove(object, &path[1..]));
            }
            objects
        };
        (strip(recorded), strip(&rewritten))
    }

    /// Returns the recorded body, and ours, as they are to be compared.
    pub fn apply(&self, step: &Step, recorded: &Json, ours: &Json) -> (Json, Json) {
        let (mut recorded, mut ours) = (recorded.clone(), self.rewritten(ours));
        if self.own_words {
            forget_texts(&mut recorded, &mut ours);
        }
        if self.redacted {
            redact(&mut recorded);
        }
        if self.within_parent {
            keep_children(&mut recorded, &step.resource());
        }
        if self.client_next_link && recorded.get("nextLink").is_some() {
            let path = step.request.path.split('?').next().unwrap_or_default();
            let link = ours.get("nextLink").and_then(Json::as_str).unwrap_or_default();
            if link.contains(path) && link.contains("skipToken=") {
                remove(&mut recorded, &["nextLink"]);
                remove(&mut ours, &["nextLink"]);
            }
        }
        for path in &self.ignore {
            let path: Vec<_> = path.split('.').collect();
            remove(&mut recorded, &path);
            remove(&mut ours, &path);
        }
        if self.unordered {
            sort(&mut recorded);
            sort(&mut ours);
        }
        (recorded, ours)
    }
}

/// Takes long texts of the recording over from ours, wherever both have one.
fn forget_texts(recorded: &mut Json, ours: &mut Json) {
    match (recorded, ours) {
        (Json::String(text), Json::String(own)) if text.contains("{text:") => *text = own.clone(),
        (Json::Object(members), Json::Object(ours)) => {
            for (name, member) in members {
                if let Some(own) = ours.get_mut(name) {
                    forget_texts(member, own);
                }
            }
        }
        _ => {}
    }
}

fn redact(value: &mut Json) {
    match value {
        Json::Object(members) if members.contains_key("encrypted") && members.contains_key("nonce") => {
            *value = Json::Null
        }
        Json::Object(members) => members.values_mut().for_each(redact),
        Json::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn keep_children(body: &mut Json, path: &str) {
    let scope = path.find("/planes/").map_or(path, |at| &path[at..]);
    let scope = format!("{}/", scope.trim_end_matches('/'));
    if let Some(Json::Array(items)) = body.get_mut("value") {
        items.retain(|item| {
            let id = item.get("id").and_then(Json::as_str).unwrap_or_default();
            id.to_ascii_lowercase().starts_with(&scope)
        });
    }
}

fn remove(value: &mut Json, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    match value {
        Json::Object(members) if rest.is_empty() && *first == "*" => members.clear(),
        Json::Object(members) if rest.is_empty() => {
            members.remove(*first);
        }
        Json::Object(members) if *first == "*" => members.values_mut().for_each(|member| remove(member, rest)),
        Json::Object(members) => {
            if let Some(member) = members.get_mut(*first) {
                remove(member, rest);
            }
        }
        Json::Array(items) if *first == "*" && !rest.is_empty() => items.iter_mut().for_each(|item| remove(item, rest)),
        _ => {}
    }
}

fn sort(value: &mut Json) {
    match value {
        Json::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_key(|item| {
                let name = item.get("id").or_else(|| item.get("name")).and_then(Json::as_str);
                name.map_or_else(|| item.to_string(), str::to_ascii_lowercase)
            });
        }
        Json::Object(members) => members.values_mut().for_each(sort),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_explained_in_the_list_of_differences() {
        let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
        let files = ["rules.yaml", "runtime-rules.yaml"].map(|file| root.join("tests/replay").join(file));
        let rules = read_all(files.into()).expect("the rules can be read");
        let page = std::fs::read_to_string(root.join("docs/differences.md")).expect("the page can be read");
        let listed: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let named: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(listed, named, "docs/differences.md lists the rules in their order");
    }
}
