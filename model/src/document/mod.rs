//! YAML and JSON as one tree that remembers where everything stands.

pub mod code;
pub(crate) mod edit;
mod json;
mod plain;
mod repair;
mod scalar;
mod steps;
mod yaml;

#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, FileId, Span};

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value's text, without its key.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean, by YAML 1.2's core schema.
    Bool(bool),
    /// A number; integers are exact.
    Number(serde_json::Number),
    /// Text.
    String(String),
    /// A sequence.
    Array(Vec<Node>),
    /// A mapping, in the order of the text.
    Object(IndexMap<String, Entry>),
}

/// A member of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub node: Node,
}

/// What a text may cost before it is refused.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting.
    pub depth: usize,
    /// Most nodes after aliases are expanded.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 128, nodes: 2_000_000 }
    }
}

/// Parses the first document of a YAML text; JSON is YAML, so this reads both.
///
/// Plain scalars mean what YAML 1.2's core schema says: `no` and `on` are text, `0o17` is 15. Anchors,
/// aliases and merge keys (`<<`) are resolved; keys that are scalars become their text.
///
/// # Errors
/// Syntax errors, duplicate keys, aliases that grow past the limits, nesting past the limits, numbers
/// that cannot be kept exactly: each a diagnostic with its place. All duplicates are reported, the
/// rest one at a time.
pub fn parse_yaml(file: FileId, text: &str, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    limits.check_size(file, text)?;
    let parse = |text: &str| yaml::parse(file, text, limits);
    parse(text).map_err(|said| repair::yaml(text, said, parse))
}

/// Warns of further documents in a text of which only the first is read.
pub(crate) fn check_single(file: FileId, text: &str) -> Option<Diagnostic> {
    let at = yaml::second_document(text)?;
    let message = "only the first document is read: what stands behind this `---` is left out";
    let diagnostic = Diagnostic::warning(code::SEVERAL_DOCUMENTS, message).at(Span::new(file, at, at + 3));
    Some(diagnostic.help("write it into a file of its own, or remove the `---` if both are one document"))
}

/// What a plain text of YAML means; text, where it would be a number that cannot be kept.
pub(crate) fn plain_value(text: &str) -> Value {
    scalar::resolve(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Parses a JSON text (RFC 8259), strictly: no comments, no trailing commas, no duplicate keys.
///
/// # Errors
/// As [`parse_yaml`].
pub fn parse_json(file: FileId, text: &str, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    limits.check_size(file, text)?;
    let parse = |text: &str| json::parse(file, text, limits);
    parse(text).map_err(|said| repair::json(text, said, parse))
}

/// As [`parse_json`], without looking for what was meant: for texts that come in masses, or from anybody.
///
/// # Errors
/// As [`parse_yaml`].
pub fn parse_json_plainly(file: FileId, text: &str, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    limits.check_size(file, text)?;
    json::parse(file, text, limits)
}

/// As [`parse_json_plainly`], without places: a text that is right becomes its value in one go.
///
/// # Errors
/// As [`parse_yaml`].
pub fn parse_json_value(file: FileId, text: &str, limits: Limits) -> Result<serde_json::Value, Vec<Diagnostic>> {
    if text.len() <= limits.bytes
        && let Some(value) = plain::parse(text, limits)
    {
        return Ok(value);
    }
    parse_json_plainly(file, text, limits).map(|node| node.to_json())
}

/// Returns bytes as text.
///
/// # Errors
/// A diagnostic that names the line and offset of the first byte that is not UTF-8. It has no span,
/// because bytes that are no text cannot stand in a source map.
#[expect(clippy::result_large_err, reason = "called once per file; a box would save nothing")]
pub fn decode_utf8(bytes: &[u8]) -> Result<&str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("byte {at} (0x{:02x}), on line {line}, is not UTF-8", bytes[at]);
        let help = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "the text looks like UTF-16; save it as UTF-8",
            _ => "save the text as UTF-8",
        };
        Diagnostic::error(code::NOT_UTF8, message).help(help)
    })
}

impl Limits {
    fn check_size(self, file: FileId, text: &str) -> Result<(), Vec<Diagnostic>> {
        if text.len() <= self.bytes {
            return Ok(());
        }
        let message = format!("the text has {} bytes; at most {} are read", text.len(), self.bytes);
        let diagnostic = Diagnostic::error(code::DOCUMENT_TOO_LARGE, message).at(Span::new(file, 0, 0));
        Err(vec![diagnostic.help("split the document into several")])
    }

    fn too_many_nodes(self, span: Span) -> Diagnostic {
        let message = format!("the document has more than {} values", self.nodes);
        Diagnostic::error(code::DOCUMENT_TOO_LARGE, message).at(span).help("split the document into several")
    }

    fn too_deep(self, span: Span) -> Diagnostic {
        let message = format!("mappings and lists are nested more than {} deep", self.depth);
        Diagnostic::error(code::NESTING_TOO_DEEP, message).at(span).help("flatten the document")
    }
}

impl Node {
    /// Returns the member `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(members) => members.get(key).map(|entry| &entry.node),
            _ => None,
        }
    }

    /// Returns the members of a mapping.
    pub fn as_object(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the same value without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.clone().into(),
            Value::String(text) => text.clone().into(),
            Value::Array(items) => items.iter().map(Node::to_json).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(key, entry)| (key.clone(), entry.node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// Returns a tree for a value that has no text of its own; every span is `span`.
    pub fn from_json(value: &serde_json::Value, span: Span) -> Self {
        let node = |value| Node::from_json(value, span);
        let value = match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Number(number.clone()),
            serde_json::Value::String(text) => Value::String(text.clone()),
            serde_json::Value::Array(items) => Value::Array(items.iter().map(node).collect()),
            serde_json::Value::Object(members) => Value::Object(
                members.iter().map(|(key, value)| (key.clone(), Entry { key_span: span, node: node(value) })).collect(),
            ),
        };
        Node { span, value }
    }
}
