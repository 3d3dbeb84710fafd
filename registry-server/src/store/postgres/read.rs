//! Reading, on connections of the pool.

use std::time::Duration;

use radii_runtime::store::{Error, ListQuery, Name, Operation, OperationId, Page, Texts};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};

use super::own::Own;
use crate::store::vault::Vault;
use crate::store::{BoxError, Change, Known, Registrations, changes, rows, unavailable};

// Runtime-checked on purpose, as those of SQLite are: the conformance suite runs every one of them.
const LIST_CHILDREN: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE parent = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";

const LIST_CHILDREN_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE parent = $1 AND sequence > $2 AND kind = $4 ORDER BY sequence LIMIT $3";

// `$1` is a key; `0` is the character behind `/`. The sum keeps PostgreSQL on the index by key: one plan for all keys
// would read the whole table in the order wanted.
const LIST_BELOW: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE key > $1 || '/' AND key < $1 || '0' AND sequence > $2 ORDER BY sequence + 0 LIMIT $3";

// The kind is a range for the reason below. The empty text keeps PostgreSQL off the index by key, by which it would collect
// and sort everything below a plane for each page.
pub(super) const LIST_BELOW_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE (kind, sequence) > ($4, $2) AND kind <= $4 AND key || '' > $1 || '/' AND key || '' < $1 || '0'
    ORDER BY kind, sequence LIMIT $3";

const LIST_ALL: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE $1::text IS NULL AND sequence > $2 ORDER BY sequence LIMIT $3";

// A range of kinds that holds one: told that there is only one, PostgreSQL may take all rows in the order wanted, and read
// to the end of the table when the last page is not full.
const LIST_ALL_OF_KIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE $1::text IS NULL AND (kind, sequence) > ($4, $2) AND kind <= $4 ORDER BY kind, sequence LIMIT $3";

const LIST_REFERRING: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, sequence
    FROM record WHERE (application = $1 OR environment = $1) AND sequence > $2 ORDER BY sequence LIMIT $3";

const LIST_NAMES: &str = "
    SELECT string_agg(id || chr(9) || type_name, chr(10) ORDER BY sequence)
    FROM record WHERE key > $1 || '/' AND key < $1 || '0'";

// One row for a page, in the order of the rows below: told to sort, PostgreSQL sorts all texts once more. No id and no
// JSON text holds one of these control characters. The kind is a range for the reason above.
pub(super) const LIST_TEXTS: &str = "
    SELECT string_agg(id || chr(31) || properties, chr(30)), max(sequence), count(*)
    FROM (SELECT id, properties, sequence FROM record WHERE (kind, sequence) > ($1, $2) AND kind <= $1
          ORDER BY kind, sequence LIMIT $3) AS page";

const FIND_OPERATION: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation WHERE id = $1";

const RECENT_OPERATIONS: &str = "
    SELECT id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at
    FROM operation ORDER BY sequence DESC LIMIT $1";

const CHANGES_SINCE: &str = "
    SELECT * FROM (SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
                          tags, properties, private, sequence, 0::bigint AS gone
                   FROM record WHERE revision > $1 ORDER BY revision LIMIT $2) AS changed
    UNION ALL
    SELECT * FROM (SELECT id, type_name, NULL, NULL, '', NULL, revision, deleted_at, deleted_at,
                          NULL, '', '', revision AS sequence, 1::bigint AS gone
                   FROM deletion WHERE revision > $1 ORDER BY revision LIMIT $2) AS deleted
    ORDER BY revision LIMIT $2";

const KNOWN_CHANGES: &str = "
    SELECT (SELECT CAST(value AS BIGINT) FROM setting WHERE name = 'feed.horizon'), (SELECT value FROM counter)";

const REGISTRATIONS_SINCE: &str = "
    SELECT plane, namespace, revision, coalesce(server = $2 AND told = revision AND others <= $1, false)
    FROM registration_change WHERE revision > $1 ORDER BY revision";

/// Pauses before a read is repeated whose connection broke: a database that restarts is back by then.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(20),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

type Bound<'q> = Query<'q, Postgres, PgArguments>;

/// Whether a failure is of the connection, and the statement may be repeated on another.
pub(super) fn is_of_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        // The server stops, starts, or the connection was ended by its operator or for idling.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P") || matches!(&*code, "25P03" | "53300")
        }),
        _ => false,
    }
}

/// Reads rows; repeats that while the connection breaks. Also right for changes that are harmless to repeat.
pub(super) async fn rows<'q>(
    pool: &PgPool,
    doing: &'static str,
    query: impl Fn() -> Bound<'q>,
) -> Result<Vec<PgRow>, Error> {
    let mut pauses = PAUSES.iter();
    loop {
        match query().fetch_all(pool).await {
            Ok(rows) => return Ok(rows),
            Err(error) if is_of_connection(&error) => match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(unavailable(doing, error)),
            },
            Err(error) => return Err(unavailable(doing, error)),
        }
    }
}

/// Returns ids and types of all that lies below a key.
pub(super) async fn list_names(pool: &PgPool, key: &str) -> Result<Vec<Name>, Error> {
    const DOING: &str = "list names";
    if key.contains('\0') {
        return Ok(Vec::new());
    }
    let found = rows(pool, DOING, || sqlx::query(LIST_NAMES).bind(key.to_owned())).await?;
    let text = found.first().map(|row| row.try_get::<Option<&str>, _>(0)).transpose();
    let text = text.map_err(|error| unavailable(DOING, error))?.flatten();
    Ok(rows::names(text.unwrap_or_default()))
}

/// Returns a page of ids and properties of a type.
pub(super) async fn list_texts(pool: &PgPool, kind: &str, after: u64, limit: usize) -> Result<Texts, Error> {
    const DOING: &str = "list properties";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let query = || sqlx::query(LIST_TEXTS).bind(kind.to_owned()).bind(rows::signed(after)).bind(limit);
    let found = rows(pool, DOING, query).await?;
    let read = |row: &PgRow| -> Result<Texts, BoxError> {
        let (text, last, count): (Option<String>, Option<i64>, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        rows::texts(text, last.filter(|_| count == limit))
    };
    found.first().map_or_else(|| Ok(Texts::default()), read).map_err(|error| unavailable(DOING, error))
}

pub(super) async fn list(pool: &PgPool, vault: &Vault, query: &ListQuery) -> Result<Page, Error> {
    const DOING: &str = "list resources";
    let scope = query.scope.as_ref().map(radii_model::ResourceId::key);
    let sql = match (&scope, query.recursive, &query.kind) {
        (None, _, None) => LIST_ALL,
        (None, _, Some(_)) => LIST_ALL_OF_KIND,
        (Some(_), false, None) => LIST_CHILDREN,
        (Some(_), false, Some(_)) => LIST_CHILDREN_OF_KIND,
        (Some(_), true, None) => LIST_BELOW,
        (Some(_), true, Some(_)) => LIST_BELOW_OF_KIND,
    };
    let after = rows::signed(query.after.unwrap_or(0));
    let found = rows(pool, DOING, || {
        let bound = sqlx::query(sql).bind(scope.clone()).bind(after).bind(one_more(query.limit));
        match &query.kind {
            Some(kind) => bound.bind(kind.key()),
            None => bound,
        }
    });
    page(vault, &found.await?, query.limit).map_err(|error| unavailable(DOING, error))
}

pub(super) async fn list_referring(
    pool: &PgPool,
    vault: &Vault,
    key: &str,
    after: Option<u64>,
    limit: Option<usize>,
) -> Result<Page, Error> {
    const DOING: &str = "list resources of an application";
    let after = rows::signed(after.unwrap_or(0));
    let query = || sqlx::query(LIST_REFERRING).bind(key.to_owned()).bind(after).bind(one_more(limit));
    page(vault, &rows(pool, DOING, query).await?, limit).map_err(|error| unavailable(DOING, error))
}

pub(super) async fn find_operation(pool: &PgPool, vault: &Vault, id: OperationId) -> Result<Option<Operation>, Error> {
    const DOING: &str = "read an operation";
    let found = rows(pool, DOING, || sqlx::query(FIND_OPERATION).bind(id.to_string())).await?;
    found.first().map(|row| rows::operation(vault, row)).transpose().map_err(|error| unavailable(DOING, error))
}

pub(super) async fn recent_operations(pool: &PgPool, vault: &Vault, limit: usize) -> Result<Vec<Operation>, Error> {
    const DOING: &str = "list operations";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows(pool, DOING, || sqlx::query(RECENT_OPERATIONS).bind(limit)).await?;
    let operations = found.iter().map(|row| rows::operation(vault, row)).collect::<Result<_, _>>();
    operations.map_err(|error| unavailable(DOING, error))
}

/// Returns what others registered, and what this server may have registered without knowing it.
pub(super) async fn registrations_since(pool: &PgPool, own: &Own, revision: u64) -> Result<Registrations, Error> {
    const DOING: &str = "read what was registered";
    let query = || sqlx::query(REGISTRATIONS_SINCE).bind(rows::signed(revision)).bind(own.name());
    let found = rows(pool, DOING, query).await?;
    let mut registrations = Registrations { providers: own.take_doubtful().into_iter().collect(), revision };
    for row in &found {
        let failed = |error: BoxError| unavailable(DOING, error);
        let text = |at: usize| row.try_get::<String, _>(at).map_err(|error| failed(error.into()));
        let is_own: bool = row.try_get(3).map_err(|error| failed(error.into()))?;
        if !is_own {
            registrations.providers.push((text(0)?, text(1)?));
        }
        let revision: i64 = row.try_get(2).map_err(|error| failed(error.into()))?;
        registrations.revision = rows::unsigned(revision).map_err(failed)?;
    }
    Ok(registrations)
}

pub(super) async fn changes_since(
    pool: &PgPool,
    vault: &Vault,
    revision: u64,
    limit: usize,
) -> Result<Vec<Change>, Error> {
    const DOING: &str = "read what changed";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows(pool, DOING, || sqlx::query(CHANGES_SINCE).bind(rows::signed(revision)).bind(limit)).await?;
    let changes = found.iter().map(|row| changes::change(vault, row)).collect::<Result<_, _>>();
    changes.map_err(|error| unavailable(DOING, error))
}

pub(super) async fn known_changes(pool: &PgPool) -> Result<Known, Error> {
    const DOING: &str = "read what changed";
    let found = rows(pool, DOING, || sqlx::query(KNOWN_CHANGES)).await?;
    let failed = |error: BoxError| unavailable(DOING, error);
    let number = |at: usize| -> Result<u64, Error> {
        let value: Option<i64> = found[0].try_get(at).map_err(|error| failed(error.into()))?;
        rows::unsigned(value.unwrap_or(0)).map_err(failed)
    };
    Ok(Known { from: number(0)?, to: number(1)? })
}

/// One row more than asked for tells whether there is a next page; `NULL` is no limit.
fn one_more(limit: Option<usize>) -> Option<i64> {
    limit.map(|limit| i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1)))
}

fn page(vault: &Vault, found: &[PgRow], limit: Option<usize>) -> Result<Page, BoxError> {
    let shown = &found[..limit.map_or(found.len(), |limit| limit.min(found.len()))];
    let next = match shown.last() {
        Some(last) if shown.len() < found.len() => Some(rows::unsigned(last.try_get(12)?)?),
        _ => None,
    };
    Ok(Page { records: shown.iter().map(|row| rows::record(vault, row)).collect::<Result<_, _>>()?, next })
}
