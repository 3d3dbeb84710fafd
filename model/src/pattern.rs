//! Regular expressions of schemas: RE2 syntax, run by the `regex` crate.

use regex::Regex;

/// Compiles an RE2 expression.
///
/// # Errors
/// Says what RE2 does not know: look-around, back-references, unbalanced brackets, …
pub fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| error.to_string())
}
