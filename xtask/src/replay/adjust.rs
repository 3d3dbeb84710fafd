//! How a recorded answer is changed before ours is compared with it.

mod bodies;
mod calls;

use serde::Deserialize;
use serde_json::Value as Json;

use super::forwarded::OwnReads;
use super::history::Past;
use super::memory::Memory;
use super::rules::Pattern;
use super::scenario::Step;
use super::wire::Answer;
use bodies::{
    are_complete, end_sooner, forget_hidden_values, forget_more_outputs, forget_results, forget_texts, keep_children,
    keep_literals, merge_casings, redact, remove, sort, sort_outputs, take_warning,
};
use calls::{
    forget_lines, forget_needless_destructions, forget_told_secrets, only_module, rename_module, resolve_variables,
};

/// Changes of the recorded answer, or of ours, before both are compared.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Adjust {
    /// Patterns replaced in the recorded answer: in the body's JSON text, and in each header's value.
    pub expect: Vec<Rewrite>,
    /// Members that the recorded body has and ours should not, as dotted paths.
    pub without: Vec<String>,
    /// Lists are compared without regard to order, by `id` or `name`.
    pub unordered: bool,
    /// Lists of what was made are compared without regard to order.
    pub unordered_outputs: bool,
    /// Only items below the request's own path are expected in `value`.
    pub within_parent: bool,
    /// Items of `value` may be others below the request's own path, as complete as the recorded ones.
    pub others_within_parent: bool,
    /// Encryption envelopes become null.
    pub redacted: bool,
    /// Upstream's own reads of a resource that it passed on are not expected.
    pub no_own_reads: bool,
    /// Our own reads of a resource whose deletion was passed on before may come now.
    pub late_own_reads: bool,
    /// Operations that were not seen to end may have ended in what we show.
    pub ends_sooner: bool,
    /// `nextLink` is expected to start with the client's own base and path.
    pub client_next_link: bool,
    /// No `nextLink` is expected to pages without items.
    pub no_link_to_nothing: bool,
    /// The icon that the resource had is expected to stay.
    pub keeps_icon: bool,
    /// Properties that are expected as they were asked for, in answers to writes and to later reads.
    pub as_asked: Vec<String>,
    /// Nodes and edges whose ids differ in casing only are one.
    pub one_in_any_casing: bool,
    /// The recorded answer is what the provider behind the address answered.
    pub as_provided: bool,
    /// The tag need not be the one that upstream's content had; any will do.
    pub own_tag: bool,
    /// Long texts need not be those of upstream.
    pub own_words: bool,
    /// Members that are not compared, as dotted paths below the body; `*` stands for any one name or index.
    pub ignore: Vec<String>,
    /// Patterns replaced in our texts, with what stands for them; `GATEWAY` is the name of any gateway.
    pub rewrite: Vec<Rewrite>,
    /// What is not compared of Kubernetes objects: `Kind.path.to.member`, or a kind alone.
    pub objects: Vec<String>,
    /// Names of connections stand in the names of variables as they are written.
    pub connection_names: bool,
    /// Kinds of Kubernetes objects that are not compared when they have the name of a resource whose operation failed.
    pub objects_of_failed: Vec<String>,
    /// Entries of `status.outputResources` that only we list are not compared.
    pub more_outputs: bool,
    /// Properties that the resource had before, and its status, may stay.
    pub results_stay: bool,
    /// What is not compared of calls of Terraform: `file/path/to/member`.
    pub terraform: Vec<String>,
    /// Arguments of Terraform that are ours alone.
    pub own_arguments: Vec<String>,
    /// What is not compared of the state that Terraform keeps: `path/to/member`.
    pub state: Vec<String>,
    /// Recorded destructions of modules that make no resources are not expected.
    pub needless_destruction: bool,
    /// Variables of Terraform that we give by the environment stand for their values.
    pub variables: bool,
    /// Where the recorded context of a connected resource is null, ours may be a variable that holds what is sensitive.
    pub told_secrets: bool,
    /// Our texts may hold expressions where the recording has what became of them.
    pub literals: bool,
    /// Where ours say that values were hidden, those may be null, and the warning is not compared.
    pub hidden_values: bool,
    /// Our warning that secrets of a recipe are not kept is not compared.
    pub unkept_secrets: bool,
    /// The name of a module in Terraform's root module is not compared.
    pub module_names: bool,
    /// Numbers of lines in generated files are not compared, nor the lines themselves.
    pub lines: bool,
    /// Properties that only we answer are not compared.
    pub more_properties: bool,
}

/// A replacement in texts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// What is replaced.
    pub pattern: Pattern,
    /// What it becomes; `$1` stands for the first group.
    pub with: String,
}

/// A recorded answer as a rule wants it, and ours as it is compared.
#[derive(Clone)]
pub struct Compared<'a> {
    /// What is expected.
    pub step: Step,
    /// What we answered.
    pub ours: Answer,
    /// Which reads that no client asked for are not compared.
    pub own_reads: OwnReads<'a>,
}

impl<'a> Compared<'a> {
    /// Returns both as they are, before any rule.
    pub fn new(step: &Step, ours: &Answer) -> Self {
        Self { step: step.clone(), ours: ours.clone(), own_reads: OwnReads::default() }
    }

    /// Whether a rule has changed anything since.
    pub fn differs_from(&self, before: &Self) -> bool {
        self.step.response != before.step.response
            || self.step.terraform != before.step.terraform
            || self.ours.body != before.ours.body
            || self.ours.terraform != before.ours.terraform
            || self.own_reads != before.own_reads
    }
}

impl Adjust {
    /// Changes what is compared.
    pub fn apply<'a>(&self, past: Past<'a>, memory: &Memory, compared: &mut Compared<'a>) {
        let step = past.step();
        compared.own_reads.are_dropped |= self.no_own_reads;
        if self.late_own_reads {
            compared.own_reads.late.extend(past.deletions_passed_on());
        }
        let rewrites = self.rewrites(past);
        self.apply_to_calls(&rewrites, compared);
        if self.needless_destruction {
            forget_needless_destructions(past.scenario(), &step.terraform, compared);
        }
        self.expect_headers(&mut compared.step);
        if self.as_provided
            && let Some(provided) = step.forwarded.first()
        {
            compared.step.response.status = provided.answer.status;
            compared.step.response.body =
                if provided.answer.status == 204 { Json::Null } else { provided.answer.body.clone() };
        }
        let text = rewritten(&rewrites, &compared.ours.body);
        compared.ours.body = text;
        let Ok(mut ours) = serde_json::from_str::<Json>(&compared.ours.body) else {
            compared.step.response.body = json_rewritten(&self.expect, &compared.step.response.body);
            return;
        };
        let mut recorded = json_rewritten(&self.expect, &compared.step.response.body);
        self.adjust_bodies(past, memory, &mut recorded, &mut ours);
        compared.step.response.body = recorded;
        compared.ours.body = ours.to_string();
    }

    /// Returns the replacements in our texts for the gateways of a scenario.
    fn rewrites(&self, past: Past<'_>) -> Vec<Rewrite> {
        let gateways = past.gateways();
        let about = |one: &Rewrite| Some(Rewrite { pattern: one.pattern.about(&gateways)?, with: one.with.clone() });
        let of_connections = if self.connection_names { past.connections() } else { Vec::new() };
        let cleaned = of_connections.into_iter().filter_map(|name| {
            let raw = name.to_uppercase();
            let cleaned = raw.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let pattern = Pattern::try_from(format!(r"\bCONNECTION_{cleaned}_")).ok()?;
            Some(Rewrite { pattern, with: format!("CONNECTION_{raw}_") })
        });
        self.rewrite.iter().filter_map(about).chain(cleaned).collect()
    }

    fn adjust_bodies(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json, ours: &mut Json) {
        self.expect_other_members(past, memory, recorded, ours);
        self.expect_known_members(past, memory, recorded);
        self.expect_own_links(past, memory, recorded, ours);
        self.forget_values(past, memory, recorded, ours);
        self.compare_in_any_order(past, recorded, ours);
    }

    /// Takes members out of the recorded answer that are not expected, and makes others what they should be.
    fn expect_other_members(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json, ours: &mut Json) {
        for path in &self.without {
            remove(recorded, &path.split('.').collect::<Vec<_>>());
        }
        if self.own_words {
            forget_texts(recorded, ours);
        }
        if self.redacted {
            redact(recorded);
        }
        if self.one_in_any_casing {
            merge_casings(recorded, memory);
        }
        if self.within_parent {
            keep_children(recorded, &past.step().resource());
        }
        if self.ends_sooner {
            end_sooner(recorded, ours, &|id| past.is_under_way(id));
        }
    }

    /// Expects what was known or asked for before.
    fn expect_known_members(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json) {
        if self.keeps_icon
            && let Some(known) = memory.find(&past.subject())
        {
            for name in ["icon", "iconHash"] {
                recorded["properties"][name] = known["properties"][name].clone();
            }
        }
        for name in &self.as_asked {
            let known = memory.find(&past.subject()).unwrap_or_default();
            let asked = past.step().request.body["properties"].get(name).or_else(|| known["properties"].get(name));
            if let (Some(asked), Some(shown)) = (asked, recorded["properties"].get_mut(name)) {
                *shown = asked.clone();
            }
        }
    }

    /// Compares links to further pages with those that we should give.
    fn expect_own_links(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json, ours: &mut Json) {
        if self.no_link_to_nothing && past.leads_to_nothing() {
            remove(recorded, &["nextLink"]);
        }
        if self.client_next_link && recorded.get("nextLink").is_some() {
            let path = past.step().request.path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
            let link = ours.get("nextLink").and_then(Json::as_str).unwrap_or_default().to_owned();
            let base = memory.bindings.fill(&format!("{{base}}{path}?")).unwrap_or_default();
            if link.to_ascii_lowercase().starts_with(&base.to_ascii_lowercase()) && link.contains("skipToken=") {
                remove(recorded, &["nextLink"]);
                remove(ours, &["nextLink"]);
            }
        }
    }

    /// Takes what is not compared out of both.
    fn forget_values(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json, ours: &mut Json) {
        if self.hidden_values {
            forget_hidden_values(recorded, ours);
        }
        if self.unkept_secrets {
            take_warning(&mut ours["properties"], "RecipeSecretsNotKept");
        }
        if self.literals {
            keep_literals(recorded, ours);
        }
        if self.lines {
            forget_lines(recorded);
            forget_lines(ours);
        }
        if self.more_properties
            && let (Some(recorded), Some(ours)) =
                (recorded["properties"].as_object(), ours.get_mut("properties").and_then(Json::as_object_mut))
        {
            ours.retain(|name, _| recorded.contains_key(name));
        }
        if self.results_stay {
            forget_results(recorded, ours, &memory.find_settled(&past.subject()).unwrap_or_default());
        }
        if self.more_outputs {
            forget_more_outputs(recorded, ours);
        }
        for path in &self.ignore {
            let path: Vec<_> = path.split('.').collect();
            remove(recorded, &path);
            remove(ours, &path);
        }
    }

    /// Brings lists into one order, and takes over ours where it may hold other items.
    fn compare_in_any_order(&self, past: Past<'_>, recorded: &mut Json, ours: &mut Json) {
        if self.unordered_outputs {
            sort_outputs(recorded);
            sort_outputs(ours);
        }
        if self.unordered || self.others_within_parent {
            sort(recorded);
            sort(ours);
        }
        let is_described = |id: &str| past.is_described(id);
        if self.others_within_parent && are_complete(recorded, ours, &past.step().resource(), &is_described) {
            let count = ours["value"].as_array().map_or(0, Vec::len);
            let is_full = recorded["value"].as_array().is_some_and(|items| items.len() <= count);
            recorded["value"] = ours["value"].clone();
            // A shorter list ends earlier.
            if ours.get("nextLink").is_some() == is_full || recorded.get("nextLink").is_none() {
                remove(recorded, &["nextLink"]);
                remove(ours, &["nextLink"]);
            }
        }
    }

    fn expect_headers(&self, step: &mut Step) {
        for (name, value) in &mut step.response.headers {
            let text = rewritten(&self.expect, value.as_str().unwrap_or_default());
            *value = if self.own_tag && name == "ETag" { "{etag:any}".into() } else { text.into() };
        }
    }

    /// Changes recorded calls of Terraform, and ours.
    fn apply_to_calls(&self, rewrites: &[Rewrite], compared: &mut Compared<'_>) {
        for call in compared.ours.terraform.iter_mut().flatten() {
            *call = json_rewritten(rewrites, call);
        }
        if self.hidden_values {
            let ours = compared.ours.terraform.iter_mut().flatten();
            compared.step.terraform.iter_mut().zip(ours).for_each(|(recorded, call)| {
                if let (Some(recorded), Some(own)) = (only_module(recorded), only_module(call)) {
                    forget_hidden_values(recorded, own);
                }
            });
        }
        if self.told_secrets {
            let ours = compared.ours.terraform.iter_mut().flatten();
            compared.step.terraform.iter().zip(ours).for_each(|(recorded, call)| forget_told_secrets(recorded, call));
        }
        let ours = compared.ours.terraform.iter_mut().flatten();
        for call in compared.step.terraform.iter_mut().chain(ours).filter(|call| call.is_object()) {
            for ignored in &self.terraform {
                remove(call, &ignored.split('/').collect::<Vec<_>>());
            }
            if self.module_names {
                rename_module(call);
            }
            if self.variables {
                resolve_variables(call);
            }
            if let Some(arguments) = call["command"].as_array_mut() {
                arguments.retain(|argument| !self.own_arguments.iter().any(|own| argument == own.as_str()));
            }
        }
    }

    /// Takes what is not compared out of a state of Terraform.
    pub fn apply_to_state(&self, state: &mut Json) {
        for ignored in &self.state {
            remove(state, &ignored.split('/').collect::<Vec<_>>());
        }
    }

    /// Whether anything is changed of Kubernetes objects.
    pub fn is_about_objects(&self) -> bool {
        !self.objects.is_empty()
            || !self.objects_of_failed.is_empty()
            || !self.rewrite.is_empty()
            || self.connection_names
    }

    /// Returns recorded Kubernetes objects, and ours, as they are to be compared.
    pub fn apply_to_objects(&self, past: Past<'_>, recorded: &[Json], ours: &[Json]) -> (Vec<Json>, Vec<Json>) {
        let rewrites = self.rewrites(past);
        let rewritten: Vec<Json> = ours.iter().map(|object| json_rewritten(&rewrites, object)).collect();
        let failed = if self.objects_of_failed.is_empty() { Vec::new() } else { past.names_of_failed() };
        let is_of_failed = |object: &Json| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            self.objects_of_failed.iter().any(|kind| object["kind"] == kind.as_str())
                && failed.iter().any(|failed| failed.eq_ignore_ascii_case(name))
        };
        let strip = |objects: &[Json]| {
            let mut objects: Vec<Json> = objects.iter().filter(|object| !is_of_failed(object)).cloned().collect();
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
}

fn rewritten(rewrites: &[Rewrite], text: &str) -> String {
    rewrites.iter().fold(text.to_owned(), |text, rewrite| rewrite.pattern.replace_all(&text, &rewrite.with))
}

fn json_rewritten(rewrites: &[Rewrite], value: &Json) -> Json {
    if rewrites.is_empty() {
        return value.clone();
    }
    serde_json::from_str(&rewritten(rewrites, &value.to_string())).unwrap_or_else(|_| value.clone())
}
