//! Opening the database: who may, and in which state it must be.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::Mutex;

use super::read::{Readers, Shared};
use super::writer::Handle;
use super::{SqliteStore, rows};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Reads wait for the processor, not for each other: more connections than cores would only cost memory.
const READERS: usize = 3;

const LOAD_COUNTER: &str = "SELECT value FROM counter";

// Nobody else uses the file, so whoever held these leases is gone.
const RECLAIM: &str = "UPDATE operation SET lease_until = NULL WHERE lease_until IS NOT NULL AND ended_at IS NULL";

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file's folder or lock file cannot be written.
    #[error("cannot write beside database `{path}`; its folder must exist and be writable for this user")]
    Folder {
        /// The database.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another server uses the file.
    #[error("database `{path}` is in use by another server; stop that one, or give another file with `--database`")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// SQLite cannot open or write the file.
    #[error("cannot open database `{path}`; it must be a SQLite file that this user may write")]
    Open {
        /// The database.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// A newer version wrote the file.
    #[error(
        "database `{path}` was written by a newer version (it has migration {version}, which this one does not \
         know); start that version again, or give another file with `--database`"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The unknown migration.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the tables of database `{path}` up to date")]
    Migrate {
        /// The database.
        path: PathBuf,
        /// Why.
        source: MigrateError,
    },
}

pub(super) async fn in_memory() -> Result<SqliteStore, OpenError> {
    let path = Path::new(":memory:");
    let open = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    let (connection, counter) = prepare(open, path).await?;
    // A database in memory belongs to one connection: readers take turns with the writer.
    let shared: Shared = Arc::new(Mutex::new(connection));
    Ok(SqliteStore {
        readers: Readers::new(vec![Arc::clone(&shared)]),
        writer: Handle::start(Arc::clone(&shared), shared, counter, None),
    })
}

pub(super) async fn file(path: &Path) -> Result<SqliteStore, OpenError> {
    let lock = lock(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    let (writer, counter) = prepare(options.clone().create_if_missing(true), path).await?;
    let mut readers: Vec<Shared> = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        let reader = options.clone().pragma("query_only", "ON").connect().await;
        readers.push(Arc::new(Mutex::new(reader.map_err(|source| OpenError::Open { path: path.into(), source })?)));
    }
    let waiter = Arc::clone(&readers[READERS - 1]);
    Ok(SqliteStore {
        readers: Readers::new(readers),
        writer: Handle::start(Arc::new(Mutex::new(writer)), waiter, counter, Some(lock)),
    })
}

/// Takes the lock file beside the database.
///
/// A file of its own: closing any handle of a locked SQLite file drops SQLite's own locks on it.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let folder = |source| OpenError::Folder { path: path.into(), source };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.into() }),
        Err(TryLockError::Error(source)) => Err(folder(source)),
    }
}

async fn prepare(options: SqliteConnectOptions, path: &Path) -> Result<(SqliteConnection, u64), OpenError> {
    let open = |source| OpenError::Open { path: path.into(), source };
    let mut connection = options.connect().await.map_err(open)?;
    migrate(&mut connection, path).await?;
    sqlx::query(RECLAIM).execute(&mut connection).await.map_err(open)?;
    let counter: i64 = sqlx::query_scalar(LOAD_COUNTER).fetch_one(&mut connection).await.map_err(open)?;
    Ok((connection, rows::unsigned(counter).unwrap_or_default()))
}

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    MIGRATIONS.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => OpenError::Newer { path: path.into(), version },
        source => OpenError::Migrate { path: path.into(), source },
    })
}
