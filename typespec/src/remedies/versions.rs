//! Remedies for what comes and goes with versions.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// Something that refers to what comes later, or goes earlier.
pub(super) fn later(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let version =
        place.message.rsplit_once("added in version '").map(|(_, rest)| rest.split('\'').next().unwrap_or(""));
    let target = place.told("versioned type '", "'").or_else(|| place.told("referencing type '", "'"));
    let target = target.and_then(|name| place.declaration(name.rsplit('.').next()?));
    let words: &[&str] = if place.message.contains("removed") { &["removed"] } else { &["added", "removed"] };
    let found = target.and_then(|node| {
        words.iter().find_map(|word| Some((*word, ast.children(node).find(|it| is_called(place, *it, word))?)))
    });
    let (word, decorator) = found.map_or(("added", None), |(word, node)| (word, Some(node)));
    let help = match (decorator, version) {
        (Some(decorator), _) => format!("put `{}` before this, too", ast.text(decorator)),
        (None, Some(version)) => format!("add this in `{version}`, too"),
        (None, None) => "give both the same versions".to_owned(),
    };
    let remedy = Remedy::say(help);
    let member =
        [NodeKind::ModelProperty, NodeKind::Operation, NodeKind::Model].into_iter().find_map(|kind| place.around(kind));
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
    Remedy::say(format!("write another former name than `{name}`, or rename the property that has it now"))
}
