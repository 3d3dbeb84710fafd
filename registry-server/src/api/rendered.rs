//! Answers that were given lately: what nobody changed is answered as before.
//!
//! An answer is remembered by the path and query that were asked for, together with what it was made from: the revision
//! of a record, which names one content whichever server wrote it, and the generation of the catalogue. It is given again
//! only while both still stand, so that nothing is ever shown that was overtaken.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use radii_model::ResourceId;
use radii_runtime::host::Host;

use crate::asked::Asked;

/// So many parts, so that requests rarely wait for each other.
const SHARDS: usize = 16;
/// A part that holds so many answers forgets them all: cheaper than knowing which was used last.
const ANSWERS: usize = 512;
/// Larger answers are not worth the memory.
const LARGEST: usize = 32 * 1024;

/// Marks an answer with status 200 that is right as long as what it was made from stands, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeFrom {
    /// Id and revision of the record that it shows, if it shows one.
    pub record: Option<(ResourceId, u64)>,
}

/// A bounded set of answers.
#[derive(Default)]
pub struct Rendered {
    shards: [Mutex<HashMap<String, Arc<Known>>>; SHARDS],
    hasher: RandomState,
    asked: Asked,
}

/// An answer, and what it was made from.
pub(crate) struct Known {
    record: Option<Shown>,
    generation: u64,
    headers: HeaderMap,
    body: Bytes,
    /// What metrics call its path; found out when it is first given again.
    pub(crate) route: OnceLock<&'static str>,
}

struct Shown {
    id: ResourceId,
    key: String,
    revision: u64,
}

impl Known {
    /// Returns it as a response.
    pub(crate) fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.headers_mut() = self.headers.clone();
        response
    }
}

impl Rendered {
    fn shard(&self, target: &str) -> MutexGuard<'_, HashMap<String, Arc<Known>>> {
        let at = usize::try_from(self.hasher.hash_one(target) % SHARDS as u64).unwrap_or_default();
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, host: &Host, target: &str) -> Option<Arc<Known>> {
        let known = self.shard(target).get(target).cloned()?;
        (known.generation == host.parts.catalog.generation()).then_some(known)
    }

    /// Returns the answer to a path and query if it was given lately, and the store need not ask anybody whether it is
    /// still right.
    pub(crate) fn find_at_once(&self, host: &Host, target: &str) -> Option<Arc<Known>> {
        let known = self.known(host, target)?;
        let stands = match &known.record {
            Some(shown) => host.parts.store.known_revision(&shown.key) == Some(shown.revision),
            None => true,
        };
        stands.then_some(known)
    }

    /// Returns the answer to a path and query if it was given lately and is still right.
    pub(super) async fn find(&self, host: &Host, target: &str) -> Option<Response> {
        let known = self.known(host, target)?;
        if let Some(shown) = &known.record {
            // What cannot be read is told by who reads it next.
            let found = host.parts.store.find_shared(&shown.id).await.ok()??;
            if found.revision != shown.revision {
                return None;
            }
        }
        Some(known.response())
    }

    /// Remembers an answer that was made while the catalogue's generation stood, when it is asked for the second time.
    pub(super) fn remember(&self, target: &str, made: MadeFrom, generation: u64, headers: &HeaderMap, body: &Bytes) {
        if body.len() > LARGEST || !self.asked.again(target) {
            return;
        }
        let record = made.record.map(|(id, revision)| Shown { key: id.key(), id, revision });
        let known = Known { record, generation, headers: headers.clone(), body: body.clone(), route: OnceLock::new() };
        let mut shard = self.shard(target);
        if shard.len() >= ANSWERS && !shard.contains_key(target) {
            shard.clear();
        }
        shard.insert(target.to_owned(), Arc::new(known));
    }
}

#[cfg(test)]
mod tests {
    use radii_runtime::catalog::Catalog;
    use radii_runtime::conformance::record;
    use radii_runtime::host::Parts;
    use radii_runtime::memory::MemoryStore;
    use radii_runtime::store::{Expect, Write};
    use radii_runtime::{SystemClock, SystemIds};

    use super::*;

    const ID: &str = "/planes/radius/local/resourcegroups/g";

    fn host() -> Arc<Host> {
        let store = Arc::new(MemoryStore::new());
        Host::new(Parts {
            store: store.clone(),
            queue: store,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            catalog: Arc::new(Catalog::default()),
            platforms: Vec::new(),
            recipes: Vec::new(),
            states: None,
            providers: None,
        })
    }

    async fn write(host: &Host) -> MadeFrom {
        let put = Write::Put { record: Box::new(record(ID)), expect: Expect::Any };
        host.parts.store.commit(vec![put]).await.unwrap();
        let id: ResourceId = ID.parse().unwrap();
        let revision = host.parts.store.find(&id).await.unwrap().unwrap().revision;
        MadeFrom { record: Some((id, revision)) }
    }

    #[tokio::test]
    async fn an_answer_is_given_again_until_its_record_changes() {
        let (rendered, host) = (Rendered::default(), host());
        assert!(rendered.find(&host, ID).await.is_none());
        let made = write(&host).await;
        let generation = host.parts.catalog.generation();
        let remember = |made| rendered.remember(ID, made, generation, &HeaderMap::new(), &Bytes::from_static(b"{}"));
        remember(made.clone());
        assert!(rendered.find(&host, ID).await.is_none(), "nobody may ask for it again");
        remember(made);
        assert!(rendered.find(&host, ID).await.is_some());
        assert!(rendered.find(&host, "/other").await.is_none());
        write(&host).await;
        assert!(rendered.find(&host, ID).await.is_none());
    }

    #[tokio::test]
    async fn an_answer_is_given_again_until_something_is_registered() {
        let (rendered, host) = (Rendered::default(), host());
        let generation = host.parts.catalog.generation();
        for _ in 0..2 {
            rendered.remember(ID, MadeFrom { record: None }, generation, &HeaderMap::new(), &Bytes::new());
        }
        assert!(rendered.find(&host, ID).await.is_some() && rendered.find_at_once(&host, ID).is_some());
        host.parts.catalog.load(&*host.parts.store).await.unwrap();
        assert!(rendered.find(&host, ID).await.is_none() && rendered.find_at_once(&host, ID).is_none());
    }

    #[test]
    fn it_stays_small() {
        let (rendered, host) = (Rendered::default(), host());
        let remember = |target: &str, body: Bytes| {
            for _ in 0..2 {
                rendered.remember(target, MadeFrom { record: None }, 0, &HeaderMap::new(), &body);
            }
        };
        remember(ID, Bytes::from(vec![b'x'; LARGEST + 1]));
        assert!(rendered.find_at_once(&host, ID).is_none());
        for number in 0..3 * SHARDS * ANSWERS {
            remember(&number.to_string(), Bytes::new());
        }
        let held: usize = rendered.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(held <= ANSWERS * SHARDS);
    }
}
