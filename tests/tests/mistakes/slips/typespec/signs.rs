//! Signs that are missing, too many, or another one.

use rand::rngs::StdRng;
use typespec::syntax::{NodeKind, TokenKind};

use crate::slips::source::Source;
use crate::slips::{Kind, Slip};

const fn kind(name: &'static str, slips: fn(&Source, &mut StdRng) -> Vec<Slip>) -> Kind<Source> {
    Kind { class: "signs", name, slips }
}

pub const KINDS: &[Kind<Source>] = &[
    kind("no `;` behind a property", |it, _| missing(it, ";", |it, at| it.role(at) == NodeKind::Members)),
    kind("no `;` behind a statement", |it, _| {
        missing(it, ";", |it, at| {
            matches!(
                it.role(at),
                NodeKind::Import
                    | NodeKind::Using
                    | NodeKind::Namespace
                    | NodeKind::Alias
                    | NodeKind::Scalar
                    | NodeKind::Model
                    | NodeKind::Const
                    | NodeKind::Operation
            )
        })
    }),
    kind("no `;` in an inline model", |it, _| missing(it, ";", |it, at| it.role(at) == NodeKind::ModelExpression)),
    kind("no `,` between members", |it, _| missing(it, ",", |it, at| it.role(at) == NodeKind::Members)),
    kind("no `,` between arguments", |it, _| {
        missing(it, ",", |it, at| matches!(it.role(at), NodeKind::Arguments | NodeKind::TemplateArguments))
    }),
    kind("no `,` in a value", |it, _| {
        missing(it, ",", |it, at| matches!(it.role(at), NodeKind::ObjectLiteral | NodeKind::ArrayLiteral))
    }),
    kind("no `:` behind a property", |it, _| missing(it, ":", |it, at| it.role(at) == NodeKind::ModelProperty)),
    kind("no `:` behind a member", |it, _| {
        missing(it, ":", |it, at| matches!(it.role(at), NodeKind::EnumMember | NodeKind::UnionVariant))
    }),
    kind("no `:` in a value", |it, _| missing(it, ":", |it, at| it.role(at) == NodeKind::ObjectProperty)),
    kind("no `}` behind a declaration", missing_end),
    kind("no `}` behind an inline model", |it, _| missing(it, "}", |it, at| it.role(at) == NodeKind::ModelExpression)),
    kind("no `}` behind a value", |it, _| missing(it, "}", |it, at| it.role(at) == NodeKind::ObjectLiteral)),
    kind("no `{` of a declaration", |it, _| missing(it, "{", |it, at| it.role(at) == NodeKind::Members)),
    kind("no `)` behind arguments", |it, _| missing(it, ")", |it, at| it.role(at) == NodeKind::Arguments)),
    kind("no `(` before arguments", |it, _| missing(it, "(", |it, at| it.role(at) == NodeKind::Arguments)),
    kind("no `]` of an array", |it, _| missing(it, "]", |it, at| it.role(at) == NodeKind::ArrayExpression)),
    kind("no `[` of an array", |it, _| missing(it, "[", |it, at| it.role(at) == NodeKind::ArrayExpression)),
    kind("no `>` of a template", |it, _| missing(it, ">", |_, _| true)),
    kind("no `<` of a template", |it, _| missing(it, "<", |_, _| true)),
    kind("no `=` before a default", |it, _| missing(it, "=", |it, at| it.role(at) == NodeKind::ModelProperty)),
    kind("no `=` of an alias", |it, _| {
        missing(it, "=", |it, at| matches!(it.role(at), NodeKind::Alias | NodeKind::Const))
    }),
    kind("no `|` between texts", |it, _| missing(it, "|", |_, _| true)),
    kind("no `#` before a value", |it, _| with(it, "#{", |it, at| vec![it.replaced(at, "{").also_whole(it, at)])),
    kind("no closing quote", no_closing_quote),
    kind("no opening quote", no_opening_quote),
    kind("no quotes", no_quotes),
    kind("two `;`", |it, _| with(it, ";", |it, at| vec![it.extra(at, ";")])),
    kind("two `:`", |it, _| {
        with(it, ":", |it, at| {
            vec![{
                let slip = it.extra(at, ":");
                let at = slip.start;
                slip.or(at - 1, at + 1)
            }]
        })
    }),
    kind("two `,`", |it, _| with(it, ",", |it, at| vec![it.extra(at, ",")])),
    kind("two `)`", |it, _| with(it, ")", |it, at| vec![it.extra(at, ")")])),
    kind("two `}`", |it, _| with(it, "}", |it, at| vec![it.extra(at, "}"), it.extra(at, "\n}").under("}")])),
    kind("two `{`", |it, _| with(it, "{", |it, at| vec![it.extra(at, "{"), it.extra(at, " {").under("{")])),
    kind("two `]`", |it, _| with(it, "]", |it, at| vec![it.extra(at, "]")])),
    kind("two `>`", |it, _| with(it, ">", |it, at| vec![it.extra(at, ">")])),
    kind("two `=`", |it, _| with(it, "=", |it, at| vec![it.replaced(at, "==")])),
    kind("two `|`", |it, _| with(it, "|", |it, at| vec![it.replaced(at, "||")])),
    kind("`;` behind a declaration's `{`", |it, _| {
        with_role(it, "{", NodeKind::Members, |it, at| vec![it.extra(at, ";")])
    }),
    kind("`;` behind a decorator", |it, _| {
        let ends = it.nodes(NodeKind::Decorator).map(|spot| it.last_of(spot));
        ends.map(|at| it.extra(at, ";")).collect()
    }),
    kind("`,` behind a decorator", |it, _| {
        let ends = it.nodes(NodeKind::Decorator).map(|spot| it.last_of(spot));
        ends.map(|at| it.extra(at, ",")).collect()
    }),
    kind("`=` for `:` of a property", |it, _| {
        with_role(it, ":", NodeKind::ModelProperty, |it, at| vec![it.replaced(at, " =").under("=")])
    }),
    kind("`=` for `:` of a member", |it, _| {
        with_role(it, ":", NodeKind::EnumMember, |it, at| vec![it.replaced(at, " =").under("=")])
    }),
    kind("`=` for `:` in a value", |it, _| {
        with_role(it, ":", NodeKind::ObjectProperty, |it, at| vec![it.replaced(at, " =").under("=")])
    }),
    kind("`:` for `=` of a default", |it, _| {
        with_role(it, "=", NodeKind::ModelProperty, |it, at| vec![it.replaced(at, ":")])
    }),
    kind("`:` for `=` of an alias", |it, _| with_role(it, "=", NodeKind::Alias, |it, at| vec![it.replaced(at, ":")])),
    kind("`:=` for `=`", |it, _| with_role(it, "=", NodeKind::ModelProperty, |it, at| vec![it.replaced(at, ":=")])),
    kind("`,` for `;` of a statement", |it, _| {
        let is_one = |at: &usize| {
            matches!(it.role(*at), NodeKind::Import | NodeKind::Using | NodeKind::Alias | NodeKind::Namespace)
        };
        it.with(";").filter(is_one).map(|at| it.replaced(at, ",")).collect()
    }),
    kind("`:` for `;` of a property", |it, _| {
        with_role(it, ";", NodeKind::Members, |it, at| vec![it.replaced(at, ":")])
    }),
    kind("`.` for `;` of a property", |it, _| {
        with_role(it, ";", NodeKind::Members, |it, at| vec![it.replaced(at, ".")])
    }),
    kind("`;` for `:` of a property", |it, _| {
        with_role(it, ":", NodeKind::ModelProperty, |it, at| vec![it.replaced(at, ";")])
    }),
    kind("`;` for `,` of an enum", |it, _| {
        with(it, ",", |it, at| {
            if it.role(at) == NodeKind::Members && it.is_in(at, NodeKind::Enum) {
                vec![it.replaced(at, ";")]
            } else {
                Vec::new()
            }
        })
    }),
    kind("`|` for `,` of a union or enum", |it, _| {
        with_role(it, ",", NodeKind::Members, |it, at| vec![it.replaced(at, " |").under("|")])
    }),
    kind("`,` for `|` between texts", |it, _| {
        with_role(it, "|", NodeKind::UnionExpression, |it, at| vec![it.replaced(at, ",")])
    }),
    kind("`/` for `|` between texts", |it, _| {
        with_role(it, "|", NodeKind::UnionExpression, |it, at| vec![it.replaced(at, "/")])
    }),
    kind("`or` for `|`", |it, _| with_role(it, "|", NodeKind::UnionExpression, |it, at| vec![it.replaced(at, "or")])),
    kind("`;` for `,` of arguments", |it, _| {
        with_role(it, ",", NodeKind::Arguments, |it, at| vec![it.replaced(at, ";")])
    }),
    kind("`:` for `.` of an access", |it, _| access(it, ":")),
    kind("`::` for `.` of an access", |it, _| access(it, "::")),
    kind("`/` for `.` of an access", |it, _| access(it, "/")),
    kind("`->` for `.` of an access", |it, _| access(it, "->")),
    kind("`-` for `.` of an access", |it, _| access(it, "-")),
    kind("`,` for `.` of an access", |it, _| access(it, ",")),
    kind("`)` for `}`", |it, _| with_role(it, "}", NodeKind::Members, |it, at| vec![it.replaced(at, ")")])),
    kind("`]` for `}`", |it, _| with_role(it, "}", NodeKind::Members, |it, at| vec![it.replaced(at, "]")])),
    kind("`};` for `}`", |it, _| with_role(it, "}", NodeKind::Members, |it, at| vec![it.extra(at, ";")])),
    kind("`}` for `)`", |it, _| with_role(it, ")", NodeKind::Arguments, |it, at| vec![it.replaced(at, "}")])),
    kind("`]` for `)`", |it, _| with_role(it, ")", NodeKind::Arguments, |it, at| vec![it.replaced(at, "]")])),
    kind("`[` for `(`", |it, _| pairs(it, NodeKind::Arguments, "[", "]")),
    kind("`{` for `(`", |it, _| pairs(it, NodeKind::Arguments, "{", "}")),
    kind("`(` for `<`", |it, _| pairs(it, NodeKind::TemplateArguments, "(", ")")),
    kind("`[` for `<`", |it, _| pairs(it, NodeKind::TemplateArguments, "[", "]")),
    kind("`(` for `{` of a declaration", |it, _| pairs(it, NodeKind::Members, "(", ")")),
    kind("`[` for `{` of a declaration", |it, _| pairs(it, NodeKind::Members, "[", "]")),
    kind("`()` for `[]`", |it, _| {
        let ends = it.nodes(NodeKind::ArrayExpression).map(|spot| it.last_of(spot));
        ends.map(|last| it.replaced_all(last - 1, last, "()")).collect()
    }),
    kind("`{}` for `[]`", |it, _| {
        let ends = it.nodes(NodeKind::ArrayExpression).map(|spot| it.last_of(spot));
        ends.map(|last| it.replaced_all(last - 1, last, "{}")).collect()
    }),
    kind("two dots of a spread", |it, _| with(it, "...", |it, at| vec![it.replaced(at, "..")])),
    kind("no dots of a spread", |it, _| {
        let spreads = it.nodes(NodeKind::Spread).filter(|it| it.end > it.start);
        spreads
            .map(|spot| {
                let (first, last) = (it.first_of(spot), it.last_of(spot));
                let name = it.text[it.tokens[first + 1].start..it.tokens[last].end].to_owned();
                it.replaced_all(first, last, name)
            })
            .collect()
    }),
    kind("a spread with four dots", |it, _| with(it, "...", |it, at| vec![it.replaced(at, "....").also_last(it, at)])),
    kind("a merge conflict's line", |it, _| {
        with_role(it, ";", NodeKind::Members, |it, at| {
            let slip = it.extra(at, "\n<<<<<<< HEAD").under("<<<<<<< HEAD").meaning(["resolve"]);
            let at = slip.start + 1;
            vec![slip.or(at, at + 7)]
        })
    }),
    kind("a stray letter behind a property", |it, _| {
        with_role(it, ";", NodeKind::Members, |it, at| vec![it.extra(at, "x")])
    }),
    kind("a stray back-tick", |it, _| with_role(it, ";", NodeKind::Members, |it, at| vec![it.extra(at, "`")])),
];

trait Wider {
    fn also_whole(self, source: &Source, open: usize) -> Slip;
    fn also_last(self, source: &Source, at: usize) -> Slip;
}

impl Wider for Slip {
    /// Underlining all that is enclosed is as good.
    fn also_whole(self, source: &Source, open: usize) -> Slip {
        let own = source.place(open).0;
        match source.closing(open) {
            Some(close) => self.or(own, source.tokens[close].end - 1),
            None => self,
        }
    }

    /// Underlining the last sign only is as good.
    fn also_last(self, source: &Source, at: usize) -> Slip {
        let start = source.tokens[at].start + 3;
        self.or(start, start + 1)
    }
}

fn missing(source: &Source, sign: &str, is_one: fn(&Source, usize) -> bool) -> Vec<Slip> {
    // What follows the last one of a list may be absent.
    let is_last = |at: usize| matches!(sign, ";" | ",") && matches!(source.own(at + 1), "}" | ")" | ">" | "]");
    source.with(sign).filter(|at| is_one(source, *at) && !is_last(*at)).map(|at| source.missing(at)).collect()
}

fn with(source: &Source, sign: &str, slips: fn(&Source, usize) -> Vec<Slip>) -> Vec<Slip> {
    source.with(sign).flat_map(|at| slips(source, at)).collect()
}

fn with_role(source: &Source, sign: &str, role: NodeKind, slips: fn(&Source, usize) -> Vec<Slip>) -> Vec<Slip> {
    source.with(sign).filter(|at| source.role(*at) == role).flat_map(|at| slips(source, at)).collect()
}

/// The end of a block, with its line.
fn missing_end(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let ends = source.with("}").filter(|at| source.role(*at) == NodeKind::Members && source.is_first_of_line(*at));
    ends.filter(|at| *at > 0)
        .map(|at| {
            let before = source.tokens[at - 1].end;
            let slip = Slip::new(&source.text, (before, source.tokens[at].end), "").meaning(["add `}`"]);
            slip.at(before, before + 1)
        })
        .collect()
}

fn no_closing_quote(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let texts = source.all().filter(|at| source.is_text(*at));
    texts
        .map(|at| {
            let (start, end) = source.place(at);
            let slip = Slip::new(&source.text, (end - 1, end), "").meaning(["add `\"`"]);
            let text = slip.apply(&source.text);
            let line = text[start..].find('\n').map_or(text.len(), |length| start + length);
            slip.at(start, line)
        })
        .collect()
}

/// The rest of the text with its closing quote is as good a place as the words alone, or the quote that opens nothing.
fn no_opening_quote(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let texts = source.all().filter(|at| source.is_text(*at));
    texts
        .map(|at| {
            let (start, end) = source.place(at);
            let slip = Slip::new(&source.text, (start, start + 1), "").meaning(["add `\"`", source.own(at)]);
            let text = slip.apply(&source.text);
            let line = text[start..].find('\n').map_or(text.len(), |length| start + length);
            slip.at(start, end - 1).or(start, end - 2).or(end - 2, line).or(end - 2, end - 1)
        })
        .collect()
}

fn no_quotes(source: &Source, _: &mut StdRng) -> Vec<Slip> {
    let texts = source.all().filter(|at| source.is_text(*at) && source.own(*at).len() > 2);
    texts.map(|at| source.replaced(at, source.own(at).trim_matches('"'))).collect()
}

fn access(source: &Source, sign: &str) -> Vec<Slip> {
    let dots = source
        .with(".")
        .filter(|at| source.is_in(*at, NodeKind::MemberAccess) || source.is_in(*at, NodeKind::Namespace));
    let is_dot = |at: &usize| source.tokens[*at].kind == TokenKind::Dot && source.is_identifier(at + 1);
    dots.filter(is_dot)
        .map(|at| {
            // Underlining the whole access is as good.
            let (start, end) = (source.tokens[at - 1].start, source.tokens[at + 1].end - 1 + sign.len());
            let whole = source.text[start..source.tokens[at + 1].end].to_owned();
            source.replaced(at, sign).or(start, end).meaning([".".to_owned(), whole])
        })
        .collect()
}

/// Other brackets around a list.
fn pairs(source: &Source, kind: NodeKind, open: &str, close: &str) -> Vec<Slip> {
    let lists = source.nodes(kind).filter(|spot| spot.end > spot.start + 1);
    lists
        .map(|spot| {
            let inner = &source.text[spot.start + 1..spot.end - 1];
            let slip = Slip::new(&source.text, (spot.start, spot.end), format!("{open}{inner}{close}"));
            // The sign that opens, or the whole.
            slip.at(spot.start, spot.start + 1).or(spot.start, spot.end)
        })
        .collect()
}
