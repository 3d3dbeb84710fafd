//! Read-only properties: recipes and platforms write them, requests may only repeat them.

use radii_model::schema::Schema;
use radii_model::value::Violation;
use serde_json::{Map, Value as Json};

use super::walk;

/// Returns a violation for every read-only property whose value differs from the stored one.
pub(super) fn violations(root: &Schema, new: &Map<String, Json>, stored: Option<&Map<String, Json>>) -> Vec<Violation> {
    let mut found = Vec::new();
    Comparison { root, found: &mut found }.object(root, new, stored, "");
    found
}

struct Comparison<'c> {
    root: &'c Schema,
    found: &'c mut Vec<Violation>,
}

impl Comparison<'_> {
    fn object(&mut self, schema: &Schema, new: &Map<String, Json>, stored: Option<&Map<String, Json>>, at: &str) {
        let mut members: Vec<_> = new.iter().collect();
        members.sort_unstable_by_key(|(name, _)| *name);
        for (name, value) in members {
            let Some(member) = walk::member(self.root, schema, name) else { continue };
            let old = stored.and_then(|stored| stored.get(name));
            let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            if !member.read_only {
                self.value(member, value, old, &at);
            } else if !(old == Some(value) || old.is_none() && schema.required.contains(name)) {
                let message = format!("property {name:?} is read-only");
                let hint = match old {
                    Some(_) => "leave it out, or send back the stored value",
                    None => "leave it out; it is set when the resource is provisioned",
                };
                self.found.push(Violation { pointer: at, message, hint: Some(hint.to_owned()) });
            }
        }
    }

    fn value(&mut self, schema: &Schema, new: &Json, stored: Option<&Json>, at: &str) {
        match new {
            Json::Object(members) => self.object(schema, members, stored.and_then(Json::as_object), at),
            Json::Array(items) => {
                let Some(each) = schema.items.as_deref().and_then(|items| walk::follow(self.root, items)) else {
                    return;
                };
                for (index, item) in items.iter().enumerate() {
                    let old = stored.and_then(|stored| stored.get(index));
                    self.value(each, item, old, &format!("{at}/{index}"));
                }
            }
            _ => {}
        }
    }
}
