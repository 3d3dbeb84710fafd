//! Habits around models: what they extend and spread, and how the types of their properties are written.

use super::candidates::{Change, Finder};

impl Finder<'_> {
    /// `model A<T: B>`
    pub(super) fn constraint(&mut self, index: usize) {
        let is_one = self.own(index) == ":" && index > 2 && self.is_word(index - 1);
        if !is_one || !matches!(self.own(index - 2), "<" | ",") {
            return;
        }
        let Some(open) = self.opener(index).filter(|open| *open > 1 && self.own(*open) == "<") else { return };
        let declares = ["model", "alias", "interface", "op", "scalar", "union"].contains(&self.own(open - 2));
        let Some(place) = self.place(index).filter(|_| declares) else { return };
        let after = if self.follows(index) { " extends" } else { "extends" };
        let message = "What a parameter of a template must be stands behind `extends`.";
        self.one(self.change(index, after), 1, "write `extends`".to_owned(), place, message);
    }

    /// `model A is B extends C`
    pub(super) fn second_heritage(&mut self, index: usize) {
        let is_second = matches!(self.own(index), "extends" | "is")
            && index > 2
            && matches!(self.own(index - 2), "extends" | "is")
            && self.is_word(index + 1);
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_second) else { return };
        let change = Change { start: self.tokens[index - 1].end, end, text: String::new() };
        let title = format!("remove `{}`", &self.text[start..end]);
        let message = "A model has either `is` or `extends`; more properties come with `...`.";
        self.one(change, 1, title, (start, end), message);
    }

    /// `model A extends B, C {`
    pub(super) fn second_base(&mut self, index: usize) {
        let is_more =
            self.own(index) == "," && index > 2 && self.is_word(index - 1) && self.own(index - 2) == "extends";
        let mut last = index;
        while self.own(last) == "," && self.is_word(last + 1) {
            last += 2;
        }
        let Some((start, end)) = self.between(index, last.saturating_sub(1)) else { return };
        if !is_more || self.own(last) != "{" {
            return;
        }
        let change = Change { start, end, text: String::new() };
        let title = format!("remove `{}`", &self.text[start..end]);
        let message = "A model extends one model; the properties of others come with `...`.";
        self.one(change, 0, title, (start, end), message);
    }

    /// `extends A;` as a member
    pub(super) fn spread_word(&mut self, index: usize) {
        let is_member = matches!(self.own(index), "extends" | "include" | "includes" | "mixin" | "with" | "use")
            && index > 0
            && matches!(self.own(index - 1), "{" | ";" | ")")
            && self.is_word(index + 1)
            && matches!(self.own(index + 2), ";" | "}" | "," | "<" | ".");
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_member) else { return };
        let change = Change { start, end: self.tokens[index + 1].start, text: "...".to_owned() };
        let title = format!("write `...{}`", self.own(index + 1));
        self.one(change, 0, title, (start, end), "What brings the properties of another model is a spread, `...`.");
    }

    /// `..A`
    pub(super) fn two_dots(&mut self, index: usize) {
        let is_spread = self.own(index) == "."
            && self.own(index + 1) == "."
            && self.follows(index + 1)
            && self.is_word(index + 2)
            && index > 0
            && matches!(self.own(index - 1), "{" | ";" | ",");
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_spread) else { return };
        let change = Change { start, end, text: "...".to_owned() };
        self.one(change, 0, "write `...`".to_owned(), (start, end), "A spread has three dots.");
    }

    /// `A;` as a member: what begins with a capital is the name of a model.
    pub(super) fn bare_spread(&mut self, index: usize) {
        let is_name = self.own(index).starts_with(|first: char| first.is_ascii_uppercase())
            && self.is_word(index)
            && index > 0
            && matches!(self.own(index - 1), "{" | ";")
            && self.own(index + 1) == ";";
        let Some(place) = self.place(index).filter(|_| is_name) else { return };
        let text = format!("...{}", self.own(index));
        let title = format!("write `{text}`");
        self.one(
            self.change(index, text),
            3,
            title,
            place,
            "What brings the properties of another model is a spread, `...`.",
        );
    }

    /// `A[20]`
    pub(super) fn length_of_array(&mut self, index: usize) {
        let is_length = self.is_number(index)
            && index > 1
            && self.own(index - 1) == "["
            && self.own(index + 1) == "]"
            && (self.is_word(index - 2) || matches!(self.own(index - 2), ">" | "]" | ")"));
        let Some(place) = self.place(index).filter(|_| is_length) else { return };
        let message = "The type of an array says nothing of its length; `@maxItems` does.";
        self.one(self.change(index, ""), 0, format!("remove `{}`", self.own(index)), place, message);
    }

    /// `#{ name: string; }` where a type is due.
    pub(super) fn value_for_type(&mut self, here: usize) {
        let Some(open) = self.opener(here).filter(|open| self.own(*open) == "#{" && *open > 0) else { return };
        let is_member = self.own(open - 1) == ":" && self.opener(open).is_none_or(|outer| self.own(outer) == "{");
        let Some(place) = self.place(open).filter(|_| is_member) else { return };
        let message = "A model without a name stands in `{…}`; `#{…}` is a value.";
        self.one(self.change(open, "{"), 0, "write `{`".to_owned(), place, message);
    }

    /// `[]string`
    pub(super) fn array_in_front(&mut self, index: usize) {
        let is_array = self.own(index) == "[" && self.own(index + 1) == "]" && self.follows(index + 1);
        let is_type = index > 0 && matches!(self.own(index - 1), ":" | "=" | "|" | "<" | ",");
        let Some((start, end)) =
            self.between(index, index + 2).filter(|_| is_array && is_type && self.is_word(index + 2))
        else {
            return;
        };
        let text = format!("{}[]", self.own(index + 2));
        let title = format!("write `{text}`");
        self.one(
            Change { start, end, text },
            0,
            title,
            (start, end),
            "The brackets of an array stand behind the type.",
        );
    }

    /// `map[string]string`
    pub(super) fn map_of(&mut self, index: usize) {
        let is_map = matches!(self.own(index), "map" | "Map" | "dict" | "Dict")
            && self.own(index + 1) == "["
            && self.own(index + 3) == "]"
            && self.is_word(index + 4)
            && self.follows(index + 4);
        let Some((start, end)) = self.between(index, index + 4).filter(|_| is_map) else { return };
        let text = format!("Record<{}>", self.own(index + 4));
        let title = format!("write `{text}`");
        self.one(
            Change { start, end, text },
            0,
            title,
            (start, end),
            "What any name may have as its value is a `Record`.",
        );
    }

    /// `[delay]?: int32`
    pub(super) fn name_in_brackets(&mut self, index: usize) {
        let is_name = self.own(index) == "["
            && index > 0
            && matches!(self.own(index - 1), "{" | ";" | "," | ")")
            && self.is_word(index + 1)
            && self.own(index + 2) == "]"
            && matches!(self.own(index + 3), "?" | ":");
        let Some((start, end)) = self.between(index, index + 2).filter(|_| is_name) else { return };
        let text = self.own(index + 1).to_owned();
        let title = format!("write `{text}`");
        self.one(Change { start, end, text }, 0, title, (start, end), "The name of a property has no brackets.");
    }

    /// `= Limits{ rate: 1 }`
    fn named_brace(&self, index: usize) -> Option<usize> {
        let begins = self.own(index) == "{" && index > 1 && self.is_word(index - 1) && self.own(index - 2) == "=";
        let mut depth = 0_usize;
        (index..self.tokens.len()).filter(|_| begins).take(64).find(|at| {
            match self.own(*at) {
                "{" | "#{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }

    /// A value with the name of its model in front.
    pub(super) fn named_value(&mut self, index: usize) {
        let Some(close) = self.named_brace(index) else { return };
        let Some((name, whole)) = self.between(index - 1, index).zip(self.between(index - 1, close)) else { return };
        let change = Change { start: name.0, end: name.1, text: "#{".to_owned() };
        let message = "A value of a model is written `#{…}`, without the model's name.";
        self.one(change, 0, "write `#{`".to_owned(), whole, message);
    }

    /// `scalar A extends string = "a";`
    pub(super) fn default_of_scalar(&mut self, index: usize) {
        let is_default = self.own(index) == "="
            && index > 3
            && self.own(index - 2) == "extends"
            && self.own(index - 4) == "scalar"
            && self.own(index + 2) == ";";
        let Some(place) = self.between(index, index + 1).filter(|_| is_default) else { return };
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: String::new() };
        let title = format!("remove `{}`", &self.text[place.0..place.1]);
        self.one(change, 0, title, place, "A scalar has no default; the properties of its type have one.");
    }
}
