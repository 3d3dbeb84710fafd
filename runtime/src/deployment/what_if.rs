//! `whatIf`: what a deployment would change, compared with what is stored.
//!
//! What is announced is what the deployment does: bodies pass the same checks and completions as those that are put,
//! and after a deployment the same question finds nothing to change.

mod elsewhere;

use futures_util::future::BoxFuture;
use radii_model::ResourceId;
use serde_json::{Map, Value as Json, json};

use super::actions::properties;
use super::admit::{self, Asked};
use super::foresee::{Foreseen, Foresight};
use super::{authorize, cluster, parameters, types};
use crate::Fault;
use crate::host::{Host, Preconditions, Put, Rehearsed, present};

/// What is said of an existing resource that does not exist.
const ABSENT: &str = "the template refers to this resource as existing, and there is none";

/// Answers `whatIf` of a deployment.
pub(super) async fn answer(host: &Host, id: &ResourceId, body: &Json) -> Result<Json, Fault> {
    let asked = Asked::read(&mut properties(body))?;
    let around = admit::surroundings(id, &asked.providers, host.parts.clock.now())?;
    let checked =
        admit::check_template(&asked.template, &asked.given, &around).map_err(|problems| admit::invalid(&problems))?;
    types::check(host, &checked.template, &around).await?;
    authorize::check(host, &asked, &around)?;
    let secrets = checked.parameters.iter().filter(|(name, _)| {
        let declared = checked.template.parameters.get(*name);
        declared.is_some_and(|declared| parameters::has_secrets(&checked.template, declared))
    });
    let mut hidden = Vec::new();
    secrets.for_each(|(_, value)| texts(value, &mut hidden));
    let mut changes = Vec::new();
    think_through(host, Foresight::new(checked, around, ""), &mut changes).await?;
    changes.iter_mut().for_each(|change| hide(change, &hidden));
    Ok(json!({ "status": "Succeeded", "properties": { "correlationId": host.parts.ids.next(), "changes": changes } }))
}

/// Collects all texts inside a secret value.
fn texts(value: &Json, into: &mut Vec<String>) {
    match value {
        Json::String(text) if !text.is_empty() => into.push(text.clone()),
        Json::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Json::Object(members) => members.values().for_each(|member| texts(member, into)),
        _ => {}
    }
}

/// Replaces secrets inside an answer.
fn hide(value: &mut Json, secrets: &[String]) {
    match value {
        Json::String(text) => {
            for secret in secrets.iter().filter(|secret| text.contains(secret.as_str())).collect::<Vec<_>>() {
                *text = text.replace(secret.as_str(), "(secret)");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        Json::Object(members) => members.values_mut().for_each(|member| hide(member, secrets)),
        _ => {}
    }
}

/// Compares each resource with what is stored, in the order of deployment; returns the outputs that are known.
fn think_through<'f>(
    host: &'f Host,
    mut foresight: Foresight,
    changes: &'f mut Vec<Json>,
) -> BoxFuture<'f, Result<Map<String, Json>, Fault>> {
    Box::pin(async move {
        let order = foresight.plan.order();
        // Resources that change, so that what depends on them cannot be checked against what is stored.
        let mut changing = vec![false; order.len()];
        for at in order {
            let Some(foreseen) = look(host, &mut foresight, at).await? else { continue };
            let waits = foresight.plan.nodes[at].dependencies.iter().any(|dependency| changing[*dependency]);
            if let Some(module) = foresight.module(at, &foreseen)? {
                changing[at] = true;
                let outputs = think_through(host, module, changes).await?;
                foresight.settle(at, &foreseen, None, outputs);
                continue;
            }
            if cluster::is_object(&foreseen.id) {
                let change = compare_object(host, &foreseen).await?;
                changing[at] = change.stored.is_none();
                foresight.settle(at, &foreseen, change.stored, Map::new());
                changes.push(change.shown);
                continue;
            }
            let change = compare(host, &foreseen, waits).await?;
            changing[at] = change.stored.is_none();
            foresight.settle(at, &foreseen, change.stored, Map::new());
            changes.push(change.shown);
        }
        foresight.outputs()
    })
}

/// Evaluates a node; resources outside the template that it refers to are fetched.
async fn look(host: &Host, foresight: &mut Foresight, at: usize) -> Result<Option<Foreseen>, Fault> {
    loop {
        let foreseen = foresight.resource(at);
        let wishes = foresight.wishes();
        if wishes.is_empty() {
            return foreseen;
        }
        for key in wishes {
            let id: Option<ResourceId> = key.parse().ok();
            let found = match id {
                Some(id) => host.look(&id, None).await.ok(),
                None => None,
            };
            foresight.learn(key, found);
        }
    }
}

struct Change {
    /// The entry of the answer.
    shown: Json,
    /// The resource as it is, when it will stay so.
    stored: Option<Json>,
}

/// Compares an object of a cluster with the one that stands there.
async fn compare_object(host: &Host, foreseen: &Foreseen) -> Result<Change, Fault> {
    let mut shown = json!({ "resourceId": foreseen.id.to_string(), "symbolicName": foreseen.symbol });
    if foreseen.existing {
        let stored = cluster::read(host, &foreseen.id).await.ok();
        shown["changeType"] = if stored.is_some() { "Ignore" } else { "Unsupported" }.into();
        return Ok(Change { shown, stored });
    }
    let object = cluster::object(host, &foreseen.id, &foreseen.api_version, &foreseen.body)?;
    if foreseen.is_known
        && let Json::Object(change) = cluster::compare(host, &object).await
    {
        shown.as_object_mut().expect("an object was made just now").extend(change);
    } else {
        shown["changeType"] = "Deploy".into();
    }
    shown["after"] = crate::host::without_secrets(&object.body);
    let stored = match shown["changeType"] == "NoChange" {
        true => cluster::read(host, &foreseen.id).await.ok(),
        false => None,
    };
    Ok(Change { shown, stored })
}

async fn compare(host: &Host, foreseen: &Foreseen, waits: bool) -> Result<Change, Fault> {
    let id = &foreseen.id;
    if host.address_of(id).is_some() {
        return Ok(elsewhere::compare(host, foreseen).await);
    }
    let before = host.get(id).await.ok();
    let mut shown = json!({ "resourceId": id.to_string(), "symbolicName": foreseen.symbol });
    if foreseen.existing {
        shown["changeType"] = if before.is_some() { "Ignore" } else { "Unsupported" }.into();
        if before.is_none() {
            shown["unsupportedReason"] = ABSENT.into();
        }
        return Ok(Change { shown, stored: before.map(|record| present(&record).into()) });
    }
    let Prepared { properties, tags, objects, recipe } = prepare(host, foreseen, waits).await?;
    let read_only = host.outputs_of(id, &foreseen.api_version);
    let strip = |properties: &Map<String, Json>| {
        let kept = properties
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "provisioningState" | "status") && !read_only.contains(*name));
        kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
    };
    let after = json!({ "properties": strip(&properties), "tags": tags });
    if !objects.is_empty() {
        shown["objects"] = objects.into();
    }
    if let Some(recipe) = recipe {
        shown["recipe"] = recipe;
    }
    let Some(before) = before else {
        shown["changeType"] = "Create".into();
        shown["after"] = after;
        return Ok(Change { shown, stored: None });
    };
    let was = json!({ "properties": strip(&before.properties), "tags": before.tags });
    let mut delta = Vec::new();
    differences("", &was, &after, &mut delta);
    shown["changeType"] = if delta.is_empty() { "NoChange" } else { "Modify" }.into();
    let stored = delta.is_empty().then(|| present(&before).into());
    shown["before"] = was;
    shown["after"] = after;
    shown["delta"] = delta.into();
    Ok(Change { shown, stored })
}

/// A resource as it would be stored, and what would be made for it.
#[derive(Default)]
struct Prepared {
    properties: Map<String, Json>,
    tags: Option<Map<String, Json>>,
    objects: Vec<Json>,
    recipe: Option<Json>,
}

async fn prepare(host: &Host, foreseen: &Foreseen, waits: bool) -> Result<Prepared, Fault> {
    let member = |name: &str| foreseen.body.get(name).and_then(Json::as_object).cloned();
    let as_written =
        Prepared { properties: member("properties").unwrap_or_default(), tags: member("tags"), ..Prepared::default() };
    if !foreseen.is_known {
        return Ok(as_written);
    }
    let version = &foreseen.api_version;
    let api_version = version.parse().map_err(|error| Fault::bad_request(format!("{}: {error}", foreseen.symbol)))?;
    let (id, body) = (foreseen.id.clone(), foreseen.body.clone());
    let request = Put { id, api_version, body, preconditions: Preconditions::default() };
    match host.rehearse(&request).await {
        Ok(Rehearsed { record, objects, recipe }) => {
            Ok(Prepared { properties: record.properties, tags: record.tags, objects, recipe })
        }
        // What it depends on is not there yet, or not as it will be.
        Err(_) if waits => Ok(as_written),
        Err(fault) => Err(Fault { message: format!("{}: {}", foreseen.symbol, fault.message), ..fault }),
    }
}

/// Lists where two values differ, property by property.
fn differences(path: &str, before: &Json, after: &Json, into: &mut Vec<Json>) {
    if before == after {
        return;
    }
    let (Json::Object(old), Json::Object(new)) = (before, after) else {
        let kind = match (before.is_null(), after.is_null()) {
            (true, _) => "Create",
            (_, true) => "Delete",
            _ => "Modify",
        };
        into.push(json!({ "path": path, "propertyChangeType": kind, "before": before, "after": after }));
        return;
    };
    let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names {
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let (old, new) = (old.get(name).unwrap_or(&Json::Null), new.get(name).unwrap_or(&Json::Null));
        differences(&inner, old, new, into);
    }
}
