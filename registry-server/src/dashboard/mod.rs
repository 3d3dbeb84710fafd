//! The dashboard: pages that show what is registered, what runs and what failed.
//!
//! Rendered here and complete without script; a small module keeps an open page current. Nothing is
//! loaded from elsewhere. Pages go through the provider host, so secrets are as hidden as in the API.

mod docs;
mod markdown;
mod pages;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, StatusCode};
use radii_runtime::Fault;
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};

use crate::AppState;
use pages::Pages;

/// Style, script and icon.
#[derive(RustEmbed)]
#[folder = "../dashboard/assets"]
struct Assets;

/// Pages run no inline script, send no forms and show nothing from other hosts, whatever a description holds.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the pages need.
#[derive(Clone)]
struct Dashboard {
    state: AppState,
    pages: Arc<Pages>,
}

/// Returns the router of all pages.
pub fn router(state: AppState) -> Router {
    let dashboard = Dashboard { state, pages: Arc::new(Pages::builtin()) };
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/dashboard") }))
        .route("/dashboard", get(overview))
        .route("/dashboard/groups/{plane}/{group}", get(group))
        .route("/dashboard/types/{plane}/{namespace}/{name}", get(kind))
        .route("/dashboard/resource/{*id}", get(resource))
        .route("/dashboard/assets/{name}", get(asset))
        .with_state(dashboard)
}

/// Position in a paged list.
#[derive(Deserialize)]
struct Position {
    after: Option<u64>,
}

async fn overview(State(dashboard): State<Dashboard>) -> Response {
    let view = view::overview(&dashboard.state.host).await;
    dashboard.answer("overview", view)
}

async fn group(
    State(dashboard): State<Dashboard>,
    Path((plane, group)): Path<(String, String)>,
    Query(position): Query<Position>,
) -> Response {
    let view = view::group(&dashboard.state.host, &plane, &group, position.after).await;
    dashboard.answer("group", view)
}

async fn kind(
    State(dashboard): State<Dashboard>,
    Path((plane, namespace, name)): Path<(String, String, String)>,
) -> Response {
    let view = view::kind(&dashboard.state.host, &plane, &namespace, &name);
    dashboard.answer("type", view)
}

async fn resource(State(dashboard): State<Dashboard>, Path(id): Path<String>) -> Response {
    let view = view::resource(&dashboard.state.host, &format!("/{id}")).await;
    dashboard.answer("resource", view)
}

async fn asset(Path(name): Path<String>) -> Response {
    let Some(file) = Assets::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, file.data.into_owned()).into_response()
}

impl Dashboard {
    /// Renders a page, or says on a page why there is none.
    fn answer<T: Serialize>(&self, page: &'static str, view: Result<T, Fault>) -> Response {
        match view.and_then(|view| self.pages.render(page, &view)) {
            Ok(html) => html_response(StatusCode::OK, html),
            Err(fault) => {
                let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                match self.pages.render("fault", &view::fault(&fault)) {
                    Ok(html) => html_response(status, html),
                    Err(_) => (status, fault.message).into_response(),
                }
            }
        }
    }
}

fn html_response(status: StatusCode, html: String) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, html).into_response()
}
