//! Built-in types that this server can list but not deploy yet: refused before anything is stored.

use async_trait::async_trait;
use radii_model::{ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use super::shape;
use crate::Fault;
use crate::fault::code;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::Record;

/// Types with what to do instead.
const TYPES: [(&str, &str); 7] = [
    ("Applications.Core/gateways", "publish the container's port, which `status.endpoints` shows"),
    ("Applications.Core/volumes", "mount a `persistent` volume in the container"),
    ("Applications.Core/secretStores", "pass the value as an environment variable"),
    ("Applications.Dapr/configurationStores", DAPR),
    ("Applications.Dapr/pubSubBrokers", DAPR),
    ("Applications.Dapr/secretStores", DAPR),
    ("Applications.Dapr/stateStores", DAPR),
];
const DAPR: &str = "use a type of your own with a recipe, and connect the container to it";

/// The behaviour of types that cannot be deployed yet.
pub(super) struct Unsupported;

#[async_trait]
impl Kind for Unsupported {
    fn types(&self) -> &'static [&'static str] {
        const NAMES: [&str; 7] = [TYPES[0].0, TYPES[1].0, TYPES[2].0, TYPES[3].0, TYPES[4].0, TYPES[5].0, TYPES[6].0];
        &NAMES
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn check(&self, id: &ResourceId, type_name: &TypeName, body: &Map<String, Json>) -> Result<(), Fault> {
        shape::check_name(id)?;
        shape::check(type_name, body)
    }

    fn has_schema(&self) -> bool {
        false
    }

    async fn admit(&self, _host: &Host, record: &mut Record, _old: Option<&Record>) -> Result<(), Fault> {
        let instead = TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&record.type_name));
        let instead = instead.map_or("use a type of your own", |(_, instead)| instead);
        let message = format!("this server cannot deploy resources of type `{}` yet: {instead}", record.type_name);
        Err(Fault::new(400, code::PLATFORM_UNSUPPORTED, message).target(record.id.to_string()))
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}
