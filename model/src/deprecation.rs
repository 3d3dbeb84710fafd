//! API versions that are on their way out: since when, until when, and what to read about it.
//!
//! It stands on the schema of the version: `deprecated: true`, which OpenAPI knows, or with dates under vendor
//! extensions that Radius ignores.

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::ApiVersion;

/// On the schema of a version: the date (`2026-01-31`) since when, or from when on, it is deprecated.
pub const DEPRECATED: &str = "x-radii-deprecated";

/// On the schema of a version: the date from which on it may be gone.
pub const SUNSET: &str = "x-radii-sunset";

/// On the schema of a version: an address where people read what to do.
pub const DEPRECATION_LINK: &str = "x-radii-deprecation-link";

/// That a version is, or will be, deprecated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// Since when: midnight UTC, in seconds since the Unix epoch.
    pub since: i64,
    /// From when on it may be gone.
    pub sunset: Option<i64>,
    /// Where people read about it.
    pub link: Option<String>,
}

impl Deprecation {
    /// Returns what the schema of `version` says, as it was registered; `None` where it says nothing, or no date.
    ///
    /// A version that is marked as deprecated without a date has been so since its own date.
    pub fn of(version: &ApiVersion, schema: &Json) -> Option<Self> {
        let text = |name: &str| schema.get(name).and_then(Json::as_str);
        let marked = || {
            let is_marked = schema.get("deprecated") == Some(&Json::Bool(true)) || text(SUNSET).is_some();
            is_marked.then(|| version.to_string())
        };
        let since = text(DEPRECATED).map(str::to_owned).or_else(marked)?;
        Some(Self {
            since: seconds(since.get(..10)?)?,
            sunset: text(SUNSET).and_then(seconds),
            link: text(DEPRECATION_LINK).map(str::to_owned),
        })
    }
}

/// Returns what is wrong with the extensions about deprecation on the schema of a version.
///
/// `find` returns an extension as it is written.
pub fn mistakes<'j>(find: impl Fn(&str) -> Option<&'j Json>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for name in [DEPRECATED, SUNSET] {
        let Some(written) = find(name) else { continue };
        if written.as_str().and_then(seconds).is_none() {
            found.push((name, format!("`{name}` must be a date such as `2026-01-31`")));
        }
    }
    let link = find(DEPRECATION_LINK);
    let is_address = |link: &Json| {
        link.as_str().is_some_and(|link| {
            let known = link.starts_with("https://") || link.starts_with("http://");
            known && link.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'))
        })
    };
    if link.is_some_and(|link| !is_address(link)) {
        found.push((DEPRECATION_LINK, format!("`{DEPRECATION_LINK}` must be an address that begins with `https://`")));
    }
    found
}

/// Returns midnight UTC of a date, in seconds since the Unix epoch.
fn seconds(date: &str) -> Option<i64> {
    // They are written as API versions are, and no other way that the library would read.
    let version = date.parse::<ApiVersion>().ok().filter(|version| !version.is_preview())?;
    let midnight = version.date().parse::<jiff::civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(schema: &Json) -> Option<Deprecation> {
        Deprecation::of(&"2024-08-01-preview".parse().unwrap(), schema)
    }

    #[test]
    fn dates_are_counted_from_the_epoch() {
        for (date, expected) in [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2023-06-30", 1_688_083_200)] {
            assert_eq!(seconds(date), Some(expected), "{date}");
        }
        for wrong in ["2023-13-01", "2023-02-30", "soon", "2023-06-30T00:00:00Z", ""] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_version_without_a_date_is_deprecated_since_its_own() {
        assert_eq!(of(&json!({})), None);
        assert_eq!(of(&json!({ "deprecated": false })), None);
        assert_eq!(of(&json!({ "deprecated": true })).unwrap().since, 1_722_470_400);
        let told = of(&json!({ DEPRECATED: "2026-01-31", SUNSET: "2026-06-30", DEPRECATION_LINK: "https://e.x/y" }));
        let expected =
            Deprecation { since: 1_769_817_600, sunset: Some(1_782_777_600), link: Some("https://e.x/y".into()) };
        assert_eq!(told, Some(expected));
    }

    #[test]
    fn what_is_no_date_and_no_address_is_named() {
        let wrong = json!({ DEPRECATED: true, SUNSET: "2026-02-30", DEPRECATION_LINK: "javascript:alert(1)" });
        let names: Vec<_> = mistakes(|name| wrong.get(name)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [DEPRECATED, SUNSET, DEPRECATION_LINK]);
        let right = json!({ DEPRECATED: "2026-02-28" });
        assert!(mistakes(|name| right.get(name)).is_empty());
    }
}
