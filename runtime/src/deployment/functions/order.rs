//! The order of texts: that of a dictionary, not of code points.

use std::cmp::Ordering;

/// Signs in the order of the Unicode collation's root; letters and digits come after them.
const SIGNS: &str = "\t\n\u{b}\u{c}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Compares two texts: signs before digits before letters, and only between texts that are otherwise the same small letters
/// before capitals.
pub(super) fn compare(one: &str, two: &str) -> Ordering {
    let keys = |text: &str| text.chars().flat_map(char::to_lowercase).map(key).collect::<Vec<_>>();
    let casing = || one.chars().map(char::is_uppercase).cmp(two.chars().map(char::is_uppercase));
    keys(one).cmp(&keys(two)).then_with(casing).then_with(|| one.cmp(two))
}

/// Returns the place of a small letter or sign: its kind, and the place among that.
fn key(letter: char) -> (u8, u32) {
    match SIGNS.chars().position(|sign| sign == letter) {
        Some(at) => (0, at as u32),
        None if letter.is_alphanumeric() => (1, letter.into()),
        None => (0, u32::from(letter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_as_in_a_dictionary() {
        let sorted = ["", "_a", "-a", "1", "10", "2", "a", "A", "a-b", "ab", "aB", "Ab", "AB", "b", "é"];
        for pair in sorted.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("ab", "ab"), Ordering::Equal);
    }
}
