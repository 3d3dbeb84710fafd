//! Applying and deleting: the engine is brought to what a document says.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    InspectNetworkOptions, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    StopContainerOptionsBuilder,
};
use radii_runtime::Fault;
use radii_runtime::platform::{Object, ObjectRef, Observed};

use crate::document::{self, Document, native_name};
use crate::engine::{Engine, is_absent};
use crate::labels;
use crate::observe;

pub use container::inspect as inspect_container;

mod container;
mod image;
mod settle;

/// Seconds that a container has to end by itself.
const STOP_WITHIN: i32 = 10;

/// Brings one object to what its document says.
pub async fn object(engine: &Engine, object: &Object, ready_within: Duration) -> Result<Observed, Fault> {
    let document: Document = serde_json::from_value(object.body.clone()).map_err(|error| {
        Fault::internal(format!("`{}` is no document of this platform: {error}", object.reference.name))
    })?;
    match document {
        Document::Network(network) => apply_network(engine, &network).await,
        Document::Volume(volume) => apply_volume(engine, &volume).await,
        Document::Container(container) => Box::pin(container::apply(engine, &container, ready_within)).await,
    }
}

/// Makes a network unless it is there; an existing one is used as it is.
async fn apply_network(engine: &Engine, network: &document::Network) -> Result<Observed, Fault> {
    let client = engine.client().await?;
    let doing = format!("create network `{}`", network.name);
    match client.inspect_network(&network.name, None::<InspectNetworkOptions>).await {
        Ok(_) => return Ok(observe::ready("the network is there")),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(engine.explain(&doing, &error)),
    }
    let request = NetworkCreateRequest {
        name: network.name.clone(),
        driver: Some("bridge".to_owned()),
        labels: Some(network.labels.clone().into_iter().collect()),
        ..NetworkCreateRequest::default()
    };
    match client.create_network(request).await {
        Ok(_) => Ok(observe::ready("the network was made")),
        // Somebody was quicker: the engines say so in different ways.
        Err(Error::DockerResponseServerError { status_code: 409, .. }) => Ok(observe::ready("the network is there")),
        Err(Error::DockerResponseServerError { message, .. }) if message.contains("already") => {
            Ok(observe::ready("the network is there"))
        }
        Err(error) => Err(engine.explain(&doing, &error)),
    }
}

/// Makes a volume unless it is there; what an existing one holds is never touched.
async fn apply_volume(engine: &Engine, volume: &document::Volume) -> Result<Observed, Fault> {
    let client = engine.client().await?;
    let doing = format!("create volume `{}`", volume.name);
    match client.inspect_volume(&volume.name).await {
        Ok(_) => return Ok(observe::ready("the volume is there")),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(engine.explain(&doing, &error)),
    }
    let request = VolumeCreateRequest {
        name: Some(volume.name.clone()),
        labels: Some(volume.labels.clone().into_iter().collect()),
        ..VolumeCreateRequest::default()
    };
    match client.create_volume(request).await {
        Ok(_) => Ok(observe::ready("the volume was made")),
        Err(Error::DockerResponseServerError { message, .. }) if message.contains("already") => {
            Ok(observe::ready("the volume is there"))
        }
        Err(error) => Err(engine.explain(&doing, &error)),
    }
}

/// Removes an object. What is gone, and what Radii did not make, is no error and not touched.
pub async fn delete(engine: &Engine, reference: &ObjectRef) -> Result<(), Fault> {
    let client = engine.client().await?;
    let name = native_name(reference);
    match reference.kind.as_str() {
        "network" => delete_network(engine, client, &name).await,
        "volume" => delete_volume(engine, client, &name).await,
        "container" => match container::inspect(engine, client, &name).await? {
            Some(found) if is_ours(observe::labels_of(&found)) => {
                remove_container(engine, client, &name).await?;
                // Recipes' containers join the application's network, which is no object of theirs.
                let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
                let mut networks: Vec<String> = networks.into_keys().collect();
                networks.sort();
                for network in networks {
                    delete_network(engine, client, &network).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        },
        other => Err(Fault::internal(format!("Docker has no objects of kind `{other}`"))),
    }
}

fn is_ours(labels: Option<&HashMap<String, String>>) -> bool {
    labels.and_then(|labels| labels.get(labels::MANAGED_BY)).is_some_and(|by| by == labels::RADII)
}

/// Removes a network that nothing uses any more; one in use belongs to the application's other resources.
async fn delete_network(engine: &Engine, client: &Docker, name: &str) -> Result<(), Fault> {
    let doing = format!("remove network `{name}`");
    match client.inspect_network(name, None::<InspectNetworkOptions>).await {
        Ok(network) if !is_ours(network.labels.as_ref()) => return Ok(()),
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(engine.explain(&doing, &error)),
    }
    match client.remove_network(name).await {
        Ok(()) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(Error::DockerResponseServerError { message, .. })
            if ["being used", "in use", "active endpoints"].iter().any(|words| message.contains(words)) =>
        {
            tracing::debug!("network `{name}` stays: other resources use it");
            Ok(())
        }
        Err(error) => Err(engine.explain(&doing, &error)),
    }
}

async fn delete_volume(engine: &Engine, client: &Docker, name: &str) -> Result<(), Fault> {
    let doing = format!("remove volume `{name}`");
    match client.inspect_volume(name).await {
        Ok(volume) if !is_ours(Some(&volume.labels)) => return Ok(()),
        Ok(volume) if volume.labels.get(labels::RETAIN).is_some_and(|retain| retain == "true") => return Ok(()),
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(engine.explain(&doing, &error)),
    }
    match client.remove_volume(name, None::<RemoveVolumeOptions>).await {
        Ok(()) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(engine.explain(&doing, &error)),
    }
}

/// Removes a container, after those that share its network name space: engines refuse the other order.
async fn remove_container(engine: &Engine, client: &Docker, name: &str) -> Result<(), Fault> {
    let sharing = HashMap::from([("label".to_owned(), vec![format!("{}={name}", labels::SHARES)])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&sharing).build();
    let dependents = client
        .list_containers(Some(options))
        .await
        .map_err(|error| engine.explain(&format!("list the containers that depend on `{name}`"), &error))?;
    for id in dependents.into_iter().filter_map(|dependent| dependent.id) {
        remove_one(engine, client, &id).await?;
    }
    remove_one(engine, client, name).await
}

async fn remove_one(engine: &Engine, client: &Docker, name: &str) -> Result<(), Fault> {
    let stop = StopContainerOptionsBuilder::default().t(STOP_WITHIN).build();
    match client.stop_container(name, Some(stop)).await {
        Ok(()) => {}
        Err(error) if is_absent(&error) => return Ok(()),
        // One that does not run, or does not stop, is removed by force below.
        Err(error) => tracing::debug!("container `{name}` was not stopped: {error}"),
    }
    let force = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match client.remove_container(name, Some(force)).await {
        Ok(()) => Ok(()),
        Err(error) if is_absent(&error) => Ok(()),
        Err(error) => Err(engine.explain(&format!("remove container `{name}`"), &error)),
    }
}
