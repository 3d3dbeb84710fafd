//! Texts that parse and mean nothing good.

use rand::rngs::StdRng;
use typespec::syntax::NodeKind;

use super::habits::{property_names, type_of};
use crate::slips::source::Source;
use crate::slips::{Kind, Slip};

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "meaning", name, slips }
}

pub const KINDS: &[Kind<Source>] = &[
    kind("a text as a default of a number", |it, _| default_of(it, "int32", |own| format!("\"{own}\""))),
    kind("a number as a default of a text", |it, _| default_of(it, "string", |_| "3".to_owned())),
    kind("a text as a default of a boolean", |it, _| default_of(it, "boolean", |own| format!("\"{own}\""))),
    kind("a number as a default of a boolean", |it, _| {
        default_of(it, "boolean", |own| if own == "true" { "1" } else { "0" }.to_owned())
    }),
    kind("a fraction as a default of an integer", |it, _| default_of(it, "int32", |own| format!("{own}.5"))),
    kind("a bare word as a default of a text", |it, _| {
        default_of(it, "string", |own| own.trim_matches('"').to_owned())
    }),
    kind("null as a default", |it, _| default_of(it, "string", |_| "null".to_owned())),
    kind("an enum's member as a text", |it, _| member_default(it, |member| format!("\"{member}\""))),
    kind("an enum's member alone", |it, _| member_default(it, str::to_owned)),
    kind("a default that is none of the texts", default_of_none),
    kind("a property twice", property_twice),
    kind("a model twice", |it, _| declared_twice(it, NodeKind::Model, "model")),
    kind("an enum twice", |it, _| declared_twice(it, NodeKind::Enum, "enum")),
    kind("an enum member twice", member_twice),
    kind("a type twice", type_twice),
    kind("a minimum above the maximum", |it, _| bounds(it, "minValue", "maxValue")),
    kind("a minimal length above the maximal", |it, _| bounds(it, "minLength", "maxLength")),
    kind("a minimal count above the maximal", |it, _| bounds(it, "minItems", "maxItems")),
    kind("a model that extends itself", extends_itself),
    kind("a model that spreads itself", spreads_itself),
    kind("extends of a scalar", |it, _| head(it, "extends string")),
    kind("a property of an absent type", |it, _| absent(it)),
    kind("an import missing", no_import),
    kind("a using missing", no_using),
    kind("the namespace missing", no_namespace),
    kind("the resource provider missing", |it, _| without_decorator(it, "@resourceProvider")),
    kind("a reference to a property that is none", rule),
    kind("a rule with one equals sign", |it, _| in_rules(it, "==", "=")),
    kind("a rule with and", |it, _| in_rules(it, "&&", "and")),
    kind("a rule with or", |it, _| in_rules(it, "||", "or")),
    kind("a rule without self", |it, _| in_rules(it, "self.", "")),
    kind("a rule with this", |it, _| in_rules(it, "self.", "this.")),
    kind("an index of an alias", |it, _| {
        it.with("alias").map(|at| it.extra(at + 1, "[]").meaning(["remove"])).collect()
    }),
];

/// Defaults of properties whose type is one name.
fn default_of(source: &Source, kind: &str, change: fn(&str) -> String) -> Vec<Slip> {
    let signs = source.with("=").filter(|at| source.role(*at) == NodeKind::ModelProperty && source.own(at - 1) == kind);
    let ends = signs.filter(|at| source.own(at + 2) == ";");
    ends.map(|at| source.replaced(at + 1, change(source.own(at + 1))))
        .filter(|slip| slip.text != slip.meant[0])
        .collect()
}

fn member_default(source: &Source, change: fn(&str) -> String) -> Vec<Slip> {
    let signs = source.with("=").filter(|at| source.role(*at) == NodeKind::ModelProperty && source.own(at + 2) == ".");
    signs
        .map(|at| {
            let slip = source.replaced_all(at + 1, at + 3, change(source.own(at + 3)));
            let whole = source.text[source.tokens[at + 1].start..source.tokens[at + 3].end].to_owned();
            slip.meaning([whole])
        })
        .collect()
}

fn default_of_none(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let signs =
        source.with("=").filter(|at| source.is_text(at + 1) && source.is_text(at - 1) && source.own(at - 2) == "|");
    signs
        .map(|at| {
            let texts = (0..at).rev().take_while(|own| *own > 0 && (source.is_text(*own) || source.own(*own) == "|"));
            let others: Vec<String> =
                texts.filter(|own| source.is_text(*own)).map(|own| source.own(own).to_owned()).collect();
            source.replaced(at + 1, "\"quux\"").meaning(others)
        })
        .collect()
}

fn property_twice(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    property_names(source)
        .filter_map(|at| {
            let (_, last) = type_of(source, at)?;
            if source.own(last + 1) != ";" {
                return None;
            }
            let name = source.own(at);
            let own = &source.text[source.tokens[at].start..source.tokens[last + 1].end];
            let slip = source.extra(last + 1, &format!("\n  {own}")).meaning(["remove", "rename"]);
            let start = slip.start + 3;
            Some(slip.at(start, start + name.len()).or(start, start + own.len() - 1))
        })
        .collect()
}

fn declared_twice(source: &Source, kind: NodeKind, word: &str) -> Vec<Slip> {
    source
        .nodes(kind)
        .filter_map(|spot| {
            let last = source.last_of(spot);
            let keyword = (source.first_of(spot)..last).find(|at| source.own(*at) == word)?;
            if source.own(last) != "}" || !source.is_identifier(keyword + 1) {
                return None;
            }
            let name = source.own(keyword + 1);
            let slip = source.extra(last, &format!("\n\n{word} {name} {{}}")).meaning(["remove", "rename"]);
            let start = slip.start + 3 + word.len();
            Some(slip.at(start, start + name.len()))
        })
        .collect()
}

fn member_twice(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let members = source.all().filter(|at| source.is_identifier(*at) && source.role(*at) == NodeKind::EnumMember);
    members
        .filter_map(|at| {
            let comma = (at..source.tokens.len()).find(|it| source.own(*it) == ",")?;
            let is_near = comma <= at + 3 && source.role(comma) == NodeKind::Members;
            let own = source.text[source.tokens[at].start..source.tokens[comma].end].to_owned();
            let slip = source.extra(comma, &format!("\n  {own}")).meaning(["remove", "rename"]);
            let start = slip.start + 3;
            let name = source.own(at).len();
            is_near.then(|| slip.at(start, start + name).or(start, start + own.len() - 1))
        })
        .collect()
}

/// `name: string: string;`
fn type_twice(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    property_names(source)
        .filter_map(|at| {
            let (first, last) = type_of(source, at)?;
            let is_simple = first == last && source.own(last + 1) == ";" && source.is_identifier(first);
            let own = source.own(first);
            is_simple.then(|| source.extra(last, &format!(" {own}")).under(own))
        })
        .collect()
}

fn bounds(source: &Source, least: &str, most: &str) -> Vec<Slip> {
    let places = source.with(most).filter(|at| source.own(at - 1) == "@" && source.own(at + 1) == "(");
    places
        .filter_map(|at| {
            let lower = (at.saturating_sub(8)..at).rev().find(|it| source.own(*it) == least)?;
            let low: f64 = source.own(lower + 2).parse().ok()?;
            let slip = source.replaced(at + 2, format!("{}", low - 1.0));
            let decorator = slip.start - most.len() - 2;
            let end = slip.start + slip.text.len();
            Some(
                slip.or(decorator, end + 1)
                    .meaning(["swap", "above", "below", "greater", "less", "lower", "raise", "at least", "at most"]),
            )
        })
        .collect()
}

/// Models without a base: the token of the name.
fn heads(source: &Source) -> impl Iterator<Item = usize> {
    let words = source.with("model").filter(|at| !source.is_identifier(*at));
    words.map(|at| at + 1).filter(|name| source.own(name + 1) == "{")
}

fn extends_itself(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    heads(source)
        .map(|name| {
            let own = source.own(name);
            let slip = source.extra(name, &format!(" extends {own}")).meaning(["remove", "another"]);
            let start = slip.start + " extends ".len();
            let (from, to) = source.place(name);
            slip.at(start, start + own.len()).or(from, to)
        })
        .collect()
}

fn spreads_itself(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    heads(source)
        .map(|name| {
            let own = source.own(name);
            let slip = source.extra(name + 1, &format!("\n  ...{own};")).meaning(["remove", "another"]);
            let start = slip.start + 6;
            slip.at(start, start + own.len()).or(start - 3, start + own.len())
        })
        .collect()
}

fn head(source: &Source, more: &str) -> Vec<Slip> {
    heads(source)
        .map(|name| {
            let (_, base) = more.split_once(' ').unwrap_or_default();
            let slip = source.extra(name, &format!(" {more}")).under(base).meaning(["is", "scalar", "model", "remove"]);
            let start = slip.start + 1;
            slip.or(start, start + more.len())
        })
        .collect()
}

fn absent(source: &Source) -> Vec<Slip> {
    let names = source.type_names().filter(|at| source.own(*at) == "string");
    names.map(|at| source.replaced(at, "Quuxbaz").meaning(["declare", "import", "model Quuxbaz", "define"])).collect()
}

/// What the first word that needs it is.
fn first_use(text: &str, words: &[&str]) -> Option<(usize, usize)> {
    words.iter().filter_map(|word| text.find(word).map(|at| (at, at + word.len()))).min()
}

fn no_import(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let names = [
        ("@radii/typespec", "using Radii;", "Radii"),
        ("@typespec/versioning", "using TypeSpec.Versioning;", "Versioning"),
        ("@typespec/openapi", "using TypeSpec.OpenAPI;", "OpenAPI"),
    ];
    let words = source.with("import").filter(|at| source.is_text(at + 1));
    words
        .filter_map(|at| {
            let path = source.own(at + 1).trim_matches('"').to_owned();
            let (_, using, name) = names.iter().find(|(own, ..)| *own == path)?;
            let slip = Slip::new(&source.text, source.line(at), "").meaning([format!("import \"{path}\";")]);
            let text = slip.apply(&source.text);
            let start = text.find(using)? + "using ".len();
            let end = text[start..].find(';')? + start;
            let last = text[start..end].rfind(name)? + start;
            Some(slip.at(start, end).or(last, end))
        })
        .collect()
}

fn no_using(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let words = source.with("using").filter(|at| source.own(at + 2) == ";" || source.own(at + 4) == ";");
    words
        .filter_map(|at| {
            let end = (at..at + 6).find(|it| source.own(*it) == ";")?;
            let name = &source.text[source.tokens[at + 1].start..source.tokens[end].start];
            let radii: &[&str] =
                &["@resourceProvider", "@provider", "@resourceType", "@capability", "@owner", "@maturity", "@location"];
            let versioning: &[&str] = &["@versioned", "@added", "@removed"];
            let words = match name {
                "Radii" => radii,
                "TypeSpec.Versioning" => versioning,
                "TypeSpec.OpenAPI" => &["@info", "@extension"],
                _ => return None,
            };
            let slip = Slip::new(&source.text, source.line(at), "").meaning([format!("using {name};")]);
            let text = slip.apply(&source.text);
            let (start, end) = first_use(&text, words)?;
            Some(slip.at(start, end).or(start + 1, end))
        })
        .collect()
}

fn no_namespace(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let words =
        source.with("namespace").filter(|at| source.role(*at) == NodeKind::Namespace && !source.is_identifier(*at));
    words
        .filter_map(|at| {
            let end = (at..at + 12).find(|it| source.own(*it) == ";")?;
            let slip = source.replaced_all(at, end, "").meaning(["namespace"]);
            let text = slip.apply(&source.text);
            // The decorators that now stand before another declaration, or that declaration.
            let first = ["@resourceProvider", "@provider", "@service", "@versioned"];
            let (start, stop) = first_use(&text, &first)?;
            Some(slip.at(start, stop).or(start + 1, stop))
        })
        .collect()
}

fn without_decorator(source: &Source, decorator: &str) -> Vec<Slip> {
    let spots = source.nodes(NodeKind::Decorator).filter(|spot| source.text[spot.start..spot.end] == *decorator);
    spots
        .filter_map(|spot| {
            let slip = Slip::new(&source.text, (spot.start, spot.end), "").meaning([decorator]);
            let text = slip.apply(&source.text);
            let start = text.find("namespace ")? + "namespace ".len();
            let end = start + text[start..].find(';')?;
            let first = text.find("@resourceType")?;
            Some(slip.at(start, end).or(start - 10, end + 1).or(first, first + 13))
        })
        .collect()
}

/// Texts of rules in CEL.
fn rules(source: &Source) -> impl Iterator<Item = usize> {
    source.all().filter(|at| *at > 1 && source.is_text(*at) && source.own(at - 2) == "validate")
}

/// A property that a rule names, misspelt.
fn rule(source: &Source, random: &mut StdRng) -> Vec<Slip> {
    rules(source)
        .flat_map(|at| {
            let start = source.tokens[at].start;
            let places: Vec<usize> = source.own(at).match_indices("self.").map(|(own, _)| start + own + 5).collect();
            places
        })
        .filter_map(|start| {
            let length = source.text[start..].find(|letter: char| !letter.is_ascii_alphanumeric())?;
            let own = &source.text[start..start + length];
            if source.text[start + length..].starts_with('(') {
                return None;
            }
            let text = crate::slips::words::misspelt(own, random)?;
            Some(Slip::new(&source.text, (start, start + length), text))
        })
        .collect()
}

fn in_rules(source: &Source, own: &str, other: &str) -> Vec<Slip> {
    rules(source)
        .flat_map(|at| {
            let start = source.tokens[at].start;
            source.own(at).match_indices(own).map(|(place, _)| start + place).collect::<Vec<_>>()
        })
        .map(|start| {
            let slip = Slip::new(&source.text, (start, start + own.len()), other);
            let text = slip.apply(&source.text);
            let word = text[start..].find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(0);
            match other {
                "" => slip.at(start, start + word),
                "this." => slip.under("this"),
                _ => slip,
            }
        })
        .collect()
}
