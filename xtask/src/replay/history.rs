//! What a scenario says about the time before a step: parents, registrations, the request behind an operation.

use serde_json::Value as Json;

use super::scenario::{Scenario, Step};

/// Namespaces that are registered on a fresh server.
const BUILT_IN: [&str; 3] = ["applications.", "radius.", "microsoft.resources"];
/// Planes of a fresh server.
const PLANES: [&str; 2] = ["/planes/radius/local", "/planes/aws/aws"];
/// Where registrations stand below their plane.
const REGISTRATIONS: &str = "/providers/system.resources/resourceproviders/";

/// A step, and all that was recorded before it.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    scenario: &'a Scenario,
    at: usize,
}

impl<'a> Past<'a> {
    /// Returns the past of the step at `at`.
    pub fn new(scenario: &'a Scenario, at: usize) -> Self {
        Self { scenario, at }
    }

    /// The scenario.
    pub fn scenario(self) -> &'a Scenario {
        self.scenario
    }

    /// The step itself.
    pub fn step(self) -> &'a Step {
        &self.scenario.steps[self.at]
    }

    /// The step that began the operation which this one asks about.
    fn begun(self) -> Option<usize> {
        let path = &self.step().request.path;
        let at = path.find("/operationStatuses/").or_else(|| path.find("/operationResults/"))?;
        let start = at + path[at..].find("{uuid:")?;
        let placeholder = path[start..].split_inclusive('}').next()?;
        self.scenario.steps[..self.at].iter().rposition(|step| step.operation().as_deref() == Some(placeholder))
    }

    /// The request that began the operation, as `METHOD path body`; empty for other steps.
    pub fn begun_by(self) -> String {
        self.begun().map(|at| line(&self.scenario.steps[at])).unwrap_or_default()
    }

    /// The id of the resource that the step is about; for questions about an operation, the operation's.
    pub fn subject(self) -> String {
        self.begun().map_or_else(|| id_of(self.step()), |at| id_of(&self.scenario.steps[at]))
    }

    /// Later requests about what the operation is about, as `METHOD path body`, one a line.
    pub fn followed_by(self) -> String {
        let Some(begun) = self.begun() else { return String::new() };
        let subject = self.subject();
        let later = self.scenario.steps[begun + 1..self.at].iter().filter(|step| id_of(step) == subject);
        later.map(line).collect::<Vec<_>>().join("\n")
    }

    /// All earlier requests that were carried out, as `METHOD path body`, one a line.
    pub fn preceded_by(self) -> String {
        let done = self.scenario.steps[..self.at].iter().filter(|step| (200..300).contains(&step.response.status));
        done.filter(|step| step.request.method != "GET").map(line).collect::<Vec<_>>().join("\n")
    }

    /// This request and all earlier ones, whatever became of them, as `METHOD path body`, one a line.
    pub fn asked_before(self) -> String {
        let asked = self.scenario.steps[..=self.at].iter().filter(|step| !matches!(&*step.request.method, "" | "GET"));
        asked.map(line).collect::<Vec<_>>().join("\n")
    }

    /// The steps that began operations which are recorded as failed, up to this step.
    fn failures(self) -> impl Iterator<Item = &'a Step> {
        let polls = (0..=self.at).map(move |at| Past::new(self.scenario, at));
        let failed = polls.filter(|poll| poll.step().poll && poll.step().response.body["status"] == "Failed");
        failed.filter_map(move |poll| poll.begun().map(|at| &self.scenario.steps[at]))
    }

    /// The requests that began operations which are recorded as failed, as `METHOD path body`, one a line.
    pub fn failed_before(self) -> String {
        self.failures().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Names of resources with an operation that is recorded as failed.
    pub fn names_of_failed(self) -> Vec<String> {
        self.failures().filter_map(|step| id_of(step).rsplit('/').next().map(str::to_owned)).collect()
    }

    /// Names of the gateways that were asked for.
    pub fn gateways(self) -> Vec<String> {
        let ids = self.scenario.steps[..=self.at].iter().map(id_of);
        let names = ids.filter_map(|id| id.split_once("/gateways/").map(|(_, name)| name.to_owned()));
        let mut names: Vec<String> = names.filter(|name| !name.contains('/')).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Names of connections in all requests so far.
    pub fn connections(self) -> Vec<String> {
        let bodies = self.scenario.steps[..=self.at].iter().map(|step| &step.request.body["properties"]["connections"]);
        let names = bodies.filter_map(Json::as_object).flat_map(|connections| connections.keys().cloned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.dedup();
        names
    }

    /// The body of the last write of the resource that the step is about.
    pub fn asked(self) -> Option<&'a Json> {
        let id = self.subject();
        let mut writes = self.scenario.steps[..=self.at].iter().filter(|step| id_of(step) == id);
        writes.rfind(|step| step.request.method == "PUT").map(|step| &step.request.body)
    }

    /// What was last done to the surroundings before the step, as JSON text; empty where nothing was.
    pub fn surroundings(self) -> String {
        let mut done = self.scenario.steps[..self.at].iter().filter_map(|step| step.cluster.as_ref());
        done.next_back().map(Json::to_string).unwrap_or_default()
    }

    /// Whether what the path stands below was never made, or is deleted.
    pub fn is_without_parent(self) -> bool {
        parent_of(&self.subject()).is_some_and(|parent| !self.exists(parent))
    }

    fn exists(self, id: &str) -> bool {
        let namespace = id.split_once(REGISTRATIONS).map(|(_, rest)| rest);
        if PLANES.contains(&id) || namespace.is_some_and(|name| BUILT_IN.iter().any(|own| name.starts_with(own))) {
            return true;
        }
        let is_write = |step: &&Step| id_of(step) == id && matches!(step.request.method.as_str(), "PUT" | "DELETE");
        let done = |step: &&Step| (200..300).contains(&step.response.status);
        let last = self.scenario.steps[..self.at].iter().filter(is_write).rfind(done);
        last.is_some_and(|step| step.request.method == "PUT") && parent_of(id).is_none_or(|parent| self.exists(parent))
    }

    /// Whether the type in the path, or its provider, was registered once and is not any more.
    pub fn is_unregistered(self) -> bool {
        self.registration().is_some_and(|(plane, namespace, kind)| {
            let provider = format!("{plane}{REGISTRATIONS}{namespace}");
            let kind = format!("{provider}/resourcetypes/{kind}");
            [provider, kind].iter().any(|id| {
                let mut writes = self.scenario.steps[..self.at].iter().filter(|step| id_of(step) == *id);
                let last = writes.rfind(|step| step.request.method != "GET");
                last.is_some_and(|step| step.request.method == "DELETE" && step.response.status == 202)
            })
        })
    }

    /// Plane, namespace and type that the path names.
    fn registration(self) -> Option<(String, String, String)> {
        let subject = self.subject();
        let (scope, rest) = subject.split_once("/providers/")?;
        let mut parts = rest.split('/');
        let (namespace, kind) = (parts.next()?, parts.next()?);
        let plane: Vec<&str> = scope.split('/').take(4).collect();
        Some((plane.join("/"), namespace.to_owned(), kind.to_owned()))
    }

    /// The schemas that were registered for the type in the path, as recorded requests.
    pub fn schemas(self) -> Vec<&'a Json> {
        let Some((plane, namespace, kind)) = self.registration() else { return Vec::new() };
        let versions = format!("{plane}{REGISTRATIONS}{namespace}/resourcetypes/{kind}/apiversions/");
        let earlier = self.scenario.steps[..self.at].iter().filter(|step| step.request.method == "PUT");
        let ours = earlier.filter(|step| id_of(step).starts_with(&versions));
        ours.filter_map(|step| step.request.body.pointer("/properties/schema")).collect()
    }

    /// Whether a resource of the type in the path is later found to have a schema that can validate nothing.
    pub fn is_found_unusable(self) -> bool {
        let id = id_of(self.step());
        let Some((plane, rest)) = id.split_once(REGISTRATIONS) else { return false };
        let mut parts = rest.split('/');
        let (Some(namespace), Some(kind)) = (parts.next(), parts.nth(1)) else { return false };
        let below = format!("/providers/{namespace}/{kind}/");
        self.scenario.steps[self.at..].iter().any(|step| {
            let id = id_of(step);
            let end = || self.scenario.operation_end(step).map(Json::to_string).unwrap_or_default();
            id.starts_with(plane)
                && id.contains(&below)
                && end().contains("schema validation failed: invalid components")
                || id.contains(&below) && end().contains("failed to convert schema")
        })
    }

    /// Whether an operation of a resource was begun, and was not seen to end before the step.
    pub fn is_under_way(self, id: &str) -> bool {
        const ENDS: [&str; 3] = ["Succeeded", "Failed", "Canceled"];
        let earlier = &self.scenario.steps[..self.at];
        let is_begun = |step: &Step| matches!(step.response.status, 201 | 202) && id_of(step).eq_ignore_ascii_case(id);
        let Some(begun) = earlier.iter().rposition(is_begun) else { return false };
        let Some(operation) = earlier[begun].operation() else { return false };
        let has_ended =
            |step: &Step| step.response.body["status"].as_str().is_some_and(|status| ENDS.contains(&status));
        !earlier[begun..].iter().any(|step| step.request.path.contains(&operation) && has_ended(step))
    }

    /// The paths at which a provider was asked to delete something, and said that it will.
    pub fn deletions_passed_on(self) -> Vec<&'a str> {
        let passed_on = self.scenario.steps[..self.at].iter().flat_map(|step| &step.forwarded);
        let accepted = passed_on.filter(|one| one.request.method == "DELETE" && one.answer.status == 202);
        accepted.filter_map(|one| one.request.path.split('?').next()).collect()
    }

    /// Whether the registered type of a path is described, as far as any recorded summary tells.
    pub fn is_described(self, id: &str) -> Option<bool> {
        let lower = id.to_ascii_lowercase();
        let (_, rest) = lower.split_once(REGISTRATIONS)?;
        let (namespace, name) = rest.split_once("/resourcetypes/")?;
        let is = |text: Option<&str>, wanted: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(wanted));
        let mut summaries = self.scenario.steps.iter().map(|step| &step.response.body);
        let summary =
            summaries.find(|body| body["resourceTypes"].is_object() && is(body["name"].as_str(), namespace))?;
        let mut types = summary["resourceTypes"].as_object()?.iter();
        types.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, kind)| kind.get("description").is_some())
    }

    /// Whether the next page behind the recorded link is empty.
    pub fn leads_to_nothing(self) -> bool {
        let link = self.step().response.body["nextLink"].as_str().unwrap_or_default();
        let Some(start) = link.find("{token:") else { return false };
        let token = link[start..].split_inclusive('}').next().unwrap_or_default();
        let pages = self.scenario.steps.iter().filter(|step| step.request.path.contains(token));
        let mut pages = pages.filter(|step| step.response.status == 200).peekable();
        pages.peek().is_some() && pages.all(|step| step.response.body["value"].as_array().is_some_and(Vec::is_empty))
    }
}

/// The id that a step is about, lower-cased.
pub fn id_of(step: &Step) -> String {
    let path = step.resource();
    path.find("/planes/").map_or_else(|| path.clone(), |at| path[at..].to_owned())
}

/// A request as conditions see it.
fn line(step: &Step) -> String {
    format!("{} {} {}", step.request.method, step.request.path, step.request.body)
}

/// What must be there before `id` is: its plane, provider or type. Resources of registered types have other rules.
fn parent_of(id: &str) -> Option<&str> {
    let parts: Vec<&str> = id.trim_start_matches('/').split('/').collect();
    let kept = match parts.as_slice() {
        ["planes", _, _, "resourcegroups", _] => 3,
        ["planes", "aws" | "azure", _, "providers", _, "credentials", _] => 3,
        ["planes", _, _, "providers", "system.resources", "resourceproviders", _] => 3,
        [
            "planes",
            _,
            _,
            "providers",
            "system.resources",
            "resourceproviders",
            _,
            "resourcetypes" | "locations",
            ..,
        ] => {
            if parts.len() > 9 {
                9
            } else {
                7
            }
        }
        _ => return None,
    };
    let end = parts[..kept].iter().map(|part| part.len() + 1).sum();
    id.get(..end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scenario(steps: Json) -> Scenario {
        serde_json::from_value(json!({ "scenario": "s", "about": "", "steps": steps })).unwrap()
    }

    fn step(method: &str, path: &str, status: u16, headers: Json, body: Json) -> Json {
        let request = json!({ "method": method, "path": path, "headers": {}, "body": null });
        json!({ "name": "n", "request": request, "response": { "status": status, "headers": headers, "body": body } })
    }

    #[test]
    fn an_operation_is_under_way_until_it_was_seen_to_end() {
        const ID: &str = "/planes/radius/local/resourcegroups/g/providers/A.B/t/r";
        let location = json!({ "Azure-AsyncOperation": "{base}/operationStatuses/{uuid:1}?x" });
        let poll =
            |status: &str| step("GET", "/operationStatuses/{uuid:1}?x", 200, json!({}), json!({ "status": status }));
        let put = step("PUT", ID, 201, location, Json::Null);
        let read = step("GET", ID, 200, json!({}), Json::Null);
        let scenario = scenario(json!([put, poll("Accepted"), read, poll("Failed"), read]));
        assert!(Past::new(&scenario, 2).is_under_way(&ID.to_uppercase()));
        assert!(!Past::new(&scenario, 4).is_under_way(ID) && !Past::new(&scenario, 2).is_under_way("/other"));
    }

    #[test]
    fn what_a_summary_tells_of_descriptions_holds_for_the_registrations() {
        let summary = json!({ "name": "A.B", "resourceTypes": { "t": { "description": "{text:3}" }, "u": {} } });
        let scenario = scenario(json!([step("GET", "/providers/A.B", 200, json!({}), summary)]));
        let of =
            |kind: &str| Past::new(&scenario, 0).is_described(&format!("/planes/radius/p{REGISTRATIONS}a.b{kind}"));
        assert_eq!((of("/resourceTypes/T"), of("/resourceTypes/u")), (Some(true), Some(false)));
        assert_eq!((of("/resourceTypes/other"), of("/locations/global")), (None, None));
    }

    #[test]
    fn registrations_stand_below_what_they_are_registered_in() {
        let provider = "/planes/radius/p/providers/system.resources/resourceproviders/a.b";
        assert_eq!(
            parent_of(&format!("{provider}/resourcetypes/t/apiversions/v")),
            Some(&*format!("{provider}/resourcetypes/t"))
        );
        assert_eq!(parent_of(&format!("{provider}/locations/l")), Some(provider));
        assert_eq!(parent_of(provider), Some("/planes/radius/p"));
        assert_eq!(parent_of("/planes/radius/p/resourcegroups/g"), Some("/planes/radius/p"));
        assert_eq!(parent_of("/planes/radius/p/resourcegroups/g/providers/a.b/t/r"), None);
    }
}
