//! Immutable properties: whoever creates a resource sets them, and nobody changes them.
//!
//! Objects and the entries of maps are compared name by name. Items of lists have no identity that would survive an
//! insertion, so a list is immutable as a whole or not at all.

use radii_model::extension::IMMUTABLE;
use radii_model::schema::Schema;
use radii_model::value::Violation;
use serde_json::{Map, Value as Json};

use super::place::{Step, pointer};

/// Whether a schema marks its value as immutable.
pub(super) fn is_marked(schema: &Schema) -> bool {
    schema.extensions.get(IMMUTABLE) == Some(&Json::Bool(true))
}

/// Returns a violation for every immutable property that has a value and would get another one, or lose it.
///
/// What has no value yet may get one: the property may be newer than the resource. Null stands for no value.
pub(super) fn violations(root: &Schema, new: &Map<String, Json>, stored: &Map<String, Json>) -> Vec<Violation> {
    let mut comparison = Comparison { root, at: Vec::new(), found: Vec::new() };
    comparison.object(root, Some(new), stored);
    comparison.found
}

struct Comparison<'c> {
    root: &'c Schema,
    at: Vec<Step<'c>>,
    found: Vec<Violation>,
}

impl<'c> Comparison<'c> {
    fn object(&mut self, schema: &'c Schema, new: Option<&'c Map<String, Json>>, stored: &'c Map<String, Json>) {
        for (name, old) in stored.iter().filter(|(_, old)| !old.is_null()) {
            let Some(member) = schema.member(name, self.root) else { continue };
            let value = new.and_then(|new| new.get(name)).filter(|value| !value.is_null());
            self.at.push(Step::Name(name));
            if !is_marked(member) {
                // What stands in an object that is gone has been removed as well.
                if let Json::Object(old) = old {
                    self.object(member, value.and_then(Json::as_object), old);
                }
            } else if value != Some(old) {
                self.refuse(name, value.is_some());
            }
            self.at.pop();
        }
    }

    fn refuse(&mut self, name: &str, is_given: bool) {
        let message = match is_given {
            true => format!("property {name:?} is immutable"),
            false => format!("property {name:?} is immutable and cannot be removed"),
        };
        let hint = "send back the stored value, or delete the resource and create it again";
        self.found.push(Violation { pointer: pointer(&self.at), message, hint: Some(hint.to_owned()) });
    }
}
