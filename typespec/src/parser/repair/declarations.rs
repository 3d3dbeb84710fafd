//! Habits around declarations: casts, results and types where none stand, and lists of parameters.

use super::candidates::{Change, Finder};

impl Finder<'_> {
    /// `using TypeSpec,Versioning;`, `namespace Contoso-Data;`
    pub(super) fn name_of_namespace(&mut self, index: usize) {
        let is_sign = matches!(self.own(index), "," | "-" | "/" | "\\" | "->");
        let is_named = index > 1 && matches!(self.own(index - 2), "using" | "namespace");
        if !is_sign || !is_named || !self.is_word(index + 1) || !self.is_same_line(index - 1, index + 1) {
            return;
        }
        let Some(place) = self.place(index) else { return };
        if self.own(index) == "-" && self.own(index + 2) == "." {
            let change = Change { start: place.0, end: place.1, text: String::new() };
            return self.one(change, 0, "remove `-`".to_owned(), place, "Names have no hyphens.");
        }
        let change = Change { start: place.0, end: place.1, text: ".".to_owned() };
        self.one(change, 0, "write `.`".to_owned(), place, "The parts of a name have dots between them.");
    }

    /// `name: string;x`
    pub(super) fn stray_letter(&mut self, index: usize) {
        let is_stray = index > 0
            && self.own(index).len() == 1
            && self.is_word(index)
            && self.follows(index)
            && matches!(self.own(index - 1), ";" | "}" | ")")
            && (self.own(index + 1).is_empty() || !self.is_same_line(index, index + 1));
        let Some(place) = self.place(index).filter(|_| is_stray) else { return };
        let change = Change { start: place.0, end: place.1, text: String::new() };
        let title = format!("remove `{}`", self.own(index));
        self.one(change, 0, title, place, "Statement expected.");
    }

    /// `Record string>`, `Recordstring>`
    pub(super) fn no_opening_angle(&mut self, index: usize) {
        if self.own(index + 1) != ">" || !self.is_word(index) {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let is_template = |word: &str| matches!(word, "Record" | "Array");
        let (at, to) = match self.own(index) {
            own if own.len() > 6 && own.starts_with("Record") => (place.0 + 6, place.0 + 6),
            own if own.len() > 5 && own.starts_with("Array") => (place.0 + 5, place.0 + 5),
            _ if index > 0 && is_template(self.own(index - 1)) => (self.tokens[index - 1].end, place.0),
            _ => return,
        };
        let change = Change { start: at, end: to, text: "<".to_owned() };
        self.one(change, 0, "add `<`".to_owned(), (to, to + 1), "'<' expected.");
    }

    /// `model Page<> {`
    pub(super) fn no_parameters(&mut self, index: usize) {
        let is_empty = self.own(index) == "<" && self.own(index + 1) == ">" && index > 0 && self.is_word(index - 1);
        let Some(place) = self.between(index, index + 1).filter(|_| is_empty) else { return };
        let change = Change { start: place.0, end: place.1, text: String::new() };
        let message = "What stands in `<…>` cannot be left out.";
        self.one(change, 3, "remove `<>`".to_owned(), (place.1 - 1, place.1), message);
    }

    /// `#["a"] as const`, `5 as int32`
    pub(super) fn cast(&mut self, index: usize) {
        let is_value =
            |own: &str| own.ends_with(['"', ']', '}', ')']) || own.ends_with(|it: char| it.is_alphanumeric());
        let is_cast = self.own(index) == "as" && index > 0 && is_value(self.own(index - 1));
        if !is_cast || self.own(index + 1).is_empty() || !self.is_same_line(index - 1, index + 1) {
            return;
        }
        let Some(place) = self.between(index, index + 1) else { return };
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: String::new() };
        let title = format!("remove `as {}`", self.own(index + 1));
        self.one(change, 0, title, place, "A value has the type that is asked for; there are no casts.");
    }

    /// `enum Size: string {`
    pub(super) fn type_of_enum(&mut self, index: usize) {
        let is_typed = self.own(index) == ":"
            && index > 1
            && matches!(self.own(index - 2), "enum" | "union" | "model")
            && self.is_word(index + 1)
            && self.own(index + 2) == "{";
        let Some(place) = self.between(index, index + 1).filter(|_| is_typed) else { return };
        if self.own(index - 2) == "model" {
            let change = Change { start: self.tokens[index - 1].end, end: place.0 + 1, text: " extends".to_owned() };
            let message = "A model names its base behind `extends`.";
            return self.one(change, 0, "write `extends`".to_owned(), (place.0, place.0 + 1), message);
        }
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: String::new() };
        let title = format!("remove `: {}`", self.own(index + 1));
        self.one(change, 0, title, place, "The values of members say what type they are of.");
    }

    /// `init of(a: int32): Color;`
    pub(super) fn result_of_constructor(&mut self, index: usize) {
        if self.own(index) != ":" || index == 0 || self.own(index - 1) != ")" || !self.is_word(index + 1) {
            return;
        }
        let Some(open) = self.opener(index - 1).filter(|open| *open > 1) else { return };
        let is_constructor = self.own(open) == "(" && self.own(open - 2) == "init";
        let Some(place) = self.between(index, index + 1).filter(|_| is_constructor) else { return };
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: String::new() };
        let title = format!("remove `: {}`", self.own(index + 1));
        self.one(change, 0, title, place, "A constructor gives its own scalar; it names no result.");
    }
}
