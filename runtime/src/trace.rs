//! How the trace of a request goes on in the worker that carries its operation out.
//!
//! The runtime core knows no tracing system: whoever starts a server with one installs a [`Propagator`]. The context of
//! the request is kept with the operation, so that it survives restarts and reaches workers of other servers.

use std::sync::OnceLock;

use serde_json::{Map, Value as Json};

/// Where an operation's payload keeps the context of the request that asked for it (W3C Trace Context).
const MEMBER: &str = "traceparent";

/// Carries the context of traces between spans of this process and the outside.
pub trait Propagator: Send + Sync {
    /// Returns the context of the current span, as `traceparent` has it; `None` where it is not sampled.
    fn current(&self) -> Option<String>;

    /// Makes a span that was not entered yet the child of a context, if there is one, and returns its trace's id.
    fn begin(&self, span: &tracing::Span, parent: Option<&str>) -> Option<String>;
}

static PROPAGATOR: OnceLock<Box<dyn Propagator>> = OnceLock::new();

/// Installs the propagator of this process; only the first one counts.
pub fn install(propagator: impl Propagator + 'static) {
    let _ = PROPAGATOR.set(Box::new(propagator));
}

/// Whether this process follows traces.
pub fn is_installed() -> bool {
    PROPAGATOR.get().is_some()
}

/// Begins a span that has the field `trace_id`: as the child of a context, if there is one.
pub fn begin(span: &tracing::Span, parent: Option<&str>) {
    if let Some(id) = PROPAGATOR.get().and_then(|propagator| propagator.begin(span, parent)) {
        span.record("trace_id", id);
    }
}

/// Returns the context of the current span, for what is asked of others in its course.
pub fn current() -> Option<String> {
    PROPAGATOR.get()?.current()
}

/// Adds the context of the current span to an operation's payload.
pub(crate) fn noted(payload: Json) -> Json {
    let Some(context) = current() else { return payload };
    let mut members = match payload {
        Json::Object(members) => members,
        Json::Null => Map::new(),
        other => return other,
    };
    members.insert(MEMBER.to_owned(), context.into());
    Json::Object(members)
}

/// Returns the context that an operation's payload has.
pub(crate) fn of(payload: &Json) -> Option<&str> {
    payload.get(MEMBER)?.as_str()
}
