//! One binary for all integration tests of this crate.

mod cluster;
mod features;
mod gateways;
mod recorded;
mod render;
mod schema;
