//! Rate limits: one bucket of requests per client, refilled steadily.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Clients that are remembered; when more come, those whose buckets are full are forgotten.
const REMEMBERED: usize = 10_000;

/// How many requests a client may send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Requests per second in the long run.
    pub per_second: f64,
    /// Requests at once after a pause.
    pub burst: f64,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// The buckets of all clients.
pub struct Limiter {
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limiter {
    /// Returns a limiter that knows nobody yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Takes one request out of a client's bucket.
    ///
    /// # Errors
    /// How long the client should wait when the bucket is empty.
    pub fn take(&self, client: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED && !buckets.contains_key(client) {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.rate.burst);
            if buckets.len() >= REMEMBERED {
                // Better to forget everybody once than to grow without bound.
                buckets.clear();
            }
        }
        let bucket = buckets.entry(client.to_owned()).or_insert(Bucket { tokens: self.rate.burst, at: now });
        let tokens = self.filled(*bucket, now);
        if tokens < 1.0 {
            *bucket = Bucket { tokens, at: now };
            return Err(Duration::from_secs_f64((1.0 - tokens) / self.rate.per_second));
        }
        *bucket = Bucket { tokens: tokens - 1.0, at: now };
        Ok(())
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * self.rate.per_second;
        (bucket.tokens + gained).min(self.rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_burst_then_its_rate_and_others_are_not_touched() {
        let limiter = Limiter::new(Rate { per_second: 2.0, burst: 3.0 });
        let start = Instant::now();
        for _ in 0..3 {
            limiter.take("a", start).unwrap();
        }
        assert_eq!(limiter.take("a", start), Err(Duration::from_millis(500)));
        limiter.take("b", start).unwrap();
        limiter.take("a", start + Duration::from_millis(500)).unwrap();
        assert!(limiter.take("a", start + Duration::from_millis(500)).is_err());
        for _ in 0..3 {
            limiter.take("a", start + Duration::from_secs(60)).unwrap();
        }
        assert!(limiter.take("a", start + Duration::from_secs(60)).is_err(), "a long pause gives the burst, not more");
    }

    #[test]
    fn the_number_of_remembered_clients_is_bounded() {
        let limiter = Limiter::new(Rate { per_second: 1.0, burst: 2.0 });
        let now = Instant::now();
        for client in 0..REMEMBERED * 2 + 10 {
            limiter.take(&client.to_string(), now).unwrap();
        }
        assert!(limiter.buckets.lock().unwrap().len() <= REMEMBERED);
    }
}
