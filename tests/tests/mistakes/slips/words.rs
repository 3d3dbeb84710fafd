//! How words are misspelt.

use rand::Rng as _;
use rand::rngs::StdRng;

/// The rows of a keyboard.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The letter beside another one on the keyboard.
fn neighbour(letter: char) -> Option<char> {
    let row = ROWS.iter().find(|row| row.contains(letter))?;
    let at = row.find(letter)?;
    row[at + 1..].chars().next().or_else(|| row[..at].chars().next_back())
}

/// A word with one letter left out, doubled, swapped with the next one, or hit beside; never its first.
pub fn misspelt(word: &str, random: &mut StdRng) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let places: Vec<usize> = (1..letters.len()).filter(|at| letters[*at].is_ascii_alphabetic()).collect();
    if letters.len() < 4 || places.is_empty() {
        return None;
    }
    let at = places[random.random_range(0..places.len())];
    let mut own = letters.clone();
    match random.random_range(0..4) {
        0 => drop(own.remove(at)),
        1 => own.insert(at, own[at]),
        2 if at + 1 < own.len() && own[at] != own[at + 1] => own.swap(at, at + 1),
        _ => own[at] = neighbour(own[at].to_ascii_lowercase())?,
    }
    (own != letters).then(|| own.into_iter().collect())
}

/// A word in another casing.
pub fn recased(word: &str, random: &mut StdRng) -> Option<String> {
    let first = word.chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = &word[1..];
    let flipped = match first.is_ascii_uppercase() {
        true => format!("{}{rest}", first.to_ascii_lowercase()),
        false => format!("{}{rest}", first.to_ascii_uppercase()),
    };
    let all = [flipped.clone(), flipped, word.to_ascii_lowercase(), word.to_ascii_uppercase()];
    Some(all[random.random_range(0..all.len())].clone()).filter(|own| own != word)
}
