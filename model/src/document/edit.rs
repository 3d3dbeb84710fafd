//! Changes of a document's text that leave the rest of it as it is.
//!
//! Where the text is not known, every function finds nothing.

use radii_diagnostics::Span;

use super::{Entry, Node};

/// Returns where the text of a member ends, its value included.
fn end_of(entry: &Entry, text: &str) -> Option<usize> {
    let (key, value) = (entry.key_span.end as usize, entry.node.span);
    if value.end > value.start && value.end as usize > key {
        return Some(value.end as usize);
    }
    // Nothing stands behind the colon.
    Some(key + text.get(key..)?.find(':')? + 1)
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// How many bytes of space the line of a place begins with.
fn indent_at(text: &str, at: usize) -> usize {
    let line = text.get(line_start(text, at)..).unwrap_or_default();
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Returns the place of a whole member, with what separates it from its neighbours: its lines, or its comma.
pub(crate) fn whole_member(entry: &Entry, text: &str) -> Option<Span> {
    let (start, end) = (entry.key_span.start as usize, end_of(entry, text)?);
    let span = |start: usize, end: usize| Some(Span::new(entry.key_span.file, start, end));
    let (before, rest) = (text.get(..start)?.trim_end(), text.get(end..)?);
    let line = line_start(text, start);
    let is_first_on_line = text[line..start].trim().is_empty();
    let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let next = rest.trim_start().chars().next();
    let is_flow = before.ends_with([',', '{']) && matches!(next, Some(',' | '}'));
    if !is_flow {
        let tail = rest[..line_end].trim();
        return if is_first_on_line && (tail.is_empty() || tail.starts_with('#')) {
            span(line, end + line_end)
        } else {
            None
        };
    }
    match next {
        Some(',') if is_first_on_line && rest[..line_end].trim() == "," => span(line, end + line_end),
        Some(',') => {
            let comma = end + rest.find(',')? + 1;
            let space = text[comma..].len() - text[comma..].trim_start_matches([' ', '\t']).len();
            span(start, comma + space)
        }
        _ if before.ends_with(',') => span(before.len() - 1, end),
        _ => span(start, end),
    }
}

/// Returns the name as the key is written that stands at a place: in its quotes, or without any.
fn key_like(text: &str, at: usize, name: &str) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(quote @ ('"' | '\'')) => format!("{quote}{name}{quote}"),
        _ => name.to_owned(),
    }
}

/// Returns where and what to write to add a member to an object: before its first one, or between empty braces.
pub(crate) fn new_member(node: &Node, text: &str, name: &str, value: &str) -> Option<(Span, String)> {
    let opens = text.get(node.span.start as usize..)?.starts_with('{');
    let key = if opens { format!("\"{name}\"") } else { name.to_owned() };
    insertion(node, text, &format!("{key}: {value}"))
}

fn insertion(node: &Node, text: &str, member: &str) -> Option<(Span, String)> {
    let members = node.as_object()?;
    let opens = text.get(node.span.start as usize..)?.starts_with('{');
    let at = |offset: u32| Span { file: node.span.file, start: offset, end: offset };
    let Some(first) = members.first().map(|(_, entry)| entry.key_span) else {
        return opens.then(|| (at(node.span.start + 1), member.to_owned()));
    };
    let before = text.get(line_start(text, first.start as usize)..first.start as usize)?;
    let separator = match (opens, before.trim().is_empty()) {
        (true, true) => format!(",\n{before}"),
        (true, false) => ", ".to_owned(),
        (false, true) => format!("\n{before}"),
        // After `- ` or another key on its line only the author knows.
        (false, false) => return None,
    };
    Some((at(first.start), format!("{member}{separator}")))
}

/// Returns the change that moves a member into another object of the same document.
pub(crate) fn moved(entry: &Entry, into: &Node, text: &str) -> Option<(Span, String)> {
    let removed = whole_member(entry, text)?;
    let first = into.as_object()?.first().map(|(_, entry)| entry.key_span.start as usize)?;
    let member = aligned(entry, text, indent_at(text, first))?;
    let (at, piece) = insertion(into, text, &member)?;
    let (at, start, end) = (at.start as usize, removed.start as usize, removed.end as usize);
    if at <= start {
        return Some((Span::new(removed.file, at, end), piece + &text[at..start]));
    }
    let between = text.get(end..at)?;
    Some((Span::new(removed.file, start, at), between.to_owned() + &piece))
}

/// Returns the change that moves a member in front of one that stands before it, at a column.
pub(crate) fn moved_before(entry: &Entry, before: &Entry, column: usize, text: &str) -> Option<(Span, String)> {
    let removed = whole_member(entry, text)?;
    let at = before.key_span.start as usize;
    let member = aligned(entry, text, column)?;
    let between = text.get(at..removed.start as usize)?;
    let written = format!("{member}\n{}{between}", " ".repeat(column));
    Some((Span::new(removed.file, at, removed.end as usize), written))
}

/// Returns the change that puts a member into a new object in its place.
pub(crate) fn wrapped(entry: &Entry, name: &str, text: &str) -> Option<(Span, String)> {
    let (start, end) = (entry.key_span.start as usize, end_of(entry, text)?);
    let key = key_like(text, start, name);
    let is_flow = text.get(..start)?.trim_end().ends_with([',', '{']);
    let written = if is_flow {
        format!("{key}: {{{}}}", text.get(start..end)?)
    } else {
        let indent = start - line_start(text, start) + 2;
        format!("{key}:\n{}{}", " ".repeat(indent), aligned(entry, text, indent)?)
    };
    Some((Span::new(entry.key_span.file, start, end), written))
}

/// Returns the change that puts the members of an object in the place of the member that has it.
pub(crate) fn unwrapped(entry: &Entry, text: &str) -> Option<(Span, String)> {
    let members = entry.node.as_object()?;
    let (start, end) = (entry.key_span.start as usize, end_of(entry, text)?);
    let whole = Span::new(entry.key_span.file, start, end);
    let (first, last) = (members.first()?.1.key_span.start as usize, end_of(members.last()?.1, text)?);
    let is_flow = text.get(entry.node.span.start as usize..)?.starts_with('{');
    if text.get(..start)?.trim_end().ends_with(['{', ',']) {
        return Some((whole, text.get(first..last)?.to_owned()));
    }
    let indent = column(text, start)?;
    if !is_flow {
        return Some((whole, shifted(text.get(first..last)?, first - line_start(text, first), indent)));
    }
    let own = members.values().map(|it| text.get(it.key_span.start as usize..end_of(it, text)?));
    Some((whole, own.collect::<Option<Vec<_>>>()?.join(&format!("\n{}", " ".repeat(indent)))))
}

/// Returns the text of a member whose further lines follow it to another indentation.
fn aligned(entry: &Entry, text: &str, indent: usize) -> Option<String> {
    let (start, end) = (entry.key_span.start as usize, end_of(entry, text)?);
    let own = start - line_start(text, start);
    Some(shifted(text.get(start..end)?.trim_end(), own, indent))
}

/// Returns a text whose lines behind the first one are indented by as much more, or less, as its beginning is.
pub(crate) fn shifted(text: &str, from: usize, to: usize) -> String {
    let mut lines = text.split('\n');
    let mut written = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        written.push('\n');
        let indent = line.len() - line.trim_start_matches(' ').len();
        if !line.trim().is_empty() {
            written += &" ".repeat((indent + to).saturating_sub(from));
            written += &line[indent..];
        }
    }
    written
}

/// Returns the change that puts the lines of a block below a new key: `key:`, and the lines indented by two more.
pub(crate) fn below_key(node: &Node, key: &str, text: &str) -> Option<(Span, String)> {
    let first = node.as_object()?.first()?.1.key_span.start as usize;
    let end = node.as_object()?.last().and_then(|(_, entry)| end_of(entry, text))?;
    let indent = first - line_start(text, first);
    if !text.get(first - indent..first)?.trim().is_empty() {
        return None;
    }
    let block = shifted(text.get(first..end)?, indent, indent + 2);
    Some((Span::new(node.span.file, first, end), format!("{key}:\n{}{block}", " ".repeat(indent + 2))))
}

/// Returns the change that indents the lines from one member to another by two more.
pub(crate) fn indented(first: &Entry, last: &Entry, text: &str) -> Option<(Span, String)> {
    let (start, end) = (first.key_span.start as usize, end_of(last, text)?);
    let indent = start - line_start(text, start);
    if !text.get(start - indent..start)?.trim().is_empty() {
        return None;
    }
    let block = shifted(text.get(start..end)?, indent, indent + 2);
    Some((Span::new(first.key_span.file, start, end), format!("  {block}")))
}

/// Returns the change that takes the lines of a member out by two.
pub(crate) fn outdented(entry: &Entry, to: usize, text: &str) -> Option<(Span, String)> {
    let (start, end) = (entry.key_span.start as usize, end_of(entry, text)?);
    let line = line_start(text, start);
    if !text.get(line..start)?.trim().is_empty() || start - line <= to {
        return None;
    }
    let block = shifted(text.get(start..end)?, start - line, to);
    Some((Span::new(entry.key_span.file, line, end), " ".repeat(to) + &block))
}

/// Whether a member stands in braces.
pub(crate) fn is_in_flow(entry: &Entry, text: &str) -> bool {
    text.get(..entry.key_span.start as usize).is_some_and(|before| before.trim_end().ends_with(['{', ',']))
}

/// Returns how far a place is from the beginning of its line, in bytes: where keys beside the one there begin.
pub(crate) fn indent_of(text: &str, at: usize) -> usize {
    at - line_start(text, at.min(text.len())).min(at)
}

/// Returns the column of a place that only space stands before.
pub(crate) fn column(text: &str, at: usize) -> Option<usize> {
    let line = line_start(text, at.min(text.len()));
    text.get(line..at)?.trim().is_empty().then_some(at - line)
}
