//! Decorators, written or used wrongly.

use rand::rngs::StdRng;
use typespec::syntax::NodeKind;

use super::habits::property_names;
use crate::slips::source::{Source, Spot};
use crate::slips::words::{misspelt, recased};
use crate::slips::{Kind, Slip};

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "decorators", name, slips }
}

pub const KINDS: &[Kind<Source>] = &[
    kind("no `@`", |it, _| {
        signs(it, "", |it, at, slip| {
            let name = slip.start;
            let length = it.own(at + 1).len();
            let end = it
                .nodes(NodeKind::Decorator)
                .find(|spot| spot.start == slip.start)
                .map_or(name + length, |spot| spot.end - 1);
            slip.at(name, name + length).or(name, end).meaning(["@".to_owned(), format!("@{}", it.own(at + 1))])
        })
    }),
    kind("two `@`", |it, _| {
        signs(it, "@@", |_, _, slip| {
            let at = slip.start;
            slip.or(at + 1, at + 2).meaning(["@", "remove `@`"])
        })
    }),
    kind("`#` for `@`", |it, _| signs(it, "#", |_, _, slip| slip)),
    kind("`$` for `@`", |it, _| {
        signs(it, "$", |it, at, slip| {
            let (from, to) = (slip.start, slip.start + 1 + it.own(at + 1).len());
            slip.or(from, to)
        })
    }),
    kind("in brackets", |it, _| whole(it, |own| format!("[{}]", &own[1..]))),
    kind("a text for a number", |it, _| arguments(it, |own| own.parse::<f64>().ok().map(|_| format!("\"{own}\"")))),
    kind("a number for a text", |it, _| {
        arguments(it, |own| (own.starts_with('"') && own.len() < 12).then(|| "3".to_owned()))
    }),
    kind("an argument too many", |it, _| last_argument(it, ", 3", "3")),
    kind("a text too many", |it, _| last_argument(it, ", \"more\"", "\"more\"")),
    kind("no argument", no_argument),
    kind("no parentheses", bare),
    kind("a named argument with `=`", |it, _| first_argument(it, "value = ", "value =")),
    kind("a named argument with `:`", |it, _| first_argument(it, "value: ", "value:")),
    kind("arguments behind a colon", colon),
    kind("arguments behind a space", space_only),
    kind("minLength on a number", |it, _| target(it, "@minLength(1)", "int32")),
    kind("pattern on a number", |it, _| target(it, "@pattern(\"^[a-z]+$\")", "int32")),
    kind("minValue on a text", |it, _| target(it, "@minValue(1)", "string")),
    kind("minItems on a text", |it, _| target(it, "@minItems(1)", "string")),
    kind("maxLength on a boolean", |it, _| target(it, "@maxLength(8)", "boolean")),
    kind("minValue on a boolean", |it, _| target(it, "@minValue(0)", "boolean")),
    kind("resourceType on a property", |it, _| target(it, "@resourceType(\"things\")", "string")),
    kind("readonly", |it, _| habit(it, "@readonly", "@readonly", &["visibility(Lifecycle.Read)"])),
    kind("readOnly", |it, _| habit(it, "@readOnly", "@readOnly", &["visibility(Lifecycle.Read)"])),
    kind("required", |it, _| habit(it, "@required", "@required", &["remove", "required"])),
    kind("optional", |it, _| habit(it, "@optional", "@optional", &["?"])),
    kind("description", |it, _| habit(it, "@description(\"a\")", "@description", &["doc"])),
    kind("default", |it, _| habit(it, "@default(\"a\")", "@default", &["="])),
    kind("sensitive", |it, _| habit(it, "@sensitive", "@sensitive", &["secret"])),
    kind("min", |it, _| habit(it, "@min(1)", "@min", &["minValue", "minLength"])),
    kind("regex", |it, _| habit(it, "@regex(\"^a$\")", "@regex", &["pattern"])),
    kind("visibility by a text", |it, _| swapped(it, "Lifecycle.Read", "\"read\"")),
    kind("visibility by a bare word", |it, _| swapped(it, "Lifecycle.Read", "Read")),
    kind("visibility in another casing", |it, _| swapped_tail(it, "Lifecycle.Read", "Lifecycle.read", "read")),
    kind("visibility of another name", |it, _| swapped_tail(it, "Lifecycle.Read", "Lifecycle.ReadOnly", "ReadOnly")),
    kind("visibility of an enum of another name", |it, _| {
        swapped_tail(it, "Lifecycle.Read", "Visibility.Read", "Visibility")
    }),
    kind("a capability as a misspelt text", |it, random| capability(it, random, misspelt)),
    kind("a capability as a text in another casing", |it, random| capability(it, random, recased)),
    kind("a format misspelt", |it, random| format_of(it, random, misspelt)),
    kind("a version by its text", version_text),
    kind("a version by its member alone", version_alone),
    kind("a version nobody declared", |it, _| versions(it, |name| format!("{name}_x"))),
    kind("a version with hyphens", |it, _| versions(it, |name| name.replace('_', "-"))),
    kind("a bad regular expression", |it, _| pattern(it, |own| own.replacen(']', "", 1))),
    kind("a regular expression with a parenthesis open", |it, _| pattern(it, |own| own.replacen("\"^", "\"^(", 1))),
    kind("a regular expression with a stray star", |it, _| pattern(it, |own| own.replacen("\"^", "\"^*", 1))),
    kind("a regular expression with single backslash", |it, _| pattern(it, |own| own.replacen("\"^", "\"^\\d", 1))),
    kind("twice", twice),
    kind("behind its property", behind),
    kind("before a spread", |it, _| {
        it.with("...")
            .map(|at| {
                let start = it.tokens[at].start;
                Slip::new(&it.text, (start, start), "@secret ").under("@secret").meaning(["remove"])
            })
            .collect()
    }),
    kind("before a using", |it, _| {
        it.with("using")
            .map(|at| {
                let start = it.tokens[at].start;
                Slip::new(&it.text, (start, start), "@doc(\"a\")\n").under("@doc(\"a\")").meaning(["remove"])
            })
            .collect()
    }),
    kind("before the end of a model", |it, _| {
        let ends = it
            .with("}")
            .filter(|at| it.role(*at) == NodeKind::Members && it.is_first_of_line(*at) && it.own(at - 1) == ";");
        ends.map(|at| {
            let start = it.tokens[at].start;
            let slip = Slip::new(&it.text, (start, start), "  @secret\n").under("@secret");
            let text = slip.apply(&it.text);
            let close = text[start..].find('}').map_or(start, |length| start + length);
            slip.or(close, close + 1).meaning(["remove", "name"])
        })
        .collect()
    }),
    kind("the enum of versions missing", |it, _| {
        let arguments = it.nodes(NodeKind::Decorator).filter(|spot| it.text[spot.start..].starts_with("@versioned("));
        arguments
            .map(|spot| {
                let slip = Slip::new(&it.text, (spot.start, spot.end), "@versioned");
                slip.meaning([
                    it.text[spot.start..spot.end].to_owned(),
                    it.text[spot.start + 11..spot.end - 1].to_owned(),
                    "enum".to_owned(),
                ])
            })
            .collect()
    }),
];

fn decorators(source: &Source) -> impl Iterator<Item = &Spot> {
    source.nodes(NodeKind::Decorator)
}

fn signs(source: &Source, sign: &str, then: fn(&Source, usize, Slip) -> Slip) -> Vec<Slip> {
    let firsts = decorators(source).map(|spot| source.first_of(spot));
    firsts.map(|at| then(source, at, source.replaced(at, sign))).collect()
}

fn whole(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let spots = decorators(source).filter(|spot| !source.text[spot.start..spot.end].contains('\n'));
    spots
        .map(|spot| Slip::new(&source.text, (spot.start, spot.end), change(&source.text[spot.start..spot.end])))
        .collect()
}

/// Where the arguments of a decorator begin and end, inside of the parentheses.
fn inner(source: &Source, spot: &Spot) -> Option<(usize, usize)> {
    let arguments = source.nodes(NodeKind::Arguments).find(|it| it.start > spot.start && it.end == spot.end)?;
    (arguments.end > arguments.start + 2).then_some((arguments.start + 1, arguments.end - 1))
}

/// Single arguments of decorators, written otherwise.
fn arguments(source: &Source, change: fn(&str) -> Option<String>) -> Vec<Slip> {
    let tokens = source.all().filter(|at| {
        *at > 2 && source.own(at - 1) == "(" && matches!(source.own(at + 1), ")" | ",") && source.own(at - 3) == "@"
    });
    tokens.filter_map(|at| Some(source.replaced(at, change(source.own(at))?))).collect()
}

fn last_argument(source: &Source, more: &str, under: &str) -> Vec<Slip> {
    let takes_more = [
        "capability",
        "visibility",
        "recipe",
        "validate",
        "example",
        "resourceType",
        "extension",
        "service",
        "doc",
        "summary",
        "location",
        "invisible",
    ];
    let spots = decorators(source)
        .filter(|spot| !takes_more.iter().any(|name| source.text[spot.start + 1..].starts_with(name)));
    spots
        .filter_map(|spot| {
            let (_, end) = inner(source, spot)?;
            Some(Slip::new(&source.text, (end, end), more).under(under).meaning(["remove"]))
        })
        .collect()
}

fn no_argument(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    decorators(source)
        .filter_map(|spot| {
            let place = inner(source, spot)?;
            let slip = Slip::new(&source.text, place, "");
            let name = &source.text[spot.start..place.0 - 1];
            Some(
                slip.at(spot.start, place.0 + 1)
                    .or(place.0 - 1, place.0 + 1)
                    .or(spot.start, spot.start + name.len())
                    .meaning([format!("{name}("), "it takes".to_owned()]),
            )
        })
        .collect()
}

fn bare(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    decorators(source)
        .filter_map(|spot| {
            let place = inner(source, spot)?;
            let name = source.text[spot.start..place.0 - 1].to_owned();
            let slip = Slip::new(&source.text, (place.0 - 1, place.1 + 1), "").at(spot.start, spot.start + name.len());
            Some(slip.meaning([format!("{name}("), "it takes".to_owned()]))
        })
        .collect()
}

fn first_argument(source: &Source, more: &str, under: &str) -> Vec<Slip> {
    let spots = decorators(source).filter(|spot| !source.text[spot.start..spot.end].contains('#'));
    spots
        .filter_map(|spot| {
            let (start, _) = inner(source, spot)?;
            let slip = Slip::new(&source.text, (start, start), more).under(under).meaning(["remove", "order"]);
            // The name alone, or its sign alone.
            let (from, to) = slip.spans[0];
            Some(slip.or(from, from + 5).or(to - 1, to))
        })
        .collect()
}

/// `@minValue: 3`
fn colon(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let spots = decorators(source).filter(|spot| !source.text[spot.start..spot.end].contains('\n'));
    spots
        .filter_map(|spot| {
            let (start, end) = inner(source, spot)?;
            let own = source.text[start..end].to_owned();
            let slip = Slip::new(&source.text, (start - 1, end + 1), format!(": {own}"));
            let from = slip.start;
            Some(
                slip.at(from, from + 1)
                    .or(from, from + 2 + own.len())
                    .or(from + 2, from + 2 + own.len())
                    .meaning([format!("({own})")]),
            )
        })
        .collect()
}

/// `@minValue 3`
fn space_only(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let spots = decorators(source).filter(|spot| !source.text[spot.start..spot.end].contains('\n'));
    spots
        .filter_map(|spot| {
            let (start, end) = inner(source, spot)?;
            let own = source.text[start..end].to_owned();
            let slip = Slip::new(&source.text, (start - 1, end + 1), format!(" {own}"));
            let from = slip.start + 1;
            Some(slip.at(from, from + own.len()).meaning([format!("({own})")]))
        })
        .collect()
}

/// A decorator before properties of a type that it is not for.
fn target(source: &Source, decorator: &str, kind: &str) -> Vec<Slip> {
    let names = property_names(source).filter(|at| {
        let colon = at + 1 + usize::from(source.own(at + 1) == "?");
        source.own(colon + 1) == kind && matches!(source.own(colon + 2), ";" | "=") && !source.own(at - 1).contains(')')
    });
    names
        .map(|at| {
            let start = source.tokens[at].start;
            let slip = Slip::new(&source.text, (start, start), format!("{decorator}\n  ")).under(decorator);
            let name = decorator.split('(').next().unwrap_or_default().len();
            slip.or(start, start + name)
                .meaning(["remove", "move", "Value", "Length", "string", "int32", "array", "[]", "model", "number"])
        })
        .collect()
}

/// A decorator that is called otherwise here.
fn habit(source: &Source, decorator: &str, under: &str, meant: &[&str]) -> Vec<Slip> {
    let names = property_names(source).filter(|at| {
        let colon = at + 1 + usize::from(source.own(at + 1) == "?");
        source.own(colon + 1) == "string" && source.own(colon + 2) == ";" && source.is_first_of_line(*at)
    });
    names
        .map(|at| {
            let start = source.tokens[at].start;
            let slip = Slip::new(&source.text, (start, start), format!("{decorator}\n  "))
                .under(under)
                .meaning(meant.iter().copied());
            // The sign does not belong to the name; the whole decorator is as good.
            slip.or(start + 1, start + under.len()).or(start, start + decorator.len())
        })
        .collect()
}

/// An access as an argument, written otherwise.
fn swapped(source: &Source, own: &str, other: &str) -> Vec<Slip> {
    let places = source.text.match_indices(own).map(|(at, _)| at);
    places
        .map(|at| {
            Slip::new(&source.text, (at, at + own.len()), other)
                .meaning([own, own.split('.').next_back().unwrap_or(own)])
        })
        .collect()
}

fn swapped_tail(source: &Source, own: &str, other: &str, under: &str) -> Vec<Slip> {
    let (head, tail) = own.split_once('.').expect("an access has a dot");
    let meant = if other.starts_with(head) { tail } else { head };
    swapped(source, own, other).into_iter().map(|slip| slip.under(under).meaning([own, meant])).collect()
}

fn capability(source: &Source, random: &mut StdRng, change: fn(&str, &mut StdRng) -> Option<String>) -> Vec<Slip> {
    let places = source.text.match_indices("Capability.SupportsRecipes").map(|(at, own)| (at, at + own.len()));
    places
        .filter_map(|place| {
            let slip = Slip::new(&source.text, place, format!("\"{}\"", change("SupportsRecipes", random)?));
            Some(slip.meaning(["SupportsRecipes"]))
        })
        .collect()
}

fn format_of(source: &Source, random: &mut StdRng, change: fn(&str, &mut StdRng) -> Option<String>) -> Vec<Slip> {
    let texts = source.all().filter(|at| *at > 1 && source.is_text(*at) && source.own(at - 2) == "format");
    texts
        .filter_map(|at| {
            Some(source.replaced(at, format!("\"{}\"", change(source.own(at).trim_matches('"'), random)?)))
        })
        .collect()
}

const VERSIONED: [&str; 6] = ["added", "removed", "renamedFrom", "typeChangedFrom", "madeOptional", "madeRequired"];

/// Accesses to versions in decorators: the tokens of the enum and of the member.
fn version_accesses(source: &Source) -> Vec<(usize, usize)> {
    let heads = source.all().filter(|at| {
        *at > 1 && source.own(at - 1) == "(" && VERSIONED.contains(&source.own(at - 2)) && source.own(at + 1) == "."
    });
    heads.map(|at| (at, at + 2)).collect()
}

/// The text of a version.
fn value_of<'a>(source: &'a Source, member: &str) -> Option<&'a str> {
    let declared = source.all().find(|at| source.own(*at) == member && source.role(*at) == NodeKind::EnumMember)?;
    (source.own(declared + 1) == ":").then(|| source.own(declared + 2))
}

fn version_text(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let accesses = version_accesses(source).into_iter();
    accesses
        .filter_map(|(first, last)| Some(source.replaced_all(first, last, value_of(source, source.own(last))?)))
        .collect()
}

fn version_alone(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let accesses = version_accesses(source).into_iter();
    accesses.map(|(first, last)| source.replaced_all(first, last, source.own(last))).collect()
}

fn versions(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let accesses = version_accesses(source).into_iter();
    accesses
        .map(|(_, last)| source.replaced(last, change(source.own(last))))
        .filter(|slip| slip.text != slip.meant[0])
        .collect()
}

fn pattern(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let texts = source.all().filter(|at| *at > 1 && source.is_text(*at) && source.own(at - 2) == "pattern");
    texts
        .map(|at| {
            let slip = source.replaced(at, change(source.own(at)));
            let (start, end) = slip.spans[0];
            // Where in the expression it goes wrong differs with who reads it.
            let inner = (start..end).flat_map(|from| (from + 1..=end).map(move |to| (from, to)));
            inner.fold(slip, |slip, (from, to)| slip.or(from, to)).meaning([
                "close",
                "escape",
                "]",
                "\\\\",
                "remove",
                "repeat",
                "backwards",
                "never",
            ])
        })
        .filter(|slip| slip.text != slip.meant[0])
        .collect()
}

fn twice(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let many = [
        "validate",
        "added",
        "removed",
        "renamedFrom",
        "typeChangedFrom",
        "recipe",
        "capability",
        "extension",
        "visibility",
        "example",
        "location",
    ];
    let spots =
        decorators(source).filter(|spot| !many.iter().any(|name| source.text[spot.start + 1..].starts_with(name)));
    spots
        .map(|spot| {
            let own = &source.text[spot.start..spot.end];
            let slip =
                Slip::new(&source.text, (spot.end, spot.end), format!(" {own}")).meaning(["remove", "delete", "once"]);
            let start = slip.start + 1;
            slip.at(start, start + own.len()).or(spot.start, spot.end)
        })
        .collect()
}

/// `name: string @secret;`
fn behind(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let ends = source.with(";").filter(|at| source.role(*at) == NodeKind::Members && source.is_identifier(at - 1));
    ends.map(|at| {
        let start = source.tokens[at].start;
        let slip = Slip::new(&source.text, (start, start), " @secret").under("@secret");
        slip.meaning(["move", "front", "before", "remove"])
    })
    .collect()
}
