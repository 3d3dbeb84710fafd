//! How types are called and written elsewhere.

use rand::rngs::StdRng;
use typespec::syntax::NodeKind;

use super::habits::{property_names, type_of};
use super::names::is_type;
use crate::slips::source::Source;
use crate::slips::{Kind, Slip};

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "types", name, slips }
}

/// Every scalar of one kind, called otherwise.
macro_rules! called {
    ($name:literal, $own:pat, $other:literal, $($meant:literal),+) => {
        kind($name, |it, _| {
            let places = it.type_names().filter(|at| matches!(it.own(*at), $own));
            places.map(|at| {
                let own = it.own(at).to_owned();
                it.replaced(at, $other).meaning([own, $($meant.to_owned()),+])
            }).collect()
        })
    };
}

pub const KINDS: &[Kind<Source>] = &[
    called!("String", "string", "String", "string"),
    called!("str", "string", "str", "string"),
    called!("text", "string", "text", "string"),
    called!("varchar", "string", "varchar", "string"),
    called!("char", "string", "char", "string"),
    called!("number", "int32" | "int64" | "integer" | "float64", "number", "numeric", "int32", "float64"),
    called!("int", "int32" | "integer", "int", "int32", "integer"),
    called!("Int32", "int32", "Int32", "int32"),
    called!("Integer", "integer" | "int32", "Integer", "integer", "int32"),
    called!("i32", "int32", "i32", "int32"),
    called!("uint", "int32" | "uint32", "uint", "uint32"),
    called!("long", "int64", "long", "int64"),
    called!("short", "int32" | "int16", "short", "int16"),
    called!("double", "float64" | "float", "double", "float64"),
    called!("bool", "boolean", "bool", "boolean"),
    called!("Boolean", "boolean", "Boolean", "boolean"),
    called!("any", "unknown" | "string", "any", "unknown"),
    called!("object", "unknown" | "string", "object", "Record<unknown>", "{}", "unknown"),
    called!("Date", "utcDateTime" | "plainDate" | "string", "Date", "utcDateTime", "plainDate"),
    called!("datetime", "utcDateTime" | "string", "datetime", "utcDateTime"),
    called!("timestamp", "utcDateTime" | "string", "timestamp", "utcDateTime"),
    called!("uuid", "string", "uuid", "string", "@format(\"uuid\")"),
    called!("uri", "url" | "string", "uri", "url"),
    called!("time", "string", "time", "plainTime"),
    called!("byte[]", "bytes" | "string", "byte", "bytes", "uint8"),
    called!("void as a type", "boolean", "None", "null"),
    kind("[]string", |it, _| arrays(it, |item| format!("[]{item}"), "")),
    kind("[string]", |it, _| arrays(it, |item| format!("[{item}]"), "")),
    kind("list<string>", |it, _| arrays(it, |item| format!("list<{item}>"), "list")),
    kind("List<string>", |it, _| arrays(it, |item| format!("List<{item}>"), "List")),
    kind("array<string>", |it, _| arrays(it, |item| format!("array<{item}>"), "array")),
    kind("Vec<string>", |it, _| arrays(it, |item| format!("Vec<{item}>"), "Vec")),
    kind("Set<string>", |it, _| arrays(it, |item| format!("Set<{item}>"), "Set")),
    kind("Array[string]", |it, _| arrays(it, |item| format!("Array[{item}]"), "")),
    kind("Array string", |it, _| arrays(it, |item| format!("Array {item}"), "")),
    kind("array of string", |it, _| arrays(it, |item| format!("array of {item}"), "")),
    kind("repeated string", |it, _| arrays(it, |item| format!("repeated {item}"), "")),
    kind("string[3]", |it, _| arrays(it, |item| format!("{item}[3]"), "3")),
    kind("string*", |it, _| arrays(it, |item| format!("{item}*"), "*")),
    kind("Array<>", |it, _| arrays(it, |_| "Array<>".to_owned(), "")),
    kind("Map<string, …>", |it, _| records(it, |item| format!("Map<string, {item}>"), "Map")),
    kind("map<…>", |it, _| records(it, |item| format!("map<{item}>"), "map")),
    kind("Dictionary<…>", |it, _| records(it, |item| format!("Dictionary<{item}>"), "Dictionary")),
    kind("Dict[str, …]", |it, _| records(it, |item| format!("Dict<string, {item}>"), "Dict")),
    kind("Record<string, …>", record_of_two),
    kind("record<…>", |it, _| records(it, |item| format!("record<{item}>"), "record")),
    kind("map[string]…", |it, _| records(it, |item| format!("map[string]{item}"), "")),
    kind("{ [key: string]: … }", |it, _| {
        records(it, |item| format!("{{ [key: string]: {item} }}"), "[key: string]: ")
    }),
    kind("Record without arguments", |it, _| records(it, |_| "Record".to_owned(), "Record")),
    kind("| undefined", |it, _| joined(it, " | undefined", "undefined")),
    kind("| None", |it, _| joined(it, " | None", "None")),
    kind("| nil", |it, _| joined(it, " | nil", "nil")),
    kind("a type in quotes", in_quotes),
    kind("a type that is an array twice closed", |it, _| arrays(it, |item| format!("{item}[]]"), "]]")),
    kind("a type with an argument too many", |it, _| argument_too_many(it)),
    kind("a list of texts in brackets", texts_in_brackets),
    kind("a list of texts in braces", texts_in_braces),
    kind("a list of texts in enum(…)", texts_in_enum),
    kind("a union of bare words", bare_words),
    kind("a text of a union without its quotes", one_bare_word),
    kind("a model as a value", model_as_default),
];

/// The types `X[]`, written otherwise.
fn arrays(source: &Source, change: fn(&str) -> String, under: &str) -> Vec<Slip> {
    let arrays = source.nodes(NodeKind::ArrayExpression);
    arrays
        .filter_map(|spot| {
            let (first, last) = (source.first_of(spot), source.last_of(spot));
            if last != first + 2 {
                return None;
            }
            let item = source.own(first);
            let text = change(item);
            let slip = source.replaced_all(first, last, &text).meaning([format!("{item}[]"), "Array".to_owned()]);
            if under.is_empty() {
                return Some(slip);
            }
            let start = slip.start + text.rfind(under)?;
            let (length, sign) = if under == "]]" { (2, 1) } else { (under.len(), 0) };
            let slip = slip.at(start + sign, start + length).or(start, start + length);
            // Underlining the whole type is as good where it has another name.
            let (from, to) = (slip.start, slip.start + text.len());
            Some(if under.len() > 2 { slip.or(from, to) } else { slip })
        })
        .collect()
}

/// The types `Record<X>`, written otherwise.
fn records(source: &Source, change: fn(&str) -> String, under: &str) -> Vec<Slip> {
    let records = source.with("Record").filter(|at| source.own(at + 1) == "<");
    records
        .filter_map(|at| {
            let close = source.closing(at + 1)?;
            let item = &source.text[source.tokens[at + 2].start..source.tokens[close - 1].end];
            if source.own(at - 1) == "..." || source.own(at - 1) == "is" {
                return None;
            }
            let text = change(item);
            let slip = source.replaced_all(at, close, &text).meaning([
                format!("Record<{item}>"),
                "Record".to_owned(),
                "give the arguments".to_owned(),
            ]);
            let (from, to) = (slip.start, slip.start + text.len());
            if under.is_empty() {
                return Some(slip);
            }
            let start = slip.start + text.find(under)?;
            // The name, the whole, or what is between the braces.
            Some(slip.at(start, start + under.len()).or(from, to).or(start, to.saturating_sub(2)))
        })
        .collect()
}

fn record_of_two(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let records = source.with("Record").filter(|at| source.own(at + 1) == "<");
    records
        .filter_map(|at| {
            let close = source.closing(at + 1)?;
            let first = source.tokens[at + 2].start;
            let item = source.text[first..source.tokens[close - 1].end].to_owned();
            let text = format!("string, {item}");
            let slip = Slip::new(&source.text, (first, source.tokens[close - 1].end), &text);
            // What is too much, either the first or the last one.
            let start = slip.start;
            let last = start + "string, ".len();
            Some(
                slip.at(last, last + item.len())
                    .or(start, start + 6)
                    .or(start, start + 8)
                    .meaning([format!("Record<{item}>"), item]),
            )
        })
        .collect()
}

/// Something joined to the types of properties.
fn joined(source: &Source, text: &str, under: &str) -> Vec<Slip> {
    property_names(source)
        .filter(|at| source.own(at + 1) == "?")
        .filter_map(|at| {
            let (_, last) = type_of(source, at)?;
            Some(source.extra(last, text).under(under).meaning([
                "null".to_owned(),
                "?".to_owned(),
                format!("remove `{}`", text.trim()),
            ]))
        })
        .collect()
}

fn in_quotes(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let names = property_names(source);
    names
        .filter_map(|at| {
            let (first, last) = type_of(source, at)?;
            let has_default = source.own(last + 1) == "=";
            (first == last && has_default && source.is_identifier(first))
                .then(|| source.replaced(first, format!("\"{}\"", source.own(first))))
        })
        .collect()
}

fn argument_too_many(source: &Source) -> Vec<Slip> {
    let names = source
        .type_names()
        .filter(|at| is_type(source, *at) && source.own(at + 1) != "<" && source.own(*at) != "Record");
    names
        .map(|at| {
            let slip = source.extra(at, "<string>").meaning(["remove"]);
            let (start, end) = (slip.start, slip.start + slip.text.len());
            slip.at(start + 1, end - 1).or(start, end)
        })
        .collect()
}

/// Types that are texts joined by bars: their first and last token.
fn unions_of_texts(source: &Source) -> Vec<(usize, usize, Vec<usize>)> {
    let unions = source.nodes(NodeKind::UnionExpression);
    unions
        .filter_map(|spot| {
            let (first, last) = (source.first_of(spot), source.last_of(spot));
            let texts: Vec<usize> = (first..=last).filter(|at| source.is_text(*at)).collect();
            (texts.len() * 2 == last - first + 2).then_some((first, last, texts))
        })
        .collect()
}

fn rewritten(source: &Source, change: fn(&[&str]) -> String) -> Vec<Slip> {
    unions_of_texts(source)
        .into_iter()
        .map(|(first, last, texts)| {
            let own: Vec<&str> = texts.iter().map(|at| source.own(*at)).collect();
            source.replaced_all(first, last, change(&own)).meaning([own.join(" | ")])
        })
        .collect()
}

fn texts_in_brackets(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    rewritten(source, |texts| format!("[{}]", texts.join(", ")))
}

fn texts_in_braces(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    rewritten(source, |texts| format!("{{{}}}", texts.join(", ")))
}

fn texts_in_enum(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    rewritten(source, |texts| format!("enum({})", texts.join(", ")))
}

fn bare_words(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    unions_of_texts(source)
        .into_iter()
        .map(|(first, last, texts)| {
            let own: Vec<&str> = texts.iter().map(|at| source.own(*at).trim_matches('"')).collect();
            let slip = source.replaced_all(first, last, own.join(" | ")).meaning([source.own(texts[0]).to_owned()]);
            let start = slip.start;
            slip.or(start, start + own[0].len())
        })
        .collect()
}

fn one_bare_word(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let texts = unions_of_texts(source).into_iter().flat_map(|(.., texts)| texts);
    texts.map(|at| source.replaced(at, source.own(at).trim_matches('"'))).collect()
}

/// `{}` for `#{}` as a default.
fn model_as_default(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let opens = source.with("#[");
    opens
        .filter_map(|at| {
            let close = source.closing(at)?;
            let slip = source.replaced(at, "[");
            let (start, end) = (slip.start, source.tokens[close].end - 1);
            Some(slip.or(start, end).meaning(["#["]))
        })
        .collect()
}
