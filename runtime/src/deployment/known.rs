//! What expressions see of deployed resources.

use std::collections::HashMap;

use radii_model::{ApiVersion, ResourceId};
use serde_json::Value as Json;

use super::cluster;
use super::expression::{Need, Resources, Stop};
use super::plan::Plan;
use super::progress::{Progress, Status};
use super::template::{Form, Template};
use crate::Fault;
use crate::host::{Host, present};

/// Resources and answers that were asked for so far.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Resources as the wire shows them, by the key of their id.
    resources: HashMap<String, Json>,
    /// Answers of POST actions, by key and action. Never stored: they hold secrets.
    actions: HashMap<(String, String), Json>,
}

impl Known {
    /// Asks for what an evaluation needs; a resource that the template deploys is seen through its `version` there.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) async fn fetch(
        &mut self,
        host: &Host,
        need: &Need,
        version: Option<&ApiVersion>,
        granted: Option<&str>,
    ) -> Result<(), Fault> {
        match need {
            Need::Resource(id) if cluster::is_objects_id(id) => {
                let id = parse(id)?;
                cluster::authorize(host, &id, cluster::right_to_read(&id), granted)?;
                let object = cluster::read(host, &id).await?;
                self.learn(&id, object);
            }
            Need::Resource(id) => {
                let parsed = parse(id)?;
                if host.address_of(&parsed).is_some() {
                    let resource = host.look(&parsed, version).await?;
                    self.learn(&parsed, resource);
                    return Ok(());
                }
                let mut resource = host.get(&parsed).await?;
                if let Some(version) = version {
                    resource = host.seen(&resource, version);
                }
                self.resources.insert(id.to_ascii_lowercase(), present(&resource).into());
            }
            Need::Action(id, action) => {
                let answer = host.call(&parse(id)?, action).await?;
                self.actions.insert((id.to_ascii_lowercase(), action.clone()), answer);
            }
        }
        Ok(())
    }

    /// Notes an object of a cluster, or a resource that is kept elsewhere.
    pub(super) fn learn(&mut self, id: &ResourceId, object: Json) {
        self.resources.insert(id.to_string().to_ascii_lowercase(), object);
    }

    /// Forgets a resource, because it changes.
    pub(super) fn forget(&mut self, id: &ResourceId) {
        self.resources.remove(&id.key());
    }
}

fn parse(id: &str) -> Result<ResourceId, Fault> {
    id.parse().map_err(|error| Fault::bad_request(format!("{error}")))
}

/// A deployment in progress, as expressions see it.
pub(super) struct Deployed<'a> {
    pub template: &'a Template,
    pub plan: &'a Plan,
    pub progress: &'a Progress,
    pub known: &'a Known,
}

impl Deployed<'_> {
    fn node(&self, at: usize, full: bool) -> Result<Json, Stop> {
        let node = &self.plan.nodes[at];
        let symbol = &node.symbol;
        if !node.active {
            return Err(Stop::Error(format!("`{symbol}` is not deployed, because its condition is false")));
        }
        let deployed = self.progress.nodes.get(symbol).is_some_and(|task| task.status == Status::Succeeded);
        if !deployed {
            return Err(Stop::Error(format!("`{symbol}` is not deployed")));
        }
        let form = self.template.resources[node.resource].form;
        self.resource(&node.id.to_string(), full || form == Form::Extensible)
    }

    fn resource(&self, id: &str, full: bool) -> Result<Json, Stop> {
        let found = self.known.resources.get(&id.to_ascii_lowercase());
        let resource = found.ok_or_else(|| Stop::Need(Need::Resource(id.to_owned())))?;
        Ok(if full { resource.clone() } else { resource["properties"].clone() })
    }
}

impl Resources for Deployed<'_> {
    fn reference(&self, name: &str, full: bool) -> Result<Json, Stop> {
        match self.plan.find(name).as_slice() {
            [at] => self.node(*at, full),
            [] if name.starts_with('/') => self.resource(name, full),
            [] => Err(Stop::Error(format!("there is no resource `{name}` in the template"))),
            several => {
                let symbols: Vec<&str> = several.iter().map(|at| &*self.plan.nodes[*at].symbol).collect();
                Err(Stop::Error(format!("`{name}` may be any of `{}`", symbols.join("`, `"))))
            }
        }
    }

    fn references(&self, symbol: &str) -> Result<Json, Stop> {
        self.plan.find(symbol).into_iter().map(|at| self.node(at, false)).collect()
    }

    fn action(&self, name: &str, action: &str) -> Result<Json, Stop> {
        let id = self.id(name)?;
        let answer = self.known.actions.get(&(id.to_ascii_lowercase(), action.to_owned()));
        answer.cloned().ok_or_else(|| Stop::Need(Need::Action(id, action.to_owned())))
    }

    fn id(&self, name: &str) -> Result<String, Stop> {
        match self.plan.find(name).as_slice() {
            [at] => Ok(self.plan.nodes[*at].id.to_string()),
            _ if name.starts_with('/') => Ok(name.to_owned()),
            _ => Err(Stop::Error(format!("there is no single resource `{name}` in the template"))),
        }
    }
}
