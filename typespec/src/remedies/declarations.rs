//! Remedies for declarations and their members.

use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// A required parameter behind an optional one.
pub(super) fn optional_too(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let own = place.around(NodeKind::FunctionParameter)?;
    let name = ast.span(ast.parts(own).next()?);
    let shown = ast.text_at(name);
    let remedy = Remedy::say(format!("write `{shown}?`, or move it before the optional ones"));
    Some(remedy.maybe(place.between(name.end, name.end), "?"))
}

/// The `?` of a parameter that has to be there, or a first parameter that is missing.
pub(super) fn question(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let own = place.around(NodeKind::FunctionParameter).or_else(|| {
        let declaration = place.around(NodeKind::DecoratorDeclaration)?;
        let lists = ast.children(declaration).chain(ast.children(declaration).flat_map(|it| ast.children(it)));
        lists.into_iter().find(|it| ast.kind(*it) == NodeKind::FunctionParameter)
    });
    let Some(own) = own else { return missing_target(place) };
    let name = ast.span(ast.parts(own).next()?);
    let rest = place.file_text().get(name.end as usize..)?;
    let at = rest.find('?').filter(|at| rest[..*at].trim().is_empty())? as u32 + name.end;
    let remedy = Remedy::say("remove the `?`").surely(place.between(at, at + 1), "");
    Some(match place.code {
        "decorator-decl-target" => remedy.at(ast.span(own)),
        _ => remedy,
    })
}

fn missing_target(place: &Place<'_>) -> Option<Remedy> {
    let text = place.text();
    let open = place.span.start + text.find('(')? as u32 + 1;
    let remedy = Remedy::say("name what it stands on first: `target: unknown`");
    Some(remedy.maybe(place.between(open, open), "target: unknown"))
}

pub(super) fn rest_of_array(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let own = place.around(NodeKind::FunctionParameter)?;
    let end = ast.span(ast.parts(own).last()?).end;
    Some(Remedy::say("write an array: add `[]`").maybe(place.between(end, end), "[]"))
}

/// A modifier that does not belong here, or one that is missing.
pub(super) fn modifier(place: &Place<'_>) -> Option<Remedy> {
    if place.message.contains("missing") {
        let ast = place.ast();
        let kinds = [NodeKind::DecoratorDeclaration, NodeKind::FunctionDeclaration];
        let declaration = kinds.into_iter().find_map(|kind| place.around(kind))?;
        let word = if ast.kind(declaration) == NodeKind::DecoratorDeclaration { "dec" } else { "fn" };
        let text = ast.text(declaration);
        let keyword = ast.span(declaration).start + word_at(text, word)? as u32;
        let remedy = Remedy::say(format!("write `extern {word}`"));
        return Some(remedy.surely(place.between(keyword, keyword), "extern "));
    }
    let own = place.text();
    let behind = place.file_text().get(place.span.end as usize..)?;
    let gap = (behind.len() - behind.trim_start_matches([' ', '\t']).len()) as u32;
    let remedy = Remedy::say(format!("remove `{own}`"));
    Some(remedy.surely(place.between(place.span.start, place.span.end + gap), ""))
}

/// Where a word stands that is no part of another one.
fn word_at(text: &str, word: &str) -> Option<usize> {
    let is_part = |sign: Option<char>| sign.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
    let mut found = text.match_indices(word).map(|(at, _)| at);
    found.find(|at| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

/// Something that is made of itself.
pub(super) fn circle(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.text();
    Some(match place.code {
        "circular-constraint" => {
            let own = place.around(NodeKind::TemplateParameter)?;
            let mut parts = ast.parts(own);
            let (name, constraint) = (ast.span(parts.next()?), ast.span(parts.next()?));
            Remedy::say("remove the constraint, or name another type")
                .maybe(place.between(name.end, constraint.end), "")
        }
        "circular-op-signature" => Remedy::say("write its parameters and its result out, or name another operation"),
        "circular-alias-type" => Remedy::say(format!("write the type that `{name}` stands for")),
        "circular-const" => Remedy::say(format!("write the value of `{name}`")),
        _ => Remedy::say(format!("write the type of `{name}` out")),
    })
}

/// A member whose name another one has.
pub(super) fn twice(place: &Place<'_>) -> Option<Remedy> {
    if place.code == "extends-interface-duplicate" {
        let operation = place.told("is named ", "").unwrap_or("operation");
        return Some(Remedy::say(format!("rename `{operation}` in one of them, or extend only one of them")));
    }
    let ast = place.ast();
    let kinds = [
        NodeKind::Operation,
        NodeKind::ScalarConstructor,
        NodeKind::UnionVariant,
        NodeKind::EnumMember,
        NodeKind::Spread,
    ];
    let member = kinds.into_iter().find_map(|kind| place.around(kind))?;
    let remedy = Remedy::say("give one of them another name, or remove it");
    Some(remedy.maybe(place.with_line(ast.span(member)), ""))
}

/// A property that an inherited one does not allow.
pub(super) fn overridden(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let property = place.around(NodeKind::ModelProperty)?;
    let mut parts = ast.parts(property);
    let name = ast.span(parts.next()?);
    if place.message.contains("overridden as optional") {
        let rest = place.file_text().get(name.end as usize..)?;
        let at = rest.find('?').filter(|at| rest[..*at].trim().is_empty())? as u32 + name.end;
        return Some(Remedy::say("remove the `?`").surely(place.between(at, at + 1), ""));
    }
    let inherited = place.told("cannot override type ", "")?;
    let own = ast.span(parts.next()?);
    let help = format!("write `{inherited}` as inherited, or a type that is assignable to it; or rename the property");
    let is_name = inherited.chars().all(|sign| sign.is_alphanumeric() || "._[]<>\"| ".contains(sign));
    Some(if is_name { Remedy::say(help).maybe(own, inherited) } else { Remedy::say(help) })
}

/// A property of a model that is an array.
pub(super) fn array_property(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let kinds = [NodeKind::ModelProperty, NodeKind::Spread];
    let member = kinds.into_iter().find_map(|kind| place.around(kind))?;
    let remedy = Remedy::say("remove it: an array has items only; or make the array a property of a model");
    Some(remedy.maybe(place.with_line(ast.span(member)), ""))
}

/// A property that the members of a record leave no room for.
pub(super) fn indexed(place: &Place<'_>) -> Option<Remedy> {
    let wanted = place.message.rsplit_once("is not assignable to type '")?.1.split('\'').next()?;
    let help =
        format!("write `{wanted}`, as every member of the record is, or spread the record: `...Record<{wanted}>`");
    let is_plain = wanted.chars().all(|sign| sign.is_alphanumeric() || "._[]".contains(sign));
    let remedy = Remedy::say(help);
    let is_type = !matches!(place.ast().kind(place.node), NodeKind::Identifier)
        || place.ast().kind(place.ast().parent(place.node)?) == NodeKind::Reference;
    Some(if is_plain && is_type { remedy.maybe(place.span, wanted) } else { remedy })
}

/// Something that is off until the configuration turns it on.
pub(super) fn feature(place: &Place<'_>) -> Option<Remedy> {
    if place.code == "experimental-feature" {
        let help = "turn it on in tspconfig.yaml: `features: [function-declarations]`, or put \
                    `#suppress \"experimental-feature\" \"…\"` before it";
        return Some(Remedy::say(help));
    }
    if place.code == "union-extends-disabled" {
        let ast = place.ast();
        let union = place.around(NodeKind::Union)?;
        let name = ast.span(ast.parts(union).next()?);
        let remedy = Remedy::say("remove `extends …`, or turn `union-extends` on in tspconfig.yaml");
        return Some(remedy.maybe(place.between(name.end, place.span.end), ""));
    }
    Some(Remedy::say("write `extern` in place of `auto`, or turn `auto-decorators` on in tspconfig.yaml"))
}
