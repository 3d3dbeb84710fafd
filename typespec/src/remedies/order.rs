//! What stands in the wrong order.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// An import behind something else goes to the top of its file.
pub(super) fn import(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let statement = place.around(NodeKind::Import)?;
    let root = place.root()?;
    if ast.parent(statement) != Some(root) {
        return Some(Remedy::say("imports stand at the top of a file, outside of every block"));
    }
    let first = ast.children(root).find(|node| ast.kind(*node) != NodeKind::Import)?;
    let remedy = Remedy::say("move the import to the top of the file");
    Some(match moved(place, statement, begin(place, first)) {
        Some((span, text)) => remedy.surely(span, text),
        None => remedy,
    })
}

/// A namespace without a block goes before the first declaration.
pub(super) fn namespace(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let statement = place.around(NodeKind::Namespace)?;
    let root = place.root()?;
    if ast.parent(statement) != Some(root) {
        return Some(Remedy::say("inside of a block, a namespace needs a block of its own: `namespace Name { … }`"));
    }
    let is_declaration = |node: &NodeId| !matches!(ast.kind(*node), NodeKind::Import | NodeKind::Using);
    let first = ast.children(root).find(is_declaration)?;
    let remedy = Remedy::say("move the namespace before the first declaration");
    Some(match moved(place, statement, begin(place, first)) {
        Some((span, text)) => remedy.maybe(span, text),
        None => remedy,
    })
}

pub(super) fn second_namespace(place: &Place<'_>) -> Remedy {
    let name = place.text().trim_start_matches("namespace").trim().trim_end_matches(';').trim();
    Remedy::say(format!(
        "put `{name}` into a file of its own, or give each namespace a block: `namespace {name} {{ … }}`"
    ))
}

/// Where a statement begins, with the comment before it.
fn begin(place: &Place<'_>, node: NodeId) -> u32 {
    let ast = place.ast();
    let own = ast.span(node).start;
    ast.doc_comments(node).first().map_or(own, |(start, _)| own.min(*start))
}

/// The text between a place and a statement, with the statement first.
fn moved(place: &Place<'_>, statement: NodeId, to: u32) -> Option<(radii_diagnostics::Span, String)> {
    let ast = place.ast();
    let own = ast.span(statement);
    let start = begin(place, statement);
    if to >= start {
        return None;
    }
    let text = place.file_text();
    let before = text.get(to as usize..start as usize)?.trim_end();
    let statement = text.get(start as usize..own.end as usize)?;
    Some((place.between(to, own.end), format!("{statement}\n{before}")))
}

/// A template parameter that needs one behind it, or stands behind one with a default.
pub(super) fn template_parameter(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let own = place.around(NodeKind::TemplateParameter)?;
    let list = ast.parent(own)?;
    let others: Vec<NodeId> = ast.children(list).filter(|it| ast.kind(*it) == NodeKind::TemplateParameter).collect();
    let at = others.iter().position(|it| *it == own)?;
    if place.code == "default-required" {
        let first = others.iter().position(|it| ast.has(*it, crate::ast::Mark::Equals))?;
        let remedy = Remedy::say(format!("give it a default, too, or move it before `{}`", name(place, others[first])));
        return Some(swapped(place, remedy, others[first], own, &others[first..=at]));
    }
    let wanted = place.text();
    let target = *others.iter().find(|it| name(place, **it) == wanted)?;
    if target == own {
        return Some(Remedy::say("a parameter cannot be its own default; write another type"));
    }
    let remedy = Remedy::say(format!("move `{}` behind `{wanted}`, or write another default", name(place, own)));
    let to = others.iter().position(|it| *it == target)?;
    if to < at {
        return Some(remedy);
    }
    Some(swapped(place, remedy, own, target, &others[at..=to]))
}

fn name<'p>(place: &Place<'p>, parameter: NodeId) -> &'p str {
    place.ast().parts(parameter).next().map_or("", |it| place.ast().text(it))
}

/// Puts the last one of a run of neighbours before the others.
fn swapped(place: &Place<'_>, remedy: Remedy, first: NodeId, last: NodeId, run: &[NodeId]) -> Remedy {
    let ast = place.ast();
    let (from, to) = (ast.span(first).start, ast.span(last).end);
    let others: Vec<&str> = run.iter().filter(|it| **it != last).map(|it| ast.text(*it)).collect();
    remedy.maybe(place.between(from, to), format!("{}, {}", ast.text(last), others.join(", ")))
}

/// A rest parameter that is not the last one.
pub(super) fn rest_parameter(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let own = place.around(NodeKind::FunctionParameter)?;
    let list = ast.parent(own)?;
    let all: Vec<NodeId> = ast.children(list).filter(|it| ast.kind(*it) == NodeKind::FunctionParameter).collect();
    let at = all.iter().position(|it| *it == own)?;
    let (from, to) = (ast.span(own).start, ast.span(*all.last()?).end);
    let behind: Vec<&str> = all[at + 1..].iter().map(|it| ast.text(*it)).collect();
    let text = format!("{}, {}", behind.join(", "), ast.text(own));
    Some(Remedy::say("move it to the end").maybe(place.between(from, to), text))
}
