//! Remedies for names and directives.

use radii_diagnostics::Span;

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::{Place, word};

/// The members that are reached by `::`.
const META: [&str; 3] = ["type", "parameters", "returnType"];

/// A dot where two colons are meant.
pub(super) fn member(place: &Place<'_>) -> Option<Remedy> {
    let name = place.text();
    let before = place.file_text().get(..place.span.start as usize)?;
    if place.message.starts_with("Namespace ") {
        return elsewhere(place);
    }
    if !META.contains(&name) || !before.ends_with('.') {
        return None;
    }
    let dot = place.between(place.span.start - 1, place.span.start);
    Some(Remedy::say(format!("write `::{name}`")).surely(dot, "::"))
}

/// Something that another namespace has.
fn elsewhere(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let declaration = place.declaration(place.text())?;
    let program = place.program;
    let full = program.full_name(program.type_of_node(declaration)?);
    // What the namespaces around have in common with it need not be written.
    let around = ast.ancestors(place.node).find_map(|node| program.namespace_of(program.type_of_node(node)?));
    let around = around.map_or_else(String::new, |namespace| program.full_name(namespace));
    let shared = full.split('.').zip(around.split('.')).take_while(|(one, other)| one == other).count();
    let full =
        full.split('.').skip(shared.min(full.matches('.').count().saturating_sub(1))).collect::<Vec<_>>().join(".");
    let access = place.around(NodeKind::MemberAccess)?;
    let own = ast.span(access);
    // The access as far as the unknown name.
    let span = place.between(own.start, place.span.end);
    (ast.text_at(span) != full).then(|| Remedy::say(format!("it is `{full}`")).maybe(span, full))
}

/// A name that several namespaces have.
pub(super) fn ambiguous(place: &Place<'_>) -> Option<Remedy> {
    let names: Vec<&str> = place.told("fully qualified name instead: ", "")?.split(", ").collect();
    let shown: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let sign = if place.text().starts_with('@') { "@" } else { "" };
    let remedy = Remedy::say(format!("say which: {}", shown.join(" or ")));
    Some(remedy.maybe(place.span, format!("{sign}{}", names.first()?)))
}

/// A `using` of what is no namespace.
pub(super) fn using(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let statement = place.around(NodeKind::Using)?;
    let name = ast.text(ast.part(statement, 0)?);
    let (namespace, own) = name.rsplit_once('.').map_or((None, name), |(before, own)| (Some(before), own));
    let what = place.declaration(own).map_or("no namespace", |node| word(ast.kind(node)));
    if let Some(namespace) = namespace {
        let remedy = Remedy::say(format!("`{own}` is {what}: write `{namespace}`, the namespace that holds it"));
        return Some(remedy.maybe(ast.span(ast.part(statement, 0)?), namespace));
    }
    let remedy = Remedy::say(format!("`{own}` is {what}, and can be named without a `using`: remove it"));
    Some(remedy.maybe(place.with_line(ast.span(statement)), ""))
}

/// What is said to be used in place of something deprecated.
pub(super) fn deprecated(place: &Place<'_>) -> Option<Remedy> {
    let advice = place.told("Deprecated: ", "").unwrap_or_default();
    let mut words = advice.split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '.' | '@')));
    let own = place.text();
    let named = words.find(|word| {
        let plain = word.trim_matches('.').trim_start_matches('@');
        plain != own && !plain.is_empty() && place.declaration(plain).is_some()
    });
    let silence = "`#suppress \"deprecated\" \"reason\"`";
    Some(match named.map(|name| name.trim_matches('.').trim_start_matches('@')) {
        Some(name) => Remedy::say(format!("write `{name}`")).maybe(place.span, name),
        None => Remedy::say(format!("do as the message says, or keep it and put {silence} before it")),
    })
}

/// A directive that does nothing.
pub(super) fn directive(place: &Place<'_>) -> Remedy {
    let span = match place.around(NodeKind::Directive) {
        Some(node) => place.ast().span(node),
        None => place.span,
    };
    let help = match place.code {
        "suppress-error" => "remove it and mend the error; only warnings can be suppressed",
        _ => "remove this one",
    };
    Remedy::say(help).maybe(place.with_line(span), "")
}

/// The second `#deprecated` of a declaration.
pub(super) fn second_deprecation(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let is_deprecation = |node: &NodeId| {
        ast.kind(*node) == NodeKind::Directive
            && ast.text(*node).trim_start_matches('#').trim().starts_with("deprecated")
    };
    let last = ast.ancestors(place.node).find_map(|node| {
        let all: Vec<NodeId> = ast.children(node).filter(is_deprecation).collect();
        (all.len() > 1).then(|| all[all.len() - 1])
    })?;
    let own = trimmed(place, ast.span(last));
    Some(Remedy::say("remove one of the two").maybe(place.with_line(own), ""))
}

/// A deprecation whose message is no text.
pub(super) fn deprecation(place: &Place<'_>) -> Option<Remedy> {
    let text = place.text();
    let is_word = !text.is_empty() && text.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    let remedy = Remedy::say("put the message in quotes");
    Some(if is_word {
        remedy.maybe(place.span, format!("\"{text}\""))
    } else {
        Remedy::say("say what to use instead: `#deprecated \"use …\"`")
    })
}

fn trimmed(place: &Place<'_>, span: Span) -> Span {
    let text = place.ast().text_at(span);
    place.between(span.start, span.start + text.trim_end().len() as u32)
}
