//! One request to a provider: time limits, repetitions, and rest for those that do not answer.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method};
use reqwest::{Client, Url};

use super::circuit::Circuits;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 3;

/// How long providers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the head of the answer is there.
    pub answer: Duration,
    /// Between two attempts; grows with each.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // An answer has to come before our own request ends, so that the client learns who is at fault.
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(50), pause: Duration::from_millis(100) }
    }
}

/// A request as it goes out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time.
    TimedOut,
    /// Nobody listens, or the connection broke.
    Unreachable(String),
    /// The address failed too often lately.
    Resting,
}

/// The way to all imperative providers.
#[derive(Debug, Default)]
pub struct Providers {
    client: OnceLock<Client>,
    circuits: Mutex<Circuits>,
    limits: Limits,
}

impl Providers {
    /// Returns a way with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// How long providers may take.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request, and repeats it where that is harmless.
    ///
    /// # Errors
    /// No answer. An answer of any status is none.
    pub async fn send(&self, request: Outgoing) -> Result<reqwest::Response, Failure> {
        let address = request.url.origin().ascii_serialization();
        if !self.circuits().admit(&address, Instant::now()) {
            return Err(Failure::Resting);
        }
        let result = self.try_to_send(&request).await;
        match &result {
            Ok(_) => self.circuits().answered(&address),
            Err(_) => self.circuits().failed(&address, Instant::now()),
        }
        result
    }

    async fn try_to_send(&self, request: &Outgoing) -> Result<reqwest::Response, Failure> {
        let mut attempt = 1;
        loop {
            let error = match tokio::time::timeout(self.limits.answer, self.send_once(request)).await {
                Ok(Ok(answered)) => return Ok(answered),
                Ok(Err(error)) => error,
                Err(_) => return Err(Failure::TimedOut),
            };
            if attempt == ATTEMPTS || !may_repeat(request, error.is_connect()) {
                return Err(if error.is_timeout() {
                    Failure::TimedOut
                } else {
                    Failure::Unreachable(describe(&error))
                });
            }
            tokio::time::sleep(self.limits.pause * attempt).await;
            attempt += 1;
        }
    }

    async fn send_once(&self, request: &Outgoing) -> reqwest::Result<reqwest::Response> {
        let mut outgoing = reqwest::Request::new(request.method.clone(), request.url.clone());
        *outgoing.headers_mut() = request.headers.clone();
        let sends_body =
            !request.body.is_empty() || matches!(request.method, Method::PUT | Method::POST | Method::PATCH);
        if sends_body {
            *outgoing.body_mut() = Some(request.body.clone().into());
        }
        self.client()?.execute(outgoing).await
    }

    fn client(&self) -> reqwest::Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Whoever embeds the server may have chosen a provider of cryptography already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(self.limits.connect)
            // Providers are reached directly; redirections are for the client to follow.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(self.client.get_or_init(|| client))
    }

    fn circuits(&self) -> std::sync::MutexGuard<'_, Circuits> {
        self.circuits.lock().expect("no holder of the lock panics")
    }
}

/// Whether sending a request again cannot do what was not asked for.
fn may_repeat(request: &Outgoing, was_never_sent: bool) -> bool {
    let is_conditional = [IF_MATCH, IF_NONE_MATCH].iter().any(|name| request.headers.contains_key(name));
    match request.method {
        _ if was_never_sent => true,
        Method::GET | Method::HEAD | Method::OPTIONS => true,
        // The protocol lets both be repeated; a condition would not hold the second time.
        Method::PUT | Method::DELETE => !is_conditional,
        _ => false,
    }
}

/// Returns the innermost cause, which names what the network said.
fn describe(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_harm_is_repeated() {
        let request = |method: Method, conditional: bool| {
            let mut headers = HeaderMap::new();
            if conditional {
                headers.insert(IF_MATCH, "x".parse().unwrap());
            }
            Outgoing { method, url: "http://rp".parse().unwrap(), headers, body: Bytes::new() }
        };
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE] {
            assert!(may_repeat(&request(method, false), false));
        }
        assert!(!may_repeat(&request(Method::POST, false), false));
        assert!(!may_repeat(&request(Method::PUT, true), false));
        assert!(may_repeat(&request(Method::POST, true), true), "nothing was sent");
    }
}
