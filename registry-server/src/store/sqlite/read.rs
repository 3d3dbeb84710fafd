//! Reading: connections that nobody writes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use radii_runtime::store::{Error, ListQuery, Name, Operation, OperationId, Page, Record, Texts};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tokio::sync::{Mutex, MutexGuard};

use super::cache::{Cache, Known};
use super::single::Single;
use crate::store::rows::Columns;
use crate::store::vault::Vault;
use crate::store::{self, BoxError, Change, changes, rows, unavailable};

// Runtime-checked on purpose: `query!` would need a database or prepared data at build time, and its expansion
// costs more compile time than these few queries are worth; the conformance suite runs every one of them.
pub(super) const FIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private
    FROM record WHERE key = ?1";

// One row for all: a row of its own costs more than what it says. No id and no type holds a control character.
const LIST_NAMES: &str = "
    SELECT group_concat(line, char(10)) FROM (
        SELECT id || char(9) || type_name AS line
        FROM record WHERE key > ?1 AND key < rtrim(?1, '/') || '0' ORDER BY sequence)";

// One row for a page, as with names. No id and no JSON text holds one of these control characters.
//
// Thousands of pages, one behind the other, which nobody asks for again: mapped, they need not be copied, and the memory
// that they stand in is given back at once. All of it goes to the connection's thread together, so that it reads while
// the caller works on the page before.
const LIST_TEXTS: &str = "
    PRAGMA mmap_size = 1073741824;
    SELECT group_concat(line, char(30)), max(sequence), count(*) FROM (
        SELECT id || char(31) || properties AS line, sequence
        FROM record WHERE kind = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3);
    PRAGMA mmap_size = 0";

const UNMAP: &str = "PRAGMA mmap_size = 0";

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

// `UNION` would sort; a record that names the id twice is found by the first half alone.
const LIST_REFERRING: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record
    WHERE sequence IN (SELECT sequence FROM record WHERE application = ?1 AND sequence > ?2
                       UNION ALL SELECT sequence FROM record WHERE environment = ?1 AND sequence > ?2)
    ORDER BY sequence LIMIT ?3";

const FIND_OPERATION: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation WHERE id = ?1";

const RECENT_OPERATIONS: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation ORDER BY sequence DESC LIMIT ?1";

const CHANGES_SINCE: &str = "
    SELECT * FROM (SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
                          tags, properties, private, sequence, 0 AS gone
                   FROM record WHERE revision > ?1 ORDER BY revision LIMIT ?2) AS changed
    UNION ALL
    SELECT * FROM (SELECT id, type_name, NULL, NULL, '', NULL, revision, deleted_at, deleted_at,
                          NULL, '', '', revision AS sequence, 1 AS gone
                   FROM deletion WHERE revision > ?1 ORDER BY revision LIMIT ?2) AS deleted
    ORDER BY revision LIMIT ?2";

const KNOWN_CHANGES: &str = "
    SELECT (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'feed.horizon'), (SELECT value FROM counter)";

const NEXT_DUE: &str = "
    SELECT min(max(run_after, coalesce(lease_until, 0))) FROM operation WHERE ended_at IS NULL";

/// A connection that several tasks take turns with.
pub(super) type Shared = Arc<Mutex<SqliteConnection>>;

/// Connections for reading, used in turn.
pub(super) struct Readers {
    connections: Vec<Shared>,
    turn: AtomicUsize,
    /// Where single rows of a file are read.
    single: Option<Single>,
    vault: Arc<Vault>,
    cache: Arc<Cache>,
}

impl Readers {
    /// Returns readers over the given connections; at least one.
    pub(super) fn new(connections: Vec<Shared>, single: Option<Single>, vault: Arc<Vault>, cache: Arc<Cache>) -> Self {
        Self { connections, turn: AtomicUsize::new(0), single, vault, cache }
    }

    /// The first connection, which is the only one of a database in memory.
    pub(super) fn shared(&self) -> Shared {
        Arc::clone(&self.connections[0])
    }

    /// What opens secrets.
    pub(super) fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    fn free(&self) -> Option<MutexGuard<'_, SqliteConnection>> {
        self.connections.iter().rev().find_map(|connection| connection.try_lock().ok())
    }

    /// Waits for a connection; one that is free, if any is.
    pub(super) async fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        if let Some(free) = self.free() {
            return free;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        self.connections[turn].lock().await
    }

    pub(super) async fn find_shared(&self, key: &str) -> Result<Option<Arc<Record>>, Error> {
        const DOING: &str = "read a resource";
        let ticket = match self.cache.find(key) {
            (Some(Known::Read(record)), _) => return Ok(Some(record)),
            (Some(Known::Written(written)), ticket) => {
                let record = rows::record(&self.vault, &written).map_err(|error| unavailable(DOING, error))?;
                let record = Arc::new(record);
                self.cache.remember(ticket, key, &record, written.row.size());
                return Ok(Some(record));
            }
            (None, ticket) => ticket,
        };
        let read = self.read(key).await.map_err(|error| unavailable(DOING, error))?;
        let Some((record, size)) = read else { return Ok(None) };
        if self.cache.is_asked_again(key) {
            self.cache.remember(ticket, key, &record, size);
        }
        Ok(Some(record))
    }

    /// Reads a record and the size of its properties.
    async fn read(&self, key: &str) -> Result<Option<(Arc<Record>, usize)>, BoxError> {
        let make = |row: &dyn Columns| Ok((Arc::new(rows::record(&self.vault, row)?), row.text(10)?.len()));
        match &self.single {
            Some(single) => single.find(key, |row| make(row)),
            // A database in memory belongs to one connection.
            None => {
                let mut connection = self.connections[0].lock().await;
                let found = sqlx::query(FIND).bind(key).fetch_optional(&mut *connection).await?;
                drop(connection);
                found.map(|row| make(&row)).transpose()
            }
        }
    }

    pub(super) async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        const DOING: &str = "list resources";
        let limit = one_more(query.limit);
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
        self.page(&found.map_err(|error| unavailable(DOING, error))?, query.limit)
            .map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn list_names(&self, key: &str) -> Result<Vec<Name>, Error> {
        const DOING: &str = "list names";
        let mut connection = self.connection().await;
        let text = sqlx::query_scalar(LIST_NAMES).bind(format!("{key}/")).fetch_one(&mut *connection).await;
        drop(connection);
        let text: Option<String> = text.map_err(|error| unavailable(DOING, error))?;
        Ok(rows::names(text.as_deref().unwrap_or_default()))
    }

    pub(super) async fn list_texts(&self, kind: &str, after: u64, limit: usize) -> Result<Texts, Error> {
        const DOING: &str = "list properties";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let bound = sqlx::query(LIST_TEXTS).bind(kind).bind(rows::signed(after)).bind(limit);
        let found = bound.fetch_all(&mut *connection).await;
        if found.is_err() {
            // Otherwise the connection would stay mapped.
            let _ = sqlx::query(UNMAP).execute(&mut *connection).await;
        }
        drop(connection);
        let page = |found: Vec<SqliteRow>| -> Result<Texts, BoxError> {
            // Each statement answers with rows of its own width.
            let row = found.iter().find(|row| row.len() == 3).ok_or("no page was answered")?;
            let (text, last, count): (Option<String>, Option<i64>, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            rows::texts(text, last.filter(|_| count == limit))
        };
        found.map_err(BoxError::from).and_then(page).map_err(|error| unavailable(DOING, error))
    }

    /// Returns the revision of a record that was read lately.
    pub(super) fn known_revision(&self, key: &str) -> Option<u64> {
        self.cache.revision(key)
    }

    pub(super) async fn list_referring(
        &self,
        key: &str,
        after: Option<u64>,
        limit: Option<usize>,
    ) -> Result<Page, Error> {
        const DOING: &str = "list resources of an application";
        let bound = sqlx::query(LIST_REFERRING).bind(key).bind(rows::signed(after.unwrap_or(0))).bind(one_more(limit));
        let mut connection = self.connection().await;
        let found = bound.fetch_all(&mut *connection).await;
        drop(connection);
        self.page(&found.map_err(|error| unavailable(DOING, error))?, limit).map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn find_operation(&self, id: OperationId) -> Result<Option<Operation>, Error> {
        const DOING: &str = "read an operation";
        let mut connection = self.connection().await;
        let row = sqlx::query(FIND_OPERATION).bind(id.to_string()).fetch_optional(&mut *connection).await;
        drop(connection);
        let row = row.map_err(|error| unavailable(DOING, error))?;
        row.map(|row| rows::operation(&self.vault, &row)).transpose().map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn recent_operations(&self, limit: usize) -> Result<Vec<Operation>, Error> {
        const DOING: &str = "list operations";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let found = sqlx::query(RECENT_OPERATIONS).bind(limit).fetch_all(&mut *connection).await;
        drop(connection);
        let found = found.map_err(|error| unavailable(DOING, error))?;
        let operation = |row| rows::operation(&self.vault, row);
        found.iter().map(operation).collect::<Result<_, _>>().map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn changes_since(&self, revision: u64, limit: usize) -> Result<Vec<Change>, Error> {
        const DOING: &str = "read what changed";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut connection = self.connection().await;
        let bound = sqlx::query(CHANGES_SINCE).bind(rows::signed(revision)).bind(limit);
        let found = bound.fetch_all(&mut *connection).await;
        drop(connection);
        let found = found.map_err(|error| unavailable(DOING, error))?;
        let changes = found.iter().map(|row| changes::change(&self.vault, row)).collect::<Result<_, _>>();
        changes.map_err(|error| unavailable(DOING, error))
    }

    pub(super) async fn known_changes(&self) -> Result<store::Known, Error> {
        const DOING: &str = "read what changed";
        let mut connection = self.connection().await;
        let found: sqlx::Result<(Option<i64>, i64)> = sqlx::query_as(KNOWN_CHANGES).fetch_one(&mut *connection).await;
        drop(connection);
        let (from, to) = found.map_err(|error| unavailable(DOING, error))?;
        let number = |value| rows::unsigned(value).map_err(|error| unavailable(DOING, error));
        Ok(store::Known { from: number(from.unwrap_or(0))?, to: number(to)? })
    }

    fn page(&self, found: &[SqliteRow], limit: Option<usize>) -> Result<Page, BoxError> {
        let shown = &found[..limit.map_or(found.len(), |limit| limit.min(found.len()))];
        let next = match shown.last() {
            Some(last) if shown.len() < found.len() => Some(rows::unsigned(last.try_get(12)?)?),
            _ => None,
        };
        let records = shown.iter().map(|row| rows::record(&self.vault, row)).collect::<Result<_, _>>()?;
        Ok(Page { records, next })
    }
}

/// One row more than asked for tells whether there is a next page; -1 is no limit.
fn one_more(limit: Option<usize>) -> i64 {
    limit.map_or(-1, |limit| i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1)))
}

/// Returns when the next operation that has not ended falls due or loses its lease, in milliseconds.
pub(super) async fn next_due(connection: &mut SqliteConnection) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(NEXT_DUE).fetch_one(connection).await
}
