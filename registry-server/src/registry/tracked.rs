//! Resources that imperative providers keep: a note of each, so that a group knows what it holds.

use radii_model::{ResourceId, TypeName};
use radii_runtime::Fault;
use radii_runtime::store::{Expect, ListQuery, Record, Write};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::record::{self, Draft};
use crate::AppState;

const NAMESPACE: &str = "System.Resources";
const NOTES: &str = "trackedResources";
/// The type of notes.
pub const TYPE: &str = "System.Resources/trackedResources";

/// What is known about a resource of an imperative provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The resource.
    pub id: ResourceId,
    /// The API version that it was last written through.
    pub api_version: String,
    /// Whether its deletion was accepted, and its end not seen.
    pub is_going: bool,
}

/// Whether a record is such a note.
pub fn is_note(record: &Record) -> bool {
    matches!(record.id.types(), [kind] if kind.kind.eq_ignore_ascii_case(NOTES))
        && record.id.namespace().is_some_and(|namespace| namespace.eq_ignore_ascii_case(NAMESPACE))
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

/// Takes a resource down, or that it is being deleted; resources outside of groups are not tracked.
///
/// # Errors
/// When the store fails.
pub async fn remember(state: &AppState, note: &Note) -> Result<(), Fault> {
    let Some(id) = place(&note.id) else { return Ok(()) };
    let old = state.host.parts.store.find(&id).await?;
    let first = old.as_ref().and_then(read).map_or_else(|| note.id.to_string(), |old| old.id.to_string());
    let draft = Draft {
        type_name: format!("{NAMESPACE}/{NOTES}"),
        id,
        location: None,
        tags: None,
        properties: Map::from_iter([
            ("id".to_owned(), first.into()),
            ("apiVersion".to_owned(), note.api_version.clone().into()),
            ("isGoing".to_owned(), note.is_going.into()),
        ]),
        secrets: Map::new(),
    };
    let record = Box::new(record::record(state, &draft, old.as_ref()));
    Ok(state.host.parts.store.commit(vec![Write::Put { record, expect: Expect::Any }]).await?)
}

/// Forgets a resource; one that is not known is no error.
///
/// # Errors
/// When the store fails.
pub async fn forget(state: &AppState, resource: &ResourceId) -> Result<(), Fault> {
    let Some(id) = place(resource) else { return Ok(()) };
    if state.host.parts.store.find(&id).await?.is_none() {
        return Ok(());
    }
    Ok(state.host.parts.store.commit(vec![Write::Delete { id, expect: Expect::Any }]).await?)
}

/// Forgets all resources of a type in a plane.
///
/// # Errors
/// When the store fails.
pub async fn forget_type(state: &AppState, plane: &ResourceId, type_name: &TypeName) -> Result<(), Fault> {
    let kind = Some(TypeName::new(NAMESPACE, NOTES));
    let query = ListQuery { scope: Some(plane.clone()), recursive: true, kind, after: None, limit: None };
    let notes = state.host.parts.store.list(&query).await?.records;
    let is_of_type =
        |record: &&Record| read(record).and_then(|note| note.id.resource_type()).as_ref() == Some(type_name);
    let gone: Vec<Write> = notes
        .iter()
        .filter(is_of_type)
        .map(|record| Write::Delete { id: record.id.clone(), expect: Expect::Any })
        .collect();
    if gone.is_empty() { Ok(()) } else { Ok(state.host.parts.store.commit(gone).await?) }
}

/// Where the note of a resource is kept: in its group, under a name that only its id decides.
fn place(resource: &ResourceId) -> Option<ResourceId> {
    resource.resource_group()?;
    let digest = Sha256::digest(resource.to_string().to_ascii_lowercase().as_bytes());
    let name: String = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
    Some(resource.scope().resource(&TypeName::new(NAMESPACE, NOTES), &name))
}
