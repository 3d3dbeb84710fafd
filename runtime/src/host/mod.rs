//! The provider host: the front of the runtime core.
//!
//! Every request about a resource passes here, whoever asks: the HTTP API, a deployment, a test.
//! It looks the type up in the [`Catalog`], lets the type's [`Kind`] and schema check the body, and
//! commits record and operation in one batch. [`crate::worker`] executes the operation afterwards.

mod check;
mod dependents;
pub mod ended;
mod present;
mod read;
mod rehearse;
mod resolve;
mod write;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use radii_model::{ApiVersion, ResourceId, TypeName};
use serde_json::{Map, Value as Json};

use crate::access::{Authority, Caller};
use crate::catalog::Catalog;
use crate::imperative::Providers;
use crate::kinds::Kinds;
use crate::platform::{ComputeKind, Platform};
use crate::recipe::{Cancel, Journal, RecipeDriver, States};
use crate::store::{OperationId, Queue, Record, Store, Verb, Write};
use crate::validate::Validators;
use crate::{Clock, Fault, Ids};

pub(crate) use check::rules_fault;
pub use dependents::ACTION as REDEPLOY_DEPENDENTS;
pub use present::{Shown, etag, present};
pub use rehearse::Rehearsed;
pub(crate) use rehearse::without_secrets;

/// What a host is made of.
#[derive(Clone)]
pub struct Parts {
    /// Resources and operations.
    pub store: Arc<dyn Store>,
    /// Operations that wait.
    pub queue: Arc<dyn Queue>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identity.
    pub ids: Arc<dyn Ids>,
    /// Registered providers.
    pub catalog: Arc<Catalog>,
    /// One driver per compute kind that this server can reach.
    pub platforms: Vec<Arc<dyn Platform>>,
    /// One driver per recipe kind.
    pub recipes: Vec<Arc<dyn RecipeDriver>>,
    /// Where programs that recipes run keep their state; `None` where no recipe needs that.
    pub states: Option<Arc<dyn States>>,
    /// The way to imperative providers; `None` where none can be asked.
    pub providers: Option<Arc<dyn Providers>>,
}

/// Conditions of a write (`If-Match`, `If-None-Match`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`: `*` or one ETag.
    pub if_match: Option<String>,
    /// `If-None-Match: *`.
    pub if_none_match: bool,
}

impl Preconditions {
    /// Checks the conditions against what is stored.
    ///
    /// # Errors
    /// 412, in the words of the Radius HTTP contract, part 2.1.
    pub fn check(&self, old: Option<&Record>, id: &ResourceId) -> Result<(), Fault> {
        match (&self.if_match, old) {
            (Some(_), None) => return Err(Fault::precondition_failed("requested resource does not exist", id)),
            (Some(wanted), Some(old)) if wanted != "*" && *wanted != etag(old) => {
                return Err(Fault::precondition_failed("etags do not match", id));
            }
            _ => {}
        }
        if self.if_none_match && old.is_some() {
            return Err(Fault::precondition_failed("resource already exists", id));
        }
        Ok(())
    }
}

/// A PUT of one resource.
#[derive(Clone, Debug)]
pub struct Put {
    /// The id, in the casing of the request.
    pub id: ResourceId,
    /// `api-version` of the request, already known to be supported for the type.
    pub api_version: ApiVersion,
    /// The whole body (`location`, `tags`, `properties`).
    pub body: Map<String, Json>,
    /// Conditions.
    pub preconditions: Preconditions,
}

/// A DELETE of one resource.
#[derive(Clone, Debug)]
pub struct Delete {
    /// The id.
    pub id: ResourceId,
    /// `api-version` of the request.
    pub api_version: ApiVersion,
    /// Conditions.
    pub preconditions: Preconditions,
    /// `?force=true`: go on although an operation is in progress.
    pub force: bool,
}

/// What a write led to; of the record, what is told of it.
#[derive(Clone, Debug)]
pub enum Answer<T = Record> {
    /// A synchronous kind: the change is complete. DELETE answers without resource.
    Done(Option<T>),
    /// An asynchronous kind: the record as accepted, and the operation to watch.
    Accepted {
        /// The record as it stands.
        record: T,
        /// Its operation.
        operation: OperationId,
        /// What `Retry-After` says.
        retry_after: Duration,
    },
    /// DELETE of what is absent.
    Absent,
}

/// How a kind's changes are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Complete when the request is answered.
    Synchronous,
    /// By a worker, through an operation.
    Asynchronous,
}

/// How far an operation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is complete; the worker commits the record and ends the operation.
    Done,
    /// It waits for something else; the worker commits the record, gives the lease back and comes again.
    Later(Duration),
}

/// What an executing kind works with.
pub struct Work<'a> {
    /// The host, for requests about other resources.
    pub host: &'a Host,
    /// What is to be done.
    pub verb: Verb,
    /// The operation.
    pub operation: OperationId,
    /// API version of the request.
    pub api_version: Option<ApiVersion>,
    /// Writes object references down before they are applied; fenced by the operation's attempt.
    pub journal: &'a dyn Journal,
    /// What the request left for the worker (the operation's payload).
    pub payload: &'a Json,
    /// Tells programs to end when the operation is stopped, lost or out of time.
    pub cancel: Cancel,
}

/// The behaviour of one or several built-in resource types. Types without a kind of their own are
/// user-defined: their schema validates them and a recipe provisions them.
#[async_trait]
pub trait Kind: Send + Sync {
    /// Full names of the types, such as `Applications.Core/environments`.
    fn types(&self) -> &'static [&'static str];

    /// How changes are carried out.
    fn mode(&self, type_name: &str) -> Mode;

    /// Checks the name and the shape of a PUT's body, before anything else about it.
    ///
    /// # Errors
    /// 400 with one detail per violation.
    fn check(&self, _id: &ResourceId, _type_name: &TypeName, _body: &Map<String, Json>) -> Result<(), Fault> {
        Ok(())
    }

    /// Longest name of a resource: that of a DNS label, which most platforms share.
    fn name_limit(&self) -> usize {
        63
    }

    /// Whether the registered schema checks bodies; otherwise [`Kind::check`] alone does.
    fn has_schema(&self) -> bool {
        true
    }

    /// Checks and completes a record before it is stored; `old` is what is stored now.
    ///
    /// # Errors
    /// 4xx faults; nothing is stored then.
    async fn admit(&self, host: &Host, record: &mut Record, old: Option<&Record>) -> Result<(), Fault>;

    /// Carries a change out. Must be safe to repeat after a crash at any point.
    async fn execute(&self, work: &Work<'_>, record: &mut Record) -> Result<Step, Fault>;

    /// Checks that a resource may be deleted; not asked when the deletion is forced.
    ///
    /// # Errors
    /// 4xx faults; nothing is changed then.
    async fn admit_delete(&self, _host: &Host, _record: &Record) -> Result<(), Fault> {
        Ok(())
    }

    /// Conditions that must still hold at the moment a change is committed; a deletion that is forced does
    /// not ask for them.
    fn guards(&self, _verb: Verb, _record: &Record) -> Vec<Write> {
        Vec::new()
    }

    /// Removes what a resource of a synchronous kind made, before its deletion is stored.
    ///
    /// # Errors
    /// The resource stays then, unless its deletion is forced.
    async fn tear_down(&self, _host: &Host, _record: &Record) -> Result<(), Fault> {
        Ok(())
    }

    /// Whether carrying a change out touches nothing but the record, so that no progress is worth recording.
    fn is_inert(&self, _host: &Host, _record: &Record) -> bool {
        false
    }

    /// Whether a record whose change failed is forgotten, because it stands for nothing.
    fn forgets(&self, _record: &Record) -> bool {
        false
    }

    /// How long one change may take before it is canceled.
    fn timeout(&self) -> Duration {
        Duration::from_secs(24 * 60 * 60)
    }

    /// Answers a POST action of a resource, such as `getGraph`; `None` when there is no such action.
    async fn act(&self, host: &Host, record: &Record, action: &str, body: &Json) -> Result<Option<Json>, Fault>;

    /// Returns the platform objects that a record would become; none when that takes more than is known.
    async fn foresee(&self, _: &Host, _: &Record) -> Result<Vec<crate::platform::Object>, Fault> {
        Ok(Vec::new())
    }

    /// Says what the recipe of a record would change, as dry runs show it; `None` where there is none, or none that can
    /// tell.
    async fn plan(&self, _: &Host, _: &Record) -> Result<Option<Json>, Fault> {
        Ok(None)
    }

    /// Answers a POST action that is about what its body asks for, so that nothing need be stored, such as `validate`.
    async fn act_before(&self, _: &Host, _: &ResourceId, _: &str, _: &Json) -> Result<Option<Json>, Fault> {
        Ok(None)
    }
}

/// The front of the runtime core; cheap to clone.
#[derive(Clone)]
pub struct Host {
    /// What it is made of.
    pub parts: Arc<Parts>,
    kinds: Arc<Kinds>,
    validators: Arc<Validators>,
    /// Who knows what callers may do; `None` where everybody may do everything.
    pub(crate) authority: Option<Arc<dyn Authority>>,
    /// Whether changes that leave nothing for a worker to do are complete when they are accepted.
    is_eager: bool,
    /// Whom it acts for; `None` for the server itself.
    pub(crate) caller: Option<Arc<Caller>>,
    /// The namespace in whose cluster the deployments that it begins may apply objects, whatever rights the caller has.
    pub(crate) granted: Option<Arc<str>>,
}

impl Host {
    /// Returns a host with all built-in kinds.
    pub fn new(parts: Parts) -> Arc<Self> {
        Self::guarded(parts, None)
    }

    /// Returns a host that asks an authority what callers may do.
    pub fn guarded(parts: Parts, authority: Option<Arc<dyn Authority>>) -> Arc<Self> {
        let (parts, kinds, validators) = (Arc::new(parts), Arc::default(), Arc::default());
        Arc::new(Self { parts, kinds, validators, authority, is_eager: false, caller: None, granted: None })
    }

    /// Returns a host that completes changes as it accepts them where no worker has anything to do: one commit in the
    /// place of three.
    #[must_use]
    pub fn eager(&self) -> Arc<Self> {
        Arc::new(Self { is_eager: true, ..self.clone() })
    }

    /// Returns the host for a deployment that may apply objects in a namespace of a cluster although its caller may not.
    pub(crate) fn granting(&self, place: Option<&str>) -> Self {
        Self { granted: place.map(Arc::from), ..self.clone() }
    }

    /// Creates or updates a resource.
    ///
    /// # Errors
    /// Unregistered types and versions, failed conditions, an operation in progress (409), violations
    /// of the schema (400 with one detail each); nothing is stored then.
    pub async fn put(&self, request: Put) -> Result<Answer, Fault> {
        let said = || Cow::Borrowed(&request.body);
        write::put(self, &request, said, Some(self.parts.ids.next()), &Record::clone).await
    }

    /// Creates or updates a resource as [`Host::put`] does, and answers what `tell` says of the record instead of a copy.
    ///
    /// An operation that is complete when it is accepted is not stored; [`ended::ended_at`] tells it by its id. The body is
    /// used up; a try that lost a race reads it `again`.
    ///
    /// # Errors
    /// Those of [`Host::put`].
    pub async fn put_and_tell<T>(
        &self,
        mut request: Put,
        again: impl Fn() -> Map<String, Json> + Send,
        tell: &(dyn Fn(&Record) -> T + Sync),
    ) -> Result<Answer<T>, Fault> {
        // Mostly there is one try, and a copy of the body for more would cost more than reading it again.
        let mut first = Some(std::mem::take(&mut request.body));
        let said = move || Cow::Owned(first.take().unwrap_or_else(&again));
        write::put(self, &request, said, None, tell).await
    }

    /// Creates or updates a resource under an operation whose id the caller chose.
    ///
    /// # Guarantees
    /// An id serves once: whoever repeats the request, after a crash or beside another worker, begins nothing more.
    ///
    /// # Errors
    /// Those of [`Host::put`], and 409 when there is such an operation already.
    pub async fn put_once(&self, request: Put, operation: OperationId) -> Result<Answer, Fault> {
        write::put(self, &request, || Cow::Borrowed(&request.body), Some(operation), &Record::clone).await
    }

    /// Carries every check of a PUT out, and returns what it would store and make.
    ///
    /// # Errors
    /// Those of [`Host::put`], but for an operation in progress.
    pub async fn rehearse(&self, request: &Put) -> Result<Rehearsed, Fault> {
        rehearse::rehearse(self, request).await
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// Failed conditions, an operation in progress (409) unless forced.
    pub async fn delete(&self, request: Delete) -> Result<Answer, Fault> {
        write::delete(self, &request).await
    }

    /// Returns a resource with sensitive values removed.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn get(&self, id: &ResourceId) -> Result<Record, Fault> {
        read::get(self, id).await
    }

    /// Returns a resource as [`Host::get`] does, without a copy where the store has it at hand and nothing has to be
    /// removed.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn get_shared(&self, id: &ResourceId) -> Result<Arc<Record>, Fault> {
        read::get_shared(self, id).await
    }

    /// Returns a resource as it is stored, without a copy where the store has it at hand.
    ///
    /// What was stored before a property became sensitive may hold its value still: only [`Host::get`]'s are for
    /// showing.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn stored(&self, id: &ResourceId) -> Result<Arc<Record>, Fault> {
        read::stored(self, id).await
    }

    /// Returns a page of resources with sensitive values removed.
    pub async fn list(&self, query: &crate::store::ListQuery) -> Result<crate::store::Page, Fault> {
        read::list(self, query).await
    }

    /// Executes a POST action.
    ///
    /// # Errors
    /// 404 when resource or action are unknown.
    pub async fn act(&self, id: &ResourceId, action: &str, body: &Json) -> Result<Json, Fault> {
        read::act(self, id, action, body).await
    }

    /// Looks up what a request needs to be about a registered type: plane, group, type, location, version.
    ///
    /// # Errors
    /// In the order and words of the Radius HTTP contract, part 2.7.
    pub async fn resolve(&self, id: &ResourceId, api_version: Option<&str>) -> Result<Resolved, Fault> {
        resolve::resolve(self, id, api_version).await
    }

    /// Returns the behaviour of a type.
    pub(crate) fn kind_of(&self, type_name: &TypeName) -> &dyn Kind {
        self.kinds.find(type_name)
    }

    /// Returns the driver of a compute kind, if this server has one.
    pub fn platform(&self, kind: ComputeKind) -> Option<&Arc<dyn Platform>> {
        self.parts.platforms.iter().find(|platform| platform.kind() == kind)
    }

    /// Returns the driver of a recipe kind, if this server has one.
    pub fn recipe_driver(&self, kind: &str) -> Option<&Arc<dyn RecipeDriver>> {
        self.parts.recipes.iter().find(|driver| driver.kind() == kind)
    }
}

/// A registered type as one request sees it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The provider.
    pub provider: Arc<crate::catalog::Provider>,
    /// The type.
    pub kind: Arc<crate::catalog::Type>,
    /// The version of the request.
    pub api_version: ApiVersion,
    /// Address of an imperative provider, to which the request is to be forwarded.
    pub address: Option<String>,
}
