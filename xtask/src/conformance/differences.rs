//! The wanted differences between recorded calls and those of today.

use anyhow::Context;
use camino::Utf8Path;
use regex::Regex;
use serde::Deserialize;

use super::compare::Judge;

/// The file of differences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    differences: Vec<Difference>,
}

/// One wanted difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Why we differ.
    pub why: String,
    /// The scenario's name matches.
    pub scenario: String,
    /// The call matches.
    pub call: String,
    /// Whose calls: `ours`, `upstream` or both when left out.
    #[serde(default)]
    pub of: Option<Judge>,
}

impl Difference {
    /// Whether the difference may excuse a call.
    pub fn concerns(&self, judge: Judge, scenario: &str, call: &str) -> bool {
        let fits = |pattern: &str, text: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
        self.of.is_none_or(|of| of == judge) && fits(&self.scenario, scenario) && fits(&self.call, call)
    }
}

/// Reads the file of differences.
pub fn read(path: &Utf8Path) -> anyhow::Result<Vec<Difference>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read differences `{path}`"))?;
    let file: File = serde_saphyr::from_str(&text).with_context(|| format!("`{path}` is not a file of differences"))?;
    for difference in &file.differences {
        for pattern in [&difference.scenario, &difference.call] {
            Regex::new(pattern).with_context(|| format!("`{path}` has a bad expression"))?;
        }
    }
    Ok(file.differences)
}
