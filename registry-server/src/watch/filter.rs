//! Which changes somebody wants to see, and may.

use radii_model::{ResourceId, TypeName};

use crate::access::may_read;
use crate::access::policy::Actor;
use crate::store::Change;

/// What a watcher asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this plane, group, provider or resource, and what lies below it.
    pub scope: Option<ResourceId>,
    /// Only records of these types; all when there are none.
    pub types: Vec<TypeName>,
    /// Who asks; `None` where everybody may see everything.
    pub actor: Option<Actor>,
}

impl Filter {
    /// Whether a change is to be sent.
    pub fn passes(&self, change: &Change) -> bool {
        self.wants(change.id(), change.type_name())
    }

    /// Whether something about a record is to be sent.
    pub fn wants(&self, id: &ResourceId, type_name: &str) -> bool {
        let is_of_type = || {
            let parsed = type_name.parse::<TypeName>();
            self.types.is_empty() || parsed.is_ok_and(|name| self.types.contains(&name))
        };
        let is_in_scope = || {
            let Some(scope) = &self.scope else { return true };
            let (scope, key) = (scope.key(), id.key());
            key.strip_prefix(&scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        is_of_type() && is_in_scope() && self.actor.as_ref().is_none_or(|actor| may_read(actor, id))
    }
}
