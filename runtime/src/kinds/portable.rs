//! Portable resources: databases, caches and queues that a recipe makes or that the author describes.

use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::provision::{self, Provisioned};
use super::{outputs, refuse_moves, secrets, shape};
use crate::Fault;
use crate::environment::Environment;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::{Record, Verb};

/// The JSON type of a property.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    Flag,
}

use Form::{Flag, Number, Text};

/// A type with its own properties; those marked must be given when the author describes the resource.
struct Portable {
    name: &'static str,
    properties: &'static [(&'static str, Form, bool)],
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
        manual_recipe: ManualRecipe::Hidden,
    },
    Portable { name: "Applications.Core/extenders", properties: &[], manual_recipe: ManualRecipe::Default },
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
            Environment::load(work.host, record.properties.get("environment")).await?;
            check_application(record)?;
        }
        match work.verb {
            Verb::Delete => provision::remove(work, record).await,
            Verb::Put if is_manual => {
                // What a recipe made before is no longer this resource's.
                let step = provision::remove(work, record).await?;
                if step == Step::Done {
                    record.private.journal.clear();
                    record.properties.insert("status".into(), described(record)?);
                    complete_tls(record);
                }
                Ok(step)
            }
            Verb::Put => match provision::provision(work, record).await? {
                Provisioned::Simulated => Ok(Step::Done),
                Provisioned::Again(pause) => Ok(Step::Later(pause)),
                Provisioned::By(made) => {
                    outputs::check_resources(&made)?;
                    record.properties.insert("status".into(), outputs::status(&made));
                    take_values(record)?;
                    secrets::keep(record, &made.outcome.secrets);
                    provision::settle(work, record, *made).await
                }
            },
        }
    }

    async fn act(&self, _: &Host, record: &Record, action: &str, _: &Json) -> Result<Option<Json>, Fault> {
        if !action.eq_ignore_ascii_case("listSecrets") {
            return Ok(None);
        }
        Ok(Some(secrets::list(record)))
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

/// The status of a resource that its author describes: what it stands for elsewhere, which is not ours.
fn described(record: &Record) -> Result<Json, Fault> {
    let given = record.properties.get("resources").and_then(Json::as_array).into_iter().flatten();
    let mut outputs = Vec::new();
    for id in given.filter_map(|resource| resource["id"].as_str()) {
        if !id.starts_with('/') {
            return Err(Fault::internal(format!("resource id \"{id}\" is invalid")));
        }
        outputs.push(json!({ "id": id, "radiusManaged": false }));
    }
    Ok(if outputs.is_empty() { json!({}) } else { json!({ "outputResources": outputs }) })
}

/// The usual port of encrypted connections to a cache says that they are encrypted.
fn complete_tls(record: &mut Record) {
    const ENCRYPTED: i64 = 6380;
    if record.properties.get("port").and_then(Json::as_i64) == Some(ENCRYPTED) && record.properties.contains_key("tls")
    {
        record.properties.insert("tls".into(), true.into());
    }
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

/// Copies the recipe's values to the type's own properties.
fn take_values(record: &mut Record) -> Result<(), Fault> {
    let portable = of(record)?;
    let status = record.properties.get("status");
    let values = status.and_then(|status| status.get("computedValues")).and_then(Json::as_object).cloned();
    for (name, form, _) in portable.properties {
        let Some(value) = values.as_ref().and_then(|values| values.get(*name)) else { continue };
        let (fits, wanted) = match form {
            Text => (value.is_string(), "string"),
            Number => (value.is_i64() || value.is_u64(), "int32"),
            Flag => (value.is_boolean(), "bool"),
        };
        if !fits {
            let message = format!(
                "the connection value \"{name}\" provided by the recipe is expected to be a {wanted}, got {value}"
            );
            return Err(Fault::new(400, code::INVALID_RECIPE_OUTPUTS, message));
        }
        record.properties.insert((*name).to_owned(), value.clone());
    }
    Ok(())
}
