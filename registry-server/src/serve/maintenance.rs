//! What a server does beside requests and operations: it learns what other servers registered, and forgets
//! operations that ended long ago.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use radii_runtime::Timestamp;
use radii_runtime::store;
use tokio_util::sync::CancellationToken;

use crate::store::Engine;
use crate::{AppState, registry};

/// How often registrations are looked for that nobody announced.
const POLL: Duration = Duration::from_secs(1);
/// How often old operations are looked for.
const PRUNE: Duration = Duration::from_secs(10 * 60);
/// So many operations are forgotten at once: little enough to keep no writer waiting.
const PRUNED: usize = 1_000;

/// Whose maintenance it is.
pub(super) struct Maintenance {
    pub(super) state: AppState,
    pub(super) engine: Arc<dyn Engine>,
    /// How long ended operations are kept; `None` keeps them for ever.
    pub(super) keep_operations: Option<Duration>,
    /// How long deletions are remembered.
    pub(super) keep_changes: Duration,
}

impl Maintenance {
    /// Runs until `stop` is cancelled.
    pub(super) async fn run(self, registrations: u64, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow_registrations(registrations) => {}
            () = self.forget() => {}
        }
    }

    /// Reads again what other servers register, as soon as they say so.
    async fn follow_registrations(&self, mut revision: u64) {
        let mut due = BTreeSet::new();
        loop {
            match self.engine.registrations_since(revision).await {
                Ok(changes) => {
                    due.extend(changes.providers);
                    revision = changes.revision;
                    due = self.reload(due).await;
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "Cannot see what others registered");
                }
            }
            self.engine.wait_for_registrations(POLL).await;
        }
    }

    /// Reads providers again, and returns those that could not be read.
    async fn reload(&self, due: BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
        let mut failed = BTreeSet::new();
        for (plane, namespace) in due {
            if let Err(error) = registry::reload(&self.state, &plane, &namespace).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "Cannot reload `{namespace}`");
                failed.insert((plane, namespace));
            }
        }
        failed
    }

    async fn forget(&self) {
        loop {
            if let Some(keep) = self.keep_operations
                && let Err(error) = self.prune(keep).await
            {
                tracing::warn!(error = &error as &dyn std::error::Error, "Cannot forget ended operations");
            }
            if let Err(error) = self.prune_deletions(self.keep_changes).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "Cannot forget deletions");
            }
            tokio::time::sleep(PRUNE).await;
        }
    }

    /// Forgets all operations that ended more than `keep` ago.
    async fn prune(&self, keep: Duration) -> Result<(), store::Error> {
        while self.engine.prune(self.ago(keep), PRUNED).await? == PRUNED {}
        Ok(())
    }

    /// Forgets all deletions of more than `keep` ago.
    async fn prune_deletions(&self, keep: Duration) -> Result<(), store::Error> {
        while self.engine.prune_deletions(self.ago(keep), PRUNED).await? == PRUNED {}
        Ok(())
    }

    fn ago(&self, time: Duration) -> Timestamp {
        let now = self.state.host.parts.clock.now().0;
        Timestamp(now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use radii_runtime::conformance::operation;
    use radii_runtime::store::{State, Write};

    use super::*;
    use crate::serve::{Options, prepare};

    #[tokio::test]
    async fn only_operations_that_ended_long_ago_are_forgotten() {
        let (state, opened) = prepare(&Options::default(), Vec::new(), Vec::new(), None).await.unwrap();
        let group = "/planes/radius/local/resourceGroups/g/providers/Contoso.Data/stores/a";
        let (ended, waiting) = (operation(group, Timestamp(1)), operation(group, Timestamp(1)));
        let end = Write::Advance { id: ended.id, attempt: None, state: State::Succeeded, error: None };
        let batch = vec![Write::Enqueue(Box::new(ended.clone())), Write::Enqueue(Box::new(waiting.clone())), end];
        state.host.parts.store.commit(batch).await.unwrap();
        let maintenance = Maintenance {
            state: state.clone(),
            engine: opened.engine,
            keep_operations: None,
            keep_changes: Duration::from_secs(3_600),
        };
        let is_known = async |id| state.host.parts.store.find_operation(id).await.unwrap().is_some();
        maintenance.prune(Duration::from_secs(3_600)).await.unwrap();
        assert!(is_known(ended.id).await, "it ended a moment ago");
        maintenance.prune(Duration::ZERO).await.unwrap();
        // What ended in this very millisecond may stay for the next time.
        tokio::time::sleep(Duration::from_millis(2)).await;
        maintenance.prune(Duration::ZERO).await.unwrap();
        assert!(!is_known(ended.id).await);
        assert!(is_known(waiting.id).await, "what waits is never forgotten");
    }
}
