//! `rad environment show`

use serde_json::{Value as Json, json};

use super::Found;
use crate::client::Client;
use crate::error::Error;
use crate::flavour::Flavour;
use crate::output::{Output, resource_table, sorted, text};
use crate::table::Table;
use crate::workspace::last_segment;

/// Prints an environment; one of Radius.Core with its providers and the recipes of its packs.
pub async fn run(found: &Found, client: &Client, output: Output) -> Result<(), Error> {
    let environment = found.load(client).await?;
    let mut parts = vec![(sorted(&environment), resource_table([&environment]))];
    if found.flavour == Flavour::Radius {
        parts.extend(providers(&environment));
        parts.extend(recipes(&environment, client).await?);
    }
    output.values(parts)
}

/// The providers as a document and a table; nothing when there are none.
fn providers(environment: &Json) -> Option<(Json, Table)> {
    let known = [
        ("azure", ["subscriptionId", "resourceGroupName"].as_slice()),
        ("aws", &["accountId", "region"]),
        ("kubernetes", &["namespace"]),
    ];
    let mut rows = Vec::new();
    let mut table = Table::new(["PROVIDER", "PROPERTIES"]);
    for (name, keys) in known {
        let Some(provider) = environment.pointer(&format!("/properties/providers/{name}")) else { continue };
        let said = |key: &&str| Some(format!("{key}: '{}'", provider.get(*key)?.as_str()?));
        let properties = keys.iter().filter_map(said).collect::<Vec<_>>().join(", ");
        table.row([name, &properties]);
        rows.push(json!({"Provider": name, "Properties": properties}));
    }
    (!rows.is_empty()).then(|| (rows.into(), table))
}

/// The recipes of all packs as a document and a table; nothing when there are none.
async fn recipes(environment: &Json, client: &Client) -> Result<Option<(Json, Table)>, Error> {
    let packs = environment.pointer("/properties/recipePacks").and_then(Json::as_array);
    let mut rows = Vec::new();
    for id in packs.into_iter().flatten().filter_map(Json::as_str) {
        // A pack that is gone has no recipes.
        let Some(pack) = client.find(id, Flavour::Radius.api_version()).await? else { continue };
        for (kind, recipe) in pack.pointer("/properties/recipes").and_then(Json::as_object).into_iter().flatten() {
            rows.push(json!({
                "RecipePack": last_segment(id),
                "ResourceType": kind,
                "Kind": text(recipe, "/kind"),
                "Source": text(recipe, "/source"),
            }));
        }
    }
    rows.sort_by_key(|row| (text(row, "/RecipePack").to_owned(), text(row, "/ResourceType").to_owned()));
    let mut table = Table::new(["RECIPE PACK", "RESOURCE TYPE", "RECIPE KIND", "RECIPE SOURCE"]);
    for row in &rows {
        table.row(["/RecipePack", "/ResourceType", "/Kind", "/Source"].map(|key| text(row, key)));
    }
    Ok((!rows.is_empty()).then(|| (rows.into(), table)))
}
