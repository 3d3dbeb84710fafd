//! Remedies for what comes and goes with versions.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// Something that refers to what comes later, or goes earlier.
pub(super) fn later(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let removed = place.message.contains("removed");
    let word = if removed { "removed" } else { "added" };
    let version = place.message.rsplit_once("added in version '").map(|(_, rest)| rest.split('\'').next().unwrap_or(""));
    let target = place.told("versioned type '", "'").or_else(|| place.told("referencing type '", "'"));
    let target = target.and_then(|name| place.declaration(name.rsplit('.').next()?));
    let decorator = target.and_then(|node| ast.children(node).find(|it| is_called(place, *it, word)));
    let words = match (decorator, version) {
        (Some(decorator), _) => format!("put `{}` before this, too", ast.text(decorator)),
        (None, Some(version)) => format!("add this in `{version}`, too"),
        (None, None) => "give both the same versions".to_owned(),
    };
    let remedy = Remedy::say(words);
    let member = [NodeKind::ModelProperty, NodeKind::Operation, NodeKind::Model]
        .into_iter()
        .find_map(|kind| place.around(kind));
    let (Some(decorator), Some(member)) = (decorator, member) else { return Some(remedy) };
    let text = ast.text(decorator);
    if let Some(own) = ast.children(member).find(|it| is_called(place, *it, word)) {
        return Some(remedy.maybe(ast.span(own), text));
    }
    let start = ast.span(member).start;
    let line = place.file_text().get(..start as usize)?.rsplit('\n').next()?;
    let indent = &line[..line.len() - line.trim_start().len()];
    Some(remedy.maybe(place.between(start, start), format!("{text}\n{indent}")))
}

fn is_called(place: &Place<'_>, node: NodeId, name: &str) -> bool {
    let ast = place.ast();
    ast.kind(node) == NodeKind::Decorator
        && ast.children(node).next().is_some_and(|head| ast.text(head).rsplit('.').next() == Some(name))
}

/// A former name that another property has.
pub(super) fn taken(place: &Place<'_>) -> Remedy {
    let name = place.told("Property '", "'").unwrap_or("property");
    let remedy =
        Remedy::say(format!("write another former name than `{name}`, or rename the property that has it now"));
    match former_name(place, name) {
        Some(literal) => remedy.at(literal),
        None => remedy,
    }
}

/// Where a model says that one of its properties had a name.
fn former_name(place: &Place<'_>, name: &str) -> Option<radii_diagnostics::Span> {
    let ast = place.ast();
    let members = ast.find(place.around(NodeKind::Model)?, NodeKind::Members)?;
    let decorators = ast.children(members).flat_map(|member| ast.children(member));
    let wanted = format!("\"{name}\"");
    let mut lists = decorators
        .filter(|it| is_called(place, *it, "renamedFrom"))
        .filter_map(|it| ast.find(it, NodeKind::Arguments));
    lists.find_map(|list| ast.children(list).find(|it| ast.text(*it) == wanted)).map(|literal| ast.span(literal))
}
