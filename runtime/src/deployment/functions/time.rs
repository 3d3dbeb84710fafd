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
    let pattern = args.get(2).map_or(Ok("yyyy-MM-ddTHH:mm:ssZ"), as_text)?;
    Ok(write(moment, pattern)?.into())
}

fn parse(text: &str) -> Result<jiff::Timestamp, String> {
    let compact = jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", text).ok().and_then(|parsed| parsed.to_datetime().ok());
    let compact = compact.and_then(|moment| moment.to_zoned(TimeZone::UTC).ok()).map(|moment| moment.timestamp());
    compact.or_else(|| text.parse().ok()).ok_or_else(|| format!("`{text}` is no moment such as `2025-01-31T12:00:00Z`"))
}

/// Writes a moment by a pattern of letters, as .NET reads them.
fn write(moment: jiff::Timestamp, pattern: &str) -> Result<String, String> {
    const PARTS: [(&str, &str); 15] = [
        ("yyyy", "%Y"),
        ("yy", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("dddd", "%A"),
        ("ddd", "%a"),
        ("dd", "%d"),
        ("HH", "%H"),
        ("hh", "%I"),
        ("mm", "%M"),
        ("ss", "%S"),
        ("fff", "%3f"),
        ("tt", "%p"),
        ("M", "%-m"),
    ];
    let pattern = match pattern {
        "d" => "MM/dd/yyyy",
        "o" | "O" | "u" | "s" => "yyyy-MM-ddTHH:mm:ssZ",
        other => other,
    };
    let mut translated = String::new();
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        let part = PARTS.iter().find_map(|(letters, code)| Some((rest.strip_prefix(letters)?, *code)));
        if let Some((after, code)) = part {
            translated.push_str(code);
            rest = after;
            continue;
        }
        if next.is_ascii_alphabetic() && !matches!(next, 'T' | 'Z') {
            return Err(format!("the letter `{next}` of the time format `{pattern}` is not known"));
        }
        translated.push_str(if next == '%' { "%%" } else { &rest[..next.len_utf8()] });
        rest = &rest[next.len_utf8()..];
    }
    Ok(moment.to_zoned(TimeZone::UTC).strftime(&translated).to_string())
}
