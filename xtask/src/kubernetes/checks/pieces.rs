//! Gateways, secret stores, volumes and Dapr.

use anyhow::ensure;
use serde_json::{Value as Json, json};

use super::{CONTAINERS, IMAGE};
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

const GATEWAYS: &str = "Applications.Core/gateways";
const STORES: &str = "Applications.Core/secretStores";
const PROXIES: &str = "projectcontour.io/v1/httpproxies";

fn front(site: &Site<'_>) -> anyhow::Result<()> {
    site.container("front", json!({ "image": IMAGE, "ports": { "web": { "containerPort": 80 } } }), json!({}))?
        .succeeds()
}

pub fn gateways(site: &Site<'_>) -> anyhow::Result<Verdict> {
    front(site)?;
    let host = |name: &str| json!({ "fullyQualifiedHostname": format!("{name}.example.com") });
    let routes = json!([
        { "path": "/", "destination": "http://front:80" },
        { "path": "/api", "destination": "http://front:80", "replacePrefix": "/", "enableWebsockets": true, "timeoutPolicy": { "request": "30s" } },
    ]);
    site.piece(GATEWAYS, "one", json!({ "hostname": host("one"), "routes": routes }))?.succeeds()?;
    let plain = json!([{ "path": "/", "destination": "http://front:80" }]);
    site.piece(GATEWAYS, "two", json!({ "hostname": host("two"), "routes": plain }))?.succeeds()?;
    let root = site.object(&format!("{PROXIES}/one"))?;
    let includes = json!([
        { "name": "one-front", "conditions": [{ "prefix": "/" }] },
        { "name": "one-front-2", "conditions": [{ "prefix": "/api" }] },
    ]);
    holds(&root["spec"], &json!({ "virtualhost": { "fqdn": "one.example.com" }, "includes": includes }))?;
    let second = site.object(&format!("{PROXIES}/one-front-2"))?;
    let route = json!({
        "services": [{ "name": "front", "port": 80 }], "enableWebsockets": true, "timeoutPolicy": { "response": "30s" },
        "pathRewritePolicy": { "replacePrefix": [{ "prefix": "/api", "replacement": "/" }] },
    });
    holds(&second["spec"], &json!({ "routes": [route] }))?;
    ensure!(site.get(GATEWAYS, "one")?["properties"]["url"] == "http://one.example.com", "the URL is another");
    site.delete(GATEWAYS, "one")?.succeeds()?;
    for gone in ["one", "one-front", "one-front-2"] {
        ensure!(site.find(&format!("{PROXIES}/{gone}"))?.is_none(), "the proxy `{gone}` stays");
    }
    site.object(&format!("{PROXIES}/two-front"))?;
    Ok(Verdict::Held)
}

/// A store with a certificate; the API server only checks that its parts are there.
fn certificate(site: &Site<'_>) -> anyhow::Result<Json> {
    let part = json!({ "encoding": "base64", "value": "c29tZXRoaW5n" });
    let data = json!({ "tls.crt": part, "tls.key": part });
    site.piece(STORES, "cert", json!({ "type": "certificate", "data": data }))?.succeeds()?;
    Ok(json!(site.id(STORES, "cert")))
}

pub fn gateway_tls(site: &Site<'_>) -> anyhow::Result<Verdict> {
    front(site)?;
    let certificate = certificate(site)?;
    holds(&site.object("v1/secrets/cert")?, &json!({ "type": "kubernetes.io/tls" }))?;
    let routes = json!([{ "path": "/", "destination": "http://front:80" }]);
    let hostname = json!({ "fullyQualifiedHostname": "tls.example.com" });
    let tls = json!({ "certificateFrom": certificate, "minimumProtocolVersion": "1.3" });
    site.piece(GATEWAYS, "tls", json!({ "hostname": hostname, "routes": routes, "tls": tls }))?.succeeds()?;
    let secret = format!("{}/cert", site.application_namespace());
    let wanted = json!({ "virtualhost": { "tls": { "secretName": secret, "minimumProtocolVersion": "1.3" } } });
    holds(&site.object(&format!("{PROXIES}/tls"))?["spec"], &wanted)?;
    let through = json!({
        "hostname": { "fullyQualifiedHostname": "raw.example.com" },
        "routes": [{ "destination": "https://front:443" }],
        "tls": { "sslPassthrough": true },
    });
    site.piece(GATEWAYS, "raw", through)?.succeeds()?;
    let wanted = json!({
        "virtualhost": { "tls": { "passthrough": true } },
        "tcpproxy": { "services": [{ "name": "front", "port": 443 }] },
    });
    holds(&site.object(&format!("{PROXIES}/raw"))?["spec"], &wanted)?;
    Ok(Verdict::Held)
}

pub fn gateway_invalid(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let error = json!({ "type": "ServiceError", "status": "True", "reason": "ServiceUnresolvedReference", "message": "Service not found" });
    let condition = json!({ "type": "Valid", "status": "False", "reason": "ErrorPresent", "message": "see errors", "errors": [error] });
    let state = json!({ "proxy": { "currentStatus": "invalid", "description": "errors", "conditions": [condition] } });
    site.pods("broken", state);
    let routes = json!([{ "path": "/", "destination": "http://absent:80" }]);
    let hostname = json!({ "fullyQualifiedHostname": "broken.example.com" });
    let outcome = site.piece(GATEWAYS, "broken", json!({ "hostname": hostname, "routes": routes }));
    site.pods("broken", Json::Null);
    outcome?.fails_with(&["ServiceUnresolvedReference", "Service not found"])?;
    site.delete(GATEWAYS, "broken")?.succeeds()?;
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}

pub fn gateway_address(site: &Site<'_>) -> anyhow::Result<Verdict> {
    let api = &site.stage.cluster.api;
    let wait = |method: &str, path: &str, kind: &str, body: &Json| api.send(method, path, kind, Some(body));
    let json_type = "application/json";
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "radius-system" } });
    wait("POST", "/api/v1/namespaces", json_type, &namespace)?;
    let services = "/api/v1/namespaces/radius-system/services";
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "contour-envoy" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] },
    });
    let made = wait("POST", services, json_type, &service)?;
    if !made.is_success() {
        return Ok(Verdict::Skipped("the cluster has a Contour of its own".to_owned()));
    }
    let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "203.0.113.7" }] } } });
    let path = format!("{services}/contour-envoy");
    wait("PATCH", &format!("{path}/status"), crate::kubernetes::api::MERGE_PATCH, &status)?;
    let routes = json!([{ "path": "/", "destination": "http://front:80" }]);
    let outcome = site.piece(GATEWAYS, "entry", json!({ "routes": routes }));
    api.delete(&path)?;
    outcome?.succeeds()?;
    let url = site.get(GATEWAYS, "entry")?["properties"]["url"].clone();
    ensure!(url == "http://entry.app.203.0.113.7.nip.io", "the URL is {url}");
    Ok(Verdict::Held)
}

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
