//! One binary for all integration tests of this crate.

mod recorded;
mod render;
mod schema;
