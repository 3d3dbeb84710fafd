//! States as records of the store, changed under optimistic concurrency.

use std::sync::Arc;

use http::StatusCode;
use radii_model::ResourceId;
use radii_runtime::store::{Error, Expect, Private, Record, State, Store, Write};
use radii_runtime::{Clock, Fault};
use serde_json::{Map, Value as Json};

/// Where the records lie: on no plane that anybody lists.
const FOLDER: &str = "/planes/radii/states/providers/System.Radii/recipeStates";
const TYPE: &str = "System.Radii/recipeStates";
/// How often a change that lost a race is tried again.
const RACES: usize = 8;

/// One state with its lock.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Document {
    /// Hash of the newest run's password.
    pub grant: String,
    /// Random; tells this state from one of the same key in another store.
    pub mark: String,
    /// The state, as the program wrote it.
    pub state: Option<String>,
    /// What the holder said about itself.
    pub lock: Option<Json>,
}

impl Document {
    /// Refuses programs of other runs than the newest.
    pub(super) fn check(&self, grant: &str) -> Result<(), StatusCode> {
        if self.grant == grant { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
    }

    /// Returns the id of the lock that is held.
    pub(super) fn lock_id(&self) -> Option<&str> {
        self.lock.as_ref().and_then(|lock| lock["ID"].as_str())
    }

    fn of(data: &Map<String, Json>) -> Self {
        let text = |name: &str| data.get(name).and_then(Json::as_str).map(str::to_owned);
        Self {
            grant: text("grant").unwrap_or_default(),
            mark: text("mark").unwrap_or_default(),
            state: text("state"),
            lock: data.get("lock").cloned(),
        }
    }

    fn into_data(self) -> Map<String, Json> {
        let mut data = Map::new();
        data.insert("grant".into(), self.grant.into());
        data.insert("mark".into(), self.mark.into());
        data.extend(self.state.map(|state| ("state".to_owned(), state.into())));
        data.extend(self.lock.map(|lock| ("lock".to_owned(), lock)));
        data
    }
}

/// All states.
#[derive(Clone)]
pub(super) struct Documents {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Documents {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    pub(super) async fn load(&self, key: &str) -> Result<Option<Document>, Fault> {
        Ok(self.store.find(&id(key)?).await?.map(|record| Document::of(&record.private.data)))
    }

    /// Makes a run the newest one and returns the state's mark; whoever held the lock before has lost it.
    pub(super) async fn admit(&self, key: &str, grant: &str) -> Result<String, Fault> {
        let fresh = super::random_word();
        let changed = self.change(key, |document| {
            (document.grant, document.lock) = (grant.to_owned(), None);
            if document.mark.is_empty() {
                document.mark.clone_from(&fresh);
            }
            Ok(())
        });
        changed.await?.map_err(|status| Fault::internal(format!("a new run was refused with {status}")))?;
        Ok(self.load(key).await?.map(|document| document.mark).unwrap_or_default())
    }

    /// Changes a state, made when absent, as long as nobody else does at the same time.
    pub(super) async fn change(
        &self,
        key: &str,
        change: impl Fn(&mut Document) -> Result<(), StatusCode>,
    ) -> Result<Result<(), StatusCode>, Fault> {
        let id = id(key)?;
        for _ in 0..RACES {
            let found = self.store.find(&id).await?;
            let expect = found.as_ref().map_or(Expect::Absent, |record| Expect::Revision(record.revision));
            let mut record = found.unwrap_or_else(|| self.draft(&id));
            let mut document = Document::of(&record.private.data);
            if let Err(status) = change(&mut document) {
                return Ok(Err(status));
            }
            record.private.data = document.into_data();
            record.updated_at = self.clock.now();
            match self.store.commit(vec![Write::Put { record: Box::new(record), expect }]).await {
                Err(Error::Conflict { .. }) => {}
                other => return Ok(Ok(other?)),
            }
        }
        Err(Fault::contended(&id))
    }

    pub(super) async fn remove(&self, key: &str) -> Result<(), Fault> {
        let write = Write::Delete { id: id(key)?, expect: Expect::Any };
        Ok(self.store.commit(vec![write]).await?)
    }

    fn draft(&self, id: &ResourceId) -> Record {
        let now = self.clock.now();
        Record {
            id: id.clone(),
            type_name: TYPE.to_owned(),
            api_version: None,
            location: None,
            tags: None,
            properties: Map::new(),
            private: Private::default(),
            state: State::Succeeded,
            operation: None,
            revision: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

fn id(key: &str) -> Result<ResourceId, Fault> {
    let is_key = !key.is_empty() && key.len() <= 64 && key.chars().all(|c| c.is_ascii_alphanumeric());
    let id = is_key.then(|| format!("{FOLDER}/{key}").parse().ok()).flatten();
    id.ok_or_else(|| Fault::bad_request("the key of a state is made of letters and digits"))
}
