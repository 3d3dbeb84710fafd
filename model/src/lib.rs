//! The nouns that everybody shares: resource ids, API versions, manifests and schemas.
//!
//! Nothing here does I/O. Text comes in as a [`document::Node`] tree that remembers its places, so
//! that every later complaint can point at the author's line.

mod advice;
mod api_version;
pub mod base;
pub mod body;
pub mod cel;
pub mod compatibility;
pub mod conversion;
pub mod deprecation;
pub mod document;
pub mod extension;
mod id;
pub mod manifest;
mod number_words;
mod path;
pub mod pattern;
pub mod pointer;
pub mod rules;
pub mod schema;
mod suggest;
pub mod value;

pub use advice::quote_alike;
pub use api_version::{ApiVersion, InvalidApiVersion, likely as likely_api_version};
pub use id::{InvalidResourceId, ResourceId, ScopeSegment, TypeName, TypeSegment};
pub use suggest::closest;
