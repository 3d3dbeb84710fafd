//! Gateways: proxies of Contour, and objects of the Gateway API.

use anyhow::ensure;
use serde_json::{Value as Json, json};

use super::IMAGE;
use crate::kubernetes::Verdict;
use crate::kubernetes::site::{Site, holds};

const GATEWAYS: &str = "Applications.Core/gateways";
const STORES: &str = "Applications.Core/secretStores";
const PROXIES: &str = "projectcontour.io/v1/httpproxies";
const ENTRANCES: &str = "gateway.networking.k8s.io/v1/gateways";
const ROUTES: &str = "gateway.networking.k8s.io/v1/httproutes";

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

pub fn gateway_api(site: &Site<'_>) -> anyhow::Result<Verdict> {
    front(site)?;
    site.found(&json!({ "ingress": "gateway-api", "gatewayClass": "radii" }))?;
    let address = json!({ "gateway": { "addresses": [{ "type": "IPAddress", "value": "203.0.113.9" }] } });
    site.pods("shop", address);
    let routes = json!([
        { "path": "/", "destination": "http://front:80" },
        { "path": "/api", "destination": "http://front:80", "replacePrefix": "/", "timeoutPolicy": { "request": "1.5m" } },
    ]);
    let tls = json!({ "certificateFrom": certificate(site)? });
    site.piece(GATEWAYS, "shop", json!({ "routes": routes, "tls": tls }))?.succeeds()?;
    let name = "shop.app.203.0.113.9.nip.io";
    let entrance = site.object(&format!("{ENTRANCES}/shop"))?;
    let listener = json!({ "protocol": "HTTPS", "port": 443, "hostname": name, "tls": { "certificateRefs": [{ "name": "cert" }] } });
    holds(&entrance["spec"], &json!({ "gatewayClassName": "radii", "listeners": [listener] }))?;
    let back = json!([{ "name": "front", "port": 80 }]);
    let rules = json!([{ "backendRefs": back }, { "backendRefs": back, "timeouts": { "request": "1m30s" } }]);
    let route = site.object(&format!("{ROUTES}/shop"))?;
    holds(&route["spec"], &json!({ "hostnames": [name], "parentRefs": [{ "name": "shop" }], "rules": rules }))?;
    let url = site.get(GATEWAYS, "shop")?["properties"]["url"].clone();
    ensure!(url == format!("https://{name}"), "the URL is {url}");
    // Behind a Gateway of somebody else's there are routes only, and what the gateway had goes.
    site.found(&json!({ "ingress": "gateway-api", "parentRef": { "name": "edge", "namespace": "default" } }))?;
    let hostname = json!({ "fullyQualifiedHostname": "shop.example.com" });
    site.piece(GATEWAYS, "shop", json!({ "routes": routes, "hostname": hostname }))?.succeeds()?;
    ensure!(site.find(&format!("{ENTRANCES}/shop"))?.is_none(), "the Gateway `shop` stays");
    let parent = json!([{ "name": "edge", "namespace": "default" }]);
    holds(&site.object(&format!("{ROUTES}/shop"))?["spec"], &json!({ "parentRefs": parent }))?;
    site.pods("shop", Json::Null);
    site.delete(GATEWAYS, "shop")?.succeeds()?;
    ensure!(site.find(&format!("{ROUTES}/shop"))?.is_none(), "the route `shop` stays");
    Ok(Verdict::Held)
}

pub fn route_refused(site: &Site<'_>) -> anyhow::Result<Verdict> {
    site.found(&json!({ "ingress": "gateway-api", "parentRef": { "name": "edge" } }))?;
    let refused = json!({ "type": "ResolvedRefs", "status": "False", "reason": "BackendNotFound", "message": "Service not found" });
    let state = json!({ "gateway": { "conditions": [{ "type": "Accepted", "status": "True" }, refused] } });
    site.pods("lost", state);
    let routes = json!([{ "path": "/", "destination": "http://absent:80" }]);
    let hostname = json!({ "fullyQualifiedHostname": "lost.example.com" });
    let outcome = site.piece(GATEWAYS, "lost", json!({ "hostname": hostname, "routes": routes }));
    site.pods("lost", Json::Null);
    outcome?.fails_with(&["BackendNotFound", "Service not found"])?;
    site.delete(GATEWAYS, "lost")?.succeeds()?;
    ensure!(site.left()?.is_empty(), "{:?} is left", site.left()?);
    Ok(Verdict::Held)
}
