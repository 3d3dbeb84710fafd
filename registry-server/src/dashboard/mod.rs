//! The dashboard's pages.

use axum::Router;

use crate::AppState;

/// Returns the router of all pages.
pub fn router(state: AppState) -> Router {
    Router::new().with_state(state)
}
