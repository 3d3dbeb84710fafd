//! One binary for all integration tests of this crate.

mod bicep;
mod execution;
mod fakes;
mod rendering;
mod server;
mod shipped;
mod terraform;
mod terraform_faults;
