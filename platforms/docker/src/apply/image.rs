//! Images are pulled as the pull policy says.

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use radii_runtime::Fault;
use radii_runtime::platform::Pull;
use serde_json::Value as Json;

use crate::document::Container;
use crate::engine::{Engine, explain_image, is_absent};

/// Makes sure that a container's image is there, and returns the image's id.
pub async fn ensure(engine: &Engine, client: &Docker, document: &Container) -> Result<String, Fault> {
    let image = document.create.get("Image").and_then(Json::as_str).unwrap_or_default();
    if image.is_empty() {
        return Err(Fault::bad_request(format!("container `{}` names no image", document.name)));
    }
    match (document.pull, find(engine, client, image).await?) {
        (Pull::Usual | Pull::IfNotPresent | Pull::Never, Some(id)) => return Ok(id),
        (Pull::Never, None) => return Err(explain_image(image, Pull::Never, "the engine does not have it")),
        (Pull::Always, _) | (Pull::Usual | Pull::IfNotPresent, None) => {
            pull(engine, client, image, document.pull).await?
        }
    }
    find(engine, client, image)
        .await?
        .ok_or_else(|| explain_image(image, document.pull, "the engine does not have it after pulling"))
}

async fn find(engine: &Engine, client: &Docker, image: &str) -> Result<Option<String>, Fault> {
    match client.inspect_image(image).await {
        Ok(found) => Ok(Some(found.id.unwrap_or_default())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(engine.explain(&format!("look at image `{image}`"), &error)),
    }
}

async fn pull(engine: &Engine, client: &Docker, image: &str, policy: Pull) -> Result<(), Fault> {
    tracing::info!("Pulling image `{image}`");
    let (name, tag) = split(image);
    let options = CreateImageOptionsBuilder::default().from_image(name).tag(tag).build();
    let mut progress = client.create_image(Some(options), None, None);
    while let Some(step) = progress.next().await {
        match step {
            Ok(_) => {}
            Err(Error::DockerStreamError { error }) => return Err(explain_image(image, policy, &error)),
            Err(Error::DockerResponseServerError { message, .. }) => {
                return Err(explain_image(image, policy, &message));
            }
            Err(error) => return Err(engine.explain(&format!("pull image `{image}`"), &error)),
        }
    }
    Ok(())
}

/// Splits an image reference into name and tag. Without a tag it is `latest`: engines would pull every tag.
fn split(image: &str) -> (&str, &str) {
    if image.contains('@') {
        return (image, "");
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_registry_port_is_no_tag() {
        assert_eq!(split("localhost:5000/a/b"), ("localhost:5000/a/b", "latest"));
        assert_eq!(split("localhost:5000/a/b:1"), ("localhost:5000/a/b", "1"));
        assert_eq!(split("nginx"), ("nginx", "latest"));
        assert_eq!(split("nginx@sha256:00"), ("nginx@sha256:00", ""));
    }
}
