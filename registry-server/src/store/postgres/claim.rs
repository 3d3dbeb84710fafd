//! The queue: claims, leases, and when to look again.

use std::time::Duration;

use radii_runtime::store::{Error, Operation, OperationId, beyond};
use radii_runtime::{Clock, SystemClock, Timestamp};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::read;
use crate::store::vault::Vault;
use crate::store::{rows, unavailable};

// The oldest of the first scope behind `$4`. What another server is claiming at this moment is skipped.
const CLAIM: &str = "
    UPDATE operation SET attempt = attempt + 1, lease_until = $2, worker = $3
    WHERE sequence = (SELECT sequence FROM operation
                      WHERE ended_at IS NULL AND scope > $4 AND (run_after <= $1 OR run_after > $5)
                        AND (lease_until IS NULL OR lease_until < $1 OR lease_until > $5)
                      ORDER BY scope, run_after, sequence LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, resource, verb, api_version, state, error, attempt, run_after, payload, created_at, ended_at";

const RENEW: &str = "
    UPDATE operation SET lease_until = $3
    WHERE id = $1 AND attempt = $2 AND lease_until IS NOT NULL AND ended_at IS NULL RETURNING id";

const RELEASE: &str = "
    UPDATE operation SET lease_until = NULL, run_after = $3
    WHERE id = $1 AND attempt = $2 AND lease_until IS NOT NULL AND ended_at IS NULL RETURNING id";

const NEXT_DUE: &str = "
    SELECT min(greatest(run_after, coalesce(lease_until, 0))) FROM operation WHERE ended_at IS NULL";

/// What is due and yet was not claimed is being claimed by somebody else: asking again at once would only keep
/// the database busy.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn next(
    pool: &PgPool,
    vault: &Vault,
    worker: Uuid,
    turn: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Operation>, Error> {
    const DOING: &str = "claim an operation";
    let far = beyond(now, until.since(now));
    for from in [turn, ""] {
        let claim = sqlx::query(CLAIM).bind(now.0).bind(until.0).bind(worker.to_string()).bind(from).bind(far.0);
        // Not repeated: a claim whose answer is lost is taken over when its lease runs out.
        let claimed = claim.fetch_optional(pool).await.map_err(|error| unavailable(DOING, error))?;
        if let Some(row) = claimed {
            return rows::operation(vault, &row).map(Some).map_err(|error| unavailable(DOING, error));
        }
        if from.is_empty() {
            break;
        }
    }
    Ok(None)
}

pub(super) async fn renew(pool: &PgPool, id: OperationId, attempt: u32, until: Timestamp) -> Result<bool, Error> {
    held(pool, "renew a lease", RENEW, id, attempt, until).await
}

pub(super) async fn release(pool: &PgPool, id: OperationId, attempt: u32, run_after: Timestamp) -> Result<(), Error> {
    held(pool, "give an operation back", RELEASE, id, attempt, run_after).await.map(drop)
}

async fn held(
    pool: &PgPool,
    doing: &'static str,
    sql: &'static str,
    id: OperationId,
    attempt: u32,
    moment: Timestamp,
) -> Result<bool, Error> {
    let change = || sqlx::query(sql).bind(id.to_string()).bind(i64::from(attempt)).bind(moment.0);
    Ok(!read::rows(pool, doing, change).await?.is_empty())
}

/// Returns how long nothing becomes due, `at_most` at the most.
pub(super) async fn until_due(pool: &PgPool, at_most: Duration) -> Duration {
    let found = sqlx::query(NEXT_DUE).fetch_one(pool).await;
    let due = found.ok().and_then(|row| row.try_get::<Option<i64>, _>(0).ok().flatten());
    due.map_or(at_most, |due| {
        // One more than the difference: a lease runs out after its last millisecond.
        let wait = due.saturating_sub(SystemClock.now().0).saturating_add(1);
        Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(PAUSE).min(at_most)
    })
}
