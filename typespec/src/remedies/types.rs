//! Remedies for types that are of another kind than what is wanted.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::{Place, word};

/// What a name is that was written where something else is wanted.
fn what(place: &Place<'_>) -> String {
    let text = place.text();
    match place.declaration(text) {
        Some(node) => format!("`{text}` is {}", word(place.ast().kind(node))),
        None => format!("`{text}` is none"),
    }
}

/// A model that extends or is no model.
pub(super) fn base(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let Some(model) = place.around(NodeKind::Model) else {
        return Some(Remedy::say("name a scalar here"));
    };
    let declared = place.declaration(place.text()).map(|node| ast.kind(node));
    if declared == Some(NodeKind::Scalar) {
        let scalar = as_scalar(place, model);
        let help = "write a `scalar`: it is a text, number or date of another name";
        return Some(scalar.map_or_else(|| Remedy::say(help), |text| Remedy::say(help).maybe(ast.span(model), text)));
    }
    let help = match (ast.kind(place.node), declared) {
        (NodeKind::ModelExpression, _) => "give the expression a name: `model Base { … }`; or spread it: `...{ … }`",
        (_, Some(NodeKind::Enum | NodeKind::Union)) => "make it the type of a property: a model extends a model only",
        _ => "name a model; properties can refer to any type",
    };
    Some(Remedy::say(help))
}

/// A model without members, as the scalar that was meant.
fn as_scalar(place: &Place<'_>, model: NodeId) -> Option<String> {
    let ast = place.ast();
    let has_members = ast.find(model, NodeKind::Members).is_some_and(|it| ast.children(it).len() > 0);
    let own = ast.text(model);
    let at = own.find("model ")?;
    let end = own.rfind(place.text())? + place.text().len();
    let head = own.get(at + 6..end)?.replacen(" is ", " extends ", 1);
    (!has_members).then(|| format!("{}scalar {head};", &own[..at]))
}

/// An operation that is no operation.
pub(super) fn signature(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let operation = place.around(NodeKind::Operation)?;
    let name = ast.span(ast.parts(operation).next()?);
    let text = place.text();
    let remedy = Remedy::say(format!("{}, no operation; what gives one is written `(): {text}`", what(place)));
    Some(remedy.maybe(place.between(name.end, place.span.end), format!("(): {text}")))
}

pub(super) fn interface(place: &Place<'_>) -> Remedy {
    Remedy::say(format!("{}; name an interface, or remove the `extends`", what(place)))
}

/// Something that cannot be spread.
pub(super) fn spread(place: &Place<'_>) -> Option<Remedy> {
    if place.message.contains("own declaration") {
        let spread = place.around(NodeKind::Spread)?;
        let line = place.with_line(place.ast().span(spread));
        return Some(Remedy::say("remove it: a model cannot hold itself").maybe(line, ""));
    }
    let wanted = match place.code {
        "spread-enum" => "name an enum",
        "spread-object" => "name a constant that is an object value `#{ … }`",
        _ => "name a model, or write a property: `name: type`",
    };
    Some(Remedy::say(format!("{}; {wanted}", what(place))))
}

/// Something joined by `&` that is no model.
pub(super) fn intersection(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let node = place.around(NodeKind::IntersectionExpression)?;
    let remedy = Remedy::say("`&` joins the properties of models; for one or the other write `|`");
    let parts: Vec<NodeId> = ast.parts(node).collect();
    let [one, other] = parts.as_slice() else { return Some(remedy) };
    let text = format!("{} | {}", ast.text(*one), ast.text(*other));
    Some(remedy.maybe(ast.span(node), text))
}

/// A property that both sides of `&` have.
pub(super) fn shared_property(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.told("property definitions for ", "")?.split('.').next_back()?.trim();
    let node = place.around(NodeKind::IntersectionExpression)?;
    let last = ast.parts(node).last()?;
    let text = format!("OmitProperties<{}, \"{name}\">", ast.text(last));
    Some(Remedy::say(format!("leave `{name}` out of one of them: `{text}`")).maybe(ast.span(last), text))
}

/// An argument that is given again, or by its position behind named ones.
pub(super) fn template_argument(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    if place.message.contains("again") {
        let argument = ast.span(place.around(NodeKind::TemplateArgument)?);
        let before = place.file_text().get(..argument.start as usize)?;
        let comma = before.rfind(',').filter(|at| before[at + 1..].trim().is_empty()).map(|at| at as u32);
        let span = place.between(comma.unwrap_or(argument.start), argument.end);
        return Some(Remedy::say("remove it").maybe(span, ""));
    }
    let is_unknown = place.message.starts_with("No parameter named");
    if !place.message.starts_with("Positional") && !is_unknown {
        return None;
    }
    let argument = place.around(NodeKind::TemplateArgument)?;
    let list = ast.parent(argument)?;
    let given: Vec<&str> = ast.children(list).map(|it| ast.text(it).split('=').next().unwrap_or("").trim()).collect();
    let head = ast.text(ast.part(ast.parent(list)?, 0)?);
    let declaration = place.declaration(head.rsplit('.').next()?)?;
    let parameters = ast.find(declaration, NodeKind::TemplateParameters)?;
    let mut names = ast.children(parameters).filter_map(|it| Some(ast.text(ast.part(it, 0)?)));
    if is_unknown {
        let places = ast.children(list).take_while(|it| !ast.text(*it).contains('=')).count();
        let left: Vec<&str> = names.skip(places).filter(|name| !given.contains(name)).collect();
        let shown: Vec<String> = left.iter().map(|name| format!("`{name}`")).collect();
        let remedy = Remedy::say(format!("it takes {}", shown.join(", ")));
        return match left.as_slice() {
            [] => Some(Remedy::say("remove it")),
            [only] => Some(remedy.maybe(ast.span(ast.part(argument, 0)?), *only)),
            _ => Some(remedy),
        };
    }
    let name = names.find(|name| !given.contains(name))?;
    let at = ast.span(argument).start;
    Some(Remedy::say(format!("name it, too: `{name} = …`")).maybe(place.between(at, at), format!("{name} = ")))
}

/// A template parameter that hides one around.
pub(super) fn shadow(place: &Place<'_>) -> Option<Remedy> {
    let name = place.text();
    Some(Remedy::say(format!("give it another name than `{name}`, or remove it to use the outer one")))
}
