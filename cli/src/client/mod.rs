//! The HTTP client: one server, its base path, its errors, its long-running operations.
//!
//! Every request goes to the workspace's own server: absolute URLs in answers are brought back to it,
//! because some servers name their internal host there (Radius HTTP contract, parts 2.2 and 3).

mod credentials;
mod events;
mod poll;
mod problem;
#[cfg(test)]
mod tests;

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde_json::Value as Json;

pub use credentials::Credentials;
pub use events::{Event, Watch};
use poll::Ended;
pub use problem::{Error, Problem};

/// What stands before every path of the protocol.
pub const BASE_PATH: &str = "/apis/api.ucp.dev/v1alpha3";

/// The API version of planes, groups and registrations.
pub const NATIVE_VERSION: &str = "2023-10-01-preview";

const PLANES: &str = "/planes/";
/// How often a request is sent at most when the server is busy or the connection breaks.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a deletion found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It was there and is gone.
    Gone,
    /// It was not there.
    Absent,
}

/// A client of one server.
pub struct Client {
    base: Url,
    verbose: bool,
    attempts: u32,
    credentials: Credentials,
    http: OnceCell<reqwest::Client>,
    /// Whether it was said that an API version is deprecated.
    warned: Cell<bool>,
}

/// An answer with a status below 400, or 404.
struct Answer {
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    body: Json,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers)
    }
}

fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

impl Client {
    /// Returns a client of the server at `url`; the protocol's base path is added to it.
    pub fn new(url: &str, verbose: bool) -> Result<Self, Error> {
        let invalid = |why: String| Error::InvalidUrl { url: url.to_owned(), why };
        let mut base = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(invalid("only http and https are supported".to_owned()));
        }
        let path = format!("{}{BASE_PATH}", base.path().trim_end_matches('/'));
        base.set_path(&path);
        base.set_query(None);
        base.set_fragment(None);
        let credentials = Credentials::default();
        Ok(Self { base, verbose, attempts: ATTEMPTS, credentials, http: OnceCell::new(), warned: Cell::new(false) })
    }

    /// Shows these credentials to the server.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// The server's root, for messages.
    pub fn root(&self) -> String {
        self.base.as_str().trim_end_matches(BASE_PATH).to_owned()
    }

    /// Sends each request only once, for questions that may stay unanswered.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.attempts = 1;
        self
    }

    /// Returns what the server says about its version.
    pub async fn server_version(&self) -> Result<Json, Error> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/version", self.base.path().trim_end_matches(BASE_PATH)));
        let answer = self.send(Method::GET, &url, None).await?;
        self.found(answer, &Method::GET, &url)
    }

    /// Returns what stands at a path.
    ///
    /// # Errors
    /// [`Error::Refused`] also when nothing is there.
    pub async fn get(&self, path: &str, api_version: &str) -> Result<Json, Error> {
        let url = self.url(path, api_version);
        let answer = self.send(Method::GET, &url, None).await?;
        self.found(answer, &Method::GET, &url)
    }

    /// Returns what stands at a path, or `None` when nothing is there.
    pub async fn find(&self, path: &str, api_version: &str) -> Result<Option<Json>, Error> {
        let answer = self.send(Method::GET, &self.url(path, api_version), None).await?;
        Ok((answer.status != StatusCode::NOT_FOUND).then_some(answer.body))
    }

    /// Returns all elements of a collection, page by page.
    pub async fn list(&self, path: &str, api_version: &str) -> Result<Vec<Json>, Error> {
        let mut url = self.url(path, api_version);
        let mut items = Vec::new();
        loop {
            let answer = self.send(Method::GET, &url, None).await?;
            let mut page = self.found(answer, &Method::GET, &url)?;
            if let Some(Json::Array(values)) = page.get_mut("value").map(Json::take) {
                items.extend(values);
            }
            match page.get("nextLink").and_then(Json::as_str).filter(|link| !link.is_empty()) {
                Some(link) => {
                    let next = self.localize(link)?;
                    if next == url {
                        return Err(Error::Protocol {
                            url: url.to_string(),
                            what: "a page's `nextLink` names the page itself".to_owned(),
                        });
                    }
                    url = next;
                }
                None => return Ok(items),
            }
        }
    }

    /// Creates or replaces a resource and waits until that is done; returns the resource.
    pub async fn put(&self, path: &str, api_version: &str, body: &Json) -> Result<Json, Error> {
        let url = self.url(path, api_version);
        let answer = self.send(Method::PUT, &url, Some(body)).await?;
        let answer = self.accepted(answer, &Method::PUT, &url)?;
        if answer.status == StatusCode::NO_CONTENT {
            let what = "the answer to a PUT has no content".to_owned();
            return Err(Error::Protocol { url: url.to_string(), what });
        }
        match self.finish(&answer, &Method::PUT, &url).await? {
            Ended::With(resource) => return Ok(resource),
            Ended::Unseen => {
                let answer = self.send(Method::GET, &url, None).await?;
                return self.found(answer, &Method::GET, &url);
            }
            Ended::Already => {}
        }
        if answer.status == StatusCode::ACCEPTED {
            let what = "the request was accepted, but no operation is named to wait for".to_owned();
            return Err(Error::Protocol { url: url.to_string(), what });
        }
        Ok(answer.body)
    }

    /// Deletes a resource and waits until it is gone.
    pub async fn delete(&self, path: &str, api_version: &str) -> Result<Deleted, Error> {
        let url = self.url(path, api_version);
        let answer = self.send(Method::DELETE, &url, None).await?;
        if matches!(answer.status, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND) {
            return Ok(Deleted::Absent);
        }
        self.finish(&answer, &Method::DELETE, &url).await?;
        Ok(Deleted::Gone)
    }

    /// Runs an action.
    pub async fn post(&self, path: &str, api_version: &str, body: &Json) -> Result<Json, Error> {
        let url = self.url(path, api_version);
        let answer = self.send(Method::POST, &url, Some(body)).await?;
        self.found(answer, &Method::POST, &url)
    }

    fn found(&self, answer: Answer, method: &Method, url: &Url) -> Result<Json, Error> {
        Ok(self.accepted(answer, method, url)?.body)
    }

    fn accepted(&self, answer: Answer, method: &Method, url: &Url) -> Result<Answer, Error> {
        if answer.status == StatusCode::NOT_FOUND {
            return Err(Error::refused(method, url, answer.status, answer.body));
        }
        Ok(answer)
    }

    /// Returns the URL of a path below the base; `path` may carry a query.
    fn url(&self, path: &str, api_version: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        url.set_path(&format!("{}/{}", self.base.path(), path.trim_matches('/')));
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("api-version", api_version);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.append_pair(name, value);
        }
        drop(pairs);
        url
    }

    /// Returns the URL of an answer's link on the workspace's own server.
    fn localize(&self, link: &str) -> Result<Url, Error> {
        let protocol = |why: String| Error::Protocol { url: link.to_owned(), what: why };
        let named = self.base.join(link).map_err(|error| protocol(format!("the link is not a URL: {error}")))?;
        let path = named.path();
        let mut url = self.base.clone();
        if path.starts_with(self.base.path()) {
            url.set_path(path);
        } else if let Some(at) = path.to_ascii_lowercase().find(PLANES) {
            url.set_path(&format!("{}{}", self.base.path(), &path[at..]));
        } else {
            return Err(protocol("the link leads out of the API".to_owned()));
        }
        url.set_query(named.query());
        Ok(url)
    }

    /// Sends a request, again when the server is busy or stumbles, or the connection breaks.
    ///
    /// Repeating is safe: PUT and DELETE are idempotent here, and actions only read.
    async fn send(&self, method: Method, url: &Url, body: Option<&Json>) -> Result<Answer, Error> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let outcome = self.send_once(&method, url, body).await;
            let wait = match &outcome {
                Ok((status, headers, _)) if is_busy(*status) => Some(retry_after(headers).unwrap_or(pause)),
                Err(_) => Some(pause),
                Ok(_) => None,
            };
            match wait {
                Some(wait) if attempt < self.attempts => {
                    tokio::time::sleep(wait).await;
                    pause *= 3;
                }
                _ => {
                    let (status, headers, bytes) = outcome.map_err(|source| Error::Unreachable {
                        root: self.root(),
                        url: url.to_string(),
                        source,
                    })?;
                    return read_answer(&method, url, status, headers, &bytes);
                }
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn send_once(
        &self,
        method: &Method,
        url: &Url,
        body: Option<&Json>,
    ) -> Result<(StatusCode, reqwest::header::HeaderMap, Vec<u8>), reqwest::Error> {
        let mut request = self.http()?.request(method.clone(), url.clone()).header("accept", "application/json");
        if let Some(token) = self.credentials.authorization() {
            request = request.header(reqwest::header::AUTHORIZATION, token.clone());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let started = std::time::Instant::now();
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        if let (true, Some(warning)) = (!self.warned.get(), deprecation(&headers, url)) {
            self.warned.set(true);
            crate::output::warn(&warning);
        }
        let bytes = response.bytes().await?.to_vec();
        if self.verbose {
            let millis = started.elapsed().as_millis();
            crate::output::write_stderr(&format!("{method} {url} {} ({millis} ms)", status.as_u16()));
        }
        Ok((status, headers, bytes))
    }

    fn http(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(120))
            .user_agent(concat!("rad/", env!("CARGO_PKG_VERSION")));
        if self.base.scheme() == "http" {
            // The machine's certificates need not be read: every request goes to this server, in clear.
            builder = builder.tls_certs_only([]);
        } else {
            builder = builder.tls_certs_merge(self.credentials.certificates().iter().cloned());
        }
        let client = builder.build()?;
        Ok(self.http.get_or_init(|| client))
    }
}

/// Returns what to say about an answer through an API version that is on its way out.
fn deprecation(headers: &reqwest::header::HeaderMap, url: &Url) -> Option<String> {
    headers.get("deprecation")?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let version = url.query_pairs().find(|(name, _)| name == "api-version").map(|(_, version)| version.into_owned());
    let mut warning = format!("the API version `{}` is deprecated", version.unwrap_or_default());
    if let Some(sunset) = text("sunset") {
        warning.push_str(&format!(" and may be gone from {sunset} on"));
    }
    let links = headers.get_all("link").iter().filter_map(|link| link.to_str().ok());
    for link in links {
        let Some((target, rest)) = link.strip_prefix('<').and_then(|link| link.split_once('>')) else { continue };
        if rest.contains("rel=\"deprecation\"") {
            warning.push_str(&format!("; see {target}"));
        } else if rest.contains("rel=\"successor-version\"")
            && let Some((_, successor)) = target.rsplit_once("api-version=")
        {
            warning.push_str(&format!("; use `{successor}`"));
        }
    }
    Some(warning)
}

fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
    )
}

fn read_answer(
    method: &Method,
    url: &Url,
    status: StatusCode,
    headers: reqwest::header::HeaderMap,
    bytes: &[u8],
) -> Result<Answer, Error> {
    let foreign = || Error::Foreign {
        url: url.to_string(),
        status: status.as_u16(),
        excerpt: String::from_utf8_lossy(bytes).chars().take(200).collect(),
    };
    let body = match bytes {
        [] => Json::Null,
        bytes => serde_json::from_slice(bytes).map_err(|_| foreign())?,
    };
    if status.is_redirection() || (status == StatusCode::NOT_FOUND && body.get("error").is_none()) {
        return Err(foreign());
    }
    if status.as_u16() >= 400 && status != StatusCode::NOT_FOUND {
        return Err(Error::refused(method, url, status, body));
    }
    Ok(Answer { status, headers, body })
}
