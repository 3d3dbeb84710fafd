//! Schemas of API versions, kept as the text that was registered until somebody needs what they say.
//!
//! A registry with thousands of types is mostly schemas that nobody asks for at the moment. As text they take a tenth of
//! what they take as values, and reading one costs microseconds.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use radii_model::ApiVersion;
use radii_model::conversion::is_declared;
use radii_model::deprecation::Deprecation;
use serde_json::{Map, Value as Json};

use crate::validate::Compiled;

/// What the registration of a version without a schema holds.
const NOTHING: [&str; 2] = ["{}", r#"{"schema":{}}"#];

/// The schema of an API version as registered (OpenAPI 3.0 schema object, or `{}`).
#[derive(Debug, Default)]
pub struct Schema {
    /// The registration's properties, of which the schema is one.
    registered: Box<str>,
    /// What it says, as long as anybody uses it.
    json: Mutex<Weak<Json>>,
    /// The validator made of it, as long as anybody keeps it.
    compiled: Mutex<Weak<Compiled>>,
    facts: OnceLock<Facts>,
    deprecation: OnceLock<Option<Box<Deprecation>>>,
}

/// What requests ask of a schema again and again.
#[derive(Clone, Copy, Debug)]
struct Facts {
    is_empty: bool,
    declares_conversions: bool,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.registered == other.registered
    }
}

impl From<Json> for Schema {
    fn from(schema: Json) -> Self {
        Self::registered(Json::Object(Map::from_iter([("schema".to_owned(), schema)])).to_string())
    }
}

impl Schema {
    /// Returns the schema that the properties of a registration hold, given as their JSON text.
    pub fn registered(properties: impl Into<Box<str>>) -> Self {
        Self { registered: properties.into(), ..Self::default() }
    }

    /// Returns what the schema says; several who need it at once share it.
    pub fn json(&self) -> Arc<Json> {
        let mut shared = self.json.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shared.upgrade() {
            return known;
        }
        let read = Arc::new(self.read());
        *shared = Arc::downgrade(&read);
        read
    }

    fn read(&self) -> Json {
        let empty = || Json::Object(Map::new());
        let properties = serde_json::from_str(&self.registered).unwrap_or_default();
        let Json::Object(mut properties) = properties else { return empty() };
        properties.swap_remove("schema").unwrap_or_else(empty)
    }

    fn facts(&self) -> Facts {
        *self.facts.get_or_init(|| {
            if NOTHING.contains(&&*self.registered) {
                return Facts { is_empty: true, declares_conversions: false };
            }
            let json = self.json();
            Facts { is_empty: json.as_object().is_none_or(Map::is_empty), declares_conversions: is_declared(&json) }
        })
    }

    /// Whether it allows everything because it says nothing.
    pub fn is_empty(&self) -> bool {
        self.facts().is_empty
    }

    /// Whether it asks for conversions between versions.
    pub fn declares_conversions(&self) -> bool {
        self.facts().declares_conversions
    }

    /// Returns what it says about the end of `version`, whose schema it is.
    pub fn deprecation(&self, version: &ApiVersion) -> Option<&Deprecation> {
        self.deprecation.get_or_init(|| Deprecation::of(version, &self.json()).map(Box::new)).as_deref()
    }

    /// Returns the validator of the schema, which is compiled unless somebody has it still.
    pub(crate) fn compiled(&self, compile: impl FnOnce(&Json) -> Compiled) -> Arc<Compiled> {
        let known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        known.unwrap_or_else(|| {
            // Compiled outside of the lock: two requests may do it at once, none waits for another's.
            let compiled = Arc::new(compile(&self.json()));
            *self.compiled.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&compiled);
            compiled
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_what_was_registered() {
        let said = json!({ "type": "object", "properties": { "size": { "type": "string" } } });
        let schema = Schema::from(said.clone());
        assert_eq!(*schema.json(), said);
        assert!(!schema.is_empty() && !schema.declares_conversions());
        assert_eq!(schema, Schema::registered(json!({ "schema": said }).to_string()));
    }

    #[test]
    fn what_several_use_at_once_is_read_once_and_let_go_afterwards() {
        let schema = Schema::from(json!({ "type": "object" }));
        let (one, two) = (schema.json(), schema.json());
        assert!(Arc::ptr_eq(&one, &two));
        drop((one, two));
        assert_eq!(schema.json.lock().unwrap().strong_count(), 0);
    }

    #[test]
    fn registrations_without_a_schema_allow_everything() {
        for nothing in [r#"{"schema":{}}"#, "{}", r#"{"schema":null}"#, r#"{"other":1}"#] {
            let schema = Schema::registered(nothing);
            assert!(schema.is_empty() && !schema.declares_conversions(), "{nothing}");
        }
        assert!(Schema::default().is_empty());
    }

    #[test]
    fn the_end_of_a_version_is_read_off_its_schema() {
        let version = "2025-01-01".parse().unwrap();
        assert!(Schema::from(json!({ "deprecated": true })).deprecation(&version).is_some());
        assert!(Schema::from(json!({ "type": "object" })).deprecation(&version).is_none());
    }
}
