//! Deployments: ARM templates, as Bicep compiles to them, are executed.
//!
//! `Microsoft.Resources/deployments` is a [`Kind`] like any other. A PUT checks the template whole before
//! anything is created: structure, expressions, parameters, names, circles and registered types. Its
//! operation then goes in small steps ([`run`]): each begins every resource whose dependencies are done, through
//! [`Host::put`], and comes again later; what is known in between stands in the record ([`progress`]).
//! Nested deployments are resources whose type happens to be this one.
//!
//! POST actions ([`actions`]): `cancel`, `validate`, `operations`, `listOutputsWithSecureValues`.
//!
//! The HTTP layer serves `GET …/deployments/{name}/operations` with [`operations`].
//! Source: Radius HTTP contract, part 9; Bicep contract, part 4; GitOps contract, part 4.

mod actions;
mod admit;
mod authorize;
mod check;
mod cluster;
mod expression;
mod foresee;
mod functions;
mod known;
mod outer;
mod parameters;
mod plan;
mod progress;
mod recipes;
mod result;
mod rules;
mod run;
mod template;
mod types;
mod what_if;

use async_trait::async_trait;
use radii_model::ResourceId;
use serde_json::Value as Json;

use crate::Fault;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::{Record, Verb};

pub use foresee::{Foreseen, foresee, foresee_outputs};
pub use progress::operations;

/// The behaviour of `Microsoft.Resources/deployments`.
pub(crate) struct Deployments;

#[async_trait]
impl Kind for Deployments {
    fn types(&self) -> &'static [&'static str] {
        &["Microsoft.Resources/deployments"]
    }

    fn mode(&self, _type_name: &str) -> Mode {
        Mode::Asynchronous
    }

    fn has_schema(&self) -> bool {
        false
    }

    fn name_limit(&self) -> usize {
        // Compilers cut the names of modules to this.
        64
    }

    async fn admit(&self, host: &Host, record: &mut Record, _old: Option<&Record>) -> Result<(), Fault> {
        admit::admit(host, record).await
    }

    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault> {
        match work.verb {
            Verb::Put => run::step(work, record).await,
            // The record goes; what it deployed stays.
            Verb::Delete => Ok(Step::Done),
        }
    }

    async fn act(&self, host: &Host, record: &Record, action: &str, body: &Json) -> Result<Option<Json>, Fault> {
        actions::of_stored(host, record, action, body).await
    }

    async fn act_before(&self, host: &Host, id: &ResourceId, action: &str, body: &Json) -> Result<Option<Json>, Fault> {
        actions::of_asked(host, id, action, body).await
    }
}
