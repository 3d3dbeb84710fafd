//! Gateways as proxies of Contour.

use radii_runtime::platform::{Gateway, Named, Object, Route, Target};
use serde_json::{Map, Value as Json, json};

use crate::pieces::object;

/// Returns one proxy for each service and its settings, and the root that includes them: all under names of the
/// gateway's own, so that no two gateways share one. `class` says which of several Contours serves them.
pub fn render(target: &Target, gateway: &Gateway, class: Option<&str>) -> Vec<Object> {
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
    let proxy = |name: &str, mut spec: Json| {
        if let Some(class) = class {
            spec["ingressClassName"] = json!(class);
        }
        let owner = Named { id: gateway.resource.id.clone(), name: name.to_owned() };
        object(target, "projectcontour.io/v1", "HTTPProxy", &owner, &gateway.shared, json!({ "spec": spec }))
    };
    let mut objects: Vec<Object> =
        children.iter().map(|(name, route)| proxy(name, json!({ "routes": [self::route(route)] }))).collect();
    objects.push(proxy(&gateway.resource.name, root(target, gateway, includes)));
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
    // A request is sent on once, so the shorter of both ends it.
    if let Some(timeout) = route.backend_timeout.as_ref().or(route.request_timeout.as_ref()) {
        rendered["timeoutPolicy"] = json!({ "response": timeout });
    }
    rendered
}

fn root(target: &Target, gateway: &Gateway, includes: Vec<Json>) -> Json {
    let application = target.application.as_ref().map_or("", |application| application.name.as_str());
    let mut host = json!({ "fqdn": gateway.hostname.as_deref().unwrap_or(application) });
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
