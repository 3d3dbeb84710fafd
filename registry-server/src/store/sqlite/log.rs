//! Folding the write-ahead log into the database, beside the writer.
//!
//! SQLite folds the log in a commit, which then takes as long as writing and syncing thousands of pages: tens of
//! milliseconds, for which everybody waits who writes. Most of it is done here, on a connection and a thread of its own;
//! what is left to the writer is the part of the log that was written since.

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::mpsc;

/// After so many changed rows the log is folded in; about half as many pages.
const ROWS: usize = 16_384;

/// What the writer holds of the task that folds the log in; it ends with this value.
pub(super) struct Log {
    wanted: mpsc::Sender<()>,
    rows: usize,
}

impl Log {
    /// Starts the task for the database that is opened like this.
    pub(super) fn start(options: SqliteConnectOptions) -> Self {
        let (wanted, asked) = mpsc::channel(1);
        tokio::spawn(fold(options, asked));
        Self { wanted, rows: 0 }
    }

    /// Counts rows that were committed.
    pub(super) fn written(&mut self, rows: usize) {
        self.rows += rows;
        // While the task is busy with the last part, the next one becomes longer.
        if self.rows >= ROWS && self.wanted.try_send(()).is_ok() {
            self.rows = 0;
        }
    }
}

async fn fold(options: SqliteConnectOptions, mut asked: mpsc::Receiver<()>) {
    let mut connection = None;
    while asked.recv().await.is_some() {
        let folded = async {
            let open = match connection.take() {
                Some(open) => open,
                None => options.connect().await?,
            };
            let open = connection.insert(open);
            // It waits for nobody: what somebody still reads from the log stays there.
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(open).await.map(drop)
        };
        if let Err(error) = folded.await {
            // The writer folds the log in itself once it is long.
            tracing::debug!(error = &error as &dyn std::error::Error, "Cannot fold the log into the database");
            connection = None;
        }
    }
}
