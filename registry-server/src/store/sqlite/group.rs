//! One transaction for many callers: what batches need is read, and what they lead to is written, set by set.

use std::collections::HashMap;
use std::sync::OnceLock;

use indexmap::IndexSet;
use radii_runtime::Timestamp;
use radii_runtime::store::Batch;
use serde_json::{Value as Json, json};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::store::BoxError;
use crate::store::plan::{Decision, Found, Head, Hold, Needs, Place, Plan};
use crate::store::rows;
use crate::store::vault::Vault;

const HEADS: &str = "
    SELECT key, sequence, revision FROM record WHERE key IN (SELECT value FROM json_each(?1))";

const HOLDS: &str = "
    SELECT id, attempt, lease_until IS NOT NULL, ended_at IS NOT NULL
    FROM operation WHERE id IN (SELECT value FROM json_each(?1))";

// `?1` is a key; `0` is the character behind `/`.
const BELOW: &str = "SELECT key FROM record WHERE key > ?1 || '/' AND key < ?1 || '0' LIMIT ?2";

const REFERRING: &str = "
    SELECT key FROM record WHERE application = ?1
    UNION SELECT key FROM record WHERE environment = ?1 LIMIT ?2";

const REMEMBER_DELETIONS: &str = "
    INSERT INTO deletion (revision, id, type_name, deleted_at)
    SELECT value->>1, record.id, record.type_name, value->>2
    FROM json_each(?1) JOIN record ON record.key = value->>0";

const DELETE_RECORDS: &str = "
    DELETE FROM record WHERE key IN (SELECT value FROM json_each(?1))";

pub(super) static PUT_RECORDS: Insert = Insert {
    into: "
    INSERT INTO record (sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                        revision, created_at, updated_at, tags, properties, private, application, environment) VALUES ",
    columns: 18,
    otherwise: "
    ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, id = excluded.id, type_name = excluded.type_name,
        api_version = excluded.api_version, location = excluded.location, state = excluded.state,
        operation = excluded.operation, revision = excluded.revision, created_at = excluded.created_at,
        updated_at = excluded.updated_at, tags = excluded.tags, properties = excluded.properties,
        private = excluded.private, application = excluded.application, environment = excluded.environment",
    statements: [const { OnceLock::new() }; SIZES.len()],
};

pub(super) static ENQUEUE: Insert = Insert {
    into: "
    INSERT INTO operation (sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                           created_at, ended_at, scope) VALUES ",
    columns: 13,
    otherwise: "",
    statements: [const { OnceLock::new() }; SIZES.len()],
};

const ADVANCE: &str = "
    UPDATE operation SET state = change.value->>1, error = change.value->>2, ended_at = change.value->>3,
           lease_until = CASE WHEN change.value->>3 IS NULL THEN lease_until END,
           payload = CASE WHEN change.value->>3 IS NULL THEN payload ELSE 'null' END
    FROM json_each(?1) AS change WHERE operation.id = change.value->>0";

pub(super) const REMEMBER_COUNTER: &str = "UPDATE counter SET value = ?1";

/// So many rows are inserted by one statement: few sizes, so that few statements are prepared.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement that inserts rows of so many values.
pub(super) struct Insert {
    into: &'static str,
    columns: usize,
    otherwise: &'static str,
    /// The statement for each size, once it was needed.
    statements: [OnceLock<String>; SIZES.len()],
}

impl Insert {
    /// Returns the statement that inserts one of [`SIZES`] rows.
    fn sql(&'static self, size: usize) -> &'static str {
        self.statements[size].get_or_init(|| {
            let values = format!("({})", vec!["?"; self.columns].join(","));
            format!("{}{}{}", self.into, vec![values; SIZES[size]].join(","), self.otherwise)
        })
    }
}

/// What became of batches.
pub(super) struct Committed {
    /// Of each.
    pub decisions: Vec<Decision>,
    /// Keys of records that are no longer what they were.
    pub deleted: Vec<String>,
    /// What is stored from now on, in the order of the batches.
    pub written: Vec<Written>,
}

/// A record that was stored.
pub(super) struct Written {
    pub key: String,
    /// The write that put it there.
    pub place: Place,
    pub revision: u64,
    /// About how large it is there.
    pub size: usize,
}

/// Carries out batches inside the open transaction.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    vault: &Vault,
    counter: &mut u64,
    now: Timestamp,
    batches: &[&Batch],
) -> Result<Committed, BoxError> {
    let needs = Needs::of(batches);
    let mut plan = Plan::new(*counter, find(connection, &needs).await?);
    let decisions = batches.iter().map(|batch| plan.decide(batch, now)).collect();
    let puts = plan.puts(vault)?;
    let sizes: Vec<usize> = puts.iter().map(rows::size).collect();
    let sets = [(REMEMBER_DELETIONS, plan.deletions(now)), (DELETE_RECORDS, plan.deletes())];
    for (sql, set) in sets {
        write(connection, sql, set).await?;
    }
    insert(connection, &PUT_RECORDS, puts).await?;
    insert(connection, &ENQUEUE, plan.enqueued(vault)?).await?;
    write(connection, ADVANCE, plan.advanced()).await?;
    if plan.counter != *counter {
        sqlx::query(REMEMBER_COUNTER).bind(rows::signed(plan.counter)).execute(connection).await?;
        *counter = plan.counter;
    }
    let written = plan.written().zip(sizes);
    let written = written.map(|((key, place, revision), size)| Written { key: key.clone(), place, revision, size });
    let mut written: Vec<Written> = written.collect();
    written.sort_by_key(|written| written.place);
    Ok(Committed { decisions, deleted: plan.deleted().cloned().collect(), written })
}

/// Carries out a statement over a set of rows.
async fn write(connection: &mut SqliteConnection, sql: &'static str, set: Vec<Json>) -> sqlx::Result<()> {
    if !set.is_empty() {
        sqlx::query(sql).bind(Json::Array(set).to_string()).execute(connection).await?;
    }
    Ok(())
}

/// Inserts rows, each an array of as many texts, integers and nulls as the statement has columns.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    insert: &'static Insert,
    rows: Vec<Json>,
) -> sqlx::Result<()> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for (at, size) in SIZES.into_iter().enumerate() {
        while left >= size {
            let mut query = sqlx::query(insert.sql(at));
            for row in rows.by_ref().take(size) {
                let Json::Array(values) = row else { return Err(misshapen(insert)) };
                // Values of a row that is too short would stand in the columns of the next one.
                if values.len() != insert.columns {
                    return Err(misshapen(insert));
                }
                for value in values {
                    query = match value {
                        Json::String(text) => query.bind(text),
                        Json::Number(number) => query.bind(number.as_i64()),
                        _ => query.bind(None::<i64>),
                    };
                }
            }
            query.execute(&mut *connection).await?;
            left -= size;
        }
    }
    Ok(())
}

fn misshapen(insert: &Insert) -> sqlx::Error {
    sqlx::Error::Protocol(format!("a row is not an array of {} values", insert.columns))
}

async fn find(connection: &mut SqliteConnection, needs: &Needs) -> Result<Found, BoxError> {
    let limit = i64::try_from(needs.enough)?;
    let mut found = Found::default();
    if !needs.keys.is_empty() {
        for row in sqlx::query(HEADS).bind(json!(needs.keys).to_string()).fetch_all(&mut *connection).await? {
            let head = Head { sequence: rows::unsigned(row.try_get(1)?)?, revision: rows::unsigned(row.try_get(2)?)? };
            found.heads.insert(row.try_get(0)?, head);
        }
    }
    if !needs.operations.is_empty() {
        for row in sqlx::query(HOLDS).bind(json!(needs.operations).to_string()).fetch_all(&mut *connection).await? {
            let hold = Hold { attempt: row.try_get(1)?, leased: row.try_get(2)?, ended: row.try_get(3)? };
            found.holds.insert(row.try_get::<&str, _>(0)?.parse()?, hold);
        }
    }
    found.below = keys(connection, BELOW, &needs.scopes, limit).await?;
    found.referring = keys(connection, REFERRING, &needs.referred, limit).await?;
    Ok(found)
}

async fn keys(
    connection: &mut SqliteConnection,
    sql: &'static str,
    wanted: &IndexSet<String>,
    limit: i64,
) -> sqlx::Result<HashMap<String, Vec<String>>> {
    let mut found = HashMap::new();
    for key in wanted {
        let keys = sqlx::query_scalar(sql).bind(key).bind(limit).fetch_all(&mut *connection).await?;
        found.insert(key.clone(), keys);
    }
    Ok(found)
}
