//! What other languages write otherwise: changes that take such a habit back.

use super::candidates::{Change, Finder};
use crate::syntax::TokenKind;

/// Words that other languages put in front of declarations.
const MODIFIERS: [&str; 26] = [
    "export",
    "public",
    "private",
    "protected",
    "abstract",
    "static",
    "final",
    "sealed",
    "partial",
    "declare",
    "default",
    "required",
    "optional",
    "const",
    "let",
    "var",
    "async",
    "override",
    "virtual",
    "mut",
    "pub",
    "readonly",
    "open",
    "data",
    "inline",
    "local",
];

/// Types whose names stand in front of a member in other languages.
const TYPES: [&str; 20] = [
    "string", "String", "str", "int", "int32", "int64", "integer", "Integer", "long", "float", "float32", "float64",
    "double", "number", "bool", "boolean", "Boolean", "bytes", "decimal", "numeric",
];

impl Finder<'_> {
    /// Everything that may be a habit around a token.
    pub(super) fn idioms(&mut self, here: usize, at: usize) {
        self.curly_quotes(at);
        self.date(at);
        self.path(here);
        self.interface(here);
        self.heritage(here);
        for index in here.saturating_sub(4)..(here + 2).min(self.tokens.len()) {
            self.modifier(index);
            self.type_first(index);
            self.optional(index);
            self.between_types(index);
            self.kind_of_equals(index);
            self.bare_argument(index);
            self.in_brackets(index);
            self.index_signature(index);
            self.regular_expression(index);
            self.digit_first(index);
            self.array(index);
            self.odd_signs(index);
        }
    }

    fn is(&self, index: usize, words: &[&str]) -> bool {
        words.contains(&self.own(index))
    }

    pub(super) fn between(&self, first: usize, last: usize) -> Option<(usize, usize)> {
        Some((self.tokens.get(first)?.start, self.tokens.get(last)?.end))
    }

    pub(super) fn is_same_line(&self, first: usize, second: usize) -> bool {
        let place = self.tokens.get(first).zip(self.tokens.get(second));
        place.is_some_and(|(first, second)| !self.text[first.end..second.start].contains('\n'))
    }

    /// The last token of the line that a token stands on.
    fn last_of_line(&self, index: usize) -> usize {
        let mut last = index;
        while last + 1 < self.tokens.len() && self.is_same_line(last, last + 1) {
            last += 1;
        }
        last
    }

    pub(super) fn one(&mut self, change: Change, cost: u16, title: String, underlined: (usize, usize), message: &str) {
        self.several(vec![change], cost, title, underlined, message);
    }

    pub(super) fn several(
        &mut self,
        changes: Vec<Change>,
        cost: u16,
        title: String,
        underlined: (usize, usize),
        message: &str,
    ) {
        self.push(changes, cost, title, Some(underlined), true);
        if let Some(edit) = self.edits.last_mut().filter(|_| !message.is_empty()) {
            edit.message = Some(message.to_owned());
        }
    }

    /// `export model`, `readonly name: string`
    fn modifier(&mut self, index: usize) {
        if !self.is(index, &MODIFIERS) || !(self.is_word(index + 1) || self.own(index + 1) == "@") {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let own = self.own(index).to_owned();
        if own == "readonly" {
            let change = self.change(index, "@visibility(Lifecycle.Read)");
            let title = "write `@visibility(Lifecycle.Read)`".to_owned();
            let message =
                "`readonly` is no keyword; what is only read has the decorator `@visibility(Lifecycle.Read)`.";
            return self.one(change, 1, title, place, message);
        }
        let next = self.tokens[index + 1].start;
        let change = Change { start: place.0, end: next, text: String::new() };
        if own == "optional" && self.own(index + 2) == ":" {
            let end = self.tokens[index + 1].end;
            let add = Change { start: end, end, text: "?".to_owned() };
            let title = format!("write `{}?`", self.own(index + 1));
            let message = "What is optional has `?` behind its name.";
            return self.several(vec![change, add], 1, title, place, message);
        }
        let message = format!("`{own}` says nothing in TypeSpec.");
        self.one(change, 2, format!("remove `{own}`"), place, &message);
    }

    /// `string title;`
    fn type_first(&mut self, index: usize) {
        let begins = index == 0
            || !self.is_same_line(index - 1, index)
            || matches!(self.own(index - 1), "{" | ";" | "," | ")" | "(" | "}");
        let ends = matches!(self.own(index + 2), ";" | "=" | "}" | "," | ")");
        // `Size size;`: what begins with a capital is a type.
        let is_type = self.own(index).starts_with(|first: char| first.is_ascii_uppercase())
            && self.own(index + 1).starts_with(|first: char| first.is_ascii_lowercase())
            && self.own(index + 2) == ";"
            && index > 0
            && matches!(self.own(index - 1), "{" | ";" | ")");
        if !begins || !ends || !(is_type || self.is(index, &TYPES)) || !self.is_word(index + 1) {
            return;
        }
        let Some((start, end)) = self.between(index, index + 1) else { return };
        let text = format!("{}: {}", self.own(index + 1), self.own(index));
        let title = format!("write `{text}`");
        self.one(Change { start, end, text }, 1, title, (start, end), "The name of a property stands before its type.");
    }

    /// `name: string?`, `?name: string`
    fn optional(&mut self, index: usize) {
        if self.own(index) != "?" {
            return;
        }
        let Some(place) = self.place(index) else { return };
        let message = "`?` stands behind the name of an optional property.";
        if self.is_word(index + 1) && self.own(index + 2) == ":" {
            let end = self.tokens[index + 1].end;
            let add = Change { start: end, end, text: "?".to_owned() };
            let title = format!("write `{}?`", self.own(index + 1));
            return self.several(vec![self.change(index, ""), add], 2, title, place, message);
        }
        let mut name = index;
        while name > 0 && !matches!(self.own(name), ":" | ";" | "{" | "}") {
            name -= 1;
        }
        if self.own(name) != ":" || name == 0 || !self.is_word(name - 1) {
            return;
        }
        let end = self.tokens[name - 1].end;
        let add = Change { start: end, end, text: "?".to_owned() };
        let title = format!("write `{}?`", self.own(name - 1));
        self.several(vec![add, self.change(index, "")], 2, title, place, message);
    }

    /// `"a" or "b"`, `"a", "b"`
    fn between_types(&mut self, index: usize) {
        let Some(place) = self.place(index) else { return };
        if matches!(self.own(index), "or" | "and" | "OR" | "AND" | "throws" | "raises") && index > 0 {
            let sign = if self.own(index).eq_ignore_ascii_case("and") { "&" } else { "|" };
            let title = format!("write `{sign}`");
            let message = format!("Types are joined by `{sign}`.");
            return self.one(self.change(index, sign), 1, title, place, &message);
        }
        let is_text = |index: usize| self.tokens.get(index).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        let is_join = matches!(self.own(index), "," | "/") && index > 0 && is_text(index - 1) && is_text(index + 1);
        let mut first = index;
        while first > 0 && (is_text(first - 1) || matches!(self.own(first - 1), "," | "|" | "/")) {
            first -= 1;
        }
        if is_join && first > 0 && self.own(first - 1) == ":" {
            let change = self.change(index, " |");
            self.one(change, 2, "write `|`".to_owned(), place, "The texts that a property may be are joined by `|`.");
        }
    }

    /// `scalar a = string`, `alias a extends string`, `model A = {`
    fn kind_of_equals(&mut self, index: usize) {
        if index < 2 {
            return;
        }
        let Some(place) = self.place(index) else { return };
        match (self.own(index - 2), self.own(index)) {
            ("scalar", "=" | ":" | "is" | "<") => {
                let message = "A scalar extends another one.";
                self.one(self.change(index, "extends"), 1, "write `extends`".to_owned(), place, message);
            }
            ("union" | "enum", "=") if self.is_union_of_texts(index + 1) => {
                let Some(keyword) = self.place(index - 2) else { return };
                let message = "Another name for a type is an `alias`.";
                self.one(self.change(index - 2, "alias"), 1, "write `alias`".to_owned(), keyword, message);
            }
            ("alias", "extends" | "is" | ":") => {
                self.one(self.change(index, "="), 1, "write `=`".to_owned(), place, "An alias has an equals sign.");
            }
            _ => {}
        }
    }

    /// Whether texts, joined by `|`, stand from a token to the end of the statement.
    fn is_union_of_texts(&self, index: usize) -> bool {
        let is_text = |index: usize| self.tokens.get(index).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        let mut last = index + usize::from(self.own(index) == "|");
        while is_text(last) && self.own(last + 1) == "|" {
            last += 2;
        }
        is_text(last) && matches!(self.own(last + 1), ";" | "")
    }

    /// `@added Versions.v2`, `@minValue: 0`
    fn bare_argument(&mut self, index: usize) {
        if self.own(index) != "@" || !self.is_word(index + 1) {
            return;
        }
        let mut name = index + 1;
        while self.own(name + 1) == "." && self.is_word(name + 2) {
            name += 2;
        }
        let mut first = name + 1;
        let sign = matches!(self.own(first), ":" | "=").then_some(first);
        first += usize::from(sign.is_some());
        if first >= self.tokens.len() || !self.is_same_line(name, first) || matches!(self.own(first), "(" | "@" | ")") {
            return;
        }
        let last = self.last_of_line(first);
        if matches!(self.own(last), ";" | "{" | "," | "}") {
            return;
        }
        let Some((start, end)) = self.between(first, last) else { return };
        let open = Change { start: self.tokens[name].end, end: start, text: "(".to_owned() };
        let close = Change { start: end, end, text: ")".to_owned() };
        let place = sign.and_then(|sign| self.place(sign)).unwrap_or((start, end));
        let title = "put the arguments in parentheses".to_owned();
        self.several(vec![open, close], 1, title, place, "The arguments of a decorator stand in parentheses.");
    }

    /// `[minValue(0)]`
    fn in_brackets(&mut self, index: usize) {
        if self.own(index) != "[" || !self.is_word(index + 1) || !matches!(self.own(index + 2), "(" | "]") {
            return;
        }
        let last = self.last_of_line(index);
        let Some(close) = (index + 2..=last).rev().find(|it| self.own(*it) == "]") else { return };
        let Some(place) = self.between(index, close) else { return };
        let changes = vec![self.change(index, "@"), self.change(close, "")];
        let title = format!("write `@{}`", self.own(index + 1));
        self.several(changes, 1, title, place, "A decorator begins with `@`.");
    }

    /// `{ [key: string]: string }`
    fn index_signature(&mut self, index: usize) {
        let is_signature = self.own(index) == "["
            && self.is_word(index + 1)
            && self.own(index + 2) == ":"
            && self.is_word(index + 3)
            && self.own(index + 4) == "]"
            && self.own(index + 5) == ":";
        if !is_signature || index == 0 {
            return;
        }
        let mut last = index + 6;
        while last + 1 < self.tokens.len() && !matches!(self.own(last + 1), ";" | "}" | ",") {
            last += 1;
        }
        let Some(place) = self.between(index, last) else { return };
        let Some((from, to)) = self.between(index + 6, last) else { return };
        let own = self.text[from..to].to_owned();
        let close = last + 1 + usize::from(matches!(self.own(last + 1), ";" | ","));
        let is_whole = self.own(index - 1) == "{" && self.own(close) == "}" && index > 1;
        let message = "What any name may have as its value is a `Record`.";
        if is_whole && matches!(self.own(index - 2), ":" | "=" | "|" | "<" | ",") {
            let Some((start, end)) = self.between(index - 1, close) else { return };
            let text = format!("Record<{own}>");
            let title = format!("write `{text}`");
            return self.one(Change { start, end, text }, 1, title, place, message);
        }
        let text = format!("...Record<{own}>");
        let title = format!("write `{text}`");
        self.one(Change { start: place.0, end: place.1, text }, 1, title, place, message);
    }

    /// `/^[a-z]+$/`
    fn regular_expression(&mut self, index: usize) {
        if self.own(index) != "/" || index == 0 || !matches!(self.own(index - 1), "(" | ",") {
            return;
        }
        let start = self.tokens[index].start;
        let rest = &self.text[start + 1..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let Some(close) = line.rfind('/').filter(|close| *close > 0) else { return };
        let inner = line[..close].replace('\\', "\\\\").replace('"', "\\\"");
        let flags = line[close + 1..].bytes().take_while(u8::is_ascii_lowercase).count();
        let end = start + 1 + close + 1 + flags;
        let text = format!("\"{inner}\"");
        let message = "A regular expression is written as a text.";
        self.one(Change { start, end, text }, 0, "put the expression in quotes".to_owned(), (start, end), message);
    }

    /// `2xl`
    fn digit_first(&mut self, index: usize) {
        let Some(token) = self.tokens.get(index).copied() else { return };
        let joined = self.tokens.get(index + 1).is_some_and(|next| next.start == token.end) && self.is_word(index + 1);
        if token.kind != TokenKind::NumericLiteral || !joined {
            return;
        }
        let Some((start, end)) = self.between(index, index + 1) else { return };
        let text = format!("`{}`", &self.text[start..end]);
        let title = format!("put the name in back-ticks: {text}");
        let message = "A name that begins with a digit stands in back-ticks.";
        self.one(Change { start, end, text }, 1, title, (start, end), message);
    }

    /// `array<string>`
    fn array(&mut self, index: usize) {
        if self.own(index) == "array" && self.own(index + 1) == "<" {
            let Some(place) = self.place(index) else { return };
            self.one(self.change(index, "Array"), 1, "write `Array`".to_owned(), place, "Unknown identifier array");
        }
    }

    /// `->`, `....A`, `$minValue(0)`, `type A = string`
    fn odd_signs(&mut self, index: usize) {
        let Some(place) = self.place(index) else { return };
        let is_joined = self.tokens.get(index + 1).is_some_and(|next| next.start == place.1);
        match (self.own(index), self.own(index + 1)) {
            (":", "=") if is_joined => {
                // Behind a type the value follows, behind a name the type.
                let has_type = (0..index).rev().take(24).take_while(|at| !self.is(*at, &[";", "{", "}", ","]));
                let sign = if has_type.into_iter().any(|at| self.own(at) == ":") { "=" } else { ":" };
                let end = place.1 + 1;
                let change = Change { start: place.0, end, text: sign.to_owned() };
                self.one(change, 0, format!("write `{sign}`"), (place.0, end), &format!("'{sign}' expected."));
            }
            ("-", ">") if is_joined => {
                let end = place.1 + 1;
                let change = Change { start: place.0, end, text: ":".to_owned() };
                self.one(change, 1, "write `:`".to_owned(), (place.0, end), "':' expected.");
            }
            ("...", ".") if is_joined => {
                let Some(place) = self.place(index + 1) else { return };
                self.one(self.change(index + 1, ""), 1, "remove `.`".to_owned(), place, "A spread has three dots.");
            }
            (own, "(") if own.starts_with('$') && own.len() > 1 => {
                let place = (place.0, place.0 + 1);
                let change = Change { start: place.0, end: place.1, text: "@".to_owned() };
                self.one(change, 1, "write `@`".to_owned(), place, "Decorators begin with `@`.");
            }
            ("let" | "var", _)
                if self.own(index + 2) == "=" && self.is_word(index + 3) && self.is(index + 4, &["<", "[", "|"]) =>
            {
                let message = "Another name for a type is an `alias`.";
                self.one(self.change(index, "alias"), 0, "write `alias`".to_owned(), place, message);
            }
            ("type" | "typedef", _) if self.own(index + 2) == "=" && self.own(index + 3) != "{" => {
                let message = "Another name for a type is an `alias`.";
                self.one(self.change(index, "alias"), 1, "write `alias`".to_owned(), place, message);
            }
            _ => {}
        }
    }

    /// `interface A { a: string; }`
    fn interface(&mut self, here: usize) {
        let message = "An interface holds operations; what is like another model is a model.";
        for keyword in here.saturating_sub(4)..=here {
            let is_model = self.own(keyword) == "interface" && self.own(keyword + 2) == "is";
            if let Some(place) = self.place(keyword).filter(|_| is_model) {
                self.one(self.change(keyword, "model"), 0, "write `model`".to_owned(), place, message);
            }
        }
        let mut open = here.min(self.tokens.len());
        let mut depth = 0;
        while open > 0 {
            open -= 1;
            match self.own(open) {
                "}" => depth += 1,
                "{" if depth == 0 => break,
                "{" => depth -= 1,
                _ => {}
            }
        }
        let Some(keyword) = (open.saturating_sub(8)..open).rev().find(|it| self.own(*it) == "interface") else {
            return;
        };
        let Some(place) = self.place(keyword) else { return };
        let message = "An interface holds operations; what holds properties is a model.";
        self.one(self.change(keyword, "model"), 2, "write `model`".to_owned(), place, message);
    }

    /// `model A(B) {`, `model A: B, C`
    fn heritage(&mut self, here: usize) {
        for index in here.saturating_sub(2)..=here {
            let is_list = index > 1
                && self.own(index) == "("
                && self.own(index - 2) == "model"
                && self.is_word(index + 1)
                && self.own(index + 2) == ")";
            if !is_list {
                continue;
            }
            let Some((start, end)) = self.between(index, index + 2) else { return };
            let text = format!(" extends {}", self.own(index + 1));
            let title = format!("write `{}`", text.trim());
            let message = "What a model extends stands behind `extends`.";
            self.one(Change { start, end, text }, 1, title, (start, end), message);
        }
    }

    /// `import A from "./a.tsp"`, `import @radii/typespec`
    fn path(&mut self, here: usize) {
        let from = here.saturating_sub(6);
        let Some(keyword) = (from..=here).rev().find(|it| self.own(*it) == "import") else { return };
        let first = keyword + 1;
        if first >= self.tokens.len() || !self.is_same_line(keyword, first) {
            return;
        }
        let last = self.last_of_line(first);
        let word = (first..=last).find(|it| self.own(*it) == "from");
        if let Some(word) = word {
            let text = self.tokens.get(word + 1).filter(|it| it.kind == TokenKind::StringLiteral).map(|it| it.start);
            let Some((place, start)) = self.between(first, word).zip(text) else { return };
            let change = Change { start: place.0, end: start, text: String::new() };
            let message = "An import names a file or library only.";
            return self.one(change, 0, "import the whole file".to_owned(), place, message);
        }
        let is_text = |at: usize| self.tokens.get(at).is_some_and(|it| it.kind == TokenKind::StringLiteral);
        if self.own(first) == "(" && is_text(first + 1) && self.own(first + 2) == ")" {
            let Some(place) = self.place(first) else { return };
            let changes = vec![self.change(first, " "), self.change(first + 2, "")];
            let title = "write the path without parentheses".to_owned();
            return self.several(changes, 0, title, place, "The path of an import has no parentheses.");
        }
        if is_text(first) {
            return;
        }
        let start = self.tokens[first].start;
        let rest = &self.text[start..];
        let path = rest.split([';', '"', '\'', '\n', '\r']).next().unwrap_or_default().trim_end();
        let end = start + path.len();
        let is_namespace = self.own(first).starts_with(|it: char| it.is_ascii_uppercase())
            && path.chars().all(|it| it.is_ascii_alphanumeric() || it == '.');
        if let Some(place) = self.place(keyword).filter(|_| is_namespace) {
            let message = "The names of a namespace are brought by `using`.";
            return self.one(self.change(keyword, "using"), 0, "write `using`".to_owned(), place, message);
        }
        let bare = path.trim_start_matches('<').trim_end_matches('>').trim_matches('`');
        let change = Change { start, end, text: format!("\"{bare}\"") };
        self.one(change, 0, "put the path in quotes".to_owned(), (start, end), "");
    }
}
