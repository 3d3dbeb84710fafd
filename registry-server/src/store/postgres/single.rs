//! Single records by their key: whoever asks while others are asking is answered together with them.
//!
//! A way to the database and back costs more than the row, for this process and for that of the database. So few go at a
//! time, each for all keys that were asked for meanwhile. Who is alone does not wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use radii_runtime::store::{Error, Record};
use sqlx::{PgPool, Row};
use tokio::sync::{Semaphore, oneshot};

use super::read;
use crate::store::vault::Vault;
use crate::store::{BoxError, rows, unavailable};

const FIND: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private
    FROM record WHERE key = $1";

const FIND_TOGETHER: &str = "
    SELECT id, type_name, api_version, location, state, operation, revision, created_at, updated_at,
           tags, properties, private, key
    FROM record WHERE key = ANY($1)";

const DOING: &str = "read a resource";

/// So many are on their way at once: the second sets out while the first is at the database.
const AT_ONCE: usize = 2;

type Found = Option<Arc<Record>>;

/// What reads single records.
pub(super) struct Single {
    turns: Semaphore,
    /// Keys that wait for the next who goes, and where their records go.
    waiting: Mutex<Vec<(String, oneshot::Sender<Found>)>>,
}

impl Single {
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(String, oneshot::Sender<Found>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the record of a key.
    ///
    /// Cancel-safe: others who waited for a caller that left go themselves.
    pub(super) async fn find(&self, pool: &PgPool, vault: &Vault, key: String) -> Result<Found, Error> {
        // No text of PostgreSQL holds this character, so nothing is stored under such a key.
        if key.contains('\0') {
            return Ok(None);
        }
        if let Ok(_turn) = self.turns.try_acquire() {
            return find(pool, vault, &key).await;
        }
        let (reply, mut answer) = oneshot::channel();
        self.waiting().push((key.clone(), reply));
        let _turn = tokio::select! {
            biased;
            // Somebody else brought it.
            Ok(found) = &mut answer => return Ok(found),
            turn = self.turns.acquire() => turn,
        };
        let together = std::mem::take(&mut *self.waiting());
        if together.len() > 1 {
            let keys = together.iter().map(|(key, _)| key.clone()).collect();
            let found = find_together(pool, vault, keys).await?;
            for (key, reply) in together {
                // Who has left needs no answer.
                let _ = reply.send(found.get(&key).cloned());
            }
        }
        match answer.try_recv() {
            Ok(found) => Ok(found),
            // Nobody else asked, or whoever went for it failed.
            Err(_) => find(pool, vault, &key).await,
        }
    }
}

async fn find(pool: &PgPool, vault: &Vault, key: &str) -> Result<Found, Error> {
    let found = read::rows(pool, DOING, || sqlx::query(FIND).bind(key.to_owned())).await?;
    let record = found.first().map(|row| rows::record(vault, row)).transpose();
    Ok(record.map_err(|error| unavailable(DOING, error))?.map(Arc::new))
}

async fn find_together(pool: &PgPool, vault: &Vault, keys: Vec<String>) -> Result<HashMap<String, Arc<Record>>, Error> {
    let found = read::rows(pool, DOING, || sqlx::query(FIND_TOGETHER).bind(keys.clone())).await?;
    let records = found.iter().map(|row| Ok((row.try_get(12)?, Arc::new(rows::record(vault, row)?))));
    records.collect::<Result<_, BoxError>>().map_err(|error| unavailable(DOING, error))
}
