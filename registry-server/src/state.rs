//! What every request handler can reach.

use std::sync::Arc;

use ipnet::IpNet;
use radii_runtime::host::Host;

use crate::api::forward::Providers;
use crate::api::rendered::Rendered;
use crate::serve::Health;
use crate::swagger::Described;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The runtime core, with store, queue, clock, ids and catalog in its `parts`.
    pub host: Arc<Host>,
    /// What `/readyz` reports.
    pub health: Arc<Health>,
    /// The way to imperative providers.
    pub providers: Arc<Providers>,
    /// Answers that were given lately.
    pub rendered: Arc<Rendered>,
    /// The description as it was served last.
    pub described: Arc<Described>,
    /// Proxies whose word about their clients' address is taken.
    pub trusted_proxies: Arc<[IpNet]>,
}
