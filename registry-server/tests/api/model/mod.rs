//! Random sequences of requests, held to a simple model of the contract.
//!
//! `RADII_MODEL_CALLS=50000 cargo test -p radii-registry-server --test api model -- --nocapture` is the long run;
//! `RADII_SEED` repeats one. A sequence that diverges is cut down to a short one before it is shown.

mod steps;
mod subject;

use std::path::Path;
use std::process::Command;

use http::Method;
use radii_registry_server::serve::Database;
use radii_registry_server::store::keys::{KeySource, Keyring};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};

use crate::app::NATIVE;
use steps::{Busy, Condition, Key, Model, Outcome, Step, random_step};
use subject::{Answer, KINDS, Subject, VERSIONS, group_path, headers, path, property};

const CALLS: usize = 3_000;

/// Carries a step out on both; says what differs.
async fn play(subject: &Subject, model: &mut Model, step: &Step) -> Result<(), String> {
    match step {
        Step::PutGroup(group) => {
            let (path, body) = (group_path(*group), json!({ "location": "global" }));
            expect(&subject.send(Method::PUT, &path, NATIVE, &[], Some(&body)).await, Outcome::Done)?;
            model.groups.insert(*group);
        }
        Step::DeleteGroup(group) => {
            let answer = subject.send(Method::DELETE, &group_path(*group), NATIVE, &[], None).await;
            let is_kept = model.groups.contains(group) && !model.is_empty(*group);
            expect(&answer, if is_kept { Outcome::Refused(409) } else { Outcome::Done })?;
            if !is_kept {
                model.groups.remove(group);
            }
        }
        Step::Put { key, version, value, note, condition } => {
            let expected = model.admits_put(*key, *version, *condition);
            expect(&subject.put(*key, *version, (*value, *note), *condition).await, expected)?;
            if expected == Outcome::Done {
                model.put(*key, *version, *value, *note);
            }
        }
        Step::PutWrong { key, version } => {
            let mut wrong = json!({});
            wrong["properties"][property(key.1, *version)] = "no integer".into();
            let answer = subject.send(Method::PUT, &path(*key), VERSIONS[*version], &[], Some(&wrong)).await;
            let admitted = model.admits_put(*key, *version, Condition::None);
            expect(&answer, if admitted == Outcome::Done { Outcome::Refused(400) } else { admitted })?;
        }
        Step::Delete { key, version, condition } => delete(subject, model, *key, *version, *condition).await?,
        Step::Get { key, version } => drop(get(subject, model, *key, *version).await?),
        Step::GetUnchanged { key, version } => {
            let tag = get(subject, model, *key, *version).await?;
            if model.resources.contains_key(key) && model.serves(key.1, *version) == Outcome::Done {
                let asked = [("if-none-match", tag.as_str())];
                let answer = subject.send(Method::GET, &path(*key), VERSIONS[*version], &asked, None).await;
                expect(&answer, Outcome::Refused(304))?;
            }
        }
        Step::List { group, kind, version, page } => {
            let list = format!("{}/providers/Model.Data/{}", group_path(*group), KINDS[*kind]);
            let expected = model.names(|key| (key.0, key.1) == (*group, *kind));
            let reaches = model.reaches(*group, *kind, *version);
            list_is(subject, &list, *version, Some(*page), reaches, expected).await?;
        }
        Step::ListPlane { kind, version } => {
            let list = format!("/planes/radius/local/providers/Model.Data/{}", KINDS[*kind]);
            let expected = model.names(|key| key.1 == *kind);
            list_is(subject, &list, *version, None, model.serves(*kind, *version), expected).await?;
        }
        Step::Work => {
            subject.work().await;
            model.work();
        }
        Step::Describe { kind } if model.unregistered.contains(kind) => {}
        Step::Describe { kind } => {
            model.described += 1;
            subject.describe(*kind, &format!("In other words, {}", model.described)).await;
        }
        Step::Serve(all) => {
            subject.serve(*all).await;
            model.is_withdrawn = !all;
        }
        Step::Unregister { kind } => {
            let expected = model.unregister(*kind);
            expect(&subject.unregister(*kind).await, expected)?;
        }
        Step::Register { kind } => {
            subject.register(*kind).await;
            model.register(*kind);
        }
        Step::UnregisterVersion { kind, version } => {
            expect(&subject.unregister_version(*kind, *version).await, Outcome::Done)?;
            if !model.unregistered.contains(kind) {
                model.lacking.insert((*kind, *version));
            }
        }
        Step::RaceKind { key } => race_kind(subject, model, *key).await?,
        Step::Race { key } => race(subject, model, *key).await?,
        Step::RaceGroup { key } => race_group(subject, model, *key).await?,
    }
    Ok(())
}

/// Reads a resource through a version, and returns its tag.
async fn get(subject: &Subject, model: &Model, key: Key, version: usize) -> Result<String, String> {
    let answer = subject.send(Method::GET, &path(key), VERSIONS[version], &[], None).await;
    let reaches = model.reaches(key.0, key.1, version);
    let Some(stored) = model.resources.get(&key).filter(|_| reaches == Outcome::Done) else {
        let expected = if reaches == Outcome::Done { Outcome::Refused(404) } else { reaches };
        return expect(&answer, expected).map(|()| String::new());
    };
    expect(&answer, Outcome::Done)?;
    let state = if stored.busy == Busy::No { "Succeeded" } else { "Accepted" };
    let note = stored.note.filter(|_| version == 1).map_or(Json::Null, Json::from);
    let properties = &answer.body["properties"];
    let is_as_expected = properties[property(key.1, version)] == stored.value
        && properties["note"] == note
        && properties["provisioningState"] == state;
    if is_as_expected { Ok(answer.tag) } else { Err(format!("expected {stored:?}, got {properties}")) }
}

async fn delete(
    subject: &Subject,
    model: &mut Model,
    key: Key,
    version: usize,
    condition: Condition,
) -> Result<(), String> {
    let tag = subject.tag(key, condition).await;
    let headers = headers(condition, &tag);
    let answer = subject.send(Method::DELETE, &path(key), VERSIONS[version], &headers, None).await;
    let expected = match model.resources.get(&key) {
        None => model.reaches(key.0, key.1, version),
        Some(_) => model.admits(key, version, condition),
    };
    expect(&answer, expected)?;
    if let (Outcome::Done, Some(stored)) = (expected, model.resources.get_mut(&key)) {
        stored.busy = Busy::Deleting;
    }
    Ok(())
}

/// Reads a list page by page and compares names, in the order of creation.
async fn list_is(
    subject: &Subject,
    first: &str,
    version: usize,
    page: Option<usize>,
    reaches: Outcome,
    expected: Vec<String>,
) -> Result<(), String> {
    let mut names = Vec::new();
    let mut next = page.map_or(first.to_owned(), |page| format!("{first}?top={page}"));
    loop {
        let answer = subject.send(Method::GET, &next, VERSIONS[version], &[], None).await;
        expect(&answer, reaches)?;
        if reaches != Outcome::Done {
            return Ok(());
        }
        let values = answer.body["value"].as_array().cloned().unwrap_or_default();
        if page.is_some_and(|page| values.len() > page) {
            return Err(format!("a page holds {} entries", values.len()));
        }
        names.extend(values.iter().map(|value| value["name"].as_str().unwrap_or_default().to_lowercase()));
        let Some(link) = answer.body["nextLink"].as_str() else { break };
        let query = link.split_once('?').map_or("", |(_, query)| query);
        let token =
            query.split('&').find(|part| part.to_ascii_lowercase().starts_with("skiptoken=")).unwrap_or_default();
        next = format!("{first}?top={}&{token}", page.unwrap_or(20));
    }
    if names == expected { Ok(()) } else { Err(format!("expected {expected:?}, got {names:?}")) }
}

async fn race(subject: &Subject, model: &mut Model, key: Key) -> Result<(), String> {
    let expected = model.admits_put(key, 0, Condition::Absent);
    let put = |value| subject.put(key, 0, (value, None), Condition::Absent);
    let (one, two, three) = tokio::join!(put(1), put(2), put(3));
    let won: Vec<i32> =
        [one, two, three].iter().zip(1..).filter(|(answer, _)| answer.status < 300).map(|(_, value)| value).collect();
    match (expected, won[..].first()) {
        (Outcome::Done, Some(value)) if won.len() == 1 => model.put(key, 0, *value, None),
        (Outcome::Refused(_), None) => {}
        _ => return Err(format!("{} of three creations succeeded", won.len())),
    }
    Ok(())
}

async fn race_group(subject: &Subject, model: &mut Model, key: Key) -> Result<(), String> {
    let (there, group) = (model.groups.contains(&key.0), group_path(key.0));
    let (created, deleted) = tokio::join!(
        subject.put(key, 0, (7, None), Condition::None),
        subject.send(Method::DELETE, &group, NATIVE, &[], None),
    );
    let (created, deleted) = (created.status < 300, deleted.status < 300);
    let was_empty = model.is_empty(key.0);
    if created {
        model.put(key, 0, 7, None);
    }
    if deleted {
        model.groups.remove(&key.0);
    }
    let kept = model.groups.contains(&key.0);
    let sound = match (there, was_empty) {
        (false, _) => !created,
        // One of the two, never both; and a group that holds something stays.
        (true, true) => created == kept,
        (true, false) => kept,
    };
    if sound { Ok(()) } else { Err(format!("created: {created}, deleted: {deleted}, empty before: {was_empty}")) }
}

/// Whatever comes first, nothing of a kind that was deleted is left that is not being deleted.
async fn race_kind(subject: &Subject, model: &mut Model, key: Key) -> Result<(), String> {
    if model.is_busy(key.1) {
        return Ok(());
    }
    let admitted = model.admits_put(key, 0, Condition::None);
    let (created, deleted) = tokio::join!(subject.put(key, 0, (7, None), Condition::None), subject.unregister(key.1));
    expect(&deleted, Outcome::Done)?;
    match created.outcome() {
        Outcome::Done if admitted == Outcome::Done => model.put(key, 0, 7, None),
        Outcome::Done => return Err(format!("expected {admitted:?}, got {}", created.status)),
        // It came too late, or the resource was being deleted already.
        Outcome::Refused(400 | 409) => {}
        Outcome::Refused(_) => expect(&created, admitted)?,
    }
    model.unregister(key.1);
    Ok(())
}

fn expect(answer: &Answer, outcome: Outcome) -> Result<(), String> {
    if answer.outcome() == outcome {
        return Ok(());
    }
    Err(format!("expected {outcome:?}, got {} {}", answer.status, answer.body))
}

/// Plays a sequence from an empty state; returns the first step that diverges, and how.
async fn diverges(subject: &Subject, steps: &[Step]) -> Option<(usize, String)> {
    subject.reset().await;
    let mut model = Model::default();
    for (at, step) in steps.iter().enumerate() {
        if let Err(said) = play(subject, &mut model, step).await {
            return Some((at, said));
        }
    }
    None
}

/// Leaves steps out as long as what is left still diverges.
async fn shrink(subject: &Subject, mut steps: Vec<Step>) -> Vec<Step> {
    let mut chunk = steps.len() / 2;
    while chunk > 0 {
        let mut at = 0;
        while at < steps.len() {
            let end = (at + chunk).min(steps.len());
            let fewer: Vec<Step> = steps[..at].iter().chain(&steps[end..]).cloned().collect();
            match diverges(subject, &fewer).await {
                Some((last, _)) => steps = fewer[..=last].to_vec(),
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
    steps
}

async fn hold_to_the_model(subject: &Subject, calls: usize) {
    let given = std::env::var("RADII_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    let mut random = StdRng::seed_from_u64(seed);
    let mut played = 0;
    while played < calls {
        let steps: Vec<Step> = (0..300).map(|_| random_step(&mut random)).collect();
        if let Some((at, said)) = diverges(subject, &steps).await {
            let short = shrink(subject, steps[..=at].to_vec()).await;
            panic!("seed {seed}, after {} calls: {said}\ncut down to:\n{short:#?}", played + at);
        }
        played += steps.len();
    }
    eprintln!("seed {seed}: {played} random calls, no divergence from the model");
}

fn calls(default: usize) -> usize {
    std::env::var("RADII_MODEL_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(default)
}

#[tokio::test]
async fn random_requests_are_answered_as_the_model_says_on_sqlite() {
    let subject = Subject::start(Database::Memory, KeySource::default()).await;
    hold_to_the_model(&subject, calls(CALLS)).await;
}

#[tokio::test]
async fn random_requests_are_answered_as_the_model_says_on_postgresql() {
    let Some(url) = postgres() else { return };
    let key = Keyring::random().to_text().to_string();
    let database = Database::Postgres(url.parse().unwrap());
    let subject = Subject::start(database, KeySource::Text(key.into())).await;
    hold_to_the_model(&subject, calls(CALLS / 3)).await;
}

/// The address of a server of this test's own; `None`, with the reason printed, where there can be none.
fn postgres() -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/postgres/start");
    let folder = std::env::temp_dir().join(format!("radii-model-{}", std::process::id()));
    let started = Command::new(script).arg(&folder).arg(std::process::id().to_string()).output();
    let output = started.expect("the script of the repository runs");
    if !output.status.success() {
        eprintln!("SKIPPED: no PostgreSQL here: {}", String::from_utf8_lossy(&output.stderr).trim());
        return None;
    }
    String::from_utf8(output.stdout).ok()?.lines().last().map(str::to_owned)
}
