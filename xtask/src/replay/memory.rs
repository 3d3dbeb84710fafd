//! What the server is known to hold: what was written and accepted, and where a rule makes that differ from
//! the recording.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::adjust::Compared;
use super::bindings::Bindings;
use super::history::{Past, id_of};
use super::likeness;
use super::scenario::Step;
use super::wire::Answer;

/// State of a scenario that is being played.
#[derive(Clone, Default)]
pub struct Memory {
    /// Values of placeholders.
    pub bindings: Bindings,
    /// Placeholders that will never get a value because of a rule.
    pub lost: HashMap<String, usize>,
    /// Resources that are not as recorded because of a rule.
    pub shadows: HashMap<String, usize>,
    /// Resources that went another way because of a rule: only that they are there, or not, can be judged.
    diverged: HashMap<String, usize>,
    /// Names of resources that ever did: what was made for them is not as recorded.
    strayed: HashSet<String>,
    /// Scopes that were not deleted, and so hold what they held, because of a rule.
    kept: Vec<(String, usize)>,
    /// Resources whose type was deleted.
    orphans: HashSet<String>,
    /// Bodies as they should be answered, by id, oldest first.
    known: IndexMap<String, Json>,
    /// Bodies as they were answered last when nothing was under way and nothing had failed, by id.
    settled: HashMap<String, Json>,
}

impl Memory {
    /// Returns the memory of a scenario that begins.
    pub fn new(bindings: Bindings) -> Self {
        Self { bindings, ..Self::default() }
    }

    /// Takes down what a step left behind; `expected` is its answer's body.
    pub fn remember(&mut self, past: Past<'_>, expected: &Json) {
        let step = past.step();
        let id = id_of(step);
        match step.request.method.as_str() {
            "PUT" | "PATCH" if matches!(step.response.status, 200..=202) => {
                let mut body = expected.clone();
                let end = past.scenario().operation_end(step).and_then(|end| end.get("status")).cloned();
                if let (Some(Json::Object(properties)), Some(end)) = (body.get_mut("properties"), end) {
                    properties.insert("provisioningState".to_owned(), end);
                }
                self.shadows.remove(&id);
                self.diverged.remove(&id);
                self.orphans.remove(&id);
                self.known.insert(id, body);
            }
            "GET" if step.response.status == 200 => {
                let is_itself = expected["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&id));
                if is_itself {
                    if expected["properties"]["provisioningState"] == "Succeeded" {
                        self.settled.insert(id.clone(), expected.clone());
                    }
                    self.known.insert(id, expected.clone());
                }
            }
            "DELETE" if matches!(step.response.status, 200 | 202 | 204) => {
                self.shadows.remove(&id);
                self.diverged.remove(&id);
                // What is only asked to go may stay.
                if step.response.status != 202 {
                    self.settled.remove(&id);
                }
                self.forget(&id);
            }
            _ => {}
        }
    }

    /// Forgets what was deleted, with all below it and all resources of what it registered.
    fn forget(&mut self, id: &str) {
        const REGISTRATIONS: &str = "/providers/system.resources/resourceproviders/";
        let below = format!("{id}/");
        self.known.retain(|other, _| other != id && !other.starts_with(&below));
        let Some((plane, rest)) = id.split_once(REGISTRATIONS) else { return };
        let mut parts = rest.split('/');
        let namespace = parts.next().unwrap_or_default();
        let marker = match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => format!("/providers/{namespace}/"),
            (Some("resourcetypes"), Some(kind), None) => format!("/providers/{namespace}/{kind}/"),
            _ => return,
        };
        let (gone, kept): (IndexMap<_, _>, IndexMap<_, _>) = std::mem::take(&mut self.known)
            .into_iter()
            .partition(|(id, _)| id.starts_with(plane) && id.contains(&marker));
        self.known = kept;
        self.orphans.extend(gone.into_keys());
    }

    /// Returns a resource as it was shown last when nothing was under way and nothing had failed; else as it is known.
    pub fn find_settled(&self, id: &str) -> Option<Json> {
        self.settled.get(id).cloned().or_else(|| self.find(id))
    }

    /// A write was refused because of a rule: all stays as it was.
    pub fn refuse(&mut self, past: Past<'_>, rule: usize) {
        let step = past.step();
        let id = id_of(step);
        if step.request.method == "DELETE" {
            self.kept.push((format!("{id}/"), rule));
        }
        self.shadows.insert(id, rule);
        self.lose(step, rule);
    }

    /// A write took place because of a rule; `body` is what is there now.
    pub fn accept(&mut self, past: Past<'_>, body: Json, rule: usize) {
        let id = past.subject();
        let is_poll = past.step().poll || body.get("status").is_some() && body.get("id").is_none_or(|own| own != &*id);
        if is_poll {
            if let Some(properties) = self.known.get_mut(&id).and_then(|known| known.get_mut("properties")) {
                properties["provisioningState"] = "Succeeded".into();
            }
        } else {
            let mut body = body;
            if let Some(state) = body.pointer_mut("/properties/provisioningState").filter(|state| *state == "Accepted")
            {
                *state = "Succeeded".into();
            }
            self.known.insert(id.clone(), body);
        }
        self.shadows.insert(id, rule);
    }

    /// A resource is gone because of a rule.
    pub fn remove(&mut self, past: Past<'_>, rule: usize) {
        let id = past.subject();
        self.forget(&id);
        self.shadows.insert(id, rule);
    }

    /// A resource, or that of an operation, goes another way because of a rule.
    pub fn diverge(&mut self, past: Past<'_>, rule: usize) {
        let id = past.subject();
        self.strayed.insert(id.rsplit('/').next().unwrap_or_default().to_owned());
        self.diverged.insert(id, rule);
        self.lose(past.step(), rule);
    }

    /// The recording still has a resource whose deletion failed, and we have not.
    pub fn diverge_after_failed_deletion(&mut self, past: Past<'_>, rule: usize) {
        if past.step().response.body["status"] == "Failed" && past.begun_by().starts_with("DELETE ") {
            self.diverged.insert(past.subject(), rule);
        }
    }

    /// The rule because of which a resource went another way.
    pub fn rule_of_divergence(&self, id: &str) -> Option<usize> {
        self.diverged.get(id).copied()
    }

    /// Makes what other answers show of resources that went another way alike, and leaves out nodes of a graph that
    /// stand for what was never made; returns the rule because of which.
    pub fn reconcile(&self, compared: &mut Compared<'_>) -> Option<usize> {
        let key = |id: &str| id.to_ascii_lowercase();
        // What a write is answered follows from what it asked for, whatever way the resource went before.
        let is_write = matches!(compared.step.request.method.as_str(), "PUT" | "PATCH");
        let written = is_write.then(|| id_of(&compared.step));
        let is_diverged = |id: &str| self.diverged.contains_key(&key(id)) && written.as_ref() != Some(&key(id));
        let mut found = None;
        let mut note =
            |id: &str| found = self.rule_of(&key(id)).or_else(|| self.rule_of_divergence(&key(id))).or(found);
        let recorded = &mut compared.step.response.body;
        if let (Some(nodes), Ok(ours)) = (
            recorded.get_mut("resources").and_then(Json::as_array_mut),
            serde_json::from_str::<Json>(&compared.ours.body),
        ) {
            let own = ours["resources"].as_array().cloned().unwrap_or_default();
            nodes.retain(|node| {
                let id = node["id"].as_str().unwrap_or_default();
                let is_absent = self.shadows.contains_key(&key(id))
                    && !self.is_there(&key(id))
                    && !own
                        .iter()
                        .any(|other| other["id"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(id)));
                if is_absent {
                    note(id);
                }
                !is_absent
            });
        }
        for id in self.diverged.keys().filter(|id| compared.step.mentions(id)) {
            note(id);
        }
        if let Ok(mut ours) = serde_json::from_str::<Json>(&compared.ours.body)
            && likeness::reconcile(&mut compared.step.response.body, &mut ours, &is_diverged)
        {
            compared.ours.body = ours.to_string();
        }
        let calls = compared.step.terraform.iter_mut().zip(compared.ours.terraform.iter_mut().flatten());
        for (recorded, ours) in calls {
            likeness::reconcile(recorded, ours, &is_diverged);
        }
        found
    }

    /// What went another way is deleted.
    pub fn forget_divergence(&mut self, id: &str) {
        self.diverged.remove(id);
        self.forget(id);
    }

    /// Whether a resource of this name ever went another way.
    pub fn has_strayed(&self, name: &str) -> bool {
        self.strayed.contains(&name.to_ascii_lowercase())
    }

    /// Placeholders that the recorded answer introduced will have no value.
    pub fn lose(&mut self, step: &Step, rule: usize) {
        let link = step.response.body["nextLink"].as_str();
        let texts = step.response.headers.values().filter_map(Json::as_str).chain(link);
        for text in texts {
            for start in ["{uuid:", "{token:"].iter().filter_map(|kind| text.find(kind)) {
                let placeholder = text[start..].split_inclusive('}').next().unwrap_or_default();
                if !self.bindings.is_bound(placeholder) {
                    self.lost.insert(placeholder.to_owned(), rule);
                }
            }
        }
    }

    /// The rule because of which something is not as recorded: itself, or what it stands in.
    pub fn rule_of(&self, id: &str) -> Option<usize> {
        let kept = || self.kept.iter().find(|(scope, _)| id.starts_with(scope.as_str())).map(|(_, rule)| *rule);
        self.shadows.get(id).copied().or_else(kept)
    }

    /// Whether a resource's type was deleted since it was written.
    pub fn is_orphan(&self, id: &str) -> bool {
        self.orphans.contains(id)
    }

    /// Whether something is there.
    pub fn is_there(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// The body that a resource, a provider's summary or an icon should have.
    pub fn find(&self, id: &str) -> Option<Json> {
        self.known.get(id).cloned().or_else(|| self.summary(id)).or_else(|| self.icon(id))
    }

    /// Whether an answer shows what is known: the resource as it was written, or that there is none.
    pub fn is_as_known(&self, step: &Step, answer: &Answer) -> bool {
        let id = id_of(step);
        let ours: Json = serde_json::from_str(&answer.body).unwrap_or_default();
        let list = self.list(step);
        let is_resource = list.is_none() && self.is_there(&id);
        if answer.header("content-type").is_none() || is_resource && answer.header("etag").is_none() {
            return false;
        }
        let known = list.or_else(|| self.find(&id));
        match known {
            Some(Json::String(icon)) => answer.status == 200 && answer.body == icon,
            Some(known) => answer.status == 200 && self.accepts(&known, &ours),
            None => answer.status == 404 && ours["error"]["code"] == "NotFound" && ours["error"]["message"].is_string(),
        }
    }

    /// Whether a body shows the resource as it was written, but in this provisioning state.
    pub fn is_known_in_state(&self, step: &Step, ours: &Json, state: &str) -> bool {
        self.known.get(&id_of(step)).cloned().is_some_and(|mut known| {
            if let Some(old) = known.pointer_mut("/properties/provisioningState") {
                *old = state.into();
            }
            self.accepts(&known, ours)
        })
    }

    fn accepts(&self, known: &Json, ours: &Json) -> bool {
        let mut differences = Vec::new();
        self.bindings.clone().accept_json(known, ours, "$", &mut differences);
        differences.is_empty()
    }

    /// Whether a list was recorded that holds, or should hold, what is not as recorded.
    pub fn rule_of_list(&self, step: &Step) -> Option<usize> {
        let recorded = step.response.body.get("value").and_then(Json::as_array);
        let ids =
            recorded.into_iter().flatten().filter_map(|item| Some(item.get("id")?.as_str()?.to_ascii_lowercase()));
        ids.filter_map(|id| self.shadows.get(&id)).copied().next()
    }

    /// Whether a recorded list holds a resource whose type was deleted.
    pub fn lists_orphans(&self, step: &Step) -> bool {
        let recorded = step.response.body.get("value").and_then(Json::as_array);
        let mut items = recorded.into_iter().flatten().filter_map(|item| item.get("id")?.as_str());
        items.any(|id| self.orphans.contains(&id.to_ascii_lowercase()))
    }

    /// The list that a collection, or a group's list of resources, should answer: its first page.
    fn list(&self, step: &Step) -> Option<Json> {
        let path = id_of(step);
        if step.request.path.contains("skipToken=") || step.request.method != "GET" {
            return None;
        }
        let group = path.strip_suffix("/resources");
        let is_collection =
            path.contains("/providers/") && path.split("/providers/").last()?.split('/').count() % 2 == 0;
        let items: Vec<Json> = match group {
            Some(group) => {
                let inside = format!("{group}/providers/");
                let inside = self.known.iter().filter(|(id, _)| id.starts_with(&inside));
                inside.map(|(_, body)| json!({"id": body["id"], "name": body["name"], "type": body["type"]})).collect()
            }
            None if is_collection => {
                let own = self.known.iter().filter(|(id, _)| is_listed(id, &path));
                own.map(|(_, body)| body.clone()).collect()
            }
            None => return None,
        };
        let top = step.request.path.split("top=").nth(1).and_then(|text| text.split('&').next()?.parse().ok());
        let top: usize = if group.is_some() { usize::MAX } else { top.unwrap_or(10) };
        let mut list = json!({ "value": items.iter().take(top).collect::<Vec<_>>() });
        if items.len() > top {
            list["nextLink"] = "{varies}".into();
        }
        Some(list)
    }

    /// The summary of a provider, from its registrations.
    fn summary(&self, id: &str) -> Option<Json> {
        let (plane, namespace) = id.split_once("/providers/")?;
        let provider = format!("{plane}/providers/system.resources/resourceproviders/{namespace}");
        let name = self.known.get(&provider)?["name"].clone();
        let (mut kinds, mut locations) = (Map::new(), Map::new());
        for (id, body) in &self.known {
            let Some(rest) = id.strip_prefix(&format!("{provider}/")) else { continue };
            let own = body["name"].as_str().unwrap_or_default().to_owned();
            match rest.split('/').collect::<Vec<_>>().as_slice() {
                ["locations", _] => drop(locations.insert(own, json!({}))),
                ["resourcetypes", _] => {
                    let mut kind = body["properties"].as_object().cloned().unwrap_or_default();
                    kind.retain(|name, _| !matches!(name.as_str(), "provisioningState" | "icon"));
                    kind.insert("apiVersions".into(), json!({}));
                    kinds.insert(own, kind.into());
                }
                ["resourcetypes", kind, "apiversions", _] => {
                    let mut version = body["properties"].as_object().cloned().unwrap_or_default();
                    version.remove("provisioningState");
                    let entry = kinds.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(kind));
                    if let Some((_, entry)) = entry {
                        entry["apiVersions"][own] = version.into();
                    }
                }
                _ => {}
            }
        }
        Some(json!({ "name": name, "locations": locations, "resourceTypes": kinds }))
    }

    /// The icon of a type, if the path names its hash.
    fn icon(&self, id: &str) -> Option<Json> {
        let (kind, hash) = id.split_once("/icons/")?;
        let properties = &self.known.get(kind)?["properties"];
        (properties["iconHash"] == hash).then(|| properties["icon"].clone())
    }
}

/// Whether a resource belongs into the list at a path: a collection's own, or all of a type in a plane.
fn is_listed(id: &str, path: &str) -> bool {
    let parent = id.rsplit_once('/').map(|(parent, _)| parent).unwrap_or_default();
    if parent == path {
        return true;
    }
    let Some((plane, kind)) = path.split_once("/providers/") else { return false };
    parent.strip_prefix(plane).is_some_and(|rest| {
        rest.starts_with("/resourcegroups/")
            && rest.ends_with(&format!("/providers/{kind}"))
            && rest.split('/').count() == 6
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_their_own() {
        let id = "/planes/radius/l/resourcegroups/g/providers/a.b/ts/one";
        assert!(is_listed(id, "/planes/radius/l/resourcegroups/g/providers/a.b/ts"));
        assert!(is_listed(id, "/planes/radius/l/providers/a.b/ts"));
        assert!(!is_listed(id, "/planes/radius/l/resourcegroups/h/providers/a.b/ts"));
        assert!(!is_listed(id, "/planes/radius/l/providers/a.b/t"));
    }
}
