//! Dapr building blocks, described by their author or made by a recipe.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::provision::{self, Provisioned};
use super::{made, outputs, refuse_moves, rehearsal, shape};
use crate::Fault;
use crate::environment::{Environment, load_application};
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::objects;
use crate::platform::{Component, Named, ObjectRef, Piece, Target};
use crate::store::{Record, Verb};

/// The behaviour of Dapr building blocks.
pub(super) struct DaprBlocks;

#[async_trait]
impl Kind for DaprBlocks {
    fn types(&self) -> &'static [&'static str] {
        &[
            "Applications.Dapr/configurationStores",
            "Applications.Dapr/pubSubBrokers",
            "Applications.Dapr/secretStores",
            "Applications.Dapr/stateStores",
        ]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(60 * 60)
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        refuse_moves(record, old)?;
        let is_manual = is_manual(record);
        let properties = &mut record.properties;
        if is_manual {
            require(properties)?;
            properties.shift_remove("recipe");
        } else {
            refuse_manual_members(properties)?;
            properties.entry("recipe").or_insert_with(|| json!({ "name": "default" }));
        }
        properties.entry("application").or_insert_with(|| "".into());
        properties.entry("resourceProvisioning").or_insert_with(|| "recipe".into());
        let metadata = properties.get_mut("metadata").and_then(Json::as_object_mut);
        for entry in metadata.into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut) {
            entry.entry("value").or_insert_with(|| "".into());
        }
        properties.insert("componentName".into(), "".into());
        let status = old.and_then(|old| old.properties.get("status")).cloned();
        properties.insert("status".into(), status.unwrap_or_else(|| json!({})));
        if is_manual && let Ok((_, target)) = find_target(host, record).await {
            objects::driver(host, target.kind)?.render_piece(&target, &Piece::Component(read(record)))?;
        }
        Ok(())
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            Verb::Delete if is_manual(record) => made::remove(work, record).await?,
            Verb::Delete => return provision::remove(work, record).await,
            Verb::Put if is_manual(record) => deploy(work, record).await?,
            Verb::Put => match provision::provision(work, record).await? {
                Provisioned::Again(pause) => return Ok(Step::Later(pause)),
                Provisioned::Simulated => {
                    let name = component_name(record);
                    record.properties.insert("componentName".into(), name.into());
                }
                Provisioned::By(made) => {
                    outputs::check_resources(&made)?;
                    let named = made.outcome.values.get("componentName").and_then(Json::as_str).map(str::to_owned);
                    let name = named.unwrap_or_else(|| component_name(record));
                    record.properties.insert("componentName".into(), name.into());
                    record.properties.insert("status".into(), outputs::status_of_portable(&made));
                    outputs::add_referenced(record)?;
                    return provision::settle(work, record, *made).await;
                }
            },
        }
        Ok(Step::Done)
    }

    async fn foresee(&self, host: &Host, record: &Record) -> Result<Vec<crate::platform::Object>, Fault> {
        if !is_manual(record) {
            return Ok(Vec::new());
        }
        let (_, target) = find_target(host, record).await?;
        objects::driver(host, target.kind)?.render_piece(&target, &Piece::Component(read(record)))
    }

    async fn plan(&self, host: &Host, record: &Record) -> Result<Option<Json>, Fault> {
        if is_manual(record) {
            return Ok(None);
        }
        rehearsal::plan(host, record).await
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

fn is_manual(record: &Record) -> bool {
    record.properties.get("resourceProvisioning").and_then(Json::as_str) == Some("manual")
}

/// The name under which Dapr knows the component.
fn component_name(record: &Record) -> String {
    record.id.name().unwrap_or_default().to_ascii_lowercase()
}

/// Refuses a description that lacks what Dapr needs.
fn require(properties: &Map<String, Json>) -> Result<(), Fault> {
    let is_missing = |name: &str| match properties.get(name) {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.is_empty(),
        Some(Json::Object(members)) => members.is_empty(),
        Some(_) => false,
    };
    let missing = ["metadata", "type", "version"].into_iter().filter(|name| is_missing(name));
    let missing = missing.map(|name| format!("{name} must be specified when resourceProvisioning is set to manual"));
    let recipe = properties.get("recipe").and_then(Json::as_object).filter(|recipe| !recipe.is_empty());
    let recipe =
        recipe.map(|_| "recipe details cannot be specified when resourceProvisioning is set to manual".to_owned());
    refuse(recipe.into_iter().chain(missing).collect())
}

/// Refuses what only a description has, where a recipe makes the component.
fn refuse_manual_members(properties: &Map<String, Json>) -> Result<(), Fault> {
    let is_given = |name: &str| {
        properties.get(name).is_some_and(|value| !value.is_null() && *value != json!("") && *value != json!({}))
    };
    let given = ["metadata", "type", "version"].into_iter().filter(|name| is_given(name));
    refuse(
        given
            .map(|name| format!("{name} cannot be specified when resourceProvisioning is set to recipe (default)"))
            .collect(),
    )
}

fn refuse(messages: Vec<String>) -> Result<(), Fault> {
    if messages.is_empty() {
        return Ok(());
    }
    Err(Fault::new(400, code::BAD_REQUEST, format!("error(s) found:\n\t{}", messages.join("\n\t"))))
}

async fn find_target(host: &Host, record: &Record) -> Result<(Environment, Target), Fault> {
    let environment = Environment::load(host, record.properties.get("environment")).await?;
    let application = load_application(host, record.properties.get("application")).await?;
    let target = environment.target(application.as_ref())?;
    Ok((environment, target))
}

fn read(record: &Record) -> Component {
    let text = |name: &str| record.properties.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let metadata = record.properties.get("metadata").and_then(Json::as_object);
    let entries: BTreeMap<String, Json> = metadata.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let auth = record.properties.get("auth").and_then(|auth| auth["secretStore"].as_str());
    Component {
        resource: Named { id: record.id.to_string(), name: component_name(record) },
        kind: text("type"),
        version: text("version"),
        metadata: entries,
        secret_store: auth.unwrap_or_default().to_owned(),
    }
}

async fn deploy(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    let (environment, target) = find_target(work.host, record).await?;
    let platform = objects::driver(work.host, target.kind)?;
    let rendered = platform.render_piece(&target, &Piece::Component(read(record)))?;
    let made = match environment.is_simulated() {
        true => Vec::new(),
        false => made::apply(work, record, platform, &target, &rendered).await?,
    };
    record.properties.insert("status".into(), json!({}));
    outputs::add_referenced(record)?;
    let component =
        |object: &ObjectRef| json!({ "id": object.output_id(), "localId": "Component", "radiusManaged": true });
    let status = &mut record.properties["status"];
    match status["outputResources"].as_array_mut() {
        Some(listed) => listed.extend(made.iter().map(component)),
        None if made.is_empty() => {}
        None => status["outputResources"] = made.iter().map(component).collect(),
    }
    record.properties.insert("componentName".into(), component_name(record).into());
    Ok(())
}
