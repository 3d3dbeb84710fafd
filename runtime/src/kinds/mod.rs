//! The behaviour of the built-in resource types, and of all others.

mod applications;
mod containers;
mod environments;
mod settings;
mod shape;
mod user_defined;

use std::collections::HashMap;
use std::sync::Arc;

use radii_model::TypeName;

use crate::host::Kind;
use user_defined::UserDefined;

/// All kinds, by type.
pub(crate) struct Kinds {
    by_type: HashMap<TypeName, Arc<dyn Kind>>,
    user_defined: UserDefined,
}

impl Default for Kinds {
    fn default() -> Self {
        let built_in: Vec<Arc<dyn Kind>> = vec![
            Arc::new(environments::Environments),
            Arc::new(applications::Applications),
            Arc::new(settings::Settings),
            Arc::new(containers::Containers),
        ];
        let mut by_type = HashMap::new();
        for kind in built_in {
            for name in kind.types() {
                let name: TypeName = name.parse().expect("built-in kinds name their types as `NAMESPACE/TYPE`");
                by_type.insert(name, kind.clone());
            }
        }
        Self { by_type, user_defined: UserDefined }
    }
}

impl Kinds {
    /// Returns the kind of a type; types without a kind of their own are user-defined.
    pub(crate) fn find(&self, type_name: &TypeName) -> &dyn Kind {
        self.by_type.get(type_name).map_or(&self.user_defined, |kind| &**kind)
    }
}
