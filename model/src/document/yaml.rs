//! The tree of a YAML document, built from the parser's events.

mod problem;

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag};
use indexmap::IndexMap;
use radii_diagnostics::{Diagnostic, FileId, Span};

use super::steps::{Duplicates, Step};
use super::{Entry, Limits, Node, Value, code, scalar};

/// Longest key, in characters, that may stand without `?` in front. YAML says 1,024, JSON knows no such limit.
const KEY_LENGTH: usize = 65_536;

pub(super) fn parse(file: FileId, text: &str, limits: Limits) -> Result<Node, Vec<Diagnostic>> {
    let mut builder = Builder {
        file,
        text,
        limits,
        frames: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        nodes: 0,
        copied_bytes: 0,
        duplicates: Duplicates::default(),
    };
    match builder.read() {
        Ok(()) => {
            let nothing = Node { span: Span::new(file, 0, 0), value: Value::Null };
            builder.duplicates.accept(builder.root.unwrap_or(nothing))
        }
        Err(problem) => Err(builder.duplicates.before(*problem)),
    }
}

/// Returns where the `---` stands behind which a second document begins that holds something.
pub(super) fn second_document(text: &str) -> Option<usize> {
    if !text.lines().skip(1).any(|line| line.starts_with("---")) {
        return None;
    }
    let mut parser = Parser::new_from_str(text);
    let mut begun = Vec::new();
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            Event::DocumentStart(..) => begun.push(span.byte_range()?.start),
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => {
                let is_empty = matches!(event, Event::Scalar(..)) && span.byte_range()?.is_empty();
                if begun.len() > 1 && !is_empty {
                    return begun.pop().filter(|at| text[*at..].starts_with("---"));
                }
            }
            _ => {}
        }
    }
    None
}

type Built<T> = Result<T, Box<Diagnostic>>;

struct Builder<'a> {
    file: FileId,
    text: &'a str,
    limits: Limits,
    frames: Vec<Frame>,
    /// Anchored nodes; `None` while they are being read.
    anchors: HashMap<usize, Option<Anchored>>,
    root: Option<Node>,
    nodes: usize,
    copied_bytes: usize,
    duplicates: Duplicates,
}

/// A node that aliases may repeat, and what a copy of it costs.
struct Anchored {
    node: Node,
    weight: Weight,
    /// The text of a scalar as written, for aliases that stand as keys.
    text: Option<String>,
}

#[derive(Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    height: usize,
}

/// A collection that is being read.
struct Frame {
    start: usize,
    flow: bool,
    anchor: usize,
    contents: Contents,
}

enum Contents {
    Sequence(Vec<Node>),
    Mapping { members: IndexMap<String, Entry>, key: Option<Key>, merged: Vec<Node> },
}

struct Key {
    text: String,
    span: Span,
    /// Whether it is a plain `<<`.
    merges: bool,
}

/// A scalar event.
struct Scalar<'a> {
    text: Cow<'a, str>,
    plain: bool,
    anchor: usize,
    tag: Option<Cow<'a, Tag>>,
    span: Span,
    tag_span: Span,
}

impl Builder<'_> {
    fn read(&mut self) -> Built<()> {
        let text = self.text;
        let mut options = granit_parser::options! {
            flow_nesting_limit: self.limits.depth,
            block_nesting_limit: self.limits.depth,
            emit_unresolved_aliases: true,
            simple_key_max_lookahead: KEY_LENGTH,
        };
        options.set_emit_comments(false);
        let mut parser = Parser::new_from_str_with_options(text, options);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| problem::syntax(self.file, text, self.limits, &error))?;
            match event {
                // Only the first document counts; but what follows it must be a document, not rubbish.
                Event::DocumentEnd => return self.check_end(parser.next_event()),
                event => self.event(event, &span)?,
            }
        }
        Ok(())
    }

    fn check_end(&self, next: Option<granit_parser::ParseResult<'_>>) -> Built<()> {
        match next {
            Some(Err(error)) => Err(problem::syntax(self.file, self.text, self.limits, &error)),
            _ => Ok(()),
        }
    }

    fn event(&mut self, event: Event<'_>, place: &granit_parser::Span) -> Built<()> {
        let span = self.span(place);
        let tag_span = place.tag_span().map_or(span, |tag| self.span(&tag));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                self.scalar(Scalar { text, plain, anchor, tag, span, tag_span })
            }
            Event::SequenceStart(style, anchor, tag) => {
                problem::check_collection_tag(tag.as_deref(), "seq", tag_span)?;
                self.open(Contents::Sequence(Vec::new()), style, anchor, span)
            }
            Event::MappingStart(style, anchor, tag) => {
                problem::check_collection_tag(tag.as_deref(), "map", tag_span)?;
                let contents = Contents::Mapping { members: IndexMap::new(), key: None, merged: Vec::new() };
                self.open(contents, style, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => Err(problem::unknown_alias(&name, span)),
            _ => Ok(()),
        }
    }

    fn scalar(&mut self, scalar: Scalar<'_>) -> Built<()> {
        self.count(1, scalar.span)?;
        if self.expects_key() && scalar.anchor == 0 {
            problem::check_scalar_tag(scalar.tag.as_deref(), scalar.tag_span)?;
            return self.key(scalar);
        }
        let value = problem::tagged_scalar(&scalar)?.unwrap_or_else(|| Value::String(scalar.text.to_string()));
        // The value of `key:` has no text; the parser puts it where the next token begins.
        let span = match self.pending_key() {
            Some(key) if scalar.span.start == scalar.span.end => Span { start: key.span.end, ..key.span },
            _ => scalar.span,
        };
        let node = Node { span, value };
        self.remember(scalar.anchor, &node, Some(&scalar.text))?;
        if self.expects_key() { self.key(scalar) } else { self.attach(node) }
    }

    fn key(&mut self, scalar: Scalar<'_>) -> Built<()> {
        let merges = scalar.plain && scalar.text == "<<" && scalar.tag.is_none();
        self.set_key(Key { text: scalar.text.into_owned(), span: scalar.span, merges });
        Ok(())
    }

    fn open(&mut self, contents: Contents, style: StructureStyle, anchor: usize, span: Span) -> Built<()> {
        if self.expects_key() {
            let problem = Diagnostic::error(code::COMPLEX_KEY, "a mapping or list stands where a key is expected");
            return Err(problem.at(span).help("keys are scalars; put the text in quotes if it is one").into());
        }
        self.count(1, span)?;
        if self.frames.len() >= self.limits.depth {
            return Err(self.limits.too_deep(span).into());
        }
        if anchor != 0 {
            self.anchors.insert(anchor, None);
        }
        let flow = style == StructureStyle::Flow;
        let mut start = span.start as usize;
        if !flow && matches!(contents, Contents::Sequence(_)) && !self.text[start..].starts_with('-') {
            // A list that is not indented deeper than its key is announced after its first dash.
            start = self.text[..start].rfind('-').unwrap_or(start);
        }
        self.frames.push(Frame { start, flow, anchor, contents });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Built<()> {
        let frame = self.frames.pop().expect("the parser closes only what it has opened");
        let start = frame.start;
        let (value, last) = match frame.contents {
            Contents::Sequence(items) => {
                let last = items.last().map(|item| item.span.end);
                (Value::Array(items), last)
            }
            Contents::Mapping { mut members, merged, .. } => {
                let last = members.values().map(|entry| entry.node.span.end.max(entry.key_span.end)).max();
                for source in merged {
                    merge(&mut members, source)?;
                }
                (Value::Object(members), last)
            }
        };
        // A block has no closing token: it ends with its last child, not where the next token begins.
        let end = if frame.flow { end.end } else { last.unwrap_or(end.start).min(end.end) };
        let node = Node { span: Span::new(self.file, start, end as usize), value };
        self.remember(frame.anchor, &node, None)?;
        self.attach(node)
    }

    fn alias(&mut self, id: usize, span: Span) -> Built<()> {
        let Some(Some(anchored)) = self.anchors.get(&id) else {
            let problem = Diagnostic::error(code::UNKNOWN_ALIAS, "an alias stands inside the node that it names");
            return Err(problem.at(span).help("a node cannot contain itself; write the part out").into());
        };
        let weight = anchored.weight;
        let deep = self.frames.len() + weight.height > self.limits.depth;
        if self.expects_key() {
            let Some(text) = anchored.text.clone() else {
                let problem = Diagnostic::error(code::COMPLEX_KEY, "the alias names a mapping or list, not a key");
                return Err(problem.at(span).also(anchored.node.span, "this is what it names").into());
            };
            self.set_key(Key { text, span, merges: false });
            return Ok(());
        }
        if deep {
            return Err(self.limits.too_deep(span).into());
        }
        self.charge(weight, span)?;
        let Some(Some(anchored)) = self.anchors.get(&id) else { return Ok(()) };
        // The copy stands at the alias; what is inside it stands where it was written.
        let node = Node { span, value: anchored.node.value.clone() };
        self.attach(node)
    }

    /// Keeps a copy of an anchored node for its aliases.
    fn remember(&mut self, anchor: usize, node: &Node, text: Option<&str>) -> Built<()> {
        if anchor == 0 {
            return Ok(());
        }
        let weight = weigh(node);
        self.charge(weight, node.span)?;
        self.anchors.insert(anchor, Some(Anchored { node: node.clone(), weight, text: text.map(str::to_owned) }));
        Ok(())
    }

    fn attach(&mut self, node: Node) -> Built<()> {
        let Some((frame, parents)) = self.frames.split_last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut frame.contents {
            Contents::Sequence(items) => items.push(node),
            Contents::Mapping { members, key, merged } => {
                let key = key.take().expect("a value follows its key");
                if key.merges {
                    problem::check_merge(&node, key.span)?;
                    merged.push(node);
                } else {
                    self.duplicates.insert(members, (key.text, key.span), node, || steps(parents));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Built<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.nodes { Err(self.limits.too_many_nodes(span).into()) } else { Ok(()) }
    }

    /// Counts a copy; copies may make the document no larger than a text without aliases may be.
    fn charge(&mut self, weight: Weight, span: Span) -> Built<()> {
        self.nodes = self.nodes.saturating_add(weight.nodes);
        self.copied_bytes = self.copied_bytes.saturating_add(weight.bytes);
        if self.nodes <= self.limits.nodes && self.copied_bytes <= self.limits.bytes {
            return Ok(());
        }
        let message = format!(
            "aliases make the document larger than {} values or {} bytes",
            self.limits.nodes, self.limits.bytes
        );
        let problem =
            Diagnostic::error(code::ALIAS_EXPLOSION, message).labelled(span, "this copy is the first too many");
        Err(problem.help("aliases that repeat other aliases grow without bounds; write the document out").into())
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { contents: Contents::Mapping { key: None, .. }, .. }))
    }

    fn pending_key(&self) -> Option<&Key> {
        match &self.frames.last()?.contents {
            Contents::Mapping { key, .. } => key.as_ref(),
            Contents::Sequence(_) => None,
        }
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Frame { contents: Contents::Mapping { key, .. }, .. }) = self.frames.last_mut() {
            *key = Some(new);
        }
    }

    fn span(&self, place: &granit_parser::Span) -> Span {
        let bytes = place.byte_range().unwrap_or_default();
        Span::new(self.file, bytes.start, bytes.end)
    }
}

/// The way from the root to the mapping below the last of these frames.
fn steps(frames: &[Frame]) -> Vec<Step<'_>> {
    frames
        .iter()
        .map(|frame| match &frame.contents {
            Contents::Sequence(items) => Step::Index(items.len()),
            Contents::Mapping { key, .. } => Step::Key(key.as_ref().map_or("", |key| &key.text)),
        })
        .collect()
}

/// Adds the members of a merged mapping that the mapping has not itself.
fn merge(members: &mut IndexMap<String, Entry>, source: Node) -> Built<()> {
    match source.value {
        Value::Object(others) => {
            for (key, entry) in others {
                members.entry(key).or_insert(entry);
            }
        }
        Value::Array(sources) => {
            for source in sources {
                merge(members, source)?;
            }
        }
        _ => unreachable!("`problem::check_merge` lets only mappings and lists of mappings pass"),
    }
    Ok(())
}

fn weigh(node: &Node) -> Weight {
    match &node.value {
        Value::Array(items) => sum(items.iter().map(weigh)),
        Value::Object(members) => sum(members.iter().map(|(key, entry)| {
            let own = weigh(&entry.node);
            Weight { bytes: own.bytes + key.len(), ..own }
        })),
        Value::String(text) => Weight { nodes: 1, bytes: text.len(), height: 0 },
        _ => Weight { nodes: 1, bytes: 0, height: 0 },
    }
}

fn sum(children: impl Iterator<Item = Weight>) -> Weight {
    let start = Weight { nodes: 1, bytes: 0, height: 1 };
    children.fold(start, |sum, child| Weight {
        nodes: sum.nodes + child.nodes,
        bytes: sum.bytes + child.bytes,
        height: sum.height.max(child.height + 1),
    })
}
