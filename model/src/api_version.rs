//! API versions of resource types: a date, with or without `-preview`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A version such as `2025-01-01` or `2025-01-01-preview`.
///
/// Versions order by date; a preview precedes the stable version of its date
/// (Radius HTTP contract, parts 2.1 and 6).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiVersion {
    date: String,
    preview: bool,
}

/// The text is not `YYYY-MM-DD` with an optional `-preview`.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an API version; write a date as YYYY-MM-DD, optionally followed by -preview")]
pub struct InvalidApiVersion(pub String);

impl ApiVersion {
    /// Whether the version ends in `-preview`.
    pub fn is_preview(&self) -> bool {
        self.preview
    }

    /// The date part, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidApiVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (date, preview) = match text.strip_suffix("-preview") {
            Some(date) => (date, true),
            None => (text, false),
        };
        let shaped = date.len() == 10
            && date.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if shaped { Ok(Self { date: date.to_owned(), preview }) } else { Err(InvalidApiVersion(text.to_owned())) }
    }
}

/// Returns the version that was likely meant by a text that is none.
pub fn likely(text: &str) -> Option<String> {
    let lower = text.trim().trim_start_matches(['v', 'V']).to_ascii_lowercase();
    let numbers: Vec<&str> = lower.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let date = match numbers.as_slice() {
        [year, month, day, ..] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        [date] if date.len() == 8 => format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]),
        _ => return None,
    };
    let preview = ["pre", "alpha", "beta"].iter().any(|word| lower.contains(word));
    let version = if preview { format!("{date}-preview") } else { date };
    (version != text && version.parse::<ApiVersion>().is_ok()).then_some(version)
}

impl TryFrom<String> for ApiVersion {
    type Error = InvalidApiVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ApiVersion> for String {
    fn from(version: ApiVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.date)?;
        if self.preview { f.write_str("-preview") } else { Ok(()) }
    }
}

impl Ord for ApiVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.date, !self.preview).cmp(&(&other.date, !other.preview))
    }
}

impl PartialOrd for ApiVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_precedes_the_stable_version_of_its_date() {
        let mut versions: Vec<ApiVersion> =
            ["2025-01-01", "2024-12-31", "2025-01-01-preview"].map(|text| text.parse().unwrap()).into();
        versions.sort();
        let sorted: Vec<_> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["2024-12-31", "2025-01-01-preview", "2025-01-01"]);
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "2025-1-1", "2025-01-01-beta", "v1", "2025-01-01-preview-preview", "２025-01-01"] {
            assert_eq!(text.parse::<ApiVersion>(), Err(InvalidApiVersion(text.to_owned())));
        }
    }
}
