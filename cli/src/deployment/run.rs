//! Starting a deployment, following it, and reading what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use radii_model::ResourceId;
use serde_json::{Value as Json, json};

use crate::client::Client;
use crate::error::Error;
use crate::output::{Output, stderr_is_terminal, text};

/// The API version of deployments.
const API_VERSION: &str = "2020-10-01";
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

/// What was already said about each resource.
struct Progress {
    bar: ProgressBar,
    output: Output,
    said: BTreeMap<String, &'static str>,
}

impl Progress {
    fn new(output: Output) -> Self {
        let moving = stderr_is_terminal() && !output.quiet;
        let bar = if moving { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if moving {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_message("Deployment in progress...");
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, output, said: BTreeMap::new() }
    }

    /// Says what changed; that it cannot be asked is no failure of the deployment.
    async fn look(&mut self, client: &Client, path: &str) {
        let Ok(operations) = client.list(&format!("{path}/operations"), API_VERSION).await else { return };
        for operation in &operations {
            let id = text(operation, "/properties/targetResource/id");
            if id.is_empty() {
                continue;
            }
            let state = match text(operation, "/properties/provisioningState").to_ascii_lowercase().as_str() {
                "succeeded" => "Completed",
                "failed" => "Failed",
                "canceled" | "cancelled" => "Canceled",
                _ => "In progress",
            };
            if self.said.insert(id.to_owned(), state) != Some(state) {
                let (name, kind) = name_and_type(id);
                let line = format!("{state:<12} {name:<20} {kind}");
                self.bar.suspend(|| self.output.note(&line));
            }
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
