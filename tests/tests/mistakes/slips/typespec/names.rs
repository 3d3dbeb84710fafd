//! Names and words, misspelt or in another casing.

use rand::rngs::StdRng;
use typespec::syntax::{NodeKind, TokenKind};

use crate::slips::source::Source;
use crate::slips::words::{misspelt, recased};
use crate::slips::{Kind, Slip};

type Change = fn(&str, &mut StdRng) -> Option<String>;

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "names", name, slips }
}

pub const KINDS: &[Kind<Source>] = &[
    kind("a scalar misspelt", |it, random| words(it, random, misspelt, is_scalar)),
    kind("a scalar in another casing", |it, random| words(it, random, recased, is_scalar)),
    kind("a model's name misspelt", |it, random| words(it, random, misspelt, is_type)),
    kind("a model's name in another casing", |it, random| words(it, random, recased, is_type)),
    kind("a decorator misspelt", |it, random| words(it, random, misspelt, is_decorator)),
    kind("a decorator in another casing", |it, random| words(it, random, recased, is_decorator)),
    kind("an enum in an access misspelt", |it, random| words(it, random, misspelt, is_access_head)),
    kind("an enum in an access in another casing", |it, random| words(it, random, recased, is_access_head)),
    kind("an enum member misspelt", |it, random| words(it, random, misspelt, is_access_tail)),
    kind("an enum member in another casing", |it, random| words(it, random, recased, is_access_tail)),
    kind("a namespace in using misspelt", |it, random| words(it, random, misspelt, is_used)),
    kind("a namespace in using in another casing", |it, random| words(it, random, recased, is_used)),
    kind("an imported library misspelt", |it, random| words(it, random, misspelt_path, is_path)),
    kind("an imported library in another casing", |it, random| words(it, random, recased_path, is_path)),
    kind("a keyword misspelt", |it, random| words(it, random, misspelt, is_keyword)),
    kind("a keyword in another casing", |it, random| words(it, random, recased, is_keyword)),
    kind("extends or is misspelt", |it, random| words(it, random, misspelt_clause, is_clause)),
    kind("true or false in another casing", |it, random| words(it, random, recased, is_truth)),
    kind("true or false misspelt", |it, random| words(it, random, misspelt, is_truth)),
    kind("a spread model misspelt", |it, random| words(it, random, misspelt, is_spread)),
    kind("a base misspelt", |it, random| words(it, random, misspelt, is_base)),
    kind("an option of a decorator misspelt", |it, random| words(it, random, misspelt, is_option)),
    kind("an option of a decorator in another casing", |it, random| words(it, random, recased, is_option)),
    kind("a default among texts misspelt", |it, random| words(it, random, misspelt_text, is_default_of_texts)),
    kind("a default among texts in another casing", |it, random| words(it, random, recased_text, is_default_of_texts)),
    kind("a directive misspelt", |it, random| words(it, random, misspelt, |it, at| at > 0 && it.own(at - 1) == "#")),
    kind("a letter before a name's first", |it, random| {
        words(it, random, |word, _| Some(format!("{}{word}", &word[..1])), is_type)
    }),
    kind("the plural of a model", |it, random| words(it, random, |word, _| Some(format!("{word}s")), is_type)),
    kind("a name in two words", split_name),
    kind("a name with an underscore", |it, random| {
        words(it, random, snake, |it, at| is_type(it, at) || is_decorator(it, at))
    }),
];

/// Every word that is such a one, changed.
fn words(source: &Source, random: &mut StdRng, change: Change, is_one: fn(&Source, usize) -> bool) -> Vec<Slip> {
    let places = source.all().filter(|at| is_one(source, *at));
    places.filter_map(|at| Some(source.replaced(at, change(source.own(at), random)?))).collect()
}

const SCALARS: [&str; 16] = [
    "string",
    "boolean",
    "integer",
    "int32",
    "int64",
    "uint16",
    "uint32",
    "float",
    "float32",
    "float64",
    "numeric",
    "decimal",
    "utcDateTime",
    "plainDate",
    "duration",
    "url",
];

pub fn is_scalar(source: &Source, at: usize) -> bool {
    let is_alone = source.own(at + 1) != "." && (at == 0 || source.own(at - 1) != ".");
    source.is_reference(at) && is_alone && SCALARS.contains(&source.own(at))
}

pub fn is_type(source: &Source, at: usize) -> bool {
    let is_alone = source.own(at + 1) != "." && (at == 0 || source.own(at - 1) != ".");
    let is_declared = source.own(at).starts_with(|first: char| first.is_ascii_uppercase());
    source.is_reference(at) && is_alone && is_declared
}

pub fn is_decorator(source: &Source, at: usize) -> bool {
    source.is_identifier(at) && at > 0 && source.own(at - 1) == "@"
}

fn is_access_head(source: &Source, at: usize) -> bool {
    source.is_reference(at) && source.own(at + 1) == "." && (at == 0 || source.own(at - 1) != ".")
}

pub fn is_access_tail(source: &Source, at: usize) -> bool {
    source.is_reference(at) && at > 0 && source.own(at - 1) == "." && source.own(at + 1) != "."
}

fn is_used(source: &Source, at: usize) -> bool {
    source.is_identifier(at) && source.role(at) == NodeKind::Using
}

fn is_path(source: &Source, at: usize) -> bool {
    source.is_text(at) && at > 0 && source.own(at - 1) == "import"
}

fn is_keyword(source: &Source, at: usize) -> bool {
    matches!(source.tokens[at].kind, TokenKind::Keyword(_))
        && matches!(
            source.own(at),
            "model"
                | "enum"
                | "union"
                | "alias"
                | "scalar"
                | "namespace"
                | "using"
                | "import"
                | "op"
                | "interface"
                | "const"
        )
}

fn is_clause(source: &Source, at: usize) -> bool {
    matches!(source.own(at), "extends" | "is") && matches!(source.tokens[at].kind, TokenKind::Keyword(_))
}

fn is_truth(source: &Source, at: usize) -> bool {
    matches!(source.own(at), "true" | "false")
}

fn is_spread(source: &Source, at: usize) -> bool {
    source.is_reference(at) && at > 0 && source.own(at - 1) == "..."
}

fn is_base(source: &Source, at: usize) -> bool {
    source.is_reference(at) && at > 0 && is_clause(source, at - 1)
}

fn is_option(source: &Source, at: usize) -> bool {
    source.is_identifier(at) && source.role(at) == NodeKind::ObjectProperty && source.own(at + 1) == ":"
}

fn is_default_of_texts(source: &Source, at: usize) -> bool {
    let is_default = at > 1 && source.own(at - 1) == "=" && source.is_text(at - 2) && source.own(at - 3) == "|";
    source.is_text(at) && is_default && source.role(at - 1) == NodeKind::ModelProperty
}

fn misspelt_text(text: &str, random: &mut StdRng) -> Option<String> {
    Some(format!("\"{}\"", misspelt(text.trim_matches('"'), random)?))
}

fn recased_text(text: &str, random: &mut StdRng) -> Option<String> {
    Some(format!("\"{}\"", recased(text.trim_matches('"'), random)?))
}

fn misspelt_path(text: &str, random: &mut StdRng) -> Option<String> {
    let (scope, name) = text.trim_matches('"').split_once('/')?;
    Some(format!("\"{scope}/{}\"", misspelt(name, random)?))
}

fn recased_path(text: &str, random: &mut StdRng) -> Option<String> {
    let (scope, name) = text.trim_matches('"').split_once('/')?;
    Some(format!("\"{scope}/{}\"", recased(name, random)?))
}

fn misspelt_clause(word: &str, random: &mut StdRng) -> Option<String> {
    if word == "is" { Some("si".to_owned()) } else { misspelt(word, random) }
}

fn split_name(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let places = source.all().filter(|at| is_type(source, *at) && source.own(at - 1) != "...");
    places
        .filter_map(|at| {
            let own = source.own(at);
            let hump = own[1..].find(|letter: char| letter.is_ascii_uppercase())? + 1;
            Some(source.replaced(at, format!("{} {}", &own[..hump], &own[hump..])))
        })
        .collect()
}

fn snake(word: &str, _: &mut StdRng) -> Option<String> {
    let hump = word[1..].find(|letter: char| letter.is_ascii_uppercase())? + 1;
    Some(format!("{}_{}", &word[..hump].to_ascii_lowercase(), &word[hump..].to_ascii_lowercase()))
}
