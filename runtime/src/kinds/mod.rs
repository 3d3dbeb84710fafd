//! The behaviour of the built-in resource types, and of all others.

mod applications;
mod containers;
mod dapr;
mod environments;
mod gateways;
mod made;
mod managed_secrets;
mod outputs;
mod portable;
mod provision;
mod rehearsal;
mod secret_stores;
pub(crate) mod secrets;
mod settings;
mod shape;
mod user_defined;
mod values;
mod volumes;

use std::collections::HashMap;
use std::sync::Arc;

use radii_model::{ResourceId, TypeName};
use serde_json::Value as Json;

use crate::Fault;
use crate::environment::Environment;
use crate::host::{Host, Kind};
use crate::store::Record;
use user_defined::UserDefined;

/// How many ids a refusal names.
const SHOWN: usize = 20;

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
            Arc::new(crate::deployment::Deployments),
            Arc::new(containers::Containers::Classic),
            Arc::new(containers::Containers::Compute),
            Arc::new(portable::PortableResources),
            Arc::new(gateways::Gateways),
            Arc::new(secret_stores::SecretStores),
            Arc::new(volumes::Volumes),
            Arc::new(dapr::DaprBlocks),
            Arc::new(crate::imperative::Changes),
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

/// Makes the namespace that an environment or application will use, where its platform has namespaces.
async fn reserve(
    host: &Host,
    environment: &Environment,
    application: Option<&Record>,
    namespace: &str,
) -> Result<(), Fault> {
    let Some(platform) = environment.kind().ok().and_then(|kind| host.platform(kind)) else { return Ok(()) };
    if environment.is_simulated() {
        return Ok(());
    }
    let target = environment.target(application)?;
    platform.reserve(&target, if namespace.is_empty() { &target.namespace } else { namespace }).await
}

/// Names the resources that refer to one, as many as fit; nothing when none does.
async fn holdings(host: &Host, id: &ResourceId) -> Result<Option<String>, Fault> {
    let page = host.parts.store.list_referring(id, None, Some(SHOWN)).await?;
    if page.records.is_empty() {
        return Ok(None);
    }
    let held: Vec<String> = page.records.iter().map(|other| format!("`{}`", other.id)).collect();
    let more = if page.next.is_some() { " and more" } else { "" };
    Ok(Some(format!("{}{more}", held.join(", "))))
}

/// Refuses to move a resource to another application or environment: what it made would be forgotten.
fn refuse_moves(record: &Record, old: Option<&Record>) -> Result<(), Fault> {
    let text =
        |record: &Record, name: &str| record.properties.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let Some(old) = old else { return Ok(()) };
    let is_same = |name: &str| text(record, name).eq_ignore_ascii_case(&text(old, name));
    if is_same("application") && is_same("environment") {
        return Ok(());
    }
    let place = |name: &str| {
        let id = text(record, name);
        id.rsplit('/').next().filter(|last| !last.is_empty()).map(|last| format!("'{last}' {name}"))
    };
    let places: Vec<_> = [place("application"), place("environment")].into_iter().flatten().collect();
    let name = record.id.name().unwrap_or_default();
    let message = format!(
        "Attempted to deploy existing resource '{name}' which has a different application and/or environment. Options to \
         resolve the conflict are: change the name of the '{name}' resource in {} to create a new resource, or use '{}' \
         application and '{}' environment to update the existing resource '{name}'.",
        places.join(" and "),
        text(old, "application"),
        text(old, "environment"),
    );
    Err(Fault::bad_request(message).target(record.id.to_string()))
}
