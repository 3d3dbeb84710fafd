//! Answers that were given lately: what nobody changed is shown as it was.
//!
//! A revision is given once, so it names one content of one resource, whichever server wrote it; what else an answer
//! depends on, the version that is asked for and what is registered, is compared. So nothing is ever shown that was
//! overtaken: the store says first which revision is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use radii_model::ApiVersion;
use radii_runtime::catalog::Provider;
use radii_runtime::host::Resolved;

/// So many parts, so that requests rarely wait for each other.
const SHARDS: u64 = 16;
/// A part that holds so many answers forgets them all.
const ANSWERS: usize = 512;
/// Larger answers are not worth the memory.
const LARGEST: usize = 16 * 1024;

/// A bounded set of answers.
#[derive(Default)]
pub struct Rendered {
    shards: [Mutex<HashMap<u64, Answer>>; SHARDS as usize],
}

struct Answer {
    version: ApiVersion,
    /// The registration that it was made by; kept so that its address is not used again.
    provider: Arc<Provider>,
    headers: HeaderMap,
    body: Bytes,
}

impl Rendered {
    fn shard(&self, revision: u64) -> MutexGuard<'_, HashMap<u64, Answer>> {
        self.shards[(revision % SHARDS) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the answer that shows a revision through a version, if it was given lately.
    pub(super) fn find(&self, revision: u64, resolved: &Resolved) -> Option<Response> {
        let shard = self.shard(revision);
        let known = shard.get(&revision).filter(|known| known.is_for(resolved))?;
        let mut response = Response::new(Body::from(known.body.clone()));
        *response.headers_mut() = known.headers.clone();
        Some(response)
    }

    /// Remembers an answer with status 200, and returns it.
    pub(super) fn remember(&self, revision: u64, resolved: &Resolved, headers: HeaderMap, body: Bytes) -> Response {
        let mut response = Response::new(Body::from(body.clone()));
        *response.headers_mut() = headers.clone();
        if body.len() <= LARGEST {
            let (version, provider) = (resolved.api_version.clone(), Arc::clone(&resolved.provider));
            let mut shard = self.shard(revision);
            if shard.len() >= ANSWERS {
                shard.clear();
            }
            shard.insert(revision, Answer { version, provider, headers, body });
        }
        response
    }
}

impl Answer {
    fn is_for(&self, resolved: &Resolved) -> bool {
        self.version == resolved.api_version && Arc::ptr_eq(&self.provider, &resolved.provider)
    }
}

#[cfg(test)]
mod tests {
    use radii_runtime::catalog::Type;

    use super::*;

    fn resolved(provider: &Arc<Provider>, version: &str) -> Resolved {
        Resolved {
            provider: Arc::clone(provider),
            kind: Arc::new(Type::default()),
            api_version: version.parse().unwrap(),
            address: None,
        }
    }

    #[test]
    fn an_answer_is_given_again_only_for_the_same_revision_version_and_registration() {
        let rendered = Rendered::default();
        let (old, new) = (Arc::new(Provider::default()), Arc::new(Provider::default()));
        let asked = resolved(&old, "2025-01-01");
        assert!(rendered.find(7, &asked).is_none());
        rendered.remember(7, &asked, HeaderMap::new(), Bytes::from_static(b"{}"));
        assert!(rendered.find(7, &asked).is_some());
        assert!(rendered.find(8, &asked).is_none(), "it was changed");
        assert!(rendered.find(7, &resolved(&old, "2025-02-01")).is_none(), "another version is asked for");
        assert!(rendered.find(7, &resolved(&new, "2025-01-01")).is_none(), "the type was registered again");
    }

    #[test]
    fn it_stays_small() {
        let rendered = Rendered::default();
        let asked = resolved(&Arc::default(), "2025-01-01");
        rendered.remember(1, &asked, HeaderMap::new(), Bytes::from(vec![b'x'; LARGEST + 1]));
        assert!(rendered.find(1, &asked).is_none());
        for revision in 0..3 * SHARDS * ANSWERS as u64 {
            rendered.remember(revision, &asked, HeaderMap::new(), Bytes::new());
        }
        let held: usize = rendered.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= ANSWERS * SHARDS as usize);
    }
}
