//! Dry runs of PUT: every check, and what would become of it.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::check::{Activity, check, resource_type};
use super::{Host, Put};
use crate::Fault;
use crate::platform::Object;
use crate::store::Record;

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
    let checked = check(host, request, Cow::Borrowed(&request.body), Activity::Ignored).await;
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
