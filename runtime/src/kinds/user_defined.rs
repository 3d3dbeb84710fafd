//! Types without a kind of their own: the schema validates them and a recipe provisions them.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::{managed_secrets, outputs, provision, rehearsal};
use crate::Fault;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::{Record, Verb};

/// The capability of types whose resources are mere records.
const MANUAL: &str = "ManualResourceProvisioning";
/// What only the control plane writes on resources that recipes make.
const STATUS: &str = "status";

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

    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault> {
        if !self.is_inert(host, record) {
            keep_results(host, record, old);
        }
        Ok(())
    }

    fn is_inert(&self, host: &Host, record: &Record) -> bool {
        // A type that is no longer registered can only be deleted, and then what was made is removed.
        host.registered(&record.id).is_ok_and(|(_, kind)| kind.has(MANUAL))
            && record.private.journal.is_empty()
            && record.private.recipe.is_none()
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            _ if self.is_inert(work.host, record) => Ok(Step::Done),
            Verb::Put => make(work, record).await,
            Verb::Delete => provision::remove(work, record).await,
        }
    }

    async fn plan(&self, host: &Host, record: &Record) -> Result<Option<Json>, Fault> {
        if self.is_inert(host, record) {
            return Ok(None);
        }
        rehearsal::plan(host, record).await
    }

    async fn act(&self, _: &Host, _: &Record, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// Lets the recipe of the environment make a resource.
pub(super) async fn make(work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
    match provision::provision(work, record).await? {
        provision::Provisioned::Simulated => {
            provision::show_simulated(record);
            Ok(Step::Done)
        }
        provision::Provisioned::Again(pause) => Ok(Step::Later(pause)),
        provision::Provisioned::By(made) => {
            outputs::store(work.host, record, &made)?;
            managed_secrets::keep(work.host, record, &made).await?;
            provision::settle(work, record, *made).await
        }
    }
}

/// Removes what a resource made that has no recipe: nothing of it is waited for.
pub(super) async fn remove(work: &Work<'_>, record: &mut Record) -> Result<(), Fault> {
    provision::remove(work, record).await.map(drop)
}

/// Takes over what earlier runs of the recipe said, so that a PUT does not forget it before the next run has ended.
fn keep_results(host: &Host, record: &mut Record, old: Option<&Record>) {
    let outputs = record.api_version.as_ref().and_then(|version| host.validator(&record.id, version).ok().flatten());
    let mut names = outputs.map(|validator| validator.outputs()).unwrap_or_default();
    names.push(STATUS.to_owned());
    if old.is_some_and(managed_secrets::has) {
        names.push(managed_secrets::PROPERTY.to_owned());
    }
    record.properties.shift_remove(STATUS);
    for name in names {
        if let Some(value) = old.and_then(|old| old.properties.get(&name))
            && !record.properties.contains_key(&name)
            && value.as_object().is_none_or(|members| !members.is_empty())
        {
            record.properties.insert(name, value.clone());
        }
    }
}
