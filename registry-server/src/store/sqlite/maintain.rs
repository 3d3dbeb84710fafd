//! What operators ask of the database: forgetting, filling, sealing anew.

use radii_runtime::Timestamp;
use radii_runtime::store::Error;
use sqlx::sqlite::SqliteConnection;

use super::group;
use super::writer::Maintenance;
use crate::store::changes::HORIZON;
use crate::store::{Resealed, Rows, Table, rows, unavailable};

const PRUNE: &str = "
    DELETE FROM operation WHERE sequence IN
        (SELECT sequence FROM operation WHERE ended_at < ?1 ORDER BY ended_at LIMIT ?2)";

// One number: what was deleted until then is forgotten, in the order of revisions, whatever clocks said.
const OLD_DELETIONS: &str = "
    SELECT max(revision) FROM
        (SELECT revision FROM deletion
         WHERE revision < coalesce((SELECT min(revision) FROM deletion WHERE deleted_at >= ?1), 9223372036854775807)
         ORDER BY revision LIMIT ?2)";
const FORGET_DELETIONS: &str = "DELETE FROM deletion WHERE revision <= ?1";

const HAS_RECORDS: &str = "SELECT EXISTS (SELECT 1 FROM record)";

const RESEAL_RECORD: &str = "UPDATE record SET private = ?3 WHERE sequence = ?1 AND private = ?2";
const RESEAL_OPERATION: &str = "UPDATE operation SET payload = ?3 WHERE sequence = ?1 AND payload = ?2";

const REMEMBER: &str = "
    INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Carries out maintenance inside the open transaction; returns how many rows it changed.
pub(super) async fn carry_out(connection: &mut SqliteConnection, maintenance: Maintenance) -> Result<usize, Error> {
    let failed = |error: sqlx::Error| unavailable("maintain the database", error);
    match maintenance {
        Maintenance::Prune { ended_before, limit } => {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let done = sqlx::query(PRUNE).bind(ended_before.0).bind(limit).execute(connection).await.map_err(failed)?;
            Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
        }
        Maintenance::PruneDeletions { before, limit } => {
            prune_deletions(connection, before, limit).await.map_err(failed)
        }
        Maintenance::Restore(rows) => restore(connection, rows).await,
        Maintenance::Reseal(table, changes) => reseal(connection, table, &changes).await.map_err(failed),
        Maintenance::Remember { name, value } => {
            sqlx::query(REMEMBER).bind(name).bind(value).execute(connection).await.map_err(failed)?;
            Ok(1)
        }
    }
}

/// Forgets deletions, and from where on all others are known.
async fn prune_deletions(connection: &mut SqliteConnection, before: Timestamp, limit: usize) -> sqlx::Result<usize> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let last: Option<i64> =
        sqlx::query_scalar(OLD_DELETIONS).bind(before.0).bind(limit).fetch_one(&mut *connection).await?;
    let Some(last) = last else { return Ok(0) };
    sqlx::query(REMEMBER).bind(HORIZON).bind(last.to_string()).execute(&mut *connection).await?;
    let done = sqlx::query(FORGET_DELETIONS).bind(last).execute(connection).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

async fn restore(connection: &mut SqliteConnection, rows: Rows) -> Result<usize, Error> {
    let failed = |error: sqlx::Error| unavailable("restore the database", error);
    if sqlx::query_scalar(HAS_RECORDS).fetch_one(&mut *connection).await.map_err(failed)? {
        return Err(Error::Conflict { what: "the database, which is not empty".to_owned() });
    }
    let count = rows.records.len() + rows.operations.len();
    group::restore(connection, &group::INSERT_RECORDS, rows.records).await.map_err(failed)?;
    group::restore(connection, &group::ENQUEUE, rows.operations).await.map_err(failed)?;
    let counter = rows::signed(rows.counter);
    sqlx::query(group::REMEMBER_COUNTER).bind(counter).execute(&mut *connection).await.map_err(failed)?;
    // What was deleted before, this database does not know.
    sqlx::query(REMEMBER).bind(HORIZON).bind(counter.to_string()).execute(connection).await.map_err(failed)?;
    Ok(count)
}

async fn reseal(connection: &mut SqliteConnection, table: Table, changes: &[Resealed]) -> sqlx::Result<usize> {
    let sql = match table {
        Table::Records => RESEAL_RECORD,
        Table::Operations => RESEAL_OPERATION,
    };
    let mut changed = 0;
    for change in changes {
        let update = sqlx::query(sql).bind(rows::signed(change.sequence)).bind(&change.before).bind(&change.after);
        changed += update.execute(&mut *connection).await?.rows_affected();
    }
    Ok(usize::try_from(changed).unwrap_or(usize::MAX))
}

/// Returns the statement that gives the rows of a table as JSON arrays, in the order of their columns.
pub(super) const fn rows_of(table: Table) -> &'static str {
    match table {
        Table::Records => {
            "SELECT json_array(sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                               revision, created_at, updated_at, tags, properties, private, application, environment)
             FROM record WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
        }
        Table::Operations => {
            "SELECT json_array(sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                               created_at, ended_at, scope)
             FROM operation WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"
        }
    }
}
