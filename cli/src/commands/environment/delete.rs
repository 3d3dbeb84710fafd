//! `rad environment delete`

use serde_json::Value as Json;

use super::Which;
use crate::client::{Client, Deleted};
use crate::confirm::{self, Answer};
use crate::error::Error;
use crate::output::{Output, text};
use crate::registry::{delete_all, list_resources, refers_to};
use crate::workspace::Workspace;

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
}

/// Deletes what stands in the environment, then the environment.
pub async fn run(args: Args, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let found = args.which.resolve(workspace)?;
    let Some(environment) = client.find(&found.id, found.flavour.api_version()).await? else {
        return output.done(&format!("{} not found", found.display()));
    };
    let id = text(&environment, "/id");
    let scope = id.split("/providers/").next().unwrap_or_default();
    let applications = format!("{scope}/providers/{}/applications", found.flavour.namespace());
    let mut applications = client.list(&applications, found.flavour.api_version()).await?;
    applications.retain(|application| refers_to(application, "environment", id));
    let in_environment = |resource: &Json| {
        let application = |application: &Json| refers_to(resource, "application", text(application, "/id"));
        refers_to(resource, "environment", id) || applications.iter().any(application)
    };
    let mut resources = list_resources(client, scope).await?;
    resources.retain(in_environment);
    let question = match applications.len() + resources.len() {
        0 => format!("Delete the empty environment '{}'?", found.name),
        _ => format!(
            "Delete the environment '{}' with {} application(s) and {} resource(s)?",
            found.name,
            applications.len(),
            resources.len()
        ),
    };
    if confirm::ask(&question, args.yes)? == Answer::No {
        return Ok(());
    }
    for resource in resources.iter().chain(&applications) {
        output.note(&format!("Deleting {}...", text(resource, "/id")));
    }
    delete_all(client, &resources, "").await?;
    delete_all(client, &applications, "").await?;
    match client.delete(&found.id, found.flavour.api_version()).await? {
        Deleted::Gone => output.done(&format!("{} deleted", found.display())),
        Deleted::Absent => output.done(&format!("{} not found", found.display())),
    }
}
