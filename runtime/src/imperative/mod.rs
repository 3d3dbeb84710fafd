//! Resources that imperative providers keep: their location has an address, and what is wanted of them is asked there.
//!
//! Requests of clients are passed on by the HTTP layer. What the runtime core itself changes, for a deployment or for a
//! recipe that cleans up, is an operation like any other, on the [`note`] that a group has of such a resource: a
//! [`change`] sends the request, follows what the provider says about it, and writes down after every answer how far it
//! is. A server that was killed goes on from there.
//!
//! Source: Radius HTTP contract, part 2.7; GitOps contract, part 4.4.

mod answer;
mod begin;
mod change;
pub mod note;
mod progress;
mod read;

use std::time::Duration;

use async_trait::async_trait;
use radii_model::ResourceId;
use serde_json::Value as Json;

use crate::Fault;
use crate::host::Host;
use crate::store::OperationId;

pub(crate) use answer::{RESOURCE_FAILED, is_passing};
pub(crate) use begin::{Change, begin, delete};
pub(crate) use change::Changes;

/// The location whose address counts.
const LOCATION: &str = "global";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To read.
    Get,
    /// To create or replace.
    Put,
    /// To remove.
    Delete,
    /// To execute an action.
    Post,
}

/// One request to an imperative provider.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The address that the provider registered.
    pub address: &'a str,
    /// What is asked for.
    pub method: Method,
    /// Path and query of the protocol, `/planes/…?api-version=…`, or the URL that the provider named itself.
    pub target: &'a str,
    /// The body; null for none.
    pub body: &'a Json,
    /// The operation that it belongs to: the same for every repetition.
    pub operation: Option<OperationId>,
}

/// What a provider said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// The body; null where it is none, or no JSON.
    pub body: Json,
    /// Where the operation that it began is watched.
    pub watched: Option<Watched>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// Where an operation of a provider is watched, as [`Ask::target`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// `Azure-AsyncOperation`: a document with a `status`.
    Status(String),
    /// `Location`: answered with 202 until there is a result.
    Result(String),
}

/// The way to imperative providers.
///
/// # Guarantees
/// Requests end in bounded time, are repeated only where that is harmless, and spare an address that does not answer.
#[async_trait]
pub trait Providers: Send + Sync {
    /// Sends a request.
    ///
    /// # Errors
    /// No answer: 502, 503 or 504, with the address. An answer of any status is none.
    async fn ask(&self, request: &Ask<'_>) -> Result<Answered, Fault>;
}

impl Host {
    /// Returns the address of the imperative provider that keeps a resource; `None` where this server keeps it.
    pub fn address_of(&self, id: &ResourceId) -> Option<String> {
        let (kind, (_, plane)) = (id.resource_type()?, id.plane()?);
        let provider = self.parts.catalog.find(plane, kind.namespace())?;
        provider.find_location(LOCATION)?.address_of(kind.name()).map(str::to_owned)
    }

    /// Sends a request to a provider.
    async fn ask(&self, request: &Ask<'_>) -> Result<Answered, Fault> {
        match &self.parts.providers {
            Some(providers) => providers.ask(request).await,
            None => Err(unreachable_here(request.address)),
        }
    }
}

/// Says that this server asks no providers.
pub(crate) fn unreachable_here(address: &str) -> Fault {
    Fault::bad_request(format!(
        "the provider at `{address}` cannot be asked: this server has no way to other providers"
    ))
}
