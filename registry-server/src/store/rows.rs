//! Rows: what a record and an operation look like in a database, whichever engine holds it.

use radii_model::ResourceId;
use radii_runtime::Timestamp;
use radii_runtime::store::{Name, Operation, Private, Record, State, Texts, Verb};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use sqlx::Row;
use zeroize::Zeroizing;

use super::BoxError;
use super::vault::Vault;

/// A row that can be read by position.
pub(super) trait Columns {
    fn text(&self, at: usize) -> Result<&str, BoxError>;
    fn optional_text(&self, at: usize) -> Result<Option<&str>, BoxError>;
    fn number(&self, at: usize) -> Result<i64, BoxError>;
    fn optional_number(&self, at: usize) -> Result<Option<i64>, BoxError>;
}

/// Both engines read alike; only the type of the row differs.
macro_rules! columns {
    ($row:ty) => {
        impl Columns for $row {
            fn text(&self, at: usize) -> Result<&str, BoxError> {
                Ok(self.try_get(at)?)
            }
            fn optional_text(&self, at: usize) -> Result<Option<&str>, BoxError> {
                Ok(self.try_get(at)?)
            }
            fn number(&self, at: usize) -> Result<i64, BoxError> {
                Ok(self.try_get(at)?)
            }
            fn optional_number(&self, at: usize) -> Result<Option<i64>, BoxError> {
                Ok(self.try_get(at)?)
            }
        }
    };
}

columns!(sqlx::sqlite::SqliteRow);
columns!(sqlx::postgres::PgRow);

/// Returns the private part of a record as it is stored.
pub(super) fn sealed_private(vault: &Vault, private: &Private, key: &str) -> serde_json::Result<String> {
    Ok(vault.seal(&private_context(key), &Zeroizing::new(serde_json::to_string(private)?)))
}

/// Returns what stands for a resource's scope when scopes take turns; never empty, so that every one comes behind
/// the empty text, with which a round begins.
pub(super) fn turn_of(resource: &ResourceId) -> String {
    resource.scope_key() + "/"
}

/// What the private part of a record is bound to: it opens in no other record.
pub(super) fn private_context(key: &str) -> String {
    format!("record/{key}")
}

/// What the payload of an operation is bound to.
pub(super) fn payload_context(id: &str) -> String {
    format!("operation/{id}")
}

/// Reads `id, type_name, api_version, location, state, operation, revision, created_at, updated_at, tags,
/// properties, private`.
pub(super) fn record(vault: &Vault, row: &(impl Columns + ?Sized)) -> Result<Record, BoxError> {
    let operation = row.optional_text(5)?;
    let id: ResourceId = row.text(0)?.parse()?;
    let private = match row.text(11)? {
        "{}" => Private::default(),
        stored => serde_json::from_str(&vault.open(&private_context(&id.key()), stored)?)?,
    };
    Ok(Record {
        type_name: row.text(1)?.to_owned(),
        api_version: row.optional_text(2)?.map(str::parse).transpose()?,
        location: row.optional_text(3)?.map(str::to_owned),
        state: state(row.text(4)?)?,
        operation: operation.map(str::parse).transpose()?,
        revision: unsigned(row.number(6)?)?,
        created_at: Timestamp(row.number(7)?),
        updated_at: Timestamp(row.number(8)?),
        tags: row.optional_text(9)?.map(serde_json::from_str).transpose()?,
        properties: serde_json::from_str(row.text(10)?)?,
        private,
        id,
    })
}

/// Reads lines of ids and types, with a tabulator between.
pub(super) fn names(text: &str) -> Vec<Name> {
    let lines = text.split('\n').filter_map(|line| line.split_once('\t'));
    lines.map(|(id, type_name)| Name { id: id.to_owned(), type_name: type_name.to_owned() }).collect()
}

/// Reads a page of ids and properties, with a unit separator between and record separators between the records; `next`
/// is where another page begins.
pub(super) fn texts(text: Option<String>, next: Option<i64>) -> Result<Texts, BoxError> {
    Ok(Texts { lines: text.unwrap_or_default(), next: next.map(unsigned).transpose()? })
}

/// Returns the payload of an operation as it is stored.
pub(super) fn sealed_payload(vault: &Vault, payload: &Json, id: &str) -> serde_json::Result<String> {
    match payload {
        Json::Null => Ok("null".to_owned()),
        payload => Ok(vault.seal(&payload_context(id), &Zeroizing::new(serde_json::to_string(payload)?))),
    }
}

/// Reads `id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at`.
pub(super) fn operation(vault: &Vault, row: &impl Columns) -> Result<Operation, BoxError> {
    let id = row.text(0)?;
    let payload = match row.text(8)? {
        "null" => Json::Null,
        stored => document(&vault.open(&payload_context(id), stored)?)?,
    };
    Ok(Operation {
        id: id.parse()?,
        resource: row.text(1)?.parse()?,
        verb: verb(row.text(2)?)?,
        api_version: row.optional_text(3)?.map(str::parse).transpose()?,
        state: state(row.text(4)?)?,
        error: row.optional_text(5)?.map(serde_json::from_str).transpose()?,
        attempt: u32::try_from(row.number(6)?)?,
        run_after: Timestamp(row.number(7)?),
        payload,
        created_at: Timestamp(row.number(9)?),
        ended_at: row.optional_number(10)?.map(Timestamp),
    })
}

/// Returns a number that is never negative in the database.
pub(super) fn unsigned(value: i64) -> Result<u64, BoxError> {
    Ok(u64::try_from(value)?)
}

/// Returns the form in which databases store a number.
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

/// The name of a verb in rows.
pub(super) fn verb_name(verb: Verb) -> &'static str {
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
