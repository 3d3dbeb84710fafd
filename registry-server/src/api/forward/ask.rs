//! What the runtime core asks of imperative providers, on the same way as requests of clients.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use radii_runtime::Fault;
use radii_runtime::imperative::{self, Answered, Ask, Method, Watched};
use reqwest::Url;
use serde_json::Value as Json;

use super::exchange::{Outgoing, Providers};
use super::{UNREACHABLE, fault, headers, read, scopes_in_lower_case, target, without_url};

/// Where a provider says that the status of an operation is found; the one or the other.
const STATUS: [HeaderName; 2] =
    [HeaderName::from_static("azure-asyncoperation"), HeaderName::from_static("operation-location")];
/// The same for every repetition of one change, so that a provider may tell them.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[async_trait]
impl imperative::Providers for Providers {
    async fn ask(&self, ask: &Ask<'_>) -> Result<Answered, Fault> {
        let path = ask.target.split(['?', '#']).next().unwrap_or_default();
        let url = url_of(ask).ok_or_else(|| without_url(path, ask.address))?;
        let method = match ask.method {
            Method::Get => http::Method::GET,
            Method::Put => http::Method::PUT,
            Method::Delete => http::Method::DELETE,
            Method::Post => http::Method::POST,
        };
        let body = if ask.body.is_null() { Bytes::new() } else { ask.body.to_string().into() };
        let request = Outgoing { method, url, headers: headers_of(ask), body };
        let answered = self.send(request).await.map_err(|failure| fault(&failure, ask.address, path))?;
        let (status, headers) = (answered.status().as_u16(), answered.headers().clone());
        let text = tokio::time::timeout(self.limits().answer, read(answered)).await;
        let text = text.map_err(|_| Fault::new(504, UNREACHABLE, "the provider did not end its answer in time"))??;
        Ok(Answered {
            status,
            body: serde_json::from_slice(&text).unwrap_or(Json::Null),
            watched: watched(&headers, ask.address),
            retry_after: headers.get(RETRY_AFTER).and_then(|value| pause(value.to_str().ok()?, SystemTime::now())),
        })
    }
}

/// Returns where a request goes: a path of the protocol is put behind the address, a URL stands for itself.
///
/// `None` for URLs of anybody else than the provider: whatever it answers, nobody else is asked in its name.
fn url_of(ask: &Ask<'_>) -> Option<Url> {
    if ask.target.starts_with('/') {
        let (path, query) = match ask.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (ask.target, None),
        };
        let climbs = path.split('/').any(|name| name == "." || name == "..");
        return target(ask.address, &scopes_in_lower_case(path), query).filter(|_| !climbs);
    }
    let url = Url::parse(ask.target).ok()?;
    (url.origin() == Url::parse(ask.address).ok()?.origin()).then_some(url)
}

fn headers_of(ask: &Ask<'_>) -> HeaderMap {
    let mut told = HeaderMap::from_iter([(ACCEPT, JSON)]);
    if !ask.body.is_null() {
        told.insert(CONTENT_TYPE, JSON);
    }
    if let Some(id) = ask.operation.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        told.insert(REQUEST_ID, id);
    }
    headers::follow_trace(&mut told);
    told
}

/// Returns where an operation is watched: as a path of the protocol where it is one, whatever host the provider takes
/// itself for, else as a URL.
fn watched(headers: &HeaderMap, address: &str) -> Option<Watched> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
    let known = |url: &str| match headers::protocol_part(url) {
        Some(part) => Some(part.to_owned()),
        None => Url::parse(address).ok()?.join(url).ok().map(String::from),
    };
    let status = STATUS.iter().find_map(text).and_then(known).map(Watched::Status);
    status.or_else(|| text(&LOCATION).and_then(known).map(Watched::Result))
}

/// Reads `Retry-After`: seconds, or a moment.
fn pause(text: &str, now: SystemTime) -> Option<Duration> {
    match text.trim().parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text.trim()).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS_PATH: &str = "/planes/radius/local/providers/A.B/locations/global/operationStatuses/1?api-version=v";

    fn url(address: &str, target: &str) -> Option<String> {
        let ask = Ask { address, method: Method::Get, target, body: &Json::Null, operation: None };
        url_of(&ask).map(String::from)
    }

    #[test]
    fn requests_go_to_the_provider_and_to_nobody_else_whatever_it_answers() {
        let own = "http://rp:1/prefix";
        let id = "/planes/radius/local/resourceGroups/G/providers/A.B/things/One?api-version=v";
        let sent = "http://rp:1/prefix/planes/radius/local/resourcegroups/G/providers/A.B/things/One?api-version=v";
        assert_eq!(url(own, id).as_deref(), Some(sent));
        assert_eq!(url(own, "http://rp:1/jobs/7").as_deref(), Some("http://rp:1/jobs/7"));
        for other in ["http://metadata/latest", "http://rp:2/jobs/7", "https://rp:1/jobs/7", "jobs", "/planes/../x"] {
            assert_eq!(url(own, other), None, "{other}");
        }
    }

    #[test]
    fn operations_are_watched_at_the_providers_address_by_whatever_name_it_calls_itself() {
        let headers = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
        };
        let at = |name, value: &str| watched(&headers(name, value), "http://rp:1/prefix");
        let status = Some(Watched::Status(STATUS_PATH.to_owned()));
        assert_eq!(at("azure-asyncoperation", &format!("https://front.example.com/base{STATUS_PATH}")), status);
        assert_eq!(at("operation-location", STATUS_PATH), status);
        assert_eq!(at("location", "/jobs/7"), Some(Watched::Result("http://rp:1/jobs/7".to_owned())));
        assert_eq!(watched(&HeaderMap::new(), "http://rp:1"), None);
    }

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_moment() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        assert_eq!(pause(" 7", now), Some(Duration::from_secs(7)));
        assert_eq!(pause("Wed, 21 Oct 2026 07:28:05 GMT", now), Some(Duration::from_secs(5)));
        assert_eq!(pause("Wed, 21 Oct 2026 07:27:00 GMT", now), Some(Duration::ZERO), "that is over");
        assert_eq!(pause("soon", now), None);
    }
}
