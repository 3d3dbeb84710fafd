//! `rad recipe show`

use serde_json::{Value as Json, json};

use super::{Which, document, table};
use crate::client::{Client, NATIVE_VERSION};
use crate::error::Error;
use crate::output::{Output, text};
use crate::table::Table;
use crate::workspace::Workspace;

/// Prints a recipe and its parameters.
pub async fn run(args: &Which, workspace: &Workspace, client: &Client, output: Output) -> Result<(), Error> {
    let environment = args.place.resolve(workspace)?;
    let body = json!({"resourceType": args.resource_type, "name": args.name});
    let metadata = client.post(&format!("{}/getMetadata", environment.path), NATIVE_VERSION, &body).await?;
    let recipe = document(&args.name, &args.resource_type, &metadata);
    let parameters = parameters(&metadata);
    let mut rows = Table::new(["PARAMETER", "TYPE", "DEFAULT VALUE", "VALUE", "MIN", "MAX"]);
    for parameter in &parameters {
        let cell = |key: &str| shown(&parameter[key]);
        rows.row([
            text(parameter, "/name"),
            text(parameter, "/type"),
            &cell("defaultValue"),
            &cell("value"),
            &cell("minValue"),
            &cell("maxValue"),
        ]);
    }
    let summary = table(std::slice::from_ref(&recipe));
    output.values(vec![(recipe, summary), (parameters.into(), rows)])
}

fn parameters(metadata: &Json) -> Vec<Json> {
    let parameters = metadata.get("parameters").and_then(Json::as_object);
    let mut parameters: Vec<Json> = parameters
        .into_iter()
        .flatten()
        .map(|(name, parameter)| {
            let mut row = json!({"name": name, "type": text(parameter, "/type")});
            // Scripts find every field: what is not there is a dash, and limits are texts.
            for key in ["defaultValue", "value"] {
                row[key] = parameter.get(key).filter(|value| !value.is_null()).cloned().unwrap_or("-".into());
            }
            for key in ["minValue", "maxValue"] {
                row[key] = shown(&parameter[key]).into();
            }
            row
        })
        .collect();
    parameters.sort_by_key(|parameter| text(parameter, "/name").to_owned());
    parameters
}

fn shown(value: &Json) -> String {
    match value {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
