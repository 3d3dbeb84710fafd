//! What any version calls sensitive is sensitive in every version.

use serde_json::Value as Json;

use super::Conversions;
use super::lineage::Level;
use crate::ApiVersion;

impl<'t> Conversions<'t> {
    /// Replaces by null what any version calls sensitive in a body of the version `at`; an empty text hides nothing
    /// and stays.
    ///
    /// A body of a version that the type does not have is left as it is. Variants (`anyOf` and its kin) are not looked
    /// into: a version's own validator does that.
    pub fn redact(&self, body: &mut Json, at: &ApiVersion) {
        if let Ok(at) = self.versions.index(at) {
            self.redact_below(&self.versions.whole(), at, body);
        }
    }

    fn redact_below(&self, level: &Level<'t>, at: usize, value: &mut Json) {
        if level.schemas.iter().flatten().any(|schema| schema.sensitive) {
            if value.as_str() != Some("") {
                *value = Json::Null;
            }
            return;
        }
        match value {
            Json::Object(members) => {
                for (name, member) in members.iter_mut() {
                    let (_, below) = self.versions.member(level, at, name);
                    self.redact_below(&below, at, member);
                }
            }
            Json::Array(items) => {
                let each = self.versions.items(level);
                items.iter_mut().for_each(|item| self.redact_below(&each, at, item));
            }
            _ => {}
        }
    }
}
