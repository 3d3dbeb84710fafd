//! Numbers as people write them.

/// Returns the number that a text was likely meant as: without separators, decimal comma, sign behind it or unit, or
/// in words. The flag says whether nothing else can have been meant.
pub(crate) fn meant(text: &str) -> Option<(String, bool)> {
    let text = text.trim().trim_end_matches([',', ';']).trim();
    if let Some(bound) = text.strip_prefix(['>', '<', '≥', '≤', '~', '=']) {
        return meant(bound.trim_start_matches('=')).map(|(number, _)| (number, false));
    }
    if let Some(fraction) =
        text.strip_prefix('.').filter(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
    {
        return Some((format!("0.{fraction}"), true));
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite) && text.starts_with(|it: char| it.is_ascii_digit() || it == '-') {
        return Some((text.to_owned(), true));
    }
    if let Some(number) = in_words(&text.to_ascii_lowercase()) {
        return Some((number.to_string(), false));
    }
    let (sign, plain) = text.strip_prefix('-').map_or(("", text), |plain| ("-", plain));
    let length = plain.find(|it: char| !(it.is_ascii_digit() || matches!(it, '_' | ',' | '.'))).unwrap_or(plain.len());
    let (digits, unit) = plain.split_at(length);
    let number = without_separators(digits)?;
    // A word behind a space, or some letters right behind the number; a thousandth could not be left out.
    let longest = if unit.starts_with(' ') { 16 } else { 3 };
    let unit = unit.trim();
    let is_unit = unit.len() <= longest && unit.chars().all(|it| it.is_ascii_alphabetic() || it == '%') && unit != "m";
    is_unit.then(|| (format!("{sign}{number}"), false))
}

fn without_separators(digits: &str) -> Option<String> {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let grouped = |separator: char| {
        let mut groups = digits.split(separator);
        let first = groups.next().is_some_and(|first| is_plain(first) && first.len() <= 3);
        let mut count = 0;
        first
            && groups.all(|group| {
                count += 1;
                is_plain(group) && group.len() == 3
            })
            && count > 0
    };
    if is_plain(digits) {
        return Some(digits.to_owned());
    }
    for separator in ['_', ','] {
        if grouped(separator) {
            return Some(digits.replace(separator, ""));
        }
    }
    let decimal = digits.split_once([',', '.']).filter(|(whole, part)| is_plain(whole) && is_plain(part));
    decimal.map(|(whole, part)| format!("{whole}.{part}"))
}

fn in_words(word: &str) -> Option<usize> {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.iter().position(|own| *own == word)
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let cases = [
            ("3", Some("3")),
            ("3,", Some("3")),
            ("1_000", Some("1000")),
            ("1,000", Some("1000")),
            ("0,5", Some("0.5")),
            ("10Gi", Some("10")),
            ("70 %", Some("70")),
            ("three", Some("3")),
            ("-4", Some("-4")),
            ("12 characters", Some("12")),
            (">= 0", Some("0")),
            (".5", Some("0.5")),
            ("3 or 4", None),
            ("500m", None),
            ("many", None),
            ("", None),
            ("1,00,0", None),
            ("inf", None),
        ];
        for (text, expected) in cases {
            assert_eq!(meant(text).map(|it| it.0).as_deref(), expected, "{text}");
        }
    }
}
