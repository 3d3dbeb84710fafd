//! The seam to a cluster: what the driver asks of an API server, whoever answers.

use std::time::Duration;

use async_trait::async_trait;
use radii_runtime::platform::ObjectRef;
use serde_json::Value as Json;

/// The name under which Radii owns the fields that it applies.
pub const FIELD_MANAGER: &str = "radii";

/// Names a kind without its version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindName {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind, such as `Deployment`.
    pub kind: String,
}

impl KindName {
    /// Returns a kind's name; `core` and the empty text are the core group.
    pub fn new(group: &str, kind: &str) -> Self {
        let group = if group == "core" { "" } else { group };
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }

    /// Returns the kind of an object, if it names one.
    pub fn of(object: &Json) -> Option<Self> {
        let version = object.get("apiVersion")?.as_str()?;
        let group = version.split_once('/').map_or("", |(group, _)| group);
        Some(Self::new(group, object.get("kind")?.as_str()?))
    }
}

impl std::fmt::Display for KindName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.group.is_empty() { f.write_str(&self.kind) } else { write!(f, "{}.{}", self.kind, self.group) }
    }
}

/// Where an object stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Its kind.
    pub kind: KindName,
    /// Its namespace; empty for kinds that have none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Address {
    /// Returns an address.
    pub fn new(kind: KindName, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Returns the address that an object gives itself, if it has kind and name.
    pub fn of(object: &Json) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str);
        Some(Self::new(
            KindName::of(object)?,
            text("/metadata/namespace").unwrap_or_default(),
            text("/metadata/name").filter(|name| !name.is_empty())?,
        ))
    }

    /// Returns the address behind a reference of the runtime core.
    pub fn of_reference(reference: &ObjectRef) -> Self {
        let (group, kind) = reference.kind.rsplit_once('/').unwrap_or(("core", &reference.kind));
        Self::new(KindName::new(group, kind), &reference.namespace, &reference.name)
    }
}

/// What happens to fields that somebody else owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The apply is refused, naming the owner.
    Respect,
    /// They become ours.
    TakeOver,
}

/// Objects of a kind, and the moment they were read at.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// The objects.
    pub items: Vec<Json>,
    /// What [`Cluster::changed`] waits from.
    pub version: String,
}

/// Which lines of a container's log are wanted.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// The container; the pod's only one when not given.
    pub container: Option<String>,
    /// Only so many of the last lines.
    pub tail: Option<i64>,
    /// The log of the container that ran before.
    pub previous: bool,
}

/// How an API server begins when an applied object is none of its kind; it answers 500 then.
pub(crate) const UNTYPED: &str = "failed to create typed patch object";

/// Why a cluster did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields belong to somebody else; the message names owners and fields.
    #[error("{message}")]
    Conflict {
        /// The API server's words.
        message: String,
    },
    /// The API server refused.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The API server's reason, such as `Invalid`, `NotFound` or `Forbidden`.
        reason: String,
        /// The API server's words.
        message: String,
    },
    /// The cluster does not know the kind: its definition is not installed.
    #[error("no matches for kind \"{}\" in version \"{version}\"", kind.kind)]
    NoSuchKind {
        /// The kind.
        kind: KindName,
        /// Group and version that were asked for, as far as known.
        version: String,
    },
    /// The cluster cannot be reached, or is not configured.
    #[error("cannot reach the Kubernetes cluster{of}: {why}")]
    Unreachable {
        /// Empty, or which one, with a leading blank.
        of: String,
        /// What went wrong.
        why: String,
    },
}

impl Error {
    /// Whether it may be over in a moment: the API server is away, starts, or has too much to do.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable { .. } => true,
            // The same object will be as wrong in a moment.
            Error::Refused { message, .. } if message.starts_with(UNTYPED) => false,
            Error::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Error::Conflict { .. } | Error::NoSuchKind { .. } => false,
        }
    }

    /// Whether the API server says that something is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Refused { status: 404, .. })
    }
}

/// A cluster: objects are applied, read, listed, removed and watched.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// Applies an object server-side under [`FIELD_MANAGER`] and returns it as it stands then.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a field has another owner and [`Ownership::Respect`] is asked for.
    async fn apply(&self, object: &Json, ownership: Ownership) -> Result<Json, Error>;

    /// Returns the object as [`Cluster::apply`] would leave it, and changes nothing.
    async fn rehearse(&self, object: &Json, ownership: Ownership) -> Result<Json, Error>;

    /// Changes an object by a strategic merge patch: what is null goes.
    async fn patch(&self, address: &Address, patch: &Json) -> Result<Json, Error>;

    /// Returns an object, or nothing when it is not there.
    async fn get(&self, address: &Address) -> Result<Option<Json>, Error>;

    /// Returns the objects of a kind that have the labels (`a=b,c=d`; empty for all).
    async fn list(&self, kind: &KindName, namespace: &str, labels: &str) -> Result<Listed, Error>;

    /// Whether an object has fields that [`FIELD_MANAGER`] wrote; one that is not there counts as ours.
    async fn is_ours(&self, address: &Address) -> Result<bool, Error>;

    /// Removes an object with all that it owns; returns at once, and what is gone is no error.
    async fn delete(&self, address: &Address) -> Result<(), Error>;

    /// Returns when an object of the kind with the labels has changed since `version`, or after `at_most`.
    async fn changed(&self, kind: &KindName, namespace: &str, labels: &str, version: &str, at_most: Duration);

    /// Returns lines of the log of a pod's container.
    async fn logs(&self, namespace: &str, pod: &str, query: &LogQuery) -> Result<String, Error>;
}
