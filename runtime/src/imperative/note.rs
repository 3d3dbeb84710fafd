//! Notes of what imperative providers keep, so that a group knows what it holds.

use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::Fault;
use crate::host::Host;
use crate::store::{self, Expect, ListQuery, Private, Record, State, Write};

const NAMESPACE: &str = "System.Resources";
const NOTES: &str = "trackedResources";
/// The type of notes.
pub const TYPE: &str = "System.Resources/trackedResources";
/// The API version of registrations, which notes have too.
const VERSION: &str = "2023-10-01-preview";
/// How often a write that lost a race is tried again.
pub(super) const RACES: usize = 4;

/// What is known about a resource of an imperative provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The resource.
    pub id: ResourceId,
    /// The API version that it was last written through.
    pub api_version: String,
    /// Whether it may be gone: its deletion was accepted and its end not seen, or nobody knows whether it was made.
    pub is_going: bool,
}

impl Note {
    fn properties(&self, first: String) -> Map<String, Json> {
        Map::from_iter([
            ("id".to_owned(), first.into()),
            ("apiVersion".to_owned(), self.api_version.clone().into()),
            ("isGoing".to_owned(), self.is_going.into()),
        ])
    }
}

/// Whether an id is that of a note.
pub fn is_notes_id(id: &ResourceId) -> bool {
    matches!(id.types(), [kind] if kind.kind.eq_ignore_ascii_case(NOTES))
        && id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case(NAMESPACE))
}

/// Whether a record is such a note.
pub fn is_note(record: &Record) -> bool {
    is_notes_id(&record.id)
}

/// Reads a note.
pub fn read(record: &Record) -> Option<Note> {
    let text = |name: &str| record.properties.get(name).and_then(Json::as_str);
    Some(Note {
        id: text("id")?.parse().ok()?,
        api_version: text("apiVersion")?.to_owned(),
        is_going: record.properties.get("isGoing").and_then(Json::as_bool).unwrap_or(false),
    })
}

/// The id that people know a record by: of a note, that of the resource.
pub fn id_of(record: &Record) -> String {
    let noted = is_note(record).then(|| read(record)).flatten();
    noted.map_or_else(|| record.id.to_string(), |note| note.id.to_string())
}

/// Where the note of a resource is kept: in its group, under a name that only its id decides; `None` outside of groups.
pub fn place(resource: &ResourceId) -> Option<ResourceId> {
    resource.resource_group()?;
    let digest = Sha256::digest(resource.to_string().to_ascii_lowercase().as_bytes());
    let name: String = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    Some(resource.scope().resource(&TypeName::new(NAMESPACE, NOTES), &name))
}

/// Returns the record of a note; the resource keeps the casing of its first one, and an operation in progress goes on.
pub(super) fn record(host: &Host, id: &ResourceId, note: &Note, old: Option<&Record>) -> Record {
    let now = host.parts.clock.now();
    let first = old.and_then(read).map_or_else(|| note.id.to_string(), |old| old.id.to_string());
    let version: Option<ApiVersion> = VERSION.parse().ok();
    Record {
        id: old.map_or_else(|| id.clone(), |old| old.id.clone()),
        type_name: TYPE.to_owned(),
        api_version: version,
        location: None,
        tags: None,
        properties: note.properties(first),
        private: old.map_or_else(Private::default, |old| old.private.clone()),
        state: old.map_or(State::Succeeded, |old| old.state),
        operation: old.and_then(|old| old.operation),
        revision: old.map_or(0, |old| old.revision),
        created_at: old.map_or(now, |old| old.created_at),
        updated_at: now,
    }
}

/// Writes on a record what a note says, and nothing else.
pub(super) fn write_on(record: &mut Record, note: &Note) {
    record.properties = note.properties(note.id.to_string());
}

/// Takes a resource down, or that it is being deleted; resources outside of groups are not tracked.
///
/// # Errors
/// When the store fails.
pub async fn remember(host: &Host, note: &Note) -> Result<(), Fault> {
    let Some(id) = place(&note.id) else { return Ok(()) };
    for _ in 0..RACES {
        let old = host.parts.store.find(&id).await?;
        let expect = old.as_ref().map_or(Expect::Absent, |old| Expect::Revision(old.revision));
        let record = Box::new(record(host, &id, note, old.as_ref()));
        match host.parts.store.commit(vec![Write::Put { record, expect }]).await {
            Err(store::Error::Conflict { .. }) => {}
            done => return Ok(done?),
        }
    }
    Err(Fault::contended(&note.id))
}

/// Forgets a resource; one that is not known is no error, and one that an operation changes is left to that.
///
/// # Errors
/// When the store fails.
pub async fn forget(host: &Host, resource: &ResourceId) -> Result<(), Fault> {
    let Some(id) = place(resource) else { return Ok(()) };
    for _ in 0..RACES {
        let found = host.parts.store.find(&id).await?;
        let Some(old) = found.filter(|old| old.operation.is_none() || old.state.is_terminal()) else { return Ok(()) };
        let gone = Write::Delete { id: id.clone(), expect: Expect::Revision(old.revision) };
        match host.parts.store.commit(vec![gone]).await {
            Err(store::Error::Conflict { .. }) => {}
            done => return Ok(done?),
        }
    }
    Err(Fault::contended(resource))
}

/// Forgets all resources of a type in a plane.
///
/// # Errors
/// When the store fails.
pub async fn forget_type(host: &Host, plane: &ResourceId, type_name: &TypeName) -> Result<(), Fault> {
    let kind = Some(TypeName::new(NAMESPACE, NOTES));
    let query = ListQuery { scope: Some(plane.clone()), recursive: true, kind, after: None, limit: None };
    let notes = host.parts.store.list(&query).await?.records;
    let is_of_type =
        |record: &&Record| read(record).and_then(|note| note.id.resource_type()).as_ref() == Some(type_name);
    let gone: Vec<Write> = notes
        .iter()
        .filter(is_of_type)
        .map(|record| Write::Delete { id: record.id.clone(), expect: Expect::Any })
        .collect();
    if gone.is_empty() { Ok(()) } else { Ok(host.parts.store.commit(gone).await?) }
}
