//! Numbers as text: the standard (`N0`) and custom (`#,##0.00`) numeric formats of .NET, in its invariant culture.

use serde_json::Number;

/// Most digits that a format may ask for.
const DIGITS: usize = 99;

/// Writes a number by a format, as it stands after the colon of `{0:N2}`.
pub(super) fn write(number: &Number, format: &str) -> Result<String, String> {
    let mut letters = format.chars();
    let Some(first) = letters.next() else { return Ok(number.to_string()) };
    let digits = letters.as_str();
    match first.is_ascii_alphabetic() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        true => standard(number, format, first, digits),
        false => custom(number, format),
    }
}

fn standard(number: &Number, format: &str, letter: char, digits: &str) -> Result<String, String> {
    let unknown = || format!("the format `{format}` of a number is not known; there are B, D, E, F, G, N, P and X");
    let wanted = match digits {
        "" => None,
        digits => Some(digits.parse::<usize>().ok().filter(|digits| *digits <= DIGITS).ok_or_else(unknown)?),
    };
    let integer =
        || number.as_i64().ok_or_else(|| format!("the format `{format}` is for integers, and {number} is none"));
    let width = wanted.unwrap_or(0);
    Ok(match letter.to_ascii_uppercase() {
        'D' => {
            let integer = integer()?;
            format!("{}{:0width$}", if integer < 0 { "-" } else { "" }, integer.unsigned_abs())
        }
        'X' if letter == 'X' => format!("{:0width$X}", integer()?),
        'X' => format!("{:0width$x}", integer()?),
        'B' => format!("{:0width$b}", integer()?),
        'F' => Parts::of(number, 0, wanted.unwrap_or(2)).show(|whole| whole.to_owned()),
        'N' => Parts::of(number, 0, wanted.unwrap_or(2)).show(grouped),
        'P' => Parts::of(number, 2, wanted.unwrap_or(2)).show(grouped) + " %",
        'G' if wanted.is_none() => number.to_string(),
        'E' => exponential(number, letter, wanted.unwrap_or(6)),
        _ => return Err(unknown()),
    })
}

fn exponential(number: &Number, letter: char, decimals: usize) -> String {
    let text = format!("{:.decimals$e}", number.as_f64().unwrap_or_default());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{mantissa}{letter}{sign}{exponent:0>3}")
}

/// A number, rounded: its sign and the digits before and after the point.
struct Parts {
    is_negative: bool,
    whole: String,
    fraction: String,
}

impl Parts {
    /// Rounds a number times a power of ten.
    fn of(number: &Number, power: i32, decimals: usize) -> Self {
        if let (Some(integer), 0..) = (number.as_i64(), power) {
            let whole = u128::from(integer.unsigned_abs()) * 10u128.pow(power.unsigned_abs());
            return Self { is_negative: integer < 0, whole: whole.to_string(), fraction: "0".repeat(decimals) };
        }
        let value = number.as_f64().unwrap_or_default() * 10f64.powi(power);
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        Self { is_negative: value < 0.0 && !is_zero, whole: whole.to_owned(), fraction: fraction.to_owned() }
    }

    fn show(&self, whole: fn(&str) -> String) -> String {
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{}{}{point}{}", if self.is_negative { "-" } else { "" }, whole(&self.whole), self.fraction)
    }
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A piece of a custom format.
#[derive(Clone, Copy, PartialEq)]
enum Piece {
    /// `0` and `#`: a digit, or nothing where there is none.
    Digit {
        is_zero: bool,
    },
    Point,
    Comma,
    Literal(char),
}

/// Reads a custom format into sections: for positive numbers, for negative ones and for zero.
fn sections(format: &str) -> Result<Vec<Vec<Piece>>, String> {
    let mut sections = vec![Vec::new()];
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        let piece = match letter {
            ';' => {
                sections.push(Vec::new());
                continue;
            }
            '0' | '#' => Piece::Digit { is_zero: letter == '0' },
            '.' => Piece::Point,
            ',' => Piece::Comma,
            'E' | 'e' if letters.peek().is_some_and(|next| matches!(next, '0' | '+' | '-')) => {
                return Err(format!("exponents in the custom format `{format}` are not supported; use `E2`"));
            }
            '\\' => Piece::Literal(letters.next().ok_or_else(|| format!("the format `{format}` ends in `\\`"))?),
            '\'' | '"' => {
                let text: String = letters.by_ref().take_while(|other| *other != letter).collect();
                sections.last_mut().into_iter().for_each(|section| section.extend(text.chars().map(Piece::Literal)));
                continue;
            }
            other => Piece::Literal(other),
        };
        sections.last_mut().into_iter().for_each(|section| section.push(piece));
    }
    Ok(sections)
}

fn custom(number: &Number, format: &str) -> Result<String, String> {
    let sections = sections(format)?;
    let is_zero = number.as_f64() == Some(0.0);
    let is_negative = !is_zero && number.as_f64().is_some_and(|value| value < 0.0);
    let own = match sections.as_slice() {
        [_, own, ..] if is_negative && !own.is_empty() => Some(own),
        [_, _, own, ..] if is_zero && !own.is_empty() => Some(own),
        _ => None,
    };
    Ok(match own {
        Some(own) => fill(number, own).1,
        None => {
            let (is_negative, text) = fill(number, &sections[0]);
            if is_negative { format!("-{text}") } else { text }
        }
    })
}

/// Writes the digits of a number into a section, without its sign.
fn fill(number: &Number, section: &[Piece]) -> (bool, String) {
    let is_digit = |piece: &Piece| matches!(piece, Piece::Digit { .. });
    let point = section.iter().position(|piece| *piece == Piece::Point).unwrap_or(section.len());
    let (before, after) = section.split_at(point);
    let last = before.iter().rposition(is_digit).unwrap_or(0);
    let thousands = before[last..].iter().filter(|piece| **piece == Piece::Comma).count();
    let is_grouped = before[..last].contains(&Piece::Comma);
    let percent = 2 * i32::from(section.contains(&Piece::Literal('%')));
    let decimals = after.iter().filter(|piece| is_digit(piece)).count();
    let parts = Parts::of(number, percent - 3 * thousands as i32, decimals);

    let places = before.iter().filter(|piece| is_digit(piece)).count();
    let zeros =
        before.iter().filter(|piece| is_digit(piece)).position(|piece| *piece == Piece::Digit { is_zero: true });
    let least = zeros.map_or(0, |at| places - at);
    let whole = format!("{:0>least$}", parts.whole.trim_start_matches('0'));
    let whole = if is_grouped { grouped(&whole) } else { whole };
    let kept = after.iter().rposition(|piece| *piece == Piece::Digit { is_zero: true }).map_or(0, |at| at + 1);
    let kept = after[..kept].iter().filter(|piece| is_digit(piece)).count();
    let mut fraction = parts.fraction.as_str();
    while fraction.len() > kept && fraction.ends_with('0') {
        fraction = &fraction[..fraction.len() - 1];
    }
    (parts.is_negative, lay(section, places, &whole, fraction))
}

/// Lays digits out over the places of a section: those that are too many stand at the first place.
fn lay(section: &[Piece], places: usize, whole: &str, fraction: &str) -> String {
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let (mut text, mut place, mut is_fraction) = (String::new(), 0, false);
    let (mut whole, mut fraction) = (whole.chars().peekable(), fraction.chars().peekable());
    for piece in section {
        match piece {
            Piece::Literal(letter) => text.push(*letter),
            Piece::Comma => {}
            Piece::Point => {
                is_fraction = true;
                if fraction.peek().is_some() {
                    text.push('.');
                }
            }
            Piece::Digit { .. } if is_fraction => text.extend(fraction.next()),
            Piece::Digit { .. } => {
                place += 1;
                // As many digits as belong left of the next place, with the commas among them.
                let left = places - place;
                let mut taken = digits.saturating_sub(left) - text_digits(place, places, digits);
                while taken > 0 || whole.peek() == Some(&',') {
                    let Some(letter) = whole.next() else { break };
                    taken -= usize::from(letter != ',');
                    text.push(letter);
                }
            }
        }
    }
    text
}

/// Number of digits that stand at the places before one.
fn text_digits(place: usize, places: usize, digits: usize) -> usize {
    if place == 1 { 0 } else { digits.saturating_sub(places - (place - 1)) }
}
