//! The runtime core: it loads registered resource providers and executes the lifecycle of their resources.
//!
//! It knows no HTTP, no SQL and no SDK. Whatever touches the outside stands behind a trait that the
//! outer crates implement: [`store::Store`] and [`store::Queue`] (state), [`Clock`] and [`Ids`]
//! (time and identity), [`platform::Platform`] (compute) and [`recipe::RecipeDriver`] (provisioning).

pub mod access;
pub mod catalog;
mod clock;
pub mod conformance;
mod connections;
mod context;
pub mod deployment;
pub mod described;
mod environment;
pub mod fault;
pub mod graph;
pub mod host;
pub mod imperative;
mod kinds;
pub mod memory;
mod objects;
pub mod platform;
pub mod recipe;
mod sensitive;
pub mod store;
mod told;
pub mod trace;
pub mod validate;
pub mod versions;
pub mod worker;
mod workload;

pub use clock::{Clock, Ids, SystemClock, SystemIds, Timestamp};
pub use fault::Fault;
