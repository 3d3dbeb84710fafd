//! Values that a body does not give and its schema does.

use serde_json::{Map, Value as Json};

use super::Schema;

impl Schema {
    /// Fills in the defaults of an object's properties, and of all below them.
    ///
    /// What is read-only is nobody's to give, and what is required has to be given. References count from `root`.
    pub fn fill_defaults(&self, root: &Schema, members: &mut Map<String, Json>) {
        self.fill_own_defaults(members);
        for (name, value) in members.iter_mut() {
            if let Some(schema) = self.member(name, root) {
                schema.fill_defaults_of_value(root, value);
            }
        }
    }

    /// Fills in the defaults of an object's own properties only.
    pub fn fill_own_defaults(&self, members: &mut Map<String, Json>) {
        for (name, property) in &self.properties {
            let property = &property.schema;
            let skipped = property.read_only || self.required.contains(name);
            if let Some(default) = property.default.as_ref().filter(|_| !skipped && !members.contains_key(name)) {
                members.insert(name.clone(), default.clone());
            }
        }
    }

    fn fill_defaults_of_value(&self, root: &Schema, value: &mut Json) {
        match value {
            Json::Object(members) => self.fill_defaults(root, members),
            Json::Array(items) => {
                if let Some(schema) = self.item(root) {
                    items.iter_mut().for_each(|item| schema.fill_defaults_of_value(root, item));
                }
            }
            _ => {}
        }
    }
}
