//! Habits from other languages, in declarations and properties.

use rand::rngs::StdRng;
use typespec::syntax::NodeKind;

use crate::slips::source::Source;
use crate::slips::{Kind, Slip};

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "habits", name, slips }
}

pub const KINDS: &[Kind<Source>] = &[
    kind("interface for model", |it, _| keyword(it, "model", "interface")),
    kind("class for model", |it, _| keyword(it, "model", "class")),
    kind("struct for model", |it, _| keyword(it, "model", "struct")),
    kind("type for model", |it, _| keyword(it, "model", "type")),
    kind("object for model", |it, _| keyword(it, "model", "object")),
    kind("resource for model", |it, _| keyword(it, "model", "resource")),
    kind("enum class", |it, _| before(it, "enum", " class")),
    kind("export before a declaration", |it, _| modifier(it, "export ")),
    kind("public before a declaration", |it, _| modifier(it, "public ")),
    kind("abstract before a declaration", |it, _| modifier(it, "abstract ")),
    kind("type for alias", |it, _| keyword(it, "alias", "type")),
    kind("typedef for alias", |it, _| keyword(it, "alias", "typedef")),
    kind("let for alias", |it, _| keyword(it, "alias", "let")),
    kind("include for import", |it, _| keyword(it, "import", "include")),
    kind("require for import", |it, _| keyword(it, "import", "require")),
    kind("use for using", |it, _| keyword(it, "using", "use")),
    kind("import for using", |it, _| keyword(it, "using", "import")),
    kind("package for namespace", |it, _| keyword(it, "namespace", "package")),
    kind("module for namespace", |it, _| keyword(it, "namespace", "module")),
    kind("inherits for extends", |it, _| keyword(it, "extends", "inherits")),
    kind("implements for extends", |it, _| keyword(it, "extends", "implements")),
    kind("extend for extends", |it, _| keyword(it, "extends", "extend")),
    kind("`:` for extends", |it, _| keyword(it, "extends", ":")),
    kind("`<` for extends", |it, _| keyword(it, "extends", "<")),
    kind("`=` before a model's body", |it, _| body(it, NodeKind::Model, "= ")),
    kind("`=` before an enum's body", |it, _| body(it, NodeKind::Enum, "= ")),
    kind("`:` before a model's body", |it, _| body(it, NodeKind::Model, ": ")),
    kind("readonly before a property", |it, _| {
        property(it, "readonly ", "readonly")
            .into_iter()
            .map(|it| it.meaning(["@visibility(Lifecycle.Read)"]))
            .collect()
    }),
    kind("private before a property", |it, _| property(it, "private ", "private")),
    kind("public before a property", |it, _| property(it, "public ", "public")),
    kind("const before a property", |it, _| property(it, "const ", "const")),
    kind("let before a property", |it, _| property(it, "let ", "let")),
    kind("optional before a property", optional_word),
    kind("required before a property", |it, _| property(it, "required ", "required")),
    kind("a `-` before a property", |it, _| property(it, "- ", "-")),
    kind("`?` behind the colon", |it, _| question(it, |name, colon, kind| format!("{name}{colon}? {kind}"), ":?")),
    kind("`?` behind the type", |it, _| question(it, |name, _, kind| format!("{name}: {kind}?"), "?")),
    kind("`?` before the name", |it, _| question(it, |name, _, kind| format!("?{name}: {kind}"), "?")),
    kind("`!` behind the name", |it, _| {
        question(it, |name, _, kind| format!("{name}!: {kind}"), "!")
            .into_iter()
            .map(|it| it.meaning(["remove `!`", "?"]))
            .collect()
    }),
    kind("two `?`", |it, _| {
        question(it, |name, _, kind| format!("{name}??: {kind}"), "?").into_iter().map(second_of_two).collect()
    }),
    kind("Optional<…>", |it, _| whole_type(it, |kind| format!("Optional<{kind}>"))),
    kind("the type before the name", type_first),
    kind("a name in quotes with a dash", |it, _| names(it, |name| format!("my-{name}"))),
    kind("a name with a space", |it, _| names(it, |name| format!("my {name}"))),
    kind("a name that begins with a digit", |it, _| names(it, |name| format!("2{name}"))),
    kind("a reserved word as a name", |it, _| names(it, |_| "model".to_owned())),
    kind("another reserved word as a name", |it, _| names(it, |_| "enum".to_owned())),
    kind("is as a name", |it, _| names(it, |_| "is".to_owned())),
    kind("a name in single quotes", |it, _| names(it, |name| format!("'{name}'"))),
    kind("a text in single quotes", |it, _| texts(it, |inner| format!("'{inner}'"))),
    kind("a text in curly quotes", |it, _| texts(it, |inner| format!("“{inner}”"))),
    kind("a text in back-ticks", |it, _| texts(it, |inner| format!("`{inner}`"))),
    kind("a text in mixed quotes", |it, _| texts(it, |inner| format!("'{inner}\""))),
    kind("an enum value without quotes", |it, _| {
        let values = it.all().filter(|at| {
            it.is_text(*at) && it.role(*at) == NodeKind::StringLiteral && it.is_in(*at, NodeKind::EnumMember)
        });
        values.map(|at| it.replaced(at, it.own(at).trim_matches('"'))).collect()
    }),
    kind("a comment with `#`", |it, _| comment(it, "# ", "#")),
    kind("a comment with `--`", |it, _| comment(it, "-- ", "")),
    kind("a comment of HTML", |it, _| comment(it, "<!-- ", "")),
    kind("a comment with one slash", |it, _| comment(it, "/ ", "/")),
    kind("a doc comment that is not closed", open_comment),
    kind("import … from", import_from),
    kind("import without quotes", |it, _| paths(it, |path| path.to_owned())),
    kind("import in single quotes", |it, _| paths(it, |path| format!("'{path}'"))),
    kind("import in parentheses", |it, _| paths(it, |path| format!("(\"{path}\")"))),
    kind("using in quotes", using_in_quotes),
    kind("using of a package", using_package),
    kind("a default of two equals signs", |it, _| defaults(it, |value| format!("== {value}"), "==")),
    kind("a default in parentheses", |it, _| defaults(it, |value| format!("({value})"), "")),
    kind("default as a word", |it, _| defaults(it, |value| format!("default {value}"), "default")),
    kind("an enum like an alias", enum_like_alias),
];

fn keyword(source: &Source, own: &str, other: &str) -> Vec<Slip> {
    let is_keyword = |at: &usize| matches!(source.tokens[*at].kind, typespec::syntax::TokenKind::Keyword(_));
    source.with(own).filter(is_keyword).map(|at| source.replaced(at, other)).collect()
}

/// A word too many behind a keyword.
fn before(source: &Source, own: &str, word: &str) -> Vec<Slip> {
    source.with(own).map(|at| source.extra(at, word).under(word.trim())).collect()
}

fn modifier(source: &Source, word: &str) -> Vec<Slip> {
    let is_one =
        |at: &usize| matches!(source.own(*at), "model" | "enum" | "union" | "alias") && !source.is_identifier(*at);
    let keywords = source.all().filter(is_one);
    keywords
        .map(|at| {
            let start = source.tokens[at].start;
            let slip = Slip::new(&source.text, (start, start), word).meaning([format!("remove `{}`", word.trim())]);
            slip.under(word.trim())
        })
        .collect()
}

/// Something before the braces of a declaration.
fn body(source: &Source, kind: NodeKind, sign: &str) -> Vec<Slip> {
    let braces = source.with("{").filter(|at| {
        let mut around = source.around(*at);
        source.is_identifier(at - 1)
            && around.next().is_some_and(|it| it.kind == NodeKind::Members)
            && around.next().is_some_and(|it| it.kind == kind)
    });
    braces
        .map(|at| {
            let start = source.tokens[at].start;
            let slip = Slip::new(&source.text, (start, start), sign).meaning([format!("remove `{}`", sign.trim())]);
            slip.under(sign.trim())
        })
        .collect()
}

/// The names of properties.
pub fn property_names(source: &Source) -> impl Iterator<Item = usize> {
    source.all().filter(|at| {
        let is_name = source.is_identifier(*at) && source.role(*at) == NodeKind::ModelProperty;
        is_name && matches!(source.own(at + 1), ":" | "?") && !source.is_in(*at, NodeKind::Reference)
    })
}

fn property(source: &Source, word: &str, under: &str) -> Vec<Slip> {
    property_names(source)
        .map(|at| {
            let start = source.tokens[at].start;
            let slip = Slip::new(&source.text, (start, start), word).meaning([format!("remove `{}`", word.trim())]);
            slip.under(under)
        })
        .collect()
}

fn names(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    property_names(source)
        .map(|at| {
            let name = change(source.own(at));
            source.replaced(at, &name).meaning([format!("`{name}`"), source.own(at).to_owned()])
        })
        .collect()
}

/// The tokens of a property's type: the first and the last one.
pub fn type_of(source: &Source, name: usize) -> Option<(usize, usize)> {
    let colon = name + 1 + usize::from(source.own(name + 1) == "?");
    let mut depth = 0_usize;
    let end = (colon + 1..source.tokens.len()).find(|at| {
        match source.own(*at) {
            "{" | "(" | "<" | "[" | "#{" | "#[" => depth += 1,
            "}" | ")" | ">" | "]" if depth > 0 => depth -= 1,
            ";" | "," | "=" | "}" | ")" if depth == 0 => return true,
            _ => {}
        }
        false
    })?;
    (source.own(colon) == ":").then_some((colon + 1, end - 1))
}

/// Optional properties, written otherwise.
fn question(source: &Source, change: fn(&str, &str, &str) -> String, under: &str) -> Vec<Slip> {
    let names = property_names(source).filter(|at| source.own(at + 1) == "?" && source.own(at + 2) == ":");
    names
        .filter_map(|at| {
            let (first, last) = type_of(source, at)?;
            let own = &source.text[source.tokens[first].start..source.tokens[last].end];
            let text = change(source.own(at), ":", own);
            let slip = source.replaced_all(at, last, text).meaning([format!("{}?", source.own(at)), "?:".to_owned()]);
            let at = slip.start
                + if under == "?" && !slip.text.starts_with('?') {
                    slip.text.rfind('?')?
                } else {
                    slip.text.find(under)?
                };
            let slip = slip.at(at, at + under.len());
            // With the colon or alone.
            Some(if under == ":?" { slip.or(at + 1, at + 2) } else { slip })
        })
        .collect()
}

/// The second of two question marks is too much.
fn second_of_two(slip: Slip) -> Slip {
    let (start, end) = slip.spans[0];
    slip.or(start - 1, end).or(start - 1, start).meaning(["remove `?`"])
}

fn optional_word(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let names = property_names(source).filter(|at| source.own(at + 1) == "?");
    names
        .map(|at| {
            let text = format!("optional {}", source.own(at));
            source.replaced_all(at, at + 1, text).under("optional").meaning([format!("{}?", source.own(at))])
        })
        .collect()
}

fn whole_type(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let names = property_names(source).filter(|at| source.own(at + 1) == "?");
    names
        .filter_map(|at| {
            let (first, last) = type_of(source, at)?;
            let own = &source.text[source.tokens[first].start..source.tokens[last].end];
            let text = change(own);
            let name = text.split('<').next()?.to_owned();
            let slip = source.replaced_all(at + 1, last, format!(": {text}"));
            let start = slip.start + 2;
            Some(
                slip.at(start, start + name.len())
                    .or(start, start + text.len())
                    .meaning([format!("{}?", source.own(at)), "?:".to_owned()]),
            )
        })
        .collect()
}

/// `string name;`
fn type_first(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let names = property_names(source);
    names
        .filter_map(|at| {
            let (first, last) = type_of(source, at)?;
            let is_simple = first == last && source.is_identifier(first) && source.own(at + 1) == ":";
            let text = format!("{} {}", source.own(first), source.own(at));
            is_simple.then(|| {
                source.replaced_all(at, last, text).meaning([format!("{}: {}", source.own(at), source.own(first))])
            })
        })
        .collect()
}

fn texts(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let texts = source.all().filter(|at| source.is_text(*at) && !source.own(*at).contains('\''));
    texts.map(|at| source.replaced(at, change(source.own(at).trim_matches('"')))).collect()
}

/// A line of words before a property.
fn comment(source: &Source, sign: &str, under: &str) -> Vec<Slip> {
    let names = property_names(source).filter(|at| source.is_first_of_line(*at));
    names
        .map(|at| {
            let start = source.tokens[at].start;
            let words = format!("{sign}what it is for");
            let slip = Slip::new(&source.text, (start, start), format!("{words}\n  ")).meaning(["//"]);
            // The sign, or the whole comment.
            let length = if under.is_empty() { sign.trim().len() } else { under.len() };
            slip.at(start, start + length).or(start, start + words.len())
        })
        .collect()
}

fn open_comment(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let mut slips = Vec::new();
    let mut from = 0;
    while let Some(open) = source.text[from..].find("/**").map(|at| from + at) {
        let Some(close) = source.text[open..].find("*/").map(|at| open + at) else { break };
        let slip = Slip::new(&source.text, (close, close + 2), "").meaning(["*/"]);
        slips.push(slip.at(open, open + 3).or(open, open + 2));
        from = close;
    }
    slips
}

fn import_from(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let words = source.with("import");
    words
        .map(|at| {
            let end = source.tokens[at].end;
            let slip = Slip::new(&source.text, (end, end), " { Thing } from").meaning(["the whole file"]);
            slip.under("{ Thing } from")
        })
        .collect()
}

fn paths(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let paths = source.all().filter(|at| source.is_text(*at) && *at > 0 && source.own(at - 1) == "import");
    paths
        .map(|at| {
            let slip = source.replaced(at, change(source.own(at).trim_matches('"')));
            let start = slip.start;
            if slip.text.starts_with('(') { slip.or(start, start + 1) } else { slip }
        })
        .collect()
}

fn using_in_quotes(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let ends = source.with(";").filter(|at| source.role(*at) == NodeKind::Using);
    ends.filter_map(|end| {
        let first = (0..end).rev().find(|at| source.own(*at) == "using")? + 1;
        let name = source.text[source.tokens[first].start..source.tokens[end].start].to_owned();
        Some(source.replaced_all(first, end - 1, format!("\"{name}\"")))
    })
    .collect()
}

fn using_package(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let packages = [
        ("Radii", "@radii/typespec"),
        ("TypeSpec.Versioning", "@typespec/versioning"),
        ("TypeSpec.OpenAPI", "@typespec/openapi"),
    ];
    let slips = using_in_quotes(source, &mut rand::SeedableRng::seed_from_u64(0));
    slips
        .into_iter()
        .filter_map(|slip| {
            let (_, package) = packages.iter().find(|(name, _)| slip.text.trim_matches('"') == *name)?;
            Some(Slip::new(&source.text, (slip.start, slip.end), format!("\"{package}\"")))
        })
        .collect()
}

/// Defaults: what stands behind the type.
fn defaults(source: &Source, change: fn(&str) -> String, under: &str) -> Vec<Slip> {
    let signs = source.with("=").filter(|at| source.role(*at) == NodeKind::ModelProperty);
    signs
        .filter(|at| source.own(at + 2) == ";")
        .map(|at| {
            let text = change(source.own(at + 1));
            let slip = source
                .replaced_all(at, at + 1, &text)
                .meaning([source.text[source.tokens[at].start..source.tokens[at + 1].end].to_owned(), "=".to_owned()]);
            if under.is_empty() { slip } else { slip.under(under) }
        })
        .collect()
}

/// `enum Size = "a" | "b";`
fn enum_like_alias(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let enums = source.nodes(NodeKind::Enum);
    enums
        .filter_map(|spot| {
            let (first, last) = (source.first_of(spot), source.last_of(spot));
            let keyword = (first..last).find(|at| source.own(*at) == "enum")?;
            let members: Vec<String> = (keyword + 3..last)
                .filter(|at| source.is_identifier(*at) && source.role(*at) == NodeKind::EnumMember)
                .map(|at| format!("\"{}\"", source.own(at)))
                .collect();
            let name = source.own(keyword + 1);
            let text = format!("enum {name} = {};", members.join(" | "));
            let slip = source.replaced_all(keyword, last, text).meaning(["alias", "enum", "{"]);
            let start = slip.start;
            Some(slip.at(start, start + 4).or(start + 6 + name.len(), start + 7 + name.len()))
        })
        .collect()
}
