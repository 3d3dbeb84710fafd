//! What Azure alone knows. Where no Azure scope is configured, these say so.

use serde_json::{Value as Json, json};

use super::super::expression::{Evaluator, Expr, Stop};
use super::resource::texts;
use super::{ANY, Function, special};

pub(super) const TABLE: &[Function] = &[
    special("environment", 0, 0, |_, _, _| Ok(environment())),
    special("subscription", 0, 0, subscription),
    special("tenant", 0, 0, |_, _, _| Ok(json!({ "tenantId": TENANT, "displayName": "", "countryCode": "" }))),
    special("managementGroup", 0, 1, management_group),
    special("managementGroupResourceId", 2, ANY, management_group_id),
    special("deployer", 0, 0, unknown),
    special("pickZones", 3, 5, unknown),
    special("providers", 1, 2, unknown),
    special("roleDefinitions", 1, 1, unknown),
    special("toLogicalZone", 3, 3, unknown),
    special("toLogicalZones", 3, 3, unknown),
    special("toPhysicalZone", 3, 3, unknown),
    special("toPhysicalZones", 3, 3, unknown),
];

/// The tenant of deployments that know none.
const TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// The public cloud: its addresses are the same for everybody.
fn environment() -> Json {
    json!({
        "name": "AzureCloud",
        "gallery": "https://gallery.azure.com/",
        "graph": "https://graph.windows.net/",
        "portal": "https://portal.azure.com",
        "graphAudience": "https://graph.windows.net/",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "batch": "https://batch.core.windows.net/",
        "media": "https://rest.media.azure.net",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
        "resourceManager": "https://management.azure.com/",
        "authentication": {
            "loginEndpoint": "https://login.microsoftonline.com/",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {
            "acrLoginServer": ".azurecr.io",
            "azureDatalakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "azureDatalakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyvaultDns": ".vault.azure.net",
            "sqlServerHostname": ".database.windows.net",
            "storage": "core.windows.net",
        },
    })
}

fn subscription(evaluator: &mut Evaluator<'_, '_>, name: &str, _: &[Expr]) -> Result<Json, Stop> {
    let azure = evaluator.scope.surroundings.azure.as_ref().and_then(|scope| scope.scopes().first());
    let Some(id) = azure.and_then(|scope| scope.name.as_deref()) else {
        return Err(Stop::Error(format!("`{name}` needs an Azure scope, and the environment has none")));
    };
    Ok(json!({ "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": TENANT, "displayName": "" }))
}

const GROUPS: &str = "/providers/Microsoft.Management/managementGroups";

fn management_group(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    let args = texts(evaluator, args)?;
    let [group] = args.as_slice() else { return unknown(evaluator, name, &[]) };
    let id = format!("{GROUPS}/{group}");
    Ok(json!({ "id": id, "name": group, "type": "/providers/Microsoft.Management/managementGroups" }))
}

/// `managementGroupResourceId(group, type, name…)`; without a group only Azure knows which is meant.
fn management_group_id(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    let args = texts(evaluator, args)?;
    if args[0].contains('/') {
        return unknown(evaluator, name, &[]);
    }
    let below = super::resource::unscoped_id(&args[1], &args[2..])?;
    Ok(format!("{GROUPS}/{}{below}", args[0]).into())
}

fn unknown(_: &mut Evaluator<'_, '_>, name: &str, _: &[Expr]) -> Result<Json, Stop> {
    Err(Stop::Error(format!(
        "`{name}` asks Azure, which this control plane does not do; give the value as a parameter"
    )))
}
