//! One resource, seen through any API version of its type.
//!
//! Resources of a type that [declares conversions](radii_model::conversion) are stored once, in the type's default
//! version: recipes, connections, graphs and everything else inside see that one. Requests see the version that they
//! name. What the stored version cannot hold is kept aside in the record's private part, without secrets, and comes
//! back with the version that knows it. Resources of all other types are served as they were written.

use std::sync::OnceLock;

use radii_model::conversion::{Conversions, KeptAside};
use radii_model::document::Node;
use radii_model::schema::Schema;
use radii_model::{ApiVersion, ResourceId, base};
use serde_json::Value as Json;

use crate::catalog::Type;
use crate::host::Host;
use crate::store::Record;

/// Where a record keeps what its API version cannot hold.
pub(crate) const KEPT_ASIDE: &str = "keptAside";

/// The versions of one type, between which its resources are converted.
#[derive(Clone, Debug, PartialEq)]
pub struct Converter {
    schemas: Vec<(ApiVersion, Schema)>,
    stored: ApiVersion,
}

/// A converter that is made when it is first asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered(OnceLock<Option<Converter>>);

impl Remembered {
    /// Returns the converter, if there is one.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Option<Converter>) -> Option<&Converter> {
        self.0.get_or_init(make).as_ref()
    }
}

impl Converter {
    /// Returns the converter of a type; `None` for one whose resources are served as they were written.
    pub(crate) fn of(kind: &Type) -> Option<Self> {
        if kind.api_versions.len() < 2 || !kind.api_versions.values().any(|schema| schema.declares_conversions()) {
            return None;
        }
        let schemas = kind.api_versions.iter().map(|(version, schema)| {
            let (mut schema, _) = Schema::from_node(&Node::from_json(&schema.json(), Default::default()), "schema");
            if !schema.is_unrestricted() {
                declare_everywhere(&mut schema);
            }
            (version.clone(), schema)
        });
        Some(Self { schemas: schemas.collect(), stored: kind.default_version()?.clone() })
    }

    /// The version that resources are stored in.
    pub fn stored_version(&self) -> &ApiVersion {
        &self.stored
    }

    fn conversions(&self) -> Conversions<'_> {
        Conversions::between(self.schemas.iter().map(|(version, schema)| (version, schema)))
    }

    /// Turns a record into what it is in another version; one of a version that is not registered stays as it is.
    pub(crate) fn convert(&self, record: &mut Record, to: &ApiVersion) {
        let Some(from) = record.api_version.clone().filter(|from| from != to) else { return };
        let kept = kept_aside(record);
        let body = Json::Object(std::mem::take(&mut record.properties));
        match self.conversions().convert(&body, &kept, &from, to) {
            Ok(converted) => {
                record.properties = members(converted.body);
                record.api_version = Some(to.clone());
                keep_aside(record, &converted.kept_aside);
            }
            Err(_) => record.properties = members(body),
        }
    }

    /// Removes what any version calls sensitive.
    pub(crate) fn redact(&self, record: &mut Record) {
        let Some(version) = &record.api_version else { return };
        let mut body = Json::Object(std::mem::take(&mut record.properties));
        self.conversions().redact(&mut body, version);
        record.properties = members(body);
    }
}

/// The properties that every resource may have mean the same in all versions, whether they are declared or not.
fn declare_everywhere(schema: &mut Schema) {
    let base = base::base_schema().properties.keys().map(String::as_str);
    for name in base.chain(base::SERVER_PROPERTIES) {
        schema.properties.entry(name.to_owned()).or_default();
    }
}

fn members(body: Json) -> serde_json::Map<String, Json> {
    match body {
        Json::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}

fn kept_aside(record: &Record) -> KeptAside {
    let stored = record.private.data.get(KEPT_ASIDE).cloned();
    stored.and_then(|stored| serde_json::from_value(stored).ok()).unwrap_or_default()
}

fn keep_aside(record: &mut Record, kept: &KeptAside) {
    record.private.data.shift_remove(KEPT_ASIDE);
    if !kept.is_empty() {
        record.private.data.insert(KEPT_ASIDE.to_owned(), serde_json::json!(kept));
    }
}

impl Host {
    /// Calls back with the converter of a resource's type, if there is one.
    fn with_converter<T>(&self, id: &ResourceId, then: impl FnOnce(&Converter) -> T) -> Option<T> {
        let (_, kind) = self.registered(id).ok()?;
        kind.converter().map(then)
    }

    /// Whether resources of the type of an id are converted between its versions.
    pub(crate) fn is_converted(&self, id: &ResourceId) -> bool {
        self.with_converter(id, |_| ()).is_some()
    }

    /// Returns a record as a version of its type sees it, without sensitive values.
    pub fn seen(&self, record: &Record, through: &ApiVersion) -> Record {
        let mut seen = record.clone();
        self.redact(&mut seen);
        if self.converted(&mut seen, through) {
            self.redact(&mut seen);
        }
        seen
    }

    /// Turns a record into what it is in another version; `false` for types whose resources are not converted.
    pub(crate) fn converted(&self, record: &mut Record, to: &ApiVersion) -> bool {
        let id = record.id.clone();
        self.with_converter(&id, |converter| converter.convert(record, to)).is_some()
    }

    /// Turns a record into what recipes, connections and graphs see: the stored version of its type.
    pub(crate) fn settled(&self, record: &mut Record) {
        let id = record.id.clone();
        self.with_converter(&id, |converter| converter.convert(record, &converter.stored));
    }

    /// Turns a record that a request wrote, secrets included, into the one that is stored: what has to be kept aside
    /// is kept without secrets.
    pub(crate) fn settle(&self, record: &mut Record) {
        if !self.is_converted(&record.id) {
            return;
        }
        let mut hidden = record.clone();
        self.redact(&mut hidden);
        self.settled(&mut hidden);
        self.settled(record);
        record.private.data = hidden.private.data;
    }

    /// Removes sensitive values: by the schema of the version that the record is in, and what any other version that
    /// it can be seen through calls sensitive.
    pub(crate) fn redact(&self, record: &mut Record) {
        let Some(version) = record.api_version.clone() else { return };
        if let Ok(Some(validator)) = self.validator(&record.id, &version) {
            validator.redact(&mut record.properties);
        }
        let id = record.id.clone();
        self.with_converter(&id, |converter| converter.redact(record));
    }

    /// Whether anything of a resource's type is sensitive in the version given, or in one that it can be seen through.
    pub(crate) fn has_sensitive(&self, id: &ResourceId, version: &ApiVersion) -> bool {
        let in_version =
            |version: &ApiVersion| matches!(self.validator(id, version), Ok(Some(found)) if found.has_sensitive());
        let Ok((_, kind)) = self.registered(id) else { return false };
        in_version(version) || kind.converter().is_some() && kind.api_versions.keys().any(in_version)
    }
}
