//! The change feed: whoever watches learns of every change of providers, types and resources, in the order of commits.
//!
//! One task per server ([`Feed::follow`]) reads what any server changed and keeps the latest changes in memory; each
//! watcher goes through them at its own pace and reads from the store what it is too far behind for. Nothing is read
//! while nobody watches. What watchers are sent is decided by [`session`].

mod event;
mod feed;
pub(crate) mod filter;
mod session;
#[cfg(test)]
mod tests;

pub use feed::Feed;
pub(crate) use session::{Begin, Session};
