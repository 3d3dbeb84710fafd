//! One transaction for many callers: what batches need is read, and what they lead to is written, set by set.

use std::collections::HashMap;

use indexmap::IndexSet;
use radii_runtime::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::listen::{CHANGES, REGISTRATIONS, WORK};
use crate::store::BoxError;
use crate::store::plan::{Decision, Found, Head, Hold, Needs, Plan};
use crate::store::prepared::{Prepared, Value};
use crate::store::rows;

// The lock of all writers, and the number to go on from: a row that had to be waited for is read again.
const LOCK: &str = "SELECT value, pg_current_xact_id()::text FROM counter FOR UPDATE";

const HEADS: &str = "SELECT key, sequence, revision FROM record WHERE key = ANY($1)";

// Locked, so that no claim comes between the check of an attempt and what it writes.
const HOLDS: &str = "
    SELECT id, attempt, lease_until IS NOT NULL, ended_at IS NOT NULL
    FROM operation WHERE id = ANY($1) ORDER BY sequence FOR UPDATE";

const BELOW: &str = "SELECT key FROM record WHERE key > $1 || '/' AND key < $1 || '0' LIMIT $2";

const REFERRING: &str = "SELECT key FROM record WHERE application = $1 OR environment = $1 LIMIT $2";

const REMEMBER_DELETIONS: &str = "
    INSERT INTO deletion (revision, id, type_name, deleted_at)
    SELECT (value->>1)::bigint, record.id, record.type_name, (value->>2)::bigint
    FROM jsonb_array_elements($1::jsonb) JOIN record ON record.key = value->>0";

const DELETE_RECORDS: &str = "
    DELETE FROM record WHERE key IN (SELECT value #>> '{}' FROM jsonb_array_elements($1::jsonb))";

/// Inserts or replaces the records of a set.
macro_rules! put_records {
    ($set:literal) => {
        concat!(
            "
    INSERT INTO record (sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                        revision, created_at, updated_at, tags, properties, private, application, environment)
    SELECT (value->>0)::bigint, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
           value->>8, value->>9, (value->>10)::bigint, (value->>11)::bigint, (value->>12)::bigint, value->>13,
           value->>14, value->>15, value->>16, value->>17
    FROM jsonb_array_elements(",
            $set,
            "::jsonb)
    ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, id = excluded.id, type_name = excluded.type_name,
        api_version = excluded.api_version, location = excluded.location, state = excluded.state,
        operation = excluded.operation, revision = excluded.revision, created_at = excluded.created_at,
        updated_at = excluded.updated_at, tags = excluded.tags, properties = excluded.properties,
        private = excluded.private, application = excluded.application, environment = excluded.environment"
        )
    };
}

/// Inserts the operations of a set.
macro_rules! enqueue {
    ($set:literal) => {
        concat!("
    INSERT INTO operation (sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                           created_at, ended_at, scope)
    SELECT (value->>0)::bigint, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6,
           (value->>7)::bigint, (value->>8)::bigint, value->>9, (value->>10)::bigint, (value->>11)::bigint, value->>12
    FROM jsonb_array_elements(", $set, "::jsonb)")
    };
}

pub(super) const PUT_RECORDS: &str = put_records!("$1");

pub(super) const ENQUEUE: &str = enqueue!("$1");

const ADVANCE: &str = "
    UPDATE operation SET state = change.value->>1, error = change.value->>2,
           ended_at = (change.value->>3)::bigint,
           lease_until = CASE WHEN change.value->>3 IS NULL THEN lease_until END,
           payload = CASE WHEN change.value->>3 IS NULL THEN payload ELSE 'null' END
    FROM jsonb_array_elements($1::jsonb) AS change(value) WHERE operation.id = change.value->>0";

pub(super) const REMEMBER_COUNTER: &str = "UPDATE counter SET value = $1";

// The same, all rows that are inserted or replaced, and what other servers are told, on one way to the database and
// back: everybody else who writes waits for the way. `$5` is the name of this server; what others had changed before
// stays known.
const WRITE: &str = concat!(
    "
    WITH counted AS (UPDATE counter SET value = $1), put AS (",
    put_records!("$2"),
    "), enqueued AS (",
    enqueue!("$3"),
    "),
    registered AS (
        INSERT INTO registration_change AS known (plane, namespace, revision, server, told, others)
        SELECT value->>0, value->>1, $1, $5, $1, 0 FROM jsonb_array_elements($4::jsonb)
        ON CONFLICT (plane, namespace) DO UPDATE SET
            revision = excluded.revision, server = excluded.server, told = excluded.told,
            others = CASE WHEN known.server = excluded.server AND known.told = known.revision THEN known.others
                          ELSE known.revision END)
    SELECT pg_notify(channel, '') FROM unnest($6::text[]) AS channel"
);

/// A transaction that holds the lock of all writers.
pub(super) struct Turn {
    /// The last number given.
    pub counter: u64,
    /// The transaction's own id, by which its end can be asked for later.
    pub transaction: String,
}

/// Waits for the lock of all writers.
pub(super) async fn lock(connection: &mut PgConnection) -> Result<Turn, BoxError> {
    let row = sqlx::query(LOCK).fetch_one(connection).await?;
    Ok(Turn { counter: rows::unsigned(row.try_get(0)?)?, transaction: row.try_get(1)? })
}

/// Carries out batches inside the open transaction and returns what became of each.
pub(super) async fn commit(
    connection: &mut PgConnection,
    turn: &Turn,
    own: &str,
    now: Timestamp,
    batches: &[&Prepared],
) -> Result<Vec<Decision>, BoxError> {
    let needs = Needs::of(batches);
    let mut plan = Plan::new(turn.counter, find(connection, &needs).await?);
    let decisions = batches.iter().map(|batch| plan.decide(batch, now)).collect();
    let registrations = plan.registrations();
    // What is deleted and made again is gone first.
    for (sql, set) in [(REMEMBER_DELETIONS, plan.deletions(now)), (DELETE_RECORDS, plan.deletes())] {
        write(connection, sql, set).await?;
    }
    let has_changes = plan.changed().next().is_some();
    let told = [(WORK, plan.has_work()), (REGISTRATIONS, !registrations.is_empty()), (CHANGES, has_changes)];
    let told: Vec<&str> = told.into_iter().filter_map(|(channel, concerned)| concerned.then_some(channel)).collect();
    // Whatever is put, enqueued or deleted takes a number.
    if plan.counter != turn.counter || !told.is_empty() {
        let puts = set(plan.puts().map(array).collect());
        let enqueued = set(plan.enqueued().map(array).collect());
        let registered = set(registrations.iter().map(|(plane, namespace)| json!([plane, namespace])).collect());
        let statement = sqlx::query(WRITE).bind(rows::signed(plan.counter)).bind(puts).bind(enqueued);
        statement.bind(registered).bind(own).bind(told).execute(&mut *connection).await?;
    }
    // Behind the operations that were enqueued by the same group.
    write(connection, ADVANCE, plan.advanced()).await?;
    Ok(decisions)
}

fn array(values: impl IntoIterator<Item = Value>) -> Json {
    values.into_iter().map(Json::from).collect()
}

/// Returns rows in the form in which statements take them.
fn set(rows: Vec<Json>) -> String {
    Json::Array(rows).to_string()
}

/// Carries out a statement over a set of rows.
pub(super) async fn write(connection: &mut PgConnection, sql: &'static str, rows: Vec<Json>) -> sqlx::Result<()> {
    if !rows.is_empty() {
        sqlx::query(sql).bind(set(rows)).execute(connection).await?;
    }
    Ok(())
}

async fn find(connection: &mut PgConnection, needs: &Needs<'_>) -> Result<Found, BoxError> {
    let limit = i64::try_from(needs.enough)?;
    let mut found = Found::default();
    if !needs.keys.is_empty() {
        let keys: Vec<&str> = needs.keys.iter().copied().collect();
        for row in sqlx::query(HEADS).bind(keys).fetch_all(&mut *connection).await? {
            let head = Head { sequence: rows::unsigned(row.try_get(1)?)?, revision: rows::unsigned(row.try_get(2)?)? };
            found.heads.insert(row.try_get(0)?, head);
        }
    }
    if !needs.operations.is_empty() {
        let ids: Vec<&str> = needs.operations.iter().map(String::as_str).collect();
        for row in sqlx::query(HOLDS).bind(ids).fetch_all(&mut *connection).await? {
            let attempt = u32::try_from(row.try_get::<i64, _>(1)?)?;
            let hold = Hold { attempt, leased: row.try_get(2)?, ended: row.try_get(3)? };
            found.holds.insert(row.try_get::<&str, _>(0)?.parse()?, hold);
        }
    }
    found.below = keys(connection, BELOW, &needs.scopes, limit).await?;
    found.referring = keys(connection, REFERRING, &needs.referred, limit).await?;
    Ok(found)
}

async fn keys(
    connection: &mut PgConnection,
    sql: &'static str,
    wanted: &IndexSet<&str>,
    limit: i64,
) -> sqlx::Result<HashMap<String, Vec<String>>> {
    let mut found = HashMap::new();
    for key in wanted {
        let keys = sqlx::query_scalar(sql).bind(*key).bind(limit).fetch_all(&mut *connection).await?;
        found.insert((*key).to_owned(), keys);
    }
    Ok(found)
}
