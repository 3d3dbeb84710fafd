//! One binary for all integration tests of this crate.

mod adopt;
mod engine;
mod fixture;
mod render;
