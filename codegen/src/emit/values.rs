//! Values of a program as JSON: defaults, examples, arguments.

use serde_json::{Map, Value as Json};
use typespec::Program;
use typespec::program::{Intrinsic, TypeId, TypeKind, ValueId, ValueKind};

use super::facts;

/// How a value is written: the encoding's name, and the scalar that is written.
pub(crate) type Encoding = (Option<String>, Option<TypeId>);

/// Returns a value as JSON; `None` when it has no such form.
///
/// `ty` is what the value is of: it gives names on the wire and encodings of what is inside.
pub(crate) fn json(program: &Program, value: ValueId, ty: Option<TypeId>, encoding: Option<&Encoding>) -> Option<Json> {
    Some(match &program[value].kind {
        ValueKind::String { text, .. } => Json::from(&**text),
        ValueKind::Number { number, .. } => facts::json_number(number).map_or(Json::Null, Json::Number),
        ValueKind::Boolean { truth, .. } => Json::Bool(*truth),
        ValueKind::Null => Json::Null,
        ValueKind::EnumMember(member) => facts::member_value(program, *member),
        ValueKind::Array(items) => {
            let element = ty.and_then(|ty| program.model(ty)?.indexer).map(|indexer| indexer.value);
            items.iter().map(|item| json(program, *item, element, None)).collect::<Option<Vec<Json>>>()?.into()
        }
        ValueKind::Object(members) => {
            let model = ty.and_then(|ty| model_with(program, ty, members.iter().map(|member| &*member.name)));
            let mut out = Map::new();
            for member in members {
                let property = model.and_then(|model| program.find_property(model, &member.name));
                let name = property.map_or(&*member.name, |property| facts::wire_name(program, property));
                let ty = property.and_then(|property| program.property(property)).map(|property| property.ty);
                let encoding = property.and_then(|property| facts::encoding(program, property));
                out.insert(name.to_owned(), json(program, member.value, ty, encoding.as_ref())?);
            }
            Json::Object(out)
        }
        ValueKind::Scalar { scalar, constructor, arguments } => {
            let own = encoding.cloned().or_else(|| facts::encoding(program, *scalar));
            constructed(program, *scalar, constructor, arguments, own.as_ref())?
        }
        ValueKind::Function(_) => return None,
    })
}

/// Returns a literal type as JSON.
pub(crate) fn literal(program: &Program, ty: TypeId) -> Option<Json> {
    Some(match &program[ty].kind {
        TypeKind::String(text) => Json::from(&**text),
        // A literal is as near as a double comes to it.
        TypeKind::Number(number) => self::number(number.value.to_string().parse().ok()?),
        TypeKind::Boolean(truth) => Json::Bool(*truth),
        TypeKind::EnumMember(_) => facts::member_value(program, ty),
        TypeKind::StringTemplate(template) => Json::from(&**template.text.as_ref()?),
        TypeKind::Intrinsic(Intrinsic::Null) => Json::Null,
        TypeKind::UnionVariant(variant) => literal(program, variant.ty)?,
        TypeKind::Tuple(items) => items.iter().map(|item| literal(program, *item)).collect::<Option<Vec<_>>>()?.into(),
        TypeKind::Model(model) => {
            let properties = model
                .properties
                .iter()
                .map(|(name, property)| Some((name.to_string(), literal(program, program.property(property)?.ty)?)));
            Json::Object(properties.collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}

/// Returns a type that describes data, such as a model of literals, as that data.
pub(crate) fn plain(program: &Program, ty: TypeId) -> Option<Json> {
    Some(match &program[ty].kind {
        TypeKind::Tuple(items) => items.iter().map(|item| plain(program, *item)).collect::<Option<Vec<_>>>()?.into(),
        TypeKind::Model(model) => {
            let mut out = Map::new();
            let mut bases = vec![model];
            while let Some(base) =
                bases.last().and_then(|model| program.model(model.base?)).filter(|_| bases.len() < 100)
            {
                bases.push(base);
            }
            for (name, property) in bases.into_iter().rev().flat_map(|model| model.properties.iter()) {
                // What may be left out and says no value is left out.
                if let Some(value) = plain(program, program.property(property)?.ty) {
                    out.insert(name.to_string(), value);
                }
            }
            Json::Object(out)
        }
        _ => literal(program, ty)?,
    })
}

/// The model that an object is of: the type itself, or the variant of a union that has its properties.
fn model_with<'n>(program: &Program, ty: TypeId, mut names: impl Iterator<Item = &'n str> + Clone) -> Option<TypeId> {
    match &program[ty].kind {
        TypeKind::Model(_) => Some(ty),
        TypeKind::Union(union) => {
            union.variants.iter().filter_map(|variant| program.variant(*variant)).find_map(|variant| {
                let model = model_with(program, variant.ty, names.clone())?;
                names.all(|name| program.find_property(model, name).is_some()).then_some(model)
            })
        }
        _ => None,
    }
}

fn constructed(
    program: &Program,
    scalar: TypeId,
    constructor: &str,
    arguments: &[ValueId],
    encoding: Option<&Encoding>,
) -> Option<Json> {
    if constructor != "fromISO" {
        return None;
    }
    let ValueKind::String { text, .. } = &program[*arguments.first()?].kind else { return None };
    let name = encoding.and_then(|(name, _)| name.as_deref());
    let whole = encoding.and_then(|(_, scalar)| *scalar).is_some_and(|scalar| derives_from(program, scalar, "integer"));
    if derives_from(program, scalar, "duration") {
        let seconds = duration_seconds(text)?;
        let amount = match name {
            Some("seconds") => seconds,
            Some("milliseconds") => seconds * 1000.0,
            _ => return Some(canonical_duration(text).into()),
        };
        let amount = if whole { amount.floor() } else { amount };
        return Some(number(amount));
    }
    match name {
        Some("unixTimestamp") => Some(Json::from(moment(text)?.0)),
        Some("rfc7231") => Some(http_date(text)?.into()),
        _ => Some(Json::from(&**text)),
    }
}

/// Whether a scalar is or extends a standard one.
pub(crate) fn derives_from(program: &Program, scalar: TypeId, name: &str) -> bool {
    let mut current = Some(scalar);
    for _ in 0..1000 {
        let Some(id) = current else { return false };
        let Some(it) = program.scalar(id) else { return false };
        if &*it.name == name && program.is_standard_namespace(it.namespace) {
            return true;
        }
        current = it.base;
    }
    false
}

#[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53 are exact")]
fn number(amount: f64) -> Json {
    if amount.fract() == 0.0 && amount.abs() <= 9_007_199_254_740_992.0 {
        Json::from(amount as i64)
    } else {
        Json::from(amount)
    }
}

/// An amount of an ISO 8601 duration with its letter, and whether it belongs to the time.
type DurationPart = (f64, char, bool);

/// The parts of a duration, and whether it is negative.
fn duration_parts(text: &str) -> Option<(bool, Vec<DurationPart>)> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let rest = rest.strip_prefix('P')?;
    let mut parts = Vec::new();
    let mut is_time = false;
    let mut digits = String::new();
    for letter in rest.chars() {
        match letter {
            'T' => is_time = true,
            '0'..='9' | '.' | ',' | '-' => digits.push(if letter == ',' { '.' } else { letter }),
            _ => {
                parts.push((digits.parse().ok()?, letter, is_time));
                digits.clear();
            }
        }
    }
    digits.is_empty().then_some((negative, parts))
}

fn duration_seconds(text: &str) -> Option<f64> {
    let (negative, parts) = duration_parts(text)?;
    let mut seconds = 0.0;
    for (amount, letter, is_time) in parts {
        let unit = match (letter, is_time) {
            ('Y', false) => 365.0 * 86_400.0,
            ('M', false) => 30.0 * 86_400.0,
            ('W', false) => 7.0 * 86_400.0,
            ('D', false) => 86_400.0,
            ('H', true) => 3_600.0,
            ('M', true) => 60.0,
            ('S', true) => 1.0,
            _ => return None,
        };
        seconds += amount * unit;
    }
    Some(if negative { -seconds } else { seconds })
}

fn canonical_duration(text: &str) -> String {
    let Some((negative, parts)) = duration_parts(text) else { return text.to_owned() };
    let mut out = String::from(if negative { "-P" } else { "P" });
    let mut in_time = false;
    for (amount, letter, is_time) in parts.into_iter().filter(|(amount, ..)| *amount != 0.0) {
        if is_time && !in_time {
            out.push('T');
            in_time = true;
        }
        out.push_str(&amount.to_string());
        out.push(letter);
    }
    if out.ends_with('P') { "PT0S".to_owned() } else { out }
}

/// A moment as seconds since 1970, with its days.
fn moment(text: &str) -> Option<(i64, i64)> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>());
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, "Z"),
    };
    let mut clock = time.splitn(3, ':').map(|part| part.split('.').next().unwrap_or("0").parse::<i64>());
    let hour = clock.next()?.ok()?;
    let minute = clock.next().and_then(Result::ok).unwrap_or(0);
    let second = clock.next().and_then(Result::ok).unwrap_or(0);
    let shift = match offset.split_at(1) {
        (sign @ ("+" | "-"), rest) => {
            let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
        _ => 0,
    };
    let days = days_since_1970(year, month, day);
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second - shift * 60, days))
}

/// Days of the proleptic Gregorian calendar; the year begins in March, so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn http_date(text: &str) -> Option<String> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (seconds, _) = moment(text)?;
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The inverse of `days_since_1970`.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).ok()?];
    let month = MONTHS[usize::try_from(month).ok()?];
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    Some(format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_durations_are_counted() {
        assert_eq!(moment("2020-01-01T10:00:00Z").unwrap().0, 1_577_872_800);
        assert_eq!(moment("2020-01-01T10:00:00+02:00").unwrap().0, 1_577_865_600);
        assert_eq!(http_date("2020-02-29T23:59:59Z").unwrap(), "Sat, 29 Feb 2020 23:59:59 GMT");
        assert_eq!(duration_seconds("PT1M30S"), Some(90.0));
        assert_eq!(canonical_duration("PT01M30S"), "PT1M30S");
    }
}
