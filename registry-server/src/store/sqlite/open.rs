//! Opening the database: who may, and in which state it must be.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use radii_runtime::store::Error;
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use tokio::sync::Mutex;

use super::SqliteStore;
use super::cache::{Cache, Kept};
use super::read::{Readers, Shared};
use super::single::Single;
use super::writer::{Handle, OwnFile};
use crate::store::keys::{KeySource, Keyring};
use crate::store::open::{CANARY, check_proof, pending};
use crate::store::vault::Vault;
use crate::store::{OpenError, rows, unavailable};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/sqlite");

/// For lists and what is rarer: single rows have connections of their own. Reads wait for the processor, not for each
/// other, so that more connections than cores would only cost memory.
const READERS: usize = 2;

/// Kilobytes of pages that a connection keeps, as SQLite wants them told: what inner pages of a large database take.
const CACHED: &str = "-8000";

/// Statements that the writer keeps: one for each number of rows that it writes at once, and the others.
const STATEMENTS: usize = 256;

/// Pages of the log after which the writer folds in what [`super::log`] has left, and begins the log anew; a commit in
/// ten thousand waits for it then.
const LOGGED: &str = "16000";

const LOAD_COUNTER: &str = "SELECT value FROM counter";
const FIND_SETTING: &str = "SELECT value FROM setting WHERE name = ?1";

// Nobody else uses the file, so whoever held these leases is gone.
const RECLAIM: &str = "UPDATE operation SET lease_until = NULL WHERE lease_until IS NOT NULL AND ended_at IS NULL";

pub(super) async fn in_memory() -> Result<SqliteStore, OpenError> {
    let path = Path::new(":memory:");
    let open = SqliteConnectOptions::new().in_memory(true).foreign_keys(true);
    let mut connection = connect(open, path).await?;
    migrate(&mut connection, path).await?;
    // A database in memory belongs to one connection: readers take turns with the writer.
    let shared: Shared = Arc::new(Mutex::new(connection));
    let (vault, cache) = (Arc::new(Vault::new(Keyring::random())), Arc::new(Cache::new(Kept::Lately)));
    Ok(SqliteStore {
        readers: Readers::new(vec![Arc::clone(&shared)], None, Arc::clone(&vault), Arc::clone(&cache)),
        writer: Handle::start(Arc::clone(&shared), shared, vault, cache, 0, None),
        path: None,
    })
}

pub(super) async fn file(path: &Path, keys: &KeySource) -> Result<SqliteStore, OpenError> {
    let lock = lock(path)?;
    let options = options(path).create_if_missing(true);
    let options = options.statement_cache_capacity(STATEMENTS);
    let mut writer = connect(options.clone(), path).await?;
    migrate(&mut writer, path).await?;
    let vault = vault(&mut writer, path, keys).await?;
    let open = |source| OpenError::Open { path: path.into(), source };
    sqlx::query(RECLAIM).execute(&mut writer).await.map_err(open)?;
    let counter: i64 = sqlx::query_scalar(LOAD_COUNTER).fetch_one(&mut writer).await.map_err(open)?;
    let counter = rows::unsigned(counter).unwrap_or_default();
    let (readers, waiter) = readers(path).await?;
    let cache = Arc::new(Cache::new(Kept::Lately));
    let file = OwnFile::new(options, lock);
    Ok(SqliteStore {
        readers: Readers::new(readers, Some(single(path)?), Arc::clone(&vault), Arc::clone(&cache)),
        writer: Handle::start(Arc::new(Mutex::new(writer)), waiter, vault, cache, counter, Some(file)),
        path: Some(path.to_owned()),
    })
}

pub(super) async fn read_only(path: &Path, keys: &KeySource) -> Result<SqliteStore, OpenError> {
    let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
    if !path.exists() {
        return Err(OpenError::Open { path: path.into(), source: sqlx::Error::Io(absent) });
    }
    let (readers, waiter) = readers(path).await?;
    let mut first = readers[0].lock().await;
    let applied = applied(&mut first, path).await?;
    if let Some((version, _)) = pending(&MIGRATIONS, &applied, &path.display().to_string())?.first() {
        let missing = sqlx::migrate::MigrateError::VersionNotPresent(*version);
        return Err(OpenError::Migrate { database: path.display().to_string(), source: missing });
    }
    let vault = vault(&mut first, path, keys).await?;
    drop(first);
    // A server may change the file at any time.
    let cache = Arc::new(Cache::new(Kept::Nothing));
    // The reader that writes are sent to refuses them.
    let writer = Arc::clone(&waiter);
    Ok(SqliteStore {
        readers: Readers::new(readers, Some(single(path)?), Arc::clone(&vault), Arc::clone(&cache)),
        writer: Handle::start(writer, waiter, vault, cache, 0, None),
        path: Some(path.to_owned()),
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("wal_autocheckpoint", LOGGED)
        // What a statement would take back when it fails: otherwise a file is made for each large one.
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", CACHED)
}

async fn connect(options: SqliteConnectOptions, path: &Path) -> Result<SqliteConnection, OpenError> {
    options.connect().await.map_err(|source| OpenError::Open { path: path.into(), source })
}

async fn readers(path: &Path) -> Result<(Vec<Shared>, Shared), OpenError> {
    let mut readers: Vec<Shared> = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        readers.push(Arc::new(Mutex::new(connect(options(path).pragma("query_only", "ON"), path).await?)));
    }
    let waiter = Arc::clone(&readers[READERS - 1]);
    Ok((readers, waiter))
}

fn single(path: &Path) -> Result<Single, OpenError> {
    let failed = |error: rusqlite::Error| sqlx::Error::Io(std::io::Error::other(error));
    Single::open(path, CACHED).map_err(|error| OpenError::Open { path: path.into(), source: failed(error) })
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

async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    let migrated = MIGRATIONS.run_direct(None, connection, false).await;
    migrated.map_err(|error| OpenError::of_migration(&path.display().to_string(), error))
}

async fn vault(connection: &mut SqliteConnection, path: &Path, keys: &KeySource) -> Result<Arc<Vault>, OpenError> {
    let open = |source| OpenError::Open { path: path.into(), source };
    let proof = find_setting(connection, CANARY).await.map_err(open)?;
    let vault = Vault::new(keys.load(Some(path), proof.is_some())?);
    if let Some(proof) = proof {
        check_proof(&vault, &proof)?;
    }
    Ok(Arc::new(vault))
}

pub(super) async fn find_setting(connection: &mut SqliteConnection, name: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(FIND_SETTING).bind(name).fetch_optional(connection).await
}

/// Opens a connection whose transaction shows what is there now, whatever is written later.
pub(super) async fn begin_snapshot(path: &Path) -> Result<SqliteConnection, Error> {
    let failed = |error: sqlx::Error| unavailable("read all rows", error);
    let mut connection = options(path).pragma("query_only", "ON").connect().await.map_err(failed)?;
    sqlx::query("BEGIN").execute(&mut connection).await.map_err(failed)?;
    // The view is that of the first read.
    sqlx::query(LOAD_COUNTER).fetch_one(&mut connection).await.map_err(failed)?;
    Ok(connection)
}

/// Returns the migrations that a start would carry out.
pub(in crate::store) async fn pending_migrations(path: &Path) -> Result<Vec<(i64, String)>, OpenError> {
    let database = path.display().to_string();
    if !path.exists() {
        return pending(&MIGRATIONS, &[], &database);
    }
    let mut connection = connect(options(path).pragma("query_only", "ON"), path).await?;
    let applied = applied(&mut connection, path).await?;
    pending(&MIGRATIONS, &applied, &database)
}

async fn applied(connection: &mut SqliteConnection, path: &Path) -> Result<Vec<i64>, OpenError> {
    const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
    let open = |source| OpenError::Open { path: path.into(), source };
    if !sqlx::query_scalar(EXISTS).fetch_one(&mut *connection).await.map_err(open)? {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await
        .map_err(open)
}
