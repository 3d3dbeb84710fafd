//! "Did you mean …?"

/// Returns the candidate that is closest to `name`, if one is close enough to be a likely typo.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer than any name worth a suggestion; bounds the work that a hostile name can cause.
    if name.len() > 100 {
        return None;
    }
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let allowed = (wanted.len() / 3).clamp(1, 3);
    // Each letter more or less is a change; where letters are not bytes, lengths say little.
    let is_near = |candidate: &&str| {
        let plain = name.is_ascii() && candidate.is_ascii();
        candidate.len() <= 100 && (!plain || candidate.len().abs_diff(name.len()) <= allowed)
    };
    let distances = candidates.into_iter().filter(is_near).map(|candidate| {
        let other: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        (distance(&wanted, &other), candidate)
    });
    distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Returns the only candidate that `name` is the beginning of.
pub fn abbreviated<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let begins = |candidate: &&str| {
        candidate.get(..name.len()).is_some_and(|start| name.len() > 2 && start.eq_ignore_ascii_case(name))
    };
    only(candidates.into_iter().filter(begins))
}

/// Returns the only candidate whose words are some of those of `name` in a row, or the other way round: `min` for
/// `minReplicas`, `lotNumber` for `lot`.
pub fn related<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = words(name);
    let holds = |whole: &[String], part: &[String]| {
        !part.is_empty() && part.len() < whole.len() && whole.windows(part.len()).any(|window| window == part)
    };
    only(candidates.into_iter().filter(|candidate| {
        let own = words(candidate);
        holds(&wanted, &own) || holds(&own, &wanted)
    }))
}

/// The words of a name in camel case, with hyphens or with underscores, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    // Longer than any name worth a suggestion.
    for sign in name.chars().take(100) {
        let is_border = matches!(sign, '-' | '_' | '.' | ' ');
        if is_border || (sign.is_uppercase() && !before.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !is_border) {
            word.extend(sign.to_lowercase());
        }
        before = sign;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the candidate where there is one only.
pub(crate) fn only<'a>(mut found: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Counts the insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (row, left) in a.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in b.iter().enumerate() {
            let mut best =
                (last[column] + usize::from(left != right)).min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left == b[column - 1] && a[row - 1] == *right {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut last, current);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, related};

    #[test]
    fn typos_are_recognised_and_other_words_are_not() {
        let known = ["description", "type", "items", "readOnly"];
        assert_eq!(closest("descripton", known), Some("description"));
        assert_eq!(closest("tpye", known), Some("type"));
        assert_eq!(closest("readonly", known), Some("readOnly"));
        assert_eq!(closest("colour", known), None);
        assert_eq!(closest(&"a".repeat(10_000_000), known), None);
    }

    #[test]
    fn names_that_share_their_words_with_one_other_are_related() {
        let known = ["min", "max", "lotNumber", "host_name", "keySize", "keyUsage"];
        assert_eq!(related("minReplicas", known), Some("min"));
        assert_eq!(related("lot", known), Some("lotNumber"));
        assert_eq!(related("name", known), Some("host_name"));
        assert_eq!(related("public-host-name", known), Some("host_name"));
        assert_eq!(related("key", known), None);
        assert_eq!(related("minute", known), None);
        assert_eq!(related("min", known), None);
    }
}
