//! Starting a deployment, following it, and reading what came of it.

use std::time::Duration;

use radii_model::ResourceId;
use serde_json::{Value as Json, json};

use super::progress::Progress;
use crate::client::Client;
use crate::error::Error;
use crate::output::{Output, text};

/// The API version of deployments.
pub(super) const API_VERSION: &str = "2020-10-01";
/// How often the single operations are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a deployment made.
#[derive(Debug)]
pub struct Deployed {
    /// Its name.
    pub name: String,
    /// The ids of its resources.
    pub resources: Vec<String>,
    /// Its outputs: `{name: {type, value}}`.
    pub outputs: Json,
}

impl Deployed {
    /// The shape for programs.
    pub fn document(&self) -> Json {
        let resources: Vec<Json> = self
            .resources
            .iter()
            .map(|id| {
                let (name, kind) = name_and_type(id);
                json!({"id": id, "name": name, "type": kind})
            })
            .collect();
        json!({"name": self.name, "resources": resources, "outputs": self.outputs})
    }

    /// Returns the outputs that may be shown.
    pub fn public_outputs(&self) -> Vec<(String, String)> {
        let outputs = self.outputs.as_object().into_iter().flatten();
        outputs
            .filter(|(_, output)| !text(output, "/type").to_ascii_lowercase().starts_with("secure"))
            .map(|(name, output)| {
                let value = &output["value"];
                (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect()
    }
}

/// Returns the name and the type that an id tells.
pub fn name_and_type(id: &str) -> (String, String) {
    match id.parse::<ResourceId>() {
        Ok(parsed) => {
            let kind = parsed.resource_type().map(|kind| kind.to_string()).unwrap_or_default();
            (parsed.name().unwrap_or_default().to_owned(), kind)
        }
        Err(_) => (id.to_owned(), String::new()),
    }
}

/// Deploys and waits until the deployment has ended; progress goes to standard error.
pub async fn run(client: &Client, scope: &str, body: &Json, output: Output) -> Result<Deployed, Error> {
    let name = format!("rad-deploy-{}", uuid::Uuid::new_v4());
    let path = format!("{scope}/providers/Microsoft.Resources/deployments/{name}");
    let mut progress = Progress::new(output);
    let deployment = client.put(&path, API_VERSION, body);
    tokio::pin!(deployment);
    let outcome = loop {
        tokio::select! {
            outcome = &mut deployment => break outcome,
            () = tokio::time::sleep(LOOK_EVERY) => progress.look(client, &path).await,
        }
    };
    progress.look(client, &path).await;
    progress.finish();
    let deployment = outcome?;
    let resources = deployment.pointer("/properties/outputResources").and_then(Json::as_array);
    Ok(Deployed {
        name,
        resources: resources.into_iter().flatten().map(|resource| text(resource, "/id").to_owned()).collect(),
        outputs: deployment
            .pointer("/properties/outputs")
            .filter(|outputs| outputs.is_object())
            .cloned()
            .unwrap_or(json!({})),
    })
}

/// Asks what a deployment would change; nothing is changed.
pub async fn what_if(client: &Client, scope: &str, body: &Json) -> Result<Json, Error> {
    let path = format!("{scope}/providers/Microsoft.Resources/deployments/rad-deploy-{}", uuid::Uuid::new_v4());
    Ok(client.post(&format!("{path}/whatIf"), API_VERSION, body).await?)
}
