//! Time and random ids.

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::super::expression::{Evaluator, Expr, Phase, Stop};
use super::{Function, as_integer, as_text, pure, special};

pub(super) const TABLE: &[Function] = &[
    special("utcNow", 0, 1, utc_now),
    special("newGuid", 0, 0, new_guid),
    pure("dateTimeAdd", 2, 3, date_time_add),
    pure("dateTimeToEpoch", 1, 1, |args| Ok(parse(as_text(&args[0])?)?.as_second().into())),
    pure("dateTimeFromEpoch", 1, 1, |args| {
        let moment = jiff::Timestamp::from_second(as_integer(&args[0])?);
        moment.map(|moment| moment.to_string().into()).map_err(|_| format!("{} is no moment", args[0]))
    }),
];

/// Both change from run to run, so they are taken once, when the deployment begins.
fn only_in_defaults(evaluator: &Evaluator<'_, '_>, name: &str) -> Result<(), Stop> {
    if evaluator.scope.phase == Phase::Default {
        return Ok(());
    }
    Err(Stop::Error(format!("`{name}` is allowed in defaults of parameters only")))
}

fn utc_now(evaluator: &mut Evaluator<'_, '_>, name: &str, args: &[Expr]) -> Result<Json, Stop> {
    only_in_defaults(evaluator, name)?;
    let pattern = args.first().map(|arg| evaluator.eval(arg)).transpose()?;
    let pattern = pattern.as_ref().map_or(Ok("yyyyMMddTHHmmssZ"), as_text)?;
    Ok(write(evaluator.scope.surroundings.now, pattern)?.into())
}

fn new_guid(evaluator: &mut Evaluator<'_, '_>, name: &str, _: &[Expr]) -> Result<Json, Stop> {
    only_in_defaults(evaluator, name)?;
    Ok(uuid::Uuid::new_v4().to_string().into())
}

fn date_time_add(args: &[Json]) -> Result<Json, String> {
    let (text, duration) = (as_text(&args[0])?, as_text(&args[1])?);
    let span: jiff::Span = duration.parse().map_err(|_| format!("`{duration}` is no duration such as `P1DT2H`"))?;
    let moment = parse(text)?.to_zoned(TimeZone::UTC).checked_add(span);
    let moment = moment.map_err(|_| format!("`{text}` and `{duration}` have no sum"))?.timestamp();
    // Without a format the sum is written as the moment was.
    let own = if is_compact(text) { "yyyyMMddTHHmmssZ" } else { "yyyy-MM-ddTHH:mm:ssZ" };
    let pattern = args.get(2).map_or(Ok(own), as_text)?;
    Ok(write(moment, pattern)?.into())
}

fn is_compact(text: &str) -> bool {
    text.len() == 16 && text.ends_with('Z') && !text.contains('-')
}

fn parse(text: &str) -> Result<jiff::Timestamp, String> {
    const WITHOUT_ZONE: [&str; 6] = [
        "%Y%m%dT%H%M%SZ",
        "%Y-%m-%d %H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d",
    ];
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let found = zoned.or_else(|| {
        WITHOUT_ZONE.iter().find_map(|pattern| {
            let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
            let moment = parsed.to_datetime().or_else(|_| parsed.to_date().map(jiff::civil::DateTime::from)).ok()?;
            Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })
    });
    found.ok_or_else(|| format!("`{text}` is no moment such as `2025-01-31T12:00:00Z`"))
}

/// Writes a moment by a pattern of letters, as .NET reads them.
fn write(moment: jiff::Timestamp, pattern: &str) -> Result<String, String> {
    let pattern = match pattern {
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "F" => "dddd, dd MMMM yyyy HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "G" => "MM/dd/yyyy HH:mm:ss",
        "m" | "M" => "MMMM dd",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffZ",
        "r" | "R" => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        "y" | "Y" => "yyyy MMMM",
        other => other,
    };
    let letters: Vec<char> = pattern.chars().collect();
    let moment = moment.to_zoned(TimeZone::UTC);
    let mut text = String::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let run = letters[at..].iter().take_while(|other| **other == letter).count();
        match letter {
            '\'' | '"' => {
                let quoted = letters[at + 1..].iter().take_while(|other| **other != letter).count();
                text.extend(&letters[at + 1..at + 1 + quoted]);
                at += quoted + 2;
                continue;
            }
            '\\' => {
                text.extend(letters.get(at + 1));
                at += 2;
                continue;
            }
            _ => {}
        }
        match part(letter, run) {
            Some(code) => text.push_str(&moment.strftime(&code).to_string()),
            None if letter.is_ascii_alphabetic() && !matches!(letter, 'T' | 'Z') => {
                return Err(format!("the letter `{letter}` of the time format `{pattern}` is not known"));
            }
            None => text.extend(std::iter::repeat_n(letter, run)),
        }
        at += run;
    }
    Ok(text)
}

/// Returns the code of `strftime` for a letter that stands so many times in a row.
fn part(letter: char, run: usize) -> Option<String> {
    let code = match (letter, run) {
        ('y', 3..) => "%Y",
        ('y', _) => "%y",
        ('M', 4..) => "%B",
        ('M', 3) => "%b",
        ('M', 2) => "%m",
        ('M', _) => "%-m",
        ('d', 4..) => "%A",
        ('d', 3) => "%a",
        ('d', 2) => "%d",
        ('d', _) => "%-d",
        ('H', 2..) => "%H",
        ('H', _) => "%-H",
        ('h', 2..) => "%I",
        ('h', _) => "%-I",
        ('m', 2..) => "%M",
        ('m', _) => "%-M",
        ('s', 2..) => "%S",
        ('s', _) => "%-S",
        ('t', _) => "%p",
        ('z' | 'K', _) => "+00:00",
        ('f' | 'F', _) => return Some(format!("%{}f", run.min(9))),
        _ => return None,
    };
    Some(code.to_owned())
}
