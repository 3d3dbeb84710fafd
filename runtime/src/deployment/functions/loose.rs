//! JSON as templates' text may have it: with single quotes, bare keys, comments and a last comma.
//!
//! The service reads so; documented examples pass `{'one': 'a'}` to `json` and `base64ToJson`.

use serde_json::{Map, Value as Json};

/// Deepest nesting.
const DEPTH: usize = 100;

/// Parses a text; `None` when it is no JSON even so.
pub(super) fn parse(text: &str) -> Option<Json> {
    let mut reader = Reader { rest: text, depth: 0 };
    let value = reader.value()?;
    reader.skip_blank();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Json> {
        self.skip_blank();
        self.depth += 1;
        let value = match self.rest.chars().next().filter(|_| self.depth <= DEPTH)? {
            '{' => self.object(),
            '[' => self.array(),
            quote @ ('\'' | '"') => self.text(quote).map(Json::from),
            _ => {
                let word = self.word();
                serde_json::from_str(word).ok().filter(|_| !word.is_empty())
            }
        };
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Json> {
        let mut members = Map::new();
        self.take("{");
        while !self.take("}") {
            let key = match self.rest.chars().next()? {
                quote @ ('\'' | '"') => self.text(quote)?,
                _ => Some(self.word()).filter(|word| !word.is_empty())?.to_owned(),
            };
            self.take(":").then_some(())?;
            members.insert(key, self.value()?);
            self.next("}")?;
        }
        Some(members.into())
    }

    fn array(&mut self) -> Option<Json> {
        let mut items = Vec::new();
        self.take("[");
        while !self.take("]") {
            items.push(self.value()?);
            self.next("]")?;
        }
        Some(items.into())
    }

    /// Goes past the comma between two entries, if this is not the end of all.
    fn next(&mut self, end: &str) -> Option<()> {
        let is_more = self.take(",");
        self.skip_blank();
        (is_more || self.rest.starts_with(end)).then_some(())
    }

    /// Goes past a sign and the blank around it; whether it was there.
    fn take(&mut self, sign: &str) -> bool {
        self.skip_blank();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        self.skip_blank();
        after.is_some()
    }

    fn word(&mut self) -> &'a str {
        let is_inside = |letter: char| letter.is_alphanumeric() || "_$+-.".contains(letter);
        let (word, rest) = self.rest.split_at(self.rest.find(|letter| !is_inside(letter)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn text(&mut self, quote: char) -> Option<String> {
        // What stands between the quotes, as a text of strict JSON.
        let mut strict = String::from("\"");
        let mut letters = self.rest.char_indices().skip(1);
        let end = loop {
            match letters.next()? {
                (at, letter) if letter == quote => break at + letter.len_utf8(),
                (_, '\\') => match letters.next()?.1 {
                    '\'' => strict.push('\''),
                    escaped => strict.extend(['\\', escaped]),
                },
                (_, '"') => strict.push_str("\\\""),
                (_, letter) if letter.is_control() => strict.push_str(&format!("\\u{:04x}", u32::from(letter))),
                (_, letter) => strict.push(letter),
            }
        };
        self.rest = &self.rest[end..];
        strict.push('"');
        serde_json::from_str(&strict).ok()
    }

    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = match self.rest.get(..2) {
                Some("//") => self.rest.find('\n'),
                Some("/*") => self.rest.find("*/").map(|at| at + 2),
                _ => return,
            };
            self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_looser_than_json_is_read() {
        let cases = [
            ("{'a': 'it\\'s', b: [1, -2.5, true, null,], }", json!({ "a": "it's", "b": [1, -2.5, true, null] })),
            ("/* so */ 'x' // and so", json!("x")),
            ("{\"a\": 'say \"hi\"\\n'}", json!({ "a": "say \"hi\"\n" })),
            ("'\ttab\\u0041'", json!("\ttabA")),
            ("[ ]", json!([])),
        ];
        for (text, value) in cases {
            assert_eq!(parse(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_even_so_is_refused() {
        for text in ["", "{", "[1 2]", "{a 1}", "{'a': }", "'open", "word", "{} {}", "[,]", "/* open"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"[".repeat(5_000)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in any::<String>(), dense in "[\\[\\]{}:,'\"a/*0-9\\\\ \n]{0,40}") {
            let _ = parse(&text);
            let _ = parse(&dense);
        }
    }
}
