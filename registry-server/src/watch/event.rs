//! Events as the wire shows them: server-sent events whose data is one line of JSON.

use std::sync::Arc;

use bytes::Bytes;
use radii_model::ApiVersion;
use radii_runtime::Fault;
use radii_runtime::host::{Host, present};
use radii_runtime::store::Record;
use serde_json::{Value as Json, json};

use super::feed::Entry;
use crate::api::native;
use crate::store::{Change, What};

/// Returns the event of a change, for a watcher that has seen everything up to `seen`.
pub(super) fn change(host: &Host, entry: &Entry, seen: u64, version: Option<&ApiVersion>) -> Bytes {
    let Change { revision, created_at, what } = &entry.change;
    let (name, resource) = match what {
        What::Deleted { id, type_name } => {
            ("deleted", json!({ "id": id.to_string(), "name": id.name(), "type": type_name }).to_string().into())
        }
        What::Put(record) => {
            let shown = match version {
                None => Arc::clone(entry.shown.get_or_init(|| resource(host, record, None))),
                version => resource(host, record, version),
            };
            (if *created_at > seen { "added" } else { "modified" }, shown)
        }
    };
    format!("event: {name}\nid: {revision}\ndata: {{\"revision\":\"{revision}\",\"resource\":{resource}}}\n\n").into()
}

/// Returns the event of something that was there already; it has no id, as one can go on only when all are sent.
pub(super) fn existing(host: &Host, record: &Record, version: Option<&ApiVersion>) -> String {
    let (revision, resource) = (record.revision, resource(host, record, version));
    format!("event: added\ndata: {{\"revision\":\"{revision}\",\"resource\":{resource}}}\n\n")
}

/// Returns the event that says up to where everything was sent.
pub(super) fn bookmark(revision: u64, is_complete: bool) -> Bytes {
    let mut data = json!({ "revision": revision.to_string() });
    if is_complete {
        data["complete"] = true.into();
    }
    format!("event: bookmark\nid: {revision}\ndata: {data}\n\n").into()
}

/// Returns the event after which a watch ends because it cannot go on.
pub(super) fn fault(fault: &Fault) -> Bytes {
    format!("event: error\ndata: {}\n\n", json!({ "error": fault })).into()
}

/// Returns a record as a GET shows it: in the version given where its type has that, else in its default one.
fn resource(host: &Host, record: &Record, version: Option<&ApiVersion>) -> Arc<str> {
    if record.id.namespace().is_none_or(|namespace| namespace.to_ascii_lowercase().starts_with("system.")) {
        return native::present(record, record.state).to_string().into();
    }
    let version = version.or(record.api_version.as_ref());
    let seen = match version {
        Some(version) => host.seen(record, version),
        None => record.clone(),
    };
    Json::Object(present(&seen)).to_string().into()
}
