//! Moments as text: the standard (`u`) and custom (`yyyy-MM-dd`) formats of .NET, in its invariant culture and UTC.

use jiff::Zoned;
use jiff::tz::TimeZone;

/// Writes a moment by a format.
pub(super) fn write(moment: jiff::Timestamp, format: &str) -> Result<String, String> {
    let moment = moment.to_zoned(TimeZone::UTC);
    let mut letters = format.chars();
    match (letters.next(), letters.next()) {
        (None, _) => custom(&moment, standard('G').unwrap_or_default()),
        (Some(letter), None) => {
            let pattern = standard(letter);
            custom(&moment, pattern.ok_or_else(|| format!("the letter `{letter}` is no time format by itself"))?)
        }
        _ => custom(&moment, format),
    }
}

/// Returns the pattern that a single letter stands for.
fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => return None,
    })
}

fn custom(moment: &Zoned, pattern: &str) -> Result<String, String> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut text = String::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let rest = &letters[at + 1..];
        match letter {
            '\'' | '"' => {
                let quoted = rest.iter().position(|other| *other == letter);
                let quoted = quoted.ok_or_else(|| format!("a quote is not closed in the time format `{pattern}`"))?;
                text.extend(&rest[..quoted]);
                at += quoted + 2;
            }
            '\\' => {
                text.push(*rest.first().ok_or_else(|| format!("the time format `{pattern}` ends in `\\`"))?);
                at += 2;
            }
            // A percent sign makes a pattern of a single letter.
            '%' if rest.first().is_some_and(|next| *next != '%') => at += 1,
            '%' => return Err(format!("a `%` of the time format `{pattern}` stands before no letter")),
            _ => {
                let run = 1 + rest.iter().take_while(|other| **other == letter).count();
                let part = part(moment, letter, run);
                let part =
                    part.ok_or_else(|| format!("`{letter}` stands {run} times in the time format `{pattern}`"))?;
                if letter == 'F' && part.is_empty() && text.ends_with('.') {
                    text.pop();
                }
                text.push_str(&part);
                at += run;
            }
        }
    }
    Ok(text)
}

/// Writes what a letter stands for that is repeated so many times; every other letter stands for itself.
fn part(moment: &Zoned, letter: char, run: usize) -> Option<String> {
    let padded = |value: i64| Some(format!("{value:0width$}", width = run.min(2)));
    let named = |code: &str| Some(moment.strftime(code).to_string());
    let hour = i64::from(moment.hour());
    match (letter, run) {
        ('y', 1 | 2) => padded(i64::from(moment.year()) % 100),
        ('y', _) => Some(format!("{:0run$}", moment.year())),
        ('M', 4..) => named("%B"),
        ('M', 3) => named("%b"),
        ('M', _) => padded(moment.month().into()),
        ('d', 4..) => named("%A"),
        ('d', 3) => named("%a"),
        ('d', _) => padded(moment.day().into()),
        ('H', _) => padded(hour),
        ('h', _) => padded((hour + 11) % 12 + 1),
        ('m', _) => padded(moment.minute().into()),
        ('s', _) => padded(moment.second().into()),
        ('t', 1) => Some(if hour < 12 { "A" } else { "P" }.into()),
        ('t', _) => Some(if hour < 12 { "AM" } else { "PM" }.into()),
        ('K', 1) => Some("Z".into()),
        ('z', 1) => Some("+0".into()),
        ('z', 2) => Some("+00".into()),
        ('z', _) => Some("+00:00".into()),
        ('g', _) => Some("A.D.".into()),
        // Ticks have seven digits.
        ('f', ..=7) => Some(format!("{:09}", moment.subsec_nanosecond())[..run].into()),
        ('F', ..=7) => Some(format!("{:09}", moment.subsec_nanosecond())[..run].trim_end_matches('0').into()),
        ('f' | 'F', _) => None,
        _ => Some(letter.to_string().repeat(run)),
    }
}
