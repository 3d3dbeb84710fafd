//! What a PUT has to pass before anything is stored.

use std::borrow::Cow;
use std::sync::Arc;

use radii_model::{ResourceId, TypeName, pointer};
use serde_json::{Map, Value as Json};

use super::resolve::Registration;
use super::write::Refusal;
use super::{Host, Mode, Put};
use crate::Fault;
use crate::access::Right;
use crate::fault::code;
use crate::sensitive;
use crate::store::{Private, Record, State};
use crate::validate::{Broken, Validator, Violation};

/// A PUT that passed every check.
pub(super) struct Checked {
    pub(super) record: Record,
    pub(super) old: Option<Arc<Record>>,
    pub(super) mode: Mode,
    /// What was registered when the checks began: they hold as long as that is there.
    pub(super) registration: Option<Registration>,
}

/// Deepest nesting of a body. Stores read no record that is nested more than 128 deep, and a record has some levels of its own.
const NESTING: usize = 120;

/// Refuses what nobody could read again.
fn check_nesting(id: &ResourceId, body: &Map<String, Json>) -> Result<(), Fault> {
    fn is_within(value: &Json, left: usize) -> bool {
        match value {
            Json::Array(items) => left > 0 && items.iter().all(|item| is_within(item, left - 1)),
            Json::Object(members) => left > 0 && members.values().all(|member| is_within(member, left - 1)),
            _ => true,
        }
    }
    if body.values().all(|member| is_within(member, NESTING - 1)) {
        return Ok(());
    }
    let message = format!("the body is nested more than {NESTING} deep");
    Err(Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string()))
}

/// Carries every check and completion of a PUT out, and changes nothing.
///
/// `body` is the request's; what is stored is taken out of one that is owned.
pub(super) async fn check(
    host: &Host,
    request: &Put,
    body: Cow<'_, Map<String, Json>>,
    activity: Activity,
) -> Result<Checked, Refusal> {
    let id = &request.id;
    host.authorize(Right::Write, id)?;
    check_nesting(id, &body)?;
    let type_name = resource_type(id)?;
    let kind = host.kind_of(&type_name);
    kind.check(id, &type_name, &body)?;
    check_name(id, kind.name_limit())?;
    let registration = Registration::of(host, id, &request.api_version);
    let validator = if kind.has_schema() { host.validator(id, &request.api_version)? } else { None };
    let is_given = body.get("properties").is_some_and(|properties| !properties.is_null());
    let body = Body::parse(body, id)?;
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
        check_schema(validator, is_given, &mut record, before)?;
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
pub(super) enum Activity {
    /// The resource cannot be written now.
    Refused,
    /// Nothing is written.
    Ignored,
}

pub(super) fn resource_type(id: &ResourceId) -> Result<TypeName, Fault> {
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

pub(super) fn check_idle(record: &Record) -> Result<(), Fault> {
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
    fn parse(mut body: Cow<'_, Map<String, Json>>, id: &ResourceId) -> Result<Self, Fault> {
        let wrong = |what: &str| {
            let message = format!("`{what}`; mend the request body of `{id}`");
            Fault::new(400, code::INVALID_CONTENT, message).target(id.to_string())
        };
        if body.get("location").is_some_and(|location| !location.is_string() && !location.is_null()) {
            return Err(wrong("location` must be a string"));
        }
        let tags = match taken(&mut body, "tags") {
            None | Some(Json::Null) => None,
            Some(Json::Object(tags)) if tags.values().all(|tag| tag.is_string() || tag.is_null()) => Some(tags),
            Some(_) => return Err(wrong("tags` must be an object whose values are strings")),
        };
        let mut properties = match taken(&mut body, "properties") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(properties)) => properties,
            Some(_) => return Err(wrong("properties` must be an object")),
        };
        properties.shift_remove("provisioningState");
        Ok(Self { tags, properties })
    }
}

/// Returns a member, without a copy where the body need not keep it.
fn taken(body: &mut Cow<'_, Map<String, Json>>, name: &str) -> Option<Json> {
    match body {
        Cow::Owned(body) => body.get_mut(name).map(Json::take),
        Cow::Borrowed(body) => body.get(name).cloned(),
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
        let path = pointer::tokens(&violation.pointer).collect::<Vec<_>>().join(" ");
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
