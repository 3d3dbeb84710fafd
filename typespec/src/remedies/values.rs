//! Remedies for values where types are wanted, and the other way round.

use crate::ast::NodeId;
use crate::syntax::NodeKind;

use super::Remedy;
use super::place::Place;

/// A value as a type.
pub(super) fn as_type(place: &Place<'_>) -> Option<Remedy> {
    let kind = place.ast().kind(place.node);
    if !matches!(kind, NodeKind::ObjectLiteral | NodeKind::ArrayLiteral) {
        return None;
    }
    let sign = place.between(place.span.start, place.span.start + 1);
    Some(Remedy::say("write a type: remove the `#`").maybe(sign, ""))
}

/// An enum as a value.
pub(super) fn of_enum(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let text = place.text();
    let declaration = place.declaration(text.rsplit('.').next()?)?;
    match ast.kind(declaration) {
        NodeKind::Enum => {
            let members = ast.find(declaration, NodeKind::Members)?;
            let is_member = |node: &NodeId| ast.kind(*node) == NodeKind::EnumMember;
            let names: Vec<&str> =
                ast.children(members).filter(is_member).filter_map(|it| Some(ast.text(ast.part(it, 0)?))).collect();
            let first = format!("{text}.{}", names.first()?);
            let help = match names.as_slice() {
                [_] => format!("write its member `{first}`"),
                _ => format!("write one of its members, such as `{first}`"),
            };
            Some(Remedy::say(help).maybe(place.span, first))
        }
        NodeKind::Scalar => {
            let written = match text {
                "string" => "\"\"",
                "boolean" => "false",
                "int8" | "int16" | "int32" | "int64" | "integer" | "uint8" | "uint16" | "uint32" | "uint64"
                | "safeint" | "numeric" | "float" | "float32" | "float64" | "decimal" | "decimal128" => "0",
                _ => return None,
            };
            Some(Remedy::say(format!("write a value, such as `{written}`")).maybe(place.span, written))
        }
        _ => None,
    }
}

/// A member that an object value may not have.
pub(super) fn surplus(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let property = place.around(NodeKind::ObjectProperty)?;
    let holder = place.told("does not exist in type '", "'").unwrap_or("the type");
    let remedy = Remedy::say(format!("remove it, or declare it in `{holder}`"));
    let own = ast.span(property);
    let text = place.file_text();
    let behind = text.get(own.end as usize..)?;
    let before = text.get(..own.start as usize)?;
    let comma_behind = behind.find(',').filter(|at| behind[..*at].trim().is_empty());
    let comma_before = before.rfind(',').filter(|at| before[at + 1..].trim().is_empty());
    let span = match (comma_before, comma_behind) {
        (Some(at), None) => place.between(at as u32, own.end),
        (_, Some(at)) => {
            let gap = behind[at + 1..].len() - behind[at + 1..].trim_start_matches(' ').len();
            place.between(own.start, own.end + (at + 1 + gap) as u32)
        }
        (None, None) => own,
    };
    Some(remedy.maybe(span, ""))
}

/// Something called that makes no value that way.
pub(super) fn construction(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let text = place.text();
    match place.code {
        "named-init-required" => {
            let declaration = place.declaration(text.rsplit('.').next()?)?;
            let members = ast.find(declaration, NodeKind::Members)?;
            let is_constructor = |node: &NodeId| ast.kind(*node) == NodeKind::ScalarConstructor;
            let first = ast.children(members).find(is_constructor)?;
            let name = ast.text(ast.part(first, 0)?);
            Some(Remedy::say(format!("write `{text}.{name}(…)`")).surely(place.span, format!("{text}.{name}")))
        }
        "ambiguous-scalar-type" => {
            let example = place.told("(e.g. '", "')")?;
            Some(Remedy::say(format!("say which, such as `{example}`")).maybe(place.span, example))
        }
        "invalid-primitive-init" => {
            let call = place.around(NodeKind::Call)?;
            let arguments = ast.find(call, NodeKind::Arguments)?;
            let name = ast.text(ast.part(call, 0)?);
            let first = ast.children(arguments).next();
            let remedy = Remedy::say(format!("give one literal: `{name}(…)`"));
            Some(match first {
                Some(first) => remedy.maybe(ast.span(arguments), format!("({})", ast.text(first))),
                None => remedy,
            })
        }
        _ => Some(Remedy::say(format!(
            "only scalars make values that way: `int32(5)`; a value of a model is written `#{{ … }}`"
        ))),
    }
}

/// A discriminator that is no text.
pub(super) fn discriminator(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    if place.message.contains("already used") {
        return Some(Remedy::say("give each model a text of its own"));
    }
    let property = place.around(NodeKind::ModelProperty)?;
    let model = place.around(NodeKind::Model)?;
    let kind = ast.span(ast.parts(property).nth(1)?);
    let name = ast.text(ast.part(model, 0)?);
    let mut letters = name.chars();
    let text = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>())?;
    let remedy = Remedy::say(format!("write the text that tells this model: `\"{text}\"`"));
    Some(remedy.maybe(kind, format!("\"{text}\"")))
}

/// An argument for which one was named that would do.
pub(super) fn example(place: &Place<'_>) -> Option<Remedy> {
    let help = place.help?;
    let named = help.strip_prefix("name one of its members, such as `")?.strip_suffix('`')?;
    Some(Remedy::say(help).maybe(place.span, named))
}
