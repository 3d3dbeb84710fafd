//! The tree of a configuration: just what `tspconfig.yaml` needs of YAML, with places.

use granit_parser::{Event, Parser, ScalarStyle};
use radii_diagnostics::{Code, Diagnostic, FileId, Span};

/// How deep a configuration may nest.
const MAX_DEPTH: usize = 64;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub span: Span,
    pub value: Value,
}

/// A name before a colon.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub text: String,
    pub span: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Number,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// Every text of the value: itself, or those of the list.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Span)> {
        self.items().iter().chain(std::iter::once(self)).filter_map(|node| Some((node.as_text()?, node.span)))
    }
}

/// A collection that is being read.
enum Open {
    List(Vec<Node>, Span),
    Map(Vec<(Key, Node)>, Option<Key>, Span),
}

/// Reads the first document of a text; an empty one is null.
pub(super) fn parse(file: FileId, text: &str) -> Result<Node, Box<Diagnostic>> {
    let mut reader = Reader { file, open: Vec::new(), root: None };
    let mut options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_unresolved_aliases: true,
    };
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(event) = parser.next_event() {
        let (event, place) = event.map_err(|error| syntax(file, text, &error))?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        let bytes = place.byte_range().unwrap_or_default();
        reader.take(event, Span::new(file, bytes.start, bytes.end))?;
    }
    Ok(reader.root.unwrap_or(Node { span: Span::new(file, 0, 0), value: Value::Null }))
}

fn syntax(file: FileId, text: &str, error: &granit_parser::ScanError) -> Box<Diagnostic> {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let width = text[at..].chars().next().filter(|next| *next != '\n').map_or(0, char::len_utf8);
    let message = format!("the configuration is no YAML: {}", error.info());
    let problem = Diagnostic::error(Code::new("radii/yaml-syntax"), message).at(Span::new(file, at, at + width));
    Box::new(problem.help("write `key: value`, indented by spaces"))
}

struct Reader {
    file: FileId,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Diagnostic>> {
        match event {
            Event::Scalar(text, style, ..) => self.scalar(&text, style == ScalarStyle::Plain, span),
            Event::SequenceStart(..) => {
                self.open.push(Open::List(Vec::new(), span));
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push(Open::Map(Vec::new(), None, span));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(_) | Event::UnresolvedAlias(_) => self.attach(Node { span, value: Value::Null }),
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, text: &str, plain: bool, span: Span) -> Result<(), Box<Diagnostic>> {
        if let Some(Open::Map(entries, key @ None, _)) = self.open.last_mut() {
            if entries.iter().any(|(known, _)| known.text == text) {
                let message = format!("The key `{text}` stands here twice.");
                let problem = Diagnostic::error(Code::new("yaml-duplicate-key"), message).at(span);
                return Err(Box::new(problem.help("keep one of them")));
            }
            *key = Some(Key { text: text.to_owned(), span });
            return Ok(());
        }
        let value = match text {
            "" | "~" | "null" if plain => Value::Null,
            "true" if plain => Value::Boolean(true),
            "false" if plain => Value::Boolean(false),
            text if plain && text.parse::<f64>().is_ok() => Value::Number,
            text => Value::Text(text.to_owned()),
        };
        self.attach(Node { span, value })
    }

    fn close(&mut self, end: Span) -> Result<(), Box<Diagnostic>> {
        let (value, start) = match self.open.pop() {
            Some(Open::List(items, start)) => (Value::List(items), start),
            Some(Open::Map(entries, _, start)) => (Value::Map(entries), start),
            None => return Ok(()),
        };
        let span = Span { file: self.file, start: start.start, end: end.end.max(start.end) };
        self.attach(Node { span, value })
    }

    fn attach(&mut self, node: Node) -> Result<(), Box<Diagnostic>> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(items, _)) => items.push(node),
            Some(Open::Map(entries, key, _)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let message = "A mapping or list stands where a key is expected.";
                    return Err(Box::new(Diagnostic::error(Code::new("radii/yaml-syntax"), message).at(node.span)));
                }
            },
        }
        Ok(())
    }
}
