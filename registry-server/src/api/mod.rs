//! The routes of the protocol.

use axum::Router;

use crate::AppState;

/// Returns the router of all protocol routes.
pub fn router(state: AppState) -> Router {
    Router::new().with_state(state)
}
