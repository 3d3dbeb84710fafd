//! What connects to a resource, deployed again.

use serde_json::{Value as Json, json};

use crate::client::Client;
use crate::error::Error;
use crate::output::{Output, text};
use crate::table::Table;

/// Deploys again what connects to a resource, and shows each with what became of it.
///
/// # Errors
/// When one of them cannot be deployed; the others are deployed all the same.
pub async fn redeploy(client: &Client, path: &str, version: &str, wait: bool, output: Output) -> Result<(), Error> {
    let all = ended(client, path, version, wait).await?;
    output.value(&Json::Array(all.clone()), || table(&all))?;
    failures(&all)
}

/// The same beside another result: only tables and messages are written.
///
/// # Errors
/// As [`redeploy`].
pub async fn redeploy_beside(client: &Client, path: &str, version: &str, output: Output) -> Result<(), Error> {
    let all = ended(client, path, version, true).await?;
    for entry in &all {
        output.note(&format!("{} deployed again: {}", text(entry, "/id"), text(entry, "/state")));
    }
    failures(&all)
}

/// Asks for it, and waits for every operation if wanted.
async fn ended(client: &Client, path: &str, version: &str, wait: bool) -> Result<Vec<Json>, Error> {
    let answer = client.post(&format!("{path}/redeployDependents"), version, &json!({})).await?;
    let mut all = answer["value"].as_array().cloned().unwrap_or_default();
    for entry in &mut all {
        let state = match status_path(entry) {
            _ if entry.get("error").is_some() => "Failed",
            Some(status) if wait => match client.wait(&status, text(entry, "/apiVersion")).await {
                Ok(()) => "Succeeded",
                Err(error) => {
                    entry["error"] = json!({ "message": error.to_string() });
                    "Failed"
                }
            },
            Some(_) => "Accepted",
            None => "Succeeded",
        };
        entry["state"] = state.into();
    }
    Ok(all)
}

/// Where the operation that an entry names is watched.
fn status_path(entry: &Json) -> Option<String> {
    let operation = entry["operation"].as_str()?;
    let (scope, rest) = entry["id"].as_str()?.split_once("/providers/")?;
    let plane: Vec<&str> = scope.split('/').take(4).collect();
    let namespace = rest.split('/').next()?;
    Some(format!("{}/providers/{namespace}/locations/global/operationStatuses/{operation}", plane.join("/")))
}

fn table(all: &[Json]) -> Table {
    let mut table = Table::new(["RESOURCE", "STATE"]);
    for entry in all {
        table.row([text(entry, "/id"), text(entry, "/state")]);
    }
    table
}

fn failures(all: &[Json]) -> Result<(), Error> {
    let failed: Vec<&Json> = all.iter().filter(|entry| entry.get("error").is_some()).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    let message = format!("`{}` could not be deployed again: {}", text(first, "/id"), text(first, "/error/message"));
    let error = Error::failed(message);
    Err(match failed.len() {
        1 => error,
        more => error.hint(format!("{more} of {} failed; `-o json` shows why", all.len())),
    })
}
