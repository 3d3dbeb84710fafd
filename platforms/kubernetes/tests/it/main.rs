//! One binary for all integration tests of this crate.

mod cluster;
mod recorded;
mod render;
mod schema;
