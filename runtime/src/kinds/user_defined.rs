//! Types without a kind of their own: the schema validates them and a recipe provisions them.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::Fault;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::Record;

/// The capability of types whose resources are mere records.
const MANUAL: &str = "ManualResourceProvisioning";

/// The behaviour of user-defined types.
pub(super) struct UserDefined;

#[async_trait]
impl Kind for UserDefined {
    fn types(&self) -> &'static [&'static str] {
        &[]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    async fn admit(&self, _host: &Host, _record: &mut Record, _old: Option<&Record>) -> Result<(), Fault> {
        Ok(())
    }

    fn is_inert(&self, host: &Host, record: &Record) -> bool {
        host.registered(&record.id).is_ok_and(|(_, kind)| kind.has(MANUAL))
    }

    async fn execute(&self, _work: &Work<'_>, _record: &mut Record) -> Result<Step, Fault> {
        Ok(Step::Done)
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}
