//! Plays one scenario and judges each step.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};

use super::bindings::Bindings;
use super::forwarded;
use super::modules::Modules;
use super::rules::{Adjust, Effect, Expected, Rule};
use super::scenario::{Scenario, Step};
use super::stand_in::StandIn;
use super::surroundings::{self, Surroundings};
use super::wire::{self, Answer};

/// How long an operation may take before the step counts as different.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a step.
#[derive(Debug)]
pub enum Verdict {
    /// Answered as recorded.
    Equal,
    /// Answered as a rule wants it; the rule's index.
    ByRule(usize),
    /// Answered otherwise.
    Different(Vec<String>),
    /// Not played, and why.
    Unplayed(String),
}

/// Plays a scenario against a server.
pub struct Player<'a> {
    scenario: &'a Scenario,
    rules: &'a [Rule],
    authority: String,
    bindings: Bindings,
    /// Resources whose state differs from the recorded one because of a rule: id → rule.
    shadows: HashMap<String, (usize, Effect)>,
    /// Placeholders that will never get a value because of a rule.
    lost: HashMap<String, usize>,
    /// Body of the last accepted write, by id.
    known: HashMap<String, Json>,
    stand_in: StandIn,
    /// The cluster that the server deploys to.
    surroundings: Option<Surroundings>,
    /// Why nothing can be played any more.
    stopped: Option<String>,
}

impl<'a> Player<'a> {
    /// Returns a player of `scenario` for the server at `authority` (`host:port`).
    ///
    /// # Errors
    /// When the stand-in for imperative providers cannot listen.
    pub fn new(
        scenario: &'a Scenario,
        rules: &'a [Rule],
        authority: &str,
        surroundings: Option<Surroundings>,
    ) -> anyhow::Result<Self> {
        let stand_in = StandIn::start()?;
        let mut bindings = Bindings::default();
        bindings.bind("{base}", &format!("http://{authority}"));
        bindings.bind("{host:ucp}", authority);
        // Nothing listens on the discard port; recipes and addresses that name inner servers must fail.
        for inner in ["core-rp", "dynamic-rp", "deployment-engine", "closed-port", "nothing"] {
            bindings.bind(&format!("{{host:{inner}}}"), "127.0.0.1:9");
        }
        bindings.bind("{host:test-rp}", &stand_in.authority);
        if !scenario.modules.is_empty() {
            bindings.bind("{host:modules}", &Modules::serve(scenario)?.url);
        }
        let authority = authority.to_owned();
        Ok(Self {
            scenario,
            rules,
            authority,
            bindings,
            shadows: HashMap::new(),
            lost: HashMap::new(),
            known: HashMap::new(),
            stand_in,
            surroundings,
            stopped: unplayable(scenario),
        })
    }

    /// Plays all steps in order.
    pub fn play(mut self) -> Vec<Verdict> {
        let steps = &self.scenario.steps;
        let mut verdicts = Vec::with_capacity(steps.len());
        while verdicts.len() < steps.len() {
            let at = verdicts.len();
            if steps[at].parallel && steps.get(at + 1).is_some_and(|next| next.parallel) {
                verdicts.extend(self.pair(at));
            } else {
                verdicts.push(self.step(at));
            }
        }
        verdicts
    }

    fn pair(&mut self, at: usize) -> [Verdict; 2] {
        let steps = &self.scenario.steps;
        let sent = std::thread::scope(|scope| {
            let other = scope.spawn(|| self.send(&steps[at + 1]));
            [self.send(&steps[at]), other.join().expect("sending does not panic")]
        });
        match sent {
            [Ok(first), Ok(second)] => {
                let (first, second) = if first.status <= second.status { (first, second) } else { (second, first) };
                [self.judge(at, &first), self.judge(at + 1, &second)]
            }
            [first, second] => [first, second].map(|sent| Verdict::Different(vec![sent.err().unwrap_or_default()])),
        }
    }

    fn step(&mut self, at: usize) -> Verdict {
        let step = &self.scenario.steps[at];
        if let Some(reason) = &self.stopped {
            return Verdict::Unplayed(reason.clone());
        }
        let verdict = match &step.cluster {
            Some(action) => self.surround(action),
            None => self.exchange(at),
        };
        match (&step.objects, &self.surroundings) {
            (Some(recorded), Some(_)) => self.judge_objects(step, recorded, verdict),
            _ => verdict,
        }
    }

    /// Does to the surroundings what was done to them.
    fn surround(&mut self, action: &Json) -> Verdict {
        let Some(surroundings) = &self.surroundings else {
            return Verdict::Unplayed("there is no cluster to act on".to_owned());
        };
        match surroundings.play(action) {
            Ok(()) => Verdict::Equal,
            Err(surroundings::Trouble::Different(difference)) => Verdict::Different(vec![difference]),
            Err(surroundings::Trouble::Unplayable(reason)) => {
                self.stopped = Some(reason.clone());
                Verdict::Unplayed(reason)
            }
        }
    }

    /// Compares the objects in the cluster with the recorded ones.
    fn judge_objects(&mut self, step: &Step, recorded: &[Json], verdict: Verdict) -> Verdict {
        let Some(surroundings) = &self.surroundings else { return verdict };
        let (recorded, ours) = match surroundings.objects(self.scenario.number()) {
            Ok(ours) => (surroundings::sorted(recorded), surroundings::sorted(&ours)),
            Err(error) => return worse(verdict, vec![error]),
        };
        let differences = compare_objects(&mut self.bindings, &recorded, &ours);
        if differences.is_empty() {
            return verdict;
        }
        let rules = self.rules;
        let concerned = rules.iter().enumerate().filter(|(_, rule)| {
            rule.answer.is_none()
                && (!rule.adjust.objects.is_empty() || !rule.adjust.rewrite.is_empty())
                && rule.concerns(self.scenario, step)
        });
        let (numbers, adjusts): (Vec<usize>, Vec<&Adjust>) = concerned.map(|(at, rule)| (at, &rule.adjust)).unzip();
        let adjusts: Vec<Adjust> = adjusts
            .iter()
            .map(|one| Adjust::together(std::iter::once(*one)))
            .chain([Adjust::together(adjusts.iter().copied())])
            .collect();
        let mut least = differences;
        for (at, adjust) in adjusts.iter().enumerate() {
            let (recorded, ours) = adjust.apply_to_objects(&recorded, &ours);
            let (recorded, ours) = (surroundings::sorted(&recorded), surroundings::sorted(&ours));
            let left = compare_objects(&mut self.bindings, &recorded, &ours);
            if left.is_empty() {
                let rule = numbers.get(at).or(numbers.first());
                return match (verdict, rule) {
                    (Verdict::Equal, Some(rule)) => Verdict::ByRule(*rule),
                    (verdict, _) => verdict,
                };
            }
            if left.len() < least.len() {
                least = left;
            }
        }
        worse(verdict, least)
    }

    fn exchange(&mut self, at: usize) -> Verdict {
        let step = &self.scenario.steps[at];
        let lost = self.lost.iter().find(|(placeholder, _)| step.request.path.contains(placeholder.as_str()));
        if let Some((_, rule)) = lost {
            return Verdict::ByRule(*rule);
        }
        match if step.poll { self.poll(step) } else { self.send(step) } {
            Ok(answer) => {
                if step.is_awaited() {
                    self.wait_for(&answer);
                }
                self.judge(at, &answer)
            }
            Err(reason) => match self.lost.get(&reason) {
                Some(rule) => Verdict::ByRule(*rule),
                None => Verdict::Different(vec![format!("not played: {reason}")]),
            },
        }
    }

    /// Sends a step's request; the error is a placeholder without value, or a failure to connect.
    fn send(&self, step: &Step) -> Result<Answer, String> {
        let path = self.bindings.fill(&step.request.path)?;
        let mut headers = Vec::new();
        for (name, value) in &step.request.headers {
            headers.push((name.clone(), self.bindings.fill(value.as_str().unwrap_or_default())?));
        }
        let body = match &step.request.body {
            Json::Null => None,
            Json::String(raw) => Some(raw_bytes(&self.bindings.fill(raw)?)),
            json => Some(self.bindings.fill(&json.to_string())?.into_bytes()),
        };
        let prepared =
            step.forwarded.iter().map(|one| one.prepare(&step.response, &self.bindings)).collect::<Result<_, _>>()?;
        self.stand_in.prepare(prepared);
        let mut answer = wire::send(&self.authority, &step.request.method, &path, &headers, body.as_deref())
            .map_err(|error| format!("{error:#}"))?;
        answer.forwarded = self.stand_in.arrived();
        Ok(answer)
    }

    /// Waits until the operation that an answer names has ended.
    fn wait_for(&self, answer: &Answer) {
        let Some(path) = answer.header("azure-asyncoperation").and_then(|url| Some(url.split_once("://")?.1)) else {
            return;
        };
        let path = path.find('/').map_or("/", |at| &path[at..]);
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            let polled = wire::send(&self.authority, "GET", path, &[], None);
            let body: Json = polled.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default();
            if body["status"].as_str().is_none_or(is_terminal) {
                return;
            }
            std::thread::sleep(Duration::from_millis(15));
        }
    }

    /// Sends a poll until the operation has ended; a first poll is sent once.
    fn poll(&self, step: &Step) -> Result<Answer, String> {
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

    fn judge(&mut self, at: usize, answer: &Answer) -> Verdict {
        let step = &self.scenario.steps[at];
        if step.is_first_poll() && self.accepts_first_poll(at, answer) {
            return Verdict::Equal;
        }
        let mut bindings = self.bindings.clone();
        let differences = compare(&mut bindings, step, answer, None);
        if differences.is_empty() && !self.shadows.contains_key(&id_of(step)) {
            self.bindings = bindings;
            self.remember(step);
            return Verdict::Equal;
        }
        if let Some(verdict) = self.judge_shadow(step, answer) {
            return verdict;
        }
        for (at, rule) in self.rules.iter().enumerate() {
            if rule.concerns(self.scenario, step) && self.excuses(rule, step, answer) {
                self.follow(at, rule, step);
                return Verdict::ByRule(at);
            }
        }
        if let Some(rule) = self.excuse_together(step, answer) {
            return Verdict::ByRule(rule);
        }
        if differences.is_empty() {
            self.bindings = bindings;
            self.remember(step);
            return Verdict::Equal;
        }
        // Later steps are judged on their own merits: take over whatever did match.
        bind_what_matches(&mut self.bindings, step, answer);
        Verdict::Different(differences)
    }

    /// Whether a poll that another run may not see is about this operation at all, running or ended.
    fn accepts_first_poll(&mut self, at: usize, answer: &Answer) -> bool {
        let step = &self.scenario.steps[at];
        let mut ours: Json = serde_json::from_str(&answer.body).unwrap_or_default();
        if answer.status == 202 && step.response.status == 202 {
            return true;
        }
        // How the operation ends is judged at its last poll; here it only has to be this operation.
        let mut recorded = step.response.body.clone();
        for body in [&mut recorded, &mut ours] {
            if let Json::Object(members) = body {
                members.retain(|key, _| !matches!(key.as_str(), "status" | "endTime" | "error"));
            }
        }
        let mut differences = Vec::new();
        self.bindings.clone().accept_json(&recorded, &ours, "$", &mut differences);
        answer.status == 200 && differences.is_empty()
    }

    /// Judges a step about resources whose state a rule has changed.
    fn judge_shadow(&mut self, step: &Step, answer: &Answer) -> Option<Verdict> {
        let id = id_of(step);
        if let Some(&(rule, effect)) = self.shadows.get(&id) {
            match step.request.method.as_str() {
                "GET" if effect == Effect::Diverged && answer.status < 500 => return Some(Verdict::ByRule(rule)),
                "GET" => return self.as_before(step, answer, &id).then_some(Verdict::ByRule(rule)),
                "DELETE" if matches!(answer.status, 202 | 204) => {
                    self.forget_delete(step, answer, &id, rule);
                    return Some(Verdict::ByRule(rule));
                }
                _ => return None,
            }
        }
        let recorded = step.response.body.get("value")?.as_array()?;
        let is_shadow = |item: &Json| {
            let id = item.get("id").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
            self.shadows.contains_key(&id)
        };
        let rule = recorded.iter().find(|item| is_shadow(item)).and_then(|item| {
            self.shadows.get(&item["id"].as_str().unwrap_or_default().to_ascii_lowercase()).map(|(rule, _)| *rule)
        })?;
        let mut ours: Json = serde_json::from_str(&answer.body).ok()?;
        let mut template = step.response.body.clone();
        for list in [&mut template, &mut ours] {
            if let Some(Json::Array(items)) = list.get_mut("value") {
                items.retain(|item| !is_shadow(item));
            }
        }
        let mut differences = Vec::new();
        self.bindings.accept_json(&template, &ours, "$", &mut differences);
        (answer.status == step.response.status && differences.is_empty()).then_some(Verdict::ByRule(rule))
    }

    /// Whether a resource whose last write was refused still shows what was written before.
    fn as_before(&mut self, step: &Step, answer: &Answer, id: &str) -> bool {
        let holds = match self.known.get(id) {
            None => answer.status == 404,
            Some(known) => {
                let ours: Json = serde_json::from_str(&answer.body).unwrap_or_default();
                let mut differences = Vec::new();
                self.bindings.clone().accept_json(known, &ours, "$", &mut differences);
                answer.status == 200 && differences.is_empty()
            }
        };
        if let (true, Some(etag), Some(ours)) = (holds, step.response.headers.get("ETag"), answer.header("etag")) {
            self.bindings.bind(etag.as_str().unwrap_or_default(), ours);
        }
        holds
    }

    fn forget_delete(&mut self, step: &Step, answer: &Answer, id: &str, rule: usize) {
        self.shadows.remove(id);
        self.known.remove(id);
        if let Some(operation) = step.operation() {
            self.lost.insert(operation, rule);
        }
        bind_what_matches(&mut self.bindings, step, answer);
        self.lost.retain(|placeholder, _| !self.bindings.is_bound(placeholder));
    }

    /// Takes down what an accepted write left behind.
    fn remember(&mut self, step: &Step) {
        let id = id_of(step);
        match step.request.method.as_str() {
            "PUT" if matches!(step.response.status, 200 | 201) => {
                let mut body = step.response.body.clone();
                let end = self.scenario.operation_end(step).and_then(|end| end.get("status")).cloned();
                if let (Some(Json::Object(properties)), Some(end)) = (body.get_mut("properties"), end) {
                    properties.insert("provisioningState".to_owned(), end);
                }
                self.shadows.remove(&id);
                self.known.insert(id, body);
            }
            "GET" if step.response.status == 200 && self.known.contains_key(&id) => {
                self.known.insert(id, step.response.body.clone());
            }
            "DELETE" if matches!(step.response.status, 200 | 202 | 204) => {
                self.shadows.remove(&id);
                self.known.remove(&id);
            }
            _ => {}
        }
    }

    /// Tries all adjustments that concern a step at once: one answer may differ in several wanted ways.
    fn excuse_together(&mut self, step: &Step, answer: &Answer) -> Option<usize> {
        let rules = self.rules;
        let concerned =
            rules.iter().enumerate().filter(|(_, rule)| rule.answer.is_none() && rule.concerns(self.scenario, step));
        let (numbers, adjusts): (Vec<usize>, Vec<&Adjust>) = concerned.map(|(at, rule)| (at, &rule.adjust)).unzip();
        let adjust = Adjust::together(adjusts.iter().copied());
        let mut bindings = self.bindings.clone();
        if adjusts.len() < 2 || !compare(&mut bindings, step, answer, Some(&adjust)).is_empty() {
            return None;
        }
        self.bindings = bindings;
        bind_what_matches(&mut self.bindings, step, answer);
        self.remember(step);
        numbers.first().copied()
    }

    fn excuses(&mut self, rule: &Rule, step: &Step, answer: &Answer) -> bool {
        match &rule.answer {
            Some(expected) => {
                let end = self.scenario.operation_end(step);
                let holds = meets(expected, end, &mut self.bindings.clone(), answer);
                if holds {
                    bind_what_matches(&mut self.bindings, step, answer);
                }
                holds
            }
            None => {
                let mut bindings = self.bindings.clone();
                let holds = compare(&mut bindings, step, answer, Some(&rule.adjust)).is_empty();
                if holds {
                    self.bindings = bindings;
                    bind_what_matches(&mut self.bindings, step, answer);
                    self.remember(step);
                }
                holds
            }
        }
    }

    fn follow(&mut self, at: usize, rule: &Rule, step: &Step) {
        if rule.effect == Effect::None {
            return;
        }
        self.shadows.insert(id_of(step), (at, rule.effect));
        let texts = step.response.headers.values().filter_map(Json::as_str);
        for text in texts.chain(step.operation().as_deref()) {
            if let Some(start) = text.find("{uuid:") {
                let placeholder = text[start..].split_inclusive('}').next().unwrap_or_default();
                if !self.bindings.is_bound(placeholder) {
                    self.lost.insert(placeholder.to_owned(), at);
                }
            }
        }
    }
}

/// Why a scenario cannot be played here at all.
fn unplayable(scenario: &Scenario) -> Option<String> {
    let needs_terraform = !scenario.modules.is_empty();
    (needs_terraform && !surroundings::has_terraform()).then(|| "terraform is not on PATH".to_owned())
}

/// A verdict with more differences.
fn worse(verdict: Verdict, mut more: Vec<String>) -> Verdict {
    if let Verdict::Different(mut differences) = verdict {
        differences.append(&mut more);
        return Verdict::Different(differences);
    }
    Verdict::Different(more)
}

fn compare_objects(bindings: &mut Bindings, recorded: &[Json], ours: &[Json]) -> Vec<String> {
    let mut differences = Vec::new();
    let key = |object: &Json| surroundings::name_of(object);
    for expected in recorded {
        match ours.iter().find(|object| key(object) == key(expected)) {
            Some(object) => bindings.clone().accept_json(expected, object, &key(expected), &mut differences),
            None => differences.push(format!("{}: not there", key(expected))),
        }
    }
    for object in ours.iter().filter(|object| !recorded.iter().any(|expected| key(expected) == key(object))) {
        differences.push(format!("{}: not expected", key(object)));
    }
    differences
}

/// The bytes of a raw body: the recorder wrote each as the character of its number.
fn raw_bytes(text: &str) -> Vec<u8> {
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn is_terminal(status: &str) -> bool {
    matches!(status, "Succeeded" | "Failed" | "Canceled")
}

/// The id that a step is about, lower-cased.
fn id_of(step: &Step) -> String {
    let path = step.resource();
    path.find("/planes/").map_or_else(|| path.clone(), |at| path[at..].to_owned())
}

/// Compares an answer with the recorded one, after the adjustments.
fn compare(bindings: &mut Bindings, step: &Step, answer: &Answer, adjust: Option<&Adjust>) -> Vec<String> {
    let recorded = &step.response;
    let mut differences = Vec::new();
    if recorded.status != answer.status {
        differences.push(format!("status: expected {}, got {}", recorded.status, answer.status));
    }
    for (name, expected) in &recorded.headers {
        let expected = expected.as_str().unwrap_or_default();
        if adjust.is_some_and(|adjust| adjust.ignore_headers.iter().any(|ignored| ignored.eq_ignore_ascii_case(name))) {
            continue;
        }
        match answer.header(name) {
            Some(value) if bindings.accept(expected, value) => {}
            Some(value) => differences.push(format!("header {name}: expected {expected:?}, got {value:?}")),
            None => differences.push(format!("header {name}: missing, expected {expected:?}")),
        }
    }
    match &recorded.body {
        Json::Null if answer.body.trim().is_empty() => {}
        Json::String(text) if bindings.accept(text, &answer.body) => {}
        body => match serde_json::from_str::<Json>(&answer.body) {
            Ok(ours) => {
                let (recorded, ours) = match adjust {
                    Some(adjust) => adjust.apply(step, body, &ours),
                    None => (body.clone(), ours),
                };
                bindings.accept_json(&recorded, &ours, "$", &mut differences);
            }
            Err(_) => differences.push(format!("body: expected {body}, got {:?}", answer.body)),
        },
    }
    forwarded::compare(bindings, &step.forwarded, &answer.forwarded, adjust, &mut differences);
    differences
}

/// Whether an answer is what a rule wants.
fn meets(expected: &Expected, operation: Option<&Json>, bindings: &mut Bindings, answer: &Answer) -> bool {
    let body: Json = serde_json::from_str(&answer.body).unwrap_or_default();
    let (code, message) = (body["error"]["code"].as_str(), body["error"]["message"].as_str().unwrap_or_default());
    let recorded = operation.and_then(|end| end["error"]["message"].as_str());
    expected.status.contains(&answer.status)
        && expected.code.as_deref().is_none_or(|expected| code == Some(expected))
        && expected.message.as_ref().is_none_or(|pattern| pattern.is_match(message))
        && expected.body.as_ref().is_none_or(|pattern| pattern.is_match(&answer.body))
        && (!expected.message_of_operation || recorded.is_some_and(|recorded| bindings.accept(recorded, message)))
}

/// Binds placeholders from those parts of an answer that do match.
fn bind_what_matches(bindings: &mut Bindings, step: &Step, answer: &Answer) {
    for (name, template) in &step.response.headers {
        if let (Some(template), Some(value)) = (template.as_str(), answer.header(name)) {
            bindings.accept(template, value);
        }
    }
    if let Ok(body) = serde_json::from_str::<Json>(&answer.body) {
        bind_members(bindings, &step.response.body, &body);
    }
}

/// Binds the token of a link whose host and path are not the recorded ones.
fn bind_token(bindings: &mut Bindings, template: &str, link: &str) {
    let token = |text: &str| {
        let (_, rest) = text.split_once("skipToken=")?;
        rest.split('&').next().map(str::to_owned)
    };
    if let (Some(placeholder), Some(token)) = (token(template), token(link)) {
        bindings.accept(&placeholder, &token);
    }
}

fn bind_members(bindings: &mut Bindings, template: &Json, ours: &Json) {
    match (template, ours) {
        (Json::String(template), Json::String(text)) if template.contains('{') && !bindings.accept(template, text) => {
            bind_token(bindings, template, text);
        }
        (Json::Object(template), Json::Object(ours)) => {
            let shared = |(key, value): (&String, &Json), ours: &Map<String, Json>, bindings: &mut Bindings| {
                if let Some(own) = ours.get(key) {
                    bind_members(bindings, value, own);
                }
            };
            template.iter().for_each(|member| shared(member, ours, bindings));
        }
        (Json::Array(template), Json::Array(ours)) => {
            template.iter().zip(ours).for_each(|(template, ours)| bind_members(bindings, template, ours));
        }
        _ => {}
    }
}
