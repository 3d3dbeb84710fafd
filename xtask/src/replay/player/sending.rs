//! Sends a step's request, and waits for what the recorder waited for.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::super::history::{Past, id_of};
use super::super::scenario::Step;
use super::super::wire::{self, Answer};
use super::{BESIDE, PATIENCE, Player};

impl Player<'_> {
    /// Sends a step's request; asks again while a resource is at work which the recording saw settled.
    pub(super) fn send_until_settled(&self, step: &Step) -> Result<Answer, String> {
        let state_of = |body: &Json| body["properties"]["provisioningState"].as_str().map(str::to_owned);
        let is_settled = state_of(&step.response.body).is_some_and(|state| is_terminal(&state));
        let patience = Instant::now() + BESIDE;
        loop {
            let answer = self.send(step)?;
            let body: Json = serde_json::from_str(&answer.body).unwrap_or_default();
            let is_at_work = state_of(&body).is_some_and(|state| !is_terminal(&state));
            if step.request.method != "GET" || !is_settled || !is_at_work || Instant::now() > patience {
                return Ok(answer);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a step's request; the error is a placeholder without value, or a failure to connect.
    pub(super) fn send(&self, step: &Step) -> Result<Answer, String> {
        let path = self.memory.bindings.fill(&step.request.path)?;
        let mut headers = Vec::new();
        for (name, value) in &step.request.headers {
            headers.push((name.clone(), self.memory.bindings.fill(value.as_str().unwrap_or_default())?));
        }
        let body = match &as_answered(step) {
            Json::Null => None,
            Json::String(raw) => Some(raw_bytes(&self.memory.bindings.fill(raw)?)),
            json => Some(self.memory.bindings.fill(&json.to_string())?.into_bytes()),
        };
        let prepared = step
            .forwarded
            .iter()
            .map(|one| one.prepare(&step.response, &self.memory.bindings))
            .collect::<Result<_, _>>()?;
        self.stand_in.prepare(prepared);
        let mut answer = match wire::send(&self.place.authority, &step.request.method, &path, &headers, body.as_deref())
        {
            Ok(answer) => answer,
            // A server that was killed answers nothing.
            Err(_) if self.place.is_down() => Answer::default(),
            Err(error) => return Err(format!("{error:#}")),
        };
        answer.forwarded = self.stand_in.arrived();
        Ok(answer)
    }

    /// Waits until a worker is at what the recorder saw in progress: its requests came after a while.
    pub(super) fn wait_for_begin(&self, at: usize) {
        let step = &self.scenario.steps[at];
        let recorded = step.response.body.to_string();
        let is_begun = recorded.contains("in progress state: Updating")
            || recorded.contains("\"status\":\"Updating\"")
            || recorded.contains("\"provisioningState\":\"Updating\"");
        if step.is_first_poll() || !is_begun {
            return;
        }
        let subject = Past::new(self.scenario, at).subject();
        let earlier = self.scenario.steps[..at].iter().filter(|other| id_of(other) == subject);
        let Some(operation) = earlier.filter_map(Step::operation).next_back() else { return };
        let begun = self.scenario.steps[..at].iter().rfind(|other| other.operation().as_ref() == Some(&operation));
        let url = begun.and_then(|begun| begun.response.headers.get("Azure-AsyncOperation")?.as_str());
        let Some(Ok(url)) = url.map(|url| self.memory.bindings.fill(url)) else { return };
        let path = url.split_once("://").map_or("/", |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience && self.status_of(path) == "Accepted" {
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Waits, before a resource is written that went another way, until what goes on with it has ended: the recorder found
    /// it ended.
    pub(super) fn wait_for_strays(&self, at: usize) {
        let step = &self.scenario.steps[at];
        let is_write = matches!(step.request.method.as_str(), "PUT" | "PATCH" | "DELETE");
        if !is_write || self.memory.rule_of_divergence(&id_of(step)).is_none() || self.is_cluster_away(at) {
            return;
        }
        let Ok(path) = self.memory.bindings.fill(&step.request.path.replace("&force=true", "")) else { return };
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            let answer = wire::send(&self.place.authority, "GET", &path, &[], None);
            let body: Json = answer.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default();
            if body["properties"]["provisioningState"].as_str().is_none_or(is_terminal) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether the API server was stopped before a step, and not started again.
    fn is_cluster_away(&self, at: usize) -> bool {
        let actions = self.scenario.steps[..at].iter().filter_map(|step| step.cluster.as_ref()?["action"].as_str());
        actions.rev().find(|action| action.ends_with("ApiServer")) == Some("stopApiServer")
    }

    fn status_of(&self, path: &str) -> String {
        let polled = wire::send(&self.place.authority, "GET", path, &[], None);
        let body: Json = polled.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default();
        body["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the operation that an answer names has ended.
    pub(super) fn wait_for(&self, answer: &Answer) {
        let Some(path) = answer.header("azure-asyncoperation").and_then(|url| Some(url.split_once("://")?.1)) else {
            return;
        };
        let path = path.find('/').map_or("/", |at| &path[at..]);
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            let status = self.status_of(path);
            if status.is_empty() || is_terminal(&status) {
                return;
            }
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Sends a poll until the operation has ended; a first poll is sent once.
    pub(super) fn poll(&self, step: &Step) -> Result<Answer, String> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let answer = self.send(step)?;
            let body: Json = serde_json::from_str(&answer.body).unwrap_or_default();
            let running = answer.status == 202 || body["status"].as_str().is_some_and(|status| !is_terminal(status));
            let recorded = step.response.body["status"].as_str();
            if step.is_first_poll() || !running || recorded.is_some_and(|status| !is_terminal(status)) {
                return Ok(answer);
            }
            if Instant::now() > patience {
                return Ok(answer);
            }
            std::thread::sleep(Duration::from_millis(15));
        }
    }
}

/// The body of a request. The recorder changed some after they were sent: which application a resource was put into,
/// its answer tells better.
fn as_answered(step: &Step) -> Json {
    let mut body = step.request.body.clone();
    let answered = step.response.body.pointer("/properties/application").filter(|text| text.is_string());
    if let (Some(application), Some(answered)) = (body.pointer_mut("/properties/application"), answered)
        && application.is_string()
    {
        *application = answered.clone();
    }
    body
}

/// The bytes of a raw body: the recorder wrote each as the character of its number.
fn raw_bytes(text: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn is_terminal(status: &str) -> bool {
    matches!(status, "Succeeded" | "Failed" | "Canceled")
}
