//! Read-only properties: recipes and platforms write them, requests may only repeat them.

use radii_model::schema::Schema;
use radii_model::value::Violation;
use serde_json::{Map, Value as Json};

use super::place::{Step, pointer};

/// Returns a violation for every read-only property whose value differs from the stored one.
pub(super) fn violations(root: &Schema, new: &Map<String, Json>, stored: Option<&Map<String, Json>>) -> Vec<Violation> {
    let mut comparison = Comparison { root, at: Vec::new(), found: Vec::new() };
    comparison.object(root, new, stored);
    let mut found = comparison.found;
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.into_iter().map(|(_, violation)| violation).collect()
}

/// Names of the read-only properties on the first level.
pub(super) fn names(schema: &Schema) -> impl Iterator<Item = &String> {
    schema.properties.iter().filter(|(_, property)| property.schema.read_only).map(|(name, _)| name)
}

/// Nearly every comparison finds nothing, so that a place is written out only where something is found.
struct Comparison<'c> {
    root: &'c Schema,
    at: Vec<Step<'c>>,
    found: Vec<(Vec<Step<'c>>, Violation)>,
}

impl<'c> Comparison<'c> {
    fn object(&mut self, schema: &'c Schema, new: &'c Map<String, Json>, stored: Option<&'c Map<String, Json>>) {
        for (name, value) in new {
            let Some(member) = schema.member(name, self.root) else { continue };
            let old = stored.and_then(|stored| stored.get(name));
            self.at.push(Step::Name(name));
            if !member.read_only {
                self.value(member, value, old);
            } else if !(old == Some(value) || old.is_none() && schema.required.contains(name)) {
                self.refuse(name, old.is_some());
            }
            self.at.pop();
        }
    }

    fn value(&mut self, schema: &'c Schema, new: &'c Json, stored: Option<&'c Json>) {
        match new {
            Json::Object(members) => self.object(schema, members, stored.and_then(Json::as_object)),
            Json::Array(items) => {
                let Some(each) = schema.item(self.root) else { return };
                for (index, item) in items.iter().enumerate() {
                    let old = stored.and_then(|stored| stored.get(index));
                    self.at.push(Step::Index(index));
                    self.value(each, item, old);
                    self.at.pop();
                }
            }
            _ => {}
        }
    }

    fn refuse(&mut self, name: &str, is_stored: bool) {
        let message = format!("property {name:?} is read-only");
        let hint = if is_stored {
            "leave it out, or send back the stored value"
        } else {
            "leave it out; it is set when the resource is provisioned"
        };
        let violation = Violation { pointer: pointer(&self.at), message, hint: Some(hint.to_owned()) };
        self.found.push((self.at.clone(), violation));
    }
}
