//! Remedies for decorators and what they are given.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// A decorator that is not for what it stands on.
pub(super) fn misplaced(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let name = ast.text(ast.children(decorator).next()?);
    let line = place.with_line(ast.span(decorator));
    if place.code == "decorator-conflict" {
        return Some(
            Remedy::say(format!("remove `@{name}`, or the other one")).maybe(without_gap(place, decorator), ""),
        );
    }
    let wanted = place.told("since it is not assignable to ", "");
    let help = match wanted {
        Some(kind) => format!("remove `@{name}`, or move it to {}", kind_in_words(kind)),
        None => format!("remove `@{name}`"),
    };
    let span = if line.start < ast.span(decorator).start { line } else { without_gap(place, decorator) };
    Some(Remedy::say(help).maybe(span, ""))
}

fn kind_in_words(kind: &str) -> String {
    match kind {
        "Model" => "a model".to_owned(),
        "ModelProperty" => "a property".to_owned(),
        "Enum" => "an enum".to_owned(),
        "EnumMember" => "a member of an enum".to_owned(),
        "Namespace" => "a namespace".to_owned(),
        "Operation" => "an operation".to_owned(),
        "Interface" => "an interface".to_owned(),
        "Scalar" => "a scalar".to_owned(),
        "Union" => "a union".to_owned(),
        "UnionVariant" => "a variant of a union".to_owned(),
        other => format!("what it is for: {other}"),
    }
}

/// A decorator with the white space behind it.
fn without_gap(place: &Place<'_>, decorator: NodeId) -> radii_diagnostics::Span {
    let own = place.ast().span(decorator);
    let line = place.with_line(own);
    if line != own {
        return line;
    }
    let behind = place.file_text().get(own.end as usize..).unwrap_or_default();
    let gap = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    place.between(own.start, own.end + gap as u32)
}

/// Encodings by what they are for.
const ENCODINGS: [(&str, &str); 5] = [
    ("bytes", "base64"),
    ("utcDateTime", "rfc3339"),
    ("offsetDateTime", "rfc3339"),
    ("duration", "ISO8601"),
    ("plainDate", "rfc3339"),
];

/// An encoding that is for another type.
pub(super) fn encode(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let argument = ast.find(decorator, NodeKind::Arguments).and_then(|it| ast.children(it).next())?;
    let kind = place.told("cannot be used on type '", "'")?;
    let wanted = place.told("Expected: ", "")?.trim_end_matches('.');
    match ENCODINGS.iter().find(|(name, _)| kind.rsplit('.').next() == Some(*name)) {
        Some((_, encoding)) => {
            let remedy = Remedy::say(format!("write `\"{encoding}\"` for `{kind}`, or remove `@encode`"));
            Some(remedy.maybe(ast.span(argument), format!("\"{encoding}\"")))
        }
        None => {
            let help = format!("remove it; this encoding is for {wanted}");
            Some(Remedy::say(help).maybe(without_gap(place, decorator), ""))
        }
    }
}

/// A media type without a slash, or with a suffix.
pub(super) fn media_type(place: &Place<'_>) -> Option<Remedy> {
    let own = place.text().trim_matches('"');
    let written = match place.code {
        "no-mime-type-suffix" => format!("application/{}", own.rsplit('+').next()?),
        _ if own.eq_ignore_ascii_case("text") || own.eq_ignore_ascii_case("plain") => "text/plain".to_owned(),
        _ if !own.is_empty() && own.chars().all(char::is_alphanumeric) => {
            format!("application/{}", own.to_ascii_lowercase())
        }
        _ => return Some(Remedy::say("write a type and a subtype: `\"application/json\"`")),
    };
    Some(Remedy::say(format!("write `\"{written}\"`")).maybe(place.span, format!("\"{written}\"")))
}

/// A name on the wire that another member has.
pub(super) fn encoded_name(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.told("ncoded name '", "'")?;
    let remedy = Remedy::say(format!("encode it by another name than `{name}`, which another member has"));
    // The name is what is wrong, not the member that has it.
    let quoted = format!("\"{name}\"");
    let literal = ast.ancestors(place.node).take(3).find_map(|node| {
        let decorators = ast.children(node).filter(|it| ast.kind(*it) == NodeKind::Decorator);
        let lists = decorators.filter_map(|it| ast.find(it, NodeKind::Arguments));
        lists.flat_map(|list| ast.children(list)).find(|it| ast.text(*it) == quoted)
    });
    Some(match literal {
        Some(literal) => remedy.at(ast.span(literal)),
        None => remedy,
    })
}

pub(super) fn default_visibility(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let holder = ast.parent(decorator).filter(|node| ast.kind(*node) == NodeKind::Enum)?;
    let name = ast.text(ast.part(holder, 0)?);
    let members = ast.find(holder, NodeKind::Members)?;
    let is_member = |node: &NodeId| ast.kind(*node) == NodeKind::EnumMember;
    let first = ast.text(ast.part(ast.children(members).find(is_member)?, 0)?);
    let arguments = ast.span(ast.find(decorator, NodeKind::Arguments)?);
    let remedy = Remedy::say(format!("name members of `{name}`, such as `{name}.{first}`"));
    Some(remedy.maybe(arguments, format!("({name}.{first})")))
}

pub(super) fn empty_visibility(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let end = ast.find(decorator, NodeKind::Arguments).map_or(ast.span(decorator).end, |it| ast.span(it).start);
    let span = place.between(end, ast.span(decorator).end);
    Some(Remedy::say("say which, such as `(Lifecycle.Read)`, or remove it").maybe(span, "(Lifecycle.Read)"))
}

/// What is augmented but cannot be.
pub(super) fn augmented(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let statement = place.around(NodeKind::AugmentDecorator)?;
    let target = ast.find(statement, NodeKind::Arguments).and_then(|it| ast.children(it).next())?;
    let span = ast.span(target);
    if place.message.contains("template instances") {
        let name = ast.text(target).split('<').next()?.trim();
        return Some(Remedy::say(format!("augment the template: `{name}`")).maybe(span, name).at(span));
    }
    Some(Remedy::say("give the type a name, and name it here").at(span))
}

/// A variant that a discriminated union cannot hold.
pub(super) fn variant(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.told("Variant \"", "\"");
    if let (Some(name), Some(value)) = (name, place.told("but the value \"", "\"")) {
        let property = place.told("discriminator property \"", "\"")?;
        let model = place.declaration(place.text()).or_else(|| place.around(NodeKind::Model))?;
        let members = ast.children(ast.find(model, NodeKind::Members)?);
        let own = members.into_iter().find(|it| ast.part(*it, 0).is_some_and(|own| ast.text(own) == property))?;
        let literal = ast.part(own, 1).filter(|it| ast.text(*it).trim_matches('"') == value)?;
        let remedy = Remedy::say(format!("write `\"{name}\"`, or call the variant `{value}`"));
        return Some(remedy.maybe(ast.span(literal), format!("\"{name}\"")));
    }
    let variant = place.around(NodeKind::UnionVariant)?;
    let text = ast.text(variant);
    if place.message.contains("must be a model") {
        return Some(Remedy::say("name a model, or leave `envelope: \"none\"` out"));
    }
    if ast.parts(variant).count() > 1 {
        return Some(Remedy::say("declare the property in the model"));
    }
    let mut letters = text.rsplit('.').next()?.chars();
    let name = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>())?;
    let start = ast.span(variant).start;
    Some(
        Remedy::say(format!("name the variant: `{name}: {text}`"))
            .maybe(place.between(start, start), format!("{name}: ")),
    )
}

/// A regular expression with one sign too few or too many.
pub(super) fn pattern(place: &Place<'_>) -> Option<Remedy> {
    let own = place.text().strip_prefix('"')?.strip_suffix('"')?;
    let is_sound = |text: &str| crate::decorators::patterns::check(&text.replace("\\\\", "\\")).is_ok();
    let anchor = own.len() - usize::from(own.ends_with('$') && !own.ends_with("\\$"));
    let repeated = own[..anchor].trim_end_matches(['+', '*', '?']).len();
    let counted = own[..anchor].rfind('{').filter(|_| own[..anchor].ends_with('}')).unwrap_or(repeated);
    let mut tried: Vec<(String, String)> = Vec::new();
    for (sign, opens) in [("]", '['), (")", '(')] {
        if own.contains(opens) {
            let places = [counted, repeated, anchor, own.len()].into_iter();
            tried.extend(
                places.map(|at| (format!("close it with `{sign}`"), format!("{}{sign}{}", &own[..at], &own[at..]))),
            );
        }
    }
    for (at, sign) in own.char_indices().rev().filter(|(_, sign)| matches!(sign, ')' | '*' | '+' | '?' | '\\')) {
        let without = format!("{}{}", &own[..at], &own[at + 1..]);
        tried.push(match sign {
            '*' | '+' | '?' => (format!("say what is repeated: `.{sign}`"), format!("{}.{}", &own[..at], &own[at..])),
            _ => (format!("remove `{sign}`"), without),
        });
    }
    let (help, text) = tried.into_iter().find(|(_, text)| is_sound(text))?;
    let help = place.help.map_or(help.clone(), |why| format!("{why}: {help}"));
    Some(Remedy::say(help).maybe(place.span, format!("\"{text}\"")))
}

/// A resource type without its name, which mostly follows from that of the model.
pub(super) fn named(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let head = ast.children(decorator).next()?;
    let name = ast.text(head).rsplit('.').next();
    if name == Some("versioned") {
        return versions(place, ast.span(head).end, ast.span(decorator).end);
    }
    let model =
        ast.parent(decorator).filter(|node| ast.kind(*node) == NodeKind::Model && name == Some("resourceType"))?;
    let mut letters = ast.text(ast.part(model, 0)?).chars();
    let one: String = letters.next().map(|first| first.to_lowercase().chain(letters).collect())?;
    let many = match one.strip_suffix('y').filter(|rest| !rest.ends_with(['a', 'e', 'o', 'u'])) {
        Some(rest) => format!("{rest}ies"),
        None if one.ends_with(['s', 'x']) => format!("{one}es"),
        None => format!("{one}s"),
    };
    let (start, end) = (ast.span(head).end, ast.span(decorator).end);
    Some(Remedy::say(format!("name it: `(\"{many}\")`")).maybe(place.between(start, end), format!("(\"{many}\")")))
}

/// The enum of the file that is likely that of the versions.
fn versions(place: &Place<'_>, start: u32, end: u32) -> Option<Remedy> {
    let ast = place.ast();
    let mut open = vec![place.root()?];
    let mut enums = Vec::new();
    while let Some(node) = open.pop() {
        match ast.kind(node) {
            NodeKind::Enum => enums.extend(ast.part(node, 0).map(|name| ast.text(name))),
            NodeKind::Script | NodeKind::Namespace | NodeKind::Members => open.extend(ast.children(node).rev()),
            _ => {}
        }
    }
    let named = enums.iter().find(|name| name.to_ascii_lowercase().contains("version") || name.contains("elease"));
    let name = named.or_else(|| enums.first().filter(|_| enums.len() == 1))?;
    Some(
        Remedy::say(format!("name the enum of versions: `({name})`"))
            .maybe(place.between(start, end), format!("({name})")),
    )
}
