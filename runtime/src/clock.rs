//! Time and identity, through traits so that a test can replay both.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns how long before this another moment was; nothing when it was not.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the moment `duration` later.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::fmt::Display for Timestamp {
    /// Writes RFC 3339 with milliseconds, such as `2025-01-01T00:00:00.000Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.3}")
    }
}

/// Where the runtime core takes the time from.
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// Where the runtime core takes new identities from.
pub trait Ids: Send + Sync {
    /// Returns an id that was never returned before.
    fn next(&self) -> uuid::Uuid;
}

/// Ids that sort in the order they were given by this process (UUID version 7): by the millisecond, and within one by a
/// counter; the rest of them is random.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

/// Bits of the counter within a millisecond, which stand behind the version.
const COUNTED: u32 = 12;

/// Milliseconds and counter of the last id. A millisecond with more ids than the counter holds borrows from the next one,
/// and a clock that is set back does not turn the order round.
static LAST: AtomicU64 = AtomicU64::new(0);

impl Ids for SystemIds {
    fn next(&self) -> uuid::Uuid {
        let now = u64::try_from(SystemClock.now().0).unwrap_or_default() << COUNTED;
        let after = |last: u64| Some(now.max(last + 1));
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).unwrap_or_else(|last| last);
        let moment = now.max(last + 1);
        // Asking the system for random bytes each time would cost more than the rest of it.
        let mut bytes: [u8; 10] = rand::random();
        bytes[..2].copy_from_slice(&u16::try_from(moment & ((1 << COUNTED) - 1)).unwrap_or_default().to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(moment >> COUNTED, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_in_the_order_they_were_given() {
        let ids: Vec<uuid::Uuid> = (0..20_000).map(|_| SystemIds.next()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }
}
