//! How far a change at a provider is: what is kept between two requests, and survives a crash.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::store::{OperationId, Record};

/// Where [`Progress`] stands in a note's private data.
const KEY: &str = "change";
/// How long a provider that fails is asked again: some fifty requests.
const PATIENCE: Duration = Duration::from_secs(750);
/// How long one change may take.
const LIMIT: Duration = Duration::from_secs(4 * 60 * 60);
/// The longest pause that a provider can ask for.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// All that is known about one change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The operation that it belongs to.
    operation: OperationId,
    began: Timestamp,
    /// Whether the group had no note of the resource before.
    pub is_new: bool,
    /// What is looked at until it says how the change ended; `None` before the provider has accepted it.
    pub watch: Option<Watch>,
    /// Whether a request may have changed something although its answer does not say so.
    pub is_uncertain: bool,
    /// Requests in a row that led to nothing, and when the first of them was sent.
    failures: u32,
    failing_since: Option<Timestamp>,
}

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Watch {
    /// A document with a `status`.
    Status(String),
    /// What is answered with 202 until there is a result.
    Result(String),
    /// The resource itself, by its `provisioningState`.
    Resource,
}

impl Progress {
    /// Returns the progress of a change that nobody has begun.
    pub(super) fn new(operation: OperationId, began: Timestamp, is_new: bool) -> Self {
        Self { operation, began, is_new, watch: None, is_uncertain: false, failures: 0, failing_since: None }
    }

    /// Returns what a note keeps about a change; a new one where that is about another change.
    pub(super) fn load(record: &Record, operation: OperationId, now: Timestamp) -> Self {
        let kept = record.private.data.get(KEY).and_then(|kept| serde_json::from_value::<Self>(kept.clone()).ok());
        kept.filter(|kept| kept.operation == operation).unwrap_or_else(|| Self::new(operation, now, false))
    }

    /// Writes into a note; the worker stores it.
    pub(super) fn save(&self, record: &mut Record) {
        let value = serde_json::to_value(self).expect("progress has string keys only");
        record.private.data.insert(KEY.into(), value);
    }

    /// Forgets what only a change needs.
    pub(super) fn clear(record: &mut Record) {
        record.private.data.shift_remove(KEY);
    }

    /// Whether it has taken longer than any change may.
    pub(super) fn is_overdue(&self, now: Timestamp) -> bool {
        now > self.began.after(LIMIT)
    }

    /// How long one change may take.
    pub(super) fn limit() -> Duration {
        LIMIT
    }

    /// Notes that the provider answered as it should.
    pub(super) fn goes_well(&mut self) {
        (self.failures, self.failing_since) = (0, None);
    }

    /// Notes that a request led to nothing, and returns how long to wait before the next; `None` when it is time to
    /// give up.
    pub(super) fn fails(&mut self, now: Timestamp, wish: Option<Duration>) -> Option<Duration> {
        let since = *self.failing_since.get_or_insert(now);
        self.failures += 1;
        let pause = wish.unwrap_or_else(|| self.backoff()).min(LONGEST);
        (now.after(pause) <= since.after(PATIENCE)).then_some(pause)
    }

    /// How many requests in a row led to nothing.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Twice as long each time, from a second to half a minute, and for each operation a little different: what failed
    /// together should not come back together.
    fn backoff(&self) -> Duration {
        let seconds = 1_u64 << self.failures.saturating_sub(1).min(5);
        let share = u64::from(self.operation.as_bytes()[15]);
        let jitter = seconds.min(30) * 250 * share / 255;
        Duration::from_millis(seconds.min(30) * 1_000 + jitter)
    }

    /// How long to wait before the next look: what the provider wants, else longer the longer it takes.
    pub(super) fn pause(&self, now: Timestamp, wish: Option<Duration>) -> Duration {
        let age = now.0.saturating_sub(self.began.0);
        let milliseconds = match age {
            ..5_000 => 500,
            5_000..30_000 => 1_000,
            _ => 5_000,
        };
        wish.unwrap_or(Duration::from_millis(milliseconds)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress::new(OperationId::from_u128(0xff), Timestamp(0), true)
    }

    #[test]
    fn a_provider_that_fails_is_asked_less_and_less_often_and_given_up_in_the_end() {
        let (mut progress, mut now, mut requests) = (progress(), Timestamp(0), 0);
        let mut pauses = Vec::new();
        while let Some(pause) = progress.fails(now, None) {
            pauses.push(pause.as_secs_f64());
            now = now.after(pause);
            requests += 1;
        }
        assert_eq!(pauses[..6], [1.25, 2.5, 5.0, 10.0, 20.0, 37.5]);
        assert!(
            (15..60).contains(&requests) && now <= Timestamp(0).after(PATIENCE),
            "{requests} requests until {now:?}"
        );
    }

    #[test]
    fn what_the_provider_wants_counts_within_reason() {
        let mut progress = progress();
        let wish = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(progress.fails(Timestamp(0), wish(7)), wish(7));
        assert_eq!(progress.pause(Timestamp(0), wish(1_000_000)), LONGEST);
        assert_eq!(progress.fails(Timestamp(0), wish(800)), None, "that is longer than anybody waits");
        progress.goes_well();
        assert_eq!(progress.failures(), 0);
    }

    #[test]
    fn what_is_known_of_an_earlier_change_is_not_taken_for_this_one() {
        let mut record = crate::store::Record {
            id: "/planes/radius/local/resourceGroups/g/providers/A.B/c/d".parse().unwrap(),
            type_name: String::new(),
            api_version: None,
            location: None,
            tags: None,
            properties: serde_json::Map::new(),
            private: crate::store::Private::default(),
            state: crate::store::State::Updating,
            operation: None,
            revision: 0,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let mut kept = progress();
        kept.watch = Some(Watch::Resource);
        kept.save(&mut record);
        assert_eq!(Progress::load(&record, kept.operation, Timestamp(9)), kept);
        let other = Progress::load(&record, OperationId::from_u128(2), Timestamp(9));
        assert_eq!((other.watch, other.began, other.is_new), (None, Timestamp(9), false));
    }
}
