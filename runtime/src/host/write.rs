//! PUT and DELETE: checks first, then record and operation in one batch.

use std::sync::Arc;
use std::time::Duration;

use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::resolve::{self, Registration};
use super::{Answer, Delete, Host, Mode, Preconditions, Put, ended};
use crate::Fault;
use crate::access::Right;
use crate::fault::code;
use crate::platform::Object;
use crate::sensitive;
use crate::store::{self, Batch, Expect, Operation, OperationId, Private, Record, State, Verb, Write};
use crate::trace;
use crate::validate::{Broken, Validator, Violation};

/// How often a write that lost a race is tried again from the start.
///
/// Trying again is harmless: a PUT replaces the whole resource, so it only seems to have come later.
const RACES: usize = 4;
/// What `Retry-After` says in the answer to a write.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Carries a PUT out; the record is told as it is answered.
pub(super) async fn put<T>(
    host: &Host,
    request: &Put,
    operation: Option<OperationId>,
    tell: &(dyn Fn(&Record) -> T + Sync),
) -> Result<Answer<T>, Fault> {
    for _ in 0..RACES {
        match try_put(host, request, operation, tell).await {
            Err(Refusal::Race) => {
                // It may be no other writer, but that what it belongs to was deleted.
                resolve::check_parents(host, &request.id, &request.api_version).await?;
                if request.preconditions != Preconditions::default() {
                    return Err(Refusal::Race.into_fault(&request.id));
                }
            }
            other => return other.map_err(|refusal| refusal.into_fault(&request.id)),
        }
    }
    Err(Fault::contended(&request.id))
}

pub(super) async fn delete(host: &Host, request: &Delete) -> Result<Answer, Fault> {
    for _ in 0..RACES {
        match try_delete(host, request).await {
            Err(Refusal::Race) if request.preconditions == Preconditions::default() => {}
            other => return other.map_err(|refusal| refusal.into_fault(&request.id)),
        }
    }
    Err(Fault::contended(&request.id))
}

/// Why a write did not happen.
enum Refusal {
    /// Somebody else wrote the resource in between.
    Race,
    Fault(Fault),
}

impl Refusal {
    fn into_fault(self, id: &ResourceId) -> Fault {
        match self {
            Refusal::Race => Fault::precondition_failed("etags do not match", id),
            Refusal::Fault(fault) => fault,
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict { .. } => Refusal::Race,
            store::Error::Unavailable { .. } => Refusal::Fault(error.into()),
        }
    }
}

/// A PUT that passed every check.
struct Checked {
    record: Record,
    old: Option<Arc<Record>>,
    mode: Mode,
    /// What was registered when the checks began: they hold as long as that is there.
    registration: Option<Registration>,
}

/// Carries every check and completion of a PUT out, and changes nothing.
async fn check(host: &Host, request: &Put, activity: Activity) -> Result<Checked, Refusal> {
    let id = &request.id;
    host.authorize(Right::Write, id)?;
    let type_name = resource_type(id)?;
    let kind = host.kind_of(&type_name);
    kind.check(id, &type_name, &request.body)?;
    check_name(id, kind.name_limit())?;
    let registration = Registration::of(host, id, &request.api_version);
    let validator = if kind.has_schema() { host.validator(id, &request.api_version)? } else { None };
    let body = Body::parse(&request.body, id)?;
    let stored = host.parts.store.find_shared(id).await?;
    let old = stored.as_deref();
    request.preconditions.check(old, id)?;
    if let Some(old) = old.filter(|_| activity == Activity::Refused) {
        check_idle(old)?;
    }
    // What the request's version sees of it is what the request replaces; the rest stays aside.
    let is_converted = host.is_converted(id);
    let seen = old.filter(|_| is_converted).map(|old| host.seen(old, &request.api_version));
    let before = seen.as_ref().or(old);
    let mut record = draft(host, request, body, before, &type_name);
    if let Some(old) = &old {
        sensitive::give_back(host, &mut record, old);
    }
    if let Some(validator) = &validator {
        let given = request.body.get("properties").filter(|properties| !properties.is_null());
        check_schema(validator, given.is_some(), &mut record, before)?;
        if let (Some(before), Some(old)) = (before, &old) {
            check_immutable(host, validator, &record, before, old)?;
        }
    }
    // Before the kind looks at what is referred to: whether that is there is not everybody's to know.
    host.authorize_references(&record)?;
    host.settle(&mut record);
    let settled = old.filter(|_| is_converted).map(|old| {
        let mut old = old.clone();
        host.settled(&mut old);
        old
    });
    kind.admit(host, &mut record, settled.as_ref().or(old)).await?;
    Ok(Checked { record, old: stored, mode: kind.mode(&type_name.to_string()), registration })
}

/// What an operation in progress means to a check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Activity {
    /// The resource cannot be written now.
    Refused,
    /// Nothing is written.
    Ignored,
}

/// What a PUT would store and make.
pub struct Rehearsed {
    /// The record, without secrets.
    pub record: Record,
    /// The platform objects that it would become, where that can be said.
    pub objects: Vec<Json>,
    /// What its recipe would change, where it can tell.
    pub recipe: Option<Json>,
}

/// Carries every check out and says what would become of a PUT.
pub(super) async fn rehearse(host: &Host, request: &Put) -> Result<Rehearsed, Fault> {
    let checked = check(host, request, Activity::Ignored).await;
    let mut checked = checked.map_err(|refusal| refusal.into_fault(&request.id))?;
    let kind = host.kind_of(&resource_type(&request.id)?);
    let objects = kind.foresee(host, &checked.record).await.unwrap_or_default();
    // What stands in its way is said by what is put; here it only cannot be planned.
    let recipe = kind.plan(host, &checked.record).await.unwrap_or_default();
    host.redact(&mut checked.record);
    let objects = preview(host, &objects).await;
    Ok(Rehearsed { objects, recipe, record: checked.record })
}

/// Shows objects and what applying them would change; values of secrets are nobody's to see.
async fn preview(host: &Host, objects: &[Object]) -> Vec<Json> {
    let mut shown = Vec::with_capacity(objects.len());
    for object in objects {
        let mut entry = json!({ "id": object.reference.output_id(), "body": without_secrets(&object.body) });
        if let Some(platform) = host.platform(object.reference.platform)
            && let Some(change) = platform.compare(object).await
        {
            entry["change"] = change;
        }
        shown.push(entry);
    }
    shown
}

pub(crate) fn without_secrets(body: &Json) -> Json {
    let mut body = body.clone();
    if body["kind"] == "Secret" {
        for member in ["data", "stringData"] {
            let values = body.get_mut(member).and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut);
            values.for_each(|value| *value = "(secret)".into());
        }
    }
    body
}

async fn try_put<T>(
    host: &Host,
    request: &Put,
    operation: Option<OperationId>,
    tell: &(dyn Fn(&Record) -> T + Sync),
) -> Result<Answer<T>, Refusal> {
    let Checked { mut record, old, mode, registration } = check(host, request, Activity::Refused).await?;
    let payload = take_sensitive(host, &mut record);
    let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::Revision(old.revision));
    let kind = host.kind_of(&resource_type(&request.id)?);
    let mut batch = kind.guards(Verb::Put, &record);
    batch.extend(resolve::required(&request.id, registration, old.is_none()));
    if mode == Mode::Synchronous {
        record.state = State::Succeeded;
        record.operation = None;
        let told = tell(&record);
        batch.push(Write::Put { record: Box::new(record), expect });
        host.parts.store.commit(batch).await?;
        return Ok(Answer::Done(Some(told)));
    }
    let is_inert = host.is_eager && kind.is_inert(host, &record);
    let id = match operation {
        None if is_inert => ended::id(host, &record.id),
        chosen => chosen.unwrap_or_else(|| host.parts.ids.next()),
    };
    let operation = begin(host, &mut record, id, Verb::Put, request.api_version.clone(), payload);
    let told = tell(&record);
    if is_inert {
        complete(host, batch, record, operation, expect).await?;
    } else {
        accept(host, batch, record, operation, expect).await?;
    }
    Ok(Answer::Accepted { record: told, operation: id, retry_after: RETRY_AFTER })
}

/// Commits record and operation as they will be when a worker has had them: there is nothing for it to do.
///
/// The answer is that of every accepted change; who asks again finds it complete. An operation whose id says that by
/// itself is not stored.
async fn complete(
    host: &Host,
    mut batch: Batch,
    mut record: Record,
    operation: Operation,
    expect: Expect,
) -> Result<(), Refusal> {
    record.state = State::Succeeded;
    record.operation = None;
    let says_so = ended::ended_at(operation.id, &record.id).is_some();
    batch.push(Write::Put { record: Box::new(record), expect });
    if !says_so {
        let ended_at = Some(operation.created_at);
        let ended = Operation { state: State::Succeeded, ended_at, payload: Json::Null, ..operation };
        batch.push(Write::Enqueue(Box::new(ended)));
    }
    Ok(host.parts.store.commit(batch).await?)
}

async fn try_delete(host: &Host, request: &Delete) -> Result<Answer, Refusal> {
    let id = &request.id;
    host.authorize(Right::Write, id)?;
    let type_name = resource_type(id)?;
    let Some(mut record) = host.parts.store.find(id).await? else { return Ok(Answer::Absent) };
    request.preconditions.check(Some(&record), id)?;
    let kind = host.kind_of(&type_name);
    if !request.force {
        check_idle(&record)?;
        kind.admit_delete(host, &record).await?;
    }
    let expect = Expect::Revision(record.revision);
    let mut batch = if request.force { Vec::new() } else { kind.guards(Verb::Delete, &record) };
    if kind.mode(&type_name.to_string()) == Mode::Synchronous {
        if let Err(fault) = kind.tear_down(host, &record).await {
            if !request.force {
                return Err(fault.into());
            }
            tracing::warn!("The forced deletion of `{}` left something behind: {fault}", record.id);
        }
        batch.push(Write::Delete { id: record.id.clone(), expect });
        host.parts.store.commit(batch).await?;
        return Ok(Answer::Done(None));
    }
    let payload = if request.force { json!({ "force": true }) } else { Json::Null };
    if let Some(superseded) = record.operation.filter(|_| !record.state.is_terminal()) {
        let error = Some(Fault::internal("the operation failed due to a concurrency conflict"));
        batch.push(Write::Advance { id: superseded, attempt: None, state: State::Failed, error });
    }
    let operation = begin(host, &mut record, host.parts.ids.next(), Verb::Delete, request.api_version.clone(), payload);
    let (id, told) = (operation.id, record.clone());
    accept(host, batch, record, operation, expect).await?;
    Ok(Answer::Accepted { record: told, operation: id, retry_after: RETRY_AFTER })
}

/// Turns a record into one that an operation is about to change, and returns that operation.
fn begin(
    host: &Host,
    record: &mut Record,
    id: OperationId,
    verb: Verb,
    api_version: radii_model::ApiVersion,
    payload: Json,
) -> Operation {
    let now = host.parts.clock.now();
    record.state = State::Accepted;
    record.operation = Some(id);
    record.updated_at = now;
    Operation {
        id,
        resource: record.id.clone(),
        verb,
        api_version: Some(api_version),
        state: State::Accepted,
        error: None,
        attempt: 0,
        run_after: now,
        payload: trace::noted(host.signed(payload)),
        created_at: now,
        ended_at: None,
    }
}

/// Commits record and operation together, after the conditions and ends of other operations in `batch`.
async fn accept(
    host: &Host,
    mut batch: Batch,
    record: Record,
    operation: Operation,
    expect: Expect,
) -> Result<(), Refusal> {
    batch.push(Write::Put { record: Box::new(record), expect });
    batch.push(Write::Enqueue(Box::new(operation)));
    Ok(host.parts.store.commit(batch).await?)
}

fn resource_type(id: &ResourceId) -> Result<TypeName, Fault> {
    let valid = id.is_resource().then(|| id.resource_type()).flatten();
    valid.ok_or_else(|| {
        Fault::bad_request("the request URL does not contain a valid resource ID").target(id.to_string())
    })
}

/// Refuses names that platforms cannot carry.
fn check_name(id: &ResourceId, limit: usize) -> Result<(), Fault> {
    let name = id.name().unwrap_or_default();
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if name.len() <= limit && name.chars().all(letters) && edge(name.chars().next()) && edge(name.chars().last()) {
        return Ok(());
    }
    let shown: String = name.chars().take(limit + 1).collect();
    Err(Fault::bad_request(format!(
        "the resource name `{shown}` is not valid: use at most {limit} letters, digits, `-`, `_` and `.`, \
         beginning and ending with a letter or digit"
    ))
    .target(id.to_string()))
}

fn check_idle(record: &Record) -> Result<(), Fault> {
    if record.state.is_terminal() {
        return Ok(());
    }
    Err(Fault::conflict(format!("The target resource is in progress state: {}.", record.state.as_str())))
}

/// The members of a PUT's body that are stored.
struct Body {
    tags: Option<Map<String, Json>>,
    properties: Map<String, Json>,
}

impl Body {
    fn parse(body: &Map<String, Json>, id: &ResourceId) -> Result<Self, Fault> {
        let wrong = |what: &str| {
            let message = format!("`{what}`; mend the request body of `{id}`");
            Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string())
        };
        if body.get("location").is_some_and(|location| !location.is_string() && !location.is_null()) {
            return Err(wrong("location` must be a string"));
        }
        let tags = match body.get("tags") {
            None | Some(Json::Null) => None,
            Some(Json::Object(tags)) if tags.values().all(|tag| tag.is_string() || tag.is_null()) => Some(tags.clone()),
            Some(_) => return Err(wrong("tags` must be an object whose values are strings")),
        };
        let mut properties = match body.get("properties") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(properties)) => properties.clone(),
            Some(_) => return Err(wrong("properties` must be an object")),
        };
        properties.shift_remove("provisioningState");
        Ok(Self { tags, properties })
    }
}

/// Returns the record that a PUT asks for; what only the runtime core knows is taken over from `old`.
fn draft(host: &Host, request: &Put, body: Body, old: Option<&Record>, type_name: &TypeName) -> Record {
    let now = host.parts.clock.now();
    Record {
        id: old.map_or_else(|| request.id.clone(), |old| old.id.clone()),
        type_name: old.map_or_else(|| type_name.to_string(), |old| old.type_name.clone()),
        api_version: Some(request.api_version.clone()),
        location: Some("global".into()),
        tags: body.tags,
        properties: body.properties,
        private: old.map_or_else(Private::default, |old| old.private.clone()),
        state: State::Accepted,
        operation: None,
        revision: old.map_or(0, |old| old.revision),
        created_at: old.map_or(now, |old| old.created_at),
        updated_at: now,
    }
}

/// Applies defaults and reports every violation at once.
fn check_schema(validator: &Validator, given: bool, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
    validator.apply_defaults(&mut record.properties);
    // Lent as a value and taken back: a copy would cost more than the check.
    let properties = Json::Object(std::mem::take(&mut record.properties));
    let checked = check_properties(validator, given, &properties, old, &record.id);
    if let Json::Object(properties) = properties {
        record.properties = properties;
    }
    checked
}

fn check_properties(
    validator: &Validator,
    given: bool,
    properties: &Json,
    old: Option<&Record>,
    id: &ResourceId,
) -> Result<(), Fault> {
    let stored = old.map(|old| &old.properties);
    let empty = Json::Object(Map::new());
    let mut violations = validator.validate(given.then_some(properties));
    violations.extend(properties.as_object().into_iter().flat_map(|new| validator.validate_read_only(new, stored)));
    if !violations.is_empty() {
        return Err(schema_fault(&violations, id));
    }
    let broken = validator.broken_rules(if given { properties } else { &empty }, stored);
    if broken.is_empty() { Ok(()) } else { Err(rules_fault(&broken, id)) }
}

/// The fault of rules that the type's author wrote, with one detail per rule.
pub(crate) fn rules_fault(broken: &[Broken], id: &ResourceId) -> Fault {
    let details = broken.iter().map(|rule| {
        let code = rule.reason.as_deref().unwrap_or(code::INVALID_PROPERTIES);
        Fault::new(400, code, rule.message.as_str()).target(format!("/properties{}", rule.pointer))
    });
    let first = broken.first().map(|rule| rule.message.as_str()).unwrap_or_default();
    let prefix = "code InvalidRequestContent: err Schema validation failed: resource data validation failed:";
    Fault::new(400, code::INVALID_CONTENT, format!("{prefix} {first}"))
        .target(id.to_string())
        .details(details.collect())
}

/// Refuses to change what is immutable; `before` is what the request's version sees of `old`.
fn check_immutable(
    host: &Host,
    validator: &Validator,
    record: &Record,
    before: &Record,
    old: &Record,
) -> Result<(), Fault> {
    if !validator.has_immutable() {
        return Ok(());
    }
    let mut before = before.clone();
    sensitive::give_back(host, &mut before, old);
    let violations = validator.validate_immutable(&record.properties, &before.properties);
    if violations.is_empty() { Ok(()) } else { Err(schema_fault(&violations, &record.id)) }
}

/// The fault of broken schema rules, in the contract's words (part 4), with one detail per violation.
fn schema_fault(violations: &[Violation], id: &ResourceId) -> Fault {
    let text = |violation: &Violation| {
        let path = violation.pointer.trim_start_matches('/').replace('/', " ").replace("~1", "/").replace("~0", "~");
        format!("Error at \"{path}\": {}", violation.message)
    };
    let details = violations.iter().map(|violation| {
        let target = format!("/properties{}", violation.pointer);
        let hint = violation.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        Fault::new(400, code::INVALID_PROPERTIES, format!("{}{hint}", text(violation))).target(target)
    });
    let first = violations.first().map(text).unwrap_or_default();
    let prefix = "code InvalidRequestContent: err Schema validation failed: resource data validation failed:";
    Fault::new(400, code::INVALID_CONTENT, format!("{prefix} {first}"))
        .target(id.to_string())
        .details(details.collect())
}

/// Moves sensitive values out of the record's properties; returns all of them as the worker needs them, which keeps
/// them until the operation ends.
fn take_sensitive(host: &Host, record: &mut Record) -> Json {
    let Some(version) = &record.api_version else { return Json::Null };
    if !host.has_sensitive(&record.id, version) {
        sensitive::forget(record);
        return Json::Null;
    }
    json!({ "properties": sensitive::take(host, record) })
}
