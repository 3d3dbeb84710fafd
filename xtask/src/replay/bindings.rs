//! Placeholders of the recordings, and the values they stand for in this run.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\{(uuid|etag|token|cipher|nonce|text|icon|host|repeat):([^{}]*)\}|\{(base|time|home|dir|tmp|gzip|varies|svg)\}",
    )
    .expect("the expression is valid")
});

/// Values by placeholder, such as `{uuid:3}`.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    values: HashMap<String, String>,
}

impl Bindings {
    /// Sets a placeholder's value.
    pub fn bind(&mut self, placeholder: &str, value: &str) {
        self.values.insert(placeholder.to_owned(), value.to_owned());
    }

    /// Whether a placeholder has a value.
    pub fn is_bound(&self, placeholder: &str) -> bool {
        self.values.contains_key(placeholder)
    }

    /// Fills a request's text in; the error is the placeholder that has no value yet.
    pub fn fill(&self, template: &str) -> Result<String, String> {
        let mut filled = String::new();
        let mut from = 0;
        for found in PLACEHOLDER.captures_iter(template) {
            let whole = found.get(0).expect("group 0 always matches");
            filled.push_str(&template[from..whole.start()]);
            from = whole.end();
            let kind = found.get(1).map_or("", |group| group.as_str());
            if kind == "repeat" {
                let (text, count) = found[2].rsplit_once(':').ok_or_else(|| whole.as_str().to_owned())?;
                let count: usize = count.parse().map_err(|_| whole.as_str().to_owned())?;
                filled.push_str(&text.repeat(count));
            } else {
                let value = self.values.get(whole.as_str()).map(String::as_str);
                let value = value.or_else(|| stand_in(whole.as_str())).ok_or_else(|| whole.as_str().to_owned())?;
                filled.push_str(value);
            }
        }
        filled.push_str(&template[from..]);
        Ok(filled)
    }

    /// Compares a recorded text with ours and binds the placeholders that are new.
    ///
    /// Terraform breaks its lines by their length, so where addresses have another length than recorded, line
    /// breaks do not count.
    pub fn accept(&mut self, template: &str, actual: &str) -> bool {
        if !template.contains('{') {
            return template == actual;
        }
        self.accept_as_it_is(template, actual)
            || (template.contains("{host:")
                && template.contains('\n')
                && self.accept_as_it_is(&without_breaks(template), &without_breaks(actual)))
    }

    fn accept_as_it_is(&mut self, template: &str, actual: &str) -> bool {
        let mut pattern = String::from("(?s)^");
        let mut new = Vec::new();
        let mut from = 0;
        for found in PLACEHOLDER.captures_iter(template) {
            let whole = found.get(0).expect("group 0 always matches");
            pattern.push_str(&regex::escape(&template[from..whole.start()]));
            from = whole.end();
            let (kind, detail) = match (found.get(1), found.get(2)) {
                (Some(kind), Some(detail)) => (kind.as_str(), detail.as_str()),
                _ => (found.get(3).map_or("", |group| group.as_str()), ""),
            };
            if let Some(value) = self.values.get(whole.as_str()) {
                pattern.push_str(&format!("(?i:{})", regex::escape(value)));
            } else if kind == "repeat" {
                let Ok(text) = self.fill(whole.as_str()) else { return false };
                pattern.push_str(&regex::escape(&text));
            } else {
                let Some(shape) = shape(kind, detail) else { return false };
                pattern.push_str(&format!("({shape})"));
                new.push((whole.as_str().to_owned(), kind.to_owned(), detail.to_owned()));
            }
        }
        pattern.push_str(&regex::escape(&template[from..]));
        pattern.push('$');
        let Ok(pattern) = regex::RegexBuilder::new(&pattern).size_limit(64 << 20).build() else { return false };
        let Some(groups) = pattern.captures(actual) else { return false };
        for (at, (placeholder, kind, detail)) in new.into_iter().enumerate() {
            let value = &groups[at + 1];
            match kind.as_str() {
                "icon" if !is_icon(&detail, value) => return false,
                "text" if detail.parse() != Ok(value.chars().count()) => return false,
                // Any one will do, another one the next time.
                _ if detail == "any" => {}
                "uuid" | "etag" | "token" | "cipher" | "nonce" => self.bind(&placeholder, value),
                _ => {}
            }
        }
        true
    }

    /// Compares a recorded JSON value with ours; the errors name the places that differ.
    pub fn accept_json(&mut self, template: &Json, actual: &Json, path: &str, differences: &mut Vec<String>) {
        match (template, actual) {
            (Json::String(template), Json::String(text)) => {
                if !self.accept(template, text) {
                    differences.push(format!("{path}: expected {template:?}, got {text:?}"));
                }
            }
            (Json::Number(expected), Json::Number(number)) if expected.as_f64() == number.as_f64() => {}
            (Json::Array(expected), Json::Array(items)) => {
                if expected.len() != items.len() {
                    differences.push(format!("{path}: expected {} items, got {}", expected.len(), items.len()));
                }
                for (at, (expected, item)) in expected.iter().zip(items).enumerate() {
                    self.accept_json(expected, item, &format!("{path}[{at}]"), differences);
                }
            }
            (Json::Object(expected), Json::Object(members)) => {
                for (key, expected) in expected {
                    match members.get(key) {
                        Some(member) => self.accept_json(expected, member, &format!("{path}.{key}"), differences),
                        None => differences.push(format!("{path}.{key}: missing, expected {expected}")),
                    }
                }
                for (key, member) in members.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                    differences.push(format!("{path}.{key}: not expected, got {member}"));
                }
            }
            (expected, value) if expected == value => {}
            (expected, value) => differences.push(format!("{path}: expected {expected}, got {value}")),
        }
    }
}

/// A value for a placeholder that no answer has given: the recorder made it up, and so do we.
fn stand_in(placeholder: &str) -> Option<&'static str> {
    let kind = placeholder.trim_matches(['{', '}']).split(':').next().unwrap_or_default();
    Some(match kind {
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "token" => "MjAwMC0wMS0wMVQwMDowMDowMFo",
        "time" => "2001-02-03T04:05:06Z",
        "cipher" | "nonce" => "AAECAwQFBgcICQoL",
        _ => return None,
    })
}

/// A text with all its words in one line.
fn without_breaks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The shape of values that a placeholder stands for.
fn shape(kind: &str, detail: &str) -> Option<String> {
    Some(match kind {
        "uuid" => "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}".to_owned(),
        "etag" => "[0-9]+-[0-9a-f]{64}".to_owned(),
        "token" => "[^&\"]+".to_owned(),
        "cipher" | "nonce" => "[A-Za-z0-9+/=_-]+".to_owned(),
        "time" => r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)".to_owned(),
        // How long it is, is counted afterwards: an automaton that counts a thousand characters is made in a second.
        "text" => "(?:.|\n)*".to_owned(),
        "svg" => r"<svg[\s>](?:.|\n)*</svg>\s*".to_owned(),
        "icon" | "home" | "dir" | "tmp" | "gzip" | "varies" => "(?:.|\n)*".to_owned(),
        "host" if detail == "clusterip" => "[0-9.]+".to_owned(),
        // What the recorder's machine had, and this one has elsewhere.
        "host" if matches!(detail, "workdir" | "kubeconfig" | "git") => r#"[^\s"':]+"#.to_owned(),
        _ => return None,
    })
}

/// Whether a text has the recorded length and SHA-256.
fn is_icon(detail: &str, text: &str) -> bool {
    let Some((bytes, sum)) = detail.split_once(':') else { return false };
    let digest: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.parse() == Ok(text.len()) && digest == sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_keeps_the_value_it_was_first_seen_with() {
        let mut bindings = Bindings::default();
        let id = "0197f3f0-0000-7000-8000-00000000000a";
        assert!(bindings.accept("/operationStatuses/{uuid:1}?x", &format!("/operationStatuses/{id}?x")));
        assert_eq!(bindings.fill("a/{uuid:1}"), Ok(format!("a/{id}")));
        assert!(!bindings.accept("{uuid:1}", "0197f3f0-0000-7000-8000-00000000000b"));
        assert_eq!(bindings.fill("{etag:2}"), Err("{etag:2}".to_owned()));
        assert_eq!(bindings.fill("{uuid:2}"), Ok("00000000-0000-4000-8000-000000000000".to_owned()));
    }

    #[test]
    fn a_text_that_was_left_out_has_its_length() {
        let mut bindings = Bindings::default();
        assert!(bindings.accept("<{text:3}>", "<a\né>") && bindings.accept("{text:5000}", &"ä".repeat(5000)));
        assert!(!bindings.accept("<{text:3}>", "<ab>") && !bindings.accept("{text:5000}", &"a".repeat(4999)));
    }

    #[test]
    fn repetitions_are_written_out() {
        assert_eq!(Bindings::default().fill("x{repeat:ab:3}y"), Ok("xabababy".to_owned()));
    }

    #[test]
    fn lines_may_be_broken_elsewhere_where_addresses_are_longer() {
        let mut bindings = Bindings::default();
        bindings.bind("{host:modules}", "http://127.0.0.1:12345");
        assert!(
            bindings.accept("cannot reach {host:modules}/s1\nat all", "cannot reach\nhttp://127.0.0.1:12345/s1 at all")
        );
        assert!(!bindings.accept("cannot reach {host:modules}/s1\nat all", "cannot reach http://127.0.0.1:12345/s1"));
        assert!(!bindings.accept("no\naddress", "no address"));
        assert!(bindings.accept("{host:git} exited with 128", "/usr/bin/git exited with 128"));
    }

    #[test]
    fn members_that_were_not_recorded_are_differences() {
        let mut differences = Vec::new();
        let (recorded, ours) = (serde_json::json!({"a": 1}), serde_json::json!({"a": 1.0, "b": 2}));
        Bindings::default().accept_json(&recorded, &ours, "$", &mut differences);
        assert_eq!(differences, ["$.b: not expected, got 2"]);
    }
}
