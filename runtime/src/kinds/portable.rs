//! Portable resources: databases, caches and queues that a recipe makes or that the author describes.

use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::provision::{self, Provisioned};
use super::values::Form::{Flag, Number, Text};
use super::values::{self, Property};
use super::{outputs, refuse_moves, rehearsal, secrets, shape};
use crate::Fault;
use crate::environment::{Environment, load_application};
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::recipe::Outcome;
use crate::store::{Record, Verb};

/// The type whose properties are free.
const EXTENDER: &str = "Applications.Core/extenders";

/// A type with its own properties; those marked must be given when the author describes the resource.
struct Portable {
    name: &'static str,
    properties: &'static [Property],
    /// The port of encrypted connections, where the type knows them.
    tls_port: Option<i64>,
    /// The secrets that the type knows; others are kept for extenders only.
    secrets: &'static [&'static str],
    manual_recipe: ManualRecipe,
}

/// What answers show as the recipe of a resource that its author describes.
enum ManualRecipe {
    /// A recipe without name.
    Unnamed,
    /// None.
    Hidden,
    /// The one that a recipe would make.
    Default,
}

const PORTABLE: [Portable; 5] = [
    Portable {
        name: "Applications.Datastores/redisCaches",
        properties: &[("host", Text, true), ("port", Number, true), ("tls", Flag, false), ("username", Text, false)],
        tls_port: Some(6380),
        secrets: &["connectionString", "password", "url"],
        manual_recipe: ManualRecipe::Unnamed,
    },
    Portable {
        name: "Applications.Datastores/mongoDatabases",
        properties: &[
            ("host", Text, true),
            ("port", Number, true),
            ("database", Text, true),
            ("username", Text, false),
        ],
        tls_port: None,
        secrets: &["connectionString", "password"],
        manual_recipe: ManualRecipe::Unnamed,
    },
    Portable {
        name: "Applications.Datastores/sqlDatabases",
        properties: &[
            ("server", Text, true),
            ("port", Number, true),
            ("database", Text, true),
            ("username", Text, false),
        ],
        tls_port: None,
        secrets: &["connectionString", "password"],
        manual_recipe: ManualRecipe::Hidden,
    },
    Portable {
        name: "Applications.Messaging/rabbitMQQueues",
        properties: &[
            ("queue", Text, true),
            ("host", Text, true),
            ("port", Number, true),
            ("vHost", Text, false),
            ("username", Text, false),
            ("tls", Flag, false),
        ],
        tls_port: Some(5671),
        secrets: &["password", "uri"],
        manual_recipe: ManualRecipe::Hidden,
    },
    Portable { name: EXTENDER, properties: &[], tls_port: None, secrets: &[], manual_recipe: ManualRecipe::Default },
];

/// The behaviour of portable resources.
pub(super) struct PortableResources;

#[async_trait]
impl Kind for PortableResources {
    fn types(&self) -> &'static [&'static str] {
        const NAMES: [&str; 5] =
            [PORTABLE[0].name, PORTABLE[1].name, PORTABLE[2].name, PORTABLE[3].name, PORTABLE[4].name];
        &NAMES
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(60 * 60)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, _host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        refuse_moves(record, old)?;
        secrets::take(record)?;
        let portable = of(record)?;
        let properties = &mut record.properties;
        let is_manual = properties.get("resourceProvisioning").and_then(Json::as_str) == Some("manual");
        if is_manual {
            require(portable, properties)?;
        }
        for (name, form, _) in portable.properties {
            properties.entry(*name).or_insert_with(|| match form {
                Text => json!(""),
                Number => json!(0),
                Flag => json!(false),
            });
        }
        for name in ["environment", "application"] {
            properties.entry(name).or_insert_with(|| json!(""));
        }
        properties.entry("resourceProvisioning").or_insert_with(|| json!("recipe"));
        match portable.manual_recipe {
            ManualRecipe::Unnamed if is_manual => drop(properties.insert("recipe".into(), json!({ "name": "" }))),
            ManualRecipe::Hidden if is_manual => drop(properties.shift_remove("recipe")),
            _ => drop(properties.entry("recipe").or_insert_with(|| json!({ "name": "default" }))),
        }
        let status = old.and_then(|old| old.properties.get("status")).cloned();
        properties.insert("status".into(), status.unwrap_or_else(|| json!({})));
        Ok(())
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        let is_manual = record.properties.get("resourceProvisioning").and_then(Json::as_str) == Some("manual");
        if work.verb == Verb::Put {
            forget_empty_parameters(record);
            Environment::load(work.host, record.properties.get("environment")).await?;
            check_application(record)?;
            load_application(work.host, record.properties.get("application")).await?;
        }
        match work.verb {
            Verb::Delete => provision::remove(work, record).await,
            Verb::Put if is_manual => {
                // What a recipe made before is no longer this resource's.
                let step = provision::remove(work, record).await?;
                if step == Step::Done {
                    record.private.journal.clear();
                    record.properties.insert("status".into(), json!({}));
                    complete(record, None)?;
                    outputs::add_referenced(record)?;
                }
                Ok(step)
            }
            Verb::Put => match provision::provision(work, record).await? {
                Provisioned::Simulated => Ok(Step::Done),
                Provisioned::Again(pause) => Ok(Step::Later(pause)),
                Provisioned::By(made) => {
                    outputs::check_resources(&made)?;
                    complete(record, Some(&made.outcome))?;
                    record.properties.insert("status".into(), outputs::status_of_portable(&made));
                    outputs::add_referenced(record)?;
                    provision::settle(work, record, *made).await
                }
            },
        }
    }

    async fn plan(&self, host: &Host, record: &Record) -> Result<Option<Json>, Fault> {
        if record.properties.get("resourceProvisioning").and_then(Json::as_str) == Some("manual") {
            return Ok(None);
        }
        rehearsal::plan(host, record).await
    }

    async fn act(&self, _: &Host, record: &Record, action: &str, _: &Json) -> Result<Option<Json>, Fault> {
        if !action.eq_ignore_ascii_case("listSecrets") {
            return Ok(None);
        }
        Ok(Some(secrets::list(record)))
    }
}

/// Parameters that say nothing are in the answer to the write, as they were written, and in no later one.
fn forget_empty_parameters(record: &mut Record) {
    let recipe = record.properties.get_mut("recipe").and_then(Json::as_object_mut);
    if let Some(recipe) = recipe
        && recipe.get("parameters").and_then(Json::as_object).is_some_and(Map::is_empty)
    {
        recipe.shift_remove("parameters");
    }
}

/// Refuses an application that is no id.
fn check_application(record: &Record) -> Result<(), Fault> {
    let text = record.properties.get("application").and_then(Json::as_str).unwrap_or_default();
    if text.is_empty() || text.starts_with('/') {
        return Ok(());
    }
    Err(Fault::internal(format!("'{text}' is not a valid resource id")))
}

fn of(record: &Record) -> Result<&'static Portable, Fault> {
    let found = PORTABLE.iter().find(|portable| portable.name.eq_ignore_ascii_case(&record.type_name));
    found.ok_or_else(|| Fault::internal(format!("`{}` is no portable type", record.type_name)))
}

fn require(portable: &Portable, properties: &Map<String, Json>) -> Result<(), Fault> {
    let is_missing = |name: &str| match properties.get(name) {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.is_empty(),
        Some(value) => value.as_i64() == Some(0),
    };
    let missing: Vec<String> = portable
        .properties
        .iter()
        .filter(|(name, _, required)| *required && is_missing(name))
        .map(|(name, _, _)| format!("{name} must be specified when resourceProvisioning is set to manual"))
        .collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(Fault::bad_request(one)),
        several => Err(Fault::bad_request(format!("multiple errors were found:\n\t{}", several.join("\n\t")))),
    }
}

/// Completes properties and secrets with what the recipe returned, and with what follows from them.
fn complete(record: &mut Record, outcome: Option<&Outcome>) -> Result<(), Fault> {
    let portable = of(record)?;
    if portable.name == EXTENDER {
        if let Some(outcome) = outcome {
            take_all(record, outcome)?;
        }
        return Ok(());
    }
    let mut kept = secrets::taken(record);
    values::fill(&mut record.properties, portable.properties, &mut kept, portable.secrets, outcome)?;
    secrets::put(record, kept);
    if let Some(port) = portable.tls_port {
        let given = outcome.and_then(|outcome| outcome.values.get("tls")).and_then(Json::as_bool);
        let is_tls = given.unwrap_or_else(|| record.properties.get("port").and_then(Json::as_i64) == Some(port));
        let tls = record.properties.entry("tls").or_insert(Json::Null);
        if values::is_open(tls) {
            *tls = is_tls.into();
        }
    }
    Ok(())
}

/// Gives an extender what its recipe returned, in the place of what its author wrote.
fn take_all(record: &mut Record, outcome: &Outcome) -> Result<(), Fault> {
    if let Some((name, _)) = outcome.secrets.iter().find(|(_, value)| !value.is_string()) {
        return Err(Fault::internal(format!("secret '{name}' must be of type string")));
    }
    let is_common = |name: &str| {
        matches!(name, "environment" | "application" | "recipe" | "resourceProvisioning" | "resources" | "status")
    };
    record.properties.retain(|name, _| is_common(name));
    let returned = outcome.values.iter().filter(|(name, _)| !is_common(name) && *name != "provisioningState");
    record.properties.extend(returned.map(|(name, value)| (name.clone(), value.clone())));
    secrets::put(record, outcome.secrets.clone());
    Ok(())
}
