//! Workers: they claim operations and carry them out, until told to stop.

mod attempt;
mod journal;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
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

/// How long a worker sleeps at most before it looks for work that nobody announced: leases that ran
/// out, and operations that other replicas recorded.
const IDLE: Duration = Duration::from_secs(1);

/// Runs workers until `stop` is cancelled; operations in progress are given back then.
pub async fn run(host: Arc<Host>, options: Options, stop: CancellationToken) {
    let worker = host.parts.ids.next();
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        while running.len() < options.concurrency {
            let Some(operation) = claim(&host, &options, worker).await else { break };
            let (host, options, stop) = (host.clone(), options.clone(), stop.clone());
            running.spawn(async move { attempt::carry_out(&host, &options, operation, &stop).await });
        }
        let free = running.len() < options.concurrency;
        tokio::select! {
            () = stop.cancelled() => {}
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = host.parts.queue.wait(IDLE), if free => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Claims the next operation; a store that cannot be reached is tried again later.
async fn claim(host: &Host, options: &Options, worker: uuid::Uuid) -> Option<crate::store::Operation> {
    match host.parts.queue.claim_next(worker, host.parts.clock.now(), options.lease).await {
        Ok(operation) => operation,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "Cannot claim operations");
            tokio::time::sleep(IDLE).await;
            None
        }
    }
}

/// Claims and carries out one operation; `false` when none is runnable. Lets a test drive the runtime in one thread.
pub async fn run_once(host: &Host, options: &Options) -> Result<bool, Fault> {
    let worker = host.parts.ids.next();
    let claimed = host.parts.queue.claim_next(worker, host.parts.clock.now(), options.lease).await?;
    let Some(operation) = claimed else { return Ok(false) };
    attempt::carry_out(host, options, operation, &CancellationToken::new()).await;
    Ok(true)
}
