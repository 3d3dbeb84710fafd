//! Plays one scenario.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::adjust::Adjust;
use super::bindings::Bindings;
use super::described::Description;
use super::history::{Past, id_of};
use super::judge::{Verdict, judge};
use super::memory::Memory;
use super::modules::Modules;
use super::mutants;
use super::place::Place;
use super::rules::Rule;
use super::scenario::{Scenario, Step};
use super::stand_in::StandIn;
use super::surroundings;
use super::terraform;
use super::wire::{self, Answer};

/// How long an operation may take before the step counts as different.
const PATIENCE: Duration = Duration::from_secs(30);
/// On so many answers of each scenario that a rule excuses, wrong ones are tried.
const TRIED: usize = 1;
/// How long what runs beside an operation is waited for.
const BESIDE: Duration = Duration::from_secs(4);

/// What became of a scenario.
#[derive(Default)]
pub struct Played {
    /// One verdict per step.
    pub verdicts: Vec<Verdict>,
    /// Wrong answers that a rule would have excused.
    pub survivors: Vec<Survivor>,
    /// How many wrong answers were tried.
    pub mutants: usize,
    /// How many answers the published description speaks of.
    pub described: usize,
    /// Answers that break the description: the step, and how.
    pub invalid: Vec<(usize, Vec<String>)>,
}

/// A wrong answer that a rule would have excused.
pub struct Survivor {
    /// The rule that excused the good answer.
    pub rule: usize,
    /// The step.
    pub step: usize,
    /// What is wrong.
    pub what: String,
}

/// Plays a scenario against a server.
pub struct Player<'a> {
    scenario: &'a Scenario,
    rules: &'a [Rule],
    memory: Memory,
    /// Wrong answers that a rule would have excused.
    survivors: Vec<Survivor>,
    /// How many wrong answers were tried.
    mutants: usize,
    /// How often a rule has excused an answer.
    tried: HashMap<usize, usize>,
    description: &'a Description,
    described: usize,
    invalid: Vec<(usize, Vec<String>)>,
    stand_in: StandIn,
    modules: Modules,
    /// The server with what is around it.
    place: Place,
    /// What Terraform was given and no step has asked for yet.
    pending: terraform::Pending,
    /// Why nothing can be played any more.
    stopped: Option<String>,
}

impl<'a> Player<'a> {
    /// Returns a player of `scenario` for the server of a place.
    ///
    /// # Errors
    /// When a stand-in for what is outside cannot listen.
    pub fn new(
        scenario: &'a Scenario,
        rules: &'a [Rule],
        description: &'a Description,
        place: Place,
    ) -> anyhow::Result<Self> {
        let stand_in = StandIn::start()?;
        let modules = Modules::listen()?;
        let mut bindings = Bindings::default();
        bindings.bind("{base}", &format!("http://{}", place.authority));
        bindings.bind("{host:ucp}", &place.authority);
        // Nothing listens on the discard port; recipes and addresses that name inner servers must fail.
        for inner in ["core-rp", "dynamic-rp", "deployment-engine", "closed-port", "nothing"] {
            bindings.bind(&format!("{{host:{inner}}}"), "127.0.0.1:9");
        }
        bindings.bind("{host:test-rp}", &stand_in.authority);
        bindings.bind("{host:modules}", &modules.url());
        bindings.bind("{host:registry}", &modules.registry());
        modules.serve(scenario, &bindings)?;
        Ok(Self {
            scenario,
            rules,
            memory: Memory::new(bindings),
            survivors: Vec::new(),
            mutants: 0,
            tried: HashMap::new(),
            description,
            described: 0,
            invalid: Vec::new(),
            stand_in,
            modules,
            place,
            pending: terraform::Pending::default(),
            stopped: unplayable(scenario),
        })
    }

    /// Plays all steps in order.
    pub fn play(mut self) -> Played {
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
        self.account_for_calls(&mut verdicts);
        Played {
            verdicts,
            survivors: self.survivors,
            mutants: self.mutants,
            described: self.described,
            invalid: self.invalid,
        }
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
        match (&step.objects, &self.place.surroundings) {
            (Some(recorded), Some(_)) => self.judge_objects(at, recorded, verdict),
            _ => verdict,
        }
    }

    /// Does to the surroundings what was done to them.
    fn surround(&mut self, action: &Json) -> Verdict {
        if let Some(module) = action["module"].as_str() {
            self.modules.set_gone(module, action["action"] == "moduleGone");
            return Verdict::Equal;
        }
        match self.place.play(action, &mut self.memory.bindings, &self.scenario.modules) {
            Ok(()) => Verdict::Equal,
            Err(surroundings::Trouble::Different(differences)) => self.judge_surroundings(action, differences),
            Err(surroundings::Trouble::Unplayable(reason)) => {
                self.stopped = Some(reason.clone());
                Verdict::Unplayed(reason)
            }
        }
    }

    /// Judges what was read in the surroundings and differs.
    fn judge_surroundings(&mut self, action: &Json, differences: Vec<String>) -> Verdict {
        let (Some(recorded), Some(ours)) = (action.get("tfstate"), self.place.state()) else {
            return Verdict::Different(differences);
        };
        let is_state = |rule: &&Rule| !rule.adjust.state.is_empty();
        let (mut recorded, mut ours) = (recorded.clone(), ours);
        for rule in self.rules.iter().filter(is_state) {
            rule.adjust.apply_to_state(&mut recorded);
            rule.adjust.apply_to_state(&mut ours);
        }
        let mut left = Vec::new();
        self.memory.bindings.accept_json(&recorded, &ours, "tfstate", &mut left);
        match self.rules.iter().position(|rule| is_state(&rule)) {
            Some(rule) if left.is_empty() => Verdict::ByRule(rule),
            _ => Verdict::Different(left),
        }
    }

    /// Returns the objects of resources that can be compared.
    fn comparable(&self, objects: &[Json]) -> Vec<Json> {
        let mut sorted = surroundings::sorted(objects);
        sorted.retain(|object| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            object["kind"] == "Namespace" || !self.memory.has_strayed(name)
        });
        sorted
    }

    /// Compares the objects in the cluster with the recorded ones.
    fn judge_objects(&mut self, at: usize, recorded: &[Json], verdict: Verdict) -> Verdict {
        let past = Past::new(self.scenario, at);
        let Some(surroundings) = &self.place.surroundings else { return verdict };
        let (recorded, ours) = match surroundings.objects(self.scenario.number()) {
            Ok(ours) => (self.comparable(recorded), self.comparable(&ours)),
            Err(error) => return worse(verdict, vec![error]),
        };
        let differences = compare_objects(&mut self.memory.bindings, &recorded, &ours);
        if differences.is_empty() {
            return verdict;
        }
        let rules = self.rules;
        let concerned = rules.iter().enumerate().filter(|(_, rule)| {
            rule.answer.is_none()
                && (!rule.adjust.objects.is_empty() || !rule.adjust.rewrite.is_empty())
                && rule.concerns(past, &self.memory)
        });
        let (numbers, adjusts): (Vec<usize>, Vec<&Adjust>) = concerned.map(|(at, rule)| (at, &rule.adjust)).unzip();
        // Each rule alone, then all together: objects may differ in several wanted ways.
        let choices = adjusts.iter().map(|one| vec![*one]).chain([adjusts.clone()]);
        let mut least = differences;
        for (at, chosen) in choices.enumerate() {
            let (mut recorded, mut ours) = (recorded.clone(), ours.clone());
            for adjust in chosen {
                (recorded, ours) = adjust.apply_to_objects(&recorded, &ours);
            }
            let (recorded, ours) = (surroundings::sorted(&recorded), surroundings::sorted(&ours));
            let left = compare_objects(&mut self.memory.bindings, &recorded, &ours);
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
        let lost = self.memory.lost.iter().find(|(placeholder, _)| step.request.path.contains(placeholder.as_str()));
        if let Some((_, &rule)) = lost {
            self.memory.diverge_after_failed_deletion(Past::new(self.scenario, at), rule);
            return Verdict::ByRule(rule);
        }
        self.wait_for_begin(at);
        match if step.poll { self.poll(step) } else { self.send_until_settled(step) } {
            Ok(mut answer) => {
                if step.is_awaited() {
                    self.wait_for(&answer);
                }
                answer.terraform = self.calls_for(at);
                self.judge(at, &answer)
            }
            Err(reason) => match self.memory.lost.get(&reason) {
                Some(rule) => Verdict::ByRule(*rule),
                None => Verdict::Different(vec![format!("not played: {reason}")]),
            },
        }
    }

    /// Returns what Terraform was given for a step, in the order of the recording; waits a moment for what runs beside.
    fn calls_for(&mut self, at: usize) -> Option<Vec<Json>> {
        let calls = self.place.calls.as_ref()?;
        let recorded = &self.scenario.steps[at].terraform;
        let patience = Instant::now() + BESIDE;
        loop {
            self.pending.add(calls.take());
            let found = self.pending.find(recorded, &self.memory.bindings);
            if found.iter().all(|(at, _)| at.is_some()) || Instant::now() > patience {
                let (at, calls): (Vec<Option<usize>>, Vec<Json>) = found.into_iter().unzip();
                self.pending.remove(at.into_iter().flatten().collect());
                return Some(calls);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Adds to the last verdict what Terraform was given and nobody recorded.
    fn account_for_calls(&mut self, verdicts: &mut [Verdict]) {
        if let Some(calls) = &self.place.calls {
            self.pending.add(calls.take());
        }
        // Whoever goes on after an outage begins again.
        if self.scenario.has_outage() {
            return;
        }
        let left: Vec<String> =
            self.pending.left().iter().map(|call| format!("terraform: not expected: {call}")).collect();
        if let (false, Some(last)) = (left.is_empty(), verdicts.last_mut()) {
            *last = worse(std::mem::replace(last, Verdict::Equal), left);
        }
    }

    /// Sends a step's request; asks again while a resource is at work which the recording saw settled.
    fn send_until_settled(&self, step: &Step) -> Result<Answer, String> {
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
    fn send(&self, step: &Step) -> Result<Answer, String> {
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
    fn wait_for_begin(&self, at: usize) {
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

    fn status_of(&self, path: &str) -> String {
        let polled = wire::send(&self.place.authority, "GET", path, &[], None);
        let body: Json = polled.ok().and_then(|answer| serde_json::from_str(&answer.body).ok()).unwrap_or_default();
        body["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the operation that an answer names has ended.
    fn wait_for(&self, answer: &Answer) {
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

    /// Judges an answer, and holds wrong answers against the rule that excused it.
    fn judge(&mut self, at: usize, answer: &Answer) -> Verdict {
        let past = Past::new(self.scenario, at);
        let request = &past.step().request;
        // Who is down answers nothing that could be described.
        let violations = self.description.violations(&request.method, &request.path, answer);
        if let Some(violations) = violations.filter(|_| answer.status != 0) {
            self.described += 1;
            if !violations.is_empty() {
                self.invalid.push((at, violations));
            }
        }
        let before = self.memory.clone();
        let verdict = judge(self.rules, past, answer, &mut self.memory);
        if let Verdict::ByRule(rule) = verdict {
            let tried = self.tried.entry(rule).or_default();
            *tried += 1;
            if *tried > TRIED {
                return verdict;
            }
            for (what, mutant) in mutants::of(answer, |name| past.step().response.has_header(name)) {
                self.mutants += 1;
                if let Verdict::ByRule(_) = judge(self.rules, past, &mutant, &mut before.clone()) {
                    self.survivors.push(Survivor { rule, step: at, what });
                }
            }
        }
        verdict
    }
}

/// Why a scenario cannot be played here at all.
fn unplayable(scenario: &Scenario) -> Option<String> {
    let needs_terraform = !scenario.modules.is_empty();
    (needs_terraform && terraform::find().is_none()).then(|| "terraform is not on PATH".to_owned())
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
