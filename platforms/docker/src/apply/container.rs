//! Containers are kept while what they were made from stays the same, and made anew when it changes.

use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse};
use bollard::query_parameters::{CreateContainerOptionsBuilder, InspectContainerOptions, StartContainerOptions};
use radii_runtime::Fault;
use radii_runtime::platform::{Observed, Pull};
use serde_json::Value as Json;

use super::settle::{self, Start};
use super::{apply_network, image, remove_container};
use crate::document::{Container, Role};
use crate::engine::{Engine, is_absent};
use crate::labels;
use crate::observe::{Phase, labels_of, phase};

/// How often an inspection is repeated that cannot be read, and the pause between: Podman reports states on
/// the way from one to the next that the Engine API does not have.
const UNREADABLE: (u32, Duration) = (50, Duration::from_millis(100));

/// Brings a container to its document and waits until it works, or cannot.
pub async fn apply(engine: &Engine, document: &Container, ready_within: Duration) -> Result<Observed, Fault> {
    let client = engine.client().await?;
    let name = &document.name;
    let image = image::ensure(engine, client, document).await?;
    let start = match inspect(engine, client, name).await? {
        Some(found) => {
            check_owner(document, &found)?;
            if is_current(engine, client, document, &found, &image).await? {
                resume(engine, client, document, &found).await?
            } else {
                remove_container(engine, client, name).await?;
                make(engine, client, document).await?
            }
        }
        None => make(engine, client, document).await?,
    };
    settle::wait(engine, client, document, start, ready_within).await
}

/// Looks at a container; `None` when there is none.
pub async fn inspect(engine: &Engine, client: &Docker, name: &str) -> Result<Option<ContainerInspectResponse>, Fault> {
    let (times, pause) = UNREADABLE;
    let mut tries = 0;
    loop {
        match client.inspect_container(name, None::<InspectContainerOptions>).await {
            Ok(found) => return Ok(Some(found)),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(Error::JsonDataError { .. }) if tries < times => {
                tries += 1;
                tokio::time::sleep(pause).await;
            }
            Err(error) => return Err(engine.explain(&format!("look at container `{name}`"), &error)),
        }
    }
}

/// Refuses to touch a container of somebody else.
fn check_owner(document: &Container, found: &ContainerInspectResponse) -> Result<(), Fault> {
    let existing = labels_of(found);
    let label = |key: &str| existing.and_then(|labels| labels.get(key)).map(String::as_str);
    let name = &document.name;
    if label(labels::MANAGED_BY) != Some(labels::RADII) {
        return Err(Fault::conflict(format!(
            "container `{name}` exists and is not managed by Radii; remove it (`docker rm -f {name}`), or rename the resource"
        )));
    }
    match (label(labels::RESOURCE_ID), wanted_label(document, labels::RESOURCE_ID)) {
        (Some(theirs), Some(ours)) if theirs != ours => Err(Fault::conflict(format!(
            "container `{name}` belongs to resource {theirs}; rename one of the two resources"
        ))),
        _ => Ok(()),
    }
}

fn wanted_label<'a>(document: &'a Container, key: &str) -> Option<&'a str> {
    document.create.get("Labels")?.get(key).and_then(Json::as_str)
}

/// Whether an existing container is what the document describes.
async fn is_current(
    engine: &Engine,
    client: &Docker,
    document: &Container,
    found: &ContainerInspectResponse,
    image: &str,
) -> Result<bool, Fault> {
    let hash = labels_of(found).and_then(|labels| labels.get(labels::RENDERED_HASH)).map(String::as_str);
    if hash.is_none() || hash != wanted_label(document, labels::RENDERED_HASH) {
        return Ok(false);
    }
    // `Always` means the newest image behind the name, which may be another one since.
    if document.pull == Pull::Always && found.image.as_deref() != Some(image) {
        return Ok(false);
    }
    let Role::SidecarOf(main) = &document.role else { return Ok(true) };
    let mode = found.host_config.as_ref().and_then(|host| host.network_mode.as_deref()).unwrap_or_default();
    // Only Docker says whose network name space it is; one of a container that is gone is of no use.
    let Some(shared) = mode.strip_prefix("container:") else { return Ok(true) };
    let current = inspect(engine, client, main).await?.and_then(|main| main.id);
    Ok(current.is_none_or(|id| id == shared || main == shared))
}

/// Starts what is kept but does not run, unless it ended well and may.
async fn resume(
    engine: &Engine,
    client: &Docker,
    document: &Container,
    found: &ContainerInspectResponse,
) -> Result<Start, Fault> {
    match phase(found) {
        Phase::Running { .. } => Ok(Start::Before),
        Phase::Ended { code: 0 } if document.role == Role::Init || settle::may_end(document) => Ok(Start::Before),
        Phase::Ended { .. } | Phase::Starting => {
            start(engine, client, &document.name).await?;
            Ok(Start::Now)
        }
    }
}

/// Creates and starts a container.
async fn make(engine: &Engine, client: &Docker, document: &Container) -> Result<Start, Fault> {
    let name = &document.name;
    // The last other resource of the network may be deleted at any moment, and the network with it.
    for last in [false, true] {
        apply_network(engine, &document.network).await?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        match client.create_container(Some(options), create_body(document)?).await {
            Ok(_) => break,
            Err(Error::DockerResponseServerError { message, .. }) if !last && message.contains("network") => {}
            Err(error) => return Err(engine.explain(&format!("create container `{name}`"), &error)),
        }
    }
    if let Err(fault) = start(engine, client, name).await {
        // What could not start holds the host ports that it was given; the next attempt asks for new ones.
        remove_container(engine, client, name).await?;
        return Err(fault);
    }
    Ok(Start::Now)
}

async fn start(engine: &Engine, client: &Docker, name: &str) -> Result<(), Fault> {
    client
        .start_container(name, None::<StartContainerOptions>)
        .await
        .map_err(|error| engine.explain(&format!("start container `{name}`"), &error))
}

/// Returns the engine's create body, with the secret variables that documents keep apart.
fn create_body(document: &Container) -> Result<ContainerCreateBody, Fault> {
    let mut body: ContainerCreateBody = serde_json::from_value(Json::Object(document.create.clone()))
        .map_err(|error| Fault::internal(format!("the create body of `{}` is none: {error}", document.name)))?;
    let secrets = document.secret_env.iter().map(|(name, value)| format!("{name}={value}"));
    body.env.get_or_insert_default().extend(secrets);
    Ok(body)
}
