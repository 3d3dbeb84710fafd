//! What plain scalars mean: YAML 1.2's core schema, of which JSON's numbers are a part.

use serde_json::Number;

use super::Value;

/// Why a text that looks like a number is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadNumber {
    /// An integer that neither 64 bits with sign nor 64 bits without can hold.
    IntegerTooLarge,
    /// Infinite, not a number, or past the range of a double.
    NotFinite,
}

impl BadNumber {
    /// Returns message and remedy.
    pub(super) fn explain(self, text: &str) -> (String, &'static str) {
        let shown: String = text.chars().take(60).collect();
        match self {
            BadNumber::IntegerTooLarge => (
                format!("the integer `{shown}` needs more than 64 bits and would lose digits"),
                "put it in quotes if it is text",
            ),
            BadNumber::NotFinite => {
                (format!("the number `{shown}` has no finite value"), "put it in quotes if it is text")
            }
        }
    }
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Value, BadNumber> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    // Most scalars are words: the first byte decides.
    if !matches!(text.as_bytes()[0], b'0'..=b'9' | b'+' | b'-' | b'.') {
        return Ok(Value::String(text.to_owned()));
    }
    match number(text)? {
        Some(number) => Ok(Value::Number(number)),
        None => Ok(Value::String(text.to_owned())),
    }
}

/// Reads a number of the core schema; `None` when the text is none.
pub(super) fn number(text: &str) -> Result<Option<Number>, BadNumber> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(BadNumber::NotFinite);
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return based(digits, radix);
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text).map(Some);
    }
    if !is_float(unsigned) {
        return Ok(None);
    }
    let value: f64 = text.parse().map_err(|_| BadNumber::NotFinite)?;
    Number::from_f64(value).map(Some).ok_or(BadNumber::NotFinite)
}

fn based(digits: &str, radix: u32) -> Result<Option<Number>, BadNumber> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Ok(None);
    }
    let value = u64::from_str_radix(digits, radix).map_err(|_| BadNumber::IntegerTooLarge)?;
    Ok(Some(value.into()))
}

/// Reads decimal digits with an optional sign.
pub(super) fn integer(text: &str) -> Result<Number, BadNumber> {
    // A negative zero has no integer; a double can hold it.
    if text.starts_with('-') && text[1..].bytes().all(|byte| byte == b'0') {
        return Ok(Number::from_f64(-0.0).expect("zero is finite"));
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    match (text.parse::<u64>(), text.parse::<i64>()) {
        (Ok(value), _) => Ok(value.into()),
        (_, Ok(value)) => Ok(value.into()),
        _ => Err(BadNumber::IntegerTooLarge),
    }
}

/// Whether a text without sign is `DIGITS[.DIGITS][eDIGITS]` or `.DIGITS[eDIGITS]`.
fn is_float(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    exponent_fits && mantissa_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_yaml_1_1_are_text() {
        for text in
            ["no", "on", "y", "Yes", "OFF", "1_000", "12:30:45", "0b11", "2025-01-01", "0x", "1e", "-", "+", ".", "..1"]
        {
            assert_eq!(resolve(text), Ok(Value::String(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_core_schema() {
        let cases = [
            ("0", "0"),
            ("-7", "-7"),
            ("+7", "7"),
            ("007", "7"),
            ("0o17", "15"),
            ("0xFF", "255"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("-1e3", "-1000.0"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("-0", "-0.0"),
        ];
        for (text, expected) in cases {
            let Ok(Value::Number(number)) = resolve(text) else { panic!("{text} is no number") };
            assert_eq!(number.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_that_would_change_are_refused() {
        assert_eq!(resolve("18446744073709551616"), Err(BadNumber::IntegerTooLarge));
        assert_eq!(resolve("-9223372036854775809"), Err(BadNumber::IntegerTooLarge));
        assert_eq!(resolve("0xFFFFFFFFFFFFFFFFF"), Err(BadNumber::IntegerTooLarge));
        for text in [".inf", "-.INF", ".nan", "1e999"] {
            assert_eq!(resolve(text), Err(BadNumber::NotFinite), "{text}");
        }
    }
}
