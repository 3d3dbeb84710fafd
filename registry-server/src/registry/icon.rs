//! Icons of types: SVG that is safe to show, addressed by its content.
//!
//! The rules and their words are those of the Radius HTTP contract, part 6. The scanner below reads as
//! much XML as the rules need; it never resolves anything.

use sha2::{Digest, Sha256};

/// Largest icon, in bytes.
const LIMIT: usize = 32 * 1024;

/// What types without an icon of their own have as `iconHash`: clients know it as the default icon.
pub const DEFAULT_HASH: &str = "98fde6b7efcad66b37ad3014e63b3965f13d82a524a07cb53e690ef5287cb037";

/// The icon of types that have none.
pub const DEFAULT: &str = include_str!("default-icon.svg");

const FORBIDDEN: [&str; 3] = ["script", "style", "foreignobject"];
const ANIMATIONS: [&str; 6] = ["animate", "animatetransform", "animatemotion", "animatecolor", "set", "discard"];

/// Returns the lower-case SHA-256 of an icon's bytes.
pub fn hash(icon: &str) -> String {
    Sha256::digest(icon.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Checks an icon.
///
/// # Errors
/// Says which rule it breaks.
pub fn check(icon: &str) -> Result<(), String> {
    if icon.is_empty() {
        return Err("icon is empty".into());
    }
    if icon.len() > LIMIT {
        return Err(format!("icon is {} bytes, which exceeds the {LIMIT} byte limit", icon.len()));
    }
    let mut open: Vec<String> = Vec::new();
    let mut seen_root = false;
    let mut scanner = Scanner { text: icon, at: 0 };
    while let Some(tag) = scanner.next_tag()? {
        match tag {
            Tag::Close(name) => match open.pop() {
                Some(expected) if expected == name => {}
                Some(expected) => {
                    return Err(scanner.syntax(&format!("element <{expected}> closed by </{name}>")));
                }
                None => return Err(scanner.syntax(&format!("unexpected end element </{name}>"))),
            },
            Tag::Open { name, attributes, is_empty } => {
                let local = local(&name);
                if !seen_root && !local.eq_ignore_ascii_case("svg") {
                    return Err(format!("icon root element is <{local}>, expected <svg>"));
                }
                seen_root = true;
                check_element(local)?;
                attributes.iter().try_for_each(|(attribute, value)| check_attribute(local, attribute, value))?;
                if !is_empty {
                    open.push(name);
                }
            }
        }
    }
    match open.last() {
        Some(_) => Err(scanner.syntax("unexpected EOF")),
        None if !seen_root => Err("icon does not contain an <svg> root element".into()),
        None => Ok(()),
    }
}

fn check_element(name: &str) -> Result<(), String> {
    let lower = name.to_ascii_lowercase();
    if FORBIDDEN.contains(&lower.as_str()) {
        return Err(format!("icon contains a <{name}> element, which is not allowed"));
    }
    if ANIMATIONS.contains(&lower.as_str()) {
        return Err(format!(
            "icon contains a <{name}> animation element, which is not allowed \
             (SMIL can mutate attributes at render time and defeat this validator)"
        ));
    }
    Ok(())
}

fn check_attribute(element: &str, attribute: &str, value: &str) -> Result<(), String> {
    let is_namespace = attribute == "xmlns" || attribute.starts_with("xmlns:");
    let attribute = local(attribute);
    let lower = attribute.to_ascii_lowercase();
    if is_namespace {
        return Ok(());
    }
    if lower.starts_with("on") {
        return Err(format!(
            "icon <{element}> element has event-handler attribute {attribute:?}, which is not allowed"
        ));
    }
    if lower == "style" {
        return Err(format!("icon <{element}> element has style attribute, which is not allowed"));
    }
    let trimmed = value.trim();
    if matches!(lower.as_str(), "href" | "src") {
        let is_inside = trimmed.is_empty() || trimmed.starts_with('#');
        if !is_inside && !trimmed.to_ascii_lowercase().starts_with("data:") {
            return Err(format!(
                "icon <{element}> element references external resource {value:?} via {attribute}; \
                 only data: URLs and intra-document fragments are allowed"
            ));
        }
        return Ok(());
    }
    if value.contains('\\') {
        return Err(format!(
            "icon <{element}> element attribute {attribute:?} contains a backslash escape {value:?}; \
             CSS escape sequences are not allowed in URL-bearing attribute values"
        ));
    }
    if refers_outside(value) {
        return Err(format!(
            "icon <{element}> element attribute {attribute:?} references external resource {value:?} via url(); \
             only intra-document fragments (url(#...)) are allowed"
        ));
    }
    Ok(())
}

/// Whether a value holds a `url(…)` that is no fragment of this document.
fn refers_outside(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    lower.match_indices("url(").any(|(at, found)| {
        let target = lower[at + found.len()..].trim_start().trim_start_matches(['"', '\'']).trim_start();
        !target.starts_with('#')
    })
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

enum Tag {
    Open { name: String, attributes: Vec<(String, String)>, is_empty: bool },
    Close(String),
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn syntax(&self, reason: &str) -> String {
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("icon is not well-formed XML: XML syntax error on line {line}: {reason}")
    }

    /// Moves past `end` and returns what stands before it.
    fn take_until(&mut self, end: &str) -> Result<&str, String> {
        let from = self.at;
        match self.text[from..].find(end) {
            Some(length) => {
                self.at = from + length + end.len();
                Ok(&self.text[from..from + length])
            }
            None => {
                self.at = self.text.len();
                Err(self.syntax("unexpected EOF"))
            }
        }
    }

    /// Returns the next start or end tag; comments, text, instructions and declarations are passed over.
    fn next_tag(&mut self) -> Result<Option<Tag>, String> {
        loop {
            let Some(length) = self.text[self.at..].find('<') else {
                self.at = self.text.len();
                return Ok(None);
            };
            self.at += length + 1;
            let rest = &self.text[self.at..];
            if rest.starts_with("!--") {
                self.take_until("-->")?;
            } else if rest.starts_with("![CDATA[") {
                self.take_until("]]>")?;
            } else if rest.starts_with('?') {
                self.take_until("?>")?;
            } else if rest.starts_with('!') {
                self.declaration()?;
            } else if rest.starts_with('/') {
                self.at += 1;
                let name = self.take_until(">")?.trim().to_owned();
                return Ok(Some(Tag::Close(name)));
            } else {
                return self.start_tag().map(Some);
            }
        }
    }

    /// Passes a declaration; entities could make anything of the text, so they are refused.
    fn declaration(&mut self) -> Result<(), String> {
        let text = self.take_until(">")?;
        if text.contains('[') || text.to_ascii_uppercase().starts_with("!ENTITY") {
            return Err("icon has a document type with declarations, which is not allowed".into());
        }
        Ok(())
    }

    fn start_tag(&mut self) -> Result<Tag, String> {
        let name = self.name();
        if name.is_empty() {
            return Err(self.syntax("expected element name after <"));
        }
        let mut attributes = Vec::new();
        loop {
            self.skip_space();
            let rest = &self.text[self.at..];
            if rest.starts_with("/>") {
                self.at += 2;
                return Ok(Tag::Open { name, attributes, is_empty: true });
            }
            if rest.starts_with('>') {
                self.at += 1;
                return Ok(Tag::Open { name, attributes, is_empty: false });
            }
            if rest.is_empty() {
                return Err(self.syntax("unexpected EOF"));
            }
            attributes.push(self.attribute()?);
        }
    }

    fn attribute(&mut self) -> Result<(String, String), String> {
        let name = self.name();
        self.skip_space();
        if name.is_empty() || !self.text[self.at..].starts_with('=') {
            return Err(self.syntax("attribute name without = in element"));
        }
        self.at += 1;
        self.skip_space();
        let quote = match self.text.as_bytes().get(self.at) {
            Some(b'"') => "\"",
            Some(b'\'') => "'",
            _ => return Err(self.syntax("unquoted or missing attribute value in element")),
        };
        self.at += 1;
        let value = unescape(self.take_until(quote)?);
        Ok((name, value))
    }

    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let ends = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '=' | '<' | '"' | '\'');
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        rest[..length].to_owned()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
}

/// Replaces character references, so that no rule can be dodged with them.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find('&') {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(end) = rest.find(';') else { break };
        let name = &rest[1..end];
        let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        });
        let named = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(char::from_u32),
        };
        match named {
            Some(character) => text.push(character),
            None => text.push_str(&rest[..=end]),
        }
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn svg(inside: &str) -> String {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>")
    }

    #[test]
    fn harmless_icons_pass() {
        for inside in [
            "",
            "<!-- x -->",
            "<use href=\"#a\"/>",
            "<image href=\"data:image/png;base64,AAAA\"/>",
            "<g fill=\"url(#a)\"/>",
            "<text>a &lt; b</text>",
        ] {
            assert_eq!(check(&svg(inside)), Ok(()), "{inside}");
        }
        assert_eq!(check("<svg></svg>"), Ok(()));
        assert_eq!(check("<?xml version=\"1.0\"?><!DOCTYPE svg><svg/>"), Ok(()));
        assert_eq!(check(DEFAULT), Ok(()));
    }

    #[test]
    fn each_rule_has_its_message() {
        let cases = [
            ("<script>1</script>", "icon contains a <script> element, which is not allowed"),
            ("<foreignObject/>", "icon contains a <foreignObject> element, which is not allowed"),
            ("<g onclick=\"x\"/>", "icon <g> element has event-handler attribute \"onclick\", which is not allowed"),
            ("<g style=\"fill:red\"/>", "icon <g> element has style attribute, which is not allowed"),
            ("<g></svg>", "icon is not well-formed XML: XML syntax error on line 1: element <g> closed by </svg>"),
        ];
        for (inside, message) in cases {
            assert_eq!(check(&svg(inside)), Err(message.to_owned()), "{inside}");
        }
        for inside in [
            "<set/>",
            "<animateTransform/>",
            "<use href=\"http://example.com/x\"/>",
            "<use xlink:href=\"http://example.com/x\"/>",
            "<a href=\"javascript:1\"/>",
            "<a href=\"&#106;avascript:1\"/>",
            "<g fill=\"url(http://example.com/x)\"/>",
            "<g fill=\"u\\72l(#a)\"/>",
        ] {
            assert!(check(&svg(inside)).is_err(), "{inside}");
        }
    }

    #[test]
    fn what_is_no_svg_is_refused() {
        assert_eq!(check(""), Err("icon is empty".into()));
        assert_eq!(check("hello"), Err("icon does not contain an <svg> root element".into()));
        assert_eq!(check("<html></html>"), Err("icon root element is <html>, expected <svg>".into()));
        let large = svg(&" ".repeat(LIMIT));
        assert_eq!(check(&large), Err(format!("icon is {} bytes, which exceeds the 32768 byte limit", large.len())));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic(text in "(<|>|/|svg|=|\"|'|&|#|;|!|-|\\[|é| |\n|[a-z]){0,40}") {
            let _ = check(&text);
        }
    }
}
