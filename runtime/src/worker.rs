//! Workers: they claim operations and carry them out, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::host::Host;

/// How workers behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many operations run at once.
    pub concurrency: usize,
    /// How long a claim lasts without renewal; renewed at a third of it.
    pub lease: Duration,
    /// How often an operation is begun before it fails for good.
    pub attempts: u32,
    /// How long one operation may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency: 10,
            lease: Duration::from_secs(15),
            attempts: 3,
            timeout: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// Runs workers until `stop` is cancelled; operations in progress are given back then.
pub async fn run(_host: Arc<Host>, _options: Options, _stop: CancellationToken) {
    todo!()
}

/// Claims and carries out one operation; `false` when none is runnable. Lets a test drive the runtime in one thread.
pub async fn run_once(_host: &Host, _options: &Options) -> Result<bool, Fault> {
    todo!()
}
