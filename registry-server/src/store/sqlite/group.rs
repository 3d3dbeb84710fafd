//! One transaction for many callers.
//!
//! What the expectations of all batches need is read first, each batch is then decided in memory, and
//! what the successful ones lead to is written set by set. A batch whose expectation fails therefore
//! never wrote anything, and the number of statements does not grow with the number of batches.

use std::collections::HashMap;

use indexmap::{IndexMap, IndexSet};
use radii_model::ResourceId;
use radii_runtime::store::{Batch, Expect, Operation, OperationId, Record, State, Write};
use radii_runtime::{Fault, Timestamp};
use serde_json::{Value as Json, json};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::rows;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

const HEADS: &str = "
    SELECT key, sequence, revision FROM record WHERE key IN (SELECT value FROM json_each(?1))";

const HOLDS: &str = "
    SELECT id, attempt, lease_until IS NOT NULL, ended_at IS NOT NULL
    FROM operation WHERE id IN (SELECT value FROM json_each(?1))";

const DELETE_RECORDS: &str = "
    DELETE FROM record WHERE key IN (SELECT value FROM json_each(?1))";

const PUT_RECORDS: &str = "
    INSERT INTO record (sequence, key, parent, kind, id, type_name, api_version, location, state, operation,
                        revision, created_at, updated_at, tags, properties, private)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
           value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15
    FROM json_each(?1) WHERE true
    ON CONFLICT (key) DO UPDATE SET
        kind = excluded.kind, id = excluded.id, type_name = excluded.type_name,
        api_version = excluded.api_version, location = excluded.location, state = excluded.state,
        operation = excluded.operation, revision = excluded.revision, created_at = excluded.created_at,
        updated_at = excluded.updated_at, tags = excluded.tags, properties = excluded.properties,
        private = excluded.private";

const ENQUEUE: &str = "
    INSERT INTO operation (sequence, id, resource, verb, api_version, state, error, attempt, run_after, payload,
                           created_at, ended_at)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
           value->>9, value->>10, value->>11
    FROM json_each(?1)";

const ADVANCE: &str = "
    UPDATE operation SET state = change.value->>1, error = change.value->>2, ended_at = change.value->>3,
           lease_until = CASE WHEN change.value->>3 IS NULL THEN lease_until END,
           payload = CASE WHEN change.value->>3 IS NULL THEN payload ELSE 'null' END
    FROM json_each(?1) AS change WHERE operation.id = change.value->>0";

const REMEMBER_COUNTER: &str = "UPDATE counter SET value = ?1";

/// Whether a batch happened; otherwise, what was not as expected.
pub(super) type Decision = Result<(), String>;

/// Carries out batches inside the open transaction and returns what became of each.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    counter: &mut u64,
    now: Timestamp,
    batches: &[&Batch],
) -> Result<Vec<Decision>, BoxError> {
    let mut plan = Plan::load(connection, *counter, batches).await?;
    let decisions = batches.iter().map(|batch| plan.decide(batch, now)).collect();
    plan.write(connection).await?;
    *counter = plan.counter;
    Ok(decisions)
}

/// What is known of a stored record.
#[derive(Clone, Copy)]
struct Head {
    sequence: u64,
    revision: u64,
}

/// What is known of an operation.
#[derive(Clone, Copy)]
struct Hold {
    attempt: u32,
    leased: bool,
    ended: bool,
}

/// What one batch leads to, until it is known to succeed.
#[derive(Default)]
struct Draft<'a> {
    heads: HashMap<String, Option<Head>>,
    holds: HashMap<OperationId, Hold>,
    effects: Vec<Effect<'a>>,
}

enum Effect<'a> {
    Put { key: String, record: &'a Record, head: Head },
    Delete { key: String },
    Enqueue { operation: &'a Operation, sequence: u64 },
    Advance { id: OperationId, state: State, error: Option<&'a Fault>, ended_at: Option<Timestamp> },
}

/// What all batches so far lead to.
struct Plan<'a> {
    counter: u64,
    counted_before: u64,
    heads: HashMap<String, Option<Head>>,
    holds: HashMap<OperationId, Hold>,
    deletes: IndexSet<String>,
    puts: IndexMap<String, (&'a Record, Head)>,
    enqueued: Vec<(&'a Operation, u64)>,
    advanced: IndexMap<OperationId, Json>,
}

impl<'a> Plan<'a> {
    async fn load(
        connection: &mut SqliteConnection,
        counter: u64,
        batches: &[&'a Batch],
    ) -> Result<Plan<'a>, BoxError> {
        let mut keys = IndexSet::new();
        let mut operations = IndexSet::new();
        for write in batches.iter().flat_map(|batch| batch.iter()) {
            match write {
                Write::Put { record, .. } => drop(keys.insert(record.id.key())),
                Write::Delete { id, .. } => drop(keys.insert(id.key())),
                Write::Enqueue(operation) => drop(operations.insert(operation.id.to_string())),
                Write::Advance { id, .. } => drop(operations.insert(id.to_string())),
            }
        }
        Ok(Plan {
            counter,
            counted_before: counter,
            heads: load_heads(connection, &keys).await?,
            holds: load_holds(connection, &operations).await?,
            deletes: IndexSet::new(),
            puts: IndexMap::new(),
            enqueued: Vec::new(),
            advanced: IndexMap::new(),
        })
    }

    /// Takes a batch in if all that it expects holds.
    fn decide(&mut self, batch: &'a Batch, now: Timestamp) -> Decision {
        let mut draft = Draft::default();
        for write in batch {
            match write {
                Write::Put { record, expect } => self.put(&mut draft, record, *expect)?,
                Write::Delete { id, expect } => self.delete(&mut draft, id, *expect)?,
                Write::Enqueue(operation) => self.enqueue(&mut draft, operation)?,
                Write::Advance { id, attempt, state, error } => {
                    self.advance(&mut draft, *id, *attempt)?;
                    let ended_at = state.is_terminal().then_some(now);
                    draft.effects.push(Effect::Advance { id: *id, state: *state, error: error.as_ref(), ended_at });
                    if let (Some(_), Some(hold)) = (ended_at, draft.holds.get_mut(id)) {
                        *hold = Hold { ended: true, leased: false, ..*hold };
                    }
                }
            }
        }
        self.take(draft);
        Ok(())
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Returns what stands under a key after all writes so far, if that is what was expected.
    fn expect(&self, draft: &Draft<'a>, key: &str, expect: Expect, id: &ResourceId) -> Result<Option<Head>, String> {
        let head = draft.heads.get(key).or_else(|| self.heads.get(key)).copied().flatten();
        let holds = match expect {
            Expect::Any => true,
            Expect::Absent => head.is_none(),
            Expect::Revision(revision) => head.is_some_and(|head| head.revision == revision),
        };
        if holds { Ok(head) } else { Err(id.to_string()) }
    }

    fn put(&mut self, draft: &mut Draft<'a>, record: &'a Record, expect: Expect) -> Decision {
        let key = record.id.key();
        let before = self.expect(draft, &key, expect, &record.id)?;
        let revision = self.next();
        let head = Head { sequence: before.map_or(revision, |head| head.sequence), revision };
        draft.heads.insert(key.clone(), Some(head));
        draft.effects.push(Effect::Put { key, record, head });
        Ok(())
    }

    fn delete(&mut self, draft: &mut Draft<'a>, id: &ResourceId, expect: Expect) -> Decision {
        let key = id.key();
        if self.expect(draft, &key, expect, id)?.is_some() {
            draft.heads.insert(key.clone(), None);
            draft.effects.push(Effect::Delete { key });
        }
        Ok(())
    }

    fn enqueue(&mut self, draft: &mut Draft<'a>, operation: &'a Operation) -> Decision {
        if draft.holds.contains_key(&operation.id) || self.holds.contains_key(&operation.id) {
            return Err(operation.id.to_string());
        }
        let hold = Hold { attempt: operation.attempt, leased: false, ended: operation.state.is_terminal() };
        draft.holds.insert(operation.id, hold);
        let sequence = self.next();
        draft.effects.push(Effect::Enqueue { operation, sequence });
        Ok(())
    }

    fn advance(&mut self, draft: &mut Draft<'a>, id: OperationId, attempt: Option<u32>) -> Decision {
        let known = draft.holds.get(&id).or_else(|| self.holds.get(&id)).copied();
        let hold =
            known.filter(|hold| !hold.ended && attempt.is_none_or(|attempt| hold.leased && hold.attempt == attempt));
        draft.holds.insert(id, hold.ok_or_else(|| id.to_string())?);
        Ok(())
    }

    fn take(&mut self, draft: Draft<'a>) {
        self.heads.extend(draft.heads);
        self.holds.extend(draft.holds);
        for effect in draft.effects {
            match effect {
                Effect::Put { key, record, head } => drop(self.puts.insert(key, (record, head))),
                Effect::Delete { key } => {
                    self.puts.shift_remove(&key);
                    self.deletes.insert(key);
                }
                Effect::Enqueue { operation, sequence } => self.enqueued.push((operation, sequence)),
                Effect::Advance { id, state, error, ended_at } => {
                    let error = error.map(|fault| json!(fault).to_string());
                    let change = json!([id.to_string(), state.as_str(), error, ended_at.map(|time| time.0)]);
                    self.advanced.insert(id, change);
                }
            }
        }
    }

    /// Writes everything; deletions first, so that what was deleted and made again gets its new place in lists.
    async fn write(&self, connection: &mut SqliteConnection) -> Result<(), BoxError> {
        let puts = self
            .puts
            .iter()
            .map(|(key, (record, head))| rows::record_values(record, key, head.sequence, head.revision));
        let enqueued = self.enqueued.iter().map(|(operation, sequence)| rows::operation_values(operation, *sequence));
        let sets = [
            (DELETE_RECORDS, self.deletes.iter().map(|key| json!(key)).collect()),
            (PUT_RECORDS, puts.collect::<Result<Vec<_>, _>>()?),
            (ENQUEUE, enqueued.collect::<Result<Vec<_>, _>>()?),
            (ADVANCE, self.advanced.values().cloned().collect()),
        ];
        for (sql, set) in sets {
            if !set.is_empty() {
                sqlx::query(sql).bind(Json::Array(set).to_string()).execute(&mut *connection).await?;
            }
        }
        if self.counter != self.counted_before {
            sqlx::query(REMEMBER_COUNTER).bind(rows::signed(self.counter)).execute(connection).await?;
        }
        Ok(())
    }
}

async fn load_heads(
    connection: &mut SqliteConnection,
    keys: &IndexSet<String>,
) -> Result<HashMap<String, Option<Head>>, BoxError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let found = sqlx::query(HEADS).bind(json!(keys).to_string()).fetch_all(connection).await?;
    let head = |row: &sqlx::sqlite::SqliteRow| -> Result<_, BoxError> {
        let head = Head { sequence: rows::unsigned(row.try_get(1)?)?, revision: rows::unsigned(row.try_get(2)?)? };
        Ok((row.try_get(0)?, Some(head)))
    };
    found.iter().map(head).collect()
}

async fn load_holds(
    connection: &mut SqliteConnection,
    ids: &IndexSet<String>,
) -> Result<HashMap<OperationId, Hold>, BoxError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = sqlx::query(HOLDS).bind(json!(ids).to_string()).fetch_all(connection).await?;
    let hold = |row: &sqlx::sqlite::SqliteRow| -> Result<_, BoxError> {
        let hold = Hold { attempt: row.try_get(1)?, leased: row.try_get(2)?, ended: row.try_get(3)? };
        Ok((row.try_get::<&str, _>(0)?.parse()?, hold))
    };
    found.iter().map(hold).collect()
}
