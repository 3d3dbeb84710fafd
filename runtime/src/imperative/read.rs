//! Reading what providers keep, and executing its actions.

use std::time::Duration;

use radii_model::{ApiVersion, ResourceId};
use serde_json::{Value as Json, json};

use super::note::{self, Note};
use super::{Answered, Ask, LOCATION, Method, answer};
use crate::Fault;
use crate::access::Right;
use crate::catalog;
use crate::host::{Host, present};
use crate::sensitive;
use crate::store::{Private, Record, State};

/// How often something is read at most before it counts as not to be read now.
const ATTEMPTS: u32 = 3;
/// How long to wait before it is read again, unless the provider wants less.
const PAUSE: Duration = Duration::from_secs(2);

impl Host {
    /// Returns a resource as the wire shows it, wherever it is kept; of one that is kept elsewhere, through `version`,
    /// else through the one that it was last written through.
    ///
    /// # Errors
    /// 404 when there is none; what a provider refuses, in its words.
    pub(crate) async fn look(&self, id: &ResourceId, version: Option<&ApiVersion>) -> Result<Json, Fault> {
        let Some(address) = self.address_of(id) else { return Ok(present(&self.get(id).await?).into()) };
        self.authorize(Right::Read, id)?;
        let api_version = match version {
            Some(version) => version.to_string(),
            None => version_of(self, id).await?,
        };
        let target = format!("{id}?api-version={api_version}");
        let noted = Note { id: id.clone(), api_version, is_going: false };
        let ask = Ask { address: &address, method: Method::Get, target: &target, body: &Json::Null, operation: None };
        let answered = read(self, &ask).await?;
        match answered.status {
            200..300 if answered.body.is_object() => Ok(answered.body),
            200..300 => {
                Err(Fault::new(502, answer::NO_RESOURCE, format!("the provider's answer about `{id}` is no resource")))
            }
            404 => Err(Fault::not_found(&id.to_string())),
            _ => Err(answer::fault(&answered, &noted)),
        }
    }

    /// Returns what a provider keeps as if it were stored here: in the version that resources of its type are stored
    /// in, else the one that it was last written through, with what the registered schema calls sensitive in the
    /// private part.
    ///
    /// # Errors
    /// Those of [`Host::look`]; a version that is not registered, since nobody knows what of it is sensitive.
    pub(crate) async fn record_elsewhere(&self, id: &ResourceId) -> Result<Record, Fault> {
        let (provider, kind) = self.registered(id)?;
        let version = match kind.converter() {
            Some(converter) => converter.stored_version().clone(),
            None => {
                let text = version_of(self, id).await?;
                text.parse().map_err(|error| Fault::bad_request(format!("{error}")).target(id.to_string()))?
            }
        };
        self.validator(id, &version)?;
        let mut shown = self.look(id, Some(&version)).await?;
        let ended = answer::state_of(answer::provisioning_state(&shown));
        let now = self.parts.clock.now();
        let mut record = Record {
            id: id.clone(),
            type_name: catalog::type_name(&provider, &kind).to_string(),
            api_version: Some(version),
            location: shown["location"].as_str().map(str::to_owned),
            tags: shown["tags"].as_object().cloned(),
            properties: shown["properties"].as_object_mut().map(std::mem::take).unwrap_or_default(),
            private: Private::default(),
            state: ended.unwrap_or(State::Succeeded),
            operation: None,
            revision: 0,
            created_at: now,
            updated_at: now,
        };
        sensitive::take(self, &mut record);
        Ok(record)
    }

    /// Executes a POST action of a resource, wherever it is kept.
    ///
    /// # Errors
    /// Those of [`Host::act`]; what a provider refuses, in its words.
    pub(crate) async fn call(&self, id: &ResourceId, action: &str) -> Result<Json, Fault> {
        let body = json!({});
        let Some(address) = self.address_of(id) else { return self.act(id, action, &body).await };
        self.authorize(Right::Act(action), id)?;
        let api_version = version_of(self, id).await?;
        let target = format!("{id}/{action}?api-version={api_version}");
        let noted = Note { id: id.clone(), api_version, is_going: false };
        let ask = Ask { address: &address, method: Method::Post, target: &target, body: &body, operation: None };
        let answered = self.ask(&ask).await?;
        if matches!(answered.status, 200..300) { Ok(answered.body) } else { Err(answer::fault(&answered, &noted)) }
    }
}

/// Reads something, again where the provider may say more a moment later.
async fn read(host: &Host, ask: &Ask<'_>) -> Result<Answered, Fault> {
    let mut attempt = 1;
    loop {
        let answered = host.ask(ask).await?;
        if attempt == ATTEMPTS || !answer::is_passing(answered.status) {
            return Ok(answered);
        }
        tokio::time::sleep(answered.retry_after.unwrap_or(PAUSE).min(PAUSE)).await;
        attempt += 1;
    }
}

/// The version that a resource was last written through, else the newest one that its provider serves.
pub(super) async fn version_of(host: &Host, id: &ResourceId) -> Result<String, Fault> {
    if let Some(place) = note::place(id)
        && let Some(noted) = host.parts.store.find(&place).await?.as_ref().and_then(note::read)
    {
        return Ok(noted.api_version);
    }
    let newest = || {
        let (kind, (_, plane)) = (id.resource_type()?, id.plane()?);
        let provider = host.parts.catalog.find(plane, kind.namespace())?;
        let versions = provider.find_location(LOCATION)?.find_versions(kind.name())?;
        versions.iter().max().cloned()
    };
    newest()
        .ok_or_else(|| Fault::bad_request(format!("no API version is registered for `{id}`")).target(id.to_string()))
}
