//! One binary for all integration tests of this crate.

mod cluster;
mod features;
mod recorded;
mod render;
mod schema;
