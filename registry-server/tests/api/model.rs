//! Random sequences of requests, held to a simple model of the contract.
//!
//! `RADII_MODEL_CALLS=50000 cargo test -p radii-registry-server --test api model -- --nocapture` is the long run;
//! `RADII_SEED` repeats one. A sequence that diverges is cut down to a short one before it is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use radii_registry_server::AppState;
use radii_registry_server::serve::{self, Database, Options};
use radii_registry_server::store::keys::{KeySource, Keyring};
use radii_runtime::worker;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use crate::app::{BASE, NATIVE};

const PROVIDER: &str = "/planes/radius/local/providers/System.Resources/resourceproviders/Model.Data";
const VERSIONS: [&str; 2] = ["2025-01-01", "2025-06-01-preview"];
const KINDS: [&str; 2] = ["ones", "onesmore"];
const GROUPS: u8 = 3;
const NAMES: u8 = 8;
const CALLS: usize = 3_000;

/// A condition of a write.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Condition {
    None,
    /// `If-Match` with the tag of what is there.
    Current,
    /// `If-Match` with another tag.
    Stale,
    /// `If-Match: *`
    Exists,
    /// `If-None-Match: *`
    Absent,
}

/// Which resource.
type Key = (u8, usize, u8);

#[derive(Clone, Debug)]
enum Step {
    PutGroup(u8),
    DeleteGroup(u8),
    Put {
        key: Key,
        version: usize,
        value: i32,
        condition: Condition,
    },
    PutWrong {
        key: Key,
        version: usize,
    },
    Delete {
        key: Key,
        version: usize,
        condition: Condition,
    },
    Get {
        key: Key,
        version: usize,
    },
    List {
        group: u8,
        kind: usize,
        version: usize,
        page: usize,
    },
    ListPlane {
        kind: usize,
        version: usize,
    },
    Work,
    /// Three creations of one resource at once.
    Race {
        key: Key,
    },
    /// A creation in a group, and the group's deletion, at once.
    RaceGroup {
        key: Key,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Busy {
    No,
    Deleting,
}

#[derive(Clone, Debug)]
struct Stored {
    value: i32,
    order: usize,
    busy: Busy,
}

/// What the contract says must be there.
#[derive(Clone, Debug, Default)]
struct Model {
    groups: BTreeSet<u8>,
    resources: BTreeMap<Key, Stored>,
    order: usize,
}

/// What a request is to be answered with, as far as the model says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Done,
    Refused(u16),
}

impl Model {
    /// What a write's conditions and the resource's state lead to.
    fn admits(&self, key: Key, condition: Condition) -> Outcome {
        let old = self.resources.get(&key);
        match (condition, old) {
            _ if !self.groups.contains(&key.0) => Outcome::Refused(404),
            (Condition::Current | Condition::Stale | Condition::Exists, None) => Outcome::Refused(412),
            (Condition::Stale | Condition::Absent, Some(_)) => Outcome::Refused(412),
            (_, Some(old)) if old.busy != Busy::No => Outcome::Refused(409),
            _ => Outcome::Done,
        }
    }

    fn put(&mut self, key: Key, value: i32) {
        self.order += 1;
        let order = self.resources.get(&key).map_or(self.order, |old| old.order);
        // These types leave a worker nothing to do: a PUT is complete when it is accepted.
        self.resources.insert(key, Stored { value, order, busy: Busy::No });
    }

    fn work(&mut self) {
        self.resources.retain(|_, stored| stored.busy != Busy::Deleting);
        self.resources.values_mut().for_each(|stored| stored.busy = Busy::No);
    }

    fn is_empty(&self, group: u8) -> bool {
        !self.resources.keys().any(|key| key.0 == group)
    }

    fn names(&self, wanted: impl Fn(&Key) -> bool) -> Vec<String> {
        let mut found: Vec<_> = self.resources.iter().filter(|(key, _)| wanted(key)).collect();
        found.sort_by_key(|(_, stored)| stored.order);
        found.into_iter().map(|(key, _)| format!("r{}", key.2)).collect()
    }
}

/// The server under test.
struct Subject {
    router: Router,
    state: AppState,
}

struct Answer {
    status: u16,
    tag: String,
    body: Json,
}

impl Answer {
    fn outcome(&self) -> Outcome {
        if self.status < 300 { Outcome::Done } else { Outcome::Refused(self.status) }
    }
}

fn group_path(group: u8) -> String {
    format!("/planes/radius/local/resourcegroups/g{group}")
}

fn path((group, kind, name): Key) -> String {
    // Casing must not matter.
    let kind = if name % 2 == 0 { KINDS[kind].to_owned() } else { KINDS[kind].to_uppercase() };
    format!("{}/providers/Model.Data/{kind}/r{name}", group_path(group))
}

fn body(value: i32) -> Json {
    json!({ "location": "global", "properties": { "value": value } })
}

impl Subject {
    async fn start(database: Database, keys: KeySource) -> Self {
        let options = Options { database, keys, ..Options::default() };
        let (router, state) = serve::in_process(&options, Vec::new(), Vec::new()).await.unwrap();
        let subject = Self { router, state };
        let schema = json!({ "type": "object", "properties": { "value": { "type": "integer" } } });
        subject.native(PROVIDER, &json!({ "location": "global", "properties": {} })).await;
        let mut table = json!({});
        for kind in KINDS {
            let path = format!("{PROVIDER}/resourcetypes/{kind}");
            subject.native(&path, &json!({ "properties": { "capabilities": ["ManualResourceProvisioning"] } })).await;
            for version in VERSIONS {
                let path = format!("{path}/apiversions/{version}");
                subject.native(&path, &json!({ "properties": { "schema": schema } })).await;
                table[kind]["apiVersions"][version] = json!({});
            }
        }
        let location = json!({ "properties": { "resourceTypes": table } });
        subject.native(&format!("{PROVIDER}/locations/global"), &location).await;
        subject
    }

    async fn native(&self, path: &str, body: &Json) {
        let answer = self.send(Method::PUT, path, NATIVE, &[], Some(body)).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        version: &str,
        headers: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Answer {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{path}{separator}api-version={version}"))
            .header("host", "radii.example.com")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let tag = parts.headers.get("etag").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Answer { status: parts.status.as_u16(), tag, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    async fn work(&self) {
        while worker::run_once(&self.state.host, &worker::Options::default()).await.unwrap() {}
    }

    async fn put(&self, key: Key, version: usize, value: i32, condition: Condition) -> Answer {
        let tag = self.tag(key, condition).await;
        self.send(Method::PUT, &path(key), VERSIONS[version], &headers(condition, &tag), Some(&body(value))).await
    }

    async fn tag(&self, key: Key, condition: Condition) -> String {
        match condition {
            Condition::Current => self.send(Method::GET, &path(key), VERSIONS[0], &[], None).await.tag,
            _ => String::new(),
        }
    }

    /// Removes everything, so that the next sequence begins where the first one did.
    async fn reset(&self) {
        self.work().await;
        for group in 0..GROUPS {
            for kind in 0..KINDS.len() {
                for name in 0..NAMES {
                    self.send(Method::DELETE, &path((group, kind, name)), VERSIONS[0], &[], None).await;
                }
            }
            self.work().await;
            self.send(Method::DELETE, &group_path(group), NATIVE, &[], None).await;
        }
    }
}

fn headers(condition: Condition, tag: &str) -> Vec<(&'static str, &str)> {
    match condition {
        Condition::None => Vec::new(),
        // Nothing there has no tag, and matches none.
        Condition::Current if tag.is_empty() => vec![("if-match", "\"none\"")],
        Condition::Current => vec![("if-match", tag)],
        Condition::Stale => vec![("if-match", "\"1-stale\"")],
        Condition::Exists => vec![("if-match", "*")],
        Condition::Absent => vec![("if-none-match", "*")],
    }
}

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
        Step::Put { key, version, value, condition } => {
            let expected = model.admits(*key, *condition);
            expect(&subject.put(*key, *version, *value, *condition).await, expected)?;
            if expected == Outcome::Done {
                model.put(*key, *value);
            }
        }
        Step::PutWrong { key, version } => {
            let wrong = json!({ "properties": { "value": "no integer" } });
            let answer = subject.send(Method::PUT, &path(*key), VERSIONS[*version], &[], Some(&wrong)).await;
            let admitted = model.admits(*key, Condition::None);
            expect(&answer, if admitted == Outcome::Done { Outcome::Refused(400) } else { admitted })?;
        }
        Step::Delete { key, version, condition } => delete(subject, model, *key, *version, *condition).await?,
        Step::Get { key, version } => {
            let answer = subject.send(Method::GET, &path(*key), VERSIONS[*version], &[], None).await;
            match model.resources.get(key) {
                None => expect(&answer, Outcome::Refused(404))?,
                Some(stored) => {
                    expect(&answer, Outcome::Done)?;
                    let state = if stored.busy == Busy::No { "Succeeded" } else { "Accepted" };
                    let properties = &answer.body["properties"];
                    if properties["value"] != stored.value || properties["provisioningState"] != state {
                        return Err(format!("expected {} {state}, got {properties}", stored.value));
                    }
                }
            }
        }
        Step::List { group, kind, version, page } => {
            let list = format!("{}/providers/Model.Data/{}", group_path(*group), KINDS[*kind]);
            let expected = model.names(|key| (key.0, key.1) == (*group, *kind));
            list_is(subject, &list, *version, Some(*page), expected).await?;
        }
        Step::ListPlane { kind, version } => {
            let list = format!("/planes/radius/local/providers/Model.Data/{}", KINDS[*kind]);
            list_is(subject, &list, *version, None, model.names(|key| key.1 == *kind)).await?;
        }
        Step::Work => {
            subject.work().await;
            model.work();
        }
        Step::Race { key } => race(subject, model, *key).await?,
        Step::RaceGroup { key } => race_group(subject, model, *key).await?,
    }
    Ok(())
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
        None if model.groups.contains(&key.0) => Outcome::Done,
        _ => model.admits(key, condition),
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
    expected: Vec<String>,
) -> Result<(), String> {
    let mut names = Vec::new();
    let mut next = page.map_or(first.to_owned(), |page| format!("{first}?top={page}"));
    loop {
        let answer = subject.send(Method::GET, &next, VERSIONS[version], &[], None).await;
        if answer.status == 404 && expected.is_empty() {
            return Ok(());
        }
        expect(&answer, Outcome::Done)?;
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
    let expected = model.admits(key, Condition::Absent);
    let put = |value| subject.put(key, 0, value, Condition::Absent);
    let (one, two, three) = tokio::join!(put(1), put(2), put(3));
    let won: Vec<i32> =
        [one, two, three].iter().zip(1..).filter(|(answer, _)| answer.status < 300).map(|(_, value)| value).collect();
    match (expected, won[..].first()) {
        (Outcome::Done, Some(value)) if won.len() == 1 => model.put(key, *value),
        (Outcome::Refused(_), None) => {}
        _ => return Err(format!("{} of three creations succeeded", won.len())),
    }
    Ok(())
}

async fn race_group(subject: &Subject, model: &mut Model, key: Key) -> Result<(), String> {
    let (there, group) = (model.groups.contains(&key.0), group_path(key.0));
    let (created, deleted) =
        tokio::join!(subject.put(key, 0, 7, Condition::None), subject.send(Method::DELETE, &group, NATIVE, &[], None),);
    let (created, deleted) = (created.status < 300, deleted.status < 300);
    let was_empty = model.is_empty(key.0);
    if created {
        model.put(key, 7);
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

fn expect(answer: &Answer, outcome: Outcome) -> Result<(), String> {
    if answer.outcome() == outcome {
        return Ok(());
    }
    Err(format!("expected {outcome:?}, got {} {}", answer.status, answer.body))
}

fn random_step(random: &mut StdRng) -> Step {
    let key = (random.random_range(0..GROUPS), random.random_range(0..KINDS.len()), random.random_range(0..NAMES));
    let version = random.random_range(0..VERSIONS.len());
    let conditions = [
        Condition::None,
        Condition::None,
        Condition::None,
        Condition::Current,
        Condition::Current,
        Condition::Stale,
        Condition::Exists,
        Condition::Absent,
    ];
    let condition = conditions[random.random_range(0..conditions.len())];
    match random.random_range(0..100) {
        0..5 => Step::PutGroup(key.0),
        5..8 => Step::DeleteGroup(key.0),
        8..36 => Step::Put { key, version, value: random.random_range(0..1_000), condition },
        36..39 => Step::PutWrong { key, version },
        39..55 => Step::Delete { key, version, condition },
        55..72 => Step::Get { key, version },
        72..78 => Step::List { group: key.0, kind: key.1, version, page: random.random_range(5..=8) },
        78..81 => Step::ListPlane { kind: key.1, version },
        81..85 => Step::Race { key },
        85..87 => Step::RaceGroup { key },
        _ => Step::Work,
    }
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
