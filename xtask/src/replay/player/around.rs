//! What is around the server in a step: what was done to it, and the objects that were found in it.

use serde_json::Value as Json;

use super::super::adjust::Adjust;
use super::super::bindings::Bindings;
use super::super::history::Past;
use super::super::judge::Verdict;
use super::super::rules::Rule;
use super::super::surroundings;
use super::{Player, worse};

impl Player<'_> {
    /// Does to the surroundings what was done to them.
    pub(super) fn surround(&mut self, action: &Json) -> Verdict {
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
    pub(super) fn judge_objects(&mut self, at: usize, recorded: &[Json], verdict: Verdict) -> Verdict {
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
            rule.answer.is_none() && rule.adjust.is_about_objects() && rule.concerns(past, &self.memory)
        });
        let (numbers, adjusts): (Vec<usize>, Vec<&Adjust>) = concerned.map(|(at, rule)| (at, &rule.adjust)).unzip();
        // Each rule alone, then all together: objects may differ in several wanted ways.
        let choices = adjusts.iter().map(|one| vec![*one]).chain([adjusts.clone()]);
        let mut least = differences;
        for (at, chosen) in choices.enumerate() {
            let (mut recorded, mut ours) = (recorded.clone(), ours.clone());
            for adjust in chosen {
                (recorded, ours) = adjust.apply_to_objects(past, &recorded, &ours);
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
