//! What a configuration may hold.

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use super::yaml::{Key, Node, Value};

/// The features of the language that a project may turn on.
pub(super) const FEATURES: [&str; 5] =
    ["function-declarations", "auto-decorators", "declaration-expressions", "union-extends", "type-info-provider"];

/// What only the configuration of a project may say.
pub(super) const PROJECT_ONLY: [&str; 2] = ["entrypoint", "features"];

/// The kinds of values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Boolean,
    Texts,
    TextOrTexts,
    Map,
    Linter,
}

const KEYS: [(&str, Shape); 13] = [
    ("extends", Shape::Text),
    ("kind", Shape::Text),
    ("entrypoint", Shape::Text),
    ("features", Shape::Texts),
    ("parameters", Shape::Map),
    ("environment-variables", Shape::Map),
    ("output-dir", Shape::Text),
    ("warn-as-error", Shape::Boolean),
    ("trace", Shape::TextOrTexts),
    ("imports", Shape::Texts),
    ("emit", Shape::Texts),
    ("options", Shape::Map),
    ("linter", Shape::Linter),
];

const LINTER_KEYS: [(&str, Shape); 3] = [("extends", Shape::Texts), ("enable", Shape::Map), ("disable", Shape::Map)];

/// Checks the shape of a whole configuration.
pub(super) fn check(root: &Node) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    match &root.value {
        Value::Null => {}
        Value::Map(entries) => {
            check_keys(entries, &KEYS, &mut found);
            check_values(root, &mut found);
        }
        _ => found.push(violation("the configuration must be a map of names to values", root.span)),
    }
    found
}

fn violation(message: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error(Code::new("invalid-schema"), message).at(span).help("`rad explain invalid-schema` lists the keys")
}

fn check_keys(entries: &[(Key, Node)], known: &[(&str, Shape)], found: &mut Vec<Diagnostic>) {
    for (key, node) in entries {
        let Some((_, shape)) = known.iter().find(|(name, _)| *name == key.text) else {
            let message = format!("`{}` is no key of a configuration", key.text);
            let problem = Diagnostic::error(Code::new("invalid-schema"), message).at(key.span);
            let names = known.iter().map(|(name, _)| *name);
            found.push(match crate::checker::similar(&key.text, names.clone()) {
                Some(meant) => did_you_mean(problem, key.span, &meant),
                None => problem.help(format!("the keys are {}", names.collect::<Vec<_>>().join(", "))),
            });
            continue;
        };
        if let Some(wanted) = refused(node, *shape) {
            found.push(violation(format!("`{}` must be {wanted}", key.text), node.span));
        }
        if *shape == Shape::Linter {
            check_keys(node.entries(), &LINTER_KEYS, found);
        }
    }
}

/// Adds the name that was meant, as help and as a fix.
pub(super) fn did_you_mean(problem: Diagnostic, span: Span, meant: &str) -> Diagnostic {
    let title = format!("rename to `{meant}`");
    let fix = Fix { title, span, replacement: meant.to_owned(), sure: true };
    problem.help(format!("did you mean `{meant}`?")).fix(fix)
}

/// What a value should have been; `None` if it is.
fn refused(node: &Node, shape: Shape) -> Option<&'static str> {
    let is_list_of_texts = |node: &Node| match &node.value {
        Value::List(items) => items.iter().all(|item| item.as_text().is_some()),
        _ => false,
    };
    let (fits, wanted) = match shape {
        Shape::Text => (node.as_text().is_some(), "a text"),
        Shape::Boolean => (matches!(node.value, Value::Boolean(_)), "`true` or `false`"),
        Shape::Texts => (is_list_of_texts(node), "a list of texts"),
        Shape::TextOrTexts => (node.as_text().is_some() || is_list_of_texts(node), "a text or a list of texts"),
        Shape::Map | Shape::Linter => (matches!(node.value, Value::Map(_)), "a map"),
    };
    (!fits).then_some(wanted)
}

fn check_values(root: &Node, found: &mut Vec<Diagnostic>) {
    if let Some((kind, span)) = root.get("kind").and_then(|node| Some((node.as_text()?, node.span)))
        && kind != "project"
    {
        found.push(violation("`kind` must be `project`", span));
    }
    for list in ["parameters", "environment-variables"] {
        for (key, _) in root.get(list).map(Node::entries).unwrap_or_default() {
            if key.text.contains('.') {
                let message = format!(
                    "The configuration name \"{}\" is invalid because it contains a dot (\".\"). Using a dot will conflict with using nested configuration values.",
                    key.text
                );
                let problem = Diagnostic::error(Code::new("config-invalid-name"), message).at(key.span);
                found.push(problem.help("join the words by `-`"));
            }
        }
    }
    if let Some((path, span)) = root.get("output-dir").and_then(|node| Some((node.as_text()?, node.span)))
        && !is_absolute(path)
    {
        let message = format!(
            "Path \"{path}\" cannot be relative. Use {{cwd}} or {{project-root}} to specify what the path should be relative to."
        );
        let replacement = format!("\"{{project-root}}/{}\"", path.trim_start_matches("./"));
        let fix = Fix { title: format!("write `{replacement}`"), span, replacement, sure: false };
        let problem = Diagnostic::error(Code::new("config-path-absolute"), message).at(span);
        found.push(problem.help(fix.title.clone()).fix(fix));
    }
}

/// Whether a path starts at a root, at a placeholder, or at a drive.
fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    path.starts_with('/') || path.starts_with('{') || drive
}
