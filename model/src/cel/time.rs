//! Points in time and spans between them.

/// A span in nanoseconds, some 292 years at most.
pub(super) type Nanos = i64;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duration(pub(super) Nanos);

/// A point in time: seconds since 1970 and nanoseconds beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp {
    pub(super) seconds: i64,
    pub(super) nanos: u32,
}

/// 0001-01-01T00:00:00Z, the first point in time that the language knows.
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;
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
    /// A point in time that the language knows.
    pub(super) fn new(seconds: i64, nanos: u32) -> Option<Self> {
        (FIRST..=LAST).contains(&seconds).then_some(Self { seconds, nanos })
    }

    /// Reads RFC 3339, such as `2025-01-01T10:00:00.5+02:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let field = |at: usize, length: usize| -> Option<i64> {
            let digits = text.get(at..at + length)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let sign = |at: usize, allowed: &[u8]| bytes.get(at).filter(|byte| allowed.contains(byte));
        sign(4, b"-").and(sign(7, b"-")).and(sign(10, b"Tt ")).and(sign(13, b":")).and(sign(16, b":"))?;
        let (year, month, day) = (field(0, 4)?, field(5, 2)?, field(8, 2)?);
        let (hour, minute, second) = (field(11, 2)?, field(14, 2)?, field(17, 2)?);
        if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut rest = text.get(19..)?;
        let mut nanos = 0;
        if let Some(part) = rest.strip_prefix('.') {
            let length = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let digits = &part[..length.min(9)];
            nanos = digits.parse::<u32>().ok()? * 10_u32.pow(9 - digits.len() as u32);
            rest = &part[length..];
        }
        let offset = match rest {
            "Z" | "z" => 0,
            _ => offset(rest)?,
        };
        let days = days_from_civil(year, month, day);
        Self::new(days * DAY + hour * 3600 + minute * 60 + second - offset, nanos)
    }

    pub(super) fn plus(self, span: Duration) -> Option<Self> {
        let nanos = i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanos) + i128::from(span.0);
        let seconds = i64::try_from(nanos.div_euclid(i128::from(SECOND))).ok()?;
        Self::new(seconds, nanos.rem_euclid(i128::from(SECOND)) as u32)
    }

    pub(super) fn since(self, other: Self) -> Option<Duration> {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let nanos = seconds * i128::from(SECOND) + i128::from(self.nanos) - i128::from(other.nanos);
        i64::try_from(nanos).ok().map(Duration)
    }

    /// As RFC 3339, in UTC.
    pub(super) fn shown(self) -> String {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(DAY));
        let within = self.seconds.rem_euclid(DAY);
        let part = format!("{:09}", self.nanos);
        let part = part.trim_end_matches('0');
        let dot = if part.is_empty() { "" } else { "." };
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{dot}{part}Z",
            within / 3600,
            within / 60 % 60,
            within % 60
        )
    }

    /// One part of the date or the time of day, at an offset in seconds.
    pub(super) fn part(self, part: Part, offset: i64) -> i64 {
        let seconds = self.seconds + offset;
        let (days, within) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        match part {
            Part::Year => year,
            Part::Month => month - 1,
            Part::Date => day,
            Part::DayOfMonth => day - 1,
            // 1970-01-01 was a Thursday; weeks begin with Sunday.
            Part::DayOfWeek => (days + 4).rem_euclid(7),
            Part::DayOfYear => days - days_from_civil(year, 1, 1),
            Part::Hours => within / 3600,
            Part::Minutes => within / 60 % 60,
            Part::Seconds => within % 60,
            Part::Milliseconds => i64::from(self.nanos / 1_000_000),
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

/// Reads the offset of a place from UTC, such as `+02:00`, in seconds; `UTC` is 0.
pub(super) fn offset(text: &str) -> Option<i64> {
    if matches!(text, "UTC" | "Z" | "") {
        return (!text.is_empty()).then_some(0);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = digits.split_once(':')?;
    let number = |text: &str| -> Option<i64> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; years begin with March here, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
