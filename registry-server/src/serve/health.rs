//! What tells operators how the server is: `/healthz`, `/readyz`, `/version`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::SetOnce;

use crate::AppState;

/// How long the store may take to answer before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `/readyz` reports.
#[derive(Debug, Default)]
pub struct Health {
    loaded: SetOnce<()>,
    working: AtomicBool,
    stopping: AtomicBool,
}

impl Health {
    /// Notes that the catalogue holds every registered provider.
    pub(super) fn loaded(&self) {
        // It is noted once; a second time says nothing new.
        let _ = self.loaded.set(());
    }

    /// Waits until the catalogue holds every registered provider: before, nobody can say what is not registered.
    pub(super) async fn until_loaded(&self) {
        if !self.loaded.initialized() {
            self.loaded.wait().await;
        }
    }

    /// Notes that the server stops: no new requests should be sent to it.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Notes that workers run, until the returned value is dropped, by a panic too.
    pub(super) fn working(self: &Arc<Self>) -> Working {
        self.working.store(true, Ordering::Release);
        Working(Arc::clone(self))
    }
}

/// Workers run as long as this exists.
pub(super) struct Working(Arc<Health>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.working.store(false, Ordering::Release);
    }
}

/// Whether a path is about the process, and is answered while it starts as well.
pub(super) fn is_about_process(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/version" | "/metrics")
}

/// Returns the routes about the server itself.
pub(super) fn router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .with_state(state)
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Requests and operations will be carried out: the store reads and writes, the catalogue is loaded, workers run.
async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<Value>) {
    let health = &state.health;
    let store = &state.host.parts.store;
    // Nothing is written, but who writes must be there, and be allowed to.
    let asked = async { store.recent_operations(1).await.and(store.commit(Vec::new()).await) };
    let store = tokio::time::timeout(PATIENCE, asked).await;
    let checks = [
        ("store", matches!(store, Ok(Ok(_)))),
        ("catalog", health.loaded.initialized()),
        ("workers", health.working.load(Ordering::Acquire)),
        ("accepting", !health.stopping.load(Ordering::Acquire)),
    ];
    let ready = checks.iter().all(|(_, passed)| *passed);
    let checks: serde_json::Map<String, Value> =
        checks.iter().map(|(name, passed)| ((*name).to_owned(), json!(passed))).collect();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "checks": checks })))
}

/// Which build this is, with the members that clients of Radius read.
async fn version() -> Json<Value> {
    let version = env!("CARGO_PKG_VERSION");
    let channel = version.rsplit_once('.').map_or(version, |(channel, _)| channel);
    Json(json!({
        "channel": channel,
        "commit": option_env!("RADII_COMMIT").unwrap_or("unknown"),
        "release": version,
        "version": format!("v{version}"),
    }))
}
