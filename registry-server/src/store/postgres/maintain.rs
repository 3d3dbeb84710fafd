//! What operators ask of the database: forgetting, filling, sealing anew, reading everything.

use async_trait::async_trait;
use radii_runtime::Timestamp;
use radii_runtime::store::Error;
use sqlx::{PgPool, Postgres, Transaction};

use super::group;
use crate::store::changes::HORIZON;
use crate::store::{Resealed, Rows, Snapshot, Table, rows, unavailable};

const PRUNE: &str = "
    DELETE FROM operation WHERE sequence IN
        (SELECT sequence FROM operation WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)";

// One number: what was deleted until then is forgotten, in the order of revisions, whatever clocks said.
const OLD_DELETIONS: &str = "
    SELECT max(revision) FROM
        (SELECT revision FROM deletion
         WHERE revision < coalesce((SELECT min(revision) FROM deletion WHERE deleted_at >= $1), 9223372036854775807)
         ORDER BY revision LIMIT $2) AS old";
const FORGET_DELETIONS: &str = "DELETE FROM deletion WHERE revision <= $1";

const HAS_RECORDS: &str = "SELECT EXISTS (SELECT 1 FROM record)";

const RESEAL_RECORD: &str = "UPDATE record SET private = $3 WHERE sequence = $1 AND private = $2";
const RESEAL_OPERATION: &str = "UPDATE operation SET payload = $3 WHERE sequence = $1 AND payload = $2";

const REMEMBER: &str = "
    INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

const RECORDS: &str = "
    SELECT json_build_array(sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                            revision, created_at, updated_at, tags, properties, private, application, environment)::text
    FROM record WHERE sequence > $1 ORDER BY sequence LIMIT $2";

const OPERATIONS: &str = "
    SELECT json_build_array(sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                            created_at, ended_at, scope)::text
    FROM operation WHERE sequence > $1 ORDER BY sequence LIMIT $2";

/// So many rows are written by one statement.
const SET: usize = 500;

pub(super) async fn prune(pool: &PgPool, ended_before: Timestamp, limit: usize) -> Result<usize, Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let done = sqlx::query(PRUNE).bind(ended_before.0).bind(limit).execute(pool).await;
    let done = done.map_err(|error| unavailable("forget ended operations", error))?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// Forgets deletions, and from where on all others are known.
pub(super) async fn prune_deletions(pool: &PgPool, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let failed = |error: sqlx::Error| unavailable("forget deletions", error);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut transaction = pool.begin().await.map_err(failed)?;
    group::lock(&mut transaction).await.map_err(|error| unavailable("forget deletions", error))?;
    let last: Option<i64> = sqlx::query_scalar(OLD_DELETIONS)
        .bind(before.0)
        .bind(limit)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let Some(last) = last else { return Ok(0) };
    let remember = sqlx::query(REMEMBER).bind(HORIZON).bind(last.to_string());
    remember.execute(&mut *transaction).await.map_err(failed)?;
    let done = sqlx::query(FORGET_DELETIONS).bind(last).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

pub(super) async fn restore(pool: &PgPool, rows: Rows) -> Result<(), Error> {
    let failed = |error: sqlx::Error| unavailable("restore the database", error);
    let mut transaction = pool.begin().await.map_err(failed)?;
    group::lock(&mut transaction).await.map_err(|error| unavailable("restore the database", error))?;
    if sqlx::query_scalar(HAS_RECORDS).fetch_one(&mut *transaction).await.map_err(failed)? {
        return Err(Error::Conflict { what: "the database, which is not empty".to_owned() });
    }
    for (sql, set) in [(group::PUT_RECORDS, rows.records), (group::ENQUEUE, rows.operations)] {
        for part in set.chunks(SET) {
            group::write(&mut transaction, sql, part.to_vec()).await.map_err(failed)?;
        }
    }
    let remember = sqlx::query(group::REMEMBER_COUNTER).bind(rows::signed(rows.counter));
    remember.execute(&mut *transaction).await.map_err(failed)?;
    // What was deleted before, this database does not know.
    let horizon = sqlx::query(REMEMBER).bind(HORIZON).bind(rows.counter.to_string());
    horizon.execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

pub(super) async fn reseal(pool: &PgPool, table: Table, changes: &[Resealed]) -> Result<usize, Error> {
    let failed = |error: sqlx::Error| unavailable("rotate secrets", error);
    let sql = match table {
        Table::Records => RESEAL_RECORD,
        Table::Operations => RESEAL_OPERATION,
    };
    let mut transaction = pool.begin().await.map_err(failed)?;
    let mut changed = 0;
    for change in changes {
        let update = sqlx::query(sql).bind(rows::signed(change.sequence)).bind(&change.before).bind(&change.after);
        changed += update.execute(&mut *transaction).await.map_err(failed)?.rows_affected();
    }
    transaction.commit().await.map_err(failed)?;
    Ok(usize::try_from(changed).unwrap_or(usize::MAX))
}

pub(super) async fn set_setting(pool: &PgPool, name: &str, value: &str) -> Result<(), Error> {
    let done = sqlx::query(REMEMBER).bind(name).bind(value).execute(pool).await;
    done.map(drop).map_err(|error| unavailable("remember a setting", error))
}

/// A transaction that reads what was there when it began.
pub(super) struct View(Transaction<'static, Postgres>);

impl View {
    pub(super) async fn begin(pool: &PgPool) -> Result<Self, Error> {
        let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        let mut transaction = begun.map_err(|error| unavailable("read all rows", error))?;
        // Whoever reads everything thinks between pages.
        let patient = sqlx::query("SET LOCAL idle_in_transaction_session_timeout = '10min'");
        patient.execute(&mut *transaction).await.map_err(|error| unavailable("read all rows", error))?;
        Ok(Self(transaction))
    }
}

#[async_trait]
impl Snapshot for View {
    async fn rows(&mut self, table: Table, after: u64, limit: usize) -> Result<Vec<String>, Error> {
        let sql = match table {
            Table::Records => RECORDS,
            Table::Operations => OPERATIONS,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sqlx::query_scalar(sql).bind(rows::signed(after)).bind(limit);
        rows.fetch_all(&mut *self.0).await.map_err(|error| unavailable("read all rows", error))
    }

    async fn counter(&mut self) -> Result<u64, Error> {
        let counter = sqlx::query_scalar("SELECT value FROM counter").fetch_one(&mut *self.0).await;
        let counter: i64 = counter.map_err(|error| unavailable("read the counter", error))?;
        rows::unsigned(counter).map_err(|error| unavailable("read the counter", error))
    }
}
