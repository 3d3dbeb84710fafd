//! Bodies from one API version of a type to another, without loss.
//!
//! Most of a conversion follows from the two schemas: what was added, removed, changed its type, became optional or
//! required. What a schema alone cannot tell is written down in the newer version, under vendor extensions that
//! Radius ignores: [`RENAMED_FROM`] on a property, [`VALUES_RENAMED_FROM`] on an `enum`.
//!
//! # Guarantees
//! Whatever a version cannot hold is [kept aside](KeptAside) and comes back as soon as the body reaches a version that
//! can hold it. A body that travels through any sequence of versions and returns is the body that left, unless somebody
//! changed it on the way; then the change wins over what was kept aside for the same place.
//!
//! # Caveats
//! Items of lists are found again by their index. Values that both versions call secret are carried as they are, also
//! when they are encrypted.

mod carry;
mod check;
mod lineage;
mod place;
mod secrets;

use radii_diagnostics::Code;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use crate::ApiVersion;
use crate::manifest::ResourceType;
use crate::schema::Schema;

pub(crate) use check::check;
use lineage::{Lineage, Versions};
use place::{at, at_mut, tokens};

/// On a property: the name that it has in the preceding API version.
pub const RENAMED_FROM: &str = "x-radii-renamed-from";

/// On an `enum` of strings: a mapping from a value to what it is called in the preceding API version.
pub const VALUES_RENAMED_FROM: &str = "x-radii-values-renamed-from";

/// On the schema of a version: `true` says that resources of the type are converted, though nothing was renamed.
///
/// Types of which no version says so, and none renames anything, are served as they were written, as Radius does.
pub const CONVERTED: &str = "x-radii-converted";

/// Code of diagnostics about conversions that cannot be carried out.
pub const INVALID_CONVERSION: Code = Code::new("radii/invalid-conversion");

/// Whether a schema, as registered, asks for conversions: by [`CONVERTED`] or by a rename anywhere in it.
pub fn is_declared(schema: &Json) -> bool {
    match schema {
        Json::Object(members) => {
            members.get(CONVERTED) == Some(&Json::Bool(true))
                || members.contains_key(RENAMED_FROM)
                || members.contains_key(VALUES_RENAMED_FROM)
                || members.values().any(is_declared)
        }
        Json::Array(items) => items.iter().any(is_declared),
        _ => false,
    }
}

/// All API versions of a type, ready to convert between.
#[derive(Clone, Debug)]
pub struct Conversions<'t> {
    versions: Versions<'t>,
}

/// A body in another version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Converted {
    /// The body as the version sees it.
    pub body: Json,
    /// What the version cannot hold; store it beside the body.
    pub kept_aside: KeptAside,
}

/// Data that the version of a body cannot hold. It is stored as JSON beside the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptAside {
    entries: Vec<Kept>,
}

impl KeptAside {
    /// Whether the body holds everything.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// One value that is kept aside, or one that was filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// The version in which the value was found.
    version: ApiVersion,
    /// Where it was: a JSON pointer in the terms of that version.
    pointer: String,
    /// The value; absent where there was none and a required one had to be filled in.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    value: Option<Json>,
    /// What stands in its place in the body's present version.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    instead: Option<Json>,
}

/// A version that the type does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the type has no API version `{0}`; its versions are {1}")]
pub struct UnknownVersion(pub ApiVersion, pub String);

impl<'t> Conversions<'t> {
    /// Returns the conversions between the versions of a type.
    pub fn of(resource_type: &'t ResourceType) -> Self {
        Self::between(resource_type.api_versions.iter().map(|(version, entry)| (version, &entry.schema)))
    }

    /// Returns the conversions between versions, in any order; each schema describes the resource's `properties`.
    pub fn between(schemas: impl IntoIterator<Item = (&'t ApiVersion, &'t Schema)>) -> Self {
        Self { versions: Versions::new(schemas) }
    }

    /// Returns `body`, which is in the version `from`, as the version `to` sees it.
    ///
    /// `kept` is what was kept aside when the body came to `from`; for a fresh body it is empty.
    ///
    /// # Errors
    /// The type does not have one of the versions.
    pub fn convert(
        &self,
        body: &Json,
        kept: &KeptAside,
        from: &ApiVersion,
        to: &ApiVersion,
    ) -> Result<Converted, UnknownVersion> {
        let (from, to) = (self.versions.index(from)?, self.versions.index(to)?);
        let (mut body, mut waiting) = (body.clone(), kept.entries.clone());
        if from == to {
            return Ok(Converted { body, kept_aside: KeptAside { entries: waiting } });
        }
        // What was filled in inside of something is taken out first: then that is as it was when it was put there.
        waiting.sort_by_key(|entry| std::cmp::Reverse(tokens(&entry.pointer).len()));
        waiting.retain_mut(|entry| self.lift(entry, &mut body, from));
        let carrier = carry::Carrier { versions: &self.versions, from, to };
        let (mut body, mut kept) = match carrier.whole(&body) {
            Some(carried) => carried,
            None => {
                let version = self.versions.name(from).clone();
                let whole = Kept { version, pointer: String::new(), value: Some(body), instead: None };
                (Json::Object(Map::new()), vec![whole])
            }
        };
        self.restore(waiting, &mut body, &mut kept, to);
        carrier.fill_in(&mut body, &mut kept);
        kept.sort_by(|a, b| (&a.version, &a.pointer).cmp(&(&b.version, &b.pointer)));
        Ok(Converted { body, kept_aside: KeptAside { entries: kept } })
    }

    /// Takes what was filled in out of the body again; returns whether the entry still has something to give back.
    fn lift(&self, entry: &mut Kept, body: &mut Json, present: usize) -> bool {
        let Ok(origin) = self.versions.index(&entry.version) else { return true };
        let lineage = self.versions.locate(origin, &tokens(&entry.pointer));
        let Some(path) = lineage.path_in(present) else { return entry.value.is_some() };
        match (at(body, path), entry.instead.take()) {
            (Some(found), Some(instead)) if *found == instead => {
                remove(body, path);
                entry.value.is_some()
            }
            // Somebody wrote something else there, or took the filled-in value away: that is what counts now.
            (Some(_), _) | (None, Some(_)) => false,
            (None, None) => entry.value.is_some(),
        }
    }

    /// Puts back what the version `to` can hold; the rest is kept.
    fn restore(&self, mut waiting: Vec<Kept>, body: &mut Json, kept: &mut Vec<Kept>, to: usize) {
        // Objects come before what was in them.
        waiting.sort_by_key(|entry| tokens(&entry.pointer).len());
        for entry in waiting {
            let Ok(origin) = self.versions.index(&entry.version) else {
                kept.push(entry);
                continue;
            };
            let path = tokens(&entry.pointer);
            let lineage = self.versions.locate(origin, &path);
            match self.put_back(&entry, &lineage, body, origin, to) {
                Back::Placed(more) => kept.extend(more),
                Back::Overtaken => {}
                Back::Homeless if self.is_covered(&lineage, kept) => kept.push(entry),
                Back::Homeless => {}
                Back::NotYet => kept.push(entry),
            }
        }
    }

    /// Whether an object that a value was part of is kept aside itself.
    fn is_covered(&self, lineage: &Lineage<'t>, kept: &[Kept]) -> bool {
        kept.iter().filter(|other| other.value.is_some()).any(|other| {
            let Ok(origin) = self.versions.index(&other.version) else { return false };
            lineage.path_in(origin).is_some_and(|path| path.starts_with(&tokens(&other.pointer)))
        })
    }

    fn put_back(&self, entry: &Kept, lineage: &Lineage<'t>, body: &mut Json, origin: usize, to: usize) -> Back {
        let (Some((name, parent)), Some(value)) = (lineage.path_in(to).and_then(<[_]>::split_last), &entry.value)
        else {
            return Back::NotYet;
        };
        if !lineage.carries(origin, to) {
            return Back::NotYet;
        }
        let Some(parent) = at_mut(body, parent) else { return Back::Homeless };
        let carrier = carry::Carrier { versions: &self.versions, from: origin, to };
        match parent {
            Json::Object(members) if members.contains_key(name) => Back::Overtaken,
            Json::Object(members) => match carrier.back(&lineage.level, value, &entry.pointer) {
                Some((value, more)) => {
                    members.insert(name.clone(), value);
                    Back::Placed(more)
                }
                None => Back::NotYet,
            },
            _ => Back::Homeless,
        }
    }
}

/// What became of a value that was to come back.
enum Back {
    /// It is in the body; parts of it may have to be kept.
    Placed(Vec<Kept>),
    /// Something else stands there already.
    Overtaken,
    /// What it was part of is not there.
    Homeless,
    /// The version cannot hold it.
    NotYet,
}

/// Reads a member that is there; null is a value like any other.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

fn remove(body: &mut Json, path: &[String]) {
    if let Some((name, parent)) = path.split_last()
        && let Some(Json::Object(members)) = at_mut(body, parent)
    {
        members.shift_remove(name);
    }
}
