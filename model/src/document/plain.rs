//! JSON straight into values, for bodies that come in masses: no places, and no words about what is wrong.
//!
//! What this reads, [`super::json`] reads to the same value; whatever is not plainly right is left to that one, which
//! says why. So nothing is refused here.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Limits;

/// From here on a double no longer tells whole numbers apart, and what was written is lost.
const FIRST_INEXACT: f64 = 9_223_372_036_854_775_808.0;

/// Returns the value of a text that is plainly right.
pub(super) fn parse(text: &str, limits: Limits) -> Option<Value> {
    let nodes = Cell::new(limits.nodes);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Plain { depth: limits.depth, nodes: &nodes }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// Reads one value; fails at whatever [`serde_json`] alone would read more generously.
#[derive(Clone, Copy)]
struct Plain<'n> {
    /// So many more levels may be opened.
    depth: usize,
    /// So many more values may come.
    nodes: &'n Cell<usize>,
}

impl Plain<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let left = self.nodes.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.nodes.set(left);
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // Integers past 64 bits arrive here as well, and so does a negative zero.
        let is_odd = value.abs() >= FIRST_INEXACT || value == 0.0 && value.is_sign_negative();
        match Number::from_f64(value).filter(|_| !is_odd) {
            Some(number) => Ok(Value::Number(number)),
            None => Err(E::custom("a number that does not come out as it is written")),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if members.insert(key, access.next_value_seed(below)?).is_some() {
                return Err(A::Error::custom("the key was given before"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use radii_diagnostics::FileId;

    use super::*;

    fn both(text: &str) -> (Option<Value>, Option<Value>) {
        let whole = super::super::json::parse(FileId(0), text, Limits::default());
        (parse(text, Limits::default()), whole.ok().map(|node| node.to_json()))
    }

    #[test]
    fn what_is_plainly_right_is_read_here() {
        for text in [
            r#"{"a": [1, -2, 3.5, 1e3, 18446744073709551615], "b": {"c": null, "d": true}, "e": "x\n\u00e9 é"}"#,
            " [ ] ",
            "{}",
            "\"text\"",
            "0",
            "-9223372036854775808",
        ] {
            let (plainly, whole) = both(text);
            assert!(plainly.is_some(), "{text}");
            assert_eq!(plainly, whole, "{text}");
        }
    }

    #[test]
    fn what_is_odd_is_left_to_whoever_can_say_why() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in [
            r#"{"a": 1, "a": 2}"#,
            "{\"a\": 1,}",
            "[1,]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "-0",
            "1e999",
            "18446744073709551616",
            "nul",
            "nullx",
            "\"a",
            "\"\\ud800\"",
            "\"\\x\"",
            "\"a\nb\"",
            "\"\\",
            "{a: 1}",
            "{\"a\" 1}",
            "[1] 2",
            "",
            "\u{feff}{}",
            "é",
            &deep,
        ] {
            assert_eq!(parse(text, Limits::default()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_read_differently_than_with_places(text in "[-{}\\[\\]:,\"\\\\a-en0-9.eE u\n]{0,24}") {
            let (plainly, whole) = both(&text);
            prop_assert!(plainly.is_none() || plainly == whole, "{text:?}: {plainly:?} {whole:?}");
        }
    }
}
