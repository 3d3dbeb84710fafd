//! One transaction for many callers: what batches need is read, and what they lead to is written, set by set.

use std::collections::HashMap;
use std::sync::OnceLock;

use indexmap::IndexSet;
use radii_runtime::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Row};

use crate::store::BoxError;
use crate::store::plan::{Decision, Found, Head, Hold, Needs, Plan};
use crate::store::prepared::{OperationRow, Prepared, RecordRow, Value, Written};
use crate::store::rows;

/// Begins the transaction: whoever reads in it must be sure that nobody else writes.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// The same, and what is asked first: each way to the connection's thread and back costs more than most queries.
const BEGIN_AND_HEADS: &str = "
    BEGIN IMMEDIATE;
    SELECT key, sequence, revision FROM record WHERE key IN (SELECT value FROM json_each(?))";

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

// A row in the way would be a fault, which takes the whole transaction back. Without `OR FAIL` SQLite copies every page
// that it changes, to take back the statement alone.
pub(super) static INSERT_RECORDS: Insert = Insert {
    into: "
    INSERT OR FAIL INTO record (sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                                revision, created_at, updated_at, tags, properties, private, application,
                                environment) VALUES ",
    columns: RecordRow::COLUMNS,
    otherwise: "",
    statements: Statements::none(),
};

static PUT_RECORDS: Insert = Insert {
    into: "
    INSERT INTO record (sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                        revision, created_at, updated_at, tags, properties, private, application, environment) VALUES ",
    columns: RecordRow::COLUMNS,
    otherwise: "
    ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, id = excluded.id, type_name = excluded.type_name,
        api_version = excluded.api_version, location = excluded.location, state = excluded.state,
        operation = excluded.operation, revision = excluded.revision, created_at = excluded.created_at,
        updated_at = excluded.updated_at, tags = excluded.tags, properties = excluded.properties,
        private = excluded.private, application = excluded.application, environment = excluded.environment",
    statements: Statements::none(),
};

pub(super) static ENQUEUE: Insert = Insert {
    into: "
    INSERT OR FAIL INTO operation (sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                                   created_at, ended_at, scope) VALUES ",
    columns: OperationRow::COLUMNS,
    otherwise: "",
    statements: Statements::none(),
};

const ADVANCE: &str = "
    UPDATE operation SET state = change.value->>1, error = change.value->>2, ended_at = change.value->>3,
           lease_until = CASE WHEN change.value->>3 IS NULL THEN lease_until END,
           payload = CASE WHEN change.value->>3 IS NULL THEN payload ELSE 'null' END
    FROM json_each(?1) AS change WHERE operation.id = change.value->>0";

/// Ends the transaction well.
pub(super) const END: &str = "COMMIT";

pub(super) const REMEMBER_COUNTER: &str = "UPDATE counter SET value = ?";

/// So many rows are inserted by one statement at most. Each number below has a statement of its own, so that a group
/// goes to the database at once.
const MOST: usize = 64;

/// What follows the rows of a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Nothing,
    /// The new counter.
    Counter,
    /// The new counter, and the end of the transaction.
    CounterAndEnd,
}

/// A statement that inserts rows of so many values.
pub(super) struct Insert {
    into: &'static str,
    columns: usize,
    otherwise: &'static str,
    statements: Statements,
}

/// The texts of a statement for each [`Behind`] and number of rows, once they were needed.
struct Statements([[OnceLock<String>; MOST]; 3]);

impl Statements {
    const fn none() -> Self {
        Self([const { [const { OnceLock::new() }; MOST] }; 3])
    }
}

impl Insert {
    fn sql(&'static self, rows: usize, behind: Behind) -> &'static str {
        self.statements.0[behind as usize][rows - 1].get_or_init(|| {
            let values = format!("({})", vec!["?"; self.columns].join(","));
            let behind = match behind {
                Behind::Nothing => String::new(),
                Behind::Counter => format!(";{REMEMBER_COUNTER}"),
                Behind::CounterAndEnd => format!(";{REMEMBER_COUNTER};{END}"),
            };
            format!("{}{}{}{behind}", self.into, vec![values; rows].join(","), self.otherwise)
        })
    }
}

/// What became of batches, as soon as the transaction has ended well.
pub(super) struct Decided<'a> {
    plan: Plan<'a>,
    before: u64,
    /// What became of each.
    pub decisions: Vec<Decision>,
}

/// Begins a transaction and decides batches in it.
pub(super) async fn decide<'a>(
    connection: &mut SqliteConnection,
    counter: u64,
    now: Timestamp,
    batches: &[&'a Prepared],
) -> Result<Decided<'a>, BoxError> {
    let needs = Needs::of(batches);
    let mut plan = Plan::new(counter, begin(connection, &needs).await?);
    let decisions = batches.iter().map(|batch| plan.decide(batch, now)).collect();
    Ok(Decided { plan, before: counter, decisions })
}

/// Whether a transaction ends with what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    End,
    GoOn,
}

impl Decided<'_> {
    /// The last number given.
    pub(super) fn counter(&self) -> u64 {
        self.plan.counter
    }

    /// Keys of records that are no longer what they were.
    pub(super) fn deleted(&self) -> impl Iterator<Item = &str> {
        self.plan.deleted()
    }

    /// How many rows are added, replaced or deleted.
    pub(super) fn rows(&self) -> usize {
        self.plan.rows()
    }

    /// What is stored from now on.
    pub(super) fn written(&self) -> impl Iterator<Item = Written> {
        self.plan.written()
    }

    /// Writes what the batches lead to.
    pub(super) async fn write(
        &self,
        connection: &mut SqliteConnection,
        now: Timestamp,
        then: Then,
    ) -> Result<(), BoxError> {
        let plan = &self.plan;
        for (sql, set) in [(REMEMBER_DELETIONS, plan.deletions(now)), (DELETE_RECORDS, plan.deletes())] {
            write(connection, sql, set).await?;
        }
        insert(connection, &ENQUEUE, plan.enqueued().collect(), None, Then::GoOn).await?;
        write(connection, ADVANCE, plan.advanced()).await?;
        let counter = (plan.counter != self.before).then_some(plan.counter);
        let [inserted, replaced] = plan.inserted_and_replaced();
        let (first, last) = if inserted.is_empty() {
            ((&INSERT_RECORDS, inserted), (&PUT_RECORDS, replaced))
        } else {
            ((&PUT_RECORDS, replaced), (&INSERT_RECORDS, inserted))
        };
        insert(connection, first.0, first.1, None, Then::GoOn).await?;
        Ok(insert(connection, last.0, last.1, counter, then).await?)
    }
}

/// Carries out a statement over a set of rows.
async fn write(connection: &mut SqliteConnection, sql: &'static str, set: Vec<Json>) -> sqlx::Result<()> {
    if !set.is_empty() {
        sqlx::query(sql).bind(Json::Array(set).to_string()).execute(connection).await?;
    }
    Ok(())
}

/// Inserts rows of as many values as the statement has columns; then remembers a new counter, and ends the transaction.
async fn insert<R: IntoIterator<Item = Value>>(
    connection: &mut SqliteConnection,
    insert: &'static Insert,
    rows: Vec<R>,
    counter: Option<u64>,
    then: Then,
) -> sqlx::Result<()> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let size = left.min(MOST);
        left -= size;
        let mut arguments = SqliteArguments::default();
        arguments.reserve(size * insert.columns + 1, 0);
        for value in rows.by_ref().take(size).flatten() {
            match value {
                Value::Text(text) => arguments.add(text),
                Value::Number(number) => arguments.add(number),
                Value::Null => arguments.add(None::<i64>),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        let behind = match counter.filter(|_| left == 0) {
            Some(counter) => {
                arguments.add(rows::signed(counter)).map_err(sqlx::Error::Encode)?;
                if then == Then::End { Behind::CounterAndEnd } else { Behind::Counter }
            }
            None => Behind::Nothing,
        };
        sqlx::query_with(insert.sql(size, behind), arguments).execute(&mut *connection).await?;
        if behind != Behind::Nothing {
            return Ok(());
        }
    }
    if let Some(counter) = counter {
        sqlx::query(REMEMBER_COUNTER).bind(rows::signed(counter)).execute(&mut *connection).await?;
    }
    if then == Then::End {
        sqlx::query(END).execute(connection).await?;
    }
    Ok(())
}

/// Inserts rows of a backup, each an array of as many texts, integers and nulls as the statement has columns.
pub(super) async fn restore(
    connection: &mut SqliteConnection,
    statement: &'static Insert,
    rows: Vec<Json>,
) -> sqlx::Result<()> {
    let rows = rows.into_iter().map(|row| values(statement, row)).collect::<sqlx::Result<Vec<_>>>()?;
    insert(connection, statement, rows, None, Then::GoOn).await
}

/// Returns the values of a row; those of one that is too short would stand in the columns of the next.
fn values(insert: &Insert, row: Json) -> sqlx::Result<Vec<Value>> {
    let misshapen = || sqlx::Error::Protocol(format!("a row is not an array of {} values", insert.columns));
    let Json::Array(values) = row else { return Err(misshapen()) };
    if values.len() != insert.columns {
        return Err(misshapen());
    }
    let value = |value| match value {
        Json::String(text) => Value::Text(text.into()),
        Json::Number(number) => number.as_i64().into(),
        _ => Value::Null,
    };
    Ok(values.into_iter().map(value).collect())
}

/// Begins the transaction and reads what decides.
async fn begin(connection: &mut SqliteConnection, needs: &Needs<'_>) -> Result<Found, BoxError> {
    let limit = i64::try_from(needs.enough)?;
    let mut found = Found::default();
    if needs.keys.is_empty() {
        sqlx::query(BEGIN).execute(&mut *connection).await?;
    } else {
        let keys = serde_json::to_string(&needs.keys)?;
        for row in sqlx::query(BEGIN_AND_HEADS).bind(keys).fetch_all(&mut *connection).await? {
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
