//! Batches as databases need them.
//!
//! Whoever asks for a change makes keys and texts of it, beside all others who ask; the one task that writes only passes
//! them on. What was allocated for a record is so freed where it was allocated, while it is still at hand.

use std::sync::{Arc, LazyLock};

use radii_model::ResourceId;
use radii_runtime::Fault;
use radii_runtime::store::{Batch, Expect, Operation, OperationId, Private, Record, State, Write, parent_key};
use serde_json::{Value as Json, json};

use super::plan::Head;
use super::rows::{self, Columns};
use super::vault::Vault;
use super::{BoxError, unavailable};

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(Arc<str>),
    Number(i64),
    Null,
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => Json::String(text.as_ref().to_owned()),
            Value::Number(number) => number.into(),
            Value::Null => Json::Null,
        }
    }
}

/// Texts that most rows have in common.
static COMMON: LazyLock<[Arc<str>; 6]> =
    LazyLock::new(|| ["{}", "Succeeded", "global", "null", "put", "Accepted"].map(Arc::from));

/// Returns a text that rows can share.
fn shared(text: &str) -> Arc<str> {
    COMMON.iter().find(|common| ***common == *text).map_or_else(|| text.into(), Arc::clone)
}

/// A record as its row will be, but for its place and revision.
#[derive(Debug)]
pub(super) struct RecordRow {
    pub key: Arc<str>,
    pub id: Arc<str>,
    parent: Arc<str>,
    kind: Arc<str>,
    type_name: Arc<str>,
    api_version: Option<Arc<str>>,
    location: Option<Arc<str>>,
    state: Arc<str>,
    operation: Option<Arc<str>>,
    created_at: i64,
    updated_at: i64,
    tags: Option<Arc<str>>,
    properties: Arc<str>,
    private: Arc<str>,
    references: [Option<Arc<str>>; 2],
}

impl RecordRow {
    /// How many columns its table has.
    pub(super) const COLUMNS: usize = 18;

    /// Returns the row of a record, its private part sealed.
    pub(super) fn of(vault: &Vault, record: &Record) -> serde_json::Result<Self> {
        let id = record.id.to_string();
        let key = id.to_ascii_lowercase();
        let private = if record.private == Private::default() {
            shared("{}")
        } else {
            rows::sealed_private(vault, &record.private, &key)?.into()
        };
        Ok(Self {
            parent: parent_key(&record.id).into(),
            kind: record.type_name.to_ascii_lowercase().into(),
            type_name: record.type_name.as_str().into(),
            api_version: record.api_version.as_ref().map(|version| version.to_string().into()),
            location: record.location.as_deref().map(shared),
            state: shared(record.state.as_str()),
            operation: record.operation.map(|id| id.to_string().into()),
            created_at: record.created_at.0,
            updated_at: record.updated_at.0,
            tags: record.tags.as_ref().map(serde_json::to_string).transpose()?.map(Into::into),
            properties: serde_json::to_string(&record.properties)?.into(),
            private,
            references: record.references().map(|key| key.map(Into::into)),
            key: key.into(),
            id: id.into(),
        })
    }

    /// Returns its values in the order of its table's columns; a backup has the same.
    pub(super) fn values(&self, head: Head) -> [Value; Self::COLUMNS] {
        let [application, environment] = &self.references;
        [
            rows::signed(head.sequence).into(),
            self.key.clone().into(),
            self.parent.clone().into(),
            self.kind.clone().into(),
            self.id.clone().into(),
            self.type_name.clone().into(),
            self.api_version.clone().into(),
            self.location.clone().into(),
            self.state.clone().into(),
            self.operation.clone().into(),
            rows::signed(head.revision).into(),
            self.created_at.into(),
            self.updated_at.into(),
            self.tags.clone().into(),
            self.properties.clone().into(),
            self.private.clone().into(),
            application.clone().into(),
            environment.clone().into(),
        ]
    }

    /// Whether it names the record of a key as its application or environment.
    pub(super) fn refers_to(&self, key: &str) -> bool {
        self.references.iter().flatten().any(|reference| **reference == *key)
    }

    /// Whether nothing of it is for the runtime core alone.
    pub(super) fn is_open(&self) -> bool {
        *self.private == *"{}"
    }

    /// About how large it is.
    pub(super) fn size(&self) -> usize {
        self.properties.len()
    }
}

/// A row as it was written, to be read again from memory.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub row: Arc<RecordRow>,
    pub revision: u64,
}

impl Columns for Written {
    fn text(&self, at: usize) -> Result<&str, BoxError> {
        self.optional_text(at)?.ok_or_else(|| format!("column {at} is empty").into())
    }

    fn optional_text(&self, at: usize) -> Result<Option<&str>, BoxError> {
        let row = &self.row;
        Ok(match at {
            0 => Some(&*row.id),
            1 => Some(&row.type_name),
            2 => row.api_version.as_deref(),
            3 => row.location.as_deref(),
            4 => Some(&row.state),
            5 => row.operation.as_deref(),
            9 => row.tags.as_deref(),
            10 => Some(&row.properties),
            11 => Some(&row.private),
            _ => return Err(format!("column {at} is no text").into()),
        })
    }

    fn number(&self, at: usize) -> Result<i64, BoxError> {
        self.optional_number(at)?.ok_or_else(|| format!("column {at} is empty").into())
    }

    fn optional_number(&self, at: usize) -> Result<Option<i64>, BoxError> {
        match at {
            6 => Ok(Some(rows::signed(self.revision))),
            7 => Ok(Some(self.row.created_at)),
            8 => Ok(Some(self.row.updated_at)),
            _ => Err(format!("column {at} is no number").into()),
        }
    }
}

/// An operation as its row will be, but for its place in the queue.
#[derive(Debug)]
pub(super) struct OperationRow {
    pub id: OperationId,
    pub attempt: u32,
    pub state: State,
    values: Vec<Value>,
}

impl OperationRow {
    /// How many columns its table has.
    pub(super) const COLUMNS: usize = 13;

    /// Returns the row of an operation, its payload sealed.
    pub(super) fn of(vault: &Vault, operation: &Operation) -> serde_json::Result<Self> {
        let id = operation.id.to_string();
        let payload = rows::sealed_payload(vault, &operation.payload, &id)?;
        let error = operation.error.as_ref().map(serde_json::to_string).transpose()?;
        let text = |text: String| Value::Text(text.into());
        let values = vec![
            Value::Null,
            text(id),
            text(operation.resource.to_string()),
            Value::Text(shared(rows::verb_name(operation.verb))),
            operation.api_version.as_ref().map_or(Value::Null, |version| text(version.to_string())),
            Value::Text(shared(operation.state.as_str())),
            error.map_or(Value::Null, text),
            i64::from(operation.attempt).into(),
            operation.run_after.0.into(),
            Value::Text(shared(&payload)),
            operation.created_at.0.into(),
            operation.ended_at.map(|time| time.0).into(),
            text(rows::turn_of(&operation.resource)),
        ];
        Ok(Self { id: operation.id, attempt: operation.attempt, state: operation.state, values })
    }

    /// Returns its values in the order of its table's columns; a backup has the same.
    pub(super) fn values(&self, sequence: u64) -> Vec<Value> {
        let mut values = self.values.clone();
        values[0] = rows::signed(sequence).into();
        values
    }
}

/// What a condition is about: how it is found, and how it is called.
#[derive(Debug)]
pub(super) struct Subject {
    pub key: Arc<str>,
    id: Arc<str>,
}

impl Subject {
    fn of(id: &ResourceId) -> Self {
        let id = id.to_string();
        let key = id.to_ascii_lowercase();
        if key == id {
            let id: Arc<str> = id.into();
            return Self { key: Arc::clone(&id), id };
        }
        Self { key: key.into(), id: id.into() }
    }

    /// Its id, in its own casing.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// One write of a batch.
#[derive(Debug)]
pub(super) enum Change {
    Put { row: Arc<RecordRow>, expect: Expect },
    Delete { what: Subject, expect: Expect },
    Enqueue(OperationRow),
    Advance { id: OperationId, attempt: Option<u32>, state: State, error: Option<String> },
    Require(Subject),
    RequireEmpty(Subject),
    RequireUnreferred(Subject),
}

/// Writes that happen together or not at all.
#[derive(Debug)]
pub(super) struct Prepared {
    pub changes: Vec<Change>,
    /// How many operations it adds that a worker may claim.
    pub work: usize,
}

impl Prepared {
    /// Prepares a batch.
    pub(super) fn of(vault: &Vault, batch: Batch) -> Result<Self, radii_runtime::store::Error> {
        let is_work = |write: &&Write| matches!(write, Write::Enqueue(operation) if !operation.state.is_terminal());
        let work = batch.iter().filter(is_work).count();
        let changes = batch.into_iter().map(|write| change(vault, write)).collect::<serde_json::Result<_>>();
        let changes = changes.map_err(|error| unavailable("write a change", error))?;
        Ok(Self { changes, work })
    }
}

fn change(vault: &Vault, write: Write) -> serde_json::Result<Change> {
    let told = |fault: Fault| json!(fault).to_string();
    Ok(match write {
        Write::Put { record, expect } => Change::Put { row: Arc::new(RecordRow::of(vault, &record)?), expect },
        Write::Delete { id, expect } => Change::Delete { what: Subject::of(&id), expect },
        Write::Enqueue(operation) => Change::Enqueue(OperationRow::of(vault, &operation)?),
        Write::Advance { id, attempt, state, error } => Change::Advance { id, attempt, state, error: error.map(told) },
        Write::Require { id } => Change::Require(Subject::of(&id)),
        Write::RequireEmpty { scope } => Change::RequireEmpty(Subject::of(&scope)),
        Write::RequireUnreferred { id } => Change::RequireUnreferred(Subject::of(&id)),
    })
}

#[cfg(test)]
mod tests {
    use radii_runtime::Timestamp;
    use radii_runtime::conformance::{operation, record};

    use super::*;
    use crate::store::keys::Keyring;

    const DB: &str = "/planes/radius/local/resourceGroups/G/providers/Contoso.Data/stores/db";

    #[test]
    fn a_row_is_read_as_the_record_that_it_was_made_of() {
        let vault = Vault::new(Keyring::random());
        let mut secretive = record(DB);
        secretive.private.data.insert("password".into(), "x".into());
        secretive.operation = Some(uuid::Uuid::now_v7());
        secretive.tags = json!({ "team": "shop" }).as_object().cloned();
        for record in [record(DB), secretive] {
            let row = Arc::new(RecordRow::of(&vault, &record).unwrap());
            assert_eq!(row.is_open(), record.private == Private::default());
            let read = rows::record(&vault, &Written { row, revision: 7 }).unwrap();
            assert_eq!(read, Record { revision: 7, ..record });
        }
    }

    #[test]
    fn what_waits_for_a_worker_is_counted() {
        let vault = Vault::new(Keyring::random());
        let waiting = operation(DB, Timestamp(1));
        let ended = Operation { state: State::Succeeded, ..operation(DB, Timestamp(1)) };
        let batch = [waiting, ended].map(|operation| Write::Enqueue(Box::new(operation)));
        assert_eq!(Prepared::of(&vault, batch.into()).unwrap().work, 1);
    }

    #[test]
    fn a_condition_keeps_the_casing_of_its_id() {
        let subject = Subject::of(&DB.parse().unwrap());
        assert_eq!((subject.id(), &*subject.key), (DB, DB.to_ascii_lowercase().as_str()));
    }
}
