//! Headers on their way to a provider and back.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, LOCATION, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::super::call::Call;

/// Headers that concern one connection only.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers in which providers say where an operation is watched.
const WATCHED_AT: [HeaderName; 3] =
    [LOCATION, HeaderName::from_static("azure-asyncoperation"), HeaderName::from_static("operation-location")];

const TRACE_CONTEXT: HeaderName = HeaderName::from_static("traceparent");

/// Returns what a provider is told: the client's headers, and the address that the client used.
pub fn of_request(call: &Call, path: &str) -> HeaderMap {
    let mut headers = end_to_end(&call.headers);
    for name in [HOST, CONTENT_LENGTH, HeaderName::from_static("forwarded")] {
        headers.remove(name);
    }
    let query = call.raw_query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let (scheme, host) = call.client_address();
    let told = [
        (REFERER, format!("{}{path}{query}", call.base())),
        (HeaderName::from_static("x-forwarded-host"), host),
        (HeaderName::from_static("x-forwarded-proto"), scheme),
    ];
    for (name, value) in told {
        headers.remove(&name);
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    follow_trace(&mut headers);
    headers
}

/// Makes our own span the parent of the provider's; where we follow no traces, the client's stays.
pub fn follow_trace(headers: &mut HeaderMap) {
    if let Some(context) = radii_runtime::trace::current().and_then(|context| HeaderValue::from_str(&context).ok()) {
        headers.insert(TRACE_CONTEXT, context);
    }
}

/// Returns what the client is told: the provider's headers, its operations watched through us.
pub fn of_answer(call: &Call, status: StatusCode, answered: &HeaderMap) -> HeaderMap {
    let mut headers = end_to_end(answered);
    if !status.is_success() {
        // A redirection may lead anywhere; it is the provider's own word.
        return headers;
    }
    for name in WATCHED_AT {
        let ours = headers.get(&name).and_then(|value| value.to_str().ok()).and_then(|url| through_us(call, url));
        if let Some(value) = ours.and_then(|url| HeaderValue::from_str(&url).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Returns a provider's URL of a path of the protocol as the client can follow it; `None` for any other URL.
///
/// What stands before `/planes/` belongs to the provider's own address and is put there again when the
/// client comes back.
pub fn through_us(call: &Call, url: &str) -> Option<String> {
    let base = call.base();
    if url.starts_with(&base) {
        return None;
    }
    protocol_part(url).map(|part| format!("{base}{part}"))
}

/// Returns what of a URL is a path of the protocol, with its query; `None` for any other URL.
pub fn protocol_part(url: &str) -> Option<&str> {
    let path = match url.find("://") {
        Some(at) => at + 3 + url[at + 3..].find('/')?,
        None => 0,
    };
    let ends = url[path..].find(['?', '#']).map_or(url.len(), |at| path + at);
    let planes = path + url[path..ends].to_ascii_lowercase().find("/planes/")?;
    Some(&url[planes..])
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        named.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    let stays =
        |name: &HeaderName| !HOP_BY_HOP.contains(&name.as_str()) && !named.iter().any(|own| own == name.as_str());
    headers.iter().filter(|(name, _)| stays(name)).map(|(name, value)| (name.clone(), value.clone())).fold(
        HeaderMap::new(),
        |mut kept, (name, value)| {
            kept.append(name, value);
            kept
        },
    )
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;

    use super::super::super::call::Forwarded;
    use super::super::super::route::BASE;
    use super::*;

    fn call() -> Call {
        let headers = [
            ("host", "front:1"),
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("x-yours", "2"),
            ("te", "trailers"),
            ("content-length", "0"),
            ("x-forwarded-host", "elsewhere"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ("tracestate", "vendor=1"),
        ];
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let uri = format!("{BASE}/planes/radius/local?api-version=v").parse().unwrap();
        Call::new(Method::GET, &uri, headers.collect(), Bytes::new(), Forwarded::Ignored).unwrap()
    }

    #[test]
    fn a_provider_is_told_the_clients_headers_and_address_and_nothing_of_the_connection() {
        let headers = of_request(&call(), "/planes/radius/local");
        let mut told: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        told.sort();
        let referer = format!("referer: http://front:1{BASE}/planes/radius/local?api-version=v");
        let expected = [
            referer.as_str(),
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate: vendor=1",
            "x-forwarded-host: front:1",
            "x-forwarded-proto: http",
            "x-yours: 2",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn operations_are_watched_through_us_wherever_the_provider_has_them() {
        let call = call();
        let status = "planes/radius/local/providers/A.B/locations/global/operationStatuses/1?api-version=v";
        let ours = format!("http://front:1{BASE}/{status}");
        for url in [format!("http://rp/{status}"), format!("https://rp:1/a/b/{status}"), format!("/{status}")] {
            assert_eq!(through_us(&call, &url), Some(ours.clone()), "{url}");
        }
        assert_eq!(through_us(&call, &ours), None);
        assert_eq!(through_us(&call, "http://rp/elsewhere?x=/planes/"), None);
    }

    #[test]
    fn redirections_stay_as_the_provider_said_them() {
        let url = HeaderValue::from_static("http://rp/planes/radius/local");
        let answered = HeaderMap::from_iter([(LOCATION, url.clone())]);
        assert_eq!(of_answer(&call(), StatusCode::TEMPORARY_REDIRECT, &answered)[LOCATION], url);
        assert_ne!(of_answer(&call(), StatusCode::CREATED, &answered)[LOCATION], url);
    }
}
