//! The recipe pack of environments that name none: recipes of the built-in types, for Kubernetes.

use serde_json::{Map, Value as Json, json};

use crate::client::{Client, NATIVE_VERSION};
use crate::error::Error;
use crate::flavour::Flavour;
use crate::workspace::group_scope;

/// Group and name of the pack.
const NAME: &str = "default";
/// Where the recipes are published.
const REGISTRY: &str = "ghcr.io/radius-project/kube-recipes";
/// What a recipe's newest version is called there.
const TAG: &str = "edge";
/// The types that have a published recipe.
const TYPES: [&str; 5] = [
    "Radius.Compute/containers",
    "Radius.Compute/persistentVolumes",
    "Radius.Compute/routes",
    "Radius.Data/mySqlDatabases",
    "Radius.Security/secrets",
];

/// Returns the id of the pack, which is created with its group when it is not there.
pub async fn find_or_create(client: &Client) -> Result<String, Error> {
    let scope = group_scope(NAME);
    if client.find(&scope, NATIVE_VERSION).await?.is_none() {
        client.put(&scope, NATIVE_VERSION, &json!({"location": "global"})).await?;
    }
    let id = format!("{scope}/providers/Radius.Core/recipePacks/{NAME}");
    let version = Flavour::Radius.api_version();
    if client.find(&id, version).await?.is_none() {
        let body = json!({"location": "global", "properties": {"recipes": recipes()}});
        client.put(&id, version, &body).await?;
    }
    Ok(id)
}

fn recipes() -> Map<String, Json> {
    TYPES.iter().map(|kind| ((*kind).to_owned(), recipe(kind))).collect()
}

fn recipe(kind: &str) -> Json {
    let name = kind.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let mut recipe = json!({"kind": "bicep", "source": format!("{REGISTRY}/{name}:{TAG}")});
    if name == "routes" {
        // The gateway that an installation of Radius brings.
        recipe["parameters"] = json!({"gatewayName": "radius", "gatewayNamespace": "radius-system"});
    }
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_recipe_of_its_name() {
        let recipes = recipes();
        assert_eq!(recipes.len(), TYPES.len());
        let source = &recipes["Radius.Data/mySqlDatabases"]["source"];
        assert_eq!(source, "ghcr.io/radius-project/kube-recipes/mysqldatabases:edge");
        assert_eq!(recipes["Radius.Compute/routes"]["parameters"]["gatewayName"], "radius");
    }
}
