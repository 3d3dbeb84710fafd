//! A provider that does not answer is left alone for a while: one slow address must not hold up everyone.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// So many failures in a row open a circuit.
const FAILURES: u32 = 5;
/// How long an open circuit lets nothing through; then one request may try.
pub const REST: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
struct Circuit {
    failures: u32,
    closed_again: Option<Instant>,
}

/// One circuit per address that failed lately.
#[derive(Debug, Default)]
pub struct Circuits {
    failing: HashMap<String, Circuit>,
}

impl Circuits {
    /// Whether a request to `address` may go out now.
    ///
    /// After the rest exactly one may; the others wait for its result.
    pub fn admit(&mut self, address: &str, now: Instant) -> bool {
        let Some(circuit) = self.failing.get_mut(address) else { return true };
        match circuit.closed_again {
            Some(end) if now < end => false,
            Some(_) => {
                circuit.closed_again = Some(now + REST);
                true
            }
            None => true,
        }
    }

    /// Takes down that an address answered, whatever it said.
    pub fn answered(&mut self, address: &str) {
        self.failing.remove(address);
    }

    /// Takes down that an address did not answer.
    pub fn failed(&mut self, address: &str, now: Instant) {
        let circuit = self.failing.entry(address.to_owned()).or_insert(Circuit { failures: 0, closed_again: None });
        circuit.failures += 1;
        if circuit.failures >= FAILURES {
            circuit.closed_again = Some(now + REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_again_and_again_is_left_alone_until_one_request_gets_through() {
        let (mut circuits, start) = (Circuits::default(), Instant::now());
        for _ in 0..FAILURES {
            assert!(circuits.admit("a", start));
            circuits.failed("a", start);
        }
        assert!(!circuits.admit("a", start));
        assert!(circuits.admit("b", start), "other addresses are not concerned");
        let later = start + REST;
        assert!(circuits.admit("a", later), "one may try");
        assert!(!circuits.admit("a", later), "only one");
        circuits.failed("a", later);
        assert!(!circuits.admit("a", later + REST / 2));
        assert!(circuits.admit("a", later + REST));
        circuits.answered("a");
        assert!(circuits.admit("a", later) && circuits.admit("a", later));
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let (mut circuits, now) = (Circuits::default(), Instant::now());
        for _ in 0..3 {
            (0..FAILURES - 1).for_each(|_| circuits.failed("a", now));
            circuits.answered("a");
        }
        assert!(circuits.admit("a", now));
    }
}
