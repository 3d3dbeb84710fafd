//! Whether a pattern of RE2, which manifests use, means the same elsewhere.

/// Constructs that only RE2 and its kin know.
const RE2_ONLY: [&str; 7] = ["(?P<", "[[:", "\\Q", "\\C", "\\x{", "(?U", "(?s-"];

/// Whether an ECMAScript engine reads the pattern as RE2 does.
pub(crate) fn is_ecma(pattern: &str) -> bool {
    let foreign = ["(?i", "(?s", "(?m", "\\A", "\\z", "\\a", "\\pL", "\\pN", "\\pP", "\\pS"];
    !RE2_ONLY.iter().chain(&foreign).any(|construct| pattern.contains(construct))
}

/// Whether .NET, where Bicep evaluates patterns, reads the pattern as RE2 does.
pub(crate) fn is_dotnet(pattern: &str) -> bool {
    let foreign = ["\\pL", "\\pN", "\\pP", "\\pS"];
    !RE2_ONLY.iter().chain(&foreign).any(|construct| pattern.contains(construct))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_mean_the_same_everywhere() {
        for pattern in ["^[a-z][a-z0-9_]{0,62}$", "a|b", r"^\d{4}-\d{2}$", "(?:x)+?"] {
            assert!(is_ecma(pattern) && is_dotnet(pattern), "{pattern}");
        }
    }

    #[test]
    fn constructs_of_re2_are_recognised() {
        for pattern in ["(?P<year>[0-9]{4})", "[[:alpha:]]+", r"\Qa.b\E"] {
            assert!(!is_ecma(pattern) && !is_dotnet(pattern), "{pattern}");
        }
        assert!(is_dotnet("(?i)abc") && !is_ecma("(?i)abc"));
    }
}
