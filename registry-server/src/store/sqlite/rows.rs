//! Rows: what a record and an operation look like in the database.

use radii_model::ResourceId;
use radii_runtime::Timestamp;
use radii_runtime::store::{Operation, Record, State, Verb, parent_key};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Writes a record as the JSON array that `group::PUT_RECORDS` takes apart.
///
/// Documents are text inside of it: SQLite then stores their bytes and never reads their numbers.
pub(super) fn record_values(record: &Record, key: &str, sequence: u64, revision: u64) -> serde_json::Result<Json> {
    let tags = record.tags.as_ref().map(serde_json::to_string).transpose()?;
    Ok(json!([
        sequence,
        key,
        parent_key(&record.id),
        record.type_name.to_ascii_lowercase(),
        record.id.to_string(),
        record.type_name,
        record.api_version.as_ref().map(ToString::to_string),
        record.location,
        record.state.as_str(),
        record.operation.map(|id| id.to_string()),
        revision,
        record.created_at.0,
        record.updated_at.0,
        tags,
        serde_json::to_string(&record.properties)?,
        serde_json::to_string(&record.private)?,
    ]))
}

/// Reads the columns of `read::RECORD_COLUMNS`.
pub(super) fn record(row: &SqliteRow) -> Result<Record, BoxError> {
    let operation: Option<&str> = row.try_get(5)?;
    Ok(Record {
        id: row.try_get::<&str, _>(0)?.parse::<ResourceId>()?,
        type_name: row.try_get(1)?,
        api_version: row.try_get::<Option<&str>, _>(2)?.map(str::parse).transpose()?,
        location: row.try_get(3)?,
        state: state(row.try_get(4)?)?,
        operation: operation.map(str::parse).transpose()?,
        revision: unsigned(row.try_get(6)?)?,
        created_at: Timestamp(row.try_get(7)?),
        updated_at: Timestamp(row.try_get(8)?),
        tags: row.try_get::<Option<&str>, _>(9)?.map(serde_json::from_str).transpose()?,
        properties: serde_json::from_str(row.try_get(10)?)?,
        private: serde_json::from_str(row.try_get(11)?)?,
    })
}

/// Writes an operation as the JSON array that `group::ENQUEUE` takes apart.
pub(super) fn operation_values(operation: &Operation, sequence: u64) -> serde_json::Result<Json> {
    Ok(json!([
        sequence,
        operation.id.to_string(),
        operation.resource.to_string(),
        verb_name(operation.verb),
        operation.api_version.as_ref().map(ToString::to_string),
        operation.state.as_str(),
        operation.error.as_ref().map(serde_json::to_string).transpose()?,
        operation.attempt,
        operation.run_after.0,
        serde_json::to_string(&operation.payload)?,
        operation.created_at.0,
        operation.ended_at.map(|time| time.0),
    ]))
}

/// Reads the columns of `read::OPERATION_COLUMNS`.
pub(super) fn operation(row: &SqliteRow) -> Result<Operation, BoxError> {
    Ok(Operation {
        id: row.try_get::<&str, _>(0)?.parse()?,
        resource: row.try_get::<&str, _>(1)?.parse()?,
        verb: verb(row.try_get(2)?)?,
        api_version: row.try_get::<Option<&str>, _>(3)?.map(str::parse).transpose()?,
        state: state(row.try_get(4)?)?,
        error: row.try_get::<Option<&str>, _>(5)?.map(serde_json::from_str).transpose()?,
        attempt: row.try_get(6)?,
        run_after: Timestamp(row.try_get(7)?),
        payload: document(row.try_get(8)?)?,
        created_at: Timestamp(row.try_get(9)?),
        ended_at: row.try_get::<Option<i64>, _>(10)?.map(Timestamp),
    })
}

/// Returns a number that is never negative in the database.
pub(super) fn unsigned(value: i64) -> Result<u64, BoxError> {
    Ok(u64::try_from(value)?)
}

/// Returns the form in which SQLite stores a number.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn document<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

fn state(name: &str) -> Result<State, BoxError> {
    let all = [State::Accepted, State::Updating, State::Deleting, State::Succeeded, State::Failed, State::Canceled];
    all.into_iter().find(|state| state.as_str() == name).ok_or_else(|| format!("`{name}` is no state").into())
}

fn verb_name(verb: Verb) -> &'static str {
    match verb {
        Verb::Put => "put",
        Verb::Delete => "delete",
    }
}

fn verb(name: &str) -> Result<Verb, BoxError> {
    match name {
        "put" => Ok(Verb::Put),
        "delete" => Ok(Verb::Delete),
        _ => Err(format!("`{name}` is no verb").into()),
    }
}
