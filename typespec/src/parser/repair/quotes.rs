//! Quotes: one that is missing, one of another kind, and words that lack both.

use super::candidates::{Change, Edit, Finder};

/// What stands before and behind a text.
const BEFORE: [char; 7] = ['(', ',', '=', '|', ':', '[', '<'];
const BEHIND: [char; 9] = [',', ')', ';', '|', ']', '}', '>', '=', '{'];

/// With more quotes than these on a line nothing is tried.
const MAX_QUOTES: usize = 9;

/// How many lines a text that is never closed may have had.
const MAX_LINES: usize = 12;

/// Decorators whose arguments are sentences or rules.
const OF_WORDS: [&str; 8] =
    ["validate", "doc", "summary", "owner", "returnsDoc", "errorsDoc", "example", "friendlyName"];

impl Finder<'_> {
    /// The line of a place: where it starts, and its text.
    fn line_of(&self, at: usize) -> (usize, &str) {
        let start = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let own = &self.text[start..];
        (start, own[..own.find('\n').unwrap_or(own.len())].trim_end())
    }

    /// A line with an odd number of quotes: each of them may be the one whose other half is missing.
    pub(super) fn lone_quote(&mut self, at: usize) {
        let (start, own) = self.line_of(at.min(self.text.len()));
        let own = own.to_owned();
        let is_quote = |place: &usize| *place == 0 || own.as_bytes()[place - 1] != b'\\';
        let quotes: Vec<usize> = own.match_indices('"').map(|(place, _)| place).filter(is_quote).collect();
        if quotes.len().is_multiple_of(2) || quotes.len() > MAX_QUOTES || own.contains("\"\"\"") {
            return;
        }
        // The quotes before the slip make pairs, so it is at an odd one, counted from one.
        for turn in (0..quotes.len()).step_by(2) {
            let before = turn.checked_sub(1).map_or(0, |before| quotes[before] + 1);
            self.without_opening(start, &own, (before, quotes[turn]));
            if let Some(next) = quotes.get(turn + 1) {
                self.without_closing(start, &own, (quotes[turn], *next));
            } else {
                self.other_closing(start, &own, (quotes[turn], own.len()));
            }
        }
    }

    /// Words up to a quote that opens nothing.
    fn without_opening(&mut self, start: usize, own: &str, (from, quote): (usize, usize)) {
        let mut cost = 2;
        for (place, letter) in own[from..quote].char_indices().map(|(place, letter)| (from + place, letter)) {
            let before = own[..place].trim_end();
            let begins = before.is_empty() || before.ends_with(BEFORE) || before == "import";
            // A default is nearer than the type before it.
            let begins = begins && !(before.ends_with(':') && own[place..quote].contains('='));
            let is_joined = place > 0 && own[..place].ends_with(|it: char| it.is_alphanumeric());
            if !begins || is_joined || letter == ' ' || BEFORE.contains(&letter) {
                continue;
            }
            let underlined = (start + place, start + quote + 1);
            // A quote of another kind may open it.
            let (width, message) = match letter {
                '\'' | '`' => (1, "A text has double quotes on both sides."),
                _ => (0, "A quote opens the text, too."),
            };
            let change = Change { start: start + place, end: start + place + width, text: "\"".to_owned() };
            let title = "open the text with `\"`".to_owned();
            // The name of a member is hardly a part of its value.
            let has_value = before.is_empty() && own[place..quote].contains([':', '=', '(']);
            let own_cost = if has_value { cost + 6 } else { cost };
            self.one(change, if width > 0 { 0 } else { own_cost }, title, underlined, message);
            cost += 1;
        }
    }

    /// Words behind a quote that is not closed before the next one.
    fn without_closing(&mut self, start: usize, own: &str, (quote, next): (usize, usize)) {
        let mut places: Vec<usize> = Vec::new();
        for (place, letter) in own[quote + 1..next].char_indices().map(|(place, letter)| (quote + 1 + place, letter)) {
            if BEHIND.contains(&letter) {
                places.push(own[..place].trim_end().len().max(quote + 1));
            }
        }
        places.dedup();
        for (turn, place) in places.into_iter().rev().enumerate() {
            let change = Change { start: start + place, end: start + place, text: "\"".to_owned() };
            let title = "close the text with `\"`".to_owned();
            self.one(change, 2 + turn as u16, title, (start + quote, start + place), "Unterminated string literal.");
        }
        self.other_closing(start, own, (quote, next));
    }

    /// A text that is closed by a quote of another kind.
    fn other_closing(&mut self, start: usize, own: &str, (quote, next): (usize, usize)) {
        let signs = own[quote + 1..next].match_indices(['\'', '`', '”']);
        let signs: Vec<(usize, usize)> = signs.map(|(place, sign)| (quote + 1 + place, sign.len())).collect();
        // Pairs of them belong to what is quoted.
        if signs.len().is_multiple_of(2) {
            return;
        }
        for (place, width) in signs {
            let behind = own[place + width..].trim_start();
            if !behind.is_empty() && !behind.starts_with(BEHIND) {
                continue;
            }
            let change = Change { start: start + place, end: start + place + width, text: "\"".to_owned() };
            let title = "close the text with `\"`".to_owned();
            let message = "A text has double quotes on both sides.";
            self.one(change, 0, title, (start + quote, start + place + width), message);
        }
    }

    /// `@doc(what it is for)`, `@validate(self.a > 1, "…")`
    pub(super) fn words_as_argument(&mut self, here: usize) {
        let from = here.saturating_sub(40);
        let is_one = |at: &usize| self.own(*at) == "(" && *at > 1 && self.own(*at - 2) == "@";
        let Some(open) = (from..=here.min(self.tokens.len().saturating_sub(1))).rev().find(is_one) else { return };
        if !OF_WORDS.contains(&self.own(open - 1)) {
            return;
        }
        let start = self.tokens[open].end;
        let rest = &self.text[start..];
        let line = rest[..rest.find('\n').unwrap_or(rest.len())].to_owned();
        for (from, to) in arguments(&line) {
            let own = line[from..to].trim();
            let is_quoted = own.starts_with(['\'', '`', '“', '‘', '”', '’']);
            let is_words = !is_quoted && own.contains(' ') && !own.contains('"') && !own.starts_with('#');
            let place = (start + from + line[from..to].len() - line[from..to].trim_start().len(), 0);
            let place = (place.0, place.0 + own.len());
            if is_words {
                let change = Change { start: place.0, end: place.1, text: format!("\"{own}\"") };
                self.one(change, 0, "put it in quotes".to_owned(), place, "Words are written as a text, in quotes.");
            }
        }
    }

    /// A text of several lines without its end: one of the next lines goes on with the program.
    pub(super) fn close_block(&mut self, at: usize) {
        let mut start = at;
        for turn in 0..MAX_LINES {
            let Some(line) = self.text[start..].find('\n') else { return };
            start += line + 1;
            let rest = &self.text[start..];
            let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if turn == 0 {
                continue;
            }
            let place = start + indent;
            let changes = vec![Change { start: place, end: place, text: "\"\"\"".to_owned() }];
            let title = "close the text with `\"\"\"`".to_owned();
            self.push(changes, 1 + turn as u16, title, Some((at, at + 3)), false);
        }
    }

    /// A text whose `${` is never closed: its closing quote opens another one.
    pub(super) fn close_interpolation(&mut self, at: usize) {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let own = &self.text[line..at];
        let is_open = own.rfind("${").is_some_and(|open| !own[open..].contains('}'));
        if is_open && self.text[at..].starts_with('"') {
            let changes = vec![Change { start: at, end: at, text: "}".to_owned() }];
            self.push(changes, 0, "close `${` with `}`".to_owned(), Some((at, at + 1)), true);
        }
    }

    /// A text or comment without its end.
    pub(super) fn close(&mut self, at: usize) {
        let rest = &self.text[at..];
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        if rest.starts_with("/*") {
            let end = at + rest[..line].trim_end().len();
            let changes = vec![Change { start: end, end, text: " */".to_owned() }];
            let open = at + if rest.starts_with("/**") { 3 } else { 2 };
            return self.push(changes, 1, "close the comment with `*/`".to_owned(), Some((at, open)), false);
        }
        self.close_interpolation(at);
        if rest[..line].trim_end() == "`" {
            let change = Change { start: at, end: at + 1, text: String::new() };
            return self.push(vec![change], 0, "remove the back-tick".to_owned(), Some((at, at + 1)), true);
        }
        let (quote, what) = if rest.starts_with('`') { ("`", "name") } else { ("\"", "text") };
        if rest.starts_with("\"\"\"") {
            return self.close_block(at);
        }
        let own = rest[..line].trim_end();
        if quote == "`" {
            let word = own[1..].find(|it: char| !it.is_alphanumeric() && !matches!(it, '_' | '-' | '$'));
            let end = at + word.map_or(own.len(), |length| length + 1);
            let changes = vec![Change { start: end, end, text: quote.to_owned() }];
            let underlined = Some((at, at + own.len()));
            self.push(changes, 0, "close the name with a back-tick".to_owned(), underlined, true);
        }
        let mut cut = own.len();
        // What ends the statement is hardly part of the text.
        for turn in 0..4 {
            let end = at + cut;
            let changes = vec![Change { start: end, end, text: quote.to_owned() }];
            let title = format!("close the {what} with `{quote}`");
            self.push(changes, 1 + 4 - turn, title, None, turn > 0);
            match own[..cut].char_indices().next_back() {
                Some((before, ';' | ',' | ')' | '}' | '>' | ' ')) => cut = before,
                _ => break,
            }
        }
    }

    /// “text”
    pub(super) fn curly_quotes(&mut self, at: usize) {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let own = &self.text[line..];
        let own = &own[..own.find('\n').unwrap_or(own.len())];
        let pairs: [(&[char], &[char]); 2] = [(&['“', '”', '„'], &['”', '“', '"']), (&['‘', '’'], &['’', '‘', '\''])];
        for (open, close) in pairs {
            let Some(from) = own.find(open) else { continue };
            let inner = from + own[from..].chars().next().map_or(0, char::len_utf8);
            let Some(to) = own[inner..].find(close).map(|to| inner + to) else { continue };
            let end = to + own[to..].chars().next().map_or(0, char::len_utf8);
            let text = format!("\"{}\"", own[inner..to].replace('"', "\\\""));
            let place = (line + from, line + end);
            let change = Change { start: place.0, end: place.1, text };
            self.one(change, 0, "write texts in straight quotes".to_owned(), place, "Curly quotes open no text.");
        }
    }

    /// `2025-01-01` without quotes
    pub(super) fn date(&mut self, at: usize) {
        let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let own = &self.text[line..];
        let own = &own[..own.find('\n').unwrap_or(own.len())];
        let bytes = own.as_bytes();
        let is_date = |start: usize| {
            bytes.get(start..start + 10).is_some_and(|date| {
                date.iter()
                    .enumerate()
                    .all(|(at, it)| if matches!(at, 4 | 7) { *it == b'-' } else { it.is_ascii_digit() })
            })
        };
        let Some(start) = (0..own.len()).find(|start| is_date(*start)) else { return };
        if start > 0 && matches!(bytes[start - 1], b'"' | b'`') {
            return;
        }
        let rest = &own[start + 10..];
        let length = 10 + rest.bytes().take_while(|it| it.is_ascii_alphanumeric() || *it == b'-').count();
        let date = &own[start..start + length];
        let text = match own[..start].trim().is_empty() {
            true => format!("v{}: \"{date}\"", date.replace('-', "_")),
            false => format!("\"{date}\""),
        };
        let place = (line + start, line + start + length);
        let title = format!("write `{text}`");
        self.one(Change { start: place.0, end: place.1, text }, 0, title, place, "A date is written as a text.");
    }
}

/// The parts of a line between the commas of the outermost list, up to the parenthesis that closes it.
fn arguments(line: &str) -> Vec<(usize, usize)> {
    let (mut depth, mut is_text, mut from, mut parts) = (0_usize, false, 0, Vec::new());
    for (place, letter) in line.char_indices() {
        match letter {
            '"' => is_text = !is_text,
            _ if is_text => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                parts.push((from, place));
                return parts;
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push((from, place));
                from = place + 1;
            }
            _ => {}
        }
    }
    Vec::new()
}

/// The change that ends a doc comment which goes on until the end of another one.
pub(super) fn comment_that_goes_on(text: &str) -> Option<Edit> {
    let mut from = 0;
    while let Some(open) = text[from..].find("/**").map(|at| from + at) {
        let line = text[..open].rfind('\n').map_or(0, |end| end + 1);
        let close = open + 3 + text[open + 3..].find("*/")?;
        from = close;
        let mut lines = text[open + 3..close].lines();
        let first = lines.next().unwrap_or_default();
        let is_whole = text[line..open].trim().is_empty() && !first.trim().is_empty();
        if !is_whole || !lines.any(|line| line.trim_start().starts_with("/**")) {
            continue;
        }
        let end = open + 3 + first.trim_end().len();
        return Some(Edit {
            changes: vec![Change { start: end, end, text: " */".to_owned() }],
            cost: 0,
            title: "close the comment with `*/`".to_owned(),
            underlined: Some((open, open + 3)),
            sure: false,
            message: None,
        });
    }
    None
}
