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
use crate::platform::{Gateway, Named, ObjectRef, Piece, Route, Target, Tls};
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
            let resource = Named { id: record.id.to_string(), name: record.id.name().unwrap_or_default().to_owned() };
            let gateway = Gateway { resource, routes, ..Gateway::default() };
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
    let gateway = Gateway { shared, ..read(work.host, record, &target).await? };
    let rendered = platform.render_piece(&target, &Piece::Gateway(gateway.clone()))?;
    let made = match environment.is_simulated() {
        true => rendered.iter().map(|object| object.reference.clone()).collect(),
        false => made::apply(work, record, platform, &target, &rendered).await?,
    };
    let local = |object: &ObjectRef| {
        let own = gateway.resource.name.to_lowercase();
        match object.name.strip_prefix(&format!("{own}-")) {
            Some(service) if object.name != own => format!("HttpProxy-{service}"),
            _ => "Gateway".to_owned(),
        }
    };
    let outputs: Vec<Json> =
        made.iter().map(|object| json!({ "id": object.output_id(), "localId": local(object) })).collect();
    record.properties.insert("status".into(), json!({ "outputResources": outputs }));
    // Nobody answers for a gateway that is not there.
    if environment.is_simulated() {
        return Ok(());
    }
    let has_name = !fqdn(&record.properties).is_empty() || public_address(work.host, &target).await?.is_some();
    let scheme = if gateway.passthrough || gateway.tls.is_some() { "https" } else { "http" };
    let url = if has_name { format!("{scheme}://{}", gateway.hostname) } else { "unknown".to_owned() };
    record.properties.insert("url".into(), url.into());
    Ok(())
}

fn fqdn(properties: &Map<String, Json>) -> &str {
    let hostname = properties.get("hostname");
    hostname.and_then(|hostname| hostname["fullyQualifiedHostname"].as_str()).unwrap_or_default()
}

async fn public_address(host: &Host, target: &Target) -> Result<Option<String>, Fault> {
    match host.platform(target.kind) {
        Some(platform) => platform.public_address(target).await,
        None => Ok(None),
    }
}

/// The name of a gateway: its author's, else made of the platform's public address, else the application's.
async fn hostname(host: &Host, record: &Record, target: &Target) -> Result<String, Fault> {
    let properties = &record.properties;
    let given = fqdn(properties);
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let application = target.application.as_ref().map_or("", |application| application.name.as_str());
    let prefix = properties.get("hostname").and_then(|hostname| hostname["prefix"].as_str()).unwrap_or_default();
    let name = record.id.name().unwrap_or_default();
    Ok(match public_address(host, target).await? {
        Some(address) if address.parse::<IpAddr>().is_ok() => {
            let first = if prefix.is_empty() { name } else { prefix };
            format!("{first}.{application}.{address}.nip.io")
        }
        Some(address) if prefix.is_empty() => address,
        Some(address) => format!("{prefix}.{address}"),
        None => application.to_owned(),
    })
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
        resource: Named { id: record.id.to_string(), name: record.id.name().unwrap_or_default().to_owned() },
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
    // A request is sent on once, so the shorter of both ends it.
    let timeout = ["backendRequest", "request"]
        .into_iter()
        .find_map(|name| policy[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned));
    let path = Some(text("path")).filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    Ok(Route {
        path,
        service,
        port,
        replace_prefix: text("replacePrefix"),
        websockets: route["enableWebsockets"] == true,
        timeout,
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

/// Seconds of a duration such as `1m30s`.
fn duration(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_alphabetic() || c == 'µ')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match &rest[..end] {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[end..];
    }
    Some(seconds)
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

    #[test]
    fn the_timeout_of_what_answers_ends_a_request_as_that_of_the_request_does() {
        let timeout = |policy: Json| {
            let route = json!({ "destination": "http://front:80", "timeoutPolicy": policy });
            read_route(0, &route).unwrap().timeout
        };
        assert_eq!(timeout(json!({ "request": "30s", "backendRequest": "10s" })).as_deref(), Some("10s"));
        assert_eq!(timeout(json!({ "request": "30s" })).as_deref(), Some("30s"));
        assert_eq!(timeout(json!({ "backendRequest": "10s" })).as_deref(), Some("10s"));
        assert_eq!(timeout(json!({ "backendRequest": "" })), None);
    }

    #[test]
    fn durations_are_read_as_their_pattern_allows() {
        assert_eq!(duration("1m30s"), Some(90.0));
        assert_eq!(duration("1.5s500ms"), Some(2.0));
        assert_eq!(duration("soon"), None);
    }
}
