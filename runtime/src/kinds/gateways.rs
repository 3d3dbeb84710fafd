//! Gateways: entrances from outside, rendered and applied by the environment's platform.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json, json};

use super::containers::find_target;
use super::{made, refuse_moves, shape};
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::objects;
use crate::platform::{Gateway, Named, ObjectRef, Piece, Route, Target, Tls, duration};
use crate::store::{Record, Verb};

/// The behaviour of gateways.
pub(super) struct Gateways;

#[async_trait]
impl Kind for Gateways {
    fn types(&self) -> &'static [&'static str] {
        &["Applications.Core/gateways"]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)?;
        check_durations(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(20 * 60)
    }

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        shape::strip(record);
        // A gateway goes where its application goes.
        record.properties.shift_remove("environment");
        refuse_moves(record, old)?;
        complete(&mut record.properties);
        let status = old.and_then(|old| old.properties.get("status")).cloned();
        record.properties.insert("status".into(), status.unwrap_or_else(|| json!({})));
        record.properties.insert("url".into(), "".into());
        let routes = read_routes(&record.properties)?;
        // Where it goes may come to light later only; a platform that is known already may refuse it now.
        if let Ok((_, _, target)) = find_target(host, record).await
            && let Some(platform) = host.platform(target.kind)
        {
            let resource = named(record);
            let internal = is_internal(&record.properties);
            let gateway = Gateway { resource, routes, internal, ..Gateway::default() };
            platform.render_piece(&target, &Piece::Gateway(gateway))?;
        }
        Ok(())
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            Verb::Put => deploy(work, record).await?,
            Verb::Delete => made::remove(work, record).await?,
        }
        Ok(Step::Done)
    }

    async fn foresee(&self, host: &Host, record: &Record) -> Result<Vec<crate::platform::Object>, Fault> {
        let (environment, application, target) = find_target(host, record).await?;
        let shared = environment.marks(application.as_ref());
        let gateway = Gateway { shared, ..read(host, record, &target).await? };
        objects::driver(host, target.kind)?.render_piece(&target, &Piece::Gateway(gateway))
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Checks durations against their pattern.
fn check_durations(type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
    let routes = body.get("properties").and_then(|properties| properties["routes"].as_array());
    let mut details = Vec::new();
    for route in routes.into_iter().flatten() {
        for name in ["request", "backendRequest"] {
            if route["timeoutPolicy"][name].as_str().is_some_and(|text| duration(text).is_none()) {
                let message = format!(
                    "$.properties.routes.timeoutPolicy.{name} in body should match '^(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h))+$'"
                );
                details.push(Fault::new(400, code::INVALID_PROPERTIES, message));
            }
        }
    }
    if details.is_empty() { Ok(()) } else { Err(shape::refusal(type_name, details)) }
}

/// Fills in what answers always show.
fn complete(properties: &mut Map<String, Json>) {
    fn fill(value: Option<&mut Json>, defaults: &[(&str, Json)]) {
        let Some(members) = value.and_then(Json::as_object_mut) else { return };
        for (name, default) in defaults {
            members.entry(*name).or_insert_with(|| default.clone());
        }
    }
    for route in properties.get_mut("routes").and_then(Json::as_array_mut).into_iter().flatten() {
        let defaults =
            [("destination", ""), ("path", ""), ("replacePrefix", "")].map(|(name, text)| (name, json!(text)));
        fill(Some(route), &defaults);
        fill(Some(route), &[("enableWebsockets", json!(false))]);
        fill(route.get_mut("timeoutPolicy"), &[("backendRequest", json!("")), ("request", json!(""))]);
    }
    fill(properties.get_mut("hostname"), &[("fullyQualifiedHostname", json!("")), ("prefix", json!(""))]);
    let tls =
        [("certificateFrom", json!("")), ("minimumProtocolVersion", json!("1.2")), ("sslPassthrough", json!(false))];
    fill(properties.get_mut("tls"), &tls);
    if let Some(tls) = properties.get_mut("tls").filter(|tls| tls["certificateFrom"] == "") {
        // A version means nothing without a certificate.
        tls["minimumProtocolVersion"] = json!("1.2");
    }
}

async fn deploy(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    let (environment, application, target) = find_target(work.host, record).await?;
    let platform = objects::driver(work.host, target.kind)?;
    let shared = environment.marks(application.as_ref());
    let mut gateway = Gateway { shared, ..read(work.host, record, &target).await? };
    let rendered = platform.render_piece(&target, &Piece::Gateway(gateway.clone()))?;
    // Nobody answers for a gateway that is not there.
    if environment.is_simulated() {
        let made: Vec<_> = rendered.iter().map(|object| object.reference.clone()).collect();
        record.properties.insert("status".into(), json!({ "outputResources": outputs(&gateway, &made) }));
        return Ok(());
    }
    let mut made = made::apply(work, record, platform, &target, &rendered).await?;
    if gateway.hostname.is_none() {
        // An address may have come with the gateway, and its name with the address.
        gateway.hostname = hostname(work.host, record, &target).await?;
        if gateway.hostname.is_some() {
            let rendered = platform.render_piece(&target, &Piece::Gateway(gateway.clone()))?;
            made = made::apply(work, record, platform, &target, &rendered).await?;
        }
    }
    record.properties.insert("status".into(), json!({ "outputResources": outputs(&gateway, &made) }));
    let scheme = if gateway.passthrough || gateway.tls.is_some() { "https" } else { "http" };
    let url = gateway.hostname.map_or_else(|| "unknown".to_owned(), |name| format!("{scheme}://{name}"));
    record.properties.insert("url".into(), url.into());
    Ok(())
}

/// The objects of a gateway as entries of `status.outputResources`.
fn outputs(gateway: &Gateway, made: &[ObjectRef]) -> Vec<Json> {
    let own = gateway.resource.name.to_lowercase();
    let local = |object: &ObjectRef| match object.kind.rsplit('/').next().unwrap_or_default() {
        "HTTPProxy" => match object.name.strip_prefix(&format!("{own}-")) {
            Some(service) if object.name != own => format!("HttpProxy-{service}"),
            _ => "Gateway".to_owned(),
        },
        kind => kind.to_owned(),
    };
    made.iter().map(|object| json!({ "id": object.output_id(), "localId": local(object) })).collect()
}

fn fqdn(properties: &Map<String, Json>) -> &str {
    let hostname = properties.get("hostname");
    hostname.and_then(|hostname| hostname["fullyQualifiedHostname"].as_str()).unwrap_or_default()
}

/// The name of a gateway: its author's, else made of the address at which the platform publishes it, where that is
/// known.
async fn hostname(host: &Host, record: &Record, target: &Target) -> Result<Option<String>, Fault> {
    let properties = &record.properties;
    let given = fqdn(properties);
    if !given.is_empty() {
        return Ok(Some(given.to_owned()));
    }
    let Some(platform) = host.platform(target.kind) else { return Ok(None) };
    let resource = named(record);
    let application = target.application.as_ref().map_or("", |application| application.name.as_str());
    let prefix = properties.get("hostname").and_then(|hostname| hostname["prefix"].as_str()).unwrap_or_default();
    let address = platform.public_address(target, &resource, is_internal(properties)).await?;
    Ok(address.map(|address| match address.parse::<IpAddr>() {
        Ok(_) => {
            let first = if prefix.is_empty() { &resource.name } else { prefix };
            format!("{first}.{application}.{address}.nip.io")
        }
        Err(_) if prefix.is_empty() => address,
        Err(_) => format!("{prefix}.{address}"),
    }))
}

fn named(record: &Record) -> Named {
    Named { id: record.id.to_string(), name: record.id.name().unwrap_or_default().to_owned() }
}

fn is_internal(properties: &Map<String, Json>) -> bool {
    properties.get("internal").and_then(Json::as_bool).unwrap_or_default()
}

async fn read(host: &Host, record: &Record, target: &Target) -> Result<Gateway, Fault> {
    let tls = record.properties.get("tls");
    let certificate = tls.and_then(|tls| tls["certificateFrom"].as_str()).filter(|id| !id.is_empty());
    let tls_of = match certificate {
        Some(id) => {
            let minimum = tls.and_then(|tls| tls["minimumProtocolVersion"].as_str()).unwrap_or("1.2").to_owned();
            Some(Tls { secret: find_certificate(host, id).await?, minimum })
        }
        None => None,
    };
    Ok(Gateway {
        resource: named(record),
        internal: is_internal(&record.properties),
        hostname: hostname(host, record, target).await?,
        routes: read_routes(&record.properties)?,
        passthrough: is_passthrough(&record.properties),
        tls: tls_of,
        shared: Default::default(),
    })
}

async fn find_certificate(host: &Host, id: &str) -> Result<String, Fault> {
    let store = super::secret_stores::load(host, id).await?;
    let keys = store.properties.get("data").and_then(Json::as_object);
    let has = |key: &str| keys.is_some_and(|keys| keys.contains_key(key));
    if store.properties.get("type").and_then(Json::as_str) != Some("certificate") {
        return Err(Fault::bad_request("certificateFrom must reference a secretStore resource with type certificate"));
    }
    if !has("tls.crt") || !has("tls.key") {
        let message = "certificateFrom must reference a secretStore resource with tls.crt and tls.key";
        return Err(Fault::bad_request(message));
    }
    Ok(store.properties.get("resource").and_then(Json::as_str).unwrap_or_default().to_owned())
}

fn is_passthrough(properties: &Map<String, Json>) -> bool {
    properties.get("tls").is_some_and(|tls| tls["sslPassthrough"] == true)
}

/// Reads and checks the routes.
///
/// # Errors
/// 400 in the words of Radius, which fails the operation instead.
fn read_routes(properties: &Map<String, Json>) -> Result<Vec<Route>, Fault> {
    let passthrough = is_passthrough(properties);
    let certificate = properties.get("tls").and_then(|tls| tls["certificateFrom"].as_str()).unwrap_or_default();
    if passthrough && !certificate.is_empty() {
        return Err(Fault::bad_request(
            "Only one of $.properties.tls.certificateFrom and $.properties.tls.sslPassthrough can be specified at a time.",
        ));
    }
    let given = properties.get("routes").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if given.is_empty() {
        return Err(Fault::bad_request("must have at least one route when declaring a Gateway resource"));
    }
    if passthrough && given.len() > 1 {
        return Err(Fault::bad_request("cannot support multiple routes with sslPassthrough set to true"));
    }
    let is_given = |route: &Json, name: &str| route[name].as_str().is_some_and(|text| !text.is_empty());
    if passthrough && given.iter().any(|route| is_given(route, "path") || is_given(route, "replacePrefix")) {
        return Err(Fault::bad_request(
            "cannot support `path` or `replacePrefix` in routes with sslPassthrough set to true",
        ));
    }
    given.iter().enumerate().map(|(at, route)| read_route(at, route)).collect()
}

fn read_route(at: usize, route: &Json) -> Result<Route, Fault> {
    let text = |name: &str| route[name].as_str().unwrap_or_default().to_owned();
    let (service, port) = destination(&text("destination")).ok_or_else(|| {
        let message = format!(
            "$.properties.routes.{at}.destination: `{}` is no URL of a container: write `http://NAME:PORT`",
            text("destination")
        );
        Fault::new(400, code::BAD_REQUEST, message)
    })?;
    let policy = &route["timeoutPolicy"];
    let seconds = |name: &str| policy[name].as_str().and_then(duration);
    if let (Some(request), Some(backend)) = (seconds("request"), seconds("backendRequest"))
        && request < backend
    {
        return Err(Fault::bad_request("request timeout must be greater than or equal to backend request timeout"));
    }
    let timeout = |name: &str| policy[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let path = Some(text("path")).filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    Ok(Route {
        path,
        service,
        port,
        replace_prefix: text("replacePrefix"),
        websockets: route["enableWebsockets"] == true,
        request_timeout: timeout("request"),
        backend_timeout: timeout("backendRequest"),
    })
}

/// Host name and port of a URL; the port follows from the scheme where it is not given.
fn destination(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let usual = match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    };
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (authority, usual?),
    };
    (!name.is_empty()).then(|| (name.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_the_url_of_a_service() {
        assert_eq!(destination("http://front:80"), Some(("front".to_owned(), 80)));
        assert_eq!(destination("https://front/x"), Some(("front".to_owned(), 443)));
        assert_eq!(destination("not an url"), None);
        assert_eq!(destination("tcp://front"), None);
    }
}
