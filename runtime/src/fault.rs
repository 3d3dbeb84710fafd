//! What went wrong with a request or an operation, in the protocol's own terms.

use radii_model::ResourceId;
use serde::{Deserialize, Serialize};

/// Codes of the error envelope (Radius HTTP contract, part 4).
pub mod code {
    /// Generic mistakes of a client.
    pub const BAD_REQUEST: &str = "BadRequest";
    /// The body breaks the API's own description.
    pub const SPEC_VALIDATION: &str = "HttpRequestPayloadAPISpecValidationFailed";
    /// The body cannot be decoded, or breaks the type's schema.
    pub const INVALID_CONTENT: &str = "InvalidRequestContent";
    /// One violation, in `details`.
    pub const INVALID_PROPERTIES: &str = "InvalidProperties";
    /// The `api-version` is not supported.
    pub const INVALID_API_VERSION: &str = "InvalidApiVersionParameter";
    /// Nothing is there.
    pub const NOT_FOUND: &str = "NotFound";
    /// The caller may not do this.
    pub const FORBIDDEN: &str = "AuthorizationFailed";
    /// The state of the resource forbids the change.
    pub const CONFLICT: &str = "Conflict";
    /// `If-Match` or `If-None-Match` did not hold.
    pub const PRECONDITION_FAILED: &str = "PreconditionFailed";
    /// The operation took too long, or was canceled.
    pub const CANCELED: &str = "OperationCanceled";
    /// Our own fault.
    pub const INTERNAL: &str = "Internal";
    /// A recipe failed.
    pub const RECIPE_DEPLOYMENT: &str = "RecipeDeploymentFailed";
    /// A recipe's result breaks its contract.
    pub const INVALID_RECIPE_OUTPUTS: &str = "InvalidRecipeOutputs";
    /// The environment has no such recipe.
    pub const RECIPE_NOT_FOUND: &str = "RecipeNotFoundFailure";
    /// No driver executes recipes of this kind.
    pub const DRIVER_NOT_FOUND: &str = "DriverNotFoundFailure";
    /// Something that is needed does not answer at the moment.
    pub const UNAVAILABLE: &str = "ServiceUnavailable";
    /// The target platform cannot do what was asked.
    pub const PLATFORM_UNSUPPORTED: &str = "PlatformFeatureUnsupported";
}

/// A failure as clients see it: the `error` member of the envelope, and the HTTP status it travels with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// HTTP status when the fault answers a request; operations carry it for the record.
    #[serde(skip, default = "internal_status")]
    pub status: u16,
    /// One of [`code`].
    pub code: String,
    /// What happened, with the remedy where there is one.
    pub message: String,
    /// The id or path concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
    /// Single violations.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<Fault>,
}

fn internal_status() -> u16 {
    500
}

impl Fault {
    /// Returns a fault with the given HTTP status, code and message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), target: None, details: Vec::new() }
    }

    /// Returns a 400 `BadRequest`.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, code::BAD_REQUEST, message)
    }

    /// Returns a 404 for the resource of the given id.
    pub fn not_found(id: &str) -> Self {
        Self::new(404, code::NOT_FOUND, format!("the resource with id '{id}' was not found")).target(id)
    }

    /// Returns a 409 `Conflict`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, code::CONFLICT, message)
    }

    /// Returns a 412 `PreconditionFailed` about the resource of the given id.
    pub fn precondition_failed(message: &str, id: &ResourceId) -> Self {
        Self::new(412, code::PRECONDITION_FAILED, message).target(id.to_string())
    }

    /// Returns a 409 for a write that lost one race after the other.
    pub fn contended(id: &ResourceId) -> Self {
        Self::conflict(format!("`{id}` is being changed by others all the time; read it again and repeat"))
            .target(id.to_string())
    }

    /// Returns a 500 `Internal`: a fault of ours, never of the client's.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(500, code::INTERNAL, message)
    }

    /// Returns what a worker calls internal as the mistake of who asks: what a request refers to is not there, or is
    /// none of what it should be.
    #[must_use]
    pub(crate) fn of_the_request(self) -> Self {
        if self.status == internal_status() {
            Self { status: 400, code: code::BAD_REQUEST.to_owned(), ..self }
        } else {
            self
        }
    }

    /// Whether the same attempt may well succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// Sets the id or path concerned.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Sets the single violations.
    #[must_use]
    pub fn details(mut self, details: Vec<Fault>) -> Self {
        self.details = details;
        self
    }
}

impl From<crate::store::Error> for Fault {
    fn from(error: crate::store::Error) -> Self {
        match error {
            crate::store::Error::Conflict { .. } => Fault::conflict(error.to_string()),
            crate::store::Error::Unavailable { .. } => Fault::new(503, code::UNAVAILABLE, error.to_string()),
        }
    }
}
