//! How a recorded answer is changed before ours is compared with it.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::history::Past;
use super::memory::Memory;
use super::rules::Pattern;
use super::scenario::{Scenario, Step};
use super::wire::Answer;

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
    /// Patterns replaced in our texts, with what stands for them.
    pub rewrite: Vec<Rewrite>,
    /// What is not compared of Kubernetes objects: `Kind.path.to.member`, or a kind alone.
    pub objects: Vec<String>,
    /// What is not compared of calls of Terraform: `file/path/to/member`.
    pub terraform: Vec<String>,
    /// Arguments of Terraform that are ours alone.
    pub own_arguments: Vec<String>,
    /// What is not compared of the state that Terraform keeps: `path/to/member`.
    pub state: Vec<String>,
    /// Recorded destructions of modules that make no resources are not expected.
    pub needless_destruction: bool,
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
pub struct Compared {
    /// What is expected.
    pub step: Step,
    /// What we answered.
    pub ours: Answer,
    /// Whether upstream's own reads are left out of what was passed on.
    pub drop_own_reads: bool,
}

impl Compared {
    /// Returns both as they are, before any rule.
    pub fn new(step: &Step, ours: &Answer) -> Self {
        Self { step: step.clone(), ours: ours.clone(), drop_own_reads: false }
    }

    /// Whether a rule has changed anything since.
    pub fn differs_from(&self, before: &Self) -> bool {
        self.step.response != before.step.response
            || self.step.terraform != before.step.terraform
            || self.ours.body != before.ours.body
            || self.ours.terraform != before.ours.terraform
            || self.drop_own_reads != before.drop_own_reads
    }
}

impl Adjust {
    /// Changes what is compared.
    pub fn apply(&self, past: Past<'_>, memory: &Memory, compared: &mut Compared) {
        let step = past.step();
        compared.drop_own_reads |= self.no_own_reads;
        self.apply_to_calls(compared);
        if self.needless_destruction {
            forget_needless_destructions(past.scenario(), compared);
        }
        self.expect_headers(&mut compared.step);
        if self.as_provided
            && let Some(provided) = step.forwarded.first()
        {
            compared.step.response.status = provided.answer.status;
            compared.step.response.body =
                if provided.answer.status == 204 { Json::Null } else { provided.answer.body.clone() };
        }
        let text = rewritten(&self.rewrite, &compared.ours.body);
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

    fn adjust_bodies(&self, past: Past<'_>, memory: &Memory, recorded: &mut Json, ours: &mut Json) {
        let step = past.step();
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
            keep_children(recorded, &step.resource());
        }
        if self.keeps_icon
            && let Some(known) = memory.find(&past.subject())
        {
            for name in ["icon", "iconHash"] {
                recorded["properties"][name] = known["properties"][name].clone();
            }
        }
        for name in &self.as_asked {
            let known = memory.find(&past.subject()).unwrap_or_default();
            let asked = step.request.body["properties"].get(name).or_else(|| known["properties"].get(name));
            if let (Some(asked), Some(shown)) = (asked, recorded["properties"].get_mut(name)) {
                *shown = asked.clone();
            }
        }
        if self.no_link_to_nothing && past.leads_to_nothing() {
            remove(recorded, &["nextLink"]);
        }
        if self.client_next_link && recorded.get("nextLink").is_some() {
            let path = step.request.path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
            let link = ours.get("nextLink").and_then(Json::as_str).unwrap_or_default().to_owned();
            let base = memory.bindings.fill(&format!("{{base}}{path}?")).unwrap_or_default();
            if link.to_ascii_lowercase().starts_with(&base.to_ascii_lowercase()) && link.contains("skipToken=") {
                remove(recorded, &["nextLink"]);
                remove(ours, &["nextLink"]);
            }
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
        for path in &self.ignore {
            let path: Vec<_> = path.split('.').collect();
            remove(recorded, &path);
            remove(ours, &path);
        }
        if self.unordered_outputs {
            sort_outputs(recorded);
            sort_outputs(ours);
        }
        if self.unordered || self.others_within_parent {
            sort(recorded);
            sort(ours);
        }
        if self.others_within_parent && are_complete(recorded, ours, &step.resource()) {
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
    fn apply_to_calls(&self, compared: &mut Compared) {
        for call in compared.ours.terraform.iter_mut().flatten() {
            *call = json_rewritten(&self.rewrite, call);
        }
        let ours = compared.ours.terraform.iter_mut().flatten();
        for call in compared.step.terraform.iter_mut().chain(ours).filter(|call| call.is_object()) {
            for ignored in &self.terraform {
                remove(call, &ignored.split('/').collect::<Vec<_>>());
            }
            if self.module_names {
                rename_module(call);
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

    /// Returns recorded Kubernetes objects, and ours, as they are to be compared.
    pub fn apply_to_objects(&self, recorded: &[Json], ours: &[Json]) -> (Vec<Json>, Vec<Json>) {
        let rewritten: Vec<Json> = ours.iter().map(|object| json_rewritten(&self.rewrite, object)).collect();
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

/// Takes long texts of the recording over from ours, wherever both have one.
fn forget_texts(recorded: &mut Json, ours: &mut Json) {
    match (recorded, ours) {
        (Json::String(text), Json::String(own)) if text.contains("{text:") && !own.is_empty() => *text = own.clone(),
        (Json::Object(members), Json::Object(ours)) => {
            for (name, member) in members {
                if let Some(own) = ours.get_mut(name) {
                    forget_texts(member, own);
                }
            }
        }
        (Json::Array(items), Json::Array(ours)) => {
            items.iter_mut().zip(ours).for_each(|(item, own)| forget_texts(item, own));
        }
        _ => {}
    }
}

/// Takes destructions out that we did not call for, where the module makes no resources.
fn forget_needless_destructions(scenario: &Scenario, compared: &mut Compared) {
    let Some(ours) = &mut compared.ours.terraform else { return };
    let makes_nothing = |call: &Json| {
        let modules = call["main.tf.json"]["module"].as_object();
        let mut sources = modules.into_iter().flat_map(Map::values).filter_map(|module| module["source"].as_str());
        let name = sources.next().and_then(|source| source.rsplit('/').next()?.split(".tar.gz").next());
        let files = name.and_then(|name| scenario.modules.get(name)?.as_object());
        files
            .is_some_and(|files| !files.values().any(|text| text.as_str().is_some_and(|it| it.contains("resource \""))))
    };
    let recorded = std::mem::take(&mut compared.step.terraform).into_iter().zip(std::mem::take(ours));
    let is_expected =
        |(call, own): &(Json, Json)| call["command"][0] != "destroy" || !own.is_null() || !makes_nothing(call);
    (compared.step.terraform, *ours) = recorded.filter(is_expected).unzip();
}

/// Gives the one module of a root module the same name everywhere.
fn rename_module(call: &mut Json) {
    let Some(modules) = call.get_mut("main.tf.json").and_then(|main| main.get_mut("module")?.as_object_mut()) else {
        return;
    };
    let Some((name, module)) = modules.iter().next().map(|(name, module)| (name.clone(), module.clone())) else {
        return;
    };
    *modules = std::iter::once(("module".to_owned(), module)).collect();
    let outputs = call.get_mut("main.tf.json").and_then(|main| main.get_mut("output")?.as_object_mut());
    for output in outputs.into_iter().flat_map(Map::values_mut) {
        let value = output["value"].as_str().unwrap_or_default();
        output["value"] = value.replace(&format!("${{module.{name}."), "${module.module.").into();
    }
}

/// Removes the places in generated files from Terraform's diagnostics.
fn forget_lines(value: &mut Json) {
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)main\.tf\.json( line \d+|:\d+)|^ *\d+: .*$").expect("the expression is valid")
    });
    match value {
        Json::String(text) if text.contains("main.tf.json") => *text = PLACE.replace_all(text, "(place)").into_owned(),
        Json::Object(members) => members.values_mut().for_each(forget_lines),
        Json::Array(items) => items.iter_mut().for_each(forget_lines),
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

fn scope_of(path: &str) -> String {
    let scope = path.find("/planes/").map_or(path, |at| &path[at..]);
    format!("{}/", scope.trim_end_matches('/'))
}

fn is_within(item: &Json, scope: &str) -> bool {
    item["id"].as_str().is_some_and(|id| id.to_ascii_lowercase().starts_with(scope))
}

fn keep_children(body: &mut Json, path: &str) {
    let scope = scope_of(path);
    if let Some(Json::Array(items)) = body.get_mut("value") {
        items.retain(|item| is_within(item, &scope));
    }
}

/// Whether all items of ours are different children of `path`, with all members that recorded items have.
fn are_complete(recorded: &Json, ours: &Json, path: &str) -> bool {
    let scope = scope_of(path);
    let (Some(recorded), Some(ours)) = (recorded["value"].as_array(), ours["value"].as_array()) else { return false };
    let shapes: Vec<_> = recorded.iter().map(|item| shape(item, 3)).collect();
    let mut ids: Vec<&str> = ours.iter().filter_map(|item| item["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let named = |item: &Json| item["id"].as_str().unwrap_or_default().ends_with(item["name"].as_str().unwrap_or("?"));
    let typed = |item: &Json| recorded.iter().any(|other| other["type"] == item["type"]);
    let fits = |item: &Json| is_within(item, &scope) && named(item) && typed(item) && shapes.contains(&shape(item, 3));
    !ours.is_empty() && ids.len() == ours.len() && ours.iter().all(fits)
}

/// Names and types of the members of a value, but for those that not all registrations have.
fn shape(value: &Json, depth: usize) -> Vec<String> {
    const SOMETIMES: [&str; 5] = ["description", "icon", "address", "resourceTypes", "schema"];
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "text",
        Json::Array(_) => "list",
        Json::Object(_) => "object",
    };
    let mut found = vec![kind.to_owned()];
    for (name, member) in value.as_object().into_iter().flatten().filter(|_| depth > 0) {
        if !SOMETIMES.contains(&name.as_str()) {
            found.extend(shape(member, depth - 1).into_iter().map(|below| format!("{name}: {below}")));
        }
    }
    found.sort();
    found
}

/// Makes one node of nodes whose ids differ in casing only, and one edge of such edges.
fn merge_casings(graph: &mut Json, memory: &Memory) {
    let Some(nodes) = graph.get_mut("resources").and_then(Json::as_array_mut) else { return };
    let stored = |id: &str| {
        let found = memory.find(&id.to_ascii_lowercase());
        found.and_then(|body| body["id"].as_str().map(str::to_owned)).unwrap_or_else(|| id.to_owned())
    };
    let mut merged: Vec<Json> = Vec::new();
    for node in nodes.drain(..) {
        let id = stored(node["id"].as_str().unwrap_or_default());
        let edges = node["connections"].as_array().cloned().unwrap_or_default();
        let at =
            match merged.iter().position(|other| other["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&id)))
            {
                Some(at) => at,
                None => {
                    merged.push(json!({ "id": id, "connections": [] }));
                    merged.len() - 1
                }
            };
        let target = &mut merged[at];
        // The node that is registered knows more than the one that was only referred to.
        if node.get("outputResources").is_some() || target.get("name").is_none() {
            let mut own = node.clone();
            own["connections"] = target["connections"].clone();
            own["id"] = id.into();
            *target = own;
        }
        if let Some(list) = target["connections"].as_array_mut() {
            for mut edge in edges {
                edge["id"] = stored(edge["id"].as_str().unwrap_or_default()).into();
                list.push(edge);
            }
            list.sort_by_key(|edge| (edge["id"].as_str().map(str::to_ascii_lowercase), edge.to_string()));
        }
    }
    merged.sort_by_key(|node| node["id"].as_str().map(str::to_ascii_lowercase));
    *nodes = merged;
}

/// Removes a member; `*` stands for any one, `[name=X]` for items or members with that name.
fn remove(value: &mut Json, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    if let Some(name) = first.strip_prefix("[name=").and_then(|text| text.strip_suffix(']')) {
        // A dot inside a name is written `~`.
        let is_meant = |item: &&mut Json| item["name"] == name.replace('~', ".");
        value.as_array_mut().into_iter().flatten().filter(is_meant).for_each(|item| remove(item, rest));
        return;
    }
    match value {
        Json::Object(members) if rest.is_empty() && *first == "*" => members.clear(),
        Json::Object(members) if rest.is_empty() => drop(members.shift_remove(*first)),
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

/// Sorts the lists of what was made, wherever they are.
fn sort_outputs(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(sort_outputs),
        Json::Object(members) => {
            for (name, member) in members {
                if name == "outputResources" { sort(member) } else { sort_outputs(member) }
            }
        }
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
