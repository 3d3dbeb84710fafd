//! What servers tell each other.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Something can be claimed.
pub(super) const WORK: &str = "radii_work";
/// A provider's registrations changed.
pub(super) const REGISTRATIONS: &str = "radii_registrations";

/// A record changed.
pub(super) const CHANGES: &str = "radii_changes";

/// How long it takes until a lost connection is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes those who wait in this process.
#[derive(Debug, Default)]
pub(super) struct Signals {
    pub(super) work: Notify,
    pub(super) registrations: Notify,
    pub(super) changes: Notify,
}

/// Listens until it is told to stop. What is missed while the connection is lost is found by polling.
pub(super) async fn run(pool: PgPool, signals: Arc<Signals>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            result = listen(&pool, &signals) => {
                if let Err(error) = result {
                    tracing::debug!(error = &error as &dyn std::error::Error, "Not listening to other servers now");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn listen(pool: &PgPool, signals: &Signals) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([WORK, REGISTRATIONS, CHANGES]).await?;
    loop {
        // Whatever was said before, or while the connection was lost, is looked up now.
        signals.work.notify_one();
        signals.registrations.notify_one();
        signals.changes.notify_one();
        while let Some(said) = listener.try_recv().await? {
            match said.channel() {
                WORK => signals.work.notify_one(),
                CHANGES => signals.changes.notify_one(),
                _ => signals.registrations.notify_one(),
            }
        }
    }
}
