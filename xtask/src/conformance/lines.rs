//! Two texts side by side, as lines that were taken away and lines that were added.

use std::fmt::Write as _;

/// Lines around a change that are printed, too.
const CONTEXT: usize = 2;
/// More lines than this are not compared one by one.
const MOST: usize = 1500;

/// Describes how a text differs from the recorded one: `-` was recorded, `+` is printed now.
pub fn difference(what: &str, recorded: &str, now: &str) -> String {
    let (recorded, now): (Vec<&str>, Vec<&str>) = (recorded.lines().collect(), now.lines().collect());
    let mut text = format!("{what}:");
    if recorded.len() > MOST || now.len() > MOST {
        let _ = write!(text, " {} lines were recorded, now there are {}", recorded.len(), now.len());
        return text;
    }
    let script = script(&recorded, &now);
    let is_near = |at: usize| {
        script[at.saturating_sub(CONTEXT)..script.len().min(at + CONTEXT + 1)].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut left_out = false;
    for (at, (sign, line)) in script.iter().enumerate() {
        if is_near(at) {
            let _ = write!(text, "\n{sign} {line}");
            left_out = false;
        } else if !left_out {
            text.push_str("\n  …");
            left_out = true;
        }
    }
    text
}

/// Returns all lines with ` `, `-` or `+`, by the longest common subsequence.
fn script<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(char, &'a str)> {
    let same = |a: &str, b: &str| a.trim_end() == b.trim_end();
    let mut lengths = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for at in (0..before.len()).rev() {
        for to in (0..after.len()).rev() {
            lengths[at][to] = if same(before[at], after[to]) {
                lengths[at + 1][to + 1] + 1
            } else {
                lengths[at + 1][to].max(lengths[at][to + 1])
            };
        }
    }
    let (mut at, mut to, mut script) = (0, 0, Vec::new());
    while at < before.len() || to < after.len() {
        if at < before.len() && to < after.len() && same(before[at], after[to]) {
            script.push((' ', before[at]));
            (at, to) = (at + 1, to + 1);
        } else if to == after.len() || (at < before.len() && lengths[at + 1][to] >= lengths[at][to + 1]) {
            script.push(('-', before[at]));
            at += 1;
        } else {
            script.push(('+', after[to]));
            to += 1;
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_shown_with_its_surroundings() {
        let shown = difference("stdout", "a\nb\nc\nd\ne", "a\nb\nc\nd\nf");
        assert_eq!(shown, "stdout:\n  …\n  c\n  d\n- e\n+ f");
    }
}
