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
    if let Some(remedy) = empty_call(place) {
        return Some(remedy);
    }
    match place.code {
        "named-init-required" => {
            let declaration = place.declaration(text.rsplit('.').next()?)?;
            let members = ast.find(declaration, NodeKind::Members)?;
            let is_constructor = |node: &NodeId| ast.kind(*node) == NodeKind::ScalarConstructor;
            let first = ast.children(members).find(is_constructor)?;
            let name = ast.text(ast.part(first, 0)?);
            let remedy = Remedy::say(format!("write `{text}.{name}(…)`"));
            let wanted = ast.children(first).flat_map(|it| std::iter::once(it).chain(ast.children(it)));
            let wanted = wanted.filter(|it| ast.kind(*it) == NodeKind::FunctionParameter).count();
            let call = place.around(NodeKind::Call)?;
            let given = ast.find(call, NodeKind::Arguments).map_or(0, |list| ast.children(list).len());
            if wanted != given {
                return Some(remedy);
            }
            Some(remedy.surely(place.span, format!("{text}.{name}")))
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
        _ => Some(Remedy::say("only scalars make values that way: `int32(5)`; a value of a model is written `#{ … }`")),
    }
}

/// `string()` as a type: an array was meant.
fn empty_call(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let call = place.around(NodeKind::Call)?;
    let property = ast.parent(call).filter(|node| ast.kind(*node) == NodeKind::ModelProperty)?;
    let arguments = ast.find(call, NodeKind::Arguments).filter(|list| ast.children(*list).len() == 0)?;
    let is_type = ast.part(property, 1) == Some(call);
    is_type.then(|| Remedy::say("write `[]` for an array").maybe(ast.span(arguments), "[]"))
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
    // `Lifecycle, Read`
    let behind = place.file_text().get(place.span.end as usize..)?;
    let gap = behind.len() - behind.strip_prefix(',').unwrap_or(behind).trim_start().len();
    let word =
        behind[gap..].find(|it: char| !it.is_alphanumeric() && it != '_').map_or("", |end| &behind[gap..gap + end]);
    let members = place.declaration(place.text()).and_then(|it| place.ast().find(it, NodeKind::Members));
    let mut names =
        members.into_iter().flat_map(|it| place.ast().children(it)).filter_map(|it| place.ast().part(it, 0));
    if gap > 0 && !word.is_empty() && names.any(|name| place.ast().text(name) == word) {
        let member = format!("{}.{word}", place.text());
        let span = place.between(place.span.start, place.span.end + (gap + word.len()) as u32);
        return Some(Remedy::say(format!("write `{member}`")).maybe(span, member));
    }
    Some(Remedy::say(help).maybe(place.span, named))
}

/// A date of another kind: the constructor of the wanted one.
pub(super) fn constructed(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let wanted = place.message.rsplit_once("to type '")?.1.strip_suffix('\'')?;
    let is_date = ["plainDate", "plainTime", "utcDateTime", "offsetDateTime"].contains(&wanted);
    let call = place.around(NodeKind::Call).filter(|_| is_date)?;
    let text = ast.text(call);
    let given = text.split_once(".fromISO(\"")?.1.strip_suffix("\")")?;
    let (date, time) = given.split_once('T').unwrap_or((given, "00:00:00Z"));
    let written = match wanted {
        "plainDate" => date.to_owned(),
        "plainTime" => time.trim_end_matches('Z').to_owned(),
        _ => format!("{date}T{time}"),
    };
    let mended = format!("{wanted}.fromISO(\"{written}\")");
    Some(Remedy::say(format!("write `{mended}`")).maybe(ast.span(call), mended))
}

/// Something of another type, where nothing better is known.
pub(super) fn other(place: &Place<'_>) -> Option<Remedy> {
    let is_told = place.help.is_some_and(|help| !help.starts_with("write something of the type"));
    let wanted = place
        .message
        .lines()
        .next()?
        .rsplit_once("is not assignable to ")?
        .1
        .trim_start_matches("type ")
        .trim_start_matches("parameter of type ")
        .trim_matches('\'');
    let plain = wanted.trim_start_matches("valueof ");
    if is_told || plain.is_empty() {
        return None;
    }
    let bounds = match plain {
        "uint8" => " (`0` to `255`)",
        "int8" => " (`-128` to `127`)",
        "uint16" => " (`0` to `65535`)",
        "int16" => " (`-32768` to `32767`)",
        _ => "",
    };
    Some(Remedy::say(match wanted == plain {
        true => format!("write a type or value that is a `{plain}`{bounds}, or change what asks for it"),
        false => format!("write a value of type `{plain}`{bounds}"),
    }))
}

/// A list of texts where a union of them is wanted.
pub(super) fn texts(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let is_list = matches!(ast.kind(place.node), NodeKind::TupleExpression | NodeKind::ArrayLiteral);
    let texts: Vec<&str> = ast.children(place.node).map(|item| ast.text(item)).collect();
    if !is_list
        || !place.message.ends_with("'string'")
        || texts.is_empty()
        || !texts.iter().all(|text| text.starts_with('"'))
    {
        return None;
    }
    let union = texts.join(" | ");
    Some(Remedy::say(format!("write `{union}`")).maybe(place.span, union))
}

/// A model where the name of its resource type is wanted.
pub(super) fn type_by_name(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.told("Argument of type '", "'")?;
    if !place.message.contains("valueof string") {
        return None;
    }
    let model = place.declaration(place.text().rsplit('.').next()?).filter(|it| ast.kind(*it) == NodeKind::Model)?;
    let is_type = |node: &NodeId| {
        ast.kind(*node) == NodeKind::Decorator
            && ast.children(*node).next().is_some_and(|head| ast.text(head).rsplit('.').next() == Some("resourceType"))
    };
    let decorator = ast.children(model).find(is_type)?;
    let own =
        ast.children(ast.find(decorator, NodeKind::Arguments)?).next().map(|it| ast.text(it).trim_matches('"'))?;
    let (namespace, _) = name.rsplit_once('.')?;
    let text = format!("\"{namespace}/{own}\"");
    Some(Remedy::say(format!("write the type's name: `{text}`")).maybe(place.span, text))
}

/// A member where its enum is wanted.
pub(super) fn holder(place: &Place<'_>) -> Option<Remedy> {
    let (name, _) = place.text().rsplit_once('.')?;
    if !place.message.ends_with("parameter of type 'Enum'") {
        return None;
    }
    Some(Remedy::say(format!("name the enum: `{name}`")).maybe(place.span, name))
}

/// A template parameter that takes values, used as a type.
pub(super) fn value_parameter(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let name = place.text();
    if !place.message.starts_with("Template parameter") {
        return None;
    }
    let parameter = ast.ancestors(place.node).find_map(|node| {
        let list = ast.find(node, NodeKind::TemplateParameters)?;
        ast.children(list).find(|it| ast.part(*it, 0).is_some_and(|own| ast.text(own) == name))
    })?;
    let constraint = ast.parts(parameter).nth(1).filter(|it| ast.kind(*it) == NodeKind::ValueOf)?;
    let plain = ast.text(constraint).trim_start_matches("valueof").trim_start();
    let remedy = Remedy::say(format!("take types: `{name} extends {plain}`; or use it where values stand"));
    // Where it is used as a value, too, that would be the next mistake.
    let declaration = ast.parent(ast.parent(parameter)?)?;
    let words = ast.text(declaration).split(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
    if words.filter(|word| *word == name).count() > 2 {
        return Some(remedy);
    }
    Some(remedy.maybe(ast.span(constraint), plain))
}

/// `typeof` of a type.
pub(super) fn of_type(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let around = place.around(NodeKind::TypeOf)?;
    let (start, end) = (ast.span(around).start, place.span.start);
    Some(Remedy::say("remove `typeof`: this is a type already").maybe(place.between(start, end), ""))
}

/// The name of a type in quotes, where a type is wanted.
pub(super) fn quoted_name(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let is_text = ast.kind(place.node) == NodeKind::StringLiteral && !place.message.contains("valueof");
    let name = place.text().strip_prefix('"')?.strip_suffix('"').filter(|_| is_text)?;
    let declaration = place.declaration(name)?;
    let is_type =
        matches!(ast.kind(declaration), NodeKind::Model | NodeKind::Union | NodeKind::Scalar | NodeKind::Enum);
    is_type.then(|| Remedy::say("name the type: remove the quotes").maybe(place.span, name))
}

/// An object with the names of a decorator's parameters.
pub(super) fn spread_arguments(place: &Place<'_>) -> Option<Remedy> {
    let ast = place.ast();
    let decorator = place.around(NodeKind::Decorator)?;
    let arguments = ast.find(decorator, NodeKind::Arguments).filter(|list| ast.children(*list).len() == 1)?;
    if ast.kind(place.node) != NodeKind::ObjectLiteral || ast.parent(place.node) != Some(arguments) {
        return None;
    }
    let name = ast.text(ast.children(decorator).next()?).rsplit('.').next()?;
    let parameters = place.parameters_of(name)?;
    let given: Vec<(&str, &str)> = ast
        .children(place.node)
        .filter_map(|member| Some((ast.text(ast.part(member, 0)?), ast.text(ast.part(member, 1)?))))
        .collect();
    // Each in its turn, none left out before another one.
    let in_turn: Vec<&str> = parameters
        .iter()
        .map_while(|name| given.iter().find(|(own, _)| own == name).map(|(_, value)| *value))
        .collect();
    if in_turn.is_empty() || in_turn.len() != given.len() {
        return None;
    }
    let text = in_turn.join(", ");
    Some(Remedy::say(format!("give the arguments in their order: `{text}`")).maybe(place.span, text))
}
