//! Reading: connections that nobody writes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use radii_runtime::store::{Error, ListQuery, Operation, OperationId, Page, Record};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tokio::sync::{Mutex, MutexGuard};

use super::{rows, unavailable};

// Runtime-checked on purpose: `query!` would need a database or prepared data at build time, and its expansion
// costs more compile time than these few queries are worth; the conformance suite runs every one of them.
const FIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private
    FROM record WHERE key = ?1";

const LIST_CHILDREN: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE parent = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";

const LIST_CHILDREN_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE parent = ?1 AND sequence > ?2 AND kind = ?4 ORDER BY sequence LIMIT ?3";

// `?1` is a key that ends in `/`; `0` is the character behind `/`.
const LIST_BELOW: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE key > ?1 AND key < rtrim(?1, '/') || '0' AND sequence > ?2 ORDER BY sequence LIMIT ?3";

// The unary plus keeps SQLite on the index by kind: it is in the order wanted, a range of keys is not.
const LIST_BELOW_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE kind = ?4 AND sequence > ?2 AND +key > ?1 AND +key < rtrim(?1, '/') || '0'
    ORDER BY sequence LIMIT ?3";

const LIST_ALL: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE ?1 IS NULL AND sequence > ?2 ORDER BY sequence LIMIT ?3";

const LIST_ALL_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE ?1 IS NULL AND kind = ?4 AND sequence > ?2 ORDER BY sequence LIMIT ?3";

const FIND_OPERATION: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation WHERE id = ?1";

const RECENT_OPERATIONS: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation ORDER BY sequence DESC LIMIT ?1";

const NEXT_DUE: &str = "
    SELECT min(max(run_after, coalesce(lease_until, 0))) FROM operation WHERE ended_at IS NULL";

/// A connection that several tasks take turns with.
pub(super) type Shared = Arc<Mutex<SqliteConnection>>;

/// Connections for reading, used in turn.
pub(super) struct Readers {
    connections: Vec<Shared>,
    turn: AtomicUsize,
}

impl Readers {
    /// Returns readers over the given connections; at least one.
    pub(super) fn new(connections: Vec<Shared>) -> Self {
        Self { connections, turn: AtomicUsize::new(0) }
    }

    async fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        if let Some(free) = self.connections.iter().find_map(|connection| connection.try_lock().ok()) {
            return free;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        self.connections[turn].lock().await
    }

    pub(super) async fn find(&self, key: &str) -> Result<Option<Record>, Error> {
        const DOING: &str = "read a resource";
        let mut connection = self.connection().await;
        let row = sqlx::query(FIND).bind(key).fetch_optional(&mut *connection).await;
        drop(connection);
        let row = row.map_err(|error| unavailable(DOING, error))?;
        row.map(|row| rows::record(&row)).transpose().map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        const DOING: &str = "list resources";
        // One row more than asked for tells whether there is a next page.
        let limit =
            query.limit.map_or(-1, |limit| i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1)));
        let scope = query.scope.as_ref().map(|scope| scope.key());
        let (sql, scope) = match (scope, query.recursive, &query.kind) {
            (None, _, None) => (LIST_ALL, None),
            (None, _, Some(_)) => (LIST_ALL_OF_KIND, None),
            (Some(scope), false, None) => (LIST_CHILDREN, Some(scope)),
            (Some(scope), false, Some(_)) => (LIST_CHILDREN_OF_KIND, Some(scope)),
            (Some(scope), true, None) => (LIST_BELOW, Some(scope + "/")),
            (Some(scope), true, Some(_)) => (LIST_BELOW_OF_KIND, Some(scope + "/")),
        };
        let mut bound = sqlx::query(sql).bind(scope).bind(rows::signed(query.after.unwrap_or(0))).bind(limit);
        if let Some(kind) = &query.kind {
            bound = bound.bind(kind.key());
        }
        let mut connection = self.connection().await;
        let found = bound.fetch_all(&mut *connection).await;
        drop(connection);
        page(&found.map_err(|error| unavailable(DOING, error))?, query.limit).map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        const DOING: &str = "read an operation";
        let mut connection = self.connection().await;
        let row = sqlx::query(FIND_OPERATION).bind(id.to_string()).fetch_optional(&mut *connection).await;
        drop(connection);
        let row = row.map_err(|error| unavailable(DOING, error))?;
        row.map(|row| rows::operation(&row)).transpose().map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        const DOING: &str = "list operations";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let found = sqlx::query(RECENT_OPERATIONS).bind(limit).fetch_all(&mut *connection).await;
        drop(connection);
        let found = found.map_err(|error| unavailable(DOING, error))?;
        found.iter().map(rows::operation).collect::<Result<_, _>>().map_err(|error| unavailable(DOING, error))
    }
}

/// Returns when the next operation that has not ended falls due or loses its lease, in milliseconds.
pub(super) async fn next_due(connection: &mut SqliteConnection) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(NEXT_DUE).fetch_one(connection).await
}

fn page(found: &[SqliteRow], limit: Option<usize>) -> Result<Page, Box<dyn std::error::Error + Send + Sync>> {
    let shown = &found[..limit.map_or(found.len(), |limit| limit.min(found.len()))];
    let next = match shown.last() {
        Some(last) if shown.len() < found.len() => Some(rows::unsigned(last.try_get(12)?)?),
        _ => None,
    };
    Ok(Page { records: shown.iter().map(rows::record).collect::<Result<_, _>>()?, next })
}
