//! Slips in members: a sign missing before a value, and what stands in the place of a type.

use super::candidates::{Change, Finder};
use crate::syntax::TokenKind;

impl Finder<'_> {
    fn is_literal(&self, index: usize) -> bool {
        let is_one = self
            .tokens
            .get(index)
            .is_some_and(|it| matches!(it.kind, TokenKind::StringLiteral | TokenKind::NumericLiteral));
        is_one || matches!(self.own(index), "true" | "false")
    }

    /// The character behind a token.
    fn behind(&self, index: usize) -> (usize, usize) {
        let end = self.tokens[index].end;
        (end, end + self.text[end..].chars().next().map_or(1, char::len_utf8))
    }

    fn lacks(&mut self, before: usize, sign: &str, text: &str) {
        let place = self.behind(before);
        let change = Change { start: place.0, end: place.0, text: text.to_owned() };
        self.one(change, 0, format!("add `{sign}`"), place, &format!("'{sign}' expected."));
    }

    /// `v1 "2025-01-01"` in an enum or union
    pub(super) fn value_of_member(&mut self, index: usize) {
        let is_value =
            index > 2 && self.is_literal(index) && self.is_word(index - 1) && self.is_same_line(index - 1, index);
        let begins = is_value
            && (matches!(self.own(index - 2), "{" | "," | ")" | ";") || !self.is_same_line(index - 2, index - 1));
        let open = self.opener(index).filter(|open| begins && *open > 1);
        if open.is_some_and(|open| matches!(self.own(open - 2), "enum" | "union")) {
            self.lacks(index - 1, ":", ":");
        }
    }

    /// `a?: int32 7`, `a: "x" "y"`, `a: Size Size.small`
    pub(super) fn value_behind_type(&mut self, index: usize) {
        let is_access = self.is_word(index) && self.own(index + 1) == "." && self.is_word(index + 2);
        let is_value = self.is_literal(index) || is_access || matches!(self.own(index), "#{" | "#[");
        if !is_value || index < 3 || !self.is_same_line(index - 1, index) {
            return;
        }
        let is_text = |at: usize| self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        let is_type = self.is_word(index - 1) || matches!(self.own(index - 1), "]" | ">") || is_text(index - 1);
        let mut first = index - 1;
        while first > 0 && !matches!(self.own(first), ":" | ";" | "{" | "}" | "=" | "(" | "@" | "<" | "[" | "#[" | "#{")
        {
            first -= 1;
        }
        if !is_type || self.own(first) != ":" || first + 1 == index {
            return;
        }
        // One more of the texts that it may be, unless it is one of them.
        let is_more = is_text(index) && is_text(index - 1);
        let is_known = (first + 1..index).any(|at| self.own(at) == self.own(index));
        if is_more && !is_known { self.lacks(index - 1, "|", " |") } else { self.lacks(index - 1, "=", " =") }
    }

    /// `a?: int32 default 7`
    pub(super) fn default_word(&mut self, index: usize) {
        let is_one = matches!(self.own(index), "default" | "DEFAULT" | "defaults") && index > 1;
        let is_behind = is_one && self.is_same_line(index - 1, index) && self.is_same_line(index, index + 1);
        let is_value = self.is_literal(index + 1) || self.is_word(index + 1);
        let Some(place) = self.place(index).filter(|_| is_behind && is_value && self.own(index - 1) != ":") else {
            return;
        };
        self.one(self.change(index, "="), 0, "write `=`".to_owned(), place, "A default stands behind `=`.");
    }

    /// `Array string`, `list of string`, `repeated string`
    pub(super) fn words_for_array(&mut self, index: usize) {
        let is_word =
            matches!(self.own(index), "Array" | "array" | "List" | "list" | "Set" | "set" | "repeated" | "arrayOf");
        let item = index + 1 + usize::from(self.own(index + 1) == "of");
        let is_type = index > 0 && matches!(self.own(index - 1), ":" | "=" | "|");
        let ends = matches!(self.own(item + 1), ";" | "," | "}" | "=" | "|");
        if !is_word || !is_type || !self.is_word(item) || !ends {
            return;
        }
        let Some((start, end)) = self.between(index, item) else { return };
        let text = format!("{}[]", self.own(item));
        let title = format!("write `{text}`");
        let message = "The brackets of an array stand behind the type.";
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `enum("a", "b")`
    pub(super) fn texts_in_call(&mut self, index: usize) {
        let is_call = matches!(self.own(index), "enum" | "union" | "oneOf" | "oneof" | "Literal" | "Enum")
            && matches!(self.own(index + 1), "(" | "[" | "<" | "{");
        let is_type = index > 0 && matches!(self.own(index - 1), ":" | "=");
        let is_text = |at: usize| self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        let mut last = index + 2;
        while is_text(last) && matches!(self.own(last + 1), "," | "|") && is_text(last + 2) {
            last += 2;
        }
        let closes = matches!(self.own(last + 1), ")" | "]" | ">" | "}");
        if !is_call || !is_type || !is_text(last) || !closes {
            return;
        }
        let texts: Vec<&str> = (index + 2..=last).step_by(2).map(|at| self.own(at)).collect();
        let text = texts.join(" | ");
        let Some((start, end)) = self.between(index, last + 1) else { return };
        let title = format!("write `{text}`");
        let message = "The texts that a property may be are joined by `|`.";
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `string{}`
    pub(super) fn braces_for_array(&mut self, index: usize) {
        let is_empty =
            self.own(index) == "{" && self.own(index + 1) == "}" && self.follows(index) && self.follows(index + 1);
        let is_type = index > 1 && self.is_word(index - 1) && matches!(self.own(index - 2), ":" | "=" | "|");
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_empty && is_type) else { return };
        let change = Change { start, end, text: "[]".to_owned() };
        self.one(change, 0, "write `[]`".to_owned(), (start, end), "An array has square brackets.");
    }

    /// `string*`, `string+`
    pub(super) fn star_for_array(&mut self, index: usize) {
        let is_star =
            matches!(self.own(index), "*" | "+") && self.follows(index) && index > 0 && self.is_word(index - 1);
        let ends = matches!(self.own(index + 1), ";" | "," | "}" | "=");
        let Some(place) = self.place(index).filter(|_| is_star && ends) else { return };
        self.one(self.change(index, "[]"), 0, "write `[]`".to_owned(), place, "An array has `[]` behind its type.");
    }

    /// `enum Size = "a" | "b";`
    pub(super) fn enum_of_texts(&mut self, index: usize) {
        let is_enum = self.own(index) == "=" && index > 1 && self.own(index - 2) == "enum";
        let is_text = |at: usize| self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        let mut last = index + 1;
        while is_text(last) && self.own(last + 1) == "|" && is_text(last + 2) {
            last += 2;
        }
        if !is_enum || !is_text(last) || self.own(last + 1) != ";" {
            return;
        }
        let names: Vec<&str> = (index + 1..=last).step_by(2).map(|at| self.own(at).trim_matches('"')).collect();
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
        if !names.iter().all(is_name) {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let text = format!("{{ {} }}", names.join(", "));
        let end = self.tokens[last + 1].end;
        let title = format!("write `{text}`");
        let message = "The members of an enum stand in `{…}`.";
        self.one(Change { start: place.0, end, text }, 0, title, place, message);
    }

    /// `Api Versions` for what is called `ApiVersions`
    pub(super) fn split_name(&mut self, index: usize) {
        let is_pair = self.is_word(index) && self.is_word(index + 1) && self.is_same_line(index, index + 1);
        if !is_pair
            || index == 0
            || !matches!(self.own(index - 1), ":" | "(" | "..." | "|" | "<" | "=" | "extends" | "is")
        {
            return;
        }
        let joined = format!("{}{}", self.own(index), self.own(index + 1));
        let is_known = self.whole.match_indices(&joined).any(|(at, _)| {
            let is_part = |letter: Option<char>| letter.is_some_and(|it| it.is_alphanumeric() || it == '_');
            !is_part(self.whole[..at].chars().next_back()) && !is_part(self.whole[at + joined.len()..].chars().next())
        });
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_known) else { return };
        let title = format!("write `{joined}`");
        self.one(Change { start, end, text: joined }, 0, title, (start, end), "A name is one word.");
    }
}
