//! Signs in the place of others: in accesses, around blocks and arguments, at the ends of lines.

use super::candidates::{Change, Finder};

impl Finder<'_> {
    /// The decorator whose arguments a token stands in: where its list opens.
    fn decorated(&self, index: usize) -> Option<usize> {
        self.opener(index).filter(|open| self.own(*open) == "(" && *open > 1 && matches!(self.own(open - 2), "@" | "."))
    }

    /// `Lifecycle:Read`, `Lifecycle->Read`, `Lifecycle/Read`
    pub(super) fn access(&mut self, index: usize) {
        let is_arrow = self.own(index) == "-" && self.own(index + 1) == ">" && self.follows(index + 1);
        let last = index + usize::from(is_arrow);
        let is_sign = is_arrow || matches!(self.own(index), ":" | "::" | "/" | "-" | "\\" | "#");
        let is_joined = index > 1
            && self.follows(index)
            && self.follows(last + 1)
            && self.is_word(index - 1)
            && self.is_word(last + 1);
        if !is_sign || !is_joined || self.own(index - 2) == "." {
            return;
        }
        let is_type = self.own(index - 1).starts_with(|first: char| first.is_ascii_uppercase());
        let is_argument = self.decorated(index).is_some_and(|open| self.own(open - 1) != "resourceReference");
        let declares = self.own(index - 2) == "using" || is_arrow && self.own(index - 2) == "namespace";
        let is_used = declares && self.own(last + 2) == ";";
        if !is_type || !(is_argument || is_used) {
            return;
        }
        let Some((start, end)) = self.between(index, last) else { return };
        let change = Change { start, end, text: ".".to_owned() };
        self.one(change, 0, "write `.`".to_owned(), (start, end), "The member of an enum stands behind `.`.");
    }

    /// `model A ( … )`, `enum A [ … ]`
    pub(super) fn brackets_of_block(&mut self, index: usize) {
        let close = match self.own(index) {
            "(" => ")",
            "[" => "]",
            _ => return,
        };
        let declares = index > 1
            && self.is_word(index - 1)
            && matches!(self.own(index - 2), "model" | "enum" | "union" | "interface" | "is" | "extends");
        if !declares || self.follows(index) {
            return;
        }
        let mut depth = 0_usize;
        let last = (index..self.tokens.len()).find(|at| {
            match self.own(*at) {
                "(" | "[" | "{" | "#{" | "#[" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        let Some(last) = last.filter(|last| self.own(*last) == close && self.own(last + 1) != "{") else { return };
        let Some(place) = self.place(index) else { return };
        let changes = vec![self.change(index, "{"), self.change(last, "}")];
        self.several(changes, 0, "write `{…}`".to_owned(), place, "The members of a declaration stand in `{…}`.");
    }

    /// `@minValue(value = 3)`, `@minValue(value: 3)`
    pub(super) fn named_argument(&mut self, index: usize) {
        let is_one = matches!(self.own(index), "=" | ":")
            && index > 2
            && self.is_word(index - 1)
            && matches!(self.own(index - 2), "(" | ",")
            && !self.follows(index + 1);
        let Some(place) = self.between(index - usize::from(index > 0), index) else { return };
        let Some(next) = self.tokens.get(index + 1).map(|next| next.start) else { return };
        if !is_one || self.decorated(index).is_none() {
            return;
        }
        let change = Change { start: place.0, end: next, text: String::new() };
        let title = format!("remove `{}`", &self.text[place.0..place.1]);
        self.one(
            change,
            0,
            title,
            place,
            "The arguments of a decorator have no names; their order says which they are.",
        );
    }

    /// `@@versioned(Versions)` on top of what it is for
    pub(super) fn two_at_signs(&mut self, here: usize) {
        for at in here.saturating_sub(40)..(here + 40).min(self.tokens.len()) {
            if self.own(at) != "@@" {
                continue;
            }
            let mut last = at + 1;
            while self.own(last + 1) == "." {
                last += 2;
            }
            if self.own(last + 1) == "(" {
                let mut depth = 0_usize;
                let close = (last + 1..self.tokens.len()).find(|at| {
                    match self.own(*at) {
                        "(" => depth += 1,
                        ")" => depth -= 1,
                        _ => {}
                    }
                    depth == 0
                });
                let Some(close) = close else { continue };
                last = close;
            }
            let Some(place) = self.place(at).filter(|_| self.own(last + 1) != ";") else { continue };
            let message = "A decorator before what it is for begins with one `@`.";
            self.one(self.change(at, "@"), 0, "write `@`".to_owned(), place, message);
        }
    }

    /// `a: string:`, `a: string.` at the end of a line
    pub(super) fn end_of_member(&mut self, index: usize) {
        let is_end = matches!(self.own(index), ":" | "." | "|")
            && index > 1
            && self.is_same_line(index - 1, index)
            && !self.is_same_line(index, index + 1)
            && (self.is_word(index - 1)
                || !self.own(index - 1).is_empty() && !matches!(self.own(index - 1), "{" | ";" | ","));
        let Some(place) = self.place(index).filter(|_| is_end && self.own(index - 2) != "@") else { return };
        let open = self.opener(index).filter(|open| *open > 1);
        let is_list = open.is_some_and(|open| matches!(self.own(open - 2), "enum" | "union"));
        // A bar joins types; what has a name is another member.
        if self.own(index) == "|" && !(is_list && self.own(index + 2) == ":") {
            return;
        }
        let sign = if is_list { "," } else { ";" };
        self.one(self.change(index, sign), 1, format!("write `{sign}`"), place, &format!("'{sign}' expected."));
    }

    /// `<!-- words -->`, `/ words`
    pub(super) fn odd_comment(&mut self, index: usize) {
        let Some(start) = self.tokens.get(index).map(|it| it.start) else { return };
        if index > 0 && self.is_same_line(index - 1, index) {
            return;
        }
        let rest = &self.text[start..];
        let line = rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())].trim_end();
        let sign = match () {
            () if line.starts_with("<!--") => 4,
            () if line.starts_with("/ ") || line.starts_with("% ") || line.starts_with("' ") => 1,
            () if line.starts_with("(*") || line.starts_with("{-") => 2,
            () => return,
        };
        let own = line[sign..].trim_end_matches("-->").trim_end_matches("*)").trim_end();
        let place = (start, start + line.len());
        let change = Change { start, end: place.1, text: format!("//{own}") };
        self.one(change, 0, "write `//`".to_owned(), place, "Comments begin with `//`.");
    }

    /// `#resourceProvider` on a line of its own
    pub(super) fn hash_for_at(&mut self, here: usize) {
        if self.own(here) != "#"
            || !self.is_word(here + 1)
            || self.is_same_line(here + 1, here + 2) && self.own(here + 2) != "("
        {
            return;
        }
        if crate::checker::similar(self.own(here + 1), ["deprecated", "suppress"].into_iter()).is_some() {
            return;
        }
        let Some(place) = self.place(here) else { return };
        self.one(self.change(here, "@"), 0, "write `@`".to_owned(), place, "Decorators begin with `@`.");
    }

    /// `@resourceProvider;`
    pub(super) fn end_of_decorator(&mut self, here: usize) {
        for at in here..(here + 40).min(self.tokens.len()) {
            if self.own(at) != ";" || at < 2 {
                continue;
            }
            let Some(place) = self.place(at) else { return };
            let message = "A decorator has no end of its own: it belongs to what follows.";
            return self.one(self.change(at, ""), 0, "remove `;`".to_owned(), place, message);
        }
    }
}
