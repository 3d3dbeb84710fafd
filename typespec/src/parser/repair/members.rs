//! Habits around members: operations that lack a part, and what other languages write behind or before a type.

use super::candidates::{Change, Finder};

impl Finder<'_> {
    /// Everything of this file that may be a habit around a token.
    pub(super) fn members(&mut self, index: usize) {
        self.blank_in_decorator(index);
        self.bare_parameter(index);
        self.no_result(index);
        self.comma_behind_operation(index);
        self.accessor(index);
        self.word_before_braces(index);
    }

    /// `@platform Options`
    fn blank_in_decorator(&mut self, index: usize) {
        let is_split = index > 1
            && self.own(index - 2) == "@"
            && self.is_word(index - 1)
            && self.is_word(index)
            && self.is_same_line(index - 1, index);
        if !is_split {
            return;
        }
        let name = format!("{}{}", self.own(index - 1), self.own(index));
        if !crate::libraries::declares_decorator(&name) {
            return;
        }
        let Some(place) = self.between(index - 1, index) else { return };
        let change = Change { start: self.tokens[index - 1].end, end: self.tokens[index].start, text: String::new() };
        self.one(change, 0, format!("write `@{name}`"), place, "The name of a decorator is one word.");
    }

    /// `op near(Point): Station[];`
    fn bare_parameter(&mut self, index: usize) {
        // Decorators may stand before it.
        let is_first = |at: usize| matches!(self.own(at), "(" | ",");
        let begins = index > 1
            && (is_first(index - 1)
                || (index > 2 && self.own(index - 2) == "@" && is_first(index - 3))
                || (self.own(index - 1) == ")" && self.is_behind_decorator(index - 1)));
        let is_alone = self.is_word(index) && begins && matches!(self.own(index + 1), ")" | "," | "[");
        let Some(open) = self.opener(index).filter(|open| is_alone && *open > 0 && self.own(*open) == "(") else {
            return;
        };
        let is_operation =
            self.is_word(open - 1) && (open < 2 || !matches!(self.own(open - 2), "@" | "@@" | "." | "init"));
        let Some(place) = self.place(index).filter(|_| is_operation) else { return };
        let own = self.own(index);
        let mut letters = own.chars();
        let Some(first) = letters.next().filter(char::is_ascii_uppercase) else { return };
        let name = format!("{}{}", first.to_ascii_lowercase(), letters.as_str());
        let title = format!("write `{name}: {own}`");
        let change = Change { start: place.0, end: place.0, text: format!("{name}: ") };
        self.one(change, 1, title, place, "A parameter has a name and a type.");
    }

    /// Whether a closing parenthesis ends the arguments of a decorator.
    fn is_behind_decorator(&self, close: usize) -> bool {
        self.opener(close).is_some_and(|open| open > 1 && self.own(open) == "(" && self.own(open - 2) == "@")
    }

    /// `op stop(id: string);`
    fn no_result(&mut self, index: usize) {
        if !matches!(self.own(index), ";" | ",") || index == 0 || self.own(index - 1) != ")" {
            return;
        }
        let Some(open) = self.opener(index - 1).filter(|open| *open > 0 && self.own(*open) == "(") else { return };
        let begins = open < 2 || self.own(open - 2) == "op" || !self.is_same_line(open - 2, open - 1);
        let is_operation = self.is_word(open - 1) && begins;
        let Some(place) = self.place(index).filter(|_| is_operation) else { return };
        let end = self.tokens[index - 1].end;
        let change = Change { start: end, end, text: ": void".to_owned() };
        self.one(change, 1, "add `: void`, or the type of the result".to_owned(), place, "':' expected.");
    }

    /// `read(): Station,`
    fn comma_behind_operation(&mut self, index: usize) {
        if self.own(index) != "," || self.expected() != ";" {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let change = Change { start: place.0, end: place.1, text: ";".to_owned() };
        self.one(change, 0, "write `;` in place of `,`".to_owned(), place, "");
    }

    /// `name: string { get; set; }`
    fn accessor(&mut self, index: usize) {
        if self.own(index) != "{" || index == 0 || !matches!(self.own(index + 1), "get" | "set" | "init") {
            return;
        }
        let Some(close) = (index + 2..(index + 8).min(self.tokens.len())).find(|at| self.own(*at) == "}") else {
            return;
        };
        let is_list = (index + 1..close).all(|at| matches!(self.own(at), "get" | "set" | "init" | "private" | ";"));
        let Some(place) = self.between(index, close).filter(|_| is_list) else { return };
        let text = if matches!(self.own(close + 1), ";" | "=") { "" } else { ";" };
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: text.to_owned() };
        self.one(change, 0, "remove the accessors".to_owned(), place, "A property has a type and no accessors.");
    }

    /// `limits: object { rate: int32; }`
    fn word_before_braces(&mut self, index: usize) {
        let is_word =
            matches!(self.own(index), "object" | "Object" | "struct" | "type" | "dict" | "record" | "interface");
        let is_type = index > 0 && matches!(self.own(index - 1), ":" | "=" | "|" | "&") && self.own(index + 1) == "{";
        let Some(place) = self.place(index).filter(|_| is_word && is_type) else { return };
        let change = Change { start: place.0, end: self.tokens[index + 1].start, text: String::new() };
        let title = format!("remove `{}`", self.own(index));
        self.one(change, 0, title, place, "The properties of a type stand in braces alone.");
    }
}
