//! Deployments: ARM templates, as Bicep compiles to them, are executed.
//!
//! `Microsoft.Resources/deployments` is a [`Kind`] like any other. A PUT checks the template whole before
//! anything is created: structure, expressions, parameters, names, circles and registered types. Its
//! operation then goes in small steps ([`run`]): each begins every resource whose dependencies are done, through
//! [`Host::put`], and comes again later; what is known in between stands in the record ([`progress`]).
//! Nested deployments are resources whose type happens to be this one.
//!
//! The HTTP layer serves `GET …/deployments/{name}/operations` with [`operations`].
//! Source: Radius HTTP contract, part 9; Bicep contract, part 4; GitOps contract, part 4.

mod admit;
mod check;
mod expression;
mod functions;
mod known;
mod parameters;
mod plan;
mod progress;
mod result;
mod run;
mod template;

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::Fault;
use crate::host::{Host, Kind, Mode, Step, Work};
use crate::store::{Record, Verb};

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
            Verb::Put => run::step(work.host, record).await,
            // The record goes; what it deployed stays.
            Verb::Delete => Ok(Step::Done),
        }
    }

    async fn act(&self, _: &Host, record: &Record, action: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(action.eq_ignore_ascii_case("operations").then(|| operations(record)))
    }
}
