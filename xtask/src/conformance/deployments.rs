//! The recordings' stand-in for the engine behind `Microsoft.Resources`: it accepted every template, executed none
//! and answered as it was told. What it answered is played again, so that the program under test meets the same.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::compare::Judge;
use super::scenario::{Injection, Step};
use crate::replay::stand_in::Arrived;

/// What is left to answer in a call.
#[derive(Default)]
pub struct Deployments {
    answers: BTreeMap<Question, Vec<Injection>>,
    /// The deployment's name in the recording.
    recorded: String,
    /// Its name in this run.
    now: String,
}

/// What the stand-in can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// To begin a deployment.
    Begin,
    /// For a deployment.
    Show,
    /// For the single operations of a deployment.
    Operations,
    /// How far a deployment is.
    Status,
}

impl Deployments {
    /// Returns the stand-in of a call: what was recorded, but for what was injected, which has its own place.
    ///
    /// Where the recorded program crashed, what it began has no end in the recording; it ends well here for
    /// ours, which goes on.
    pub fn of(step: &Step, judge: Judge) -> Self {
        let mut deployments = Self::default();
        for exchange in step.http.iter().filter(|exchange| exchange["injected"] != true) {
            let (request, response) = (&exchange["request"], &exchange["response"]);
            let path = request["path"].as_str().unwrap_or_default();
            let Some(question) = Question::of(request["method"].as_str().unwrap_or_default(), path) else { continue };
            if question == Question::Begin {
                deployments.recorded = name_in(path).to_owned();
            }
            deployments.answers.entry(question).or_default().push(Injection {
                pattern: String::new(),
                times: None,
                status: response["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(200),
                headers: response["headers"].as_object().cloned(),
                body: response["body"].clone(),
            });
        }
        if let Some(polls) =
            deployments.answers.get_mut(&Question::Status).filter(|_| judge == Judge::Ours && step.crashed())
            && let Some(last) = polls.last().filter(|last| last.body["status"] == "Running")
        {
            let mut end = last.clone();
            end.body["status"] = "Succeeded".into();
            polls.push(end);
        }
        deployments
    }

    /// Returns the answer to a request that is the stand-in's to answer; the last one of a kind is given for ever.
    pub fn answer(&mut self, request: &Arrived) -> Option<Injection> {
        let question = Question::of(&request.method, &request.path)?;
        let left = self.answers.get_mut(&question)?;
        if question == Question::Begin {
            self.now = name_in(&request.path).to_owned();
        }
        let answer = if left.len() > 1 { left.remove(0) } else { left.first()?.clone() };
        Some(self.rename(answer))
    }

    fn rename(&self, mut answer: Injection) -> Injection {
        if self.recorded.is_empty() {
            return answer;
        }
        let rename = |text: &str| text.replace(&self.recorded, &self.now);
        answer.body = serde_json::from_str(&rename(&answer.body.to_string())).unwrap_or(answer.body);
        for value in answer.headers.iter_mut().flat_map(|headers| headers.values_mut()) {
            if let Json::String(text) = value {
                *text = rename(text);
            }
        }
        answer
    }
}

impl Question {
    fn of(method: &str, path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default().to_ascii_lowercase();
        let (_, rest) = path.split_once("/providers/microsoft.resources/")?;
        match (method, rest.split('/').collect::<Vec<_>>().as_slice()) {
            ("PUT", ["deployments", _]) => Some(Self::Begin),
            ("GET", ["deployments", _]) => Some(Self::Show),
            ("GET", ["deployments", _, "operations"]) => Some(Self::Operations),
            ("GET", ["locations", _, "operationstatuses" | "operationresults", _]) => Some(Self::Status),
            _ => None,
        }
    }
}

/// The name of the deployment that a path is about.
fn name_in(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrived(method: &str, path: &str) -> Arrived {
        Arrived { method: method.into(), path: path.into(), ..Arrived::default() }
    }

    fn step(stderr: &str, http: Vec<Json>) -> Step {
        let step = json!({ "argv": ["rad"], "stdin": null, "exit": 2, "stderr": stderr, "http": http });
        serde_json::from_value(step).unwrap()
    }

    #[test]
    fn what_a_crash_left_running_ends_for_our_program_which_goes_on() {
        let path = "/planes/p/providers/Microsoft.Resources/locations/global/operationStatuses/x";
        let poll = json!({ "request": { "method": "GET", "path": path },
            "response": { "status": 200, "headers": {}, "body": { "status": "Running" } } });
        let states = |stderr: &str, judge| {
            let mut deployments = Deployments::of(&step(stderr, vec![poll.clone()]), judge);
            [(); 2].map(|()| deployments.answer(&arrived("GET", path)).unwrap().body["status"].clone())
        };
        assert_eq!(states("panic\n{stack}", Judge::Ours), ["Running", "Succeeded"]);
        assert_eq!(states("panic\n{stack}", Judge::Upstream), ["Running", "Running"]);
        assert_eq!(states("", Judge::Ours), ["Running", "Running"]);
    }

    #[test]
    fn what_was_answered_is_answered_again_under_the_name_of_today() {
        let put = "/planes/p/providers/Microsoft.Resources/deployments/rad-{uuid:1}?api-version=1";
        let status = "/planes/p/providers/Microsoft.Resources/locations/global/operationStatuses/rad-{uuid:1}";
        let poll = |status_text: &str| {
            json!({ "request": { "method": "GET", "path": status },
            "response": { "status": 200, "headers": {}, "body": { "name": "rad-{uuid:1}", "status": status_text } } })
        };
        let begin = json!({ "request": { "method": "PUT", "path": put },
            "response": { "status": 201, "headers": { "Location": "{base}/rad-{uuid:1}" }, "body": null } });
        let mut deployments =
            Deployments::of(&step("", vec![begin, poll("Running"), poll("Succeeded")]), Judge::Upstream);
        let begun = deployments.answer(&arrived("PUT", &put.replace("{uuid:1}", "x"))).unwrap();
        assert_eq!(begun.headers.unwrap()["Location"], "{base}/rad-x");
        let mut poll = || deployments.answer(&arrived("GET", status)).unwrap().body;
        assert_eq!(poll(), json!({ "name": "rad-x", "status": "Running" }));
        assert_eq!(poll()["status"], "Succeeded");
        assert_eq!(poll()["status"], "Succeeded");
        assert!(deployments.answer(&arrived("GET", "/planes/p/providers/Contoso.X/ys/z")).is_none());
    }
}
