//! What answers say about API versions that are on their way out: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and
//! `Link`s to what people should read and to the version that comes after.

use axum::response::Response;
use http::header::LINK;
use http::{HeaderName, HeaderValue};
use radii_runtime::host::Resolved;

use super::answer;
use super::call::{Call, encode};
use super::rendered::MadeFrom;
use super::route::BASE;

static DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
static SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Adds the headers that the version of a request asks for.
pub fn announce(response: &mut Response, call: &Call, resolved: &Resolved) {
    let schema = resolved.kind.api_versions.get(&resolved.api_version);
    let Some(told) = schema.and_then(|schema| schema.deprecation(&resolved.api_version)) else { return };
    // The links name the address that this client uses.
    response.extensions_mut().remove::<MadeFrom>();
    answer::set(response, DEPRECATION.clone(), &format!("@{}", told.since));
    if let Some(sunset) = told.sunset.and_then(http_date) {
        answer::set(response, SUNSET.clone(), &sunset);
    }
    let mut links: Vec<String> =
        told.link.iter().map(|link| format!("<{link}>; rel=\"deprecation\"; type=\"text/html\"")).collect();
    if let Some(successor) = resolved.kind.default_version().filter(|version| **version != resolved.api_version) {
        let path = call.raw_path.strip_prefix(BASE).unwrap_or(&call.raw_path);
        let version = encode(&successor.to_string());
        links.push(format!("<{}{path}?api-version={version}>; rel=\"successor-version\"", call.base()));
    }
    for link in links {
        if let Ok(value) = HeaderValue::from_str(&link) {
            response.headers_mut().append(LINK, value);
        }
    }
}

/// Returns a moment as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(seconds: i64) -> Option<String> {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(httpdate::fmt_http_date(time))
}
