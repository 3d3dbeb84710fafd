//! What was asked for lately, so that only what is asked for again is kept.
//!
//! Whoever reads a million resources, each once, would fill memory with what nobody asks for again, and drive out what
//! is asked for all the time.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many questions are known at once.
const KNOWN: usize = 4096;
/// One in so many counts as asked again although it is not known: two that share a place would drive each other out
/// for ever.
const ANYWAY: u32 = 16;

/// Questions of lately, each in the one place that it can have.
pub(crate) struct Asked {
    hasher: RandomState,
    places: Box<[AtomicU32]>,
    count: AtomicU32,
}

impl Default for Asked {
    fn default() -> Self {
        let places = (0..KNOWN).map(|_| AtomicU32::new(0)).collect();
        Self { hasher: RandomState::new(), places, count: AtomicU32::new(0) }
    }
}

impl Asked {
    /// Notes a question, and returns whether it was asked lately.
    pub(crate) fn again(&self, question: &str) -> bool {
        let hash = self.hasher.hash_one(question);
        let place = usize::try_from(hash % KNOWN as u64).unwrap_or_default();
        // Zero is the mark of a place that is free.
        let mark = u32::try_from(hash >> 32).unwrap_or_default() | 1;
        self.places[place].swap(mark, Ordering::Relaxed) == mark
            || self.count.fetch_add(1, Ordering::Relaxed) % ANYWAY == ANYWAY - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_twice_is_asked_again() {
        let asked = Asked::default();
        assert!(!asked.again("a"));
        assert!(asked.again("a") && asked.again("a"));
        assert!(!asked.again("b"));
    }

    #[test]
    fn of_what_is_asked_once_little_is_kept_and_what_is_asked_often_is_known_in_the_end() {
        let asked = Asked::default();
        let kept = (0..100_000).filter(|number| asked.again(&number.to_string())).count();
        assert!(kept < 100_000 / 10, "{kept}");
        let often: Vec<String> = (0..2 * KNOWN).map(|number| format!("often {number}")).collect();
        let mut left: Vec<&String> = often.iter().collect();
        for _ in 0..200 {
            left.retain(|question| !asked.again(question));
        }
        assert!(left.is_empty(), "{} are never known", left.len());
    }
}
