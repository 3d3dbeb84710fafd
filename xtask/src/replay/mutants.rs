//! Wrong answers that no rule may excuse.

use serde_json::Value as Json;

use super::wire::Answer;

/// How deep members are taken away.
const DEPTH: usize = 3;
/// About so many members are taken away.
const MOST: usize = 12;

/// Returns answers that differ from a good one in one thing each, with what that is: another status, another
/// error code, a member or header that is missing or of another type. A header that the recording lacks may be missing.
pub fn of(answer: &Answer, is_recorded: impl Fn(&str) -> bool) -> Vec<(String, Answer)> {
    let mut mutants = Vec::new();
    for status in [other_status(answer.status), 500] {
        mutants.push((format!("status {status}"), Answer { status, ..answer.clone() }));
    }
    for name in ["location", "azure-asyncoperation", "etag", "content-type"] {
        if answer.header(name).is_some() && is_recorded(name) {
            let mut mutant = answer.clone();
            mutant.headers.retain(|(other, _)| other != name);
            mutants.push((format!("without header {name}"), mutant));
        }
    }
    let Ok(body) = serde_json::from_str::<Json>(&answer.body) else { return mutants };
    let mut add = |what: String, body: Json| mutants.push((what, Answer { body: body.to_string(), ..answer.clone() }));
    if body.get("error").is_some() {
        for member in ["code", "message"] {
            let mut wrong = body.clone();
            wrong["error"][member] = "Wrong".into();
            add(format!("error.{member} \"Wrong\""), wrong);
        }
        return mutants;
    }
    let all = paths(&body, DEPTH);
    // Of a long answer, members from all over stand for the rest.
    for path in all.iter().step_by(all.len() / MOST + 1) {
        let mut wrong = body.clone();
        if let Some(value) = wrong.pointer_mut(path) {
            *value = if value.is_number() { "text".into() } else { 17.into() };
        }
        add(format!("{path} of another type"), wrong);
        if let Some(wrong) = without(&body, path) {
            add(format!("without {path}"), wrong);
        }
    }
    mutants
}

fn other_status(status: u16) -> u16 {
    match status {
        200 => 201,
        201 => 200,
        202 => 204,
        204 => 202,
        404 => 400,
        _ => 404,
    }
}

/// Pointers to all members of objects down to a depth; of a list the first item stands for all.
fn paths(value: &Json, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Json::Object(members) if depth > 0 => {
            for (name, member) in members {
                let own = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
                found.extend(paths(member, depth - 1).into_iter().map(|below| format!("{own}{below}")));
                found.push(own);
            }
        }
        Json::Array(items) => {
            let below = items.first().map(|item| paths(item, depth)).unwrap_or_default();
            found.extend(below.into_iter().map(|below| format!("/0{below}")));
        }
        _ => {}
    }
    found
}

fn without(body: &Json, path: &str) -> Option<Json> {
    let (parent, name) = path.rsplit_once('/')?;
    let mut body = body.clone();
    let name = name.replace("~1", "/").replace("~0", "~");
    body.pointer_mut(parent)?.as_object_mut()?.shift_remove(&name)?;
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_wrong_in_status_code_or_message() {
        let body = r#"{"error":{"code":"Conflict","message":"in use"}}"#.to_owned();
        let mutants = of(&Answer { status: 409, body, ..Answer::default() }, |_| true);
        let what: Vec<&str> = mutants.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(what, ["status 404", "status 500", "error.code \"Wrong\"", "error.message \"Wrong\""]);
    }

    #[test]
    fn every_member_is_taken_away_once() {
        let body = r#"{"value":[{"id":"a"}]}"#.to_owned();
        let mutants = of(&Answer { status: 200, body, ..Answer::default() }, |_| true);
        let bodies: Vec<&str> = mutants.iter().skip(2).map(|(_, answer)| answer.body.as_str()).collect();
        assert_eq!(bodies, [r#"{"value":[{"id":17}]}"#, r#"{"value":[{}]}"#, r#"{"value":17}"#, "{}"]);
    }
}
