//! State that other programs write while a recipe runs, such as Terraform's.

use async_trait::async_trait;

use crate::Fault;

/// Access to one state over HTTP, for one run.
#[derive(Clone)]
pub struct Grant {
    /// Which state.
    pub key: String,
    /// What tells this state from one of the same key in another store: runs found on this host belong to it only when
    /// they carry the mark.
    pub mark: String,
    /// Address of the state; locks are taken there as well.
    pub address: String,
    /// Name for basic authentication.
    pub username: String,
    /// Password for basic authentication; short-lived.
    pub password: String,
}

/// Keeps one document per key, which is locked while it is used.
///
/// # Guarantees
/// Only the newest grant of a key can write: a program whose worker was given up changes nothing any more.
#[async_trait]
pub trait States: Send + Sync {
    /// Lets one run read, write and lock the state of `key`. Earlier grants of it end, and so do their locks.
    async fn grant(&self, key: &str) -> Result<Grant, Fault>;

    /// Returns the state of a key.
    async fn find(&self, key: &str) -> Result<Option<String>, Fault>;

    /// Stores a state that the program could not store itself, and ends its lock.
    ///
    /// # Errors
    /// When the grant has been replaced.
    async fn rescue(&self, grant: &Grant, state: &str) -> Result<(), Fault>;

    /// Removes the state of a key, with its lock; absent ones are no error.
    async fn remove(&self, key: &str) -> Result<(), Fault>;
}
