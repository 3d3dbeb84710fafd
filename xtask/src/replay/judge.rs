//! Whether an answer is the recorded one, or what a rule wants instead.

use serde_json::{Map, Value as Json};

use super::adjust::Compared;
use super::bindings::Bindings;
use super::forwarded;
use super::history::{Past, id_of};
use super::likeness;
use super::memory::Memory;
use super::rules::{Answers, Effect, Expected, Rule};
use super::scenario::Step;
use super::terraform;
use super::wire::Answer;

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

/// Judges an answer, and takes down what follows from it.
pub fn judge(rules: &[Rule], past: Past<'_>, answer: &Answer, memory: &mut Memory) -> Verdict {
    let step = past.step();
    if step.is_first_poll() && is_first_poll(step, answer, memory) {
        return Verdict::Equal;
    }
    let mut bindings = memory.bindings.clone();
    let differences = compare(&mut bindings, &Compared::new(step, answer));
    let id = id_of(step);
    let is_shadow = memory.shadows.contains_key(&id) || memory.rule_of_divergence(&id).is_some();
    if differences.is_empty() && !is_shadow {
        memory.bindings = bindings;
        memory.remember(past, &step.response.body);
        return Verdict::Equal;
    }
    if let Some(verdict) = judge_diverged(past, answer, memory) {
        return verdict;
    }
    if let Some(verdict) = judge_shadow(rules, past, answer, memory) {
        return verdict;
    }
    for (at, rule) in rules.iter().enumerate() {
        let Some(answers) = rule.answer.as_ref().filter(|_| rule.concerns(past, memory)) else { continue };
        if answers.all().iter().any(|expected| meets(expected, past, memory, answer)) {
            bind_what_matches(&mut memory.bindings, step, answer);
            follow(at, rule, past, answer, memory);
            return Verdict::ByRule(at);
        }
    }
    let left = match adjusted(rules, past, answer, memory) {
        Ok(at) => return Verdict::ByRule(at),
        Err(left) => left,
    };
    if differences.is_empty() {
        memory.bindings = bindings;
        memory.remember(past, &step.response.body);
        return Verdict::Equal;
    }
    // Later steps are judged on their own merits: take over whatever did match.
    bind_what_matches(&mut memory.bindings, step, answer);
    Verdict::Different(left.filter(|left| left.len() < differences.len()).unwrap_or(differences))
}

/// Whether a poll that another run may not see is about this operation at all, running or ended.
fn is_first_poll(step: &Step, answer: &Answer, memory: &mut Memory) -> bool {
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
    memory.bindings.clone().accept_json(&recorded, &ours, "$", &mut differences);
    answer.status == 200 && differences.is_empty()
}

/// Judges a step about what went another way because of a rule: the resource itself, or that there is none.
fn judge_diverged(past: Past<'_>, answer: &Answer, memory: &mut Memory) -> Option<Verdict> {
    let step = past.step();
    let id = id_of(step);
    let ours: Json = serde_json::from_str(&answer.body).unwrap_or_default();
    if let Some(rule) = memory.rule_of_divergence(&id) {
        let recorded = &step.response.body;
        let is_itself = || match recorded["id"].is_string() && step.response.status == 200 {
            true => likeness::is_same_resource(&memory.bindings, recorded, &ours, past.asked()),
            false => ours["id"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(&id)),
        };
        let is_missing = || ours["error"]["code"] == "NotFound" && ours["error"]["message"].is_string();
        return match (step.request.method.as_str(), answer.status) {
            ("GET", 200) if is_itself() => Some(Verdict::ByRule(rule)),
            ("GET", 404) if is_missing() => Some(Verdict::ByRule(rule)),
            ("DELETE", 202 | 204) => {
                memory.forget_divergence(&id);
                bind_what_matches(&mut memory.bindings, step, answer);
                memory.lose(step, rule);
                memory.lost.retain(|placeholder, _| !memory.bindings.is_bound(placeholder));
                Some(Verdict::ByRule(rule))
            }
            _ => None,
        };
    }
    let rule_of = |item: &Json| memory.rule_of_divergence(&item.get("id")?.as_str()?.to_ascii_lowercase());
    let rule = step.response.body.get("value")?.as_array()?.iter().find_map(rule_of)?;
    let (mut recorded, mut ours) = (step.response.body.clone(), ours);
    for list in [&mut recorded, &mut ours] {
        if let Some(Json::Array(items)) = list.get_mut("value") {
            items.retain(|item| rule_of(item).is_none());
        }
    }
    let mut differences = Vec::new();
    memory.bindings.clone().accept_json(&recorded, &ours, "$", &mut differences);
    (answer.status == step.response.status && differences.is_empty()).then_some(Verdict::ByRule(rule))
}

/// Judges a step about what a rule has made different from the recording.
fn judge_shadow(rules: &[Rule], past: Past<'_>, answer: &Answer, memory: &mut Memory) -> Option<Verdict> {
    let step = past.step();
    let id = id_of(step);
    let own = memory.shadows.get(&id).copied();
    // What stands in a scope that was kept is there, whatever was recorded.
    let rule = own.or_else(|| memory.rule_of(&id).filter(|_| step.response.status == 404));
    let rule = match rule {
        Some(rule) => rule,
        None => {
            let rule = memory.rule_of_list(step)?;
            return memory.is_as_known(step, answer).then_some(Verdict::ByRule(rule));
        }
    };
    match step.request.method.as_str() {
        "GET" if memory.is_as_known(step, answer) => {
            if let (Some(etag), Some(ours)) = (step.response.headers.get("ETag"), answer.header("etag")) {
                memory.bindings.bind(etag.as_str().unwrap_or_default(), ours);
            }
            Some(Verdict::ByRule(rule))
        }
        "DELETE" => {
            let wanted: &[u16] = if memory.is_there(&id) { &[200, 202] } else { &[204] };
            if wanted.contains(&answer.status) {
                memory.remove(past, rule);
                bind_what_matches(&mut memory.bindings, step, answer);
                memory.lose(step, rule);
                memory.lost.retain(|placeholder, _| !memory.bindings.is_bound(placeholder));
                return Some(Verdict::ByRule(rule));
            }
            // What was refused once is refused again, for the same reason.
            let again = rules[rule].answer.iter().flat_map(Answers::all);
            again
                .filter(|_| memory.is_there(&id))
                .any(|one| meets(one, past, memory, answer))
                .then_some(Verdict::ByRule(rule))
        }
        "PUT" if step.response.status == 404 && matches!(answer.status, 200 | 201) => {
            memory.accept(past, serde_json::from_str(&answer.body).ok()?, rule);
            Some(Verdict::ByRule(rule))
        }
        _ => None,
    }
}

/// Compares after the adjustments of all rules that concern the step, then of all but one, then of each alone; the
/// error is what is left to explain at least.
fn adjusted(
    rules: &[Rule],
    past: Past<'_>,
    answer: &Answer,
    memory: &mut Memory,
) -> Result<usize, Option<Vec<String>>> {
    let mut least: Option<Vec<String>> = None;
    let step = past.step();
    let concerned: Vec<usize> =
        (0..rules.len()).filter(|at| rules[*at].answer.is_none() && rules[*at].concerns(past, memory)).collect();
    let alone = concerned.iter().map(|at| vec![*at]);
    // One may want what another contradicts.
    let but_one = concerned.iter().map(|out| concerned.iter().filter(|at| *at != out).copied().collect());
    for chosen in std::iter::once(concerned.clone()).chain(but_one).chain(alone) {
        let mut compared = Compared::new(step, answer);
        let mut changing = None;
        for at in &chosen {
            let before = compared.clone();
            rules[*at].adjust.apply(past, memory, &mut compared);
            if compared.differs_from(&before) {
                changing = changing.or(Some(*at));
            }
        }
        let reconciled = memory.reconcile(&mut compared);
        changing = changing.or(reconciled);
        if changing.is_none() {
            continue;
        }
        let mut bindings = memory.bindings.clone();
        let left = compare(&mut bindings, &compared);
        if !left.is_empty() {
            if least.as_ref().is_none_or(|least| left.len() < least.len()) {
                least = Some(left);
            }
            continue;
        }
        memory.bindings = bindings;
        bind_what_matches(&mut memory.bindings, step, answer);
        memory.remember(past, &compared.step.response.body);
        let Some(chosen) = changing else { continue };
        follow(chosen, &rules[chosen], past, answer, memory);
        return Ok(chosen);
    }
    Err(least)
}

/// Takes down what a difference does to later steps.
fn follow(at: usize, rule: &Rule, past: Past<'_>, answer: &Answer, memory: &mut Memory) {
    match rule.effect {
        Effect::None => {}
        Effect::Refused => memory.refuse(past, at),
        Effect::Accepted => memory.accept(past, serde_json::from_str(&answer.body).unwrap_or_default(), at),
        Effect::Deleted => memory.remove(past, at),
        Effect::Lost => memory.lose(past.step(), at),
        Effect::Diverged => memory.diverge(past, at),
    }
}

/// Compares an answer with the recorded one.
fn compare(bindings: &mut Bindings, compared: &Compared<'_>) -> Vec<String> {
    let (recorded, answer) = (&compared.step.response, &compared.ours);
    let mut differences = Vec::new();
    if recorded.status != answer.status {
        differences.push(format!("status: expected {}, got {}", recorded.status, answer.status));
    }
    for (name, expected) in &recorded.headers {
        let expected = expected.as_str().unwrap_or_default();
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
            Ok(ours) => bindings.accept_json(body, &ours, "$", &mut differences),
            Err(_) => differences.push(format!("body: expected {body}, got {:?}", answer.body)),
        },
    }
    let arrived = &answer.forwarded;
    forwarded::compare(bindings, &compared.step.forwarded, arrived, &compared.own_reads, &mut differences);
    if let Some(calls) = &answer.terraform {
        differences.extend(terraform::compare(bindings, &compared.step.terraform, calls));
    }
    differences
}

/// Whether an answer is what a rule wants.
fn meets(expected: &Expected, past: Past<'_>, memory: &Memory, answer: &Answer) -> bool {
    let step = past.step();
    if expected.as_known && !memory.is_as_known(step, answer) {
        return false;
    }
    if !answer.body.is_empty() && answer.header("content-type").is_none() {
        return false;
    }
    let body: Json = serde_json::from_str(&answer.body).unwrap_or_default();
    let is_operation =
        answer.status == 200 && step.response.status == 200 && step.request.path.contains("/operationStatuses/");
    if is_operation && !likeness::is_same_operation(&memory.bindings, &step.response.body, &body) {
        return false;
    }
    let (code, message) = (body["error"]["code"].as_str().unwrap_or_default(), body["error"]["message"].as_str());
    let mut bindings = memory.bindings.clone();
    let mut is_said_by = |recorded: Option<&Json>, name: &str, ours: &str| {
        recorded.and_then(|body| body["error"][name].as_str()).is_some_and(|text| bindings.accept(text, ours))
    };
    let end = past.scenario().operation_end(step);
    let message = message.unwrap_or_default();
    (expected.status.is_empty() || expected.status.contains(&answer.status))
        && expected.code.as_ref().is_none_or(|pattern| pattern.is_whole(code))
        && expected.message.as_ref().is_none_or(|pattern| pattern.is_match(message))
        && expected.body.as_ref().is_none_or(|pattern| pattern.is_match(&answer.body))
        && expected
            .headers
            .iter()
            .all(|(name, pattern)| answer.header(name).is_some_and(|value| pattern.is_match(value)))
        && expected.known_in_state.as_ref().is_none_or(|state| memory.is_known_in_state(step, &body, state))
        && (!expected.names_sensitive || names_sensitive(&past.schemas(), message))
        && (!expected.as_written || likeness::is_as_written(&id_of(step), &step.request.body, &body))
        && (!expected.summary || likeness::is_summary(id_of(step).rsplit('/').next().unwrap_or_default(), &body))
        && (!expected.names_request || names_part(&id_of(step), &step.request.body, message))
        && (!expected.as_operation || is_said_by(end, "code", code) && is_said_by(end, "message", message))
        && (!expected.message_as_recorded || is_said_by(Some(&step.response.body), "message", message))
}

/// Whether a message speaks of a resource, or of a property or value of the request for it.
fn names_part(id: &str, body: &Json, message: &str) -> bool {
    let has = |text: &str| text.len() > 1 && message.contains(text);
    let is_named = |value: &Json| match value {
        Json::String(text) => has(text),
        Json::Number(number) => has(&number.to_string()),
        Json::Object(members) => members.iter().any(|(name, value)| has(name) || names_part("", value, message)),
        Json::Array(items) => items.iter().any(|item| names_part("", item, message)),
        _ => false,
    };
    is_named(body) || id.rsplit('/').next().is_some_and(has)
}

/// Whether a message `… Error at "a b": …` is about a property that a schema calls sensitive, or one within it.
fn names_sensitive(schemas: &[&Json], message: &str) -> bool {
    let Some(path) = message.split("Error at \"").nth(1).and_then(|text| text.split('"').next()) else { return false };
    schemas.iter().any(|schema| {
        let mut schema = *schema;
        path.split(' ').any(|name| {
            let own = schema["properties"].get(name);
            schema = own.or(schema.get("additionalProperties")).or(schema.get("items")).unwrap_or(&Json::Null);
            schema["x-radius-sensitive"] == true
        })
    })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_about_sensitive_properties_are_told_from_others() {
        let schema = json!({"properties": {
            "o": {"x-radius-sensitive": true, "type": "object"}, "list": {"items": {"x-radius-sensitive": true}}, "n": {}}});
        assert!(names_sensitive(&[&schema], "failed: Error at \"o\": value must be an object"));
        assert!(names_sensitive(&[&schema], "failed: Error at \"o inner\": property is missing"));
        assert!(names_sensitive(&[&schema], "failed: Error at \"list 0\": value must be a string"));
        assert!(!names_sensitive(&[&schema], "failed: Error at \"n\": value must be a string"));
    }
}
