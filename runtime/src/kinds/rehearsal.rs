//! What executing the recipe of a resource would change: asked for by dry runs.

use std::time::Duration;

use async_trait::async_trait;
use radii_model::TypeName;
use serde_json::{Value as Json, json};

use super::provision::{RECIPE, find_driver};
use crate::Fault;
use crate::context;
use crate::environment::{Environment, target_of};
use crate::fault::code;
use crate::host::Host;
use crate::platform::ObjectRef;
use crate::recipe::{Cancel, Journal, Run, Settings, Surroundings, veil};
use crate::store::Record;

/// How long a plan may take; whoever asks waits for it.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Returns `{kind, path, changes}`, or `{kind, path, error}`; `None` where no recipe would run or its kind cannot tell.
///
/// # Errors
/// When the recipe cannot be found, or what it would be told is not known.
pub(super) async fn plan(host: &Host, record: &Record) -> Result<Option<Json>, Fault> {
    let environment = Environment::load(host, record.properties.get("environment")).await?;
    if environment.is_simulated() {
        return Ok(None);
    }
    let type_name: TypeName = record.type_name.parse().map_err(|_| Fault::internal("the record has no type"))?;
    let recipe = environment.find_recipe(host, &type_name, record.properties.get(RECIPE)).await?;
    let target = target_of(host, &environment, record).await?;
    let told = context::of(host, &environment, &target, record).await?;
    let settings = Settings::load(host, &crate::recipe::written(host, &environment).await?, &recipe).await?;
    let driver = find_driver(host, &recipe)?;
    let (resource, cancel) = (record.id.to_string(), Cancel::default());
    let mut hidden = veil::hidden(&told.whole, &told.shown);
    hidden.extend(settings.secrets().map(str::to_owned));
    let run = Run {
        recipe: &recipe,
        context: &told.whole,
        shown: &told.shown,
        target: &target,
        platform: host.platform(target.kind).map(|platform| &**platform),
        journal: &Unwritten,
        previous: record.private.recipe.as_ref().map(|old| &old.state),
        unfinished: None,
        around: Surroundings {
            resource: &resource,
            operation: host.parts.ids.next(),
            settings: &settings,
            states: host.parts.states.as_deref(),
            deployments: host,
            cancel: &cancel,
            hidden: &hidden,
        },
    };
    let planned = tokio::time::timeout(LIMIT, driver.plan(run)).await;
    let mut shown = json!({ "kind": recipe.kind, "path": recipe.path });
    match planned {
        Ok(Ok(changes)) => shown["changes"] = changes.into(),
        Ok(Err(fault)) if fault.code == code::PLATFORM_UNSUPPORTED => return Ok(None),
        Ok(Err(fault)) => {
            shown["error"] = json!(veil::over(fault, &hidden));
        }
        Err(_) => {
            let message = format!("planning the recipe took longer than {} s", LIMIT.as_secs());
            shown["error"] = json!(Fault::new(500, code::CANCELED, message));
        }
    }
    Ok(Some(shown))
}

/// The journal of what is not applied.
struct Unwritten;

#[async_trait]
impl Journal for Unwritten {
    async fn record(&self, _: &[ObjectRef]) -> Result<(), Fault> {
        Err(Fault::internal("a plan applies nothing"))
    }
}
