//! The gate before all routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use radii_runtime::access::Authority;
use radii_runtime::{Clock as _, Fault, SystemClock};
use zeroize::Zeroizing;

use super::Directory;
use super::audit::{Audit, Entry};
use super::demand::{self, Demand};
use super::issuer::Refusal;
use super::limit::Limiter;
use super::policy::{self, Action, Actor};
use crate::serve::envelope;

/// The caller is not known.
const UNAUTHENTICATED: &str = "AuthenticationFailed";
/// The caller sent too many requests.
const TOO_MANY: &str = "TooManyRequests";

/// What the gate knows.
#[derive(Default)]
pub struct Gate {
    /// Who is known; without it everybody may do everything.
    pub directory: Option<Arc<Directory>>,
    /// How much each client may ask; without it, whatever it can.
    pub limiter: Option<Limiter>,
    /// What changes and refusals are written to.
    pub audit: Audit,
}

impl Gate {
    /// Who knows what callers may do; `None` while everybody may do everything.
    pub(crate) fn authority(&self) -> Option<Arc<dyn Authority>> {
        self.directory.clone().map(|directory| directory as Arc<dyn Authority>)
    }

    async fn find(&self, token: Option<Zeroizing<String>>) -> Result<Option<Actor>, Fault> {
        let Some(directory) = &self.directory else { return Ok(Some(Actor::anonymous())) };
        let Some(token) = token else { return Ok(None) };
        match directory.find(&token).await {
            Ok(actor) => Ok(Some(actor)),
            Err(refusal @ Refusal::Invalid(_)) => Err(Fault::new(401, UNAUTHENTICATED, refusal.to_string())),
            Err(refusal @ Refusal::Unavailable { .. }) => {
                tracing::error!("{refusal}");
                Err(Fault::new(503, UNAUTHENTICATED, "nobody can tell now whether the token is valid; try again"))
            }
        }
    }

    /// The answer to a client that asks too much.
    fn slow_down(&self, actor: Option<&Actor>, from: &str) -> Option<Response> {
        let client = actor.filter(|_| self.directory.is_some()).map_or(from, |actor| actor.name.as_str());
        let wait = self.limiter.as_ref()?.take(client, Instant::now()).err()?;
        let seconds = wait.as_secs_f64().ceil().max(1.0);
        let fault = Fault::new(429, TOO_MANY, format!("too many requests; wait {seconds} s and send fewer"));
        let mut response = envelope(&fault);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds as u64));
        Some(response)
    }
}

/// The token of an `Authorization` header: a bearer token, or the password of basic authentication, which
/// lets a browser ask for it.
fn bearer(request: &Request) -> Option<Zeroizing<String>> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Zeroizing::new(value.trim().to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(value.trim()).ok()?);
    let text = std::str::from_utf8(&decoded).ok()?;
    text.split_once(':').map(|(_, password)| Zeroizing::new(password.to_owned()))
}

fn unauthenticated(fault: &Fault, path: &str) -> Response {
    let mut response = envelope(fault);
    let challenge = match path {
        // Browsers ask people for a password; programs are told what is expected.
        _ if path == "/" || path.starts_with("/dashboard") => "Basic realm=\"Radii: any name, a token as password\"",
        _ => "Bearer realm=\"Radii\"",
    };
    if fault.status == 401 {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

impl Gate {
    /// Whether nobody is asked who they are, counted or written down.
    fn stands_open(&self) -> bool {
        self.directory.is_none() && self.limiter.is_none() && !self.audit.is_kept()
    }

    /// Lets a request in, or answers it; what is let in and has to be written down is a [`Visit`].
    ///
    /// The caller stands in the request's extensions from then on.
    pub(crate) async fn admit(&self, request: &mut Request, request_id: &str) -> Result<Option<Visit>, Response> {
        if self.stands_open() {
            return Ok(None);
        }
        let demand = demand::of(request.method(), request.uri().path());
        if demand == Demand::Nothing {
            return Ok(None);
        }
        let mut visit = Visit::of(request, request_id);
        let found = self.find(bearer(request)).await;
        if let Some(response) = self.slow_down(found.as_ref().ok().and_then(Option::as_ref), &visit.from) {
            return Err(response);
        }
        let nobody = || Fault::new(401, UNAUTHENTICATED, "who are you? Send `Authorization: Bearer` with a token");
        let (actor, refusal) = match found.and_then(|actor| actor.ok_or_else(nobody)) {
            Err(fault) => (None, Some(unauthenticated(&fault, &visit.path))),
            Ok(actor) => {
                let refusal = match &demand {
                    Demand::Allowed(action, scope) if !actor.may(*action, scope) => {
                        Some(envelope(&policy::forbidden(&actor, *action, scope)))
                    }
                    _ => None,
                };
                (Some(actor), refusal)
            }
        };
        visit.actor = actor.as_ref().map_or_else(|| "unknown".to_owned(), |actor| actor.name.clone());
        if let Demand::Allowed(action, _) = demand {
            visit.action = action;
        }
        if let Some(refusal) = refusal {
            visit.write_down(&self.audit, Verdict::Refused, refusal.status().as_u16());
            return Err(refusal);
        }
        if let Some(actor) = actor {
            request.extensions_mut().insert(actor);
            if self.directory.is_some() {
                // It was shown to us; nobody that a request is passed on to may see it.
                request.headers_mut().remove(AUTHORIZATION);
            }
        }
        Ok((!matches!(visit.action, Action::Read | Action::Discover)).then_some(visit))
    }
}

/// What became of a request at the gate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    LetIn,
    Refused,
}

/// What the audit log keeps of a request while its route has it.
pub(crate) struct Visit {
    id: String,
    actor: String,
    from: String,
    method: Method,
    path: String,
    api_version: Option<String>,
    action: Action,
}

impl Visit {
    fn of(request: &Request, id: &str) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let version = query.split('&').find_map(|pair| pair.strip_prefix("api-version="));
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        Self {
            id: id.to_owned(),
            actor: String::new(),
            from: from.map_or_else(|| "unknown".to_owned(), |ConnectInfo(address)| address.ip().to_string()),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            api_version: version.map(str::to_owned),
            action: Action::Discover,
        }
    }

    /// Writes down how a request that was let in was answered.
    pub(crate) fn ended(self, audit: &Audit, status: u16) {
        self.write_down(audit, Verdict::LetIn, status);
    }

    fn write_down(&self, audit: &Audit, verdict: Verdict, status: u16) {
        audit.write(&Entry {
            time: SystemClock.now().to_string(),
            request_id: &self.id,
            actor: &self.actor,
            from: &self.from,
            method: self.method.as_str(),
            path: &self.path,
            api_version: self.api_version.as_deref(),
            action: self.action.as_str(),
            allowed: verdict == Verdict::LetIn,
            status,
        });
    }
}
