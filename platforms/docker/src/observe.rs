//! Observing: what the engine says about an object.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum as Status};
use bollard::query_parameters::InspectNetworkOptions;
use radii_runtime::Fault;
use radii_runtime::platform::{Health, ObjectRef, Observed};

use crate::apply::inspect_container;
use crate::document::native_name;
use crate::engine::{Engine, is_absent};
use crate::labels;

/// Looks at an object.
pub async fn object(engine: &Engine, reference: &ObjectRef) -> Result<Observed, Fault> {
    let client = engine.client().await?;
    let name = native_name(reference);
    let found = match reference.kind.as_str() {
        "container" => {
            return Ok(inspect_container(engine, client, &name).await?.as_ref().map_or_else(absent, container));
        }
        "network" => client.inspect_network(&name, None::<InspectNetworkOptions>).await.map(|_| ()),
        "volume" => client.inspect_volume(&name).await.map(|_| ()),
        other => return Err(Fault::internal(format!("Docker has no objects of kind `{other}`"))),
    };
    match found {
        Ok(()) => Ok(ready("it is there")),
        Err(error) if is_absent(&error) => Ok(absent()),
        Err(error) => Err(engine.explain(&format!("look at {} `{name}`", reference.kind), &error)),
    }
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It runs; `since` names the start.
    Running {
        /// When it was started, as the engine writes it.
        since: String,
    },
    /// It ended.
    Ended {
        /// What it ended with.
        code: i64,
    },
    /// It was created, or is between two states.
    Starting,
}

/// Returns what a container does.
pub fn phase(found: &ContainerInspectResponse) -> Phase {
    let Some(state) = &found.state else { return Phase::Starting };
    match state.status {
        Some(Status::RUNNING | Status::PAUSED) => {
            Phase::Running { since: state.started_at.clone().unwrap_or_default() }
        }
        Some(Status::EXITED | Status::DEAD | Status::RESTARTING) => {
            Phase::Ended { code: state.exit_code.unwrap_or_default() }
        }
        _ => Phase::Starting,
    }
}

/// The labels that a container was made with.
pub fn labels_of(found: &ContainerInspectResponse) -> Option<&HashMap<String, String>> {
    found.config.as_ref()?.labels.as_ref()
}

fn container(found: &ContainerInspectResponse) -> Observed {
    let restart = found.host_config.as_ref().and_then(|host| host.restart_policy.as_ref()?.name);
    let keeps = restart.is_some_and(|name| name.to_string() == "always" || name.to_string() == "unless-stopped");
    let (health, message) = match phase(found) {
        Phase::Running { since } => (Health::Ready, format!("running since {since}")),
        Phase::Ended { code: 0 } if !keeps => (Health::Ready, "ended with 0".to_owned()),
        Phase::Ended { code } => (Health::Failed, format!("ended with code {code}")),
        Phase::Starting => (Health::Progressing, "starting".to_owned()),
    };
    Observed { health, message, endpoints: endpoints(found) }
}

/// Returns where named ports are reached, from the labels that rendering left.
pub fn endpoints(found: &ContainerInspectResponse) -> BTreeMap<String, String> {
    let published: HashMap<&str, &str> = found
        .network_settings
        .iter()
        .flat_map(|settings| settings.ports.iter().flatten())
        .filter_map(|(key, bindings)| Some((key.as_str(), bindings.as_ref()?.first()?.host_port.as_deref()?)))
        .collect();
    labels_of(found)
        .into_iter()
        .flatten()
        .filter_map(|(label, value)| {
            let name = label.strip_prefix(labels::PORT)?;
            let (scheme, key) = value.split_once(':')?;
            Some((name.to_owned(), format!("{scheme}://127.0.0.1:{}", published.get(key)?)))
        })
        .collect()
}

/// Something that is there works.
pub fn ready(message: &str) -> Observed {
    Observed { health: Health::Ready, message: message.to_owned(), endpoints: BTreeMap::new() }
}

fn absent() -> Observed {
    Observed { health: Health::Absent, message: "it is not there".to_owned(), endpoints: BTreeMap::new() }
}
