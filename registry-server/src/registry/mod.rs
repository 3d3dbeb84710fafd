//! Registration of resource providers.

use radii_model::manifest::Manifest;
use radii_runtime::Fault;

use crate::AppState;

/// Registers all types of a manifest in a plane (`local`); what is not given stays.
///
/// # Errors
/// 400 for schemas that are not valid.
pub async fn register_manifest(_state: &AppState, _plane: &str, _manifest: &Manifest) -> Result<(), Fault> {
    todo!()
}
