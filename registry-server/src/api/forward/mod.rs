//! Imperative providers: requests about their types are passed on to the address that they registered
//! (Radius HTTP contract, part 2.7), and so is everything below an Azure plane.

mod ask;
mod circuit;
mod exchange;
mod headers;

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::imperative::note::{self, Note};
use reqwest::Url;

use super::answer;
use super::call::Call;
use super::route::BASE;
use crate::AppState;

pub use exchange::{Limits, Providers};

use exchange::{Failure, Outgoing};

/// Lists up to this size are read to mend their link to the next page.
const LIST_LIMIT: usize = 16 << 20;

/// Passes a request about a resource on, and takes down what that does to the resource.
pub async fn resource(state: &AppState, call: &Call, address: &str, id: &ResourceId) -> Result<Response, Fault> {
    let answered = pass_on(state, call, address).await?;
    let status = answered.status();
    if status.is_success() && id.is_resource() {
        take_note(state, call, id, status).await;
    }
    present(call, answered, !id.is_resource()).await
}

/// Passes a request on whose resource is not ours to know.
pub async fn anything(state: &AppState, call: &Call, address: &str) -> Result<Response, Fault> {
    let answered = pass_on(state, call, address).await?;
    present(call, answered, false).await
}

/// Whether a tracked resource still exists; one whose provider does not answer counts as existing.
pub async fn exists(state: &AppState, address: &str, note: &Note) -> bool {
    let path = note.id.to_string();
    let query = format!("api-version={}", super::call::encode(&note.api_version));
    let Some(url) = target(address, &path, Some(&query)) else { return true };
    let request = Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: bytes::Bytes::new() };
    let answered = state.providers.send(request).await;
    !answered.is_ok_and(|answered| answered.status() == StatusCode::NOT_FOUND)
}

async fn pass_on(state: &AppState, call: &Call, address: &str) -> Result<reqwest::Response, Fault> {
    let path = call.protocol_path();
    let climbs = call.segments().is_some_and(|segments| segments.iter().any(|name| name == "." || name == ".."));
    if climbs {
        let message = "the request URL does not contain a valid resource ID: a name cannot be `.` or `..`";
        return Err(Fault::bad_request(message).target(path));
    }
    let url = target(address, &path, call.raw_query.as_deref()).ok_or_else(|| without_url(&path, address))?;
    let headers = headers::of_request(call, &path);
    let request = Outgoing { method: call.method.clone(), url, headers, body: call.body.clone() };
    state.providers.send(request).await.map_err(|failure| fault(&failure, address, &path))
}

/// The fault of a request that leads to no URL of the provider.
fn without_url(path: &str, address: &str) -> Fault {
    let message = format!(
        "the provider of `{path}` cannot be reached: its address `{address}` is no URL that begins with `http://` or \
         `https://`; register its location with another one"
    );
    Fault::new(502, UNREACHABLE, message).target(path)
}

/// A provider that does not answer.
const UNREACHABLE: &str = "ProviderUnreachable";

fn fault(failure: &Failure, address: &str, path: &str) -> Fault {
    let (status, what) = match failure {
        Failure::TimedOut => (504, "did not answer in time".to_owned()),
        Failure::Unreachable(reason) => (502, format!("cannot be reached: {reason}")),
        Failure::Resting => (503, "did not answer several times and is left alone for some seconds".to_owned()),
    };
    let message = format!("the provider at `{address}` {what}; see to it that it runs, or register another address");
    Fault::new(status, UNREACHABLE, message).target(path)
}

/// Returns the URL that a path of ours has at a provider: the address's own path and query come first.
fn target(address: &str, path: &str, query: Option<&str>) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    let prefix = url.path().trim_end_matches('/').to_owned();
    let own = url.query().map(str::to_owned);
    url.set_path(&format!("{prefix}{path}"));
    let both: Vec<&str> = [own.as_deref(), query].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let joined = both.join("&");
    url.set_query(Some(joined.as_str()).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    Some(url)
}

/// Takes a written resource down, and one that is deleted off. What goes wrong is logged: the provider's
/// answer stands, whatever becomes of our note.
async fn take_note(state: &AppState, call: &Call, id: &ResourceId, status: StatusCode) {
    let is_going = call.method == Method::DELETE;
    let noted = Note { id: id.clone(), api_version: call.api_version().to_owned(), is_going };
    let done = match call.method {
        Method::PUT | Method::PATCH => note::remember(&state.host, &noted).await,
        Method::DELETE if status == StatusCode::ACCEPTED => note::remember(&state.host, &noted).await,
        Method::DELETE => note::forget(&state.host, id).await,
        _ => Ok(()),
    };
    if let Err(fault) = done {
        tracing::warn!("The group of `{id}` does not know what became of it: {fault}");
    }
}

async fn present(call: &Call, answered: reqwest::Response, is_list: bool) -> Result<Response, Fault> {
    let mut response = answer::empty(answered.status().as_u16());
    *response.headers_mut() = headers::of_answer(call, answered.status(), answered.headers());
    let mends = is_list && call.method == Method::GET && answered.status() == StatusCode::OK;
    if !mends {
        if call.method != Method::HEAD {
            response.headers_mut().remove(http::header::CONTENT_LENGTH);
        }
        *response.body_mut() = Body::from_stream(answered.bytes_stream());
        return Ok(response);
    }
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    let text = read(answered).await?;
    *response.body_mut() = Body::from(mend_next_link(call, text));
    Ok(response)
}

async fn read(answered: reqwest::Response) -> Result<Vec<u8>, Fault> {
    let mut read = Vec::new();
    let mut stream = answered.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|_| Fault::new(502, UNREACHABLE, "the provider hung up in the middle of its answer"))?;
        read.extend_from_slice(&chunk);
        if read.len() > LIST_LIMIT {
            let message = format!("the provider's list is larger than {LIST_LIMIT} bytes; ask for smaller pages");
            return Err(Fault::new(502, UNREACHABLE, message));
        }
    }
    Ok(read)
}

/// Lets the link to the next page of a list go through us; anything that is no such list stays as it is.
fn mend_next_link(call: &Call, body: Vec<u8>) -> Vec<u8> {
    let Ok(mut list) = serde_json::from_slice::<serde_json::Value>(&body) else { return body };
    let Some(link) = list.get("nextLink").and_then(serde_json::Value::as_str) else { return body };
    let Some(mut mended) = headers::through_us(call, link) else { return body };
    if !mended.contains("api-version=") {
        let mark = if mended.contains('?') { '&' } else { '?' };
        mended.push_str(&format!("{mark}api-version={}", super::call::encode(call.api_version())));
    }
    list["nextLink"] = mended.into();
    list.to_string().into_bytes()
}

impl Call {
    /// The path after [`BASE`] as it was sent, with `planes` and `resourcegroups` in lower case.
    fn protocol_path(&self) -> String {
        let path = self.raw_path.strip_prefix(BASE).unwrap_or(&self.raw_path);
        scopes_in_lower_case(path.strip_suffix('/').unwrap_or(path))
    }
}

/// Returns a path with `planes` and the first `resourcegroups` in lower case, as providers are asked.
fn scopes_in_lower_case(path: &str) -> String {
    let mut first_group = true;
    let segments = path.split('/').enumerate().map(|(at, segment)| match segment.to_ascii_lowercase() {
        lower if at == 1 && lower == "planes" => lower,
        lower if first_group && lower == "resourcegroups" => {
            first_group = false;
            lower
        }
        _ => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::super::call::Forwarded;
    use super::*;

    fn call(path: &str) -> Call {
        let headers = HeaderMap::from_iter([(http::header::HOST, "h:1".parse().unwrap())]);
        let uri = format!("{BASE}{path}").parse().unwrap();
        Call::new(Method::GET, &uri, headers, bytes::Bytes::new(), Forwarded::Ignored).unwrap()
    }

    #[test]
    fn an_address_keeps_its_own_path_and_query() {
        let at = |address: &str| target(address, "/planes/x%20y", Some("api-version=v")).map(|url| url.to_string());
        assert_eq!(at("http://rp:1").as_deref(), Some("http://rp:1/planes/x%20y?api-version=v"));
        assert_eq!(at("http://rp/a/b/").as_deref(), Some("http://rp/a/b/planes/x%20y?api-version=v"));
        assert_eq!(at("https://rp/a?x=1").as_deref(), Some("https://rp/a/planes/x%20y?x=1&api-version=v"));
        for bad in ["not a url", "rp.example.com/abc", "ftp://rp/x", "unix:/x"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_are_passed_on_as_sent_but_for_the_casing_of_scopes() {
        let path = "/Planes/radius/local/resourceGroups/G/providers/A.B/THINGS/One%20x/resourceGroups/";
        assert_eq!(
            call(path).protocol_path(),
            "/planes/radius/local/resourcegroups/G/providers/A.B/THINGS/One%20x/resourceGroups"
        );
    }

    #[test]
    fn links_to_the_next_page_lead_through_us() {
        let call = call("/planes/radius/local/providers/A.B/things?api-version=v1");
        let body =
            r#"{"value":[1.50],"nextLink":"http://rp/prefix/planes/radius/local/providers/A.B/things?skipToken=x"}"#;
        let mended = String::from_utf8(mend_next_link(&call, body.into())).unwrap();
        let link = format!("http://h:1{BASE}/planes/radius/local/providers/A.B/things?skipToken=x&api-version=v1");
        assert!(mended.contains(&link), "{mended}");
        for other in ["[1]", "text", r#"{"value":[]}"#] {
            assert_eq!(mend_next_link(&call, other.into()), other.as_bytes());
        }
    }
}
