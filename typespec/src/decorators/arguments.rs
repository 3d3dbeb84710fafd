//! What decorators were given, and where they stand.

use std::sync::Arc;

use radii_diagnostics::{Code, Diagnostic, Fix, Span};

use crate::numeric::Numeric;
use crate::program::{Application, Argument, Entity, ObjectProperty, Program, TypeId, TypeKind, ValueId, ValueKind};
use crate::registry::Context;
use crate::syntax::NodeKind;

/// The argument at a position as text.
pub(crate) fn text<'p>(program: &'p Program, arguments: &[Argument], at: usize) -> Option<&'p Arc<str>> {
    match arguments.get(at)?.entity {
        Entity::Value(value) => value_text(program, value),
        Entity::Type(ty) | Entity::Indeterminate(ty) => match &program[ty].kind {
            TypeKind::String(text) => Some(text),
            _ => None,
        },
    }
}

/// A value as text.
pub(crate) fn value_text(program: &Program, value: ValueId) -> Option<&Arc<str>> {
    match &program[value].kind {
        ValueKind::String { text, .. } => Some(text),
        _ => None,
    }
}

/// The argument at a position as a number.
pub(crate) fn number<'p>(program: &'p Program, arguments: &[Argument], at: usize) -> Option<&'p Numeric> {
    match arguments.get(at)?.entity {
        Entity::Value(value) => value_number(program, value),
        Entity::Type(ty) | Entity::Indeterminate(ty) => match &program[ty].kind {
            TypeKind::Number(number) => Some(&number.value),
            _ => None,
        },
    }
}

/// A value as a number.
pub(crate) fn value_number(program: &Program, value: ValueId) -> Option<&Numeric> {
    match &program[value].kind {
        ValueKind::Number { number, .. } => Some(number),
        _ => None,
    }
}

/// The argument at a position as a value.
pub(crate) fn value(arguments: &[Argument], at: usize) -> Option<ValueId> {
    arguments.get(at)?.entity.as_value()
}

/// The argument at a position as a type.
pub(crate) fn ty(arguments: &[Argument], at: usize) -> Option<TypeId> {
    arguments.get(at)?.entity.as_type()
}

/// The member of an enum that an argument names, as a type or as a value.
pub(crate) fn member(program: &Program, argument: &Argument) -> Option<TypeId> {
    match argument.entity {
        Entity::Value(value) => match program[value].kind {
            ValueKind::EnumMember(member) => Some(member),
            _ => None,
        },
        Entity::Type(ty) | Entity::Indeterminate(ty) => program.enum_member(ty).map(|_| ty),
    }
}

/// The members of enums that arguments name.
pub(crate) fn members(program: &Program, arguments: &[Argument]) -> Vec<TypeId> {
    arguments.iter().filter_map(|argument| member(program, argument)).collect()
}

/// The properties of an object value.
pub(crate) fn object(program: &Program, value: ValueId) -> &[ObjectProperty] {
    match &program[value].kind {
        ValueKind::Object(properties) => properties,
        _ => &[],
    }
}

/// A property of an object value.
pub(crate) fn field(program: &Program, value: ValueId, name: &str) -> Option<ValueId> {
    object(program, value).iter().find(|property| &*property.name == name).map(|property| property.value)
}

/// The arguments of a decorator on a type; of the one that counts, if there are several.
pub(crate) fn of<'p>(program: &'p Program, target: TypeId, name: &str) -> Option<&'p [Argument]> {
    program.find_decorator(target, name).map(|application| application.arguments.as_slice())
}

/// All uses of a decorator on a type, in the order in which they ran: the lowest first.
pub(crate) fn all<'p>(
    program: &'p Program,
    target: TypeId,
    name: &'p str,
) -> impl DoubleEndedIterator<Item = &'p Application> {
    program[target].decorators.iter().filter(move |application| &*application.name == name)
}

/// The type of a property; any other type is its own.
pub(crate) fn property_type(program: &Program, target: TypeId) -> TypeId {
    program.property(target).map_or(target, |property| property.ty)
}

/// Whether a condition holds for a type, or for a variant of a union.
pub(crate) fn is_any(program: &Program, ty: TypeId, condition: impl Fn(TypeId) -> bool) -> bool {
    match program.union(ty) {
        Some(union) => union.variants.iter().filter_map(|id| program.variant(*id)).any(|variant| condition(variant.ty)),
        None => condition(ty),
    }
}

/// Where a type's name stands; the whole of it where it has none.
pub(crate) fn name_span(program: &Program, target: TypeId) -> Option<Span> {
    let node = program[target].node?;
    let has_name = matches!(
        program.ast.kind(node),
        NodeKind::Model
            | NodeKind::ModelProperty
            | NodeKind::Enum
            | NodeKind::EnumMember
            | NodeKind::Union
            | NodeKind::UnionVariant
            | NodeKind::Scalar
            | NodeKind::Interface
            | NodeKind::Operation
    );
    let name = program.ast.parts(node).next().filter(|_| has_name);
    Some(program.ast.span(name.unwrap_or(node)))
}

/// Where the name behind the `@` of the decorator at hand stands.
pub(crate) fn decorator_name_span(context: &Context<'_>) -> Option<Span> {
    let node = context.application.as_ref()?.node?;
    let ast = &context.program.ast;
    let head = ast.children(node).next().filter(|_| ast.kind(node) == NodeKind::Decorator)?;
    let mut span = ast.span(head);
    if let Some(dot) = ast.text(head).rfind('.') {
        span.start += dot as u32 + 1;
    }
    Some(span)
}

/// The removal of the `?` of a property, if it has one in the text.
pub(crate) fn without_question(program: &Program, property: TypeId) -> Option<Fix> {
    let span = question_place(program, property)?;
    let text = program.ast.text_at(Span { end: span.end + 1, ..span });
    let span = Span { end: span.end + 1, ..span };
    (text == "?").then(|| Fix { title: "remove the `?`".to_owned(), span, replacement: String::new(), sure: true })
}

/// The addition of a `?` to a property that has none in the text.
pub(crate) fn with_question(program: &Program, property: TypeId) -> Option<Fix> {
    let span = question_place(program, property)?;
    let text = program.ast.text_at(Span { end: span.end + 1, ..span });
    (text != "?").then(|| Fix { title: "add a `?`".to_owned(), span, replacement: "?".to_owned(), sure: true })
}

/// The place behind a property's name.
fn question_place(program: &Program, property: TypeId) -> Option<Span> {
    let node = program[property].node.filter(|node| program.ast.kind(*node) == NodeKind::ModelProperty)?;
    let name = program.ast.span(program.ast.parts(node).next()?);
    Some(Span { start: name.end, ..name })
}

/// Warns where a decorator stands twice on one declaration: once, at the last one, with the others named.
pub(crate) fn check_unique(context: &mut Context<'_>, target: TypeId) {
    let Some(application) = &context.application else { return };
    let (declaration, name) = (application.declaration, application.name.clone());
    let program = &context.program;
    let same = written_here(program, target).filter(|known| known.declaration == declaration);
    let mut places: Vec<Span> = same.filter_map(|known| Some(program.ast.span(known.node?))).collect();
    places.sort_by_key(|span| span.start);
    if let [others @ .., last] = places.as_slice()
        && !others.is_empty()
        && context.span == Some(*last)
    {
        let mut diagnostic = duplicate(own_name(&name), *last, others);
        if let Some(fix) = other_bound(program, target, &name, *last) {
            diagnostic.help = Some(format!("{}; or remove one of the two", fix.title));
            diagnostic.fixes.insert(0, fix);
        }
        context.report(diagnostic);
    }
}

/// The decorator for the other bound, where the second of two has it: `@minValue(1) @minValue(9)`.
fn other_bound(program: &Program, target: TypeId, name: &str, last: Span) -> Option<Fix> {
    let own = own_name(name);
    let (other, is_lower) = match own.get(..3)? {
        "min" => (format!("max{}", &own[3..]), true),
        "max" => (format!("min{}", &own[3..]), false),
        _ => return None,
    };
    let full = format!("{}{other}", name.strip_suffix(own)?);
    if written_here(program, target).any(|known| *known.name == *full) {
        return None;
    }
    let same = written_here(program, target).filter(|known| *known.name == *name);
    let bound = |known: &Application| number(program, &known.arguments, 0).cloned();
    let (mut first, mut second) = (None, None);
    for known in same {
        match known.node.map(|node| program.ast.span(node)) == Some(last) {
            true => second = bound(known),
            false => first = bound(known),
        }
    }
    let (first, second) = (first?, second?);
    let is_meant = if is_lower { first < second } else { second < first };
    let span = Span { start: last.start + 1, end: last.start + 1 + own.len() as u32, ..last };
    let fits = is_meant && program.ast.text_at(span) == own;
    fits.then(|| Fix { title: format!("write `@{other}`"), span, replacement: other.clone(), sure: false })
}

/// What is said of a decorator that stands on a declaration more than once.
pub(crate) fn duplicate(name: &str, last: Span, others: &[Span]) -> Diagnostic {
    let message = format!("Decorator @{name} cannot be used twice on the same declaration.");
    let title = format!("remove this `@{name}`");
    let fix = Fix { title: title.clone(), span: last, replacement: String::new(), sure: false };
    let diagnostic = Diagnostic::warning(Code::new("duplicate-decorator"), message).at(last);
    let diagnostic = others.iter().fold(diagnostic, |diagnostic, other| diagnostic.also(*other, "it stands here, too"));
    diagnostic.help(format!("{title}, or the other one")).fix(fix)
}

/// Reports a decorator that contradicts another one on the same declaration.
pub(crate) fn check_conflict(context: &mut Context<'_>, target: TypeId, other: &str) {
    let Some(application) = &context.application else { return };
    let name = application.name.clone();
    let conflicts = written_here(context.program, target).any(|known| &*known.name == other);
    if conflicts {
        let (name, other) = (own_name(&name), own_name(other));
        let message = format!("Decorator @{name} cannot be used with decorator @{other} on the same declaration.");
        context.warning("decorator-conflict", message);
    }
}

/// Decorators that stand on the declaration itself; augmenting ones stand elsewhere.
fn written_here(program: &Program, target: TypeId) -> impl Iterator<Item = &Application> {
    let declaration = program[target].node;
    program[target].decorators.iter().filter(move |application| {
        let node = application.node.filter(|node| program.ast.kind(*node) == NodeKind::Decorator);
        node.is_some_and(|node| program.ast.parent(node) == declaration)
    })
}

fn own_name(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}
