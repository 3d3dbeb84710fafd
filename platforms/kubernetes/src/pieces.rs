//! Gateways, secrets and Dapr components as objects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use radii_runtime::platform::{
    Component, ComputeKind, Gateway, Marks, Named, Object, ObjectRef, Piece, Route, Secret, Target,
};
use serde_json::{Map, Value as Json, json};

use crate::labels;

/// Returns the objects of a piece, in the order in which they are to be applied.
pub fn render(target: &Target, piece: &Piece) -> Vec<Object> {
    match piece {
        Piece::Gateway(gateway) => self::gateway(target, gateway),
        Piece::Secret(secret) => vec![self::secret(target, secret)],
        Piece::Component(component) => vec![self::component(target, component)],
    }
}

fn object(target: &Target, api_version: &str, kind: &str, owner: &Named, marks: &Marks, members: Json) -> Object {
    let name = owner.name.to_lowercase();
    let mut own = labels::of_resource(target, owner);
    own.extend(marks.labels.iter().map(|(key, value)| (key.clone(), json!(value))));
    let mut metadata = json!({ "name": name, "namespace": target.namespace, "labels": own });
    if !marks.annotations.is_empty() {
        metadata["annotations"] = json!(marks.annotations);
    }
    let mut body = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    if let (Json::Object(body), Json::Object(members)) = (&mut body, members) {
        body.extend(members);
    }
    let group = api_version.split_once('/').map_or("core", |(group, _)| group);
    let reference = ObjectRef {
        platform: ComputeKind::Kubernetes,
        kind: format!("{group}/{kind}"),
        namespace: target.namespace.clone(),
        name,
        cluster: target.cluster().map(str::to_owned),
    };
    Object { reference, body }
}

/// One proxy for each service and its settings, and the root that includes them: all under names of the gateway's
/// own, so that no two gateways share one.
fn gateway(target: &Target, gateway: &Gateway) -> Vec<Object> {
    let mut children: Vec<(String, Route)> = Vec::new();
    let mut includes = Vec::new();
    for route in &gateway.routes {
        let same = |(_, other): &&(String, Route)| {
            let settled = Route { path: route.path.clone(), ..other.clone() };
            settled == *route && (other.path == route.path || route.replace_prefix.is_empty())
        };
        let name = match children.iter().find(same) {
            Some((name, _)) => name.clone(),
            None => {
                let base = format!("{}-{}", gateway.resource.name, route.service).to_lowercase();
                let taken = children.iter().filter(|(_, other)| other.service == route.service).count();
                let name = if taken == 0 { base } else { format!("{base}-{}", taken + 1) };
                children.push((name.clone(), route.clone()));
                name
            }
        };
        includes.push(json!({ "name": name, "conditions": [{ "prefix": route.path }] }));
    }
    let proxy = |name: &str, spec: Json| {
        let owner = Named { id: gateway.resource.id.clone(), name: name.to_owned() };
        object(target, "projectcontour.io/v1", "HTTPProxy", &owner, &gateway.shared, json!({ "spec": spec }))
    };
    let mut objects: Vec<Object> =
        children.iter().map(|(name, route)| proxy(name, json!({ "routes": [self::route(route)] }))).collect();
    objects.push(proxy(&gateway.resource.name, root(gateway, includes)));
    objects
}

fn route(route: &Route) -> Json {
    let mut rendered = json!({ "services": [{ "name": route.service, "port": route.port }] });
    if !route.replace_prefix.is_empty() {
        rendered["pathRewritePolicy"] =
            json!({ "replacePrefix": [{ "prefix": route.path, "replacement": route.replace_prefix }] });
    }
    if route.websockets {
        rendered["enableWebsockets"] = json!(true);
    }
    if let Some(timeout) = &route.timeout {
        rendered["timeoutPolicy"] = json!({ "response": timeout });
    }
    rendered
}

fn root(gateway: &Gateway, includes: Vec<Json>) -> Json {
    let mut host = json!({ "fqdn": gateway.hostname });
    let mut spec = Map::new();
    spec.insert("includes".to_owned(), Json::Array(includes));
    if gateway.passthrough {
        host["tls"] = json!({ "passthrough": true });
        let services: Vec<Json> =
            gateway.routes.iter().map(|route| json!({ "name": route.service, "port": route.port })).collect();
        spec.insert("tcpproxy".to_owned(), json!({ "services": services }));
    } else if let Some(tls) = &gateway.tls {
        host["tls"] = json!({ "secretName": tls.secret, "minimumProtocolVersion": tls.minimum });
    }
    spec.insert("virtualhost".to_owned(), host);
    Json::Object(spec)
}

fn secret(target: &Target, secret: &Secret) -> Object {
    let data: Map<String, Json> =
        secret.data.iter().map(|(key, value)| (key.clone(), json!(STANDARD.encode(value)))).collect();
    let kind = if secret.is_certificate { "kubernetes.io/tls" } else { "Opaque" };
    object(target, "v1", "Secret", &secret.resource, &Marks::default(), json!({ "type": kind, "data": data }))
}

fn component(target: &Target, component: &Component) -> Object {
    let metadata: Vec<Json> = component
        .metadata
        .iter()
        .map(|(name, entry)| {
            let mut item = json!({ "name": name });
            match entry.get("secretKeyRef").filter(|reference| !reference.is_null()) {
                Some(reference) => item["secretKeyRef"] = reference.clone(),
                None => item["value"] = entry.get("value").cloned().unwrap_or_default(),
            }
            item
        })
        .collect();
    let spec = json!({ "type": component.kind, "version": component.version, "metadata": metadata });
    let mut members = json!({ "spec": spec });
    if !component.secret_store.is_empty() {
        members["auth"] = json!({ "secretStore": component.secret_store });
    }
    object(target, "dapr.io/v1alpha1", "Component", &component.resource, &Marks::default(), members)
}
