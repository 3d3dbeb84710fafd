//! Time and random ids.

use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::super::expression::{Evaluator, Expr, Phase, Stop};
use super::moment::write;
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
    let moment = fixed(span).and_then(|time| parse(text).map(|moment| moment.checked_add(time)))?;
    let moment = moment.map_err(|_| format!("`{text}` and `{duration}` have no sum"))?;
    let pattern = args.get(2).map_or(Ok("yyyy-MM-ddTHH:mm:ssZ"), as_text)?;
    Ok(write(moment, pattern)?.into())
}

/// Returns how long a duration is: a year has 365 days and a month 30, whatever the calendar says (documented upstream).
fn fixed(span: jiff::Span) -> Result<jiff::SignedDuration, String> {
    let days = i64::from(span.get_years()) * 365
        + i64::from(span.get_months()) * 30
        + i64::from(span.get_weeks()) * 7
        + i64::from(span.get_days());
    let time = span.years(0).months(0).weeks(0).days(0).to_duration(jiff::SpanRelativeTo::days_are_24_hours());
    let days = jiff::SignedDuration::from_hours(days * 24);
    time.ok().and_then(|time| time.checked_add(days)).ok_or_else(|| format!("`{span}` is too long"))
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
