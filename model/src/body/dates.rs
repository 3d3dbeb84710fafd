//! Dates and times that are nearly written as RFC 3339 wants them.

use crate::schema::{Kind, Schema};
use crate::value;

/// Seconds since 1970 that are taken for a point in time: from 1973 to 5138.
const SECONDS: std::ops::Range<i64> = 100_000_000..100_000_000_000;

/// How many milliseconds since 1970 that are, at the least and at the most.
const MILLISECONDS: std::ops::Range<i64> = 100_000_000_000..100_000_000_000_000;

/// Returns a number of seconds or milliseconds since 1970 as text of a format.
pub(super) fn since_1970(format: &str, number: &str) -> Option<String> {
    let number: i64 = number.trim().parse().ok()?;
    let point = match number {
        _ if SECONDS.contains(&number) => jiff::Timestamp::from_second(number),
        _ if MILLISECONDS.contains(&number) => jiff::Timestamp::from_millisecond(number),
        _ => return None,
    };
    let text = point.ok()?.to_string();
    match format {
        "date-time" => Some(text),
        "date" => text.split_once('T').map(|(date, _)| date.to_owned()),
        _ => None,
    }
}

/// Returns a date and a time in the form that the format has, where only their signs are others.
///
/// What separates them may be a blank, the zone `UTC`, without colon or behind a blank, and seconds may be left out.
pub(super) fn date_time(text: &str) -> Option<String> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim_start();
    let length = rest.find(|it: char| !(it.is_ascii_digit() || matches!(it, ':' | '.'))).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(length);
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let zone = zone.trim();
    let zone = match zone.to_ascii_uppercase().as_str() {
        "" | "Z" | "UTC" | "GMT" => "Z".to_owned(),
        offset if offset.len() == 5 && offset.is_ascii() => format!("{}:{}", &offset[..3], &offset[3..]),
        offset if offset.len() == 3 => format!("{offset}:00"),
        offset => offset.to_owned(),
    };
    let meant = format!("{date}T{time}{seconds}{zone}");
    let format = Schema { kind: Some(Kind::String), format: Some("date-time".to_owned()), ..Schema::default() };
    value::violations(&format, &format, &meant.as_str().into()).is_empty().then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::{date_time, since_1970};

    #[test]
    fn seconds_and_milliseconds_since_1970_become_dates() {
        assert_eq!(since_1970("date-time", "1740787200").as_deref(), Some("2025-03-01T00:00:00Z"));
        assert_eq!(since_1970("date-time", "1740787200250").as_deref(), Some("2025-03-01T00:00:00.25Z"));
        assert_eq!(since_1970("date", "1740787200").as_deref(), Some("2025-03-01"));
        assert_eq!(since_1970("date-time", "2025"), None);
        assert_eq!(since_1970("uuid", "1740787200"), None);
    }

    #[test]
    fn other_signs_between_date_and_time_are_understood() {
        let wanted = Some("2025-03-01T12:30:00Z".to_owned());
        for text in ["2025-03-01 12:30:00Z", "2025-03-01 12:30", "2025-03-01t12:30:00z", "2025-03-01 12:30:00 UTC"] {
            assert_eq!(date_time(text), wanted, "{text}");
        }
        assert_eq!(date_time("2025-03-01 12:30:00+0200").as_deref(), Some("2025-03-01T12:30:00+02:00"));
        assert_eq!(date_time("2025-03-01 12:30:00 +02:00").as_deref(), Some("2025-03-01T12:30:00+02:00"));
        for text in ["2025-03-01", "2025-03-01 25:30:00", "tomorrow, at noon", "äöü"] {
            assert_eq!(date_time(text), None, "{text}");
        }
    }
}
