//! Plays one scenario.

mod around;
mod sending;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::bindings::Bindings;
use super::described::Description;
use super::history::Past;
use super::judge::{Verdict, judge};
use super::memory::Memory;
use super::modules::Modules;
use super::mutants;
use super::place::Place;
use super::rules::Rule;
use super::scenario::Scenario;
use super::stand_in::StandIn;
use super::terraform;
use super::wire::Answer;

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

    fn exchange(&mut self, at: usize) -> Verdict {
        let step = &self.scenario.steps[at];
        let lost = self.memory.lost.iter().find(|(placeholder, _)| step.request.path.contains(placeholder.as_str()));
        if let Some((_, &rule)) = lost {
            self.memory.diverge_after_failed_deletion(Past::new(self.scenario, at), rule);
            return Verdict::ByRule(rule);
        }
        self.wait_for_begin(at);
        self.wait_for_calls(at);
        self.wait_for_strays(at);
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

    /// Waits, before a deletion, for changes that the recorder saw begin beside it: the deletion would be in their way.
    fn wait_for_calls(&mut self, at: usize) {
        let step = &self.scenario.steps[at];
        let (Some(calls), "DELETE", Some(operation)) =
            (self.place.calls.as_ref(), step.request.method.as_str(), step.operation())
        else {
            return;
        };
        let polls = self.scenario.steps[at..].iter().filter(|later| later.request.path.contains(&operation));
        let beside: Vec<Json> =
            polls.flat_map(|poll| &poll.terraform).filter(|call| call["command"][0] == "apply").cloned().collect();
        let patience = Instant::now() + BESIDE;
        while !beside.is_empty() && Instant::now() < patience {
            self.pending.add(calls.take());
            if self.pending.find(&beside, &self.memory.bindings).iter().all(|(at, _)| at.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
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

/// A verdict with more differences.
fn worse(verdict: Verdict, mut more: Vec<String>) -> Verdict {
    if let Verdict::Different(mut differences) = verdict {
        differences.append(&mut more);
        return Verdict::Different(differences);
    }
    Verdict::Different(more)
}
