//! What may have been meant where JSON cannot be read.

use radii_diagnostics::Diagnostic;

use super::Edit;

/// The changes around a place that are worth trying, the likeliest first.
pub(super) fn around(text: &str, at: usize, problem: &Diagnostic) -> Vec<Edit> {
    let before = text[..at].trim_end().len();
    let mut found = Finder { text, at, before, edits: Vec::new() };
    let message = problem.message.as_str();
    found.comment();
    found.comma_too_many();
    found.quotes();
    found.number();
    if message.contains("is not closed on its line") {
        found.open_text();
    }
    if message.contains("escape") {
        let edit = Edit::insert(text, at, "\\").underline(at, (at + 2).min(text.len()));
        found.edits.push(edit.say("a backslash in a text is written twice").sure());
    }
    found.word(message.contains("a key in double quotes"));
    if message.contains("`:`") {
        found.colon();
    }
    if message.contains("`,` or") {
        found.comma();
    }
    found.bracket();
    found.edits
}

struct Finder<'a> {
    text: &'a str,
    at: usize,
    /// Where what stands before the place ends.
    before: usize,
    edits: Vec<Edit>,
}

impl Finder<'_> {
    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The rest of the line.
    fn line(&self) -> &str {
        let rest = &self.text[self.at..];
        &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        let length = match () {
            () if rest.starts_with("//") || rest.starts_with('#') => self.line().len(),
            () if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            () => return,
        };
        let end = self.at + length;
        // The line goes too, if nothing else stands on it.
        let start = self.text[..self.at].trim_end_matches([' ', '\t']).len();
        let is_alone = self.text[..start].ends_with('\n') && self.text[end..].starts_with('\n');
        let edit = Edit::replace(start, end + usize::from(is_alone), "", "remove the comment");
        self.edits.push(edit.underline(self.at, end).say("JSON has no comments").sure());
    }

    fn comma_too_many(&mut self) {
        if self.text[..self.before].ends_with(',') && matches!(self.next(), Some('}' | ']')) {
            let edit = Edit::replace(self.before - 1, self.before, "", "remove the comma");
            self.edits.push(edit.say("a comma stands behind the last one").sure());
        }
        if self.next() == Some(',') && matches!(self.text[..self.before].chars().next_back(), Some(',' | '[' | '{')) {
            let edit = Edit::replace(self.at, self.at + 1, "", "remove the comma");
            self.edits.push(edit.say("a comma too many"));
        }
    }

    /// Quotes of another kind.
    fn quotes(&mut self) {
        let close = match self.next() {
            Some(quote @ ('\'' | '`')) => [quote, quote, quote],
            Some('“' | '”' | '„') => ['”', '“', '"'],
            Some('‘' | '’' | '‚') => ['’', '‘', '\''],
            Some('«') => ['»', '»', '»'],
            _ => return,
        };
        let line = self.line();
        let open = line.chars().next().map_or(0, char::len_utf8);
        let Some(inner) = line[open..].find(close) else { return };
        let width = line[open + inner..].chars().next().map_or(0, char::len_utf8);
        let written = format!("\"{}\"", line[open..open + inner].replace('"', "\\\""));
        let edit = Edit::replace(self.at, self.at + open + inner + width, written, "write it in double quotes");
        self.edits.push(edit.say("texts and keys of JSON stand in double quotes").sure());
    }

    /// Numbers as other languages write them.
    fn number(&mut self) {
        self.decimal_comma();
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '+' | '-' | '_');
        let before = self.text[..self.at].trim_end_matches(is_part).len();
        let own = self.text[before..].split(|it| !is_part(it)).next().unwrap_or_default();
        let (start, end) = (before, before + own.len());
        let (sign, plain) = match own.strip_prefix('-') {
            Some(plain) => ("-", plain),
            None => ("", own.strip_prefix('+').unwrap_or(own)),
        };
        let hexadecimal = plain.strip_prefix("0x").or(plain.strip_prefix("0X"));
        let meant = match hexadecimal {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(|number| number.to_string()),
            None => {
                let plain = plain.replace('_', "");
                let mut meant = plain.trim_start_matches('0').to_owned();
                if !meant.starts_with(|it: char| it.is_ascii_digit()) {
                    meant.insert(0, '0');
                }
                if meant.ends_with('.') {
                    meant.push('0');
                }
                (plain.starts_with(|it: char| it.is_ascii_digit() || it == '.') && meant.parse::<f64>().is_ok())
                    .then_some(meant)
            }
        };
        let Some(meant) = meant.map(|meant| format!("{sign}{meant}")).filter(|meant| meant != own) else { return };
        let title = format!("write `{meant}`");
        self.edits.push(Edit::replace(start, end, meant, title).say(format!("`{own}` is no number of JSON")).sure());
    }

    /// `0,5`
    fn decimal_comma(&mut self) {
        let is_digit = |it: char| it.is_ascii_digit();
        let Some(whole) = self.text[..self.at].strip_suffix(',').filter(|it| it.ends_with(is_digit)) else { return };
        let rest = &self.text[self.at..];
        let length = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        if length == 0 {
            return;
        }
        let start = whole.trim_end_matches(is_digit).len();
        let meant = format!("{}.{}", &whole[start..], &rest[..length]);
        let edit = Edit::replace(start, self.at + length, meant.clone(), format!("write `{meant}`"));
        self.edits.push(edit.say("the fraction of a number stands behind a point").sure());
    }

    /// A text that is not closed on its line.
    fn open_text(&mut self) {
        let line = self.line().trim_end();
        let end = self.at + line.len();
        let close = |place: usize| {
            let mut edit = Edit::insert(self.text, place, "\"").underline(self.at, end).say("a text is not closed");
            edit.title = "close the text with `\"`".to_owned();
            edit
        };
        let mut edits = Vec::new();
        if let Some(colon) = line.find(':').filter(|_| !self.text[..self.before].ends_with(':')) {
            let key = self.at + colon;
            edits.push(close(key).underline(self.at, key).say("a key is not closed"));
        }
        let mut cut = line;
        loop {
            edits.push(close(self.at + cut.len()));
            match cut.strip_suffix([',', '}', ']', ' ']) {
                Some(shorter) => cut = shorter,
                None => break,
            }
        }
        // What ends the member is hardly part of its text.
        edits.reverse();
        self.edits.extend(edits);
    }

    /// Words without quotes.
    fn word(&mut self, is_key: bool) {
        let rest = &self.text[self.at..];
        let is_part = |it: char| it.is_alphanumeric() || matches!(it, '_' | '$' | '-' | '.');
        let length = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        let own = &rest[..length];
        // Paths and patterns are texts, too; `//` and `/*` begin comments.
        let is_comment = rest.starts_with("//") || rest.starts_with("/*");
        let is_path = !is_key && !is_comment && rest.starts_with(['/', '~', '^', '*', '@']);
        if !is_path && !own.starts_with(|it: char| it.is_alphabetic() || matches!(it, '_' | '$')) {
            return;
        }
        let end = self.at + length;
        if rest[length..].starts_with('"') {
            let mut edit = Edit::insert(self.text, self.at, "\"").underline(self.at, end + 1);
            edit.title = "open the text with `\"`".to_owned();
            self.edits.push(edit.say("a text is not opened"));
        }
        if is_key {
            let edit = Edit::replace(self.at, end, format!("\"{own}\""), format!("write `\"{own}\"`"));
            return self.edits.push(edit.say(format!("the key `{own}` has no quotes")).sure());
        }
        let word = match own.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some("true"),
            "false" | "no" | "off" => Some("false"),
            "none" | "null" | "nil" | "undefined" | "nan" => Some("null"),
            _ => None,
        };
        if let Some(word) = word {
            let edit = Edit::replace(self.at, end, word, format!("write `{word}`"));
            self.edits.push(edit.say(format!("`{own}` is no JSON value")).sure());
        }
        let line = self.line();
        // A variable of a shell ends with its brace.
        let from = if line.starts_with("${") { line.find('}').map_or(0, |end| end + 1) } else { 0 };
        let ends = line[from..].find([',', '}', ']', '"']).map_or(line.len(), |end| from + end);
        let whole = line[..ends].trim_end();
        let edit =
            Edit::replace(self.at, self.at + whole.len(), format!("\"{whole}\""), "put the text in double quotes");
        self.edits.push(edit.say(format!("the text `{whole}` has no quotes")).sure());
    }

    fn colon(&mut self) {
        let rest = &self.text[self.at..];
        for (wrong, sure) in [("=>", true), ("->", true), ("==", true), ("=", true), (";", true), (",", false)] {
            if rest.starts_with(wrong) {
                let edit = Edit::replace(self.at, self.at + wrong.len(), ":", "write `:`");
                let edit = edit.say(format!("`{wrong}` stands between a key and its value"));
                self.edits.push(if sure { edit.sure() } else { edit });
            }
        }
        // The key's own quote is missing: the text goes on to the quote that opens the value.
        let key = self.text[..self.before.saturating_sub(1)].rfind('"');
        if let Some((start, colon)) =
            key.and_then(|key| self.text[key..self.before].find(':').map(|it| (key, key + it)))
        {
            let edit = Edit::insert(self.text, colon, "\"").underline(start, colon);
            self.edits.push(edit.say("a key is not closed"));
        }
        let mut edit = Edit::insert(self.text, self.before, ":").say("a key is followed by a colon and its value");
        edit.sure = true;
        self.edits.push(edit);
    }

    fn comma(&mut self) {
        if let Some(wrong @ (';' | '.' | '|')) = self.next() {
            let edit = Edit::replace(self.at, self.at + 1, ",", "write `,`");
            self.edits.push(edit.say(format!("`{wrong}` stands where a comma is due")).sure());
        }
        if self.text[..self.before].ends_with('"') && self.next().is_some_and(char::is_alphanumeric) {
            // A quote within a text.
            let line = self.line();
            if let Some(length) = line.find('"') {
                let (inner, end) = (self.before - 1, self.at + length);
                let text = format!("\\{}\\", &self.text[inner..end]);
                let edit = Edit::replace(inner, end, text, "put backslashes before the inner quotes");
                self.edits.push(edit.underline(inner, end + 1).say("a quote within a text ends it"));
            }
        }
        // A number with letters behind it is a text.
        let is_part = |it: char| it.is_alphanumeric() || matches!(it, '.' | '_' | '-' | '%');
        let joined = self.before == self.at && self.next().is_some_and(is_part);
        let start = self.text[..self.at].trim_end_matches(is_part).len();
        if joined && start < self.at {
            let own = self.text[start..].split(|it| !is_part(it)).next().unwrap_or_default();
            let text = format!("\"{own}\"");
            let edit = Edit::replace(start, start + own.len(), text, "put the text in double quotes");
            self.edits.push(edit.say(format!("`{own}` is no JSON value")));
        }
        self.edits.push(Edit::insert(self.text, self.before, ",").sure());
    }

    /// Brackets that are not closed, closed twice, or by the wrong one.
    fn bracket(&mut self) {
        if let Some(close) = self.line().find(')').filter(|_| self.next() == Some('(')) {
            let inner = &self.line()[1..close];
            let edit = Edit::replace(self.at, self.at + close + 1, format!("[{inner}]"), "write `[…]`");
            let edit = edit.underline(self.at, self.at + 1).say("a list stands in square brackets");
            self.edits.push(edit.sure());
        }
        if let Some(own @ ('}' | ']')) = self.next() {
            let other = if own == '}' { "]" } else { "}" };
            let edit = Edit::replace(self.at, self.at + 1, other, format!("write `{other}`"));
            self.edits.push(edit.say(format!("`{own}` closes what another bracket opened")));
            let edit = Edit::replace(self.at, self.at + 1, "", format!("remove `{own}`"));
            self.edits.push(edit.say(format!("`{own}` closes nothing")));
        }
        if let Some((open, sign)) = unclosed(self.text) {
            let close = if sign == '{' { '}' } else { ']' };
            for place in ends(self.text, open) {
                let mut edit = Edit::insert(self.text, place, &close.to_string()).underline(open, open + 1);
                edit.title = format!("close `{sign}` with `{close}`");
                self.edits.push(edit.say(format!("`{sign}` is not closed")));
            }
        }
        if self.next().is_some() && self.text[..self.before].ends_with(['}', ']']) {
            let end = self.text.trim_end().len();
            let edit = Edit::replace(self.at, end, "", "remove what follows");
            self.edits.push(edit.say("a JSON text holds one value"));
        }
    }
}

/// The bracket that is not closed: by the indentation of the lines, or else the innermost one that is open at the end.
fn unclosed(text: &str) -> Option<(usize, char)> {
    let indent = |at: usize| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        text[line..].len() - text[line..].trim_start().len()
    };
    let is_first = |at: usize| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        text[line..at].trim().is_empty()
    };
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut in_text = false;
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' if in_text => {
                signs.next();
            }
            '"' => in_text = !in_text,
            '\n' => in_text = false,
            _ if in_text => {}
            '{' | '[' => open.push((at, sign)),
            '}' | ']' => {
                let &(start, opened) = open.last()?;
                let is_same = (opened == '{') == (sign == '}');
                let is_outer = is_first(at) && indent(at) < indent(start);
                if !is_same || is_outer {
                    return Some((start, opened));
                }
                open.pop();
            }
            _ => {}
        }
    }
    open.last().copied()
}

/// Where a bracket may have been closed: at the end of its line, before what is indented less, or at the end.
fn ends(text: &str, open: usize) -> Vec<usize> {
    let line = text[..open].rfind('\n').map_or(0, |end| end + 1);
    let indent = text[line..].len() - text[line..].trim_start().len();
    let mut places = Vec::new();
    let own = open + text[open..].find('\n').unwrap_or(text.len() - open);
    let whole = text[open..own].trim_end();
    if whole.len() > 1 {
        places.extend([open + whole.trim_end_matches(',').len(), open + whole.len()]);
    }
    let mut at = own;
    for next in text[own..].split_inclusive('\n') {
        let is_blank = next.trim().is_empty();
        if !is_blank && at > own && next.len() - next.trim_start().len() <= indent {
            break;
        }
        at += next.len();
    }
    let before = text[..at].trim_end();
    places.extend([before.trim_end_matches(',').len(), before.len(), text.trim_end().len()]);
    places.dedup();
    places
}
