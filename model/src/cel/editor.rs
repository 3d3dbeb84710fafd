//! Rules while they are being written: what could stand at a place, and what a word there is.
//!
//! A rule in an editor is rarely whole. Therefore only what a place needs is read: the operand before a dot, and the
//! variables of the macros around, which are the calls that are still open.

use radii_diagnostics::{FileId, Span};

use super::ast::Fold;
use super::check::{Checker, Old, Scope};
use super::functions::{OVERLOADS, Overload};
use super::parse;
use super::rules::{places_of, spots};
use super::types::Type;
use super::written::{TextPlace, written};
use crate::base;
use crate::schema::Schema;

/// What can be written in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferKind {
    /// A property of an object.
    Property,
    /// A function, called with arguments or on a value.
    Function,
    /// A macro that walks over a list or a map, and `has`.
    Macro,
    /// `self`, `oldSelf`, and variables of macros.
    Variable,
    /// `true`, `false`, `null`.
    Word,
}

/// Something that could be written at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What is written.
    pub name: String,
    /// What it names.
    pub kind: OfferKind,
    /// Its type, or how it is called.
    pub detail: String,
    /// Its description, as Markdown.
    pub docs: Option<String>,
    /// The part of the file that it replaces.
    pub span: Span,
}

/// What a word of a rule is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its type, or how it is called.
    pub signature: String,
    /// Its description, as Markdown.
    pub docs: Option<String>,
    /// The word.
    pub span: Span,
}

/// The macros, how each is called, and what it says.
const MACROS: &[(&str, &str, &str)] = &[
    ("all", "all(item, condition)", "Whether the condition holds for every item of a list, or every key of a map."),
    ("exists", "exists(item, condition)", "Whether the condition holds for an item at least."),
    ("exists_one", "exists_one(item, condition)", "Whether the condition holds for one item and no other."),
    ("filter", "filter(item, condition)", "The items that the condition holds for."),
    ("map", "map(item, value)", "What the expression gives for each item."),
];
const HAS: (&str, &str, &str) =
    ("has", "has(self.property)", "Whether an optional property is there. Behind it, the property can be used.");
const WORDS: [&str; 3] = ["true", "false", "null"];

/// Returns what could be written at a byte of a file; `None` where no rule of the schema stands.
pub fn offers(schema: &Schema, file: FileId, offset: u32) -> Option<Vec<Offer>> {
    at(schema, file, offset, |draft, at| draft.offers(at))
}

/// Returns what the word at a byte of a file is; the outer `None` where no rule of the schema stands.
pub fn describe(schema: &Schema, file: FileId, offset: u32) -> Option<Option<Described>> {
    at(schema, file, offset, |draft, at| draft.describe(at))
}

/// Finds the rule that a place is in, and looks at it.
fn at<T>(schema: &Schema, file: FileId, offset: u32, look: impl FnOnce(&Draft<'_>, usize) -> T) -> Option<T> {
    let is_here = |place: &TextPlace| {
        place.span.file == file && place.span.start < offset && offset < place.span.end && place.is_known()
    };
    let root = base::with_base_properties(schema);
    for spot in spots(&root) {
        for (rule, place) in written(spot.schema).into_iter().zip(places_of(spot.schema)) {
            let Some(rule) = rule.filter(|_| is_here(&place.rule)) else { continue };
            let at = place.rule.text_offset(offset)?;
            let scope = Scope { root: &root, this: spot.schema, old: spot.old, absent: &rule.absent };
            return Some(look(&Draft { text: &rule.rule, place: &place.rule, scope }, at));
        }
    }
    None
}

/// A rule, perhaps not whole.
struct Draft<'s> {
    text: &'s str,
    place: &'s TextPlace,
    scope: Scope<'s>,
}

impl<'s> Draft<'s> {
    fn offers(&self, at: usize) -> Vec<Offer> {
        if self.text.get(..at).is_none_or(is_in_quotes) {
            return Vec::new();
        }
        let start = word_start(self.text, at);
        let span = self.place.part(&(start..at));
        let mut found = match self.text[..start].strip_suffix('.') {
            Some(before) => self.members(before),
            None => self.names(start),
        };
        found.iter_mut().for_each(|offer| offer.span = span);
        found
    }

    /// What can stand behind a dot.
    fn members(&self, before: &str) -> Vec<Offer> {
        let receiver = &before[operand_start(before)..];
        let is_group =
            |overload: &&Overload| overload.name.strip_prefix(receiver).is_some_and(|it| it.starts_with('.'));
        if OVERLOADS.iter().any(|overload| is_group(&overload)) {
            let group = OVERLOADS.iter().filter(is_group);
            return distinct(group.map(|it| offer(&it.name[receiver.len() + 1..], OfferKind::Function, called(it))));
        }
        let Some(ty) = self.type_of(receiver, before.len()) else { return Vec::new() };
        let mut found = Vec::new();
        if let Type::Object(schema) = &ty {
            for (name, property) in schema.properties.iter().filter(|(name, _)| is_name(name)) {
                let docs = property.schema.description.clone().filter(|text| !text.is_empty());
                let detail = Type::of(&property.schema, self.scope.root).name();
                found.push(Offer { docs, ..offer(name, OfferKind::Property, detail) });
            }
        }
        if matches!(ty, Type::List { .. } | Type::Map { .. } | Type::Dyn) {
            found.extend(MACROS.iter().map(|(name, call, docs)| macro_offer(name, call, docs)));
        }
        let fitting = OVERLOADS.iter().filter(|it| it.is_member && it.takes.first().is_some_and(|it| it.fits(&ty)));
        found.extend(distinct(fitting.map(|it| offer(it.name, OfferKind::Function, called(it)))));
        found
    }

    /// What can begin an operand.
    fn names(&self, at: usize) -> Vec<Offer> {
        let this = Type::of(self.scope.this, self.scope.root).name();
        let mut found: Vec<Offer> = (self.variables(at).into_iter().rev())
            .map(|(name, ty)| offer(&name, OfferKind::Variable, ty.name()))
            .collect();
        found.push(offer("self", OfferKind::Variable, this.clone()));
        if self.scope.old == Old::OnUpdate {
            found.push(offer("oldSelf", OfferKind::Variable, this));
        }
        found.push(macro_offer(HAS.0, HAS.1, HAS.2));
        let functions = OVERLOADS.iter().filter(|overload| !overload.is_member);
        found.extend(distinct(functions.map(|it| offer(it.name, OfferKind::Function, called(it)))));
        found.extend(WORDS.map(|word| offer(word, OfferKind::Word, String::new())));
        found
    }

    fn describe(&self, at: usize) -> Option<Described> {
        if is_in_quotes(self.text.get(..at)?) {
            return None;
        }
        let end = at + self.text[at..].find(|c: char| !is_word(c)).unwrap_or(self.text.len() - at);
        let start = word_start(self.text, at);
        let word = self.text.get(start..end).filter(|word| !word.is_empty())?;
        // What is offered where a word begins is what the word can be.
        let before = self.text[..start].strip_suffix('.');
        let known = match before {
            Some(before) => self.members(before),
            None => self.names(start),
        };
        let is_call = self.text[end..].trim_start().starts_with('(');
        let is_likely = |offer: &&Offer| is_call == matches!(offer.kind, OfferKind::Function | OfferKind::Macro);
        let named = || known.iter().filter(|offer| offer.name == word);
        let found = named().find(is_likely).or_else(|| named().next())?;
        let signature = match found.kind {
            OfferKind::Property | OfferKind::Variable => format!("{word}: {}", found.detail),
            _ => found.detail.clone(),
        };
        Some(Described { signature, docs: found.docs.clone(), span: self.place.part(&(start..end)) })
    }

    /// The type of an operand that ends at a byte of the rule.
    fn type_of(&self, operand: &str, at: usize) -> Option<Type<'s>> {
        self.type_with(operand, self.variables(at))
    }

    fn type_with(&self, operand: &str, variables: Vec<(String, Type<'s>)>) -> Option<Type<'s>> {
        let expression = parse::parse(operand).ok()?;
        let mut checker = Checker::new(operand, self.scope);
        variables.into_iter().for_each(|(name, ty)| checker.bind(name, ty));
        let ty = checker.expr(&expression).ty;
        // What is wrong has no type; a type that is not known has members of all kinds.
        checker.problems.is_empty().then_some(ty)
    }

    /// The variables of the macros whose calls are open at a byte of the rule, the outermost first.
    fn variables(&self, at: usize) -> Vec<(String, Type<'s>)> {
        let mut found: Vec<(String, Type<'s>)> = Vec::new();
        for open in open_calls(&self.text[..at]) {
            let (before, inside) = (&self.text[..open], &self.text[open + 1..at]);
            let name_at = word_start(before, before.len());
            let Some(receiver) = before[..name_at].strip_suffix('.') else { continue };
            let Some((variable, _)) = inside.split_once(',').filter(|_| Fold::of(&before[name_at..]).is_some()) else {
                continue;
            };
            let operand = &receiver[operand_start(receiver)..];
            let item = match self.type_with(operand, found.clone()) {
                Some(Type::List { item, .. }) => *item,
                Some(Type::Map { key, .. }) => *key,
                Some(Type::Object(_)) => Type::TEXT,
                _ => Type::Dyn,
            };
            found.push((variable.trim().to_owned(), item));
        }
        found
    }
}

fn offer(name: &str, kind: OfferKind, detail: String) -> Offer {
    Offer { name: name.to_owned(), kind, detail, docs: None, span: Span::default() }
}

fn macro_offer(name: &str, call: &str, docs: &str) -> Offer {
    Offer { docs: Some(docs.to_owned()), ..offer(name, OfferKind::Macro, call.to_owned()) }
}

/// A function that can be called in several ways is offered once.
fn distinct(offers: impl Iterator<Item = Offer>) -> Vec<Offer> {
    let mut found: Vec<Offer> = Vec::new();
    for offer in offers {
        if found.iter().all(|known| known.name != offer.name) {
            found.push(offer);
        }
    }
    found
}

/// How a function is called: its arguments in words.
fn called(overload: &Overload) -> String {
    let arguments = overload.takes.iter().skip(usize::from(overload.is_member)).map(|takes| takes.name());
    format!("{}({})", overload.name, arguments.collect::<Vec<_>>().join(", "))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && text.chars().all(is_word)
}

fn word_start(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(is_word).len()
}

/// Where the operand begins that a text ends with: names, calls and indices with dots between them.
fn operand_start(text: &str) -> usize {
    let mut at = text.len();
    loop {
        let before = at;
        if text[..at].ends_with([')', ']']) {
            at = opening(&text[..at]).unwrap_or(at);
        }
        at = word_start(text, at);
        let is_more = at < before && text[..at].ends_with(['.', ')', ']']);
        if !is_more {
            return at;
        }
        at -= usize::from(text[..at].ends_with('.'));
    }
}

/// Where the bracket stands that the last one of a text closes.
fn opening(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut last = None;
    for (at, bracket) in brackets(text) {
        if matches!(bracket, '(' | '[' | '{') {
            open.push(at);
        } else {
            last = open.pop();
        }
    }
    last
}

/// Where the calls begin that are not closed, the outermost first.
fn open_calls(text: &str) -> Vec<usize> {
    let mut open = Vec::new();
    for (at, bracket) in brackets(text) {
        if matches!(bracket, '(' | '[' | '{') {
            open.push((at, bracket));
        } else {
            open.pop();
        }
    }
    open.into_iter().filter(|(_, bracket)| *bracket == '(').map(|(at, _)| at).collect()
}

fn brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    outside_quotes(text).filter(|(_, c)| matches!(c, '(' | ')' | '[' | ']' | '{' | '}'))
}

/// The characters of a rule that stand in no text.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut is_escaped = false;
    text.char_indices().filter(move |(_, c)| {
        let is_outside = quote.is_none();
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if *c == '\\' => is_escaped = true,
            Some(open) if open == *c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(*c),
            _ => {}
        }
        is_outside
    })
}

fn is_in_quotes(text: &str) -> bool {
    // A mark behind the text is outside of it, if the text is.
    let marked = format!("{text}#");
    outside_quotes(&marked).last() != Some((text.len(), '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operand_is_names_calls_and_indices() {
        let operand = |text: &str| text[operand_start(text)..].to_owned();
        assert_eq!(operand("a && self.b"), "self.b");
        assert_eq!(operand("size(self.items)"), "size(self.items)");
        assert_eq!(operand("!self.items.filter(i, i.a == ')')[0].name"), "self.items.filter(i, i.a == ')')[0].name");
        assert_eq!(operand("1 + (self.a + self.b)"), "(self.a + self.b)");
        assert_eq!(operand(""), "");
    }

    #[test]
    fn calls_are_open_until_their_bracket_closes() {
        assert_eq!(open_calls("self.a.all(x, size(x) > 1 && x.b.exists(y, "), [10, 39]);
        assert_eq!(open_calls("size('(') > 1"), [0_usize; 0]);
    }

    #[test]
    fn texts_end_at_their_own_quote() {
        assert!(is_in_quotes("self.a == 'it\\'s"));
        assert!(is_in_quotes("self.a == \"it's"));
        assert!(!is_in_quotes("self.a == 'it' "));
        assert!(!is_in_quotes(""));
    }
}
