//! What can be wrong in YAML, in words that say what to do.

use granit_parser::{ErrorKind, ScanError, Tag};
use radii_diagnostics::{Diagnostic, FileId, Fix, Span};

use super::{Scalar, scalar};
use crate::document::{Limits, Node, Value, code};

/// Returns the parser's error as a diagnostic.
pub(super) fn syntax(file: FileId, text: &str, limits: Limits, error: &ScanError) -> Box<Diagnostic> {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let width = text[at..].chars().next().filter(|next| *next != '\n').map_or(0, char::len_utf8);
    let span = Span::new(file, at, at + width);
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return limits.too_deep(span).into();
    }
    let (message, help) = explain(error.kind());
    let problem = Diagnostic::error(code::YAML_SYNTAX, message).at(span);
    match help {
        Some(help) => problem.help(help).into(),
        None => problem.into(),
    }
}

fn explain(kind: &ErrorKind) -> (String, Option<&'static str>) {
    use ErrorKind as E;
    let (message, help) = match kind {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => ("a tab stands where YAML allows spaces only", "indent with spaces"),
        E::InvalidIndentation | E::InvalidFlowScalarIndent | E::InvalidBlockScalarIndent => {
            ("the line is indented by a number of spaces that fits no level above", "align it with its siblings")
        }
        E::ExpectedBlockMappingKey => {
            ("a key is expected here", "write `key: value`, aligned with the mapping's other keys")
        }
        E::SimpleKeyExpected => {
            ("a key without its `:`", "write `key: value`, or indent the line if it belongs to the text above")
        }
        E::InvalidSimpleKey => ("a key must stand on one line", "put the key on one line, in quotes if needed"),
        E::MappingKeyNotAllowed | E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            ("a `:` makes a mapping where none can stand", "put text that contains `: ` in quotes")
        }
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => {
            ("a list item (`- `) cannot stand here", "start the list on a line of its own")
        }
        E::ExpectedBlockSequenceEntry => ("a list item (`- `) is expected here", "align it with the other items"),
        E::InvalidQuotedScalarIndent => {
            ("a quote is not closed, or the text's next line is not indented", "close it with the same quotation mark")
        }
        E::UnclosedQuotedScalar => ("a quote is not closed", "close it with the same quotation mark"),
        E::UnknownQuotedScalarEscape => {
            ("unknown escape in double quotes", "write `\\\\` for a backslash, or use single quotes")
        }
        E::UnclosedFlowCollection { .. } | E::UnexpectedEofFlowSequence | E::UnexpectedEofFlowMapping => {
            ("a bracket is not closed", "close `[` with `]` and `{` with `}`")
        }
        E::ExpectedFlowMappingSeparator => {
            ("`,` or `}` is expected here", "members between braces are separated by commas")
        }
        E::ExpectedFlowSequenceSeparator => {
            ("`,` or `]` is expected here", "items between brackets are separated by commas")
        }
        E::MisplacedFlowCollectionEnd | E::MismatchedFlowCollectionEnd { .. } => {
            ("a closing bracket without its opening one", "close `[` with `]` and `{` with `}`")
        }
        E::UnexpectedCharacter { character } => {
            let message = format!("`{}` cannot begin a value", character.escape_debug());
            return (message, Some("put the text in quotes"));
        }
        E::UndeclaredTagHandle => ("the tag's prefix is not declared", "remove the tag, or put the text in quotes"),
        E::ExpectedDocumentStart => ("the document has ended before this", "a document is one mapping, list or scalar"),
        other => return (other.to_string(), None),
    };
    (message.to_owned(), Some(help))
}

pub(super) fn unknown_alias(name: &str, span: Span) -> Box<Diagnostic> {
    let problem = Diagnostic::error(code::UNKNOWN_ALIAS, format!("no anchor `&{name}` stands before this alias"));
    let problem = problem.at(span).help("define the anchor first, or put text that begins with `*` in quotes");
    if name.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-')) {
        return problem.into();
    }
    // Nobody calls an anchor like that: it is text.
    let title = "put the text in quotes".to_owned();
    problem.fix(Fix { title, span, replacement: format!("\"*{name}\""), sure: false }).into()
}

/// Refuses tags of collections other than the one that says what it is anyway.
pub(super) fn check_collection_tag(tag: Option<&Tag>, own: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.core_suffix() == Some(own) || tag.original() == "!" => Ok(()),
        Some(tag) => Err(bad_tag(tag, span)),
    }
}

fn bad_tag(tag: &Tag, span: Span) -> Box<Diagnostic> {
    let problem = Diagnostic::error(code::YAML_TAG, format!("the tag `{}` has no meaning here", tag.original()));
    problem.at(span).help("remove the tag; put text that begins with `!` in quotes").into()
}

/// Refuses tags that no scalar can have.
pub(super) fn check_scalar_tag(tag: Option<&Tag>, span: Span) -> Result<(), Box<Diagnostic>> {
    let fits = |tag: &Tag| match tag.core_suffix() {
        Some(suffix) => !matches!(suffix, "map" | "seq"),
        None => tag.original() == "!",
    };
    match tag {
        Some(tag) if !fits(tag) => Err(bad_tag(tag, span)),
        _ => Ok(()),
    }
}

/// Resolves a scalar by its tag, or by the core schema when it is plain; `None` stands for its text.
pub(super) fn tagged_scalar(scalar: &Scalar<'_>) -> Result<Option<Value>, Box<Diagnostic>> {
    let Some(tag) = scalar.tag.as_deref() else {
        return if scalar.plain { resolve(scalar).map(Some) } else { Ok(None) };
    };
    check_scalar_tag(Some(tag), scalar.tag_span)?;
    if matches!(tag.core_suffix(), None | Some("str")) {
        return Ok(None);
    }
    let value = match (tag.core_suffix(), resolve(scalar)?) {
        (Some("float"), Value::Number(number)) => {
            serde_json::Number::from_f64(number.as_f64().unwrap_or_default()).map(Value::Number)
        }
        (Some("int"), Value::Number(number)) => (!number.is_f64()).then_some(Value::Number(number)),
        (Some("bool"), Value::Bool(value)) => Some(Value::Bool(value)),
        (Some("null"), Value::Null) => Some(Value::Null),
        _ => None,
    };
    if value.is_some() {
        return Ok(value);
    }
    let message = format!("`{}` is not what the tag `{}` says", scalar.text, tag.original());
    Err(Diagnostic::error(code::YAML_TAG, message).at(scalar.span).help("remove the tag").into())
}

fn resolve(text: &Scalar<'_>) -> Result<Value, Box<Diagnostic>> {
    scalar::resolve(&text.text).map_err(|bad| {
        let (message, help) = bad.explain(&text.text);
        Diagnostic::error(code::NUMBER_RANGE, message).at(text.span).help(help).into()
    })
}

/// Refuses merge keys whose value is neither mapping nor list of mappings.
pub(super) fn check_merge(node: &Node, key: Span) -> Result<(), Box<Diagnostic>> {
    let fits = match &node.value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().all(|item| matches!(item.value, Value::Object(_))),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let problem = Diagnostic::error(code::MERGE_KEY, "a merge key (`<<`) takes a mapping or a list of mappings");
    let problem = problem.labelled(node.span, "this is neither").also(key, "merged here");
    Err(problem.help("put the key in quotes if `<<` is meant as a name").into())
}
