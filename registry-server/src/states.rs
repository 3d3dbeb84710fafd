//! State of programs that recipes run, served to them over HTTP: Terraform's backend `http`.
//!
//! It listens at an address of its own on the loopback interface, only once a recipe needs it, and knows nothing of
//! the protocol: one document per key, `GET`, `POST` and `DELETE` for the document, `LOCK` and `UNLOCK` for its lock.
//! A run gets a password of its own; the next run's password ends it. State and lock are records of the server's
//! store, so they outlive worker and server, and any replica serves them.

mod document;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use radii_runtime::recipe::{Grant, States};
use radii_runtime::store::Store;
use radii_runtime::{Clock, Fault};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use document::Documents;

/// Largest state that is stored.
const BODY_LIMIT: usize = 64 << 20;
/// The name that goes with every password.
const USERNAME: &str = "recipe";

/// Keeps states in the server's store, and serves them to programs.
pub struct StateBackend {
    documents: Documents,
    listening: OnceCell<Listening>,
}

/// The listener, once there is one.
struct Listening {
    address: std::net::SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StateBackend {
    /// Returns a backend over a store; it does not listen yet.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { documents: Documents::new(store, clock), listening: OnceCell::new() })
    }

    async fn listen(&self) -> Result<&Listening, Fault> {
        let start = || async {
            let failed =
                |error: std::io::Error| Fault::internal(format!("cannot listen for states of recipes: {error}"));
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            let router = Router::new().fallback(answer).with_state(self.documents.clone());
            let task = tokio::spawn(async move {
                if let Err(error) = axum::serve(listener, router).await {
                    tracing::error!("The listener for states of recipes ended: {error}");
                }
            });
            Ok(Listening { address, task })
        };
        self.listening.get_or_try_init(start).await
    }
}

#[async_trait]
impl States for StateBackend {
    async fn grant(&self, key: &str) -> Result<Grant, Fault> {
        let address = self.listen().await?.address;
        let password = random_word();
        let mark = self.documents.admit(key, &hash(&password)).await?;
        Ok(Grant {
            key: key.to_owned(),
            mark,
            address: format!("http://{address}/{key}"),
            username: USERNAME.to_owned(),
            password,
        })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, Fault> {
        Ok(self.documents.load(key).await?.and_then(|document| document.state))
    }

    async fn rescue(&self, grant: &Grant, state: &str) -> Result<(), Fault> {
        let (grant_hash, state) = (hash(&grant.password), state.to_owned());
        let stored = self.documents.change(&grant.key, move |document| {
            if document.grant != grant_hash {
                return Err(StatusCode::FORBIDDEN);
            }
            (document.state, document.lock) = (Some(state.clone()), None);
            Ok(())
        });
        stored.await?.map_err(|_| Fault::conflict("the state belongs to a newer run of the recipe"))
    }

    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.documents.remove(key).await
    }
}

fn random_word() -> String {
    rand::random::<[u8; 24]>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hash(password: &str) -> String {
    Sha256::digest(password).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers one request of a program.
async fn answer(State(documents): State<Documents>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let key = parts.uri.path().trim_matches('/').to_owned();
    let Some(password) = password(&parts.headers) else {
        return plain(StatusCode::UNAUTHORIZED, "the name and password of the run are missing");
    };
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the state is too large");
    };
    let id = parts.uri.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("ID=")));
    let call = Call { key, grant: hash(&password), id: id.map(str::to_owned), body: body.to_vec() };
    let answered = match parts.method.as_str() {
        "GET" => read(&documents, call).await,
        "POST" | "PUT" => write(&documents, call).await,
        "DELETE" => erase(&documents, call).await,
        "LOCK" => lock(&documents, call).await,
        "UNLOCK" => unlock(&documents, call).await,
        _ => Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "use GET, POST, DELETE, LOCK or UNLOCK")),
    };
    answered.unwrap_or_else(|fault| {
        tracing::error!("A state of a recipe cannot be served: {fault}");
        plain(StatusCode::INTERNAL_SERVER_ERROR, &fault.message)
    })
}

/// A request, taken apart.
struct Call {
    key: String,
    grant: String,
    /// The lock that a write names.
    id: Option<String>,
    body: Vec<u8>,
}

async fn read(documents: &Documents, call: Call) -> Result<Response, Fault> {
    Ok(match documents.load(&call.key).await? {
        Some(document) if document.grant != call.grant => replaced(),
        Some(document) => match document.state {
            Some(state) => json(StatusCode::OK, state),
            None => plain(StatusCode::NOT_FOUND, "there is no state yet"),
        },
        None => replaced(),
    })
}

async fn write(documents: &Documents, call: Call) -> Result<Response, Fault> {
    let Some(state) = String::from_utf8(call.body).ok().filter(|text| serde_json::from_str::<Json>(text).is_ok())
    else {
        return Ok(plain(StatusCode::BAD_REQUEST, "a state is JSON"));
    };
    let changed = documents.change(&call.key, |document| {
        document.check(&call.grant)?;
        if document.lock_id().is_some_and(|held| Some(held) != call.id.as_deref()) {
            return Err(StatusCode::CONFLICT);
        }
        document.state = Some(state.clone());
        Ok(())
    });
    Ok(done(changed.await?))
}

async fn erase(documents: &Documents, call: Call) -> Result<Response, Fault> {
    let changed = documents.change(&call.key, |document| {
        document.check(&call.grant)?;
        document.state = None;
        Ok(())
    });
    Ok(done(changed.await?))
}

async fn lock(documents: &Documents, call: Call) -> Result<Response, Fault> {
    let Ok(wanted) = serde_json::from_slice::<Json>(&call.body) else {
        return Ok(plain(StatusCode::BAD_REQUEST, "a lock is described by JSON with an `ID`"));
    };
    let changed = documents.change(&call.key, |document| {
        document.check(&call.grant)?;
        if document.lock_id().is_some_and(|held| Some(held) != wanted["ID"].as_str()) {
            return Err(StatusCode::LOCKED);
        }
        document.lock = Some(wanted.clone());
        Ok(())
    });
    match changed.await? {
        Err(StatusCode::LOCKED) => {
            let holder = documents.load(&call.key).await?.and_then(|document| document.lock).unwrap_or_default();
            Ok(json(StatusCode::LOCKED, holder.to_string()))
        }
        other => Ok(done(other)),
    }
}

async fn unlock(documents: &Documents, call: Call) -> Result<Response, Fault> {
    let given: Json = serde_json::from_slice(&call.body).unwrap_or_default();
    let changed = documents.change(&call.key, |document| {
        document.check(&call.grant)?;
        let held = document.lock_id();
        if given["ID"].as_str().is_some_and(|id| held.is_some_and(|held| held != id)) {
            return Err(StatusCode::CONFLICT);
        }
        document.lock = None;
        Ok(())
    });
    Ok(done(changed.await?))
}

fn done(result: Result<(), StatusCode>) -> Response {
    match result {
        Ok(()) => plain(StatusCode::OK, ""),
        Err(StatusCode::FORBIDDEN) => replaced(),
        Err(status) => plain(status, "the state is locked by somebody else"),
    }
}

/// The answer to a program whose run was given up, or that guesses.
fn replaced() -> Response {
    plain(StatusCode::FORBIDDEN, "this run was replaced by a newer one")
}

fn password(headers: &http::HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(text.strip_prefix("Basic ")?.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

fn plain(status: StatusCode, text: &str) -> Response {
    respond(status, "text/plain; charset=utf-8", text.to_owned())
}

fn json(status: StatusCode, text: String) -> Response {
    respond(status, "application/json", text)
}

fn respond(status: StatusCode, kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    response
}
