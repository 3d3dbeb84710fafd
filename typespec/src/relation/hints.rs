//! What to write instead: guesses at what was meant where something is not assignable.

use std::sync::Arc;

use crate::ast::NodeId;
use crate::checker::similar;
use crate::numeric::Numeric;
use crate::program::{Enum, EnumMember, EnumValue, Intrinsic, Number, Origin, Program, TypeId, TypeKind, Union};
use crate::syntax::NodeKind;

use super::scalars::{self, range_of};
use super::{derives_from_standard, fits_scalar};

/// A guess at what was meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// What to do about it.
    pub help: Option<String>,
    /// What to write in place of the literal.
    pub replacement: Option<String>,
}

impl Hint {
    fn write(replacement: impl Into<String>) -> Self {
        let replacement = replacement.into();
        Self { help: Some(format!("write `{replacement}`")), replacement: Some(replacement) }
    }

    fn say(help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), replacement: None }
    }
}

/// Guesses what was meant by a literal that is not assignable.
pub(super) fn hint(program: &Program, source: TypeId, target: TypeId) -> Hint {
    match (&program[source].kind, &program[target].kind) {
        (TypeKind::String(text), _) => text_hint(program, text, target),
        (TypeKind::Number(number), TypeKind::Scalar(_)) if derives_from_standard(program, target, "boolean") => {
            match &*number.text {
                "0" => Hint::write("false"),
                "1" => Hint::write("true"),
                _ => Hint::say("write `true` or `false`"),
            }
        }
        (TypeKind::Number(number), TypeKind::Scalar(_)) => number_hint(program, number, target),
        (TypeKind::Boolean(truth), TypeKind::Scalar(_)) if derives_from_standard(program, target, "string") => {
            Hint::write(format!("\"{truth}\""))
        }
        (TypeKind::EnumMember(member), TypeKind::Scalar(_)) => member_hint(program, member, target),
        (TypeKind::EnumMember(member), TypeKind::Enum(wanted)) => wanted
            .members
            .get(&member.name)
            .map(|_| Hint::write(format!("{}.{}", wanted.name, member.name)))
            .unwrap_or_default(),
        (TypeKind::Tuple(types), TypeKind::Model(_)) => members_hint(program, types.iter().copied()),
        (TypeKind::Union(union), TypeKind::Model(_)) => {
            let variants = union.variants.iter().filter_map(|id| program.variant(*id));
            members_hint(program, variants.map(|variant| variant.ty))
        }
        (TypeKind::Intrinsic(Intrinsic::Null), _) => {
            Hint::say(format!("`{}` has no `null`; add `| null` to the type", program.type_name(target)))
        }
        (TypeKind::Number(number), TypeKind::Union(union)) => {
            let same = |ty: TypeId| matches!(&program[ty].kind, TypeKind::String(text) if **text == *number.text);
            let mut variants = union.variants.iter().filter_map(|id| program.variant(*id));
            match variants.any(|variant| same(variant.ty)) {
                true => Hint::write(format!("\"{}\"", number.text)),
                false => wanted_help(program, target),
            }
        }
        (TypeKind::Number(number), TypeKind::Enum(it)) => {
            let mut members = it.members.ids().filter_map(|id| program.enum_member(id));
            let same = |member: &&EnumMember| matches!(&member.value, Some(EnumValue::Number(value)) if value.to_string() == *number.text);
            match members.find(same) {
                Some(member) => Hint::write(format!("{}.{}", it.name, quoted(&member.name))),
                None => wanted_help(program, target),
            }
        }
        (TypeKind::Number(_) | TypeKind::Boolean(_), _) => wanted_help(program, target),
        _ => Hint::default(),
    }
}

fn text_hint(program: &Program, text: &Arc<str>, target: TypeId) -> Hint {
    match &program[target].kind {
        TypeKind::Enum(it) => enum_hint(program, text, it),
        TypeKind::Union(union) => union_hint(program, text, union),
        TypeKind::Scalar(scalar) => {
            let derives = |name| derives_from_standard(program, target, name);
            if derives("numeric") {
                let number = Numeric::parse(text).filter(|number| fits_scalar(program, number, target));
                return number.map_or_else(|| wanted_help(program, target), |_| Hint::write(&**text));
            }
            if derives("boolean") {
                return match text.to_ascii_lowercase().as_str() {
                    known @ ("true" | "false") => Hint::write(known),
                    "yes" | "on" | "1" => Hint::write("true"),
                    "no" | "off" | "0" => Hint::write("false"),
                    _ => wanted_help(program, target),
                };
            }
            if scalar.constructors.contains("fromISO") {
                return Hint::write(format!("{}.fromISO(\"{text}\")", scalar.name));
            }
            if derives("string") {
                return Hint::say(length_help(program, target));
            }
            Hint::default()
        }
        TypeKind::Model(model) if &*model.name == "EnumMember" && program.is_standard_namespace(model.namespace) => {
            written_member(program, text).map(Hint::write).unwrap_or_default()
        }
        TypeKind::Model(model)
            if program.is_standard_namespace(model.namespace) && is_declared(program, &model.name, text) =>
        {
            Hint::write(&**text)
        }
        TypeKind::Model(model) if program.is_array(target) => {
            // A list of the one text, where texts are what it holds.
            let takes_texts =
                model.indexer.is_some_and(|indexer| derives_from_standard(program, indexer.value, "string"));
            if takes_texts { Hint::write(format!("#[\"{text}\"]")) } else { wanted_help(program, target) }
        }
        _ => wanted_help(program, target),
    }
}

/// What may be written where a type is wanted.
fn wanted_help(program: &Program, target: TypeId) -> Hint {
    let name = program.type_name(target);
    match &program[target].kind {
        TypeKind::Scalar(_) => {
            let derives = |name| derives_from_standard(program, target, name);
            match () {
                () if derives("boolean") => Hint::say("write `true` or `false`"),
                () if derives("integer") => Hint::say(format!("write a whole number: `{name}` takes nothing else")),
                () if derives("numeric") => Hint::say(format!("write a number: `{name}` takes nothing else")),
                () if derives("string") => Hint::say("write a text in double quotes"),
                () => Hint::default(),
            }
        }
        TypeKind::Enum(it) => {
            let members = it.members.ids().filter_map(|id| program.enum_member(id)).take(8);
            let names: Vec<String> = members.map(|member| format!("`{}.{}`", it.name, member.name)).collect();
            if names.is_empty() { Hint::default() } else { Hint::say(format!("there are {}", names.join(", "))) }
        }
        TypeKind::Model(_) if program.is_array(target) => Hint::say("write a list: `#[…]`"),
        TypeKind::Model(model) if model.name.is_empty() || !program.is_standard_namespace(model.namespace) => {
            Hint::say(format!("write an object value with the properties of `{name}`: `#{{…}}`"))
        }
        _ => Hint::default(),
    }
}

/// Whether the project declares something of a kind (`Enum`, `Model`, …) by a name.
fn is_declared(program: &Program, kind: &str, name: &str) -> bool {
    let wanted = match kind {
        "Enum" => NodeKind::Enum,
        "Model" => NodeKind::Model,
        "Scalar" => NodeKind::Scalar,
        "Union" => NodeKind::Union,
        _ => return false,
    };
    let ast = &program.ast;
    let mut open: Vec<NodeId> = program.files.iter().map(|file| file.root).collect();
    while let Some(node) = open.pop() {
        match ast.kind(node) {
            NodeKind::Script | NodeKind::Namespace | NodeKind::Members => open.extend(ast.children(node)),
            own if own == wanted && ast.parts(node).next().is_some_and(|it| ast.text(it) == name) => return true,
            _ => {}
        }
    }
    false
}

/// The members of enums that a list or union holds, as arguments.
fn members_hint(program: &Program, types: impl Iterator<Item = TypeId>) -> Hint {
    let names: Option<Vec<String>> = types
        .map(|ty| {
            let member = program.enum_member(ty)?;
            Some(format!("{}.{}", program.name_of(member.enumeration)?, quoted(&member.name)))
        })
        .collect();
    names.filter(|names| !names.is_empty()).map_or_else(Hint::default, |names| Hint::write(names.join(", ")))
}

fn length_help(program: &Program, target: TypeId) -> String {
    use crate::decorators::constraints::{max_length, min_length};
    let name = program.type_name(target);
    match (min_length(program, target), max_length(program, target)) {
        (Some(least), Some(most)) => format!("`{name}` takes {least} to {most} characters"),
        (Some(least), None) => format!("`{name}` takes {least} characters at least"),
        (None, Some(most)) => format!("`{name}` takes {most} characters at most"),
        (None, None) => format!("see what `{name}` allows"),
    }
}

fn enum_hint(program: &Program, text: &str, it: &Enum) -> Hint {
    let members = || it.members.ids().filter_map(|id| program.enum_member(id));
    let is_meant = |member: &&EnumMember| match &member.value {
        Some(EnumValue::String(value)) if **value == *text => true,
        _ => *member.name == *text,
    };
    let found = members().find(is_meant).map(|member| member.name.to_string());
    let found = found.or_else(|| {
        let values = members().map(|member| match &member.value {
            Some(EnumValue::String(value)) => (&**value, &*member.name),
            _ => (&*member.name, &*member.name),
        });
        let values: Vec<(&str, &str)> = values.collect();
        let near = similar(text, values.iter().map(|(value, _)| *value))?;
        values.iter().find(|(value, _)| *value == near).map(|(_, name)| (*name).to_owned())
    });
    match found {
        Some(name) => Hint::write(format!("{}.{}", it.name, quoted(&name))),
        None => {
            let names: Vec<String> = members().take(8).map(|member| format!("`{}.{}`", it.name, member.name)).collect();
            Hint::say(format!("there are {}", names.join(", ")))
        }
    }
}

/// The member of a declared enum that a text names or is the value of; the author's own enums come first.
pub(crate) fn written_member(program: &Program, text: &str) -> Option<String> {
    let own = program.files.iter().filter(|file| file.origin != Origin::Embedded).map(|file| file.root);
    let own = own.flat_map(|root| enums_below(program, root)).find_map(|node| member_of(program, node, text));
    own.or_else(|| {
        let library = program.files.iter().filter(|file| file.origin == Origin::Embedded).map(|file| file.root);
        let mut enums = library.flat_map(|root| enums_below(program, root));
        // Of the many enums of libraries, those that authors pass to decorators.
        enums.find_map(|node| {
            let is_passed = matches!(enum_name(program, node), "Lifecycle" | "Capability" | "Maturity" | "Source");
            member_of(program, node, text).filter(|_| is_passed)
        })
    })
}

fn enums_below(program: &Program, root: NodeId) -> Vec<NodeId> {
    let (mut open, mut found) = (vec![root], Vec::new());
    while let Some(node) = open.pop() {
        match program.ast.kind(node) {
            NodeKind::Enum => found.push(node),
            NodeKind::Script | NodeKind::Namespace | NodeKind::Members => open.extend(program.ast.children(node).rev()),
            _ => {}
        }
    }
    found
}

fn enum_name(program: &Program, node: NodeId) -> &str {
    program.ast.parts(node).next().map_or("", |name| program.ast.text(name))
}

fn member_of(program: &Program, node: NodeId, text: &str) -> Option<String> {
    let ast = &program.ast;
    let members = ast.find(node, NodeKind::Members)?;
    let mut members = ast.children(members).filter(|member| ast.kind(*member) == NodeKind::EnumMember);
    let name = members.find_map(|member| {
        let mut parts = ast.parts(member).map(|part| ast.text(part));
        let (name, value) = (parts.next()?, parts.next().map(|value| value.trim_matches('"')));
        (name.eq_ignore_ascii_case(text) || value == Some(text)).then_some(name)
    })?;
    Some(format!("{}.{name}", enum_name(program, node)))
}

/// A name as it has to be written behind a dot.
fn quoted(name: &str) -> String {
    let is_plain = !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '$'));
    if is_plain { name.to_owned() } else { format!("`{name}`") }
}

fn union_hint(program: &Program, text: &str, union: &Union) -> Hint {
    let types = || union.variants.iter().filter_map(|id| program.variant(*id)).map(|variant| variant.ty);
    // Quotes around one of the numbers.
    let is_number = |ty: TypeId| matches!(&program[ty].kind, TypeKind::Number(number) if *number.text == *text);
    if types().any(is_number) {
        return Hint::write(text);
    }
    let texts: Vec<&str> = types()
        .filter_map(|ty| match &program[ty].kind {
            TypeKind::String(known) => Some(&**known),
            _ => None,
        })
        .collect();
    if let Some(near) = similar(text, texts.iter().copied()) {
        return Hint::write(format!("\"{near}\""));
    }
    // One of the variants may say more: an enum, a number, a date.
    let better = types().map(|ty| text_hint_below(program, text, ty)).find(|hint| hint.replacement.is_some());
    better.unwrap_or_else(|| {
        let shown: Vec<String> = texts.iter().take(8).map(|text| format!("`\"{text}\"`")).collect();
        if shown.is_empty() { Hint::default() } else { Hint::say(format!("there are {}", shown.join(", "))) }
    })
}

fn text_hint_below(program: &Program, text: &str, ty: TypeId) -> Hint {
    match program.union(ty) {
        Some(_) => Hint::default(),
        None => text_hint(program, &text.into(), ty),
    }
}

fn number_hint(program: &Program, number: &Number, target: TypeId) -> Hint {
    let name = program.type_name(target);
    if derives_from_standard(program, target, "string") {
        return Hint::write(format!("\"{}\"", number.text));
    }
    if derives_from_standard(program, target, "duration") {
        return Hint::say("write it with its unit, such as `duration.fromISO(\"PT30S\")`");
    }
    if !derives_from_standard(program, target, "numeric") {
        return Hint::default();
    }
    if !number.value.is_integer() && scalars::is_whole(program, target) {
        return Hint::say(format!("`{name}` takes whole numbers; `float64` and `decimal` take fractions"));
    }
    match range_of(program, target) {
        Some((least, most)) => Hint::say(format!("`{name}` takes {least} to {most}")),
        None => Hint::default(),
    }
}

fn member_hint(program: &Program, member: &EnumMember, target: TypeId) -> Hint {
    if !derives_from_standard(program, target, "string") {
        return Hint::default();
    }
    let text = match &member.value {
        Some(EnumValue::String(text)) => text.to_string(),
        Some(EnumValue::Number(_)) => return Hint::default(),
        None => member.name.to_string(),
    };
    let holder = program.type_name(member.enumeration);
    Hint {
        help: Some(format!("write `\"{text}\"`, or give it the type `{holder}`")),
        replacement: Some(format!("\"{text}\"")),
    }
}
