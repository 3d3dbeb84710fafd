//! Resources of AWS accounts: Radius reads and writes them through the Cloud Control API, this server does not.

use axum::response::Response;
use radii_runtime::Fault;

use super::call::Call;
use super::route::Aws;
use crate::AppState;
use crate::registry;

/// Answers a request about a resource of an AWS account.
pub async fn handle(state: &AppState, call: &Call, route: &Aws) -> Result<Response, Fault> {
    let plane = format!("/planes/aws/{}", route.plane);
    let id = plane.parse().map_err(|_| Fault::not_found(&plane))?;
    registry::find(state, &id).await?;
    if route.is_action && call.json().is_err() {
        return Err(Fault::bad_request("failed to read request body"));
    }
    let message = "this server does not manage single AWS resources; create them by a recipe, or run containers in an \
                   environment of kind `ecs`";
    Err(Fault::new(501, "NotImplemented", message).target(&call.path))
}
