//! Quotes: one that is missing, one of another kind, and words that lack both.

use super::candidates::{Change, Edit, Finder};

/// What stands before and behind a text.
const BEFORE: [char; 7] = ['(', ',', '=', '|', ':', '[', '<'];
const BEHIND: [char; 9] = [',', ')', ';', '|', ']', '}', '>', '=', '{'];

/// With more quotes than these on a line nothing is tried.
const MAX_QUOTES: usize = 9;

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
            self.one(change, if width > 0 { 0 } else { cost }, title, underlined, message);
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
