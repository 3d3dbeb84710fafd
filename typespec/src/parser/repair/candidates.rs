//! Which changes of the text around a slip are worth trying.

use radii_diagnostics::Diagnostic;

use crate::syntax::TokenKind;
use crate::syntax::scanner::{Token, tokens};

/// A replacement of a part of the text.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// A change that may take a slip back.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    /// Replacements, in the order of the text.
    pub changes: Vec<Change>,
    /// How unlikely it is.
    pub cost: u16,
    /// What it does, as an imperative.
    pub title: String,
    /// What is wrong, where that is more exact than where the parser stumbled.
    pub underlined: Option<(usize, usize)>,
    /// Whether nothing else can have been meant.
    pub sure: bool,
    /// What says it better than the parser does.
    pub message: Option<String>,
}

impl Edit {
    pub fn apply(&self, text: &str) -> String {
        let mut changed = text.to_owned();
        for change in self.changes.iter().rev() {
            changed.replace_range(change.start..change.end, &change.text);
        }
        changed
    }

    /// Where a place of the changed text was before.
    pub fn place_before(&self, place: usize) -> usize {
        let mut before = place;
        for change in &self.changes {
            if before > change.start {
                before = (before + (change.end - change.start)).saturating_sub(change.text.len()).max(change.start);
            }
        }
        before
    }

    /// The same change where the text starts so many bytes earlier.
    pub fn moved(mut self, by: usize) -> Self {
        for change in &mut self.changes {
            change.start += by;
            change.end += by;
        }
        self.underlined = self.underlined.map(|(start, end)| (start + by, end + by));
        self
    }

    /// The change as one replacement.
    pub fn whole(&self, text: &str) -> (usize, usize, String) {
        let start = self.changes.first().map_or(0, |change| change.start);
        let end = self.changes.last().map_or(0, |change| change.end);
        let mut replacement = String::new();
        let mut at = start;
        for change in &self.changes {
            replacement.push_str(&text[at..change.start]);
            replacement.push_str(&change.text);
            at = change.end;
        }
        (start, end, replacement)
    }
}

/// Words that begin statements, the likeliest first.
const STATEMENTS: [&str; 11] =
    ["model", "enum", "union", "alias", "op", "scalar", "interface", "namespace", "using", "const", "import"];

/// Words of the language that stand between others.
const CLAUSES: [&str; 4] = ["extends", "is", "valueof", "typeof"];

/// What other languages begin a declaration with.
const ELSEWHERE: [(&str, &str); 27] = [
    ("class", "model"),
    ("struct", "model"),
    ("type", "model"),
    ("record", "model"),
    ("message", "model"),
    ("object", "model"),
    ("resource", "model"),
    ("entity", "model"),
    ("schema", "model"),
    ("inherits", "extends"),
    ("derives", "extends"),
    ("allOf", "extends"),
    ("inherit", "extends"),
    ("subclassOf", "extends"),
    ("extend", "extends"),
    ("mixin", "extends"),
    ("si", "is"),
    ("function", "op"),
    ("def", "op"),
    ("implements", "extends"),
    ("let", "const"),
    ("var", "const"),
    ("module", "namespace"),
    ("package", "namespace"),
    ("include", "import"),
    ("use", "using"),
    ("require", "import"),
];

/// What may be missing: the sign, whether it stands right behind the token before, and how unlikely that is.
const SIGNS: [(&str, &str, u16); 14] = [
    (";", ";", 10),
    (",", ",", 10),
    (":", ":", 10),
    (")", ")", 10),
    (">", ">", 11),
    ("]", "]", 11),
    ("}", "}", 14),
    ("{", " {", 10),
    ("(", "(", 10),
    ("<", "<", 12),
    ("[", "[", 13),
    ("=", " =", 14),
    ("|", " |", 20),
    (".", ".", 24),
];

/// Signs that are taken for each other.
const CONFUSED: [(&str, &str); 9] =
    [("=", ":"), (":", "="), ("||", "|"), ("&&", "&"), ("==", "="), ("@@", "@"), ("=>", ":"), ("::", ":"), ("->", ":")];

/// The changes around a place that are worth trying.
pub(super) fn around(text: &str, whole: &str, at: usize, error: &Diagnostic) -> Vec<Edit> {
    let tokens = tokens(text);
    let here = tokens.partition_point(|token| token.start < at);
    let expected = error.message.split('\'').nth(1).unwrap_or_default();
    let mut found = Finder { text, whole, tokens: &tokens, expected, edits: Vec::new() };
    if error.code.as_str() == "unterminated" {
        found.close(at);
        found.lone_quote(at);
        return found.edits;
    }
    if found.lacks_name(here) {
        return Vec::new();
    }
    if error.code.as_str() == "unknown-directive" {
        found.hash_for_at(here);
        return found.edits;
    }
    if error.message.starts_with("Cannot decorate empty") {
        found.end_of_decorator(here);
    }
    found.two_at_signs(here);
    found.words_as_argument(here);
    found.lone_quote(at);
    found.idioms(here, at);
    found.habits(here);
    found.end_of_block(here);
    found.quoted(here);
    for index in here.saturating_sub(2)..(here + 2).min(tokens.len()) {
        found.delete(index);
        found.word(index);
        found.hyphenated(index);
        found.swap(index);
    }
    for index in here.saturating_sub(1)..=(here + 1).min(tokens.len()) {
        found.insert(index, here);
    }
    for index in here.saturating_sub(1)..(here + 1).min(tokens.len()) {
        found.replace(index);
        found.statement(index);
    }
    found.edits
}

pub(super) struct Finder<'a> {
    pub(super) text: &'a str,
    /// The text of which that is a part.
    pub(super) whole: &'a str,
    pub(super) tokens: &'a [Token],
    /// The sign that the parser would have liked.
    expected: &'a str,
    pub(super) edits: Vec<Edit>,
}

impl<'a> Finder<'a> {
    pub(super) fn own(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    pub(super) fn is_word(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|it| matches!(it.kind, TokenKind::Identifier | TokenKind::Keyword(_)))
    }

    pub(super) fn push(
        &mut self,
        changes: Vec<Change>,
        cost: u16,
        title: String,
        underlined: Option<(usize, usize)>,
        sure: bool,
    ) {
        self.edits.push(Edit { changes, cost, title, underlined, sure, message: None });
    }

    pub(super) fn change(&self, index: usize, text: impl Into<String>) -> Change {
        let token = self.tokens[index];
        Change { start: token.start, end: token.end, text: text.into() }
    }

    /// The sign that the parser asked for.
    pub(super) fn expected(&self) -> &str {
        self.expected
    }

    pub(super) fn place(&self, index: usize) -> Option<(usize, usize)> {
        self.tokens.get(index).map(|token| (token.start, token.end))
    }

    /// A token too many.
    fn delete(&mut self, index: usize) {
        let own = self.own(index);
        let is_double = index > 0 && self.own(index - 1) == own;
        let cost = match self.tokens[index].kind {
            _ if is_double => 5,
            TokenKind::StringLiteral => 40,
            _ if self.is_word(index) => 20,
            _ => 16,
        };
        let title = format!("remove `{}`", shortened(own));
        self.push(vec![self.change(index, "")], cost, title, self.place(index), is_double);
    }

    /// A sign too few, before a token.
    fn insert(&mut self, index: usize, here: usize) {
        let end = index.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, |token| token.end);
        let farther = u16::from(index != here);
        for (sign, text, cost) in SIGNS {
            let changes = vec![Change { start: end, end, text: text.to_owned() }];
            let liked = if sign == self.expected { 3 } else { 0 };
            let behind = end + self.text[end..].chars().next().map_or(1, char::len_utf8);
            // The end of a block on one line is missing where the next sign stands.
            let is_inline = sign == "}" && index > 0 && self.is_same_line(index - 1, index);
            let place = Some((end, behind)).filter(|_| !is_inline);
            self.push(changes, cost + farther - liked, format!("add `{sign}`"), place, false);
        }
        let Some(next) = self.tokens.get(index).map(|token| token.start) else { return };
        let changes = vec![Change { start: next, end: next, text: "@".to_owned() }];
        self.push(changes, 16, "add `@`".to_owned(), self.place(index), false);
        if self.is_word(index) {
            for (word, cost) in [("extends", 15), ("is", 19), ("valueof", 26)] {
                let changes = vec![Change { start: next, end: next, text: format!("{word} ") }];
                self.push(changes, cost + farther, format!("add `{word}`"), self.place(index), false);
            }
        }
    }

    /// The end of a block before what cannot stand in it, with the decorators that belong to that.
    fn end_of_block(&mut self, here: usize) {
        let (mut first, mut depth) = (None, 0_usize);
        for index in (1..=here.min(self.tokens.len().saturating_sub(1))).rev() {
            // What stands in the arguments of a decorator ends nothing.
            match self.own(index) {
                ")" => depth += 1,
                "(" => depth = depth.saturating_sub(1),
                "@" | "#" if depth == 0 => first = Some(index),
                _ => {}
            }
            if depth == 0 && self.own(index - 1) != ")" && matches!(self.own(index - 1), ";" | "}" | "{" | ",") {
                break;
            }
        }
        let Some(end) = first.map(|first| self.tokens[first - 1].end) else { return };
        let changes = vec![Change { start: end, end, text: "\n}".to_owned() }];
        let behind = end + self.text[end..].chars().next().map_or(1, char::len_utf8);
        self.push(changes, 12, "add `}`".to_owned(), Some((end, behind)), false);
    }

    /// Whether a declaration has no name: which one cannot be guessed.
    fn lacks_name(&self, here: usize) -> bool {
        let declares = here > 0 && STATEMENTS[..10].contains(&self.own(here - 1)) && self.own(here - 1) != "using";
        let follows = matches!(self.own(here), "{" | "<" | "=" | "extends" | "is" | ";" | "(" | ":");
        declares && follows
    }

    /// A sign in the place of another.
    fn replace(&mut self, index: usize) {
        let token = self.tokens[index];
        if !token.kind.is_punctuation() && token.kind != TokenKind::Invalid {
            return;
        }
        let own = self.own(index);
        let heir = if matches!(own, ":" | "<") && self.is_same_line(index, index + 1) { 4 } else { 30 };
        let others = [("@", "@", 20), ("&", "&", 23), ("extends", "extends", heir)];
        for (sign, _, cost) in SIGNS.into_iter().chain(others).filter(|(sign, ..)| *sign != own) {
            let title = format!("write `{sign}` in place of `{own}`");
            let is_confused = CONFUSED.contains(&(own, sign));
            let cost = if is_confused { 4 } else { cost + 6 };
            self.push(vec![self.change(index, sign)], cost, title, self.place(index), is_confused);
        }
    }

    /// A misspelt word of the language, or one of its words as a name.
    fn word(&mut self, index: usize) {
        if !self.is_word(index) {
            return;
        }
        let own = self.own(index);
        let known = STATEMENTS.into_iter().chain(CLAUSES);
        let meant = crate::checker::similar(own, known).filter(|meant| meant != own);
        if let Some(meant) = meant {
            let title = format!("write `{meant}`");
            self.push(vec![self.change(index, meant)], 3, title, self.place(index), true);
        }
        if let Some((_, meant)) = ELSEWHERE.iter().find(|(word, _)| *word == own) {
            let title = format!("write `{meant}`");
            let is_clause = matches!(*meant, "extends" | "is") && self.is_word(index + 1);
            self.push(
                vec![self.change(index, *meant)],
                if is_clause { 1 } else { 6 },
                title,
                self.place(index),
                is_clause,
            );
        }
        let is_directive = index > 1 && self.own(index - 2) == "#";
        if own == "record" && self.own(index + 1) == "<" {
            self.push(vec![self.change(index, "Record")], 2, "write `Record`".to_owned(), self.place(index), true);
        }
        if matches!(self.tokens[index].kind, TokenKind::Keyword(_)) && !is_directive {
            let name = format!("`{own}`");
            let title = format!("put the name in back-ticks: {name}");
            self.push(vec![self.change(index, name)], 8, title, self.place(index), true);
            let edit = self.edits.last_mut().expect("it was just added");
            edit.message = Some(format!("`{own}` is a keyword and cannot be a name as it stands."));
        }
    }

    /// `a-b` as a name.
    fn hyphenated(&mut self, index: usize) {
        let mut last = index;
        while self.is_word(last)
            && self.own(last + 1) == "-"
            && self.is_word(last + 2)
            && self.tokens[last].end == self.tokens[last + 1].start
            && self.tokens[last + 1].end == self.tokens[last + 2].start
        {
            last += 2;
        }
        if last == index {
            return;
        }
        let (start, end) = (self.tokens[index].start, self.tokens[last].end);
        let name = format!("`{}`", &self.text[start..end]);
        let title = format!("put the name in back-ticks: {name}");
        self.push(vec![Change { start, end, text: name }], 1, title, Some((start, end)), true);
    }

    /// Quotes of the wrong kind, none around a path, or some around a name.
    fn quoted(&mut self, here: usize) {
        let Some(token) = self.tokens.get(here).copied() else { return };
        let rest = &self.text[token.start..];
        let line = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
        if let Some(end) = line.strip_prefix('\'').and_then(|inner| inner.find('\'')) {
            let inner = &line[1..=end];
            let text = format!("\"{}\"", inner.replace('"', "\\\""));
            let change = Change { start: token.start, end: token.start + end + 2, text };
            let place = Some((change.start, change.end));
            self.push(vec![change], 1, "write texts in double quotes".to_owned(), place, true);
        }
        if here > 0 && self.own(here - 1) == "import" {
            let path = line.split([';', '"', '\'']).next().unwrap_or_default().trim_end();
            let change = Change { start: token.start, end: token.start + path.len(), text: format!("\"{path}\"") };
            let place = Some((change.start, change.end));
            self.push(vec![change], 1, "put the path in quotes".to_owned(), place, true);
        }
        let inner = self.own(here).trim_matches('"');
        let is_name =
            !inner.is_empty() && inner.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_'));
        if token.kind == TokenKind::StringLiteral && is_name {
            let change = self.change(here, inner);
            self.push(vec![change], 6, "write the name without quotes".to_owned(), self.place(here), true);
        }
    }

    /// Two tokens in the wrong order; the one that is no name moves.
    fn swap(&mut self, index: usize) {
        let (Some(first), Some(second)) = (self.tokens.get(index), self.tokens.get(index + 1)) else { return };
        let (own, next) = (self.own(index), self.own(index + 1));
        let moves = |token: &Token| token.kind.is_punctuation() || matches!(token.kind, TokenKind::Keyword(_));
        let changes = if own == next {
            return;
        } else if moves(first) {
            let moved = Change { start: second.end, end: second.end, text: spaced(own) };
            vec![self.change(index, ""), moved]
        } else if moves(second) {
            let moved = Change { start: first.start, end: first.start, text: format!("{} ", spaced(next)) };
            vec![moved, self.change(index + 1, "")]
        } else {
            return;
        };
        let title = format!("swap `{}` and `{}`", shortened(own), shortened(next));
        self.push(changes, 17, title, Some((first.start, second.end)), false);
    }

    /// A declaration without its first word.
    fn statement(&mut self, index: usize) {
        let token = self.tokens[index];
        let words: &[&str] = match token.kind {
            TokenKind::StringLiteral => &["import"],
            TokenKind::Identifier => &STATEMENTS[..10],
            _ => return,
        };
        for (at, word) in words.iter().enumerate() {
            let changes = vec![Change { start: token.start, end: token.start, text: format!("{word} ") }];
            let cost = if *word == "import" { 12 } else { 30 };
            self.push(changes, cost + at as u16, format!("add `{word}`"), self.place(index), false);
        }
    }
}

fn spaced(word: &str) -> String {
    if word.chars().all(|it| it.is_ascii_alphabetic()) { format!(" {word} ") } else { word.to_owned() }
}

fn shortened(text: &str) -> String {
    let mut line = text.lines().next().unwrap_or_default().to_owned();
    if line.chars().count() > 24 {
        line = line.chars().take(20).chain("…".chars()).collect();
    }
    line
}
