//! Points in time and spans between them.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A span in nanoseconds, some 292 years at most.
pub(super) type Nanos = i64;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duration(pub(super) Nanos);

/// A point in time between the years 1 and 9999, which are all that the language knows: date and time of day in UTC,
/// since the library's own points in time end a day before the last year does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(DateTime);

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const SECOND: i64 = 1_000_000_000;

impl Duration {
    /// Reads a span such as `1h30m`, `-1.5s`, `100ms`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Some(Self(0));
        }
        let mut total = 0_i128;
        loop {
            let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|length| *length > 0)?;
            let (number, after) = rest.split_at(length);
            let (factor, after) = unit(after)?;
            total = total.checked_add(scaled(number, factor)?)?;
            rest = after;
            if rest.is_empty() {
                return i64::try_from(total * sign).ok().map(Self);
            }
        }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// As the language writes it: in seconds.
    pub(super) fn shown(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / SECOND as u64, self.0.unsigned_abs() % SECOND as u64);
        let part = format!("{part:09}");
        let part = part.trim_end_matches('0');
        let dot = if part.is_empty() { "" } else { "." };
        format!("{sign}{whole}{dot}{part}s")
    }
}

fn unit(text: &str) -> Option<(i128, &str)> {
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    units.into_iter().find_map(|(name, factor)| Some((factor, text.strip_prefix(name)?)))
}

/// A decimal number times a factor, cut to whole nanoseconds.
fn scaled(number: &str, factor: i128) -> Option<i128> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && part.is_empty() || part.contains('.') || whole.len() > 20 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part = &part[..part.len().min(15)];
    let fraction: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    whole.checked_mul(factor)?.checked_add(fraction * factor / 10_i128.pow(part.len() as u32))
}

impl Timestamp {
    fn new(point: DateTime) -> Option<Self> {
        (point.year() >= 1).then_some(Self(point))
    }

    /// So many seconds since 1970.
    pub(super) fn from_seconds(seconds: i64) -> Option<Self> {
        EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok().and_then(Self::new)
    }

    /// Reads RFC 3339, such as `2025-01-01T10:00:00.5+02:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // The library reads more of ISO 8601: times without seconds and leap seconds.
        let bytes = text.as_bytes();
        let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        let is_strict = marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark));
        if !is_strict || text.get(17..19)? == "60" {
            return None;
        }
        let fraction = text.get(19..)?;
        let length = fraction.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(fraction.len());
        let (there, zone) = text.split_at(19 + length);
        let offset = if zone == "z" { Offset::UTC } else { offset(zone)? };
        let there: DateTime = there.parse().ok()?;
        there.checked_sub(SignedDuration::from_secs(offset.seconds().into())).ok().and_then(Self::new)
    }

    /// Whole seconds since 1970, rounded down.
    pub(super) fn seconds(self) -> i64 {
        let since = self.0.duration_since(EPOCH);
        since.as_secs() - i64::from(since.subsec_nanos() < 0)
    }

    pub(super) fn plus(self, span: Duration) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_nanos(span.0)).ok().and_then(Self::new)
    }

    pub(super) fn since(self, other: Self) -> Option<Duration> {
        i64::try_from(self.0.duration_since(other.0).as_nanos()).ok().map(Duration)
    }

    /// As RFC 3339, in UTC.
    pub(super) fn shown(self) -> String {
        format!("{}Z", self.0)
    }

    /// One part of the date or the time of day, at an offset from UTC.
    pub(super) fn part(self, part: Part, offset: Offset) -> i64 {
        let there = self.0.saturating_add(SignedDuration::from_secs(offset.seconds().into()));
        match part {
            Part::Year => there.year().into(),
            Part::Month => i64::from(there.month()) - 1,
            Part::Date => there.day().into(),
            Part::DayOfMonth => i64::from(there.day()) - 1,
            Part::DayOfWeek => there.weekday().to_sunday_zero_offset().into(),
            Part::DayOfYear => i64::from(there.day_of_year()) - 1,
            Part::Hours => there.hour().into(),
            Part::Minutes => there.minute().into(),
            Part::Seconds => there.second().into(),
            Part::Milliseconds => there.millisecond().into(),
        }
    }
}

/// What can be asked of a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Part {
    /// The same of a span; `None` for parts of dates.
    pub(super) fn of_span(self, span: Duration) -> Option<i64> {
        Some(match self {
            Part::Hours => span.0 / (3600 * SECOND),
            Part::Minutes => span.0 / (60 * SECOND),
            Part::Seconds => span.0 / SECOND,
            Part::Milliseconds => span.0 / 1_000_000 % 1000,
            _ => return None,
        })
    }
}

/// Reads the offset of a place from UTC, such as `+02:00`; `UTC` is none.
pub(super) fn offset(text: &str) -> Option<Offset> {
    if matches!(text, "UTC" | "Z") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str| -> Option<i32> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then(|| Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}
