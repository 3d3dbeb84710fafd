//! ARM templates on behalf of recipes.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::Fault;

/// A deployment that has ended.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Ids of everything that exists because of it, whether it worked or not.
    pub resources: Vec<String>,
    /// The values of its outputs by name, secure ones included; or why it failed.
    pub outputs: Result<Map<String, Json>, Fault>,
}

/// Executes ARM templates without blocking a worker: whoever begins one looks at it again later.
#[async_trait]
pub trait Deployments: Send + Sync {
    /// Begins a deployment under a name in a resource's group; repeating it is harmless.
    ///
    /// # Errors
    /// When the template is refused; nothing was made then.
    async fn begin(&self, beside: &str, name: &str, properties: Json) -> Result<String, Fault>;

    /// Looks at a deployment; `None` while it goes on.
    async fn look(&self, id: &str) -> Result<Option<Deployed>, Fault>;

    /// Forgets a deployment that has ended; what it made stays.
    async fn forget(&self, id: &str) -> Result<(), Fault>;

    /// Begins to delete something that a deployment made; `None` when it is gone already.
    async fn delete(&self, id: &str) -> Result<Option<Uuid>, Fault>;

    /// Returns how a deletion ended, if it has.
    async fn ended(&self, operation: Uuid) -> Result<Option<Result<(), Fault>>, Fault>;
}
