//! Connecting: who may, and in which state the database must be.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, PgExecutor, PgPool};
use tokio_util::sync::CancellationToken;

use super::listen::{self, Signals};
use super::own::Own;
use super::single::Single;
use super::{PostgresStore, PostgresUrl, writer};
use crate::store::OpenError;
use crate::store::keys::KeySource;
use crate::store::open::{CANARY, check_proof, pending};
use crate::store::vault::Vault;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// Connections for reading and leases; the writer and the listener have one each beside.
const CONNECTIONS: u32 = 8;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(10);

const FIND_SETTING: &str = "SELECT value FROM setting WHERE name = $1";

/// What opening does about the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    BringUpToDate,
    LeaveAlone,
}

pub(super) async fn open(url: &PostgresUrl, keys: &KeySource, schema: Schema) -> Result<PostgresStore, OpenError> {
    let database = url.to_string();
    let refused = |source| OpenError::Connect { database: database.clone(), source };
    let mut first = url.options().connect().await.map_err(refused)?;
    match schema {
        Schema::BringUpToDate => {
            let migrated = MIGRATIONS.run_direct(None, &mut first, false).await;
            migrated.map_err(|error| OpenError::of_migration(&database, error))?;
        }
        Schema::LeaveAlone => {
            if let Some((version, _)) = pending(&MIGRATIONS, &applied(&mut first, url).await?, &database)?.first() {
                let source = MigrateError::VersionNotPresent(*version);
                return Err(OpenError::Migrate { database, source });
            }
        }
    }
    let proof = find_setting(&mut first, CANARY).await.map_err(refused)?;
    let vault = Vault::new(keys.load(None, proof.is_some())?);
    if let Some(proof) = proof {
        check_proof(&vault, &proof)?;
    }
    let pool = connect_pool(url).await.map_err(refused)?;
    let (vault, stop) = (Arc::new(vault), CancellationToken::new());
    let signals = Arc::new(Signals::default());
    tokio::spawn(listen::run(pool.clone(), Arc::clone(&signals), stop.clone()));
    let own = Arc::new(Own::new());
    let writer =
        writer::Handle::start(url.options(), first, Arc::clone(&vault), Arc::clone(&signals), Arc::clone(&own));
    Ok(PostgresStore { pool, single: Single::new(), vault, writer, signals, own, turn: Default::default(), stop })
}

async fn connect_pool(url: &PostgresUrl) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .min_connections(1)
        .acquire_timeout(PATIENCE)
        // A connection that broke is noticed when it is used, and the read is repeated.
        .test_before_acquire(false)
        .connect_with(url.options())
        .await
}

pub(super) async fn find_setting(database: impl PgExecutor<'_>, name: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(FIND_SETTING).bind(name).fetch_optional(database).await
}

/// Returns the migrations that a start would carry out.
pub(in crate::store) async fn pending_migrations(url: &PostgresUrl) -> Result<Vec<(i64, String)>, OpenError> {
    let database = url.to_string();
    let connected = url.options().connect().await;
    let mut connection = connected.map_err(|source| OpenError::Connect { database: database.clone(), source })?;
    let applied = applied(&mut connection, url).await?;
    pending(&MIGRATIONS, &applied, &database)
}

async fn applied(connection: &mut PgConnection, url: &PostgresUrl) -> Result<Vec<i64>, OpenError> {
    let refused = |source| OpenError::Connect { database: url.to_string(), source };
    let exists = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL");
    if !exists.fetch_one(&mut *connection).await.map_err(refused)? {
        return Ok(Vec::new());
    }
    let versions = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version");
    versions.fetch_all(connection).await.map_err(refused)
}
