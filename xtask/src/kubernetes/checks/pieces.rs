//! Secret stores, volumes and Dapr.

use anyhow::ensure;
use serde_json::json;

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

const STORES: &str = "Applications.Core/secretStores";

pub fn secret_stores(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let value = |text: &str| json!({ "value": text });
    site.piece(STORES, "plain", json!({ "type": "generic", "data": { "a": value("first"), "b": value("second") } }))?
        .succeeds()?;
    // base64 of `first`
    holds(&site.object("v1/secrets/plain")?, &json!({ "type": "Opaque", "data": { "a": "Zmlyc3Q=" } }))?;
    site.piece(STORES, "plain", json!({ "type": "generic", "data": { "a": value("other") } }))?.succeeds()?;
    let data = site.object("v1/secrets/plain")?["data"].clone();
    ensure!(data == json!({ "a": "b3RoZXI=" }), "the secret holds {data}");
    let theirs =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "theirs" }, "data": { "k": "dg==" } });
    site.create("v1/secrets", &theirs)?;
    let place = format!("{}/theirs", site.application_namespace());
    site.piece(STORES, "reference", json!({ "type": "generic", "resource": place, "data": { "k": {} } }))?
        .succeeds()?;
    for name in ["plain", "reference"] {
        site.delete(STORES, name)?.succeeds()?;
    }
    ensure!(site.find("v1/secrets/plain")?.is_none(), "the store's secret stays");
    site.object("v1/secrets/theirs")?;
    Ok(Verdict::Held)
}

pub fn secret_variables(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.piece(STORES, "keys", json!({ "type": "generic", "data": { "token": { "value": "t" } } }))?.succeeds()?;
    let reference = |source: &str| json!({ "valueFrom": { "secretRef": { "source": source, "key": "token" } } });
    let env = json!({ "BY_ID": reference(&site.id(STORES, "keys")), "BY_NAME": reference("elsewhere") });
    site.container("web", json!({ "image": IMAGE, "env": env }), json!({}))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let entry = |name: &str, secret: &str| json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": "token" } } });
    let wanted = json!([entry("BY_ID", "keys"), entry("BY_NAME", "elsewhere")]);
    holds(&deployment["spec"]["template"]["spec"]["containers"][0]["env"], &wanted)?;
    Ok(Verdict::Held)
}

pub fn volumes(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let vault =
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";
    let objects = json!({
        "kind": "azure.com.keyvault", "resource": vault,
        "secrets": { "s": { "name": "sn", "version": "1" } }, "keys": { "k": { "name": "kn" } },
        "certificates": { "c": { "name": "cn", "alias": "ca", "certType": "certificate" } },
    });
    site.piece("Applications.Core/volumes", "vault", objects)?.succeeds()?;
    let mount = |source: String| json!({ "kind": "persistent", "mountPath": "/v", "source": source });
    let source = site.id("Applications.Core/volumes", "vault");
    let container = json!({ "image": IMAGE, "volumes": { "v": mount(source) } });
    // Without an identity nothing can open the vault.
    site.container("web", container.clone(), json!({}))?.fails_with(&["PlatformFeatureUnsupported", "identity"])?;
    let identity = json!({
        "kind": "azure.com.workload", "oidcIssuer": "https://issuer.example.com",
        "clientId": "11111111-1111-1111-1111-111111111111", "tenantId": "22222222-2222-2222-2222-222222222222",
    });
    site.found(&json!({ "identity": identity }))?;
    site.container("web", container, json!({}))?.succeeds()?;
    let class = site.object("secrets-store.csi.x-k8s.io/v1/secretproviderclasses/web-vault")?;
    let parameters = json!({
        "keyvaultName": "kv", "tenantID": "22222222-2222-2222-2222-222222222222",
        "clientID": "11111111-1111-1111-1111-111111111111", "usePodIdentity": "false",
    });
    holds(&class["spec"], &json!({ "provider": "azure", "parameters": parameters }))?;
    let volume = json!({
        "name": "v",
        "csi": {
            "driver": "secrets-store.csi.k8s.io", "readOnly": true,
            "volumeAttributes": { "secretProviderClass": "web-vault" },
        },
    });
    let deployment = site.object("apps/v1/deployments/web")?;
    holds(&deployment["spec"]["template"]["spec"]["volumes"], &json!([volume]))?;
    let marks = json!({ "azure.workload.identity/client-id": "11111111-1111-1111-1111-111111111111" });
    holds(&site.object("v1/serviceaccounts/web")?["metadata"]["annotations"], &marks)?;
    let claim = json!({ "image": IMAGE, "volumes": { "v": mount("my-claim".to_owned()) } });
    site.container("claim", claim, json!({}))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/claim")?;
    let volume = json!([{ "name": "v", "persistentVolumeClaim": { "claimName": "my-claim" } }]);
    holds(&deployment["spec"]["template"]["spec"]["volumes"], &volume)?;
    Ok(Verdict::Held)
}

pub fn dapr(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let store = json!({
        "resourceProvisioning": "manual", "type": "state.redis", "version": "v1",
        "metadata": { "redisHost": { "value": "cache:6379" }, "redisPassword": { "secretKeyRef": { "name": "s", "key": "k" } } },
    });
    site.piece("Applications.Dapr/stateStores", "state", store)?.succeeds()?;
    let component = site.object("dapr.io/v1alpha1/components/state")?;
    holds(&component["spec"], &json!({ "type": "state.redis", "version": "v1" }))?;
    let sidecar = json!({ "kind": "daprSidecar", "appId": "web", "appPort": 80 });
    site.container("web", json!({ "image": IMAGE }), json!({ "extensions": [sidecar] }))?.succeeds()?;
    let deployment = site.object("apps/v1/deployments/web")?;
    let annotations = json!({ "dapr.io/enabled": "true", "dapr.io/app-id": "web", "dapr.io/app-port": "80" });
    holds(&deployment["spec"]["template"]["metadata"]["annotations"], &annotations)?;
    site.delete("Applications.Dapr/stateStores", "state")?.succeeds()?;
    ensure!(site.find("dapr.io/v1alpha1/components/state")?.is_none(), "the component stays");
    Ok(Verdict::Held)
}

pub fn missing_definition(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let cluster = &site.stage.cluster;
    // Radii may know the kind from before: that it went must come to light.
    cluster.remove_definitions("dapr.io")?;
    let store = json!({ "resourceProvisioning": "manual", "type": "state.redis", "version": "v1", "metadata": { "a": { "value": "b" } } });
    let outcome = site.piece("Applications.Dapr/stateStores", "state", store.clone());
    let deleted = site.delete("Applications.Dapr/stateStores", "state");
    cluster.restore()?;
    outcome?.fails_with(&["Component", "install"])?;
    deleted?.succeeds()?;
    site.piece("Applications.Dapr/stateStores", "state", store)?.succeeds()?;
    site.delete(CONTAINERS, "absent")?;
    Ok(Verdict::Held)
}
