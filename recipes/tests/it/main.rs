//! One binary for all integration tests of this crate.

mod execution;
mod fakes;
mod rendering;
mod shipped;
