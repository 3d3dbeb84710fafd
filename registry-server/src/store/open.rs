//! Opening a database: which engine, which keys, and what may stand in the way.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::migrate::MigrateError;

use super::keys::{self, KeySource};
use super::postgres::PostgresStore;
use super::sqlite::SqliteStore;
use super::vault::{self, Vault};
use super::{Engine, rotation};
use crate::serve::Database;

/// The setting that proves that the keys are the right ones.
pub(super) const CANARY: &str = "sealed";
/// What the proof is bound to, and what it says.
const PROOF: (&str, &str) = ("setting/sealed", "opened");

/// Which database, and how its secrets are read.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where state is kept.
    pub database: Database,
    /// Where the keys of secrets come from.
    pub keys: KeySource,
}

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
    /// PostgreSQL cannot be reached, or lets nobody in.
    #[error("cannot use database `{database}`; check that PostgreSQL runs there, and user, password and name")]
    Connect {
        /// The database, without its password.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A newer version wrote the database.
    #[error(
        "database `{database}` was written by a newer version (it has migration {version}, which this one does not \
         know); start that version again, or give another database with `--database`"
    )]
    Newer {
        /// The database.
        database: String,
        /// The unknown migration.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the tables of database `{database}` up to date")]
    Migrate {
        /// The database.
        database: String,
        /// Why.
        source: MigrateError,
    },
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The keys are not those of this database.
    #[error(transparent)]
    Secrets(#[from] vault::Error),
    /// What an earlier version left in clear could not be sealed.
    #[error("cannot seal what database `{database}` holds in clear")]
    Seal {
        /// The database.
        database: String,
        /// Why.
        source: radii_runtime::store::Error,
    },
}

impl OpenError {
    /// Returns the fault of migrations that did not run.
    pub(super) fn of_migration(database: &str, error: MigrateError) -> Self {
        let database = database.to_owned();
        match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => {
                OpenError::Newer { database, version }
            }
            source => OpenError::Migrate { database, source },
        }
    }
}

/// Opens a database for a server, brings its schema up to date, and seals what an earlier version left in clear.
///
/// # Errors
/// When it cannot be reached or written, is in use, was written by a newer version, or its keys are missing.
pub async fn open(config: &Config) -> Result<Arc<dyn Engine>, OpenError> {
    open_with_vault(config).await.map(|(engine, _)| engine)
}

/// Opens a database as [`open`] does, and returns what seals its secrets too.
///
/// # Errors
/// As [`open`].
pub async fn open_with_vault(config: &Config) -> Result<(Arc<dyn Engine>, Arc<Vault>), OpenError> {
    let (engine, vault): (Arc<dyn Engine>, Arc<Vault>) = match &config.database {
        Database::Memory => {
            let store = SqliteStore::in_memory().await?;
            let vault = store.vault();
            (Arc::new(store), vault)
        }
        Database::File(path) => {
            let store = SqliteStore::open(path, &config.keys).await?;
            let vault = store.vault();
            (Arc::new(store), vault)
        }
        Database::Postgres(url) => {
            let store = PostgresStore::open(url, &config.keys).await?;
            let vault = store.vault();
            (Arc::new(store), vault)
        }
    };
    let failed = |source| OpenError::Seal { database: config.database.to_string(), source };
    if engine.find_setting(CANARY).await.map_err(failed)?.is_none() {
        // Never opened with a key before: whatever it holds is in clear.
        rotation::seal_what_is_clear(&*engine, &vault).await.map_err(failed)?;
        engine.set_setting(CANARY, &proof(&vault)).await.map_err(failed)?;
    }
    Ok((engine, vault))
}

/// Opens a database for reading only: beside a server that uses it, and without changing its schema.
///
/// # Errors
/// When it cannot be reached, or is of another version.
pub async fn read_only(config: &Config) -> Result<(Arc<dyn Engine>, Arc<Vault>), OpenError> {
    match &config.database {
        Database::Memory => {
            let store = SqliteStore::in_memory().await?;
            let vault = store.vault();
            Ok((Arc::new(store), vault))
        }
        Database::File(path) => {
            let store = SqliteStore::open_read_only(path, &config.keys).await?;
            let vault = store.vault();
            Ok((Arc::new(store), vault))
        }
        Database::Postgres(url) => {
            let store = PostgresStore::open_existing(url, &config.keys).await?;
            let vault = store.vault();
            Ok((Arc::new(store), vault))
        }
    }
}

/// Returns versions and descriptions of the migrations that a start would carry out.
///
/// # Errors
/// When the database cannot be reached, or was written by a newer version.
pub async fn pending_migrations(database: &Database) -> Result<Vec<(i64, String)>, OpenError> {
    match database {
        Database::Memory => Ok(Vec::new()),
        Database::File(path) => super::sqlite::pending_migrations(path).await,
        Database::Postgres(url) => super::postgres::pending_migrations(url).await,
    }
}

/// Returns the migrations that are not among the applied ones.
pub(super) fn pending(
    migrator: &sqlx::migrate::Migrator,
    applied: &[i64],
    database: &str,
) -> Result<Vec<(i64, String)>, OpenError> {
    if let Some(version) = applied.iter().find(|version| !migrator.version_exists(**version)) {
        return Err(OpenError::Newer { database: database.to_owned(), version: *version });
    }
    let missing = migrator.iter().filter(|migration| !applied.contains(&migration.version));
    Ok(missing.map(|migration| (migration.version, migration.description.to_string())).collect())
}

/// Returns the proof that is stored with a new key.
pub(super) fn proof(vault: &Vault) -> String {
    vault.seal(PROOF.0, PROOF.1)
}

/// Checks that a vault has the key that a database's secrets are sealed with.
///
/// # Errors
/// Names the key that is missing.
pub(super) fn check_proof(vault: &Vault, stored: &str) -> Result<(), OpenError> {
    vault.open(PROOF.0, stored)?;
    Ok(())
}

/// Returns the proof under the current key, if it is not that already.
pub(super) fn rewrap_proof(vault: &Vault, stored: &str) -> Result<Option<String>, vault::Error> {
    vault.rewrap(PROOF.0, stored)
}
