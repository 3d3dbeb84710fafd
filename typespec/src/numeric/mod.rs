//! Exact decimal numbers, as literals of the language have them.

use std::cmp::Ordering;
use std::fmt;

/// An exact decimal number of any size.
///
/// Equal numbers are equal values: `1.0`, `1` and `10e-1` are the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Numeric {
    negative: bool,
    /// Digits without leading or trailing zeros; empty for zero.
    digits: String,
    /// The value is `0.digits × 10^exponent`.
    exponent: i64,
}

impl Numeric {
    /// Parses a literal: decimal with fraction and exponent, `0x…` or `0b…`, with a sign.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if let Some(hex) = rest.strip_prefix("0x") {
            return Self::from_radix(negative, hex, 16);
        }
        if let Some(binary) = rest.strip_prefix("0b") {
            return Self::from_radix(negative, binary, 2);
        }
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent = exponent.checked_add(i64::try_from(whole.len()).ok()?)?;
        Some(Self::normalised(negative, format!("{whole}{fraction}"), exponent))
    }

    fn from_radix(negative: bool, text: &str, radix: u32) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        // Digits in base ten, least significant first.
        let mut digits: Vec<u32> = vec![0];
        for character in text.chars() {
            let mut carry = character.to_digit(radix)?;
            for digit in &mut digits {
                let value = *digit * radix + carry;
                *digit = value % 10;
                carry = value / 10;
            }
            while carry > 0 {
                digits.push(carry % 10);
                carry /= 10;
            }
        }
        let text: String = digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect();
        let exponent = text.len() as i64;
        Some(Self::normalised(negative, text, exponent))
    }

    fn normalised(negative: bool, digits: String, exponent: i64) -> Self {
        let leading = digits.bytes().take_while(|byte| *byte == b'0').count();
        let digits = digits[leading..].trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent: exponent - leading as i64 }
    }

    /// Returns an integer as a number.
    pub fn from_integer(value: i128) -> Self {
        let digits = value.unsigned_abs().to_string();
        let exponent = digits.len() as i64;
        Self::normalised(value < 0, digits, exponent)
    }

    /// Whether there is no fraction.
    pub fn is_integer(&self) -> bool {
        self.exponent >= self.digits.len() as i64
    }

    /// Returns the nearest double.
    pub fn as_f64(&self) -> f64 {
        self.scientific().parse().unwrap_or(f64::NAN)
    }

    /// Returns the value as an integer, if it is one that fits.
    pub fn as_i128(&self) -> Option<i128> {
        if !self.is_integer() || self.exponent > 40 {
            return None;
        }
        self.to_string().parse().ok()
    }

    fn scientific(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.digits.is_empty() { "0".to_owned() } else { format!("{sign}0.{}e{}", self.digits, self.exponent) }
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Numeric {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
        }
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.exponent.unsigned_abs() > 400 {
            return f.write_str(&self.scientific());
        }
        let sign = if self.negative { "-" } else { "" };
        let length = self.digits.len() as i64;
        if self.exponent <= 0 {
            let zeros = "0".repeat(self.exponent.unsigned_abs() as usize);
            write!(f, "{sign}0.{zeros}{}", self.digits)
        } else if self.exponent >= length {
            write!(f, "{sign}{}{}", self.digits, "0".repeat((self.exponent - length) as usize))
        } else {
            let (whole, fraction) = self.digits.split_at(self.exponent as usize);
            write!(f, "{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        let parse = |text| Numeric::parse(text).expect("a number");
        assert_eq!(parse("1.0"), parse("10e-1"));
        assert_eq!(parse("0x10"), parse("16"));
        assert_eq!(parse("-0"), parse("0.000"));
        assert_eq!(parse("9223372036854775807").to_string(), "9223372036854775807");
        assert_eq!(parse("1.50").to_string(), "1.5");
        assert_eq!(parse("0.001").to_string(), "0.001");
        assert!(parse("9") < parse("10") && parse("-10") < parse("-9") && parse("0") < parse("0.1"));
        assert!(parse("1e3").is_integer() && !parse("1.5").is_integer());
    }
}
