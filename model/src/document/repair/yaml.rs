//! What may have been meant where YAML cannot be read.

use radii_diagnostics::Diagnostic;

use super::flow::{between_texts, unbalanced};
use super::{Edit, flow};

/// How many lines before the place are looked at.
const LINES: usize = 3;

/// How many lines above it an opening bracket is looked for.
const OPENING: usize = 40;

/// The changes around a place that are worth trying, the likeliest first.
pub(super) fn around(text: &str, at: usize, _: &Diagnostic) -> Vec<Edit> {
    let lines = Line::all(text);
    let here = lines.partition_point(|line| line.start <= at).saturating_sub(1);
    let near: Vec<usize> = (0..=here).rev().filter(|index| !lines[*index].own().is_empty()).take(LINES).collect();
    let mut edits = Vec::new();
    // A text may go on to the next line, where it is noticed that it does not.
    let next = Some(here + 1).filter(|next| *next < lines.len());
    for index in next.iter().chain(&near) {
        edits.extend(lines[*index].foreign(&lines, *index));
    }
    for index in &near {
        edits.extend(block_text(text, &lines, *index));
    }
    for index in &near {
        edits.extend(lines[*index].colon());
        edits.extend(lines[*index].open());
    }
    edits.extend(between_members(text, &lines, here));
    for index in &near {
        edits.extend(reindented(text, &lines, *index));
    }
    for index in &near {
        edits.extend(lines[*index].quoted());
    }
    edits
}

/// The lines before and after one that have text and no tabs in front.
fn neighbours<'a, 'b>(lines: &'b [Line<'a>], index: usize) -> (Option<&'b Line<'a>>, Option<&'b Line<'a>>) {
    let has_text = |line: &&Line<'_>| !line.own().is_empty();
    let has_no_tab = |line: &&Line<'_>| !line.text[..line.indent].contains('\t');
    let before = lines[..index].iter().rev().find(has_text).filter(has_no_tab);
    (before, lines[index + 1..].iter().find(has_text).filter(has_no_tab))
}

/// A line of a document.
struct Line<'a> {
    text: &'a str,
    start: usize,
    /// How many bytes of space stand in front.
    indent: usize,
}

impl<'a> Line<'a> {
    fn all(text: &'a str) -> Vec<Self> {
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            let own = line.trim_end_matches(['\n', '\r']);
            let read = Line { text: own, start, indent: own.len() - own.trim_start().len() };
            start += line.len();
            read
        });
        lines.collect()
    }

    /// What stands on the line, without space around it.
    fn own(&self) -> &'a str {
        self.text.trim()
    }

    /// Where the line's own text begins, in the document.
    fn place(&self) -> usize {
        self.start + self.indent
    }

    fn end(&self) -> usize {
        self.start + self.text.trim_end().len()
    }

    /// Where the value of the line begins: behind its key, or its dash.
    fn value(&self) -> Option<(usize, &'a str)> {
        let own = self.own();
        let mut at = 0;
        while let Some(rest) = own[at..].strip_prefix("- ") {
            at = own.len() - rest.trim_start().len();
        }
        if let Some(colon) = own[at..].find(": ").filter(|colon| is_key(&own[at..at + colon])) {
            let rest = &own[at + colon + 1..];
            at = own.len() - rest.trim_start().len();
        }
        (at > 0 && at < own.len()).then(|| (self.place() + at, &own[at..]))
    }

    /// Tabs, comments of other languages and brackets of JSON.
    fn foreign(&self, lines: &[Line<'_>], index: usize) -> Vec<Edit> {
        let mut edits = Vec::new();
        let space = &self.text[..self.indent];
        if let (Some(first), Some(last)) = (space.find('\t'), space.rfind('\t')) {
            let plain = space.replace('\t', "");
            let wide = space.replace('\t', "  ").len();
            let (before, after) = neighbours(lines, index);
            let near: Vec<usize> = [before, after].into_iter().flatten().map(|line| line.indent).collect();
            let only = self.only_width(before, after, &plain, wide);
            let below = before.filter(|line| line.opens()).map(|line| line.indent + 2);
            let mut widths: Vec<usize> = only.or(below).into_iter().collect();
            widths.extend(near.iter().copied().filter(|it| *it == plain.len() || *it == wide));
            widths.extend(near);
            widths.push(wide);
            for width in widths {
                let edit = Edit::replace(self.start, self.place(), " ".repeat(width), "indent with spaces");
                let mut edit = edit.underline(self.start + first, self.start + last + 1);
                edit.sure = only == Some(width);
                edits.push(edit);
            }
        }
        edits.extend(self.item(lines, index));
        if self.own().starts_with("//") {
            let edit = Edit::replace(self.place(), self.place() + 2, "#", "write `#`");
            edits.push(edit.say("comments of YAML begin with `#`").sure());
        }
        if matches!(self.own(), "}" | "]" | "}," | "],") {
            let edit = Edit::replace(self.place(), self.end(), "", "remove it");
            edits.push(edit.say("a closing bracket without its opening one"));
        }
        edits
    }

    /// An item of a list without its dash, or without the space behind that.
    fn item(&self, lines: &[Line<'_>], index: usize) -> Option<Edit> {
        let (before, after) = neighbours(lines, index);
        let is_item = |line: Option<&Line<'_>>| {
            line.is_some_and(|line| line.indent == self.indent && line.own().starts_with("- "))
        };
        let own = self.own();
        let plain = own.strip_prefix('-').unwrap_or(own);
        let key = plain.split(':').next().filter(|key| is_key(key) && own.starts_with('-') && plain.len() > key.len());
        if let Some(key) = key.filter(|_| {
            !plain.starts_with([' ', '-'])
                && (is_item(before)
                    || is_item(after)
                    || before.is_some_and(Line::opens)
                    || before.is_some_and(|line| line.indent > self.indent))
        }) {
            let edit = Edit::replace(self.place(), self.place() + 1, "- ", format!("write `- {key}`"));
            let edit = edit.underline(self.place(), self.place() + 1 + key.len());
            return Some(edit.say("an item of a list begins with `- `").sure());
        }
        let is_word =
            !plain.is_empty() && plain.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '/'));
        if !is_word || !(is_item(before) || is_item(after)) {
            return None;
        }
        let text = format!("- {plain}");
        let edit = Edit::replace(self.place(), self.end(), text.clone(), format!("write `{text}`"));
        Some(edit.say("an item of a list begins with `- `").sure())
    }

    /// A backslash in double quotes that begins no escape.
    fn backslash(&self, at: usize, value: &str) -> Option<Edit> {
        let inner = value.strip_prefix('"')?.strip_suffix('"')?;
        let (mut text, mut first) = (String::from("\""), None);
        let mut signs = inner.char_indices().peekable();
        while let Some((place, sign)) = signs.next() {
            text.push(sign);
            if sign != '\\' {
                continue;
            }
            match signs.peek() {
                Some((_, next)) if "0abtnvfreN_LPxuU \"/\\\t".contains(*next) => {
                    text.extend(signs.next().map(|it| it.1))
                }
                _ => {
                    text.push('\\');
                    first.get_or_insert(place);
                }
            }
        }
        let place = at + 1 + first?;
        let width = 1 + inner[first? + 1..].chars().next().map_or(0, char::len_utf8);
        let edit = Edit::replace(at, at + value.len(), text + "\"", "write the backslash twice");
        Some(edit.underline(place, place + width).say("unknown escape in double quotes").sure())
    }

    /// Whether what belongs to the line may stand below it.
    fn opens(&self) -> bool {
        self.own().ends_with(':')
    }

    /// How far this line, with a tab in front, is indented, if its neighbours leave one reading only.
    fn only_width(
        &self,
        before: Option<&Line<'_>>,
        after: Option<&Line<'_>>,
        plain: &str,
        wide: usize,
    ) -> Option<usize> {
        match (before, after) {
            (None, None) => Some(wide),
            // Below a key the line is its first member, or the next key beside it: both can be read.
            (Some(before), _) if before.opens() && before.own().starts_with("- ") => None,
            (Some(before), Some(after)) if before.opens() && after.indent > before.indent && !self.opens() => {
                Some(after.indent)
            }
            (Some(before), _) if before.opens() => (before.indent == 0).then_some(wide),
            (Some(before), Some(after)) if before.indent == after.indent => Some(before.indent),
            (Some(before), _) => Some(before.indent).filter(|it| *it == plain.len() || *it == wide),
            (None, Some(_)) => None,
        }
    }

    /// A key without its colon, or with another sign in its place.
    fn colon(&self) -> Vec<Edit> {
        let own = self.own();
        let own = own.strip_prefix("- ").unwrap_or(own);
        let at = self.end() - own.len();
        let length = own.find(|it: char| !(it.is_alphanumeric() || matches!(it, '_' | '-' | '$'))).unwrap_or(own.len());
        let (word, rest) = own.split_at(length);
        if word.is_empty() {
            return Vec::new();
        }
        let behind = at + length;
        let told = format!("the key `{word}` has no `:`");
        if rest.is_empty() {
            // Nothing follows on the line: the text's end is what lacks the sign.
            let edit = Edit::replace(behind, behind, ":", "add `:`").underline(at, behind);
            return vec![edit.say(told)];
        }
        let value = rest.trim_start();
        if let Some(sign) = ["=>", "==", ":=", "="].into_iter().find(|sign| value.starts_with(sign)) {
            let start = self.end() - value.len();
            let mut edits = Vec::new();
            let behind_sign = value[sign.len()..].trim_start();
            let edit = Edit::replace(behind, self.end() - behind_sign.len(), ": ", "write `:`");
            edits.push(
                edit.underline(start, start + sign.len()).say(format!("`{sign}` stands in the place of `:`")).sure(),
            );
            return edits;
        }
        if let Some(value) = rest.strip_prefix(':').filter(|value| !value.starts_with([' ', ':'])) {
            let edit = Edit::replace(behind + 1, behind + 1, " ", "add a space behind the `:`");
            let whole = value.split(' ').next().unwrap_or_default().len();
            return vec![edit.underline(at, behind + 1 + whole).say("a `:` is followed by a space").sure()];
        }
        if rest.starts_with(' ') && !value.starts_with(':') {
            let mut edit = Edit::replace(behind, behind, ":", "add `:`").underline(behind, behind + 1);
            edit.sure = !value.contains(' ');
            return vec![edit.say(told)];
        }
        Vec::new()
    }

    /// Quotes and brackets that are not closed, or closed twice.
    fn open(&self) -> Vec<Edit> {
        let Some((at, value)) = self.value() else { return self.open_key() };
        let mut edits = Vec::new();
        let end = at + value.len();
        let Some(first) = value.chars().next() else { return edits };
        edits.extend(self.backslash(at, value));
        if matches!(first, '"' | '\'') {
            let count = value.matches(first).count();
            let inner = value[1..].strip_suffix(first);
            if count == 1 {
                let edit = Edit::replace(end, end, first.to_string(), format!("close the text with `{first}`"));
                edits.push(edit.underline(at, end).say("a quote is not closed"));
            } else if let Some(inner) = inner.filter(|inner| inner.contains(first)) {
                let (text, title) = match first {
                    '\'' => (format!("'{}'", inner.replace('\'', "''")), "write the inner quotes twice"),
                    _ => (format!("\"{}\"", inner.replace('"', "\\\"")), "put backslashes before the inner quotes"),
                };
                edits.push(Edit::replace(at, end, text, title).say("a quote within the text ends it"));
            } else if inner.is_none() {
                let text = quoted(value);
                edits.push(
                    Edit::replace(at, end, text, "put the whole text in quotes").say("text follows a closing quote"),
                );
            }
        }
        if matches!(first, '[' | '{') {
            edits.extend(between_texts(value, at));
            edits.extend(unbalanced(value, at));
        }
        edits
    }

    /// `"key: value`
    fn open_key(&self) -> Vec<Edit> {
        let own = self.own();
        let Some(quote) = own.chars().next().filter(|it| matches!(it, '"' | '\'')) else { return Vec::new() };
        let Some(colon) = own.find(':').filter(|_| own.matches(quote).count() == 1) else { return Vec::new() };
        let place = self.place() + colon;
        let edit = Edit::replace(place, place, quote.to_string(), format!("close the key with `{quote}`"));
        vec![edit.underline(self.place(), place).say("a quote is not closed")]
    }

    /// Text that needs quotes.
    fn quoted(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        let Some((at, value)) = self.value() else { return edits };
        let end = at + value.len();
        if let Some(item) = value.strip_prefix("- ") {
            let edit = Edit::replace(at, end, format!("[{}]", item.trim()), "write the list in brackets");
            edits.push(edit.say("a list item (`- `) cannot stand behind a key"));
        }
        let member = value
            .split_once(": ")
            .filter(|(key, value)| matches!(*key, "type" | "$ref" | "enum") && !value.contains([':', ' ']));
        if member.is_some() {
            let edit = Edit::replace(at, end, format!("{{{value}}}"), "write the mapping in braces");
            edits.push(edit.say("a mapping cannot begin behind a key"));
        }
        let is_special = value.starts_with(['@', '`', '%', '*', '&', '!', '|', '>', ']', '}', ',', '?']);
        // What stands in brackets at the beginning is no list where words follow.
        let is_special = is_special || (value.starts_with('[') && value.contains("] ") && !value.ends_with(']'));
        if is_special || value.contains(": ") || value.ends_with(':') || value.contains(" #") {
            let message = match value.chars().next() {
                Some(first) if is_special => format!("a text that begins with `{first}` needs quotes"),
                _ => "a text with `: ` in it needs quotes".to_owned(),
            };
            edits.push(Edit::replace(at, end, quoted(value), "put the text in quotes").say(message).sure());
        }
        edits
    }
}

/// The lines of a text behind `|` or `>` that are not indented more than its key.
fn block_text(text: &str, lines: &[Line<'_>], index: usize) -> Option<Edit> {
    let is_head =
        |line: &Line<'_>| line.value().is_some_and(|(_, value)| matches!(value, "|" | ">" | "|-" | ">-" | "|+" | ">+"));
    let head = (0..=index).rev().take(LINES).find(|it| is_head(&lines[*it]))?;
    let column = lines[head].indent;
    let is_text = |line: &Line<'_>| {
        let own = line.own();
        let key = own.split_once(':').filter(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with(' ')));
        own.is_empty() || (key.is_none() && !own.starts_with("- "))
    };
    let count = lines[head + 1..].iter().take_while(|line| is_text(line)).count();
    let (first, last) = (lines.get(head + 1)?, lines.get(head + count)?);
    if count == 0 || first.indent > column {
        return None;
    }
    let by = column + 2 - first.indent;
    let (start, end) = (first.start, last.end().max(last.start));
    let moved: Vec<String> = text[start..end]
        .split('\n')
        .map(|line| if line.trim().is_empty() { line.to_owned() } else { format!("{}{line}", " ".repeat(by)) })
        .collect();
    let edit = Edit::replace(start, end, moved.join("\n"), "indent the text");
    Some(edit.underline(first.place(), end).say("a text behind `|` or `>` is indented more than its key"))
}

fn is_key(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    !text.is_empty() && text.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '$' | '.' | '/' | '@'))
}

/// A text in quotes, as YAML reads it.
fn quoted(text: &str) -> String {
    match text.contains(['"', '\\']) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => format!("\"{text}\""),
    }
}

/// Commas that lack in brackets which open not far above a line, or on it.
fn between_members(text: &str, lines: &[Line<'_>], here: usize) -> Vec<Edit> {
    let is_open = |at: usize| text[at..].starts_with(['{', '[']);
    let place = |line: &Line<'_>| {
        let value = line.value().map_or(line.place(), |(at, _)| at);
        let last = line.end().saturating_sub(1).max(line.start);
        [value, last].into_iter().find(|at| text.is_char_boundary(*at) && is_open(*at))
    };
    let opening = lines[here.saturating_sub(OPENING)..=here].iter().rev().filter_map(place);
    opening.filter_map(|at| flow::between_members(text, at)).take(LINES).collect()
}

/// A line, or a line with all that is below it, aligned with the lines around.
fn reindented(text: &str, lines: &[Line<'_>], index: usize) -> Vec<Edit> {
    let line = &lines[index];
    let others = |range: &mut dyn Iterator<Item = usize>| -> Vec<usize> {
        range.filter(|it| !lines[*it].own().is_empty()).take(6).map(|it| lines[it].indent).collect()
    };
    let above = others(&mut (0..index).rev());
    let below = others(&mut (index + 1..lines.len()));
    let mut widths: Vec<usize> = Vec::new();
    let parent = above.first().map(|it| it + 2);
    for width in above.first().into_iter().chain(below.first()).copied().chain(above.iter().copied()).chain(parent) {
        if width != line.indent && width.abs_diff(line.indent) <= 4 && !widths.contains(&width) {
            widths.push(width);
        }
    }
    // The nearest level is the likeliest.
    widths.sort_by_key(|width| width.abs_diff(line.indent));
    let key = line.own().find([':', ' ']).filter(|end| *end > 0).unwrap_or(line.own().len());
    let key = if line.own().starts_with("- ") { 1 } else { key };
    let last = (index + 1..lines.len()).take_while(|it| lines[*it].own().is_empty() || lines[*it].indent > line.indent);
    let last = last.last().unwrap_or(index);
    let mut edits = Vec::new();
    for width in widths {
        let wanted = " ".repeat(width);
        let told = "the line is not aligned with its siblings";
        let title = format!("indent it by {width} spaces");
        let edit = Edit::replace(line.start, line.place(), wanted.clone(), title.clone());
        let edit = edit.underline(line.place(), line.place() + key).say(told);
        if last > index {
            let moved: Vec<String> = (index..=last)
                .map(|it| {
                    let own = &lines[it];
                    format!(
                        "{}{}",
                        " ".repeat((own.indent + width).saturating_sub(line.indent)),
                        &own.text[own.indent..]
                    )
                })
                .collect();
            let end = lines[last].start + lines[last].text.len();
            let block = moved.join("\n");
            if text[line.start..end] != block {
                edits.push(Edit { start: line.start, end, text: block, ..edit.clone() });
            }
        }
        edits.push(edit);
    }
    edits
}
