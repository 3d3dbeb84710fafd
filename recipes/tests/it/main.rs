//! One binary for all integration tests of this crate.

mod bicep;
mod bicep_objects;
mod execution;
mod fakes;
mod parameters;
mod rendering;
mod server;
mod shipped;
mod terraform;
mod terraform_backends;
mod terraform_faults;
mod terraform_git;
mod terraform_interrupts;
mod terraform_registry;
mod terraform_ssh;
mod tls;
