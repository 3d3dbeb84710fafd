//! Whom a host acts for, and what they may do.
//!
//! A request's own path is authorized at the door, before the runtime core hears of it. What a request leads to is not
//! in its path: a template writes into other groups, a body names another scope's environment, an expression lists
//! secrets. So a [`Host`] can act for a [`Caller`]: everything that is then done through it is allowed to that caller or
//! refused, and an operation remembers for whom it is carried out.
//!
//! # Guarantees
//! Rights count as they are at the moment of the deed: when a request is accepted, and again whenever a worker begins or
//! goes on with its operation. A right that was taken away in between ends the operation with [`code::FORBIDDEN`]; what
//! was begun with the right goes on to its own end.
//!
//! [`code::FORBIDDEN`]: crate::fault::code::FORBIDDEN

use std::sync::Arc;

use radii_model::ResourceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::Fault;
use crate::host::Host;
use crate::imperative::note;
use crate::store::{Operation, Record, Verb};

/// Where an operation's payload says whom it is carried out for.
const CALLER: &str = "caller";

/// Who asked for something: enough to look their rights up again later, on any replica.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caller {
    /// The name, as the audit log spells it.
    pub name: String,
    /// Groups that an issuer said they are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// What somebody wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right<'a> {
    /// Reads it, or refers to it where no secret follows the reference.
    Read,
    /// Creates, changes or deletes it.
    Write,
    /// Receives its secrets, or refers to it where they follow the reference.
    Secrets,
    /// Sends it a POST action.
    Act(&'a str),
}

/// Knows what callers may do, as it is now.
pub trait Authority: Send + Sync {
    /// Checks that a caller may do something with what an id names.
    ///
    /// # Errors
    /// 403 with the missing role and the place.
    fn check(&self, caller: &Caller, right: Right<'_>, id: &ResourceId) -> Result<(), Fault>;
}

/// A reference inside a resource's properties, and what following it takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reference {
    /// Where it stands, such as `properties.connections.db.source`.
    pub place: String,
    /// What it names.
    pub id: ResourceId,
    /// The right that its use takes.
    pub right: Right<'static>,
}

/// Properties that name what a resource belongs to, or sends traffic to: nothing secret comes back through them.
const OPEN: [&str; 6] = ["environment", "application", "recipePacks", "routes", "terraformSettings", "bicepSettings"];

/// Lists what properties refer to by id, but for what the server wrote there.
///
/// Every text that is the id of a resource counts, whatever its property is called: a property that comes to be
/// followed some day is covered before.
pub(crate) fn references(properties: &Map<String, Json>, written_by_us: &[String]) -> Vec<Reference> {
    let mut found = Vec::new();
    for (name, value) in properties {
        if name == "status" || name == "provisioningState" || written_by_us.contains(name) {
            continue;
        }
        let right = if OPEN.contains(&name.as_str()) { Right::Read } else { Right::Secrets };
        let place = format!("properties.{name}");
        match name.as_str() {
            "providers" => clouds(value, &place, &mut found),
            _ => collect(value, &place, right, &mut found),
        }
    }
    found
}

fn collect(value: &Json, place: &str, right: Right<'static>, into: &mut Vec<Reference>) {
    match value {
        Json::String(text) if text.starts_with('/') => {
            let id = text.parse::<ResourceId>().ok().filter(|id| id.plane().is_some());
            let named = id.filter(|id| id.is_resource() || id.resource_group().is_some());
            into.extend(named.map(|id| Reference { place: place.to_owned(), id, right }));
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(item, &format!("{place}[{at}]"), right, into));
        }
        Json::Object(members) => {
            members.iter().for_each(|(name, member)| collect(member, &format!("{place}.{name}"), right, into));
        }
        _ => {}
    }
}

/// The cloud scopes that an environment works in with the server's credentials.
fn clouds(providers: &Json, place: &str, into: &mut Vec<Reference>) {
    for (name, provider) in providers.as_object().into_iter().flatten() {
        let text = |key: &str| provider.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
        let azure = |rest: String| format!("/planes/azure/azurecloud{rest}");
        let scope = match (text("scope"), text("subscriptionId"), text("accountId")) {
            (Some(scope), ..) if scope.to_ascii_lowercase().starts_with("/planes/") => scope.to_owned(),
            (Some(scope), ..) if scope.starts_with('/') => azure(scope.to_owned()),
            (_, Some(subscription), _) => azure(format!("/subscriptions/{subscription}")),
            (_, _, Some(account)) => format!("/planes/aws/aws/accounts/{account}"),
            _ => continue,
        };
        let id = scope.parse::<ResourceId>().ok().filter(|id| id.plane().is_some());
        into.extend(id.map(|id| Reference { place: format!("{place}.{name}"), id, right: Right::Read }));
    }
}

/// Puts a place in front of a refusal.
pub(crate) fn at(place: &str, fault: Fault) -> Fault {
    Fault { message: format!("{place}: {}", fault.message), target: Some(place.to_owned()), ..fault }
}

impl Host {
    /// Returns a host that acts for somebody: what they may not do is refused.
    #[must_use]
    pub fn acting_for(&self, caller: Caller) -> Host {
        let mut host = self.clone();
        host.caller = Some(Arc::new(caller));
        host
    }

    /// Whether requests are those of callers with rights, or of everybody.
    pub fn is_guarded(&self) -> bool {
        self.authority.is_some()
    }

    /// Checks that whom this host acts for may do something.
    ///
    /// # Errors
    /// 403 with the missing role and the place; never for a host that acts for nobody but the server.
    pub fn authorize(&self, right: Right<'_>, id: &ResourceId) -> Result<(), Fault> {
        match (&self.authority, &self.caller) {
            (Some(authority), Some(caller)) => authority.check(caller, right, id),
            _ => Ok(()),
        }
    }

    /// Whether anything can be refused.
    pub(crate) fn acts_for_somebody(&self) -> bool {
        self.authority.is_some() && self.caller.is_some()
    }

    /// Checks what a record refers to.
    ///
    /// # Errors
    /// The first refusal, with the place of the reference.
    pub(crate) fn authorize_references(&self, record: &Record) -> Result<(), Fault> {
        if !self.acts_for_somebody() {
            return Ok(());
        }
        let version = record.api_version.as_ref().map(ToString::to_string).unwrap_or_default();
        for Reference { place, id, right } in self.references_in(&record.id, &version, &record.properties) {
            self.authorize(right, &id).map_err(|fault| at(&place, fault))?;
        }
        Ok(())
    }

    /// Lists what the body of a resource refers to.
    pub(crate) fn references_of(&self, id: &ResourceId, version: &str, body: &Map<String, Json>) -> Vec<Reference> {
        let properties = body.get("properties").and_then(Json::as_object);
        properties.map(|properties| self.references_in(id, version, properties)).unwrap_or_default()
    }

    fn references_in(&self, id: &ResourceId, version: &str, properties: &Map<String, Json>) -> Vec<Reference> {
        // A template's ids are authorized when they are used, and most of its parameters are such ids.
        let deploys = id.resource_type().is_some_and(|kind| kind.key() == "microsoft.resources/deployments");
        if deploys { Vec::new() } else { references(properties, &self.outputs_of(id, version)) }
    }

    /// Returns an operation's payload that says whom it is carried out for.
    pub(crate) fn signed(&self, payload: Json) -> Json {
        let (Some(caller), true) = (&self.caller, self.is_guarded()) else { return payload };
        let mut members = match payload {
            Json::Object(members) => members,
            _ => Map::new(),
        };
        members.insert(CALLER.to_owned(), json!(**caller));
        members.into()
    }

    /// Returns the host that carries an operation out: it acts for whoever asked for that.
    pub(crate) fn carrying_out(&self, operation: &Operation) -> Result<Host, Fault> {
        let Some(caller) = operation.payload.get(CALLER) else { return Ok(self.clone()) };
        let caller = serde_json::from_value(caller.clone());
        caller.map(|caller| self.acting_for(caller)).map_err(|_| Fault::internal("it is not known who asked for this"))
    }

    /// Checks that whoever asked for an operation still may.
    ///
    /// # Errors
    /// 403 when a right was taken away since the operation was accepted.
    pub(crate) fn authorize_still(&self, operation: &Operation, record: &Record) -> Result<(), Fault> {
        // Of what a provider keeps there is only a note here.
        if let Some(note) = note::read(record).filter(|_| note::is_note(record)) {
            return self.authorize(Right::Write, &note.id).map_err(still);
        }
        let may = self.authorize(Right::Write, &record.id).and_then(|()| match operation.verb {
            Verb::Put => self.authorize_references(record),
            Verb::Delete => Ok(()),
        });
        may.map_err(still)
    }
}

fn still(fault: Fault) -> Fault {
    let message = format!("{}; it was allowed when the operation was accepted", fault.message);
    Fault { message, ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(properties: Json) -> Vec<(String, String, Right<'static>)> {
        let Json::Object(properties) = properties else { panic!("properties are an object") };
        let all = references(&properties, &["made".to_owned()]).into_iter();
        all.map(|reference| (reference.place, reference.id.to_string(), reference.right)).collect()
    }

    #[test]
    fn every_id_in_the_properties_is_a_reference_wherever_it_stands() {
        let group = "/planes/radius/local/resourceGroups/g";
        let db = format!("{group}/providers/A.B/c/db");
        let environment = format!("{group}/providers/Radius.Core/environments/e");
        let all = found(json!({
            "environment": environment,
            "connections": { "db": { "source": db }, "web": { "source": "http://web:80" } },
            "list": [{ "deep": [db] }],
            "status": { "outputResources": [{ "id": db }] },
            "made": db,
            "path": "/healthz",
        }));
        assert_eq!(
            all,
            [
                ("properties.environment".to_owned(), environment, Right::Read),
                ("properties.connections.db.source".to_owned(), db.clone(), Right::Secrets),
                ("properties.list[0].deep[0]".to_owned(), db, Right::Secrets),
            ]
        );
    }

    #[test]
    fn the_clouds_that_an_environment_works_in_are_references_to_their_planes() {
        let all = found(json!({ "providers": {
            "aws": { "scope": "/planes/aws/aws/accounts/1/regions/r" },
            "azure": { "scope": "/subscriptions/s/resourceGroups/g" },
        } }));
        let ids: Vec<_> = all.iter().map(|(_, id, _)| id.as_str()).collect();
        assert_eq!(
            ids,
            ["/planes/aws/aws/accounts/1/regions/r", "/planes/azure/azurecloud/subscriptions/s/resourceGroups/g"]
        );
        let newer = found(json!({ "providers": { "azure": { "subscriptionId": "s" }, "aws": { "accountId": "1" } } }));
        assert_eq!(newer.len(), 2, "{newer:?}");
    }
}
