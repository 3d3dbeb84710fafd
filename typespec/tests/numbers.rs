//! Numbers are exact, whatever way they are written.

use proptest::prelude::*;
use typespec::numeric::Numeric;

fn numeric(text: &str) -> Numeric {
    Numeric::parse(text).unwrap_or_else(|| panic!("`{text}` is a number"))
}

proptest! {
    #[test]
    fn whole_numbers_compare_and_print_as_themselves(one: i64, other: i64) {
        let (left, right) = (numeric(&one.to_string()), numeric(&other.to_string()));
        prop_assert_eq!(left.cmp(&right), one.cmp(&other));
        prop_assert_eq!(left.to_string(), one.to_string());
        prop_assert_eq!(left.as_i128(), Some(i128::from(one)));
        prop_assert!(left.is_integer());
    }

    #[test]
    fn printing_and_reading_gives_the_same_number(whole in "[0-9]{1,30}", fraction in "[0-9]{0,30}", exponent in -60_i32..60, negative: bool) {
        let sign = if negative { "-" } else { "" };
        let point = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        let read = numeric(&format!("{sign}{whole}{point}e{exponent}"));
        prop_assert_eq!(numeric(&read.to_string()), read);
    }

    #[test]
    fn doubles_are_nearest_to_what_was_written(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let written = format!("{value:e}");
        let back = numeric(&written).as_f64();
        // There is no negative zero among exact numbers.
        prop_assert!(back == value, "{} is not {}", back, value);
    }

    #[test]
    fn moving_the_point_does_not_change_a_number(digits in "[1-9][0-9]{0,20}", by in 0_usize..20) {
        let moved = numeric(&format!("{digits}{}e-{by}", "0".repeat(by)));
        prop_assert_eq!(moved, numeric(&digits));
    }

    #[test]
    fn other_bases_are_the_same_numbers(value: u64) {
        prop_assert_eq!(numeric(&format!("{value:#x}")), numeric(&value.to_string()));
        prop_assert_eq!(numeric(&format!("{value:#b}")), numeric(&value.to_string()));
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["", "-", ".", "1.2.3", "0x", "0b2", "e5", "1e", "abc", "--1"] {
        assert_eq!(Numeric::parse(text), None, "{text}");
    }
}
