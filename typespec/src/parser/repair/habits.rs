//! More habits: lists, brackets, units and names that are written otherwise elsewhere.

use super::candidates::{Change, Finder};
use crate::syntax::TokenKind;

/// Namespaces of the libraries that come along, by what imports them.
const NAMESPACES: [(&str, &str); 6] = [
    ("@radii/typespec", "Radii"),
    ("@typespec/versioning", "TypeSpec.Versioning"),
    ("@typespec/openapi", "TypeSpec.OpenAPI"),
    ("@typespec/json-schema", "TypeSpec.JsonSchema"),
    ("@typespec/http", "TypeSpec.Http"),
    ("@typespec/rest", "TypeSpec.Rest"),
];

/// How many tokens before a closing sign its opening one is looked for.
const MAX_INNER: usize = 200;

impl Finder<'_> {
    /// Everything of this file that may be a habit around a token.
    pub(super) fn habits(&mut self, here: usize) {
        for index in here.saturating_sub(5)..(here + 2).min(self.tokens.len()) {
            self.closer(index);
            self.square_arguments(index);
            self.constraint(index);
            self.split_word(index);
            self.texts_in_braces(index);
            self.spaced_name(index);
            self.bare_enum_value(index);
            self.dashed_version(index);
            self.second_heritage(index);
            self.namespace_of_package(index);
            self.dotted(index);
            self.bare_type_name(index);
            self.odd_number(index);
            self.decorator_behind(index);
            self.name_in_brackets(index);
            self.array_in_front(index);
            self.spread_word(index);
            self.dashes(index);
            self.bracketed_arguments(index);
            self.map_of(index);
            self.bar_at_end(index);
            self.two_dots(index);
            self.bare_spread(index);
            self.second_base(index);
            self.length_of_array(index);
            self.quotes_in_text(index);
            self.bare_pattern(index);
            self.percentage(index);
            self.joined_arguments(index);
            self.named_value(index);
            self.default_of_scalar(index);
            self.access(index);
            self.brackets_of_block(index);
            self.named_argument(index);
            self.end_of_member(index);
            self.odd_comment(index);
            self.value_of_member(index);
            self.value_behind_type(index);
            self.default_word(index);
            self.words_for_array(index);
            self.texts_in_call(index);
            self.braces_for_array(index);
            self.enum_of_texts(index);
            self.star_for_array(index);
            self.split_name(index);
            self.cast(index);
            self.members(index);
            self.name_of_namespace(index);
            self.stray_letter(index);
            self.no_parameters(index);
            self.no_opening_angle(index);
            self.type_of_enum(index);
            self.result_of_constructor(index);
        }
        self.value_for_type(here);
    }

    pub(super) fn follows(&self, index: usize) -> bool {
        index > 0 && self.tokens.get(index).is_some_and(|own| own.start == self.tokens[index - 1].end)
    }

    fn is_text(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|it| it.kind == TokenKind::StringLiteral)
    }

    pub(super) fn is_number(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|it| it.kind == TokenKind::NumericLiteral)
    }

    /// The nearest sign before a token that is open there.
    pub(super) fn opener(&self, index: usize) -> Option<usize> {
        let mut closed = 0_usize;
        for at in (index.saturating_sub(MAX_INNER)..index).rev() {
            match self.own(at) {
                ")" | "]" | "}" | ">" => closed += 1,
                "(" | "[" | "{" | "#{" | "#[" | "<" if closed > 0 => closed -= 1,
                "(" | "[" | "{" | "#{" | "#[" => return Some(at),
                "<" if at > 0 && self.is_word(at - 1) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// `Page<A, 5)`, `#["a"}`
    fn closer(&mut self, index: usize) {
        if !matches!(self.own(index), ")" | "]" | "}" | ">") {
            return;
        }
        let Some(open) = self.opener(index) else { return };
        let wanted = match self.own(open) {
            "(" => ")",
            "[" | "#[" => "]",
            "<" => ">",
            _ => "}",
        };
        if wanted == self.own(index) || self.own(index + 1) == wanted {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let message = format!("'{wanted}' expected.");
        self.one(
            self.change(index, wanted),
            2,
            format!("write `{wanted}` in place of `{}`", self.own(index)),
            place,
            &message,
        );
    }

    /// `Page[A, 5]`
    fn square_arguments(&mut self, index: usize) {
        let is_list = self.own(index) == "[" && index > 1 && self.is_word(index - 1) && self.is_word(index + 1);
        if !is_list || self.own(index - 2) == "@" {
            return;
        }
        let Some(close) = (index + 2..(index + 24).min(self.tokens.len())).find(|it| self.own(*it) == "]") else {
            return;
        };
        let Some(place) = self.between(index, close).filter(|_| self.is_same_line(index, close)) else { return };
        let changes = vec![self.change(index, "<"), self.change(close, ">")];
        let message = "The arguments of a template stand in `<…>`.";
        self.several(changes, 1, "write `<…>`".to_owned(), place, message);
    }

    /// `value of int32`, `name space A`
    fn split_word(&mut self, index: usize) {
        let joined = match (self.own(index), self.own(index + 1)) {
            ("value", "of") => "valueof",
            ("type", "of") => "typeof",
            ("name", "space") => "namespace",
            _ => return,
        };
        let Some((start, end)) = self.between(index, index + 1) else { return };
        let change = Change { start, end, text: joined.to_owned() };
        self.one(change, 0, format!("write `{joined}`"), (start, end), &format!("`{joined}` is one word."));
    }

    /// `{"a", "b"}` for a union
    fn texts_in_braces(&mut self, index: usize) {
        let begins = self.own(index) == "{" && index > 0 && matches!(self.own(index - 1), ":" | "=");
        if !begins || !self.is_text(index + 1) {
            return;
        }
        let mut last = index + 1;
        while matches!(self.own(last + 1), "," | "|") && self.is_text(last + 2) {
            last += 2;
        }
        if self.own(last + 1) != "}" {
            return;
        }
        let texts: Vec<&str> = (index + 1..=last).step_by(2).map(|it| self.own(it)).collect();
        let text = texts.join(" | ");
        let Some((start, end)) = self.between(index, last + 1) else { return };
        let title = format!("write `{text}`");
        let message = "The texts that a property may be are joined by `|`.";
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `premium plus: "plus"` as a name
    fn spaced_name(&mut self, index: usize) {
        let begins =
            index > 0 && (matches!(self.own(index - 1), "{" | "," | ";" | ")") || !self.is_same_line(index - 1, index));
        let mut last = index;
        while self.is_word(last + 1) && self.is_same_line(last, last + 1) && last < index + 3 {
            last += 1;
        }
        let is_double = (index..last).any(|it| self.own(it) == self.own(it + 1));
        let is_plain = !is_double && self.tokens.get(index).is_some_and(|it| it.kind == TokenKind::Identifier);
        if !begins
            || !is_plain
            || last == index
            || !matches!((self.own(last + 1), self.own(last + 2)), (":", _) | ("?", ":"))
        {
            return;
        }
        let Some((start, end)) = self.between(index, last) else { return };
        let text = format!("`{}`", &self.text[start..end]);
        let title = format!("put the name in back-ticks: {text}");
        let message = "A name with spaces stands in back-ticks.";
        self.one(Change { start, end, text }, 4, title, (start, end), message);
    }

    /// `premium: premium` in an enum
    fn bare_enum_value(&mut self, index: usize) {
        let is_value = self.own(index) == ":" && index > 0 && self.is_word(index + 1);
        let ends = matches!(self.own(index + 2), "," | "}" | ";") || !self.is_same_line(index + 1, index + 2);
        let Some(open) = self.opener(index).filter(|open| *open > 1 && is_value && ends) else { return };
        let Some(place) = self.place(index + 1).filter(|_| self.own(open - 2) == "enum") else { return };
        let text = format!("\"{}\"", self.own(index + 1).trim_matches('`'));
        let title = format!("write `{text}`");
        self.one(self.change(index + 1, text), 1, title, place, "Expected numeric or string literal.");
    }

    /// `Versions.v2025-03-01`
    fn dashed_version(&mut self, index: usize) {
        let begins = self.is_word(index) && index > 0 && self.own(index - 1) == ".";
        if !begins || !self.own(index).ends_with(|last: char| last.is_ascii_digit()) {
            return;
        }
        let start = self.tokens[index].start;
        let signs = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        let end = start + self.text.as_bytes()[start..].iter().take_while(|it| signs(it)).count();
        if !self.text[start..end].contains('-') {
            return;
        }
        let text = self.text[start..end].replace('-', "_");
        let title = format!("write `{text}`");
        let message = "A hyphen is no part of a name.";
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `using "@typespec/openapi";`
    fn namespace_of_package(&mut self, index: usize) {
        if self.own(index) != "using" || !self.is_text(index + 1) {
            return;
        }
        let package = self.own(index + 1).trim_matches('"');
        let Some((_, namespace)) = NAMESPACES.iter().find(|(name, _)| *name == package) else { return };
        let Some(place) = self.place(index + 1) else { return };
        let message = "What is used is a namespace, not a package.";
        self.one(self.change(index + 1, *namespace), 0, format!("write `{namespace}`"), place, message);
    }

    /// `using A/B;`, `namespace A::B;`
    fn dotted(&mut self, index: usize) {
        let is_sign = matches!(self.own(index), "/" | "::" | ":" | "\\" | "-") && index > 1;
        let mut first = index.saturating_sub(1);
        while first > 1 && self.own(first - 1) == "." {
            first -= 2;
        }
        let declares = first > 0 && matches!(self.own(first - 1), "using" | "namespace");
        let is_name = self.is_word(index + 1) && self.follows(index) && self.follows(index + 1);
        if !is_sign || !declares || !is_name || self.own(index) == "-" {
            return;
        }
        let Some(place) = self.place(index) else { return };
        self.one(
            self.change(index, "."),
            1,
            "write `.`".to_owned(),
            place,
            "The parts of a namespace are joined by `.`.",
        );
    }

    /// `@resourceReference(Contoso.Data/stores)`
    fn bare_type_name(&mut self, index: usize) {
        let begins = index > 0 && matches!(self.own(index - 1), "(" | "," | "=") && self.is_word(index);
        let mut last = index;
        while matches!(self.own(last + 1), "." | "/") && self.is_word(last + 2) && self.follows(last + 2) {
            last += 2;
        }
        let has_slash = (index..last).any(|it| self.own(it) == "/");
        // `Lifecycle/Read` is no name of a resource type.
        let is_named = self.own(index + 1) == "."
            || self.opener(index).is_some_and(|open| open > 0 && self.own(open - 1) == "resourceReference");
        let has_slash = has_slash && is_named;
        let Some((start, end)) = self.between(index, last).filter(|_| begins && has_slash) else { return };
        let text = format!("\"{}\"", &self.text[start..end]);
        let title = format!("write `{text}`");
        let message = "The name of a resource type is written as a text.";
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `60s`, `86_400` as a number
    fn odd_number(&mut self, index: usize) {
        let is_value = index > 0 && matches!(self.own(index - 1), "(" | "," | "=");
        let is_odd = self.is_number(index) && self.follows(index + 1) && self.is_word(index + 1);
        let Some((start, end)) = self.between(index, index + 1).filter(|_| is_value && is_odd) else { return };
        let rest = self.own(index + 1);
        let (text, message) = match rest.starts_with('_') && rest.bytes().all(|it| it == b'_' || it.is_ascii_digit()) {
            true => {
                (format!("{}{}", self.own(index), rest.replace('_', "")), "A number has no `_` between its digits.")
            }
            false => (self.own(index).to_owned(), "A number has no unit."),
        };
        let title = format!("write `{text}`");
        self.one(Change { start, end, text }, 0, title, (start, end), message);
    }

    /// `delay: int32 @minValue(0);`
    fn decorator_behind(&mut self, index: usize) {
        let is_behind = self.own(index) == "@"
            && index > 2
            && self.is_word(index + 1)
            && self.is_same_line(index - 1, index)
            && !matches!(self.own(index - 1), ";" | "," | "{" | "}" | "(" | "<");
        if !is_behind {
            return;
        }
        let mut last = index + 1;
        while self.own(last + 1) == "." {
            last += 2;
        }
        if self.own(last + 1) == "(" {
            let close = (last + 2..(last + 40).min(self.tokens.len())).find(|it| self.own(*it) == ")");
            let Some(close) = close else { return };
            last = close;
        }
        let mut first = index - 1;
        while first > 0 && self.is_same_line(first - 1, first) && !matches!(self.own(first - 1), ";" | "," | "{" | "}")
        {
            first -= 1;
        }
        // Behind another decorator it stands where it should.
        let is_member = matches!(self.own(last + 1), ";" | "," | "}" | "=") && self.own(first) != "@";
        let Some((start, end)) = self.between(index, last).filter(|_| is_member && self.is_word(first)) else { return };
        let begin = self.tokens[first].start;
        let add = Change { start: begin, end: begin, text: format!("{} ", &self.text[start..end]) };
        let remove = Change { start: self.tokens[index - 1].end, end, text: String::new() };
        let message = "A decorator stands before what it is for.";
        self.several(vec![add, remove], 0, "move it to the front".to_owned(), (start, end), message);
    }

    /// `-- words` as a comment
    fn dashes(&mut self, index: usize) {
        let Some(start) = self.tokens.get(index).map(|it| it.start) else { return };
        if !self.text[start..].starts_with("--") {
            return;
        }
        let rest = &self.text[start..];
        let end = start + rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())].trim_end().len();
        let change = Change { start, end: start + 2, text: "//".to_owned() };
        self.one(change, 0, "write `//`".to_owned(), (start, end), "Comments begin with `//`.");
    }

    /// `@minValue[60]`, `@minValue<60>`
    fn bracketed_arguments(&mut self, index: usize) {
        let close = match self.own(index) {
            "[" => "]",
            "<" => ">",
            "{" => "}",
            _ => return,
        };
        if index < 2 || self.own(index - 2) != "@" || !self.follows(index) {
            return;
        }
        let Some(last) = (index + 1..(index + 24).min(self.tokens.len())).find(|it| self.own(*it) == close) else {
            return;
        };
        let Some(place) = self.place(index).filter(|_| self.is_same_line(index, last)) else { return };
        let changes = vec![self.change(index, "("), self.change(last, ")")];
        let message = "The arguments of a decorator stand in parentheses.";
        self.several(changes, 0, "write `(…)`".to_owned(), place, message);
    }

    /// `"a" | "b" |;`
    fn bar_at_end(&mut self, index: usize) {
        let is_last =
            matches!(self.own(index), "|" | "&") && matches!(self.own(index + 1), ";" | "," | "}" | ")" | ">" | "=");
        let Some(place) = self.place(index).filter(|_| is_last && index > 0) else { return };
        let change = Change { start: self.tokens[index - 1].end, end: place.1, text: String::new() };
        self.one(change, 2, format!("remove `{}`", self.own(index)), place, "Expression expected.");
    }

    /// `"self.size == "small""`: the quotes within end the text.
    fn quotes_in_text(&mut self, index: usize) {
        if !self.is_text(index) || !self.follows(index + 1) || self.is_text(index + 1) {
            return;
        }
        let next = (index + 2..index + 8).find(|it| self.is_text(*it));
        let Some(next) = next.filter(|next| self.follows(*next) && self.is_same_line(index, *next)) else { return };
        let (Some(first), Some(second)) = (self.place(index), self.place(next)) else { return };
        let (open, close) = (first.1 - 1, second.0 + 1);
        let is_rule = (0..index).rev().take(MAX_INNER).find(|it| self.own(*it) == "@");
        let quote = match is_rule.is_some_and(|sign| self.own(sign + 1) == "validate") {
            true => "'",
            false => "\\\"",
        };
        let changes = vec![
            Change { start: open, end: first.1, text: quote.to_owned() },
            Change { start: second.0, end: close, text: quote.to_owned() },
        ];
        let title = format!("write `{quote}` within the text");
        self.several(changes, 0, title, (open, close), "A quote within a text ends it.");
    }

    /// `@pattern(^[a-z]+$)`, `@route(/stores)`
    fn bare_pattern(&mut self, index: usize) {
        let is_open =
            self.own(index) == "(" && index > 1 && matches!(self.own(index - 1), "pattern" | "format" | "route");
        let Some((_, start)) = self.place(index).filter(|_| is_open && self.own(index - 2) == "@") else { return };
        let rest = &self.text[start..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let Some(close) = line.rfind(')').filter(|close| *close > 0 && !line.contains('"')) else { return };
        let inner = line[..close].trim();
        let is_path = self.own(index - 1) == "route";
        if (inner.starts_with('/') && !is_path)
            || inner.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.'))
        {
            return;
        }
        let from = start + line.len() - line.trim_start().len();
        let text = format!("\"{}\"", inner.replace('\\', "\\\\"));
        let place = (from, from + inner.len());
        let change = Change { start: place.0, end: place.1, text };
        let message =
            if is_path { "A path is written as a text." } else { "A regular expression is written as a text." };
        self.one(change, 0, "put it in quotes".to_owned(), place, message);
    }

    /// `100%`
    fn percentage(&mut self, index: usize) {
        let is_one = self.is_number(index) && self.own(index + 1) == "%" && self.follows(index + 1);
        let Some(place) = self.between(index, index + 1).filter(|_| is_one) else { return };
        let text = self.own(index).to_owned();
        let change = Change { start: place.0, end: place.1, text: text.clone() };
        self.one(change, 0, format!("write `{text}`"), place, "A number has no unit.");
    }

    /// `Lifecycle.Read && Lifecycle.Create` as arguments
    fn joined_arguments(&mut self, index: usize) {
        let is_joined =
            matches!(self.own(index), "&&" | "||") && index > 0 && self.is_word(index - 1) && self.is_word(index + 1);
        let is_argument =
            self.opener(index).is_some_and(|open| self.own(open) == "(" && open > 1 && self.own(open - 2) == "@");
        let Some(place) = self.place(index).filter(|_| is_joined && is_argument) else { return };
        let start = self.tokens[index - 1].end;
        let change = Change { start, end: place.1, text: ",".to_owned() };
        self.one(change, 0, "write `,`".to_owned(), place, "Arguments are separated by commas.");
    }
}
