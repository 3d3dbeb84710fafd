//! Single records by their key: whoever asks while others are asking is answered together with them.
//!
//! A way to the database and back costs more than the row, for this process and for that of the database. So few go at a
//! time, each for all keys that were asked for meanwhile. Who is alone does not wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use radii_runtime::store::{Error, Record};
use sqlx::postgres::PgRow;
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

/// What somebody else brought, or why they came back with nothing.
type Answer = Result<Found, String>;

type Waiting = (String, oneshot::Sender<Answer>);

/// What reads single records.
pub(super) struct Single {
    turns: Semaphore,
    /// Keys that wait for the next who goes, and where their records go.
    waiting: Mutex<Vec<Waiting>>,
}

impl Single {
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), waiting: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
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
            Ok(brought) = &mut answer => return brought.map_err(|why| unavailable(DOING, why)),
            turn = self.turns.acquire() => turn,
        };
        let together = std::mem::take(&mut *self.waiting());
        if together.len() > 1 {
            bring(pool, vault, together).await;
        }
        match answer.try_recv() {
            Ok(brought) => brought.map_err(|why| unavailable(DOING, why)),
            // Nobody else asked, or whoever went for it left.
            Err(_) => find(pool, vault, &key).await,
        }
    }
}

async fn find(pool: &PgPool, vault: &Vault, key: &str) -> Result<Found, Error> {
    let found = read::rows(pool, DOING, || sqlx::query(FIND).bind(key.to_owned())).await?;
    let record = found.first().map(|row| rows::record(vault, row)).transpose();
    Ok(record.map_err(|error| unavailable(DOING, error))?.map(Arc::new))
}

/// Reads for all who wait, and answers each. A row that cannot be read is the fault of nobody who asked for another.
async fn bring(pool: &PgPool, vault: &Vault, together: Vec<Waiting>) {
    let keys: Vec<String> = together.iter().map(|(key, _)| key.clone()).collect();
    let found = read::rows(pool, DOING, || sqlx::query(FIND_TOGETHER).bind(keys.clone())).await;
    let found = found.and_then(|rows| by_key(vault, &rows).map_err(|error| unavailable(DOING, error)));
    for (key, reply) in together {
        let answer = match &found {
            Ok(found) => found.get(&key).cloned().transpose(),
            Err(error) => Err(why(error)),
        };
        // Who has left needs no answer.
        let _ = reply.send(answer);
    }
}

/// Returns the records of rows, each for itself.
fn by_key(vault: &Vault, found: &[PgRow]) -> Result<HashMap<String, Result<Arc<Record>, String>>, BoxError> {
    let record = |row| rows::record(vault, row).map(Arc::new).map_err(|error| error.to_string());
    found.iter().map(|row| Ok((row.try_get(12)?, record(row)))).collect()
}

fn why(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
