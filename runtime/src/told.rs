//! What recipes are told about resources: the properties in the form that modules written for Radius know.

use std::sync::Arc;

use radii_model::base::BASIC_PROPERTIES;
use serde_json::{Map, Value as Json, json};

use crate::host::Host;
use crate::kinds::secrets;
use crate::sensitive;
use crate::store::Record;
use crate::validate::Validator;

/// What every portable resource has beside the properties of its own type.
const PORTABLE: [&str; 5] = ["recipe", "resourceProvisioning", "resources", "secrets", "type"];

/// Returns the properties of the resource that a recipe is for; sensitive values are among them.
pub(crate) fn own(host: &Host, record: &Record) -> Map<String, Json> {
    let mut properties = without_state(record);
    if is_portable(record) {
        // Secrets that follow from others are not known before the recipe has run.
        return internal(record, properties, &secrets::given(record));
    }
    // What an earlier run said is no request of the author's.
    let validator = validator(host, record);
    let outputs = validator.as_ref().map(|validator| validator.outputs()).unwrap_or_default();
    outputs.iter().for_each(|name| drop(properties.shift_remove(name)));
    if record.properties.get("secrets").is_some_and(|secrets| secrets.get("name").is_some()) {
        properties.shift_remove("secrets");
    }
    properties.shift_remove("status");
    // A status that says nothing yet is left out where there is something to hide.
    if validator.is_none_or(|validator| !validator.has_sensitive()) {
        properties.insert("status".into(), json!({}));
    }
    properties
}

/// Returns the properties of a resource that is connected, and the same without what is sensitive; the record is
/// redacted.
pub(crate) fn connected(record: &Record) -> (Map<String, Json>, Map<String, Json>) {
    let properties = without_state(record);
    if is_portable(record) {
        let whole = internal(record, properties, &secrets::list(record));
        let mut shown = whole.clone();
        forget_secrets(&mut shown);
        return (whole, shown);
    }
    let mut whole = sensitive::whole(record);
    whole.shift_remove("provisioningState");
    (whole, properties)
}

/// Returns what a recipe was told about its own resource, in the form in which it may be stored and shown.
pub(crate) fn without_sensitive(host: &Host, record: &Record, properties: &Map<String, Json>) -> Map<String, Json> {
    let mut told = Record { properties: properties.clone(), ..record.clone() };
    host.redact(&mut told);
    forget_secrets(&mut told.properties);
    told.properties
}

/// Removes what a portable resource tells recipes and nobody else.
fn forget_secrets(properties: &mut Map<String, Json>) {
    if properties.contains_key("resourceProvisioning")
        && let Some(Json::Object(secrets)) = properties.get_mut("secrets")
    {
        secrets.values_mut().for_each(|secret| *secret = Json::Null);
    }
}

fn without_state(record: &Record) -> Map<String, Json> {
    let mut properties = record.properties.clone();
    properties.shift_remove("provisioningState");
    properties
}

fn validator(host: &Host, record: &Record) -> Option<Arc<Validator>> {
    let version = record.api_version.as_ref()?;
    host.validator(&record.id, version).ok().flatten()
}

fn is_portable(record: &Record) -> bool {
    let lower = record.type_name.to_ascii_lowercase();
    ["applications.datastores/", "applications.messaging/", "applications.core/extenders", "applications.dapr/"]
        .iter()
        .any(|prefix| lower.starts_with(prefix))
}

/// The form of portable resources: what is empty is absent, secrets stand with the properties, and the free
/// properties of an extender stand below `additionalProperties`.
fn internal(record: &Record, mut properties: Map<String, Json>, secrets: &Json) -> Map<String, Json> {
    let is_extender = record.type_name.eq_ignore_ascii_case("Applications.Core/extenders");
    properties.retain(|name, value| name == "status" || !is_empty(value));
    if let Some(status) = properties.get_mut("status").and_then(Json::as_object_mut) {
        status.shift_remove("computedValues");
    }
    if let Some(recipe) = properties.get_mut("recipe").and_then(Json::as_object_mut) {
        recipe.retain(|_, value| !is_empty(value));
        if record.private.recipe.is_some() && record.operation.is_none() {
            recipe.insert("recipeStatus".into(), "success".into());
        }
    }
    if is_extender {
        let is_common = |name: &str| BASIC_PROPERTIES.contains(&name) || PORTABLE.contains(&name);
        let (common, free): (Map<_, _>, Map<_, _>) = properties.into_iter().partition(|(name, _)| is_common(name));
        properties = common;
        if !free.is_empty() {
            properties.insert("additionalProperties".into(), free.into());
        }
    }
    let mut secrets = secrets.as_object().cloned().unwrap_or_default();
    if record.type_name.eq_ignore_ascii_case("Applications.Messaging/rabbitMQQueues") {
        secrets.retain(|_, value| !is_empty(value));
    }
    let is_dapr = record.type_name.to_ascii_lowercase().starts_with("applications.dapr/");
    if !secrets.is_empty() || !(is_extender || is_dapr) {
        properties.insert("secrets".into(), secrets.into());
    }
    properties
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(_) | Json::Object(_) => false,
    }
}
