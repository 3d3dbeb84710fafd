//! Rules as they are written in schemas, and where each of their characters stands in the author's file.

use radii_diagnostics::Span;
use serde_json::Value as Json;

use super::VALIDATIONS;
use super::problem::At;
use crate::document::{Node, Value};
use crate::schema::{Additional, Schema};

/// One entry of [`VALIDATIONS`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenRule {
    /// The expression.
    pub rule: String,
    /// What is said when it does not hold.
    pub message: Option<String>,
    /// What it is about, from where it stands: `credentials.username`.
    pub path: Option<String>,
    /// A word for programs.
    pub reason: Option<String>,
    /// Properties that other versions of the type have: `has()` of them is false here.
    pub absent: Vec<String>,
}

/// Where a rule of a schema stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RulePlace {
    /// The expression.
    pub rule: TextPlace,
    /// The path.
    pub path: TextPlace,
}

/// Where a text stands, character by character.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextPlace {
    /// The whole literal, with its quotes.
    pub span: Span,
    /// For each byte of the text, and its end, the byte of the file; empty where that is not known.
    offsets: Vec<u32>,
    /// For each byte of the text, where the character ends that it belongs to.
    ends: Vec<u32>,
    /// What the literal stands in; empty where it has no quotes.
    quote: &'static str,
}

impl TextPlace {
    /// The place of a literal whose text is not at hand.
    pub fn of(span: Span) -> Self {
        Self { span, ..Self::default() }
    }

    /// The place of the text `value`, written as `literal` at `span`.
    pub fn in_literal(span: Span, literal: &str, value: &str) -> Self {
        let (offsets, ends) = align(literal, value).unwrap_or_default();
        let places = |offsets: Vec<usize>| offsets.into_iter().map(|offset| span.start + offset as u32).collect();
        Self { span, offsets: places(offsets), ends: places(ends), quote: quote_of(literal) }
    }

    /// Where a part of the text stands; the whole literal where that is not known.
    pub fn part(&self, at: &At) -> Span {
        let (Some(start), Some(end)) = (self.offsets.get(at.start), self.offsets.get(at.end)) else {
            return self.span;
        };
        // What follows may stand on another line: a part ends where its last character does.
        let last = at.end.checked_sub(1).filter(|last| *last >= at.start).and_then(|last| self.ends.get(last));
        let end = last.unwrap_or(end);
        Span { start: *start, end: (*end).max(*start), ..self.span }
    }

    /// The byte of the text that stands at a byte of the file, or first behind it.
    pub fn text_offset(&self, place: u32) -> Option<usize> {
        self.offsets.iter().position(|offset| *offset >= place)
    }

    /// Writes text as it has to stand in the literal.
    pub fn escaped(&self, text: &str) -> String {
        match self.quote {
            "\"" => text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"),
            "\"\"\"" => text.replace('\\', "\\\\"),
            "'" => text.replace('\'', "''"),
            _ => text.to_owned(),
        }
    }

    /// Whether parts of the text can be told from each other.
    pub fn is_known(&self) -> bool {
        !self.offsets.is_empty()
    }
}

/// Reads the rules of a schema; an entry that is no rule is `None`.
pub fn written(schema: &Schema) -> Vec<Option<WrittenRule>> {
    let Some(Json::Array(entries)) = schema.extensions.get(VALIDATIONS) else { return Vec::new() };
    entries.iter().map(read).collect()
}

fn read(entry: &Json) -> Option<WrittenRule> {
    let members = entry.as_object()?;
    let known = ["rule", "message", "path", "reason", "absent"];
    if members.keys().any(|name| !known.contains(&name.as_str())) {
        return None;
    }
    let text = |name: &str| match members.get(name) {
        None | Some(Json::Null) => Some(None),
        Some(Json::String(text)) => Some(Some(text.clone())),
        Some(_) => None,
    };
    let absent = match members.get("absent") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(names)) => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()?
        }
        Some(_) => return None,
    };
    Some(WrittenRule {
        rule: text("rule")??,
        message: text("message")?,
        path: text("path")?,
        reason: text("reason")?,
        absent,
    })
}

/// The places of the rules that a document holds.
pub(crate) fn places(node: &Node) -> Vec<RulePlace> {
    let Value::Array(entries) = &node.value else { return vec![whole(node.span)] };
    entries
        .iter()
        .map(|entry| {
            let member = |name: &str| entry.as_object().and_then(|members| members.get(name)).map(|it| it.node.span);
            let rule = TextPlace::of(member("rule").unwrap_or(entry.span));
            let path = TextPlace::of(member("path").unwrap_or(rule.span));
            RulePlace { rule, path }
        })
        .collect()
}

fn whole(span: Span) -> RulePlace {
    RulePlace { rule: TextPlace::of(span), path: TextPlace::of(span) }
}

/// Finds out where each character of the rules stands in the text that a schema was read from.
pub fn locate(schema: &mut Schema, text: &str) {
    let rules = written(schema);
    for (place, rule) in schema.rule_places.iter_mut().zip(rules) {
        let Some(rule) = rule else { continue };
        for (place, value) in [(&mut place.rule, Some(rule.rule)), (&mut place.path, rule.path)] {
            let literal = text.get(place.span.start as usize..place.span.end as usize);
            if let (Some(literal), Some(value)) = (literal, value) {
                *place = TextPlace::in_literal(place.span, literal, &value);
            }
        }
    }
    each_below(schema, &mut |schema| locate(schema, text));
}

/// Visits the schemas right below one.
fn each_below(schema: &mut Schema, visit: &mut dyn FnMut(&mut Schema)) {
    schema.properties.values_mut().for_each(|property| visit(&mut property.schema));
    if let Some(items) = &mut schema.items {
        visit(items);
    }
    if let Additional::Schema(values) = &mut schema.additional {
        visit(values);
    }
    let combined = &mut schema.composition;
    let lists = [&mut combined.all_of, &mut combined.any_of, &mut combined.one_of];
    lists.into_iter().flatten().for_each(&mut *visit);
    if let Some(not) = &mut combined.not {
        visit(not);
    }
}

fn quote_of(literal: &str) -> &'static str {
    ["\"\"\"", "\"", "'"].into_iter().find(|quote| literal.starts_with(quote)).unwrap_or_default()
}

/// Walks over a literal and the text that it stands for: for each byte of the text, the byte of the literal.
///
/// That works for every way to write text (quotes, escapes, blocks, indentation), because what is no character
/// of the text is skipped.
fn align(literal: &str, value: &str) -> Option<(Vec<usize>, Vec<usize>)> {
    let quote = quote_of(literal);
    let has_escapes = quote.starts_with('"');
    let mut at = quote.len();
    let end = if literal.len() >= 2 * quote.len() { literal.len() - quote.len() } else { literal.len() };
    let (mut offsets, mut ends) = (Vec::with_capacity(value.len() + 1), Vec::with_capacity(value.len()));
    for wanted in value.chars() {
        loop {
            let rest = literal.get(at..end).filter(|rest| !rest.is_empty())?;
            let first = rest.chars().next()?;
            let escape = if has_escapes && first == '\\' { unescaped(rest) } else { None };
            let (length, found) = match escape {
                Some((decoded, length)) => (length, decoded == wanted),
                // Lines that are folded become spaces.
                None => (first.len_utf8(), first == wanted || wanted == ' ' && first == '\n'),
            };
            if found {
                offsets.extend(std::iter::repeat_n(at, wanted.len_utf8()));
                ends.extend(std::iter::repeat_n(at + length, wanted.len_utf8()));
                at += length;
                break;
            }
            at += length;
        }
    }
    offsets.push(at);
    Some((offsets, ends))
}

/// The character that an escape stands for, and the length of the escape.
fn unescaped(rest: &str) -> Option<(char, usize)> {
    let kind = rest[1..].chars().next()?;
    let hex = |start: usize, digits: usize| -> Option<(char, usize)> {
        let value = u32::from_str_radix(rest.get(start..start + digits)?, 16).ok()?;
        Some((char::from_u32(value)?, start + digits))
    };
    match kind {
        'n' => Some(('\n', 2)),
        't' => Some(('\t', 2)),
        'r' => Some(('\r', 2)),
        'u' if rest[2..].starts_with('{') => {
            let close = rest.find('}')?;
            let value = u32::from_str_radix(rest.get(3..close)?, 16).ok()?;
            Some((char::from_u32(value)?, close + 1))
        }
        'u' => hex(2, 4),
        'x' => hex(2, 2),
        'U' => hex(2, 8),
        other => Some((other, 1 + other.len_utf8())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_into_a_literal_is_escaped_as_it_wants() {
        for (literal, expected) in
            [("\"a\"", r#"x == \"y\" 'z'"#), ("'a'", r#"x == "y" ''z''"#), ("a", r#"x == "y" 'z'"#)]
        {
            let place = TextPlace::in_literal(Span::default(), literal, "a");
            assert_eq!(place.escaped(r#"x == "y" 'z'"#), expected);
        }
    }

    #[test]
    fn each_character_is_found_in_any_way_to_write_it() {
        let cases = [
            (r#""self.a == \"x\"""#, r#"self.a == "x""#, "\"x\"", r#"\"x\""#),
            ("'it''s'", "it's", "s", "s"),
            ("self.a > 1", "self.a > 1", "a", "a"),
            ("|\n    self.a\n      > 1\n", "self.a\n  > 1\n", "> 1", "> 1"),
            (">-\n  self.a\n  > 1\n", "self.a > 1", "> 1", "> 1"),
            ("\"\"\"\n    self.a\n    \"\"\"", "self.a", "self.a", "self.a"),
            (r#""a\u0062c""#, "abc", "c", "c"),
            (r#""a\u{62}c""#, "abc", "b", r"\u{62}"),
        ];
        for (literal, value, part, expected) in cases {
            let span = Span { start: 0, end: literal.len() as u32, ..Span::default() };
            let place = TextPlace::in_literal(span, literal, value);
            let start = value.find(part).unwrap();
            let found = place.part(&(start..start + part.len()));
            assert_eq!(&literal[found.start as usize..found.end as usize], expected, "{literal}");
        }
    }
}
