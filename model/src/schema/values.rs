//! Values of keywords: what is read where a text, a flag, a count or a list is due, and what is said of anything else.

use radii_diagnostics::Diagnostic;
use serde_json::Number;

use super::read::Reader;
use crate::advice::Advice;
use crate::document::{Node, Value};
use crate::number_words;
use crate::path::Path;
use crate::rules::code;

impl Reader<'_> {
    pub(super) fn text(&mut self, node: &Node, path: &Path<'_>) -> Option<String> {
        let text = node.as_str().map(str::to_owned);
        if text.is_none() {
            let help = match &node.value {
                Value::Number(number) => Advice::from("put the text in quotes").write(format!("\"{number}\"")).sure(),
                Value::Bool(flag) => Advice::from("put the text in quotes").write(format!("\"{flag}\"")).sure(),
                _ => only_text(node).unwrap_or_else(|| "put the text in quotes".into()),
            };
            self.wrong_type(node, path, "text", help);
        }
        text
    }

    pub(super) fn flag(&mut self, node: &Node, path: &Path<'_>) -> bool {
        if let Value::Bool(flag) = node.value {
            return flag;
        }
        self.wrong_type(node, path, "a boolean", boolean(node));
        false
    }

    pub(super) fn count(&mut self, node: &Node, path: &Path<'_>) -> Option<u64> {
        let count = match &node.value {
            Value::Number(number) => number.as_u64().or_else(|| whole(number)),
            _ => None,
        };
        if count.is_none() {
            let help = Advice::from("write the number without sign and quotes");
            let meant = node.as_str().and_then(number_words::meant);
            let help = match meant.filter(|(number, _)| number.parse::<u64>().is_ok()) {
                Some((number, true)) => help.write(number).sure(),
                Some((number, false)) => help.write(number),
                None => help,
            };
            self.wrong_type(node, path, "a whole number from 0", help);
        }
        count
    }

    pub(super) fn items<'n>(&mut self, node: &'n Node, path: &Path<'_>, expected: &str) -> Option<&'n [Node]> {
        if let Value::Array(items) = &node.value {
            return Some(items);
        }
        let help = Advice::from("write a list, such as `[a, b]`");
        let help = match &node.value {
            Value::String(text) => {
                let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
                match inner.contains(['|', ';', '/']) && !inner.contains(',') {
                    true => help.write(format!(
                        "[{}]",
                        inner.split(['|', ';', '/']).map(str::trim).collect::<Vec<_>>().join(", ")
                    )),
                    false => help.write(format!("[{inner}]")).sure(),
                }
            }
            Value::Object(members) if !members.is_empty() && expected == "a list of values" => {
                help.write(format!("[{}]", members.keys().map(String::as_str).collect::<Vec<_>>().join(", ")))
            }
            // `{name: true}`
            Value::Object(members) if !members.is_empty() && members.values().all(|it| is_truth(&it.node)) => {
                let wanted = members.iter().filter(|(_, it)| it.node.value == Value::Bool(true));
                let names: Vec<&str> = wanted.map(|(name, _)| name.as_str()).collect();
                help.write(format!("[{}]", names.join(", ")))
            }
            Value::Number(number) => help.write(format!("[{number}]")).sure(),
            _ => help,
        };
        self.wrong_type(node, path, expected, help);
        None
    }

    pub(super) fn names(&mut self, node: &Node, path: &Path<'_>) -> Vec<String> {
        let items = self.items(node, path, "a list of property names").unwrap_or_default();
        let names = items.iter().enumerate().filter_map(|(at, item)| self.text(item, &path.index(at)));
        names.collect()
    }

    pub(super) fn wrong_type(&mut self, node: &Node, path: &Path<'_>, expected: &str, help: impl Into<Advice>) {
        let diagnostic = wrong_type(node, path, expected, help);
        self.diagnostics.push(diagnostic);
    }
}

fn is_truth(node: &Node) -> bool {
    matches!(node.value, Value::Bool(_))
}

/// Says that a value has the wrong JSON type.
pub(crate) fn wrong_type(node: &Node, path: &Path<'_>, expected: &str, help: impl Into<Advice>) -> Diagnostic {
    let found = match &node.value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    let name = match path {
        Path::Key(_, name) => format!("`{name}`"),
        _ => "this".to_owned(),
    };
    let message = format!("{name} must be {expected}, not {found}");
    let diagnostic = help.into().give(Diagnostic::error(code::WRONG_TYPE, message).at(node.span), node.span);
    if path.is_empty() { diagnostic } else { diagnostic.path(path.to_string()) }
}

/// How to write the boolean that was meant.
pub(crate) fn boolean(node: &Node) -> Advice {
    let help = Advice::from("write `true` or `false`, without quotes");
    match (&node.value, node.as_str().map(str::to_ascii_lowercase).as_deref()) {
        (Value::Number(number), _) if number.as_u64() == Some(1) => help.write("true"),
        (Value::Number(number), _) if number.as_u64() == Some(0) => help.write("false"),
        (_, Some("true" | "yes" | "on" | "y")) => help.write("true").sure(),
        (_, Some("false" | "no" | "off" | "n")) => help.write("false").sure(),
        _ => help,
    }
}

fn whole(number: &Number) -> Option<u64> {
    let float = number.as_f64()?;
    // Below 2^53 every whole number is exact.
    (float >= 0.0 && float.fract() == 0.0 && float < 9_007_199_254_740_992.0).then_some(float as u64)
}

/// The advice to write the only text of a list without the list.
pub(crate) fn only_text(node: &Node) -> Option<Advice> {
    let Value::Array(items) = &node.value else { return None };
    let [item] = items.as_slice() else { return None };
    let text = item.as_str()?;
    let is_plain = text.chars().all(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_' | '.' | '/'));
    is_plain.then(|| Advice::from("write the text without the list").write(text).sure())
}
